/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/allow-line.h"

#include "port-knock/pk-options.h"
#include "scan/address.h"
#include "scan/slice.h"

#define DAY_SECONDS 86400
/* What an IPv4 prefix length is short of that of the mapped address. */
#define V4_LENGTH 96
#define V4_LOW G_GUINT64_CONSTANT(0x0000ffff00000000)

/* ---- networks --------------------------------------------------------------- */

/* The first n bits of 64; n may be anything. */
static inline guint64
_mask(gint n)
{
  if (n <= 0)
    return 0;
  return n >= 64 ? G_MAXUINT64 : G_MAXUINT64 << (64 - n);
}

static PkNetwork
_masked(const PkNetwork *self)
{
  return (PkNetwork){ self->high & _mask(self->length), self->low & _mask(self->length - 64), self->length };
}

PkNetwork
pk_network_from_addr(const PkAddr *addr)
{
  PkNetwork self = { .length = 128 };

  memcpy(&self.high, addr->bytes, sizeof(self.high));
  memcpy(&self.low, addr->bytes + sizeof(self.high), sizeof(self.low));
  self.high = GUINT64_FROM_BE(self.high);
  self.low = GUINT64_FROM_BE(self.low);
  return self;
}

static PkAddr
_to_addr(const PkNetwork *self)
{
  guint64 high = GUINT64_TO_BE(self->high), low = GUINT64_TO_BE(self->low);
  PkAddr addr;

  memcpy(addr.bytes, &high, sizeof(high));
  memcpy(addr.bytes + sizeof(high), &low, sizeof(low));
  return addr;
}

gboolean
pk_network_is_v4(const PkNetwork *self)
{
  return self->length >= V4_LENGTH && self->high == 0 && (self->low & _mask(32)) == V4_LOW;
}

gint
pk_network_compare(const PkNetwork *self, const PkNetwork *other)
{
  if (self->high != other->high)
    return self->high < other->high ? -1 : 1;
  if (self->low != other->low)
    return self->low < other->low ? -1 : 1;
  return (gint) self->length - (gint) other->length;
}

gboolean
pk_network_covers(const PkNetwork *self, const PkNetwork *other)
{
  return self->length <= other->length && ((self->high ^ other->high) & _mask(self->length)) == 0 &&
         ((self->low ^ other->low) & _mask(self->length - 64)) == 0;
}

void
pk_network_append(const PkNetwork *self, GString *out)
{
  gchar text[PK_ADDR_TEXT_BYTES];
  PkAddr addr = _to_addr(self);

  pk_addr_format(&addr, text);
  g_string_append(out, text);
  if (self->length < 128)
    g_string_append_printf(out, "/%d", self->length - (pk_network_is_v4(self) ? V4_LENGTH : 0));
}

static gboolean
_is_everything(const PkNetwork *self)
{
  return self->length == 0 || (self->length == V4_LENGTH && pk_network_is_v4(self));
}

/* ---- complaints -------------------------------------------------------------- */

/* "WORD" and what follows it. */
static gboolean
_refuse(PkSlice word, const gchar *what, GError **error)
{
  g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "\"%.*s\" %s", (gint) word.len, word.data, what);
  return FALSE;
}

static gboolean
_refuse_line(const gchar *what, GError **error)
{
  g_set_error_literal(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, what);
  return FALSE;
}

static gboolean
_refuse_bits(PkSlice word, const PkNetwork *network, GError **error)
{
  PkNetwork masked = _masked(network);
  GString *what = g_string_new("is no network, it has bits set after its prefix; permitted would be ");

  pk_network_append(&masked, what);
  _refuse(word, what->str, error);
  g_string_free(what, TRUE);
  return FALSE;
}

/* ---- the words of a line ------------------------------------------------------ */

static gboolean
_is_text(PkSlice line)
{
  const gchar *end = pk_slice_end(line);

  if (!g_utf8_validate(line.data, (gssize) line.len, NULL))
    return FALSE;
  for (const gchar *at = line.data; at < end; at = g_utf8_next_char(at))
    if (*at != '\t' && g_unichar_iscntrl(g_utf8_get_char(at)))
      return FALSE;
  return TRUE;
}

/* Also drops the blanks that follow it. */
static PkSlice
_take_word(PkSlice *rest)
{
  PkSlice word = { rest->data, 0 };

  while (word.len < rest->len && rest->data[word.len] != ' ' && rest->data[word.len] != '\t')
    word.len++;
  *rest = pk_slice_trim(pk_slice_from(*rest, word.len));
  return word;
}

static gboolean
_take_setting(PkSlice *rest, PkSlice name, PkSlice *ret_value)
{
  if (!pk_slice_starts_with(*rest, name))
    return FALSE;
  *ret_value = pk_slice_from(_take_word(rest), name.len);
  return TRUE;
}

static gboolean
_parse_network(PkSlice word, PkNetwork *ret_network, GError **error)
{
  gssize slash = pk_slice_find_char(word, '/');
  PkSlice text = slash < 0 ? word : pk_slice(word.data, (gsize) slash);
  gboolean v4 = pk_slice_find_char(text, ':') < 0;
  guint64 bits = v4 ? 32 : 128, length = bits;
  PkNetwork network, masked;
  PkAddr addr;

  if (!pk_addr_parse(text, &addr))
    return _refuse(word, "is no network: an IPv4 or IPv6 address is permitted, alone or with a prefix length", error);
  if (slash >= 0 && !pk_number_parse(pk_slice_from(word, (gsize) slash + 1), bits, &length))
    return _refuse(word,
                   v4 ? "is no network: a prefix length of 0 to 32 is permitted"
                      : "is no network: a prefix length of 0 to 128 is permitted",
                   error);
  network = pk_network_from_addr(&addr);
  network.length = (guint8) (length + (v4 ? V4_LENGTH : 0));
  masked = _masked(&network);
  if (pk_network_compare(&network, &masked) != 0)
    return _refuse_bits(word, &network, error);
  *ret_network = network;
  return TRUE;
}

/* "2026-12-31", and no other way to write it. */
static GDateTime *
_parse_date(PkSlice text)
{
  guint64 year, month, day;

  if (text.len != 10 || text.data[4] != '-' || text.data[7] != '-')
    return NULL;
  if (!pk_number_parse(pk_slice(text.data, 4), 9999, &year) ||
      !pk_number_parse(pk_slice(text.data + 5, 2), 12, &month) ||
      !pk_number_parse(pk_slice(text.data + 8, 2), 31, &day))
    return NULL;
  return year < 1970 ? NULL : g_date_time_new_utc((gint) year, (gint) month, (gint) day, 0, 0, 0);
}

/* All of that day counts. */
static gboolean
_parse_until(PkSlice text, gint64 *ret_usec, GError **error)
{
  GDateTime *day = _parse_date(text);

  if (!day)
    return _refuse(text, "is no date: YYYY-MM-DD is permitted, the last day on which the entry counts", error);
  *ret_usec = (g_date_time_to_unix(day) + DAY_SECONDS) * G_USEC_PER_SEC;
  g_date_time_unref(day);
  return TRUE;
}

/* In either order, each once. */
static gboolean
_parse_settings(PkSlice *rest, PkAllowLine *line, GError **error)
{
  PkSlice value;

  for (;;)
    {
      if (_take_setting(rest, PK_SLICE("dest="), &value))
        {
          if (line->has_dest)
            return _refuse_line("dest= is permitted once", error);
          line->has_dest = TRUE;
          if (!_parse_network(value, &line->dest, error))
            return FALSE;
        }
      else if (_take_setting(rest, PK_SLICE("until="), &value))
        {
          if (line->until_usec != G_MAXINT64)
            return _refuse_line("until= is permitted once", error);
          if (!_parse_until(value, &line->until_usec, error))
            return FALSE;
        }
      else
        return TRUE;
    }
}

static gboolean
_check_line(PkSlice source, const PkAllowLine *line, GError **error)
{
  if (_is_everything(&line->source) && (!line->has_dest || _is_everything(&line->dest)))
    return _refuse(source, "is every source, which is permitted only with dest= and a smaller network", error);
  if (line->reason.len == 0)
    return _refuse(source, "has no reason: one of 1 to 255 bytes is required", error);
  if (line->reason.len > PK_SHORT_TEXT_BYTES_MAX)
    return _refuse(source, "has too long a reason: one of 1 to 255 bytes is permitted", error);
  if (pk_slice_find_char(line->reason, '\t') >= 0)
    return _refuse(source, "has a tab in its reason: UTF-8 text without control characters is permitted", error);
  return TRUE;
}

G_STATIC_ASSERT(PK_SHORT_TEXT_BYTES_MAX == 255);

gboolean
pk_allow_line_parse(PkSlice text, PkAllowLine *ret_line, GError **error)
{
  PkAllowLine line = { .until_usec = G_MAXINT64 };
  PkSlice source, rest = pk_slice_trim(text);

  if (text.len > PK_ALLOW_LINE_BYTES_MAX)
    return _refuse_line("the line is too long: at most 1024 bytes are permitted", error);
  if (!_is_text(text))
    return _refuse_line("the line is no text: UTF-8 without control characters is permitted", error);
  source = _take_word(&rest);
  if (!_parse_network(source, &line.source, error) || !_parse_settings(&rest, &line, error))
    return FALSE;
  line.reason = rest;
  if (!_check_line(source, &line, error))
    return FALSE;
  *ret_line = line;
  return TRUE;
}

G_STATIC_ASSERT(PK_ALLOW_LINE_BYTES_MAX == 1024);
