/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_STATE_FILE_H_INCLUDED
#define PK_STATE_FILE_H_INCLUDED

#include "engine/table.h"

/* A table as a file.
 *
 * Layout, version 2, numbers little-endian, nothing aligned:
 *
 *   8 bytes   "port-knk"
 *   4 bytes   version
 *   8 bytes   bytes that follow the header
 *   4 bytes   their CRC-32, as zlib makes it
 *   16 bytes  whose machine it is, a hash; all zero: not told
 *   4 bytes   CRC-32 of the 40 bytes before
 *
 * and sections, each of 1 byte kind, 4 bytes number of records, 8 bytes length,
 * and the records: what is common to all (when it was written, and the secrets of
 * the keyed hashes, under which everything else is kept; so the file has mode
 * 0600), and for each shard sources with their hits, and the tables beside them,
 * each kind in one section or more.  Which
 * kinds there are stands in state-codec.h; what is in a record stands where it
 * is written: shard-state.c, crowd.c, ledger-state.c, reports.c, table-state.c.
 *
 * A change of a record is a new version.  A newer one than this is refused, and
 * so is an older one: version 1, which no release wrote. */

#define PK_STATE_VERSION 2
#define PK_STATE_HEADER_BYTES 44

/* Sets *error, PK_STATE_ERROR_IO, to what could not be done with path, and why, by errno.  Returns FALSE. */
gboolean pk_state_report(GError **error, const gchar *what, const gchar *path);

/* A header for what follows; machine may be empty. */
void pk_state_file_make_header(const guint8 *body, gsize len, PkSlice machine,
                               guint8 ret_header[PK_STATE_HEADER_BYTES]);

/* path is written beside itself (path + ".tmp"), with mode 0600, brought to the
 * disk, renamed, and the folder brought to the disk: at any time path is the old
 * file or the new one, whole.  *ret_bytes: its size.  FALSE with *error set,
 * PK_STATE_ERROR_IO: path is as it was. */
gboolean pk_state_file_write(PkTable *table, const gchar *path, PkSlice machine, gint64 now_usec, guint64 *ret_bytes,
                             GError **error);

/* Errors as of pk_engine_new_from_file(). */
PkTable *pk_state_file_read(const PkOptions *options, const gchar *path, PkSlice machine, gint64 now_usec,
                            GError **error);

/* The same of bytes that were read. */
PkTable *pk_state_file_parse(const PkOptions *options, const guint8 *data, gsize len, PkSlice machine, gint64 now_usec,
                             GError **error);

#endif
