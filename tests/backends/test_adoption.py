#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""conf.d/adoption and doc/adoption.md: the ways into a relay, and out of it."""

import re
import unittest

from backend import BackendTest, Relay, SOURCE_DIR, shipped, wait_for, with_values

NETWORK = "network(ip(127.0.0.1) port({port}) transport(tcp) max-connections(100));"
DEBIAN = """
@include "scl.conf"
options {{ keep-hostname(yes); }};
{source}
destination d_auth {{ file("{{dir}}/auth.log" template("$TAGS $MSGHDR$MSG\\n")); }};
destination d_kern {{ file("{{dir}}/kern.log" template("$TAGS $MSGHDR$MSG\\n")); }};
filter f_auth {{ facility(auth, authpriv); }};
filter f_kern {{ facility(kern); }};
log {{ source(s_src); filter(f_auth); destination(d_auth); }};
log {{ source(s_src); filter(f_kern); destination(d_kern); }};
"""


class Adoption(BackendTest):
    def relay_with(self, config, ports=("port",)):
        made = Relay(config, ports)
        self.addCleanup(made.remove)
        return made

    def active_counters(self, relay):
        """Not those that syslog-ng keeps of what is no more."""
        return [row for row in self.control(relay, "stats") if row.startswith("parser;p_port_knock;1;a;")]

    def test_shadow_comes_and_goes_and_the_originals_stay_the_same(self):
        relay = self.backend()
        self.knock(relay)
        wait_for(lambda: relay.lines("alerts.log"), "the alert")
        before = relay.wait_lines(3, "original")
        self.assertTrue(self.active_counters(relay))
        (relay.dir / "conf.d" / "port-knock.conf").unlink()
        self.assertEqual(relay.reload().returncode, 0)
        wait_for(lambda: not self.active_counters(relay), "the parser to be gone")
        self.knock(relay)
        after = relay.wait_lines(6, "original")
        self.assertEqual(after[3:], before)
        self.assertEqual(len(relay.lines("alerts.log")), 1)
        self.stop_cleanly(relay)

    def test_several_backends_share_one_parser(self):
        relay = self.backend("file", "graylog", values={"port_knock_file": "{dir}/json"})
        self.knock(relay)
        self.assertEqual(len(relay.wait_lines(1, "json")), 1)
        self.assertEqual(relay.stats("p_port_knock")["recognised"], 3)
        self.assertEqual(relay.stats("p_port_knock", reference=2), {})

    def test_one_parser_inside_of_the_source_serves_every_log_path(self):
        source = shipped("adoption/one-parser.conf")
        self.assertEqual(source.count("    source { system(); internal(); };"), 1)
        source = source.replace("    source { system(); internal(); };", f"    source {{ {NETWORK} }};")
        relay = self.relay_with(DEBIAN.format(source=source)).start()
        self.knock(relay)
        (alert,) = relay.wait_lines(1, "auth.log")
        self.assertIn(b"port-knock: rapid_sequential_port_denied alert_id=", alert)
        self.assertEqual(len(relay.wait_lines(3, "kern.log")), 3)
        self.assertTrue(all(b"port-knock" in line.split(b" ")[0] for line in relay.lines("kern.log")))
        self.assertEqual(relay.stats("p_port_knock", reference=2), {})

    def test_the_way_back_of_one_parser_is_the_line_that_it_names(self):
        (before,) = re.findall(r"^#   (source s_src \{.*\};)$", shipped("adoption/one-parser.conf"), re.M)
        source = before.replace("system(); internal();", NETWORK)
        relay = self.relay_with(DEBIAN.format(source=source)).start()
        self.knock(relay)
        self.assertTrue(all(b".source.s_src kernel: " in line for line in relay.wait_lines(3, "kern.log")))
        self.assertEqual(relay.lines("auth.log"), [])

    def test_in_front_of_app_parser(self):
        relay = self.backend(base="adoption/app-parser.conf", started=False)
        relay.write('@include "scl.conf"\n' + relay.config)
        relay.start()
        self.knock(relay)
        relay.wait_lines(4, "messages")
        relay.send(["<85>Nov 23 10:11:12 web1 sudo:    root : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/id"])
        messages = relay.wait_messages(5, "messages")
        self.assertEqual([one["src_ip"] for one in messages[:4]], ["192.0.2.1"] * 4)
        self.assertTrue(messages[3]["alert_id"])
        self.assertEqual(messages[4]["app"], "sudo")

    def test_behind_default_network_drivers(self):
        text = with_values(
            shipped("adoption/default-network-drivers.conf"),
            {"port_knock_buffer": "{dir}", "port_knock_messages": "{dir}/messages"},
        )
        self.assertEqual(text.count("default-network-drivers();"), 1)
        ports = "udp-port({udp}) tcp-port({port}) rfc5424-tcp-port({framed}) rfc5424-tls-port({tls})"
        text = text.replace("default-network-drivers();", f"default-network-drivers({ports});")
        config = '@include "scl.conf"\noptions { keep-hostname(yes); };\n' + text
        relay = self.relay_with(config, ("port", "udp", "framed", "tls")).start()
        self.knock(relay)
        lines = relay.wait_lines(4, "messages")
        self.assertEqual(len([line for line in lines if b" port-knock: rapid_sequential_port_denied " in line]), 1)
        self.assertEqual(relay.stats("p_port_knock")["recognised"], 3)

    def test_the_document_names_every_file_and_no_other(self):
        text = (SOURCE_DIR / "doc" / "adoption.md").read_text()
        conf = SOURCE_DIR / "conf.d"
        table = set(re.findall(r"`([a-z-]+\.conf)`", text[text.index("| file |") : text.index("While a server")]))
        self.assertEqual(table, {path.name for path in (conf / "backends").glob("*.conf")})
        for link in re.findall(r"\]\(\.\./(conf\.d/[^)#]*)\)", text):
            self.assertTrue((SOURCE_DIR / link).exists(), link)
        for path in (conf / "adoption").glob("*.conf"):
            self.assertIn(f"adoption/{path.name}", text)


if __name__ == "__main__":
    unittest.main()
