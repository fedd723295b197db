/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_TYPES_H_INCLUDED
#define PK_TYPES_H_INCLUDED

#include <glib.h>

/* The values that travel between the layers: a log line going in, an event
 * recognised in it, an alert coming out.
 *
 * Units:      *_usec is microseconds since the Unix epoch, UTC.
 * Byte order: ports are in host order; addresses are 16 bytes in network
 *             order, IPv4 as ::ffff:a.b.c.d.
 * Ownership:  a PkLine borrows and is valid for one call.  PkEvent and PkAlert
 *             are plain values: copy them, keep them, free nothing.  They never
 *             point into a log line; their pointers lead to static storage.
 * Log text:   never NUL terminated, may hold any byte, is chosen by attackers. */

/* Only this much of a line is read. */
#define PK_LINE_BYTES_MAX 65536

/* A borrowed run of bytes; data may be NULL only when len is 0. */
typedef struct _PkSlice
{
  const gchar *data;
  gsize len;
} PkSlice;

typedef struct _PkAddr
{
  guint8 bytes[16];
} PkAddr;

/* One log line, borrowed for the duration of a call.  Absent parts are empty.
 *
 * text is what follows the syslog header.  Where a syslog parser mistook the
 * beginning of a firewall's message for a program name (FortiGate's "date=...",
 * "%ASA-4-106023:"), that beginning is part of text and program is empty. */
typedef struct _PkLine
{
  PkSlice program; /* without path and pid; empty when the header names none */
  PkSlice host;    /* the log host */
  PkSlice msgid;   /* RFC 5424 MSGID */
  PkSlice sdata;   /* RFC 5424 STRUCTURED-DATA, with its brackets */
  PkSlice text;
  gint64 time_usec; /* the header's stamp; 0 when it has none */
} PkLine;

typedef enum
{
  PK_EVENT_NONE = 0,
  PK_EVENT_FIREWALL_DENY,
  PK_EVENT_FIREWALL_ACCEPT,
  PK_EVENT_KNOCK_DAEMON,
  PK_EVENT_KNOCK_CLIENT,
  PK_EVENT_CONNECTION_ATTEMPT,
  PK_EVENT_HOST_FIREWALL_OPENED,
  PK_EVENT_KNOCK_TOOL_INSTALLED,
  PK_EVENT_NEW_LISTENER, /* a program began to listen on a port: evidence for who then connects to it */
  PK_N_EVENT_KINDS
} PkEventKind;

/* detection_branch: what a message or an alert says was detected. */
typedef enum
{
  PK_BRANCH_NONE = 0,
  /* on messages */
  PK_BRANCH_KNOCK_SEQUENCE_TRIGGERED,
  PK_BRANCH_KNOCK_SEQUENCE_IN_PROGRESS,
  PK_BRANCH_KNOCK_DAEMON_RUNNING,
  PK_BRANCH_KNOCKD_GENERAL_ACTIVITY,
  PK_BRANCH_KNOCK_CLIENT_TOOL_EXECUTION,
  PK_BRANCH_FIREWALL_PORT_DENIED,
  PK_BRANCH_HOST_FIREWALL_OPENED,
  PK_BRANCH_KNOCK_TOOL_INSTALLED,
  /* on alerts */
  PK_BRANCH_RAPID_SEQUENTIAL_PORT_DENIED,
  PK_BRANCH_KNOCK_SEQUENCE_CONFIRMED,
  PK_BRANCH_KNOCK_ATTEMPT_FAILED,
  PK_BRANCH_SPA_PACKET_DENIED,
  PK_BRANCH_MAGIC_PACKET_DENIED,
  PK_N_BRANCHES
} PkBranch;

typedef enum
{
  PK_CONFIDENCE_LOW = 0,
  PK_CONFIDENCE_MEDIUM,
  PK_CONFIDENCE_HIGH,
  PK_CONFIDENCE_CONFIRMED,
  PK_N_CONFIDENCES
} PkConfidence;

/* IANA protocol numbers that are told apart. */
enum
{
  PK_PROTO_NONE = 0, /* not in the line */
  PK_PROTO_ICMP = 1,
  PK_PROTO_TCP = 6,
  PK_PROTO_UDP = 17,
  PK_PROTO_ICMPV6 = 58
};

/* TCP flag bits as in the header's 13th byte. */
enum
{
  PK_TCP_FIN = 0x01,
  PK_TCP_SYN = 0x02,
  PK_TCP_RST = 0x04,
  PK_TCP_PSH = 0x08,
  PK_TCP_ACK = 0x10,
  PK_TCP_URG = 0x20,
  PK_TCP_ECE = 0x40,
  PK_TCP_CWR = 0x80
};

/* Which optional members of a PkEvent hold a value. */
enum
{
  PK_HAS_SOURCE = 1 << 0,
  PK_HAS_DEST = 1 << 1,
  PK_HAS_SOURCE_PORT = 1 << 2,
  PK_HAS_DEST_PORT = 1 << 3,
  PK_HAS_TCP_FLAGS = 1 << 4,
  PK_HAS_ICMP = 1 << 5, /* icmp_type and icmp_code */
  PK_HAS_LENGTH = 1 << 6,
  PK_HAS_IP_ID = 1 << 7,
  PK_HAS_TCP_WINDOW = 1 << 8,
  PK_HAS_UPTIME = 1 << 9,
  PK_HAS_STAGE = 1 << 10,
  PK_HAS_EXPIRES = 1 << 11,
  PK_HAS_PROTOCOL = 1 << 12,
  PK_HAS_RECORD = 1 << 13
};

/* Groups of alert-on(). */
enum
{
  PK_ALERT_ON_WINDOW = 1 << 0, /* alerts from hits, and all confirmations */
  PK_ALERT_ON_DAEMON = 1 << 1,
  PK_ALERT_ON_CLIENT = 1 << 2,
  PK_ALERT_ON_HOST = 1 << 3
};

/* Free text of an event, copied out of the line. */
typedef enum
{
  PK_TEXT_ACTION_WORD = 0, /* the device's own word: BLOCK, DROP, D */
  PK_TEXT_DOOR,
  PK_TEXT_OPEN_PORT, /* "tcp/22" or "tcp/22,udp/1194" */
  PK_TEXT_PROCESS,   /* base name of the image */
  PK_TEXT_IMAGE,
  PK_TEXT_COMMAND_LINE,
  PK_TEXT_USER,
  PK_TEXT_PARENT_IMAGE,
  PK_TEXT_PARENT_COMMAND_LINE,
  PK_TEXT_PORTS,   /* ports of a knock client, in the order given: "7000,8000,9000" */
  PK_TEXT_ALLOWED, /* why its source is on the allow list; set by pk_allow_mark() only */
  PK_N_TEXTS
} PkTextId;

/* Bytes for all texts of an event, enough for each at its longest. */
#define PK_EVENT_TEXT_BYTES 8448
/* No text but a command line is longer than this. */
#define PK_SHORT_TEXT_BYTES_MAX 255
#define PK_COMMAND_LINE_BYTES_MAX 3072

typedef struct _PkTextRef
{
  guint16 offset, len; /* len 0: absent */
} PkTextRef;

typedef struct _PkDialect PkDialect;

/* What one line says.  Filled by a dialect; see pk-dialect.h for the helpers.
 * Only the members that `has` names, and texts with a length, hold a value. */
typedef struct _PkEvent
{
  PkEventKind kind;
  PkBranch branch;
  const PkDialect *dialect; /* static storage */
  const gchar *subtype;     /* static storage: finer word of a daemon's message; NULL: none */
  const gchar *door_action; /* static storage: "open", "close"; NULL: none */
  /* Static storage, for people who ask why: the sentence that fitted; without a match the first thing that was
   * missed, and the key in which it was.  NULL: not told. */
  const gchar *sentence;
  const gchar *failed, *failed_key;
  guint32 has;        /* PK_HAS_* */
  guint32 count;      /* packets that this record stands for, at least 1, at most 10^6 */
  gint64 time_usec;   /* the record's own time where it has date and zone, else the line's */
  gint64 uptime_usec; /* kernel time of the record: breaks ties within one second and host */
  gint64 expires_sec; /* Unix time at which an opened door closes */
  guint64 record;     /* audit: records of one event share it, their time and the log host */
  PkAddr source, dest;
  guint16 source_port, dest_port;
  guint16 length; /* bytes of the IP packet */
  guint16 ip_id, tcp_window;
  guint16 stage;
  guint8 protocol;
  guint8 tcp_flags;
  guint8 icmp_type, icmp_code;
  PkTextRef texts[PK_N_TEXTS];
  guint16 text_used;
  gchar text[PK_EVENT_TEXT_BYTES]; /* not cleared: bytes past text_used are undefined */
} PkEvent;

/* A protocol with its port, the unit of a knock sequence. */
typedef struct _PkPort
{
  guint8 protocol;
  guint8 icmp_type, icmp_code; /* ICMP: these and length stand in for the port */
  guint16 port;                /* TCP, UDP: destination port; ICMP: length of the packet */
} PkPort;

/* Hits kept for one source, and therefore attempts in one alert. */
#define PK_HITS_MAX 32
#define PK_ALERT_OTHER_DESTS_MAX 4
#define PK_ALERT_HOSTS_MAX 4
/* A longer log host or scope is cut to this, with its terminating NUL. */
#define PK_NAME_BYTES 64

/* Words of evidence beside the signs; what does not fit is left out. */
#define PK_EVIDENCE_BYTES 320

/* What became of a verdict.  Only reported ones are alerts; the others are
 * handed out when the options say so, to tell why there was no alert. */
typedef enum
{
  PK_FATE_REPORTED = 0,
  PK_FATE_BELOW_CONFIDENCE, /* of min-confidence() */
  PK_FATE_NOT_WANTED,       /* by alert-on() */
  PK_FATE_ALLOWED,          /* by allow() */
  PK_FATE_IN_COOLDOWN,
  PK_FATE_RATE_LIMITED, /* by max-alerts() */
  PK_N_FATES
} PkFate;

/* A verdict.  Strings are NUL terminated, and still log text. */
typedef struct _PkAlert
{
  guint8 id[8];
  PkBranch branch;
  PkConfidence confidence;
  PkFate fate;
  guint32 signs; /* bits of the sign table, engine/signs.h */
  gchar evidence
      [PK_EVIDENCE_BYTES]; /* a comma list: "known_sequence:knockd-default,accept:tcp/22"; signs are not in it */
  gboolean of_event;       /* alert-on(): of the event itself, whose fields belong to it */
  PkAddr source, dest;
  gboolean has_source, has_dest;
  PkAddr other_dests[PK_ALERT_OTHER_DESTS_MAX];
  guint n_other_dests;
  PkPort attempts[PK_HITS_MAX]; /* in the order sent, repeats included */
  guint n_attempts;
  guint distinct_ports;
  guint total_packets;
  guint retransmits;
  guint repeats;                             /* how often it was seen since and not reported */
  gint64 window_start_usec, window_end_usec; /* event time of the first and the last hit */
  gint64 arrival_usec;                       /* arrival time of the last hit */
  gchar scope[PK_NAME_BYTES];
  gchar hosts[PK_ALERT_HOSTS_MAX][PK_NAME_BYTES]; /* the first is the host of the last hit */
  guint n_hosts;
} PkAlert;

#endif
