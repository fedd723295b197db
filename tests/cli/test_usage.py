#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""How the command is called, what it says when it is called wrongly, and its exit codes."""

import os
import pathlib
import re
import tempfile
import unittest

from pk_command import (
    COMMAND,
    DATA,
    KNOCK_NFT,
    KNOCK_UFW,
    REPLAY_USAGE,
    SOURCE_DIR,
    USAGE,
    WHEN,
    CommandTest,
    run,
    shell,
)

ENGINE_OPTIONS = {
    "window": "30",
    "settle": "10",
    "min-ports": "3",
    "max-ports": "8",
    "min-packets": "3",
    "max-packets": "12",
    "min-duration": "0",
    "scan-memory": "3600",
    "cooldown": "300",
    "min-confidence": "medium",
    "max-sources": "262144",
    "max-windows": "max-sources/16",
    "max-alerts": "60",
    "deny-prefix": None,
    "accept-prefix": None,
    "allow": None,
    "allow-file": None,
}


class Help(CommandTest):
    def test_version_is_one_line(self):
        result = run("--version")
        self.assert_quiet(result)
        self.assertRegex(result.text, r"\Aport-knock \d+\.\d+\.\d+\S*\n\Z")

    def test_help_names_commands_and_exit_codes(self):
        for words in (["--help"], ["-h"], ["help"]):
            result = run(*words)
            self.assert_quiet(result)
            self.assertTrue(result.text.startswith(USAGE))
            for word in ("replay", "explain", "Exit status: 0"):
                self.assertIn(word, result.text)

    def test_help_of_a_command_is_the_same_in_every_spelling(self):
        for command in ("replay", "explain", "score"):
            texts = {run("help", command).text, run(command, "--help").text, run(command, "-h").text}
            self.assertEqual(len(texts), 1)
            self.assertIn(f"usage: port-knock {command} ", texts.pop())

    def test_help_lists_every_engine_option_with_its_default(self):
        for command in ("replay", "explain", "score"):
            text = run("help", command).text
            for name, default in ENGINE_OPTIONS.items():
                line = re.search(rf"^  --{name} .*$", text, re.MULTILINE)
                self.assertIsNotNone(line, name)
                if default:
                    self.assertIn(f"default {default}", line.group())

    def test_help_lists_ranges(self):
        text = run("help", "replay").text
        self.assertRegex(text, r"--window N .*\[1\.\.3600 seconds; default 30\]\n")
        self.assertRegex(text, r"--min-confidence WORD .*\[low\|medium\|high\|confirmed; default medium\]\n")

    def test_help_lists_options_of_the_command(self):
        replay, explain = run("help", "replay").text, run("help", "explain").text
        for name in ("format", "year", "utc-offset", "scope", "stats"):
            self.assertIn(f"\n  --{name} ", replay)
        for name in ("year", "utc-offset"):
            self.assertIn(f"\n  --{name} ", explain)
        for name in ("format",):
            self.assertIn(f"\n  --{name} ", run("help", "dialects").text)
        for name in ("format", "stats"):
            self.assertNotIn(f"\n  --{name} ", explain)

    def test_the_manual_page_knows_every_option_of_the_commands(self):
        manual = (SOURCE_DIR / "modules" / "cli" / "port-knock.1").read_text()
        for command in ("replay", "explain", "dialects", "score"):
            own = run("help", command).text.split("\nEngine options")[0]
            for name in re.findall(r"^  --([a-z-]+)", own, re.MULTILINE):
                self.assertIn(".It Fl \\-" + name.replace("-", "\\-"), manual)

    def test_help_wins_over_missing_files(self):
        self.assert_quiet(run("replay", "--format", "json", "--help"))


class BadUsage(CommandTest):
    def assert_refused(self, errors, *arguments):
        result = run(*arguments)
        self.assertEqual((result.errors, result.text, result.code), (errors, "", 2))

    def test_no_command(self):
        self.assert_refused("port-knock: no command given\n" + USAGE)

    def test_unknown_command(self):
        self.assert_refused("port-knock: unknown command reply\n" + USAGE, "reply")
        self.assert_refused("port-knock: unknown command reply\n" + USAGE, "help", "reply")
        self.assert_refused("port-knock: unknown command \n" + USAGE, "")

    def test_unknown_option(self):
        self.assert_refused("port-knock: unknown option --versio\n" + USAGE, "--versio")
        self.assert_refused('port-knock: unknown option "--sttle"\n' + REPLAY_USAGE, "replay", "--sttle", "5", "x")
        self.assert_refused('port-knock: unknown option "--sttle"\n' + REPLAY_USAGE, "replay", "--sttle=5", "x")
        self.assert_refused('port-knock: unknown option "-s"\n' + REPLAY_USAGE, "replay", "-s", "x")
        self.assert_refused('port-knock: unknown option "--"\n' + REPLAY_USAGE, "replay", "--=", "x")

    def test_options_are_not_abbreviated(self):
        self.assert_refused('port-knock: unknown option "--form"\n' + REPLAY_USAGE, "replay", "--form", "json", "x")

    def test_option_of_another_command(self):
        usage = "usage: port-knock explain [--OPTION VALUE]... [FILE]...\n"
        self.assert_refused('port-knock: unknown option "--format"\n' + usage, "explain", "--format", "json")

    def test_a_file_where_none_is_read(self):
        usage = "usage: port-knock dialects [--format FORMAT]\n"
        self.assert_refused("port-knock: no FILE is read\n" + usage, "dialects", KNOCK_UFW)

    def test_no_file(self):
        errors = "port-knock: no FILE given; - is standard input\n" + REPLAY_USAGE
        self.assert_refused(errors, "replay")
        self.assert_refused(errors, "replay", "--format", "json")
        self.assert_refused(errors, "replay", "--")

    def test_missing_value(self):
        self.assert_refused("port-knock: --settle needs a value\n", "replay", "x", "--settle")
        self.assert_refused("port-knock: --format needs a value\n", "replay", "x", "--format")

    def test_superfluous_value(self):
        self.assert_refused("port-knock: --stats takes no value\n", "replay", "--stats=yes", "x")

    def test_bad_values_of_own_options(self):
        for name, value, permitted in (
            ("format", "xml", "one of text, json"),
            ("format", "", "one of text, json"),
            ("scope", "net", "one of host, none"),
            ("year", "26", "a year from 1970 to 9998"),
            ("year", "9999", "a year from 1970 to 9998"),
            ("year", "2026x", "a year from 1970 to 9998"),
            ("utc-offset", "1", "an offset such as +01:00 or -08:00"),
            ("utc-offset", "01:00", "an offset such as +01:00 or -08:00"),
            ("utc-offset", "+15:00", "an offset such as +01:00 or -08:00"),
            ("utc-offset", "+01:60", "an offset such as +01:00 or -08:00"),
            ("utc-offset", "+01:000", "an offset such as +01:00 or -08:00"),
        ):
            errors = f'port-knock: {name}: "{value}" is not permitted, it takes {permitted}\n'
            self.assert_refused(errors, "replay", f"--{name}", value, KNOCK_UFW)
            self.assert_refused(errors, "replay", f"--{name}={value}", KNOCK_UFW)

    def test_bad_values_of_engine_options(self):
        for name, value, permitted in (
            ("window", "0", "a whole number from 1 to 3600 (seconds)"),
            ("window", "3601", "a whole number from 1 to 3600 (seconds)"),
            ("window", "-1", "a whole number from 1 to 3600 (seconds)"),
            ("settle", "soon", "a whole number from 1 to 3600 (seconds)"),
            ("settle", "5 ", "a whole number from 1 to 3600 (seconds)"),
            ("min-ports", "1", "a whole number from 2 to 32 (distinct ports)"),
            ("max-ports", "32", "a whole number from 2 to 31 (distinct ports)"),
            ("cooldown", "99999999999999999999", "a whole number from 0 to 86400 (seconds)"),
            ("max-alerts", "", "a whole number from 1 to 10000 (a minute)"),
            ("min-confidence", "Low", "one of low, medium, high, confirmed"),
            ("deny-prefix", "", "1 to 127 characters"),
        ):
            errors = f'port-knock: {name}: "{value}" is not permitted, it takes {permitted}\n'
            for command in ("replay", "explain"):
                self.assert_refused(errors, command, f"--{name}", value, KNOCK_UFW)
                self.assert_refused(errors, command, f"--{name}={value}", KNOCK_UFW)

    def test_bad_allow_lists(self):
        for option, value, error in (
            ("allow", "10.0.0.0/33 x", 'allow: "10.0.0.0/33" is no network: a prefix length of 0 to 32 is permitted'),
            ("allow", "192.0.2.1", 'allow: "192.0.2.1" has no reason: one of 1 to 255 bytes is required'),
            ("allow-file", "", 'allow-file: "" is not permitted, it takes 1 to 4095 characters'),
            ("allow-file", DATA / "none.allow", f"allow-file: {DATA}/none.allow: No such file or directory"),
            ("allow-file", DATA, f"allow-file: {DATA}: it is no regular file"),
        ):
            for command in ("replay", "explain"):
                self.assert_refused(f"port-knock: {error}\n", command, f"--{option}", value, KNOCK_UFW)

    def test_a_bad_line_of_an_allow_file_is_named(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"# ours\n\n192.0.2.1 one\n10.1.2.3/8 two\n")
            file.flush()
            error = (
                f'port-knock: allow-file: {file.name}:4: "10.1.2.3/8" is no network, it has bits set after its prefix; '
                "permitted would be 10.0.0.0/8\n"
            )
            for command in ("replay", "explain"):
                self.assert_refused(error, command, "--allow-file", file.name, KNOCK_UFW)

    def test_values_that_do_not_go_together(self):
        for options in (
            ["--window", "5", "--settle", "6"],
            ["--min-ports", "6", "--max-ports", "5"],
            ["--deny-prefix", "net ", "--accept-prefix", "net "],
            ["--allow", "192.0.2.1 x", "--allow", "192.0.2.1/32 y"],
        ):
            result = run("replay", *options, KNOCK_UFW)
            self.assertEqual((result.text, result.code), ("", 2))
            self.assertRegex(result.errors, r"\Aport-knock: .+\n\Z")
            self.assertIn(options[0][2:], result.errors)


class Options(CommandTest):
    def test_value_may_follow_an_equals_sign(self):
        self.assertEqual(self.ports("--min-ports=4", "--known-sequences=", KNOCK_UFW), [])

    def test_options_may_follow_files(self):
        self.assertEqual(self.ports(KNOCK_UFW, "--min-ports", "4", "--known-sequences", ""), [])

    def test_the_last_of_a_repeated_option_counts(self):
        given = ("--known-sequences", "", "--min-ports", "4", "--min-ports", "3", KNOCK_UFW)
        self.assertEqual(self.ports(*given), ["7000,8000,9000"])

    def test_two_dashes_end_the_options(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "--stats").write_bytes(KNOCK_UFW.read_bytes())
            result = run("replay", *WHEN, "--", "--stats", cwd=folder)
        self.assert_quiet(result)
        self.assertEqual(len(result.lines), 1)


class ExitCodes(CommandTest):
    def test_zero_with_alerts_and_without(self):
        self.assert_quiet(run("replay", *WHEN, KNOCK_UFW))
        self.assert_quiet(run("replay", *WHEN, DATA / "scan-ufw.log"))

    def test_empty_input_is_done(self):
        result = run("replay", "/dev/null")
        self.assert_quiet(result)
        self.assertEqual(result.text, "")
        self.assert_quiet(run("explain", "/dev/null"))

    def test_a_missing_file_is_named_and_the_others_are_done(self):
        result = run("replay", "--format", "json", *WHEN, KNOCK_UFW, DATA / "none.log", KNOCK_NFT)
        self.assertEqual(result.errors, f"port-knock: {DATA}/none.log: No such file or directory\n")
        self.assertEqual([alert["port_sequence"] for alert in result.objects], ["7000,8000,9000", "1111,2222,3333"])
        self.assertEqual(result.code, 1)

    def test_a_folder_is_no_file(self):
        result = run("replay", "--format", "json", *WHEN, DATA, KNOCK_UFW)
        self.assertEqual(result.errors, f"port-knock: {DATA}: Is a directory\n")
        self.assertEqual((len(result.lines), result.code), (1, 1))

    def test_nothing_done_when_no_file_could_be_read(self):
        for command in ("replay", "explain"):
            result = run(command, DATA / "none.log", DATA)
            self.assertEqual(
                result.errors,
                f"port-knock: {DATA}/none.log: No such file or directory\nport-knock: {DATA}: Is a directory\n",
            )
            self.assertEqual((result.text, result.code), ("", 2))

    def test_a_file_without_permission_is_named(self):
        # root reads everything, as long as it has these two capabilities
        as_anybody = "setpriv --bounding-set -dac_override,-dac_read_search" if os.geteuid() == 0 else ""
        with tempfile.NamedTemporaryFile() as file:
            os.chmod(file.name, 0)
            result = shell(f'{as_anybody} "$0" replay {file.name}')
        self.assertEqual((result.errors, result.code), (f"port-knock: {file.name}: Permission denied\n", 2))

    def test_a_table_that_does_not_fit_into_memory_is_named(self):
        if b"__asan_init" in pathlib.Path(COMMAND).read_bytes():
            return  # the sanitizer itself needs more than this limit
        words = "--max-sources 16777216 --max-windows 16777216"
        result = shell(f'ulimit -v 4000000; "$0" replay {words} /dev/null')
        self.assertRegex(
            result.errors,
            r"^port-knock: max-sources: 16777216 with max-windows 16777216 takes \d+ MB, "
            r"which the system does not give\n$",
        )
        self.assertEqual((result.text, result.code), ("", 2))

    def test_no_table_that_does_not_fit_into_memory_ends_in_an_abort(self):
        if b"__asan_init" in pathlib.Path(COMMAND).read_bytes():
            return
        codes = set()
        for megabytes in range(40, 140, 2):
            result = shell(f'ulimit -v {megabytes * 1024}; "$0" replay /dev/null')
            self.assertNotRegex(result.errors, r"failed to allocate \d{7,} bytes", f"{megabytes} MB")
            codes.add(result.code)
        self.assertLessEqual({0, 2}, codes)

    def test_closed_standard_input_is_named(self):
        result = shell('"$0" explain <&-')
        self.assertEqual((result.errors, result.code), ("port-knock: standard input: Bad file descriptor\n", 2))


class Output(CommandTest):
    def test_full_disk_is_named(self):
        for words in ("--version", "help", f"replay --year 2026 {KNOCK_UFW}", f"explain {KNOCK_UFW}"):
            result = shell(f'"$0" {words} >/dev/full')
            self.assertEqual(
                (result.errors, result.code), ("port-knock: standard output: No space left on device\n", 1), words
            )

    def test_closed_standard_output_is_named(self):
        result = shell(f'"$0" explain {KNOCK_UFW} >&-')
        self.assertEqual((result.errors, result.code), ("port-knock: standard output: Bad file descriptor\n", 1))

    def test_closed_standard_output_without_anything_to_say_is_no_error(self):
        self.assert_quiet(shell('"$0" replay /dev/null >&-'))

    def test_a_reader_that_went_away_stops_quietly(self):
        result = shell('{ yes "line" | "$0" explain; echo $? >&2; } | head -n 1')
        self.assertEqual(result.lines, ['{"recognised":false}'])
        self.assertEqual(result.errors.splitlines()[-1], "1")
        self.assertNotIn("port-knock", result.errors)


if __name__ == "__main__":
    unittest.main()
