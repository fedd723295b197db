/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "input.h"

#include "scan/slice.h"
#include "scratch-buffers.h"

/* What syslog-ng 3.38 leaves of a line (h: LEGACY_MSGHDR, p: PROGRAM, m: MESSAGE):
 *
 * | source, line                            | h           | p        | m                      |
 * |-----------------------------------------|-------------|----------|------------------------|
 * | network() "... fw kernel: [UFW BLOCK]"  | "kernel: "  | kernel   | [UFW BLOCK] IN=...     |
 * | network() "... fw [UFW BLOCK] IN="      | "[UFW "     |          | BLOCK] IN=...          |
 * | network() "<4>[  12.3] [UFW BLOCK]"     | "[ "        |          |  12.3] [UFW BLOCK]     |
 * | network() "<4>DROP IN= OUT="            | "DROP "     | DROP     | IN= OUT=               |
 * | network() "<189>date=2026-03-03 time="  | "date=... " | date=... | time=...               |
 * | network() "... asa : %ASA-4-106023: "   | ": "        |          | %ASA-4-106023: Deny    |
 * | network() "<4>1 2026-03-03T... fw k"    | "1 "        | 1        | 2026-03-03T... fw k    |
 * | syslog()  "<4>1 2026-03-03T... fw k"    |             | k        | the message            |
 * | file() and kmsg, facility kern, no tag  |             | kernel   | the whole line         |
 * | any with flags(no-parse)                |             |          | the whole line         |
 *
 * Since 4.7 a number before a blank, where PRI should be, is gone from all but the
 * last.
 *
 * So a header that only names a program is one; any other is the beginning of
 * the text, and joined with it again it may even be a line with a header of its
 * own (RFC 5424 sent to network()).  Without either header or program nothing
 * was parsed.
 *
 * A line that syslog-ng could not parse at all comes as PROGRAM syslog-ng with
 * the first before the line, e.g. a bare "<Event>" on network(), and the second
 * where it gave up, e.g. in the "[UFW BLOCK]" of a sender that leaves RFC 5424's
 * STRUCTURED-DATA out: */
#define UNPARSED_PREFIX "Error processing log message: "
#define UNPARSED_MARK ">@<"

/* In UnixTime; the function that tells is gone from AxoSyslog. */
#define ZONE_UNKNOWN (-1)

gint64
pk_input_time_usec(const LogMessage *msg, LogMessageTimeStamp which)
{
  const UnixTime *stamp = &msg->timestamps[which];

  return stamp->ut_sec * G_USEC_PER_SEC + stamp->ut_usec;
}

static PkSlice
_value(const LogMessage *msg, NVHandle handle)
{
  gssize len;
  const gchar *value = log_msg_get_value(msg, handle, &len);

  return pk_slice(value, (gsize) len);
}

static PkSlice
_base_name(PkSlice program)
{
  for (gsize i = program.len; i > 0; i--)
    if (program.data[i - 1] == '/')
      return pk_slice_from(program, i);
  return program;
}

static PkSlice
_cut(PkSlice text)
{
  return pk_slice(text.data, MIN(text.len, PK_LINE_BYTES_MAX));
}

static PkSlice
_join(PkSlice header, PkSlice text)
{
  GString *joined = scratch_buffers_alloc();

  g_string_append_len(joined, header.data, (gssize) header.len);
  text = pk_slice(text.data, MIN(text.len, PK_LINE_BYTES_MAX - MIN(header.len, PK_LINE_BYTES_MAX)));
  g_string_append_len(joined, text.data, (gssize) text.len);
  return pk_slice(joined->str, joined->len);
}

static PkSlice
_without_mark(PkSlice text)
{
  PkSlice mark = PK_SLICE(UNPARSED_MARK);
  gssize at = pk_slice_find(text, mark);

  return at < 0 ? text : _join(pk_slice(text.data, (gsize) at), pk_slice_from(text, (gsize) at + mark.len));
}

static void
_parse(const LogMessage *msg, PkSlice raw, PkLine *line)
{
  const UnixTime *received = &msg->timestamps[LM_TS_RECVD];
  PkClock clock = { pk_input_time_usec(msg, LM_TS_RECVD),
                    received->ut_gmtoff != ZONE_UNKNOWN ? received->ut_gmtoff : 0 };

  pk_line_parse(raw.data, raw.len, &clock, line);
}

/* Formatting costs an allocation, and most messages have none. */
static PkSlice
_format_sdata(const LogMessage *msg)
{
  GString *sdata;

  if (msg->num_sdata == 0)
    return pk_slice(NULL, 0);
  sdata = scratch_buffers_alloc();
  log_msg_append_format_sdata(msg, sdata, 0);
  return pk_slice(sdata->str, sdata->len);
}

static void
_take_parsed(PkSlice program, PkSlice text, PkLine *line)
{
  line->program = _base_name(program);
  line->text = _cut(text);
}

/* "knockd:" before "amd64 <none> 0.8-2" names no program: a blank follows one,
 * unless the line ends there. */
static gboolean
_is_plain(PkSlice header, PkSlice text)
{
  return pk_line_header_is_plain(header.data, header.len) &&
         (text.len == 0 || pk_slice_ends_with(header, PK_SLICE(" ")));
}

static void
_take_message(const LogMessage *msg, PkSlice text, PkLine *line)
{
  PkSlice header = _value(msg, LM_V_LEGACY_MSGHDR);
  PkSlice program = _value(msg, LM_V_PROGRAM);
  PkSlice unparsed = PK_SLICE(UNPARSED_PREFIX);

  if (header.len > 0 && !_is_plain(header, text))
    _parse(msg, _join(header, text), line);
  else if (program.len == 0)
    _parse(msg, text, line);
  else if (pk_slice_equals(program, PK_SLICE("syslog-ng")) && pk_slice_starts_with(text, unparsed))
    _parse(msg, _without_mark(pk_slice_from(text, unparsed.len)), line);
  else
    _take_parsed(program, text, line);
}

/* A template gives the text in the place of MESSAGE, or a whole line, which
 * shows by its PRI or by a message that nothing parsed. */
static void
_take_template(const LogMessage *msg, PkSlice text, PkLine *line)
{
  PkSlice program = _value(msg, LM_V_PROGRAM);

  if (program.len == 0 || (text.len > 1 && text.data[0] == '<' && g_ascii_isdigit(text.data[1])))
    _parse(msg, text, line);
  else
    _take_parsed(program, text, line);
}

void
pk_input_begin(const LogMessage *msg, PkSlice input, gboolean is_template, PkLine *ret_line)
{
  *ret_line = (PkLine){ 0 };
  if (is_template)
    _take_template(msg, input, ret_line);
  else
    _take_message(msg, input, ret_line);
  if (ret_line->time_usec == 0)
    ret_line->time_usec = pk_input_time_usec(msg, LM_TS_STAMP);
}

void
pk_input_complete(const LogMessage *msg, PkLine *line)
{
  if (line->host.len == 0)
    line->host = _value(msg, LM_V_HOST);
  if (line->msgid.len == 0)
    line->msgid = _value(msg, LM_V_MSGID);
  if (line->sdata.len == 0)
    line->sdata = _format_sdata(msg);
}

void
pk_input_borrow(const LogMessage *msg, PkSlice input, gboolean is_template, PkLine *ret_line)
{
  pk_input_begin(msg, input, is_template, ret_line);
  pk_input_complete(msg, ret_line);
}
