/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/values.h"

#include "scan/address.h"
#include "scan/slice.h"
#include "scan/timestamp.h"

/* ---- digits and letters ------------------------------------------------------- */

static gboolean
_consists_of(PkSlice text, PkSlice bytes)
{
  for (gsize i = 0; i < text.len; i++)
    if (pk_slice_find_char(bytes, text.data[i]) < 0)
      return FALSE;
  return text.len > 0;
}

gboolean
pk_value_is_number(PkSlice value)
{
  return _consists_of(value, PK_SLICE("0123456789"));
}

gsize
pk_value_count_digits(PkSlice text)
{
  gsize n = 0;

  while (n < text.len && g_ascii_isdigit(text.data[n]))
    n++;
  return n;
}

/* ---- addresses ---------------------------------------------------------------- */

/* "999.1.2.3", "2001:db8:::1": no address, but no host name either. */
gboolean
pk_value_is_broken_address(PkSlice text)
{
  return _consists_of(text, PK_SLICE("0123456789.")) ||
         (_consists_of(text, PK_SLICE("0123456789abcdefABCDEF:.")) && pk_slice_find_char(text, ':') >= 0);
}

/* "[2001:db8::1]", "fe80::1%eth0" and "192.0.2.1/32" are addresses all the same. */
PkSlice
pk_value_strip_address(PkSlice text)
{
  gssize zone;

  if (text.len > 2 && text.data[0] == '[' && text.data[text.len - 1] == ']')
    text = pk_slice(text.data + 1, text.len - 2);
  if (pk_slice_ends_with(text, PK_SLICE("/32")))
    text.len -= 3;
  else if (pk_slice_ends_with(text, PK_SLICE("/128")))
    text.len -= 4;
  zone = pk_slice_find_char(text, '%');
  if (zone > 0)
    text.len = (gsize) zone;
  return text;
}

static gboolean
_ends_address(gchar c)
{
  return c == '/' || c == '(' || c == '#' || c == ' ' || c == ',';
}

static gboolean
_is_address(PkSlice text)
{
  PkAddr addr;

  return pk_addr_parse(pk_value_strip_address(text), &addr);
}

/* "2001:db8::1" of "2001:db8::1.443", as tcpdump writes it. */
static gsize
_measure_before_dot(PkSlice text)
{
  const gchar *dot = text.len ? memrchr(text.data, '.', text.len) : NULL;
  gsize len = dot ? (gsize) (dot - text.data) : 0;

  return len > 0 && _is_address(pk_slice(text.data, len)) ? len : 0;
}

/* A colon parts address and port unless there are more of them, which only
 * happens in IPv6. */
static gsize
_measure_by_colons(PkSlice value)
{
  gsize len, colons = 0, first_colon = 0;

  for (len = 0; len < value.len && !_ends_address(value.data[len]); len++)
    if (value.data[len] == ':' && colons++ == 0)
      first_colon = len;
  value.len = len;
  if (colons == 0 || (colons > 1 && _is_address(value)))
    return len;
  len = colons > 1 ? _measure_before_dot(value) : 0;
  return len > 0 ? len : first_colon;
}

/* "192.0.2.1.example.net" and "192.0.2.1-client" are names. */
static gboolean
_goes_on(PkSlice after)
{
  if (after.len == 0)
    return FALSE;
  if (after.data[0] == '.' || after.data[0] == '-')
    return after.len > 1 && g_ascii_isalpha(after.data[1]);
  return g_ascii_isalnum(after.data[0]) || after.data[0] == '_';
}

gsize
pk_value_measure_address(PkSlice value)
{
  PkAddr addr;
  gsize len = pk_addr_scan_v4(value, &addr);
  gssize close;

  if (len > 0 && !_goes_on(pk_slice_from(value, len)))
    return len;
  if (value.len == 0 || value.data[0] != '[')
    return _measure_by_colons(value);
  close = pk_slice_find_char(value, ']');
  return close < 0 ? value.len : (gsize) close + 1;
}

/* ---- protocol and flags ------------------------------------------------------- */

static gboolean
_is_protocol_char(gchar c)
{
  return g_ascii_isalnum(c) || c == '-';
}

/* Azure's flow logs. */
static guint8
_protocol_of_letter(gchar letter)
{
  return letter == 'T' ? PK_PROTO_TCP : letter == 'U' ? PK_PROTO_UDP : letter == 'I' ? PK_PROTO_ICMP : PK_PROTO_NONE;
}

gboolean
pk_value_parse_protocol(PkSlice value, guint8 *ret_protocol)
{
  gsize len = 0;

  if (value.len == 1 && _protocol_of_letter(value.data[0]) != PK_PROTO_NONE)
    {
      *ret_protocol = _protocol_of_letter(value.data[0]);
      return TRUE;
    }
  while (len < value.len && _is_protocol_char(value.data[len]))
    len++;
  return pk_protocol_parse(pk_slice(value.data, len), ret_protocol);
}

gboolean
pk_value_parse_icmp(PkSlice value, guint8 *ret_number)
{
  guint64 number;

  if (pk_slice_equals_nocase(value, PK_SLICE("request")) || pk_slice_equals_nocase(value, PK_SLICE("echo")))
    number = 8;
  else if (pk_slice_equals_nocase(value, PK_SLICE("reply")) || pk_slice_equals_nocase(value, PK_SLICE("echorep")))
    number = 0;
  else if (!pk_number_parse(value, G_MAXUINT8, &number))
    return FALSE;
  *ret_number = (guint8) number;
  return TRUE;
}

static const struct
{
  const gchar *name;
  guint8 flag;
} FLAGS[] = { { "SYN", PK_TCP_SYN }, { "ACK", PK_TCP_ACK }, { "RST", PK_TCP_RST }, { "FIN", PK_TCP_FIN },
              { "PSH", PK_TCP_PSH }, { "URG", PK_TCP_URG }, { "ECE", PK_TCP_ECE }, { "CWR", PK_TCP_CWR } };

static guint
_flag_of_name(PkSlice word)
{
  for (guint i = 0; i < G_N_ELEMENTS(FLAGS); i++)
    if (pk_slice_equals_nocase(word, pk_slice_from_string(FLAGS[i].name)))
      return FLAGS[i].flag;
  return 0;
}

/* "SA", "S.", "FPU"; E is ECE, W is CWR as pf prints them, a dot is tcpdump's
 * ACK.  0: other letters. */
static guint
_flags_of_letters(PkSlice word)
{
  guint flags = 0;

  for (gsize i = 0; i < word.len; i++)
    {
      guint flag = word.data[i] == 'W' ? PK_TCP_CWR : word.data[i] == '.' ? PK_TCP_ACK : 0;

      for (guint j = 0; j < G_N_ELEMENTS(FLAGS) - 1 && !flag; j++)
        flag = FLAGS[j].name[0] == word.data[i] ? FLAGS[j].flag : 0;
      if (!flag)
        return 0;
      flags |= flag;
    }
  return flags;
}

/* A dot after a name ends a sentence. */
static guint
_flags_of_word(PkSlice word)
{
  gsize letters = word.len;
  guint flag;

  while (letters > 0 && word.data[letters - 1] == '.')
    letters--;
  flag = _flag_of_name(pk_slice(word.data, letters));
  return flag ? flag : _flags_of_letters(word);
}

static gboolean
_is_flag_char(gchar c)
{
  return g_ascii_isalpha(c) || c == '.';
}

static guint
_flags_of_words(PkSlice value)
{
  guint flags = 0;

  for (gsize at = 0, len; at < value.len; at += len + 1)
    {
      for (len = 0; at + len < value.len && _is_flag_char(value.data[at + len]); len++)
        ;
      flags |= _flags_of_word(pk_slice(value.data + at, len));
    }
  return flags;
}

static gboolean
_parse_hex(PkSlice text, guint *ret_number)
{
  guint number = 0;

  if (text.len < 3 || text.len > 6 || text.data[0] != '0' || text.data[1] != 'x')
    return FALSE;
  for (gsize i = 2; i < text.len; i++)
    if (!g_ascii_isxdigit(text.data[i]))
      return FALSE;
    else
      number = number * 16 + (guint) g_ascii_xdigit_value(text.data[i]);
  *ret_number = number;
  return TRUE;
}

guint8
pk_value_parse_tcp_flags(PkSlice value)
{
  guint64 number;
  guint flags;

  if (pk_number_parse(value, G_MAXUINT16, &number))
    return (guint8) number;
  return (guint8) (_parse_hex(value, &flags) ? flags : _flags_of_words(value));
}

/* ---- time --------------------------------------------------------------------- */

static guint
_parse_fraction(PkSlice text)
{
  guint usec = 0;

  if (text.len == 0 || text.data[0] != '.')
    return 0;
  for (gsize i = 1; i <= 6; i++)
    usec = usec * 10 + (i < text.len && g_ascii_isdigit(text.data[i]) ? (guint) (text.data[i] - '0') : 0);
  return usec;
}

/* The unit of a Unix time is told by its number of digits: 10 are seconds,
 * which may have a fraction. */
static gboolean
_parse_unix_time(PkSlice value, gint64 *ret_usec)
{
  gsize digits = pk_value_count_digits(value);
  guint64 number;
  gint64 usec;

  if (digits < 10 || digits > 19 || !pk_number_parse(pk_slice(value.data, digits), G_MAXINT64, &number))
    return FALSE;
  usec = (gint64) number;
  for (gsize i = digits; i > 16; i--)
    usec /= 10;
  for (gsize i = digits; i < 16; i++)
    usec *= 10;
  *ret_usec = usec + (digits == 10 ? _parse_fraction(pk_slice_from(value, digits)) : 0);
  return TRUE;
}

gboolean
pk_value_parse_time(PkSlice value, gint64 *ret_usec)
{
  gboolean has_zone;
  gint64 usec;

  if (_parse_unix_time(value, ret_usec))
    return TRUE;
  if (!pk_timestamp_parse_iso(value, &usec, &has_zone) || !has_zone)
    return FALSE;
  *ret_usec = usec;
  return TRUE;
}
