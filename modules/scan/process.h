/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_PROCESS_H_INCLUDED
#define PK_PROCESS_H_INCLUDED

#include "port-knock/pk-dialect.h"

/* Says whether the start of a process is a sign of port knocking, or of a host's
 * firewall being opened.  What the signs are is in the tables of spec; how a
 * command is found behind others that run it is here.
 *
 * PK_SCAN_MATCH: the event is a finding and has kind, branch, subtype, the texts
 * process and ports, and what is known of destination, port and protocol; of a
 * firewall the address and the ports that it lets in.  PK_SCAN_CONTEXT: a
 * connection attempt to one port, which means nothing by itself.
 * PK_SCAN_IGNORED: nothing; the event is untouched. */

/* The part after the last slash or backslash. */
PkSlice pk_process_base_name(PkSlice image);

/* Whether word names one of packages: "knockd", "knockd=0.8-2", "knockd:amd64",
 * "./knockd_0.8.deb", "knockd-0.8" and "knockd.service", but not "knockd-notes". */
gboolean pk_process_names_package(PkSlice word, const gchar *const *packages);

/* image is the program's path, perhaps empty; command_line is as recorded. */
PkScanResult pk_process_classify(const PkProcessSpec *spec, PkSlice image, PkSlice command_line, PkEvent *event);

/* The same for a record that keeps its arguments apart. */
PkScanResult pk_process_classify_argv(const PkProcessSpec *spec, PkSlice image, const PkSlice *argv, gsize n,
                                      PkEvent *event);

/* The same for a script that an interpreter was given. */
PkScanResult pk_process_classify_script(const PkProcessSpec *spec, PkScriptLanguage language, PkSlice image,
                                        PkSlice script, PkEvent *event);

#endif
