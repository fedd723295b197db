/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/allow.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "engine/allow-line.h"
#include "scan/slice.h"

#define REASON_BLOCK_BYTES 4096
#define NONE G_MAXUINT32
/* Of IPv4 networks, see PkNetwork. */
#define V4_LENGTH 96

/* ---- entries, in the order given --------------------------------------------- */

typedef struct _Draft
{
  PkNetwork source, dest;
  gboolean has_dest;
  guint line; /* of the file; 0: of allow() */
  gint64 until_usec;
  const gchar *reason; /* in Drafts.reasons */
} Draft;

typedef struct _Drafts
{
  GArray *array; /* of Draft */
  GStringChunk *reasons;
} Drafts;

static Drafts
_drafts_new(void)
{
  return (Drafts){ g_array_new(FALSE, FALSE, sizeof(Draft)), g_string_chunk_new(REASON_BLOCK_BYTES) };
}

/* The reasons may have become a list's. */
static void
_drafts_clear(Drafts *self)
{
  g_array_unref(self->array);
  if (self->reasons)
    g_string_chunk_free(self->reasons);
}

static Draft *
_draft(const Drafts *self, guint i)
{
  return &g_array_index(self->array, Draft, i);
}

/* Few reasons serve many entries, so each is kept once. */
static void
_add_draft(Drafts *self, Draft draft, PkSlice reason)
{
  gchar *text = g_strndup(reason.data, reason.len);

  draft.reason = g_string_chunk_insert_const(self->reasons, text);
  g_array_append_val(self->array, draft);
  g_free(text);
}

static gboolean
_add_line(Drafts *self, PkSlice text, guint number, GError **error)
{
  PkAllowLine line;

  if (!pk_allow_line_parse(text, &line, error))
    return FALSE;
  _add_draft(self, (Draft){ line.source, line.dest, line.has_dest, number, line.until_usec, NULL }, line.reason);
  return TRUE;
}

/* pk_options_set() saw each of these. */
static gboolean
_add_options(Drafts *self, const GPtrArray *lines, GError **error)
{
  for (guint i = 0; i < lines->len; i++)
    if (!_add_line(self, pk_slice_from_string(g_ptr_array_index(lines, i)), 0, error))
      {
        g_prefix_error(error, "allow: ");
        return FALSE;
      }
  return TRUE;
}

/* ---- files --------------------------------------------------------------------- */

static gboolean
_add_file_line(Drafts *self, PkSlice line, guint number, GError **error)
{
  if (pk_slice_ends_with(line, PK_SLICE("\r")))
    line.len--;
  if (pk_slice_find_char(line, '\0') >= 0)
    {
      g_set_error_literal(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "a NUL byte: this is no text file");
      return FALSE;
    }
  line = pk_slice_trim(line);
  if (line.len == 0 || line.data[0] == '#')
    return TRUE;
  if (self->array->len >= PK_ALLOW_ENTRIES_MAX)
    {
      g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "too many entries: at most %d are permitted",
                  PK_ALLOW_ENTRIES_MAX);
      return FALSE;
    }
  return _add_line(self, line, number, error);
}

static gboolean
_add_text(Drafts *self, const gchar *name, PkSlice text, GError **error)
{
  if (pk_slice_starts_with(text, PK_SLICE("\xef\xbb\xbf")))
    text = pk_slice_from(text, 3);
  for (guint number = 1; text.len > 0; number++)
    {
      gssize end = pk_slice_find_char(text, '\n');
      PkSlice line = pk_slice(text.data, end < 0 ? text.len : (gsize) end);

      if (!_add_file_line(self, line, number, error))
        {
          g_prefix_error(error, "allow-file: %s:%u: ", name, number);
          return FALSE;
        }
      text = pk_slice_from(text, end < 0 ? text.len : (gsize) end + 1);
    }
  return TRUE;
}

static gboolean
_refuse_file(const gchar *path, const gchar *what, GError **error)
{
  g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_VALUE, "allow-file: %s: %s", path, what);
  return FALSE;
}

/* A pipe would block the relay, and a device has no end. */
static gboolean
_check_file(const gchar *path, GError **error)
{
  GStatBuf status;

  if (g_stat(path, &status) != 0)
    return _refuse_file(path, g_strerror(errno), error);
  if (!S_ISREG(status.st_mode))
    return _refuse_file(path, "it is no regular file", error);
  if (status.st_size > PK_ALLOW_FILE_BYTES_MAX)
    return _refuse_file(path, "it is too large: at most 128 MiB are permitted", error);
  return TRUE;
}

static gboolean
_add_file(Drafts *self, const gchar *path, GError **error)
{
  GError *reason = NULL;
  gboolean ok;
  gchar *text;
  gsize len;

  if (!_check_file(path, error))
    return FALSE;
  if (!g_file_get_contents(path, &text, &len, &reason))
    {
      _refuse_file(path, reason->message, error);
      g_error_free(reason);
      return FALSE;
    }
  ok = _add_text(self, path, pk_slice(text, len), error);
  g_free(text);
  return ok;
}

/* ---- order, and what is there twice ---------------------------------------------- */

/* An entry without destination comes before those with one. */
static gint
_compare_networks(const Draft *a, const Draft *b)
{
  gint order = pk_network_compare(&a->source, &b->source);

  if (order == 0)
    order = a->has_dest - b->has_dest;
  return order == 0 && a->has_dest ? pk_network_compare(&a->dest, &b->dest) : order;
}

static gint
_compare(gconstpointer a, gconstpointer b)
{
  const Draft *left = a, *right = b;
  gint order = _compare_networks(left, right);

  return order != 0 ? order : left->line < right->line ? -1 : left->line > right->line;
}

/* Of all the first in the file, with the one that it repeats before it; or 0. */
static guint
_find_repeat(const Drafts *self)
{
  guint found = 0;

  for (guint i = 1; i < self->array->len; i++)
    if (_compare_networks(_draft(self, i - 1), _draft(self, i)) == 0 &&
        (found == 0 || _draft(self, i)->line < _draft(self, found)->line))
      found = i;
  return found;
}

static GString *
_describe(const Draft *draft)
{
  GString *text = g_string_new(NULL);

  pk_network_append(&draft->source, text);
  if (draft->has_dest)
    {
      g_string_append(text, " dest=");
      pk_network_append(&draft->dest, text);
    }
  return text;
}

static gboolean
_check_repeats(const Drafts *self, const gchar *name, GError **error)
{
  guint i = _find_repeat(self);
  const Draft *first, *second;
  GString *text;

  if (i == 0)
    return TRUE;
  first = _draft(self, i - 1);
  second = _draft(self, i);
  text = _describe(second);
  if (second->line == 0)
    g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_CONFLICT, "allow: \"%s\" is permitted once", text->str);
  else if (first->line == 0)
    g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_CONFLICT,
                "allow-file: %s:%u: \"%s\" is permitted once, it is in allow() too", name, second->line, text->str);
  else
    g_set_error(error, PK_OPTION_ERROR, PK_OPTION_ERROR_CONFLICT,
                "allow-file: %s:%u: \"%s\" is permitted once, it is in line %u too", name, second->line, text->str,
                first->line);
  g_string_free(text, TRUE);
  return FALSE;
}

static gboolean
_arrange(const Drafts *self, const gchar *name, GError **error)
{
  g_array_sort(self->array, _compare);
  return _check_repeats(self, name, error);
}

static void
_drop_repeats(const Drafts *self)
{
  guint n = MIN(self->array->len, 1);

  for (guint i = 1; i < self->array->len; i++)
    if (_compare_networks(_draft(self, n - 1), _draft(self, i)) != 0)
      *_draft(self, n++) = *_draft(self, i);
  g_array_set_size(self->array, n);
}

/* ---- the list ---------------------------------------------------------------------- */

/* Networks lie within each other or apart, so in their order the last one that
 * does not begin after an address is the narrowest that holds it, or lies within
 * all that do: the search is one of halves, and then from parent to parent. */
typedef struct _Node
{
  PkNetwork network;
  guint32 parent; /* index of the narrowest network around this one; NONE */
} Node;

/* What one source has: entries[first] without a destination, if has_any, then
 * n with one, whose nodes are in dests at the same index. */
typedef struct _Source
{
  guint32 first, n;
  gboolean has_any;
} Source;

typedef struct _Entry
{
  gint64 until_usec;
  const gchar *reason;
  guint32 line; /* see Draft */
} Entry;

struct _PkAllow
{
  Node *nodes; /* n_sources */
  Source *sources;
  Node *dests; /* n_entries */
  Entry *entries;
  guint n_sources, n_entries;
  GStringChunk *reasons;
};

static void
_append_node(Node *nodes, guint first, guint i, const PkNetwork *network)
{
  guint32 parent = i > first ? i - 1 : NONE;

  while (parent != NONE && !pk_network_covers(&nodes[parent].network, network))
    parent = nodes[parent].parent;
  nodes[i] = (Node){ *network, parent };
}

static Source *
_source_for(PkAllow *self, const Draft *draft)
{
  guint n = self->n_sources;

  if (n > 0 && pk_network_compare(&self->nodes[n - 1].network, &draft->source) == 0)
    return &self->sources[n - 1];
  _append_node(self->nodes, 0, n, &draft->source);
  self->sources[n] = (Source){ .first = self->n_entries };
  self->n_sources++;
  return &self->sources[n];
}

static void
_append_entry(PkAllow *self, const Draft *draft)
{
  Source *source = _source_for(self, draft);
  guint i = self->n_entries++;

  self->entries[i] = (Entry){ draft->until_usec, draft->reason, draft->line };
  if (!draft->has_dest)
    {
      source->has_any = TRUE;
      return;
    }
  _append_node(self->dests, source->first + (source->has_any ? 1 : 0), i, &draft->dest);
  source->n++;
}

/* Takes over the reasons. */
static PkAllow *
_build(Drafts *drafts)
{
  PkAllow *self = g_atomic_rc_box_new0(PkAllow);
  guint n = drafts->array->len;

  self->nodes = g_new0(Node, n);
  self->sources = g_new0(Source, n);
  self->dests = g_new0(Node, n);
  self->entries = g_new0(Entry, n);
  self->reasons = g_steal_pointer(&drafts->reasons);
  for (guint i = 0; i < n; i++)
    _append_entry(self, _draft(drafts, i));
  return self;
}

PkAllow *
pk_allow_new_from_text(const gchar *name, PkSlice text, GError **error)
{
  Drafts drafts = _drafts_new();
  PkAllow *self = NULL;

  if (_add_text(&drafts, name, text, error) && _arrange(&drafts, name, error))
    self = _build(&drafts);
  _drafts_clear(&drafts);
  return self;
}

PkAllow *
pk_allow_new(const PkOptions *options, GError **error)
{
  Drafts drafts = _drafts_new();
  PkAllow *self = NULL;

  if (_add_options(&drafts, options->allow, error) &&
      (!options->allow_file || _add_file(&drafts, options->allow_file, error)) &&
      _arrange(&drafts, options->allow_file, error))
    self = _build(&drafts);
  _drafts_clear(&drafts);
  return self;
}

static void
_add_kept_source(Drafts *drafts, const PkAllow *old, guint n)
{
  const Source *source = &old->sources[n];
  guint32 end = source->first + (source->has_any ? 1 : 0) + source->n;

  for (guint32 i = source->first; i < end; i++)
    {
      const Entry *entry = &old->entries[i];
      gboolean has_dest = i > source->first || !source->has_any;

      if (entry->line > 0)
        _add_draft(
            drafts,
            (Draft){ old->nodes[n].network, old->dests[i].network, has_dest, entry->line, entry->until_usec, NULL },
            pk_slice_from_string(entry->reason));
    }
}

/* Where the file said something else of the same networks, allow() counts. */
PkAllow *
pk_allow_new_keeping(const PkOptions *options, const PkAllow *old, GError **error)
{
  Drafts drafts = _drafts_new();
  PkAllow *self = NULL;

  if (_add_options(&drafts, options->allow, error))
    {
      for (guint i = 0; i < old->n_sources; i++)
        _add_kept_source(&drafts, old, i);
      g_array_sort(drafts.array, _compare);
      _drop_repeats(&drafts);
      self = _build(&drafts);
    }
  _drafts_clear(&drafts);
  return self;
}

gboolean
pk_allow_check_lines(const GPtrArray *lines, GError **error)
{
  Drafts drafts = _drafts_new();
  gboolean ok = _add_options(&drafts, lines, error) && _arrange(&drafts, NULL, error);

  _drafts_clear(&drafts);
  return ok;
}

PkAllow *
pk_allow_ref(PkAllow *self)
{
  return g_atomic_rc_box_acquire(self);
}

static void
_free(gpointer s)
{
  PkAllow *self = s;

  g_free(self->nodes);
  g_free(self->sources);
  g_free(self->dests);
  g_free(self->entries);
  g_string_chunk_free(self->reasons);
}

void
pk_allow_unref(PkAllow *self)
{
  g_atomic_rc_box_release_full(self, _free);
}

gsize
pk_allow_count(const PkAllow *self)
{
  return self->n_entries;
}

/* ---- search -------------------------------------------------------------------------- */

static inline gboolean
_is_not_after(const Node *node, const PkNetwork *key)
{
  return node->network.high < key->high || (node->network.high == key->high && node->network.low <= key->low);
}

/* The last of n nodes from first on that does not begin after key; NONE. */
static guint32
_find_last(const Node *nodes, guint32 first, guint32 n, const PkNetwork *key)
{
  guint32 at = first;

  if (n == 0 || !_is_not_after(&nodes[first], key))
    return NONE;
  while (n > 1)
    {
      guint32 half = n / 2;

      at = _is_not_after(&nodes[at + half], key) ? at + half : at;
      n -= half;
    }
  return at;
}

/* ::/0 is every IPv6 address; that IPv4 is written as a part of it is our own affair. */
static gboolean
_holds(const Node *node, const PkNetwork *key)
{
  return pk_network_covers(&node->network, key) && (node->network.length >= V4_LENGTH || !pk_network_is_v4(key));
}

static const Entry *
_find_dest(const PkAllow *self, const Source *source, const PkAddr *dest, gint64 now_usec)
{
  PkNetwork key = pk_network_from_addr(dest);
  guint32 at = _find_last(self->dests, source->first + (source->has_any ? 1 : 0), source->n, &key);

  for (; at != NONE; at = self->dests[at].parent)
    if (_holds(&self->dests[at], &key) && now_usec < self->entries[at].until_usec)
      return &self->entries[at];
  return NULL;
}

static const Entry *
_find_in_source(const PkAllow *self, const Source *source, const PkEvent *event, gint64 now_usec)
{
  const Entry *entry = NULL;

  if (source->n > 0 && (event->has & PK_HAS_DEST))
    entry = _find_dest(self, source, &event->dest, now_usec);
  if (!entry && source->has_any && now_usec < self->entries[source->first].until_usec)
    entry = &self->entries[source->first];
  return entry;
}

static const Entry *
_find(const PkAllow *self, const PkEvent *event, gint64 now_usec)
{
  PkNetwork key = pk_network_from_addr(&event->source);
  const Entry *entry = NULL;

  for (guint32 at = _find_last(self->nodes, 0, self->n_sources, &key); at != NONE && !entry;
       at = self->nodes[at].parent)
    if (_holds(&self->nodes[at], &key))
      entry = _find_in_source(self, &self->sources[at], event, now_usec);
  return entry;
}

gboolean
pk_allow_mark(const PkAllow *self, PkEvent *event, gint64 now_usec)
{
  const Entry *entry;

  if (self->n_entries == 0 || !(event->has & PK_HAS_SOURCE))
    return FALSE;
  entry = _find(self, event, now_usec);
  if (!entry)
    return FALSE;
  pk_event_set_text(event, PK_TEXT_ALLOWED, entry->reason, strlen(entry->reason));
  return TRUE;
}
