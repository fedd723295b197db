#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Injects knocks from fresh sources into a log of UFW denials, and writes what was injected as truth.

    inject.py [-n 200] [--seed 42] BASE-LOG[.gz] PREFIX

writes PREFIX.log, the base log with the knocks' lines between its own, and PREFIX.truth, for `port-knock score`:
SRC CLIENT START END NPORTS NPACKETS PORTS. Lines are like those of the base log: same host, stamps of whole
seconds, kernel time where it has that, and its pairs of interface and destination. UFW's own rate limit is not
applied to what is injected. The same arguments give the same output.
"""

import argparse
import calendar
import collections
import functools
import gzip
import pathlib
import random as randoms
import re
import time

import packets
from packets import HPING3, KERNEL, NMAP, RETRANSMISSIONS, Line, Packet, Place

PORTS_MIN, PORTS_MAX = 3, 8
SPAN_SECONDS_MAX = 29  # of the first attempts, within the default window()
QUIET_SECONDS = 60  # at the end of the log, so that no knock is cut off
HALF_A_YEAR = 183 * 86400
YEAR = 2026  # RFC 3164 names none; it only has to be the same for all

BASE_LINE = re.compile(
    r"^(?P<stamp>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?P<host>\S+) kernel: (?:\[ *(?P<uptime>\d+\.\d{6})\] )?"
    r"(?P<where>\[UFW BLOCK\] IN=\S* OUT=\S* MAC=\S* )SRC=(?P<source>\S+) DST=(?P<dest>\S+) "
)

# name; seconds from one port to the next (least, most); seconds after which each SYN is sent again, and how often
# it comes to that; protocols; the stack. What a firewall rejects is not sent again, nor is what knock sends.
Client = collections.namedtuple("Client", "name gap again chance protocols stack")

CLIENTS = (
    Client("knock", (0.00011, 0.00067), (), 0, "tcp", KERNEL),
    Client("knock-udp", (0.00009, 0.00014), (), 0, "udp", KERNEL),
    Client("knock-mixed", (0.00009, 0.00067), (), 0, "mixed", KERNEL),
    Client("knock-d500", (0.50035, 0.50055), (), 0, "tcp", KERNEL),
    Client("knock-d1000", (1.00035, 1.00055), (), 0, "tcp", KERNEL),
    Client("knock-d1000-mixed", (1.00035, 1.00055), (), 0, "mixed", KERNEL),
    Client("knock-d8000", (8.00035, 8.00055), (), 0, "tcp", KERNEL),
    Client("nmap-a-port-a-run", (1.06, 1.09), (), 0, "tcp", NMAP),
    Client("hping3", (1.03, 1.10), (), 0, "tcp", HPING3),
    Client("hping3-udp", (1.03, 1.10), (), 0, "udp", HPING3),
    Client("nc-w1", (1.003, 1.005), (1.001,), 0.2, "tcp", KERNEL),
    Client("nc-w3", (3.002, 3.006), RETRANSMISSIONS[:2], 1, "tcp", KERNEL),
    Client("nc-rejected", (0.0014, 0.0020), (), 0, "tcp", KERNEL),
    Client("bash-1s", (1.003, 1.010), (1.001,), 0.3, "tcp", KERNEL),
    Client("bash-rejected", (0.0045, 0.0048), (), 0, "tcp", KERNEL),
    Client("bash-overlapping", (0.300, 0.301), RETRANSMISSIONS[:2], 1, "tcp", KERNEL),
    Client("curl-1s", (1.003, 1.012), (1.001,), 0.3, "tcp", KERNEL),
    Client("python-500ms", (0.5005, 0.5015), (), 0, "tcp", KERNEL),
    Client("python-5s", (5.004, 5.008), RETRANSMISSIONS, 1, "tcp", KERNEL),
    Client("python-rejected", (0.00006, 0.0003), (), 0, "tcp", KERNEL),
)


# ---- the base log ----------------------------------------------------------------


@functools.lru_cache(maxsize=4)
def stamp_seconds(stamp):
    return calendar.timegm(time.strptime(f"{YEAR} {stamp}", "%Y %b %d %H:%M:%S"))


def open_log(path):
    opener = gzip.open if path.suffix == ".gz" else open
    return opener(path, "rt", encoding="latin-1", newline="\n")


class Base:
    """The base log: its lines with their times, and what lines of it look like."""

    def __init__(self, path):
        self.lines = []
        self.sources = set()
        self.places = collections.Counter()
        self.boot = None  # seconds: stamp minus kernel time
        with open_log(path) as file:
            for text in file:
                self._take(text)
        if not self.places:
            raise SystemExit(f"{path}: no line of UFW in it")

    def _take(self, text):
        match = BASE_LINE.match(text)
        last = self.lines[-1].seconds if self.lines else None
        if not match:
            if last is not None:
                self.lines.append(Line(last, text))
            return
        seconds = stamp_seconds(match["stamp"])
        if last is not None and seconds < last - HALF_A_YEAR:
            seconds += 365 * 86400
        self.lines.append(Line(seconds, text))
        self.sources.add(match["source"])
        self.places[Place(match["host"], match["where"], match["dest"])] += 1
        if match["uptime"]:
            # a stamp is cut to whole seconds, so the largest difference is nearest to the truth
            self.boot = max(self.boot or float("-inf"), seconds - float(match["uptime"]))

    def usual_places(self):
        """A place for each of the commonest destinations: what strays to one address is no place to knock."""
        return [place for place, _ in self.places.most_common(4)]

    @property
    def begin(self):
        return self.lines[0].seconds

    @property
    def end(self):
        return max(line.seconds for line in self.lines)


# ---- knocks ------------------------------------------------------------------------


def choose_protocols(client, n, random):
    if client.protocols != "mixed":
        return [client.protocols] * n
    protocols = ["tcp", "udp"] + [random.choice(("tcp", "udp")) for _ in range(n - 2)]
    random.shuffle(protocols)
    return protocols


def choose_source_port(client, random):
    return random.randint(1024, 3000) if client.stack is HPING3 else random.randint(*packets.EPHEMERAL)


def count_ports(client, random):
    """As many as this client can send within the window."""
    most = min(PORTS_MAX, 1 + int(SPAN_SECONDS_MAX / client.gap[1]))
    return random.randint(PORTS_MIN, max(PORTS_MIN, most))


def knock(client, random):
    """The packets of one knock, and its ports in the order sent."""
    ports = random.sample(range(packets.PORT_MIN, packets.PORT_MAX + 1), count_ports(client, random))
    ttl = random.randint(40, 63)
    sent, at = [], 0.0
    for port, protocol in zip(ports, choose_protocols(client, len(ports), random)):
        source_port, ip_id = choose_source_port(client, random), random.randrange(1, 65536)
        again = client.again if protocol == "tcp" and random.random() < client.chance else ()
        for i, later in enumerate((0.0, *again)):
            sent.append(Packet(at + later, protocol, source_port, port, client.stack, ttl, ip_id + i))
        at += random.uniform(*client.gap)
    return sorted(sent), ports


def inject(base, n, seed):
    """(lines of the knocks, lines of the truth)"""
    random = randoms.Random(seed)
    fresh = packets.addresses(random, base.sources)
    places = base.usual_places()
    lines, truth = [], []
    for i in range(n):
        client = CLIENTS[i % len(CLIENTS)]
        sent, ports = knock(client, random)
        source, place = next(fresh), random.choice(places)
        start = random.uniform(base.begin, max(base.begin, base.end - QUIET_SECONDS))
        lines += [packets.ufw_line(place, source, packet, start, base.boot) for packet in sent]
        truth.append(packets.truth_line(source, client.name, start - base.begin, sent, ports))
    return lines, truth


def merge(base_lines, lines):
    """Both in the order of time; the base log's own order is kept, even where it goes back."""
    lines = sorted(lines)
    taken = 0
    for line in base_lines:
        while taken < len(lines) and lines[taken].seconds < line.seconds:
            yield lines[taken].text
            taken += 1
        yield line.text
    for line in lines[taken:]:
        yield line.text


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-n", type=int, default=200, help="knocks [default 200]")
    parser.add_argument("--seed", type=int, default=42, help="[default 42]")
    parser.add_argument("base", type=pathlib.Path, help="a log of UFW denials, plain or .gz")
    parser.add_argument("prefix", help="of the two files to write")
    arguments = parser.parse_args()

    base = Base(arguments.base)
    lines, truth = inject(base, arguments.n, arguments.seed)
    with open(arguments.prefix + ".log", "w", encoding="latin-1", newline="\n") as file:
        file.writelines(merge(base.lines, lines))
    with open(arguments.prefix + ".truth", "w", encoding="ascii") as file:
        file.writelines(truth)


if __name__ == "__main__":
    main()
