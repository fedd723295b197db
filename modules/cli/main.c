/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "cli/commands.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

typedef struct _PkCommand
{
  const gchar *name;
  guint bit; /* PK_FOR_* */
  PkExit (*run)(const PkArguments *arguments, PkOutput *output);
  const gchar *default_input; /* NULL: an input must be named; "": it reads none */
  const gchar *synopsis;
  const gchar *summary; /* one line */
  const gchar *description;
} PkCommand;

static const PkCommand COMMANDS[] = {
  { "replay", PK_FOR_REPLAY, pk_replay, NULL, "port-knock replay [--OPTION VALUE]... FILE...",
    "find port knocks in log files",
    "Reads log files in the order given, as if a relay received them, and prints an\n"
    "alert for each port knock.  - is standard input.  The same input and options\n"
    "give the same output; for stamps without year and zone, give these too.\n" },
  { "explain", PK_FOR_EXPLAIN, pk_explain, "-", "port-knock explain [--OPTION VALUE]... [FILE]...",
    "show what is recognised in single lines",
    "Prints for each line of standard input, or of the files, one JSON object on one\n"
    "line, in order.  {\"recognised\":false} is a line that no dialect claims.  Of the\n"
    "engine options only the prefixes and the allow list matter here; the others are\n"
    "accepted.\n"
    "\"matched\" says what led to the dialect; of a line that is not recognised,\n"
    "\"nearest\" is the dialect that came nearest, and \"failed\" what it missed first.\n"
    "With --source it tells the story of one source instead: what was seen of it, each\n"
    "verdict, and whether that was reported.\n" },
  { "dialects", PK_FOR_DIALECTS, pk_list_dialects, "", "port-knock dialects [--format FORMAT]",
    "list what is recognised",
    "Prints a line or an object for each dialect, in the order in which they are\n"
    "tried: what it is called, whose logs these are, how they are written, what they\n"
    "can come to, and by which programs and texts a line is taken to be one.\n" },
  { "score", PK_FOR_SCORE, pk_score, NULL, "port-knock score --truth LABELS [--OPTION VALUE]... FILE...",
    "tell how well the options do on logs whose truth is known",
    "Reads log files as replay does, compares the alerts with what LABELS says that\n"
    "the files hold, and prints what was found, what was missed and why, and the\n"
    "false alarms.  LABELS may be empty: every alert then is a false alarm.\n" },
};

/* ---- help ----------------------------------------------------------------------- */

static void
_append_usage(GString *out)
{
  for (gsize i = 0; i < G_N_ELEMENTS(COMMANDS); i++)
    g_string_append_printf(out, "%s%s\n", i ? "       " : "usage: ", COMMANDS[i].synopsis);
  g_string_append(out, "       port-knock help [COMMAND]\n       port-knock --version\n");
}

static PkExit
_help(PkOutput *output)
{
  GString *out = output->pending;

  _append_usage(out);
  g_string_append(out, "\nFinds port knocking (MITRE ATT&CK T1205.001) in the logs of firewalls, knock\n"
                       "daemons and hosts.\n\nCommands:\n");
  for (gsize i = 0; i < G_N_ELEMENTS(COMMANDS); i++)
    g_string_append_printf(out, "  %-10s%s\n", COMMANDS[i].name, COMMANDS[i].summary);
  g_string_append(out, "  help      print this, or the options of a command\n\n"
                       "Exit status: 0 done, with or without alerts; 1 some input could not be read or\n"
                       "the output not be written; 2 nothing done or bad usage.\n");
  return PK_EXIT_DONE;
}

static PkExit
_help_for(const PkCommand *command, PkOutput *output)
{
  g_string_append_printf(output->pending, "usage: %s\n\n%s\n", command->synopsis, command->description);
  pk_arguments_append_help(command->bit, output->pending);
  return PK_EXIT_DONE;
}

static PkExit
_version(PkOutput *output)
{
  g_string_append(output->pending, "port-knock " PACKAGE_VERSION "\n");
  return PK_EXIT_DONE;
}

/* ---- usage errors ----------------------------------------------------------------- */

/* They quote arguments, of which g_printerr() would write in the locale's
 * charset only what that has. */

static PkExit
_complain(const gchar *what, const gchar *detail)
{
  GString *usage = g_string_new(NULL);

  _append_usage(usage);
  (void) fprintf(stderr, "port-knock: %s%s\n%s", what, detail, usage->str);
  g_string_free(usage, TRUE);
  return PK_EXIT_NOTHING_DONE;
}

static PkExit
_complain_of_arguments(const PkCommand *command, GError *error)
{
  (void) fprintf(stderr, "port-knock: %s\n", error->message);
  if (g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
    (void) fprintf(stderr, "usage: %s\n", command->synopsis);
  g_error_free(error);
  return PK_EXIT_NOTHING_DONE;
}

static PkExit
_complain_of_inputs(const PkCommand *command, const gchar *complaint)
{
  (void) fprintf(stderr, "port-knock: %s\nusage: %s\n", complaint, command->synopsis);
  return PK_EXIT_NOTHING_DONE;
}

/* ---- commands ------------------------------------------------------------------------ */

static const PkCommand *
_find_command(const gchar *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(COMMANDS); i++)
    if (g_str_equal(name, COMMANDS[i].name))
      return &COMMANDS[i];
  return NULL;
}

static PkExit
_run_with(const PkCommand *command, PkArguments *arguments, PkOutput *output)
{
  if (arguments->help)
    return _help_for(command, output);
  if (arguments->inputs->len == 0 && !command->default_input)
    return _complain_of_inputs(command, "no FILE given; - is standard input");
  if (arguments->inputs->len > 0 && command->default_input && !command->default_input[0])
    return _complain_of_inputs(command, "no FILE is read");
  if (arguments->inputs->len == 0)
    g_ptr_array_add(arguments->inputs, (gpointer) command->default_input);
  return command->run(arguments, output);
}

static PkExit
_run(const PkCommand *command, gchar *const *argv, PkOutput *output)
{
  PkArguments arguments;
  GError *error = NULL;
  PkExit code;

  if (!pk_arguments_parse(command->bit, argv, &arguments, &error))
    return _complain_of_arguments(command, error);
  code = _run_with(command, &arguments, output);
  pk_arguments_clear(&arguments);
  return code;
}

static PkExit
_run_help(gchar *const *argv, PkOutput *output)
{
  const PkCommand *command;

  if (!argv[0])
    return _help(output);
  command = _find_command(argv[0]);
  return command ? _help_for(command, output) : _complain("unknown command ", argv[0]);
}

static PkExit
_dispatch(gchar *const *argv, PkOutput *output)
{
  const PkCommand *command;

  if (!argv[0])
    return _complain("no command given", "");
  if (g_str_equal(argv[0], "help"))
    return _run_help(argv + 1, output);
  if (g_str_equal(argv[0], "--help") || g_str_equal(argv[0], "-h"))
    return _help(output);
  if (g_str_equal(argv[0], "--version"))
    return _version(output);

  command = _find_command(argv[0]);
  if (command)
    return _run(command, argv + 1, output);
  return _complain(argv[0][0] == '-' ? "unknown option " : "unknown command ", argv[0]);
}

void
pk_read_inputs(PkReader *reader, const GPtrArray *inputs)
{
  for (guint i = 0; i < inputs->len && !reader->stopped; i++)
    {
      GError *error = NULL;

      if (!pk_reader_read(reader, inputs->pdata[i], &error))
        {
          g_printerr("port-knock: %s\n", error->message);
          g_error_free(error);
        }
    }
}

PkExit
pk_exit_code(const PkReader *reader, const PkOutput *output)
{
  if (output->error != 0)
    return PK_EXIT_INPUT_FAILED;
  if (reader->failed == 0)
    return PK_EXIT_DONE;
  return reader->inputs > 0 ? PK_EXIT_INPUT_FAILED : PK_EXIT_NOTHING_DONE;
}

/* A file opened as descriptor 1 or 2 would be written to.  Opened the wrong
 * way round, a closed standard stream stays one that fails. */
static void
_keep_standard_streams(void)
{
  for (gint fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0)
      open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

gint
main(gint argc, gchar **argv)
{
  PkOutput output;
  PkExit code;

  _keep_standard_streams();
  (void) signal(SIGPIPE, SIG_IGN);
  pk_output_init(&output, STDOUT_FILENO);
  code = _dispatch(argc > 0 ? argv + 1 : argv, &output);
  pk_output_flush(&output);
  if (!pk_output_report(&output))
    code = PK_EXIT_INPUT_FAILED;
  pk_output_clear(&output);
  return code;
}
