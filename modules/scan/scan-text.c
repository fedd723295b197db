/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/address.h"
#include "scan/firewall-command.h"
#include "scan/slice.h"

/* ---- holes ---------------------------------------------------------------- */

/* What a hole may hold; NULL: anything, the hole is free. */
typedef gboolean (*AcceptsFunc)(gchar c);
/* FALSE: this is no such value after all. */
typedef gboolean (*StoreFunc)(PkSlice value, PkEvent *event);

typedef struct _Hole
{
  const gchar *name;
  AcceptsFunc accepts;
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

/* ---- patterns ------------------------------------------------------------- */

#define TOKENS_MAX 16

typedef struct _Token
{
  PkSlice literal;  /* of a literal */
  const Hole *hole; /* NULL: a literal */
  PkSlice value;    /* what a hole holds, in the line */
} Token;

static const Hole *
_find_hole(PkSlice name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(holes); i++)
    if (pk_slice_equals(name, pk_slice_from_string(holes[i].name)))
      return &holes[i];
  return NULL;
}

static gsize
_take_token(PkSlice *pattern, Token *token)
{
  gboolean is_hole = pattern->data[0] == '{';
  gssize end = pk_slice_find_char(*pattern, is_hole ? '}' : '{');
  gsize len = end < 0 ? pattern->len : (gsize) end + (is_hole ? 1 : 0);

  *token = (Token){ .literal = pk_slice(pattern->data, len) };
  if (is_hole)
    token->hole = _find_hole(pk_slice(pattern->data + 1, len - 2));
  *pattern = pk_slice_from(*pattern, len);
  return 1;
}

static gsize
_split_pattern(const gchar *text, Token *tokens)
{
  PkSlice pattern = pk_slice_from_string(text);
  gsize n = 0;

  while (pattern.len && n < TOKENS_MAX)
    n += _take_token(&pattern, &tokens[n]);
  return n;
}

static gboolean
_is_free(const Token *token)
{
  return token->hole && !token->hole->accepts;
}

static gboolean
_is_literal(const Token *token)
{
  return !token->hole;
}

/* ---- matching ------------------------------------------------------------- */

static gssize
_find_last(PkSlice text, PkSlice needle)
{
  for (gsize end = text.len; end >= needle.len;)
    {
      const gchar *found = memrchr(text.data, needle.data[0], end - needle.len + 1);

      if (!found)
        return -1;
      if (memcmp(found, needle.data, needle.len) == 0)
        return found - text.data;
      end = (gsize) (found - text.data) + needle.len - 1;
    }
  return -1;
}

static gboolean
_accepts_all(const Hole *hole, PkSlice value)
{
  for (gsize i = 0; i < value.len; i++)
    if (!hole->accepts(value.data[i]))
      return FALSE;
  return value.len > 0;
}

/* How much of text a typed hole takes.  A literal ends it, at its first
 * occurrence, or at the end of text where nothing follows: "from 192.0.2.1.".
 * Without one it takes as much as it accepts. */
static gsize
_measure_forward(const Token *token, const Token *end, PkSlice text)
{
  const Token *next = token + 1;
  gsize len = 0;

  if (next < end && _is_literal(next))
    {
      gssize at = next + 1 == end ? (gssize) text.len - (gssize) next->literal.len : pk_slice_find(text, next->literal);

      return at < 0 ? 0 : (gsize) at;
    }
  while (len < text.len && token->hole->accepts(text.data[len]))
    len++;
  return len;
}

static gsize
_measure_backward(const Token *token, const Token *previous, PkSlice text)
{
  gsize len = 0;

  if (_is_literal(previous))
    {
      gssize at = _find_last(text, previous->literal);

      return at < 0 ? 0 : text.len - (gsize) at - previous->literal.len;
    }
  while (len < text.len && token->hole->accepts(text.data[text.len - 1 - len]))
    len++;
  return len;
}

/* Matches tokens from *first on with the beginning of *text, until a free hole
 * or n; takes what was matched away from *text. */
static gboolean
_match_forward(Token *tokens, gsize *first, gsize n, PkSlice *text)
{
  for (; *first < n && !_is_free(&tokens[*first]); (*first)++)
    {
      Token *token = &tokens[*first];
      gsize len = token->literal.len;

      if (_is_literal(token) && !pk_slice_starts_with(*text, token->literal))
        return FALSE;
      if (!_is_literal(token))
        {
          len = _measure_forward(token, tokens + n, *text);
          token->value = pk_slice(text->data, len);
          if (!_accepts_all(token->hole, token->value))
            return FALSE;
        }
      *text = pk_slice_from(*text, len);
    }
  return TRUE;
}

/* The same from the end of *text, back to the last free hole, which must exist. */
static gboolean
_match_backward(Token *tokens, gsize *last, PkSlice *text)
{
  for (; !_is_free(&tokens[*last]); (*last)--)
    {
      Token *token = &tokens[*last];
      gsize len = token->literal.len;

      if (_is_literal(token) && !pk_slice_ends_with(*text, token->literal))
        return FALSE;
      if (!_is_literal(token))
        {
          len = _measure_backward(token, token - 1, *text);
          token->value = pk_slice(text->data + text->len - len, len);
          if (!_accepts_all(token->hole, token->value))
            return FALSE;
        }
      text->len -= len;
    }
  return TRUE;
}

/* text lies between and in the free holes first and last, which a literal
 * parts; typed tokens may follow that. */
static gboolean
_match_between(Token *tokens, gsize first, gsize last, PkSlice text)
{
  gsize next = first + 2;
  gssize at;

  if (first == last)
    {
      tokens[first].value = text;
      return TRUE;
    }
  at = _find_last(text, tokens[first + 1].literal);
  if (at < 0)
    return FALSE;
  tokens[first].value = pk_slice(text.data, (gsize) at);
  text = pk_slice_from(text, (gsize) at + tokens[first + 1].literal.len);
  if (!_match_forward(tokens, &next, last, &text) || next != last)
    return FALSE;
  tokens[last].value = text;
  return TRUE;
}

static gboolean
_match(Token *tokens, gsize n, PkSlice text)
{
  gsize first = 0, last = n - 1;

  if (!_match_forward(tokens, &first, n, &text))
    return FALSE;
  if (first == n)
    return text.len == 0;
  return _match_backward(tokens, &last, &text) && _match_between(tokens, first, last, text);
}

static gboolean
_store(const Token *tokens, gsize n, PkEvent *event)
{
  for (gsize i = 0; i < n; i++)
    if (tokens[i].hole && tokens[i].hole->store && !tokens[i].hole->store(tokens[i].value, event))
      return FALSE;
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
  Token tokens[TOKENS_MAX];
  gsize n;

  if (pattern->pattern[0] != '{' && (text.len == 0 || text.data[0] != pattern->pattern[0]))
    return FALSE;
  n = _split_pattern(pattern->pattern, tokens);
  if (!_match(tokens, n, text))
    return FALSE;
  if (_store(tokens, n, event))
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
        if (pattern->door_action)
          event->door_action = pattern->door_action;
        return PK_SCAN_MATCH;
      }
  return PK_SCAN_NO_MATCH;
}
