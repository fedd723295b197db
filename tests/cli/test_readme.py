#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The README says of options and dialects what the code does."""

import re
import unittest

from pk_command import SOURCE_DIR, run

README = (SOURCE_DIR / "README.md").read_text()


def option_rows():
    """Name to (permitted, default) as the README's tables have them."""
    return {
        name: (permitted, default)
        for name, permitted, default in re.findall(r"^\| `([a-z-]+)` \| ([^|]*) \| ([^|]*) \| [^|]* \|$", README, re.M)
    }


def engine_options():
    """Name to what stands in brackets in the help, which is made from the option table."""
    help_text = run("replay", "--help").text
    part = help_text[help_text.index("Engine options") :]
    return dict(re.findall(r"^  --([a-z-]+) .*?(?:\[(.*)\])?$", part, re.M))


class Readme(unittest.TestCase):
    def test_has_every_engine_option_with_range_and_default(self):
        rows = option_rows()
        options = engine_options()
        self.assertGreater(len(options), 10)
        for name, brackets in options.items():
            permitted, default = rows[name]
            if ";" in brackets:
                self.assertEqual(f"{permitted.replace(', ', '|')}; default {default}", brackets, name)
            elif brackets:
                self.assertEqual(permitted, brackets, name)

    def test_lists_every_dialect_in_its_order(self):
        listed = re.findall(r"^\| `([a-z0-9_-]+)` \| [^|]* \|$", README[README.index("| dialect |") :], re.M)
        rows = re.findall(
            r"^PK_DIALECT\((\w+)\)", (SOURCE_DIR / "modules" / "dialects" / "dialects.def").read_text(), re.M
        )
        self.assertGreater(len(rows), 5)
        self.assertEqual([name.replace("-", "_") for name in listed], rows)

    def test_shows_the_two_commands_first(self):
        commands = re.findall(r"^    (\S.*)$", README, re.M)
        self.assertEqual(commands[:2], ["make demo", "make check"])


if __name__ == "__main__":
    unittest.main()
