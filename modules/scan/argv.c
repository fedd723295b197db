/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/argv.h"

#include "scan/slice.h"

/* Line ends part arguments too: a here-document in `bash -c` has some. */
static gboolean
_is_blank(gchar c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
_skip_blanks(PkSlice *rest)
{
  while (rest->len && _is_blank(rest->data[0]))
    *rest = pk_slice_from(*rest, 1);
}

static void
_append(PkArgv *self, PkSlice bytes)
{
  gsize len = MIN(bytes.len, PK_ARGV_BYTES - self->used);

  if (len)
    memcpy(self->bytes + self->used, bytes.data, len);
  self->used += len;
}

static void
_append_char(PkArgv *self, gchar c, gsize count)
{
  for (; count > 0 && self->used < PK_ARGV_BYTES; count--)
    self->bytes[self->used++] = c;
}

static void
_end_argument(PkArgv *self, gsize start)
{
  self->args[self->n++] = pk_slice(self->bytes + start, self->used - start);
}

static gsize
_count_backslashes(PkSlice rest)
{
  gsize count = 0;

  while (count < rest.len && rest.data[count] == '\\')
    count++;
  return count;
}

/* In the program's own name a backslash never escapes: "C:\" is a path. */
static void
_take_windows_program(PkArgv *self, PkSlice *rest)
{
  gsize start = self->used;
  gboolean quoted = FALSE;

  for (; rest->len && (quoted || !_is_blank(rest->data[0])); *rest = pk_slice_from(*rest, 1))
    {
      if (rest->data[0] == '"')
        quoted = !quoted;
      else
        _append_char(self, rest->data[0], 1);
    }
  _end_argument(self, start);
}

/* A run of backslashes, and the quote after it if there is one.  Before a quote,
 * two make one, and an odd one makes the quote a letter. */
static void
_take_backslashes(PkArgv *self, PkSlice *rest)
{
  gsize count = _count_backslashes(*rest);

  *rest = pk_slice_from(*rest, count);
  if (!rest->len || rest->data[0] != '"')
    {
      _append_char(self, '\\', count);
      return;
    }
  _append_char(self, '\\', count / 2);
  if (count % 2)
    {
      _append_char(self, '"', 1);
      *rest = pk_slice_from(*rest, 1);
    }
}

static void
_take_windows_argument(PkArgv *self, PkSlice *rest)
{
  gsize start = self->used;
  gboolean quoted = FALSE;

  while (rest->len && (quoted || !_is_blank(rest->data[0])))
    {
      if (rest->data[0] == '\\')
        {
          _take_backslashes(self, rest);
          continue;
        }
      if (rest->data[0] != '"')
        _append_char(self, rest->data[0], 1);
      else if (quoted && rest->len > 1 && rest->data[1] == '"')
        {
          _append_char(self, '"', 1);
          *rest = pk_slice_from(*rest, 1);
        }
      else
        quoted = !quoted;
      *rest = pk_slice_from(*rest, 1);
    }
  _end_argument(self, start);
}

/* Length of an argument that a pair of quotes encloses, with them; 0: none. */
static gsize
_measure_enclosed(PkSlice rest)
{
  const gchar quote = rest.data[0];
  gsize at = 1;
  gssize next;

  if (quote != '"' && quote != '\'')
    return 0;
  /* Longer ones are not seen, and looking for their end again and again takes time. */
  rest.len = MIN(rest.len, PK_ARGV_BYTES + 2);
  while ((next = pk_slice_find_char(pk_slice_from(rest, at), quote)) >= 0)
    {
      at += (gsize) next + 1;
      if (at == rest.len || _is_blank(rest.data[at]))
        return at;
    }
  return 0;
}

static void
_take_joined_argument(PkArgv *self, PkSlice *rest)
{
  gsize start = self->used, len = _measure_enclosed(*rest);

  if (len)
    _append(self, pk_slice(rest->data + 1, len - 2));
  else
    {
      while (len < rest->len && !_is_blank(rest->data[len]))
        len++;
      _append(self, pk_slice(rest->data, len));
    }
  *rest = pk_slice_from(*rest, len);
  _end_argument(self, start);
}

void
pk_argv_split(PkSlice command_line, PkArgvStyle style, PkArgv *ret_argv)
{
  PkSlice rest = command_line;

  ret_argv->n = 0;
  ret_argv->used = 0;
  for (_skip_blanks(&rest); rest.len && ret_argv->n < PK_ARGV_MAX; _skip_blanks(&rest))
    {
      if (style == PK_ARGV_JOINED)
        _take_joined_argument(ret_argv, &rest);
      else if (ret_argv->n == 0)
        _take_windows_program(ret_argv, &rest);
      else
        _take_windows_argument(ret_argv, &rest);
    }
}
