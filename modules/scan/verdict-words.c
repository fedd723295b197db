/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "scan/verdict-words.h"

#include "scan/slice.h"

typedef struct _Word
{
  const gchar *text; /* lower case */
  guint8 len;
  guint8 verdict;    /* PkVerdict; NONE: turns the next one round */
  gboolean compound; /* also counts with one of the affixes below */
} Word;

#define WORD(text, verdict, compound)                                                                                  \
  {                                                                                                                    \
    text, sizeof(text) - 1, verdict, compound                                                                          \
  }

static const Word words[] = {
  WORD("drop", PK_VERDICT_DENY, TRUE),         WORD("dropped", PK_VERDICT_DENY, TRUE),
  WORD("dropping", PK_VERDICT_DENY, FALSE),    WORD("drops", PK_VERDICT_DENY, FALSE),
  WORD("deny", PK_VERDICT_DENY, TRUE),         WORD("denied", PK_VERDICT_DENY, TRUE),
  WORD("denies", PK_VERDICT_DENY, FALSE),      WORD("reject", PK_VERDICT_DENY, TRUE),
  WORD("rejected", PK_VERDICT_DENY, TRUE),     WORD("rejecting", PK_VERDICT_DENY, FALSE),
  WORD("block", PK_VERDICT_DENY, TRUE),        WORD("blocked", PK_VERDICT_DENY, TRUE),
  WORD("blocking", PK_VERDICT_DENY, FALSE),    WORD("blk", PK_VERDICT_DENY, FALSE),
  WORD("discard", PK_VERDICT_DENY, FALSE),     WORD("discarded", PK_VERDICT_DENY, FALSE),
  WORD("prohibited", PK_VERDICT_DENY, FALSE),  WORD("refused", PK_VERDICT_DENY, FALSE),
  WORD("accept", PK_VERDICT_ACCEPT, TRUE),     WORD("accepted", PK_VERDICT_ACCEPT, TRUE),
  WORD("acc", PK_VERDICT_ACCEPT, FALSE),       WORD("allow", PK_VERDICT_ACCEPT, TRUE),
  WORD("allowed", PK_VERDICT_ACCEPT, TRUE),    WORD("pass", PK_VERDICT_ACCEPT, FALSE),
  WORD("passed", PK_VERDICT_ACCEPT, FALSE),    WORD("permit", PK_VERDICT_ACCEPT, FALSE),
  WORD("permitted", PK_VERDICT_ACCEPT, FALSE), WORD("not", PK_VERDICT_NONE, FALSE),
  WORD("no", PK_VERDICT_NONE, FALSE),          WORD("non", PK_VERDICT_NONE, FALSE),
  WORD("never", PK_VERDICT_NONE, FALSE),       WORD("un", PK_VERDICT_NONE, FALSE),
};

/* What stands before or after a verdict word in one run of letters. */
static const gchar *const affixes[] = {
  "l",   "log", "logn",   "logand", "in",      "out",     "input",  "output",   "forward", "fwd",      "fw",
  "wan", "lan", "net",    "inet",   "ip",      "ipt",     "ipv",    "iptables", "nft",     "nftables", "nf",
  "ufw", "pkt", "packet", "bad",    "invalid", "default", "policy", "final",    "auto",    "src",      "dst",
  "tcp", "udp", "icmp",   "scan",   "geo",     "geoip",   "spoof",  "firewall", "rate",    "limit",    "flood",
  "new", "all", "and",    "syn",    "logged",  "packets", "ing",
};

static gboolean
_is_affix(PkSlice text)
{
  for (gsize i = 0; i < G_N_ELEMENTS(affixes); i++)
    if (pk_slice_equals_nocase(text, pk_slice_from_string(affixes[i])))
      return TRUE;
  return FALSE;
}

static gboolean
_is_compound(PkSlice run, PkSlice word)
{
  PkSlice head, tail;

  if (run.len <= word.len)
    return FALSE;
  head = pk_slice(run.data, word.len);
  tail = pk_slice_from(run, run.len - word.len);
  return (pk_slice_equals_nocase(tail, word) && _is_affix(pk_slice(run.data, run.len - word.len))) ||
         (pk_slice_equals_nocase(head, word) && _is_affix(pk_slice_from(run, word.len)));
}

static const Word *
_find_word(PkSlice run)
{
  gchar first = (gchar) (run.data[0] | 0x20);

  for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
    if (words[i].text[0] == first && pk_slice_equals_nocase(run, pk_slice(words[i].text, words[i].len)))
      return &words[i];
  for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
    if (words[i].compound && _is_compound(run, pk_slice(words[i].text, words[i].len)))
      return &words[i];
  return NULL;
}

static gsize
_count_letters(PkSlice text)
{
  gsize n = 0;

  while (n < text.len && g_ascii_isalpha(text.data[n]))
    n++;
  return n;
}

static PkVerdict
_turn_round(PkVerdict verdict)
{
  return verdict == PK_VERDICT_DENY ? PK_VERDICT_ACCEPT : PK_VERDICT_DENY;
}

PkVerdict
pk_verdict_words_read(PkSlice text, PkSlice *ret_word)
{
  PkVerdict verdict = PK_VERDICT_NONE;
  const gchar *negation = NULL;

  while (text.len)
    {
      gsize n = _count_letters(text);
      const Word *word = n ? _find_word(pk_slice(text.data, n)) : NULL;

      if (word && word->verdict != PK_VERDICT_NONE)
        {
          const gchar *start = negation ? negation : text.data;

          verdict = negation ? _turn_round((PkVerdict) word->verdict) : (PkVerdict) word->verdict;
          *ret_word = pk_slice(start, (gsize) (text.data + n - start));
        }
      if (n)
        negation = word && word->verdict == PK_VERDICT_NONE ? text.data : NULL;
      text = pk_slice_from(text, n ? n : 1);
    }
  return verdict;
}
