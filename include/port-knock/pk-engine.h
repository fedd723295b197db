/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_ENGINE_H_INCLUDED
#define PK_ENGINE_H_INCLUDED

#include "port-knock/pk-dialect.h"
#include "port-knock/pk-options.h"
#include "port-knock/pk-types.h"

/* From a line to an event, from events to alerts, and from both to text.
 *
 * Nothing here reads a clock, logs, or keeps process-wide state: time is an
 * argument, facts are return values, and any number of recognisers and engines
 * live in one process. */

/* ---- lines ---------------------------------------------------------------- */

/* What a caller knows about time when a header has no year or no zone. */
typedef struct _PkClock
{
  gint64 now_usec;         /* RFC 3164 stamps get the latest year that is not after this plus a day */
  gint utc_offset_seconds; /* added to UTC gives the zone of stamps without one */
} PkClock;

/* Takes a raw line apart: optional PRI, then an RFC 5424, RFC 3164 or no
 * header.  Never fails: what is no header is text.  A trailing line end is
 * dropped.  *ret_line borrows from data.  Thread safe. */
void pk_line_parse(const gchar *data, gsize len, const PkClock *clock, PkLine *ret_line);

/* TRUE when header is a legacy header that only names program: "knockd: ",
 * "kernel: ", "fwknopd[812]: ".  Anything else that a syslog parser took for a
 * header belongs to the text of a firewall's message. */
gboolean pk_line_header_is_plain(const gchar *header, gsize len);

/* ---- recognition ---------------------------------------------------------- */

/* The text of a relay's heartbeat begins with this word: no finding, and never
 * recognised again. */
#define PK_HEARTBEAT_WORD "port_knock_heartbeat"

typedef struct _PkRecogniser PkRecogniser;

/* Compiles the dialects into one search.  options are checked, and borrowed
 * for the call.  Returns a new object, or NULL with *error set. */
PkRecogniser *pk_recogniser_new(const PkOptions *options, GError **error);
void pk_recogniser_free(PkRecogniser *self);

/* Thread safe, no locks; each thread remembers a few log prefixes, which changes
 * no result.  PK_SCAN_MATCH: *ret_event is what the line
 * says.  PK_SCAN_CONTEXT: the same, but for pk_audit_join_take() and
 * pk_engine_observe() only.  PK_SCAN_UNKNOWN_PREFIX: its action word is the
 * prefix, for pk_unknown_prefixes_take().  Any other result: the contents of
 * *ret_event are undefined. */
PkScanResult pk_recognise(const PkRecogniser *self, const PkLine *line, PkEvent *ret_event);

/* The same for a caller to whom host, msgid and sdata cost something: which
 * dialects may claim a line is decided by its program and text, and mostly none
 * may.  Only where one may, complete is called, once, to fill in the other
 * three. */
typedef void (*PkCompleteFunc)(PkLine *line, gpointer user_data);
PkScanResult pk_recognise_begun(const PkRecogniser *self, PkLine *line, PkCompleteFunc complete, gpointer user_data,
                                PkEvent *ret_event);
/* What led to a row, and how far the line got there.  Static storage all. */
typedef struct _PkExplanation
{
  const PkDialect *dialect; /* that claims the line; else the nearest, NULL: nothing leads to any */
  gboolean by_program;      /* by its program, else by needle */
  const gchar *needle;
  const gchar *word;     /* of those that the row asks for; NULL: it asks for none, or none is there */
  const gchar *sentence; /* the pattern that fitted; NULL: the row has none */
  const gchar *failed;   /* the first thing that was missed; NULL: the line is recognised */
  const gchar *failed_key;
} PkExplanation;

/* The same as pk_recognise(), and why; slower by far. */
PkScanResult pk_recognise_explain(const PkRecogniser *self, const PkLine *line, PkEvent *ret_event,
                                  PkExplanation *ret_explanation);

/* The rows in the order in which they are tried.  Static storage. */
const PkDialect *const *pk_dialects(gsize *ret_n);

/* What a row can come to: bit n is set for PkEventKind n. */
guint32 pk_dialect_kinds(const PkDialect *dialect);
/* How its lines are written: "key=value".  Static storage. */
const gchar *pk_dialect_shape(const PkDialect *dialect);
/* Why a line is not used, as a word: "ignored".  NULL: it is used, or nobody claims it.  Static storage. */
const gchar *pk_scan_result_name(PkScanResult result);

/* ---- log prefixes that nobody knows ------------------------------------------ */

/* The first distinct ones by name, so that a firewall whose own words are not
 * known does not look like a quiet one.  Bounded for good: administrators write
 * prefixes, but whoever forges a line writes one too. */
#define PK_UNKNOWN_PREFIXES_MAX 16
/* With its terminating NUL. */
#define PK_UNKNOWN_PREFIX_BYTES 33

typedef struct _PkUnknownPrefixes PkUnknownPrefixes;

PkUnknownPrefixes *pk_unknown_prefixes_new(void);
void pk_unknown_prefixes_free(PkUnknownPrefixes *self);

/* For every event of PK_SCAN_UNKNOWN_PREFIX.  Thread safe, never waits: what
 * meets another thread is left for the next time. */
void pk_unknown_prefixes_take(PkUnknownPrefixes *self, const PkEvent *event);

/* The next one that was not given yet: printable, cut, valid as long as self;
 * "" stands for lines without any prefix.  NULL: there is none.  For one thread
 * at a time, beside any that take. */
const gchar *pk_unknown_prefixes_next(PkUnknownPrefixes *self);

/* ---- events in parts ------------------------------------------------------ */

/* Linux audit tells the start of a process in several records, one to a line:
 * what was typed in one, the program's path and its user in the one before it.
 * The first is recognised by itself; this adds to it what the other said.
 *
 * Bounded: 1,024 records (370 KB), for ten seconds of arrival time; the oldest
 * gives way.  Thread safe, and never waits. */
typedef struct _PkAuditJoin PkAuditJoin;

PkAuditJoin *pk_audit_join_new(void);
void pk_audit_join_free(PkAuditJoin *self);

/* For every event that pk_recognise() fills, of PK_SCAN_MATCH and
 * PK_SCAN_CONTEXT, in the order in which lines arrive; what is no audit record
 * is left alone.  host is the log host. */
void pk_audit_join_take(PkAuditJoin *self, PkEvent *event, PkSlice host, gint64 arrival_usec);

/* Totals since pk_audit_join_new(). */
typedef struct _PkAuditJoinStats
{
  guint64 kept;
  guint64 joined;
  guint64 evicted; /* before their time */
  guint64 missed;  /* another thread was at the same place */
} PkAuditJoinStats;

void pk_audit_join_get_stats(PkAuditJoin *self, PkAuditJoinStats *ret_stats);

/* ---- the allow list -------------------------------------------------------- */

/* Networks of which no alert is wanted, each with a reason: allow() and
 * allow-file().  Immutable, so any thread may ask at any time, without a lock.
 * A search among n networks takes log2(n) steps. */
typedef struct _PkAllow PkAllow;

/* Reads options, which are checked and borrowed for the call, and the file that
 * they name.  Returns a new reference, or NULL with *error set: then the file
 * could not be read or has a bad line, which *error names with its number. */
PkAllow *pk_allow_new(const PkOptions *options, GError **error);
/* When that failed: allow() of options, with what the file of old said. */
PkAllow *pk_allow_new_keeping(const PkOptions *options, const PkAllow *old, GError **error);
PkAllow *pk_allow_ref(PkAllow *self);
void pk_allow_unref(PkAllow *self);

/* The number of entries. */
gsize pk_allow_count(const PkAllow *self);

/* Whether event's source, and destination where the entry names one, is on the
 * list at now_usec; then PK_TEXT_ALLOWED of event becomes the reason.  The
 * longest prefix of the source counts, among equals that of the destination; an
 * entry that has expired gives way to the next. */
gboolean pk_allow_mark(const PkAllow *self, PkEvent *event, gint64 now_usec);

/* ---- verdicts ------------------------------------------------------------- */

typedef struct _PkEngine PkEngine;

/* The most alerts that one pk_engine_observe() can write. */
#define PK_OBSERVE_ALERTS_MAX 20

/* Reserves all memory that the engine will ever use (touched only on use), so
 * that steady state cannot fail.  options are checked, and copied.  Returns a
 * new reference, or NULL with *error set. */
PkEngine *pk_engine_new(const PkOptions *options, GError **error);
/* The same with the sources and windows of old, which stays as it is and must
 * not be in use by another thread.  If they do not fit, the newest stay. */
PkEngine *pk_engine_new_from(PkEngine *old, const PkOptions *options, GError **error);
/* Reads the files that options name again, after a change of their contents; no
 * other thread may use self meanwhile.  On FALSE what was read earlier stays. */
gboolean pk_engine_read_files(PkEngine *self, const PkOptions *options, GError **error);
PkEngine *pk_engine_ref(PkEngine *self);
void pk_engine_unref(PkEngine *self);

/* ---- state in a file ---- */

#define PK_STATE_ERROR pk_state_error_quark()

typedef enum
{
  PK_STATE_ERROR_NONE,    /* there is no such file */
  PK_STATE_ERROR_REFUSED, /* damaged, of another version or machine, or others may have written it */
  PK_STATE_ERROR_IO,      /* the system does not let it be read, or written; the message has path and reason */
  PK_STATE_ERROR_LOCKED   /* somebody else owns it */
} PkStateError;

GQuark pk_state_error_quark(void);

/* Owns the file path, by a lock on path + ".lock", which is made if it is not
 * there, and stays when the lock is given up or its process ends.  Who does not
 * have it must neither read nor write path: of two that save there one would
 * write over what the other knows.  Also two of one process lock each other out.
 * NULL with *error set: PK_STATE_ERROR_LOCKED, or PK_STATE_ERROR_IO. */
typedef struct _PkStateLock PkStateLock;

PkStateLock *pk_state_lock_new(const gchar *path, GError **error);
void pk_state_lock_free(PkStateLock *self);

/* Writes all that the engine keeps to path, atomically and with mode 0600, for
 * the secrets of its keyed hashes are in it.  machine is what tells machines
 * apart, of which only a hash is written; it may be empty.  now_usec is arrival
 * time, by which a later load tells that the clock was set back.
 *
 * From any thread, beside any others, but one at a time for an engine, and for a
 * path.  Writes and waits for the disk; locks are held for a part of a shard at a
 * time, and never while writing, so other threads hardly notice.  *ret_bytes: the
 * file's size. */
gboolean pk_engine_save(PkEngine *self, const gchar *path, PkSlice machine, gint64 now_usec, guint64 *ret_bytes,
                        GError **error);
/* Another number than before if a save would write anything else than before, but for now_usec. */
guint64 pk_engine_count_changes(PkEngine *self);

/* As pk_engine_new(), with what the file holds; if it does not fit, the newest
 * stays.  What is due by now_usec, which is arrival time, comes with the next
 * pk_engine_expire(); what lies after it was written by a clock that was set back
 * since, and goes back with it.  Totals of counters begin anew.
 *
 * Nothing in the file is believed: on PK_STATE_ERROR_REFUSED the caller should
 * pk_state_set_aside() it and make a new engine.  On PK_STATE_ERROR_IO it may be
 * a good file, and should stay what it is.  With options that no engine can be
 * made of, *error is as of pk_engine_new(). */
PkEngine *pk_engine_new_from_file(const PkOptions *options, const gchar *path, PkSlice machine, gint64 now_usec,
                                  GError **error);

/* Renames path to path with word behind it, ".refused", over one that was there.  *ret_path: owned by the caller. */
gboolean pk_state_set_aside(const gchar *path, const gchar *word, gchar **ret_path, GError **error);

/* The next three may be called from any thread and return with no lock held,
 * so that the caller may forward messages at once.
 *
 * arrival_usec is when the line reached the caller: a relay's clock, or a
 * replay's watermark.  It is never compared with event time.  A clock may be set
 * back: a tick (pk_engine_expire()) that is earlier than the last one, or than
 * what a state file says was the last one, tells so, and time goes on from
 * there.  Nothing waits for the clock to catch up. */

/* Adds an event to its source's window, or to what may prove a knock of its
 * source.  host is the log host that reported it, scope separates sources that
 * share an address; both are copied.  Writes the verdicts that fell due to
 * ret_alerts, which has room for PK_OBSERVE_ALERTS_MAX, and returns their
 * number.  An alert that is of_event belongs to this very event: its fields are
 * those of both. */
gsize pk_engine_observe(PkEngine *self, const PkEvent *event, PkSlice host, PkSlice scope, gint64 arrival_usec,
                        PkAlert *ret_alerts);

/* What observing an event will look at.  Who knows events beforehand, because they are in a file, has that fetched into
 * the processor's caches while it reads on; in large tables observing is little else than waiting for memory.  It
 * changes no result, whatever is observed meanwhile. */
#define PK_AHEAD_STEPS 2

typedef struct _PkAhead
{
  guint64 source, memory; /* the engine's */
  guint steps_left;       /* calls of pk_engine_fetch() that are of use */
} PkAhead;

/* Arguments as of pk_engine_observe(), of which nothing is borrowed. */
void pk_engine_look_ahead(PkEngine *self, const PkEvent *event, PkSlice host, PkSlice scope, PkAhead *ret_ahead);
/* One step; best done some 100 ns after the one before, or after pk_engine_look_ahead().  Never waits: what another
 * thread has locked is left out. */
void pk_engine_fetch(PkEngine *self, PkAhead *ahead);
/* As pk_engine_observe().  ahead: what pk_engine_look_ahead() wrote for this very event, host and scope, and self. */
gsize pk_engine_observe_ahead(PkEngine *self, const PkEvent *event, PkSlice host, PkSlice scope, const PkAhead *ahead,
                              gint64 arrival_usec, PkAlert *ret_alerts);

/* Judges candidates that have settled by arrival_usec and closes cooldowns that
 * have ended, at most max_items of them.  ret_alerts has room for max_items.
 * *ret_more: call again, not everything due was done. */
gsize pk_engine_expire(PkEngine *self, gint64 arrival_usec, gsize max_items, PkAlert *ret_alerts, gboolean *ret_more);

/* Of pk_sign_name(). */
#define PK_STATS_SIGNS_MAX 16

/* Members are guint64 only.  Totals since pk_engine_new(); those marked "now" are a present level.
 *
 * Each hit is a retransmission, or late, or is held until it expires, is evicted or pushed out.  At any time
 * hits + restored_hits = repeated_hits + late + held_hits + expired_hits + evicted_hits + pushed_out. */
typedef struct _PkStats
{
  guint64 hits;                     /* attempts and retransmissions, whatever became of them */
  guint64 no_hit;                   /* denials that are no hit: backscatter, port 0, multicast source */
  guint64 alerts[PK_N_CONFIDENCES]; /* handed out */
  guint64 candidates;               /* complete candidates that were judged */
  guint64 scans;
  guint64 below_confidence;
  guint64 suppressed; /* alerts of sources on the allow list */
  guint64 in_cooldown;
  guint64 rate_limited;
  guint64 failed_attempts;           /* daemons' stages that never opened */
  guint64 signs[PK_STATS_SIGNS_MAX]; /* candidates that had the sign of that number */
  guint64 evicted_sources;
  guint64 evicted_windows;
  guint64 evicted_reports;  /* cooldowns forgotten early */
  guint64 evicted_memories; /* scan-memory() forgotten early */
  guint64 evicted_evidence; /* what daemons and firewalls said, judged candidates, open services: forgotten early */
  guint64 pushed_out;       /* hits that a 33rd pushed out before they were judged */
  guint64 late;             /* hits older than their window */
  guint64 repeated_hits;    /* retransmissions: they added packets to a hit that is held */
  guint64 expired_hits;     /* slid out of window(), or were judged and made room */
  guint64 evicted_hits;     /* forgotten early, with sources and windows that gave way, or for want of a window */
  guint64 restored_hits;    /* read from a state file, those that did not fit too */
  guint64 sources;          /* now */
  guint64 windows;          /* now */
  guint64 held_hits;        /* now; in windows, of sources without one, and of windows that gave way */
  guint64 reserved_bytes;   /* now */
} PkStats;

void pk_engine_get_stats(PkEngine *self, PkStats *ret_stats);
void pk_stats_add(PkStats *self, const PkStats *other);

/* Signs by number, as in `evidence` and signs(); NULL from the first that is none on. */
const gchar *pk_stats_sign_name(guint sign);

/* ---- fields --------------------------------------------------------------- */

/* Every name-value pair that a message or an alert can carry, without prefix. */
typedef enum
{
  PK_FIELD_KIND = 0,
  PK_FIELD_DETECTION_BRANCH,
  PK_FIELD_DIALECT,
  PK_FIELD_ACTION,
  PK_FIELD_ACTION_WORD,
  PK_FIELD_SRC_IP,
  PK_FIELD_SRC_PORT,
  PK_FIELD_DEST_IP,
  PK_FIELD_DEST_PORT,
  PK_FIELD_PROTO,
  PK_FIELD_COUNT,
  PK_FIELD_SUBTYPE,
  PK_FIELD_DOOR,
  PK_FIELD_DOOR_ACTION,
  PK_FIELD_STAGE,
  PK_FIELD_OPEN_PORT,
  PK_FIELD_EXPIRES,
  PK_FIELD_PROCESS,
  PK_FIELD_IMAGE,
  PK_FIELD_COMMAND_LINE,
  PK_FIELD_USER,
  PK_FIELD_PARENT_IMAGE,
  PK_FIELD_PARENT_COMMAND_LINE,
  PK_FIELD_PORTS,
  PK_FIELD_ALLOWED,
  PK_FIELD_SEVERITY,
  PK_FIELD_CONFIDENCE,
  PK_FIELD_TECHNIQUE_ID,
  /* fields(all) */
  PK_FIELD_EVENT_TIME,
  PK_FIELD_TCP_FLAGS,
  PK_FIELD_ICMP_TYPE,
  PK_FIELD_ICMP_CODE,
  PK_FIELD_LENGTH,
  PK_FIELD_IP_ID,
  PK_FIELD_TCP_WINDOW,
  PK_FIELD_SCOPE,
  /* alerts */
  PK_FIELD_ALERT_ID,
  PK_FIELD_EVIDENCE,
  PK_FIELD_OTHER_DEST_IPS,
  PK_FIELD_PORT_SEQUENCE,
  PK_FIELD_SEQUENCE,
  PK_FIELD_DISTINCT_PORTS,
  PK_FIELD_TOTAL_PACKETS,
  PK_FIELD_RETRANSMITS,
  PK_FIELD_WINDOW_START,
  PK_FIELD_WINDOW_END,
  PK_FIELD_KNOCK_DURATION_SEC,
  PK_FIELD_REPEATS,
  PK_FIELD_TECHNIQUE,
  PK_FIELD_TACTICS,
  PK_FIELD_REFERENCE,
  PK_FIELD_HOSTS,
  PK_N_FIELDS
} PkFieldId;

typedef enum
{
  PK_FIELD_STRING = 0,
  PK_FIELD_INTEGER, /* decimal digits */
  PK_FIELD_DOUBLE   /* decimal number */
} PkFieldType;

/* The name without prefix, static storage: "src_ip". */
const gchar *pk_field_name(PkFieldId id);
PkFieldType pk_field_type(PkFieldId id);

/* Called once for each field that has a value, in the order of PkFieldId.
 * value is valid during the call and not NUL terminated; it may hold any byte. */
typedef void (*PkFieldFunc)(PkFieldId id, const gchar *value, gsize len, gpointer user_data);

/* scope may be empty; all: also the fields of fields(all). */
void pk_event_each_field(const PkEvent *event, PkSlice scope, gboolean all, PkFieldFunc func, gpointer user_data);
/* event: of an alert that is of_event, whose fields follow; NULL otherwise. */
void pk_alert_each_field(const PkAlert *alert, const PkEvent *event, PkFieldFunc func, gpointer user_data);

/* Words of the enumerations as they stand in fields; static storage. */
const gchar *pk_branch_name(PkBranch branch);
const gchar *pk_event_kind_name(PkEventKind kind);
const gchar *pk_confidence_name(PkConfidence confidence);
const gchar *pk_confidence_severity(PkConfidence confidence);
/* The confidence of a message of that branch by itself (DESIGN: triggered and
 * client high/medium, ...).  FALSE: the branch carries none. */
gboolean pk_branch_rating(PkBranch branch, const gchar **ret_severity, const gchar **ret_confidence);
gboolean pk_branch_confidence(PkBranch branch, PkConfidence *ret_confidence);

/* ---- text ----------------------------------------------------------------- */

/* One JSON object, no line end, always valid UTF-8.  event as above. */
void pk_alert_append_json(const PkAlert *alert, const PkEvent *event, GString *out);
/* {"recognised":true, ...}; event NULL: {"recognised":false}. */
void pk_event_append_json(const PkEvent *event, GString *out);
/* What pk_recognise_explain() said: {"recognised":true, the fields of
 * fields(all), "matched":{...}} or {"recognised":false, "reason":"ignored",
 * "nearest":"sudo", "failed":"...", "failed_key":"..."}. */
void pk_explanation_append_json(const PkExplanation *explanation, PkScanResult result, const PkEvent *event,
                                GString *out);
/* The MESSAGE of an alert: "BRANCH alert_id=... src_ip=...", logfmt; values
 * with blanks, quotes or control bytes are quoted and escaped. */
void pk_alert_append_logfmt(const PkAlert *alert, const PkEvent *event, GString *out);

#endif
