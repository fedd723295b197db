#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""What a reload of the configuration keeps."""

import time
import unittest

from relay import PORT_SEQUENCE, RelayTest, alerts, knock, knock_fields, simple, wait_for

OPTIONS = "settle(1) window(20)"


class Reload(RelayTest):
    def setUp(self):
        self.knock = knock("192.0.2.1")

    def wait_alert(self, relay):
        wait_for(lambda: alerts(relay.messages()), "an alert", 5)
        time.sleep(1.2)
        reported = alerts(relay.messages())
        self.assertEqual([knock_fields(alert)["port_sequence"] for alert in reported], [PORT_SEQUENCE])

    def first_half(self, relay):
        relay.send(self.knock[:2])
        relay.wait_lines(2)

    def second_half(self, relay):
        relay.send(self.knock[2:])
        self.wait_alert(relay)

    def started(self, relay):
        return [line for line in relay.log.splitlines() if "port-knock: parser started" in line]

    def test_a_reload_keeps_a_half_finished_knock(self):
        relay = self.relay(simple(OPTIONS))
        self.first_half(relay)
        self.assertEqual(relay.reload().returncode, 0)
        self.assertIn("state='kept'", self.started(relay)[-1])
        self.second_half(relay)
        self.stop_cleanly(relay)

    def test_a_reload_with_other_options_keeps_it_too(self):
        relay = self.relay(simple(OPTIONS))
        self.first_half(relay)
        relay.write(simple("settle(2) window(30) max-sources(4096)"))
        self.assertEqual(relay.reload().returncode, 0)
        self.assertIn("state='moved'", self.started(relay)[-1])
        self.assertIn("settle='2'", self.started(relay)[-1])
        self.second_half(relay)

    def test_a_reload_that_is_reverted_keeps_it_too(self):
        """The new configuration parses, and then one of its sources cannot start."""
        relay = self.relay(simple(OPTIONS))
        self.first_half(relay)
        for options in (OPTIONS, "settle(2) window(30)"):
            bad = "source s_bad { network(ip(192.0.2.250) port(1)); }; log { source(s_bad); };\n"
            relay.write(simple(options) + bad)
            self.assertNotEqual(relay.reload().returncode, 0)
        self.assertIn("state='kept'", self.started(relay)[-1])
        self.assertIn("settle='1'", self.started(relay)[-1])
        self.second_half(relay)

    def test_a_reload_that_does_not_parse_changes_nothing(self):
        relay = self.relay(simple(OPTIONS))
        self.first_half(relay)
        relay.write(simple("window(0)"))
        self.assertNotEqual(relay.reload().returncode, 0)
        self.second_half(relay)

    def test_a_name_of_its_own_keeps_it_when_the_parser_is_renamed(self):
        relay = self.relay(simple(OPTIONS + ' persist-name("edge")'))
        self.first_half(relay)
        relay.write(simple(OPTIONS + ' persist-name("edge")').replace("p_knock", "p_other"))
        self.assertEqual(relay.reload().returncode, 0)
        self.second_half(relay)

    def test_counters_go_on_over_a_reload(self):
        relay = self.relay(simple(OPTIONS))
        self.first_half(relay)
        wait_for(lambda: relay.stats()["hits"] == 2, "hits", 5)
        for options in (OPTIONS, "settle(2) window(30)"):
            relay.write(simple(options))
            self.assertEqual(relay.reload().returncode, 0)
        self.assertEqual((relay.stats()["recognised"], relay.stats()["hits"]), (2, 2))
        self.second_half(relay)
        wait_for(lambda: relay.stats()["hits"] == 3, "hits", 5)
        self.assertEqual(relay.stats()["recognised"], 3)

    def test_correlation_can_be_turned_off_and_on(self):
        relay = self.relay(simple(OPTIONS))
        for options in (OPTIONS + " correlate(no)", OPTIONS):
            relay.write(simple(options))
            self.assertEqual(relay.reload().returncode, 0)
        relay.send(self.knock)
        self.wait_alert(relay)
        self.stop_cleanly(relay)

    def test_a_settled_knock_is_reported_after_a_reload_without_traffic(self):
        relay = self.relay(simple(OPTIONS))
        relay.send(self.knock)
        relay.wait_lines(3)
        self.assertEqual(relay.reload().returncode, 0)
        self.wait_alert(relay)


if __name__ == "__main__":
    unittest.main()
