#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The logs that the engine is scored on are what they are said to be."""

import gzip
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import data  # noqa: E402
import inject  # noqa: E402
import scans  # noqa: E402
import sweep  # noqa: E402

WHERE = "[UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:00:00:01:52:54:00:00:00:02:08:00 "


def base_log(days=1, uptime=True):
    """Denials of single ports, one in ten minutes, as a quiet host has them."""
    lines = []
    for i in range(days * 144):
        time = f"Jun {1 + i // 144:2} {i // 6 % 24:02}:{i % 6}0:07"
        kernel = f"[{1000 + i * 600}.250000] " if uptime else ""
        lines.append(
            f"{time} gate kernel: {kernel}{WHERE}SRC=203.0.113.{i % 250} DST=192.0.2.{10 + i % 2} LEN=40 TOS=0x00 "
            f"PREC=0x00 TTL=240 ID=54321 PROTO=TCP SPT=40000 DPT=23 WINDOW=1024 RES=0x00 SYN URGP=0 \n"
        )
    return "".join(lines)


def times(text):
    return [inject.stamp_seconds(line[:15]) for line in text.splitlines()]


class GeneratorTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def generate(self, program, name, *words):
        """(log, truth) as text"""
        prefix = self.folder / name
        subprocess.run([sys.executable, HERE / program, *map(str, words), prefix], check=True)
        return prefix.with_suffix(".log").read_text(), prefix.with_suffix(".truth").read_text()

    def score(self, name, *options):
        return data.score(self.folder / f"{name}.truth", [self.folder / f"{name}.log"], options)


class Inject(GeneratorTest):
    def inject(self, name, base=None, *words):
        path = self.folder / "base.log"
        path.write_text(base or base_log())
        return self.generate("inject.py", name, *words, path)

    def test_same_seed_same_knocks(self):
        first, second = self.inject("a", None, "-n", 40), self.inject("b", None, "-n", 40)
        self.assertEqual(first, second)
        self.assertNotEqual(first, self.inject("c", None, "-n", 40, "--seed", 7))

    def test_the_base_log_stays_as_it_is(self):
        log, _ = self.inject("a", None, "-n", 40)
        kept = [line for line in log.splitlines(True) if "SRC=203.0.113." in line]
        self.assertEqual(kept, base_log().splitlines(True))

    def test_lines_are_in_the_order_of_time(self):
        log, _ = self.inject("a", None, "-n", 200)
        self.assertEqual(times(log), sorted(times(log)))

    def test_packed_logs_are_read(self):
        path = self.folder / "base.log.gz"
        path.write_bytes(gzip.compress(base_log().encode()))
        self.assertEqual(self.generate("inject.py", "a", "-n", 9, path), self.inject("b", None, "-n", 9))

    def test_lines_look_like_those_of_the_base_log(self):
        shape = re.compile(r"\d+|DF ")
        for uptime in (True, False):
            log, _ = self.inject("a", base_log(uptime=uptime), "-n", 20)
            heads = {shape.sub("0", line.split("LEN=")[0])[3:] for line in log.splitlines()}
            self.assertEqual(len(heads), 1, heads)

    def test_kernel_time_agrees_with_the_stamps(self):
        log, _ = self.inject("a", None, "-n", 100)
        boots = [second - int(re.search(r"\[(\d+)\.", line)[1]) for second, line in zip(times(log), log.splitlines())]
        self.assertLessEqual(max(boots) - min(boots), 1)

    def test_truth_tells_ports_and_packets(self):
        log, truth = self.inject("a", None, "-n", 100)
        for row in truth.splitlines():
            source, _, start, end, n_ports, n_packets, ports = row.split(" ")
            lines = [line for line in log.splitlines() if f"SRC={source} " in line]
            sent = list(dict.fromkeys(re.search(r"DPT=(\d+)", line)[1] for line in lines))
            self.assertEqual((len(lines), len(sent)), (int(n_packets), int(n_ports)))
            self.assertEqual(sent, ports.split(","))
            self.assertTrue(3 <= len(sent) <= 8 and all(1024 <= int(port) <= 65535 for port in sent))
            self.assertLess(float(end) - float(start), 35)

    def test_each_client_is_there_and_each_knock_is_seen(self):
        self.inject("a", base_log(days=7), "-n", 200)
        report = self.score("a", "--min-confidence", "low")
        self.assertEqual(set(report["kinds"]), {client.name for client in inject.CLIENTS})
        self.assertEqual(report["knocks"], {"found": 200, "of": 200})
        self.assertEqual(report["unlabelled"], 0)

    def test_a_retransmission_keeps_its_source_port(self):
        log, truth = self.inject("a", None, "-n", 100)
        for row in truth.splitlines():
            source, name = row.split(" ")[:2]
            lines = [line for line in log.splitlines() if f"SRC={source} " in line]
            pairs = {re.search(r"SPT=(\d+) DPT=(\d+)", line).groups() for line in lines}
            self.assertEqual(len(pairs), len({port for _, port in pairs}))
            if name == "python-5s":
                self.assertEqual(len(lines), 5 * len(pairs))

    def test_a_log_of_something_else_is_refused(self):
        path = self.folder / "base.log"
        path.write_text("Jun  1 00:00:00 gate sshd[1]: hello\n")
        done = subprocess.run(
            [sys.executable, HERE / "inject.py", path, self.folder / "a"], capture_output=True, text=True, check=False
        )
        self.assertEqual((done.returncode, done.stderr), (1, f"{path}: no line of UFW in it\n"))


class Scans(GeneratorTest):
    def test_a_hundred_sources_scan_a_thousand_ports_each(self):
        log, truth = self.generate("scans.py", "a")
        rows = [row.split(" ") for row in truth.splitlines()]
        self.assertEqual(len({row[0] for row in rows}), 100)
        self.assertEqual({(row[4], row[5]) for row in rows}, {("1000", "1000")})
        self.assertEqual(log.count("\n"), 100000)
        self.assertEqual(times(log), sorted(times(log)))

    def test_each_speed_comes_from_one_source_port_and_from_many(self):
        _, truth = self.generate("scans.py", "a")
        kinds = {row.split(" ")[1] for row in truth.splitlines()}
        for gap in (*scans.SLOW_GAPS, *(1 / rate for rate in scans.RATES)):
            self.assertLessEqual({f"scan:raw-{gap:g}s", f"scan:connect-{gap:g}s"}, kinds)

    def test_every_scan_holds_the_ports_of_known_sequences(self):
        _, truth = self.generate("scans.py", "a")
        doors = {str(port) for port in scans.door_ports()}
        self.assertLessEqual({"7000", "8000", "9000"}, doors)
        for row in truth.splitlines():
            self.assertLessEqual(doors, set(row.split(" ")[6].split(",")))

    def test_the_full_scan_is_in_order(self):
        log, _ = self.generate("scans.py", "a", "--full")
        self.assertEqual([int(port) for port in re.findall(r" DPT=(\d+) ", log)], list(range(1, 65536)))

    def test_scans_are_labelled_as_such(self):
        self.generate("scans.py", "a")
        report = self.score("a")
        self.assertEqual((report["scans"]["of"], report["knocks"]["of"], report["unlabelled"]), (100, 0, 0))


class ScoreAll(unittest.TestCase):
    def run_all(self, *words, **environment):
        words = [sys.executable, HERE / "score-all.py", *words]
        environment = dict(os.environ, **environment)
        return subprocess.run(words, capture_output=True, text=True, env=environment, check=False)

    def test_the_captures_are_scored(self):
        done = self.run_all("--only", "captures")
        self.assertIn("| knocks found ", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_what_is_not_there_is_skipped_and_named(self):
        done = self.run_all("--only", "noise", "--only", "bench-42", PK_SHARED="/nonexistent")
        self.assertEqual((done.stdout.count("| skipped: /nonexistent/"), done.returncode), (2, 0))

    def test_engine_options_are_given_on(self):
        done = self.run_all("--only", "captures", "--", "--min-confidence", "confirmed")
        self.assertRegex(done.stdout, r"\| knocks found +\| 0 of 42 ")
        self.assertEqual(done.returncode, 1)

    def test_an_unknown_part_is_refused(self):
        done = self.run_all("--only", "nothing")
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no such part; there are captures, ", done.stderr)


class TuningGuide(unittest.TestCase):
    guide = (data.SOURCE_DIR / "doc" / "tuning.md").read_text()

    def tables(self):
        """Option to its rows, each a list of cells."""
        found = re.findall(r"<!-- sweep (\S+) -->\n(.*?)<!-- end of sweep -->", self.guide, re.S)
        return {
            option: [re.findall(r"[^|\s][^|]*?(?= *\|)", line) for line in text.splitlines()[2:]]
            for option, text in found
        }

    def test_has_a_table_for_each_option_that_is_swept(self):
        tables, known = self.tables(), sweep.defaults()
        self.assertEqual(set(tables), set(sweep.SWEEPS))
        for option, rows in tables.items():
            values = [row[0].strip("*") for row in rows]
            expected = [value.split(" ")[0] for value in sweep.SWEEPS[option]] if option in known else []
            self.assertEqual(values, expected, option)
            if option in known:
                self.assertIn(f"**{known[option]}**", [row[0] for row in rows])

    def test_names_every_option(self):
        for option in sweep.defaults():
            self.assertRegex(self.guide, rf"(?m)^### {option}$|`{option}\(\)`")

    def test_the_rows_of_the_defaults_are_those_of_this_engine(self):
        measured = sweep.measure("window", sweep.defaults()["window"])
        for option, rows in self.tables().items():
            for row in rows:
                if row[0].startswith("**"):
                    told = ["–" if "–" == str(now) else then for then, now in zip(row[1:], measured)]
                    self.assertEqual(told, [str(cell) for cell in measured], f"{option}: run sweep.py --write")


if __name__ == "__main__":
    unittest.main()
