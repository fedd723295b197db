#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""port-knock dialects: every row, in the order tried."""

import re
import unittest

from pk_command import SOURCE_DIR, CommandTest, run


def rows():
    """Names as samples have them."""
    text = (SOURCE_DIR / "modules" / "dialects" / "dialects.def").read_text()
    return re.findall(r"^PK_DIALECT\((\w+)\)", text, re.M)


class Dialects(CommandTest):
    def test_every_row_is_listed_in_its_order(self):
        result = run("dialects", "--format", "json")
        self.assert_quiet(result)
        self.assertEqual([row["name"].replace("-", "_") for row in result.objects], rows())

    def test_a_row_tells_what_it_can_come_to_and_how_it_is_told(self):
        found = {row["name"]: row for row in run("dialects", "--format", "json").objects}
        self.assertEqual(
            found["ufw"],
            {
                "name": "ufw",
                "title": "UFW",
                "shape": "netfilter",
                "kinds": ["firewall_deny", "firewall_accept"],
                "programs": [],
                "needles": ["[UFW "],
                "words": [],
            },
        )
        self.assertEqual(found["knockd"]["kinds"], ["knock_daemon"])
        self.assertIn("connection_attempt", found["sysmon"]["kinds"])
        self.assertIn("knock_client", found["sudo"]["kinds"])
        self.assertEqual(found["dpkg"]["kinds"], ["knock_tool_installed"])

    def test_text_has_a_paragraph_for_each_row_and_no_control_byte(self):
        result = run("dialects")
        self.assert_quiet(result)
        self.assertEqual(len(re.findall(r"^\S", result.text, re.M)), len(rows()))
        self.assertNotRegex(result.text, r"[^\n -~]")
        self.assertIn('programs  "knockd"', result.text)

    def test_every_row_that_denies_says_so(self):
        """Nearly all firewalls; a row without a verdict would be of no use."""
        kinds = [row["kinds"] for row in run("dialects", "--format", "json").objects]
        self.assertGreater(sum("firewall_deny" in row for row in kinds), 50)
        self.assertTrue(all(kinds))


if __name__ == "__main__":
    unittest.main()
