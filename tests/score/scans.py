#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Writes a log of UFW denials that holds port scans and nothing else.

    scans.py [--seed 42] [--full] PREFIX

writes PREFIX.log and PREFIX.truth, for `port-knock score`, with 100 scans of 1,000 ports in random order, each from
a source of its own: 80 at 50 to 1,000 ports a second, 20 slow ones at one port in 0.1 to 20 s. Each holds all ports of
the public knock sequences, so that most hold some of these in order. Every other one has one source port, as
nmap -sS and masscan do, the others are connect() scans. --full: instead one scan of all 65,535 ports in their
order, at 1,000 a second. The same arguments give the same output.
"""

import argparse
import heapq
import json
import os
import pathlib
import random as randoms

import packets
from packets import KERNEL, MASSCAN, NMAP, Packet, Place

SCANS, PORTS = 100, 1000
RATES = (50, 100, 200, 500, 1000)  # ports a second
SLOW_GAPS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 12, 20)  # seconds from a port to the next
SLOW_EVERY = 5
BEGIN = 1780315200  # 1 June 2026 12:00:00 UTC
BOOT = BEGIN - 50000
SPREAD_SECONDS = 4 * 3600

WHERE = "[UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:00:00:01:52:54:00:00:00:02:08:00 "
PLACE = Place("gate", WHERE, "192.0.2.10")
SOURCE_DIR = pathlib.Path(os.environ.get("PK_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
SEQUENCES = SOURCE_DIR / "conf.d" / "known-sequences.json"


def door_ports():
    """All ports of public knock sequences, each once."""
    entries = json.loads(SEQUENCES.read_text())["entries"]
    known = {port for entry in entries for port in entry.get("ports") or [] if isinstance(port, int)}
    return sorted(known)[:PORTS]


def choose_ports(random):
    ports = door_ports()
    others = sorted(set(range(1, packets.PORT_MAX + 1)).difference(ports))
    ports += random.sample(others, PORTS - len(ports))
    random.shuffle(ports)
    return ports


def scan(ports, gap, raw, random):
    """The packets of one scan; gap in seconds, raw: nmap or masscan, else a connect() for each port."""
    stack = random.choice((NMAP, MASSCAN)) if raw else KERNEL
    source_port, ttl, at = random.randint(32768, 65535), random.randint(40, 63), 0.0
    for port in ports:
        sent_from = source_port if raw else random.randint(*packets.EPHEMERAL)
        yield Packet(at, "tcp", sent_from, port, stack, ttl, random.randrange(1, 65536))
        at += gap * random.uniform(0.8, 1.2)


def choose_speed(i, random):
    """(seconds from a port to the next, whether it has one source port); of each slow speed there is one of both."""
    slow, rest = divmod(i, SLOW_EVERY)
    if rest:
        return 1 / random.choice(RATES), i % 2 == 0
    return SLOW_GAPS[slow % len(SLOW_GAPS)], slow // len(SLOW_GAPS) % 2 == 0


def many_scans(random):
    """(kind, begin, packets, ports) of each"""
    for i in range(SCANS):
        ports, (gap, raw) = choose_ports(random), choose_speed(i, random)
        kind = f"scan:{'raw' if raw else 'connect'}-{gap:g}s"
        # the first begins with the log, whose first whole second is the truth's zero
        begin = random.uniform(0, SPREAD_SECONDS) if i else 0.0
        yield kind, begin, list(scan(ports, gap, raw, random)), ports


def full_scan(random):
    ports = list(range(1, packets.PORT_MAX + 1))
    yield "scan:full", 0.0, list(scan(ports, 0.001, True, random)), ports


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=42, help="[default 42]")
    parser.add_argument("--full", action="store_true", help="all ports in order, once")
    parser.add_argument("prefix", help="of the two files to write")
    arguments = parser.parse_args()

    random = randoms.Random(arguments.seed)
    sources = packets.addresses(random)
    lines, truth = [], []
    for kind, begin, sent, ports in (full_scan if arguments.full else many_scans)(random):
        source = next(sources)
        lines.append([packets.ufw_line(PLACE, source, packet, BEGIN + begin, BOOT) for packet in sent])
        truth.append(packets.truth_line(source, kind, begin, sent, ports))
    with open(arguments.prefix + ".log", "w", encoding="ascii") as file:
        file.writelines(line.text for line in heapq.merge(*lines))
    with open(arguments.prefix + ".truth", "w", encoding="ascii") as file:
        file.writelines(truth)


if __name__ == "__main__":
    main()
