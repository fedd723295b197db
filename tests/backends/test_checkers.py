#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The checkers of checkers.py refuse what the servers that they stand for refuse."""

import json
import unittest

from backend import shipped
from checkers import Elasticsearch, Splunk

TOKEN = "6c1a6b1e-7d0e-4c0b-9a53-0a1d5b7e7b11"
CHANNEL = "?channel=11111111-2222-3333-4444-555555555555"
GOOD_ACTION = b'{"index":{"_index":"port-knock","_id":"1"}}\n'


class Bulk(unittest.TestCase):
    def setUp(self):
        template = json.loads(shipped("backends/elasticsearch-template.json"))
        self.server = Elasticsearch(template, "user", "password")
        self.addCleanup(self.server.stop)
        self.head = {"Authorization": f"Basic {self.server.credential}", "Content-Type": "application/x-ndjson"}

    def post(self, body, path="/_bulk", **head):
        head = {name: value for name, value in {**self.head, **head}.items() if value is not None}
        return self.server.take(path, head, body)

    def test_a_good_document_is_kept(self):
        document = b'{"source":{"ip":"192.0.2.1"},"destination":{"port":["7000",8000]}}\n'
        status, answer = self.post(GOOD_ACTION + document)
        self.assertEqual((status, answer["errors"]), (200, False))
        self.assertEqual(len(self.server.documents), 1)

    def test_bad_requests_are_refused_whole(self):
        good = GOOD_ACTION + b"{}\n"
        for status, body, head in (
            (401, good, {"Authorization": None}),
            (401, good, {"Authorization": "Basic dXNlcjp3cm9uZw=="}),
            (406, good, {"Content-Type": "text/plain"}),
            (400, good[:-1], {}),
            (400, b"not json\n{}\n", {}),
            (400, b'{"insert":{}}\n{}\n', {}),
            (400, b'{"index":{"_index":"port-knock","_type":"_doc"}}\n{}\n', {}),
            (400, b'{"index":{"_index":"port-knock","_id":""}}\n{}\n', {}),
            (400, GOOD_ACTION, {}),
        ):
            with self.subTest(body=body, head=head):
                self.assertEqual(self.post(body, **head)[0], status)
        self.assertEqual(self.post(good, path="/port-knock/_doc")[0], 405)
        self.assertEqual(self.server.documents, {})

    def test_bad_documents_are_refused_one_by_one(self):
        for document in (
            {"source": {"ip": "host.example"}},
            {"destination": {"port": ["8.0.84"]}},
            {"@timestamp": "Nov 25 10:11:12"},
            {"port_knock": {"duration_sec": "long"}},
            {"source": "192.0.2.1"},
            {"surprise": 1},
        ):
            with self.subTest(document=document):
                status, answer = self.post(GOOD_ACTION + json.dumps(document).encode() + b"\n")
                self.assertEqual((status, answer["errors"]), (200, True))
        self.assertEqual(self.post(b'{"index":{"_index":"Other"}}\n{}\n')[1]["errors"], True)
        self.assertEqual(self.server.documents, {})


class Collector(unittest.TestCase):
    def setUp(self):
        self.server = Splunk(TOKEN, "main")
        self.addCleanup(self.server.stop)

    def code(self, body, path="/services/collector/event", authorization=f"Splunk {TOKEN}"):
        head = {"Authorization": authorization} if authorization else {}
        status, answer = self.server.take(path, head, body)
        return status, answer["code"]

    def test_tokens(self):
        self.assertEqual(self.code(b'{"event":"x"}'), (200, 0))
        self.assertEqual(self.code(b'{"event":"x"}', authorization=None), (401, 2))
        self.assertEqual(self.code(b'{"event":"x"}', authorization=f"Bearer {TOKEN}"), (401, 3))
        self.assertEqual(self.code(b'{"event":"x"}', authorization="Splunk other"), (403, 4))

    def test_events(self):
        for code, body in (
            (5, b"\n"),
            (6, b'{"event":'),
            (6, b'{"event":"x","surprise":1}'),
            (6, b'{"event":"x","time":"Nov 25"}'),
            (7, b'{"event":"x","index":"other"}'),
            (12, b'{"host":"x"}'),
            (13, b'{"event":""}'),
            (15, b'{"event":"x","fields":{"a":{"b":1}}}'),
        ):
            with self.subTest(body=body):
                self.assertEqual(self.code(body), (400, code))
        self.assertEqual(self.code(b'{"event":"a"}\n{"event":{"b":1}}{"event":"c"}'), (200, 0))
        self.assertEqual(len(self.server.events), 3)

    def test_raw(self):
        path = "/services/collector/raw"
        self.assertEqual(self.code(b"a", path=path), (400, 10))
        self.assertEqual(self.code(b"a", path=path + "?channel=7"), (400, 11))
        self.assertEqual(self.code(b"a", path=path + CHANNEL + "&index=other"), (400, 7))
        self.assertEqual(self.code(b"a\nb", path=path + CHANNEL), (200, 0))
        self.assertEqual([line for _, line in self.server.events], ["a", "b"])
        self.assertEqual(self.code(b"a", path="/services/other"), (404, 404))


if __name__ == "__main__":
    unittest.main()
