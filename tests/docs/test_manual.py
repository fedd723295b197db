#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The manual pages render without a warning, list every option with its range, and their examples are good."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
from blocks import Block
from document import COMMAND, SOURCE_DIR, Document, has_module

COMMAND_PAGE = SOURCE_DIR / "modules" / "cli" / "port-knock.1"
PARSER_PAGE = SOURCE_DIR / "modules" / "syslog-ng" / "syslog-ng-port-knock.7"
PAGES = (COMMAND_PAGE, PARSER_PAGE)
COLUMNS = 80


def rendered(page):
    """(text as a terminal shows it, warnings)."""
    words = ["groff", "-mandoc", "-Tutf8", "-ww", "-P-cbou", f"-rLL={COLUMNS}n", str(page)]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    return done.stdout.decode(), done.stderr.decode()


def engine_options():
    """Name to (permitted, default) as the help has them, which is made from the option table."""
    shown = subprocess.run([COMMAND, "help", "replay"], stdout=subprocess.PIPE, check=True).stdout.decode()
    options = {}
    part = shown[shown.index("Engine options") :]
    for name, brackets in re.findall(r"^  --([a-z0-9-]+) .*?(?:\[(.*)\])?$", part, re.M):
        permitted, _, default = brackets.partition("; default ")
        options[name] = permitted.replace("|", ", "), default
    return options


def all_options():
    """Names in the tables of the engine and of the parser, those too that the command does not have."""
    settings = (SOURCE_DIR / "modules" / "syslog-ng" / "settings.c").read_text()
    tables = settings + (SOURCE_DIR / "modules" / "engine" / "options.c").read_text()
    names = re.findall(r'^ *\{ "([a-z0-9-]+)", PK_OPTION_\w+,', tables, re.M)
    return [*names, *re.findall(r'strcmp\(name, "([a-z-]+)"\) == 0\)\n', settings), "scope"]


def listed_options():
    """Name to what the page says of it."""
    text = PARSER_PAGE.read_text().split(".Sh OPTIONS")[1].split(".Sh BLOCKS")[0]
    return dict(re.findall(r"^\.It Ic ([a-z0-9-]+) Ns.*\n((?:(?!\.It |\.El).*\n)*)", text, re.M))


def only_if(condition):
    return lambda test: test if condition else None


@unittest.skipUnless(shutil.which("groff"), "no groff")
class Rendered(unittest.TestCase):
    def test_pages_render_without_a_warning(self):
        for page in PAGES:
            with self.subTest(page.name):
                self.assertEqual(rendered(page)[1], "")

    def test_pages_fit_on_a_terminal_and_have_their_sections(self):
        for page in PAGES:
            text = rendered(page)[0]
            with self.subTest(page.name):
                self.assertLessEqual(max(map(len, text.splitlines())), COLUMNS)
                for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "SEE ALSO"):
                    self.assertRegex(text, rf"(?m)^{heading}$")

    def test_a_wrong_macro_is_noticed(self):
        with tempfile.NamedTemporaryFile("w", suffix=".7") as page:
            page.write(PARSER_PAGE.read_text().replace(".El\n.Sh BLOCKS", ".Sh BLOCKS\n.xx"))
            page.flush()
            self.assertNotEqual(rendered(page.name)[1], "")


class Options(unittest.TestCase):
    maxDiff = None

    def test_every_option_of_the_engine_stands_there_with_its_range_and_default(self):
        listed, options = listed_options(), engine_options()
        self.assertGreater(len(options), 20)
        for name, (permitted, default) in options.items():
            with self.subTest(name):
                self.assertIn(name, listed)
                if permitted:
                    plain = " ".join(listed[name].replace(r"\(en", "..").split())
                    self.assertIn(f"Permitted: {permitted}" + (f"; default {default}." if default else "."), plain)

    def test_every_option_that_the_grammar_takes_stands_there(self):
        self.assertGreater(len(all_options()), 25)
        self.assertEqual(set(all_options()) - set(listed_options()), set())

    def test_the_command_page_has_every_command(self):
        shown = subprocess.run([COMMAND, "help"], stdout=subprocess.PIPE, check=True).stdout.decode()
        commands = set(re.findall(r"port-knock (\w+)", shown)) - {"help"}
        self.assertGreater(len(commands), 3)
        for command in commands:
            self.assertRegex(COMMAND_PAGE.read_text(), rf"(?m)^\.It Cm {command}$")


class Examples(unittest.TestCase):
    def test_each_command_runs(self):
        commands = re.findall(r"^\.Dl ((?:\w+ .*\| )?port-knock .*)$", COMMAND_PAGE.read_text(), re.M)
        self.assertGreater(len(commands), 3)
        with tempfile.TemporaryDirectory() as scratch:
            document = Document(COMMAND_PAGE.name, scratch)
            for command in commands:
                if "| jq" not in command or shutil.which("jq"):
                    document.run_block(Block(COMMAND_PAGE.name, 0, "sh", command + "\n", ""))

    # Without a module there is nothing to test, and .ci/run takes a skipped test for a fault of the machine.
    @only_if(has_module())
    def test_syslog_ng_takes_each_configuration(self):
        examples = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", PARSER_PAGE.read_text(), re.M | re.S)
        self.assertGreater(len(examples), 2)
        with tempfile.TemporaryDirectory() as scratch:
            document = Document(PARSER_PAGE.name, scratch)
            for example in examples[1:]:
                document.check_syslog_ng(Block(PARSER_PAGE.name, 0, "syslog-ng", example, ""))


if __name__ == "__main__":
    unittest.main()
