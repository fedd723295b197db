#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""No attack makes a message cost many times what a benign one costs.

The limits are far above what is measured, see ATTACKS.md, and far below what work that grows with the number of
sources, hits or bytes would come to.
"""

import unittest

import attacks

MESSAGES = 10000
TIMES = 25
TIMES_P99 = 50


class Attacks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows = attacks.parse(attacks.run(MESSAGES))
        cls.benign = cls.rows[attacks.BASELINE]

    def chosen(self, is_long):
        names = [name for name in self.rows if name != attacks.STRAW_MAN and name.startswith("long-") == is_long]
        self.assertGreater(len(names), 3)
        return [(name, self.rows[name]) for name in names]

    def test_a_message_of_an_attack_costs_about_as_much_as_any(self):
        for name, row in self.chosen(False):
            self.assertLess(row["p50"], TIMES * self.benign["p50"], name)
            self.assertLess(row["p99"], TIMES_P99 * self.benign["p99"], name)

    def test_a_byte_of_a_long_line_costs_about_as_much_as_any(self):
        for name, row in self.chosen(True):
            self.assertLess(row["ns_per_byte"], TIMES * self.benign["ns_per_byte"], name)

    def test_addresses_that_collide_without_a_key_do_not_with_one(self):
        """Against the benign ones, in the same table; and that they do collide, in a table without a key."""
        self.assertLess(self.rows["colliding"]["p99"], TIMES * self.benign["p99"])
        self.assertGreater(self.rows[attacks.STRAW_MAN]["p50"], 2 * self.rows["colliding"]["p50"])


if __name__ == "__main__":
    unittest.main()
