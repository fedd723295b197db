/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "port-knock/pk-engine.h"

/* What one message costs when whoever sends it wants it to cost much: the time
 * of each pk_recognise() and pk_engine_observe(), as a histogram, for one attack
 * after the other, beside a benign baseline.
 *
 * Each attack is run several times with a new engine, and of each of its
 * messages the quickest run counts: what the machine was doing meanwhile hits
 * another message each time, what the message costs does not.  One more run
 * measures CPU time instead, for what is no message's own: what the random
 * secret of that engine led to, page faults, interrupts. */

#define ROUNDS 3
#define MESSAGES 300000
#define START_USEC G_GINT64_CONSTANT(1795305600000000)
#define TICK_USEC G_USEC_PER_SEC
/* As the relay does. */
#define SLICE_ITEMS 16
#define TICK_ITEMS_MAX 1000
#define LINE_BYTES_MAX PK_LINE_BYTES_MAX

typedef struct _Attack Attack;

/* Writes message i of the attack. */
typedef void (*WriteFunc)(guint i, GString *line);

struct _Attack
{
  const gchar *name, *title;
  WriteFunc write;
  guint step_usec; /* arrival time between two messages */
  guint percent;   /* of MESSAGES */
};

/* Nanoseconds. */
typedef struct _Costs
{
  guint n;
  guint32 *nsec;      /* of each message */
  guint32 worst_nsec; /* CPU time of the dearest message of one round */
  guint32 slice_nsec; /* CPU time of the dearest slice of a tick in that round */
  guint64 bytes;
} Costs;

static guint messages = MESSAGES;

/* ---- lines ------------------------------------------------------------------- */

/* A number that looks random and is the same in each round. */
static guint32
_scatter(guint32 i)
{
  i = (i ^ (i >> 16)) * 0x7feb352du;
  i = (i ^ (i >> 15)) * 0x846ca68bu;
  return i ^ (i >> 16);
}

static void
_write_deny(GString *line, const gchar *source, guint dest, guint port, guint source_port)
{
  g_string_printf(
      line,
      "<4>Nov 23 10:00:00 fw1 kernel: [UFW BLOCK] IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 "
      "SRC=%s DST=198.51.%u.%u LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=%u DF PROTO=TCP SPT=%u DPT=%u "
      "WINDOW=64240 RES=0x00 SYN URGP=0 ",
      source, dest >> 8 & 255, dest & 255, source_port & 32767, source_port, port);
}

static const gchar *
_format_v4(guint32 address)
{
  static gchar text[16];

  g_snprintf(text, sizeof(text), "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
  return text;
}

/* In 10.0.0.0/8. */
static const gchar *
_format_source(guint number)
{
  return _format_v4(10u << 24 | (number & 0xffffff));
}

static guint
_high_port(guint32 number)
{
  return 1024 + _scatter(number) % 60000;
}

static void
_write_benign(guint i, GString *line)
{
  static const guint ports[] = { 22, 23, 80, 443, 445, 3389, 5060, 8080 };
  guint32 drawn = _scatter(i);

  _write_deny(line, _format_source(drawn % 50000), drawn >> 24, ports[drawn >> 20 & 7], 1024 + drawn % 60000);
}

/* ---- attacks ------------------------------------------------------------------ */

/* Of multiplicative hashing, which needs no key: 2^32 divided by the golden
 * ratio, and its inverse modulo 2^32. */
#define GOLDEN 2654435769u
#define GOLDEN_INVERSE 340573321u
#define STRAW_BITS 15

/* Addresses that all fall to one slot of a table with that hash. */
static guint32
_collide(guint i)
{
  return (7u << (32 - STRAW_BITS) | (i & ((1u << (32 - STRAW_BITS)) - 1))) * GOLDEN_INVERSE;
}

/* Multicast and the unspecified address are no sources. */
static guint32
_collide_usably(guint i)
{
  guint32 address = _collide(i);

  return address >> 28 >= 14 ? address & 0x7fffffff : address | 1u << 24;
}

static void
_write_colliding(guint i, GString *line)
{
  _write_deny(line, _format_v4(_collide_usably(i % 20000)), 1, 22 + i / 20000, 40000);
}

static void
_write_ports(guint i, GString *line)
{
  _write_deny(line, "192.0.2.1", 1, 1 + i % 65535, 40000);
}

static void
_write_dests(guint i, GString *line)
{
  _write_deny(line, "192.0.2.1", i % 65536, 1024 + i / 3 % 5, _high_port(i));
}

/* 4,000 sources with a port every four seconds: seven ports in a window, for ever. */
static void
_write_slow_scans(guint i, GString *line)
{
  _write_deny(line, _format_source(i % 4000), 1, _high_port(i / 4000 * 7919 + i % 4000), 40000);
}

static void
_write_known(guint i, GString *line)
{
  _write_deny(line, _format_source(i / 3), 1, 7000 + 1000 * (i % 3), 40000 + i % 3);
}

static void
_write_knocks(guint i, GString *line)
{
  _write_deny(line, _format_source(i / 3), 1, _high_port(i), 40000 + i % 3);
}

/* The same ports from everybody. */
static void
_write_shared(guint i, GString *line)
{
  _write_deny(line, _format_source(i / 3), 1, 7100 + 1100 * (i % 3), 40000 + i % 3);
}

static void
_write_evidence(guint i, GString *line)
{
  const gchar *source = _format_source(_scatter(i) % 100000);

  if (i % 2)
    g_string_printf(line, "<30>Nov 23 10:00:00 gate knockd[99]: %s: door%u: OPEN SESAME", source, i % 5000);
  else
    g_string_printf(line,
                    "<4>Nov 23 10:00:00 fw1 kernel: [UFW ALLOW] IN=eth0 OUT= SRC=%s DST=198.51.100.1 LEN=60 TOS=0x00 "
                    "PREC=0x00 TTL=63 ID=1 DF PROTO=TCP SPT=40000 DPT=%u WINDOW=64240 RES=0x00 SYN URGP=0 ",
                    source, _high_port(i));
}

static void
_write_stages(guint i, GString *line)
{
  g_string_printf(line, "<30>Nov 23 10:00:00 gate knockd[99]: %s: door%u: Stage 1", _format_source(i), i);
}

static void
_write_retransmissions(guint i, GString *line)
{
  (void) i;
  _write_deny(line, "192.0.2.1", 1, 22, 40000);
}

/* Fills the table, touches every source once more, and then comes with new ones. */
static void
_write_touched(guint i, GString *line)
{
  guint full = messages * 87 / 100; /* with MESSAGES as many as max-sources() */

  _write_deny(line, _format_source(i < 2 * full ? i % full : i), 1, 22, 40000);
}

static void
_write_one_port(guint i, GString *line)
{
  _write_deny(line, _format_source(i), 1, 22, 40000);
}

static void
_write_two_ports(guint i, GString *line)
{
  _write_deny(line, _format_source(i / 2), 1, 22 + i % 2, 40000 + i % 2);
}

static const gchar *
_format_v6(guint network, guint host)
{
  static gchar text[48];

  g_snprintf(text, sizeof(text), "2001:0db8:%x:%x::%x:%x", network >> 16, network & 0xffff, host >> 16, host & 0xffff);
  return text;
}

static void
_write_one_64(guint i, GString *line)
{
  _write_deny(line, _format_v6(1, i / 2), 1, 7000 + i % 2, 40000);
}

static void
_write_many_64(guint i, GString *line)
{
  _write_deny(line, _format_v6(i / 2, 1), 1, 7000 + i % 2, 40000);
}

/* Whoever may write to the log chooses the name of the log host, too. */
static void
_write_hosts(guint i, GString *line)
{
  gchar host[16];

  _write_deny(line, _format_source(_scatter(i) % 5000), 1, 1024 + i % 5, 40000);
  g_snprintf(host, sizeof(host), "h%07x", i);
  g_string_insert(line, 20, host);
}

static void
_write_prefixes(guint i, GString *line)
{
  _write_deny(line, "192.0.2.1", 1, 22, 40000);
  g_string_printf(line,
                  "<4>Nov 23 10:00:00 fw1 kernel: [rule-%x] IN=eth0 OUT= SRC=192.0.2.1 DST=198.51.100.1 LEN=60 "
                  "PROTO=TCP SPT=40000 DPT=22 SYN ",
                  i);
}

/* Events that are no XML, so that GLib has to say what is wrong with each. */
static void
_write_bad_xml(guint i, GString *line)
{
  g_string_printf(
      line,
      "<14>Nov 23 10:00:00 host sysmon: <Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>"
      "<System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID></Sys%x><EventData>"
      "<Data Name='CommandLine'>knock 192.0.2.1 7000</Data></EventData></Event>",
      i);
}

static void
_fill(GString *line, const gchar *start, const gchar *again)
{
  g_string_assign(line, start);
  while (line->len + strlen(again) < LINE_BYTES_MAX)
    g_string_append(line, again);
}

static void
_write_long_deny(guint i, GString *line)
{
  (void) i;
  _fill(line, "<4>Nov 23 10:00:00 fw1 kernel: [UFW BLOCK] IN=eth0 OUT= SRC=192.0.2.1 ", "DST=198.51.100.1 PROTO=TCP ");
}

/* What leads to rows, again and again, and none of them can claim the line. */
static void
_write_long_needles(guint i, GString *line)
{
  (void) i;
  _fill(line, "<4>Nov 23 10:00:00 fw1 app: ",
        "[UFW BLOCK] %ASA-4-106023: CEF:0| EventID type=EXECVE devname= {\"event_type\":");
}

static void
_write_long_json(guint i, GString *line)
{
  (void) i;
  _fill(line, "<4>Nov 23 10:00:00 fw1 suricata: {\"event_type\":\"drop\",\"a\":", "[{\"a\":");
}

static void
_write_long_xml(guint i, GString *line)
{
  (void) i;
  _fill(line,
        "<4>Nov 23 10:00:00 fw1 sysmon: <Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>"
        "<System><Provider Name='Microsoft-Windows-Sysmon'/>knock",
        "<System><EventID>");
}

/* clang-format off */
static const Attack ATTACKS[] = {
  { "benign", "benign: 50,000 sources, a port or two each", _write_benign, 100, 100 },
  { "colliding", "sources that fall to one slot of an unkeyed hash", _write_colliding, 100, 100 },
  { "ports", "all ports from one source", _write_ports, 100, 100 },
  { "destinations", "all destinations from one source", _write_dests, 100, 100 },
  { "slow-scans", "4,000 endless slow scans", _write_slow_scans, 1000, 100 },
  { "known", "alerts: a known sequence from each source", _write_known, 100, 100 },
  { "knocks", "alerts: a knock of its own from each source", _write_knocks, 100, 100 },
  { "shared", "the same ports in the same order from each source", _write_shared, 100, 100 },
  { "evidence", "evidence: doors opened and connections permitted", _write_evidence, 100, 100 },
  { "stages", "a daemon's stages, a new source and door each", _write_stages, 100, 100 },
  { "retransmissions", "one packet for ever", _write_retransmissions, 100, 100 },
  { "one-port", "a new source each", _write_one_port, 100, 200 },
  { "touched", "a full table of sources that came twice, then new ones", _write_touched, 10, 250 },
  { "two-ports", "a new source with two ports each", _write_two_ports, 100, 100 },
  { "one-64", "IPv6: new addresses of one /64", _write_one_64, 100, 100 },
  { "many-64", "IPv6: a new /64 each", _write_many_64, 100, 100 },
  { "hosts", "a new log host each", _write_hosts, 100, 100 },
  { "prefixes", "a new log prefix each, which nobody knows", _write_prefixes, 100, 100 },
  { "bad-xml", "events that are no XML", _write_bad_xml, 100, 100 },
  { "long-deny", "64 KiB: a denial with endless keys", _write_long_deny, 1000, 1 },
  { "long-needles", "64 KiB: what leads to rows, again and again", _write_long_needles, 1000, 1 },
  { "long-json", "64 KiB: JSON, as deep as it goes", _write_long_json, 1000, 1 },
  { "long-xml", "64 KiB: XML, as deep as it goes", _write_long_xml, 1000, 1 },
};
/* clang-format on */

/* ---- measuring ------------------------------------------------------------------ */

static guint64
_now_nsec(clockid_t clock)
{
  struct timespec now;

  clock_gettime(clock, &now);
  return (guint64) now.tv_sec * 1000000000 + (guint64) now.tv_nsec;
}

typedef struct _Round
{
  PkRecogniser *recogniser;
  PkEngine *engine;
  PkUnknownPrefixes *prefixes;
  GString *line;
  gint64 tick_usec;
  clockid_t clock;
  guint32 slice_nsec;
} Round;

static void
_round_init(Round *self, clockid_t clock)
{
  PkOptions options;

  pk_options_init(&options);
  g_assert_true(pk_options_check(&options, NULL));
  memset(self, 0, sizeof(*self));
  self->recogniser = pk_recogniser_new(&options, NULL);
  self->engine = pk_engine_new(&options, NULL);
  self->prefixes = pk_unknown_prefixes_new();
  self->line = g_string_sized_new(LINE_BYTES_MAX);
  self->tick_usec = START_USEC;
  self->clock = clock;
  g_assert_true(self->recogniser && self->engine);
  pk_options_clear(&options);
}

static void
_round_clear(Round *self)
{
  pk_recogniser_free(self->recogniser);
  pk_engine_unref(self->engine);
  pk_unknown_prefixes_free(self->prefixes);
  g_string_free(self->line, TRUE);
}

/* As much as a tick of the relay does. */
static void
_tick(Round *self, gint64 now_usec)
{
  PkAlert alerts[SLICE_ITEMS];
  gboolean more = TRUE;

  for (guint items = 0; more && items < TICK_ITEMS_MAX; items += SLICE_ITEMS)
    {
      guint64 began_nsec = _now_nsec(self->clock);

      pk_engine_expire(self->engine, now_usec, SLICE_ITEMS, alerts, &more);
      self->slice_nsec = MAX(self->slice_nsec, (guint32) (_now_nsec(self->clock) - began_nsec));
    }
}

static guint32
_measure_message(Round *self, const PkLine *line, gint64 now_usec)
{
  PkAlert alerts[PK_OBSERVE_ALERTS_MAX];
  guint64 began_nsec = _now_nsec(self->clock);
  PkScanResult result;
  PkEvent event;

  result = pk_recognise(self->recogniser, line, &event);
  if (result == PK_SCAN_MATCH || result == PK_SCAN_CONTEXT)
    pk_engine_observe(self->engine, &event, line->host, (PkSlice){ NULL, 0 }, now_usec, alerts);
  if (result == PK_SCAN_UNKNOWN_PREFIX)
    pk_unknown_prefixes_take(self->prefixes, &event);
  return (guint32) (_now_nsec(self->clock) - began_nsec);
}

/* ret_nsec: what each message took. */
static void
_run_round(const Attack *attack, guint n, Round *round, guint32 *ret_nsec, guint64 *ret_bytes)
{
  *ret_bytes = 0;
  for (guint i = 0; i < n; i++)
    {
      gint64 now_usec = START_USEC + (gint64) i * attack->step_usec;
      const PkClock clock = { now_usec, 0 };
      PkLine line;

      if (now_usec - round->tick_usec >= TICK_USEC)
        _tick(round, round->tick_usec = now_usec);
      attack->write(i, round->line);
      *ret_bytes += round->line->len;
      pk_line_parse(round->line->str, round->line->len, &clock, &line);
      line.time_usec = now_usec;
      ret_nsec[i] = _measure_message(round, &line, now_usec);
    }
}

static void
_run_rounds(const Attack *attack, Costs *costs)
{
  guint32 *nsec = g_new(guint32, costs->n);

  for (guint n = 0; n < ROUNDS; n++)
    {
      Round round;

      _round_init(&round, CLOCK_MONOTONIC);
      _run_round(attack, costs->n, &round, nsec, &costs->bytes);
      _round_clear(&round);
      for (guint i = 0; i < costs->n; i++)
        costs->nsec[i] = n ? MIN(costs->nsec[i], nsec[i]) : nsec[i];
    }
  g_free(nsec);
}

static void
_run_cpu_round(const Attack *attack, Costs *costs)
{
  guint32 *nsec = g_new(guint32, costs->n);
  Round round;

  _round_init(&round, CLOCK_THREAD_CPUTIME_ID);
  _run_round(attack, costs->n, &round, nsec, &costs->bytes);
  costs->slice_nsec = round.slice_nsec;
  _round_clear(&round);
  for (guint i = 0; i < costs->n; i++)
    costs->worst_nsec = MAX(costs->worst_nsec, nsec[i]);
  g_free(nsec);
}

static gint
_compare(gconstpointer a, gconstpointer b)
{
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;

  return (x > y) - (x < y);
}

static void
_measure(const Attack *attack, Costs *costs)
{
  costs->n = MAX(messages / 100 * attack->percent, 100);
  costs->nsec = g_new(guint32, costs->n);
  _run_rounds(attack, costs);
  _run_cpu_round(attack, costs);
  qsort(costs->nsec, costs->n, sizeof(costs->nsec[0]), _compare);
}

/* ---- the table without a key --------------------------------------------------------- */

/* Open addressing as in any table, the hash without a secret: what the same
 * addresses would do to it. */
static void
_measure_straw_man(Costs *costs)
{
  guint32 *slots = g_new0(guint32, 1u << STRAW_BITS);

  costs->n = 20000;
  costs->nsec = g_new(guint32, costs->n);
  for (guint i = 0; i < costs->n; i++)
    {
      guint32 address = _collide(i), slot = address * GOLDEN >> (32 - STRAW_BITS);
      guint64 began_nsec = _now_nsec(CLOCK_MONOTONIC);

      while (slots[slot] && slots[slot] != address)
        slot = (slot + 1) & ((1u << STRAW_BITS) - 1);
      slots[slot] = address;
      costs->nsec[i] = (guint32) (_now_nsec(CLOCK_MONOTONIC) - began_nsec);
    }
  qsort(costs->nsec, costs->n, sizeof(costs->nsec[0]), _compare);
  g_free(slots);
}

/* ---- output ----------------------------------------------------------------------- */

static gdouble
_usec_at(const Costs *costs, gdouble share)
{
  guint place = (guint) (share * costs->n);

  return costs->nsec[MIN(place, costs->n - 1)] / 1000.0;
}

static void
_print(const Attack *attack, const Costs *costs)
{
  printf("| %s | `%s` | %u | %.2f | %.2f | %.2f | %.1f | %.1f | %.1f | %.2f |\n", attack->title, attack->name, costs->n,
         _usec_at(costs, 0.5), _usec_at(costs, 0.99), _usec_at(costs, 0.999), _usec_at(costs, 1),
         costs->worst_nsec / 1000.0, costs->slice_nsec / 1000.0,
         costs->bytes ? _usec_at(costs, 0.5) * 1000 * costs->n / costs->bytes : 0.0);
}

static void
_print_head(void)
{
  printf("| attack | name | messages | p50 µs | p99 µs | p99.9 µs | max µs | max CPU µs | tick slice CPU µs | "
         "ns a byte |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
}

static void
_run(const Attack *attack)
{
  Costs costs = { 0 };

  _measure(attack, &costs);
  _print(attack, &costs);
  g_free(costs.nsec);
}

static void
_run_straw_man(void)
{
  static const Attack straw_man = { .name = "unkeyed",
                                    .title = "for comparison: the same in a table without a key, alone" };
  Costs costs = { 0 };

  _measure_straw_man(&costs);
  _print(&straw_man, &costs);
  g_free(costs.nsec);
}

static gboolean
_is_wanted(const Attack *attack, gint argc, gchar **argv)
{
  for (gint i = 2; i < argc; i++)
    if (g_str_equal(argv[i], attack->name))
      return TRUE;
  return argc <= 2;
}

gint
main(gint argc, gchar **argv)
{
  if (argc >= 2)
    messages = (guint) g_ascii_strtoull(argv[1], NULL, 10);
  if (messages < 100)
    {
      g_printerr("usage: bench_attacks [MESSAGES [NAME...]]\n");
      return 2;
    }
  _print_head();
  for (gsize i = 0; i < G_N_ELEMENTS(ATTACKS); i++)
    if (_is_wanted(&ATTACKS[i], argc, argv))
      {
        _run(&ATTACKS[i]);
        if (ATTACKS[i].write == _write_colliding)
          _run_straw_man();
      }
  return 0;
}
