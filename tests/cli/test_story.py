#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""port-knock explain --source: what was seen of one source, and why it was reported or not."""

import unittest

from pk_command import WHEN, CommandTest, deny, knock, run

SOURCE = "198.51.100.7"
PLAIN = ("--known-sequences", "")


class Story(CommandTest):
    def story(self, given, *arguments, source=SOURCE):
        result = run("explain", "--source", source, *WHEN, *PLAIN, *arguments, given=given)
        self.assert_quiet(result)
        return result.text.splitlines()

    def verdicts(self, given, *arguments):
        return [line.split("  verdict  ")[1] for line in self.story(given, *arguments) if "  verdict  " in line]

    def test_tells_each_hit_and_the_verdict_that_was_reported(self):
        lines = self.story(knock(7100, 8200, 9300))
        self.assertEqual(len(lines), 5)
        self.assertIn("firewall_deny from port", lines[0])
        self.assertTrue(lines[0].endswith("to 192.0.2.10:7100/tcp"), lines[0])
        self.assertIn("  verdict  reported: ", lines[3])
        self.assertIn("medium", lines[3])
        self.assertEqual(lines[4], "198.51.100.7: 3 events, 3 of them denials, 1 verdicts")

    def test_tells_the_sign_that_made_it_low(self):
        (verdict,) = self.verdicts(knock(22, 80, 443))
        self.assertTrue(verdict.startswith("not reported: below min-confidence: "), verdict)
        self.assertIn("evidence service_ports", verdict)

    def test_tells_of_a_scan_and_of_what_the_scanner_does_later(self):
        lines = self.story(knock(*range(7100, 9100, 100)) + knock(7100, 8200, 9300, time="10:05:00"))
        self.assertTrue(any("  a scan: more than 8 ports" in line for line in lines), lines)
        (verdict,) = (line for line in lines if "  verdict  " in line and "7100/tcp,8200/tcp,9300/tcp" in line)
        self.assertIn("below min-confidence", verdict)
        self.assertIn("scanner", verdict)

    def test_tells_what_cooldown_held_back(self):
        given = knock(7100, 8200, 9300) + knock(7100, 8200, 9300, time="10:02:01")
        first, second, summary = self.verdicts(given, "--signs", "none")
        self.assertTrue(first.startswith("reported"))
        self.assertTrue(second.startswith("not reported: the same was reported within cooldown"))
        self.assertIn("repeats 1", summary)

    def test_tells_why_two_ports_are_never_a_candidate(self):
        lines = self.story(knock(7100, 8200))
        self.assertTrue(lines[-1].startswith("Never a candidate: 3 to 8 distinct ports"), lines[-1])

    def test_knows_nothing_of_others(self):
        lines = self.story(knock(7100, 8200, 9300, source="203.0.113.9"))
        self.assertEqual(lines, ["198.51.100.7: 0 events, 0 of them denials, 0 verdicts"])

    def test_an_address_has_several_forms(self):
        self.assertEqual(len(self.story(deny(7100), source="::ffff:198.51.100.7")), 3)

    def test_what_is_no_address_is_refused(self):
        result = run("explain", "--source", "gate", given=b"")
        self.assertEqual(result.code, 2)
        self.assertIn('source: "gate" is not permitted, it takes an IPv4 or IPv6 address', result.errors)

    def test_door_names_are_escaped(self):
        given = b"Mar  1 10:00:01 gate knockd[8]: 198.51.100.7: a\x1b[31mb: Stage 1\n"
        self.assertIn("door a\\x1b[31mb stage 1", self.story(given)[0])


if __name__ == "__main__":
    unittest.main()
