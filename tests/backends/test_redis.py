#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""conf.d/backends/redis.conf against a real redis-server."""

import json
import re
import subprocess
import unittest

from backend import ALERT, KNOWN_PORTS, SOURCE_DIR, BackendTest, Server, deny, free_port, now_usec, wait_for

ADOPTION = (SOURCE_DIR / "doc" / "adoption.md").read_text()
PASSWORD = "not-a-secret"


class Redis(BackendTest):
    def server(self, folder, port):
        words = ["redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", folder, "--save", ""]
        words += ["--appendonly", "no", "--requirepass", PASSWORD, "--daemonize", "no"]
        made = Server(words, folder / "redis.log")
        self.addCleanup(made.stop)
        wait_for(lambda: made.check() and self.ask(port, "PING") == "PONG", "redis-server")
        return made

    def ask(self, port, *words, password=PASSWORD):
        command = ["redis-cli", "-p", str(port), "--no-auth-warning", "-a", password, "--json", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else None

    def relay_to(self, port, password=PASSWORD):
        return self.backend(
            "redis",
            values={"port_knock_redis_port": port},
            environment={"PORT_KNOCK_REDIS_PASSWORD": password},
            edit=lambda text: text.replace("time-reopen(10)", "time-reopen(1)"),
            started=False,
        )

    def entries(self, port, count):
        wait_for(lambda: (self.ask(port, "XLEN", "port-knock") or 0) >= count, f"{count} entries")
        found = self.ask(port, "XRANGE", "port-knock", "-", "+")
        return [dict(zip(pairs[::2], pairs[1::2])) for _, pairs in found]

    def test_the_alert_is_read_back_from_the_stream(self):
        port = free_port()
        relay = self.relay_to(port)
        self.server(relay.dir, port)
        relay.start()
        self.knock(relay)
        (entry,) = self.entries(port, 1)
        self.assertEqual((entry["src_ip"], entry["confidence"]), ("192.0.2.1", "high"))
        wanted = {name: value for name, value in ALERT.items() if name != "sequence"}
        self.expect_fields(json.loads(entry["json"]), wanted, host="fw1", knock_duration_sec=0.002)

    def test_while_the_server_is_away_alerts_wait_over_a_restart(self):
        port = free_port()
        relay = self.relay_to(port).start()
        for i in range(1, 6):
            self.knock(relay, f"192.0.2.{i}")
        relay.wait_lines(5, "alerts.log")
        self.stop_cleanly(relay)
        self.server(relay.dir, port)
        relay.start()
        self.assertEqual({entry["src_ip"] for entry in self.entries(port, 5)}, {f"192.0.2.{i}" for i in range(1, 6)})

    def test_a_thousand_alerts_wait_and_take_the_room_that_the_document_says(self):
        port = free_port()
        relay = self.relay_to(port)
        conf = relay.dir / "conf.d" / "port-knock.conf"
        conf.write_text(conf.read_text().replace('persist-name("port-knock")', "max-alerts(10000) signs(none)"))
        relay.start()
        at_usec = now_usec()
        sources = [f"192.0.2.{i}" for i in range(1, 251)] + [f"203.0.113.{i}" for i in range(1, 251)]
        for destination in ("198.51.100.7", "198.51.100.8"):
            relay.send(deny(one, door, at_usec, destination=destination) for one in sources for door in KNOWN_PORTS)
        relay.wait_lines(1000, "alerts.log")
        self.stop_cleanly(relay)
        (buffer,) = relay.dir.glob("*.rqf")
        mebibytes, promised = re.search(r"disk buffer of (\d+) MiB, some ([0-9,]+) alerts", ADOPTION).groups()
        bytes_each = buffer.stat().st_size / 1000
        self.assertLess(bytes_each * int(promised.replace(",", "")), int(mebibytes) * 1024 * 1024)
        self.server(relay.dir, port)
        relay.start()
        self.assertEqual({entry["src_ip"] for entry in self.entries(port, 1000)}, set(sources))

    def test_a_wrong_password_is_said_and_nothing_is_lost(self):
        port = free_port()
        relay = self.relay_to(port, "wrong")
        self.server(relay.dir, port)
        relay.start()
        self.knock(relay)
        wait_for(lambda: "WRONGPASS" in relay.log or "failed to authenticate" in relay.log, "the complaint")
        self.assertEqual(self.ask(port, "XLEN", "port-knock"), 0)
        self.ask(port, "CONFIG", "SET", "requirepass", "wrong")
        wait_for(lambda: self.ask(port, "XLEN", "port-knock", password="wrong") == 1, "the alert")


if __name__ == "__main__":
    unittest.main()
