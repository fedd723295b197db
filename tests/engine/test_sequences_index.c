/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/sequences-private.h"
#include "engine/window.h"

/* The search through the index against one that looks at every sequence and
 * tries every way to lay it, on random lists and random hits. */

#define LISTS 3000
#define HITS_PER_LIST 60
#define DOORS_MAX 30
#define DOOR_PORTS_MAX 8
#define HITS_MAX 13

static PkSequences *known;
static PkPort hits[PK_HITS_MAX];
static guint n_hits;

/* ---- the plain search ------------------------------------------------------------ */

typedef struct _Lay
{
  const PkSequence *sequence;
  guint skipped; /* the port that is left out; n of the sequence: none */
  guint place;   /* of the newest hit in the sequence */
  guint newest;
  gint first, last; /* of the best way, or -1 */
} Lay;

static gboolean
_is_own(const PkSequence *sequence, guint hit)
{
  for (guint i = 0; i < sequence->n; i++)
    if (pk_port_equals(&sequence->ports[i], &hits[hit]))
      return TRUE;
  return FALSE;
}

static guint
_count_others(const PkSequence *sequence, guint first, guint last)
{
  guint n = 0;

  for (guint i = first; i <= last; i++)
    {
      gboolean seen = FALSE;

      for (guint j = first; j < i; j++)
        seen = seen || pk_port_equals(&hits[i], &hits[j]);
      n += !seen && !_is_own(sequence, i);
    }
  return n;
}

/* Every way; of those the one that begins last and ends first. */
static void
_lay(Lay *self, guint position, guint from, gint first, gint last)
{
  if (position == self->skipped && position < self->sequence->n)
    {
      _lay(self, position + 1, from, first, last);
      return;
    }
  if (position == self->sequence->n)
    {
      self->first = MAX(self->first, first);
      self->last = self->last < 0 ? last : MIN(self->last, last);
      return;
    }
  for (guint i = from; i < n_hits; i++)
    if ((position == self->place) == (i == self->newest) && pk_port_equals(&hits[i], &self->sequence->ports[position]))
      _lay(self, position + 1, i + 1, first < 0 ? (gint) i : first, (gint) i);
}

static gboolean
_try(const PkSequence *sequence, guint skipped, guint newest, PkSequenceMatch *ret_match)
{
  for (guint place = 0; place < sequence->n; place++)
    {
      Lay lay = { sequence, skipped, place, newest, -1, -1 };

      if (place == skipped)
        continue;
      _lay(&lay, 0, 0, -1, -1);
      if (lay.first < 0 ||
          _count_others(sequence, (guint) lay.first, (guint) lay.last) > (sequence->n == 2 ? 0 : sequence->n))
        continue;
      *ret_match = (PkSequenceMatch){ sequence->id, (guint) lay.first, (guint) lay.last, sequence->n, FALSE };
      if (skipped < sequence->n)
        {
          ret_match->is_missing = TRUE;
          ret_match->missing = sequence->ports[skipped];
        }
      return TRUE;
    }
  return FALSE;
}

static gboolean
_try_all(const PkSequence *sequence, guint newest, PkSequenceMatch *ret_match)
{
  if (_try(sequence, sequence->n, newest, ret_match))
    return TRUE;
  for (guint skipped = 1; sequence->n >= 4 && skipped + 1 < sequence->n; skipped++)
    if (_try(sequence, skipped, newest, ret_match))
      return TRUE;
  return FALSE;
}

/* The whole ones are preferred, then the longest, then what is listed first. */
static gboolean
_search(guint newest, PkSequenceMatch *ret_match)
{
  gboolean found = FALSE;

  for (guint i = 0; i < known->sequences->len; i++)
    {
      PkSequenceMatch match;

      if (!_try_all(&g_array_index(known->sequences, PkSequence, i), newest, &match))
        continue;
      if (found && (match.is_missing > ret_match->is_missing ||
                    (match.is_missing == ret_match->is_missing && match.n_ports <= ret_match->n_ports)))
        continue;
      *ret_match = match;
      found = TRUE;
    }
  return found;
}

/* ---- random lists and hits --------------------------------------------------------- */

static PkPort
_choose_port(GRand *random, guint ports)
{
  guint16 port = (guint16) g_rand_int_range(random, 28, 28 + (gint) ports);

  switch (g_rand_int_range(random, 0, 12))
    {
    case 0:
      return (PkPort){ .protocol = PK_PROTO_UDP, .port = port };
    case 1:
      return (PkPort){ .protocol = PK_PROTO_ICMP, .icmp_type = 8, .port = port };
    case 2:
      return (PkPort){ .protocol = PK_PROTO_ICMP, .port = port }; /* of no list */
    default:
      return (PkPort){ .protocol = PK_PROTO_TCP, .port = port };
    }
}

static gboolean
_append_door(GString *text, GRand *random, guint number, guint ports)
{
  guint n = (guint) g_rand_int_range(random, 2, DOOR_PORTS_MAX + 1);
  gboolean pings = g_rand_int_range(random, 0, 10) == 0;

  g_string_append_printf(text, "%s{\"id\": \"door-%u\", \"%s\": [", number ? "," : "", number,
                         pings ? "icmp_packet_sizes" : "ports");
  for (guint i = 0; i < n; i++)
    {
      guint port = (guint) g_rand_int_range(random, 28, 28 + (gint) ports);

      g_string_append_printf(text, !pings && g_rand_int_range(random, 0, 10) == 0 ? "%s\"%u/udp\"" : "%s%u",
                             i ? "," : "", port);
    }
  g_string_append(text, "]}");
  return TRUE;
}

/* A list in which nothing is there twice; NULL: this one was not. */
static PkSequences *
_new_list(GRand *random, guint ports)
{
  GString *text = g_string_new("{\"entries\": [");
  guint n = (guint) g_rand_int_range(random, 1, DOORS_MAX + 1);
  PkSequences *list;

  for (guint i = 0; i < n; i++)
    _append_door(text, random, i, ports);
  g_string_append(text, "]}");
  list = pk_sequences_new_from_text(text->str, text->len, "doors", NULL);
  g_string_free(text, TRUE);
  return list;
}

/* Some of them a door's, in its order. */
static void
_choose_hits(GRand *random, guint ports)
{
  const PkSequence *door =
      &g_array_index(known->sequences, PkSequence, g_rand_int_range(random, 0, (gint) known->sequences->len));
  guint position = 0;

  n_hits = (guint) g_rand_int_range(random, 1, HITS_MAX + 1);
  for (guint i = 0; i < n_hits; i++)
    {
      position += g_rand_int_range(random, 0, 12) == 0;
      hits[i] =
          position < door->n && g_rand_int_range(random, 0, 3) ? door->ports[position++] : _choose_port(random, ports);
    }
}

static gboolean
_are_equal(const PkSequenceMatch *a, const PkSequenceMatch *b)
{
  return strcmp(a->id, b->id) == 0 && a->first == b->first && a->last == b->last && a->n_ports == b->n_ports &&
         a->is_missing == b->is_missing && (!a->is_missing || pk_port_equals(&a->missing, &b->missing));
}

static guint
_compare(GRand *random, guint ports, guint list)
{
  PkSequenceMatch found = { "" }, expected = { "" };
  guint newest;
  gboolean is_found;

  _choose_hits(random, ports);
  newest = g_rand_int_range(random, 0, 4) ? n_hits - 1 : (guint) g_rand_int_range(random, 0, (gint) n_hits);
  is_found = pk_sequences_match(known, hits, n_hits, newest, &found);
  cr_assert_eq(is_found, _search(newest, &expected), "list %u: %s or %s", list, found.id, expected.id);
  cr_assert(!is_found || _are_equal(&found, &expected), "list %u: %s from %u to %u, or %s from %u to %u", list,
            found.id, found.first, found.last, expected.id, expected.first, expected.last);
  return is_found;
}

Test(sequences_index, it_finds_what_a_search_through_everything_finds)
{
  GRand *random = g_rand_new_with_seed(23);
  guint found = 0, lists = 0;

  for (guint list = 0; list < LISTS; list++)
    {
      guint ports = (guint) g_rand_int_range(random, 3, 40);

      known = _new_list(random, ports);
      for (guint i = 0; known && i < HITS_PER_LIST; i++)
        found += _compare(random, ports, list);
      lists += known != NULL;
      g_clear_pointer(&known, pk_sequences_unref);
    }
  cr_log_info("%u found in %u lists", found, lists);
  cr_expect_gt(lists, LISTS / 2);
  cr_expect_gt(found, lists * HITS_PER_LIST / 10);
  g_rand_free(random);
}

Test(sequences_index, a_port_of_every_door_leads_to_each_of_them)
{
  GString *text = g_string_new("{\"entries\": [");
  PkSequenceMatch match;

  for (guint i = 0; i < 4096; i++)
    g_string_append_printf(text, "%s{\"id\": \"door-%u\", \"ports\": [7, %u, 9]}", i ? "," : "", i, 1000 + i);
  g_string_append(text, "]}");
  known = pk_sequences_new_from_text(text->str, text->len, "doors", NULL);
  cr_assert_not_null(known);
  hits[0] = (PkPort){ .protocol = PK_PROTO_TCP, .port = 7 };
  hits[2] = (PkPort){ .protocol = PK_PROTO_TCP, .port = 9 };
  for (guint i = 0; i < 4096; i += 63)
    {
      gchar *id = g_strdup_printf("door-%u", i);

      hits[1] = (PkPort){ .protocol = PK_PROTO_TCP, .port = (guint16) (1000 + i) };
      cr_assert(pk_sequences_match(known, hits, 3, 2, &match));
      cr_expect_str_eq(match.id, id);
      g_free(id);
    }
  hits[1].port = 999;
  cr_expect_not(pk_sequences_match(known, hits, 3, 2, &match));
  g_clear_pointer(&known, pk_sequences_unref);
  g_string_free(text, TRUE);
}
