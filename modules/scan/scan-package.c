/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/process.h"
#include "scan/slice.h"

/* Package managers' own logs: a word for what was done, then a name. */

/* "Installed: x" where a syslog parser took "Installed" for the program. */
static gboolean
_is_program(const PkLine *line, PkSlice lead)
{
  PkSlice colon = PK_SLICE(": ");

  return line->program.len > 0 && lead.len == line->program.len + colon.len &&
         pk_slice_starts_with(lead, line->program) && pk_slice_ends_with(lead, colon);
}

/* "install knockd:amd64" after a time where it took "install" for the host. */
static gboolean
_begins_in_host(const PkLine *line, PkSlice lead, PkSlice *ret_rest)
{
  PkSlice rest;

  if (line->host.len == 0 || lead.len <= line->host.len || !pk_slice_starts_with(lead, line->host) ||
      lead.data[line->host.len] != ' ')
    return FALSE;
  rest = pk_slice_from(lead, line->host.len + 1);
  if (!pk_slice_starts_with(line->text, rest))
    return FALSE;
  *ret_rest = pk_slice_from(line->text, rest.len);
  return TRUE;
}

static gboolean
_may_stand(PkSlice text, gsize at, gboolean anchored)
{
  if (at == 0)
    return TRUE;
  if (text.data[at - 1] != ' ')
    return !anchored;
  return !anchored || (at > 1 && g_ascii_isdigit(text.data[at - 2]));
}

/* What follows lead; data NULL: it is not there. */
static PkSlice
_after_lead(const PkLine *line, PkSlice lead, gboolean anchored)
{
  PkSlice rest;
  gssize at;

  if (_is_program(line, lead))
    return line->text;
  if (_begins_in_host(line, lead, &rest))
    return rest;
  at = pk_slice_find(line->text, lead);
  if (at < 0 || !_may_stand(line->text, (gsize) at, anchored))
    return pk_slice(NULL, 0);
  return pk_slice_from(line->text, (gsize) at + lead.len);
}

static PkSlice
_word(PkSlice text)
{
  gsize len = 0;

  while (len < text.len && text.data[len] != ' ' && text.data[len] != '|')
    len++;
  return pk_slice(text.data, len);
}

static gboolean
_names_package(const PkPackageSpec *spec, PkSlice rest)
{
  PkSlice separator = pk_slice_from_string(spec->separator);
  gssize at;

  while (rest.len)
    {
      if (pk_process_names_package(_word(rest), spec->packages))
        return TRUE;
      at = separator.len ? pk_slice_find(rest, separator) : -1;
      if (at < 0)
        return FALSE;
      rest = pk_slice_from(rest, (gsize) at + separator.len);
    }
  return FALSE;
}

static PkScanResult
_read_command(const PkPackageSpec *spec, const PkLine *line, PkEvent *event)
{
  PkSlice command = spec->command_lead ? _after_lead(line, pk_slice_from_string(spec->command_lead), spec->anchored)
                                       : pk_slice(NULL, 0);
  PkScanResult result;

  if (!command.data)
    return PK_SCAN_NO_MATCH;
  result = pk_process_classify(spec->process, pk_slice(NULL, 0), command, event);
  if (result == PK_SCAN_MATCH)
    pk_event_set_text(event, PK_TEXT_COMMAND_LINE, command.data, command.len);
  return result == PK_SCAN_MATCH ? result : PK_SCAN_IGNORED;
}

PkScanResult
pk_scan_package(const PkDialect *self, const PkScanContext *context G_GNUC_UNUSED, const PkLine *line, PkEvent *event)
{
  const PkPackageSpec *spec = self->package;

  for (gsize i = 0; i < PK_PACKAGE_LEADS_MAX && spec->leads[i]; i++)
    {
      PkSlice rest = _after_lead(line, pk_slice_from_string(spec->leads[i]), spec->anchored);

      if (!rest.data || !_names_package(spec, rest))
        continue;
      event->kind = spec->finding.kind;
      event->branch = spec->finding.branch;
      event->subtype = spec->finding.subtype;
      return PK_SCAN_MATCH;
    }
  return _read_command(spec, line, event);
}
