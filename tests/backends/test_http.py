#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Elasticsearch and Splunk, against the strict checkers of checkers.py."""

import json
import re
import unittest

from backend import ALERT, BackendTest, deny, free_port, now_usec, shipped, wait_for
from checkers import Elasticsearch, Splunk

PASSWORD = "not-a-secret"
TOKEN = "6c1a6b1e-7d0e-4c0b-9a53-0a1d5b7e7b11"
UNAUTHORISED = "not authorized"


def said(relay, words):
    return [line for line in relay.log.splitlines() if words in line]


def reopened_after(seconds):
    return lambda text: text.replace("time-reopen(10)", f"time-reopen({seconds})")


class ToElasticsearch(BackendTest):
    def server(self, port=0):
        template = json.loads(shipped("backends/elasticsearch-template.json"))
        made = Elasticsearch(template, "port_knock", PASSWORD, port)
        self.addCleanup(made.stop)
        return made

    def relay_to(self, port, password=PASSWORD, edit=None, version=None):
        return self.backend(
            "elasticsearch",
            values={"port_knock_elasticsearch_url": f"http://127.0.0.1:{port}/_bulk"},
            environment={"PORT_KNOCK_ELASTICSEARCH_PASSWORD": password},
            edit=edit,
            version=version,
        )

    def documents(self, server, count):
        wait_for(lambda: len(server.documents) >= count or server.errors, f"{count} documents")
        self.assertEqual(server.errors, [])
        return server.documents

    def test_the_alert_is_read_back_with_ecs_names(self):
        server = self.server()
        relay = self.relay_to(server.port)
        self.knock(relay)
        ((index, number), document), = self.documents(server, 1).items()
        self.assertEqual(index, "port-knock")
        self.assertEqual(number, document["event"]["id"] + "-high-0")
        self.assertEqual(document["event"]["kind"], "alert")
        self.assertEqual(document["event"]["severity"], 73)
        self.assertEqual(document["event"]["action"], ALERT["detection_branch"])
        self.assertEqual(document["event"]["category"], ["network", "intrusion_detection"])
        self.assertEqual(document["source"], {"ip": "192.0.2.1"})
        self.assertEqual(document["destination"], {"ip": "198.51.100.7", "port": ["7000", "8000", "9000"]})
        self.assertEqual(document["threat"]["technique"]["subtechnique"]["id"], "T1205.001")
        self.assertEqual(document["threat"]["tactic"]["name"][0], "Defense Evasion")
        self.assertEqual(document["observer"], {"name": "fw1"})
        self.expect_fields(document["port_knock"], {"distinct_ports": 3, "confidence": "high", "duration_sec": 0.002})
        self.assertRegex(document["@timestamp"], r"\.\d{3}[+-]\d\d:\d\d$")

    def test_documents_are_the_same_with_the_types_of_syslog_ng_4(self):
        documents = []
        for version in (None, "4.0"):
            server = self.server()
            relay = self.relay_to(server.port, version=version)
            self.knock(relay)
            (document,) = self.documents(server, 1).values()
            documents.append(re.sub(r'\d{4}-\d\d-\d\dT[0-9:.Z+]+|(?<=")[0-9a-f]{16}(?=")|alert_id=\S+', "",
                                    json.dumps(document, sort_keys=True)))
        self.assertEqual(documents[0], documents[1])

    def test_both_kinds_are_documents(self):
        server = self.server()
        one = 'filter f_port_knock_elasticsearch { tags("port-knock.alert"); };'
        both = 'filter f_port_knock_elasticsearch { tags("port-knock.alert", "port-knock"); };'
        relay = self.relay_to(server.port, edit=lambda text: text.replace(one, both))
        self.knock(relay)
        documents = self.documents(server, 4).values()
        self.assertEqual(sorted(one["event"]["kind"] for one in documents), ["alert", "event", "event", "event"])
        events = [one for one in documents if one["event"]["kind"] == "event"]
        self.assertEqual(sorted(one["destination"]["port"] for one in events), [["7000"], ["8000"], ["9000"]])

    def test_a_knock_with_icmp_has_no_ports_and_is_taken(self):
        server = self.server()
        relay = self.relay_to(server.port, edit=lambda text: text.replace('persist-name("port-knock")', "settle(1)"))
        tail = re.compile(r"LEN=60 (.*)PROTO=TCP .*$")
        lines = [deny("192.0.2.1", 7000 + i, now_usec() + 1000 * i) for i in range(3)]
        relay.send([
            tail.sub(rf"LEN={84 + 10 * i} \1PROTO=ICMP TYPE=8 CODE=0 ID=7 SEQ=1 ", line) for i, line in enumerate(lines)
        ])
        (document,) = self.documents(server, 1).values()
        self.assertNotIn("port", document["destination"])
        self.assertIn("8.0.", document["port_knock"]["port_sequence"])

    def test_a_wrong_password_is_said_once_and_nothing_is_lost(self):
        server = self.server()
        relay = self.relay_to(server.port, "wrong", reopened_after(3))
        self.knock(relay)
        wait_for(lambda: said(relay, UNAUTHORISED), "the complaint")
        self.never(lambda: len(said(relay, UNAUTHORISED)) > 1, 2)
        self.assertIn("status_code='401'", said(relay, UNAUTHORISED)[0])
        self.assertNotIn("wrong", relay.log)
        server.credential = "cG9ydF9rbm9jazp3cm9uZw=="  # port_knock:wrong
        self.documents(server, 1)

    def test_while_the_server_is_away_alerts_wait_over_a_restart(self):
        port = free_port()
        relay = self.relay_to(port, edit=reopened_after(1))
        sources = [f"192.0.2.{i}" for i in range(1, 11)]
        for source in sources:
            self.knock(relay, source)
        relay.wait_lines(10, "alerts.log")
        self.stop_cleanly(relay)
        server = self.server(port)
        relay.start()
        documents = self.documents(server, 10).values()
        self.assertEqual(sorted(one["source"]["ip"] for one in documents), sorted(sources))


class ToSplunk(BackendTest):
    def server(self, port=0):
        made = Splunk(TOKEN, "main", port)
        self.addCleanup(made.stop)
        return made

    def relay_to(self, server, endpoint, token=TOKEN, edit=None):
        return self.backend(
            f"splunk-hec-{endpoint}",
            values={f"port_knock_hec_{endpoint}_url": f"{server.url}/services/collector/{endpoint}"},
            environment={"PORT_KNOCK_SPLUNK_TOKEN": token},
            edit=edit,
        )

    def events(self, server, count):
        wait_for(lambda: len(server.events) >= count, f"{count} events; {server.requests}")
        self.assertEqual({status for status, _ in server.requests}, {200})
        return server.events

    def test_the_alert_is_read_back_with_cim_names(self):
        server = self.server()
        relay = self.relay_to(server, "event")
        first_usec, last_usec = self.knock(relay)
        (one,) = self.events(server, 1)
        self.assertEqual((one["host"], one["sourcetype"], one["index"]), ("fw1", "port_knock:json", "main"))
        self.assertAlmostEqual(one["time"], last_usec / 1e6, places=3)
        self.assertLess(first_usec, last_usec)
        self.expect_fields(
            one["event"],
            {
                "type": "alert",
                "src": "192.0.2.1",
                "dest": "198.51.100.7",
                "dest_port": ["7000", "8000", "9000"],
                "signature": "rapid_sequential_port_denied",
                "action": "blocked",
                "severity": "high",
                "mitre_technique_id": "T1205.001",
                "dvc": "fw1",
                "count": 3,
                "duration": 0.002,
            },
        )

    def test_the_alert_is_read_back_from_a_raw_line(self):
        server = self.server()
        relay = self.relay_to(server, "raw")
        self.knock(relay)
        ((query, line),) = self.events(server, 1)
        self.assertEqual((query["sourcetype"], query["index"]), ("port_knock", "main"))
        self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d ")
        pairs = {name: value.strip('"') for name, value in re.findall(r'(\w+)=("[^"]*"|\S+)', line)}
        self.expect_fields(
            pairs,
            {
                "src": "192.0.2.1",
                "dest": "198.51.100.7",
                "dest_port": "7000,8000,9000",
                "signature": "rapid_sequential_port_denied",
                "mitre_technique_id": "T1205.001",
                "mitre_tactics": "Defense Evasion,Persistence,Command and Control",
                "type": "alert",
            },
        )

    def test_many_alerts_come_in_one_request(self):
        server = self.server()
        relay = self.relay_to(server, "event")
        for i in range(1, 21):
            self.knock(relay, f"192.0.2.{i}")
        self.assertEqual(len({one["event"]["id"] for one in self.events(server, 20)}), 20)
        self.assertLess(len(server.requests), 20)

    def test_a_wrong_token_is_said_once_and_nothing_is_lost(self):
        for endpoint in ("event", "raw"):
            with self.subTest(endpoint=endpoint):
                server = self.server()
                relay = self.relay_to(server, endpoint, "wrong", reopened_after(3))
                self.knock(relay)
                wait_for(lambda r=relay: said(r, UNAUTHORISED), "the complaint")
                self.never(lambda r=relay: len(said(r, UNAUTHORISED)) > 1, 2)
                self.assertIn("status_code='403'", said(relay, UNAUTHORISED)[0])
                server.token = "wrong"
                wait_for(lambda s=server: s.events, "the alert")

    def test_a_token_may_be_defined_in_a_file_of_its_own(self):
        server = self.server()
        relay = self.relay_to(server, "event", "of-the-environment", None)
        relay.stop()
        secrets = relay.dir / "conf.d" / "00-port-knock-secrets.conf"
        secrets.write_text(f'@define PORT_KNOCK_SPLUNK_TOKEN "{TOKEN}"\n')
        secrets.chmod(0o600)
        relay.start()
        self.knock(relay)
        self.events(server, 1)


if __name__ == "__main__":
    unittest.main()
