/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/address.h"

#include <string.h>

#include "scan/octets.h"
#include "scan/slice.h"

static const guint8 v4_mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static inline gboolean
_is_digit(gchar c)
{
  return c >= '0' && c <= '9';
}

static inline gint
_hex_value(gchar c)
{
  if (_is_digit(c))
    return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static gboolean
_is_v4(const PkAddr *addr)
{
  return memcmp(addr->bytes, v4_mapped, sizeof(v4_mapped)) == 0;
}

/* ---- IPv4 ----------------------------------------------------------------- */

/* One number of at most 255; NULL if there is none.  "010" is 10 to some readers
 * and 8 to others: it is no number. */
static inline const gchar *
_scan_byte(const gchar *at, const gchar *end, guint8 *ret_byte)
{
  guint32 digits = (guint32) pk_octets_load(at, end) ^ 0x30303030;
  guint32 others = (((digits & 0x7f7f7f7f) + 0x76767676) | digits) & 0x80808080;
  guint n = others ? (guint) __builtin_ctz(others) / 8 : 4, value;

  if (n == 0 || n > 3 || (n > 1 && *at == '0'))
    return NULL;
  digits <<= 32 - 8 * n;
  value = (digits >> 8 & 0xff) * 100 + (digits >> 16 & 0xff) * 10 + (digits >> 24);
  *ret_byte = (guint8) value;
  return value > 255 ? NULL : at + n;
}

gsize
pk_addr_scan_v4(PkSlice text, PkAddr *ret_addr)
{
  const gchar *at = text.data, *end = pk_slice_end(text);
  guint8 quad[4];

  for (guint i = 0; i < 4; i++)
    {
      if (i && (at == end || *at++ != '.'))
        return 0;
      at = _scan_byte(at, end, &quad[i]);
      if (!at)
        return 0;
    }
  memcpy(ret_addr->bytes, v4_mapped, sizeof(v4_mapped));
  memcpy(ret_addr->bytes + sizeof(v4_mapped), quad, sizeof(quad));
  return (gsize) (at - text.data);
}

/* ---- IPv6 ----------------------------------------------------------------- */

/* One group of up to four hex digits; returns their number, 0 for none. */
static gsize
_scan_group(PkSlice text, guint *ret_value)
{
  guint value = 0;
  gsize i;

  for (i = 0; i < text.len && i < 4 && _hex_value(text.data[i]) >= 0; i++)
    value = value << 4 | (guint) _hex_value(text.data[i]);
  *ret_value = value;
  return i;
}

/* Groups separated by single colons, the last of which may be dotted decimal
 * when tail; returns the number of bytes written to bytes, or -1. */
static gint
_parse_groups(PkSlice text, gboolean tail, guint8 bytes[16])
{
  gint used = 0;

  while (text.len)
    {
      guint value;
      gsize n = _scan_group(text, &value);
      PkAddr v4;

      if (tail && used <= 12 && n < text.len && text.data[n] == '.')
        {
          if (pk_addr_scan_v4(text, &v4) != text.len)
            return -1;
          memcpy(bytes + used, v4.bytes + 12, 4);
          return used + 4;
        }
      if (n == 0 || used == 16)
        return -1;
      bytes[used++] = (guint8) (value >> 8);
      bytes[used++] = (guint8) value;
      text = pk_slice_from(text, n);
      if (text.len == 0)
        return used;
      if (text.data[0] != ':' || text.len == 1)
        return -1;
      text = pk_slice_from(text, 1);
    }
  return used;
}

static gboolean
_parse_v6(PkSlice text, PkAddr *ret_addr)
{
  guint8 head[16], tail[16];
  PkAddr addr = { { 0 } };
  gssize gap = pk_slice_find(text, PK_SLICE("::"));
  gint n_head, n_tail;

  n_head = _parse_groups(pk_slice(text.data, gap < 0 ? text.len : (gsize) gap), gap < 0, head);
  n_tail = gap < 0 ? 0 : _parse_groups(pk_slice_from(text, (gsize) gap + 2), TRUE, tail);
  if (n_head < 0 || n_tail < 0 || (gap < 0 ? n_head != 16 : n_head + n_tail > 14))
    return FALSE;
  memcpy(addr.bytes, head, (gsize) n_head);
  memcpy(addr.bytes + 16 - n_tail, tail, (gsize) n_tail);
  *ret_addr = addr;
  return TRUE;
}

gboolean
pk_addr_parse(PkSlice text, PkAddr *ret_addr)
{
  PkAddr addr;

  if (text.len == 0 || text.len >= PK_ADDR_TEXT_BYTES)
    return FALSE;
  if (pk_addr_scan_v4(text, &addr) != text.len)
    return pk_slice_find_char(text, ':') >= 0 && _parse_v6(text, ret_addr);
  *ret_addr = addr;
  return TRUE;
}

/* ---- to text -------------------------------------------------------------- */

static gsize
_append_group(gchar *out, guint group)
{
  gsize n = 0;
  guint shift = 12;

  while (shift > 0 && group >> shift == 0)
    shift -= 4;
  for (;; shift -= 4)
    {
      out[n++] = "0123456789abcdef"[group >> shift & 0xf];
      if (shift == 0)
        return n;
    }
}

/* Not by a loop over digits: this runs for every recognised message. */
static gsize
_append_byte(gchar *out, guint value)
{
  gsize n = 0;

  if (value >= 100)
    out[n++] = (gchar) ('0' + value / 100);
  if (value >= 10)
    out[n++] = (gchar) ('0' + value / 10 % 10);
  out[n++] = (gchar) ('0' + value % 10);
  return n;
}

static gsize
_format_v4(const guint8 quad[4], gchar *out)
{
  gsize n = _append_byte(out, quad[0]);

  for (guint i = 1; i < 4; i++)
    {
      out[n++] = '.';
      n += _append_byte(out + n, quad[i]);
    }
  return n;
}

static guint
_group(const PkAddr *addr, guint i)
{
  return (guint) addr->bytes[2 * i] << 8 | addr->bytes[2 * i + 1];
}

/* The first of the longest runs of two or more zero groups; length 0: none. */
static guint
_longest_zeros(const PkAddr *addr, guint *ret_start)
{
  guint i, run = 0, longest = 1, start = 0;

  for (i = 0; i < 8; i++)
    {
      run = _group(addr, i) ? 0 : run + 1;
      if (run > longest)
        {
          longest = run;
          start = i + 1 - run;
        }
    }
  *ret_start = start;
  return longest > 1 ? longest : 0;
}

static gsize
_format_v6(const PkAddr *addr, gchar *out)
{
  guint i, start, zeros = _longest_zeros(addr, &start);
  gsize n = 0;

  for (i = 0; i < 8; i++)
    {
      if (zeros && i == start)
        {
          out[n++] = ':';
          if (start + zeros == 8)
            out[n++] = ':';
          i += zeros - 1;
          continue;
        }
      if (i)
        out[n++] = ':';
      n += _append_group(out + n, _group(addr, i));
    }
  return n;
}

gsize
pk_addr_format(const PkAddr *addr, gchar ret_text[PK_ADDR_TEXT_BYTES])
{
  gsize n = _is_v4(addr) ? _format_v4(addr->bytes + 12, ret_text) : _format_v6(addr, ret_text);

  ret_text[n] = '\0';
  return n;
}

/* ---- kinds of addresses --------------------------------------------------- */

static gboolean
_all_equal(const guint8 *bytes, gsize n, guint8 value)
{
  while (n && bytes[n - 1] == value)
    n--;
  return n == 0;
}

gboolean
pk_addr_is_v4(const PkAddr *addr)
{
  return _is_v4(addr);
}

gboolean
pk_addr_is_unspecified(const PkAddr *addr)
{
  return _is_v4(addr) ? _all_equal(addr->bytes + 12, 4, 0) : _all_equal(addr->bytes, 16, 0);
}

gboolean
pk_addr_is_multicast(const PkAddr *addr)
{
  if (_is_v4(addr))
    return (addr->bytes[12] & 0xf0) == 0xe0 || _all_equal(addr->bytes + 12, 4, 0xff);
  return addr->bytes[0] == 0xff;
}

gboolean
pk_addr_is_local(const PkAddr *addr)
{
  if (_is_v4(addr))
    return addr->bytes[12] == 127 || (addr->bytes[12] == 169 && addr->bytes[13] == 254);
  return (addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80) ||
         (_all_equal(addr->bytes, 15, 0) && addr->bytes[15] == 1);
}

/* ---- numbers -------------------------------------------------------------- */

gboolean
pk_number_parse(PkSlice text, guint64 max, guint64 *ret_number)
{
  guint64 number = 0;

  for (gsize i = 0; i < text.len; i++)
    if (!_is_digit(text.data[i]) || __builtin_mul_overflow(number, 10, &number) ||
        __builtin_add_overflow(number, (guint64) (text.data[i] - '0'), &number))
      return FALSE;
  if (text.len == 0 || number > max)
    return FALSE;
  *ret_number = number;
  return TRUE;
}

gboolean
pk_port_parse(PkSlice text, guint16 *ret_port)
{
  guint64 number;

  if (!pk_number_parse(text, G_MAXUINT16, &number))
    return FALSE;
  *ret_port = (guint16) number;
  return TRUE;
}

/* ---- protocols ------------------------------------------------------------ */

/* IANA's keywords, and what firewalls print instead.  The first name of a
 * number is the one that is shown. */
static const struct
{
  guint8 number;
  const gchar *name;
} protocol_names[] = {
  { 6, "tcp" },   { 17, "udp" },     { 1, "icmp" },   { 58, "icmpv6" }, { 58, "ipv6-icmp" }, { 58, "icmp6" },
  { 2, "igmp" },  { 47, "gre" },     { 50, "esp" },   { 51, "ah" },     { 132, "sctp" },     { 41, "ipv6" },
  { 4, "ipip" },  { 4, "ipencap" },  { 33, "dccp" },  { 46, "rsvp" },   { 88, "eigrp" },     { 89, "ospf" },
  { 103, "pim" }, { 108, "ipcomp" }, { 112, "vrrp" }, { 115, "l2tp" },  { 136, "udplite" },  { 0, "hopopt" },
};

gboolean
pk_protocol_parse(PkSlice text, guint8 *ret_protocol)
{
  guint64 number;
  gsize i;

  if (pk_number_parse(text, G_MAXUINT8, &number))
    {
      *ret_protocol = (guint8) number;
      return TRUE;
    }
  for (i = 0; i < G_N_ELEMENTS(protocol_names); i++)
    if (pk_slice_equals_nocase(text, pk_slice_from_string(protocol_names[i].name)))
      {
        *ret_protocol = protocol_names[i].number;
        return TRUE;
      }
  return FALSE;
}

const gchar *
pk_protocol_name(guint8 protocol)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS(protocol_names); i++)
    if (protocol_names[i].number == protocol)
      return protocol_names[i].name;
  return NULL;
}
