#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The measured tables of the documents are those that the code makes; measured.py --write makes them anew."""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
from measured import SOURCE_DIR, TABLES, Hit, search_as_written, search_with_real_times, thinned, with_tables


class Measured(unittest.TestCase):
    maxDiff = None

    def test_tables_are_current(self):
        for path, _ in TABLES.values():
            text = (SOURCE_DIR / path).read_text()
            self.assertEqual(text, with_tables(path, text), path)

    def test_the_search_as_written_never_finds_anything(self):
        hits = [Hit(i * 5, "198.51.100.7", "192.0.2.10", 7000 + i) for i in range(4)]
        self.assertEqual(search_as_written(hits), set())
        self.assertEqual(search_with_real_times(hits), {"198.51.100.7"})

    def test_a_limit_lets_its_burst_through_and_then_its_rate(self):
        hits = [Hit(i, "198.51.100.7", "192.0.2.10", i) for i in range(120)]
        self.assertEqual(len(thinned(hits, 3 / 60, 10, False)), 10 + 5)
        self.assertEqual(len(thinned(hits, None, None, False)), 120)


if __name__ == "__main__":
    unittest.main()
