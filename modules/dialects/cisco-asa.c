/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Cisco ASA, PIX, FWSM, and FTD's LINA side: "%ASA-4-106023: Deny tcp src ...",
 * with a class in the tag "%ASA-session-4-106023: ".  Each message id has a
 * grammar of its own, as Cisco's syslog message guides give it.
 *
 * An end is "interface:address/port", and after it may stand the same end
 * translated, "(192.0.2.1/1024)", or a user, "(LOCAL\user)": what counts is
 * the packet as it came.  Names stand for addresses where the device has
 * "names" configured, and for ports that are well known.
 *
 * Denied logins, AAA, IPS, URLs and rates are other ids, and say nothing here. */
#define DENY PK_VERDICT_DENY
#define ACCEPT PK_VERDICT_ACCEPT

static const PkPattern asa_patterns[] = {
  /* What comes most often comes first. */
  { "106023", "Deny protocol {proto#} src {if}:{source} dst {if}:{dest} by access-group ", DENY, "Deny" },
  { "106023", "Deny {proto!} src {if}:{source} dst {if}:{dest} by access-group ", DENY, "Deny" },
  { "106023", "Deny {proto!} src {source} dst {dest} by access-group ", DENY, "Deny" },
  /* Ports of ICMP are its type and code. */
  { "106100", "access-list {acl!} {action!} {proto!} {if}/{source} -> {if}/{dest} hit-cnt {count#}", PK_VERDICT_NONE,
    NULL },
  /* The initiator is the inside end of what is outbound. */
  { "302013", "Built inbound {proto!} connection {number#} for {if}:{source} to {if}:{dest}", ACCEPT, "Built" },
  { "302013", "Built outbound {proto!} connection {number#} for {if}:{dest} to {if}:{source}", ACCEPT, "Built" },
  { "302015", "Built inbound {proto!} connection {number#} for {if}:{source} to {if}:{dest}", ACCEPT, "Built" },
  { "302015", "Built outbound {proto!} connection {number#} for {if}:{dest} to {if}:{source}", ACCEPT, "Built" },
  { "302014", "Teardown ", PK_VERDICT_NEITHER, NULL },
  { "302016", "Teardown ", PK_VERDICT_NEITHER, NULL },

  { "106001", "Inbound {proto!} connection denied from {source} to {dest} flags {flags} on interface ", DENY,
    "denied" },
  { "106001", "Inbound {proto!} connection denied from {source} to {dest} flags ", DENY, "denied" },
  { "106002", "{proto!} {connection!} denied by outbound list {acl!} src {source@} {sport#} dest {dest@} {dport#}",
    DENY, "denied" },
  { "106002", "{proto!} {connection!} denied by outbound list {acl!} src {source} dest {dest}", DENY, "denied" },
  { "106006", "Deny inbound {proto!} from {source} to {dest}", DENY, "Deny" },
  { "106007", "Deny inbound {proto!} from {source} to {dest}", DENY, "Deny" },
  { "106010", "Deny inbound protocol {proto#} src {if}:{source} dst {if}:{dest}", DENY, "Deny" },
  { "106010", "Deny inbound {proto!} src {if}:{source} dst {if}:{dest}", DENY, "Deny" },
  { "106010", "Deny inbound {proto!} src {source} dst {dest}", DENY, "Deny" },
  { "106010", "Deny inbound {proto!} from {source} to {dest}", DENY, "Deny" },
  { "106011", "Deny inbound (No xlate) protocol {proto#} src {if}:{source} dst {if}:{dest}", DENY, "Deny" },
  { "106011", "Deny inbound (No xlate) {proto!} src {if}:{source} dst {if}:{dest}", DENY, "Deny" },
  { "106012", "Deny IP from {source} to {dest}, IP options", DENY, "Deny" },
  { "106013", "Dropping echo request from {source} to PAT address {dest}{proto=icmp}{type=8}{code=0}", DENY,
    "Dropping" },
  { "106014", "Deny inbound {proto!} src {if}:{source} dst {if}:{dest}", DENY, "Deny" },
  { "106015", "Deny {proto!} (no connection) from {source} to {dest} flags {flags} on interface ", DENY, "Deny" },
  { "106015", "Deny {proto!} (no connection) from {source} to {dest} flags ", DENY, "Deny" },
  { "106016", "Deny IP spoof from ({source}) to {dest}", DENY, "Deny" },
  { "106017", "Deny IP due to Land Attack from {source} to {dest}", DENY, "Deny" },
  { "106018", "ICMP packet type {type#} denied by outbound list {acl!} src {source} dest {dest}{proto=icmp}", DENY,
    "denied" },
  { "106020", "Deny IP teardrop fragment ({any}) from {source} to {dest}", DENY, "Deny" },
  { "106021", "Deny protocol {proto#} reverse path check from {source} to {dest}", DENY, "Deny" },
  { "106021", "Deny {proto!} reverse path check from {source} to {dest}", DENY, "Deny" },
  { "106022", "Deny protocol {proto#} connection spoof from {source} to {dest}", DENY, "Deny" },
  { "106022", "Deny {proto!} connection spoof from {source} to {dest}", DENY, "Deny" },
  { "106102", "access-list {acl!} {action!} {proto!} for user {if}/{source} -> {if}/{dest} hit-cnt {count#}",
    PK_VERDICT_NONE, NULL },
  { "106102",
    "access-list {acl!} {action!} {proto!} for user {if}/{source@} {sport#} {if}/{dest@} {dport#} hit-cnt "
    "{count#}",
    PK_VERDICT_NONE, NULL },
  { "106103", "access-list {acl!} {action!} {proto!} for user {if}/{source} -> {if}/{dest} hit-cnt {count#}",
    PK_VERDICT_NONE, NULL },
  { "106103",
    "access-list {acl!} {action!} {proto!} for user {if}/{source@} {sport#} {if}/{dest@} {dport#} hit-cnt "
    "{count#}",
    PK_VERDICT_NONE, NULL },
  /* No destination: the device itself. */
  { "313001", "Denied {proto!} type={type#}, code={code#} from {source} on interface ", DENY, "Denied" },
  { "313004", "Denied {proto!} type={type#}, from {laddr!} {source@} on interface {if} to {dest}: ", DENY, "Denied" },
  { "313004", "Denied {proto!} type={type#}, from {source} on interface {if} to {dest}:", DENY, "Denied" },
  { "313008", "Denied {proto!} type={type#}, code={code#} from {source} on interface ", DENY, "Denied" },
  { "313009",
    "Denied invalid {proto!} code {code#}, for {if}:{source} to {if}:{dest}, ICMP id {id#}, ICMP type "
    "{type#}",
    DENY, "Denied" },
  { "338005", "Dynamic {filter!} dropped {list!} {proto!} traffic from {if}:{source} to {if}:{dest}", DENY, "dropped" },
  { "338006", "Dynamic {filter!} dropped {list!} {proto!} traffic from {if}:{source} to {if}:{dest}", DENY, "dropped" },
  { "338007", "Dynamic {filter!} dropped {list!} {proto!} traffic from {if}:{source} to {if}:{dest}", DENY, "dropped" },
  { "338008", "Dynamic {filter!} dropped {list!} {proto!} traffic from {if}:{source} to {if}:{dest}", DENY, "dropped" },
  { "338203", "Dynamic {filter!} dropped {list!} {proto!} traffic from {if}:{source} to {if}:{dest}", DENY, "dropped" },
  { "338204", "Dynamic {filter!} dropped {list!} {proto!} traffic from {if}:{source} to {if}:{dest}", DENY, "dropped" },
  { "410001", "Dropped {proto!} DNS {what!} from {if}:{source} to {if}:{dest}; ", DENY, "Dropped" },
  { "410001", "{proto!} DNS {what!} from {if}:{source} to {if}:{dest}; ", DENY, "DNS" },
  { "419001", "Dropping {proto!} packet from {if}:{source} to {if}:{dest}, reason: ", DENY, "Dropping" },
  { "421001", "{proto!} {what!} from {if}:{source} to {if}:{dest} is dropped because ", DENY, "dropped" },
  { "710003", "{proto!} access denied by ACL from {source} to {if}:{dest}", DENY, "denied" },
  { "710005", "{proto!} request discarded from {source} to {if}:{dest}", DENY, "discarded" },
  { "710006", "{proto!} request discarded from {source} to {if}:{dest}", DENY, "discarded" },
  { "710002", "{proto!} access permitted from {source} to {if}:{dest}", ACCEPT, "permitted" },
  { NULL, NULL, PK_VERDICT_NONE, NULL },
};

static const PkPatternSpec asa_pattern = {
  .leads = { "%ASA-{id} ", "%FTD-{id} ", "%PIX-{id} ", "%FWSM-{id} ",
             "ASA-{id}: ", "FTD-{id}: ", "PIX-{id}: ", "FWSM-{id}: " },
  .patterns = asa_patterns,
  .finds = { "(type {type#}, code {code#})", "(Message repeated {count#} times)" },
  .bare = TRUE,
  .otherwise = PK_SCAN_IGNORED,
};

static const PkTupleKey asa_keys[] = {
  { "source", PK_TUPLE_SOURCE_WITH_PORT, NULL },
  { "sport", PK_TUPLE_SOURCE_PORT, NULL },
  { "dest", PK_TUPLE_DEST_WITH_PORT, NULL },
  { "dport", PK_TUPLE_DEST_PORT, NULL },
  { "proto", PK_TUPLE_PROTOCOL, NULL },
  { "action", PK_TUPLE_ACTION, NULL },
  { "count", PK_TUPLE_COUNT, NULL },
  { "flags", PK_TUPLE_TCP_FLAGS, NULL },
  { "type", PK_TUPLE_ICMP_TYPE, NULL },
  { "code", PK_TUPLE_ICMP_CODE, NULL },
  { "", PK_N_TUPLE_TARGETS, NULL },
};

static const PkTupleWord asa_words[] = {
  { "denied", PK_VERDICT_DENY },
  { "permitted|est-allowed", PK_VERDICT_ACCEPT },
  { NULL, PK_VERDICT_NONE },
};

static const PkTupleSpec asa_tuple = {
  .keys = asa_keys,
  .words = asa_words,
  .optional = PK_HAS_DEST,
  .icmp_in_ports = TRUE,
};

/* The sentences are for lines whose tag a relay took away. */
const PkDialect pk_dialect_cisco_asa = {
  .name = "cisco_asa",
  .title = "Cisco ASA, FTD, PIX and FWSM",
  .scan = pk_scan_pattern,
  .needles = { "%ASA-",
               "%FTD-",
               "%PIX-",
               "%FWSM-",
               "Deny inbound ",
               "Deny TCP (no conn",
               "Deny IP spoof from ",
               "Deny IP due to Land ",
               "Deny IP teardrop ",
               " by access-group ",
               " reverse path check from ",
               " connection denied from ",
               " connection spoof from ",
               "Denied ICMP type=",
               " hit-cnt ",
               "Dynamic Filter dropped ",
               " access denied by ACL from ",
               " request discarded from ",
               " access permitted from ",
               "Built inbound ",
               "Built outbound " },
  .pattern = &asa_pattern,
  .tuple = &asa_tuple,
};
