#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Options: every one is accepted as the manual has it, and every bad value ends
the start with option, value, what is permitted, and the place."""

import re
import subprocess
import unittest

from relay import COMMAND, SCL_DIR, SOURCE_DIR, RelayTest, deny, read_message, simple

# What a user wrote, and what must be said of it.
BAD_VALUES = [
    ("window(0)", 'window: "0" is not permitted, it takes a whole number from 1 to 3600 (seconds)'),
    ("window(3601)", 'window: "3601" is not permitted, it takes a whole number from 1 to 3600 (seconds)'),
    ("window(-5)", 'window: "-5" is not permitted, it takes a whole number from 1 to 3600 (seconds)'),
    ("window(1.5)", 'window: "1.5" is not permitted, it takes a whole number from 1 to 3600 (seconds)'),
    ("window(99999999999)", 'window: "99999999999" is not permitted, it takes a whole number from 1 to 3600 (seconds)'),
    (
        "window(99999999999999999999999)",
        'window: "99999999999999999999999" is not permitted, it takes a whole number from 1 to 3600 (seconds)',
    ),
    ('window("soon")', 'window: "soon" is not permitted, it takes a whole number from 1 to 3600 (seconds)'),
    ("window(soon)", 'window: "soon" is not permitted, it takes a whole number from 1 to 3600 (seconds)'),
    ("window(30s)", 'window: "30s" is not permitted, it takes a whole number from 1 to 3600 (seconds)'),
    ("window(yes)", 'window: "yes" is not permitted, it takes a whole number from 1 to 3600 (seconds)'),
    ("window()", 'window: "" is not permitted, it takes a whole number from 1 to 3600 (seconds)'),
    ("window(30 40)", "window: it takes one value, not 2"),
    ("settle(0)", 'settle: "0" is not permitted, it takes a whole number from 1 to 3600 (seconds)'),
    ("min-ports(1)", 'min-ports: "1" is not permitted, it takes a whole number from 2 to 32 (distinct ports)'),
    ("min_ports(33)", 'min-ports: "33" is not permitted, it takes a whole number from 2 to 32 (distinct ports)'),
    ("max-ports(32)", 'max-ports: "32" is not permitted, it takes a whole number from 2 to 31 (distinct ports)'),
    ("min-packets(1)", 'min-packets: "1" is not permitted, it takes a whole number from 2 to 32 (attempts)'),
    ("max-packets(32)", 'max-packets: "32" is not permitted, it takes a whole number from 2 to 31 (attempts)'),
    ("min-duration(-1)", 'min-duration: "-1" is not permitted, it takes a whole number from 0 to 3600 (seconds)'),
    ("scan-memory(59)", 'scan-memory: "59" is not permitted, it takes a whole number from 60 to 86400 (seconds)'),
    ("cooldown(86401)", 'cooldown: "86401" is not permitted, it takes a whole number from 0 to 86400 (seconds)'),
    (
        "max-sources(1023)",
        'max-sources: "1023" is not permitted, it takes a whole number from 1024 to 16777216 (sources)',
    ),
    ("max-windows(63)", 'max-windows: "63" is not permitted, it takes a whole number from 64 to 16777216 (sources)'),
    ("max-alerts(0)", 'max-alerts: "0" is not permitted, it takes a whole number from 1 to 10000 (a minute)'),
    ("save-interval(3601)", 'save-interval: "3601" is not permitted, it takes a whole number from 0 to 3600 (seconds)'),
    ('state-file("")', 'state-file: "" is not permitted, it takes 1 to 4095 characters'),
    ("min-confidence(sure)", 'min-confidence: "sure" is not permitted, it takes one of low, medium, high, confirmed'),
    ("min-confidence(2)", 'min-confidence: "2" is not permitted, it takes one of low, medium, high, confirmed'),
    ('deny-prefix("")', 'deny-prefix: "" is not permitted, it takes 1 to 127 characters'),
    ('accept-prefix("")', 'accept-prefix: "" is not permitted, it takes 1 to 127 characters'),
    (
        "allow()",
        'allow: "" is no network: an IPv4 or IPv6 address is permitted, alone or with a prefix length',
    ),
    ('allow("192.0.2.1")', 'allow: "192.0.2.1" has no reason: one of 1 to 255 bytes is required'),
    ('allow("192.0.2.1" "")', 'allow: "192.0.2.1" has no reason: one of 1 to 255 bytes is required'),
    ('allow("10.0.0.0/33" "x")', 'allow: "10.0.0.0/33" is no network: a prefix length of 0 to 32 is permitted'),
    (
        'allow("10.1.2.3/8" "x")',
        'allow: "10.1.2.3/8" is no network, it has bits set after its prefix; permitted would be 10.0.0.0/8',
    ),
    (
        'allow("::/0" "x")',
        'allow: "::/0" is every source, which is permitted only with dest= and a smaller network',
    ),
    (
        'allow("192.0.2.1" "x" "" "31.12.2026")',
        'allow: "31.12.2026" is no date: YYYY-MM-DD is permitted, the last day on which the entry counts',
    ),
    (
        'allow("192.0.2.1 dest=192.0.2.2" "x")',
        'allow: "192.0.2.1 dest=192.0.2.2" is not permitted, it takes a network, a reason, and then perhaps a '
        "destination network and a date",
    ),
    (
        'allow("192.0.2.1" "dest=192.0.2.2 x")',
        'allow: "dest=192.0.2.2 x" is not permitted, it takes a reason that begins otherwise',
    ),
    ('allow("192.0.2.1" "x" "" "" "")', "allow: it takes 4 values at most, not 5"),
    ('allow-file("")', 'allow-file: "" is not permitted, it takes 1 to 4095 characters'),
    ('allow-file("/a" "/b")', "allow-file: it takes one value, not 2"),
    ('prefix("")', 'prefix: "" is not permitted, it takes 1 to 128 letters, digits and the characters . _ - @'),
    ('prefix("a b")', 'prefix: "a b" is not permitted, it takes 1 to 128 letters, digits and the characters . _ - @'),
    (
        'persist-name("a/b")',
        'persist-name: "a/b" is not permitted, it takes 1 to 128 letters, digits and the characters . _ - @',
    ),
    ("inject-mode(outside)", 'inject-mode: "outside" is not permitted, it takes one of pass-through, internal'),
    ("correlate(maybe)", 'correlate: "maybe" is not permitted, it takes one of no, yes'),
    ("fields(some)", 'fields: "some" is not permitted, it takes one of core, all, none'),
    ("use-time(now)", 'use-time: "now" is not permitted, it takes one of message, received'),
    ("windows(30)", "windows: there is no such option"),
    ("no-such-option()", "no-such-option: there is no such option"),
]

# Values that do not go together: reported at the parser's name.
CONFLICTS = [
    ("window(5) settle(6)", "settle: 6 is not permitted, it must be at most window, which is 5"),
    ("min-ports(5) max-ports(4)", "max-ports: 4 is not permitted, it must be at least min-ports, which is 5"),
    ("min-ports(4) min-packets(3)", "min-packets: 3 is not permitted, it must be at least min-ports, which is 4"),
    ("min-packets(9) max-packets(8)", "max-packets: 8 is not permitted, it must be at least min-packets, which is 9"),
    ("window(5) settle(1) min-duration(6)", "min-duration: 6 is not permitted, it must be at most window, which is 5"),
    (
        "max-sources(1024) max-windows(2048)",
        "max-windows: 2048 is not permitted, it must be at most max-sources, which is 1024",
    ),
    ('deny-prefix("A: ") accept-prefix("A: ")', 'accept-prefix: "A: " is not permitted, deny-prefix has it too'),
    ('allow("192.0.2.1" "x") allow("192.0.2.1/32" "y")', 'allow: "192.0.2.1" is permitted once'),
]

GOOD = """
  window(60) settle(5) min-ports(2) max-ports(10) min_packets(2) max-packets("14") min-duration(1) scan-memory(600)
  cooldown(0) min-confidence(low) max-sources(4096) max-windows(256) max-alerts(100) deny-prefix("A: " 'B: ')
  deny-prefix("C: ") accept-prefix("D: ") prefix(".SDATA.knock@32473.") persist-name("edge") inject-mode("internal")
  allow("192.0.2.0/24" "one") allow("192.0.2.1" "two" "198.51.100.0/24" "2026-12-31") allow("::1 until=2026-12-31 x")
  allow-file("/nowhere/allow") heartbeat(3600) state-file("/nowhere") save-interval(0) correlate(yes) fields(all)
  use-time(received) scope("${HOST}") template("$MSG")
"""


def one_line(option, *, name="port-knock"):
    return f"parser p_knock {{ {name}({option}); }};"


class Options(RelayTest):
    def complaint(self, config):
        """What syslog-ng says first, its place, and the line that it shows."""
        relay = self.relay(config, started=False)
        said = relay.refuse()
        match = re.search(r"^Error parsing [\w -]+, (.*) in (\S+):(\d+):(\d+)-(\d+):(\d+):$", said, re.M)
        self.assertTrue(match, said)
        self.assertEqual(match.group(2), str(relay.dir / "conf"), said)
        return match

    def test_every_bad_value_is_refused_with_option_value_range_and_place(self):
        for option, wanted in BAD_VALUES:
            with self.subTest(option=option):
                config = one_line(option)
                match = self.complaint(config)
                self.assertEqual(match.group(1), wanted)
                # The line after "@version".
                column = config.index(option) + 1
                self.assertEqual((match.group(3), match.group(4)), ("2", str(column)))

    def test_values_that_do_not_go_together_are_refused_with_both(self):
        for options, wanted in CONFLICTS:
            with self.subTest(options=options):
                match = self.complaint(one_line(options))
                self.assertEqual(match.group(1), wanted)
                self.assertEqual(match.group(3), "2")

    def test_a_syntax_check_finds_bad_values_too(self):
        for option in (BAD_VALUES[0][0], CONFLICTS[0][0]):
            done = self.relay(one_line(option), started=False).check_syntax()
            self.assertNotEqual(done.returncode, 0, option)
            self.assertIn("is not permitted", done.stderr)

    def test_a_keyword_of_syslog_ng_that_is_no_option_is_refused_with_its_place(self):
        self.assertIn("syntax error", self.complaint(one_line("flush-lines(3)")).group(1))

    def test_what_the_lexer_cannot_read_ends_the_start_at_once(self):
        """Asked for more after that, it reads what lies behind its buffer."""
        relay = self.relay(one_line('deny-prefix("A"\n`B C) settle(\n`D'), started=False)
        said = relay.refuse()
        self.assertRegex(said, r"Error parsing port-knock, what stands here cannot be read in \S+conf:3:1-")
        self.assertEqual(said.count("Fatal error in configuration lexer"), 1, said)

    def test_a_bad_scope_template_is_refused_with_its_place(self):
        self.assertIn("template", self.complaint(one_line('scope("$(no-such-function)")')).group(1))

    def test_every_option_is_accepted(self):
        self.assertEqual(self.relay(one_line(GOOD), started=False).check_syntax().stderr, "")

    def test_every_option_of_the_command_is_an_option_of_the_parser(self):
        """The command and the parser read one table."""
        shown = subprocess.run([COMMAND, "help", "replay"], capture_output=True, text=True).stdout
        names = re.findall(r"^ +--([a-z-]+) ", shown, re.M)
        table = {re.match(r"[a-z-]+", wanted).group(0) for _, wanted in BAD_VALUES}
        engine = [name for name in names if name in table]
        self.assertGreater(len(engine), 10, shown)
        for name in engine:
            self.assertNotIn("no such option", self.complaint(one_line(f"{name}()")).group(1))

    def test_a_persist_name_given_twice_is_refused_with_both_places(self):
        relay = self.relay(
            simple().replace("parser(p_knock);", "parser(p_first); parser(p_second);")
            + 'parser p_first { port-knock(persist-name("x")); };\n'
            + 'parser p_second { port-knock(persist-name("x")); };\n',
            started=False,
        )
        said = relay.refuse()
        self.assertRegex(
            said,
            r"parser='p_second', reason='persist-name: \"x#1\" is not permitted, "
            r"the parser at \S+conf:\d+:\d+ has it too', location='\S+conf:\d+:\d+'",
        )

    def test_the_start_is_told_with_what_is_in_use(self):
        relay = self.relay(simple("window(20) settle(2) max-sources(2048)"))
        line = next(line for line in relay.log.splitlines() if "port-knock: parser started" in line)
        self.assertIn("parser='p_knock'", line)
        self.assertIn("state='new'", line)
        self.assertIn("options='window(20) settle(2) max-sources(2048)'", line)
        self.assertIn("max_sources='2048', max_windows='128', window='20', settle='2'", line)
        self.assertRegex(line, r"reserved_bytes='[1-9][0-9]+'")
        self.assertRegex(line, r"dialects='ufw,[a-z0-9,_-]*knockd")

    def test_prefix_names_the_pairs(self):
        relay = self.relay(simple('prefix(".SDATA.knock@32473.")').replace("{json}", "$(format-json .SDATA.*)\\n"))
        relay.send([deny("192.0.2.1", 7000)])
        self.assertEqual(relay.wait_messages(1)[0]["_SDATA"]["knock@32473"]["src_ip"], "192.0.2.1")


class Library(RelayTest):
    """What is installed beside the module."""

    SCL = "port-knock.conf"

    def with_scl(self, config):
        return f'@include "scl.conf"\n@include "{SCL_DIR / self.SCL}"\n' + config

    def test_the_parser_works_after_including_the_library(self):
        relay = self.relay(self.with_scl(simple()))
        self.assertEqual(relay.stats()["recognised"], 0)

    def test_port_knock_tag_tags_only(self):
        relay = self.relay(self.with_scl(simple().replace("port-knock()", "port-knock-tag(min-ports(4))")))
        relay.send([deny("192.0.2.1", 7000)])
        message = relay.wait_messages(1)[0]
        self.assertIn("port-knock", message["tags"].split(","))
        self.assertEqual(message["_knock"]["tcp_flags"].upper(), "SYN")
        self.assertIn("correlate='no'", relay.log)

    def test_port_knock_json_writes_fields_without_prefix(self):
        config = simple().replace('file("{dir}/out" template("{json}"))', 'port-knock-json(path("{dir}/out"))')
        relay = self.relay(self.with_scl(config))
        relay.send([deny("192.0.2.1", 7000)])
        fields = read_message(relay.wait_lines(1)[0])
        self.assertEqual((fields["src_ip"], fields["dest_port"], fields["host"]), ("192.0.2.1", "7000", "fw1"))
        self.assertRegex(fields["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}")

    def test_the_example_allow_list_is_correct(self):
        relay = self.relay(simple(f'allow-file("{SOURCE_DIR / "conf.d" / "allow.example"}")'))
        self.assertIn("allow='8'", relay.log)

    def test_the_example_relay_is_correct(self):
        text = (SOURCE_DIR / "conf.d" / "relay.conf").read_text()
        text = re.sub(r"(?m)^@version.*\n", "", text).replace('@include "scl.conf"', self.with_scl(""))
        done = self.relay(text, started=False).check_syntax()
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
