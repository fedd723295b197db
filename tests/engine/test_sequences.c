/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/sequences-private.h"
#include "engine/window.h"
#include "scan/slice.h"

/* ---- finding ------------------------------------------------------------------- */

static PkSequences *known;

static void
_read(const gchar *text)
{
  GError *error = NULL;

  pk_sequences_unref(known);
  known = pk_sequences_new_from_text(text, strlen(text), "doors", &error);
  cr_assert_not_null(known, "%s", error ? error->message : "");
}

static void
_begin(void)
{
  known = NULL;
  _read("{\"entries\": [ {\"id\": \"three\", \"ports\": [7000, 8000, 9000]},"
        "{\"id\": \"two\", \"ports\": [1111, 2222]},"
        "{\"id\": \"five\", \"ports\": [10, 20, 30, 40, 50]},"
        "{\"id\": \"twice\", \"ports\": [600, 601, 600, 602]},"
        "{\"id\": \"mixed\", \"ports\": [123, 456, 789], \"transport\": \"tcp,udp,tcp\"},"
        "{\"id\": \"sizes\", \"icmp_packet_sizes\": [123, 124, 125]} ]}");
}

static void
_end(void)
{
  pk_sequences_unref(known);
}

TestSuite(sequences, .init = _begin, .fini = _end);

/* The hits, TCP unless said otherwise; n of them. */
static PkPort hits[PK_HITS_MAX];
static guint n_hits;

static void
_hit(const guint16 *ports)
{
  for (n_hits = 0; *ports; ports++)
    hits[n_hits++] = (PkPort){ .protocol = PK_PROTO_TCP, .port = *ports };
}

#define HITS(...) _hit((const guint16[]){ __VA_ARGS__, 0 })

static const gchar *
_match_at(guint newest)
{
  PkSequenceMatch match;

  return pk_sequences_match(known, hits, n_hits, newest, &match) ? match.id : "";
}

#define EXPECT(name) cr_expect_str_eq(_match_at(n_hits - 1), name)
#define EXPECT_NONE EXPECT("")

Test(sequences, a_sequence_is_found_in_order_and_in_no_other)
{
  HITS(7000, 8000, 9000);
  EXPECT("three");
  HITS(9000, 8000, 7000);
  EXPECT_NONE;
  HITS(7000, 9000, 8000);
  EXPECT_NONE;
  HITS(7000, 8000);
  EXPECT_NONE;
}

Test(sequences, it_is_found_when_its_last_hit_arrives_whichever_that_is)
{
  HITS(7000, 8000, 9000);
  cr_expect_str_eq(_match_at(0), "three");
  cr_expect_str_eq(_match_at(1), "three");
  HITS(7000, 8000, 9000, 4711);
  EXPECT_NONE; /* found before */
}

Test(sequences, as_many_other_ports_as_it_is_long_may_lie_inside)
{
  HITS(7000, 1, 2, 8000, 3, 9000);
  EXPECT("three");
  HITS(7000, 1, 2, 8000, 3, 4, 9000);
  EXPECT_NONE;
  HITS(7000, 1, 1, 1, 2, 2, 8000, 1, 9000); /* two distinct ones */
  EXPECT("three");
}

Test(sequences, what_lies_before_and_after_does_not_matter)
{
  HITS(1, 2, 3, 4, 5, 6, 7000, 8000, 9000);
  EXPECT("three");
}

Test(sequences, a_door_of_two_ports_has_nothing_inside)
{
  HITS(1111, 2222);
  EXPECT("two");
  HITS(1111, 1, 2222);
  EXPECT_NONE;
  HITS(1111, 1111, 2222);
  EXPECT("two");
}

Test(sequences, a_repeat_of_its_own_port_does_not_hurt)
{
  HITS(7000, 7000, 8000, 7000, 8000, 9000);
  EXPECT("three");
}

Test(sequences, a_sequence_may_repeat_a_port)
{
  HITS(600, 601, 600, 602);
  EXPECT("twice");
  HITS(600, 601, 602);
  EXPECT("twice"); /* one of four may be missing */
  HITS(601, 600, 602);
  EXPECT_NONE;
}

Test(sequences, from_four_ports_on_one_may_be_missing_but_not_the_first_or_the_last)
{
  HITS(10, 20, 40, 50);
  EXPECT("five");
  HITS(10, 30, 40, 50);
  EXPECT("five");
  HITS(20, 30, 40, 50);
  EXPECT_NONE;
  HITS(10, 20, 30, 40);
  EXPECT_NONE;
  HITS(10, 30, 50);
  EXPECT_NONE;
  HITS(7000, 9000);
  EXPECT_NONE;
}

Test(sequences, the_match_says_which_port_is_missing_and_where_it_lies)
{
  PkSequenceMatch match;

  HITS(99, 10, 20, 40, 50);
  cr_assert(pk_sequences_match(known, hits, n_hits, n_hits - 1, &match));
  cr_expect(match.is_missing);
  cr_expect_eq(match.missing.port, 30);
  cr_expect_eq(match.first, 1);
  cr_expect_eq(match.last, 4);
  cr_expect_eq(match.n_ports, 5);
}

Test(sequences, a_complete_one_is_preferred_to_a_longer_one_with_a_gap)
{
  _read("{\"entries\": [ {\"id\": \"long\", \"ports\": [1, 2, 3, 4, 5]},"
        "{\"id\": \"short\", \"ports\": [1, 2, 4, 5]} ]}");
  HITS(1, 2, 4, 5);
  EXPECT("short");
  _read("{\"entries\": [ {\"id\": \"short\", \"ports\": [2, 3]}, {\"id\": \"long\", \"ports\": [1, 2, 3]} ]}");
  HITS(1, 2, 3);
  EXPECT("long");
}

Test(sequences, protocols_count)
{
  HITS(123, 456, 789);
  EXPECT_NONE;
  hits[1].protocol = PK_PROTO_UDP;
  EXPECT("mixed");
}

Test(sequences, pings_are_told_by_their_size)
{
  HITS(123, 124, 125);
  EXPECT_NONE;
  for (guint i = 0; i < n_hits; i++)
    hits[i] = (PkPort){ .protocol = PK_PROTO_ICMP, .icmp_type = 8, .port = hits[i].port };
  EXPECT("sizes");
}

Test(sequences, either_protocol_may_be_meant)
{
  _read("{\"entries\": [ {\"id\": \"any\", \"ports\": [1, 2, 3], \"transport\": \"tcp|udp\"} ]}");
  HITS(1, 2, 3);
  EXPECT("any");
  for (guint i = 0; i < n_hits; i++)
    hits[i].protocol = PK_PROTO_UDP;
  EXPECT("any");
  hits[1].protocol = PK_PROTO_TCP;
  EXPECT_NONE;
}

Test(sequences, a_door_may_have_as_many_ports_as_a_window_has_hits)
{
  GString *text = g_string_new("{\"entries\": [ {\"id\": \"long\", \"ports\": [");

  n_hits = PK_HITS_MAX;
  for (guint i = 0; i < PK_HITS_MAX; i++)
    {
      g_string_append_printf(text, "%s%u", i ? "," : "", 1000 + i);
      hits[i] = (PkPort){ .protocol = PK_PROTO_TCP, .port = (guint16) (1000 + i) };
    }
  g_string_append(text, "]} ]}");
  _read(text->str);
  EXPECT("long");
  g_string_free(text, TRUE);
}

/* ---- against a plain search -------------------------------------------------------- */

/* Every way to lay sequence, from position on, over the hits from `from` on. */
static gboolean
_search(const PkSequence *sequence, guint skipped, guint position, guint from, guint newest, gint first,
        gboolean has_newest)
{
  if (position == skipped && position < sequence->n)
    return _search(sequence, skipped, position + 1, from, newest, first, has_newest);
  if (position == sequence->n)
    {
      GHashTable *others = g_hash_table_new(NULL, NULL);
      guint n;

      for (guint i = (guint) first; i < from; i++)
        {
          gboolean own = FALSE;

          for (guint j = 0; j < sequence->n; j++)
            own = own || sequence->ports[j].port == hits[i].port;
          if (!own)
            g_hash_table_add(others, GUINT_TO_POINTER(hits[i].port));
        }
      n = g_hash_table_size(others);
      g_hash_table_unref(others);
      return has_newest && n <= (sequence->n == 2 ? 0 : sequence->n);
    }
  for (guint i = from; i < n_hits; i++)
    if (hits[i].port == sequence->ports[position].port &&
        _search(sequence, skipped, position + 1, i + 1, newest, first < 0 ? (gint) i : first,
                has_newest || i == newest))
      return TRUE;
  return FALSE;
}

static gboolean
_search_all(guint newest)
{
  for (guint i = 0; i < known->sequences->len; i++)
    {
      const PkSequence *sequence = &g_array_index(known->sequences, PkSequence, i);

      if (_search(sequence, sequence->n, 0, 0, newest, -1, FALSE))
        return TRUE;
      for (guint skipped = 1; sequence->n >= 4 && skipped + 1 < sequence->n; skipped++)
        if (_search(sequence, skipped, 0, 0, newest, -1, FALSE))
          return TRUE;
    }
  return FALSE;
}

Test(sequences, the_search_agrees_with_one_that_tries_everything)
{
  GRand *random = g_rand_new_with_seed(11);
  guint found = 0;

  _read("{\"entries\": [ {\"id\": \"a\", \"ports\": [1, 2, 3]}, {\"id\": \"b\", \"ports\": [4, 1, 4, 2, 5]},"
        "{\"id\": \"c\", \"ports\": [6, 7]}, {\"id\": \"d\", \"ports\": [2, 2, 3, 8]} ]}");
  for (guint round = 0; round < 30000; round++)
    {
      guint newest;

      n_hits = (guint) g_rand_int_range(random, 1, 12);
      for (guint i = 0; i < n_hits; i++)
        hits[i] = (PkPort){ .protocol = PK_PROTO_TCP, .port = (guint16) g_rand_int_range(random, 1, 13) };
      newest = (guint) g_rand_int_range(random, 0, (gint) n_hits);
      cr_assert_eq(_match_at(newest)[0] != '\0', _search_all(newest), "round %u", round);
      found += _match_at(newest)[0] != '\0';
    }
  cr_expect_gt(found, 300);
  g_rand_free(random);
}

/* ---- packets ------------------------------------------------------------------------ */

Test(sequences, a_packet_is_known_when_all_that_is_said_of_it_fits)
{
  PkEvent event;

  _read("{\"entries\": [ {\"id\": \"spa\", \"kind\": \"spa\", \"packet\": {\"protocol\": \"udp\", \"port\": 62201}},"
        "{\"id\": \"magic\", \"kind\": \"magic\", \"packet\": {\"src_port\": 666, \"ip_id\": 3429}} ]}");
  memset(&event, 0, sizeof(event));
  event.has = PK_HAS_PROTOCOL | PK_HAS_DEST_PORT;
  event.protocol = PK_PROTO_UDP;
  event.dest_port = 62201;
  cr_assert_not_null(pk_sequences_find_packet(known, &event));
  cr_expect_eq(pk_sequences_find_packet(known, &event)->branch, PK_BRANCH_SPA_PACKET_DENIED);
  event.protocol = PK_PROTO_TCP;
  cr_expect_null(pk_sequences_find_packet(known, &event));
  event.source_port = 666;
  event.ip_id = 3429;
  cr_expect_null(pk_sequences_find_packet(known, &event)); /* not in the line */
  event.has |= PK_HAS_SOURCE_PORT | PK_HAS_IP_ID;
  cr_expect_eq(pk_sequences_find_packet(known, &event)->branch, PK_BRANCH_MAGIC_PACKET_DENIED);
}

/* ---- the file ------------------------------------------------------------------------- */

static void
_expect_refused(const gchar *text, const gchar *message)
{
  GError *error = NULL;
  gchar *expected = g_strconcat("known-sequences: doors: ", message, NULL);

  cr_expect_null(pk_sequences_new_from_text(text, strlen(text), "doors", &error), "%s", text);
  cr_assert_not_null(error, "%s", text);
  cr_expect_str_eq(error->message, expected);
  g_error_free(error);
  g_free(expected);
}

Test(sequences, what_is_wrong_in_a_file_is_named_with_its_place)
{
  _expect_refused("", "the JSON ends too early");
  _expect_refused("{ nonsense", "no JSON at byte 2: quoted object property name expected");
}

Test(sequences, bad_entries_are_refused)
{
  _expect_refused("null ", "it holds null, it takes an object with a list \"entries\"");
  _expect_refused("[]", "it takes an object with a list \"entries\"");
  _expect_refused("{\"entries\": [ 5 ]}", "entry 1: it is no object");
  _expect_refused("{\"entries\": [ {} ]}", "entry 1: it has no id");
  _expect_refused("{\"entries\": [ {\"id\": \"A b\"} ]}",
                  "entry 1: id: \"A b\" is not permitted, it takes 1 to 48 of the characters a-z, 0-9 and -");
  _expect_refused("{\"entries\": [ {\"id\": \"a\"} ]}",
                  "entry 1, a: it has neither ports nor icmp_packet_sizes nor packet");
  _expect_refused("{\"entries\": [ {\"id\": \"a\", \"ports\": [1]} ]}",
                  "entry 1, a: ports: it takes a list of 2 to 32");
  _expect_refused("{\"entries\": [ {\"id\": \"a\", \"ports\": [1, 65536]} ]}",
                  "entry 1, a: ports: 65536 is not permitted, it takes a whole number from 1 to 65535");
  _expect_refused("{\"entries\": [ {\"id\": \"a\", \"ports\": [1, \"2/sctp\"]} ]}",
                  "entry 1, a: ports: \"sctp\" is not permitted, it takes tcp or udp");
  _expect_refused("{\"entries\": [ {\"id\": \"a\", \"ports\": [1, 2], \"transport\": null} ]}",
                  "entry 1, a: transport: \"\" is not permitted, it takes one word, or one for each of the 2 ports");
}

Test(sequences, nothing_in_a_file_is_passed_over)
{
  _expect_refused("{\"entries\": [], \"enrties\": []}", "\"enrties\" is no key, there are entries, note");
  _expect_refused("{\"entries\": []} {\"entries\": []}", "no JSON at byte 16: unexpected character");
  _expect_refused("{\"entries\": [ {\"id\": \"a\", \"ports\": [1, 2], \"icmp_packet_sizes\": [98, 99]} ]}",
                  "entry 1, a: it takes one of ports, icmp_packet_sizes and packet");
  _expect_refused("{\"entries\": [ {\"id\": \"a\\u0000b\", \"ports\": [1, 2]} ]}", "entry 1: it has no id");
  _expect_refused("{\"entries\": [ {\"id\": \"a\", \"ports\": [1, \"2\\u0000\"]} ]}",
                  "entry 1, a: ports: \"\" is not permitted, it takes a number from 1 to 65535, or "
                  "\"NUMBER/PROTOCOL\"");
  _read("{\"note\": \"doors\", \"entries\": []}\n\n");
  cr_expect_eq(pk_sequences_count(known), 0);
}

Test(sequences, the_same_twice_is_refused)
{
  _expect_refused("{\"entries\": [ {\"id\": \"a\", \"ports\": [1, 2]}, {\"id\": \"a\", \"ports\": [3, 4]} ]}",
                  "entry 2: id: \"a\" is there twice");
  _expect_refused("{\"entries\": [ {\"id\": \"a\", \"ports\": [1, 2]}, {\"id\": \"b\", \"ports\": [1, \"2/tcp\"]} ]}",
                  "entry 2, b: \"a\" has the same ports in the same order");
}

/* json-c 0.18 refuses it when it is strict. */
Test(sequences, notes_are_in_any_language_and_in_utf_8)
{
  _read("{\"note\": \"T\xc3\xbcr\", \"entries\": [ {\"id\": \"a\", \"ports\": [1, 2],"
        "\"note\": \"\xe9\x96\x80 \xf0\x9f\x9a\xaa\"} ]}");
  cr_expect_eq(pk_sequences_count(known), 1);
  _expect_refused("{\"note\": \"T\xfcr\", \"entries\": []}", "no JSON at byte 11: invalid utf-8 string");
  _expect_refused("{\"note\": '\xc3\xbc', \"entries\": []}", "no JSON at byte 9: unexpected character");
  _expect_refused("{\"entries\": []}\xc3\xbc", "no JSON at byte 15: unexpected character");
}

Test(sequences, what_follows_a_nul_is_not_passed_over)
{
  static const gchar text[] = "{\"entries\": []}\n\0{\"{\"{";
  GError *error = NULL;

  cr_expect_null(pk_sequences_new_from_text(text, sizeof(text) - 1, "doors", &error));
  cr_assert_not_null(error);
  cr_expect_str_eq(error->message, "known-sequences: doors: no JSON at byte 16: a NUL");
  g_error_free(error);
}

/* json-c takes such keys; and what stood in one was read as objects, more than there was room for. */
Test(sequences, keys_in_single_quotes_are_refused)
{
  _expect_refused("{'entries': []}", "no JSON at byte 1: names and texts stand in double quotes");
  _expect_refused("{\"entries\": [{'\"{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{': 1}]}",
                  "no JSON at byte 14: names and texts stand in double quotes");
  _expect_refused("{\"entries\": [{'a\"': \"}}}}\"}]}", "no JSON at byte 14: names and texts stand in double quotes");
}

Test(sequences, a_key_that_is_there_twice_is_refused_with_its_line)
{
  _expect_refused("{\"entries\": [\n {\"id\": \"a\", \"ports\": [1, 2],\n \"ports\": [3, 4]} ]}",
                  "line 3: \"ports\" is there twice");
  _expect_refused("{\"entries\": [], \"entries\": []}", "line 1: \"entries\" is there twice");
  _expect_refused("{\"entries\": [ {\"id\": \"a\", \"ports\": [1, 2], \"i\\u0064\": \"b\"} ]}",
                  "line 1: \"id\" is there twice");
  _expect_refused("{\"entries\": [ {\"id\": \"a\", \"kind\": \"spa\", \"packet\":\n"
                  "{\"protocol\": \"udp\", \"port\": 5,\n\n\"port\" : 6}} ]}",
                  "line 4: \"port\" is there twice");
  _read("{\"entries\": [ {\"id\": \"a\", \"ports\": [1, 2], \"note\": \"\\\"id\\\": {\"},"
        "{\"id\": \"b\", \"ports\": [1, 3], \"cite\": [\"id\", {\"id\": \"ports\"}]} ]}");
}

Test(sequences, a_packet_that_says_too_little_is_refused)
{
  _expect_refused("{\"entries\": [ {\"id\": \"a\", \"kind\": \"spa\", \"packet\": {\"protocol\": \"tcp\"}} ]}",
                  "entry 1, a: packet: it takes two or more of protocol, port, src_port, ip_id, tcp_window and length");
  _expect_refused("{\"entries\": [ {\"id\": \"a\", \"packet\": {\"protocol\": \"udp\", \"port\": 5}} ]}",
                  "entry 1, a: kind: \"\" is not permitted, a packet's is spa or magic");
}

Test(sequences, a_file_that_cannot_be_read_is_named)
{
  GError *error = NULL;

  cr_expect_null(pk_sequences_new_from_file("/nonexistent/doors.json", &error));
  cr_assert_not_null(error);
  cr_expect(g_str_has_prefix(error->message, "known-sequences: /nonexistent/doors.json: it cannot be read: "));
  g_error_free(error);
}

Test(sequences, each_one_that_is_built_in_finds_itself_and_hardly_any_its_reverse)
{
  GError *error = NULL;

  pk_sequences_unref(known);
  known = pk_sequences_new_built_in(&error);
  cr_assert_not_null(known, "%s", error ? error->message : "");
  cr_expect_gt(pk_sequences_count(known), 20);
  for (guint i = 0; i < known->sequences->len; i++)
    {
      const PkSequence *sequence = &g_array_index(known->sequences, PkSequence, i);

      n_hits = sequence->n;
      memcpy(hits, sequence->ports, n_hits * sizeof(hits[0]));
      EXPECT(sequence->id);
      for (guint j = 0; j < n_hits; j++)
        hits[j] = sequence->ports[n_hits - 1 - j];
      if (!g_str_has_prefix(sequence->id, "knockd-default"))
        EXPECT_NONE;
    }
}
