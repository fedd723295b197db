/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "engine/state-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "engine/state-codec.h"

#define MAGIC "port-knk"
#define MAGIC_BYTES 8
#define MACHINE_BYTES 16
/* More than the greatest caps can fill. */
#define FILE_BYTES_MAX ((goffset) 1 << 32)
/* zlib counts in 32 bits. */
#define CRC_BYTES_MAX (1 << 30)

G_DEFINE_QUARK(pk - state - error - quark, pk_state_error)

/* ---- header ------------------------------------------------------------------- */

static guint32
_add_to_crc(guint32 crc, const guint8 *data, gsize len)
{
  for (; len > CRC_BYTES_MAX; data += CRC_BYTES_MAX, len -= CRC_BYTES_MAX)
    crc = (guint32) crc32(crc, data, CRC_BYTES_MAX);
  return (guint32) crc32(crc, data, (uInt) len);
}

static void
_hash_machine(PkSlice machine, guint8 ret_hash[MACHINE_BYTES])
{
  GChecksum *checksum;
  guint8 digest[32];
  gsize len = sizeof(digest);

  memset(ret_hash, 0, MACHINE_BYTES);
  if (machine.len == 0)
    return;
  checksum = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(checksum, (const guchar *) machine.data, (gssize) machine.len);
  g_checksum_get_digest(checksum, digest, &len);
  memcpy(ret_hash, digest, MACHINE_BYTES);
  g_checksum_free(checksum);
}

static void
_make_header(guint64 body_bytes, guint32 crc, PkSlice machine, guint8 ret_header[PK_STATE_HEADER_BYTES])
{
  PkStateWriter writer = { 0 };
  guint8 hash[MACHINE_BYTES];

  _hash_machine(machine, hash);
  pk_state_put_bytes(&writer, MAGIC, MAGIC_BYTES);
  pk_state_put_u32(&writer, PK_STATE_VERSION);
  pk_state_put_u64(&writer, body_bytes);
  pk_state_put_u32(&writer, crc);
  pk_state_put_bytes(&writer, hash, sizeof(hash));
  pk_state_put_u32(&writer, _add_to_crc(0, writer.data, writer.len));
  memcpy(ret_header, writer.data, PK_STATE_HEADER_BYTES);
  pk_state_writer_clear(&writer);
}

void
pk_state_file_make_header(const guint8 *body, gsize len, PkSlice machine, guint8 ret_header[PK_STATE_HEADER_BYTES])
{
  _make_header(len, _add_to_crc(0, body, len), machine, ret_header);
}

static gboolean
_refuse(GError **error, const gchar *reason)
{
  g_set_error_literal(error, PK_STATE_ERROR, PK_STATE_ERROR_REFUSED, reason);
  return FALSE;
}

/* The version before the checksums: a newer one may have others. */
static gboolean
_check_header(const guint8 *data, gsize len, PkSlice machine, GError **error)
{
  PkStateReader reader = { .at = data, .end = len ? data + len : data };
  gchar magic[MAGIC_BYTES];
  guint8 hash[MACHINE_BYTES], own_hash[MACHINE_BYTES], zero[MACHINE_BYTES] = { 0 };
  guint32 version, crc;
  guint64 body_bytes;

  pk_state_get_bytes(&reader, magic, sizeof(magic));
  if (len > 0 && (reader.failed || memcmp(magic, MAGIC, sizeof(magic)) != 0))
    return _refuse(error, "it is no state file");
  version = pk_state_get_u32(&reader);
  if (!reader.failed && version != PK_STATE_VERSION)
    return _refuse(error, version > PK_STATE_VERSION ? "a newer version of port-knock wrote it"
                                                     : "an older version of port-knock wrote it");
  body_bytes = pk_state_get_u64(&reader);
  crc = pk_state_get_u32(&reader);
  pk_state_get_bytes(&reader, hash, sizeof(hash));
  if (pk_state_get_u32(&reader) != _add_to_crc(0, data, MIN(len, PK_STATE_HEADER_BYTES - sizeof(guint32))) ||
      reader.failed || body_bytes != len - PK_STATE_HEADER_BYTES)
    return _refuse(error, "it was cut off, or damaged");
  if (crc != _add_to_crc(0, data + PK_STATE_HEADER_BYTES, len - PK_STATE_HEADER_BYTES))
    return _refuse(error, "it is damaged, its checksum is wrong");
  _hash_machine(machine, own_hash);
  if (machine.len && memcmp(hash, zero, sizeof(hash)) != 0 && memcmp(hash, own_hash, sizeof(hash)) != 0)
    return _refuse(error, "it is another machine's");
  return TRUE;
}

/* ---- writing ------------------------------------------------------------------- */

/* A file on its way to the disk. */
typedef struct _Output
{
  gint fd;
  const gchar *path; /* for errors, borrowed */
  guint32 crc;
  guint64 bytes;
} Output;

gboolean
pk_state_report(GError **error, const gchar *what, const gchar *path)
{
  gint number = errno;

  g_set_error(error, PK_STATE_ERROR, PK_STATE_ERROR_IO, "%s %s: %s", what, path, g_strerror(number));
  return FALSE;
}

static gboolean
_write_all(Output *self, const guint8 *data, gsize len, GError **error)
{
  while (len)
    {
      gssize written = write(self->fd, data, len);

      if (written < 0 && errno != EINTR)
        return pk_state_report(error, "cannot write", self->path);
      data += MAX(written, 0);
      len -= (gsize) MAX(written, 0);
    }
  return TRUE;
}

static gboolean
_take(const guint8 *data, gsize len, gpointer user_data, GError **error)
{
  Output *self = user_data;

  self->crc = _add_to_crc(self->crc, data, len);
  self->bytes += len;
  return _write_all(self, data, len, error);
}

/* The header tells what follows it, so it is written last, over zeros that stood for it. */
static gboolean
_write_content(Output *self, PkTable *table, PkSlice machine, gint64 now_usec, GError **error)
{
  guint8 header[PK_STATE_HEADER_BYTES] = { 0 };

  if (!_write_all(self, header, sizeof(header), error) || !pk_table_write(table, now_usec, _take, self, error))
    return FALSE;
  _make_header(self->bytes, self->crc, machine, header);
  if (lseek(self->fd, 0, SEEK_SET) < 0)
    return pk_state_report(error, "cannot write", self->path);
  if (!_write_all(self, header, sizeof(header), error))
    return FALSE;
  return fsync(self->fd) == 0 || pk_state_report(error, "cannot write", self->path);
}

/* What a rename did is on the disk when its folder is. */
static gboolean
_sync_folder(const gchar *path, GError **error)
{
  gchar *folder = g_path_get_dirname(path);
  gint fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);

  if (!ok)
    pk_state_report(error, "cannot write the folder", folder);
  if (fd >= 0)
    close(fd);
  g_free(folder);
  return ok;
}

/* A file that was left behind is removed, not written to: it may be anybody's, or lead elsewhere. */
static gint
_create(const gchar *path)
{
  unlink(path);
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
}

static gboolean
_close(Output *self, gboolean ok, GError **error)
{
  if (close(self->fd) == 0 || !ok)
    return ok;
  return pk_state_report(error, "cannot write", self->path);
}

static gboolean
_write_beside(Output *self, PkTable *table, const gchar *path, PkSlice machine, gint64 now_usec, GError **error)
{
  gboolean ok;

  self->fd = _create(self->path);
  if (self->fd < 0)
    return pk_state_report(error, "cannot create", self->path);
  ok = _write_content(self, table, machine, now_usec, error);
  ok = _close(self, ok, error);
  if (ok && rename(self->path, path) != 0)
    ok = pk_state_report(error, "cannot replace", path);
  if (!ok)
    unlink(self->path);
  return ok;
}

gboolean
pk_state_file_write(PkTable *table, const gchar *path, PkSlice machine, gint64 now_usec, guint64 *ret_bytes,
                    GError **error)
{
  gchar *beside = g_strconcat(path, ".tmp", NULL);
  Output output = { .path = beside };
  gboolean ok = _write_beside(&output, table, path, machine, now_usec, error) && _sync_folder(path, error);

  if (ok)
    *ret_bytes = output.bytes + PK_STATE_HEADER_BYTES;
  g_free(beside);
  return ok;
}

/* ---- reading ------------------------------------------------------------------- */

PkTable *
pk_state_file_parse(const PkOptions *options, const guint8 *data, gsize len, PkSlice machine, gint64 now_usec,
                    GError **error)
{
  if (!_check_header(data, len, machine, error))
    return NULL;
  return pk_table_new_from_state(options, data + PK_STATE_HEADER_BYTES, len - PK_STATE_HEADER_BYTES, now_usec, error);
}

/* Whoever may write to it could make up alerts. */
static gboolean
_check_owner(const struct stat *status, GError **error)
{
  if (!S_ISREG(status->st_mode))
    return _refuse(error, "it is no regular file");
  if (status->st_uid != geteuid() && status->st_uid != 0)
    return _refuse(error, "it belongs to another user");
  if (status->st_mode & (S_IWGRP | S_IWOTH))
    return _refuse(error, "others than its owner may write to it");
  if (status->st_size > FILE_BYTES_MAX)
    return _refuse(error, "it is too large");
  return TRUE;
}

static gboolean
_read_all(gint fd, guint8 *data, gsize len, const gchar *path, GError **error)
{
  while (len)
    {
      gssize n = read(fd, data, len);

      if (n < 0 && errno != EINTR)
        return pk_state_report(error, "cannot read", path);
      if (n == 0)
        return _refuse(error, "it was cut off while it was read");
      data += MAX(n, 0);
      len -= (gsize) MAX(n, 0);
    }
  return TRUE;
}

static PkTable *
_read_file(gint fd, const PkOptions *options, const gchar *path, PkSlice machine, gint64 now_usec, GError **error)
{
  PkTable *table = NULL;
  struct stat status;
  guint8 *data;

  if (fstat(fd, &status) != 0)
    {
      pk_state_report(error, "cannot read", path);
      return NULL;
    }
  if (!_check_owner(&status, error))
    return NULL;
  data = g_try_malloc((gsize) status.st_size + 1);
  if (!data)
    {
      errno = ENOMEM;
      pk_state_report(error, "cannot read", path);
    }
  else if (_read_all(fd, data, (gsize) status.st_size, path, error))
    table = pk_state_file_parse(options, data, (gsize) status.st_size, machine, now_usec, error);
  g_free(data);
  return table;
}

PkTable *
pk_state_file_read(const PkOptions *options, const gchar *path, PkSlice machine, gint64 now_usec, GError **error)
{
  gint fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  PkTable *table;

  if (fd >= 0)
    {
      table = _read_file(fd, options, path, machine, now_usec, error);
      close(fd);
      return table;
    }
  if (errno == ENOENT)
    g_set_error(error, PK_STATE_ERROR, PK_STATE_ERROR_NONE, "there is no %s", path);
  else if (errno == ELOOP)
    _refuse(error, "it is a symbolic link");
  else
    pk_state_report(error, "cannot read", path);
  return NULL;
}

gboolean
pk_state_set_aside(const gchar *path, const gchar *word, gchar **ret_path, GError **error)
{
  gchar *aside = g_strconcat(path, word, NULL);

  if (rename(path, aside) != 0)
    {
      pk_state_report(error, "cannot rename", path);
      g_free(aside);
      return FALSE;
    }
  *ret_path = aside;
  return TRUE;
}
