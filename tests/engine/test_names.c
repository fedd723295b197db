/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include <criterion/criterion.h>

#include "engine/names.h"
#include "scan/slice.h"

static const guint8 SECRET[16] = { 1, 2, 3 };
static PkNames *names;

static void
_begin(void)
{
  names = pk_names_new(SECRET);
}

static void
_end(void)
{
  pk_names_free(names);
}

TestSuite(names, .init = _begin, .fini = _end);

static PkNameId
_get_id(const gchar *name)
{
  return pk_names_get_id(names, pk_slice_from_string(name));
}

Test(names, a_name_has_one_number_and_a_number_one_name)
{
  PkNameId gw = _get_id("gw"), other = _get_id("other");

  cr_expect_neq(gw, 0);
  cr_expect_neq(gw, other);
  cr_expect_eq(_get_id("gw"), gw);
  cr_expect_str_eq(pk_names_get_text(names, gw), "gw");
  cr_expect_str_eq(pk_names_get_text(names, other), "other");
}

Test(names, an_empty_name_is_none)
{
  cr_expect_eq(_get_id(""), 0);
  cr_expect_eq(pk_names_get_id(names, pk_slice(NULL, 0)), 0);
  cr_expect_str_eq(pk_names_get_text(names, 0), "");
}

Test(names, a_long_name_is_cut)
{
  gchar *longest = g_strnfill(PK_NAME_BYTES - 1, 'h'), *longer = g_strnfill(5000, 'h');
  PkNameId id = _get_id(longer);

  cr_expect_str_eq(pk_names_get_text(names, id), longest);
  cr_expect_eq(_get_id(longest), id);
  g_free(longest);
  g_free(longer);
}

Test(names, the_beginning_of_a_name_is_another_name)
{
  PkNameId id = _get_id("gateway");

  cr_expect_neq(_get_id("gate"), id);
  cr_expect_str_eq(pk_names_get_text(names, id), "gateway");
}

Test(names, a_forgotten_name_stands_for_no_name_and_never_for_another)
{
  enum
  {
    N = 20000
  };
  PkNameId *ids = g_new(PkNameId, N);
  guint forgotten = 0;
  gchar name[32];

  for (guint i = 0; i < N; i++)
    {
      g_snprintf(name, sizeof(name), "host-%u", i);
      ids[i] = _get_id(name);
      cr_assert_str_eq(pk_names_get_text(names, ids[i]), name);
    }
  for (guint i = 0; i < N; i++)
    {
      const gchar *text = pk_names_get_text(names, ids[i]);

      g_snprintf(name, sizeof(name), "host-%u", i);
      cr_assert(text[0] == '\0' || g_str_equal(text, name), "%s is %s", name, text);
      forgotten += text[0] == '\0';
    }
  cr_expect_geq(forgotten, N - 1024);
  cr_expect_lt(forgotten, N - 500, "most places are in use");
  g_free(ids);
}

Test(names, a_name_in_use_outlives_a_flood_of_others)
{
  PkNameId id = _get_id("gw");
  gchar name[32];

  for (guint i = 0; i < 20000; i++)
    {
      g_snprintf(name, sizeof(name), "host-%u", i);
      _get_id(name);
      if (i % 100 == 0)
        cr_assert_eq(_get_id("gw"), id, "forgotten after %u", i);
    }
}
