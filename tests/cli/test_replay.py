#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""port-knock replay: files in, alerts out."""

import json
import os
import re
import tempfile
import unittest

from pk_command import KNOCK_NFT, KNOCK_UFW, SCAN_UFW, WHEN, CommandTest, deny, knock, read_line, run, running, shell


class Knocks(CommandTest):
    def test_knock_in_a_ufw_log_is_found(self):
        (alert,) = self.replay(KNOCK_UFW)
        expected = {
            "detection_branch": "rapid_sequential_port_denied",
            "src_ip": "198.51.100.7",
            "dest_ip": "192.0.2.10",
            "port_sequence": "7000,8000,9000",
            "sequence": "7000/tcp,8000/tcp,9000/tcp",
            "window_start": "2026-03-01T10:00:01.000Z",
            "technique_id": "T1205.001",
            "hosts": "gate",
        }
        self.assertEqual({name: alert.get(name) for name in expected}, expected)
        self.assertRegex(alert["alert_id"], r"\A[0-9a-f]{16}\Z")

    def test_knock_in_an_nftables_log_is_found(self):
        (alert,) = self.replay(KNOCK_NFT)
        self.assertEqual(alert["src_ip"], "203.0.113.20")
        self.assertEqual(alert["sequence"], "1111/tcp,2222/udp,3333/tcp")
        self.assertEqual(alert["window_start"], "2026-03-01T10:00:02.107Z")

    def test_scan_is_not_found(self):
        self.assertEqual(self.replay(SCAN_UFW), [])
        # What is left when the scan ends may look like a knock, but not like one of a stranger.
        for alert in self.replay("--min-confidence", "low", SCAN_UFW):
            self.assertEqual((alert["confidence"], alert["evidence"].split(",")[0]), ("low", "scanner"))

    def test_two_ports_are_no_knock(self):
        self.assertEqual(self.replay("--min-confidence", "low", "-", given=knock(7000, 8000)), [])
        fewer = ["--min-ports", "2", "--min-packets", "2"]
        self.assertEqual(self.ports(*fewer, "-", given=knock(7000, 8000)), ["7000,8000"])

    def test_retransmissions_are_no_ports(self):
        self.assertEqual(self.replay("--min-confidence", "low", "-", given=knock(7000, 7000, 7000, 7000)), [])

    def test_a_knock_that_is_slower_than_the_window_is_none(self):
        lines = deny(7000, "10:00:00") + deny(8000, "10:00:20") + deny(9000, "10:00:40")
        self.assertEqual(self.ports("-", given=lines), [])
        self.assertEqual(self.ports("--window", "40", "--settle", "30", "-", given=lines), ["7000,8000,9000"])

    def test_other_lines_between_do_not_matter(self):
        lines = b"noise\n".join(deny(port) for port in (7000, 8000, 9000))
        self.assertEqual(self.ports("-", given=lines), ["7000,8000,9000"])

    def test_numbers_are_numbers(self):
        (alert,) = self.replay(KNOCK_UFW)
        self.assertEqual((alert["distinct_ports"], alert["total_packets"]), (3, 3))
        self.assertLess(alert["knock_duration_sec"], 1)


class Formats(CommandTest):
    def test_text_is_the_default(self):
        self.assertEqual(run("replay", *WHEN, KNOCK_UFW).raw, run("replay", "--format", "text", *WHEN, KNOCK_UFW).raw)

    def test_text_is_one_readable_line(self):
        result = run("replay", *WHEN, KNOCK_UFW)
        self.assert_quiet(result)
        self.assertEqual(result.text.count("\n"), 1)
        self.assertTrue(
            result.text.startswith(
                "2026-03-01T10:00:01.000Z  high  198.51.100.7 -> 192.0.2.10  "
                "ports 7000/tcp,8000/tcp,9000/tcp in 0.00"
            ),
            result.text,
        )

    def test_text_cannot_steer_a_terminal(self):
        given = knock(7000, 8000, 9000, stamp="<4>1 2026-03-01T10:00:00Z g\x1b[2J\\te kernel - - - ")
        result = run("replay", *WHEN, "-", given=given)
        self.assertEqual(result.text.count("\n"), 1)
        self.assertIn("seen by g\\x1b[2J\\x5cte", result.text)
        self.assertNotIn("\x1b", result.text)

    def test_text_and_json_tell_of_the_same_alerts(self):
        texts = run("replay", *WHEN, KNOCK_UFW, KNOCK_NFT).lines
        alerts = self.replay(KNOCK_UFW, KNOCK_NFT)
        self.assertEqual(len(texts), len(alerts))
        for text, alert in zip(texts, alerts):
            self.assertIn(alert["alert_id"], text)
            self.assertIn(alert["src_ip"], text)


class Inputs(CommandTest):
    def test_standard_input_is_a_dash(self):
        self.assertEqual(self.replay("-", given=KNOCK_UFW.read_bytes()), self.replay(KNOCK_UFW))

    def test_several_files_are_one_stream(self):
        with tempfile.NamedTemporaryFile() as first, tempfile.NamedTemporaryFile() as second:
            first.write(knock(7000, 8000))
            second.write(knock(9000))
            first.flush()
            second.flush()
            self.assertEqual(self.ports(first.name, second.name), ["7000,8000,9000"])
            self.assertEqual(self.ports(first.name), [])

    def test_files_are_read_in_the_order_given(self):
        alerts = self.replay("-", KNOCK_UFW, given=knock(1500, 1700, 1600, time="09:00:00"))
        self.assertEqual([alert["port_sequence"] for alert in alerts], ["1500,1700,1600", "7000,8000,9000"])

    def test_files_in_the_wrong_order_are_told(self):
        newer = knock(1500, 1700, 1600, stamp="Mar  3 09:00:00 gate kernel: ")
        result = run("replay", *WHEN, "-", KNOCK_UFW, given=newer)
        self.assertRegex(
            result.errors,
            r"^port-knock: 1 of the files begin more than a day before what was read already; "
            r"give files in the order of their time, or knocks are missed\n$",
        )
        self.assertEqual(run("replay", *WHEN, KNOCK_UFW, "-", given=newer).errors, "")

    def test_line_ends_do_not_matter(self):
        given = knock(7000, 8000, 9000)
        alerts = self.replay("-", given=given)
        self.assertEqual(len(alerts), 1)
        self.assertEqual(self.replay("-", given=given.rstrip(b"\n")), alerts)
        self.assertEqual(self.replay("-", given=given.replace(b"\n", b"\r\n")), alerts)
        self.assertEqual(self.replay("-", given=given.replace(b"\n", b"\n\n")), alerts)

    def test_odd_lines_between_change_nothing(self):
        odd = [b"\x00" * 100, b"\xff\xfe", b"<", b"<999999>1 ", b"x" * 200000, bytes(range(11, 256)), b"<34>1 - - - -"]
        given = b"\n".join([line for port in (7000, 8000, 9000) for line in (*odd, deny(port)[:-1])])
        self.assertEqual(self.ports("-", given=given), ["7000,8000,9000"])

    def test_same_input_gives_the_same_bytes(self):
        lines = [deny(port, source=f"198.51.100.{host}") for port in (7000, 8000, 9000) for host in range(1, 60)]
        given = b"".join(lines)
        outputs = {run("replay", "--format", "json", *WHEN, "-", given=given).raw for _ in range(5)}
        self.assertEqual(len(outputs), 1)
        self.assertEqual(outputs.pop().count(b"\n"), 59)

    def test_same_alerts_are_left_out_when_there_are_too_many(self):
        lines = [deny(port, source=f"198.51.100.{host}") for port in (7000, 8000, 9000) for host in range(1, 255)]
        outputs = {run("replay", "--format", "json", *WHEN, "-", given=b"".join(lines)).raw for _ in range(5)}
        self.assertEqual(len(outputs), 1)
        # 60 in a minute, and then how many there were beside them.
        *written, summary = [json.loads(line) for line in outputs.pop().splitlines()]
        self.assertEqual((len(written), summary["evidence"], summary["repeats"]), (60, "rate_limited", 194))

    def test_names_of_many_hosts_are_lost_in_the_same_places(self):
        lines = [deny(7000 + n % 3, source=f"198.51.100.{n // 3 % 250}", host=f"host{n}") for n in range(6000)]
        # What so many sources share is a list.
        options = ["--format", "json", "--max-alerts", "10000", "--scope", "none", "--signs", "none", *WHEN]
        outputs = {run("replay", *options, "-", given=b"".join(lines)).raw for _ in range(5)}
        self.assertEqual(len(outputs), 1)
        self.assertEqual(outputs.pop().count(b"\n"), 250)

    def test_chunks_do_not_matter(self):
        given = b"".join(knock(7000, 8000, 9000, source=f"198.51.100.{host}") for host in range(1, 60))
        whole = run("replay", *WHEN, "-", given=given)
        with running("replay", *WHEN, "-") as process:
            for start in range(0, len(given), 997):
                process.stdin.write(given[start : start + 997])
            output, _ = process.communicate(timeout=30)
        self.assertEqual(output, whole.raw)


class Time(CommandTest):
    def start(self, stamp, *options):
        given = knock(7000, 8000, 9000, stamp=stamp)
        result = run("replay", "--format", "json", *options, "-", given=given)
        self.assert_quiet(result)
        (alert,) = result.objects
        return alert["window_start"]

    def test_year_option_sets_the_year_of_every_stamp(self):
        for stamp, zone, expected in (
            ("Jan  1 00:00:00", "+00:00", "2019-01-01T00:00:00.000Z"),
            ("Jun 15 12:00:00", "+00:00", "2019-06-15T12:00:00.000Z"),
            ("Dec 31 23:59:59", "+00:00", "2019-12-31T23:59:59.000Z"),
            ("Jan  1 00:00:00", "-11:30", "2019-01-01T11:30:00.000Z"),
            ("Dec 31 23:59:59", "+14:00", "2019-12-31T09:59:59.000Z"),
        ):
            start = self.start(f"{stamp} gate kernel: ", "--year", "2019", "--utc-offset", zone)
            self.assertEqual(start, expected, (stamp, zone))

    def test_year_option_counts_in_the_zone_of_the_stamps(self):
        start = self.start("Jan  1 00:30:00 gate kernel: ", "--year", "2019", "--utc-offset", "+01:00")
        self.assertEqual(start, "2018-12-31T23:30:00.000Z")
        start = self.start("Dec 31 23:30:00 gate kernel: ", "--year", "2019", "--utc-offset", "-01:00")
        self.assertEqual(start, "2020-01-01T00:30:00.000Z")

    def test_utc_offset_leaves_stamps_with_a_zone_alone(self):
        stamp = "2026-03-01T10:00:00+00:00 gate kernel: "
        self.assertEqual(self.start(stamp, "--utc-offset", "+05:30"), "2026-03-01T10:00:00.000Z")

    def test_a_line_without_time_has_the_time_of_the_line_before(self):
        given = deny(7000) + deny(8000, stamp="") + deny(9000, stamp="")
        self.assertEqual(self.ports("-", given=given), ["7000,8000,9000"])
        given = deny(7000) + deny(8000, stamp="") + deny(443, "10:05:00", "198.51.100.8") + deny(9000, stamp="")
        self.assertEqual(self.ports("-", given=given), [])

    def test_a_file_without_any_time_is_read(self):
        self.assertEqual(self.ports("-", given=knock(7000, 8000, 9000, stamp="")), ["7000,8000,9000"])

    def test_kernel_time_stands_in_where_no_line_has_a_stamp(self):
        def at(port, seconds):
            return deny(port, stamp=f"[{seconds:12.6f}] ")

        self.assertEqual(self.ports("-", given=at(7000, 50) + at(8000, 50.5) + at(9000, 60)), ["7000,8000,9000"])
        self.assertEqual(self.ports("-", given=at(7000, 50) + at(8000, 50.5) + at(9000, 90)), [])

    def test_one_mad_clock_does_not_settle_the_others(self):
        mad = deny(443, source="198.51.100.99", stamp="2031-01-01T00:00:00+00:00 mad kernel: ")
        given = deny(7000) + deny(8000) + deny(9000) + mad + deny(9100)
        self.assertEqual(self.ports("--known-sequences", "", "-", given=given), ["7000,8000,9000,9100"])

    def test_a_jump_that_the_next_line_confirms_settles(self):
        later = [deny(443, source=f"198.51.100.{n}", stamp=f"2026-03-09T00:00:0{n}+00:00 a kernel: ") for n in (1, 2)]
        given = knock(7000, 8000, 9000) + b"".join(later) + deny(9100)
        self.assertEqual(self.ports("--known-sequences", "", "-", given=given), ["7000,8000,9000"])

    def test_an_alert_is_printed_as_soon_as_it_is_due(self):
        with running("replay", *WHEN, "-") as process:
            process.stdin.write(knock(7000, 8000, 9000) + deny(443, "10:01:00", "198.51.100.99"))
            self.assertIn(b"198.51.100.7", read_line(process))
            process.stdin.close()
            self.assertEqual(process.stdout.read(), b"")
            self.assertEqual(process.wait(10), 0)


class WhatWaits(CommandTest):
    """Some events are read before the first of them is played."""

    def opening(self, source, end=b"\n"):
        return f"Mar  1 10:00:01 gate knockd: {source}: openSSH: OPEN SESAME".encode() + end

    def test_a_file_without_a_last_newline_is_told_before_the_next_one_is_waited_for(self):
        with tempfile.TemporaryDirectory() as folder:
            path, fifo = f"{folder}/log", f"{folder}/fifo"
            with open(path, "wb") as file:
                file.write(self.opening("198.51.100.7", b""))
            os.mkfifo(fifo)
            with running("replay", "--alert-on", "window,daemon", *WHEN, path, fifo) as process:
                self.assertIn(b"198.51.100.7", read_line(process))

    def test_nothing_more_is_observed_after_output_has_failed(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"".join(self.opening(f"198.51.100.{n}") for n in range(1, 60)))
            file.flush()
            words = f"replay --stats --alert-on window,daemon {' '.join(WHEN)} {file.name}"
            result = shell(f'"$0" {words} >/dev/full')
        self.assertEqual(result.code, 1)
        told = sum(int(count) for count in re.findall(r"^alerts \w+: (\d+)$", result.errors, re.MULTILINE))
        self.assertEqual(told, 2, result.errors)


class Scope(CommandTest):
    GIVEN = knock(7000, 8000, host="east") + knock(9000, host="west")

    def test_hosts_share_a_source_by_default(self):
        self.assertEqual(self.ports("-", given=self.GIVEN), ["7000,8000,9000"])
        self.assertEqual(self.ports("--scope", "none", "-", given=self.GIVEN), ["7000,8000,9000"])

    def test_scope_host_keeps_them_apart(self):
        self.assertEqual(self.ports("--scope", "host", "-", given=self.GIVEN), [])
        (alert,) = self.replay("--scope", "host", KNOCK_UFW)
        self.assertEqual(alert["scope"], "gate")


class Counters(CommandTest):
    def stats(self, given, *options):
        result = run("replay", "--stats", *WHEN, *options, "-", given=given)
        self.assertEqual(result.code, 0)
        return dict(re.findall(r"^([a-z_ ]+): (\d+)$", result.errors, re.MULTILINE))

    def test_stats_count_lines_and_alerts(self):
        stats = self.stats(KNOCK_UFW.read_bytes() + b"x" * 70000 + b"\n\n")
        expected = {
            "lines": "9",
            "lines cut": "1",
            "lines without time": "2",
            "not recognised": "4",
            "recognised": "5",
            "recognised firewall_deny": "5",
            "hits": "5",
            "candidates": "1",
            "alerts high": "1",
        }
        self.assertEqual({name: stats.get(name) for name in expected}, expected)

    def test_stats_count_lines_of_allowed_sources(self):
        self.assertEqual(self.stats(KNOCK_UFW.read_bytes())["allowed"], "0")
        everybody = ["--allow", "0.0.0.0/1 x", "--allow", "128.0.0.0/1 y"]
        stats = self.stats(KNOCK_UFW.read_bytes(), *everybody)
        self.assertEqual(stats["allowed"], stats["recognised"])
        stats = self.stats(KNOCK_UFW.read_bytes(), "--allow", "128.0.0.0/1 until=2026-01-01 y")
        self.assertEqual(stats["allowed"], "0")

    def test_stats_tell_what_became_of_every_hit(self):
        for log in (KNOCK_UFW, SCAN_UFW):
            stats = {name: int(value) for name, value in self.stats(log.read_bytes() * 3).items()}
            fates = ("repeated hits", "late", "held hits", "expired hits", "evicted hits", "pushed out")
            self.assertGreater(stats["repeated hits"] + stats["expired hits"], 0)
            self.assertEqual(stats["hits"], sum(stats[fate] for fate in fates))

    def test_stats_count_scans(self):
        self.assertGreaterEqual(int(self.stats(SCAN_UFW.read_bytes())["scans"]), 1)
        self.assertEqual(self.stats(KNOCK_UFW.read_bytes())["scans"], "0")

    def test_lines_are_counted_over_all_files(self):
        self.assertEqual(self.stats(b"x\n", KNOCK_UFW)["lines"], "8")

    def test_firewall_lines_of_unknown_prefix_are_told(self):
        given = knock(7000, 8000, 9000).replace(b"[UFW BLOCK]", b"weather-report:")
        result = run("replay", *WHEN, "-", given=given)
        self.assertEqual(
            (result.errors, result.text, result.code),
            (
                "port-knock: 3 firewall lines were not used: their log prefix says neither deny nor accept; "
                "see --deny-prefix and --accept-prefix\n",
                "",
                0,
            ),
        )
        self.assertEqual(self.ports("--deny-prefix", "weather-report:", "-", given=given), ["7000,8000,9000"])

    def test_stats_name_the_first_unknown_prefixes(self):
        given = b"".join(deny(7000).replace(b"[UFW BLOCK]", b"zone-%d" % (i % 30)) for i in range(100))
        result = run("replay", "--stats", *WHEN, "-", given=given)
        names = [line for line in result.errors.splitlines() if line.startswith("unknown prefix ")]
        self.assertEqual(names, [f'unknown prefix "zone-{i}"' for i in range(16)])


if __name__ == "__main__":
    unittest.main()
