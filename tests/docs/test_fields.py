#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""doc/fields.md lists what the code writes: fields with type and where they stand, kinds, branches, evidence."""

import json
import pathlib
import re
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
from queries import SOURCE_DIR, alerts

DOCUMENT = (SOURCE_DIR / "doc" / "fields.md").read_text()
FIELDS_C = (SOURCE_DIR / "modules" / "engine" / "fields.c").read_text()
TYPES = {"STRING": "string", "INTEGER": "integer", "DOUBLE": "number"}
PYTHON_TYPES = {"string": str, "integer": int, "number": (int, float)}


def section(heading):
    return DOCUMENT.split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]


def table(text):
    """The rows of the first table in text, as lists of cells."""
    rows = [re.split(r" *\| *", line.strip().strip("|").strip()) for line in text.splitlines() if line.startswith("|")]
    return rows[2:]


def field_rows():
    return {row[0].strip("`"): row[1:3] for row in table(DOCUMENT.split("\n## ")[0])}


def sample_events():
    """What the samples come to, and with fields(all)."""
    for path in (SOURCE_DIR / "tests" / "samples").glob("*.case"):
        for line in path.read_text().splitlines():
            if line.startswith('{"recognised":true'):
                yield json.loads(line)


class Fields(unittest.TestCase):
    def setUp(self):
        self.rows = field_rows()

    def test_all_are_there_with_their_type(self):
        in_code = re.findall(r'\[PK_FIELD_\w+\] = \{ "(\w+)", PK_FIELD_(\w+) \}', FIELDS_C)
        self.assertGreater(len(in_code), 40)
        self.assertEqual(sorted((name, row[0]) for name, row in self.rows.items()),
                         sorted((name, TYPES[kind]) for name, kind in in_code))

    def assert_on(self, where, objects):
        seen = set()
        for event in objects:
            for name, value in event.items():
                self.assertIsInstance(value, PYTHON_TYPES[self.rows[name][0]], name)
                self.assertIn(where, self.rows[name][1].split(", "), name)
                seen.add(name)
        return seen

    def test_messages_of_all_samples_have_what_is_said_to_be_on_messages(self):
        events = [{name: value for name, value in event.items() if name not in ("recognised", "matched")}
                  for event in sample_events()]
        listed = {name for name, row in self.rows.items() if "message" in row[1].split(", ")}
        self.assertEqual(self.assert_on("message", events), listed - {"allowed"})

    def test_alerts_of_all_captures_have_what_is_said_to_be_on_alerts(self):
        listed = {name for name, row in self.rows.items() if "alert" in row[1].split(", ")}
        self.assertEqual(self.assert_on("alert", alerts()), listed - {"scope"})

    def test_kinds_are_those_of_the_code(self):
        in_code = set(re.findall(r'\[PK_EVENT_\w+\] = "(\w+)"', FIELDS_C)) - {"none"}
        self.assertEqual({row[0].strip("`") for row in table(section("## Kinds"))}, in_code)

    def test_branches_are_those_of_the_code_with_their_rating(self):
        in_code = {}
        for name, rating in re.findall(r'\[PK_BRANCH_\w+\] = \{ "(\w+)", (NULL, NULL|"\w+", "\w+") \}', FIELDS_C):
            in_code[name] = None if "NULL" in rating else rating.replace('"', "")
        del in_code["none"]
        rows = {row[0].strip("`"): row[2] for row in table(section("## Branches"))}
        self.assertEqual(set(rows), set(in_code))
        for name, rating in in_code.items():
            if rating:
                self.assertEqual(rows[name], rating, name)

    def test_evidence_has_every_word_that_the_engine_adds(self):
        words = set()
        for path in (SOURCE_DIR / "modules" / "engine").glob("*.c"):
            words |= set(re.findall(r'add_(?:port_)?evidence\([^"(]*"(\w+)"', path.read_text()))
        self.assertGreater(len(words), 10)
        listed = {re.match(r"`?(\w+)", row[0]).group(1) for row in table(section("## Evidence"))} - {"a"}
        self.assertEqual(listed, words)


if __name__ == "__main__":
    unittest.main()
