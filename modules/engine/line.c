/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-engine.h"

#include "scan/slice.h"
#include "scan/timestamp.h"

/* Longer words are no program or host name. */
#define NAME_BYTES_MAX 255

/* What a character may be part of. */
#define OF_PROGRAM 1
#define OF_HOST 2
#define OF_BOTH (OF_PROGRAM | OF_HOST)

/* clang-format off */
static const guint8 NAME_CHARS[256] =
{
  ['0' ... '9'] = OF_BOTH, ['A' ... 'Z'] = OF_BOTH, ['a' ... 'z'] = OF_BOTH,
  ['_'] = OF_BOTH, ['-'] = OF_BOTH, ['.'] = OF_BOTH, ['/'] = OF_BOTH, ['@'] = OF_BOTH,
  ['+'] = OF_PROGRAM, [':'] = OF_HOST,
};
/* clang-format on */

/* How many of the first NAME_BYTES_MAX characters of text come before one that is no part of what. */
static inline gsize
_measure_name(PkSlice text, guint8 what)
{
  gsize at = 0, max = MIN(text.len, NAME_BYTES_MAX);

  while (at < max && (NAME_CHARS[(guchar) text.data[at]] & what) == what)
    at++;
  return at;
}

/* Length of "program: " or "program[pid]: " at the beginning of text, 0 if
 * there is none.  The blank may be missing at the end of text only: a MikroTik
 * or netfilter prefix such as "DROP:IN=eth0" is no program. */
static gsize
_measure_tag(PkSlice text, PkSlice *ret_program)
{
  gsize at, name_len;
  gssize close;

  if (text.len == 0 || !(g_ascii_isalnum(text.data[0]) || text.data[0] == '/'))
    return 0;
  at = name_len = _measure_name(text, OF_PROGRAM);
  if (at < text.len && text.data[at] == '[')
    {
      close = pk_slice_find_char(pk_slice(text.data + at, MIN(text.len - at, NAME_BYTES_MAX)), ']');
      if (close < 0)
        return 0;
      at += (gsize) close + 1;
    }
  if (at >= text.len || text.data[at] != ':' || (at + 1 < text.len && text.data[at + 1] != ' '))
    return 0;
  *ret_program = pk_slice(text.data, name_len);
  return MIN(at + 2, text.len);
}

/* "/usr/sbin/knockd" is knockd. */
static PkSlice
_base_name(PkSlice program)
{
  for (gsize i = program.len; i > 0; i--)
    if (program.data[i - 1] == '/')
      return pk_slice_from(program, i);
  return program;
}

gboolean
pk_line_header_is_plain(const gchar *header, gsize len)
{
  PkSlice program;

  return _measure_tag(pk_slice(header, len), &program) == len && len > 0;
}

static void
_take_tag(PkSlice *rest, PkLine *line)
{
  PkSlice program;
  gsize len = _measure_tag(*rest, &program);

  if (len == 0)
    return;
  line->program = _base_name(program);
  *rest = pk_slice_from(*rest, len);
}

/* The next word and one blank after it; FALSE at the end of rest. */
static gboolean
_take_word(PkSlice *rest, PkSlice *ret_word)
{
  gssize blank = pk_slice_find_char(*rest, ' ');

  if (blank <= 0)
    return FALSE;
  *ret_word = pk_slice(rest->data, (gsize) blank);
  *rest = pk_slice_from(*rest, (gsize) blank + 1);
  return TRUE;
}

static gboolean
_is_nil(PkSlice word)
{
  return word.len == 1 && word.data[0] == '-';
}

static void
_set_unless_nil(PkSlice *member, PkSlice word)
{
  if (!_is_nil(word))
    *member = word;
}

static gboolean
_is_word(PkSlice text, gsize len)
{
  return len > 0 && len < text.len && text.data[len] == ' ';
}

/* Length of the next word if it can be a host and is no tag, else 0.  "[UFW" of a line without a host is none. */
static gsize
_measure_host(PkSlice text)
{
  gsize len = _measure_name(text, OF_BOTH);
  PkSlice program;

  /* Mostly it has neither a colon nor a plus, and then it is no tag. */
  if (_is_word(text, len))
    return len;
  len = _measure_name(text, OF_HOST);
  return _is_word(text, len) && _measure_tag(text, &program) == 0 ? len : 0;
}

static void
_take_host(PkSlice *rest, PkLine *line)
{
  gsize len = _measure_host(*rest);

  if (len == 0)
    return;
  line->host = pk_slice(rest->data, len);
  *rest = pk_slice_from(*rest, len + 1);
}

/* Length of an SD-ELEMENT, `[id name="value" ...]`, 0 if text begins with none.
 * "[UFW BLOCK]" is none: that is what a message looks like whose sender left
 * STRUCTURED-DATA out. */
static gsize
_measure_sd_element(PkSlice text)
{
  gsize at = 1;

  while (at < text.len && text.data[at] > ' ' && text.data[at] != ']' && text.data[at] != '=' && text.data[at] != '"')
    at++;
  while (at < text.len && text.data[at] == ' ')
    {
      gssize quote = pk_slice_find(pk_slice_from(text, at), PK_SLICE("=\""));

      if (quote <= 1 || pk_slice_find_char(pk_slice(text.data + at + 1, (gsize) quote - 1), ' ') >= 0)
        return 0;
      for (at += (gsize) quote + 2; at < text.len && text.data[at] != '"'; at++)
        if (text.data[at] == '\\')
          at++;
      at++;
    }
  return at > 1 && at < text.len && text.data[at] == ']' ? at + 1 : 0;
}

static void
_take_sdata(PkSlice *rest, PkLine *line)
{
  gsize at = 0, element;

  if (rest->len && rest->data[0] == '-' && (rest->len == 1 || rest->data[1] == ' '))
    at = 1;
  else
    {
      while (at < rest->len && rest->data[at] == '[' && (element = _measure_sd_element(pk_slice_from(*rest, at))) > 0)
        at += element;
      line->sdata = pk_slice(rest->data, at);
    }
  if (at > 0 && at < rest->len && rest->data[at] == ' ')
    at++;
  *rest = pk_slice_from(*rest, at);
}

/* RFC 5424 after its PRI.  The version alone proves nothing (Meraki writes
 * "1 1674604848.42 MX84 flows"), so the stamp must be one. */
static gboolean
_take_rfc5424(PkSlice *rest, PkLine *line)
{
  PkSlice words[5], after = *rest;
  gboolean has_zone;
  gint64 time_usec = 0;

  if (!pk_slice_starts_with(after, PK_SLICE("1 ")))
    return FALSE;
  after = pk_slice_from(after, 2);
  for (guint i = 0; i < G_N_ELEMENTS(words); i++)
    if (!_take_word(&after, &words[i]))
      return FALSE;
  if (!_is_nil(words[0]) && pk_timestamp_parse_iso(words[0], &time_usec, &has_zone) != words[0].len)
    return FALSE;
  if (time_usec)
    line->time_usec = time_usec;
  _set_unless_nil(&line->host, words[1]);
  _set_unless_nil(&line->program, _base_name(words[2]));
  _set_unless_nil(&line->msgid, words[4]);
  _take_sdata(&after, line);
  if (pk_slice_starts_with(after, PK_SLICE("\xef\xbb\xbf")))
    after = pk_slice_from(after, 3);
  *rest = after;
  return TRUE;
}

static gsize
_take_stamp(PkSlice rest, const PkClock *clock, gint64 *ret_time_usec)
{
  gboolean has_zone;
  gsize len = pk_timestamp_parse_bsd(rest, clock->now_usec, clock->utc_offset_seconds, ret_time_usec);

  if (len == 0)
    {
      len = pk_timestamp_parse_iso(rest, ret_time_usec, &has_zone);
      if (len && !has_zone)
        *ret_time_usec -= (gint64) clock->utc_offset_seconds * G_USEC_PER_SEC;
    }
  return len > 0 && len < rest.len && rest.data[len] == ' ' ? len + 1 : 0;
}

/* RFC 3164 and its ISO variant: a stamp, a host unless the next word is a tag,
 * and a tag if there is one. */
static void
_take_rfc3164(PkSlice *rest, const PkClock *clock, PkLine *line)
{
  gint64 time_usec;
  gsize len = _take_stamp(*rest, clock, &time_usec);

  if (len > 0)
    {
      line->time_usec = time_usec;
      *rest = pk_slice_from(*rest, len);
      _take_host(rest, line);
    }
  _take_tag(rest, line);
}

static void
_take_pri(PkSlice *rest)
{
  gssize close;

  if (rest->len < 3 || rest->data[0] != '<')
    return;
  close = pk_slice_find_char(pk_slice(rest->data, MIN(rest->len, 5)), '>');
  if (close < 2)
    return;
  for (gssize i = 1; i < close; i++)
    if (!g_ascii_isdigit(rest->data[i]))
      return;
  *rest = pk_slice_from(*rest, (gsize) close + 1);
}

/* In parts, as in pk_event_init(). */
static void
_init(PkLine *self)
{
  memset(self, 0, G_STRUCT_OFFSET(PkLine, msgid));
  memset(&self->msgid, 0, sizeof(*self) - G_STRUCT_OFFSET(PkLine, msgid));
}

void
pk_line_parse(const gchar *data, gsize len, const PkClock *clock, PkLine *ret_line)
{
  PkSlice rest = pk_slice(data, MIN(len, PK_LINE_BYTES_MAX));
  gboolean is_rfc5424;

  _init(ret_line);
  while (rest.len && (rest.data[rest.len - 1] == '\n' || rest.data[rest.len - 1] == '\r'))
    rest.len--;
  /* A message without a program may be a line with a header of its own: that is
   * how a relay forwards what it did not parse. */
  do
    {
      _take_pri(&rest);
      is_rfc5424 = _take_rfc5424(&rest, ret_line);
    }
  while (is_rfc5424 && ret_line->program.len == 0);
  if (!is_rfc5424)
    _take_rfc3164(&rest, clock, ret_line);
  ret_line->text = rest;
}
