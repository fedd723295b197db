# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""A relay with several connections, each of which syslog-ng serves on a thread of its own."""

import os
import re
import signal
import socket
import subprocess
import threading
import time
import zlib

from surroundings import BenchError, Child, progress

COUNTS = (1, 2, 4)
CONNECT_SECONDS_MAX = 20
DRAIN_SECONDS_MAX = 120
POLL_SECONDS = 0.01

CONFIG = """\
@version: {version}
options {{ use-dns(no); keep-hostname(yes); chain-hostnames(no); threaded(yes); }};
source s_in {{
  network(ip("127.0.0.1") port({port}) transport("tcp") log-iw-size(40000) log-fetch-limit(1000) max-connections(16));
}};
destination d_out {{ file("{out}"); }};
log {{ source(s_in); {parser} destination(d_out); flags(flow-control); }};
"""
# Alerts go elsewhere, so that the file's size tells when all messages are through.
PARSERS = {
    "no parser": "",
    "port-knock()": 'parser { port-knock(inject-mode("internal")); };',
    "kv-parser()": 'parser { kv-parser(prefix("f.")); };',
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def split_by_source(log, folder, lines):
    """Parts of the log's first lines for each number of connections; no source is in two parts."""
    parts = {}
    with open(log, "rb") as file:
        taken = [next(file) for _ in range(lines)]
    numbers = [zlib.crc32(re.search(rb" SRC=(\S+)", line)[1]) for line in taken]
    for count in COUNTS:
        paths = [folder / f"part-{count}-{i}.log" for i in range(count)]
        files = [open(path, "wb") for path in paths]
        for line, number in zip(taken, numbers):
            files[number % count].write(line)
        for file in files:
            file.close()
        parts[count] = paths
    return parts


def connect(port):
    deadline = time.monotonic() + CONNECT_SECONDS_MAX
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            if time.monotonic() > deadline:
                raise BenchError("the relay does not listen") from None
            time.sleep(POLL_SECONDS)


def send(connection, path):
    with open(path, "rb") as file:
        connection.sendfile(file)


def wait_for_bytes(path, expected):
    deadline = time.monotonic() + DRAIN_SECONDS_MAX
    while os.path.getsize(path) < expected:
        if time.monotonic() > deadline:
            raise BenchError(f"{os.path.getsize(path)} of {expected} bytes came out of a relay")
        time.sleep(POLL_SECONDS)


def measure_once(bench, surroundings, parser, paths):
    """Wall seconds from the first byte in to the last one out, and the relay's Usage."""
    port = free_port()
    bench.out.write_bytes(b"")
    config = CONFIG.format(version=surroundings.config_version(), port=port, out=bench.out, parser=parser)
    with Child(bench.write_config(config), subprocess.DEVNULL, subprocess.DEVNULL) as child:
        connections = [connect(port) for _ in paths]
        senders = [threading.Thread(target=send, args=pair) for pair in zip(connections, paths)]
        began = time.monotonic()
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        wait_for_bytes(bench.out, sum(path.stat().st_size for path in paths))
        wall_seconds = time.monotonic() - began
        for connection in connections:
            connection.close()
        child.process.send_signal(signal.SIGTERM)
        return wall_seconds, child.wait()


def measure_connections(bench, surroundings, size, figures, log, folder):
    parts = split_by_source(log, folder, size.connection_lines)
    for number in range(size.rounds):
        for count in COUNTS:
            for title, parser in PARSERS.items():
                wall_seconds, usage = measure_once(bench, surroundings, parser, parts[count])
                name = f"connections/{count}/{title}"
                figures.add(f"rate/{name}", size.connection_lines / wall_seconds)
                figures.add(f"usec/{name}", usage.cpu_seconds / size.connection_lines * 1e6)
                figures.add(f"waits/{name}", usage.waits / size.connection_lines * 1000)
                progress(f"connections {number + 1}/{size.rounds}  {wall_seconds:5.2f} s  {name}")
