/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/process-tool.h"

#include "scan/address.h"
#include "scan/process.h"
#include "scan/slice.h"

/* What the arguments of one command say. */
typedef struct _Reading
{
  const PkTool *tool;
  gboolean silent, wanted, scan, udp, tcp;
  guint n_operands;
  guint n_dest_ports; /* different ones that are knocked at */
  guint16 dest_port;  /* the first of them */
  PkSlice target;
  gchar ports[PK_SHORT_TEXT_BYTES_MAX]; /* "7000,8000" */
  gsize ports_len;
} Reading;

typedef struct _Command
{
  const PkSlice *argv;
  gsize n;
} Command;

static PkSlice
_before(PkSlice text, gchar c)
{
  gssize at = pk_slice_find_char(text, c);

  return at < 0 ? text : pk_slice(text.data, (gsize) at);
}

gboolean
pk_process_append_port(gchar ports[PK_SHORT_TEXT_BYTES_MAX], gsize *len, PkSlice text)
{
  gchar number[8];
  guint16 port;
  gsize digits;

  if (!pk_port_parse(text, &port) || port == 0)
    return FALSE;
  digits = (gsize) g_snprintf(number, sizeof(number), *len ? ",%u" : "%u", (guint) port);
  if (*len + digits > PK_SHORT_TEXT_BYTES_MAX)
    return FALSE;
  memcpy(ports + *len, number, digits);
  *len += digits;
  return TRUE;
}

/* A port that is knocked at. */
static void
_add_port(Reading *self, PkSlice text)
{
  guint16 port;

  if (!pk_process_append_port(self->ports, &self->ports_len, text) || !pk_port_parse(text, &port))
    return;
  if (self->n_dest_ports == 0)
    self->dest_port = port;
  if (self->n_dest_ports == 0 || port != self->dest_port)
    self->n_dest_ports++;
}

/* "tcp/22,udp/1194": what is to be opened, not what is knocked at. */
static void
_add_access(Reading *self, PkSlice text)
{
  while (text.len)
    {
      PkSlice entry = _before(text, ',');

      text = pk_slice_from(text, MIN(entry.len + 1, text.len));
      pk_process_append_port(self->ports, &self->ports_len, pk_process_base_name(entry));
    }
}

static void
_set_target(Reading *self, PkSlice text)
{
  if (!self->target.len)
    self->target = text;
}

static void
_note_option(Reading *self, const PkArgOption *option, PkSlice value)
{
  switch (option->meaning)
    {
    case PK_ARG_SILENT:
      self->silent = TRUE;
      break;
    case PK_ARG_WANTED:
      self->wanted = TRUE;
      break;
    case PK_ARG_UDP:
      self->udp = TRUE;
      break;
    case PK_ARG_TCP:
      self->tcp = TRUE;
      break;
    case PK_ARG_SCAN:
      self->scan = TRUE;
      break;
    case PK_ARG_PORT:
      for (guint i = 0; i < 2 && value.len && value.data[0] == '+'; i++)
        value = pk_slice_from(value, 1);
      _add_port(self, value);
      break;
    case PK_ARG_ACCESS:
      _add_access(self, value);
      break;
    case PK_ARG_TARGET:
      _set_target(self, value);
      break;
    default:
      break;
    }
}

static void
_note_operand(Reading *self, PkSlice operand)
{
  self->n_operands++;
  if (self->tool->operands == PK_OPERANDS_PLAIN)
    return;
  if (self->n_operands == 1)
    _set_target(self, operand);
  else if (self->tool->operands == PK_OPERANDS_TARGET_PORTS)
    {
      _add_port(self, _before(operand, ':'));
      self->udp |= pk_slice_ends_with(operand, PK_SLICE(":udp"));
    }
}

static const PkArgOption *
_find_letter(const PkArgOption *options, gchar letter)
{
  for (; options->name; options++)
    if (options->letter && options->letter == letter)
      return options;
  return NULL;
}

/* The option of exactly that name, or the only one that begins with it. */
static const PkArgOption *
_find_long(const PkArgOption *options, PkSlice name)
{
  const PkArgOption *found = NULL;
  guint n_found = 0;

  for (; options->name && name.len; options++)
    {
      PkSlice candidate = pk_slice_from_string(options->name);

      if (pk_slice_equals(candidate, name))
        return options;
      if (pk_slice_starts_with(candidate, name))
        {
          found = options;
          n_found++;
        }
    }
  return n_found == 1 ? found : NULL;
}

/* Takes the argument after *at as a value. */
static PkSlice
_take_value(Command command, gsize *at)
{
  return *at + 1 < command.n ? command.argv[++*at] : pk_slice(NULL, 0);
}

static gboolean
_is_name(const PkArgOption *options, PkSlice name)
{
  for (; options->name; options++)
    if (pk_slice_equals(pk_slice_from_string(options->name), name))
      return TRUE;
  return FALSE;
}

static void
_read_long(Reading *self, Command command, gsize *at, gsize dashes)
{
  PkSlice name = pk_slice_from(command.argv[*at], dashes), value = { 0 };
  gssize equals = self->tool->attached_values ? pk_slice_find_char(name, '=') : -1;
  const PkArgOption *option;

  if (equals >= 0)
    {
      value = pk_slice_from(name, (gsize) equals + 1);
      name.len = (gsize) equals;
    }
  option = _find_long(self->tool->options, name);
  if (!option)
    return;
  if (option->takes_value && equals < 0)
    value = _take_value(command, at);
  _note_option(self, option, value);
}

static void
_read_letters(Reading *self, Command command, gsize *at)
{
  for (PkSlice letters = pk_slice_from(command.argv[*at], 1); letters.len; letters = pk_slice_from(letters, 1))
    {
      const PkArgOption *option = _find_letter(self->tool->options, letters.data[0]);
      PkSlice value = pk_slice_from(letters, 1);

      if (!option)
        continue;
      if (!option->takes_value)
        {
          _note_option(self, option, pk_slice(NULL, 0));
          continue;
        }
      if (!value.len)
        _note_option(self, option, _take_value(command, at));
      else if (self->tool->attached_values)
        _note_option(self, option, value);
      return;
    }
}

/* Options may stand anywhere, as both getopt_long() of glibc and the parser of
 * hping3 have it.  A lone "-" is an operand. */
static void
_read_arguments(Reading *self, Command command)
{
  gboolean options_ended = FALSE;

  for (gsize at = 1; at < command.n; at++)
    {
      PkSlice arg = command.argv[at];

      if (options_ended || arg.len < 2 || arg.data[0] != '-')
        _note_operand(self, arg);
      else if (pk_slice_equals(arg, PK_SLICE("--")))
        options_ended = TRUE;
      else if (arg.data[1] == '-')
        _read_long(self, command, &at, 2);
      else if (self->tool->single_dash && _is_name(self->tool->options, pk_slice_from(arg, 1)))
        _read_long(self, command, &at, 1);
      else
        _read_letters(self, command, &at);
    }
}

static gboolean
_is_finding(const Reading *self, Command command)
{
  const PkTool *tool = self->tool;

  if (tool->finding.kind == PK_EVENT_NONE || (tool->needs_wanted && (!self->wanted || self->udp)))
    return FALSE;
  return (command.n > 1 || !tool->needs_argument) && (self->ports_len || tool->operands != PK_OPERANDS_TARGET_PORTS);
}

static gboolean
_is_attempt(const Reading *self)
{
  return self->tool->attempts && self->n_dest_ports == 1 && !self->scan;
}

/* "192.0.2.1:62201" and "[2001:db8::1]:62201" too. */
static void
_set_dest(PkEvent *event, PkSlice target)
{
  PkSlice host = target;

  if (target.len && target.data[0] == '[')
    host = _before(pk_slice_from(target, 1), ']');
  else if (!pk_addr_parse(target, &event->dest))
    host = _before(target, ':');
  if (pk_addr_parse(host, &event->dest))
    event->has |= PK_HAS_DEST;
}

static void
_set_port(PkEvent *event, const Reading *reading)
{
  if (reading->n_dest_ports != 1)
    return;
  event->dest_port = reading->dest_port;
  event->protocol = reading->udp && !reading->tcp ? PK_PROTO_UDP : PK_PROTO_TCP;
  event->has |= PK_HAS_DEST_PORT | PK_HAS_PROTOCOL;
}

static void
_set_kind(PkEvent *event, const Reading *reading, gboolean is_finding)
{
  const PkTool *tool = reading->tool;

  if (!is_finding)
    {
      event->kind = PK_EVENT_CONNECTION_ATTEMPT;
      return;
    }
  event->kind = tool->finding.kind;
  event->branch = tool->finding.branch;
  event->subtype = reading->scan && tool->scan_subtype ? tool->scan_subtype : tool->finding.subtype;
}

gboolean
pk_process_tool_classify(const PkTool *tool, const PkSlice *argv, gsize n, PkEvent *event)
{
  const Command command = { argv, n };
  Reading reading = { .tool = tool };
  gboolean is_finding;

  _read_arguments(&reading, command);
  is_finding = _is_finding(&reading, command);
  if (reading.silent || (!is_finding && !_is_attempt(&reading)))
    return FALSE;
  _set_kind(event, &reading, is_finding);
  pk_event_set_text(event, PK_TEXT_PORTS, reading.ports, reading.ports_len);
  _set_dest(event, reading.target);
  _set_port(event, &reading);
  return TRUE;
}
