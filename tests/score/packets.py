# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Packets as knock clients and scanners send them, and the lines that UFW writes of them.

What the clients do was measured at the receiver: gaps between ports, retransmissions, and what a log line
shows of who made the packet (length, window, DF, source port). A connect() without an answer sends its SYN
again 1.03, 2.05, 3.08 and 4.10 s after the first, from the same source port.
"""

import collections
import functools
import ipaddress
import time

PORT_MIN, PORT_MAX = 1024, 65535
EPHEMERAL = (32768, 60999)
RETRANSMISSIONS = (1.03, 2.05, 3.08, 4.10)

# What a maker of packets leaves in a line; tcp_length is LEN of the whole packet, payload that of a datagram.
Stack = collections.namedtuple("Stack", "tcp_length window dont_fragment payload")

KERNEL = Stack(60, 64240, True, 1)
HPING3 = Stack(40, 512, False, 0)
NMAP = Stack(44, 1024, False, 0)
MASSCAN = Stack(40, 1024, False, 0)

# seconds after the beginning, protocol, source port, destination port, the stack, TTL and IP ID
Packet = collections.namedtuple("Packet", "at protocol source_port port stack ttl ip_id")

# where a log line says a packet came in: log host, the text before SRC=, destination
Place = collections.namedtuple("Place", "host where dest")

# one line of a log with its time
Line = collections.namedtuple("Line", "seconds text")


def addresses(random, taken=()):
    """Endless fresh addresses out of 198.18.0.0/15, which is for tests and never in a log of the internet."""
    seen = set(taken)
    while True:
        address = str(ipaddress.IPv4Address(0xC6120000 + random.randrange(1, 1 << 17)))
        if address not in seen:
            seen.add(address)
            yield address


def ufw_fields(packet):
    """What follows DST= in the line of a packet, with the blank that the kernel puts last."""
    stack = packet.stack
    mark = "DF " if stack.dont_fragment else ""
    head = f"TOS=0x00 PREC=0x00 TTL={packet.ttl} ID={packet.ip_id % 65536} {mark}"
    ports = f"SPT={packet.source_port} DPT={packet.port}"
    if packet.protocol == "udp":
        return f"LEN={28 + stack.payload} {head}PROTO=UDP {ports} LEN={8 + stack.payload} "
    return f"LEN={stack.tcp_length} {head}PROTO=TCP {ports} WINDOW={stack.window} RES=0x00 SYN URGP=0 "


@functools.lru_cache(maxsize=16)
def stamp(second):
    return time.strftime("%b %e %H:%M:%S", time.gmtime(second))


def ufw_line(place, source, packet, begin, boot):
    """The line of a packet that was sent packet.at after begin; boot is when the kernel's time began, or None."""
    seconds = begin + packet.at
    uptime = f"[{seconds - boot:.6f}] " if boot is not None else ""
    where = f"{place.host} kernel: {uptime}{place.where}SRC={source} DST={place.dest} "
    return Line(seconds, f"{stamp(int(seconds))} {where}{ufw_fields(packet)}\n")


def truth_line(source, kind, begin, packets, ports):
    """Of packets in their order, the first of which was sent begin seconds after the log's first whole second."""
    span = f"{begin + packets[0].at:.3f} {begin + packets[-1].at:.3f}"
    return f"{source} {kind} {span} {len(ports)} {len(packets)} {','.join(map(str, ports))}\n"
