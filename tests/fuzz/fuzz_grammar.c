/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock-parser.h"

#include "apphook.h"
#include "cfg-grammar.h"
#include "cfg.h"
#include "parser/parser-expr-parser.h"
#include "plugin.h"
#include "port-knock.h"
#include "scratch-buffers.h"

#include "fuzz/fuzz.h"
#include "fuzz/options.h"

#include <sys/mman.h>
#include <unistd.h>

/* What stands between the brackets of a port-knock() through syslog-ng's lexer
 * and the module's grammar, as syslog-ng itself comes to them: once as a file's
 * text, with backticks, and once as that of a block.
 *
 * What is refused must be told, once and with its place, and where it was an
 * option with name, value and what is permitted.  What is not must lie in its
 * ranges, and start, stop, start again and be freed, and so must its clone.
 *
 * Paths are left out of what starts: the target shall read and write no file
 * that it made up.  The linker puts _wrap_ functions in the place of others; of
 * syslog-ng's own two that tell, the ones here come first. */

#define TEXT_BYTES_MAX 8192

/* Of LeakSanitizer, where it is. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

gboolean port_knock_module_init(PluginContext *context, CfgArgs *args);

gboolean __real_pk_settings_set(PkSettings *self, const gchar *name, GList *values, GError **error);
gboolean __wrap_pk_settings_set(PkSettings *self, const gchar *name, GList *values, GError **error);

/* ---- what is told ----------------------------------------------------------- */

/* 4.1 changed what a place knows. */
static const gchar *
_file_of(const CfgLexer *lexer, const CFG_LTYPE *place)
{
#if PK_SNG_SINCE(0x0401)
  return place->name;
#else
  g_assert_true(place->level >= lexer->include_stack && place->level <= &lexer->include_stack[lexer->include_depth]);
  return place->level->name;
#endif
}

static guint _n_refused, _n_told, _n_fatal;
/* Of the option that was refused, owned; NULL: none was. */
static gchar *_expected;

static void
_forget(void)
{
  _n_refused = _n_told = _n_fatal = 0;
  g_clear_pointer(&_expected, g_free);
}

/* In the place of syslog-ng's, which prints. */
void
report_syntax_error(CfgLexer *lexer, const CFG_LTYPE *place, const char *what, const char *message,
                    gboolean in_main_grammar)
{
  g_assert_true(_file_of(lexer, place) && place->first_line >= 1 && place->first_column >= 1);
  g_assert_true(place->last_line >= place->first_line);
  g_assert_true(what && message && message[0]);
  if (_expected)
    g_assert_cmpstr(message, ==, _expected);
  _n_refused++;
}

/* In the place of syslog-ng's, which prints or keeps them. */
void
msg_event_suppress_recursions_and_send(EVTREC *event)
{
  gchar *text = evt_format(event);

  g_assert_true(text && text[0]);
  /* A lexer that gave up must not be asked for more. */
  _n_fatal += g_str_has_prefix(text, "Fatal error in configuration lexer");
  g_assert_true(_n_fatal <= 1);
  free(text);
  msg_event_free(event);
  _n_told++;
}

static const gchar *
_find_in(const gchar *message, GList *values)
{
  for (; values; values = values->next)
    if (strstr(message, values->data))
      return values->data;
  return "";
}

gboolean
__wrap_pk_settings_set(PkSettings *self, const gchar *name, GList *values, GError **error)
{
  gchar *canonical;

  if (__real_pk_settings_set(self, name, values, error))
    return TRUE;
  canonical = g_strdelimit(g_strdup(name), "_", '-');
  fuzz_check_refusal(*error, canonical, values && values->next ? _find_in((*error)->message, values) : "");
  if (values && !values->next && !strstr((*error)->message, "at most"))
    fuzz_check_refusal(*error, canonical, values->data);
  g_free(canonical);
  g_assert_true(!_expected);
  _expected = g_strdup((*error)->message);
  return FALSE;
}

/* ---- what is accepted --------------------------------------------------------- */

static void
_leave_paths_out(PkOptions *options)
{
  g_assert_true(pk_options_set(options, "known-sequences", "", NULL));
  g_clear_pointer(&options->allow_file, g_free);
  g_clear_pointer(&options->state_file, g_free);
}

static void
_start_and_stop(LogParser *parser)
{
  guint told_before = _n_told;

  if (!parser->name)
    parser->name = g_strdup("p_fuzz");
  if (log_pipe_init(&parser->super))
    g_assert_true(log_pipe_deinit(&parser->super));
  else
    g_assert_true(_n_told > told_before);
}

/* Twice, as when syslog-ng reloads; configuration keeps what the first leaves. */
static void
_check_accepted(LogParser *parser)
{
  PkSettings *settings = port_knock_parser_settings(parser);
  LogPipe *clone;
  gchar *text;

  fuzz_check_ranges(&settings->engine);
  text = pk_settings_describe(settings);
  g_assert_true(text[0]);
  g_free(text);
  _leave_paths_out(&settings->engine);
  clone = log_pipe_clone(&parser->super);
  g_assert_true(pk_settings_engine_equals(&settings->engine, &port_knock_parser_settings((LogParser *) clone)->engine));
  _start_and_stop(parser);
  _start_and_stop(parser);
  _start_and_stop((LogParser *) clone);
  log_pipe_unref(clone);
}

/* ---- syslog-ng's way to the grammar -------------------------------------------- */

/* A file in memory with the text; 3.38 reads the one that is open, later ones open it. */
static const gchar *
_write_file(const GString *text)
{
  static gchar name[32];
  static int fd = -1;

  if (fd < 0)
    fd = memfd_create("fuzz", MFD_CLOEXEC);
  g_assert_true(ftruncate(fd, 0) == 0 && pwrite(fd, text->str, text->len, 0) == (gssize) text->len);
  g_snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
  return name;
}

/* *ret_file: to be closed after the lexer; NULL: it is as a block's. */
static CfgLexer *
_open(const GString *text, gboolean as_file, FILE **ret_file)
{
  const gchar *name = as_file ? _write_file(text) : NULL;
  FILE *file = as_file ? fopen(name, "r") : NULL;
  CfgLexer *lexer;

  g_assert_true(!as_file || file);
  lexer =
      file ? cfg_lexer_new(configuration, file, name, NULL) : cfg_lexer_new_buffer(configuration, text->str, text->len);
  /* No file is read, no module loaded: they are not the grammar's business. */
  lexer->ignore_pragma = TRUE;
  *ret_file = file;
  return lexer;
}

/* As from a parser { ... } in a configuration, whose grammar has read the name. */
static LogParser *
_parse(CfgLexer *lexer)
{
  Plugin *plugin = cfg_find_plugin(configuration, LL_CONTEXT_PARSER, "port-knock");
  CFG_STYPE name;
  CFG_LTYPE place;
  LogParser *parser;

  g_assert_true(plugin != NULL);
  cfg_lexer_push_context(lexer, main_parser.context, main_parser.keywords, "configuration");
  cfg_lexer_push_context(lexer, parser_expr_parser.context, parser_expr_parser.keywords, parser_expr_parser.name);
  g_assert_true(cfg_lexer_lex(lexer, &name, &place) == LL_PLUGIN);
  free(name.cptr);
  configuration->lexer = lexer;
  parser = cfg_parse_plugin(configuration, plugin, &place, NULL);
  configuration->lexer = NULL;
  cfg_lexer_free(lexer);
  return parser;
}

/* syslog-ng's own rules leave a template behind that they refuse. */
static gboolean
_may_leak(const GString *text)
{
  return __lsan_disable && (memmem(text->str, text->len, "scope", 5) || memmem(text->str, text->len, "template", 8));
}

static void
_run(const GString *text, gboolean as_file)
{
  gboolean may_leak = _may_leak(text);
  LogParser *parser;
  FILE *file;

  if (may_leak)
    __lsan_disable();
  configuration = cfg_new_snippet();
  configuration->persist = persist_config_new();
  cfg_set_global_paths(configuration);
  port_knock_module_init(&configuration->plugin_context, NULL);
  _forget();
  parser = _parse(_open(text, as_file, &file));
  if (file)
    fclose(file);
  g_assert_true(parser ? _n_refused == 0 : _n_refused == 1);
  if (parser)
    {
      _check_accepted(parser);
      log_pipe_unref(&parser->super);
    }
  persist_config_free(configuration->persist);
  configuration->persist = NULL;
  scratch_buffers_explicit_gc();
  cfg_free(configuration);
  configuration = NULL;
  if (may_leak)
    __lsan_enable();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static gboolean is_started;
  GString *text = g_string_new("port-knock\n(");

  if (!is_started)
    app_startup();
  is_started = TRUE;
  g_string_append_len(text, (const gchar *) data, MIN(size, TEXT_BYTES_MAX));
  /* A comment at the very end of a block's text is more than syslog-ng 3.38 can read. */
  g_string_append(text, ")\n");
  _run(text, TRUE);
  _run(text, FALSE);
  g_string_free(text, TRUE);
  _forget();
  return 0;
}
