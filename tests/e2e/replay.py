# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors

"""The scene without root or namespaces: captures of a real firewall, sent to a real relay on loopback.

Each capture has a source address of its own.  They run in parallel, at the pace
at which they were taken, and carry the time at which they are sent.
"""

import os
import re
import socket
import threading
import time

from relay import Relay, RelayError
from stage import Stage
from watch import Client, Watch

CAPTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "captures")

LINE = re.compile(r"(?P<priority><\d+>)(?P<stamp>\w{3} [ \d]\d \d\d:\d\d:\d\d) (?P<rest>.*)$")

SOURCES = """
source s_all {{ network(ip("127.0.0.1") port({port}) transport("tcp")); }};
"""


class CaptureClient(Client):
    def __init__(self, title, file, **rest):
        self.lines = []
        ports = []
        with open(os.path.join(CAPTURES, file), encoding="utf-8") as capture:
            for text in capture:
                match = LINE.match(text)
                self.lines.append((_seconds_of_day(match["stamp"]), match["priority"], match["rest"]))
                port = int(re.search(r" DPT=(\d+)", text).group(1))
                if port not in ports:
                    ports.append(port)
        super().__init__(title, ports, **rest)
        self.address = re.search(r" SRC=(\S+)", text).group(1)


def _seconds_of_day(stamp):
    hours, minutes, seconds = stamp[-8:].split(":")
    return (int(hours) * 60 + int(minutes)) * 60 + int(seconds)


def replay_clients():
    return [
        CaptureClient("hping3 -S", "k11_hping3_cd00r.log"),
        CaptureClient("knock -d 500", "k06_knock_d500.log"),
        CaptureClient("knock", "k01_knock_default_drop.log"),
        CaptureClient("knock -u", "k07_knock_udp.log", confidence="medium"),
        CaptureClient("knock, reverse", "k10_knock_close.log"),
        CaptureClient("nmap -F", "s01_nmap_F_drop.log", knocks=False),
    ]


class Replay(Stage):
    """The same as scene.Scene, for CaptureClients.  Raises RelayError."""

    def __init__(self, clients):
        super().__init__()
        self.clients = clients

    def set_up(self):
        self.port = self._free_port()
        self.relay = self.make(lambda: Relay(self.folder, SOURCES.format(port=self.port), keep_hostname=True))
        self.relay.start()

    @staticmethod
    def _free_port():
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", 0))
            except OSError as error:
                raise RelayError(f"no loopback to listen on: {error}") from error
            return probe.getsockname()[1]

    def start_clients(self):
        for client in self.clients:
            threading.Thread(target=self._run_client, args=(client,), daemon=True).start()

    def _run_client(self, client):
        began = time.monotonic()
        first = client.lines[0][0]
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as connection:
                for second, priority, rest in client.lines:
                    time.sleep(max(0.0, began + second - first - time.monotonic()))
                    line = f"{priority}{time.strftime('%b %e %H:%M:%S')} {rest}\n"
                    connection.sendall(line.encode())
        except OSError as error:
            client.failure = f"not sent: {error}"
        client.sent_at = time.monotonic()

    @staticmethod
    def words():
        return {}

    def watch(self, **callbacks):
        return Watch(self.relay, self.clients, **callbacks)
