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
        for name, permitted, default in re.findall(
            r"^\| `([a-z0-9-]+)` \| ([^|]*) \| ([^|]*) \| [^|]* \|$", README, re.M
        )
    }


def engine_options():
    """Name to what stands in brackets in the help, which is made from the option table."""
    help_text = run("replay", "--help").text
    part = help_text[help_text.index("Engine options") :]
    return dict(re.findall(r"^  --([a-z0-9-]+) .*?(?:\[(.*)\])?$", part, re.M))


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

    def test_has_every_option_of_the_parser_alone(self):
        """Those that the grammar's tables know besides the engine's, with the words that they take."""
        rows = option_rows()
        settings = (SOURCE_DIR / "modules" / "syslog-ng" / "settings.c").read_text()
        words = {
            name: ", ".join(re.findall(r'"([a-z-]+)"', values))
            for name, values in re.findall(r"\*const (\w+)\[\] = \{ (.*), NULL \};", settings)
        }
        given = re.findall(r'\{ "([a-z-]+)", PK_OPTION_WORD, 0, 0, \w+, "", (\w+),', settings)
        self.assertGreater(len(given), 3)
        for name, values in given:
            self.assertEqual(sorted(rows[name][0].split(", ")), sorted(words[values].split(", ")), name)
        for name in re.findall(r'strcmp\(name, "([a-z-]+)"\) == 0\)', settings):
            self.assertIn(name, rows)

    def test_lists_every_dialect_in_its_order(self):
        listed = re.findall(r"^\| `([a-z0-9_-]+)` \| [^|]* \|$", README[README.index("| dialect |") :], re.M)
        rows = re.findall(
            r"^PK_DIALECT\((\w+)\)", (SOURCE_DIR / "modules" / "dialects" / "dialects.def").read_text(), re.M
        )
        self.assertGreater(len(rows), 5)
        self.assertEqual([name.replace("-", "_") for name in listed], rows)

    def test_shows_the_two_commands_first(self):
        first = re.search(r"^```sh\n(.*?)^```", README, re.M | re.S).group(1)
        self.assertEqual(first.splitlines(), ["make demo", "make check"])


if __name__ == "__main__":
    unittest.main()
