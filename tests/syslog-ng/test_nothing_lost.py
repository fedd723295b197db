#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""No message is lost, doubled or overtaken, and no alert dropped, whatever is done to the relay."""

import collections
import re
import socket
import time
import unittest

import storm
from relay import RelayTest, version, wait_for

CONNECTIONS = 3
ALERT = re.compile(rb"^rapid_sequential_port_denied .*\bsrc_ip=(\S+)")
OPTIONS = "settle(1) window(20) max-sources(8192) max-alerts(10000)"

HEAD = """
options { keep-hostname(yes); stats-level(1); time-reopen(1); };
source s_in {
  network(ip(127.0.0.1) port({port}) transport(tcp) flags(no-parse) max-connections(4) log-iw-size(400));
};
parser p_knock { port-knock(%s); };
"""
TO_FILE = HEAD + """
destination d_out { file("{dir}/out" template("$MESSAGE\\n")); };
log { source(s_in); parser(p_knock); destination(d_out); flags(flow-control); };
"""
WITHOUT = TO_FILE.replace("parser(p_knock); ", "")
TO_NETWORK = HEAD + """
destination d_out {
  network("127.0.0.1" port({peer}) transport(tcp) template("$MESSAGE\\n") log-fifo-size(%d));
};
log { source(s_in); parser(p_knock); destination(d_out); %s };
"""
# Parses, and then one of its sources cannot start: syslog-ng goes back to the one before.
REVERTED = "source s_bad { network(ip(192.0.2.250) port(1)); }; log { source(s_bad); };\n"
# Before 4.11 the core, with or without this module, loses on that way back what it keeps over a reload: connections,
# with what they hold unread, and the fifos of destinations.  main_loop_reload_config_revert() in its lib/mainloop.c
# took over what was kept before the new configuration had handed it back.
KEPT_WHEN_REVERTED = tuple(map(int, version().split("."))) >= (4, 11)


def to_network(options=OPTIONS, fifo_size=500, flags="flags(flow-control);"):
    return TO_NETWORK % (options, fifo_size, flags)


class NothingLost(RelayTest):
    def expect_all(self, sent, received):
        """Of each connection every message, once, in its order."""
        for connection, lines in enumerate(sent):
            got = storm.belonging_to(connection, received)
            self.assertEqual(len(got), len(lines))
            self.assertEqual(got, lines)

    def expect_knocks(self, sources, received):
        """Each knock is told once; other alerts may be there."""
        told = collections.Counter(match[1].decode() for match in map(ALERT.match, received) if match)
        self.assertEqual({source: told[source] for source in sources}, dict.fromkeys(sources, 1))

    def wait_knocks(self, sources, lines):
        def all_told():
            told = {match[1].decode() for match in map(ALERT.match, lines()) if match}
            return told.issuperset(sources)

        wait_for(all_told, "alerts of all knocks", storm.PATIENCE_SECONDS)

    def wait_counted(self, sent, lines):
        """For one more than needed there is nothing to wait; it is looked for when all else has come."""
        total = sum(map(len, sent))
        wait_for(
            lambda: sum(b" n=" in line for line in lines()) >= total, f"{total} messages", storm.PATIENCE_SECONDS
        )


class ReloadStorm(NothingLost):
    def test_messages_and_knocks_survive_a_storm_of_reloads(self):
        configs = [
            TO_FILE % OPTIONS,
            TO_FILE % OPTIONS,
            TO_FILE % OPTIONS.replace("window(20)", "window(25)"),
            TO_FILE % "window(0)",
            TO_FILE % OPTIONS.replace("8192", "4096"),
        ]
        configs += [configs[0] + REVERTED] * KEPT_WHEN_REVERTED
        relay = self.relay(configs[0])
        sent = [storm.numbered(connection, 4000) for connection in range(CONNECTIONS)]
        knocks = [storm.knocks(connection, 10) for connection in range(CONNECTIONS)]
        senders = [
            storm.Sender(relay, storm.interleave(lines, [line for _, line in more]), seconds=4)
            for lines, more in zip(sent, knocks)
        ]
        reloads = storm.reload_while(lambda: any(sender.is_alive() for sender in senders), relay, configs)
        storm.finish(senders)
        self.assertGreaterEqual(reloads, 6)
        self.wait_counted(sent, lambda: relay.lines("out"))
        sources = {source for more in knocks for source, _ in more}
        self.wait_knocks(sources, lambda: relay.lines("out"))
        self.expect_all(sent, relay.lines("out"))
        self.expect_knocks(sources, relay.lines("out"))
        self.stop_cleanly(relay)

    def test_what_arrived_survives_reloads_that_are_reverted(self):
        """Each message that had arrived is there once, and knocks are found whose half came before and half after."""
        # settles when all is over: an alert that is just being written is lost before 4.11, as all else is
        config, rounds, size = TO_FILE % OPTIONS.replace("settle(1)", "settle(4)"), 6, 200
        relay = self.relay(config)
        relay.write(config + REVERTED)
        sent = [storm.numbered(connection, rounds * size) for connection in range(CONNECTIONS)]
        knocks = [storm.knocks(connection, 2 * rounds - 1) for connection in range(CONNECTIONS)]
        for i in range(rounds):
            # a round ends with the first line of three of a knock
            cut = slice(max(0, 6 * i - 2), 6 * i + 4)
            parts = [
                storm.interleave(lines[size * i : size * (i + 1)], [line for _, line in more[cut]])
                for lines, more in zip(sent, knocks)
            ]
            for part in parts:
                relay.send(part)
            self.wait_arrived({line for part in parts for line in part}, relay)
            self.assertIn("reverted", relay.reload().stdout)
        sources = {source for more in knocks for source, _ in more}
        self.wait_knocks(sources, lambda: relay.lines("out"))
        self.expect_all(sent, relay.lines("out"))
        self.expect_knocks(sources, relay.lines("out"))
        self.stop_cleanly(relay)

    def test_a_connection_survives_a_revert_where_it_does_without_the_module(self):
        for config in (TO_FILE % OPTIONS, WITHOUT % OPTIONS):
            self.assertEqual(self.survives_a_revert(config), KEPT_WHEN_REVERTED)

    def survives_a_revert(self, config):
        relay = self.relay(config)
        relay.write(config + REVERTED)
        with socket.create_connection(("127.0.0.1", relay.ports["port"])) as connection:
            connection.sendall(b"before\n")
            relay.wait_lines(1)
            self.assertIn("reverted", relay.reload().stdout)
            connection.settimeout(0.2)
            try:
                return connection.recv(1) != b""
            except TimeoutError:
                return True

    def wait_arrived(self, wanted, relay):
        wait_for(lambda: wanted.issubset(relay.lines("out")), "messages of a round", storm.PATIENCE_SECONDS)


class DeadDestination(NothingLost):
    def relay_and_receiver(self, config):
        relay = self.relay(config, ports=("port", "peer"))
        receiver = storm.Receiver(relay.ports["peer"])
        self.addCleanup(receiver.close)
        return relay, receiver

    def send_blocked(self, relay, count=3000, n_knocks=10):
        """More than the fifo holds: the senders wait.  The knocks come first, and are told meanwhile."""
        sent = [storm.numbered(connection, count) for connection in range(CONNECTIONS)]
        knocks = [storm.knocks(connection, n_knocks) for connection in range(CONNECTIONS)]
        senders = [
            storm.Sender(relay, [line for _, line in more] + lines) for lines, more in zip(sent, knocks)
        ]
        wait_for(lambda: relay.stats()["alerts_medium"] >= CONNECTIONS * n_knocks, "alerts", storm.PATIENCE_SECONDS)
        return sent, {source for more in knocks for source, _ in more}, senders

    def expect_blocked(self, relay):
        stats = storm.destination_stats(relay)
        self.assertEqual((stats["dropped"], stats["written"]), (0, 0))
        # What sources may have on their way, and the alerts: flow control holds the rest back.
        self.assertLessEqual(stats["queued"], 400 + relay.stats()["alerts_medium"] + relay.stats()["alerts_high"])
        self.assertGreaterEqual(stats["queued"], 100)

    def expect_everything(self, relay, receiver, sent, sources):
        self.wait_counted(sent, receiver.lines)
        self.wait_knocks(sources, receiver.lines)
        self.expect_all(sent, receiver.lines())
        self.expect_knocks(sources, receiver.lines())
        self.assertEqual(storm.destination_stats(relay)["dropped"], 0)
        self.stop_cleanly(relay)

    def test_a_destination_that_comes_back_gets_all_in_order(self):
        relay, receiver = self.relay_and_receiver(to_network())
        sent, sources, senders = self.send_blocked(relay)
        self.expect_blocked(relay)
        configs = [to_network(), to_network(OPTIONS.replace("window(20)", "window(25)")), to_network("window(0)")]
        configs += [to_network() + REVERTED] * KEPT_WHEN_REVERTED
        self.assertGreaterEqual(storm.reload_while(lambda: False, relay, configs), 6)
        receiver.open()
        receiver.read()
        storm.finish(senders)
        self.expect_everything(relay, receiver, sent, sources)

    def test_a_destination_that_stalls_gets_all_in_order(self):
        """It accepts and does not read: buffers of the system fill up, then the fifo."""
        relay, receiver = self.relay_and_receiver(to_network())
        receiver.open()
        sent, sources, senders = self.send_blocked(relay, count=30000)
        self.assertTrue(any(sender.is_alive() for sender in senders))
        self.assertEqual(storm.destination_stats(relay)["dropped"], 0)
        receiver.read()
        storm.finish(senders)
        self.expect_everything(relay, receiver, sent, sources)

    def test_a_full_fifo_drops_no_alert(self):
        """Without flow control messages are dropped, as the configuration asks for; alerts are not."""
        relay, receiver = self.relay_and_receiver(to_network(fifo_size=50, flags=""))
        storm.finish([storm.Sender(relay, storm.numbered(0, 2000))])
        wait_for(lambda: storm.destination_stats(relay)["dropped"] > 1000, "a full fifo", storm.PATIENCE_SECONDS)
        _, sources, senders = self.send_blocked(relay, count=0, n_knocks=20)
        storm.finish(senders)
        receiver.open()
        receiver.read()
        self.wait_knocks(sources, receiver.lines)
        self.expect_knocks(sources, receiver.lines())

    def test_alerts_are_bounded_by_max_alerts(self):
        """With a dead destination too, where they take room in its fifo."""
        most = 20
        relay, receiver = self.relay_and_receiver(to_network(OPTIONS.replace("10000", str(most))))
        first_minute = time.time() // 60
        # no more than a connection may have on its way
        sent = [[line for _, line in storm.knocks(connection, 30)] for connection in range(CONNECTIONS)]
        storm.finish([storm.Sender(relay, lines) for lines in sent])
        knocks = CONNECTIONS * 30
        wait_for(lambda: relay.stats()["candidates"] >= knocks, "all knocks are judged", storm.PATIENCE_SECONDS)
        stats = relay.stats()
        told = stats["alerts_medium"] + stats["alerts_high"]
        minutes = time.time() // 60 - first_minute + 1
        self.assertGreater(stats["rate_limited"], 0)
        # what was held back in a minute is one alert more
        self.assertLessEqual(told, (most + 1) * minutes)
        receiver.open()
        receiver.read()
        total = sum(map(len, sent)) + told
        wait_for(lambda: len(receiver.lines()) >= total, "messages and alerts", storm.PATIENCE_SECONDS)
        for lines in sent:
            mine = set(lines)
            self.assertEqual([line for line in receiver.lines() if line in mine], lines)


if __name__ == "__main__":
    unittest.main()
