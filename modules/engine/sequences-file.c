/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/sequences-private.h"

#include <json.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/window.h"
#include "port-knock/pk-options.h"
#include "scan/address.h"
#include "scan/slice.h"

#define FILE_BYTES_MAX (4 << 20)
#define ENTRIES_MAX 4096
#define DEPTH_MAX 8
#define ID_BYTES_MAX 48
#define ICMP_ECHO_REQUEST 8
/* Of what a packet is told by. */
#define CRITERIA_MIN 2

/* Where in which file the reader is. */
typedef struct _Reader
{
  PkSequences *sequences;
  const gchar *name; /* of the file */
  guint number;      /* of the entry, from 1 */
  const gchar *id;   /* of the entry; "" until it is known */
  GError **error;
} Reader;

G_GNUC_PRINTF(2, 3)
static gboolean
_refuse(const Reader *self, const gchar *format, ...)
{
  va_list arguments;
  gchar *what;

  va_start(arguments, format);
  what = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  if (self->number)
    g_set_error(self->error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "known-sequences: %s: entry %u%s%s: %s",
                self->name, self->number, self->id[0] ? ", " : "", self->id, what);
  else
    g_set_error(self->error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "known-sequences: %s: %s", self->name, what);
  g_free(what);
  return FALSE;
}

/* ---- values --------------------------------------------------------------------- */

static gboolean
_get_number(const Reader *self, const gchar *key, json_object *value, gint64 min, gint64 max, guint16 *ret_number)
{
  gint64 number = json_object_get_int64(value);

  if (!json_object_is_type(value, json_type_int) || number < min || number > max)
    return _refuse(self,
                   "%s: %.80s is not permitted, it takes a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                   key, json_object_to_json_string(value), min, max);
  *ret_number = (guint16) number;
  return TRUE;
}

/* "" where it is no string, or one that holds a NUL: it would be read as less than it says. */
static const gchar *
_get_string(json_object *value)
{
  const gchar *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";

  return *text && strlen(text) == (gsize) json_object_get_string_len(value) ? text : "";
}

static const gchar *
_get_text(json_object *object, const gchar *key)
{
  json_object *value;

  return json_object_object_get_ex(object, key, &value) ? _get_string(value) : "";
}

static gboolean
_get_protocol(const Reader *self, const gchar *key, PkSlice word, guint8 *ret_protocol)
{
  if (pk_slice_equals(word, PK_SLICE("tcp")))
    *ret_protocol = PK_PROTO_TCP;
  else if (pk_slice_equals(word, PK_SLICE("udp")))
    *ret_protocol = PK_PROTO_UDP;
  else
    return _refuse(self, "%s: \"%.*s\" is not permitted, it takes tcp or udp", key, (gint) MIN(word.len, 80),
                   word.data);
  return TRUE;
}

static gboolean
_is_id(const gchar *text)
{
  gsize len = strlen(text);

  return len > 0 && len <= ID_BYTES_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static gboolean
_is_known_id(const Reader *self, const gchar *id)
{
  const GArray *sequences = self->sequences->sequences, *packets = self->sequences->packets;

  for (guint i = 0; i < sequences->len; i++)
    if (strcmp(g_array_index(sequences, PkSequence, i).id, id) == 0)
      return TRUE;
  for (guint i = 0; i < packets->len; i++)
    if (strcmp(g_array_index(packets, PkKnownPacket, i).id, id) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
_read_id(Reader *self, json_object *entry)
{
  const gchar *id = _get_text(entry, "id");

  if (!id[0])
    return _refuse(self, "it has no id");
  if (!_is_id(id))
    return _refuse(self, "id: \"%.80s\" is not permitted, it takes 1 to %d of the characters a-z, 0-9 and -", id,
                   ID_BYTES_MAX);
  if (_is_known_id(self, id))
    return _refuse(self, "id: \"%s\" is there twice", id);
  self->id = id;
  return TRUE;
}

/* ---- keys ----------------------------------------------------------------------- */

static const gchar *const ROOT_KEYS[] = { "entries", "note", NULL };
/* What the engine reads, and what is for people. */
static const gchar *const ENTRY_KEYS[] = { "id",
                                           "kind",
                                           "ports",
                                           "transport",
                                           "icmp_packet_sizes",
                                           "packet",
                                           "note",
                                           "cite",
                                           "opens",
                                           "confidence",
                                           "window_s",
                                           "stage_timeout_s",
                                           "open_s",
                                           "delay_s",
                                           "retries_per_port",
                                           "reverse_closes",
                                           "timing",
                                           "then",
                                           NULL };
static const gchar *const PACKET_KEYS[] = { "protocol", "port", "src_port", "ip_id", "tcp_window", "length", NULL };

static gboolean
_check_keys(const Reader *self, json_object *object, const gchar *const *keys)
{
  json_object_object_foreach(object, key, value)
  {
    (void) value;
    if (!g_strv_contains(keys, key))
      {
        gchar *permitted = g_strjoinv(", ", (gchar **) keys);

        _refuse(self, "\"%.80s\" is no key, there are %s", key, permitted);
        g_free(permitted);
        return FALSE;
      }
  }
  return TRUE;
}

/* ---- sequences ------------------------------------------------------------------ */

/* "9000/udp" */
static gboolean
_read_port_text(const Reader *self, const gchar *text, PkPort *ret_port)
{
  PkSlice slice = pk_slice_from_string(text);
  gssize slash = pk_slice_find_char(slice, '/');
  guint64 number;

  if (slash < 0 || !pk_number_parse(pk_slice(slice.data, (gsize) slash), G_MAXUINT16, &number) || number == 0)
    return _refuse(self, "ports: \"%.80s\" is not permitted, it takes a number from 1 to 65535, or \"NUMBER/PROTOCOL\"",
                   text);
  ret_port->port = (guint16) number;
  return _get_protocol(self, "ports", pk_slice_from(slice, (gsize) slash + 1), &ret_port->protocol);
}

static gboolean
_read_port(const Reader *self, json_object *value, guint8 protocol, PkPort *ret_port)
{
  *ret_port = (PkPort){ .protocol = protocol };
  if (json_object_is_type(value, json_type_string))
    return _read_port_text(self, _get_string(value), ret_port);
  return _get_number(self, "ports", value, 1, G_MAXUINT16, &ret_port->port);
}

/* The protocol of each port; one for all, or as many as there are ports. */
static gboolean
_read_transport(const Reader *self, const gchar *transport, guint n, guint8 protocols[PK_HITS_MAX])
{
  gchar **words = g_strsplit(transport, ",", PK_HITS_MAX + 1);
  guint given = g_strv_length(words);
  gboolean ok =
      given == 1 || given == n ||
      _refuse(self, "transport: \"%.80s\" is not permitted, it takes one word, or one for each of the %u ports",
              transport, n);

  for (guint i = 0; ok && i < n; i++)
    ok = _get_protocol(self, "transport", pk_slice_from_string(words[given == 1 ? 0 : i]), &protocols[i]);
  g_strfreev(words);
  return ok;
}

static gboolean
_are_same(const PkSequence *a, const PkSequence *b)
{
  for (guint i = 0; i < a->n && a->n == b->n; i++)
    if (!pk_port_equals(&a->ports[i], &b->ports[i]))
      return FALSE;
  return a->n == b->n;
}

static gboolean
_add_sequence(const Reader *self, const PkSequence *sequence)
{
  GArray *sequences = self->sequences->sequences;

  for (guint i = 0; i < sequences->len; i++)
    if (_are_same(&g_array_index(sequences, PkSequence, i), sequence))
      return _refuse(self, "\"%s\" has the same ports in the same order", g_array_index(sequences, PkSequence, i).id);
  g_array_append_val(sequences, *sequence);
  pk_sequences_add_to_filter(self->sequences, sequence);
  return TRUE;
}

static gboolean
_begin_sequence(const Reader *self, const gchar *key, json_object *list, PkSequence *ret_sequence)
{
  gsize n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

  if (n < 2 || n > PK_HITS_MAX)
    return _refuse(self, "%s: it takes a list of 2 to %d", key, PK_HITS_MAX);
  memset(ret_sequence, 0, sizeof(*ret_sequence));
  g_strlcpy(ret_sequence->id, self->id, sizeof(ret_sequence->id));
  ret_sequence->n = (guint) n;
  return TRUE;
}

static gboolean
_read_ports_as(const Reader *self, json_object *list, const gchar *transport)
{
  guint8 protocols[PK_HITS_MAX];
  PkSequence sequence = { .n = 0 };

  if (!_begin_sequence(self, "ports", list, &sequence) || !_read_transport(self, transport, sequence.n, protocols))
    return FALSE;
  for (guint i = 0; i < sequence.n; i++)
    if (!_read_port(self, json_object_array_get_idx(list, i), protocols[i], &sequence.ports[i]))
      return FALSE;
  return _add_sequence(self, &sequence);
}

static gboolean
_read_ports(const Reader *self, json_object *entry, json_object *list)
{
  const gchar *transport = json_object_object_get_ex(entry, "transport", NULL) ? _get_text(entry, "transport") : "tcp";

  if (strcmp(transport, "tcp|udp") != 0)
    return _read_ports_as(self, list, transport);
  return _read_ports_as(self, list, "tcp") && _read_ports_as(self, list, "udp");
}

static gboolean
_read_sizes(const Reader *self, json_object *list)
{
  PkSequence sequence = { .n = 0 };

  if (!_begin_sequence(self, "icmp_packet_sizes", list, &sequence))
    return FALSE;
  for (guint i = 0; i < sequence.n; i++)
    {
      sequence.ports[i] = (PkPort){ .protocol = PK_PROTO_ICMP, .icmp_type = ICMP_ECHO_REQUEST };
      if (!_get_number(self, "icmp_packet_sizes", json_object_array_get_idx(list, i), 28, G_MAXUINT16,
                       &sequence.ports[i].port))
        return FALSE;
    }
  return _add_sequence(self, &sequence);
}

/* ---- packets --------------------------------------------------------------------- */

/* Numbers of a packet: where they go. */
static const struct
{
  const gchar *key;
  guint32 has;
  gsize offset; /* of the guint16 in PkKnownPacket */
} NUMBERS[] = {
  { "port", PK_HAS_DEST_PORT, G_STRUCT_OFFSET(PkKnownPacket, dest_port) },
  { "src_port", PK_HAS_SOURCE_PORT, G_STRUCT_OFFSET(PkKnownPacket, source_port) },
  { "ip_id", PK_HAS_IP_ID, G_STRUCT_OFFSET(PkKnownPacket, ip_id) },
  { "tcp_window", PK_HAS_TCP_WINDOW, G_STRUCT_OFFSET(PkKnownPacket, tcp_window) },
  { "length", PK_HAS_LENGTH, G_STRUCT_OFFSET(PkKnownPacket, length) },
};

static gboolean
_read_numbers(const Reader *self, json_object *object, PkKnownPacket *packet, guint *criteria)
{
  json_object *value;

  for (gsize i = 0; i < G_N_ELEMENTS(NUMBERS); i++)
    if (json_object_object_get_ex(object, NUMBERS[i].key, &value))
      {
        if (!_get_number(self, NUMBERS[i].key, value, 0, G_MAXUINT16, G_STRUCT_MEMBER_P(packet, NUMBERS[i].offset)))
          return FALSE;
        packet->has |= NUMBERS[i].has;
        (*criteria)++;
      }
  return TRUE;
}

static gboolean
_read_kind(const Reader *self, json_object *entry, PkBranch *ret_branch)
{
  const gchar *kind = _get_text(entry, "kind");

  if (strcmp(kind, "spa") == 0)
    *ret_branch = PK_BRANCH_SPA_PACKET_DENIED;
  else if (strcmp(kind, "magic") == 0)
    *ret_branch = PK_BRANCH_MAGIC_PACKET_DENIED;
  else
    return _refuse(self, "kind: \"%.80s\" is not permitted, a packet's is spa or magic", kind);
  return TRUE;
}

static gboolean
_read_packet(const Reader *self, json_object *entry, json_object *object)
{
  PkKnownPacket packet = { .has = 0 };
  guint criteria = 0;

  if (!json_object_is_type(object, json_type_object))
    return _refuse(self, "packet: it takes an object");
  if (!_check_keys(self, object, PACKET_KEYS) || !_read_kind(self, entry, &packet.branch) ||
      !_read_numbers(self, object, &packet, &criteria))
    return FALSE;
  if (json_object_object_get_ex(object, "protocol", NULL))
    {
      if (!_get_protocol(self, "protocol", pk_slice_from_string(_get_text(object, "protocol")), &packet.protocol))
        return FALSE;
      packet.has |= PK_HAS_PROTOCOL;
      criteria++;
    }
  if (criteria < CRITERIA_MIN)
    return _refuse(self, "packet: it takes two or more of protocol, port, src_port, ip_id, tcp_window and length");
  g_strlcpy(packet.id, self->id, sizeof(packet.id));
  g_array_append_val(self->sequences->packets, packet);
  return TRUE;
}

/* ---- entries --------------------------------------------------------------------- */

/* An entry that says two things would silently be only one of them. */
static gboolean
_check_form(const Reader *self, json_object *entry)
{
  static const gchar *const forms[] = { "ports", "icmp_packet_sizes", "packet" };
  guint n = 0;

  for (gsize i = 0; i < G_N_ELEMENTS(forms); i++)
    n += json_object_object_get_ex(entry, forms[i], NULL);
  return n < 2 || _refuse(self, "it takes one of ports, icmp_packet_sizes and packet");
}

static gboolean
_read_entry(Reader *self, json_object *entry)
{
  json_object *value;

  if (!json_object_is_type(entry, json_type_object))
    return _refuse(self, "it is no object");
  if (!_read_id(self, entry) || !_check_keys(self, entry, ENTRY_KEYS) || !_check_form(self, entry))
    return FALSE;
  if (json_object_object_get_ex(entry, "ports", &value))
    return _read_ports(self, entry, value);
  if (json_object_object_get_ex(entry, "icmp_packet_sizes", &value))
    return _read_sizes(self, value);
  if (json_object_object_get_ex(entry, "packet", &value))
    return _read_packet(self, entry, value);
  return _refuse(self, "it has neither ports nor icmp_packet_sizes nor packet");
}

static gboolean
_read_entries(Reader *self, json_object *root)
{
  json_object *entries;
  gsize n;

  if (!json_object_is_type(root, json_type_object) || !json_object_object_get_ex(root, "entries", &entries) ||
      !json_object_is_type(entries, json_type_array))
    return _refuse(self, "it takes an object with a list \"entries\"");
  if (!_check_keys(self, root, ROOT_KEYS))
    return FALSE;
  n = json_object_array_length(entries);
  if (n > ENTRIES_MAX)
    return _refuse(self, "%" G_GSIZE_FORMAT " entries are not permitted, at most %d", n, ENTRIES_MAX);
  for (gsize i = 0; i < n; i++)
    {
      self->number = (guint) i + 1;
      self->id = "";
      if (!_read_entry(self, json_object_array_get_idx(entries, i)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
_parse_as(const Reader *self, const gchar *text, gsize len, gint flags, json_object **ret_root)
{
  json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
  enum json_tokener_error problem;

  json_tokener_set_flags(tokener, flags);
  *ret_root = json_tokener_parse_ex(tokener, text, (gint) len);
  problem = json_tokener_get_error(tokener);
  if (problem == json_tokener_continue)
    _refuse(self, "the JSON ends too early");
  else if (problem != json_tokener_success)
    _refuse(self, "no JSON at byte %" G_GSIZE_FORMAT ": %s", json_tokener_get_parse_end(tokener),
            json_tokener_error_desc(problem));
  json_tokener_free(tokener);
  return problem == json_tokener_success;
}

/* Strict also refuses what follows the object: the rest of two files that were put
 * together.  And json-c 0.18, Debian 13's, refuses every byte beyond ASCII then
 * (its issue 875): so the form is read without these, and not the content. */
static json_object *
_parse(const Reader *self, const gchar *text, gsize len)
{
  gchar *form = g_strndup(text, len);
  json_object *root;

  for (gsize i = 0; i < len; i++)
    if ((guchar) form[i] >= 0x80)
      form[i] = '?';
  if (_parse_as(self, form, len, JSON_TOKENER_STRICT, &root))
    {
      json_object_put(root);
      _parse_as(self, text, len, JSON_TOKENER_VALIDATE_UTF8, &root);
    }
  g_free(form);
  return root;
}

/* ---- what json-c lets pass --------------------------------------------------------- */

typedef struct _Key
{
  gchar *text; /* owned, decoded */
  gsize at;    /* where it ends */
} Key;

/* json-c keeps the last of two values and says nothing of the first, and takes keys in single quotes, also where it is
 * to be strict.  This reads a text that it has found to be JSON. */
typedef struct _Keys
{
  PkSlice text;
  gsize at;
  guint depth;             /* of objects */
  gboolean is_strange;     /* a quote, or an object in too many others, that JSON has not got */
  GArray *seen[DEPTH_MAX]; /* of each object around `at` the keys so far */
} Keys;

static void
_clear_key(gpointer key)
{
  g_free(((Key *) key)->text);
}

static gint
_compare_keys(gconstpointer a, gconstpointer b)
{
  const Key *left = a, *right = b;
  gint order = strcmp(left->text, right->text);

  return order ? order : (left->at > right->at) - (left->at < right->at);
}

/* From one quote to behind the other. */
static PkSlice
_read_string(Keys *self)
{
  gsize start = self->at++;

  while (self->at < self->text.len && self->text.data[self->at] != '"')
    self->at += self->text.data[self->at] == '\\' ? 2 : 1;
  self->at = MIN(self->at + 1, self->text.len);
  return pk_slice(self->text.data + start, self->at - start);
}

static gboolean
_is_key(const Keys *self)
{
  gsize at = self->at;

  while (at < self->text.len && g_ascii_isspace(self->text.data[at]))
    at++;
  return at < self->text.len && self->text.data[at] == ':';
}

/* "ports" and "p\u006frts" are the same. */
static void
_add_key(Keys *self, PkSlice quoted)
{
  gchar *copy = g_strndup(quoted.data, quoted.len);
  json_object *decoded = json_tokener_parse(copy);
  Key key = { g_strdup(decoded ? json_object_get_string(decoded) : copy), self->at };

  json_object_put(decoded);
  g_free(copy);
  g_array_append_val(self->seen[self->depth - 1], key);
}

static void
_open_object(Keys *self)
{
  GArray *seen;

  if (self->depth == DEPTH_MAX)
    {
      self->is_strange = TRUE;
      return;
    }
  seen = g_array_new(FALSE, FALSE, sizeof(Key));
  g_array_set_clear_func(seen, _clear_key);
  self->seen[self->depth++] = seen;
}

/* The key, owned, or NULL; *ret_at is where it is the second time. */
static gchar *
_close_object(Keys *self, gsize *ret_at)
{
  GArray *seen = self->depth > 0 ? self->seen[--self->depth] : NULL;
  gchar *twice = NULL;

  if (!seen)
    return NULL;
  g_array_sort(seen, _compare_keys);
  for (guint i = 1; !twice && i < seen->len; i++)
    {
      const Key *before = &g_array_index(seen, Key, i - 1), *key = &g_array_index(seen, Key, i);

      if (strcmp(before->text, key->text) != 0)
        continue;
      twice = g_strdup(key->text);
      *ret_at = key->at;
    }
  g_array_unref(seen);
  return twice;
}

static gchar *
_step(Keys *self, gsize *ret_at)
{
  gchar c = self->text.data[self->at];

  if (c == '"')
    {
      PkSlice string = _read_string(self);

      if (self->depth > 0 && _is_key(self))
        _add_key(self, string);
      return NULL;
    }
  if (c == '\'')
    {
      self->is_strange = TRUE;
      return NULL;
    }
  self->at++;
  if (c == '{')
    _open_object(self);
  return c == '}' ? _close_object(self, ret_at) : NULL;
}

static guint
_count_lines(PkSlice text)
{
  guint n = 1;

  for (gsize i = 0; i < text.len; i++)
    n += text.data[i] == '\n';
  return n;
}

static gboolean
_check_text(const Reader *self, PkSlice text)
{
  Keys keys = { .text = text };
  gchar *twice = NULL;
  gsize at = 0;

  while (!twice && !keys.is_strange && keys.at < text.len)
    twice = _step(&keys, &at);
  if (twice)
    _refuse(self, "line %u: \"%.80s\" is there twice", _count_lines(pk_slice(text.data, at)), twice);
  else if (keys.is_strange)
    _refuse(self, "no JSON at byte %" G_GSIZE_FORMAT ": names and texts stand in double quotes", keys.at);
  while (keys.depth > 0)
    g_array_unref(keys.seen[--keys.depth]);
  g_free(twice);
  return twice == NULL && !keys.is_strange;
}

static PkSequences *
_new(void)
{
  PkSequences *self = g_new0(PkSequences, 1);

  self->ref_count = 1;
  self->sequences = g_array_new(FALSE, FALSE, sizeof(PkSequence));
  self->packets = g_array_new(FALSE, FALSE, sizeof(PkKnownPacket));
  return self;
}

PkSequences *
pk_sequences_new_from_text(const gchar *text, gsize len, const gchar *name, GError **error)
{
  Reader reader = { .sequences = _new(), .name = name, .id = "", .error = error };
  json_object *root;
  gboolean ok = FALSE;

  if (len > FILE_BYTES_MAX)
    _refuse(&reader, "it has more than %d bytes", FILE_BYTES_MAX);
  else if (len > 0 && memchr(text, '\0', len))
    /* where json-c would take the text to end */
    _refuse(&reader, "no JSON at byte %" G_GSIZE_FORMAT ": a NUL",
            (gsize) ((const gchar *) memchr(text, '\0', len) - text));
  else if ((root = _parse(&reader, text, len)))
    {
      ok = _check_text(&reader, pk_slice(text, len)) && _read_entries(&reader, root);
      json_object_put(root);
    }
  else if (error && !*error)
    _refuse(&reader, "it holds null, it takes an object with a list \"entries\"");
  if (ok)
    pk_sequence_index_build(&reader.sequences->index, reader.sequences->sequences);
  else
    g_clear_pointer(&reader.sequences, pk_sequences_unref);
  return reader.sequences;
}

PkSequences *
pk_sequences_new_from_file(const gchar *path, GError **error)
{
  Reader reader = { .name = path, .id = "", .error = error };
  GError *problem = NULL;
  PkSequences *self;
  struct stat about;
  gchar *text;
  gsize len;

  if (stat(path, &about) == 0 && (!S_ISREG(about.st_mode) || about.st_size > FILE_BYTES_MAX))
    {
      _refuse(&reader, "it takes a regular file of at most %d bytes", FILE_BYTES_MAX);
      return NULL;
    }
  if (!g_file_get_contents(path, &text, &len, &problem))
    {
      _refuse(&reader, "it cannot be read: %s", problem->message);
      g_error_free(problem);
      return NULL;
    }
  self = pk_sequences_new_from_text(text, len, path, error);
  g_free(text);
  return self;
}

PkSequences *
pk_sequences_new_built_in(GError **error)
{
  return pk_sequences_new_from_text((const gchar *) pk_known_sequences_json, pk_known_sequences_json_len,
                                    "the list that is built in", error);
}
