/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/event-log.h"

#include "scan/address.h"
#include "scan/pairs.h"
#include "scan/slice.h"

/* An event as a shipper's JSON.  They agree on the names of the event's own
 * data, and on nothing around them:
 *
 *   NXLog          {"EventID":1,"SourceName":"P","CommandLine":"knock ..."}
 *   Winlogbeat     {"winlog":{"event_id":"1","provider_name":"P","event_data":{"CommandLine":"knock ..."}}}
 *   syslog-ng      {"_winlog":{"Event":{"System":{"EventID":"1","Provider":{"_Name":"P"}},
 *                   "EventData":{"Data":{"CommandLine":"knock ..."}}}}}
 *   Defender       {"category":"P","properties":{"ProcessCommandLine":"knock ..."}}
 *
 *   Fluent Bit     {"EventID":1,"ProviderName":"P","Message":"Process Create:\r\nCommandLine: knock ..."}
 *
 * So a name is looked for at the end of a path, wherever that leads, and in any
 * case, and where nothing is found the text for people is read. */

/* An event has some forty values; the rest of more is not seen. */
#define PAIRS_MAX 192

static const gchar *const ID_NAMES[] = { "EventID", "event_id", "event.code", "EventCode", NULL };

static const gchar *const PROVIDER_NAMES[] = {
  "Provider",
  "ProviderName",
  "SourceName",
  "provider_name",
  "event.provider",
  "Provider._Name",
  "Provider.@Name",
  "Provider.Name",
  "Provider_Name",
  "Channel",
  "category",
  "Type",
  NULL,
};

static const gchar *const TIME_NAMES[] = {
  "_SystemTime", "@SystemTime", "SystemTime", "@timestamp", "Timestamp", "EventTime", "TimeCreated", NULL,
};

typedef struct _Pair
{
  gsize key, key_len, value, value_len; /* into Reader.store */
} Pair;

typedef struct _Reader
{
  const PkEventLogSpec *spec;
  gboolean provider_matches, has_id;
  guint id;
  gint64 time_usec;
  guint time_rank; /* place in TIME_NAMES */
  GString *store;  /* borrowed */
  guint n_pairs;
  Pair pairs[PAIRS_MAX];
} Reader;

/* "winlog.event_data.Image" ends with "Image", and with "event_data.Image". */
static gboolean
_path_ends_with(PkSlice path, PkSlice name)
{
  gsize before = path.len - name.len;

  if (path.len < name.len || !pk_slice_equals_nocase(pk_slice_from(path, before), name))
    return FALSE;
  return before == 0 || path.data[before - 1] == '.';
}

/* Place in names, or -1. */
static gint
_find_name(PkSlice path, const gchar *const *names)
{
  for (gint i = 0; names[i]; i++)
    if (_path_ends_with(path, pk_slice_from_string(names[i])))
      return i;
  return -1;
}

static void
_take_id(Reader *self, PkSlice value)
{
  guint64 id;

  if (self->has_id || !pk_number_parse(value, G_MAXUINT16, &id))
    return;
  self->has_id = TRUE;
  self->id = (guint) id;
}

/* Without a zone it is the sender's local time, which nobody knows here. */
static gboolean
_has_zone(PkSlice time)
{
  PkSlice after = time.len > 10 ? pk_slice_from(time, 10) : pk_slice(NULL, 0);

  return pk_slice_find_char(after, 'Z') >= 0 || pk_slice_find_char(after, '+') >= 0 ||
         pk_slice_find_char(after, '-') >= 0;
}

static void
_take_time(Reader *self, PkSlice value, guint rank)
{
  if ((self->time_usec == 0 || rank < self->time_rank) && _has_zone(value) &&
      pk_event_log_parse_time(value, &self->time_usec))
    self->time_rank = rank;
}

static void
_keep(Reader *self, PkSlice path, PkSlice value)
{
  Pair *pair = &self->pairs[self->n_pairs++];

  *pair = (Pair){ self->store->len, path.len, self->store->len + path.len, value.len };
  g_string_append_len(self->store, path.data, (gssize) path.len);
  g_string_append_len(self->store, value.data, (gssize) value.len);
}

static gboolean
_take_pair(gpointer user_data, PkSlice path, PkSlice value)
{
  Reader *self = user_data;
  gint rank;

  if (self->n_pairs == PAIRS_MAX)
    return FALSE;
  if (_find_name(path, ID_NAMES) >= 0)
    _take_id(self, value);
  else if (_find_name(path, PROVIDER_NAMES) >= 0)
    self->provider_matches |= pk_event_log_is_provider(self->spec, value);
  else if ((rank = _find_name(path, TIME_NAMES)) >= 0)
    _take_time(self, value, (guint) rank);
  _keep(self, path, value);
  return TRUE;
}

static PkSlice
_find_value(const Reader *self, const gchar *name)
{
  PkSlice wanted = pk_slice_from_string(name);

  for (guint i = 0; i < self->n_pairs; i++)
    {
      const Pair *pair = &self->pairs[i];

      if (_path_ends_with(pk_slice(self->store->str + pair->key, pair->key_len), wanted))
        return pk_slice(self->store->str + pair->value, pair->value_len);
    }
  return pk_slice(NULL, 0);
}

/* FALSE: none of the event's fields has a value. */
static gboolean
_find_values(const Reader *self, PkLogRecord *record)
{
  const PkLogField *fields = record->event->fields;
  gboolean found = FALSE;

  for (guint i = 0; i < PK_LOG_FIELDS_MAX && fields[i].name; i++)
    {
      record->values[i] = _find_value(self, fields[i].name);
      found |= record->values[i].len > 0;
    }
  return found;
}

PkScanResult
pk_event_log_read_json(const PkEventLogSpec *spec, PkSlice text, PkLogRecord *record)
{
  Reader reader;

  memset(&reader, 0, G_STRUCT_OFFSET(Reader, pairs));
  reader.spec = spec;
  record->store = reader.store = g_string_sized_new(4096);
  if (!pk_pairs_json(text, _take_pair, &reader))
    return PK_SCAN_MALFORMED;
  record->event = reader.provider_matches ? pk_event_log_find(spec, reader.id) : NULL;
  if (!record->event)
    return PK_SCAN_NO_MATCH;
  record->time_usec = reader.time_usec;
  return _find_values(&reader, record) ? PK_SCAN_MATCH
                                       : pk_event_log_read_text(spec, _find_value(&reader, "Message"), record);
}
