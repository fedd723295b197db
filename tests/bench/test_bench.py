#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The measuring itself: that everything can be measured, that verdicts are right, and that logs are what they
are said to be.  No figure is held to a target here: those of a test run mean nothing."""

import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import plot
import relays
import surroundings
import targets
import workload

START = 1795305600
SVG = "{http://www.w3.org/2000/svg}"


def figures_of(**values):
    figures = surroundings.Figures()
    figures.values = values
    return figures


class AQuickRun(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.report = pathlib.Path(folder.name) / "RESULTS.md"
        cls.done = subprocess.run(
            [sys.executable, str(HERE / "run.py"), "--quick", "--write", str(cls.report)],
            capture_output=True,
            text=True,
            check=False,
        )
        cls.rows = dict(re.findall(r"^\| (.+?) \| (.*) \|$", cls.done.stdout, re.M))

    def test_measures_everything(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr[-3000:])
        for target in targets.TARGETS:
            with self.subTest(target.what):
                limit, measured, *_ = self.rows[target.what].split(" | ")
                self.assertEqual(limit, targets.format_limit(target))
                self.assertRegex(measured, r"^-?[\d,.]+(x| µs| ms| bytes| MB)?$|valgrind is not installed")

    def test_finds_the_knocks_in_a_flood_of_single_ports(self):
        self.assertEqual(self.rows["knocks found of 500, 5,000 new sources a second"].split(" | ")[1], "500")

    def test_writes_the_report_and_the_plot_and_says_that_figures_mean_nothing(self):
        self.assertEqual(self.report.read_text(encoding="utf-8"), self.done.stdout)
        self.assertIn("its figures mean nothing", self.done.stdout)
        self.assertNotIn("met**", self.done.stdout)
        root = xml.etree.ElementTree.parse(self.report.with_name("results.svg")).getroot()
        self.assertIn("port-knock replay", [text.text for text in root.iter(SVG + "text")])


class ARunThatFails(unittest.TestCase):
    def test_says_what_is_missing(self):
        environment = {**os.environ, "PK_COMMAND": "/nowhere/port-knock"}
        done = subprocess.run(
            [sys.executable, str(HERE / "run.py"), "--quick"],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("bench: ", done.stderr)
        self.assertEqual(done.stdout, "")


class AJobThatIsNotDone(unittest.TestCase):
    TRUTH = [("198.18.0.1", [7000, 8000, 9000]), ("198.18.0.2", [1111, 2222, 3333])]

    def test_is_not_measured(self):
        for found in (
            self.TRUTH[:1],
            [self.TRUTH[0], ("198.18.0.2", [1111, 3333, 2222])],
            [*self.TRUTH, ("198.18.0.3", [1, 2, 3])],
            [*self.TRUTH, self.TRUTH[0]],
        ):
            with self.subTest(found=found), self.assertRaises(surroundings.BenchError):
                relays.check_knocks("replay", self.TRUTH, found)
        relays.check_knocks("replay", self.TRUTH, self.TRUTH[::-1])

    def relay_that_wrote(self, text, log):
        """Checks what a relay wrote that got two messages."""
        with tempfile.TemporaryDirectory() as folder:
            bench = relays.RelayBench(None, pathlib.Path(folder), surroundings.QUICK)
            bench.out.write_text(text, encoding="ascii")
            bench.check(relays.Subject("no parser", log), False)

    def test_a_relay_that_loses_changes_or_shuffles_messages_is_not_measured(self):
        log = relays.Input("two", None, 2)
        self.relay_that_wrote("one\ntwo\n", log)
        for text in ("one\n", "one\ntwo\nthree\n", "two\none\n", "one\ntwo!\n"):
            with self.subTest(text=text), self.assertRaises(surroundings.BenchError):
                self.relay_that_wrote(text, log)


class Verdicts(unittest.TestCase):
    def test_a_limit_is_met_by_the_median(self):
        most = targets.Target("a", "f", "x", 1.35)
        least = targets.Target("a", "f", "", 100, True)
        for target, values, is_met in (
            (most, [1.0, 1.35, 9.0], True),
            (most, [1.0, 1.36, 1.37], False),
            (least, [1, 100, 200], True),
            (least, [1, 99, 200], False),
        ):
            with self.subTest(values=values):
                self.assertEqual(target.is_met(figures_of(f=values)), is_met)
                self.assertEqual(targets.judge(target, figures_of(f=values), False), "met" if is_met else "**not met**")
                self.assertEqual(targets.judge(target, figures_of(f=values), True), "")

    def test_a_figure_without_limit_has_no_verdict(self):
        self.assertEqual(targets.judge(targets.Target("a", "f", "x"), figures_of(f=[1.0]), False), "")

    def test_what_was_not_measured_says_why(self):
        rows = "\n".join(targets.report_targets(figures_of(), {"instructions": "valgrind is not installed"}))
        self.assertIn("| engine by itself, 100,000 sources, lines a CPU second | ≥ 2,500,000 | not measured |", rows)
        self.assertIn("| instructions a message, engine by itself | – | valgrind is not installed |", rows)

    def test_limits_are_those_that_were_asked_for(self):
        asked = {
            "ratio/UFW denies/pipeline/port-knock()": 1.35,
            "ratio/UFW denies/pipeline/port-knock(fields(none))": 1.15,
            "ratio/ordinary syslog/pipeline/port-knock()": 1.06,
            "rate/engine": 2.5e6,
            "rate/replay": 1.5e6,
            "bytes/single": 72,
            "bytes/window": 512,
            "megabytes/engine": 120,
            "rate/replay, flood": 1.2e6,
            "growth/flood": 0,
            "found/one port": 500,
            "found/two ports": 450,
            "msec/tick, longest": 5,
            "scale/2": 1,
            "scale/4": 1,
            "dialects/none to all": 1.10,
        }
        limits = {target.figure: target.limit for target in targets.TARGETS}
        self.assertEqual({figure: limits.get(figure) for figure in asked}, asked)


class Logs(unittest.TestCase):
    SECONDS = 41  # the shortest in which knocks fit

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        # by the number of ports of each new source: what is known, lines, packets
        cls.floods = {}
        for ports in (1, 2):
            path = cls.folder / f"flood-{ports}"
            truth, lines = workload.write_flood(path, cls.SECONDS, ports, START)
            cls.floods[ports] = (truth, lines, cls.packets(path))

    @staticmethod
    def packets(path):
        """(stamp, source, port) of each line."""
        pattern = r"^(.{15}) fw1 kernel: .* SRC=(\S+) .* DPT=(\d+) "
        return re.findall(pattern, path.read_text(encoding="ascii"), re.M)

    def test_the_same_arguments_give_the_same_bytes(self):
        again = self.folder / "again"
        workload.write_flood(again, self.SECONDS, 1, START)
        self.assertEqual(again.read_bytes(), (self.folder / "flood-1").read_bytes())

    def test_each_source_of_new_sources_has_one_line(self):
        path = self.folder / "sources"
        workload.write_sources(path, 10000, START)
        self.assertEqual(len({source for _, source, _ in self.packets(path)}), 10000)

    def test_a_flood_has_the_sources_a_second_and_the_ports_that_it_says(self):
        for ports, (truth, lines, packets) in self.floods.items():
            with self.subTest(ports=ports):
                self.assertEqual(len(packets), lines)
                knockers = {source for source, _ in truth}
                sent, first = collections.defaultdict(set), {}
                for stamp, source, port in packets:
                    if source not in knockers:
                        sent[source].add(port)
                        first.setdefault(source, stamp)
                self.assertEqual({len(each) for each in sent.values()}, {ports})
                new = collections.Counter(first.values())
                self.assertEqual(set(new.values()), {workload.FLOOD_SOURCES_A_SECOND})

    def test_what_knocks_is_in_the_log_as_the_truth_tells(self):
        for truth, _, packets in self.floods.values():
            self.assertEqual(len(truth), workload.KNOCKS)
            sent = collections.defaultdict(list)
            for _, source, port in packets:
                sent[source].append(int(port))
            for source, ports in truth:
                self.assertEqual(list(dict.fromkeys(sent[source])), ports)


class ThePlot(unittest.TestCase):
    def draw(self, value, target):
        panel = plot.Panel("a < b", "note", [plot.Bar("one & two", value, "1.5x", "ours", (1, 2))], target, "target")
        return xml.etree.ElementTree.fromstring(plot.draw([panel], "title"))

    def test_is_sound_xml_with_all_words(self):
        words = [text.text for text in self.draw(1.5, 1.2).iter(SVG + "text")]
        for word in ("title", "a < b", "note", "one & two", "1.5x", "target"):
            self.assertIn(word, words)

    def test_nothing_leaves_the_picture(self):
        for value, target in ((1.5, 99), (99, 1.2), (0, 1)):
            root = self.draw(value, target)
            width, height = float(root.get("width")), float(root.get("height"))
            for shape in root.iter(SVG + "rect"):
                self.assertLessEqual(float(shape.get("x", 0)) + float(shape.get("width")), width)
                self.assertLessEqual(float(shape.get("y", 0)) + float(shape.get("height")), height)


if __name__ == "__main__":
    unittest.main()
