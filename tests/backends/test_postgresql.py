#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""conf.d/backends/postgresql.conf and postgresql.sql against a real PostgreSQL."""

import glob
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from backend import BackendTest, Server, free_port, shipped, wait_for

PASSWORD = "not-a-secret"


def program(name):
    """Debian keeps it beside the PATH, one folder for each version."""
    return max(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), default=None) or shutil.which(name)


class Cluster:
    """A data folder of its own; the server does not run as root."""

    def __init__(self):
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="port-knock-postgresql."))
        if self.user:
            shutil.chown(self.folder, "postgres", "postgres")
        self.data = self.folder / "data"
        self.port = free_port()
        self.server = None
        (self.folder / "password").write_text(PASSWORD)
        (self.folder / "password").chmod(0o644)
        self.run(program("initdb"), "-D", self.data, "-A", "scram-sha-256", "-U", "owner",
                 f"--pwfile={self.folder / 'password'}", "--no-sync", "-E", "UTF8", "--locale=C")

    def run(self, *words):
        strings = [str(word) for word in words]
        done = subprocess.run(strings, capture_output=True, text=True, cwd=self.folder, **self.user)
        if done.returncode:
            raise AssertionError(done.stdout + done.stderr)

    def start(self):
        words = [program("postgres"), "-D", self.data, "-p", self.port, "-c", "listen_addresses=127.0.0.1",
                 "-c", f"unix_socket_directories={self.folder}", "-c", "fsync=off", "-c", "timezone=UTC"]
        self.server = Server(words, self.folder / "log", cwd=self.folder, **self.user)
        wait_for(lambda: self.server.check() and self.ask("SELECT 1", database="postgres") == [["1"]], "PostgreSQL")

    def psql(self, text, database="port_knock"):
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        words = ["psql", "-X", "-h", "127.0.0.1", "-p", str(self.port), "-U", "owner", "-d", database, "-At"]
        words += ["-v", "ON_ERROR_STOP=1"]
        return subprocess.run(words, input=text, capture_output=True, text=True, env=environment, timeout=20)

    def ask(self, text, database="port_knock"):
        done = self.psql(text, database)
        return [line.split("|") for line in done.stdout.splitlines()] if done.returncode == 0 else None

    def remove(self):
        if self.server:
            self.server.stop(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)


class PostgreSQL(BackendTest):
    def cluster(self):
        made = Cluster()
        self.addCleanup(made.remove)
        made.start()
        made.psql(f"CREATE USER port_knock PASSWORD '{PASSWORD}'; CREATE DATABASE port_knock;", "postgres")
        done = made.psql(shipped("backends/postgresql.sql"))
        self.assertEqual(done.returncode, 0, done.stderr)
        return made

    def relay_to(self, cluster, password=PASSWORD):
        return self.backend(
            "postgresql",
            values={"port_knock_postgresql_port": cluster.port},
            environment={"PORT_KNOCK_POSTGRESQL_PASSWORD": password},
            edit=lambda text: text.replace("time-reopen(10)", "time-reopen(1)"),
        )

    def rows(self, cluster, count, columns):
        wait_for(lambda: len(cluster.ask("SELECT id FROM port_knock") or []) >= count, f"{count} rows")
        return cluster.ask(f"SELECT {columns} FROM port_knock ORDER BY src_ip")

    def test_the_alert_is_read_back_with_types(self):
        cluster = self.cluster()
        relay = self.relay_to(cluster)
        self.knock(relay)
        columns = (
            "host, detection_branch, confidence, src_ip << '192.0.2.0/24', dest_ip, dest_port IS NULL, port_sequence, "
            "distinct_ports + total_packets, knock_duration_sec, technique_id, length(alert_id), "
            "window_end - window_start, time = window_end, received - time < '1 minute'"
        )
        self.assertEqual(
            self.rows(cluster, 1, columns),
            [["fw1", "rapid_sequential_port_denied", "high", "t", "198.51.100.7", "t", "7000,8000,9000", "6", "0.002",
              "T1205.001", "16", "00:00:00.002", "t", "t"]],
        )

    def test_while_the_server_is_away_alerts_wait_over_a_restart(self):
        cluster = self.cluster()
        cluster.server.stop(signal.SIGINT)
        relay = self.relay_to(cluster)
        for i in range(1, 6):
            self.knock(relay, f"192.0.2.{i}")
        relay.wait_lines(5, "alerts.log")
        self.stop_cleanly(relay)
        cluster.start()
        relay.start()
        self.assertEqual(self.rows(cluster, 5, "src_ip"), [[f"192.0.2.{i}"] for i in range(1, 6)])

    def test_a_wrong_password_is_said_and_nothing_is_lost(self):
        cluster = self.cluster()
        relay = self.relay_to(cluster, "wrong")
        self.knock(relay)
        wait_for(lambda: "password authentication failed" in relay.log, "the complaint")
        self.assertEqual(cluster.ask("SELECT count(*) FROM port_knock"), [["0"]])
        cluster.psql("ALTER USER port_knock PASSWORD 'wrong'")
        self.assertEqual(self.rows(cluster, 1, "src_ip"), [["192.0.2.1"]])


if __name__ == "__main__":
    unittest.main()
