/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/address.h"
#include "scan/netfilter-prefix.h"
#include "scan/octets.h"
#include "scan/slice.h"
#include "scan/words.h"

/* The lines of the kernel's LOG targets, as net/netfilter/nf_log_syslog.c
 * writes them:
 *
 *   [uptime] PREFIX IN=eth0 OUT= MAC=... SRC=... DST=... LEN=60 TOS=0x00 ... ID=1 DF PROTO=TCP SPT=1 DPT=2 ...
 *
 * What stands after PROTO= belongs to the inner header: a second LEN= and ID=
 * are not those of the packet.  An ICMP error ends with the packet that caused
 * it, in brackets, with a tuple of its own. */

/* A key as a number, so that telling keys apart costs one switch; the bytes as
 * pk_octets_load() has them. */
#define KEY2(a, b) ((guint64) (a) | (guint64) (b) << 8)
#define KEY3(a, b, c) (KEY2(a, b) | (guint64) (c) << 16)
#define KEY4(a, b, c, d) (KEY3(a, b, c) | (guint64) (d) << 24)
#define KEY5(a, b, c, d, e) (KEY4(a, b, c, d) | (guint64) (e) << 32)
#define KEY6(a, b, c, d, e, f) (KEY5(a, b, c, d, e) | (guint64) (f) << 40)
#define KEY7(a, b, c, d, e, f, g) (KEY6(a, b, c, d, e, f) | (guint64) (g) << 48)
#define KEY8(a, b, c, d, e, f, g, h) (KEY7(a, b, c, d, e, f, g) | (guint64) (h) << 56)

/* ---- where the kernel's own part begins ----------------------------------- */

/* Room for an interface name: the kernel permits 15 bytes. */
#define INTERFACE_BYTES_MAX 32

/* The offset of the key whose "=" stands at equals; -1: not IN or OUT. */
static gssize
_key_start(PkSlice text, gsize equals)
{
  gsize start;

  if (equals >= 2 && text.data[equals - 1] == 'N' && text.data[equals - 2] == 'I')
    start = equals - 2;
  else if (equals >= 3 && memcmp(text.data + equals - 3, "OUT", 3) == 0)
    start = equals - 3;
  else
    return -1;
  if (start > 0 && (g_ascii_isalnum(text.data[start - 1]) || text.data[start - 1] == '_'))
    return -1;
  return (gssize) start;
}

/* text begins with a key that the kernel writes after IN= or OUT=. */
static gboolean
_begins_with_next_key(PkSlice text)
{
  guint64 octets = pk_octets_load(text.data, pk_slice_end(text));

  switch ((guint32) octets)
    {
    case (guint32) KEY4('O', 'U', 'T', '='):
    case (guint32) KEY4('M', 'A', 'C', '='):
    case (guint32) KEY4('S', 'R', 'C', '='):
      return TRUE;
    default:
      return pk_octets_first(octets, 7) == KEY7('P', 'H', 'Y', 'S', 'I', 'N', '=') ||
             octets == KEY8('P', 'H', 'Y', 'S', 'O', 'U', 'T', '=');
    }
}

/* A prefix is free text and may hold "IN=" itself, so what follows must look
 * like the kernel's as well. */
static gboolean
_body_follows(PkSlice value)
{
  const gchar *end = value.data + MIN(value.len, INTERFACE_BYTES_MAX);
  const gchar *blank = pk_octets_find(value.data, end, ' ');

  return blank < end && _begins_with_next_key(pk_slice_from(value, (gsize) (blank - value.data) + 1));
}

/* Mostly "IN=" comes first; Proxmox leaves out an IN= or OUT= that is empty. */
static gssize
_find_body(PkSlice text)
{
  gssize found;

  for (gsize at = 0; (found = pk_slice_find_char(pk_slice_from(text, at), '=')) >= 0; at++)
    {
      gssize start = _key_start(text, at += (gsize) found);

      if (start >= 0 && _body_follows(pk_slice_from(text, at + 1)))
        return start;
    }
  return -1;
}

gssize
pk_netfilter_find_body(const PkLine *line)
{
  return pk_netfilter_prefix_is_writer(line->program) ? _find_body(line->text) : -1;
}

/* ---- keys and values ------------------------------------------------------ */

typedef struct _Reader
{
  const gchar *end; /* of the line */
  PkEvent *event;
  gboolean bad;          /* a value of the tuple that cannot be */
  gboolean no_transport; /* a later fragment, or too short: there are no ports to be had */
  gboolean is_arp;
  gboolean has_icmp_type, has_icmp_code;
} Reader;

/* FALSE: no digits, other bytes among them, or more than max. */
static inline gboolean
_read_number(const Reader *self, PkSlice value, guint max, guint *ret_number)
{
  guint64 digits;
  guint number;

  if (value.len == 0 || value.len > 5)
    return FALSE;
  digits = pk_octets_digits(pk_octets_load(value.data, self->end), (guint) value.len);
  if (pk_octets_over_nine(digits))
    return FALSE;
  number = pk_octets_join_digits(digits);
  if (number > max)
    return FALSE;
  *ret_number = number;
  return TRUE;
}

/* The first one counts: what follows may be the packet inside an ICMP error. */
static gboolean
_is_new(Reader *self, guint32 has)
{
  if (self->event->has & has)
    return FALSE;
  self->event->has |= has;
  return TRUE;
}

static void
_read_address(Reader *self, PkSlice value, guint32 has, PkAddr *addr)
{
  /* Up to the end of the line: reading is cheaper where more bytes follow. */
  PkSlice rest = pk_slice(value.data, (gsize) (self->end - value.data));
  gsize n;

  if (!_is_new(self, has))
    return;
  n = pk_addr_scan_v4(rest, addr);
  if ((n == 0 || n != value.len) && !pk_addr_parse(value, addr))
    self->bad = TRUE;
}

static void
_read_port(Reader *self, PkSlice value, guint32 has, guint16 *port)
{
  guint number = 0;

  if (!_is_new(self, has))
    return;
  self->bad |= !_read_number(self, value, G_MAXUINT16, &number);
  *port = (guint16) number;
}

/* A number beside the tuple: one that cannot be is left out. */
static void
_read_extra(Reader *self, PkSlice value, guint32 has, guint16 *ret_value)
{
  guint number;

  if (self->event->has & has || !_read_number(self, value, G_MAXUINT16, &number))
    return;
  self->event->has |= has;
  *ret_value = (guint16) number;
}

static void
_read_icmp(Reader *self, PkSlice text, gboolean *has, guint8 *value)
{
  guint number = 0;

  if (*has)
    return;
  *has = TRUE;
  self->bad |= !_read_number(self, text, G_MAXUINT8, &number);
  *value = (guint8) number;
}

static void
_read_protocol(Reader *self, PkSlice value)
{
  if (!_is_new(self, PK_HAS_PROTOCOL))
    return;
  if (pk_slice_equals(value, PK_SLICE("TCP")))
    self->event->protocol = PK_PROTO_TCP;
  else if (pk_slice_equals(value, PK_SLICE("UDP")))
    self->event->protocol = PK_PROTO_UDP;
  else if (!pk_protocol_parse(value, &self->event->protocol))
    self->bad = TRUE;
}

static void
_read_network_value(Reader *self, guint64 key, PkSlice value)
{
  PkEvent *event = self->event;

  switch (key)
    {
    case KEY3('S', 'R', 'C'):
      _read_address(self, value, PK_HAS_SOURCE, &event->source);
      break;
    case KEY3('D', 'S', 'T'):
      _read_address(self, value, PK_HAS_DEST, &event->dest);
      break;
    case KEY3('L', 'E', 'N'):
      _read_extra(self, value, PK_HAS_LENGTH, &event->length);
      break;
    case KEY2('I', 'D'):
      _read_extra(self, value, PK_HAS_IP_ID, &event->ip_id);
      break;
    case KEY5('P', 'R', 'O', 'T', 'O'):
      _read_protocol(self, value);
      break;
    default:
      break;
    }
}

static void
_read_transport_value(Reader *self, guint64 key, PkSlice value)
{
  PkEvent *event = self->event;

  switch (key)
    {
    case KEY3('S', 'P', 'T'):
      _read_port(self, value, PK_HAS_SOURCE_PORT, &event->source_port);
      break;
    case KEY3('D', 'P', 'T'):
      _read_port(self, value, PK_HAS_DEST_PORT, &event->dest_port);
      break;
    case KEY6('W', 'I', 'N', 'D', 'O', 'W'):
      _read_extra(self, value, PK_HAS_TCP_WINDOW, &event->tcp_window);
      break;
    case KEY4('T', 'Y', 'P', 'E'):
      _read_icmp(self, value, &self->has_icmp_type, &event->icmp_type);
      break;
    case KEY4('C', 'O', 'D', 'E'):
      _read_icmp(self, value, &self->has_icmp_code, &event->icmp_code);
      break;
    default:
      break;
    }
}

static guint8
_tcp_flag(guint64 word)
{
  switch (word)
    {
    case KEY3('S', 'Y', 'N'):
      return PK_TCP_SYN;
    case KEY3('A', 'C', 'K'):
      return PK_TCP_ACK;
    case KEY3('R', 'S', 'T'):
      return PK_TCP_RST;
    case KEY3('F', 'I', 'N'):
      return PK_TCP_FIN;
    case KEY3('P', 'S', 'H'):
      return PK_TCP_PSH;
    case KEY3('U', 'R', 'G'):
      return PK_TCP_URG;
    case KEY3('E', 'C', 'E'):
      return PK_TCP_ECE;
    case KEY3('C', 'W', 'R'):
      return PK_TCP_CWR;
    default:
      return 0;
    }
}

/* A token without "=", or its first eight bytes.  "FRAG:185" and
 * "INCOMPLETE [8 bytes]" are why a tuple may have no ports. */
static void
_read_flag(Reader *self, guint64 word)
{
  if (self->event->protocol == PK_PROTO_TCP)
    self->event->tcp_flags |= _tcp_flag(word);
  self->is_arp |= word == KEY3('A', 'R', 'P');
  self->no_transport |= (word & KEY5(0xff, 0xff, 0xff, 0xff, 0xff)) == KEY5('F', 'R', 'A', 'G', ':') ||
                        (word & KEY6(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)) == KEY6('I', 'N', 'C', 'O', 'M', 'P');
}

static inline void
_read_value(Reader *self, guint64 key, PkSlice value)
{
  if (self->event->has & PK_HAS_PROTOCOL)
    _read_transport_value(self, key, value);
  else
    _read_network_value(self, key, value);
}

/* FALSE at the packet inside an ICMP error. */
static inline gboolean
_read_token(Reader *self, PkSlice token, gsize key_len)
{
  guint64 octets = pk_octets_load(token.data, self->end);

  if (key_len < token.len && key_len < 8)
    {
      guint64 key = pk_octets_first(octets, (guint) key_len);

      if (key == KEY4('[', 'S', 'R', 'C'))
        return FALSE;
      _read_value(self, key, pk_slice_from(token, key_len + 1));
    }
  else
    _read_flag(self, token.len < 8 ? pk_octets_first(octets, (guint) token.len) : octets);
  return TRUE;
}

/* ---- the usual order ------------------------------------------------------ */

typedef enum
{
  USUAL_SKIP,  /* of no interest, whatever its value is */
  USUAL_VALUE, /* for _read_value() */
  USUAL_FLAG,  /* for _read_flag() */
} UsualKind;

typedef struct _Usual
{
  guint64 begin, mask; /* its key with the "=" or blank behind it; where they stand in eight bytes */
  guint64 key;
  guint8 key_len;
  guint8 kind; /* UsualKind */
} Usual;

#define USUAL(len, key, end, kind)                                                                                     \
  {                                                                                                                    \
    (key) | (guint64) (end) << (8 * (len)), (G_GUINT64_CONSTANT(1) << (8 * ((len) + 1))) - 1, key, len, kind           \
  }

/* Nearly all lines are of packets that are whole, with their words in this order: to ask whether the next one
 * stands here costs half of finding out which one it is.  What is done with it is the same. */
static const Usual USUAL_ORDER[] = {
  USUAL(2, KEY2('I', 'N'), '=', USUAL_SKIP),
  USUAL(3, KEY3('O', 'U', 'T'), '=', USUAL_SKIP),
  USUAL(3, KEY3('M', 'A', 'C'), '=', USUAL_SKIP),
  USUAL(3, KEY3('S', 'R', 'C'), '=', USUAL_VALUE),
  USUAL(3, KEY3('D', 'S', 'T'), '=', USUAL_VALUE),
  USUAL(3, KEY3('L', 'E', 'N'), '=', USUAL_VALUE),
  USUAL(3, KEY3('T', 'O', 'S'), '=', USUAL_SKIP),
  USUAL(4, KEY4('P', 'R', 'E', 'C'), '=', USUAL_SKIP),
  USUAL(3, KEY3('T', 'T', 'L'), '=', USUAL_SKIP),
  USUAL(2, KEY2('I', 'D'), '=', USUAL_VALUE),
  USUAL(2, KEY2('D', 'F'), ' ', USUAL_SKIP),
  USUAL(5, KEY5('P', 'R', 'O', 'T', 'O'), '=', USUAL_VALUE),
  USUAL(3, KEY3('S', 'P', 'T'), '=', USUAL_VALUE),
  USUAL(3, KEY3('D', 'P', 'T'), '=', USUAL_VALUE),
  USUAL(6, KEY6('W', 'I', 'N', 'D', 'O', 'W'), '=', USUAL_VALUE),
  USUAL(3, KEY3('R', 'E', 'S'), '=', USUAL_SKIP),
  USUAL(3, KEY3('S', 'Y', 'N'), ' ', USUAL_FLAG),
  USUAL(4, KEY4('U', 'R', 'G', 'P'), '=', USUAL_SKIP),
};

static void
_read_usual(Reader *self, PkWords *words)
{
  PkSlice word;

  for (const Usual *usual = USUAL_ORDER; usual < USUAL_ORDER + G_N_ELEMENTS(USUAL_ORDER); usual++)
    {
      if ((pk_octets_load(words->at, self->end) & usual->mask) != usual->begin)
        continue;
      if (!pk_words_next_known(words, &word))
        break;
      if (usual->kind == USUAL_VALUE)
        _read_value(self, usual->key, pk_slice_from(word, usual->key_len + 1u));
      else if (usual->kind == USUAL_FLAG)
        _read_flag(self, usual->key);
    }
  pk_words_forget_keys(words);
}

static void
_read_tokens(Reader *self, PkSlice text)
{
  PkWords words;
  PkSlice token;
  gsize key_len;

  self->end = pk_slice_end(text);
  pk_words_init(&words, text);
  _read_usual(self, &words);
  while (pk_words_next(&words, &token, &key_len) && _read_token(self, token, key_len))
    ;
}

/* ---- the line ------------------------------------------------------------- */

static gboolean
_tuple_is_complete(const Reader *self)
{
  const guint32 addresses = PK_HAS_SOURCE | PK_HAS_DEST | PK_HAS_PROTOCOL;
  const guint32 ports = PK_HAS_SOURCE_PORT | PK_HAS_DEST_PORT;
  const PkEvent *event = self->event;

  if (self->bad || (event->has & addresses) != addresses)
    return FALSE;
  if (event->protocol != PK_PROTO_TCP && event->protocol != PK_PROTO_UDP)
    return TRUE;
  return (event->has & ports) == ports || self->no_transport;
}

/* The kernel writes WINDOW= and the flags of every TCP header that it can
 * read; a tool that leaves them out says nothing about the flags. */
static void
_finish_transport(const Reader *self)
{
  PkEvent *event = self->event;

  if (event->protocol == PK_PROTO_TCP && (event->has & PK_HAS_TCP_WINDOW || event->tcp_flags))
    event->has |= PK_HAS_TCP_FLAGS;
  if (self->has_icmp_type && self->has_icmp_code &&
      (event->protocol == PK_PROTO_ICMP || event->protocol == PK_PROTO_ICMPV6))
    event->has |= PK_HAS_ICMP;
}

static void
_set_verdict(PkEvent *event, PkVerdict verdict, PkSlice word)
{
  gboolean deny = verdict == PK_VERDICT_DENY;

  event->kind = deny ? PK_EVENT_FIREWALL_DENY : PK_EVENT_FIREWALL_ACCEPT;
  event->branch = deny ? PK_BRANCH_FIREWALL_PORT_DENIED : PK_BRANCH_NONE;
  pk_event_set_text(event, PK_TEXT_ACTION_WORD, word.data, word.len);
}

static PkScanResult
_scan_body(const PkLine *line, gsize body, PkEvent *event)
{
  Reader reader = { .event = event };

  _read_tokens(&reader, pk_slice_from(line->text, body));
  if (reader.is_arp && !(event->has & PK_HAS_SOURCE))
    return PK_SCAN_IGNORED;
  if (!_tuple_is_complete(&reader))
    return PK_SCAN_MALFORMED;
  _finish_transport(&reader);
  return PK_SCAN_MATCH;
}

PkScanResult
pk_netfilter_scan_body(const PkLine *line, gsize body, PkVerdict verdict, PkSlice word, PkEvent *event)
{
  PkScanResult result = _scan_body(line, body, event);

  if (result == PK_SCAN_MATCH)
    _set_verdict(event, verdict, word);
  return result;
}

PkScanResult
pk_scan_netfilter(const PkDialect *self, const PkScanContext *context, const PkLine *line, PkEvent *event)
{
  gssize body = context->netfilter_body ? (gssize) context->netfilter_body : _find_body(line->text);
  PkNetfilterPrefix prefix;
  PkScanResult result;
  PkVerdict verdict;
  PkSlice word;

  if (body < 0)
    return PK_SCAN_NO_MATCH;
  pk_netfilter_prefix_read(line, pk_slice(line->text.data, (gsize) body), event, &prefix);
  if (!pk_netfilter_prefix_belongs(&prefix, self->netfilter))
    return PK_SCAN_NO_MATCH;
  verdict = pk_netfilter_prefix_judge(&prefix, self->netfilter, context, &word);
  if (verdict == PK_VERDICT_NEITHER)
    return PK_SCAN_IGNORED;
  result = _scan_body(line, (gsize) body, event);
  if (result != PK_SCAN_MATCH)
    return result;
  if (verdict == PK_VERDICT_NONE)
    {
      pk_event_set_text(event, PK_TEXT_ACTION_WORD, prefix.text.data, prefix.text.len);
      return PK_SCAN_UNKNOWN_PREFIX;
    }
  if (self->netfilter->record_time)
    pk_netfilter_prefix_read_time(&prefix, event);
  _set_verdict(event, verdict, word);
  return PK_SCAN_MATCH;
}
