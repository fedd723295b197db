#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors

"""Real hosts, firewall, knockd, clients and relay: the scene of make demo, with IPv6 and a scan of 1,000 ports."""

import os
import sys
import unittest

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from relay import GRACE_SECONDS, PROOF_SECONDS, SETTLE_SECONDS
from replay import Replay, replay_clients
from scene import KernelLogSwitch, MissingTool, Scene, Unavailable, demo_clients, knock6_client, scan_client
from stage import catch_signals

LIMIT_SECONDS = 150


def scene_clients():
    knock6 = [knock6_client()] if os.path.exists("/proc/net/if_inet6") else []
    return demo_clients() + knock6 + [scan_client("nmap")]


def play(stage):
    """The watch over a whole play."""
    watch = stage.watch()
    stage.start_clients()
    watch.run(LIMIT_SECONDS)
    return watch


class WhatIsPlayed:
    """What holds for every stage; set_up_class leaves its watch in cls.watch."""

    watch = None

    def _clients(self, knocks):
        return [client for client in self.watch.clients if client.knocks == knocks]

    def test_each_knock_is_reported_once_and_once_more_when_it_is_confirmed(self):
        for client in self._clients(knocks=True):
            with self.subTest(client.title):
                self.assertEqual({fields["port_sequence"] for _, fields in client.alerts}, {client.sequence})
                self.assertEqual(len({fields["alert_id"] for _, fields in client.alerts}), 1)
                self.assertLessEqual(len(client.alerts), 2)

    def test_each_knock_has_the_confidence_that_it_should(self):
        for client in self._clients(knocks=True):
            with self.subTest(client.title):
                self.assertEqual(client.alerts[-1][1]["confidence"], client.confidence)

    def test_an_alert_comes_within_settle_and_two_seconds(self):
        for client in self._clients(knocks=True):
            with self.subTest(client.title):
                self.assertLessEqual(client.seconds_to_alert(), SETTLE_SECONDS + GRACE_SECONDS)

    def test_no_scan_is_reported(self):
        for client in self._clients(knocks=False):
            with self.subTest(client.title):
                self.assertEqual(client.alerts, [])

    def test_no_alert_is_about_anybody_else(self):
        self.assertEqual(self.watch.stray_alerts, [])

    def test_each_denied_port_is_tagged(self):
        for client in self.watch.clients:
            with self.subTest(client.title):
                self.assertEqual(sorted(set(client.ports) - client.denied_ports), [])

    def test_nothing_else_is_wrong(self):
        self.assertEqual(self.watch.problems(), [])

    def test_alerts_are_in_the_log_path_as_well(self):
        inline = [message["knock"]["alert_id"] for message in self.watch.messages
                  if "port-knock.alert" in message["tags"]]
        apart = [fields["alert_id"] for client in self.watch.clients for _, fields in client.alerts]
        self.assertEqual(sorted(inline), sorted(apart))

    def test_nothing_is_left_behind(self):
        self.assertFalse(os.path.exists(self.stage.folder))


class OnHosts(WhatIsPlayed, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            with Scene(scene_clients) as cls.stage:
                cls.watch = play(cls.stage)
                cls.friends = cls.stage.friends()
        except (MissingTool, Unavailable) as error:
            raise unittest.SkipTest(str(error)) from error

    def test_every_client_was_played(self):
        self.assertEqual([len(client.ports) for client in self.watch.clients if not client.knocks], [100, 1000])

    def test_doors_were_opened_and_closed(self):
        for client in self._clients(knocks=True):
            with self.subTest(client.title):
                self.assertEqual(client.address in self.friends, client.door not in (None, "closeSSH"))

    def test_a_connection_through_a_silent_door_confirms_with_the_next_tick(self):
        (client,) = (client for client in self.watch.clients if client.title == "knock, then ssh")
        self.assertIn("accept:tcp/22", client.alerts[-1][1]["evidence"])
        self.assertLessEqual(client.seconds_to_proof(), PROOF_SECONDS)

    def test_a_scanner_that_reaches_an_open_port_confirms_nothing(self):
        (client,) = (client for client in self.watch.clients if client.title == "nmap -F")
        self.assertIsNotNone(client.accepted_at)
        self.assertEqual(client.alerts, [])

    def test_each_line_of_the_daemon_is_tagged(self):
        branches = {"Stage": "knock_sequence_in_progress", "OPEN": "knock_sequence_triggered",
                    "running": "knock_daemon_running"}
        lines = [message for message in self.watch.messages if message["program"] == "knockd"]
        self.assertGreater(len(lines), 20)
        for message in lines:
            word = next(word for word in branches if f": {word} " in message["message"])
            self.assertEqual(message["knock"]["detection_branch"], branches[word], message["message"])

    def test_commands_tell_whether_a_door_opens_or_closes(self):
        for message in self.watch.messages:
            if ": running command: " in message["message"]:
                action = "close" if " delete " in message["message"] else "open"
                self.assertEqual(message["knock"].get("door_action"), action, message["message"])

    def test_alerts_carry_the_host_that_logged(self):
        for client in self._clients(knocks=True):
            self.assertEqual(client.alerts[0][1]["hosts"], "gate")

    def test_no_process_is_left(self):
        for host in (self.stage.gate, self.stage.outside):
            self.assertIsNotNone(host.holder.returncode)
        self.assertIsNotNone(self.stage.relay.process.returncode)


class OnLoopback(WhatIsPlayed, unittest.TestCase):
    """What make demo falls back to."""

    @classmethod
    def setUpClass(cls):
        with Replay(replay_clients()) as cls.stage:
            cls.watch = play(cls.stage)


class TheSwitch(unittest.TestCase):
    def setUp(self):
        try:
            KernelLogSwitch().close()
        except Unavailable as error:
            self.skipTest(str(error))

    @staticmethod
    def _is_on():
        with open("/proc/sys/net/netfilter/nf_log_all_netns", encoding="ascii") as file:
            return file.read().strip() == "1"

    def test_it_stays_on_until_the_last_one_leaves(self):
        first = KernelLogSwitch()
        second = KernelLogSwitch()
        first.close()
        self.assertTrue(self._is_on())
        third = KernelLogSwitch()
        second.close()
        self.assertTrue(self._is_on())
        third.close()


if __name__ == "__main__":
    catch_signals()
    unittest.main()
