/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/tuple.h"

#include "scan/address.h"
#include "scan/glob.h"
#include "scan/octets.h"
#include "scan/slice.h"
#include "scan/timestamp.h"

#define COUNT_MAX 1000000
/* What says something about a packet is not longer than this. */
#define VALUE_BYTES_MAX 512

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

static gboolean
_consists_of(PkSlice text, const gchar *bytes)
{
  for (gsize i = 0; i < text.len; i++)
    if (text.data[i] == '\0' || !strchr(bytes, text.data[i]))
      return FALSE;
  return text.len > 0;
}

/* "999.1.2.3", "2001:db8:::1": no address, but no host name either. */
static gboolean
_is_broken_address(PkSlice text)
{
  return _consists_of(text, "0123456789.") ||
         (_consists_of(text, "0123456789abcdefABCDEF:.") && pk_slice_find_char(text, ':') >= 0);
}

/* "[2001:db8::1]", "fe80::1%eth0" and "192.0.2.1/32" are addresses all the same. */
static PkSlice
_strip_address(PkSlice text)
{
  gssize zone;

  if (text.len > 2 && text.data[0] == '[' && text.data[text.len - 1] == ']')
    text = pk_slice(text.data + 1, text.len - 2);
  if (pk_slice_ends_with(text, PK_SLICE("/32")))
    text.len -= 3;
  else if (pk_slice_ends_with(text, PK_SLICE("/128")))
    text.len -= 4;
  zone = pk_slice_find_char(text, '%');
  if (zone > 0)
    text.len = (gsize) zone;
  return text;
}

/* An address that comes after a host name counts more than that. */
static void
_put_address(PkTuple *self, const End *end, PkSlice value)
{
  PkAddr *address = (PkAddr *) ((gchar *) self->event + end->address);

  if (self->event->has & end->has_address)
    return;
  if (pk_addr_parse(value, address) || pk_addr_parse(_strip_address(value), address))
    self->event->has |= end->has_address;
  else if (_is_broken_address(value) || pk_slice_find_char(value, ',') >= 0)
    self->malformed = TRUE;
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
  else if (_consists_of(value, "0123456789"))
    self->malformed = TRUE;
}

static gboolean
_is_port_separator(gchar c)
{
  return c == ':' || c == '/' || c == '(' || c == '#';
}

/* How much of "address:port" is the address.  A colon parts address and port
 * unless there are more of them, which only happens in IPv6. */
static gsize
_measure_address(PkSlice value)
{
  PkAddr addr;
  gsize len = pk_addr_scan_v4(value, &addr), colons = 0, first_colon = 0;

  if (len > 0 && (len == value.len || !g_ascii_isalnum(value.data[len])))
    return len;
  if (value.len && value.data[0] == '[')
    {
      gssize close = pk_slice_find_char(value, ']');

      return close < 0 ? value.len : (gsize) close + 1;
    }
  for (len = 0; len < value.len && value.data[len] != '/' && value.data[len] != '(' && value.data[len] != '#' &&
                value.data[len] != ' ';
       len++)
    if (value.data[len] == ':' && colons++ == 0)
      first_colon = len;
  if (colons == 0 || (colons > 1 && pk_addr_parse(_strip_address(pk_slice(value.data, len)), &addr)))
    return len;
  return first_colon;
}

static gsize
_count_digits(PkSlice text)
{
  gsize n = 0;

  while (n < text.len && g_ascii_isdigit(text.data[n]))
    n++;
  return n;
}

static void
_put_address_with_port(PkTuple *self, const End *end, PkSlice value)
{
  gsize len = _measure_address(value);
  PkSlice rest = pk_slice_from(value, len);
  gsize digits;

  if (len > 0)
    _put_address(self, end, pk_slice(value.data, len));
  if (rest.len < 2 || !_is_port_separator(rest.data[0]))
    return;
  rest = pk_slice_from(rest, 1);
  digits = _count_digits(rest);
  if (digits > 0 && (digits == rest.len || !g_ascii_isalnum(rest.data[digits])))
    _put_port(self, end, pk_slice(rest.data, digits));
}

/* ---- protocol, ICMP, flags -------------------------------------------------- */

static gboolean
_is_protocol_char(gchar c)
{
  return g_ascii_isalnum(c) || c == '-';
}

/* Azure's flow logs. */
static guint8
_protocol_of_letter(gchar letter)
{
  return letter == 'T' ? PK_PROTO_TCP : letter == 'U' ? PK_PROTO_UDP : letter == 'I' ? PK_PROTO_ICMP : PK_PROTO_NONE;
}

static void
_put_protocol(PkTuple *self, PkSlice value)
{
  PkEvent *event = self->event;
  gsize len = 0;

  if (event->has & PK_HAS_PROTOCOL)
    return;
  while (len < value.len && _is_protocol_char(value.data[len]))
    len++;
  if (value.len == 1 && _protocol_of_letter(value.data[0]) != PK_PROTO_NONE)
    event->protocol = _protocol_of_letter(value.data[0]);
  else if (!pk_protocol_parse(pk_slice(value.data, len), &event->protocol))
    {
      self->malformed |= _consists_of(value, "0123456789");
      return;
    }
  event->has |= PK_HAS_PROTOCOL;
}

static void
_put_icmp(PkTuple *self, guint8 bit, guint8 *member, PkSlice value)
{
  guint64 number;

  if (self->seen_icmp & bit || !pk_number_parse(value, G_MAXUINT8, &number))
    return;
  self->seen_icmp |= bit;
  *member = (guint8) number;
}

/* The first two numbers; "icmp6" is none. */
static void
_put_icmp_pair(PkTuple *self, PkSlice value)
{
  for (gsize at = 0; at < value.len;)
    {
      gsize digits = _count_digits(pk_slice_from(value, at));

      if (digits == 0 || (at > 0 && g_ascii_isalpha(value.data[at - 1])))
        at += digits + 1;
      else if (self->seen_icmp == 0)
        _put_icmp(self, 1, &self->event->icmp_type, pk_slice(value.data + at, digits));
      else
        _put_icmp(self, 2, &self->event->icmp_code, pk_slice(value.data + at, digits));
      at += digits;
    }
}

static const struct
{
  const gchar *name;
  guint8 flag;
} FLAGS[] = { { "SYN", PK_TCP_SYN }, { "ACK", PK_TCP_ACK }, { "RST", PK_TCP_RST }, { "FIN", PK_TCP_FIN },
              { "PSH", PK_TCP_PSH }, { "URG", PK_TCP_URG }, { "ECE", PK_TCP_ECE }, { "CWR", PK_TCP_CWR } };

static guint
_flag_of_name(PkSlice word)
{
  for (guint i = 0; i < G_N_ELEMENTS(FLAGS); i++)
    if (pk_slice_equals_nocase(word, pk_slice_from_string(FLAGS[i].name)))
      return FLAGS[i].flag;
  return 0;
}

/* "SA", "S", "FPU"; E is ECE, W is CWR as pf prints them.  0: other letters. */
static guint
_flags_of_letters(PkSlice word)
{
  guint flags = 0;

  for (gsize i = 0; i < word.len; i++)
    {
      guint flag = word.data[i] == 'W' ? PK_TCP_CWR : 0;

      for (guint j = 0; j < G_N_ELEMENTS(FLAGS) - 1 && !flag; j++)
        flag = FLAGS[j].name[0] == word.data[i] ? FLAGS[j].flag : 0;
      if (!flag)
        return 0;
      flags |= flag;
    }
  return flags;
}

static guint
_flags_of_words(PkSlice value)
{
  guint flags = 0;

  for (gsize at = 0, len; at < value.len; at += len + 1)
    {
      PkSlice word;

      for (len = 0; at + len < value.len && g_ascii_isalpha(value.data[at + len]); len++)
        ;
      word = pk_slice(value.data + at, len);
      if (len > 0)
        flags |= _flag_of_name(word) ? _flag_of_name(word) : _flags_of_letters(word);
    }
  return flags;
}

static gboolean
_parse_hex(PkSlice text, guint *ret_number)
{
  guint number = 0;

  if (text.len < 3 || text.len > 6 || text.data[0] != '0' || text.data[1] != 'x')
    return FALSE;
  for (gsize i = 2; i < text.len; i++)
    if (!g_ascii_isxdigit(text.data[i]))
      return FALSE;
    else
      number = number * 16 + (guint) g_ascii_xdigit_value(text.data[i]);
  *ret_number = number;
  return TRUE;
}

static void
_put_flags(PkTuple *self, PkSlice value)
{
  PkEvent *event = self->event;
  guint64 number;
  guint flags = 0;

  if (event->has & PK_HAS_TCP_FLAGS)
    return;
  if (pk_number_parse(value, G_MAXUINT16, &number))
    flags = (guint) number;
  else if (!_parse_hex(value, &flags))
    flags = _flags_of_words(value);
  if (flags)
    event->has |= PK_HAS_TCP_FLAGS;
  event->tcp_flags = (guint8) flags;
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

static guint
_parse_fraction(PkSlice text)
{
  guint usec = 0;

  if (text.len == 0 || text.data[0] != '.')
    return 0;
  for (gsize i = 1; i <= 6; i++)
    usec = usec * 10 + (i < text.len && g_ascii_isdigit(text.data[i]) ? (guint) (text.data[i] - '0') : 0);
  return usec;
}

/* The unit of a Unix time is told by its number of digits: 10 are seconds,
 * which may have a fraction. */
static gboolean
_parse_unix_time(PkSlice value, gint64 *ret_usec)
{
  gsize digits = _count_digits(value);
  guint64 number;
  gint64 usec;

  if (digits < 10 || digits > 19 || !pk_number_parse(pk_slice(value.data, digits), G_MAXINT64, &number))
    return FALSE;
  usec = (gint64) number;
  for (gsize i = digits; i > 16; i--)
    usec /= 10;
  for (gsize i = digits; i < 16; i++)
    usec *= 10;
  *ret_usec = usec + (digits == 10 ? _parse_fraction(pk_slice_from(value, digits)) : 0);
  return TRUE;
}

static void
_put_time(PkTuple *self, PkSlice value)
{
  gboolean has_zone = TRUE;
  gint64 usec;

  if (self->has_time)
    return;
  if (!_parse_unix_time(value, &usec) && !pk_timestamp_parse_iso(value, &usec, &has_zone))
    return;
  if (!has_zone)
    return;
  self->has_time = TRUE;
  self->event->time_usec = usec;
}

/* ---- verdict ------------------------------------------------------------------ */

static PkVerdict
_judge(const PkTuple *self, PkSlice value)
{
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
_put_condition(PkTuple *self, const PkTupleKey *key, PkSlice value)
{
  gboolean is_listed = !key->values || pk_tuple_value_in(key->values, value);

  if (key->target == PK_TUPLE_REQUIRE && is_listed)
    self->required &= ~(G_GUINT64_CONSTANT(1) << (key - self->spec->keys));
  if (key->target == PK_TUPLE_ONLY && !is_listed)
    self->rejected = PK_SCAN_IGNORED;
  if (key->target == PK_TUPLE_EXCEPT && is_listed)
    self->rejected = PK_SCAN_IGNORED;
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

static inline guint64
_filter_bit(guint64 octets)
{
  return G_GUINT64_CONSTANT(1) << ((octets * G_GUINT64_CONSTANT(0x9E3779B97F4A7C15)) >> 58);
}

static gboolean
_is_key(const PkTupleKey *key, guint64 octets, PkSlice text)
{
  if (_key_octets(key) != octets)
    return FALSE;
  return text.len <= 8 ? text.len == 8 ? !key->key[8] : TRUE
                       : memcmp(key->key + 8, text.data + 8, text.len - 8) == 0 && !key->key[text.len];
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

gboolean
pk_tuple_put(PkTuple *self, PkSlice key, PkSlice value)
{
  guint64 octets = pk_octets_load(key.data, key.data + key.len);

  if (G_LIKELY(!(self->filter & _filter_bit(octets))) || key.len == 0 || key.len >= PK_TUPLE_KEY_BYTES)
    return TRUE;
  value = _clean(value);
  if (value.len == 0)
    return TRUE;
  for (const PkTupleKey *entry = self->spec->keys; entry->key[0]; entry++)
    if (_is_key(entry, octets, key) && _says_something(entry, value))
      _put_value(self, entry, value);
  return self->rejected == PK_SCAN_MATCH;
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

void
pk_tuple_init(PkTuple *self, const PkTupleSpec *spec, PkEvent *event)
{
  *self = (PkTuple){ .spec = spec, .event = event, .rejected = PK_SCAN_MATCH };
  for (guint i = 0; spec->keys[i].key[0]; i++)
    {
      self->filter |= _filter_bit(_key_octets(&spec->keys[i]));
      if (spec->keys[i].target == PK_TUPLE_REQUIRE)
        self->required |= G_GUINT64_CONSTANT(1) << i;
    }
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

static PkScanResult
_finish_tuple(PkTuple *self)
{
  guint32 needs = (PK_HAS_SOURCE | PK_HAS_DEST) & ~self->spec->optional;

  if (self->malformed)
    return PK_SCAN_MALFORMED;
  _finish_transport(self);
  if (self->spec->strict && !_is_strictly_complete(self->event))
    return PK_SCAN_NO_MATCH;
  if (((self->event->has | self->named) & needs) != needs)
    return PK_SCAN_MALFORMED;
  _set_verdict(self);
  return PK_SCAN_MATCH;
}

PkScanResult
pk_tuple_finish(PkTuple *self)
{
  if (self->rejected != PK_SCAN_MATCH)
    return self->rejected;
  if (self->required)
    return PK_SCAN_NO_MATCH;
  if (self->verdict == PK_VERDICT_NONE)
    pk_tuple_set_verdict(self, self->else_verdict, self->else_word);
  if (self->verdict == PK_VERDICT_NONE)
    return self->spec->strict ? PK_SCAN_NO_MATCH : PK_SCAN_IGNORED;
  if (self->verdict == PK_VERDICT_NEITHER || (self->verdict == PK_VERDICT_DENY && self->no_deny))
    return PK_SCAN_IGNORED;
  return _finish_tuple(self);
}
