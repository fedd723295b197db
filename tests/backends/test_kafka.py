#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""conf.d/backends/kafka.conf against librdkafka's broker in memory.

Debian has no Kafka.  librdkafka, which kcat brings, has a broker of its own for
tests, with Kafka's own protocol; the consumer that reads the alert back is kcat.
"""

import json
import pathlib
import tempfile
import shutil
import unittest

from backend import ALERT, BackendTest, Server, free_port, wait_for

TOPIC = "port-knock"


def listening_ports(pid):
    """The TCP ports of 127.0.0.1 on which process pid listens."""
    inodes = {str(link.readlink())[8:-1] for link in pathlib.Path(f"/proc/{pid}/fd").iterdir() if _is_socket(link)}
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and row[9] in inodes]


def _is_socket(link):
    try:
        return str(link.readlink()).startswith("socket:")
    except OSError:
        return False


class Kafka(BackendTest):
    def broker(self):
        """(server, port) of a process that is both the broker and a consumer of TOPIC."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="port-knock-kafka."))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        words = ["kcat", "-C", "-b", "127.0.0.1:1", "-X", "test.mock.num.brokers=1", "-t", TOPIC, "-o", "beginning"]
        words += ["-X", "allow.auto.create.topics=true", "-u", "-E", "-f", "%k %s\\n"]
        made = Server(words, folder / "records")
        self.addCleanup(made.stop)
        (port,) = wait_for(lambda: made.check() and listening_ports(made.process.pid), "the broker")
        return made, port

    def relay_to(self, port):
        return self.backend(
            "kafka",
            values={"port_knock_kafka_servers": f"127.0.0.1:{port}"},
            edit=lambda text: text.replace("time-reopen(10)", "time-reopen(1)"),
        )

    def records(self, broker, count):
        def found():
            return [line.split(" ", 1) for line in broker.log.splitlines() if line.startswith("192.0.2.")]

        wait_for(lambda: len(found()) >= count, f"{count} records")
        return [(key, json.loads(value)) for key, value in found()]

    def test_the_alert_is_read_back_with_its_source_as_key(self):
        broker, port = self.broker()
        relay = self.relay_to(port)
        self.knock(relay)
        ((key, alert),) = self.records(broker, 1)
        self.assertEqual(key, "192.0.2.1")
        self.expect_fields(alert, ALERT, host="fw1", knock_duration_sec=0.002)

    def test_while_no_broker_answers_alerts_wait_over_a_restart(self):
        port = free_port()
        relay = self.relay_to(port)
        for i in range(1, 4):
            self.knock(relay, f"192.0.2.{i}")
        relay.wait_lines(3, "alerts.log")
        self.stop_cleanly(relay)
        broker, port_now = self.broker()
        conf = relay.dir / "conf.d" / "port-knock.conf"
        conf.write_text(conf.read_text().replace(f"127.0.0.1:{port}", f"127.0.0.1:{port_now}"))
        relay.start()
        self.assertEqual({key for key, _ in self.records(broker, 3)}, {f"192.0.2.{i}" for i in range(1, 4)})


if __name__ == "__main__":
    unittest.main()
