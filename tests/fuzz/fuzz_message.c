/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock.h"

#include "apphook.h"
#include "cfg.h"
#include "input.h"
#include "output.h"
#include "scratch-buffers.h"

#include "fuzz/fuzz.h"
#include "fuzz/written.h"

#include <iv.h>

/* Lines as messages through the whole parser, in each of the forms that
 * syslog-ng's sources leave of a line, and then its timer.
 *
 * Each goes through two parsers: to one as a message that nobody else holds, to
 * the other as one that is protected.  Both must come to the same; what was sent
 * must come out as it was, but for what the parser adds, and first; what somebody
 * else holds must not change; what is added, and alerts, must be whole and bounded.
 *
 * A first byte below 0x20 chooses options, and so does a second one; one at the
 * beginning of a line chooses its form, or stands for a reload before it. */

#define START_SEC G_GINT64_CONSTANT(1767225600)
#define PREFIX ".knock."
#define ALERT_TAG "port-knock.alert"
#define HEARTBEAT_TAG "port-knock.heartbeat"
#define TICKS 3
/* Of a message of an alert, and of a value. */
#define BYTES_MAX 65536

typedef enum
{
  FORM_PARSED,   /* as of a line with a header */
  FORM_RAW,      /* flags(no-parse) */
  FORM_HEADER,   /* the first word was taken for a program */
  FORM_UNPARSED, /* of a line that syslog-ng gave up on */
  FORM_SDATA,    /* words as structured data, without a text */
  FORM_OWN,      /* with the tag of an alert */
  N_FORMS
} Form;

#define FORM_MASK 7
#define FORM_RELOAD 7
#define FORM_LATER 8      /* it is the first after a while */
#define FORM_OTHER_DAY 16 /* its stamp is a day off */

/* The second byte's are shifted by OPTION_BITS. */
enum
{
  OPTION_TEMPLATE = 1,
  OPTION_CORE = 2,
  OPTION_RECEIVED = 4,
  OPTION_SCOPE = 8,
  OPTION_HEARTBEAT = 16,
  OPTION_STRICT = 32,
  OPTION_TAG_ONLY = 64,
  OPTION_ALONE = 128, /* without windows */
  OPTION_WINDOW_ONLY = 256
};

#define OPTION_BITS 5

typedef struct _Relay
{
  LogParser *parser;
  LogPipe *sink;
  struct iv_timer *tick;
  GPtrArray *received;
} Relay;

static Relay _own, _shared;
static struct iv_timer *_last_timer;

void __real_iv_timer_register(struct iv_timer *timer);
void __wrap_iv_timer_register(struct iv_timer *timer);

/* The parser's timer cannot be had otherwise without waiting for it. */
void
__wrap_iv_timer_register(struct iv_timer *timer)
{
  _last_timer = timer;
  __real_iv_timer_register(timer);
}

PkRecogniser *__real_pk_recogniser_new(const PkOptions *options, GError **error);
PkRecogniser *__wrap_pk_recogniser_new(const PkOptions *options, GError **error);
void __wrap_pk_recogniser_free(PkRecogniser *self);

/* The same for all: making one costs more than most inputs. */
PkRecogniser *
__wrap_pk_recogniser_new(const PkOptions *options, GError **error)
{
  static PkRecogniser *recogniser;

  if (!recogniser)
    recogniser = __real_pk_recogniser_new(options, error);
  return recogniser;
}

void
__wrap_pk_recogniser_free(PkRecogniser *self)
{
}

/* In the place of syslog-ng's, which prints. */
void
msg_event_suppress_recursions_and_send(EVTREC *event)
{
  msg_event_free(event);
}

/* ---- two relays --------------------------------------------------------------- */

static void
_keep(LogPipe *s, LogMessage *msg, const LogPathOptions *path_options)
{
  Relay *relay = s == _own.sink ? &_own : &_shared;

  g_ptr_array_add(relay->received, log_msg_ref(msg));
  log_msg_drop(msg, path_options, AT_PROCESSED);
}

static LogTemplate *
_new_template(const gchar *text)
{
  LogTemplate *template = log_template_new(configuration, NULL);

  g_assert_true(log_template_compile(template, text, NULL));
  return template;
}

static void
_set_option(PkOptions *options, const gchar *name, const gchar *value)
{
  g_assert_true(pk_options_set(options, name, value, NULL));
}

static void
_set_engine_options(PkOptions *options, guint choice)
{
  _set_option(options, "settle", "1");
  _set_option(options, "max-sources", "1024");
  _set_option(options, "max-windows", "1024");
  _set_option(options, "known-sequences", "");
  _set_option(options, "heartbeat", choice & OPTION_HEARTBEAT ? "1" : "0");
  _set_option(options, "min-confidence", choice & OPTION_STRICT ? "medium" : "low");
  _set_option(options, "max-alerts", choice & OPTION_STRICT ? "1" : "10000");
  _set_option(options, "alert-on", choice & OPTION_WINDOW_ONLY ? "window" : "window,daemon,client,host");
  _set_option(options, "allow", "192.0.2.9 ours");
  _set_option(options, "allow", "192.0.2.0/28 dest=198.51.100.0/24 until=2026-12-31 lab");
  _set_option(options, "allow", "::/0 dest=203.0.113.5 honeypot");
  /* Otherwise who gives way is a matter of chance. */
  options->single_shard = TRUE;
}

static void
_set_options(LogParser *parser, guint choice)
{
  PkSettings *settings = port_knock_parser_settings(parser);

  _set_engine_options(&settings->engine, choice);
  settings->fields = choice & OPTION_CORE ? PK_FIELDS_CORE : PK_FIELDS_ALL;
  if (choice & OPTION_TAG_ONLY)
    settings->fields = PK_FIELDS_NONE;
  settings->correlate = !(choice & OPTION_ALONE);
  settings->use_time = choice & OPTION_RECEIVED ? PK_USE_TIME_RECEIVED : PK_USE_TIME_MESSAGE;
  if (choice & OPTION_TEMPLATE)
    log_parser_set_template(parser, _new_template("${MESSAGE}"));
  if (choice & OPTION_SCOPE)
    port_knock_parser_set_scope(parser, _new_template("${HOST}"));
}

static void
_relay_init(Relay *self, const gchar *name, guint choice)
{
  self->received = g_ptr_array_new_with_free_func((GDestroyNotify) log_msg_unref);
  self->parser = port_knock_parser_new(configuration);
  self->parser->name = g_strdup(name);
  self->sink = log_pipe_new(configuration);
  self->sink->queue = _keep;
  log_pipe_append(&self->parser->super, self->sink);
  _set_options(self->parser, choice);
  g_assert_true(pk_options_check(&port_knock_parser_settings(self->parser)->engine, NULL));
  g_assert_true(log_pipe_init(self->sink) && log_pipe_init(&self->parser->super));
  self->tick = _last_timer;
}

/* With other options, so that state has to move. */
static void
_relay_reload(Relay *self)
{
  PkOptions *options = &port_knock_parser_settings(self->parser)->engine;

  g_assert_true(log_pipe_deinit(&self->parser->super));
  _set_option(options, "max-sources", options->max_sources == 1024 ? "2048" : "1024");
  g_assert_true(pk_options_check(options, NULL));
  g_assert_true(log_pipe_init(&self->parser->super));
  self->tick = _last_timer;
}

static void
_relay_clear(Relay *self)
{
  log_pipe_deinit(&self->parser->super);
  log_pipe_deinit(self->sink);
  log_pipe_unref(&self->parser->super);
  log_pipe_unref(self->sink);
  g_ptr_array_unref(self->received);
}

/* ---- a line as a message -------------------------------------------------------- */

static void
_set(LogMessage *msg, NVHandle handle, PkSlice value)
{
  log_msg_set_value(msg, handle, value.data ? value.data : "", (gssize) value.len);
}

static void
_fill_parsed(LogMessage *msg, PkSlice text)
{
  const PkClock clock = { START_SEC * G_USEC_PER_SEC, 0 };
  GString *header = g_string_new(NULL);
  PkLine line;

  pk_line_parse(text.data, text.len, &clock, &line);
  _set(msg, LM_V_HOST, line.host);
  _set(msg, LM_V_PROGRAM, line.program);
  _set(msg, LM_V_MSGID, line.msgid);
  _set(msg, LM_V_MESSAGE, line.text);
  if (line.program.len > 0)
    {
      g_string_append_len(header, line.program.data, (gssize) line.program.len);
      g_string_append(header, ": ");
    }
  log_msg_set_value(msg, LM_V_LEGACY_MSGHDR, header->str, (gssize) header->len);
  g_string_free(header, TRUE);
}

static void
_fill_header(LogMessage *msg, PkSlice text)
{
  const gchar *blank = text.len ? memchr(text.data, ' ', text.len) : NULL;
  gsize at = blank ? (gsize) (blank - text.data) : 0;

  _set(msg, LM_V_PROGRAM, (PkSlice){ text.data, at });
  _set(msg, LM_V_LEGACY_MSGHDR, (PkSlice){ text.data, at ? at + 1 : 0 });
  _set(msg, LM_V_MESSAGE, (PkSlice){ at ? text.data + at + 1 : text.data, at ? text.len - at - 1 : text.len });
}

static void
_fill_unparsed(LogMessage *msg, PkSlice text)
{
  GString *message = g_string_new("Error processing log message: ");

  g_string_append_len(message, text.data, (gssize) text.len);
  log_msg_set_value(msg, LM_V_PROGRAM, "syslog-ng", -1);
  log_msg_set_value(msg, LM_V_MESSAGE, message->str, (gssize) message->len);
  g_string_free(message, TRUE);
}

static void
_fill_sdata(LogMessage *msg, PkSlice text)
{
  static const gchar *const names[] = {
    "source-address", "source-port", "destination-address", "destination-port", "protocol-id", "reason",
  };
  gchar *copy = g_strndup(text.data, text.len), **words = g_strsplit(copy, " ", G_N_ELEMENTS(names));

  log_msg_set_value(msg, LM_V_PROGRAM, "RT_FLOW", -1);
  log_msg_set_value(msg, LM_V_MSGID, "RT_FLOW_SESSION_DENY", -1);
  for (gsize i = 0; i < G_N_ELEMENTS(names) && words[i]; i++)
    {
      gchar *name = g_strconcat(".SDATA.junos@2636.1.1.1.2.40.", names[i], NULL);

      log_msg_set_value_by_name(msg, name, words[i], -1);
      g_free(name);
    }
  g_strfreev(words);
  g_free(copy);
}

static void
_fill(LogMessage *msg, Form form, PkSlice text)
{
  switch (form)
    {
    case FORM_RAW:
      _set(msg, LM_V_MESSAGE, text);
      break;
    case FORM_HEADER:
      _fill_header(msg, text);
      break;
    case FORM_UNPARSED:
      _fill_unparsed(msg, text);
      break;
    case FORM_SDATA:
      _fill_sdata(msg, text);
      break;
    case FORM_OWN:
      log_msg_set_tag_by_name(msg, ALERT_TAG);
      _fill_parsed(msg, text);
      break;
    default:
      _fill_parsed(msg, text);
    }
}

static LogMessage *
_new_message(guint8 form, PkSlice text, gint64 sec)
{
  LogMessage *msg = log_msg_new_empty();

  msg->timestamps[LM_TS_RECVD].ut_sec = sec;
  msg->timestamps[LM_TS_STAMP].ut_sec = form & FORM_OTHER_DAY ? sec - 86401 : sec;
  _fill(msg, (form & FORM_MASK) % N_FORMS, text);
  return msg;
}

/* ---- what comes out --------------------------------------------------------------- */

typedef struct _Description
{
  GString *text;
  gboolean with_added;
  guint n_added;
} Description;

static void
_check_value(const gchar *value, gssize len, LogMessageValueType type)
{
  gchar *end;

  g_assert_true(len >= 0 && len <= BYTES_MAX);
  g_assert_true(type == LM_VT_STRING || type == LM_VT_DOUBLE || type == PK_SNG_VT_INTEGER);
  if (type == PK_SNG_VT_INTEGER)
    {
      g_ascii_strtoll(value, &end, 10);
      g_assert_true(len > 0 && end == value + len);
    }
}

static gboolean
_describe_pair(NVHandle handle, const gchar *name, const gchar *value, gssize len, LogMessageValueType type,
               gpointer user_data)
{
  Description *self = user_data;

  if (g_str_has_prefix(name, PREFIX))
    {
      _check_value(value, len, type);
      self->n_added++;
      if (!self->with_added)
        return FALSE;
    }
  g_string_append_printf(self->text, "%s=(%d)", name, (gint) type);
  g_string_append_len(self->text, value, len);
  g_string_append_c(self->text, '\n');
  return FALSE;
}

/* All that it holds, or all but what the parser adds. */
static gchar *
_describe(const LogMessage *msg, gboolean with_added, guint *ret_n_added)
{
  Description self = { g_string_new(NULL), with_added, 0 };

  log_msg_values_foreach(msg, _describe_pair, &self);
  g_string_append_printf(self.text, "pri=%d stamp=%d.%d\n", msg->pri, (gint) msg->timestamps[LM_TS_STAMP].ut_sec,
                         (gint) msg->timestamps[LM_TS_STAMP].ut_usec);
  if (ret_n_added)
    *ret_n_added = self.n_added;
  return g_string_free(self.text, FALSE);
}

static void
_check_original(LogMessage *msg, const gchar *before, Form form)
{
  guint n;
  gchar *after = _describe(msg, FALSE, &n);

  g_assert_cmpstr(before, ==, after);
  g_assert_true(n <= PK_N_FIELDS);
  g_assert_true(log_msg_is_tag_by_name(msg, "port-knock") || n == 0);
  g_assert_true(log_msg_is_tag_by_name(msg, ALERT_TAG) == (form == FORM_OWN));
  g_assert_true(form != FORM_OWN || n == 0);
  g_free(after);
}

static void
_check_alert(LogMessage *msg)
{
  gssize len;
  const gchar *text = log_msg_get_value(msg, LM_V_MESSAGE, &len);
  GString *logfmt = g_string_new_len(text, len);
  guint n;

  g_assert_true(log_msg_is_tag_by_name(msg, ALERT_TAG) && !log_msg_is_tag_by_name(msg, "port-knock"));
  g_assert_cmpstr(log_msg_get_value(msg, LM_V_PROGRAM, NULL), ==, PK_OUTPUT_PROGRAM);
  g_assert_true(len > 0 && len <= BYTES_MAX);
  written_check_logfmt(logfmt);
  g_string_free(logfmt, TRUE);
  g_free(_describe(msg, TRUE, &n));
  g_assert_true(n > 0 && n <= PK_N_FIELDS);
}

static void
_check_alerts(const Relay *relay, guint from)
{
  g_assert_true(relay->received->len - from <= PK_OBSERVE_ALERTS_MAX);
  for (; from < relay->received->len; from++)
    _check_alert(g_ptr_array_index(relay->received, from));
}

static void
_check_same(void)
{
  g_assert_true(_own.received->len == _shared.received->len);
  for (guint i = 0; i < _own.received->len; i++)
    {
      gchar *own = _describe(g_ptr_array_index(_own.received, i), TRUE, NULL);
      gchar *shared = _describe(g_ptr_array_index(_shared.received, i), TRUE, NULL);

      g_assert_cmpstr(own, ==, shared);
      g_free(own);
      g_free(shared);
    }
}

/* ---- the way through ---------------------------------------------------------------- */

/* Takes over msg. */
static void
_send(Relay *relay, LogMessage *msg, const gchar *before, Form form)
{
  LogPathOptions path_options = LOG_PATH_OPTIONS_INIT_NOACK;

  g_ptr_array_set_size(relay->received, 0);
  log_pipe_queue(&relay->parser->super, msg, &path_options);
  g_assert_true(relay->received->len >= 1);
  _check_original(g_ptr_array_index(relay->received, 0), before, form);
  _check_alerts(relay, 1);
}

static void
_take_line(guint8 form_byte, PkSlice text, gint64 sec)
{
  Form form = (form_byte & FORM_MASK) % N_FORMS;
  LogMessage *held = log_msg_ref(_new_message(form_byte, text, sec));
  gchar *before = _describe(held, TRUE, NULL), *after;

  _send(&_own, _new_message(form_byte, text, sec), before, form);
  log_msg_write_protect(held);
  _send(&_shared, held, before, form);
  _check_same();
  after = _describe(held, TRUE, NULL);
  g_assert_cmpstr(before, ==, after);
  g_assert_true(!log_msg_is_tag_by_name(held, "port-knock"));
  log_msg_unref(held);
  g_free(before);
  g_free(after);
}

static void
_check_of_tick(LogMessage *msg)
{
  if (!log_msg_is_tag_by_name(msg, HEARTBEAT_TAG))
    _check_alert(msg);
  else
    g_assert_cmpstr(log_msg_get_value_by_name(msg, PREFIX "kind", NULL), ==, "heartbeat");
}

static void
_run_ticks(Relay *relay)
{
  for (gint i = 0; i < TICKS; i++)
    {
      g_ptr_array_set_size(relay->received, 0);
      iv_timer_unregister(relay->tick);
      relay->tick->handler(relay->tick->cookie);
      for (guint n = 0; n < relay->received->len; n++)
        _check_of_tick(g_ptr_array_index(relay->received, n));
    }
}

static void
_take_lines(const gchar *text, const gchar *end)
{
  gint64 sec = START_SEC;

  while (text < end)
    {
      const gchar *line_end = memchr(text, '\n', (gsize) (end - text));
      guint8 form = (guint8) *text < ' ' ? (guint8) *text : 0;

      if (!line_end)
        line_end = end;
      if (form && text < line_end)
        text++;
      sec += form & FORM_LATER ? 4 : 0;
      if ((form & FORM_MASK) == FORM_RELOAD)
        {
          _relay_reload(&_own);
          _relay_reload(&_shared);
        }
      _take_line(form, (PkSlice){ text, (gsize) (line_end - text) }, sec);
      text = line_end + 1;
    }
}

static guint
_take_choice(const gchar **text, const gchar *end)
{
  guint choice = 0;

  for (guint shift = 0; shift <= OPTION_BITS && *text < end && (guint8) * *text < ' '; shift += OPTION_BITS)
    choice |= (guint) * (*text)++ << shift;
  return choice;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static gboolean is_started;
  const gchar *text = (const gchar *) data, *end = text + size;
  guint choice = _take_choice(&text, end);

  if (!is_started)
    app_startup();
  is_started = TRUE;
  configuration = cfg_new_snippet();
  configuration->persist = persist_config_new();
  _relay_init(&_own, "p_own", choice);
  _relay_init(&_shared, "p_shared", choice);
  _take_lines(text, end);
  _run_ticks(&_own);
  _run_ticks(&_shared);
  _relay_clear(&_own);
  _relay_clear(&_shared);
  persist_config_free(configuration->persist);
  configuration->persist = NULL;
  scratch_buffers_explicit_gc();
  cfg_free(configuration);
  configuration = NULL;
  return 0;
}
