/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "engine/allow-line.h"
#include "engine/allow.h"
#include "engine/knocks.h"
#include "scan/address.h"

#define NOW KNOCKS_START /* 2026-11-22T00:00:00Z */
#define DAY_USEC (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)

static PkAllow *
_new(const gchar *text)
{
  GError *error = NULL;
  PkAllow *list = pk_allow_new_from_text("x.allow", pk_slice_from_string(text), &error);

  cr_assert_not_null(list, "%s", error ? error->message : "");
  return list;
}

static void
_expect_refused(PkSlice text, const gchar *message)
{
  GError *error = NULL;
  PkAllow *list = pk_allow_new_from_text("x.allow", text, &error);

  cr_assert_null(list, "it is accepted, instead of: %s", message);
  cr_expect_str_eq(error->message, message, "%s, instead of %s", error->message, message);
  cr_expect_eq(error->domain, PK_OPTION_ERROR);
  g_error_free(error);
}

static PkAddr
_addr(const gchar *text)
{
  PkAddr addr;

  cr_assert(pk_addr_parse(pk_slice_from_string(text), &addr), "%s", text);
  return addr;
}

/* dest, reason: NULL is none. */
static void
_expect_at(const PkAllow *list, const gchar *source, const gchar *dest, gint64 now_usec, const gchar *reason)
{
  static PkEvent event;
  PkSlice found;

  knocks_init_event(&event, _addr(source), dest ? _addr(dest) : _addr("::"), 7000, 0);
  if (!dest)
    event.has &= ~(guint32) PK_HAS_DEST;
  cr_expect_eq(pk_allow_mark(list, &event, now_usec), reason != NULL, "%s", source);
  found = pk_event_get_text(&event, PK_TEXT_ALLOWED);
  cr_expect(pk_slice_equals(found, pk_slice_from_string(reason)), "%s to %s: \"%.*s\", instead of %s", source,
            dest ? dest : "none", (gint) found.len, found.data, reason ? reason : "nothing");
}

static void
_expect(const PkAllow *list, const gchar *source, const gchar *dest, const gchar *reason)
{
  _expect_at(list, source, dest, NOW, reason);
}

/* ---- which entry counts ------------------------------------------------------ */

Test(allow, the_longest_prefix_counts)
{
  PkAllow *list = _new("10.1.2.0/24 narrow\n10.0.0.0/8 wide\n10.1.2.3 one\n10.1.0.0/16 middle\n192.0.2.128/25 half\n");

  cr_expect_eq(pk_allow_count(list), 5);
  _expect(list, "10.1.2.3", NULL, "one");
  _expect(list, "10.1.2.2", NULL, "narrow");
  _expect(list, "10.1.2.4", "198.51.100.1", "narrow");
  _expect(list, "10.1.3.0", NULL, "middle");
  _expect(list, "10.255.255.255", NULL, "wide");
  _expect(list, "10.0.0.0", NULL, "wide");
  _expect(list, "11.0.0.0", NULL, NULL);
  _expect(list, "9.255.255.255", NULL, NULL);
  _expect(list, "192.0.2.127", NULL, NULL);
  _expect(list, "192.0.2.128", NULL, "half");
  _expect(list, "192.0.2.255", NULL, "half");
  _expect(list, "192.0.3.0", NULL, NULL);
  pk_allow_unref(list);
}

Test(allow, ipv6_by_the_bit)
{
  PkAllow *list = _new("2001:db8::/32 a\n2001:db8:0:8000::/49 b\n2001:db8::1 c\n2001:db8::/127 d\n");

  _expect(list, "2001:db8::1", NULL, "c");
  _expect(list, "2001:db8::", NULL, "d");
  _expect(list, "2001:db8::2", NULL, "a");
  _expect(list, "2001:db8:0:7fff::", NULL, "a");
  _expect(list, "2001:db8:0:8000::", NULL, "b");
  _expect(list, "2001:db8:0:ffff:ffff:ffff:ffff:ffff", NULL, "b");
  _expect(list, "2001:db9::", NULL, NULL);
  pk_allow_unref(list);
}

Test(allow, ipv4_is_in_no_network_of_ipv6)
{
  PkAllow *list = _new("::/0 dest=2001:db8::/32 all\n::/1 half\n::/64 zeros\n::/80 more zeros\n");

  _expect(list, "192.0.2.1", NULL, NULL);
  _expect(list, "192.0.2.1", "2001:db8::1", NULL);
  _expect(list, "::1", NULL, "more zeros");
  _expect(list, "2001:db8::1", NULL, "half");
  _expect(list, "9001:db8::1", "2001:db8::1", "all");
  pk_allow_unref(list);
}

Test(allow, ipv6_is_in_no_network_of_ipv4)
{
  PkAllow *list = _new("0.0.0.0/1 low\n128.0.0.0/1 high\n192.0.2.1 dest=0.0.0.0/0 to v4\n192.0.2.2 dest=::/0 to v6\n");

  _expect(list, "::1", NULL, NULL);
  _expect(list, "::192.0.2.1", NULL, NULL);
  _expect(list, "2001:db8::1", NULL, NULL);
  _expect(list, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, NULL);
  _expect(list, "::ffff:127.0.0.1", NULL, "low");
  _expect(list, "192.0.2.1", "198.51.100.1", "to v4");
  _expect(list, "192.0.2.1", "2001:db8::1", "high");
  _expect(list, "192.0.2.2", "198.51.100.1", "high");
  _expect(list, "192.0.2.2", "2001:db8::1", "to v6");
  pk_allow_unref(list);
}

Test(allow, a_destination_narrows_an_entry)
{
  PkAllow *list = _new("192.0.2.0/24 dest=198.51.100.0/24 net\n"
                       "192.0.2.0/24 dest=198.51.100.7 host\n"
                       "192.0.2.0/24 dest=2001:db8::/32 six\n"
                       "192.0.2.9 anywhere\n"
                       "192.0.0.0/16 elsewhere\n");

  _expect(list, "192.0.2.1", "198.51.100.7", "host");
  _expect(list, "192.0.2.1", "198.51.100.8", "net");
  _expect(list, "192.0.2.1", "2001:db8::8", "six");
  _expect(list, "192.0.2.1", "203.0.113.1", "elsewhere");
  _expect(list, "192.0.2.1", NULL, "elsewhere");
  _expect(list, "192.0.2.9", "198.51.100.7", "anywhere");
  _expect(list, "203.0.113.1", "198.51.100.7", NULL);
  pk_allow_unref(list);
}

Test(allow, among_equal_sources_one_with_a_destination_comes_first)
{
  PkAllow *list = _new("192.0.2.0/24 any\n192.0.2.0/24 dest=198.51.100.0/24 net\n");

  _expect(list, "192.0.2.1", "198.51.100.7", "net");
  _expect(list, "192.0.2.1", "203.0.113.1", "any");
  _expect(list, "192.0.2.1", NULL, "any");
  pk_allow_unref(list);
}

Test(allow, only_towards_a_destination_is_nothing_without_one)
{
  PkAllow *list = _new("0.0.0.0/0 dest=198.51.100.0/24 honeypot\n");

  _expect(list, "192.0.2.1", "198.51.100.7", "honeypot");
  _expect(list, "192.0.2.1", "203.0.113.7", NULL);
  _expect(list, "192.0.2.1", NULL, NULL);
  _expect(list, "2001:db8::1", "198.51.100.7", NULL);
  pk_allow_unref(list);
}

Test(allow, an_entry_counts_on_its_last_day_to_midnight_utc)
{
  PkAllow *list = _new("192.0.2.1 until=2026-11-22 today\n");

  _expect_at(list, "192.0.2.1", NULL, NOW - 1000 * DAY_USEC, "today");
  _expect_at(list, "192.0.2.1", NULL, NOW, "today");
  _expect_at(list, "192.0.2.1", NULL, NOW + DAY_USEC - 1, "today");
  _expect_at(list, "192.0.2.1", NULL, NOW + DAY_USEC, NULL);
  _expect_at(list, "192.0.2.1", NULL, G_MAXINT64, NULL);
  pk_allow_unref(list);
}

Test(allow, what_has_expired_gives_way_to_the_next)
{
  PkAllow *list = _new("192.0.2.1 dest=198.51.100.7 until=2026-11-21 host\n"
                       "192.0.2.1 dest=198.51.100.0/24 until=2026-11-22 net\n"
                       "192.0.2.1 until=2026-11-23 any\n"
                       "192.0.2.0/24 wide\n");

  _expect_at(list, "192.0.2.1", "198.51.100.7", NOW - 1, "host");
  _expect_at(list, "192.0.2.1", "198.51.100.7", NOW, "net");
  _expect_at(list, "192.0.2.1", "198.51.100.7", NOW + DAY_USEC, "any");
  _expect_at(list, "192.0.2.1", "198.51.100.7", NOW + 2 * DAY_USEC, "wide");
  pk_allow_unref(list);
}

Test(allow, an_event_without_source_is_not_marked)
{
  PkAllow *list = _new("::/1 x\n0.0.0.0/1 x\n");
  static PkEvent event;

  pk_event_init(&event);
  cr_expect(!pk_allow_mark(list, &event, NOW));
  pk_allow_unref(list);
}

Test(allow, an_empty_list_marks_nothing)
{
  PkAllow *list = _new("");

  cr_expect_eq(pk_allow_count(list), 0);
  _expect(list, "192.0.2.1", "192.0.2.2", NULL);
  pk_allow_unref(list);
}

Test(allow, a_reason_has_room_beside_all_other_texts)
{
  static PkEvent event;
  static gchar bytes[PK_EVENT_TEXT_BYTES];
  gchar *reason = g_strnfill(255, 'r'), *text = g_strconcat("192.0.2.1 ", reason, NULL);
  PkAllow *list = _new(text);

  knocks_init_event(&event, _addr("192.0.2.1"), _addr("198.51.100.1"), 7000, 0);
  for (guint id = 0; id < PK_TEXT_ALLOWED; id++)
    pk_event_set_text(&event, (PkTextId) id, bytes, sizeof(bytes));
  cr_expect(pk_allow_mark(list, &event, NOW));
  cr_expect(pk_slice_equals(pk_event_get_text(&event, PK_TEXT_ALLOWED), pk_slice_from_string(reason)));
  pk_allow_unref(list);
  g_free(reason);
  g_free(text);
}

/* ---- files -------------------------------------------------------------------- */

Test(allow, comments_blanks_and_line_ends_of_all_kinds)
{
  PkAllow *list = _new("\xef\xbb\xbf# a comment\r\n"
                       "\r\n"
                       "192.0.2.1 one\r\n"
                       "   \t \n"
                       "  # 192.0.2.9 \xff no text, and no entry\n"
                       "\t192.0.2.2   two \r\n"
                       "192.0.2.3 three");

  cr_expect_eq(pk_allow_count(list), 3);
  _expect(list, "192.0.2.1", NULL, "one");
  _expect(list, "192.0.2.2", NULL, "two");
  _expect(list, "192.0.2.3", NULL, "three");
  _expect(list, "192.0.2.9", NULL, NULL);
  pk_allow_unref(list);
}

Test(allow, a_bad_line_is_refused_with_file_and_number)
{
  static const gchar binary[] = "192.0.2.1 one\n\n\0\0\x7f"
                                "ELF";
  gchar *longer = g_strnfill(1025, '1');

  _expect_refused(pk_slice_from_string("# x\n\n192.0.2.1 one\r\n10.0.0.0/33 x\n???"),
                  "allow-file: x.allow:4: \"10.0.0.0/33\" is no network: a prefix length of 0 to 32 is permitted");
  _expect_refused(pk_slice_from_string("192.0.2.1"),
                  "allow-file: x.allow:1: \"192.0.2.1\" has no reason: one of 1 to 255 bytes is required");
  _expect_refused(PK_SLICE(binary), "allow-file: x.allow:3: a NUL byte: this is no text file");
  _expect_refused(pk_slice(longer, 1025), "allow-file: x.allow:1: the line is too long: at most 1024 bytes are "
                                          "permitted");
  _expect_refused(pk_slice_from_string("192.0.2.1 one\r192.0.2.2 two\r"),
                  "allow-file: x.allow:1: the line is no text: UTF-8 without control characters is permitted");
  g_free(longer);
}

Test(allow, what_is_there_twice_is_refused_with_both_lines)
{
  _expect_refused(pk_slice_from_string("192.0.2.0/24 a\n10.0.0.0/8 b\n# x\n192.0.2.0/24 until=2030-01-01 c\n"),
                  "allow-file: x.allow:4: \"192.0.2.0/24\" is permitted once, it is in line 1 too");
  _expect_refused(pk_slice_from_string("2001:db8::1 dest=192.0.2.1 a\n2001:db8:0::1 dest=192.0.2.1/32 a\n"),
                  "allow-file: x.allow:2: \"2001:db8::1 dest=192.0.2.1\" is permitted once, it is in line 1 too");
  _expect_refused(pk_slice_from_string("9.0.0.0/8 a\n8.0.0.0/8 a\n9.0.0.0/8 a\n8.0.0.0/8 a\n9.0.0.0/8 a\n"),
                  "allow-file: x.allow:3: \"9.0.0.0/8\" is permitted once, it is in line 1 too");
  pk_allow_unref(_new("192.0.2.0/24 a\n192.0.2.0/25 a\n192.0.2.0/24 dest=192.0.2.0/24 a\n192.0.2.0/24 dest=::/0 a\n"));
}

Test(allow, a_file_has_at_most_a_million_entries)
{
  GString *text = g_string_new(NULL);
  PkAllow *list;

  for (guint i = 0; i < PK_ALLOW_ENTRIES_MAX; i++)
    g_string_append_printf(text, "10.%u.%u.%u x\n", i >> 16, i >> 8 & 0xff, i & 0xff);
  list = _new(text->str);
  cr_expect_eq(pk_allow_count(list), PK_ALLOW_ENTRIES_MAX);
  _expect(list, "10.15.66.63", NULL, "x");
  _expect(list, "10.15.66.64", NULL, NULL);
  pk_allow_unref(list);
  g_string_append(text, "# still fine\n11.0.0.0 x\n");
  _expect_refused(pk_slice(text->str, text->len),
                  "allow-file: x.allow:1000002: too many entries: at most 1000000 are permitted");
  g_string_free(text, TRUE);
}

/* ---- options -------------------------------------------------------------------- */

static PkOptions options;
static gchar *folder, *path;

static void
_begin(void)
{
  pk_options_init(&options);
  folder = g_dir_make_tmp("port-knock-allow.XXXXXX", NULL);
  cr_assert_not_null(folder);
  path = g_build_filename(folder, "x.allow", NULL);
  cr_assert(pk_options_set(&options, "allow-file", path, NULL));
}

static void
_end(void)
{
  g_unlink(path);
  g_rmdir(folder);
  g_free(path);
  g_free(folder);
  pk_options_clear(&options);
}

TestSuite(allow_options, .init = _begin, .fini = _end);

static PkAllow *
_load(const gchar *text)
{
  GError *error = NULL;
  PkAllow *list;

  cr_assert(g_file_set_contents(path, text, -1, NULL));
  cr_assert(pk_options_check(&options, NULL));
  list = pk_allow_new(&options, &error);
  cr_assert_not_null(list, "%s", error ? error->message : "");
  return list;
}

/* message: what follows the name of the file. */
static void
_expect_no_load(const gchar *message)
{
  gchar *expected = g_strdup_printf("allow-file: %s:%s", path, message);
  GError *error = NULL;

  cr_assert_null(pk_allow_new(&options, &error));
  cr_expect_str_eq(error->message, expected);
  g_error_free(error);
  g_free(expected);
}

Test(allow_options, entries_of_both_are_one_list)
{
  PkAllow *list;

  cr_assert(pk_options_set(&options, "allow", "192.0.2.0/24 inline", NULL));
  cr_assert(pk_options_set(&options, "allow", "203.0.113.1 dest=198.51.100.0/24 until=2030-12-31 too", NULL));
  list = _load("192.0.2.7 file\n");
  cr_expect_eq(pk_allow_count(list), 3);
  _expect(list, "192.0.2.7", NULL, "file");
  _expect(list, "192.0.2.8", NULL, "inline");
  _expect(list, "203.0.113.1", "198.51.100.2", "too");
  pk_allow_unref(list);
}

Test(allow_options, a_list_may_be_shared)
{
  PkAllow *list = _load("192.0.2.7 file\n"), *other = pk_allow_ref(list);

  pk_allow_unref(list);
  _expect(other, "192.0.2.7", NULL, "file");
  pk_allow_unref(other);
}

Test(allow_options, a_file_that_cannot_be_read_is_refused)
{
  _expect_no_load(" No such file or directory");
  cr_assert_eq(g_mkdir(path, 0700), 0);
  _expect_no_load(" it is no regular file");
  cr_assert_eq(g_rmdir(path), 0);
  cr_assert_eq(mkfifo(path, 0600), 0);
  _expect_no_load(" it is no regular file");
}

Test(allow_options, a_file_that_is_too_large_is_refused)
{
  cr_assert(g_file_set_contents(path, "", 0, NULL));
  cr_assert_eq(truncate(path, PK_ALLOW_FILE_BYTES_MAX + 1), 0);
  _expect_no_load(" it is too large: at most 128 MiB are permitted");
}

Test(allow_options, what_the_file_and_an_option_say_is_refused)
{
  cr_assert(pk_options_set(&options, "allow", "192.0.2.0/24 inline", NULL));
  cr_assert(g_file_set_contents(path, "# x\n192.0.2.0/24 file\n", -1, NULL));
  _expect_no_load("2: \"192.0.2.0/24\" is permitted once, it is in allow() too");
}

Test(allow_options, what_two_options_say_is_refused_at_once)
{
  GError *error = NULL;

  cr_assert(pk_options_set(&options, "allow", "192.0.2.0/24 one", NULL));
  cr_assert(pk_options_set(&options, "allow", "192.0.2.0/24 two", NULL));
  cr_expect(!pk_options_check(&options, &error));
  cr_expect_str_eq(error->message, "allow: \"192.0.2.0/24\" is permitted once");
  g_error_free(error);
}

Test(allow_options, a_bad_file_leaves_what_the_file_said_and_what_options_say_now)
{
  PkAllow *old, *list;

  cr_assert(pk_options_set(&options, "allow", "203.0.113.0/24 gone", NULL));
  old = _load("192.0.2.0/24 file\n192.0.2.1 dest=198.51.100.1 until=2026-11-22 file too\n192.0.2.1 file any\n"
              "192.0.2.3 dest=198.51.100.1 only\n192.0.2.2 gives way\n");
  pk_options_clear(&options);
  pk_options_init(&options);
  cr_assert(pk_options_set(&options, "allow", "192.0.2.2 new", NULL));
  list = pk_allow_new_keeping(&options, old, NULL);
  pk_allow_unref(old);

  cr_assert_not_null(list);
  cr_expect_eq(pk_allow_count(list), 5);
  _expect(list, "203.0.113.1", NULL, NULL);
  _expect(list, "192.0.2.1", NULL, "file any");
  _expect(list, "192.0.2.1", "198.51.100.1", "file too");
  _expect_at(list, "192.0.2.1", "198.51.100.1", NOW + DAY_USEC, "file any");
  _expect(list, "192.0.2.2", NULL, "new");
  _expect(list, "192.0.2.3", "198.51.100.1", "only");
  _expect(list, "192.0.2.3", NULL, "file");
  pk_allow_unref(list);
}

/* ---- against a plain model --------------------------------------------------------- */

#define MODEL_ENTRIES 100000
#define MODEL_QUERIES 500

/* An entry as it was written, compared bit by bit. */
typedef struct _Plain
{
  PkAddr source, dest;
  gint source_bits, dest_bits; /* -1: none */
  gboolean source_v4, dest_v4;
  gint days; /* until: days from NOW on; 0: for ever */
} Plain;

static gboolean
_bits_equal(const PkAddr *a, const PkAddr *b, gint bits)
{
  for (gint i = 0; i < bits; i++)
    if ((a->bytes[i / 8] ^ b->bytes[i / 8]) & 0x80 >> i % 8)
      return FALSE;
  return TRUE;
}

static void
_clear_bits(PkAddr *addr, gint from)
{
  for (gint i = from; i < 128; i++)
    addr->bytes[i / 8] &= (guint8) ~(0x80 >> i % 8);
}

/* Few values in each byte, so that networks lie within each other. */
static PkAddr
_random_addr(GRand *random, gboolean v4)
{
  PkAddr addr = v4 ? knocks_v4(0, 0, 0, 0) : _addr("2001:db8::");

  for (gint i = v4 ? 12 : 4; i < 16; i++)
    addr.bytes[i] = (guint8) (g_rand_int_range(random, 0, 5) << g_rand_int_range(random, 0, 6));
  return addr;
}

static Plain
_random_entry(GRand *random)
{
  Plain plain = { .dest_bits = -1, .source_v4 = g_rand_boolean(random), .dest_v4 = g_rand_boolean(random) };

  plain.source_bits = g_rand_int_range(random, plain.source_v4 ? 96 + 14 : 50, 129);
  plain.source = _random_addr(random, plain.source_v4);
  _clear_bits(&plain.source, plain.source_bits);
  plain.dest = _random_addr(random, plain.dest_v4);
  if (g_rand_int_range(random, 0, 3) == 0)
    {
      plain.dest_bits = g_rand_int_range(random, plain.dest_v4 ? 96 : 0, 129);
      _clear_bits(&plain.dest, plain.dest_bits);
    }
  plain.days = g_rand_int_range(random, 0, 4);
  return plain;
}

static void
_append_network(GString *text, const PkAddr *addr, gint bits, gboolean v4)
{
  gchar addr_text[PK_ADDR_TEXT_BYTES];

  pk_addr_format(addr, addr_text);
  g_string_append_printf(text, "%s/%d", addr_text, bits - (v4 ? 96 : 0));
}

static void
_append_entry(GString *text, const Plain *plain, guint number)
{
  _append_network(text, &plain->source, plain->source_bits, plain->source_v4);
  if (plain->dest_bits >= 0)
    {
      g_string_append(text, " dest=");
      _append_network(text, &plain->dest, plain->dest_bits, plain->dest_v4);
    }
  if (plain->days > 0)
    g_string_append_printf(text, " until=2026-11-%02d", 21 + plain->days);
  g_string_append_printf(text, " entry %u\n", number);
}

static gboolean
_is_v4(const PkAddr *addr)
{
  PkAddr mapped = knocks_v4(0, 0, 0, 0);

  return _bits_equal(addr, &mapped, 96);
}

static gboolean
_plain_fits(const Plain *plain, const PkEvent *event, gint64 now_usec)
{
  if (plain->days > 0 && now_usec >= NOW + plain->days * DAY_USEC)
    return FALSE;
  if (plain->source_v4 != _is_v4(&event->source) || !_bits_equal(&plain->source, &event->source, plain->source_bits))
    return FALSE;
  return plain->dest_bits < 0 ||
         (plain->dest_v4 == _is_v4(&event->dest) && _bits_equal(&plain->dest, &event->dest, plain->dest_bits));
}

static gint
_plain_find(const GArray *entries, const PkEvent *event, gint64 now_usec)
{
  gint found = -1;

  for (guint i = 0; i < entries->len; i++)
    {
      const Plain *plain = &g_array_index(entries, Plain, i);
      const Plain *best = found < 0 ? NULL : &g_array_index(entries, Plain, found);

      if (_plain_fits(plain, event, now_usec) &&
          (!best || plain->source_bits > best->source_bits ||
           (plain->source_bits == best->source_bits && plain->dest_bits > best->dest_bits)))
        found = (gint) i;
    }
  return found;
}

/* Networks as the model writes them, each once. */
static GArray *
_random_entries(GRand *random, GString *text)
{
  GArray *entries = g_array_new(FALSE, FALSE, sizeof(Plain));
  GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

  while (entries->len < MODEL_ENTRIES)
    {
      Plain plain = _random_entry(random);
      GString *key = g_string_new(NULL);

      _append_network(key, &plain.source, plain.source_bits, plain.source_v4);
      if (plain.dest_bits >= 0)
        _append_network(key, &plain.dest, plain.dest_bits, plain.dest_v4);
      if (g_hash_table_add(seen, g_string_free(key, FALSE)))
        {
          _append_entry(text, &plain, entries->len);
          g_array_append_val(entries, plain);
        }
    }
  g_hash_table_unref(seen);
  return entries;
}

static void
_compare_with_plain(const PkAllow *list, const GArray *entries, const PkAddr *source, const PkAddr *dest,
                    gint64 now_usec, guint *found)
{
  static PkEvent event;
  gint plain;
  gchar *expected;

  knocks_init_event(&event, *source, *dest, 7000, 0);
  plain = _plain_find(entries, &event, now_usec);
  expected = plain < 0 ? NULL : g_strdup_printf("entry %d", plain);
  *found += plain >= 0;
  cr_expect_eq(pk_allow_mark(list, &event, now_usec), plain >= 0);
  cr_expect(pk_slice_equals(pk_event_get_text(&event, PK_TEXT_ALLOWED), pk_slice_from_string(expected)), "not %s",
            expected ? expected : "nothing");
  g_free(expected);
}

Test(allow, among_100000_entries_the_same_is_found_as_by_looking_at_each)
{
  GRand *random = g_rand_new_with_seed(42);
  GString *text = g_string_new(NULL);
  GArray *entries = _random_entries(random, text);
  PkAllow *list = _new(text->str);
  guint found = 0;

  cr_expect_eq(pk_allow_count(list), MODEL_ENTRIES);
  for (guint i = 0; i < MODEL_QUERIES; i++)
    {
      PkAddr source = _random_addr(random, g_rand_boolean(random)), dest = _random_addr(random, g_rand_boolean(random));

      _compare_with_plain(list, entries, &source, &dest, NOW + g_rand_int_range(random, 0, 5) * DAY_USEC, &found);
    }
  cr_expect_gt(found, MODEL_QUERIES / 4);
  cr_expect_lt(found, MODEL_QUERIES);
  pk_allow_unref(list);
  g_array_unref(entries);
  g_string_free(text, TRUE);
  g_rand_free(random);
}
