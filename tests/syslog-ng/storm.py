# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""What is done to a relay to see whether it survives: several connections at once, messages of every kind,
storms of reloads, and destinations that are dead, stall and come back.
"""

import signal
import socket
import threading
import time

from relay import SOURCE_DIR, deny, knock, wait_for

# For what may be slow on a busy machine; nothing waits as long as that where all is well.
PATIENCE_SECONDS = 120


def sample_lines():
    """One line of each case of tests/samples: every dialect, and look-alikes."""
    lines = []
    for path in sorted((SOURCE_DIR / "tests" / "samples").glob("*.case")):
        for line in path.read_bytes().split(b"\n"):
            if line.strip() and not line.startswith((b"#", b'{"recognised":')):
                lines.append(line)
    return lines


def numbered(connection, count):
    """Messages of every kind, each with its number at the end, so that count and order can be compared."""
    samples = sample_lines()
    lines = []
    for i in range(count):
        kinds = (
            samples[(i * 7 + connection) % len(samples)],
            b"<30>Nov 23 10:00:00 host sshd[1]: Accepted publickey for root",
            b"<30>Nov 23 10:00:00 gate knockd: 192.0.2.%d: door: Stage %d" % (i % 250, i % 3 + 1),
            deny(f"203.0.113.{i % 250}", 1000 + i % 5, source_port=2000 + i % 60000).encode(),
        )
        lines.append(kinds[i % len(kinds)] + b" c=%d n=%d" % (connection, i))
    return lines


def belonging_to(connection, lines):
    return [line for line in lines if b" c=%d n=" % connection in line]


def knocks(connection, count):
    """(source, line) of knocks that no other connection's resemble: each is to be reported once."""
    made = []
    for i in range(count):
        ports = [first + 20 * connection + i for first in (10100, 20200, 30300)]
        source = f"198.18.{connection}.{i + 1}"
        made += [(source, line.encode()) for line in knock(source, ports)]
    return made


def interleave(lines, others):
    """Spreads others evenly among lines; both keep their order."""
    step = max(1, len(lines) // max(1, len(others)))
    mixed = []
    for i, line in enumerate(lines):
        mixed.append(line)
        if i % step == 0 and i // step < len(others):
            mixed.append(others[i // step])
    return mixed + others[(len(lines) - 1) // step + 1 :]


class Sender(threading.Thread):
    """Sends lines over one connection, in pieces, for so many seconds at least."""

    def __init__(self, relay, lines, seconds=0, port="port", pieces=50):
        super().__init__(daemon=True)
        size = max(1, len(lines) // pieces)
        self._pieces = [b"".join(line + b"\n" for line in lines[i : i + size]) for i in range(0, len(lines), size)]
        self._pause = seconds / len(self._pieces)
        self._address = ("127.0.0.1", relay.ports[port])
        self.start()

    def run(self):
        with socket.create_connection(self._address) as connection:
            for piece in self._pieces:
                connection.sendall(piece)
                time.sleep(self._pause)


def finish(senders):
    wait_for(lambda: not any(sender.is_alive() for sender in senders), "end of sending", PATIENCE_SECONDS)


def reload_while(condition, relay, configs, at_least=6):
    """Reloads one configuration after the other, each at least once and many by a signal as well, which is carried
    out at any time; returns how often."""
    end = time.monotonic() + PATIENCE_SECONDS
    reloads = 0
    while (condition() or reloads < at_least) and time.monotonic() < end:
        relay.write(configs[reloads % len(configs)])
        if reloads % 2:
            relay.process.send_signal(signal.SIGHUP)
        relay.reload()
        reloads += 1
    relay.write(configs[0])
    relay.reload()
    return reloads


class Receiver:
    """The far end of a network() destination: listens from open() on, and reads from read() on."""

    def __init__(self, port):
        self._port = port
        self._listener = None
        self._may_read = threading.Event()
        self._received = []  # of each connection

    def open(self):
        self._listener = socket.create_server(("127.0.0.1", self._port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            received = bytearray()
            self._received.append(received)
            threading.Thread(target=self._read, args=(connection, received), daemon=True).start()

    def _read(self, connection, received):
        self._may_read.wait()
        with connection:
            while data := connection.recv(1 << 16):
                received += data

    def read(self):
        self._may_read.set()

    def close(self):
        self._may_read.set()
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def lines(self):
        return [line for received in self._received for line in bytes(received).split(b"\n")[:-1]]


def destination_stats(relay):
    """{"dropped": ..., "queued": ..., ...} of the network() destination."""
    rows = (line.split(";") for line in relay.control("stats").stdout.splitlines())
    return {row[4]: int(row[5]) for row in rows if row[0].startswith("dst.") and "tcp" in row[0] + row[2]}
