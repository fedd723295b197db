/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/netfilter-prefix.h"

#include "scan/octets.h"
#include "scan/slice.h"
#include "scan/timestamp.h"
#include "scan/verdict-words.h"

/* ---- finding it ----------------------------------------------------------- */

static PkSlice
_skip_blank(PkSlice text)
{
  return text.len && text.data[0] == ' ' ? pk_slice_from(text, 1) : text;
}

/* Up to 12 digits followed by c; NULL if that is not what stands at at. */
static inline const gchar *
_scan_number(const gchar *at, const gchar *end, gchar c, gint64 *ret_number)
{
  guint64 octets = pk_octets_load(at, end);
  guint n = pk_octets_before(pk_octets_no_digit(octets));
  gint64 number;

  if (n == 0)
    return NULL;
  number = pk_octets_number(octets, n);
  for (at += n; n >= 8 && n < 12 && at < end && g_ascii_isdigit(*at); n++)
    number = number * 10 + (*at++ - '0');
  if (at == end || *at != c)
    return NULL;
  *ret_number = number;
  return at + 1;
}

gsize
pk_netfilter_prefix_take_uptime(PkSlice text, PkEvent *event)
{
  const gchar *at = text.data, *end = pk_slice_end(text), *dot;
  gint64 seconds, usec;

  if (text.len == 0 || *at++ != '[')
    return 0;
  while (at < end && *at == ' ')
    at++;
  dot = _scan_number(at, end, '.', &seconds);
  at = dot ? _scan_number(dot, end, ']', &usec) : NULL;
  if (!at || at - dot != 7)
    return 0;
  event->uptime_usec = seconds * G_USEC_PER_SEC + usec;
  event->has |= PK_HAS_UPTIME;
  return (gsize) (at - text.data);
}

/* The blank after it is the kernel's, further ones are the administrator's. */
static PkSlice
_take_uptime(PkSlice text, PkEvent *event)
{
  gsize len = pk_netfilter_prefix_take_uptime(text, event);

  return len ? _skip_blank(pk_slice_from(text, len)) : text;
}

/* "[  T123] " or "[    C0] ", which kernels built with PRINTK_CALLER put after
 * the time. */
static PkSlice
_skip_caller(PkSlice text)
{
  gsize at = 1;

  if (text.len < 4 || text.data[0] != '[')
    return text;
  while (at < text.len && text.data[at] == ' ')
    at++;
  if (at == text.len || (text.data[at] != 'T' && text.data[at] != 'C'))
    return text;
  do
    at++;
  while (at < text.len && g_ascii_isdigit(text.data[at]));
  return at < text.len && text.data[at] == ']' ? _skip_blank(pk_slice_from(text, at + 1)) : text;
}

/* Where a relay left its header in the text, the kernel's tag ends it. */
static PkSlice
_skip_header(PkSlice text)
{
  const PkSlice tag = PK_SLICE("kernel:");
  gssize colon;

  for (gsize at = 0; (colon = pk_slice_find_char(pk_slice_from(text, at), ':')) >= 0; at++)
    {
      at += (gsize) colon;
      if (pk_slice_ends_with(pk_slice(text.data, at + 1), tag))
        return _skip_blank(pk_slice_from(text, at + 1));
    }
  return text;
}

/* UniFi: DESCR is text for people, in which "Block All" stands on accept rules. */
static PkSlice
_cut_description(PkSlice text)
{
  gssize at = pk_slice_find_char(text, '"') < 0 ? -1 : pk_slice_find(text, PK_SLICE(" DESCR=\""));

  return at < 0 ? text : pk_slice(text.data, (gsize) at);
}

/* An RFC 5424 parser may take "[UFW BLOCK]" for structured data, but in that
 * something like id="1" would stand. */
static PkSlice
_find_elsewhere(const PkLine *line)
{
  if (line->program.len && !pk_slice_equals(line->program, PK_SLICE("kernel")))
    return line->program;
  return pk_slice_find_char(line->sdata, '=') < 0 ? line->sdata : pk_slice(NULL, 0);
}

/* Of a length that the compiler knows: this is asked for every line. */
gboolean
pk_netfilter_prefix_is_writer(PkSlice program)
{
  if (program.len == 6)
    return memcmp(program.data, "kernel", 6) == 0 || memcmp(program.data, "ulogd2", 6) == 0;
  return program.len == 5 && (memcmp(program.data, "klogd", 5) == 0 || memcmp(program.data, "ulogd", 5) == 0);
}

/* Whoever can name a user or a page puts words into another program's line.  A
 * prefix of one word is left to those who log through a program of their own. */
static gboolean
_is_quoted(const PkLine *line, PkSlice text)
{
  return line->program.len > 0 && !pk_netfilter_prefix_is_writer(line->program) && pk_slice_find_char(text, ' ') >= 0;
}

void
pk_netfilter_prefix_read(const PkLine *line, PkSlice before, PkEvent *event, PkNetfilterPrefix *ret_prefix)
{
  PkSlice raw = _take_uptime(_skip_header(before), event);

  if (event->has & PK_HAS_UPTIME)
    raw = _skip_caller(raw);
  ret_prefix->from_program = pk_slice_trim(raw).len == 0;
  ret_prefix->raw = ret_prefix->from_program ? _find_elsewhere(line) : raw;
  ret_prefix->text = pk_slice_trim(_cut_description(ret_prefix->raw));
  ret_prefix->quoted = !ret_prefix->from_program && _is_quoted(line, ret_prefix->text);
}

gboolean
pk_netfilter_prefix_stands_alone(const PkLine *line, gsize body)
{
  PkSlice before = pk_slice(line->text.data, body);
  PkNetfilterPrefix prefix;
  PkEvent event;

  pk_event_init(&event);
  pk_netfilter_prefix_read(line, before, &event, &prefix);
  return !prefix.from_program && _skip_header(before).data == before.data;
}

/* ---- patterns with '#' ---------------------------------------------------- */

/* Mostly the first character that differs ends it, and there is no "#". */
static gboolean
_fits_start(PkSlice text, const gchar *pattern)
{
  const gchar *at = text.data, *end = pk_slice_end(text);

  for (;;)
    {
      while (at < end && *at == *pattern && *pattern != '#' && *pattern)
        {
          at++;
          pattern++;
        }
      if (!*pattern)
        return TRUE;
      if (*pattern++ != '#' || at == end || !g_ascii_isdigit(*at))
        return FALSE;
      while (at < end && g_ascii_isdigit(*at))
        at++;
    }
}

static gboolean
_fits_end(PkSlice text, PkSlice pattern)
{
  gsize at = text.len;

  for (gsize i = pattern.len; i > 0; i--)
    {
      gboolean digits = pattern.data[i - 1] == '#';

      if (at == 0 || (digits ? !g_ascii_isdigit(text.data[at - 1]) : text.data[at - 1] != pattern.data[i - 1]))
        return FALSE;
      for (at--; digits && at > 0 && g_ascii_isdigit(text.data[at - 1]); at--)
        ;
    }
  return TRUE;
}

gboolean
pk_netfilter_prefix_belongs(const PkNetfilterPrefix *self, const PkNetfilterSpec *spec)
{
  if (!spec->starts[0])
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS(spec->starts) && spec->starts[i]; i++)
    if (_fits_start(self->text, spec->starts[i]))
      return TRUE;
  return FALSE;
}

/* ---- what it says --------------------------------------------------------- */

static PkSlice
_without_colon(PkSlice text)
{
  while (text.len && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == ':'))
    text.len--;
  return text;
}

/* Where a header parser took the prefix for the program, it took its colon and
 * blank away as well. */
static gboolean
_is_users(const PkNetfilterPrefix *self, PkSlice literal)
{
  if (self->from_program)
    return pk_slice_equals(self->text, _without_colon(literal));
  return pk_slice_starts_with(self->raw, literal) ||
         (self->text.len &&
          pk_slice_starts_with(pk_slice_from(self->raw, (gsize) (self->text.data - self->raw.data)), literal));
}

static const PkPrefix *
_ask_user(const PkNetfilterPrefix *self, const PkScanContext *context)
{
  for (gsize i = 0; i < context->n_prefixes; i++)
    if (_is_users(self, pk_slice(context->prefixes[i].text, context->prefixes[i].len)))
      return &context->prefixes[i];
  return NULL;
}

static const PkNetfilterRule *
_ask_rules(const PkNetfilterPrefix *self, const PkNetfilterSpec *spec)
{
  for (const PkNetfilterRule *rule = spec->rules; rule->start || rule->end; rule++)
    if ((!rule->start || _fits_start(self->text, rule->start)) &&
        (!rule->end || _fits_end(self->text, pk_slice_from_string(rule->end))))
      return rule;
  return NULL;
}

PkVerdict
pk_netfilter_prefix_judge(const PkNetfilterPrefix *self, const PkNetfilterSpec *spec, const PkScanContext *context,
                          PkSlice *ret_word)
{
  const PkPrefix *prefix = _ask_user(self, context);
  const PkNetfilterRule *rule;

  *ret_word = pk_slice(NULL, 0);
  if (prefix)
    {
      *ret_word = pk_slice_trim(pk_slice(prefix->text, prefix->len));
      return prefix->verdict;
    }
  rule = _ask_rules(self, spec);
  if (rule)
    {
      *ret_word = pk_slice_from_string(rule->word);
      return rule->verdict;
    }
  return spec->words && !self->quoted ? pk_verdict_words_read(self->text, ret_word) : PK_VERDICT_NONE;
}

/* ---- record time ---------------------------------------------------------- */

void
pk_netfilter_prefix_read_time(const PkNetfilterPrefix *self, PkEvent *event)
{
  static const gchar months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  gchar iso[] = "YYYY-MM-DDThh:mm:ss+0000";
  gssize slash = pk_slice_find_char(self->text, '/'), month;
  gboolean has_zone;
  gint64 time_usec;
  const gchar *at;

  if (slash < 2 || self->text.len - (gsize) slash < 24)
    return;
  at = self->text.data + slash - 2;
  month = pk_slice_find(PK_SLICE(months), pk_slice(at + 3, 3));
  if (month < 0 || month % 3)
    return;
  month = month / 3 + 1;
  iso[5] = (gchar) ('0' + month / 10);
  iso[6] = (gchar) ('0' + month % 10);
  memcpy(iso, at + 7, 4);
  memcpy(iso + 8, at, 2);
  memcpy(iso + 11, at + 12, 8);
  memcpy(iso + 19, at + 21, 5);
  if (pk_timestamp_parse_iso(PK_SLICE(iso), &time_usec, &has_zone) == sizeof(iso) - 1 && has_zone)
    event->time_usec = time_usec;
}
