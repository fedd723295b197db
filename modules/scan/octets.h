/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_OCTETS_H_INCLUDED
#define PK_OCTETS_H_INCLUDED

#include <string.h>

#include <glib.h>

/* Eight bytes of text at a time, in one integer: the first byte is the lowest,
 * whatever the machine's byte order.  The keys and values of a firewall line
 * are a few bytes each and of changing length, so that a loop over single bytes
 * costs a mispredicted branch for each of them; these have none.
 *
 * A mask has bit 7 of each byte set that it speaks of, and nothing else. */

#define PK_OCTETS_ALL(byte) (G_GUINT64_CONSTANT(0x0101010101010101) * (guint8) (byte))

/* The n bytes at at, 1 to 7, without a loop or a call: two loads that overlap. */
static inline guint64
pk_octets_load_few(const gchar *at, gsize n)
{
  guint32 first4, last4;
  guint16 first2, last2;

  if (n >= 4)
    {
      memcpy(&first4, at, 4);
      memcpy(&last4, at + n - 4, 4);
      return GUINT32_FROM_LE(first4) | (guint64) GUINT32_FROM_LE(last4) << (8 * (n - 4));
    }
  if (n == 1)
    return (guint8) *at;
  memcpy(&first2, at, 2);
  memcpy(&last2, at + n - 2, 2);
  return GUINT16_FROM_LE(first2) | (guint64) GUINT16_FROM_LE(last2) << (8 * (n - 2));
}

/* What lies at and after at; zero bytes stand for what lies at and after end. */
static inline guint64
pk_octets_load(const gchar *at, const gchar *end)
{
  guint64 octets;

  if (G_UNLIKELY(end - at < 8))
    return end > at ? pk_octets_load_few(at, (gsize) (end - at)) : 0;
  memcpy(&octets, at, 8);
  return GUINT64_FROM_LE(octets);
}

/* Where octets holds byte; exact for the first one, which is what one asks for. */
static inline guint64
pk_octets_equal(guint64 octets, gchar byte)
{
  guint64 difference = octets ^ PK_OCTETS_ALL(byte);

  return (difference - PK_OCTETS_ALL(0x01)) & ~difference & PK_OCTETS_ALL(0x80);
}

/* Where octets, less '0' each, holds something other than 0 to 9; exact. */
static inline guint64
pk_octets_over_nine(guint64 digits)
{
  return (((digits & PK_OCTETS_ALL(0x7f)) + PK_OCTETS_ALL(0x76)) | digits) & PK_OCTETS_ALL(0x80);
}

/* Where octets holds something other than '0' to '9'; exact. */
static inline guint64
pk_octets_no_digit(guint64 octets)
{
  return pk_octets_over_nine(octets ^ PK_OCTETS_ALL('0'));
}

/* How many bytes lie before the first of mask: 0 to 8. */
static inline guint
pk_octets_before(guint64 mask)
{
  return mask ? (guint) __builtin_ctzll(mask) / 8 : 8;
}

/* The first n bytes, 0 to 7; zero after them. */
static inline guint64
pk_octets_first(guint64 octets, guint n)
{
  return octets & ((G_GUINT64_CONSTANT(1) << (8 * n)) - 1);
}

/* The first n bytes, 1 to 8, less '0' each, behind zeros. */
static inline guint64
pk_octets_digits(guint64 octets, guint n)
{
  return (octets ^ PK_OCTETS_ALL('0')) << (64 - 8 * n);
}

/* The decimal number of eight digits: pairs of digits first, then pairs of pairs. */
static inline guint32
pk_octets_join_digits(guint64 digits)
{
  digits = (digits * (1 + (10u << 8)) >> 8) & G_GUINT64_CONSTANT(0x00ff00ff00ff00ff);
  digits = (digits * (1 + (100u << 16)) >> 16) & G_GUINT64_CONSTANT(0x0000ffff0000ffff);
  return (guint32) (digits * (1 + (G_GUINT64_CONSTANT(10000) << 32)) >> 32);
}

/* The decimal number that the first n bytes, 1 to 8 digits, stand for. */
static inline guint32
pk_octets_number(guint64 octets, guint n)
{
  return pk_octets_join_digits(pk_octets_digits(octets, n));
}

/* The first byte at or after at; end if there is none. */
static inline const gchar *
pk_octets_find(const gchar *at, const gchar *end, gchar byte)
{
  for (; at < end; at += 8)
    {
      guint64 found = pk_octets_equal(pk_octets_load(at, end), byte);

      if (found)
        return at + pk_octets_before(found);
    }
  return end;
}

#endif
