#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""conf.d/backends/graylog.conf, to an input that takes GELF 1.1 over TCP and nothing else."""

import json
import re
import socketserver
import threading
import unittest

from backend import ALERT, BackendTest, free_port, wait_for


def check_gelf(frame):
    """Raises ValueError for what Graylog would drop, by the GELF 1.1 specification."""
    message = json.loads(frame.decode())
    if message.get("version") != "1.1":
        raise ValueError("version")
    for name in ("host", "short_message"):
        if not isinstance(message.get(name), str) or not message[name]:
            raise ValueError(name)
    if type(message.get("timestamp", 0)) not in (int, float) or type(message.get("level", 1)) is not int:
        raise ValueError("timestamp or level is no number")
    for name, value in message.items():
        if name in ("version", "host", "short_message", "full_message", "timestamp", "level"):
            continue
        if name == "_id" or not re.fullmatch(r"_[\w.-]+", name):
            raise ValueError(f"additional field {name}")
        if type(value) not in (str, int, float):
            raise ValueError(f"{name} is neither string nor number")
    return message


class Input(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port):
        self.messages, self.errors = [], []
        super().__init__(("127.0.0.1", port), Frames)
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def take(self, frame):
        try:
            self.messages.append(check_gelf(frame))
        except ValueError as error:
            self.errors.append((str(error), frame))

    def stop(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Frames(socketserver.BaseRequestHandler):
    """Frames end with a NUL."""

    def handle(self):
        rest = b""
        while data := self.request.recv(65536):
            *frames, rest = (rest + data).split(b"\0")
            for frame in frames:
                self.server.take(frame.lstrip(b"\n"))


class Graylog(BackendTest):
    def input(self, port):
        made = Input(port)
        self.addCleanup(made.stop)
        return made

    def relay_to(self, port):
        return self.backend(
            "graylog",
            values={"port_knock_graylog_server": "127.0.0.1", "port_knock_graylog_port": port},
            edit=lambda text: text.replace("time-reopen(10)", "time-reopen(1)"),
        )

    def messages(self, server, count):
        wait_for(lambda: len(server.messages) >= count or server.errors, f"{count} messages")
        self.assertEqual(server.errors, [])
        return server.messages

    def test_the_check_refuses_what_is_no_gelf(self):
        good = {"version": "1.1", "host": "a", "short_message": "b"}
        self.assertEqual(check_gelf(json.dumps(good).encode()), good)
        for bad in ({"version": 1.1}, {"host": ""}, {"level": "3"}, {"timestamp": "now"}, {"src": "x"}, {"_id": "x"},
                    {"_a": [1]}, {"short_message": None}):
            with self.assertRaises(ValueError, msg=bad):
                check_gelf(json.dumps({**good, **bad}).encode())

    def test_the_alert_is_read_back(self):
        port = free_port()
        server = self.input(port)
        relay = self.relay_to(port)
        _, last_usec = self.knock(relay)
        (message,) = self.messages(server, 1)
        self.assertEqual((message["host"], message["level"]), ("fw1", 3))
        self.assertAlmostEqual(message["timestamp"], last_usec / 1e6, places=3)
        wanted = {f"_{name}": value for name, value in ALERT.items() if name != "sequence"}
        self.expect_fields(message, wanted, _knock_duration_sec=0.002)

    def test_while_the_server_is_away_alerts_wait_over_a_restart(self):
        port = free_port()
        relay = self.relay_to(port)
        for i in range(1, 6):
            self.knock(relay, f"192.0.2.{i}")
        relay.wait_lines(5, "alerts.log")
        self.stop_cleanly(relay)
        server = self.input(port)
        relay.start()
        found = sorted(message["_src_ip"] for message in self.messages(server, 5))
        self.assertEqual(found, [f"192.0.2.{i}" for i in range(1, 6)])


if __name__ == "__main__":
    unittest.main()
