/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/process.h"

#include "scan/address.h"
#include "scan/argv.h"
#include "scan/slice.h"

/* sudo bash -c "ip netns exec a env X=1 knock ..." is four deep. */
#define WRAPPERS_MAX 6

/* What the arguments of one command say. */
typedef struct _Reading
{
  const PkTool *tool;
  gboolean silent, wanted, scan;
  guint n_operands;
  PkSlice target;
  gchar ports[PK_SHORT_TEXT_BYTES_MAX]; /* "7000,8000" */
  gsize ports_len;
} Reading;

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

static gssize
_find_nocase(PkSlice text, PkSlice needle)
{
  for (gsize at = 0; at + needle.len <= text.len; at++)
    if (pk_slice_equals_nocase(pk_slice(text.data + at, needle.len), needle))
      return (gssize) at;
  return -1;
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

static PkSlice
_before(PkSlice text, gchar c)
{
  gssize at = pk_slice_find_char(text, c);

  return at < 0 ? text : pk_slice(text.data, (gsize) at);
}

static void
_append_port(gchar ports[PK_SHORT_TEXT_BYTES_MAX], gsize *len, PkSlice text)
{
  gchar number[8];
  guint16 port;
  gsize digits;

  if (!pk_port_parse(text, &port) || port == 0)
    return;
  digits = (gsize) g_snprintf(number, sizeof(number), *len ? ",%u" : "%u", (guint) port);
  if (*len + digits > PK_SHORT_TEXT_BYTES_MAX)
    return;
  memcpy(ports + *len, number, digits);
  *len += digits;
}

static void
_add_port(Reading *self, PkSlice text)
{
  _append_port(self->ports, &self->ports_len, text);
}

/* "tcp/22,udp/1194" */
static void
_add_access(Reading *self, PkSlice text)
{
  while (text.len)
    {
      PkSlice entry = _before(text, ',');

      text = pk_slice_from(text, MIN(entry.len + 1, text.len));
      _add_port(self, pk_process_base_name(entry));
    }
}

static void
_set_target(Reading *self, PkSlice text)
{
  if (!self->target.len)
    self->target = text;
}

/* ---- the arguments of a tool ------------------------------------------------ */

static void
_note_option(Reading *self, const PkArgOption *option, PkSlice value)
{
  switch (option->meaning)
    {
    case PK_ARG_SILENT:
      self->silent = TRUE;
      break;
    case PK_ARG_WANTED:
      self->wanted = TRUE;
      break;
    case PK_ARG_SCAN:
      self->scan = TRUE;
      break;
    case PK_ARG_PORT:
      for (guint i = 0; i < 2 && value.len && value.data[0] == '+'; i++)
        value = pk_slice_from(value, 1);
      _add_port(self, value);
      break;
    case PK_ARG_ACCESS:
      _add_access(self, value);
      break;
    case PK_ARG_TARGET:
      _set_target(self, value);
      break;
    default:
      break;
    }
}

static void
_note_operand(Reading *self, PkSlice operand)
{
  self->n_operands++;
  if (self->tool->operands == PK_OPERANDS_PLAIN)
    return;
  if (self->n_operands == 1)
    _set_target(self, operand);
  else if (self->tool->operands == PK_OPERANDS_TARGET_PORTS)
    _add_port(self, _before(operand, ':'));
}

static const PkArgOption *
_find_letter(const PkArgOption *options, gchar letter)
{
  for (; options->name; options++)
    if (options->letter && options->letter == letter)
      return options;
  return NULL;
}

/* The option of exactly that name, or the only one that begins with it. */
static const PkArgOption *
_find_long(const PkArgOption *options, PkSlice name)
{
  const PkArgOption *found = NULL;
  guint n_found = 0;

  for (; options->name && name.len; options++)
    {
      PkSlice candidate = pk_slice_from_string(options->name);

      if (pk_slice_equals(candidate, name))
        return options;
      if (pk_slice_starts_with(candidate, name))
        {
          found = options;
          n_found++;
        }
    }
  return n_found == 1 ? found : NULL;
}

/* Takes the argument after *at as a value. */
static PkSlice
_take_value(Command command, gsize *at)
{
  return *at + 1 < command.n ? command.argv[++*at] : pk_slice(NULL, 0);
}

static void
_read_long(Reading *self, Command command, gsize *at)
{
  PkSlice name = pk_slice_from(command.argv[*at], 2), value = { 0 };
  gssize equals = self->tool->attached_values ? pk_slice_find_char(name, '=') : -1;
  const PkArgOption *option;

  if (equals >= 0)
    {
      value = pk_slice_from(name, (gsize) equals + 1);
      name.len = (gsize) equals;
    }
  option = _find_long(self->tool->options, name);
  if (!option)
    return;
  if (option->takes_value && equals < 0)
    value = _take_value(command, at);
  _note_option(self, option, value);
}

static void
_read_letters(Reading *self, Command command, gsize *at)
{
  for (PkSlice letters = pk_slice_from(command.argv[*at], 1); letters.len; letters = pk_slice_from(letters, 1))
    {
      const PkArgOption *option = _find_letter(self->tool->options, letters.data[0]);
      PkSlice value = pk_slice_from(letters, 1);

      if (!option)
        continue;
      if (!option->takes_value)
        {
          _note_option(self, option, pk_slice(NULL, 0));
          continue;
        }
      if (!value.len)
        _note_option(self, option, _take_value(command, at));
      else if (self->tool->attached_values)
        _note_option(self, option, value);
      return;
    }
}

/* Options may stand anywhere, as both getopt_long() of glibc and the parser of
 * hping3 have it.  A lone "-" is an operand. */
static void
_read_arguments(Reading *self, Command command)
{
  gboolean options_ended = FALSE;

  for (gsize at = 1; at < command.n; at++)
    {
      PkSlice arg = command.argv[at];

      if (options_ended || arg.len < 2 || arg.data[0] != '-')
        _note_operand(self, arg);
      else if (pk_slice_equals(arg, PK_SLICE("--")))
        options_ended = TRUE;
      else if (arg.data[1] == '-')
        _read_long(self, command, &at);
      else
        _read_letters(self, command, &at);
    }
}

static gboolean
_is_finding(const Reading *self, Command command)
{
  const PkTool *tool = self->tool;

  return !self->silent && (self->wanted || !tool->needs_wanted) && (command.n > 1 || !tool->needs_argument) &&
         (self->ports_len || tool->operands != PK_OPERANDS_TARGET_PORTS);
}

/* "192.0.2.1:62201" and "[2001:db8::1]:62201" too. */
static void
_set_dest(PkEvent *event, PkSlice target)
{
  PkSlice host = target;

  if (target.len && target.data[0] == '[')
    host = _before(pk_slice_from(target, 1), ']');
  else if (!pk_addr_parse(target, &event->dest))
    host = _before(target, ':');
  if (pk_addr_parse(host, &event->dest))
    event->has |= PK_HAS_DEST;
}

static void
_set_finding(PkEvent *event, const PkFinding *finding)
{
  event->kind = finding->kind;
  event->branch = finding->branch;
  event->subtype = finding->subtype;
}

static gboolean
_classify_tool(const PkTool *tool, Command command, PkEvent *event)
{
  Reading reading = { .tool = tool };

  _read_arguments(&reading, command);
  if (!_is_finding(&reading, command))
    return FALSE;
  _set_finding(event, &tool->finding);
  if (reading.scan && tool->scan_subtype)
    event->subtype = tool->scan_subtype;
  pk_event_set_text(event, PK_TEXT_PORTS, reading.ports, reading.ports_len);
  _set_dest(event, reading.target);
  return TRUE;
}

/* ---- package and service managers ------------------------------------------- */

/* "knockd", "knockd=0.8-2", "knockd:amd64", "./knockd_0.8.deb", "knockd-0.8" and
 * "knockd.service", but not "knockd-notes". */
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

static gboolean
_names_any_object(PkSlice arg, const PkManager *manager)
{
  for (gsize i = 0; i < PK_PROCESS_NAMES_MAX && manager->objects[i]; i++)
    if (_names_object(arg, pk_slice_from_string(manager->objects[i])))
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
      has_object |= _names_any_object(command.argv[i], manager);
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
      else if (pk_slice_find_char(command.argv[at], '=') <= 0)
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
_classify_string(const PkProcessSpec *spec, Command rest, guint depth, PkEvent *event)
{
  PkArgv split;

  if (rest.n == 0)
    return FALSE;
  if (pk_slice_find_char(rest.argv[0], ' ') < 0)
    return _classify_list(spec, rest, depth, event);
  pk_argv_split(rest.argv[0], PK_ARGV_JOINED, &split);
  return _classify_list(spec, (Command){ split.args, split.n }, depth, event);
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
_classify_wrapper(const PkProcessSpec *spec, const PkWrapper *wrapper, Command command, guint depth, PkEvent *event)
{
  gsize at = 1;

  if (wrapper->command_options[0])
    {
      at = _find_command_string(wrapper, command);
      return at > 0 && _classify_string(spec, _command_from(command, at), depth, event);
    }
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

/* ---- one command ---------------------------------------------------------------- */

static gboolean
_classify_command(const PkProcessSpec *spec, PkSlice name, Command command, guint depth, PkEvent *event)
{
  if (depth > WRAPPERS_MAX)
    return FALSE;
  for (const PkTool *tool = spec->tools; tool->names[0]; tool++)
    if (_is_named(name, tool->names))
      return _classify_tool(tool, command, event);
  for (const PkManager *manager = spec->managers; manager->names[0]; manager++)
    if (_is_named(name, manager->names))
      return _classify_manager(manager, command, event);
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
  gssize at = _find_nocase(command_line, needle);
  gchar ports[PK_SHORT_TEXT_BYTES_MAX];
  gsize len = 0;

  if (at < 0)
    return FALSE;
  _set_finding(event, &text->finding);
  value = pk_slice_from(command_line, (gsize) at + needle.len);
  if (text->takes_port && value.len && (value.data[0] == '=' || value.data[0] == ' '))
    {
      _append_port(ports, &len, _digits(pk_slice_from(value, 1)));
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

gboolean
pk_process_classify(const PkProcessSpec *spec, PkSlice image, PkSlice command_line, PkEvent *event)
{
  PkArgvStyle style = pk_slice_find_char(image, '\\') >= 0 ? PK_ARGV_WINDOWS : PK_ARGV_JOINED;
  PkArgv split;

  pk_argv_split(command_line, style, &split);
  if (!_classify_by_names(spec, image, (Command){ split.args, split.n }, event) &&
      !_classify_texts(spec, command_line, event))
    return FALSE;
  _set_process(event, image.len ? image : split.n ? split.args[0] : image);
  return TRUE;
}

gboolean
pk_process_classify_argv(const PkProcessSpec *spec, PkSlice image, const PkSlice *argv, gsize n, PkEvent *event)
{
  gboolean found = _classify_by_names(spec, image, (Command){ argv, n }, event);

  for (gsize i = 0; i < n && !found; i++)
    found = _classify_texts(spec, argv[i], event);
  if (found)
    _set_process(event, image.len ? image : n ? argv[0] : image);
  return found;
}
