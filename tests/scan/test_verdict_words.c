/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "scan/guard-page.h"
#include "scan/verdict-words.h"

static void
_says(const gchar *text, PkVerdict verdict, const gchar *word)
{
  GuardPage page = guard_page_new(text, strlen(text));
  PkSlice found = PK_SLICE("untouched");

  cr_expect_eq(pk_verdict_words_read(page.text, &found), verdict, "\"%s\"", text);
  cr_expect(pk_slice_equals(found, pk_slice_from_string(word)), "\"%s\": \"%.*s\"", text, (int) found.len, found.data);
  guard_page_free(&page);
}

Test(verdict_words, a_whole_word_denies_or_accepts)
{
  _says("DROP", PK_VERDICT_DENY, "DROP");
  _says("nft-drop:", PK_VERDICT_DENY, "drop");
  _says("[fw] blk_4:", PK_VERDICT_DENY, "blk");
  _says("iptables denied: ", PK_VERDICT_DENY, "denied");
  _says("SFW2-INext-ACC-TCP", PK_VERDICT_ACCEPT, "ACC");
  _says("pass in", PK_VERDICT_ACCEPT, "pass");
}

Test(verdict_words, usual_compounds_count)
{
  _says("LOGDROP", PK_VERDICT_DENY, "LOGDROP");
  _says("LDROP", PK_VERDICT_DENY, "LDROP");
  _says("IPTDROP:", PK_VERDICT_DENY, "IPTDROP");
  _says("RejectLog", PK_VERDICT_DENY, "RejectLog");
  _says("INPUTdropped4", PK_VERDICT_DENY, "INPUTdropped");
  _says("LOGACCEPT", PK_VERDICT_ACCEPT, "LOGACCEPT");
}

Test(verdict_words, other_words_that_hold_one_do_not)
{
  static const gchar *const texts[] = { "",        "raindrop", "dropbox",  "unblock", "blockchain", "backdrop",
                                        "account", "bypass",   "passport", "audit",   "icmp-echo:", "net2fw" };

  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    _says(texts[i], PK_VERDICT_NONE, "untouched");
}

Test(verdict_words, of_several_the_last_counts)
{
  _says("INET-BLOCK permitted", PK_VERDICT_ACCEPT, "permitted");
  _says("accept-list-drop", PK_VERDICT_DENY, "drop");
}

Test(verdict_words, a_negation_turns_the_next_word_round)
{
  _says("not allowed", PK_VERDICT_DENY, "not allowed");
  _says("non-blocked", PK_VERDICT_ACCEPT, "non-blocked");
  _says("not in list, drop", PK_VERDICT_DENY, "drop");
  _says("not", PK_VERDICT_NONE, "untouched");
}
