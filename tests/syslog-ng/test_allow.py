#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The allow list in a relay: what it marks, and what a bad file costs."""

import re
import unittest

from relay import RelayTest, deny, knock, knock_fields, simple, wait_for

OPTIONS = "settle(1) window(20)"
FILE = 'allow-file("{dir}/allow")'
KEPT = "port-knock: the allow list cannot be read, the list read earlier stays in force"


class Allow(RelayTest):
    def relay_with(self, text, options=FILE, started=True):
        relay = self.relay(simple(f"{OPTIONS} {options}"), started=False)
        self.write(relay, text)
        return relay.start() if started else relay

    def write(self, relay, text):
        (relay.dir / "allow").write_text(text)

    def reload_with(self, relay, text):
        self.write(relay, text)
        self.assertEqual(relay.reload().returncode, 0, relay.log)

    def reasons(self, relay, sources):
        """What `allowed` says of one denial of each source."""
        before = len(relay.messages())
        relay.send([deny(source, 7000) for source in sources])
        messages = relay.wait_messages(before + len(sources))[before:]
        self.assertEqual([knock_fields(message)["src_ip"] for message in messages], list(sources))
        return [knock_fields(message).get("allowed") for message in messages]

    def complaints(self, relay):
        return [line for line in relay.log.splitlines() if KEPT in line]

    def test_messages_of_listed_sources_are_marked_and_counted_and_go_on(self):
        options = 'allow("192.0.2.0/24" "office") allow("192.0.2.9" "scanner" "198.51.100.0/24" "2999-12-31")'
        relay = self.relay_with("192.0.2.7 monitoring\n2001:db8::/32 six\n", f"{options} {FILE}")
        sources = ["192.0.2.1", "192.0.2.7", "192.0.2.9", "203.0.113.1", "2001:db8::1"]
        self.assertEqual(self.reasons(relay, sources), ["office", "monitoring", "scanner", None, "six"])
        stats = relay.stats()
        self.assertEqual((stats["allowed"], stats["recognised"]), (4, 5))
        self.assertIn("allow='4'", relay.log)
        self.stop_cleanly(relay)

    def test_an_entry_that_has_expired_is_none(self):
        relay = self.relay_with("192.0.2.1 until=2020-12-31 gone\n192.0.2.0/24 until=2999-12-31 still\n")
        self.assertEqual(self.reasons(relay, ["192.0.2.1"]), ["still"])

    def test_correlate_no_marks_too(self):
        relay = self.relay_with("192.0.2.7 monitoring\n", FILE + " correlate(no)")
        self.assertEqual(self.reasons(relay, ["192.0.2.7", "192.0.2.8"]), ["monitoring", None])
        self.reload_with(relay, "???\n")
        self.assertEqual(self.reasons(relay, ["192.0.2.7", "192.0.2.8"]), ["monitoring", None])
        self.assertEqual(relay.stats()["allowed"], 2)
        self.stop_cleanly(relay)

    def test_a_bad_file_at_start_is_refused_with_its_line_and_the_parser_s_place(self):
        relay = self.relay_with("192.0.2.1 x\n10.0.0.0/33 x\n", started=False)
        self.assertRegex(
            relay.refuse(),
            rf"parser='p_knock', reason='allow-file: {re.escape(str(relay.dir))}/allow:2: \"10\.0\.0\.0/33\" is no "
            r"network: a prefix length of 0 to 32 is permitted', location='\S+conf:\d+:\d+'",
        )

    def test_a_missing_file_at_start_is_refused(self):
        relay = self.relay(simple(f"{OPTIONS} {FILE}"), started=False)
        self.assertRegex(relay.refuse(), r"reason='allow-file: \S+/allow: No such file or directory', location=")

    def test_a_reload_reads_the_file_again(self):
        relay = self.relay_with("192.0.2.1 one\n")
        self.reload_with(relay, "192.0.2.2 two\n")
        self.assertEqual(self.reasons(relay, ["192.0.2.1", "192.0.2.2"]), [None, "two"])
        self.assertEqual(self.complaints(relay), [])

    def test_a_reload_with_a_bad_file_keeps_the_old_list_and_says_so(self):
        relay = self.relay_with("192.0.2.1 one\n192.0.2.2 dest=198.51.100.0/24 two\n")
        for text in ("192.0.2.3 three\n192.0.2.4\n", "\0"):
            self.reload_with(relay, text)
            self.assertEqual(self.reasons(relay, ["192.0.2.1", "192.0.2.2", "192.0.2.3"]), ["one", "two", None])
        first, second = self.complaints(relay)
        self.assertRegex(
            first,
            rf"reason='allow-file: {re.escape(str(relay.dir))}/allow:2: \"192\.0\.2\.4\" has no reason: .*', "
            r"entries='2', location='\S+conf:\d+:\d+'",
        )
        self.assertRegex(second, r"/allow:1: a NUL byte: this is no text file'")
        (relay.dir / "allow").unlink()
        self.assertEqual(relay.reload().returncode, 0)
        self.assertEqual(self.reasons(relay, ["192.0.2.1", "192.0.2.3"]), ["one", None])
        self.reload_with(relay, "192.0.2.3 three\n")
        self.assertEqual(self.reasons(relay, ["192.0.2.1", "192.0.2.3"]), [None, "three"])
        self.assertEqual(len(self.complaints(relay)), 3)
        self.stop_cleanly(relay)

    def test_what_the_configuration_says_changes_though_the_file_is_bad(self):
        relay = self.relay_with("192.0.2.1 one\n", f'allow("192.0.2.5" "five") {FILE}')
        relay.write(simple(f'{OPTIONS} allow("192.0.2.6" "six") {FILE}'))
        self.reload_with(relay, "???\n")
        self.assertEqual(self.reasons(relay, ["192.0.2.1", "192.0.2.5", "192.0.2.6"]), ["one", None, "six"])
        relay.write(simple(f'{OPTIONS} allow("192.0.2.6" "six")'))
        self.assertEqual(relay.reload().returncode, 0)
        self.assertEqual(self.reasons(relay, ["192.0.2.1", "192.0.2.5", "192.0.2.6"]), [None, None, "six"])

    def test_a_reload_with_a_bad_allow_fails_and_changes_nothing(self):
        relay = self.relay_with("192.0.2.1 one\n")
        relay.write(simple(f'{OPTIONS} allow("192.0.2.300" "x")'))
        self.write(relay, "192.0.2.2 two\n")
        self.assertNotEqual(relay.reload().returncode, 0)
        self.assertIn('allow: "192.0.2.300" is no network', relay.log)
        self.assertEqual(self.reasons(relay, ["192.0.2.1", "192.0.2.2"]), ["one", None])

    def test_another_file_that_is_bad_fails_the_reload_and_the_old_list_stays(self):
        relay = self.relay_with("192.0.2.1 one\n")
        relay.write(simple(f'{OPTIONS} allow-file("{{dir}}/other")'))
        (relay.dir / "other").write_text("???\n")
        self.assertNotEqual(relay.reload().returncode, 0)
        self.assertEqual(self.reasons(relay, ["192.0.2.1"]), ["one"])

    def test_a_reload_that_is_reverted_keeps_the_old_list_though_the_file_is_bad(self):
        """The new configuration parses, and then one of its sources cannot start."""
        relay = self.relay_with("192.0.2.1 one\n")
        bad = "source s_bad { network(ip(192.0.2.250) port(1)); }; log { source(s_bad); };\n"
        relay.write(simple(f"{OPTIONS} {FILE}") + bad)
        self.write(relay, "???\n")
        self.assertNotEqual(relay.reload().returncode, 0)
        self.assertEqual(self.reasons(relay, ["192.0.2.1"]), ["one"])
        self.stop_cleanly(relay)

    def test_parsers_that_share_a_file_each_keep_it(self):
        config = simple(f"{OPTIONS} {FILE}").replace("parser(p_knock);", "parser(p_knock); parser(p_second);")
        second = f'parser p_second {{ port-knock({OPTIONS} prefix(".second.") allow("192.0.2.2" "two") {FILE}); }};\n'
        relay = self.relay(config + second, started=False)
        self.write(relay, "192.0.2.1 one\n")
        relay.start()
        self.reload_with(relay, "???\n")
        self.assertEqual(self.reasons(relay, ["192.0.2.1", "192.0.2.2"]), ["one", None])
        self.assertEqual([relay.stats(name)["allowed"] for name in ("p_knock", "p_second")], [1, 2])
        self.assertEqual(len(self.complaints(relay)), 2)
        self.assertNotIn("Internal error", relay.log)
        self.stop_cleanly(relay)

    def test_another_list_keeps_a_half_finished_knock(self):
        relay = self.relay_with("192.0.2.9 nobody\n")
        lines = knock("192.0.2.1")
        relay.send(lines[:2])
        relay.wait_lines(2)
        relay.write(simple(f'{OPTIONS} allow("192.0.2.8" "nobody either") {FILE}'))
        self.reload_with(relay, "192.0.2.7 nobody\n")
        self.assertIn("state='kept'", relay.log)
        self.assertNotIn("state='moved'", relay.log)
        relay.send(lines[2:])
        wait_for(lambda: relay.stats()["alerts_medium"] == 1, "an alert", 5)


if __name__ == "__main__":
    unittest.main()
