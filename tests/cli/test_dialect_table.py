#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""doc/dialects.md is what its script makes of the rows and samples; labelled lines, where there are some, are
recognised as well as they must be."""

import collections
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import make_dialect_table as table  # pylint: disable=wrong-import-position

SHARED = pathlib.Path(os.environ.get("PK_SHARED", "/nonexistent"))


class DialectTable(unittest.TestCase):
    maxDiff = None

    def test_is_what_the_script_makes(self):
        """If not: tests/make_dialect_table.py --write"""
        self.assertEqual(table.TABLE.read_text(encoding="utf-8"), table.make_table())

    def test_every_dialect_of_firewalls_has_samples_with_a_whole_tuple(self):
        for row in table.run("dialects", "--format", "json"):
            if "firewall_deny" in row["kinds"]:
                events = [event for event in table.read_samples(row["name"]) if event]
                self.assertTrue(any(map(table.is_complete, events)), row["name"])


class Labelled(unittest.TestCase):
    @unittest.skipUnless((SHARED / "corpus").is_dir(), "no corpus")
    def test_firewalls_are_recognised_as_well_as_they_must_be(self):
        total = sum(table.measure_firewalls(SHARED).values(), collections.Counter())
        self.assertGreaterEqual(total["recognised"], 0.98 * total["denies"])
        self.assertGreaterEqual(total["exact"], 0.98 * total["recognised"])
        self.assertLessEqual(total["false"], 0.003 * total["others"])
        self.assertGreaterEqual(total["accepts exact"], 0.95 * total["accepts"])
        self.assertEqual(total["other blocks taken"], 0)

    @unittest.skipUnless((SHARED / "telemetry").is_dir(), "no telemetry")
    def test_records_are_recognised_as_well_as_they_must_be(self):
        n_branches, right, _, tagged = table.measure_telemetry(SHARED)
        self.assertGreaterEqual(right, 0.97 * n_branches)
        # Packets that a Windows firewall dropped and a rule of netsh, which are what the design calls them.
        self.assertLessEqual(tagged, 4)


if __name__ == "__main__":
    unittest.main()
