/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/prefix-memo.h"

#include "scan/netfilter-prefix.h"
#include "scan/slice.h"

#define PLACE_BITS 4

static __thread PkPrefixMemo memos[1 << PLACE_BITS];

/* Of the beginning, the middle and the end: rules of one firewall differ in some of them. */
static PkPrefixMemo *
_place_of(PkSlice text)
{
  guint64 first, middle, last;

  memcpy(&first, text.data, sizeof(first));
  memcpy(&middle, text.data + (text.len - sizeof(middle)) / 2, sizeof(middle));
  memcpy(&last, pk_slice_end(text) - sizeof(last), sizeof(last));
  return &memos[((first * 31 + middle) * 31 + last) * G_GUINT64_CONSTANT(0x9E3779B97F4A7C15) >> (64 - PLACE_BITS)];
}

void
pk_prefix_key_init(PkPrefixKey *self, guint64 recogniser, const PkLine *line, gsize body, PkEvent *event)
{
  gsize begin = pk_netfilter_prefix_take_uptime(line->text, event);
  gsize end = MIN(body + PK_PREFIX_OVERLAP_BYTES, line->text.len);
  gsize len = end > begin ? end - begin : 0;

  self->recogniser = recogniser;
  self->has_uptime = begin > 0;
  if (len < PK_PREFIX_MEMO_BYTES_MIN || len > PK_PREFIX_MEMO_BYTES_MAX)
    self->text = pk_slice(NULL, 0);
  else
    self->text = pk_slice(line->text.data + begin, len);
}

const PkPrefixMemo *
pk_prefix_memo_find(const PkPrefixKey *key)
{
  const PkPrefixMemo *memo;

  if (key->text.len == 0)
    return NULL;
  memo = _place_of(key->text);
  if (memo->recogniser != key->recogniser || memo->len != key->text.len || memo->has_uptime != key->has_uptime ||
      memcmp(memo->text, key->text.data, key->text.len) != 0)
    return NULL;
  return memo;
}

static void
_store(PkPrefixMemo *self, const PkPrefixKey *key, const PkEvent *event, PkSlice word)
{
  self->recogniser = key->recogniser;
  self->has_uptime = (guint8) key->has_uptime;
  self->len = (guint8) key->text.len;
  self->word_len = (guint8) word.len;
  self->verdict = event->kind == PK_EVENT_FIREWALL_DENY ? PK_VERDICT_DENY : PK_VERDICT_ACCEPT;
  self->dialect = event->dialect;
  memcpy(self->text, key->text.data, key->text.len);
  memcpy(self->word, word.data, word.len);
}

void
pk_prefix_memo_put(const PkPrefixKey *key, const PkLine *line, gsize body, const PkEvent *event)
{
  PkSlice word = pk_event_get_text(event, PK_TEXT_ACTION_WORD);

  if (key->text.len == 0 || word.len == 0 || word.len > PK_PREFIX_MEMO_WORD_BYTES_MAX ||
      event->dialect->netfilter->record_time || !pk_netfilter_prefix_stands_alone(line, body))
    return;
  _store(_place_of(key->text), key, event, word);
}
