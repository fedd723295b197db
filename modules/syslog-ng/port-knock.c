/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock.h"

#include "allow-list.h"
#include "counters.h"
#include "heartbeat.h"
#include "input.h"
#include "output.h"
#include "state.h"

#include "port-knock/pk-engine.h"
#include "scan/slice.h"
#include "scratch-buffers.h"
#include "timeutils/misc.h"

#include <iv.h>

#define TICK_MSEC 1000
/* The next tick when one could not do all: leaves the main loop to others. */
#define TICK_AGAIN_MSEC 100
#define TICK_ITEMS_MAX 1000
#define TICK_USEC_MAX 4000
#define TICK_SLICE_ITEMS 16
/* Further from receipt, a stamp says that a clock is wrong. */
#define CLOCK_ERROR_USEC_MAX (24 * 3600 * (gint64) G_USEC_PER_SEC)
#define REFERENCE_BYTES 16

typedef struct _PortKnockParser
{
  LogParser super;
  PkSettings settings;
  LogTemplate *scope; /* NULL: none */
  /* Of one parser in the configuration, its references are clones that share
   * the count. */
  gint *n_references;
  gint reference; /* from 1 */
  void (*base_queue)(LogPipe *s, LogMessage *msg, const LogPathOptions *path_options);

  /* From init to deinit. */
  PkRecogniser *recogniser;
  PkAuditJoin *audit_join;
  PkUnknownPrefixes *unknown_prefixes;
  PkAllow *allow;
  PkOutput output;
  PkState *state;   /* NULL without correlate() */
  PkEngine *engine; /* borrowed from state */
  PkCounters counters;
  PkHeartbeat heartbeat;
  struct iv_task start;
  struct iv_timer tick;
  gboolean told_full;
} PortKnockParser;

/* Alerts of the message that is on its way through queue(), to follow it. */
typedef struct _Pending
{
  PkAlert *alerts; /* owned; NULL: none */
  gsize n_alerts;
  PkEvent *event; /* owned; that of alerts that are of_event */
} Pending;

/* process() has no other way to hand alerts to the queue() that called it.  What
 * comes later in the log path may be a port-knock() too, on the same thread:
 * queue() restores what it found. */
static __thread Pending *_pending;

/* Not on the stack, where all that is called from here would lie 20 KB away:
 * most messages have no alerts, and none of these outlives the call that wrote them. */
static __thread PkAlert _observed[PK_OBSERVE_ALERTS_MAX];

/* ---- alerts --------------------------------------------------------------- */

/* Takes over msg. */
static void
_inject(PortKnockParser *self, LogMessage *msg)
{
  LogPathOptions path_options = LOG_PATH_OPTIONS_INIT_NOACK;

  if (self->settings.inject_mode == PK_INJECT_INTERNAL)
    {
      msg_post_message(msg);
      return;
    }
  /* A full destination queue drops what did not ask for flow control, and a
   * message of our own does not inherit the log path's flag.  max-alerts() is
   * the bound instead. */
  path_options.flow_control_requested = TRUE;
  log_pipe_forward_msg(&self->super.super, msg, &path_options);
}

static void
_emit(PortKnockParser *self, const PkAlert *alert, const PkEvent *event)
{
  LogMessage *msg = pk_output_new_alert(&self->output, alert, event);

  stats_counter_inc(self->counters.alerts[alert->confidence]);
  _inject(self, msg);
}

static void
_emit_all(PortKnockParser *self, const PkAlert *alerts, gsize n, const PkEvent *event)
{
  for (gsize i = 0; i < n; i++)
    _emit(self, &alerts[i], event);
}

static gpointer
_copy(gconstpointer from, gsize bytes)
{
  return memcpy(g_malloc(bytes), from, bytes);
}

static void
_keep_observed(Pending *pending, gsize n, const PkEvent *event)
{
  pending->alerts = _copy(_observed, n * sizeof(*pending->alerts));
  pending->n_alerts = n;
  pending->event = _copy(event, sizeof(*event));
}

static void
_emit_pending(PortKnockParser *self, Pending *pending)
{
  _emit_all(self, pending->alerts, pending->n_alerts, pending->event);
  g_free(pending->alerts);
  g_free(pending->event);
}

/* ---- the message path ------------------------------------------------------ */

static void
_settle_event_time(PortKnockParser *self, PkEvent *event, gint64 received_usec)
{
  if (self->settings.use_time == PK_USE_TIME_RECEIVED)
    event->time_usec = received_usec;
  else if (ABS(event->time_usec - received_usec) > CLOCK_ERROR_USEC_MAX)
    {
      event->time_usec = received_usec;
      stats_counter_inc(self->counters.plain[PK_COUNTER_CLAMPED_CLOCK]);
    }
}

static PkSlice
_format_scope(PortKnockParser *self, LogMessage *msg)
{
  LogTemplateEvalOptions options = DEFAULT_TEMPLATE_EVAL_OPTIONS;
  GString *scope;

  if (!self->scope)
    return pk_slice(NULL, 0);
  scope = scratch_buffers_alloc();
  log_template_format(self->scope, msg, &options, scope);
  return pk_slice(scope->str, scope->len);
}

/* Arrival is when syslog-ng read the message, not now: no clock call per message,
 * and a log path that stalls does not stretch knocks.  The tick reads the clock.
 * A message that waited between the two reaches the engine after a tick with a
 * later time; waits are far shorter than settle(), and the engine judges by the
 * arrival of each window, so at worst a candidate is judged that much early. */
static void
_observe(PortKnockParser *self, const PkEvent *event, PkSlice host, PkSlice scope, gint64 received_usec)
{
  Pending own = { NULL }, *pending = _pending && !_pending->alerts ? _pending : &own;
  gsize n;

  if (!self->engine)
    return;
  n = pk_engine_observe(self->engine, event, host, scope, received_usec, _observed);
  if (G_LIKELY(n == 0))
    return;
  _keep_observed(pending, n, event);
  if (pending == &own)
    _emit_pending(self, &own);
}

static void
_take_event(PortKnockParser *self, LogMessage **pmsg, const LogPathOptions *path_options, const PkLine *line,
            PkScanResult result, PkEvent *event)
{
  gint64 received_usec = pk_input_time_usec(*pmsg, LM_TS_RECVD);
  PkSlice scope = _format_scope(self, *pmsg);
  gboolean allowed;

  /* By the record's own time, which is a part of its number. */
  pk_audit_join_take(self->audit_join, event, line->host, received_usec);
  _settle_event_time(self, event, received_usec);
  allowed = pk_allow_mark(self->allow, event, received_usec);
  if (result == PK_SCAN_CONTEXT)
    {
      pk_counters_inc_result(&self->counters, result);
      _observe(self, event, line->host, scope, received_usec);
      return;
    }
  pk_counters_inc_recognised(&self->counters, event);
  if (allowed)
    stats_counter_inc(self->counters.plain[PK_COUNTER_ALLOWED]);
  /* Before the message is written to: line borrows from it. */
  _observe(self, event, line->host, scope, received_usec);
  log_msg_make_writable(pmsg, path_options);
  if (self->settings.fields == PK_FIELDS_NONE)
    pk_output_set_tag(&self->output, *pmsg);
  else
    pk_output_set_event(&self->output, *pmsg, event, scope, self->settings.fields == PK_FIELDS_ALL);
}

static void
_complete(PkLine *line, gpointer user_data)
{
  pk_input_complete(user_data, line);
}

static void
_recognise(PortKnockParser *self, LogMessage **pmsg, const LogPathOptions *path_options, PkSlice input)
{
  ScratchBuffersMarker marker;
  PkScanResult result;
  PkEvent event;
  PkLine line;

  scratch_buffers_mark(&marker);
  pk_input_begin(*pmsg, input, pk_sng_parser_has_template(&self->super), &line);
  result = pk_recognise_begun(self->recogniser, &line, _complete, *pmsg, &event);
  if (result == PK_SCAN_MATCH || result == PK_SCAN_CONTEXT)
    _take_event(self, pmsg, path_options, &line, result, &event);
  else
    pk_counters_inc_result(&self->counters, result);
  if (result == PK_SCAN_UNKNOWN_PREFIX)
    pk_unknown_prefixes_take(self->unknown_prefixes, &event);
  scratch_buffers_reclaim_marked(marker);
}

/* FALSE would drop the user's message. */
static gboolean
_process(LogParser *s, LogMessage **pmsg, const LogPathOptions *path_options, const gchar *input, gsize input_len)
{
  PortKnockParser *self = (PortKnockParser *) s;

  stats_counter_inc(self->counters.plain[PK_COUNTER_MESSAGES]);
  /* Also what breaks the loop of internal() feeding the parser that writes there. */
  if (log_msg_is_tag_by_id(*pmsg, self->output.alert_tag))
    pk_counters_inc_result(&self->counters, PK_SCAN_OWN);
  else
    _recognise(self, pmsg, path_options, pk_slice(input, input_len));
  return TRUE;
}

static void
_queue(LogPipe *s, LogMessage *msg, const LogPathOptions *path_options)
{
  PortKnockParser *self = (PortKnockParser *) s;
  Pending *outer = _pending, pending = { NULL };

  _pending = &pending;
  self->base_queue(s, msg, path_options);
  _pending = outer;
  if (G_UNLIKELY(pending.alerts))
    _emit_pending(self, &pending);
}

/* ---- the timer ------------------------------------------------------------- */

/* Once: what follows is for the counters to tell. */
static void
_warn_of_full_tables(PortKnockParser *self, const PkStats *stats)
{
  const PkStats *before = &self->counters.shown;

  if (self->told_full ||
      (stats->evicted_sources == before->evicted_sources && stats->evicted_windows == before->evicted_windows))
    return;
  self->told_full = TRUE;
  msg_warning("port-knock: a table is full, and the oldest give way. Consider more max-sources() or max-windows()",
              evt_tag_str("parser", self->super.name), evt_tag_int("max_sources", self->settings.engine.max_sources),
              evt_tag_int("max_windows", self->settings.engine.max_windows), log_pipe_location_tag(&self->super.super));
}

/* Each once, a few at most, and never while a message is on its way. */
static void
_warn_of_unknown_prefixes(PortKnockParser *self)
{
  const gchar *prefix;

  while ((prefix = pk_unknown_prefixes_next(self->unknown_prefixes)))
    msg_warning("port-knock: a firewall's log prefix says neither deny nor accept, and its lines are not used. "
                "Name it in deny-prefix() or accept-prefix()",
                evt_tag_str("parser", self->super.name), evt_tag_str("prefix", prefix),
                log_pipe_location_tag(&self->super.super));
}

static void
_copy_stats(PortKnockParser *self)
{
  PkStats stats;
  PkAuditJoinStats joins;

  pk_engine_get_stats(self->engine, &stats);
  _warn_of_full_tables(self, &stats);
  pk_counters_copy_engine(&self->counters, &stats);
  pk_audit_join_get_stats(self->audit_join, &joins);
  pk_counters_copy_joins(&self->counters, &joins);
}

static void
_start_tick(PortKnockParser *self, glong msec)
{
  iv_validate_now();
  self->tick.expires = iv_now;
  timespec_add_msec(&self->tick.expires, msec);
  iv_timer_register(&self->tick);
}

static gboolean
_expire(PortKnockParser *self)
{
  gint64 now_usec = g_get_real_time(), started_usec = g_get_monotonic_time();
  PkAlert alerts[TICK_SLICE_ITEMS];
  gboolean more = TRUE;
  gsize n;

  for (gint items = 0; more && items < TICK_ITEMS_MAX; items += TICK_SLICE_ITEMS)
    {
      n = pk_engine_expire(self->engine, now_usec, TICK_SLICE_ITEMS, alerts, &more);
      _emit_all(self, alerts, n, NULL);
      if (g_get_monotonic_time() - started_usec > TICK_USEC_MAX)
        break;
    }
  return more;
}

/* After alerts are out, so that a file never holds again what was due long ago. */
static void
_keep_state(PortKnockParser *self)
{
  PkSaverStats stats;

  pk_state_tick(self->state, &stats);
  pk_counters_add_saves(&self->counters, &stats);
}

static void
_send_heartbeat(PortKnockParser *self)
{
  LogMessage *msg = pk_heartbeat_next(&self->heartbeat, &self->output, &self->counters, self->super.name,
                                      self->reference, g_get_monotonic_time());

  if (msg)
    _inject(self, msg);
}

static void
_tick(gpointer s)
{
  PortKnockParser *self = s;
  gboolean more = self->engine && _expire(self);

  if (self->engine)
    {
      _copy_stats(self);
      _keep_state(self);
    }
  _warn_of_unknown_prefixes(self);
  _send_heartbeat(self);
  _start_tick(self, more ? TICK_AGAIN_MSEC : TICK_MSEC);
}

static void
_start(gpointer s)
{
  PortKnockParser *self = s;

  pk_output_start(&self->output);
}

/* ---- life ------------------------------------------------------------------ */

static const gchar *
_reference_name(PortKnockParser *self, gchar buf[REFERENCE_BYTES])
{
  g_snprintf(buf, REFERENCE_BYTES, "%d", self->reference);
  return buf;
}

static gboolean
_report(PortKnockParser *self, GError *error)
{
  msg_error("port-knock: the parser cannot start", evt_tag_str("parser", self->super.name),
            evt_tag_str("reason", error->message), log_pipe_location_tag(&self->super.super));
  g_error_free(error);
  return FALSE;
}

static gboolean
_acquire_state(PortKnockParser *self, GError **error)
{
  const gchar *name = self->settings.persist_name ? self->settings.persist_name : self->super.name;
  gchar *key = g_strdup_printf("%s#%d", name, self->reference);

  self->state = pk_state_acquire(&self->super.super, key, &self->settings.engine, error);
  self->engine = self->state ? pk_state_engine(self->state) : NULL;
  g_free(key);
  return self->state != NULL;
}

static void
_register_counters(PortKnockParser *self)
{
  gchar reference[REFERENCE_BYTES];
  const PkStats none = { 0 };

  /* What the last configuration's engine counted is in the counters already. */
  pk_counters_register(&self->counters, self->super.name, _reference_name(self, reference),
                       self->state ? pk_state_before(self->state) : &none);
  if (self->engine)
    _copy_stats(self);
}

static gchar *
_join_dialects(void)
{
  gsize n;
  const PkDialect *const *dialects = pk_dialects(&n);
  GString *names = g_string_new(NULL);

  for (gsize i = 0; i < n; i++)
    g_string_append_printf(names, "%s%s", i ? "," : "", dialects[i]->name);
  return g_string_free(names, FALSE);
}

static void
_announce(PortKnockParser *self)
{
  const PkOptions *options = &self->settings.engine;
  gchar *dialects = _join_dialects(), *given = pk_settings_describe(&self->settings);
  PkStats stats = { 0 };

  if (self->engine)
    pk_engine_get_stats(self->engine, &stats);
  msg_info("port-knock: parser started", evt_tag_str("parser", self->super.name),
           evt_tag_int("reference", self->reference), evt_tag_str("correlate", self->engine ? "yes" : "no"),
           evt_tag_str("options", given), evt_tag_str("state", self->state ? pk_state_origin(self->state) : "none"),
           evt_tag_printf("reserved_bytes", "%" G_GUINT64_FORMAT, stats.reserved_bytes),
           evt_tag_int("max_sources", options->max_sources), evt_tag_int("max_windows", options->max_windows),
           evt_tag_int("window", options->window_seconds), evt_tag_int("settle", options->settle_seconds),
           evt_tag_printf("allow", "%" G_GSIZE_FORMAT, pk_allow_count(self->allow)), evt_tag_str("dialects", dialects),
           log_pipe_location_tag(&self->super.super));
  g_free(dialects);
  g_free(given);
}

static void
_warn_of_references(PortKnockParser *self)
{
  if (self->engine && self->reference > 1)
    msg_warning("port-knock: the parser is used more than once, and each use has windows of its own: a knock is "
                "only found where one use sees all of it. Join the sources in one log path, or set correlate(no)",
                evt_tag_str("parser", self->super.name), evt_tag_int("reference", self->reference),
                log_pipe_location_tag(&self->super.super));
}

static gboolean
_init_engine(PortKnockParser *self, GError **error)
{
  if (!pk_options_check(&self->settings.engine, error))
    return FALSE;
  self->recogniser = pk_recogniser_new(&self->settings.engine, error);
  if (!self->recogniser)
    return FALSE;
  self->audit_join = pk_audit_join_new();
  self->unknown_prefixes = pk_unknown_prefixes_new();
  self->allow = pk_allow_list_acquire(&self->super.super, &self->settings.engine, error);
  if (!self->allow)
    return FALSE;
  return !self->settings.correlate || _acquire_state(self, error);
}

/* What init made and no other configuration needs. */
static void
_free_parts(PortKnockParser *self)
{
  g_clear_pointer(&self->recogniser, pk_recogniser_free);
  g_clear_pointer(&self->audit_join, pk_audit_join_free);
  g_clear_pointer(&self->allow, pk_allow_unref);
  g_clear_pointer(&self->unknown_prefixes, pk_unknown_prefixes_free);
}

static gboolean
_init(LogPipe *s)
{
  PortKnockParser *self = (PortKnockParser *) s;
  GError *error = NULL;

  if (!log_parser_init_method(s))
    return FALSE;
  if (!_init_engine(self, &error))
    {
      _free_parts(self);
      return _report(self, error);
    }
  pk_output_init(&self->output, self->settings.prefix);
  _register_counters(self);
  pk_heartbeat_init(&self->heartbeat, self->settings.engine.heartbeat_seconds, &self->counters);
  _announce(self);
  _warn_of_references(self);
  _start_tick(self, TICK_MSEC);
  iv_task_register(&self->start);
  return TRUE;
}

/* No alert from here: what follows in the log path may be down already, and
 * syslog-ng aborts on that. */
static gboolean
_deinit(LogPipe *s)
{
  PortKnockParser *self = (PortKnockParser *) s;
  gchar reference[REFERENCE_BYTES];

  if (iv_task_registered(&self->start))
    iv_task_unregister(&self->start);
  iv_timer_unregister(&self->tick);
  if (self->engine)
    {
      _copy_stats(self);
      self->engine = NULL;
      pk_state_release(self->state, s);
      self->state = NULL;
    }
  pk_counters_unregister(&self->counters, self->super.name, _reference_name(self, reference));
  pk_allow_list_release(g_steal_pointer(&self->allow), s, &self->settings.engine);
  _free_parts(self);
  return log_parser_deinit_method(s);
}

static LogPipe *
_clone(LogPipe *s)
{
  PortKnockParser *self = (PortKnockParser *) s;
  LogParser *clone = port_knock_parser_new(log_pipe_get_config(s));
  PortKnockParser *cloned = (PortKnockParser *) clone;

  pk_sng_clone_settings(&self->super, clone);
  pk_settings_clear(&cloned->settings);
  pk_settings_copy(&self->settings, &cloned->settings);
  cloned->scope = log_template_ref(self->scope);
  g_rc_box_release(cloned->n_references);
  cloned->n_references = g_rc_box_acquire(self->n_references);
  cloned->reference = ++*cloned->n_references;
  return &clone->super;
}

static void
_free(LogPipe *s)
{
  PortKnockParser *self = (PortKnockParser *) s;

  pk_settings_clear(&self->settings);
  log_template_unref(self->scope);
  g_rc_box_release(self->n_references);
  log_parser_free_method(s);
}

LogParser *
port_knock_parser_new(GlobalConfig *cfg)
{
  PortKnockParser *self = g_new0(PortKnockParser, 1);

  log_parser_init_instance(&self->super, cfg);
  self->base_queue = self->super.super.queue;
  self->super.super.queue = _queue;
  self->super.super.init = _init;
  self->super.super.deinit = _deinit;
  self->super.super.clone = _clone;
  self->super.super.free_fn = _free;
  self->super.process = _process;
  pk_settings_init(&self->settings);
  self->n_references = g_rc_box_new(gint);
  self->reference = *self->n_references = 1;
  IV_TASK_INIT(&self->start);
  self->start.cookie = self;
  self->start.handler = _start;
  IV_TIMER_INIT(&self->tick);
  self->tick.cookie = self;
  self->tick.handler = _tick;
  return &self->super;
}

PkSettings *
port_knock_parser_settings(LogParser *s)
{
  return &((PortKnockParser *) s)->settings;
}

void
port_knock_parser_set_scope(LogParser *s, LogTemplate *template)
{
  PortKnockParser *self = (PortKnockParser *) s;

  log_template_unref(self->scope);
  self->scope = template;
}
