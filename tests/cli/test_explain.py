#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""port-knock explain: one object for each line, in order."""

import json
import os
import unittest

from pk_command import KNOCK_NFT, KNOCK_UFW, SOURCE_DIR, WHEN, CommandTest, deny, knock, read_line, run, running


class Explain(CommandTest):
    def explain(self, given, *arguments):
        result = run("explain", *arguments, given=given)
        self.assert_quiet(result)
        self.assertTrue(result.raw == b"" or result.raw.endswith(b"\n"))
        return result.objects

    def test_denial_has_the_fields_of_a_message(self):
        (event,) = self.explain(deny(7000, sport=40001))
        self.assertTrue(event["recognised"])
        expected = {
            "kind": "firewall_deny",
            "detection_branch": "firewall_port_denied",
            "dialect": "ufw",
            "action": "deny",
            "src_ip": "198.51.100.7",
            "src_port": 40001,
            "dest_ip": "192.0.2.10",
            "dest_port": 7000,
            "proto": "tcp",
        }
        self.assertEqual({name: event.get(name) for name in expected}, expected)

    def test_a_line_that_nobody_claims(self):
        self.assertEqual(run("explain", given=b"hello\n").raw, b'{"recognised":false}\n')

    def test_every_line_has_its_object_in_order(self):
        given = b"".join(deny(port) + b"between\n\n" for port in range(1000, 1400))
        events = self.explain(given)
        self.assertEqual(len(events), 1200)
        self.assertEqual([event["dest_port"] for event in events[::3]], list(range(1000, 1400)))
        self.assertFalse(any(event["recognised"] for event in events[1::3] + events[2::3]))

    def test_an_empty_line_is_a_line(self):
        self.assertEqual(len(self.explain(b"\n\n\n")), 3)
        self.assertEqual(len(self.explain(b"")), 0)

    def test_last_line_without_newline_counts(self):
        events = self.explain(knock(7000, 8000).rstrip(b"\n"))
        self.assertEqual([event["dest_port"] for event in events], [7000, 8000])

    def test_carriage_returns_do_not_matter(self):
        given = knock(7000, 8000)
        self.assertEqual(self.explain(given.replace(b"\n", b"\r\n")), self.explain(given))

    def test_files_and_standard_input_follow_each_other(self):
        events = self.explain(deny(5555), KNOCK_NFT, "-", KNOCK_NFT)
        ports = [event["dest_port"] for event in events]
        self.assertEqual(ports, [4433, 1111, 2222, 3333, 5555, 4433, 1111, 2222, 3333])

    def test_any_bytes_give_valid_utf8_objects(self):
        lines = [bytes([byte]) * 3 for byte in range(256) if byte != 10]
        lines += [deny(7000)[:-1].replace(b"gate", b"g\xff\x00te"), b"\xff[UFW BLOCK] SRC=\x00", b"\x00"]
        lines += [bytes(range(11, 256)) + deny(7000)[:-1]]
        self.assertEqual(len(self.explain(b"\n".join(lines))), len(lines))

    def test_truncated_anywhere_is_no_error(self):
        line = deny(7000)[:-1]
        given = b"\n".join(line[:length] for length in range(len(line)))
        self.assertEqual(len(self.explain(given)), len(line))

    def test_only_the_beginning_of_a_long_line_is_read(self):
        for extra in (65535, 65536, 65537, 262143, 262144, 300000, 1000000):
            given = b"x" * extra + deny(7000) + deny(8000)
            events = self.explain(given)
            self.assertEqual([event["recognised"] for event in events], [False, True], extra)
            self.assertEqual(events[1]["dest_port"], 8000)

    def test_a_long_line_keeps_its_beginning(self):
        given = deny(7000)[:-1] + b"x" * 500000 + b"\n" + deny(8000)[:-1] + b" " * 70000
        self.assertEqual([event["dest_port"] for event in self.explain(given)], [7000, 8000])

    def test_unknown_prefix_is_told(self):
        line = deny(7000).replace(b"[UFW BLOCK]", b"weather-report:")
        (event,) = self.explain(line)
        self.assertEqual((event["recognised"], event["reason"]), (False, "unknown_prefix"))
        self.assertEqual((event["prefix"], event["nearest"]), ("weather-report:", "netfilter"))

    def test_what_led_to_the_dialect_is_told(self):
        (event,) = self.explain(deny(7000))
        self.assertEqual(event["matched"], {"shape": "netfilter", "needle": "[UFW "})
        (event,) = self.explain(b"<30>Nov 22 22:09:59 gate knockd: 192.0.2.1: door: Stage 2\n")
        self.assertEqual(event["matched"]["sentence"], "{source}: {door}: Stage {stage}")

    def test_every_field_is_told(self):
        (event,) = self.explain(deny(7000), *WHEN)
        self.assertEqual((event["tcp_flags"], event["length"]), ("SYN", 60))
        self.assertRegex(event["event_time"], r"^\d{4}-\d\d-\d\dT")

    def test_the_nearest_dialect_and_what_failed_are_told(self):
        (event,) = self.explain(b"fw: action=deny src_ip=192.0.2.1 dst_ip=198.51.100.1 proto=tcp\n")
        self.assertEqual(
            event, {"recognised": False, "nearest": "generic_kv", "failed": "no destination port"}
        )

    def test_prefixes_of_the_user(self):
        line = deny(7000).replace(b"[UFW BLOCK]", b"weather-report:")
        (event,) = self.explain(line, "--deny-prefix", "weather-report:")
        self.assertEqual((event["recognised"], event["kind"]), (True, "firewall_deny"))
        (event,) = self.explain(line, "--accept-prefix", "weather-report:")
        self.assertEqual((event["recognised"], event["kind"]), (True, "firewall_accept"))

    def test_a_source_on_the_allow_list_has_the_reason(self):
        events = self.explain(
            deny(7000) + deny(7000, source="203.0.113.1") + b"hello\n",
            "--allow",
            "198.51.100.0/24 our scanners",
            "--allow",
            "203.0.113.0/24 dest=192.0.2.11 somewhere else",
        )
        self.assertEqual([event.get("allowed") for event in events], ["our scanners", None, None])
        self.assertEqual([event["recognised"] for event in events], [True, True, False])

    def test_an_allow_entry_counts_to_the_end_of_its_last_day_in_the_log(self):
        given = deny(7000, stamp="Mar  1 23:59:59 gate kernel: ") + deny(7000, stamp="Mar  2 00:00:00 gate kernel: ")
        events = self.explain(given, *WHEN, "--allow", "198.51.100.7 until=2026-03-01 a test")
        self.assertEqual([event.get("allowed") for event in events], ["a test", None])

    def test_the_example_allow_list_is_correct(self):
        path = SOURCE_DIR / "conf.d" / "allow.example"
        (event,) = self.explain(deny(7000, source="192.0.2.50", dest="198.51.100.9"), "--allow-file", path)
        self.assertEqual(event["allowed"], "monitoring")

    def test_own_alerts_are_not_recognised(self):
        line = b"Mar  1 10:00:00 relay port-knock: rapid_sequential_port_denied alert_id=0011223344556677 x=y\n"
        self.assertEqual(self.explain(line), [{"recognised": False, "reason": "own"}])

    def test_engine_options_are_accepted(self):
        self.assertEqual(self.explain(deny(7000), "--settle", "5"), self.explain(deny(7000)))

    def test_answers_without_waiting_for_more(self):
        with running("explain") as process:
            for port in (7000, 8000):
                process.stdin.write(deny(port))
                self.assertEqual(json.loads(read_line(process))["dest_port"], port)
            process.stdin.close()
            self.assertEqual(process.wait(10), 0)

    def test_a_shared_pipe_may_be_non_blocking(self):
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        with running("explain", stdin=reading) as process:
            os.close(reading)
            os.write(writing, deny(7000))
            self.assertEqual(json.loads(read_line(process))["dest_port"], 7000)
            os.close(writing)
            self.assertEqual(process.wait(10), 0)

    def test_year_and_zone_are_accepted(self):
        self.assertEqual(len(self.explain(KNOCK_UFW.read_bytes(), *WHEN)), 7)


if __name__ == "__main__":
    unittest.main()
