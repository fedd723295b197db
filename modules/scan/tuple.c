/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/tuple.h"

#include "scan/address.h"
#include "scan/glob.h"
#include "scan/octets.h"
#include "scan/slice.h"
#include "scan/values.h"

#define COUNT_MAX 1000000
/* What says something about a packet is not longer than this. */
#define VALUE_BYTES_MAX 512
/* No device has a longer word for what it did. */
#define WORD_BYTES_MAX 128

/* ---- lists of values -------------------------------------------------------- */

gboolean
pk_tuple_value_in(const gchar *list, PkSlice value)
{
  return *list == '!' ? !pk_glob_list_fits(list + 1, value) : pk_glob_list_fits(list, value);
}

/* ---- addresses -------------------------------------------------------------- */

/* Which members of the event an address and its port go to. */
typedef struct _End
{
  guint32 has_address, has_port;
  gsize address, port; /* offsets in PkEvent */
} End;

static const End SOURCE = { PK_HAS_SOURCE, PK_HAS_SOURCE_PORT, G_STRUCT_OFFSET(PkEvent, source),
                            G_STRUCT_OFFSET(PkEvent, source_port) };
static const End DEST = { PK_HAS_DEST, PK_HAS_DEST_PORT, G_STRUCT_OFFSET(PkEvent, dest),
                          G_STRUCT_OFFSET(PkEvent, dest_port) };

/* An address that comes after a host name counts more than that. */
static void
_put_address(PkTuple *self, const End *end, PkSlice value)
{
  PkAddr *address = (PkAddr *) ((gchar *) self->event + end->address);

  if (self->event->has & end->has_address)
    return;
  if (pk_addr_parse(value, address) || pk_addr_parse(pk_value_strip_address(value), address))
    self->event->has |= end->has_address;
  else if (pk_value_is_broken_address(value) || pk_slice_find_char(value, ',') >= 0)
    self->malformed = "an address cannot be";
  else
    self->named |= end->has_address;
}

static void
_put_port(PkTuple *self, const End *end, PkSlice value)
{
  guint16 *port = (guint16 *) (gpointer) ((gchar *) self->event + end->port);

  if (self->event->has & end->has_port)
    return;
  if (pk_port_parse(value, port))
    self->event->has |= end->has_port;
  else if (pk_value_is_number(value))
    self->malformed = "a port cannot be";
}

static gboolean
_is_port_separator(gchar c)
{
  return c == ':' || c == '/' || c == '(' || c == '#' || c == '.';
}

/* "192.0.2.0/24" stands in rules, and no client sends from port 24. */
static gboolean
_is_network(const PkTuple *self, const End *end, PkSlice rest)
{
  gsize digits = rest.len && rest.data[0] == '/' ? pk_value_count_digits(pk_slice_from(rest, 1)) : 0;

  return self->spec->strict && end == &SOURCE && (digits == 1 || digits == 2) && digits + 1 == rest.len;
}

static void
_put_address_with_port(PkTuple *self, const End *end, PkSlice value)
{
  gsize len = pk_value_measure_address(value);
  PkSlice rest = pk_slice_from(value, len);
  gsize digits;

  if (_is_network(self, end, rest))
    return;
  if (len > 0)
    _put_address(self, end, pk_slice(value.data, len));
  if (rest.len < 2 || !_is_port_separator(rest.data[0]))
    return;
  rest = pk_slice_from(rest, 1);
  digits = pk_value_count_digits(rest);
  if (digits > 0 && (digits == rest.len || !g_ascii_isalnum(rest.data[digits])))
    _put_port(self, end, pk_slice(rest.data, digits));
}

/* ---- protocol, ICMP, flags -------------------------------------------------- */

static void
_put_protocol(PkTuple *self, PkSlice value)
{
  if (self->event->has & PK_HAS_PROTOCOL)
    return;
  if (pk_value_parse_protocol(value, &self->event->protocol))
    self->event->has |= PK_HAS_PROTOCOL;
  else if (pk_value_is_number(value))
    self->malformed = "a protocol cannot be";
}

static void
_put_icmp(PkTuple *self, guint8 bit, guint8 *member, PkSlice value)
{
  if (!(self->seen_icmp & bit) && pk_value_parse_icmp(value, member))
    self->seen_icmp |= bit;
}

/* The first two numbers; "icmp6" is none. */
static void
_put_icmp_pair(PkTuple *self, PkSlice value)
{
  for (gsize at = 0; at < value.len;)
    {
      gsize digits = pk_value_count_digits(pk_slice_from(value, at));

      if (digits == 0 || (at > 0 && g_ascii_isalpha(value.data[at - 1])))
        at += digits + 1;
      else if (self->seen_icmp == 0)
        _put_icmp(self, 1, &self->event->icmp_type, pk_slice(value.data + at, digits));
      else
        _put_icmp(self, 2, &self->event->icmp_code, pk_slice(value.data + at, digits));
      at += digits;
    }
}

static void
_put_flags(PkTuple *self, PkSlice value)
{
  PkEvent *event = self->event;

  if (event->has & PK_HAS_TCP_FLAGS)
    return;
  event->tcp_flags = pk_value_parse_tcp_flags(value);
  if (event->tcp_flags)
    event->has |= PK_HAS_TCP_FLAGS;
}

/* ---- counts, time ------------------------------------------------------------- */

static void
_put_count(PkTuple *self, PkSlice value)
{
  guint64 number;

  if (self->has_count || !pk_number_parse(value, G_MAXUINT64, &number))
    return;
  self->has_count = TRUE;
  self->event->count = (guint32) CLAMP(number, 1, COUNT_MAX);
}

static void
_put_length(PkTuple *self, PkSlice value)
{
  guint64 number;

  if (self->event->has & PK_HAS_LENGTH || !pk_number_parse(value, G_MAXUINT16, &number))
    return;
  self->event->length = (guint16) number;
  self->event->has |= PK_HAS_LENGTH;
}

static void
_put_time(PkTuple *self, PkSlice value)
{
  if (!self->has_time)
    self->has_time = pk_value_parse_time(value, &self->event->time_usec);
}

/* ---- verdict ------------------------------------------------------------------ */

static PkVerdict
_judge(const PkTuple *self, PkSlice value)
{
  if (value.len > WORD_BYTES_MAX)
    return PK_VERDICT_NONE;
  for (const PkTupleWord *word = self->spec->words; word && word->values; word++)
    if (pk_tuple_value_in(word->values, value))
      return word->verdict;
  return PK_VERDICT_NONE;
}

static void
_put_action(const PkTuple *self, PkSlice value, PkVerdict *verdict, PkSlice *word)
{
  if (*verdict != PK_VERDICT_NONE)
    return;
  *verdict = _judge(self, value);
  if (*verdict != PK_VERDICT_NONE)
    *word = value;
}

void
pk_tuple_set_verdict(PkTuple *self, PkVerdict verdict, PkSlice word)
{
  self->verdict = verdict;
  self->word = word;
}

/* ---- keys --------------------------------------------------------------------- */

static void
_miss(const PkTuple *self, const gchar *failed, const gchar *key)
{
  self->event->failed = failed;
  self->event->failed_key = key;
}

static void
_reject(PkTuple *self, const PkTupleKey *key)
{
  self->rejected = PK_SCAN_IGNORED;
  _miss(self, "a value says that the line is of no interest", key->key);
}

static void
_put_condition(PkTuple *self, const PkTupleKey *key, PkSlice value)
{
  gboolean is_listed = !key->values || pk_tuple_value_in(key->values, value);

  if (key->target == PK_TUPLE_REQUIRE && is_listed && key - self->spec->keys < PK_TUPLE_REQUIRE_MAX)
    self->required &= ~(G_GUINT64_CONSTANT(1) << (key - self->spec->keys));
  if ((key->target == PK_TUPLE_ONLY && !is_listed) || (key->target == PK_TUPLE_EXCEPT && is_listed))
    _reject(self, key);
  if (key->target == PK_TUPLE_NO_DENY && is_listed)
    self->no_deny = TRUE;
}

static void
_put_detail(PkTuple *self, const PkTupleKey *key, PkSlice value)
{
  switch (key->target)
    {
    case PK_TUPLE_COUNT:
      _put_count(self, value);
      break;
    case PK_TUPLE_ICMP_TYPE:
      _put_icmp(self, 1, &self->event->icmp_type, value);
      break;
    case PK_TUPLE_ICMP_CODE:
      _put_icmp(self, 2, &self->event->icmp_code, value);
      break;
    case PK_TUPLE_ICMP:
      _put_icmp_pair(self, value);
      break;
    case PK_TUPLE_TCP_FLAGS:
      _put_flags(self, value);
      break;
    case PK_TUPLE_TIME:
      _put_time(self, value);
      break;
    case PK_TUPLE_LENGTH:
      _put_length(self, value);
      break;
    default:
      _put_condition(self, key, value);
      break;
    }
}

static void
_put_value(PkTuple *self, const PkTupleKey *key, PkSlice value)
{
  switch (key->target)
    {
    case PK_TUPLE_SOURCE:
      _put_address(self, &SOURCE, value);
      break;
    case PK_TUPLE_SOURCE_PORT:
      _put_port(self, &SOURCE, value);
      break;
    case PK_TUPLE_SOURCE_WITH_PORT:
      _put_address_with_port(self, &SOURCE, value);
      break;
    case PK_TUPLE_DEST:
      _put_address(self, &DEST, value);
      break;
    case PK_TUPLE_DEST_PORT:
      _put_port(self, &DEST, value);
      break;
    case PK_TUPLE_DEST_WITH_PORT:
      _put_address_with_port(self, &DEST, value);
      break;
    case PK_TUPLE_PROTOCOL:
      _put_protocol(self, value);
      break;
    case PK_TUPLE_ACTION:
      _put_action(self, value, &self->verdict, &self->word);
      break;
    case PK_TUPLE_ACTION_ELSE:
      _put_action(self, value, &self->else_verdict, &self->else_word);
      break;
    default:
      _put_detail(self, key, value);
      break;
    }
}

/* Keys are padded with zeros, so that eight bytes of one can be compared at
 * once with what pk_octets_load() gives of another. */
static inline guint64
_key_octets(const PkTupleKey *key)
{
  return pk_octets_load(key->key, key->key + sizeof(key->key));
}

static inline guint8
_slot(guint64 octets)
{
  return (guint8) ((octets * G_GUINT64_CONSTANT(0x9E3779B97F4A7C15)) >> 56);
}

static inline gboolean
_is_key(const PkTupleKey *key, guint64 octets, PkSlice text)
{
  if (_key_octets(key) != octets)
    return FALSE;
  if (text.len > 16)
    return memcmp(key->key + 8, text.data + 8, text.len - 8) == 0 && !key->key[text.len];
  return pk_octets_load(key->key + 8, key->key + 16) == pk_octets_load(text.data + 8, pk_slice_end(text)) &&
         (text.len < 16 || !key->key[16]);
}

/* Conditions look at the list themselves. */
static gboolean
_says_something(const PkTupleKey *key, PkSlice value)
{
  return !key->values || key->target >= PK_TUPLE_REQUIRE || pk_tuple_value_in(key->values, value);
}

static PkSlice
_clean(PkSlice value)
{
  value = pk_slice_trim(pk_slice(value.data, MIN(value.len, VALUE_BYTES_MAX)));
  return value.len == 1 && value.data[0] == '-' ? pk_slice(NULL, 0) : value;
}

static gboolean
_put_key(PkTuple *self, PkSlice key, PkSlice value)
{
  guint64 octets = pk_octets_load(key.data, pk_slice_end(key));
  guint8 slot = _slot(octets);

  if (G_LIKELY(!self->index->first[slot]) || key.len == 0 || key.len >= PK_TUPLE_KEY_BYTES)
    return TRUE;
  value = _clean(value);
  if (value.len == 0)
    return TRUE;
  for (guint i = self->index->first[slot] - 1; i < self->index->last[slot]; i++)
    if (_is_key(&self->spec->keys[i], octets, key) && _says_something(&self->spec->keys[i], value))
      _put_value(self, &self->spec->keys[i], value);
  return self->rejected == PK_SCAN_MATCH;
}

/* ---- keys of other makers ------------------------------------------------------- */

#define PARTS_MAX 8
#define LOOSE_KEY_BYTES 128

/* A path in one piece, and where its parts begin. */
typedef struct _LooseKey
{
  gchar text[LOOSE_KEY_BYTES];
  gsize len;
  gsize parts[PARTS_MAX];
  gsize n_parts;
} LooseKey;

/* FALSE: it is of something foreign, or too long. */
static gboolean
_add_part(LooseKey *self, PkSlice part, gboolean is_last, const gchar *foreign)
{
  if (self->n_parts == PARTS_MAX || self->len + part.len > LOOSE_KEY_BYTES ||
      (!is_last && foreign && pk_tuple_value_in(foreign, part)))
    return FALSE;
  self->parts[self->n_parts++] = self->len;
  for (gsize i = 0; i < part.len && part.data[i] != '('; i++)
    if (g_ascii_isalnum(part.data[i]))
      self->text[self->len++] = g_ascii_tolower(part.data[i]);
  return TRUE;
}

static gboolean
_fold_key(LooseKey *self, PkSlice key, const gchar *foreign)
{
  self->len = self->n_parts = 0;
  for (;;)
    {
      gssize dot = pk_slice_find_char(key, '.');
      PkSlice part = pk_slice(key.data, dot < 0 ? key.len : (gsize) dot);

      if (!_add_part(self, part, dot < 0, foreign))
        return FALSE;
      if (dot < 0)
        return TRUE;
      key = pk_slice_from(key, (gsize) dot + 1);
    }
}

static gboolean
_put_loose_key(PkTuple *self, PkSlice key, PkSlice value)
{
  LooseKey folded;

  if (!_fold_key(&folded, key, self->spec->foreign))
    return TRUE;
  for (gsize i = 0; i < folded.n_parts; i++)
    if (!_put_key(self, pk_slice(folded.text + folded.parts[i], folded.len - folded.parts[i]), value))
      return FALSE;
  return TRUE;
}

/* Keys of our own, such as _vendor, are no maker's. */
gboolean
pk_tuple_put(PkTuple *self, PkSlice key, PkSlice value)
{
  if (self->spec->loose && key.len && key.data[0] != '_')
    return _put_loose_key(self, key, value);
  return _put_key(self, key, value);
}

gboolean
pk_tuple_put_pair(gpointer tuple, PkSlice key, PkSlice value)
{
  return pk_tuple_put(tuple, key, value);
}

void
pk_tuple_put_header(PkTuple *self, const PkLine *line)
{
  pk_tuple_put(self, PK_SLICE("_program"), line->program);
  pk_tuple_put(self, PK_SLICE("_host"), line->host);
  pk_tuple_put(self, PK_SLICE("_msgid"), line->msgid);
}

void
pk_tuple_start_anew(PkEvent *event)
{
  const PkDialect *dialect = event->dialect;
  gint64 time_usec = event->time_usec;

  pk_event_init(event);
  event->dialect = dialect;
  event->time_usec = time_usec;
}

static void
_make_index(const PkTupleSpec *spec, PkTupleIndex *index)
{
  memset(index, 0, sizeof(*index));
  for (guint i = 0; i < PK_TUPLE_KEYS_MAX && spec->keys[i].key[0]; i++)
    {
      guint8 slot = _slot(_key_octets(&spec->keys[i]));

      if (!index->first[slot])
        index->first[slot] = (guint8) (i + 1);
      index->last[slot] = (guint8) (i + 1);
      if (i < PK_TUPLE_REQUIRE_MAX && spec->keys[i].target == PK_TUPLE_REQUIRE)
        index->required |= G_GUINT64_CONSTANT(1) << i;
    }
}

PkTupleIndex *
pk_tuple_index_new(const PkTupleSpec *spec)
{
  PkTupleIndex *self = g_new(PkTupleIndex, 1);

  _make_index(spec, self);
  return self;
}

/* own_index is left as it is where it is not needed. */
void
pk_tuple_init(PkTuple *self, const PkTupleSpec *spec, const PkTupleIndex *index, PkEvent *event)
{
  memset(self, 0, G_STRUCT_OFFSET(PkTuple, own_index));
  self->spec = spec;
  self->event = event;
  self->rejected = PK_SCAN_MATCH;
  self->index = index ? index : &self->own_index;
  if (!index)
    _make_index(spec, &self->own_index);
  self->required = self->index->required;
}

/* ---- the whole ---------------------------------------------------------------- */

static gboolean
_has_ports(guint8 protocol)
{
  /* TCP, UDP, DCCP, SCTP, UDP-Lite */
  return protocol == PK_PROTO_TCP || protocol == PK_PROTO_UDP || protocol == 33 || protocol == 132 || protocol == 136;
}

static gboolean
_is_icmp(guint8 protocol)
{
  return protocol == PK_PROTO_ICMP || protocol == PK_PROTO_ICMPV6;
}

static void
_take_icmp_from_ports(PkTuple *self)
{
  const guint32 ports = PK_HAS_SOURCE_PORT | PK_HAS_DEST_PORT;
  PkEvent *event = self->event;

  if (self->seen_icmp || (event->has & ports) != ports || event->source_port > G_MAXUINT8 ||
      event->dest_port > G_MAXUINT8)
    return;
  event->icmp_type = (guint8) event->source_port;
  event->icmp_code = (guint8) event->dest_port;
  self->seen_icmp = 3;
}

/* Many devices print ports of protocols that have none. */
static void
_finish_transport(PkTuple *self)
{
  PkEvent *event = self->event;

  if (!(event->has & PK_HAS_PROTOCOL))
    return;
  if (_is_icmp(event->protocol) && self->spec->icmp_in_ports)
    _take_icmp_from_ports(self);
  if (!_has_ports(event->protocol))
    event->has &= ~(guint32) (PK_HAS_SOURCE_PORT | PK_HAS_DEST_PORT);
  if (event->protocol != PK_PROTO_TCP)
    event->has &= ~(guint32) PK_HAS_TCP_FLAGS;
  if (_is_icmp(event->protocol) && self->seen_icmp & 1)
    event->has |= PK_HAS_ICMP;
}

static gboolean
_is_strictly_complete(const PkEvent *event)
{
  const guint32 needs = PK_HAS_SOURCE | PK_HAS_DEST | PK_HAS_PROTOCOL;

  if ((event->has & needs) != needs)
    return FALSE;
  return !_has_ports(event->protocol) || event->has & PK_HAS_DEST_PORT;
}

static void
_set_verdict(PkTuple *self)
{
  PkEvent *event = self->event;
  gboolean deny = self->verdict == PK_VERDICT_DENY;

  event->kind = deny ? PK_EVENT_FIREWALL_DENY : PK_EVENT_FIREWALL_ACCEPT;
  event->branch = deny ? PK_BRANCH_FIREWALL_PORT_DENIED : PK_BRANCH_NONE;
  pk_event_set_text(event, PK_TEXT_ACTION_WORD, self->word.data, self->word.len);
}

static const gchar *
_missing_part(const PkTuple *self, guint32 has)
{
  if (!(has & PK_HAS_SOURCE) && !(self->spec->optional & PK_HAS_SOURCE))
    return "no source address";
  if (!(has & PK_HAS_DEST) && !(self->spec->optional & PK_HAS_DEST))
    return "no destination address";
  return has & PK_HAS_PROTOCOL ? "no destination port" : "no protocol";
}

static PkScanResult
_finish_tuple(PkTuple *self)
{
  guint32 needs = (PK_HAS_SOURCE | PK_HAS_DEST) & ~self->spec->optional;
  guint32 has = self->event->has | self->named;

  _miss(self, self->malformed, NULL);
  if (self->malformed)
    return PK_SCAN_MALFORMED;
  _finish_transport(self);
  _miss(self, _missing_part(self, has), NULL);
  if (self->spec->strict && !_is_strictly_complete(self->event))
    return PK_SCAN_NO_MATCH;
  if ((has & needs) != needs)
    return has & (PK_HAS_SOURCE | PK_HAS_DEST) ? PK_SCAN_MALFORMED : PK_SCAN_IGNORED;
  _set_verdict(self);
  return PK_SCAN_MATCH;
}

static const gchar *
_missing_key(const PkTuple *self)
{
  return self->spec->keys[g_bit_nth_lsf((gulong) self->required, -1)].key;
}

PkScanResult
pk_tuple_finish(PkTuple *self)
{
  if (self->rejected != PK_SCAN_MATCH)
    return self->rejected;
  if (self->required)
    {
      _miss(self, "a key is not there, or says something else", _missing_key(self));
      return PK_SCAN_NO_MATCH;
    }
  if (self->verdict == PK_VERDICT_NONE)
    pk_tuple_set_verdict(self, self->else_verdict, self->else_word);
  _miss(self, "no verdict", NULL);
  if (self->verdict == PK_VERDICT_NONE)
    return self->spec->strict ? PK_SCAN_NO_MATCH : PK_SCAN_IGNORED;
  _miss(self, "its verdict is none about a packet", NULL);
  if (self->verdict == PK_VERDICT_NEITHER || (self->verdict == PK_VERDICT_DENY && self->no_deny))
    return PK_SCAN_IGNORED;
  return _finish_tuple(self);
}
