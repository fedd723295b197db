/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/timestamp.h"

#include "scan/slice.h"

/* 9999-12-31T23:59:59.999999Z; a zone can lead out of the years that a stamp can name. */
#define LATEST_USEC G_GINT64_CONSTANT(253402300799999999)

/* Cursor over a stamp.  Not GDateTime: it allocates for every stamp, and a
 * replay reads one with every line. */
typedef struct _Reader
{
  PkSlice text;
  gsize at;
} Reader;

typedef struct _Civil
{
  guint year, month, day, hour, minute, second, usec;
} Civil;

static gboolean
_read_char(Reader *self, gchar c)
{
  if (self->at >= self->text.len || self->text.data[self->at] != c)
    return FALSE;
  self->at++;
  return TRUE;
}

static gboolean
_read_digits(Reader *self, guint n, guint *ret_number)
{
  guint number = 0;

  if (self->text.len - self->at < n)
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      gchar c = self->text.data[self->at + i];

      if (!g_ascii_isdigit(c))
        return FALSE;
      number = number * 10 + (guint) (c - '0');
    }
  self->at += n;
  *ret_number = number;
  return TRUE;
}

/* Reads ".123456", any number of digits; further ones are dropped. */
static void
_read_fraction(Reader *self, guint *ret_usec)
{
  guint usec = 0, unit = 100000;

  *ret_usec = 0;
  if (self->at + 1 >= self->text.len || (self->text.data[self->at] != '.' && self->text.data[self->at] != ',') ||
      !g_ascii_isdigit(self->text.data[self->at + 1]))
    return;
  for (self->at++; self->at < self->text.len && g_ascii_isdigit(self->text.data[self->at]); self->at++)
    {
      usec += unit * (guint) (self->text.data[self->at] - '0');
      unit /= 10;
    }
  *ret_usec = usec;
}

/* A leap second is the last moment of the one before it: what stands in it stays in its order. */
static gboolean
_read_time_of_day(Reader *self, Civil *civil)
{
  if (!(_read_digits(self, 2, &civil->hour) && _read_char(self, ':') && _read_digits(self, 2, &civil->minute) &&
        _read_char(self, ':') && _read_digits(self, 2, &civil->second)))
    return FALSE;
  _read_fraction(self, &civil->usec);
  if (civil->second == 60)
    {
      civil->second = 59;
      civil->usec = G_USEC_PER_SEC - 1;
    }
  return civil->hour < 24 && civil->minute < 60 && civil->second < 60;
}

static gboolean
_is_leap(guint year)
{
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static gboolean
_date_exists(const Civil *civil)
{
  static const guint8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

  if (civil->year < 1970 || civil->month < 1 || civil->month > 12 || civil->day < 1)
    return FALSE;
  return civil->day <= days[civil->month - 1] + (civil->month == 2 && _is_leap(civil->year) ? 1u : 0u);
}

/* Years run from March here, so that the leap day is the last of the year. */
static gint64
_to_usec(const Civil *civil)
{
  gint64 year = civil->year - (civil->month <= 2);
  gint64 month = (civil->month + 9) % 12;
  gint64 days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + civil->day - 1 - 719468;

  return (((days * 24 + civil->hour) * 60 + civil->minute) * 60 + civil->second) * G_USEC_PER_SEC + civil->usec;
}

static gboolean
_is_in_range(gint64 usec)
{
  return usec >= 0 && usec <= LATEST_USEC;
}

static gint
_year_of(gint64 usec)
{
  gint year = 1970 + (gint) (usec / (G_GINT64_CONSTANT(31556952) * G_USEC_PER_SEC));
  Civil civil = { .year = (guint) year + 1, .month = 1, .day = 1 };

  return _to_usec(&civil) <= usec ? year + 1 : year;
}

/* FALSE: there is something that is no zone. */
static gboolean
_read_zone(Reader *self, gint64 *ret_offset_usec, gboolean *ret_has_zone)
{
  guint hours, minutes;
  gint sign;

  *ret_offset_usec = 0;
  *ret_has_zone = _read_char(self, 'Z');
  if (*ret_has_zone)
    return TRUE;
  if (self->at >= self->text.len || (self->text.data[self->at] != '+' && self->text.data[self->at] != '-'))
    return TRUE;
  sign = self->text.data[self->at++] == '-' ? -1 : 1;
  if (!_read_digits(self, 2, &hours))
    return FALSE;
  _read_char(self, ':');
  if (!_read_digits(self, 2, &minutes) || hours > 23 || minutes > 59)
    return FALSE;
  *ret_offset_usec = sign * (gint64) (hours * 60 + minutes) * 60 * G_USEC_PER_SEC;
  *ret_has_zone = TRUE;
  return TRUE;
}

gsize
pk_timestamp_parse_iso(PkSlice text, gint64 *ret_usec, gboolean *ret_has_zone)
{
  Reader reader = { .text = text };
  Civil civil;
  gint64 offset_usec, usec;
  gboolean has_zone;

  if (!(_read_digits(&reader, 4, &civil.year) && _read_char(&reader, '-') && _read_digits(&reader, 2, &civil.month) &&
        _read_char(&reader, '-') && _read_digits(&reader, 2, &civil.day) &&
        (_read_char(&reader, 'T') || _read_char(&reader, ' ')) && _read_time_of_day(&reader, &civil) &&
        _date_exists(&civil) && _read_zone(&reader, &offset_usec, &has_zone)))
    return 0;
  usec = _to_usec(&civil) - offset_usec;
  if (!_is_in_range(usec))
    return 0;
  *ret_usec = usec;
  *ret_has_zone = has_zone;
  return reader.at;
}

static gboolean
_read_month(Reader *self, guint *ret_month)
{
  static const gchar months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const gchar *name = self->text.data + self->at;

  if (self->text.len - self->at < 3)
    return FALSE;
  for (guint i = 0; i < 12; i++)
    if (months[3 * i] == name[0] && months[3 * i + 1] == name[1] && months[3 * i + 2] == name[2])
      {
        self->at += 3;
        *ret_month = i + 1;
        return TRUE;
      }
  return FALSE;
}

/* "22", " 2" or "2" */
static gboolean
_read_day(Reader *self, guint *ret_day)
{
  if (_read_digits(self, 2, ret_day))
    return TRUE;
  _read_char(self, ' ');
  return _read_digits(self, 1, ret_day);
}

static gboolean
_read_optional_year(Reader *self, guint *ret_year)
{
  if (self->text.len - self->at < 5 || self->text.data[self->at + 4] != ' ' || !_read_digits(self, 4, ret_year))
    return FALSE;
  self->at++;
  return TRUE;
}

/* The latest year that does not lie in the future.  A leap day is looked for in up to
 * eight: 1896 and 1904 are that far apart. */
static gboolean
_guess_year(Civil *civil, gint64 now_usec, gint64 offset_usec, gint64 *ret_usec)
{
  gint64 latest = now_usec + 24 * 3600 * (gint64) G_USEC_PER_SEC;
  gint year = _year_of(MAX(latest + offset_usec, 0));

  for (gint i = 0; i <= 8 && year - i >= 1970; i++)
    {
      civil->year = (guint) (year - i);
      *ret_usec = _to_usec(civil) - offset_usec;
      if (*ret_usec <= latest && _date_exists(civil))
        return TRUE;
    }
  return FALSE;
}

static gboolean
_take_year(const Civil *civil, gint64 offset_usec, gint64 *ret_usec)
{
  *ret_usec = _to_usec(civil) - offset_usec;
  return _date_exists(civil);
}

static gsize
_parse_bsd(PkSlice text, gint64 now_usec, gint utc_offset_seconds, gint64 *ret_usec)
{
  gint64 offset_usec = (gint64) utc_offset_seconds * G_USEC_PER_SEC, usec;
  Reader reader = { .text = text };
  Civil civil;
  gboolean has_year;

  if (!(_read_month(&reader, &civil.month) && _read_char(&reader, ' ') && _read_day(&reader, &civil.day) &&
        _read_char(&reader, ' ')))
    return 0;
  has_year = _read_optional_year(&reader, &civil.year);
  if (!_read_time_of_day(&reader, &civil))
    return 0;
  if (!has_year && reader.at < text.len && text.data[reader.at] == ' ')
    {
      Reader ahead = { .text = text, .at = reader.at + 1 };

      has_year = _read_optional_year(&ahead, &civil.year);
      if (has_year)
        reader.at = ahead.at - 1;
    }
  if (!(has_year ? _take_year(&civil, offset_usec, &usec) : _guess_year(&civil, now_usec, offset_usec, &usec)) ||
      !_is_in_range(usec))
    return 0;
  *ret_usec = usec;
  return reader.at;
}

/* ---- the stamp before --------------------------------------------------------- */

/* "Nov 22 22:09:59 " */
#define PLAIN_BYTES 16

/* Most stamps of a log are that of the line before, and finding out the year costs
 * more than all other that is done to a stamp.  What a stamp came to depends on
 * what is kept here, and on whether a year follows it. */
typedef struct _Memo
{
  gchar text[PLAIN_BYTES + 1];
  gint64 now_usec, usec;
  gint utc_offset_seconds;
} Memo;

/* True from the beginning. */
static __thread Memo memo = { .text = "Jan  1 00:00:00 ", .now_usec = 0, .usec = 0, .utc_offset_seconds = 0 };

/* "Nov 22 22:09:59 2026 " */
static inline gboolean
_may_have_year(PkSlice text)
{
  return text.len > PLAIN_BYTES + 4 && text.data[PLAIN_BYTES + 4] == ' ' && g_ascii_isdigit(text.data[PLAIN_BYTES]);
}

gsize
pk_timestamp_parse_bsd(PkSlice text, gint64 now_usec, gint utc_offset_seconds, gint64 *ret_usec)
{
  gsize len;

  if (text.len < PLAIN_BYTES || _may_have_year(text))
    return _parse_bsd(text, now_usec, utc_offset_seconds, ret_usec);
  if (memcmp(text.data, memo.text, PLAIN_BYTES) == 0 && now_usec == memo.now_usec &&
      utc_offset_seconds == memo.utc_offset_seconds)
    {
      *ret_usec = memo.usec;
      return PLAIN_BYTES - 1;
    }
  len = _parse_bsd(text, now_usec, utc_offset_seconds, ret_usec);
  if (len == PLAIN_BYTES - 1 && text.data[len] == ' ')
    {
      memcpy(memo.text, text.data, PLAIN_BYTES);
      memo.now_usec = now_usec;
      memo.utc_offset_seconds = utc_offset_seconds;
      memo.usec = *ret_usec;
    }
  return len;
}

/* ---- to text ------------------------------------------------------------------ */

gsize
pk_timestamp_format(gint64 usec, gchar ret_text[PK_TIMESTAMP_TEXT_BYTES])
{
  gint64 seconds = usec / G_USEC_PER_SEC;
  GDateTime *time = _is_in_range(usec) ? g_date_time_new_from_unix_utc(seconds) : NULL;
  gint len = 0;

  if (time)
    {
      len = g_snprintf(ret_text, PK_TIMESTAMP_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                       g_date_time_get_year(time), g_date_time_get_month(time), g_date_time_get_day_of_month(time),
                       g_date_time_get_hour(time), g_date_time_get_minute(time), g_date_time_get_second(time),
                       (gint) (usec % G_USEC_PER_SEC / 1000));
      g_date_time_unref(time);
    }
  ret_text[len] = '\0';
  return (gsize) len;
}
