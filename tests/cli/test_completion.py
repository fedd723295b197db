#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The bash completion, in a bash of its own."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

from pk_command import COMMAND, SOURCE_DIR, run

SCRIPT = SOURCE_DIR / "modules" / "cli" / "port-knock.bash"


def complete(*words, folder="/"):
    """What is offered for the last of words, which stand after the command."""
    ask = (
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _port_knock 2>&1; '
        'test ${#COMPREPLY[@]} = 0 || printf "%s\\n" "${COMPREPLY[@]}"'
    )
    call = ["bash", "--norc", "-c", ask, "bash", str(SCRIPT), str(COMMAND), *words]
    return subprocess.run(call, capture_output=True, text=True, check=True, cwd=folder).stdout.split("\n")[:-1]


@unittest.skipUnless(shutil.which("bash"), "there is no bash")
class Completion(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(complete(""), ["replay", "explain", "dialects", "score", "help", "--help", "--version"])
        self.assertEqual(complete("re"), ["replay"])
        self.assertEqual(complete("help", "ex"), ["explain"])

    def test_options_are_those_of_the_command_s_help(self):
        offered = complete("replay", "--")
        self.assertIn("--min-ports", offered)
        shown = [line.split()[0] for line in run("help", "replay").lines if line.startswith("  --")]
        self.assertEqual(offered, shown)
        self.assertEqual(complete("dialects", "--"), ["--format", "--help"])
        self.assertEqual(complete("replay", "--min-po"), ["--min-ports"])

    def test_words_of_an_option(self):
        self.assertEqual(complete("replay", "--min-confidence", ""), ["low", "medium", "high", "confirmed"])
        self.assertEqual(complete("replay", "--format", "j"), ["json"])
        self.assertEqual(complete("replay", "--alert-on", "d"), ["daemon"])
        self.assertEqual(complete("replay", "--window", ""), [])

    def test_files_elsewhere_and_for_options_that_take_one(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "one day.log").touch()
            self.assertEqual(complete("replay", "one", folder=folder), ["one day.log"])
            self.assertEqual(complete("replay", "--allow-file", "", folder=folder), ["one day.log"])
            self.assertEqual(complete("replay", "--window", "one", folder=folder), [])

    def test_nothing_is_offered_for_what_is_no_command(self):
        self.assertEqual(complete("nonsense", "--"), [])


if __name__ == "__main__":
    unittest.main()
