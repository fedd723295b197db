#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""No shape without a fuzz target, no target that is not built, run and told of."""

import os
import pathlib
import re
import unittest

SOURCE_DIR = pathlib.Path(os.environ["PK_SOURCE_DIR"])
FUZZ_DIR = SOURCE_DIR / "tests" / "fuzz"


def sources():
    return {path.stem: path.read_text() for path in FUZZ_DIR.glob("fuzz_*.c")}


def shapes():
    return set(re.findall(r"^PkScanResult (pk_scan_\w+)\(", (SOURCE_DIR / "modules/scan/scan.h").read_text(), re.M))


class Targets(unittest.TestCase):
    def test_every_shape_is_called_by_a_target_of_its_own(self):
        self.assertGreater(len(shapes()), 10)
        called = "\n".join(sources().values())
        self.assertEqual([shape for shape in sorted(shapes()) if not re.search(rf"\b{shape}\b", called)], [])

    def test_every_target_is_built(self):
        listed = re.findall(r"^\ttests/fuzz/(fuzz_\w+)(?: \\)?$", (SOURCE_DIR / "tests/tests.am").read_text(), re.M)
        self.assertEqual(sorted(listed), sorted(sources()))

    def test_every_target_is_in_the_manual(self):
        manual = (FUZZ_DIR / "README.md").read_text()
        table = re.findall(r"^\| `(fuzz_\w+)` \| [^|]+ \|$", manual, re.M)
        self.assertEqual(table, sorted(sources()))

    def test_dictionaries_and_seeds_of_a_target_are_named_after_one(self):
        named = [path.stem for path in FUZZ_DIR.glob("*.dict")]
        named += [path.name for path in FUZZ_DIR.iterdir() if path.is_dir() and path.name not in ("seeds", ".deps")]
        self.assertGreater(len(named), 2)
        self.assertEqual([name for name in named if f"fuzz_{name}" not in sources()], [])

    def test_a_dictionary_has_only_lines_that_libfuzzer_reads(self):
        for path in FUZZ_DIR.glob("*.dict"):
            for line in path.read_text().splitlines():
                with self.subTest(path=path.name, line=line):
                    self.assertRegex(line, r'^(#.*|"(?:[^"\\]|\\\\|\\"|\\x[0-9a-f]{2})+")$')


if __name__ == "__main__":
    unittest.main()
