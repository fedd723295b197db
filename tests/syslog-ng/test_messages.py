#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""What happens to the messages themselves: every one goes on, unchanged and in
order, whatever it holds; the recognised ones get a tag and fields; all are
counted."""

import threading
import unittest

from relay import RelayTest, alerts, deny, knock, knock_fields, simple, wait_for

# The line as it came, as far as syslog-ng keeps it.
RAW = """
options { keep-hostname(yes); stats-level(1); log-msg-size(%d); };
source s_in { network(ip(127.0.0.1) port({port}) transport(tcp) flags(no-parse) max-connections(20)); };
parser p_knock { port-knock(%s); };
destination d_out { file("{dir}/out" template("$MESSAGE\\n")); };
filter f_messages { not tags("port-knock.alert"); };
log { source(s_in); parser(p_knock); filter(f_messages); destination(d_out); flags(flow-control); };
"""


def raw(options="settle(1) window(20)", size=262144):
    return RAW % (size, options)


def mixed(connection, count):
    """Denials of many sources, knocks, daemon lines and others, each with a number."""
    lines = []
    for i in range(count):
        mark = f"c={connection} n={i} "
        if i % 4 == 0:
            lines.append(f"<30>Nov 23 10:00:00 host sshd[1]: {mark}")
        elif i % 4 == 1:
            lines.append(f"<30>Nov 23 10:00:00 host knockd: 192.0.2.{i % 250}: door {mark}: Stage 1")
        else:
            lines.append(deny(f"203.0.113.{i % 250}", 1000 + i % 5, source_port=2000 + i % 60000) + mark)
    return lines


class Messages(RelayTest):
    def test_fields_and_tag_are_set_on_what_is_recognised_and_only_there(self):
        relay = self.relay(simple("settle(1) window(20)"))
        relay.send([deny("192.0.2.1", 7000), "<30>Nov 23 10:00:00 host sshd[1]: Failed password from 192.0.2.1"])
        denied, other = relay.wait_messages(2)
        self.assertEqual(denied["tags"], ".source.s_in,port-knock")
        self.assertEqual(
            knock_fields(denied),
            {
                "kind": "firewall_deny",
                "detection_branch": "firewall_port_denied",
                "dialect": "ufw",
                "action": "deny",
                "action_word": "BLOCK",
                "src_ip": "192.0.2.1",
                "src_port": "40000",
                "dest_ip": "198.51.100.7",
                "dest_port": "7000",
                "proto": "tcp",
                "count": "1",
            },
        )
        self.assertEqual((other["tags"], knock_fields(other)), (".source.s_in", {}))

    def test_fields_all_adds_what_a_merging_tier_needs(self):
        relay = self.relay(simple("settle(1) window(20) fields(all)"))
        relay.send([deny("192.0.2.1", 7000)])
        fields = knock_fields(relay.wait_messages(1)[0])
        self.assertEqual((fields["length"], fields["ip_id"], fields["tcp_window"]), ("60", "4711", "64240"))
        self.assertEqual(fields["tcp_flags"].upper(), "SYN")
        self.assertRegex(fields["event_time"], r"^\d{4}-\d\d-\d\dT")

    def test_fields_none_leaves_the_tag_and_the_alerts(self):
        relay = self.relay(simple("settle(1) window(20) fields(none)"))
        relay.send(knock("192.0.2.1"))
        messages = relay.wait_messages(4)
        self.assertEqual([knock_fields(message) for message in messages[:3]], [{}] * 3)
        self.assertEqual([message["tags"] for message in messages[:3]], [".source.s_in,port-knock"] * 3)
        self.assertEqual([knock_fields(alert)["src_ip"] for alert in alerts(messages)], ["192.0.2.1"])

    def test_a_daemon_s_line_is_a_finding_by_itself(self):
        relay = self.relay(simple("settle(1) window(20)"))
        relay.send(["<30>Nov 23 10:00:00 gate knockd[99]: 192.0.2.1: openSSH: OPEN SESAME"])
        fields = knock_fields(relay.wait_messages(1)[0])
        self.assertEqual(
            (fields["detection_branch"], fields["src_ip"], fields["door"], fields["severity"], fields["technique_id"]),
            ("knock_sequence_triggered", "192.0.2.1", "openSSH", "high", "T1205.001"),
        )

    def test_the_text_of_a_recognised_message_is_untouched(self):
        line = deny("192.0.2.1", 7000)
        relay = self.relay(raw())
        relay.send([line])
        self.assertEqual(relay.wait_lines(1), [line.encode()])

    def test_a_second_log_path_sees_the_message_as_it_was(self):
        relay = self.relay(
            simple("settle(1) window(20)").replace("flags(flow-control)", "")
            + 'log { source(s_in); destination { file("{dir}/plain" template("{json}")); }; };'
        )
        relay.send([deny("192.0.2.1", 7000)])
        self.assertEqual(relay.wait_messages(1, "plain")[0]["tags"], ".source.s_in")
        self.assertEqual(relay.wait_messages(1)[0]["tags"], ".source.s_in,port-knock")

    def test_four_connections_keep_number_and_order_over_reloads(self):
        count = 6000
        relay = self.relay(raw("settle(1) window(20) max-alerts(10000)"))
        sent = [mixed(connection, count) for connection in range(4)]
        senders = [threading.Thread(target=relay.send, args=(lines,)) for lines in sent]
        for sender in senders:
            sender.start()
        reloads = 0
        while any(sender.is_alive() for sender in senders) or reloads < 3:
            relay.reload()
            reloads += 1
        for sender in senders:
            sender.join()
        received = relay.wait_lines(4 * count)
        self.assertEqual(len(received), 4 * count)
        for connection, lines in enumerate(sent):
            mark = b"c=%d n=" % connection
            self.assertEqual([line for line in received if mark in line], [line.encode() for line in lines])
        self.stop_cleanly(relay)

    def test_totals_are_exact_with_four_connections(self):
        count, connections = 4000, 4
        relay = self.relay(simple("settle(1) window(20) max-alerts(10000)"))
        sent = [mixed(connection, count) for connection in range(connections)]
        # Each connection also knocks, from sources that it shares with no other.
        for connection, lines in enumerate(sent):
            for i in range(20):
                ports = [first + 20 * connection + i for first in (10100, 20200, 30300)]
                lines += knock(f"198.18.{connection}.{i + 1}", ports)
        senders = [threading.Thread(target=relay.send, args=(lines,)) for lines in sent]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        denied = connections * (count // 2 + 60)
        staged = connections * count // 4
        total = connections * (count + 60)
        wait_for(lambda: relay.stats()["alerts_medium"] >= 80, "80 alerts")
        relay.wait_lines(total + 80)
        stats = relay.stats()
        self.assertEqual(
            [stats[name] for name in ("recognised", "branch_firewall_port_denied", "dialect_ufw", "dialect_knockd")],
            [denied + staged, denied, denied, staged],
        )
        wait_for(lambda: relay.stats()["hits"] + relay.stats()["late"] == denied, "hits of all connections", 5)
        found = {knock_fields(alert)["src_ip"] for alert in alerts(relay.messages())}
        wanted = {f"198.18.{connection}.{i + 1}" for connection in range(connections) for i in range(20)}
        self.assertEqual(found & wanted, wanted)
        self.assertEqual(relay.stats()["alerts_medium"], len(alerts(relay.messages())))


class OddInput(RelayTest):
    def passed_on(self, lines, options="settle(1) window(20)"):
        relay = self.relay(raw(options))
        relay.send(lines)
        self.assertEqual(relay.wait_lines(len(lines)), lines)
        self.assertIsNone(relay.process.poll())
        return relay

    def test_long_lines_are_passed_on_and_read_up_to_64_kib(self):
        start = deny("192.0.2.1", 7000).encode()
        lines = [start + b"x" * 100_000, b"y" * 80_000 + start, b"z" * 200_000]
        self.assertEqual(self.passed_on(lines).stats()["recognised"], 1)

    def test_binary_lines_are_passed_on(self):
        every_byte = bytes(byte for byte in range(1, 256) if byte not in b"\r\n")
        start, end = deny("192.0.2.1", 7000).encode().split(b"SRC=")
        inside = start + every_byte + b" SRC=" + end
        self.passed_on([every_byte, inside, every_byte * 100, b"\xff\xfe\xfd", b"\xc3\x28 DPT=\x80"])

    def test_truncated_lines_are_passed_on(self):
        line = deny("192.0.2.1", 7000).encode()
        lines = [line[:cut] for cut in range(1, len(line))]
        relay = self.passed_on(lines)
        self.assertGreater(relay.stats()["malformed"] + relay.stats()["recognised"], 0)

    def test_impossible_values_are_passed_on_and_counted(self):
        line = deny("192.0.2.1", 7000)
        lines = [
            line.replace("DPT=7000", "DPT=70000").encode(),
            line.replace("SRC=192.0.2.1", "SRC=192.0.2.999").encode(),
            line.replace("SRC=192.0.2.1", "SRC=").encode(),
        ]
        relay = self.passed_on(lines)
        self.assertEqual((relay.stats()["malformed"], relay.stats()["recognised"]), (3, 0))

    def test_a_nul_ends_nothing_but_the_line_for_the_source(self):
        """network() itself takes NUL for a line end; over a framed transport it stays in the message."""
        start, end = deny("192.0.2.1", 7000).encode().split(b"SRC=")
        source = "syslog(ip(127.0.0.1) port({port}) transport(tcp) flags(no-parse))"
        relay = self.relay(simple("settle(1) window(20)", source))
        relay.send_framed([start + b"\0\0 SRC=" + end, b"\0" * 100, b"a\0b"])
        messages = relay.wait_messages(3)
        self.assertEqual(relay.stats()["recognised"], 1)
        self.assertEqual(knock_fields(messages[0])["src_ip"], "192.0.2.1")

    def test_a_template_is_read_in_the_place_of_the_message(self):
        hide = 'rewrite { set("$MESSAGE", value(".raw")); set("gone", value("MESSAGE")); };'
        config = simple('settle(1) window(20) template("${.raw}")')
        relay = self.relay(config.replace("parser(p_knock);", hide + " parser(p_knock);"))
        relay.send([deny("192.0.2.1", 7000), "<30>Nov 23 10:00:00 gate knockd[99]: 192.0.2.1: openSSH: Stage 1"])
        messages = relay.wait_messages(2)
        self.assertEqual([knock_fields(message)["src_ip"] for message in messages], ["192.0.2.1"] * 2)
        self.assertEqual(messages[0]["message"], "gone")


if __name__ == "__main__":
    unittest.main()
