/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Every Linux packet filter logs through the same kernel function, so these
 * rows differ in nothing but the log prefix.  What no family claims is left to
 * the last row, netfilter. */

static const PkNetfilterSpec ufw = {
  .starts = { "[UFW " },
  .rules = {
    { "[UFW BLOCK]", NULL, PK_VERDICT_DENY, "BLOCK" },
    { "[UFW LIMIT BLOCK]", NULL, PK_VERDICT_DENY, "BLOCK" },
    { "[UFW ALLOW]", NULL, PK_VERDICT_ACCEPT, "ALLOW" },
    { "[UFW AUDIT", NULL, PK_VERDICT_NEITHER, NULL },
  },
};

const PkDialect pk_dialect_ufw = {
  .name = "ufw",
  .title = "UFW",
  .scan = pk_scan_netfilter,
  .needles = { "[UFW " },
  .netfilter = &ufw,
};

/* firewall-cmd --set-log-denied: the last part of the prefix is the verdict;
 * before it stands the name of a zone, and "drop" and "block" are such names. */
static const PkNetfilterSpec firewalld = {
  .starts = { "filter_", "FINAL_", "STATE_INVALID_", "rpfilter_", "IN_", "FWDI_", "FWDO_", "FWD_" },
  .rules = {
    { NULL, "_REJECT:", PK_VERDICT_DENY, "REJECT" },
    { NULL, "_DROP:", PK_VERDICT_DENY, "DROP" },
    { NULL, "_DENY:", PK_VERDICT_DENY, "DENY" },
    { NULL, "_ACCEPT:", PK_VERDICT_ACCEPT, "ACCEPT" },
    { NULL, "_ALLOW:", PK_VERDICT_ACCEPT, "ALLOW" },
  },
};

const PkDialect pk_dialect_firewalld = {
  .name = "firewalld",
  .title = "firewalld",
  .scan = pk_scan_netfilter,
  .needles = { "filter_IN_", "filter_FWD",
               "FINAL_REJECT:", "FINAL_DROP:", "STATE_INVALID_DROP:", "rpfilter_DROP:", "IN_public_" },
  .netfilter = &firewalld,
};

/* LOGFORMAT "Shorewall:%s:%s:", chain and verdict. */
static const PkNetfilterSpec shorewall = {
  .starts = { "Shorewall:", "Shorewall6:" },
  .rules = {
    { NULL, ":DROP:", PK_VERDICT_DENY, "DROP" },
    { NULL, ":REJECT:", PK_VERDICT_DENY, "REJECT" },
    { NULL, ":A_DROP:", PK_VERDICT_DENY, "A_DROP" },
    { NULL, ":A_REJECT:", PK_VERDICT_DENY, "A_REJECT" },
    { NULL, ":ACCEPT:", PK_VERDICT_ACCEPT, "ACCEPT" },
    { NULL, ":A_ACCEPT:", PK_VERDICT_ACCEPT, "A_ACCEPT" },
  },
};

const PkDialect pk_dialect_shorewall = {
  .name = "shorewall",
  .title = "Shorewall",
  .scan = pk_scan_netfilter,
  .needles = { "Shorewall:", "Shorewall6:" },
  .netfilter = &shorewall,
};

/* fw3 "REJECT wan in: ", before it "REJECT(src wan)", fw4 "reject wan in: ".
 * Zones have any name; what is not about wan is left to the netfilter row,
 * which comes to the same verdict. */
static const PkNetfilterSpec openwrt = {
  .starts = { "REJECT", "reject ", "DROP", "drop ", "ACCEPT", "accept " },
  .words = TRUE,
};

const PkDialect pk_dialect_openwrt = {
  .name = "openwrt",
  .title = "OpenWrt",
  .scan = pk_scan_netfilter,
  .needles = { "REJECT wan ", "reject wan ", "DROP wan ", "drop wan ", "ACCEPT wan ", "accept wan ", "REJECT(src ",
               "REJECT(dest ", "DROP(src ", "DROP(dest ", "ACCEPT(src ", "ACCEPT(dest " },
  .netfilter = &openwrt,
};

/* "[WAN_LOCAL-default-D]", "[ipv4-NAM-WAN-10-A]", and on newer UniFi
 * `[WAN_LOCAL-D-2147483647] DESCR="..."`.  The letter is the verdict; names of
 * rule sets are free and must not count.  Other letters (NAT, mangling) are no
 * verdicts. */
static const PkNetfilterSpec edgeos = {
  .starts = { "[" },
  .rules = {
    { NULL, "-D]", PK_VERDICT_DENY, "D" },
    { NULL, "-R]", PK_VERDICT_DENY, "R" },
    { NULL, "-A]", PK_VERDICT_ACCEPT, "A" },
    { NULL, "-D-#]", PK_VERDICT_DENY, "D" },
    { NULL, "-R-#]", PK_VERDICT_DENY, "R" },
    { NULL, "-A-#]", PK_VERDICT_ACCEPT, "A" },
    { NULL, "]", PK_VERDICT_NEITHER, NULL },
  },
};

const PkDialect pk_dialect_edgeos = {
  .name = "edgeos",
  .title = "EdgeOS, UniFi and VyOS",
  .scan = pk_scan_netfilter,
  .needles = { "-D]IN=", "-R]IN=", "-A]IN=", "-D] IN=", "-R] IN=", "-A] IN=", "] DESCR=\"" },
  .netfilter = &edgeos,
};

/* /var/log/pve-firewall.log: "VMID LEVEL CHAIN STAMP policy DROP: IN=...".
 * Chains are named by people ("GROUP-drop-IN"), so only the end counts. */
static const PkNetfilterSpec proxmox = {
  .starts = { "# # " },
  .rules = {
    { NULL, "DROP:", PK_VERDICT_DENY, "DROP" },
    { NULL, "REJECT:", PK_VERDICT_DENY, "REJECT" },
    { NULL, "reject:", PK_VERDICT_DENY, "reject" },
    { NULL, "drop:", PK_VERDICT_DENY, "drop" },
    { NULL, "ACCEPT:", PK_VERDICT_ACCEPT, "ACCEPT" },
    { NULL, "accept:", PK_VERDICT_ACCEPT, "accept" },
  },
  .record_time = TRUE,
};

const PkDialect pk_dialect_proxmox = {
  .name = "proxmox",
  .title = "Proxmox VE firewall",
  .scan = pk_scan_netfilter,
  .needles = { "PVEFW-", "policy DROP: ", "policy REJECT: ", "policy ACCEPT: ", "i0-IN ", "i0-OUT ", "i1-IN ",
               "i1-OUT ", "i2-IN ", "i2-OUT ", "00 DROP: ", "00 REJECT: ", "00 ACCEPT: " },
  .netfilter = &proxmox,
};

/* SuSEfirewall2: "SFW2-INext-DROP-DEFLT", "SFW2-INext-ACC-TCP".  An ILL-TARGET
 * is dropped. */
static const PkNetfilterSpec susefirewall2 = {
  .starts = { "SFW2-", "SuSE-FW-" },
  .rules = { { NULL, "-ILL-TARGET", PK_VERDICT_DENY, "ILL-TARGET" } },
  .words = TRUE,
};

const PkDialect pk_dialect_susefirewall2 = {
  .name = "susefirewall2",
  .title = "SuSEfirewall2",
  .scan = pk_scan_netfilter,
  .needles = { "SFW2-", "SuSE-FW-" },
  .netfilter = &susefirewall2,
};

/* ConfigServer Security & Firewall: "Firewall: *TCP_IN Blocked* ". */
static const PkNetfilterSpec csf = {
  .starts = { "Firewall: *" },
  .rules = { { NULL, "Blocked*", PK_VERDICT_DENY, "Blocked" } },
  .words = TRUE,
};

const PkDialect pk_dialect_csf = {
  .name = "csf",
  .title = "ConfigServer Security & Firewall",
  .scan = pk_scan_netfilter,
  .needles = { "Firewall: *" },
  .netfilter = &csf,
};

/* Whatever an administrator wrote. */
static const PkNetfilterSpec netfilter = {
  .words = TRUE,
};

const PkDialect pk_dialect_netfilter = {
  .name = "netfilter",
  .title = "Linux netfilter (iptables and nftables LOG)",
  .scan = pk_scan_netfilter,
  .needles = { " PROTO=", " DST=" },
  .netfilter = &netfilter,
};
