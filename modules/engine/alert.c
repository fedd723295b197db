/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/alert.h"

#include <string.h>

#include "engine/window.h"

#define LAYOUT_VERSION 1

static gboolean
_is_listed(const PkPort *ports, guint n, const PkPort *port)
{
  for (guint i = 0; i < n; i++)
    if (pk_port_equals(&ports[i], port))
      return TRUE;
  return FALSE;
}

guint
pk_alert_list_ports(const PkAlert *alert, PkPort ret_ports[PK_HITS_MAX])
{
  guint n = 0;

  for (guint i = 0; i < alert->n_attempts; i++)
    if (!_is_listed(ret_ports, n, &alert->attempts[i]))
      ret_ports[n++] = alert->attempts[i];
  return n;
}

static void
_append_number(GByteArray *bytes, guint64 number, guint n)
{
  while (n-- > 0)
    {
      guint8 byte = (guint8) (number >> (8 * n));

      g_byte_array_append(bytes, &byte, 1);
    }
}

static void
_append_ports(GByteArray *bytes, const PkAlert *alert)
{
  PkPort ports[PK_HITS_MAX];
  guint n = pk_alert_list_ports(alert, ports);

  _append_number(bytes, n, 1);
  for (guint i = 0; i < n; i++)
    {
      _append_number(bytes, ports[i].protocol, 1);
      _append_number(bytes, ports[i].icmp_type, 1);
      _append_number(bytes, ports[i].icmp_code, 1);
      _append_number(bytes, ports[i].port, 2);
    }
}

void
pk_alert_identify(PkAlert *alert)
{
  GByteArray *bytes = g_byte_array_new();
  GChecksum *sha256 = g_checksum_new(G_CHECKSUM_SHA256);
  gsize scope_len = strlen(alert->scope);
  guint8 digest[32];
  gsize digest_len = sizeof(digest);

  _append_number(bytes, LAYOUT_VERSION, 1);
  _append_number(bytes, scope_len, 1);
  g_byte_array_append(bytes, (const guint8 *) alert->scope, (guint) scope_len);
  g_byte_array_append(bytes, alert->source.bytes, sizeof(alert->source.bytes));
  g_byte_array_append(bytes, alert->dest.bytes, sizeof(alert->dest.bytes));
  _append_ports(bytes, alert);
  _append_number(bytes, (guint64) (alert->window_start_usec / G_USEC_PER_SEC), 8);
  g_checksum_update(sha256, bytes->data, bytes->len);
  g_checksum_get_digest(sha256, digest, &digest_len);
  memcpy(alert->id, digest, sizeof(alert->id));
  g_checksum_free(sha256);
  g_byte_array_unref(bytes);
}

static gchar
_plain(gchar c)
{
  return g_ascii_isalnum(c) || c == '.' || c == '_' || c == '/' || c == '-' ? c : '_';
}

void
pk_alert_add_evidence(PkAlert *alert, const gchar *name, PkSlice value)
{
  gsize len = strlen(alert->evidence), name_len = strlen(name);
  gchar *end = alert->evidence + len;

  if (len + 1 + name_len + 1 + value.len >= sizeof(alert->evidence))
    return;
  if (len > 0)
    *end++ = ',';
  memcpy(end, name, name_len);
  end += name_len;
  if (value.len > 0)
    *end++ = ':';
  for (gsize i = 0; i < value.len; i++)
    *end++ = _plain(value.data[i]);
  *end = '\0';
}
