/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock/pk-engine.h"

#include "engine/signs.h"
#include "engine/window.h"
#include "scan/address.h"
#include "scan/slice.h"
#include "scan/timestamp.h"

/* https://attack.mitre.org/techniques/T1205/001/ */
#define TECHNIQUE_ID "T1205.001"
#define TECHNIQUE "Port Knocking"
#define TACTICS "Defense Evasion,Persistence,Command and Control"
#define REFERENCE "https://attack.mitre.org/techniques/T1205/001/"

/* "255.255.65535" and a comma, or "65535/icmpv6" and a comma */
#define PORT_TEXT_BYTES 32

typedef struct _FieldInfo
{
  const gchar *name;
  PkFieldType type;
} FieldInfo;

/* clang-format off */
static const FieldInfo FIELDS[PK_N_FIELDS] =
{
  [PK_FIELD_KIND] = { "kind", PK_FIELD_STRING },
  [PK_FIELD_DETECTION_BRANCH] = { "detection_branch", PK_FIELD_STRING },
  [PK_FIELD_DIALECT] = { "dialect", PK_FIELD_STRING },
  [PK_FIELD_ACTION] = { "action", PK_FIELD_STRING },
  [PK_FIELD_ACTION_WORD] = { "action_word", PK_FIELD_STRING },
  [PK_FIELD_SRC_IP] = { "src_ip", PK_FIELD_STRING },
  [PK_FIELD_SRC_PORT] = { "src_port", PK_FIELD_INTEGER },
  [PK_FIELD_DEST_IP] = { "dest_ip", PK_FIELD_STRING },
  [PK_FIELD_DEST_PORT] = { "dest_port", PK_FIELD_INTEGER },
  [PK_FIELD_PROTO] = { "proto", PK_FIELD_STRING },
  [PK_FIELD_COUNT] = { "count", PK_FIELD_INTEGER },
  [PK_FIELD_SUBTYPE] = { "subtype", PK_FIELD_STRING },
  [PK_FIELD_DOOR] = { "door", PK_FIELD_STRING },
  [PK_FIELD_DOOR_ACTION] = { "door_action", PK_FIELD_STRING },
  [PK_FIELD_STAGE] = { "stage", PK_FIELD_INTEGER },
  [PK_FIELD_OPEN_PORT] = { "open_port", PK_FIELD_STRING },
  [PK_FIELD_EXPIRES] = { "expires", PK_FIELD_INTEGER },
  [PK_FIELD_PROCESS] = { "process", PK_FIELD_STRING },
  [PK_FIELD_IMAGE] = { "image", PK_FIELD_STRING },
  [PK_FIELD_COMMAND_LINE] = { "command_line", PK_FIELD_STRING },
  [PK_FIELD_USER] = { "user", PK_FIELD_STRING },
  [PK_FIELD_PARENT_IMAGE] = { "parent_image", PK_FIELD_STRING },
  [PK_FIELD_PARENT_COMMAND_LINE] = { "parent_command_line", PK_FIELD_STRING },
  [PK_FIELD_PORTS] = { "ports", PK_FIELD_STRING },
  [PK_FIELD_ALLOWED] = { "allowed", PK_FIELD_STRING },
  [PK_FIELD_SEVERITY] = { "severity", PK_FIELD_STRING },
  [PK_FIELD_CONFIDENCE] = { "confidence", PK_FIELD_STRING },
  [PK_FIELD_TECHNIQUE_ID] = { "technique_id", PK_FIELD_STRING },
  [PK_FIELD_EVENT_TIME] = { "event_time", PK_FIELD_STRING },
  [PK_FIELD_TCP_FLAGS] = { "tcp_flags", PK_FIELD_STRING },
  [PK_FIELD_ICMP_TYPE] = { "icmp_type", PK_FIELD_INTEGER },
  [PK_FIELD_ICMP_CODE] = { "icmp_code", PK_FIELD_INTEGER },
  [PK_FIELD_LENGTH] = { "length", PK_FIELD_INTEGER },
  [PK_FIELD_IP_ID] = { "ip_id", PK_FIELD_INTEGER },
  [PK_FIELD_TCP_WINDOW] = { "tcp_window", PK_FIELD_INTEGER },
  [PK_FIELD_SCOPE] = { "scope", PK_FIELD_STRING },
  [PK_FIELD_ALERT_ID] = { "alert_id", PK_FIELD_STRING },
  [PK_FIELD_EVIDENCE] = { "evidence", PK_FIELD_STRING },
  [PK_FIELD_OTHER_DEST_IPS] = { "other_dest_ips", PK_FIELD_STRING },
  [PK_FIELD_PORT_SEQUENCE] = { "port_sequence", PK_FIELD_STRING },
  [PK_FIELD_SEQUENCE] = { "sequence", PK_FIELD_STRING },
  [PK_FIELD_DISTINCT_PORTS] = { "distinct_ports", PK_FIELD_INTEGER },
  [PK_FIELD_TOTAL_PACKETS] = { "total_packets", PK_FIELD_INTEGER },
  [PK_FIELD_RETRANSMITS] = { "retransmits", PK_FIELD_INTEGER },
  [PK_FIELD_WINDOW_START] = { "window_start", PK_FIELD_STRING },
  [PK_FIELD_WINDOW_END] = { "window_end", PK_FIELD_STRING },
  [PK_FIELD_KNOCK_DURATION_SEC] = { "knock_duration_sec", PK_FIELD_DOUBLE },
  [PK_FIELD_REPEATS] = { "repeats", PK_FIELD_INTEGER },
  [PK_FIELD_TECHNIQUE] = { "technique", PK_FIELD_STRING },
  [PK_FIELD_TACTICS] = { "tactics", PK_FIELD_STRING },
  [PK_FIELD_REFERENCE] = { "reference", PK_FIELD_STRING },
  [PK_FIELD_HOSTS] = { "hosts", PK_FIELD_STRING },
};

static const gchar *const KINDS[PK_N_EVENT_KINDS] =
{
  [PK_EVENT_NONE] = "none",
  [PK_EVENT_FIREWALL_DENY] = "firewall_deny",
  [PK_EVENT_FIREWALL_ACCEPT] = "firewall_accept",
  [PK_EVENT_KNOCK_DAEMON] = "knock_daemon",
  [PK_EVENT_KNOCK_CLIENT] = "knock_client",
  [PK_EVENT_CONNECTION_ATTEMPT] = "connection_attempt",
  [PK_EVENT_HOST_FIREWALL_OPENED] = "host_firewall_opened",
  [PK_EVENT_KNOCK_TOOL_INSTALLED] = "knock_tool_installed",
  [PK_EVENT_NEW_LISTENER] = "new_listener",
};

typedef struct _BranchInfo
{
  const gchar *name;
  const gchar *severity, *confidence; /* of a message by itself; NULL: an analyst looks at windows, not at it */
} BranchInfo;

static const BranchInfo BRANCHES[PK_N_BRANCHES] =
{
  [PK_BRANCH_NONE] = { "none", NULL, NULL },
  [PK_BRANCH_KNOCK_SEQUENCE_TRIGGERED] = { "knock_sequence_triggered", "high", "medium" },
  [PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS] = { "knock_sequence_in_progress", "medium", "medium" },
  [PK_BRANCH_KNOCK_DAEMON_RUNNING] = { "knock_daemon_running", "informational", "low" },
  [PK_BRANCH_KNOCKD_GENERAL_ACTIVITY] = { "knockd_general_activity", "informational", "low" },
  [PK_BRANCH_KNOCK_CLIENT_TOOL_EXECUTION] = { "knock_client_tool_execution", "high", "medium" },
  [PK_BRANCH_FIREWALL_PORT_DENIED] = { "firewall_port_denied", NULL, NULL },
  [PK_BRANCH_HOST_FIREWALL_OPENED] = { "host_firewall_opened", "medium", "medium" },
  [PK_BRANCH_KNOCK_TOOL_INSTALLED] = { "knock_tool_installed", "informational", "low" },
  [PK_BRANCH_RAPID_SEQUENTIAL_PORT_DENIED] = { "rapid_sequential_port_denied", NULL, NULL },
  [PK_BRANCH_KNOCK_SEQUENCE_CONFIRMED] = { "knock_sequence_confirmed", NULL, NULL },
  [PK_BRANCH_KNOCK_ATTEMPT_FAILED] = { "knock_attempt_failed", "medium", "medium" },
  [PK_BRANCH_SPA_PACKET_DENIED] = { "spa_packet_denied", NULL, NULL },
  [PK_BRANCH_MAGIC_PACKET_DENIED] = { "magic_packet_denied", NULL, NULL },
};

static const gchar *const CONFIDENCES[PK_N_CONFIDENCES] = { "low", "medium", "high", "confirmed" };
static const gchar *const SEVERITIES[PK_N_CONFIDENCES] = { "low", "high", "high", "critical" };

static const gchar *const TCP_FLAGS[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR" };

static const gchar DIGITS[] =
  "00010203040506070809" "10111213141516171819" "20212223242526272829" "30313233343536373839" "40414243444546474849"
  "50515253545556575859" "60616263646566676869" "70717273747576777879" "80818283848586878889" "90919293949596979899";

static const PkFieldId TEXT_FIELDS[PK_N_TEXTS] =
{
  [PK_TEXT_ACTION_WORD] = PK_FIELD_ACTION_WORD,
  [PK_TEXT_DOOR] = PK_FIELD_DOOR,
  [PK_TEXT_OPEN_PORT] = PK_FIELD_OPEN_PORT,
  [PK_TEXT_PROCESS] = PK_FIELD_PROCESS,
  [PK_TEXT_IMAGE] = PK_FIELD_IMAGE,
  [PK_TEXT_COMMAND_LINE] = PK_FIELD_COMMAND_LINE,
  [PK_TEXT_USER] = PK_FIELD_USER,
  [PK_TEXT_PARENT_IMAGE] = PK_FIELD_PARENT_IMAGE,
  [PK_TEXT_PARENT_COMMAND_LINE] = PK_FIELD_PARENT_COMMAND_LINE,
  [PK_TEXT_PORTS] = PK_FIELD_PORTS,
  [PK_TEXT_ALLOWED] = PK_FIELD_ALLOWED,
};
/* clang-format on */

/* Where fields go. */
typedef struct _Sink
{
  PkFieldFunc func;
  gpointer user_data;
} Sink;

const gchar *
pk_field_name(PkFieldId id)
{
  return FIELDS[id].name;
}

PkFieldType
pk_field_type(PkFieldId id)
{
  return FIELDS[id].type;
}

const gchar *
pk_branch_name(PkBranch branch)
{
  return BRANCHES[branch].name;
}

const gchar *
pk_event_kind_name(PkEventKind kind)
{
  return KINDS[kind];
}

const gchar *
pk_confidence_name(PkConfidence confidence)
{
  return CONFIDENCES[confidence];
}

const gchar *
pk_confidence_severity(PkConfidence confidence)
{
  return SEVERITIES[confidence];
}

gboolean
pk_branch_rating(PkBranch branch, const gchar **ret_severity, const gchar **ret_confidence)
{
  if (!BRANCHES[branch].severity)
    return FALSE;
  *ret_severity = BRANCHES[branch].severity;
  *ret_confidence = BRANCHES[branch].confidence;
  return TRUE;
}

gboolean
pk_branch_confidence(PkBranch branch, PkConfidence *ret_confidence)
{
  const gchar *severity, *confidence;

  if (!pk_branch_rating(branch, &severity, &confidence))
    return FALSE;
  for (guint i = 0; i < PK_N_CONFIDENCES; i++)
    if (g_str_equal(confidence, CONFIDENCES[i]))
      *ret_confidence = (PkConfidence) i;
  return TRUE;
}

static void
_put(const Sink *sink, PkFieldId id, const gchar *value, gsize len)
{
  if (len > 0)
    sink->func(id, value, len, sink->user_data);
}

static void
_put_string(const Sink *sink, PkFieldId id, const gchar *value)
{
  if (value)
    _put(sink, id, value, strlen(value));
}

/* Not printf(), and two digits at a time: this runs for every recognised message. */
static void
_put_number(const Sink *sink, PkFieldId id, gint64 number)
{
  guint64 rest = number < 0 ? -(guint64) number : (guint64) number;
  gchar text[24], *end = text + sizeof(text), *at = end;

  for (; rest >= 10; rest /= 100)
    {
      at -= 2;
      memcpy(at, DIGITS + 2 * (rest % 100), 2);
    }
  if (rest > 0 || at == end)
    *--at = (gchar) ('0' + rest);
  if (number < 0)
    *--at = '-';
  _put(sink, id, at, (gsize) (end - at));
}

static void
_put_addr(const Sink *sink, PkFieldId id, const PkAddr *addr)
{
  gchar text[PK_ADDR_TEXT_BYTES];

  _put(sink, id, text, pk_addr_format(addr, text));
}

static void
_put_protocol(const Sink *sink, guint8 protocol)
{
  const gchar *name = pk_protocol_name(protocol);

  if (name)
    _put_string(sink, PK_FIELD_PROTO, name);
  else
    _put_number(sink, PK_FIELD_PROTO, protocol);
}

static void
_put_time(const Sink *sink, PkFieldId id, gint64 usec)
{
  gchar text[PK_TIMESTAMP_TEXT_BYTES];

  _put(sink, id, text, pk_timestamp_format(usec, text));
}

static void
_put_tuple(const Sink *sink, const PkEvent *event)
{
  if (event->has & PK_HAS_SOURCE)
    _put_addr(sink, PK_FIELD_SRC_IP, &event->source);
  if (event->has & PK_HAS_SOURCE_PORT)
    _put_number(sink, PK_FIELD_SRC_PORT, event->source_port);
  if (event->has & PK_HAS_DEST)
    _put_addr(sink, PK_FIELD_DEST_IP, &event->dest);
  if (event->has & PK_HAS_DEST_PORT)
    _put_number(sink, PK_FIELD_DEST_PORT, event->dest_port);
  if (event->has & PK_HAS_PROTOCOL)
    _put_protocol(sink, event->protocol);
}

static gboolean
_is_firewall(const PkEvent *event)
{
  return event->kind == PK_EVENT_FIREWALL_DENY || event->kind == PK_EVENT_FIREWALL_ACCEPT;
}

static void
_put_text(const Sink *sink, const PkEvent *event, PkTextId text)
{
  _put(sink, TEXT_FIELDS[text], event->text + event->texts[text].offset, event->texts[text].len);
}

static void
_put_daemon(const Sink *sink, const PkEvent *event)
{
  _put_string(sink, PK_FIELD_SUBTYPE, event->subtype);
  _put_text(sink, event, PK_TEXT_DOOR);
  _put_string(sink, PK_FIELD_DOOR_ACTION, event->door_action);
  if (event->has & PK_HAS_STAGE)
    _put_number(sink, PK_FIELD_STAGE, event->stage);
  _put_text(sink, event, PK_TEXT_OPEN_PORT);
  if (event->has & PK_HAS_EXPIRES)
    _put_number(sink, PK_FIELD_EXPIRES, event->expires_sec);
}

static void
_put_rating(const Sink *sink, PkBranch branch)
{
  const gchar *severity, *confidence;

  if (!pk_branch_rating(branch, &severity, &confidence))
    return;
  _put_string(sink, PK_FIELD_SEVERITY, severity);
  _put_string(sink, PK_FIELD_CONFIDENCE, confidence);
  _put_string(sink, PK_FIELD_TECHNIQUE_ID, TECHNIQUE_ID);
}

static void
_put_tcp_flags(const Sink *sink, guint8 flags)
{
  gchar text[G_N_ELEMENTS(TCP_FLAGS) * 4];
  gsize len = 0;

  for (guint i = 0; i < G_N_ELEMENTS(TCP_FLAGS); i++)
    if (flags & (1u << i))
      {
        if (len)
          text[len++] = ',';
        memcpy(text + len, TCP_FLAGS[i], 3);
        len += 3;
      }
  _put(sink, PK_FIELD_TCP_FLAGS, text, len);
}

static void
_put_packet(const Sink *sink, const PkEvent *event)
{
  if (event->time_usec > 0)
    _put_time(sink, PK_FIELD_EVENT_TIME, event->time_usec);
  if (event->has & PK_HAS_TCP_FLAGS)
    _put_tcp_flags(sink, event->tcp_flags);
  if (event->has & PK_HAS_ICMP)
    {
      _put_number(sink, PK_FIELD_ICMP_TYPE, event->icmp_type);
      _put_number(sink, PK_FIELD_ICMP_CODE, event->icmp_code);
    }
  if (event->has & PK_HAS_LENGTH)
    _put_number(sink, PK_FIELD_LENGTH, event->length);
  if (event->has & PK_HAS_IP_ID)
    _put_number(sink, PK_FIELD_IP_ID, event->ip_id);
  if (event->has & PK_HAS_TCP_WINDOW)
    _put_number(sink, PK_FIELD_TCP_WINDOW, event->tcp_window);
}

void
pk_event_each_field(const PkEvent *event, PkSlice scope, gboolean all, PkFieldFunc func, gpointer user_data)
{
  Sink sink = { func, user_data };

  _put_string(&sink, PK_FIELD_KIND, KINDS[event->kind]);
  if (event->branch != PK_BRANCH_NONE)
    _put_string(&sink, PK_FIELD_DETECTION_BRANCH, BRANCHES[event->branch].name);
  _put_string(&sink, PK_FIELD_DIALECT, event->dialect->name);
  if (_is_firewall(event))
    _put_string(&sink, PK_FIELD_ACTION, event->kind == PK_EVENT_FIREWALL_DENY ? "deny" : "accept");
  _put_text(&sink, event, PK_TEXT_ACTION_WORD);
  _put_tuple(&sink, event);
  if (_is_firewall(event))
    _put_number(&sink, PK_FIELD_COUNT, event->count);
  _put_daemon(&sink, event);
  for (PkTextId text = PK_TEXT_PROCESS; text < PK_N_TEXTS; text++)
    _put_text(&sink, event, text);
  _put_rating(&sink, event->branch);
  if (all)
    {
      _put_packet(&sink, event);
      _put(&sink, PK_FIELD_SCOPE, scope.data, scope.len);
    }
}

static gboolean
_is_repeat(const PkAlert *alert, guint i)
{
  for (guint j = 0; j < i; j++)
    if (pk_port_equals(&alert->attempts[j], &alert->attempts[i]))
      return TRUE;
  return FALSE;
}

/* "7000", or for ICMP "8.0.84": type, code and length. */
static void
_append_port(GString *out, const PkPort *port)
{
  if (port->protocol == PK_PROTO_ICMP || port->protocol == PK_PROTO_ICMPV6)
    g_string_append_printf(out, "%u.%u.%u", port->icmp_type, port->icmp_code, port->port);
  else
    g_string_append_printf(out, "%u", port->port);
}

static void
_append_comma(GString *out)
{
  if (out->len)
    g_string_append_c(out, ',');
}

static void
_put_port_sequence(const Sink *sink, const PkAlert *alert)
{
  GString *text = g_string_sized_new(alert->n_attempts * PORT_TEXT_BYTES);

  for (guint i = 0; i < alert->n_attempts; i++)
    if (!_is_repeat(alert, i))
      {
        _append_comma(text);
        _append_port(text, &alert->attempts[i]);
      }
  _put(sink, PK_FIELD_PORT_SEQUENCE, text->str, text->len);
  g_string_free(text, TRUE);
}

static void
_put_sequence(const Sink *sink, const PkAlert *alert)
{
  GString *text = g_string_sized_new(alert->n_attempts * PORT_TEXT_BYTES);

  for (guint i = 0; i < alert->n_attempts; i++)
    {
      const gchar *protocol = pk_protocol_name(alert->attempts[i].protocol);

      _append_comma(text);
      _append_port(text, &alert->attempts[i]);
      g_string_append_printf(text, "/%s", protocol ? protocol : "ip");
    }
  _put(sink, PK_FIELD_SEQUENCE, text->str, text->len);
  g_string_free(text, TRUE);
}

static void
_put_evidence(const Sink *sink, const PkAlert *alert)
{
  GString *text = g_string_new(alert->evidence);

  for (guint sign = 0; sign < PK_N_SIGNS; sign++)
    if (alert->signs & (1u << sign))
      {
        _append_comma(text);
        g_string_append(text, pk_sign_name((PkSign) sign));
      }
  _put(sink, PK_FIELD_EVIDENCE, text->str, text->len);
  g_string_free(text, TRUE);
}

static void
_put_other_dests(const Sink *sink, const PkAlert *alert)
{
  GString *text = g_string_new(NULL);
  gchar addr[PK_ADDR_TEXT_BYTES];

  for (guint i = 0; i < alert->n_other_dests; i++)
    {
      _append_comma(text);
      g_string_append_len(text, addr, (gssize) pk_addr_format(&alert->other_dests[i], addr));
    }
  _put(sink, PK_FIELD_OTHER_DEST_IPS, text->str, text->len);
  g_string_free(text, TRUE);
}

static void
_put_hosts(const Sink *sink, const PkAlert *alert)
{
  GString *text = g_string_new(NULL);

  for (guint i = 0; i < alert->n_hosts; i++)
    {
      _append_comma(text);
      g_string_append(text, alert->hosts[i]);
    }
  _put(sink, PK_FIELD_HOSTS, text->str, text->len);
  g_string_free(text, TRUE);
}

static void
_put_duration(const Sink *sink, const PkAlert *alert)
{
  gint64 usec = alert->window_end_usec - alert->window_start_usec;
  /* "-1.-60" would be no number, and no JSON */
  gint64 msec = (MAX(usec, 0) + 500) / 1000;
  gchar text[32];

  _put(sink, PK_FIELD_KNOCK_DURATION_SEC, text,
       (gsize) g_snprintf(text, sizeof(text), "%" G_GINT64_FORMAT ".%03d", msec / 1000, (gint) (msec % 1000)));
}

static void
_put_id(const Sink *sink, const PkAlert *alert)
{
  gchar text[2 * sizeof(alert->id) + 1];

  for (gsize i = 0; i < sizeof(alert->id); i++)
    g_snprintf(text + 2 * i, 3, "%02x", alert->id[i]);
  _put(sink, PK_FIELD_ALERT_ID, text, sizeof(text) - 1);
}

static void
_put_attempts(const Sink *sink, const PkAlert *alert)
{
  _put_port_sequence(sink, alert);
  _put_sequence(sink, alert);
  _put_number(sink, PK_FIELD_DISTINCT_PORTS, alert->distinct_ports);
  _put_number(sink, PK_FIELD_TOTAL_PACKETS, alert->total_packets);
  _put_number(sink, PK_FIELD_RETRANSMITS, alert->retransmits);
}

/* A daemon's word, or a finding by itself, has no hits. */
static void
_put_window(const Sink *sink, const PkAlert *alert)
{
  if (alert->n_attempts > 0)
    _put_attempts(sink, alert);
  _put_time(sink, PK_FIELD_WINDOW_START, alert->window_start_usec);
  _put_time(sink, PK_FIELD_WINDOW_END, alert->window_end_usec);
  _put_duration(sink, alert);
  _put_number(sink, PK_FIELD_REPEATS, alert->repeats);
}

/* Findings by themselves are rated by their branch, verdicts by what they are worth. */
static const gchar *
_severity(const PkAlert *alert)
{
  return BRANCHES[alert->branch].severity ? BRANCHES[alert->branch].severity : SEVERITIES[alert->confidence];
}

static void
_put_alert(const Sink *sink, const PkAlert *alert)
{
  _put_id(sink, alert);
  _put_string(sink, PK_FIELD_DETECTION_BRANCH, BRANCHES[alert->branch].name);
  _put_string(sink, PK_FIELD_SEVERITY, _severity(alert));
  _put_string(sink, PK_FIELD_CONFIDENCE, CONFIDENCES[alert->confidence]);
  _put_evidence(sink, alert);
  if (alert->has_source)
    _put_addr(sink, PK_FIELD_SRC_IP, &alert->source);
  if (alert->has_dest)
    _put_addr(sink, PK_FIELD_DEST_IP, &alert->dest);
  _put_other_dests(sink, alert);
  _put_string(sink, PK_FIELD_SCOPE, alert->scope);
  _put_window(sink, alert);
  _put_string(sink, PK_FIELD_TECHNIQUE_ID, TECHNIQUE_ID);
  _put_string(sink, PK_FIELD_TECHNIQUE, TECHNIQUE);
  _put_string(sink, PK_FIELD_TACTICS, TACTICS);
  _put_string(sink, PK_FIELD_REFERENCE, REFERENCE);
  _put_hosts(sink, alert);
}

/* What the alert has not told already. */
static void
_put_rest(PkFieldId id, const gchar *value, gsize len, gpointer user_data)
{
  switch (id)
    {
    case PK_FIELD_DETECTION_BRANCH:
    case PK_FIELD_SRC_IP:
    case PK_FIELD_DEST_IP:
    case PK_FIELD_SEVERITY:
    case PK_FIELD_CONFIDENCE:
    case PK_FIELD_TECHNIQUE_ID:
      return;
    default:
      _put(user_data, id, value, len);
    }
}

void
pk_alert_each_field(const PkAlert *alert, const PkEvent *event, PkFieldFunc func, gpointer user_data)
{
  Sink sink = { func, user_data };
  const PkSlice no_scope = { NULL, 0 };

  _put_alert(&sink, alert);
  if (alert->of_event && event)
    pk_event_each_field(event, no_scope, FALSE, _put_rest, &sink);
}
