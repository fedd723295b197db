/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/process.h"

#include "scan/argv.h"
#include "scan/firewall-command.h"
#include "scan/process-tool.h"
#include "scan/script.h"
#include "scan/slice.h"

/* sudo bash -c "ip netns exec a env X=1 knock ..." is four deep. */
#define WRAPPERS_MAX 6

/* The command that is looked at. */
typedef struct _Command
{
  const PkSlice *argv;
  gsize n;
} Command;

static gboolean _classify_command(const PkProcessSpec *spec, PkSlice name, Command command, guint depth,
                                  PkEvent *event);

/* ---- small readers ---------------------------------------------------------- */

PkSlice
pk_process_base_name(PkSlice image)
{
  for (gsize i = image.len; i > 0; i--)
    if (image.data[i - 1] == '/' || image.data[i - 1] == '\\')
      return pk_slice_from(image, i);
  return image;
}

static gboolean
_is_one_of(PkSlice word, const gchar *const *list, gsize list_max)
{
  for (gsize i = 0; i < list_max && list[i]; i++)
    if (pk_slice_equals_nocase(word, pk_slice_from_string(list[i])))
      return TRUE;
  return FALSE;
}

/* "KNOCK.EXE" is "knock". */
static gboolean
_is_named(PkSlice program, const gchar *const *names)
{
  PkSlice name = pk_process_base_name(program);
  PkSlice suffix = PK_SLICE(".exe");

  if (name.len > suffix.len && pk_slice_equals_nocase(pk_slice_from(name, name.len - suffix.len), suffix))
    name.len -= suffix.len;
  return _is_one_of(name, names, PK_PROCESS_NAMES_MAX);
}

static void
_set_finding(PkEvent *event, const PkFinding *finding)
{
  event->kind = finding->kind;
  event->branch = finding->branch;
  event->subtype = finding->subtype;
}

/* The arguments from at on with a blank between two, as a shell's text.  What is
 * too long is cut. */
typedef struct _JoinBuffer
{
  gchar bytes[PK_ARGV_BYTES];
} JoinBuffer;

static PkSlice
_join(Command command, gsize at, JoinBuffer *buffer)
{
  gsize used = 0;

  for (; at < command.n; at++)
    {
      PkSlice arg = command.argv[at];
      gsize blank = used > 0,
            len = MIN(arg.len, sizeof(buffer->bytes) - used - MIN(blank, sizeof(buffer->bytes) - used));

      if (blank && used < sizeof(buffer->bytes))
        buffer->bytes[used++] = ' ';
      if (len)
        memcpy(buffer->bytes + used, arg.data, len);
      used += len;
    }
  return pk_slice(buffer->bytes, used);
}

/* ---- package and service managers ------------------------------------------- */

static gboolean
_names_object(PkSlice arg, PkSlice object)
{
  PkSlice rest = pk_process_base_name(arg);

  if (!pk_slice_starts_with(rest, object))
    return FALSE;
  rest = pk_slice_from(rest, object.len);
  if (rest.len == 0 || rest.data[0] == '=' || rest.data[0] == ':' || rest.data[0] == '_' || rest.data[0] == '.')
    return TRUE;
  return rest.data[0] == '-' && rest.len > 1 && g_ascii_isdigit(rest.data[1]);
}

gboolean
pk_process_names_package(PkSlice word, const gchar *const *packages)
{
  for (gsize i = 0; i < PK_PROCESS_NAMES_MAX && packages[i]; i++)
    if (_names_object(word, pk_slice_from_string(packages[i])))
      return TRUE;
  return FALSE;
}

/* Case counts: dpkg -i installs, dpkg -I tells. */
static gboolean
_is_verb(PkSlice arg, const PkManager *manager)
{
  for (gsize i = 0; i < PK_PROCESS_NAMES_MAX && manager->verbs[i]; i++)
    if (pk_slice_equals(arg, pk_slice_from_string(manager->verbs[i])))
      return TRUE;
  return FALSE;
}

static gboolean
_classify_manager(const PkManager *manager, Command command, PkEvent *event)
{
  gboolean has_verb = FALSE, has_object = FALSE;

  for (gsize i = 1; i < command.n; i++)
    {
      has_verb |= _is_verb(command.argv[i], manager);
      has_object |= pk_process_names_package(command.argv[i], manager->objects);
    }
  if (!has_verb || !has_object)
    return FALSE;
  _set_finding(event, &manager->finding);
  return TRUE;
}

/* ---- wrappers ----------------------------------------------------------------- */

static gboolean
_is_option(PkSlice arg)
{
  return arg.len > 1 && arg.data[0] == '-';
}

/* Whether the option's value is the next argument: the last letter of a cluster
 * such as "-nu" decides. */
static gboolean
_takes_next(const PkWrapper *wrapper, PkSlice option)
{
  PkSlice letters = pk_slice_from_string(wrapper->value_letters);

  if (_is_one_of(option, wrapper->value_names, PK_PROCESS_NAMES_MAX))
    return TRUE;
  return option.data[1] != '-' && pk_slice_find_char(letters, option.data[option.len - 1]) >= 0;
}

/* NAME=value, as env and sudo take them. */
static gboolean
_is_assignment(PkSlice arg)
{
  gsize len = 0;

  while (len < arg.len && (g_ascii_isalnum(arg.data[len]) || arg.data[len] == '_'))
    len++;
  return len > 0 && len < arg.len && arg.data[len] == '=';
}

/* Index of the first argument from at on that is neither an option, nor an
 * option's value, nor NAME=value. */
static gsize
_skip_options(const PkWrapper *wrapper, Command command, gsize at)
{
  for (; at < command.n; at++)
    {
      if (pk_slice_equals(command.argv[at], PK_SLICE("--")))
        return at + 1;
      if (_is_option(command.argv[at]))
        at += _takes_next(wrapper, command.argv[at]) ? 1 : 0;
      else if (!_is_assignment(command.argv[at]))
        return at;
    }
  return at;
}

static Command
_command_from(Command command, gsize at)
{
  at = MIN(at, command.n);
  return (Command){ command.argv + at, command.n - at };
}

static gboolean
_classify_named_by_itself(const PkProcessSpec *spec, Command command, guint depth, PkEvent *event)
{
  return command.n > 0 && _classify_command(spec, command.argv[0], command, depth, event);
}

static gboolean
_is_separator(PkSlice arg)
{
  static const gchar *const SEPARATORS[] = { ";", "&", "&&", "|", "||", NULL };

  return _is_one_of(arg, SEPARATORS, G_N_ELEMENTS(SEPARATORS));
}

/* A shell's words: each simple command between separators by itself. */
static gboolean
_classify_list(const PkProcessSpec *spec, Command list, guint depth, PkEvent *event)
{
  PkSlice words[PK_ARGV_MAX];
  gsize n = 0;

  for (gsize i = 0; i < list.n && i < PK_ARGV_MAX; i++)
    {
      PkSlice word = list.argv[i];
      gboolean ends = _is_separator(word);

      if (!ends)
        {
          ends = word.len && word.data[word.len - 1] == ';';
          words[n++] = pk_slice(word.data, word.len - (ends ? 1 : 0));
        }
      if (!ends)
        continue;
      if (_classify_named_by_itself(spec, (Command){ words, n }, depth, event))
        return TRUE;
      n = 0;
    }
  return _classify_named_by_itself(spec, (Command){ words, n }, depth, event);
}

/* A command string is one argument, or was one before a recorder joined all. */
static gboolean
_classify_words(const PkProcessSpec *spec, Command rest, guint depth, PkEvent *event)
{
  PkArgv split;

  if (pk_slice_find_char(rest.argv[0], ' ') < 0)
    return _classify_list(spec, rest, depth, event);
  pk_argv_split(rest.argv[0], PK_ARGV_JOINED, &split);
  return _classify_list(spec, (Command){ split.args, split.n }, depth, event);
}

static gboolean
_classify_string(const PkProcessSpec *spec, PkScriptLanguage language, Command rest, guint depth, PkEvent *event)
{
  JoinBuffer buffer;

  if (rest.n == 0)
    return FALSE;
  return _classify_words(spec, rest, depth, event) ||
         pk_script_classify(spec->scripts, language, _join(rest, 0, &buffer), event);
}

/* Only ASCII is of interest; any other character becomes '?'. */
static PkSlice
_decode(PkSlice base64, JoinBuffer *buffer)
{
  guchar utf16[PK_ARGV_BYTES];
  gint state = 0;
  guint save = 0;
  gsize n = g_base64_decode_step(base64.data, MIN(base64.len, PK_ARGV_BYTES), utf16, &state, &save) / 2;

  for (gsize i = 0; i < n; i++)
    buffer->bytes[i] = utf16[2 * i + 1] == 0 && utf16[2 * i] < 0x80 ? (gchar) utf16[2 * i] : '?';
  return pk_slice(buffer->bytes, n);
}

static gboolean
_classify_encoded(const PkProcessSpec *spec, PkScriptLanguage language, PkSlice base64, guint depth, PkEvent *event)
{
  JoinBuffer buffer;
  PkSlice text = _decode(base64, &buffer);

  return _classify_string(spec, language, (Command){ &text, 1 }, depth, event);
}

/* Index of what follows -e, -ec, -enc, /EncodedCommand; 0: none. */
static gsize
_find_encoded(const PkWrapper *wrapper, Command command)
{
  PkSlice name = pk_slice_from_string(wrapper->encoded_option);

  for (gsize i = 1; name.len && i + 1 < command.n; i++)
    {
      PkSlice arg = command.argv[i];

      if (arg.len < 2 || (arg.data[0] != '-' && arg.data[0] != '/'))
        continue;
      arg = pk_slice_from(arg, 1);
      if (pk_slice_equals_nocase(arg, PK_SLICE("ec")) ||
          (arg.len <= name.len && pk_slice_equals_nocase(arg, pk_slice(name.data, arg.len))))
        return i + 1;
    }
  return 0;
}

/* Index of what follows a shell's -c, /c or -lc; 0: none. */
static gsize
_find_command_string(const PkWrapper *wrapper, Command command)
{
  for (gsize i = 1; i + 1 < command.n; i++)
    {
      PkSlice arg = command.argv[i];

      if (_is_one_of(arg, wrapper->command_options, G_N_ELEMENTS(wrapper->command_options)))
        return i + 1;
      if (_is_option(arg) && arg.data[1] != '-' && arg.len <= 4 && arg.data[arg.len - 1] == 'c')
        return i + 1;
    }
  return 0;
}

static gboolean
_classify_interpreter(const PkProcessSpec *spec, const PkWrapper *wrapper, Command command, guint depth, PkEvent *event)
{
  gsize at = _find_encoded(wrapper, command);

  if (at > 0)
    return _classify_encoded(spec, wrapper->language, command.argv[at], depth, event);
  at = _find_command_string(wrapper, command);
  if (at == 0 && wrapper->bare_command)
    at = _skip_options(wrapper, command, 1);
  return at > 0 && _classify_string(spec, wrapper->language, _command_from(command, at), depth, event);
}

static gboolean
_classify_wrapper(const PkProcessSpec *spec, const PkWrapper *wrapper, Command command, guint depth, PkEvent *event)
{
  gsize at = 1;

  if (wrapper->command_options[0])
    return _classify_interpreter(spec, wrapper, command, depth, event);
  for (gsize i = 0; i < G_N_ELEMENTS(wrapper->words) && wrapper->words[i]; i++)
    {
      at = _skip_options(wrapper, command, at);
      if (at >= command.n || !pk_slice_equals(command.argv[at], pk_slice_from_string(wrapper->words[i])))
        return FALSE;
      at++;
    }
  at = _skip_options(wrapper, command, at) + wrapper->operands;
  return _classify_named_by_itself(spec, _command_from(command, at), depth, event);
}

/* ---- firewalls ------------------------------------------------------------------ */

static gboolean
_classify_firewall(const PkProcessSpec *spec, PkSlice name, Command command, PkEvent *event)
{
  PkFirewallCommand change;
  JoinBuffer buffer;

  if (spec->firewall_opened.kind == PK_EVENT_NONE || !pk_firewall_command_is_tool(pk_process_base_name(name)))
    return FALSE;
  pk_firewall_command_read_arguments(pk_process_base_name(name), _join(command, 1, &buffer), &change);
  if (!change.lets_in)
    return FALSE;
  _set_finding(event, &spec->firewall_opened);
  pk_event_set_text(event, PK_TEXT_OPEN_PORT, change.ports, change.ports_len);
  if (change.has_source)
    {
      event->source = change.source;
      event->has |= PK_HAS_SOURCE;
    }
  return TRUE;
}

/* ---- one command ---------------------------------------------------------------- */

static gboolean
_classify_command(const PkProcessSpec *spec, PkSlice name, Command command, guint depth, PkEvent *event)
{
  if (depth > WRAPPERS_MAX)
    return FALSE;
  for (const PkTool *tool = spec->tools; tool->names[0]; tool++)
    if (_is_named(name, tool->names))
      return pk_process_tool_classify(tool, command.argv, command.n, event);
  for (const PkManager *manager = spec->managers; manager->names[0]; manager++)
    if (_is_named(name, manager->names))
      return _classify_manager(manager, command, event);
  if (_classify_firewall(spec, name, command, event))
    return TRUE;
  for (const PkWrapper *wrapper = spec->wrappers; wrapper->names[0]; wrapper++)
    if (_is_named(name, wrapper->names))
      return _classify_wrapper(spec, wrapper, command, depth + 1, event);
  return FALSE;
}

static PkSlice
_digits(PkSlice text)
{
  gsize len = 0;

  while (len < text.len && g_ascii_isdigit(text.data[len]))
    len++;
  return pk_slice(text.data, len);
}

static gboolean
_classify_text(const PkCommandText *text, PkSlice command_line, PkEvent *event)
{
  PkSlice needle = pk_slice_from_string(text->text), value;
  gssize at = pk_slice_find_nocase(command_line, needle);
  gchar ports[PK_SHORT_TEXT_BYTES_MAX];
  gsize len = 0;

  if (at < 0)
    return FALSE;
  _set_finding(event, &text->finding);
  value = pk_slice_from(command_line, (gsize) at + needle.len);
  if (text->takes_port && value.len && (value.data[0] == '=' || value.data[0] == ' '))
    {
      pk_process_append_port(ports, &len, _digits(pk_slice_from(value, 1)));
      pk_event_set_text(event, PK_TEXT_PORTS, ports, len);
    }
  return TRUE;
}

static gboolean
_classify_texts(const PkProcessSpec *spec, PkSlice command_line, PkEvent *event)
{
  for (const PkCommandText *text = spec->texts; text->text; text++)
    if (_classify_text(text, command_line, event))
      return TRUE;
  return FALSE;
}

/* The image's name counts, and so does the name under which it was started: a
 * link, or a shell that does many things. */
static gboolean
_classify_by_names(const PkProcessSpec *spec, PkSlice image, Command command, PkEvent *event)
{
  return (image.len && _classify_command(spec, image, command, 0, event)) ||
         _classify_named_by_itself(spec, command, 0, event);
}

static void
_set_process(PkEvent *event, PkSlice image)
{
  PkSlice name = pk_process_base_name(image);

  pk_event_set_text(event, PK_TEXT_PROCESS, name.data, name.len);
}

static PkScanResult
_finish(gboolean found, PkSlice image, PkEvent *event)
{
  if (!found)
    return PK_SCAN_IGNORED;
  _set_process(event, image);
  return event->kind == PK_EVENT_CONNECTION_ATTEMPT ? PK_SCAN_CONTEXT : PK_SCAN_MATCH;
}

PkScanResult
pk_process_classify(const PkProcessSpec *spec, PkSlice image, PkSlice command_line, PkEvent *event)
{
  PkArgvStyle style = pk_slice_find_char(image, '\\') >= 0 ? PK_ARGV_WINDOWS : PK_ARGV_JOINED;
  PkArgv split;
  gboolean found;

  pk_argv_split(command_line, style, &split);
  found = _classify_by_names(spec, image, (Command){ split.args, split.n }, event) ||
          _classify_texts(spec, command_line, event);
  return _finish(found, image.len ? image : split.n ? split.args[0] : image, event);
}

PkScanResult
pk_process_classify_argv(const PkProcessSpec *spec, PkSlice image, const PkSlice *argv, gsize n, PkEvent *event)
{
  gboolean found = _classify_by_names(spec, image, (Command){ argv, n }, event);

  for (gsize i = 0; i < n && !found; i++)
    found = _classify_texts(spec, argv[i], event);
  return _finish(found, image.len ? image : n ? argv[0] : image, event);
}

PkScanResult
pk_process_classify_script(const PkProcessSpec *spec, PkScriptLanguage language, PkSlice image, PkSlice script,
                           PkEvent *event)
{
  gboolean found =
      _classify_string(spec, language, (Command){ &script, 1 }, 0, event) || _classify_texts(spec, script, event);

  return _finish(found, image, event);
}
