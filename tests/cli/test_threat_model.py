#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Each test that the threat model names is there."""

import re
import unittest

from pk_command import SOURCE_DIR

TEXT = (SOURCE_DIR / "doc" / "threat-model.md").read_text(encoding="utf-8")
FILE = r"tests/[\w./-]+\.(?:c|py|md)"
# `file`: `name`, `name`
CITED = re.compile(rf"`({FILE})`(?:: ((?:`\w+`(?:, )?)+))?")


def citations():
    """(file, [name]) in the order of the text."""
    return [(match[1], re.findall(r"`(\w+)`", match[2] or "")) for match in CITED.finditer(TEXT)]


def names_in(path):
    text = (SOURCE_DIR / path).read_text(encoding="utf-8")
    pattern = r"^Test\(\w+, (\w+)" if path.endswith(".c") else r"^ *def (test_\w+)\("
    return re.findall(pattern, text, re.M)


class ThreatModel(unittest.TestCase):
    def test_every_file_it_names_exists(self):
        missing = [path for path, _ in citations() if not (SOURCE_DIR / path).is_file()]
        self.assertEqual(missing, [])

    def test_every_test_it_names_exists(self):
        missing = [
            (path, name)
            for path, names in citations()
            for name in names
            if (SOURCE_DIR / path).is_file() and name not in names_in(path)
        ]
        self.assertEqual(missing, [])

    def test_every_promise_names_a_test(self):
        rows = re.findall(r"^\| (.*) \| (.*) \|$", TEXT[TEXT.index("## What is promised") :], re.M)
        promises = [row for row in rows if row != ("promise", "tests")]
        self.assertGreater(len(promises), 15)
        self.assertEqual([promise for promise, tests in promises if not re.search(FILE, tests)], [])

    def test_nothing_it_names_as_a_test_is_overlooked(self):
        named = {name for _, names in citations() for name in names}
        written = set(re.findall(r"`(test_\w+)`", TEXT))
        self.assertEqual(written - named, set())


if __name__ == "__main__":
    unittest.main()
