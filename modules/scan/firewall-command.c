/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/firewall-command.h"

#include "scan/address.h"
#include "scan/slice.h"

/* ---- which words mean what ------------------------------------------------ */

typedef enum
{
  WORD_ADD = 0, /* a rule comes into being */
  WORD_REMOVE,
  WORD_ADD_PERMIT, /* a rule that can only let in */
  WORD_OUT,        /* it is about packets that go out or through */
  WORD_PERMIT,     /* what the rule does; without such a word it permits */
  WORD_REFUSE,
  WORD_ADD_REFUSAL,
  WORD_TCP,
  WORD_UDP,
  /* these have a value, in the same word after "=" or in the next */
  WORD_SOURCE,
  WORD_PROTOCOL,
  WORD_PORT,
  WORD_ACTION,
  WORD_DIRECTION
} Meaning;

typedef struct _Word
{
  const gchar *text;
  Meaning meaning;
} Word;

typedef struct _Tool
{
  const gchar *names[6];
  const Word *words;     /* ends with a NULL text */
  gboolean bare_address; /* without a word before it */
  gboolean bare_port;    /* the same: "22/tcp", and after what adds a rule "22" */
  gboolean narrow;       /* a rule without address and port belongs to the ground: loopback, established */
  gboolean adds;         /* whatever the words are */
  gboolean nocase;       /* words are compared without regard to case */
} Tool;

static const Word iptables_words[] = {
  { "-A", WORD_ADD },           { "--append", WORD_ADD },
  { "-I", WORD_ADD },           { "--insert", WORD_ADD },
  { "-D", WORD_REMOVE },        { "--delete", WORD_REMOVE },
  { "-s", WORD_SOURCE },        { "--source", WORD_SOURCE },
  { "--src", WORD_SOURCE },     { "-p", WORD_PROTOCOL },
  { "--proto", WORD_PROTOCOL }, { "--protocol", WORD_PROTOCOL },
  { "--dport", WORD_PORT },     { "--destination-port", WORD_PORT },
  { "--dports", WORD_PORT },    { "--destination-ports", WORD_PORT },
  { "-j", WORD_ACTION },        { "--jump", WORD_ACTION },
  { "-o", WORD_OUT },           { "--out-interface", WORD_OUT },
  { "OUTPUT", WORD_OUT },       { NULL, WORD_ADD },
};

/* knockd's knock_helper_ipt.sh, which its sample configuration calls knock_add. */
static const Word knock_add_words[] = {
  { "-a", WORD_ADD },    { "--append", WORD_ADD },    { "-i", WORD_ADD },      { "--insert", WORD_ADD },
  { "-x", WORD_REMOVE }, { "--delete", WORD_REMOVE }, { "-f", WORD_SOURCE },   { "--srcaddr", WORD_SOURCE },
  { "-d", WORD_PORT },   { "--dstport", WORD_PORT },  { "-p", WORD_PROTOCOL }, { "--proto", WORD_PROTOCOL },
  { NULL, WORD_ADD },
};

static const Word nft_words[] = {
  { "add", WORD_ADD },        { "insert", WORD_ADD },    { "create", WORD_ADD },  { "delete", WORD_REMOVE },
  { "destroy", WORD_REMOVE }, { "saddr", WORD_SOURCE },  { "tcp", WORD_TCP },     { "udp", WORD_UDP },
  { "dport", WORD_PORT },     { "accept", WORD_PERMIT }, { "drop", WORD_REFUSE }, { "reject", WORD_REFUSE },
  { "output", WORD_OUT },     { "OUTPUT", WORD_OUT },    { "oif", WORD_OUT },     { "oifname", WORD_OUT },
  { NULL, WORD_ADD },
};

static const Word ufw_words[] = {
  { "allow", WORD_ADD_PERMIT },   { "limit", WORD_ADD_PERMIT }, { "deny", WORD_ADD_REFUSAL },
  { "reject", WORD_ADD_REFUSAL }, { "delete", WORD_REMOVE },    { "from", WORD_SOURCE },
  { "port", WORD_PORT },          { "proto", WORD_PROTOCOL },   { "out", WORD_OUT },
  { "route", WORD_OUT },          { NULL, WORD_ADD },
};

static const Word firewall_cmd_words[] = {
  { "--add-rich-rule", WORD_ADD },
  { "--add-service", WORD_ADD_PERMIT },
  { "--add-port", WORD_ADD_PERMIT },
  { "--add-source", WORD_ADD_PERMIT },
  { "--remove-rich-rule", WORD_REMOVE },
  { "--remove-service", WORD_REMOVE },
  { "--remove-port", WORD_REMOVE },
  { "--remove-source", WORD_REMOVE },
  { "address", WORD_SOURCE },
  { "port", WORD_PORT },
  { "protocol", WORD_PROTOCOL },
  { "accept", WORD_PERMIT },
  { "drop", WORD_REFUSE },
  { "reject", WORD_REFUSE },
  { NULL, WORD_ADD },
};

static const Word set_words[] = {
  { "add", WORD_ADD },       { "-A", WORD_ADD },    { "del", WORD_REMOVE },
  { "delete", WORD_REMOVE }, { "-D", WORD_REMOVE }, { NULL, WORD_ADD },
};

static const Word netsh_words[] = {
  { "add", WORD_ADD },           { "delete", WORD_REMOVE },          { "remoteip", WORD_SOURCE },
  { "protocol", WORD_PROTOCOL }, { "localport", WORD_PORT },         { "action", WORD_ACTION },
  { "dir", WORD_DIRECTION },     { "portopening", WORD_ADD_PERMIT }, { NULL, WORD_ADD },
};

/* PowerShell's cmdlet: inbound and to allow unless it says otherwise. */
static const Word new_rule_words[] = {
  { "-RemoteAddress", WORD_SOURCE }, { "-Protocol", WORD_PROTOCOL },   { "-LocalPort", WORD_PORT },
  { "-Action", WORD_ACTION },        { "-Direction", WORD_DIRECTION }, { NULL, WORD_ADD },
};

static const Tool tools[] = {
  { .names = { "iptables", "ip6tables", "iptables-legacy", "ip6tables-legacy", "iptables-nft", "ip6tables-nft" },
    .words = iptables_words,
    .narrow = TRUE },
  { .names = { "nft" }, .words = nft_words, .bare_address = TRUE, .narrow = TRUE },
  { .names = { "ufw" }, .words = ufw_words, .bare_port = TRUE },
  { .names = { "firewall-cmd", "firewall-offline-cmd" },
    .words = firewall_cmd_words,
    .bare_address = TRUE,
    .bare_port = TRUE },
  { .names = { "ipset", "pfctl" }, .words = set_words, .bare_address = TRUE },
  { .names = { "netsh", "netsh.exe" }, .words = netsh_words, .nocase = TRUE },
  { .names = { "New-NetFirewallRule" }, .words = new_rule_words, .adds = TRUE, .nocase = TRUE },
  { .names = { "knock_add", "knock_helper_ipt.sh" }, .words = knock_add_words },
};

/* What may stand before a command. */
static const gchar *const wrappers[] = { "sudo", "doas", "sh", "bash", "dash", "-c", "-n", "exec", "nice", "env" };

/* ---- words of a line ------------------------------------------------------ */

static gboolean
_is_separator(gchar c)
{
  return c == ' ' || c == '\t' || c == '"' || c == '\'' || c == '{' || c == '}';
}

static gboolean
_is_end(gchar c)
{
  return c == ';' || c == '&' || c == '|' || c == '\n';
}

/* Empty at the end of a command. */
static PkSlice
_next_word(PkSlice *rest)
{
  gsize start = 0, end;

  while (start < rest->len && _is_separator(rest->data[start]))
    start++;
  for (end = start; end < rest->len && !_is_separator(rest->data[end]) && !_is_end(rest->data[end]); end++)
    ;
  if (start < end)
    {
      PkSlice word = pk_slice(rest->data + start, end - start);

      *rest = pk_slice_from(*rest, end);
      return word;
    }
  return pk_slice(NULL, 0);
}

static PkSlice
_base_name(PkSlice word)
{
  for (gsize i = word.len; i > 0; i--)
    if (word.data[i - 1] == '/' || word.data[i - 1] == '\\')
      return pk_slice_from(word, i);
  return word;
}

static gboolean
_is_one_of(PkSlice word, const gchar *const *list, gsize n)
{
  for (gsize i = 0; i < n && list[i]; i++)
    if (pk_slice_equals(word, pk_slice_from_string(list[i])))
      return TRUE;
  return FALSE;
}

static gboolean
_is_tool_name(PkSlice name, const Tool *tool)
{
  for (gsize i = 0; i < G_N_ELEMENTS(tool->names) && tool->names[i]; i++)
    {
      PkSlice candidate = pk_slice_from_string(tool->names[i]);

      if (tool->nocase ? pk_slice_equals_nocase(name, candidate) : pk_slice_equals(name, candidate))
        return TRUE;
    }
  return FALSE;
}

static const Tool *
_find_tool(PkSlice name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(tools); i++)
    if (_is_tool_name(name, &tools[i]))
      return &tools[i];
  return NULL;
}

/* ---- values --------------------------------------------------------------- */

typedef struct _Reader
{
  PkFirewallCommand *command;
  PkSlice protocol, ports; /* in the line */
  gboolean adds, removes, refuses, permits, goes_out;
} Reader;

/* A host, perhaps with the mask of one. */
static void
_set_source(Reader *self, PkSlice value)
{
  PkAddr addr;

  if (pk_slice_ends_with(value, PK_SLICE("/32")))
    value.len -= 3;
  else if (pk_slice_ends_with(value, PK_SLICE("/128")))
    value.len -= 4;
  if (self->command->has_source || !pk_addr_parse(value, &addr))
    return;
  self->command->source = addr;
  self->command->has_source = TRUE;
}

/* "22", "22,80", "1000:2000", "22/tcp". */
static void
_set_ports(Reader *self, PkSlice value)
{
  gssize slash = pk_slice_find_char(value, '/');

  if (self->ports.len || value.len == 0 || !g_ascii_isdigit(value.data[0]))
    return;
  self->ports = slash < 0 ? value : pk_slice(value.data, (gsize) slash);
  if (slash >= 0 && self->protocol.len == 0)
    self->protocol = pk_slice_from(value, (gsize) slash + 1);
}

/* By itself a number may be anything: ufw's "insert 1". */
static void
_set_bare_port(Reader *self, PkSlice value)
{
  gssize slash = pk_slice_find_char(value, '/');
  guint8 protocol;
  guint16 port;

  if (!pk_port_parse(pk_slice(value.data, slash < 0 ? value.len : (gsize) slash), &port))
    return;
  if (slash < 0 ? self->adds : pk_protocol_parse(pk_slice_from(value, (gsize) slash + 1), &protocol))
    _set_ports(self, value);
}

static gboolean
_is_refusal(PkSlice action)
{
  return pk_slice_equals_nocase(action, PK_SLICE("drop")) || pk_slice_equals_nocase(action, PK_SLICE("reject")) ||
         pk_slice_equals_nocase(action, PK_SLICE("block"));
}

static gboolean
_is_permission(PkSlice action)
{
  return pk_slice_equals_nocase(action, PK_SLICE("accept")) || pk_slice_equals_nocase(action, PK_SLICE("allow"));
}

static gboolean
_is_outgoing(PkSlice direction)
{
  return pk_slice_equals_nocase(direction, PK_SLICE("out")) || pk_slice_equals_nocase(direction, PK_SLICE("outbound"));
}

static void
_append_port(PkFirewallCommand *self, PkSlice protocol, PkSlice port)
{
  gsize separator = self->ports_len ? 1 : 0, slash = protocol.len ? 1 : 0;
  gchar *at = self->ports + self->ports_len;

  if (separator + protocol.len + slash + port.len > sizeof(self->ports) - self->ports_len)
    return;
  if (separator)
    *at++ = ',';
  for (gsize i = 0; i < protocol.len; i++)
    *at++ = g_ascii_tolower(protocol.data[i]);
  if (slash)
    *at++ = '/';
  memcpy(at, port.data, port.len);
  self->ports_len += separator + protocol.len + slash + port.len;
}

static gboolean
_is_port_text(PkSlice text)
{
  for (gsize i = 0; i < text.len; i++)
    if (!g_ascii_isdigit(text.data[i]) && text.data[i] != ':' && text.data[i] != '-')
      return FALSE;
  return text.len > 0;
}

static void
_append_ports(Reader *self)
{
  PkSlice rest = self->ports;

  while (rest.len)
    {
      gssize comma = pk_slice_find_char(rest, ',');
      PkSlice port = pk_slice(rest.data, comma < 0 ? rest.len : (gsize) comma);

      if (_is_port_text(port))
        _append_port(self->command, self->protocol, port);
      rest = pk_slice_from(rest, comma < 0 ? rest.len : (gsize) comma + 1);
    }
}

/* ---- the command ---------------------------------------------------------- */

static void
_apply_value(Reader *self, Meaning meaning, PkSlice value)
{
  switch (meaning)
    {
    case WORD_SOURCE:
      _set_source(self, value);
      break;
    case WORD_PROTOCOL:
      if (self->protocol.len == 0)
        self->protocol = value;
      break;
    case WORD_PORT:
      _set_ports(self, value);
      break;
    case WORD_ACTION:
      self->refuses |= _is_refusal(value);
      self->permits |= _is_permission(value);
      break;
    case WORD_DIRECTION:
      self->goes_out |= _is_outgoing(value);
      break;
    default:
      break;
    }
}

static void
_apply_word(Reader *self, Meaning meaning)
{
  switch (meaning)
    {
    case WORD_ADD:
      self->adds = TRUE;
      break;
    case WORD_REMOVE:
      self->removes = TRUE;
      break;
    case WORD_REFUSE:
      self->refuses = TRUE;
      break;
    case WORD_ADD_REFUSAL:
      self->adds = self->refuses = TRUE;
      break;
    case WORD_ADD_PERMIT:
      self->adds = self->permits = TRUE;
      break;
    case WORD_PERMIT:
      self->permits = TRUE;
      break;
    case WORD_OUT:
      self->goes_out = TRUE;
      break;
    case WORD_TCP:
      self->protocol = PK_SLICE("tcp");
      break;
    case WORD_UDP:
      self->protocol = PK_SLICE("udp");
      break;
    default:
      break;
    }
}

static const Word *
_find_word(const Tool *tool, PkSlice key)
{
  const Word *word = tool->words;

  for (; word->text; word++)
    {
      PkSlice text = pk_slice_from_string(word->text);

      if (tool->nocase ? pk_slice_equals_nocase(key, text) : pk_slice_equals(key, text))
        break;
    }
  return word;
}

static void
_read_word(Reader *self, const Tool *tool, PkSlice text, PkSlice *rest)
{
  gssize equals = pk_slice_find_char(text, '=');
  PkSlice key = pk_slice(text.data, equals < 0 ? text.len : (gsize) equals);
  PkSlice value = equals < 0 ? pk_slice(NULL, 0) : pk_slice_from(text, (gsize) equals + 1);
  const Word *word = _find_word(tool, key);

  if (word->text && word->meaning >= WORD_SOURCE)
    {
      PkSlice after = *rest;
      /* firewall-cmd's "port port=22": the first is a word of its own. */
      PkSlice next = value.len ? value : _next_word(&after);

      if (value.len == 0 && pk_slice_find_char(next, '=') < 0)
        *rest = after;
      _apply_value(self, word->meaning, next);
      return;
    }
  if (word->text)
    _apply_word(self, word->meaning);
  if (tool->bare_address)
    _set_source(self, equals < 0 ? text : value);
  if (tool->bare_port && (equals < 0 || pk_slice_find_char(value, '/') >= 0))
    _set_bare_port(self, equals < 0 ? text : value);
}

static gboolean
_lets_in(const Reader *self, const Tool *tool)
{
  if (!self->adds || !self->permits || self->removes || self->refuses || self->goes_out)
    return FALSE;
  return !tool->narrow || self->command->has_source || self->command->ports_len > 0;
}

static void
_read_arguments(const Tool *tool, PkSlice rest, PkFirewallCommand *command)
{
  Reader reader = { .command = command, .adds = tool->adds, .permits = tool->adds };
  PkSlice word;

  while ((word = _next_word(&rest)).len)
    _read_word(&reader, tool, word, &rest);
  if (!reader.adds && !reader.removes)
    return;
  command->change = reader.removes == reader.refuses ? PK_FIREWALL_OPENED : PK_FIREWALL_CLOSED;
  _append_ports(&reader);
  command->lets_in = _lets_in(&reader, tool);
}

/* The tool of a command, perhaps behind wrappers; *rest is then its arguments. */
static const Tool *
_read_tool(PkSlice *rest)
{
  PkSlice word;

  while ((word = _next_word(rest)).len)
    {
      PkSlice name = _base_name(word);
      const Tool *tool = _find_tool(name);

      if (tool || !_is_one_of(name, wrappers, G_N_ELEMENTS(wrappers)))
        return tool;
    }
  return NULL;
}

/* To the next command of a shell's line; FALSE: there is none. */
static gboolean
_skip_command(PkSlice *rest)
{
  gsize at = 0;

  while (at < rest->len && !_is_end(rest->data[at]))
    at++;
  if (at == rest->len)
    return FALSE;
  *rest = pk_slice_from(*rest, at + 1);
  return TRUE;
}

void
pk_firewall_command_read(PkSlice command_line, PkFirewallCommand *ret_command)
{
  PkSlice rest = command_line;

  *ret_command = (PkFirewallCommand){ .change = PK_FIREWALL_UNCHANGED };
  do
    {
      const Tool *tool = _read_tool(&rest);

      if (tool)
        _read_arguments(tool, rest, ret_command);
    }
  while (ret_command->change == PK_FIREWALL_UNCHANGED && _skip_command(&rest));
}

gboolean
pk_firewall_command_is_tool(PkSlice name)
{
  return _find_tool(name) != NULL;
}

void
pk_firewall_command_read_arguments(PkSlice name, PkSlice arguments, PkFirewallCommand *ret_command)
{
  const Tool *tool = _find_tool(name);

  *ret_command = (PkFirewallCommand){ .change = PK_FIREWALL_UNCHANGED };
  if (tool)
    _read_arguments(tool, arguments, ret_command);
}
