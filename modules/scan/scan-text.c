/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/address.h"
#include "scan/firewall-command.h"
#include "scan/pattern.h"
#include "scan/slice.h"

/* ---- holes ---------------------------------------------------------------- */

/* FALSE: this is no such value after all. */
typedef gboolean (*StoreFunc)(PkSlice value, PkEvent *event);

typedef struct _Hole
{
  const gchar *name;
  PkPatternAcceptsFunc accepts;
  StoreFunc store; /* NULL: not kept */
} Hole;

static gboolean
_accepts_address(gchar c)
{
  return g_ascii_isxdigit(c) || c == ':' || c == '.';
}

static gboolean
_accepts_digit(gchar c)
{
  return g_ascii_isdigit(c);
}

static gboolean
_accepts_word(gchar c)
{
  return c != ' ';
}

static gboolean
_store_source(PkSlice value, PkEvent *event)
{
  event->has |= PK_HAS_SOURCE;
  return pk_addr_parse(value, &event->source);
}

/* "0.0.0.0/0" and the like say that there is no destination. */
static gboolean
_store_dest(PkSlice value, PkEvent *event)
{
  PkAddr addr;

  if (pk_slice_ends_with(value, PK_SLICE("/32")))
    value.len -= 3;
  if (pk_addr_parse(value, &addr) && !pk_addr_is_unspecified(&addr))
    {
      event->dest = addr;
      event->has |= PK_HAS_DEST;
    }
  return TRUE;
}

static gboolean
_store_stage(PkSlice value, PkEvent *event)
{
  event->has |= PK_HAS_STAGE;
  return pk_port_parse(value, &event->stage);
}

static gboolean
_store_expires(PkSlice value, PkEvent *event)
{
  guint64 seconds;

  if (!pk_number_parse(value, G_MAXUINT32, &seconds))
    return FALSE;
  event->expires_sec = (gint64) seconds;
  event->has |= PK_HAS_EXPIRES;
  return TRUE;
}

static gboolean
_store_door(PkSlice value, PkEvent *event)
{
  pk_event_set_text(event, PK_TEXT_DOOR, value.data, value.len);
  return TRUE;
}

static gboolean
_store_ports(PkSlice value, PkEvent *event)
{
  pk_event_set_text(event, PK_TEXT_OPEN_PORT, value.data, value.len);
  return TRUE;
}

static gboolean
_store_user(PkSlice value, PkEvent *event)
{
  pk_event_set_text(event, PK_TEXT_USER, value.data, value.len);
  return TRUE;
}

/* FALSE: not a command that changes the firewall. */
static gboolean
_store_change(PkSlice value, PkEvent *event)
{
  PkFirewallCommand command;

  pk_event_set_text(event, PK_TEXT_COMMAND_LINE, value.data, value.len);
  pk_firewall_command_read(value, &command);
  if (command.change == PK_FIREWALL_UNCHANGED)
    return FALSE;
  event->door_action = command.change == PK_FIREWALL_OPENED ? "open" : "close";
  pk_event_set_text(event, PK_TEXT_OPEN_PORT, command.ports, command.ports_len);
  if (command.has_source && !(event->has & PK_HAS_SOURCE))
    {
      event->source = command.source;
      event->has |= PK_HAS_SOURCE;
    }
  return TRUE;
}

static gboolean
_store_command(PkSlice value, PkEvent *event)
{
  _store_change(value, event);
  return TRUE;
}

static const Hole holes[] = {
  { "any", NULL, NULL },
  { "door", NULL, _store_door },
  { "command", NULL, _store_command },
  { "change", NULL, _store_change },
  { "source", _accepts_address, _store_source },
  { "dest", _accepts_word, _store_dest },
  { "stage", _accepts_digit, _store_stage },
  { "expires", _accepts_digit, _store_expires },
  { "number", _accepts_digit, NULL },
  { "ports", _accepts_word, _store_ports },
  { "user", _accepts_word, _store_user },
  { "word", _accepts_word, NULL },
};

static const Hole *
_find_hole(PkSlice name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(holes); i++)
    if (pk_slice_equals(name, pk_slice_from_string(holes[i].name)))
      return &holes[i];
  return NULL;
}

static PkPatternAcceptsFunc
_accepts(PkSlice name)
{
  return _find_hole(name)->accepts;
}

static gboolean
_store(const PkPatternMatch *match, PkEvent *event)
{
  for (guint i = 0; i < match->n; i++)
    {
      const Hole *hole = _find_hole(match->keys[i]);

      if (hole->store && !hole->store(match->values[i], event))
        return FALSE;
    }
  return TRUE;
}

/* ---- the line ------------------------------------------------------------- */

static gboolean
_is_listed(PkSlice program, const gchar *const *programs)
{
  for (gsize i = 0; i < PK_DIALECT_PROGRAMS_MAX && programs[i]; i++)
    if (pk_slice_equals(program, pk_slice_from_string(programs[i])))
      return TRUE;
  return FALSE;
}

/* "[2026-11-22 22:11] ": a daemon's own file names no program.  Returns its
 * length, 0 if there is none. */
static gsize
_measure_file_stamp(PkSlice text)
{
  static const gchar shape[] = "[0000-00-00 00:00] ";

  if (text.len < sizeof(shape) - 1)
    return 0;
  for (gsize i = 0; i < sizeof(shape) - 1; i++)
    if (shape[i] == '0' ? !g_ascii_isdigit(text.data[i]) : text.data[i] != shape[i])
      return 0;
  return sizeof(shape) - 1;
}

/* What the line may be believed for. */
static PkTextWhere
_read_origin(const PkDialect *dialect, const PkLine *line, PkSlice *text)
{
  gsize stamp;

  if (_is_listed(line->program, dialect->programs) || _is_listed(line->program, dialect->text->programs))
    return PK_TEXT_OWN_PROGRAM;
  stamp = line->program.len ? 0 : _measure_file_stamp(*text);
  *text = pk_slice_from(*text, stamp);
  return stamp ? PK_TEXT_OWN_FILE : PK_TEXT_ANYWHERE;
}

/* Values of a pattern that failed in the end must not stay. */
static void
_start_anew(PkEvent *event)
{
  const PkDialect *dialect = event->dialect;
  gint64 time_usec = event->time_usec;

  pk_event_init(event);
  event->dialect = dialect;
  event->time_usec = time_usec;
}

static gboolean
_try_pattern(const PkTextPattern *pattern, PkSlice text, PkEvent *event)
{
  PkPatternMatch match;

  if (pattern->pattern[0] != '{' && (text.len == 0 || text.data[0] != pattern->pattern[0]))
    return FALSE;
  if (!pk_pattern_match_whole(pattern->pattern, _accepts, text, &match))
    return FALSE;
  if (_store(&match, event))
    return TRUE;
  _start_anew(event);
  return FALSE;
}

PkScanResult
pk_scan_text(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event)
{
  PkSlice text = line->text;
  PkTextWhere origin = _read_origin(self, line, &text);

  (void) context;
  while (text.len && text.data[text.len - 1] == ' ')
    text.len--;
  for (const PkTextPattern *pattern = self->text->patterns; pattern->pattern; pattern++)
    if (pattern->where >= origin && _try_pattern(pattern, text, event))
      {
        event->kind = self->text->kind;
        event->branch = pattern->branch;
        event->subtype = pattern->subtype;
        event->sentence = pattern->pattern;
        if (pattern->door_action)
          event->door_action = pattern->door_action;
        return PK_SCAN_MATCH;
      }
  return PK_SCAN_NO_MATCH;
}
