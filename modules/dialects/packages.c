/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "dialects/tools.h"
#include "scan/scan.h"

/* What package managers log.  Names are those of Debian, Fedora, EPEL, openSUSE
 * and Arch. */

#define PACKAGES                                                                                                       \
  .packages = { "knockd", "knock", "knock-server", "fwknop", "fwknop-server", "fwknop-client", "fwknopd" },            \
  .finding = { PK_EVENT_KNOCK_TOOL_INSTALLED, PK_BRANCH_KNOCKD_GENERAL_ACTIVITY, "package_install" }

/* The first two words may have been taken for a host's name and a tag, so that
 * a needle is the package's name and what follows it.
 *
 * dpkg.log: "2026-11-22 21:55:27 install knockd:amd64 <none> 0.8-2" */
static const PkPackageSpec DPKG = {
  .leads = { "install ", "status installed " },
  .anchored = TRUE,
  PACKAGES,
};

const PkDialect pk_dialect_dpkg = {
  .name = "dpkg",
  .title = "dpkg.log",
  .scan = pk_scan_package,
  .needles = { "knockd:", "knock:", "fwknop-server:", "fwknop-client:", "knockd <none>", "fwknop-server <none>" },
  .package = &DPKG,
};

/* history.log, of which each line is a message: "Install: a:amd64 (1, automatic), knockd:amd64 (0.8-2)" */
static const PkPackageSpec APT = {
  .leads = { "Install: ", "Reinstall: " },
  .separator = "), ",
  PACKAGES,
  .command_lead = "Commandline: ",
  .process = &pk_knock_commands,
};

const PkDialect pk_dialect_apt = {
  .name = "apt",
  .title = "apt history.log",
  .scan = pk_scan_package,
  .programs = { "Install", "Reinstall", "Commandline" },
  .needles = { "Install: ", "Reinstall: ", "Commandline: " },
  .words = { "knock", "fwknop" },
  .package = &APT,
};

/* yum.log "Installed: knock-0.8-3.el7.x86_64", dnf.rpm.log the same after a level, zypp/history
 * "2026-06-03 10:01:22|install|knockd|0.8-1|x86_64|" */
static const PkPackageSpec RPM = {
  .leads = { "Installed: ", "Reinstalled: ", "|install|" },
  PACKAGES,
};

const PkDialect pk_dialect_rpm = {
  .name = "rpm",
  .title = "yum.log, dnf.rpm.log, zypp history",
  .scan = pk_scan_package,
  .programs = { "Installed", "Reinstalled" },
  .needles = { "Installed: ", "Reinstalled: ", "|install|" },
  .words = { "knock", "fwknop" },
  .package = &RPM,
};

/* "[2026-06-03T10:01:22+0200] [ALPM] installed knockd (0.8-1)" */
static const PkPackageSpec PACMAN = {
  .leads = { "[ALPM] installed ", "[ALPM] reinstalled " },
  PACKAGES,
};

const PkDialect pk_dialect_pacman = {
  .name = "pacman",
  .title = "pacman.log",
  .scan = pk_scan_package,
  .needles = { "[ALPM] installed ", "[ALPM] reinstalled " },
  .package = &PACMAN,
};
