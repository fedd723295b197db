/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/scan.h"

#include "scan/address.h"
#include "scan/argv.h"
#include "scan/glob.h"
#include "scan/process.h"
#include "scan/slice.h"

/* Records of the kernel's audit, as auditd writes them (RAW, or ENRICHED with
 * more pairs after a byte 0x1D), as the kernel prints them without it, and as
 * journald names them:
 *
 *   type=EXECVE msg=audit(1795386214.545:49): argc=2 a0="knock" a1=3820303030
 *   audit: type=1309 audit(1795386214.545:49): argc=2 a0="knock" a1="gate"
 *   EXECVE argc=2 a0="knock" a1="gate"
 *
 * A value is quoted, or, if it holds a blank, a quote or a control byte, written
 * in hexadecimal without quotes; a number in quotes is a text.  Long arguments
 * come in pieces: a2_len=9000 a2[0]=... a2[1]=...
 *
 * An EXECVE record is enough to recognise a command.  The program's path and its
 * user stand in the SYSCALL record of the same number, which comes first: it is
 * context. */

#define GROUP_SEPARATOR '\x1d'

typedef enum
{
  TYPE_OTHER = 0,
  TYPE_EXECVE,
  TYPE_SYSCALL,
  TYPE_PATH
} Type;

typedef struct _TypeName
{
  Type type;
  const gchar *name, *number;
} TypeName;

static const TypeName TYPES[] = {
  { TYPE_EXECVE, "EXECVE", "1309" },
  { TYPE_SYSCALL, "SYSCALL", "1300" },
  { TYPE_PATH, "PATH", "1302" },
};

/* Numbers of system calls, linux/audit.h and the kernel's tables. */
typedef struct _Arch
{
  const gchar *id, *name; /* as logged, and as ausearch -i shows it */
  guint execve, execveat, socket;
} Arch;

static const Arch ARCHS[] = {
  { "c000003e", "x86_64", 59, 322, 41 },    { "40000003", "i386", 11, 358, 359 },
  { "c00000b7", "aarch64", 221, 281, 198 }, { "c00000f3", "riscv64", 221, 281, 198 },
  { "c0000015", "ppc64le", 11, 362, 326 },  { "80000016", "s390x", 11, 354, 359 },
  { "40000028", "arm", 11, 387, 281 },
};

typedef struct _Record
{
  Type type;
  PkSlice fields;
  gboolean has_number;
  guint64 number;
  gint64 time_usec;
} Record;

typedef struct _Pair
{
  PkSlice key, value;
  gboolean is_quoted;
} Pair;

/* ---- pairs ---------------------------------------------------------------------- */

static gboolean
_is_end(gchar c)
{
  return c == ' ' || c == GROUP_SEPARATOR || c == '\n';
}

static void
_take_value(PkSlice *rest, Pair *pair)
{
  gssize quote;
  gsize len = 0;

  if (rest->len && rest->data[0] == '"')
    {
      quote = pk_slice_find_char(pk_slice_from(*rest, 1), '"');
      len = quote < 0 ? rest->len - 1 : (gsize) quote;
      pair->is_quoted = TRUE;
      pair->value = pk_slice(rest->data + 1, len);
      *rest = pk_slice_from(*rest, MIN(len + 2, rest->len));
      return;
    }
  while (len < rest->len && !_is_end(rest->data[len]))
    len++;
  pair->is_quoted = FALSE;
  pair->value = pk_slice(rest->data, len);
  *rest = pk_slice_from(*rest, len);
}

/* FALSE: no more. */
static gboolean
_next_pair(PkSlice *rest, Pair *ret_pair)
{
  while (rest->len)
    {
      gsize len = 0;

      while (len < rest->len && rest->data[len] != '=' && !_is_end(rest->data[len]))
        len++;
      if (len < rest->len && rest->data[len] == '=')
        {
          ret_pair->key = pk_slice(rest->data, len);
          *rest = pk_slice_from(*rest, len + 1);
          _take_value(rest, ret_pair);
          return TRUE;
        }
      *rest = pk_slice_from(*rest, MIN(len + 1, rest->len));
    }
  return FALSE;
}

static gboolean
_find_pair(PkSlice fields, PkSlice key, Pair *ret_pair)
{
  while (_next_pair(&fields, ret_pair))
    if (pk_slice_equals(ret_pair->key, key))
      return TRUE;
  return FALSE;
}

static PkSlice
_find_value(PkSlice fields, PkSlice key)
{
  Pair pair;

  return _find_pair(fields, key, &pair) ? pair.value : pk_slice(NULL, 0);
}

static gboolean
_is_hex(const Pair *pair)
{
  for (gsize i = 0; i < pair->value.len; i++)
    if (!g_ascii_isxdigit(pair->value.data[i]))
      return FALSE;
  return !pair->is_quoted && pair->value.len > 0 && pair->value.len % 2 == 0;
}

/* Writes the value to where room is; returns its length. */
static gsize
_decode(const Pair *pair, gchar *room, gsize room_len)
{
  gsize len;

  if (!_is_hex(pair))
    {
      len = MIN(pair->value.len, room_len);
      if (len)
        memcpy(room, pair->value.data, len);
      return len;
    }
  len = MIN(pair->value.len / 2, room_len);
  for (gsize i = 0; i < len; i++)
    room[i] = (gchar) (g_ascii_xdigit_value(pair->value.data[2 * i]) * 16 +
                       g_ascii_xdigit_value(pair->value.data[2 * i + 1]));
  return len;
}

/* ---- records -------------------------------------------------------------------- */

static Type
_find_type(PkSlice word)
{
  for (gsize i = 0; i < G_N_ELEMENTS(TYPES); i++)
    if (pk_slice_equals(word, pk_slice_from_string(TYPES[i].name)) ||
        pk_slice_equals(word, pk_slice_from_string(TYPES[i].number)))
      return TYPES[i].type;
  return TYPE_OTHER;
}

/* "1795386214.545:49" */
static void
_read_stamp(PkSlice text, Record *record)
{
  gssize dot = pk_slice_find_char(text, '.'), colon = pk_slice_find_char(text, ':');
  guint64 seconds, milliseconds;

  if (dot < 0 || colon < dot || !pk_number_parse(pk_slice(text.data, (gsize) dot), G_MAXUINT32, &seconds) ||
      !pk_number_parse(pk_slice(text.data + dot + 1, (gsize) (colon - dot - 1)), 999, &milliseconds) ||
      !pk_number_parse(pk_slice_from(text, (gsize) colon + 1), G_MAXINT64, &record->number))
    return;
  record->has_number = TRUE;
  record->time_usec = (gint64) (seconds * G_USEC_PER_SEC + milliseconds * 1000);
}

/* Takes "audit(1795386214.545:49):", with msg= before it, off the fields. */
static void
_take_stamp(Record *record)
{
  gssize open = pk_slice_find(pk_slice(record->fields.data, MIN(record->fields.len, 16)), PK_SLICE("audit(")), close;
  PkSlice rest;

  if (open < 0)
    return;
  rest = pk_slice_from(record->fields, (gsize) open + 6);
  close = pk_slice_find_char(pk_slice(rest.data, MIN(rest.len, 48)), ')');
  if (close < 0)
    return;
  _read_stamp(pk_slice(rest.data, (gsize) close), record);
  record->fields = pk_slice_from(rest, (gsize) close + 1);
}

/* The type's name: after "type=", or the first word of what journald writes. */
static gboolean
_read_record(PkSlice line, gboolean is_journal, Record *ret_record)
{
  gssize type = pk_slice_find(line, PK_SLICE("type=")), blank;

  if (type >= 0 && (type == 0 || line.data[type - 1] == ' '))
    line = pk_slice_from(line, (gsize) type + 5);
  else if (!is_journal)
    return FALSE;
  blank = pk_slice_find_char(line, ' ');
  if (blank < 0)
    return FALSE;
  *ret_record = (Record){ .type = _find_type(pk_slice(line.data, (gsize) blank)),
                          .fields = pk_slice_from(line, (gsize) blank + 1) };
  if (ret_record->type != TYPE_OTHER)
    _take_stamp(ret_record);
  return ret_record->type != TYPE_OTHER;
}

static void
_set_number(const Record *record, PkEvent *event)
{
  if (!record->has_number)
    return;
  event->record = record->number;
  event->time_usec = record->time_usec;
  event->has |= PK_HAS_RECORD;
}

static void
_set_decoded(PkEvent *event, PkTextId id, const Pair *pair)
{
  gchar text[PK_SHORT_TEXT_BYTES_MAX];

  pk_event_set_text(event, id, text, _decode(pair, text, sizeof(text)));
}

/* ---- EXECVE ----------------------------------------------------------------------- */

/* "a12" and "a12[0]" begin an argument, "a12[1]" goes on with it; a12_len and
 * argc are neither. */
typedef enum
{
  KEY_OTHER = 0,
  KEY_BEGINS,
  KEY_CONTINUES
} KeyMeaning;

static KeyMeaning
_read_key(PkSlice key)
{
  gsize at = 1;

  if (key.len < 2 || key.data[0] != 'a' || !g_ascii_isdigit(key.data[1]))
    return KEY_OTHER;
  while (at < key.len && g_ascii_isdigit(key.data[at]))
    at++;
  if (at == key.len)
    return KEY_BEGINS;
  if (key.data[at] != '[')
    return KEY_OTHER;
  return pk_slice_equals(pk_slice_from(key, at), PK_SLICE("[0]")) ? KEY_BEGINS : KEY_CONTINUES;
}

static void
_add_argument(PkArgv *argv, const Pair *pair, KeyMeaning meaning)
{
  gsize len;

  if (meaning == KEY_BEGINS && argv->n < PK_ARGV_MAX)
    argv->args[argv->n++] = pk_slice(argv->bytes + argv->used, 0);
  else if (meaning != KEY_CONTINUES || argv->n == 0)
    return;
  len = _decode(pair, argv->bytes + argv->used, PK_ARGV_BYTES - argv->used);
  argv->used += len;
  argv->args[argv->n - 1].len += len;
}

static void
_read_arguments(PkSlice fields, PkArgv *ret_argv)
{
  Pair pair;

  ret_argv->n = 0;
  ret_argv->used = 0;
  while (_next_pair(&fields, &pair))
    _add_argument(ret_argv, &pair, _read_key(pair.key));
}

static void
_set_command_line(PkEvent *event, const PkArgv *argv)
{
  gchar text[PK_COMMAND_LINE_BYTES_MAX];
  gsize used = 0;

  for (gsize i = 0; i < argv->n && used < sizeof(text); i++)
    {
      gsize len;

      if (i > 0)
        text[used++] = ' ';
      len = MIN(argv->args[i].len, sizeof(text) - used);
      if (len)
        memcpy(text + used, argv->args[i].data, len);
      used += len;
    }
  pk_event_set_text(event, PK_TEXT_COMMAND_LINE, text, used);
}

static PkScanResult
_scan_execve(const PkAuditSpec *spec, const Record *record, PkEvent *event)
{
  PkSlice image = pk_event_get_text(event, PK_TEXT_IMAGE);
  PkScanResult result;
  PkArgv argv;

  _read_arguments(record->fields, &argv);
  result = pk_process_classify_argv(spec->process, image, argv.args, argv.n, event);
  if (result == PK_SCAN_IGNORED)
    return result;
  _set_command_line(event, &argv);
  _set_number(record, event);
  return result;
}

/* ---- SYSCALL ------------------------------------------------------------------------ */

static const Arch *
_find_arch(PkSlice arch)
{
  for (gsize i = 0; i < G_N_ELEMENTS(ARCHS); i++)
    if (pk_slice_equals(arch, pk_slice_from_string(ARCHS[i].id)) ||
        pk_slice_equals(arch, pk_slice_from_string(ARCHS[i].name)))
      return &ARCHS[i];
  return NULL;
}

static gboolean
_is_call(PkSlice call, const Arch *arch, const gchar *name, guint number)
{
  guint64 value;

  if (pk_slice_equals(call, pk_slice_from_string(name)))
    return TRUE;
  return arch && pk_number_parse(call, G_MAXUINT16, &value) && value == number;
}

/* socket(AF_INET | AF_INET6 | AF_PACKET, SOCK_RAW | flags, ...); arguments are hexadecimal. */
static gboolean
_is_raw_socket(PkSlice fields)
{
  PkSlice family = _find_value(fields, PK_SLICE("a0")), type = _find_value(fields, PK_SLICE("a1"));

  return (pk_slice_equals(family, PK_SLICE("2")) || pk_slice_equals(family, PK_SLICE("a")) ||
          pk_slice_equals(family, PK_SLICE("11"))) &&
         type.len > 0 && type.data[type.len - 1] == '3';
}

static void
_set_caller(const Record *record, PkEvent *event)
{
  PkSlice uid = _find_value(record->fields, PK_SLICE("uid"));
  gchar user[32];
  Pair image;

  if (_find_pair(record->fields, PK_SLICE("exe"), &image))
    _set_decoded(event, PK_TEXT_IMAGE, &image);
  if (uid.len > 0 && uid.len < sizeof(user) - 4)
    pk_event_set_text(event, PK_TEXT_USER, user,
                      (gsize) g_snprintf(user, sizeof(user), "uid=%.*s", (int) uid.len, uid.data));
  _set_number(record, event);
}

static PkScanResult
_scan_raw_socket(const PkAuditSpec *spec, const Record *record, PkEvent *event)
{
  PkSlice process;

  if (!_is_raw_socket(record->fields))
    return PK_SCAN_IGNORED;
  _set_caller(record, event);
  process = pk_process_base_name(pk_event_get_text(event, PK_TEXT_IMAGE));
  if (!pk_glob_list_fits(spec->raw_socket_images, process))
    return PK_SCAN_IGNORED;
  pk_event_set_text(event, PK_TEXT_PROCESS, process.data, process.len);
  event->kind = spec->raw_socket.kind;
  event->branch = spec->raw_socket.branch;
  event->subtype = spec->raw_socket.subtype;
  return PK_SCAN_MATCH;
}

static PkScanResult
_scan_syscall(const PkAuditSpec *spec, const Record *record, PkEvent *event)
{
  const Arch *arch = _find_arch(_find_value(record->fields, PK_SLICE("arch")));
  PkSlice call = _find_value(record->fields, PK_SLICE("syscall"));

  if (_is_call(call, arch, "socket", arch ? arch->socket : 0))
    return _scan_raw_socket(spec, record, event);
  if (!_is_call(call, arch, "execve", arch ? arch->execve : 0) &&
      !_is_call(call, arch, "execveat", arch ? arch->execveat : 0))
    return PK_SCAN_IGNORED;
  _set_caller(record, event);
  return event->has & PK_HAS_RECORD ? PK_SCAN_CONTEXT : PK_SCAN_IGNORED;
}

/* ---- PATH --------------------------------------------------------------------------- */

static PkScanResult
_scan_path(const PkAuditSpec *spec, const Record *record, PkEvent *event)
{
  gchar path[PK_SHORT_TEXT_BYTES_MAX];
  Pair name;

  if (!pk_slice_equals(_find_value(record->fields, PK_SLICE("nametype")), PK_SLICE("CREATE")) ||
      !_find_pair(record->fields, PK_SLICE("name"), &name) ||
      !pk_glob_list_fits(spec->files, pk_slice(path, _decode(&name, path, sizeof(path)))))
    return PK_SCAN_IGNORED;
  event->kind = spec->file_created.kind;
  event->branch = spec->file_created.branch;
  event->subtype = spec->file_created.subtype;
  _set_number(record, event);
  return PK_SCAN_MATCH;
}

/* ---- the line ------------------------------------------------------------------------ */

static PkScanResult
_scan_record(const PkAuditSpec *spec, const Record *record, PkEvent *event)
{
  switch (record->type)
    {
    case TYPE_EXECVE:
      return _scan_execve(spec, record, event);
    case TYPE_SYSCALL:
      return _scan_syscall(spec, record, event);
    case TYPE_PATH:
      return _scan_path(spec, record, event);
    default:
      return PK_SCAN_IGNORED;
    }
}

/* A source that joins lines may hand over all records of one event; then what
 * SYSCALL said is in the event already when EXECVE is read. */
PkScanResult
pk_scan_audit(const PkDialect *self, const PkScanContext *context G_GNUC_UNUSED, const PkLine *line, PkEvent *event)
{
  gboolean is_journal = pk_slice_equals(line->program, PK_SLICE("audit"));
  PkScanResult best = PK_SCAN_NO_MATCH;
  PkSlice rest = line->text;

  while (rest.len)
    {
      gssize line_end = pk_slice_find_char(rest, '\n');
      PkSlice text = pk_slice(rest.data, line_end < 0 ? rest.len : (gsize) line_end);
      Record record;

      if (_read_record(text, is_journal, &record))
        {
          PkScanResult result = _scan_record(self->audit, &record, event);

          if (result == PK_SCAN_MATCH || (result == PK_SCAN_CONTEXT && record.type == TYPE_EXECVE))
            return result;
          best = best == PK_SCAN_CONTEXT ? best : result;
        }
      rest = pk_slice_from(rest, MIN(text.len + 1, rest.len));
    }
  return best;
}
