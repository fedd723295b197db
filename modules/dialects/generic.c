/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "dialects/dialects.h"
#include "scan/scan.h"

/* Firewalls that no row is about, if they write keys that say what they mean.
 * A line counts only with both addresses, protocol and destination port, and a
 * verdict that is one word; what speaks of content is level 7. */

#define VERDICT_DENY                                                                                                   \
  "deny|denied|denies|drop|dropped|drops|block|blocked|blocks|reject|rejected|rejects|discard|discarded|refuse|"       \
  "refused|prohibit|prohibited|blackhole|drop-icmp|reset|reset-client|reset-server|reset-both|deny*packet|"            \
  "drop*packet|packet*dropped|packet*denied|packet*blocked|connection*dropped|connection*denied|"                      \
  "connection*blocked|connection*refused|connection*rejected|connection*discarded|traffic*denied|"                     \
  "traffic*dropped|traffic*blocked|access block|access denied|firewall*deny|firewall*drop|firewall*block|"             \
  "%%*deny*|%%*drop*|denied by policy|dropped by policy|blocked by policy|block without reply|silent drop|"            \
  "silently drop|net.drop|*_drop|*_deny|*_block|*_discarded|*_denied|*_dropped|*_blocked|*_rejected|*-denied|"         \
  "*-dropped|*-blocked|*-rejected|session deny|session denied|policydeny|sessiondeny|policy deny|policy denied|"       \
  "implicit deny|default deny|default drop|deny all|drop all|deny-all|drop-all|block-all|deny_all|drop_all|"           \
  "block_all|disallow|disallowed|not allowed|not permitted|forbidden|blocked by source|blocked by destination|"        \
  "blocked by rule|denied by rule|dropped by rule|denied by acl|dropped by acl|blocked by firewall|"                   \
  "dropped by firewall|denied by firewall|packet drop|packet deny|drop packet|deny packet|tcp reset|send reset|"       \
  "reject with reset|deny_*|drop_*"
#define VERDICT_ACCEPT                                                                                                 \
  "allow|allowed|allows|accept|accepted|accepts|permit|permitted|permits|pass|passed|forward|forwarded|"               \
  "access permitted|access forward|connection*allowed|connection*permitted|connection*accepted|*_allowed|"             \
  "*_permitted|*_accepted|*_allow|*_permit|*_accept|*-allowed|*-permitted|*-accepted|%%*permit*|session permit|"       \
  "policypermit|policy permit"

/* What was not done: on trial, or only seen. */
#define VERDICT_NEITHER "potential*|*would*|*simulat*|*monitor*|*alert*|*not*deny*|*not*drop*|*not*block*|*dry*run*"

static const PkTupleWord words[] = {
  { VERDICT_NEITHER, PK_VERDICT_NEITHER },
  { VERDICT_DENY, PK_VERDICT_DENY },
  { VERDICT_ACCEPT, PK_VERDICT_ACCEPT },
  { NULL, PK_VERDICT_NONE },
};

/* Whatever is blocked in these is not a packet for its port. */
#define CONTENT                                                                                                        \
  "*ips*|*ids*|*idp*|*intrusion*|*threat*|*utm*|*web*|*url*|*waf*|*virus*|*malware*|*mail*|*spam*|"                    \
  "*application*|*app-c*|*app_c*|*appcontrol*|*dlp*|*attack*|*auth*|*login*|*dns*|*proxy*|*http*|*exploit*|"           \
  "*botnet*|*anomal*|*signature*|*vulnerab*|*sandbox*|*content*|*file*|*flood*|*scan*|*rpz*|*casb*|*dbfw*|"            \
  "*database*|*sql*"

#define NO_DENY_IF_THERE(key)                                                                                          \
  {                                                                                                                    \
    key, PK_TUPLE_NO_DENY, "*"                                                                                         \
  }
#define IGNORED_IF_THERE(key)                                                                                          \
  {                                                                                                                    \
    key, PK_TUPLE_EXCEPT, "*"                                                                                          \
  }
#define NO_DENY_OF_CONTENT(key)                                                                                        \
  {                                                                                                                    \
    key, PK_TUPLE_NO_DENY, CONTENT                                                                                     \
  }
#define SOURCE(key)                                                                                                    \
  {                                                                                                                    \
    key, PK_TUPLE_SOURCE_WITH_PORT, NULL                                                                               \
  }
#define SOURCE_PORT(key)                                                                                               \
  {                                                                                                                    \
    key, PK_TUPLE_SOURCE_PORT, NULL                                                                                    \
  }
#define DEST(key)                                                                                                      \
  {                                                                                                                    \
    key, PK_TUPLE_DEST_WITH_PORT, NULL                                                                                 \
  }
#define DEST_PORT(key)                                                                                                 \
  {                                                                                                                    \
    key, PK_TUPLE_DEST_PORT, NULL                                                                                      \
  }
#define PROTOCOL(key)                                                                                                  \
  {                                                                                                                    \
    key, PK_TUPLE_PROTOCOL, NULL                                                                                       \
  }
#define ACTION(key)                                                                                                    \
  {                                                                                                                    \
    key, PK_TUPLE_ACTION, NULL                                                                                         \
  }
#define ACTION_ELSE(key)                                                                                               \
  {                                                                                                                    \
    key, PK_TUPLE_ACTION_ELSE, NULL                                                                                    \
  }
#define COUNT(key)                                                                                                     \
  {                                                                                                                    \
    key, PK_TUPLE_COUNT, NULL                                                                                          \
  }

/* Letters and digits only; see PkTupleSpec.loose. */
static const PkTupleKey aliases[] = {
  SOURCE("src"),
  SOURCE("srcip"),
  SOURCE("sourceip"),
  SOURCE("source"),
  SOURCE("srcaddr"),
  SOURCE("sourceaddr"),
  SOURCE("srcaddress"),
  SOURCE("sourceaddress"),
  SOURCE("srcipaddr"),
  SOURCE("srcipaddress"),
  SOURCE("sourceipaddr"),
  SOURCE("sourceipaddress"),
  SOURCE("srcipv4"),
  SOURCE("srcipv6"),
  SOURCE("srcv6"),
  SOURCE("saddr"),
  SOURCE("sip"),
  SOURCE("ipsrc"),
  SOURCE("connsrcip"),
  SOURCE("srccomputed"),
  SOURCE("initiatorip"),
  SOURCE("initiatoraddress"),
  SOURCE("sourceipv4address"),
  SOURCE("sourceipv6address"),
  SOURCE("ipsourceaddress"),
  SOURCE("ipsource"),
  SOURCE("csip"),
  SOURCE("clientip"),
  SOURCE("srcendpointip"),
  SOURCE("c6a2"),
  SOURCE_PORT("srcport"),
  SOURCE_PORT("sport"),
  SOURCE_PORT("spt"),
  SOURCE_PORT("sourceport"),
  SOURCE_PORT("srcprt"),
  SOURCE_PORT("sourceportnumber"),
  SOURCE_PORT("srcportnumber"),
  SOURCE_PORT("connsrcport"),
  SOURCE_PORT("initiatorport"),
  SOURCE_PORT("sourcetransportport"),
  SOURCE_PORT("tcpsourceport"),
  SOURCE_PORT("udpsourceport"),
  SOURCE_PORT("tcpsport"),
  SOURCE_PORT("udpsport"),
  SOURCE_PORT("csport"),
  SOURCE_PORT("clientport"),
  SOURCE_PORT("srcendpointport"),
  DEST("dst"),
  DEST("dstip"),
  DEST("destip"),
  DEST("destinationip"),
  DEST("dest"),
  DEST("destination"),
  DEST("dstaddr"),
  DEST("destaddr"),
  DEST("destinationaddr"),
  DEST("dstaddress"),
  DEST("destaddress"),
  DEST("destinationaddress"),
  DEST("dstipaddr"),
  DEST("dstipaddress"),
  DEST("destipaddress"),
  DEST("destinationipaddr"),
  DEST("destinationipaddress"),
  DEST("dstipv4"),
  DEST("dstipv6"),
  DEST("dstv6"),
  DEST("daddr"),
  DEST("dip"),
  DEST("ipdst"),
  DEST("conndestip"),
  DEST("responderip"),
  DEST("responderaddress"),
  DEST("destinationipv4address"),
  DEST("destinationipv6address"),
  DEST("ipdestinationaddress"),
  DEST("ipdestination"),
  DEST("targetip"),
  DEST("targetaddress"),
  DEST("cdip"),
  DEST("sdip"),
  DEST("serverip"),
  DEST("dstendpointip"),
  DEST("c6a3"),
  DEST_PORT("dstport"),
  DEST_PORT("dport"),
  DEST_PORT("dpt"),
  DEST_PORT("service"),
  DEST_PORT("destport"),
  DEST_PORT("destinationport"),
  DEST_PORT("dstprt"),
  DEST_PORT("destinationportnumber"),
  DEST_PORT("dstportnumber"),
  DEST_PORT("conndestport"),
  DEST_PORT("responderport"),
  DEST_PORT("destinationtransportport"),
  DEST_PORT("tcpdestinationport"),
  DEST_PORT("udpdestinationport"),
  DEST_PORT("tcpdport"),
  DEST_PORT("udpdport"),
  DEST_PORT("targetport"),
  DEST_PORT("cdport"),
  DEST_PORT("sdport"),
  DEST_PORT("serverport"),
  DEST_PORT("dstendpointport"),
  PROTOCOL("ipproto"),
  PROTOCOL("ipprotocol"),
  PROTOCOL("proto"),
  PROTOCOL("protocol"),
  PROTOCOL("protocolid"),
  PROTOCOL("protoid"),
  PROTOCOL("protocolnumber"),
  PROTOCOL("protocolname"),
  PROTOCOL("l4proto"),
  PROTOCOL("l4protocol"),
  PROTOCOL("transport"),
  PROTOCOL("transportprotocol"),
  PROTOCOL("networktransport"),
  PROTOCOL("networkiananumber"),
  PROTOCOL("connipproto"),
  PROTOCOL("protoname"),
  PROTOCOL("protocolidentifier"),
  PROTOCOL("protocolnum"),
  PROTOCOL("l3protocol"),
  PROTOCOL("layer4protocol"),
  { "summary", PK_TUPLE_PROTOCOL, "TCP Flags*|UDP|ICMP*" }, /* Cilium Hubble */
  { "_word", PK_TUPLE_PROTOCOL, "tcp|udp|icmp|icmpv6" },
  { "_word", PK_TUPLE_EXCEPT, "CEF:0|CEF:1|LEEF:1.0|LEEF:2.0" }, /* whose values hold blanks */
  { "icmptype", PK_TUPLE_ICMP_TYPE, NULL },
  { "icmpcode", PK_TUPLE_ICMP_CODE, NULL },
  { "tcpflags", PK_TUPLE_TCP_FLAGS, NULL },
  COUNT("count"),
  COUNT("cnt"),
  COUNT("repeatcount"),
  COUNT("matchcount"),
  COUNT("hitcount"),
  ACTION("action"),
  ACTION("act"),
  ACTION("fwaction"),
  ACTION("disp"),
  ACTION("disposition"),
  ACTION("verdict"),
  ACTION("decision"),
  ACTION("deviceaction"),
  ACTION("policyaction"),
  ACTION("ruleaction"),
  ACTION("aclaction"),
  ACTION("filteraction"),
  ACTION("firewallaction"),
  ACTION("accesscontrolruleaction"),
  ACTION("systemaction"),
  ACTION("actiontaken"),
  ACTION("trafficaction"),
  ACTION("ruleresult"),
  ACTION("policydecision"),
  ACTION("policyresult"),
  ACTION("flowaction"),
  ACTION("packetaction"),
  ACTION_ELSE("event"),
  ACTION_ELSE("eventaction"),
  ACTION_ELSE("eventtype"),
  ACTION_ELSE("eventname"),
  ACTION_ELSE("status"),
  ACTION_ELSE("result"),
  ACTION_ELSE("outcome"),
  ACTION_ELSE("subtype"),
  ACTION_ELSE("logsubtype"),
  ACTION_ELSE("note"),
  ACTION_ELSE("msg"),
  ACTION_ELSE("message"),
  ACTION_ELSE("op"),
  ACTION_ELSE("_name"),
  ACTION_ELSE("_class"),
  ACTION_ELSE("_word"),
  NO_DENY_OF_CONTENT("type"),
  NO_DENY_OF_CONTENT("logtype"),
  NO_DENY_OF_CONTENT("subtype"),
  NO_DENY_OF_CONTENT("logsubtype"),
  NO_DENY_OF_CONTENT("cat"),
  NO_DENY_OF_CONTENT("category"),
  NO_DENY_OF_CONTENT("module"),
  NO_DENY_OF_CONTENT("eventtype"),
  NO_DENY_OF_CONTENT("_name"),
  NO_DENY_OF_CONTENT("_class"),
  NO_DENY_OF_CONTENT("_product"),
  NO_DENY_IF_THERE("qtype"),
  NO_DENY_IF_THERE("queryname"),
  NO_DENY_IF_THERE("dnsquery"),
  NO_DENY_IF_THERE("subject"),
  NO_DENY_IF_THERE("recipient"),
  NO_DENY_IF_THERE("recipients"),
  NO_DENY_IF_THERE("mailfrom"),
  NO_DENY_IF_THERE("request"),
  NO_DENY_IF_THERE("requestmethod"),
  NO_DENY_IF_THERE("url"),
  NO_DENY_IF_THERE("uri"),
  NO_DENY_IF_THERE("method"),
  NO_DENY_IF_THERE("httpmethod"),
  NO_DENY_IF_THERE("useragent"),
  IGNORED_IF_THERE("fname"),
  NO_DENY_IF_THERE("filename"),
  IGNORED_IF_THERE("filehash"),
  IGNORED_IF_THERE("signature"),
  IGNORED_IF_THERE("signatureid"),
  IGNORED_IF_THERE("signaturename"),
  IGNORED_IF_THERE("attacktype"),
  IGNORED_IF_THERE("attackid"),
  IGNORED_IF_THERE("threattype"),
  IGNORED_IF_THERE("virusname"),
  IGNORED_IF_THERE("malwarename"),
  IGNORED_IF_THERE("sid"),
  IGNORED_IF_THERE("attack"),
  IGNORED_IF_THERE("attackname"),
  IGNORED_IF_THERE("threat"),
  IGNORED_IF_THERE("threatname"),
  IGNORED_IF_THERE("virus"),
  IGNORED_IF_THERE("malware"),
  IGNORED_IF_THERE("cve"),
  { "", PK_N_TUPLE_TARGETS, NULL },
};

static const PkTupleSpec generic = {
  .keys = aliases,
  .words = words,
  .strict = TRUE,
  .loose = TRUE,
  .foreign = "nat|*nat|xlate*|translat*|log|host|observer|agent|device|server|client|related|original|inner|outer",
};

/* Of each spelling the part that is the same in most. */
#define KEY_VALUE_NEEDLES                                                                                              \
  "src=\"", " src=", ",src=", ";src=", "|src=", "\tsrc=", "srcip=", "src_ip=", "src-ip=", "SrcIP=", "srcIp=",          \
      "source_ip=", "sourceip=", "source-ip=", "SourceIP=", "SrcIPAddr", "src_addr=", "srcaddr=", "saddr=",            \
      " source=", "sourceIp=", "SourceIp=", "source_address=", "source-address=", "Src=\"",                            \
      "SRC_IP=", "SRCIP=", "HIT-LOG ", "sourceIPv4Address=", "sourceIPv6Address=", "ip_src=", "csip=",                 \
      "initiator_ip=", " sip=", " s_ip=", "srcIP=", "Source=", "source_addr=", "sourceAddress=", "SourceAddress="

const PkDialect pk_dialect_generic_kv = {
  .name = "generic_kv",
  .title = "Any firewall with key=value",
  .scan = pk_scan_kv,
  .needles = { KEY_VALUE_NEEDLES },
  .tuple = &generic,
  .kv = &(const PkKvSpec){ .equals = '=', .ends = " ,;|\t" },
};

const PkDialect pk_dialect_generic_colon = {
  .name = "generic_colon",
  .title = "Any firewall with key: value",
  .scan = pk_scan_kv,
  .needles = { " src: ", "SrcIP: ", "Src IP: ", "src_ip: ", "Source IP:", "source ip: ", "SourceIP: ", "source_ip: ",
               "srcip: ", "src_ip:\"", "src:\"", "Source: ", "Source Address: ", "src ip: ", "Src-IP: ", "Source-IP: ",
               "source-ip: ", "SRC IP: ", "SRC: " },
  .tuple = &generic,
  .kv = &(const PkKvSpec){ .equals = ':', .ends = ",;|\t" },
};

const PkDialect pk_dialect_generic_json = {
  .name = "generic_json",
  .title = "Any firewall with JSON",
  .scan = pk_scan_json,
  .needles = { "\"src_ip\"",
               "\"srcip\"",
               "\"srcIp\"",
               "\"srcIP\"",
               "\"SrcIP\"",
               "\"SrcIp\"",
               "\"source_ip\"",
               "\"sourceIp\"",
               "\"sourceIP\"",
               "\"SourceIP\"",
               "\"SourceIp\"",
               "\"source.ip\"",
               "\"source\":",
               "\"source\" :",
               "\"src\":",
               "\"src_addr\"",
               "\"srcAddr\"",
               "\"source_address\"",
               "\"sourceAddress\"",
               "\"SourceAddress\"",
               "\"src-ip\"",
               "\"saddr\"",
               "\"srcaddr\"",
               "\"source.address\"",
               "\"initiator_ip\"",
               "\"src_endpoint\"",
               "\"IPSourceAddress\"",
               "\"csip\"",
               "\"sourceIPv4Address\"",
               "\"sourceIPAddress\"",
               "\"srcIpAddr\"",
               "\"SrcIpAddr\"",
               "\"ip_src\"",
               "\"client_ip\"",
               "\"sip\"",
               "\"s_ip\"",
               "\"srcAddress\"",
               "\"src_address\"" },
  .words = { "\"deny",    "\"drop",  "\"block", "\"reject", "\"discard", "\"refuse", "\"allow", "\"accept",
             "\"permit",  "denied",  "dropped", "blocked",  "rejected",  "refused",  "allowed", "accepted",
             "permitted", "-deny\"", "_deny\"", "-drop\"",  "_drop\"",   "_block\"", "-block\"" },
  .tuple = &generic,
};

const PkDialect pk_dialect_generic_cef = {
  .name = "generic_cef",
  .title = "Any firewall with CEF or LEEF",
  .scan = pk_scan_cef,
  .programs = { "CEF", "LEEF" },
  .needles = { "CEF:0|", "CEF: 0|", "CEF:1|", "LEEF:1.0|", "LEEF:2.0|", "LEEF:1|", "LEEF:2|" },
  .tuple = &generic,
};
