/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/script.h"

#include "scan/address.h"
#include "scan/process-tool.h"
#include "scan/slice.h"

#define PORTS_MIN 3
#define PORTS_MAX 12
/* A script of this length does more than knock. */
#define SCRIPT_BYTES_MAX 8192

/* What administrators try whether it answers. */
static const guint16 SERVICES[] = {
  21,   22,   23,   25,   53,   80,   88,   110,  111,  135,  137,  139,  143,  161,  389,
  443,  445,  464,  465,  514,  587,  593,  636,  993,  995,  1433, 1521, 2049, 3268, 3269,
  3306, 3389, 5432, 5671, 5672, 5900, 5985, 5986, 6379, 8080, 8443, 9100, 9200, 9389, 27017,
};

typedef struct _Reading
{
  PkSlice text;
  PkScriptLanguage language;
  gboolean is_scan;
  guint n_ports; /* different ones */
  guint n_services;
  guint16 ports[PORTS_MAX + 1];
  gchar ports_text[PK_SHORT_TEXT_BYTES_MAX];
  gsize ports_text_len;
} Reading;

static gboolean
_has_connector(const PkScript *script, PkSlice text)
{
  for (gsize i = 0; i < G_N_ELEMENTS(script->connectors) && script->connectors[i]; i++)
    if (pk_slice_find_nocase(text, pk_slice_from_string(script->connectors[i])) >= 0)
      return TRUE;
  return FALSE;
}

/* ---- ports ---------------------------------------------------------------------- */

static gboolean
_is_service(guint16 port)
{
  for (gsize i = 0; i < G_N_ELEMENTS(SERVICES); i++)
    if (SERVICES[i] == port)
      return TRUE;
  return FALSE;
}

static void
_add_port(Reading *self, PkSlice digits)
{
  guint16 port;

  if (!pk_port_parse(digits, &port) || port == 0 || self->n_ports > PORTS_MAX)
    return;
  for (guint i = 0; i < self->n_ports; i++)
    if (self->ports[i] == port)
      return;
  self->ports[self->n_ports++] = port;
  self->n_services += _is_service(port) ? 1 : 0;
  pk_process_append_port(self->ports_text, &self->ports_text_len, digits);
}

static gboolean
_is_word_char(gchar c)
{
  return g_ascii_isalnum(c) || c == '_' || c == '$';
}

/* A number by itself that begins at at: its length, else 0.  "7" of "1.7", "x7",
 * "-7" and "7ms" is none. */
static gsize
_measure_number(PkSlice text, gsize at)
{
  gsize end = at;

  if (at > 0 && (_is_word_char(text.data[at - 1]) || text.data[at - 1] == '.' || text.data[at - 1] == '-'))
    return 0;
  while (end < text.len && g_ascii_isdigit(text.data[end]))
    end++;
  if (end < text.len && (_is_word_char(text.data[end]) || text.data[end] == '.' || text.data[end] == ':'))
    return 0;
  return end - at;
}

static gboolean
_is_filling(gchar c)
{
  return c == ' ' || c == '\t' || c == '\'' || c == '"';
}

/* Where what stands before at ends, blanks and quotes left out. */
static gsize
_skip_back(PkSlice text, gsize at)
{
  while (at > 0 && _is_filling(text.data[at - 1]))
    at--;
  return at;
}

static gsize
_skip_filling(PkSlice text, gsize at)
{
  while (at < text.len && _is_filling(text.data[at]))
    at++;
  return at;
}

static gboolean
_ends_with_word(PkSlice text, gsize end, PkSlice word)
{
  return end >= word.len && pk_slice_equals_nocase(pk_slice(text.data + end - word.len, word.len), word);
}

/* "-Port 7000", "-RemotePort:7000" */
static gboolean
_follows_option(PkSlice text, gsize at)
{
  gsize end = _skip_back(text, at);

  if (end > 0 && (text.data[end - 1] == ':' || text.data[end - 1] == '='))
    end = _skip_back(text, end - 1);
  return end < at &&
         (_ends_with_word(text, end, PK_SLICE("-Port")) || _ends_with_word(text, end, PK_SLICE("RemotePort")));
}

/* A comma, and before it what a host may end with: 'gate', $ip, (Get-Host).  A
 * variable may be something else if more arguments follow: Send($bytes, 1, ... */
static gboolean
_follows_host(PkSlice text, gsize at, gsize len)
{
  gsize end = _skip_back(text, at), after = _skip_filling(text, at + len);
  gchar last;

  if (end < 2 || text.data[end - 1] != ',')
    return FALSE;
  last = text.data[--end - 1];
  if (last == '"' || last == '\'')
    return TRUE;
  if (after < text.len && text.data[after] == ',')
    return FALSE;
  if (last == ')')
    return TRUE;
  while (end > 0 && g_ascii_isalnum(text.data[end - 1]))
    end--;
  return end > 0 && text.data[end - 1] == '$';
}

/* "gate/7000" of /dev/tcp/gate/7000 */
static gboolean
_follows_device(PkSlice text, gsize at)
{
  gsize host = at;

  if (at < 2 || text.data[at - 1] != '/')
    return FALSE;
  for (host = at - 1; host > 0 && text.data[host - 1] != '/'; host--)
    if (_is_filling(text.data[host - 1]))
      return FALSE;
  return _ends_with_word(text, host, PK_SLICE("/dev/tcp/")) || _ends_with_word(text, host, PK_SLICE("/dev/udp/"));
}

/* Where the next number of a list begins; 0: the list ends. */
static gsize
_next_in_list(const Reading *self, gsize at, gboolean commas)
{
  gsize next = _skip_filling(self->text, at);

  if (commas)
    {
      if (next >= self->text.len || self->text.data[next] != ',')
        return 0;
      next = _skip_filling(self->text, next + 1);
    }
  else if (next == at)
    return 0;
  return next < self->text.len && g_ascii_isdigit(self->text.data[next]) ? next : 0;
}

/* Adds the numbers of a list that begins at at; returns where it ends. */
static gsize
_take_list(Reading *self, gsize at, gboolean commas)
{
  gsize len = _measure_number(self->text, at), next;

  while (len)
    {
      _add_port(self, pk_slice(self->text.data + at, len));
      at += len;
      next = _next_in_list(self, at, commas);
      if (next == 0)
        return at;
      at = next;
      len = _measure_number(self->text, at);
    }
  return at;
}

static gboolean
_begins_list(const Reading *self, gsize at, gsize len, gboolean commas)
{
  gsize next = _next_in_list(self, at + len, commas);

  return next > 0 && _measure_number(self->text, next) > 0;
}

/* "for p in 7000 8000", "for p in {7000,8000}" */
static gboolean
_follows_in(PkSlice text, gsize at)
{
  return _ends_with_word(text, _skip_back(text, at), PK_SLICE(" in"));
}

/* Returns where to go on. */
static gsize
_take_number(Reading *self, gsize at, gsize len)
{
  gboolean is_shell = self->language == PK_SCRIPT_SHELL;

  if (is_shell
          ? at > 0 && self->text.data[at - 1] == '{' && _begins_list(self, at, len, TRUE)
          : _begins_list(self, at, len, TRUE) || _follows_option(self->text, at) || _follows_host(self->text, at, len))
    return _take_list(self, at, TRUE);
  if (is_shell && _follows_in(self->text, at) && _begins_list(self, at, len, FALSE))
    return _take_list(self, at, FALSE);
  if (_follows_device(self->text, at))
    _add_port(self, pk_slice(self->text.data + at, len));
  return at + len;
}

/* "1..1024", "{1..1024}", "seq 1 1024" */
static gboolean
_is_range(PkSlice text, gsize at)
{
  return (at + 2 < text.len && text.data[at] == '.' && text.data[at + 1] == '.' && at > 0 &&
          g_ascii_isdigit(text.data[at - 1]) && (g_ascii_isdigit(text.data[at + 2]) || text.data[at + 2] == '$'));
}

static void
_read_ports(Reading *self)
{
  for (gsize at = 0; at < self->text.len;)
    {
      gsize len = g_ascii_isdigit(self->text.data[at]) ? _measure_number(self->text, at) : 0;

      self->is_scan |= _is_range(self->text, at);
      at = len ? _take_number(self, at, len) : at + 1;
    }
  self->is_scan |= self->language == PK_SCRIPT_SHELL && pk_slice_find_nocase(self->text, PK_SLICE("$(seq ")) >= 0;
}

/* ---- the script ------------------------------------------------------------------- */

static void
_set_dest(PkEvent *event, PkSlice text)
{
  for (gsize at = 0; at < text.len; at++)
    {
      gsize len;

      if (!g_ascii_isdigit(text.data[at]) || (at > 0 && (_is_word_char(text.data[at - 1]) || text.data[at - 1] == '.')))
        continue;
      len = pk_addr_scan_v4(pk_slice_from(text, at), &event->dest);
      if (len == 0)
        continue;
      event->has |= PK_HAS_DEST;
      return;
    }
}

static void
_set_attempt(PkEvent *event, const Reading *reading)
{
  event->kind = PK_EVENT_CONNECTION_ATTEMPT;
  event->dest_port = reading->ports[0];
  event->protocol = PK_PROTO_TCP;
  event->has |= PK_HAS_DEST_PORT | PK_HAS_PROTOCOL;
}

static gboolean
_judge(const PkScript *script, const Reading *reading, PkEvent *event)
{
  gboolean are_services = reading->n_services * 5 >= reading->n_ports * 3;

  if (reading->is_scan)
    return FALSE;
  if (reading->n_ports >= PORTS_MIN && reading->n_ports <= PORTS_MAX && !are_services)
    {
      event->kind = script->finding.kind;
      event->branch = script->finding.branch;
      event->subtype = script->finding.subtype;
    }
  else if (reading->n_ports == 1)
    _set_attempt(event, reading);
  else
    return FALSE;
  pk_event_set_text(event, PK_TEXT_PORTS, reading->ports_text, reading->ports_text_len);
  _set_dest(event, reading->text);
  return TRUE;
}

gboolean
pk_script_classify(const PkScript *scripts, PkScriptLanguage language, PkSlice text, PkEvent *event)
{
  Reading reading = { .text = text, .language = language };

  if (text.len > SCRIPT_BYTES_MAX)
    return FALSE;
  for (const PkScript *script = scripts; script && script->language != PK_SCRIPT_NONE; script++)
    if (script->language == language && _has_connector(script, text))
      {
        _read_ports(&reading);
        return _judge(script, &reading, event);
      }
  return FALSE;
}
