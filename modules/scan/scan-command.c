/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/process.h"
#include "scan/slice.h"

/* Commands that a program tells in a sentence of its own: sudo, cron, snoopy. */

/* Who names a folder " ; COMMAND=" hides no command; who does so often gains no time. */
#define COMMANDS_MAX 4

/* What follows before in text; length 0 and data NULL: it is not there. */
static PkSlice
_after(PkSlice text, const gchar *before)
{
  PkSlice lead = pk_slice_from_string(before);
  gssize at = before ? pk_slice_find(text, lead) : -1;

  if (before && lead.len == 0)
    return pk_slice_trim(text);
  return at < 0 ? pk_slice(NULL, 0) : pk_slice_from(text, (gsize) at + lead.len);
}

/* The bytes before the first of ends. */
static PkSlice
_until(PkSlice text, const gchar *ends)
{
  PkSlice set = pk_slice_from_string(ends);
  gsize len = 0;

  while (len < text.len && pk_slice_find_char(set, text.data[len]) < 0)
    len++;
  return pk_slice(text.data, len);
}

/* "TTY=" */
static gboolean
_begins_with_key(PkSlice text)
{
  gsize len = 0;

  while (len < text.len && g_ascii_isupper(text.data[len]))
    len++;
  return len > 0 && len < text.len && text.data[len] == '=';
}

/* FALSE: the sentence is not about a command that was run. */
static gboolean
_read_user(const PkCommandSpec *spec, PkSlice text, PkSlice *ret_user)
{
  PkSlice rest = _after(text, spec->user_before);
  PkSlice user = _until(rest, spec->user_ends), after_user = pk_slice_from_string(spec->after_user);

  rest = rest.len ? pk_slice_from(rest, user.len) : rest;
  if (!pk_slice_starts_with(rest, after_user))
    return FALSE;
  if (spec->key_after_user && !_begins_with_key(pk_slice_from(rest, after_user.len)))
    return FALSE;
  *ret_user = user;
  return TRUE;
}

static PkSlice
_read_image(const PkCommandSpec *spec, PkSlice text, PkSlice command)
{
  PkSlice image = _until(_after(text, spec->image_before), " ]");

  if (image.len)
    return image;
  return command.len && command.data[0] == '/' ? _until(command, " ") : pk_slice(NULL, 0);
}

static PkScanResult
_classify(const PkCommandSpec *spec, PkSlice image, PkSlice command, PkEvent *event)
{
  if (spec->shell)
    return pk_process_classify_script(spec->process, PK_SCRIPT_SHELL, image, command, event);
  return pk_process_classify(spec->process, image, command, event);
}

static PkScanResult
_read_command(const PkCommandSpec *spec, PkSlice text, PkSlice command, PkEvent *event)
{
  PkSlice after = pk_slice_from_string(spec->command_after), image;
  PkScanResult result;

  if (after.len && pk_slice_ends_with(command, after))
    command.len -= after.len;
  image = _read_image(spec, text, command);
  result = _classify(spec, image, command, event);
  if (result == PK_SCAN_IGNORED)
    return result;
  pk_event_set_text(event, PK_TEXT_COMMAND_LINE, command.data, command.len);
  pk_event_set_text(event, PK_TEXT_IMAGE, image.data, image.len);
  return result;
}

PkScanResult
pk_scan_command(const PkDialect *self, const PkScanContext *context G_GNUC_UNUSED, const PkLine *line, PkEvent *event)
{
  const PkCommandSpec *spec = self->command;
  PkSlice rest = _after(line->text, spec->command_before), user;
  PkScanResult result = PK_SCAN_IGNORED;

  if (!rest.data)
    return PK_SCAN_NO_MATCH;
  if (!_read_user(spec, line->text, &user))
    return PK_SCAN_IGNORED;
  for (guint n = 0; n < COMMANDS_MAX && rest.data && result == PK_SCAN_IGNORED; n++)
    {
      result = _read_command(spec, line->text, pk_slice_trim(rest), event);
      rest = _after(rest, spec->command_before);
    }
  if (result != PK_SCAN_IGNORED)
    pk_event_set_text(event, PK_TEXT_USER, user.data, user.len);
  return result;
}
