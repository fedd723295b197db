#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""conf.d/backends/file.conf: one JSON object a line."""

import json
import unittest

from backend import ALERT, BackendTest, wait_for


class File(BackendTest):
    def relay_with(self, wanted=None, version=None):
        def edit(text):
            return text.replace('filter f_port_knock_file { tags("port-knock.alert"); }', wanted) if wanted else text

        return self.backend("file", values={"port_knock_file": "{dir}/json"}, edit=edit, version=version)

    def objects(self, relay, count):
        return [json.loads(line) for line in relay.wait_lines(count, "json")]

    def test_the_alert_is_read_back_with_numbers_as_numbers(self):
        relay = self.relay_with()
        self.knock(relay)
        (alert,) = self.objects(relay, 1)
        self.expect_fields(alert, ALERT, host="fw1", knock_duration_sec=0.002, retransmits=0)
        self.assertRegex(alert["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]")
        self.assertEqual(relay.dir.joinpath("json").stat().st_mode & 0o777, 0o640)

    def test_it_is_the_same_with_the_types_of_syslog_ng_4(self):
        """A version line from 4.0 on makes values typed, on 3.38 already."""
        relay = self.relay_with('filter f_port_knock_file { tags("port-knock.alert", "port-knock"); }', "4.0")
        self.knock(relay)
        alert, *events = sorted(self.objects(relay, 4), key=lambda one: "alert_id" not in one)
        self.expect_fields(alert, ALERT, host="fw1", knock_duration_sec=0.002, retransmits=0)
        self.assertEqual(sorted(event["dest_port"] for event in events), [7000, 8000, 9000])
        self.assertEqual({type(value) for value in events[0].values()}, {str, int})

    def test_one_line_chooses_tagged_events(self):
        relay = self.relay_with('filter f_port_knock_file { tags("port-knock"); }')
        self.knock(relay)
        events = self.objects(relay, 3)
        self.assertEqual([event["dest_port"] for event in events], [7000, 8000, 9000])
        self.assertNotIn("alert_id", events[0])

    def test_one_line_chooses_both(self):
        relay = self.relay_with('filter f_port_knock_file { tags("port-knock.alert", "port-knock"); }')
        self.knock(relay)
        self.assertEqual(len([one for one in self.objects(relay, 4) if "alert_id" in one]), 1)

    def test_shadow_leaves_the_original_log_as_it_was(self):
        relay = self.relay_with()
        self.knock(relay)
        wait_for(lambda: relay.lines("alerts.log"), "the alert")
        lines = relay.wait_lines(3, "original")
        self.assertEqual(len(lines), 3)
        for line in lines:
            self.assertTrue(line.startswith(b".source.s_src fw1 kernel: [UFW BLOCK] "), line)


if __name__ == "__main__":
    unittest.main()
