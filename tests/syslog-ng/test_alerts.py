#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Knocks through a real relay: what is reported, when, and as what."""

import re
import time
import unittest

from relay import (
    PORT_SEQUENCE,
    PORTS,
    RelayTest,
    alerts,
    deny,
    is_alert,
    knock,
    knock_fields,
    now_usec,
    simple,
    stamp,
    wait_for,
)

SETTLE = "settle(1) window(20)"
HOUR_USEC = 3_600_000_000


class Alerts(RelayTest):
    def wait_alerts(self, relay, count=1, name="out", seconds=10):
        wait_for(lambda: len(alerts(relay.messages(name))) >= count, f"{count} alerts", seconds)
        return alerts(relay.messages(name))

    def test_a_knock_is_reported_once_by_the_timer_without_further_traffic(self):
        relay = self.relay(simple(SETTLE))
        relay.send(knock("192.0.2.1"))
        sent = time.monotonic()
        self.wait_alerts(relay, seconds=3)
        self.assertLess(time.monotonic() - sent, 1 + 2)
        time.sleep(2)
        self.assertEqual(len(relay.messages()), 4)
        self.assertEqual(len(alerts(relay.messages())), 1)
        self.stop_cleanly(relay)

    def test_an_alert_carries_the_fields_of_the_manual(self):
        relay = self.relay(simple(SETTLE))
        at = now_usec() // 1000 * 1000 - 2000
        relay.send([deny("192.0.2.1", port, at + 1000 * i, source_port=port) for i, port in enumerate(PORTS)])
        alert = self.wait_alerts(relay)[0]
        fields = knock_fields(alert)
        self.assertRegex(fields.pop("alert_id"), "^[0-9a-f]{16}$")
        self.assertEqual(
            fields,
            {
                "detection_branch": "rapid_sequential_port_denied",
                "severity": "high",
                "confidence": "medium",
                "technique_id": "T1205.001",
                "technique": "Port Knocking",
                "tactics": fields["tactics"],
                "reference": fields["reference"],
                "src_ip": "192.0.2.1",
                "dest_ip": "198.51.100.7",
                "port_sequence": PORT_SEQUENCE,
                "sequence": "7100/tcp,8200/tcp,9300/tcp",
                "distinct_ports": "3",
                "total_packets": "3",
                "retransmits": "0",
                "repeats": "0",
                "knock_duration_sec": "0.002",
                "window_start": stamp(at).replace("+00:00", "Z"),
                "window_end": stamp(at + 2000).replace("+00:00", "Z"),
                "hosts": "fw1",
            },
        )
        self.assertTrue(fields["tactics"])
        self.assertTrue(fields["reference"].startswith("https://attack.mitre.org/"))

    def test_an_alert_is_a_message_of_its_own(self):
        relay = self.relay(simple(SETTLE))
        at = now_usec() // 1000 * 1000
        relay.send(knock("192.0.2.1", at_usec=at, host="fw7"))
        alert = self.wait_alerts(relay)[0]
        self.assertEqual(
            [alert[name] for name in ("program", "host", "facility", "level")], ["port-knock", "fw7", "auth", "warning"]
        )
        self.assertEqual(alert["stamp"], stamp(at + 600))
        self.assertGreater(alert["received"], alert["stamp"])
        self.assertEqual(alert["tags"], "port-knock.alert")
        self.assertRegex(
            alert["message"],
            r"^rapid_sequential_port_denied alert_id=[0-9a-f]{16} .*\bsrc_ip=192\.0\.2\.1 dest_ip=198\.51\.100\.7 ",
        )
        self.assertIn(f"port_sequence={PORT_SEQUENCE}", alert["message"])
        self.assertIn(f"alert_id={knock_fields(alert)['alert_id']}", alert["message"])

    def test_an_alert_on_the_message_path_follows_its_trigger(self):
        relay = self.relay(simple("settle(2) window(20)"))
        at = now_usec()
        trigger = deny("192.0.2.1", 7777, at + 5_000_000, source_port=50000)
        relay.send(knock("192.0.2.1", at_usec=at) + [trigger])
        messages = relay.wait_messages(5)
        self.assertEqual([is_alert(message) for message in messages], [False] * 4 + [True])
        self.assertEqual(knock_fields(messages[3])["dest_port"], "7777")

    def test_a_scan_is_not_reported(self):
        relay = self.relay(simple(SETTLE))
        at = now_usec()
        relay.send([deny("192.0.2.2", 1000 + i, at + i * 1000, source_port=5000 + i) for i in range(100)])
        relay.send(knock("192.0.2.3"))
        reported = self.wait_alerts(relay)
        time.sleep(1.5)
        self.assertEqual([knock_fields(alert)["src_ip"] for alert in alerts(relay.messages())], ["192.0.2.3"])
        self.assertEqual(len(reported), 1)
        self.assertEqual(relay.stats()["scans"] >= 1, True)

    def test_a_knock_over_ipv6_is_reported(self):
        relay = self.relay(simple(SETTLE))
        line = (
            "<4>{} fw1 kernel: [UFW BLOCK] IN=eth0 OUT= MAC= SRC=2001:0db8:0000:0000:0000:0000:0000:0005 "
            "DST=2001:0db8:0000:0000:0000:0000:0000:0001 LEN=80 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=UDP SPT={} DPT={} "
            "LEN=40 "
        )
        relay.send([line.format(stamp(now_usec()), 5000 + i, port) for i, port in enumerate(PORTS)])
        fields = knock_fields(self.wait_alerts(relay)[0])
        self.assertEqual((fields["src_ip"], fields["dest_ip"]), ("2001:db8::5", "2001:db8::1"))
        self.assertEqual(fields["sequence"], "7100/udp,8200/udp,9300/udp")

    def test_the_same_knock_is_not_reported_again_within_cooldown(self):
        relay = self.relay(simple(SETTLE + ' signs("all,-repeated_inside")'))
        relay.send(knock("192.0.2.1"))
        self.wait_alerts(relay)
        relay.send(knock("192.0.2.1", first_source_port=50000))
        wait_for(lambda: relay.stats()["in_cooldown"] == 1, "in_cooldown", 5)
        self.assertEqual(len(alerts(relay.messages())), 1)

    def test_alerts_below_min_confidence_are_counted_and_not_written(self):
        relay = self.relay(simple(SETTLE + " min-confidence(high)"))
        relay.send(knock("192.0.2.1"))
        wait_for(lambda: relay.stats()["below_confidence"] == 1, "below_confidence", 5)
        self.assertEqual(alerts(relay.messages()), [])

    def test_max_alerts_bounds_what_is_written(self):
        relay = self.relay(simple(SETTLE + " max-alerts(2)"))
        for i in range(5):
            relay.send(knock(f"192.0.2.{10 + i}", [port + i for port in PORTS]))
        wait_for(lambda: relay.stats()["rate_limited"] == 3, "rate_limited", 5)
        self.assertEqual(relay.stats()["alerts_medium"], 2)
        self.assertEqual(len(self.wait_alerts(relay, 2)), 2)

    def test_deny_prefix_and_accept_prefix_say_what_a_prefix_means(self):
        prefixes = 'deny-prefix("KNOCK-IN: " "ALT: ") accept-prefix("OK-IN: ")'
        relay = self.relay(simple(f"{SETTLE} {prefixes}"))
        relay.send(knock("192.0.2.1", prefix="KNOCK-IN: ") + knock("192.0.2.2", prefix="ALT: "))
        relay.send(knock("192.0.2.3", prefix="OK-IN: ") + knock("192.0.2.4", prefix="SOMETHING: "))
        self.wait_alerts(relay, 2)
        time.sleep(1.2)
        reported = sorted(knock_fields(alert)["src_ip"] for alert in alerts(relay.messages()))
        self.assertEqual(reported, ["192.0.2.1", "192.0.2.2"])
        accepted = [m for m in relay.messages() if knock_fields(m).get("action") == "accept"]
        self.assertEqual({knock_fields(m)["src_ip"] for m in accepted}, {"192.0.2.3"})
        self.assertEqual(relay.stats()["unknown_prefix"], 3)

    def test_unknown_prefixes_are_named_once_in_the_log_and_only_a_few(self):
        for options in (SETTLE, SETTLE + " correlate(no)"):
            relay = self.relay(simple(options))
            relay.send([deny("192.0.2.4", 7000, prefix="SOMETHING: ")] * 50)
            wait_for(lambda: "prefix='SOMETHING:'" in relay.log, "a warning", 5)
            relay.send([deny("192.0.2.4", 7000, prefix=f"zone-{i}: ") for i in range(50)])
            wait_for(lambda: "prefix='zone-14:'" in relay.log, "a warning", 5)
            time.sleep(1.2)
            self.assertEqual(relay.log.count("says neither deny nor accept"), 16)
            self.assertEqual(relay.log.count("prefix='SOMETHING:'"), 1)

    def test_correlate_no_tags_and_does_not_report(self):
        relay = self.relay(simple(SETTLE + " correlate(no)"))
        relay.send(knock("192.0.2.1"))
        relay.wait_lines(3)
        time.sleep(2.5)
        self.assertEqual([m["tags"] for m in relay.messages()], [".source.s_in,port-knock"] * 3)
        self.assertEqual(relay.stats()["recognised"], 3)
        self.assertEqual(relay.stats()["reserved_bytes"], 0)

    def test_inject_mode_internal_writes_alerts_to_internal(self):
        relay = self.relay(
            simple(SETTLE + " inject-mode(internal)")
            + """
source s_internal { internal(); };
destination d_internal { file("{dir}/internal" template("{json}")); };
log { source(s_internal); filter { tags("port-knock.alert"); }; destination(d_internal); };
"""
        )
        relay.send(knock("192.0.2.1"))
        alert = self.wait_alerts(relay, name="internal")[0]
        self.assertEqual((alert["program"], alert["host"]), ("port-knock", "fw1"))
        self.assertEqual(knock_fields(alert)["src_ip"], "192.0.2.1")
        self.assertEqual(alerts(relay.messages()), [])

    def test_internal_feeding_the_same_parser_makes_no_loop(self):
        config = simple(SETTLE + " inject-mode(internal)").replace(
            "log { source(s_in);", "source s_internal { internal(); }; log { source(s_in); source(s_internal);"
        )
        relay = self.relay(config)
        relay.send(knock("192.0.2.1"))
        self.wait_alerts(relay)
        time.sleep(1.5)
        self.assertEqual(len(alerts(relay.messages())), 1)
        self.assertEqual(relay.stats()["own"], 1)

    def test_each_use_of_a_parser_has_windows_of_its_own(self):
        relay = self.relay(
            simple(SETTLE).replace("flags(flow-control)", "")
            + """
destination d_second { file("{dir}/second" template("{json}")); };
log { source(s_in); parser(p_knock); destination(d_second); };
"""
        )
        relay.send(knock("192.0.2.1"))
        for name in ("out", "second"):
            alert = self.wait_alerts(relay, name=name)[0]
            self.assertEqual(knock_fields(alert)["total_packets"], "3")
        time.sleep(1.2)
        self.assertEqual([len(relay.messages("out")), len(relay.messages("second"))], [4, 4])
        self.assertEqual([relay.stats(reference=i)["recognised"] for i in (1, 2)], [3, 3])
        self.assertRegex(relay.log, r"the parser is used more than once.*parser='p_knock', reference='2'")

    def test_a_second_parser_downstream_leaves_alerts_alone(self):
        config = simple(SETTLE).replace(
            "parser(p_knock); destination", "parser(p_knock); parser(p_second); destination"
        ) + 'parser p_second { port-knock(settle(1) window(20) prefix(".second.")); };'
        relay = self.relay(config)
        relay.send(knock("192.0.2.1"))
        self.wait_alerts(relay, 2)
        self.assertEqual(relay.stats("p_second")["own"], 1)

    def test_an_alert_that_came_over_the_wire_is_not_recognised_again(self):
        relay = self.relay(simple(SETTLE))
        relay.send(knock("192.0.2.1"))
        text = self.wait_alerts(relay)[0]["message"]
        relay.send([f"<36>{stamp(now_usec())} fw1 port-knock: {text}"])
        again = relay.wait_messages(5)[4]
        self.assertEqual((again["message"], again["tags"], knock_fields(again)), (text, ".source.s_in", {}))
        self.assertEqual(relay.stats()["own"], 1)

    def test_scope_separates_sources_that_share_an_address(self):
        halves = [deny("192.0.2.1", port, source_port=port, host=host) for port, host in zip(PORTS, "abb")]
        relay = self.relay(simple(SETTLE + ' scope("$HOST") fields(all)'))
        relay.send(halves + knock("192.0.2.1", host="c"))
        alert = self.wait_alerts(relay)[0]
        self.assertEqual((knock_fields(alert)["scope"], alert["host"]), ("c", "c"))
        self.assertEqual(knock_fields(relay.messages()[0])["scope"], "a")
        time.sleep(1.2)
        self.assertEqual(len(alerts(relay.messages())), 1)

    def test_a_full_table_is_told_once_and_counted(self):
        relay = self.relay(simple(SETTLE + " max-sources(1024) max-windows(64)"))
        for block in range(2):
            relay.send([deny(f"10.{block}.{i // 250}.{i % 250}", 22, source_port=i) for i in range(2000)])
            wait_for(lambda: relay.stats()["evicted_sources"] > block * 2000, "evictions", 5)
        self.assertLessEqual(relay.stats()["sources"], 1024)
        self.assertEqual(relay.log.count("port-knock: a table is full"), 1)

    def test_use_time_received_takes_no_notice_of_stamps(self):
        """A knock whose stamps are an hour apart is one all the same."""
        at = now_usec()
        lines = [deny("192.0.2.1", port, at + i * HOUR_USEC, source_port=port) for i, port in enumerate(PORTS)]
        relay = self.relay(simple(SETTLE + " use-time(received)"))
        relay.send(lines)
        fields = knock_fields(self.wait_alerts(relay)[0])
        self.assertLess(float(fields["knock_duration_sec"]), 1)

    def test_a_stamp_a_day_off_is_replaced_by_the_receive_time(self):
        relay = self.relay(simple(SETTLE + " fields(all)"))
        relay.send(knock("192.0.2.1", at_usec=now_usec() - 48 * HOUR_USEC))
        alert = self.wait_alerts(relay)[0]
        self.assertEqual(relay.stats()["clamped_clock"], 3)
        self.assertEqual(knock_fields(alert)["window_end"][:10], re.sub("T.*", "", stamp(now_usec())))


if __name__ == "__main__":
    unittest.main()
