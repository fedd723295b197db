#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""port-knock score: alerts held against what is known of the logs."""

import json
import pathlib
import tempfile
import unittest

from pk_command import CAPTURES, KNOCK_NFT, KNOCK_UFW, SCAN_UFW, WHEN, CommandTest, deny, knock, run

SCORE_USAGE = "usage: port-knock score --truth LABELS [--OPTION VALUE]... FILE...\n"
LABELS = CAPTURES / "labels.tsv"
OTHERS = (4711, 50017, 1093)  # ports of nobody's default door
CAPTURE_FILES = sorted(CAPTURES.glob("*.log"))


def label(file, word="knock", *sources, **more):
    return json.dumps(dict(more, file=file, label=word, src=list(sources))) + "\n"


class ScoreTest(CommandTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def score(self, truth, *arguments):
        """The report as an object; the command must not complain."""
        path = truth if isinstance(truth, pathlib.Path) else self.write("truth", truth)
        result = run("score", "--format", "json", "--truth", path, *WHEN, *arguments)
        self.assert_quiet(result)
        (report,) = result.objects
        return report


class FilesOfTheirOwn(ScoreTest):
    def test_a_knock_is_found_in_its_file(self):
        report = self.score(label("knock-ufw.log", "knock", "198.51.100.7"), KNOCK_UFW)
        self.assertEqual(report["knocks"], {"found": 1, "of": 1})
        self.assertEqual((report["alerts"], report["false_alerts"]), (1, 0))
        self.assertEqual((report["missed"], report["false_alarms"]), ([], []))

    def test_only_files_that_were_given_count(self):
        truth = label("knock-ufw.log", "knock", "198.51.100.7") + label("other.log", "knock", "198.51.100.8")
        self.assertEqual(self.score(truth, KNOCK_UFW)["knocks"], {"found": 1, "of": 1})

    def test_each_file_has_an_engine_of_its_own(self):
        first, second = self.write("a.log", knock(7000, 8000)), self.write("b.log", knock(9000))
        truth = label("a.log", "knock", "198.51.100.7") + label("b.log", "knock", "198.51.100.7")
        self.assertEqual(self.score(truth, first, second)["knocks"], {"found": 0, "of": 2})

    def test_a_knock_of_somebody_else_is_a_false_alarm(self):
        report = self.score(label("knock-ufw.log", "knock", "198.51.100.8"), KNOCK_UFW)
        self.assertEqual(report["knocks"], {"found": 0, "of": 1})
        self.assertEqual(report["unlabelled"], 1)
        (alarm,) = report["false_alarms"]
        self.assertEqual(
            {name: alarm[name] for name in ("file", "class", "src_ip", "sequence", "alerts")},
            {
                "file": "knock-ufw.log",
                "class": "unlabelled",
                "src_ip": "198.51.100.7",
                "sequence": "7000/tcp,8000/tcp,9000/tcp",
                "alerts": 1,
            },
        )

    def test_an_alert_in_a_benign_file_is_a_false_alarm_whoever_it_is(self):
        for sources in (["198.51.100.7"], []):
            report = self.score(label("knock-ufw.log", "benign", *sources), KNOCK_UFW)
            self.assertEqual(report["benign"], {"reported": 1, "of": 1})
            self.assertEqual([alarm["class"] for alarm in report["false_alarms"]], ["benign"])

    def test_a_single_packet_is_neither_missed_nor_false(self):
        truth = label("knock-ufw.log", "spa", "198.51.100.7") + label("scan-ufw.log", "spa", "198.51.100.9")
        report = self.score(truth, KNOCK_UFW, SCAN_UFW)
        self.assertEqual(report["spa"], {"reported": 1, "of": 2})
        self.assertEqual((report["missed"], report["false_alarms"]), ([], []))

    def test_a_variant_of_a_file_has_its_label(self):
        variant = self.write("knock-ufw.ktime.log", KNOCK_UFW.read_bytes())
        report = self.score(label("knock-ufw.log", "knock", "198.51.100.7"), variant)
        self.assertEqual(report["knocks"], {"found": 1, "of": 1})

    def test_a_table_with_tabs_says_the_same(self):
        objects = label("knock-ufw.log", "knock", "198.51.100.7") + label("scan-ufw.log", "scan", "198.51.100.9")
        table = "# a comment\n\nknock-ufw.log\tknock\t198.51.100.7\t7000,8000,9000\t\n"
        table += "scan-ufw.log\tscan\t198.51.100.9\t-\n"
        files = (KNOCK_UFW, SCAN_UFW)
        self.assertEqual(self.score(objects, *files), self.score(table, *files))

    def test_a_file_without_label_is_named_and_the_others_are_done(self):
        truth = self.write("truth", label("knock-ufw.log", "knock", "198.51.100.7"))
        result = run("score", "--format", "json", "--truth", truth, *WHEN, KNOCK_UFW, KNOCK_NFT)
        self.assertEqual(result.errors, f"port-knock: {KNOCK_NFT}: {truth} has no label for it\n")
        self.assertEqual((result.code, result.objects[0]["knocks"]), (1, {"found": 1, "of": 1}))
        result = run("score", "--truth", truth, *WHEN, KNOCK_NFT)
        self.assertEqual((result.code, result.text), (2, ""))

    def test_a_file_that_cannot_be_read_is_named(self):
        truth = self.write("truth", label("none.log", "knock", "198.51.100.7"))
        result = run("score", "--truth", truth, self.folder / "none.log")
        self.assertEqual(result.errors, f"port-knock: {self.folder}/none.log: No such file or directory\n")
        self.assertEqual((result.code, result.text), (2, ""))


class OneLog(ScoreTest):
    def test_knocks_are_found_by_source_and_counted_by_kind(self):
        log = self.write("a.log", knock(7000, 8000, 9000) + knock(*OTHERS, source="198.51.100.8", time="10:01:00"))
        truth = "198.51.100.7 fast 0 0 3 3 7000,8000,9000\n198.51.100.9 slow 60.0 61.5 3 3 4711,50017,1093\n"
        report = self.score(truth, log)
        self.assertEqual(report["knocks"], {"found": 1, "of": 2})
        self.assertEqual(
            report["kinds"], {"fast": {"reported": 1, "of": 1}, "slow": {"reported": 0, "of": 1}}
        )
        self.assertEqual([alarm["src_ip"] for alarm in report["false_alarms"]], ["198.51.100.8"])

    def test_scans_and_benign_clients_are_no_knocks(self):
        log = self.write("a.log", knock(7000, 8000, 9000) + knock(*OTHERS, source="198.51.100.8"))
        truth = "198.51.100.7 scan:nmap 0 0 3 3 7000,8000,9000\n198.51.100.8 benign 0 0 1 3 4711\n"
        report = self.score(truth, log)
        self.assertEqual((report["scans"], report["benign"]), ({"reported": 1, "of": 1}, {"reported": 1, "of": 1}))
        self.assertEqual(report["knocks"], {"found": 0, "of": 0})
        self.assertEqual([alarm["class"] for alarm in report["false_alarms"]], ["scan", "benign"])
        self.assertEqual(self.score(truth.replace(":nmap", "ner"), log)["knocks"], {"found": 1, "of": 1})

    def test_two_knocks_of_one_source_are_told_apart_by_time(self):
        log = self.write("a.log", knock(7000, 8000, 9000) + knock(*OTHERS, time="15:30:01"))
        rows = ["198.51.100.7 x 19800 19800 3 3 4711,50017,1093\n", "198.51.100.7 x 0 0 3 3 7000,8000,9000\n"]
        for truth in (rows[0] + rows[1], rows[1] + rows[0]):
            self.assertEqual(self.score(truth, log)["knocks"], {"found": 2, "of": 2})
        report = self.score("".join(rows), self.write("b.log", knock(*OTHERS, time="15:30:01")))
        self.assertEqual([miss["ports"] for miss in report["missed"]], ["4711,50017,1093"])

    def test_several_files_are_one_log(self):
        files = self.write("a.log", knock(7000, 8000)), self.write("b.log", knock(9000))
        self.assertEqual(self.score("198.51.100.7 x 0 0 3 3 7000,8000,9000\n", *files)["knocks"]["found"], 1)

    def test_without_any_truth_every_alert_is_false(self):
        report = self.score(pathlib.Path("/dev/null"), KNOCK_UFW, KNOCK_NFT)
        self.assertEqual((report["alerts"], report["false_alerts"], report["unlabelled"]), (2, 2, 2))
        self.assertEqual(report["latency_sec"], {})

    def test_alerts_of_one_source_are_one_false_alarm(self):
        log = self.write("a.log", knock(7000, 8000, 9000) + knock(*OTHERS, time="15:30:01"))
        report = self.score("", log)
        self.assertEqual((report["alerts"], report["unlabelled"]), (2, 1))
        self.assertEqual([alarm["alerts"] for alarm in report["false_alarms"]], [2])


class Reasons(ScoreTest):
    def reason(self, log, *options, source="198.51.100.7"):
        report = self.score(f"{source} x 0 0 1 1 7000\n", *options, self.write("a.log", log))
        self.assertEqual(report["knocks"], {"found": 0, "of": 1})
        return report["missed"][0]["reason"]

    def test_too_few_ports(self):
        self.assertEqual(self.reason(knock(7000, 8000)), "never a candidate: 2 distinct ports in 2 denials")

    def test_too_slow(self):
        log = deny(7000, "10:00:00") + deny(8000, "10:01:00") + deny(9000, "10:02:00")
        self.assertEqual(self.reason(log), "never a candidate: 3 distinct ports in 3 denials")

    def test_a_scan(self):
        self.assertEqual(self.reason(knock(*range(7000, 7009))), "a scan: 9 distinct ports in 9 denials")
        self.assertEqual(self.reason(knock(*range(7000, 7099))), "a scan: 32 or more distinct ports in 99 denials")

    def test_signs(self):
        log = knock(*range(7000, 7009)) + knock(*OTHERS, time="10:05:00")
        self.assertIn("scanner", self.reason(log).removeprefix("low: ").split(","))

    def test_below_the_confidence_that_was_asked_for(self):
        log = knock(*OTHERS)
        self.assertTrue(self.reason(log, "--min-confidence", "high").startswith("medium: "))

    def test_held_back(self):
        log = knock(1093, 50017, 20411, source="192.0.2.99") + knock(40001, 1717, 30303)
        self.assertEqual(self.reason(log, "--max-alerts", "1"), "held back by max-alerts or cooldown")

    def test_nothing_of_it_in_the_log(self):
        self.assertEqual(self.reason(KNOCK_UFW.read_bytes(), source="198.51.100.99"), "no denials")

    def test_nothing_of_it_was_understood(self):
        log = self.write("a.log", KNOCK_UFW.read_bytes().replace(b"[UFW BLOCK]", b"gate-7:"))
        lines = log.read_bytes().count(b"gate-7:")
        report = self.score(label("a.log", "knock", "198.51.100.7"), log)
        self.assertEqual(report["missed"][0]["reason"], f"no denials: {lines} lines with an unknown prefix")


class Latency(ScoreTest):
    def test_is_from_the_last_hit_to_the_alert(self):
        log = self.write("a.log", knock(*OTHERS))
        for settle in ("5", "20"):
            report = self.score("198.51.100.7 x 0 0 1 1 7000\n", "--settle", settle, log)
            self.assertEqual(report["latency_sec"], {"median": float(settle), "max": float(settle)})

    def test_does_not_wait_for_the_next_line(self):
        log = self.write("a.log", knock(*OTHERS) + deny(7000, "11:00:00", source="192.0.2.99"))
        self.assertEqual(self.score("198.51.100.7 x 0 0 1 1 7000\n", log)["latency_sec"]["max"], 10.0)


class Report(ScoreTest):
    def test_text_tells_the_same(self):
        truth = self.write("truth", label("knock-ufw.log", "benign") + label("knock-nft.log", "knock", "192.0.2.1"))
        result = run("score", "--truth", truth, *WHEN, KNOCK_UFW, KNOCK_NFT)
        self.assert_quiet(result)
        self.assertEqual(
            result.lines[:4],
            [
                "knocks      found 0 of 1",
                "benign      reported 1 of 1",
                "unlabelled  reported 1",
                "alerts      2 of medium or above, 2 of them false",
            ],
        )
        self.assertIn("missed:\n  knock-nft.log 192.0.2.1 : no denials\n", result.text)
        self.assertIn(f"false alarms:\n  benign {KNOCK_UFW} 198.51.100.7 -> 192.0.2.10 ports 7000/tcp,", result.text)

    def test_alerts_are_those_of_replay(self):
        for confidence in ("low", "medium"):
            options = ["--min-confidence", confidence]
            runs = [run("replay", "--format", "json", *WHEN, *options, file) for file in CAPTURE_FILES]
            alerts = sum(len(replay.lines) for replay in runs)
            result = run("score", "--format", "json", "--truth", LABELS, *WHEN, *options, *CAPTURE_FILES)
            self.assertEqual(result.objects[0]["alerts"], alerts)

    def test_the_captures(self):
        report = self.score(LABELS, *CAPTURE_FILES)
        self.assertEqual([report[name]["of"] for name in ("knocks", "scans", "benign", "spa")], [42, 11, 10, 1])
        self.assertGreaterEqual(report["knocks"]["found"], 36)
        self.assertEqual(len(report["missed"]), 42 - report["knocks"]["found"])
        self.assertEqual(
            sum(alarm["alerts"] for alarm in report["false_alarms"]), report["false_alerts"]
        )
        reasons = {miss["file"]: miss["reason"] for miss in report["missed"]}
        self.assertEqual(reasons["k04_knock_default_closedlog.log"], "no denials: 3 lines with an unknown prefix")

    def test_options_of_the_engine_count(self):
        prefixes = ["--deny-prefix", "closed-port:"]
        files = [CAPTURES / "k04_knock_default_closedlog.log"]
        self.assertEqual(self.score(LABELS, *files)["knocks"]["found"], 0)
        self.assertEqual(self.score(LABELS, *prefixes, *files)["knocks"]["found"], 1)


class BadTruth(ScoreTest):
    def assert_refused(self, text, errors):
        truth = self.write("truth", text)
        result = run("score", "--truth", truth, KNOCK_UFW)
        self.assertEqual((result.errors, result.text, result.code), (f"port-knock: {truth}{errors}\n", "", 2))

    def test_lines_are_refused_with_their_place(self):
        good = label("a.log", "knock", "192.0.2.1")
        for line, wrong in (
            ("a.log knock", "no JSON object"),
            ('{"file": "b.log"', "no JSON object"),
            ("[]", "no JSON object"),
            ("{}", "no file, or no label"),
            ('{"file": "b.log", "label": 1}', "no file, or no label"),
            (label("b.log", "attack", "192.0.2.1"), "the label is none of knock, scan, benign, spa"),
            (label("c/b.log", "knock", "192.0.2.1"), "no base name of a log file"),
            (label("", "knock", "192.0.2.1"), "no base name of a log file"),
            (label("b.log", "knock"), "a knock without a source"),
            (label("b.log", "knock", "192.0.2.256"), "a source is no address"),
            (label("b.log", "knock", 7), "a source is no address"),
            (label("a.log", "scan"), "the file was labelled before"),
        ):
            self.assert_refused(good + "# comment\n" + line, f":3: {wrong}")

    def test_lines_with_tabs(self):
        good = "a.log\tknock\t192.0.2.1\t-\n"
        for line, wrong in (
            ("b.log\tknock\t192.0.2.1", "fewer than file, label, sources and ports, with tabs between"),
            ("b.log\tknock\t192.0.2.1,\t-", "a source is no address"),
            ("b.log\tknock\t\t-", "a knock without a source"),
            ("b.log\tkn\t192.0.2.1\t-", "the label is none of knock, scan, benign, spa"),
        ):
            self.assert_refused(good + line, f":2: {wrong}")

    def test_lines_with_blanks(self):
        for line, wrong in (
            ("192.0.2.1 A 1 2 3", "not the seven words SRC KIND START END NPORTS NPACKETS PORTS"),
            ("192.0.2.1 A 1 2 1 3 7000 more", "not the seven words SRC KIND START END NPORTS NPACKETS PORTS"),
            ("192.0.2 A 1 2 1 3 7000", "a source is no address"),
            ("192.0.2.1 A x 2 1 3 7000", "START or END are no seconds"),
            ("192.0.2.1 A nan 2 1 3 7000", "START or END are no seconds"),
            ("192.0.2.1 A 1 1e99 1 3 7000", "START or END are no seconds"),
            ("192.0.2.1 A 3 2 1 3 7000", "END is before START"),
            ("192.0.2.1 A 1 2 x 3 7000", "NPORTS or NPACKETS are no numbers"),
            ("192.0.2.1 A 1 2 2 3 7000", "there are not NPORTS ports"),
        ):
            self.assert_refused("\n" + line, f":2: {wrong}")

    def test_bytes_that_are_no_text(self):
        self.assert_refused(b"192.0.2.1\0", ": holds a NUL byte, it is no text")

    def test_a_truth_that_cannot_be_read(self):
        result = run("score", "--truth", self.folder / "none", KNOCK_UFW)
        self.assertEqual((result.text, result.code), ("", 2))
        self.assertRegex(result.errors, r"\Aport-knock: .*none.*: No such file or directory\n\Z")

    def test_no_truth_at_all(self):
        errors = "port-knock: no --truth given; it says what the files really hold\n"
        result = run("score", KNOCK_UFW)
        self.assertEqual((result.errors, result.text, result.code), (errors, "", 2))

    def test_no_file(self):
        result = run("score", "--truth", "/dev/null")
        self.assertEqual(result.errors, "port-knock: no FILE given; - is standard input\n" + SCORE_USAGE)


if __name__ == "__main__":
    unittest.main()
