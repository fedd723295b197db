#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""heartbeat(): a relay says that it works, and nothing takes that for a finding."""

import unittest

from relay import RelayTest, alerts, is_alert, knock, knock_fields, simple, wait_for

CHAIN = """
options { keep-hostname(yes); frac-digits(3); };
source s_in { network(ip(127.0.0.1) port({port}) transport(tcp)); };
source s_internal { internal(); };
parser p_knock { port-knock(settle(1) window(20) OPTIONS); };
parser p_next { port-knock(); };
destination d_out { file("{dir}/out" template("{json}")); };
log { source(s_in); SOURCE parser(p_knock); PARSER destination(d_out); };
"""


def heartbeats(messages):
    return [message for message in messages if message["message"].startswith("port_knock_heartbeat ")]


def chain(options, source="", parser=""):
    return CHAIN.replace("OPTIONS", options).replace("SOURCE", source).replace("PARSER", parser)


class Heartbeat(RelayTest):
    def wait_heartbeats(self, relay, count, seconds=10):
        wait_for(lambda: len(heartbeats(relay.messages())) >= count, f"{count} heartbeats", seconds)
        return heartbeats(relay.messages())

    def test_none_comes_unasked(self):
        relay = self.relay(simple("settle(1) window(20)"))
        relay.send(knock("192.0.2.1"))
        wait_for(lambda: alerts(relay.messages()), "the alert")
        self.assertEqual(heartbeats(relay.messages()), [])

    def test_it_comes_without_traffic_and_again(self):
        relay = self.relay(simple("heartbeat(1)"))
        first, second = self.wait_heartbeats(relay, 2)[:2]
        self.assertEqual([knock_fields(one)["heartbeat_seconds"] for one in (first, second)], ["0", "1"])
        self.assertEqual((first["program"], first["level"], first["facility"]), ("port-knock", "info", "auth"))
        self.assertEqual(first["tags"], "port-knock.heartbeat")
        self.assertTrue(first["host"])
        for name in ("severity", "confidence", "alert_id", "detection_branch", "technique_id"):
            self.assertNotIn(name, knock_fields(first))

    def test_it_counts_what_came_since_the_last(self):
        relay = self.relay(simple("settle(1) window(20) heartbeat(2)"))
        self.wait_heartbeats(relay, 1)
        relay.send(knock("192.0.2.1") + ["<13>Nov 23 10:11:12 fw1 cron: nothing"])
        self.wait_heartbeats(relay, 3)
        fields = [knock_fields(one) for one in heartbeats(relay.messages())[1:]]
        total = {
            name: sum(int(one[f"heartbeat_{name}"]) for one in fields)
            for name in ("messages", "recognised", "hits", "alerts")
        }
        self.assertEqual(total, {"messages": 4, "recognised": 3, "hits": 3, "alerts": 1})
        self.assertEqual(fields[0]["heartbeat_sources"], "1")

    def test_the_next_relay_passes_it_on_and_takes_it_for_nothing(self):
        relay = self.relay(chain("heartbeat(1)", parser="parser(p_next);"))
        self.wait_heartbeats(relay, 2)
        stats = relay.stats("p_next")
        self.assertGreaterEqual(stats["own"], 1)
        self.assertEqual((stats["recognised"], stats["malformed"]), (0, 0))

    def test_one_of_a_relay_far_away_is_known_by_its_text(self):
        relay = self.relay(simple())
        relay.send(["<38>Nov 23 10:11:12 relay port-knock: port_knock_heartbeat parser=p reference=1 seconds=60"])
        message = relay.wait_messages(1)[0]
        self.assertEqual(message["tags"], ".source.s_in")
        self.assertEqual(relay.stats()["own"], 1)

    def test_by_internal_it_does_not_feed_itself(self):
        relay = self.relay(chain("heartbeat(1) inject-mode(internal)", source="source(s_internal);"))
        self.wait_heartbeats(relay, 2)
        self.assertFalse([one for one in heartbeats(relay.messages()) if is_alert(one)])

    def test_a_reload_and_a_stop_send_none_out_of_turn(self):
        relay = self.relay(simple("heartbeat(3600)"))
        self.wait_heartbeats(relay, 1)
        self.assertEqual(relay.reload().returncode, 0)
        self.wait_heartbeats(relay, 2)
        self.stop_cleanly(relay)
        self.assertEqual(len(heartbeats(relay.messages())), 2)

    def test_without_correlation_it_comes_too(self):
        relay = self.relay(simple("correlate(no) heartbeat(1)"))
        self.assertEqual(knock_fields(self.wait_heartbeats(relay, 1)[0])["heartbeat_windows"], "0")


if __name__ == "__main__":
    unittest.main()
