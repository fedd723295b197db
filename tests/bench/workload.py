#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Log files to measure with: a firewall's denials with known knocks among them, and ordinary syslog.

    workload.py denies LINES FILE [START]     also writes FILE.truth
    workload.py ordinary LINES FILE [START]
    workload.py sources LINES FILE [START]    each line another source
    workload.py flood SECONDS FILE [START]    5,000 new sources a second while 500 knocks run; FILE.truth
    workload.py flood-twice SECONDS FILE [START]    each of them with two ports

The same arguments give the same bytes.  START is Unix time; denies and ordinary lines cover the hour
after it.  All addresses are from 198.18.0.0/15, 100.64.0.0/10 and the documentation ranges.

A line of FILE.truth is a source, a blank, and the ports it knocked at in their order: "7000,8000,9000".
"""

import random
import sys
import time

SPAN_MS = 3600 * 1000
KNOCKS = 500
KNOCK_MS_MAX = 25000
# Before the end of a log nothing begins that would not end.
KNOCK_LEAD_MS = 40000
FLOOD_SOURCES_A_SECOND = 5000
# A source of the flood sends its second port so much later at most.
FLOOD_GAP_MS = 1000
BACKGROUND_SOURCES = 60000

# Of the lines that are no knock.
SCANNERS_PERCENT = 18
RETRANSMISSIONS_PERCENT = 15

# What the Internet tries everywhere, and therefore no knock of ours.
POPULAR_PORTS = (
    23, 22, 445, 3389, 80, 8080, 443, 5555, 2323, 1433, 6379, 81, 8443, 5060, 123, 53,
    25, 21, 110, 3306, 5900, 8088, 60001, 37215, 52869, 7547, 11211, 1900, 161, 389,
)  # fmt: skip

# When an operating system sends an unanswered SYN again.
RETRANSMISSION_MS = (0, 1000, 3000, 7000)


def address(base, number):
    """Dotted decimal of base + number."""
    value = base + number
    return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"


KNOCKERS = 198 << 24 | 18 << 16
SCANNERS = 198 << 24 | 19 << 16
BACKGROUND = 100 << 24 | 64 << 16
RETRANSMITTERS = 100 << 24 | 96 << 16


class Denies:
    """Denied packets as tuples (milliseconds, source, port, last byte of the destination, is UDP, source port)."""

    def __init__(self, seed, span_ms=SPAN_MS):
        # random() is the one method whose numbers Python promises to keep.
        self._random = random.Random(seed).random
        self._span_ms = span_ms
        self.packets = []
        self.truth = []

    def below(self, limit):
        return int(self._random() * limit)

    def _high_port(self):
        return 1024 + self.below(64000)

    def _unusual_ports(self, count):
        ports = []
        while len(ports) < count:
            port = self._high_port()
            if all(abs(port - other) > 8 for other in (*ports, *POPULAR_PORTS)):
                ports.append(port)
        return ports

    def _add(self, at, source, port, dest, udp=False, source_port=0):
        self.packets.append((at, source, port, dest, udp, source_port or self._high_port()))

    def _knock(self, number):
        """Four kinds: brisk; long and slow; every packet sent twice; a port used again on the way."""
        source = address(KNOCKERS, number * 131 + 1)
        kind = "brisk slow twice again".split()[number % 4]
        count, length = {
            "brisk": (3 + self.below(3), self.below(10000)),
            "slow": (4 + self.below(5), 3000 + self.below(KNOCK_MS_MAX - 3000)),
            "twice": (3 + self.below(4), 2000 + self.below(15000)),
            "again": (3 + self.below(5), 2000 + self.below(15000)),
        }[kind]
        ports = self._unusual_ports(count)
        start = self.below(self._span_ms - KNOCK_LEAD_MS)
        udp = number % 16 == 1
        for i, port in enumerate(ports):
            at, source_port = start + length * i // (count - 1), self._high_port()
            self._add(at, source, port, 0, udp, source_port)
            if kind == "twice":
                self._add(at + 1000, source, port, 0, udp, source_port)
            if kind == "again" and i == count // 2:
                self._add(at, source, ports[0], 0, udp)
        self.truth.append((source, ports))

    def _scanner(self, number):
        """Far too many ports of one host for a knock, 5 to 50 a second, upwards or at random."""
        source = address(SCANNERS, number)
        count, rate, base, upwards = 40 + self.below(1000), 5 + self.below(46), self.below(60000), self.below(2)
        start = self.below(self._span_ms - count * 1000 // rate)
        for i in range(count):
            port = base + i + 1 if upwards else 1 + self.below(65535)
            self._add(start + i * 1000 // rate, source, port, number % 16)

    def _retransmitter(self, number):
        """One port, in vain."""
        source = address(RETRANSMITTERS, number)
        port, start, source_port = POPULAR_PORTS[self.below(30)], self.below(self._span_ms - 7000), self._high_port()
        for later in RETRANSMISSION_MS:
            self._add(start + later, source, port, 2, False, source_port)

    def _background(self):
        """A source has a popular port or two of its own."""
        number = self.below(BACKGROUND_SOURCES)
        port = POPULAR_PORTS[(number * 7 + (self.below(3) == 0) * (number % 5)) % 30]
        self._add(self.below(self._span_ms), address(BACKGROUND, number * 29), port, self.below(16), number % 16 == 0)

    def _flood(self, number, at, ports):
        """A source that nobody has seen before."""
        dest, first = self.below(16), self._high_port()
        self._add(at, address(BACKGROUND, number), first, dest)
        if ports > 1:
            later = at + self.below(FLOOD_GAP_MS)
            self._add(later, address(BACKGROUND, number), first % 64000 + 1024, dest)

    def _sort(self):
        self.packets.sort(key=lambda packet: packet[0])

    def generate_flood(self, ports):
        """Knocks while new sources of one or two ports each come at a steady rate."""
        for number in range(KNOCKS):
            self._knock(number)
        sources = self._span_ms * FLOOD_SOURCES_A_SECOND // 1000
        for number in range(sources):
            self._flood(number, number * 1000 // FLOOD_SOURCES_A_SECOND, ports)
        self._sort()

    def generate_sources(self, lines):
        """Each line another source."""
        for number in range(lines):
            self._flood(number, number * self._span_ms // lines, 1)

    def generate(self, lines):
        for number in range(KNOCKS):
            self._knock(number)
        other = lines - len(self.packets)
        number = 0
        limit = len(self.packets) + other * SCANNERS_PERCENT // 100
        while len(self.packets) < limit:
            self._scanner(number)
            number += 1
        limit = len(self.packets) + other * RETRANSMISSIONS_PERCENT // 100
        for number in range((limit - len(self.packets)) // len(RETRANSMISSION_MS)):
            self._retransmitter(number)
        while len(self.packets) < lines:
            self._background()
        self._sort()


class Stamps:
    """RFC 3164 stamps in UTC for milliseconds that never go back."""

    def __init__(self, start):
        self._start = start
        self._second = -1
        self._text = ""

    def at(self, ms):
        if ms // 1000 != self._second:
            self._second = ms // 1000
            now = time.gmtime(self._start + self._second)
            month = "JanFebMarAprMayJunJulAugSepOctNovDec"[now.tm_mon * 3 - 3 : now.tm_mon * 3]
            self._text = f"{month} {now.tm_mday:2} {now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02}"
        return self._text


TCP_LINE = (
    "%s fw1 kernel: [%5d.%03d%03d] [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56:0a:58:0a:f4:00:01:08:00 SRC=%s"
    " DST=203.0.113.%d LEN=60 TOS=0x00 PREC=0x00 TTL=%d ID=%d DF PROTO=TCP SPT=%d DPT=%d WINDOW=64240 RES=0x00 SYN"
    " URGP=0 \n"
)
UDP_LINE = (
    "%s fw1 kernel: [%5d.%03d%03d] [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56:0a:58:0a:f4:00:01:08:00 SRC=%s"
    " DST=203.0.113.%d LEN=48 TOS=0x00 PREC=0x00 TTL=%d ID=%d DF PROTO=UDP SPT=%d DPT=%d LEN=28 \n"
)


def write_denies(path, lines, start, seed=1):
    """Returns the truth, a list of (source, ports), and the number of sources."""
    denies = Denies(seed)
    denies.generate(lines)
    write_packets(path, denies, start)
    return denies.truth, len({packet[1] for packet in denies.packets})


def write_sources(path, lines, start, seed=3):
    """At the rate of the flood."""
    denies = Denies(seed, lines * 1000 // FLOOD_SOURCES_A_SECOND)
    denies.generate_sources(lines)
    write_packets(path, denies, start)


def write_flood(path, seconds, ports, start, seed=4):
    """Returns the truth and the number of lines."""
    denies = Denies(seed, seconds * 1000)
    denies.generate_flood(ports)
    write_packets(path, denies, start)
    return denies.truth, len(denies.packets)


def write_packets(path, denies, start):
    stamps = Stamps(start)
    with open(path, "w", encoding="ascii", newline="\n") as log:
        for number, (at, source, port, dest, udp, source_port) in enumerate(denies.packets):
            log.write(
                (UDP_LINE if udp else TCP_LINE)
                % (
                    *(stamps.at(at), 50000 + at // 1000, at % 1000, number % 1000, source, 10 + dest),
                    *(32 + denies.below(32), denies.below(65536), source_port, port),
                )
            )


# Program and text; what stands in braces is drawn from Words.  No line of these is about a firewall or a knock.
ORDINARY = (
    "sshd[{pid}]: Accepted publickey for {user} from {ip} port {port} ssh2: ED25519-CERT"
    " SHA256:{hex}{hex}{hex}{hex}{hex} ID {user}@example.org (serial {id}) CA ED25519 SHA256:{hex}{hex}{hex}{hex}{hex}",
    "sshd[{pid}]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={ip}"
    "  user={user}",
    "sshd[{pid}]: Received disconnect from {ip} port {port}:11: disconnected by user",
    "CRON[{pid}]: ({user}) CMD (test -x /usr/local/bin/rotate && cd /var/spool/{user} && /usr/local/bin/rotate --quiet"
    " --keep {id} --job {hex} --work-directory /var/tmp/rotate-{hex} >/dev/null 2>&1)",
    "systemd[1]: Starting {unit} - runs what has been queued for {user} since the last time it was started...",
    "systemd[1]: {unit}: Consumed {id}.{pid}s CPU time, read {port}M from disk, written {id}K to disk, no network.",
    'nginx: {ip} - {user} [{clf} +0000] "GET /api/v2/items/{id}?page={pid}&token={hex} HTTP/1.1" 200 {port}'
    ' "https://www.example.org/items" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"',
    'nginx: {ip} - - [{clf} +0000] "POST /upload/{hex} HTTP/2.0" 404 {port} "-" "Mozilla/5.0 (Windows NT 10.0; Win64;'
    ' x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"',
    "nginx: {clf} [error] {pid}#{pid}: *{id} connect() failed (111: Connection refused) while connecting to upstream,"
    ' client: {ip}, server: www.example.org, request: "GET /{hex} HTTP/1.1", upstream: "http://192.0.2.7:8080/"',
    "postfix/smtpd[{pid}]: connect from mail-{id}.example.net[{ip}]",
    "postfix/smtp[{pid}]: {hex}: to=<{user}@example.com>, relay=mx{id}.example.com[{ip}]:25, delay=0.{pid},"
    " delays=0.02/0/0.4/0.3, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {hex})",
    "postfix/cleanup[{pid}]: {hex}: message-id=<{pid}.{hex}.{id}@mail-{id}.example.net>",
    "kernel: [{pid}.{usec}] audit: type=1400 audit(17321.{pid}:{id}): apparmor=\"DENIED\" operation=\"open\""
    ' profile="/usr/sbin/named" name="/proc/{pid}/net/psched" comm="named" requested_mask="r" denied_mask="r" fsuid=0',
    "kernel: [{pid}.{usec}] EXT4-fs (sd{letter}1): mounted filesystem with ordered data mode. Opts: errors=remount-ro",
    "kernel: [{pid}.{usec}] usb 1-{id}: new high-speed USB device number {id} using xhci_hcd",
    "dhclient[{pid}]: DHCPACK of {ip} from 192.0.2.1 (xid=0x{hex}), bound -- renewal in {port} seconds.",
    "named[{pid}]: client @0x{hex} {ip}#{port} (www.example.com): query: www.example.com IN AAAA +E(0)K (192.0.2.53)",
    "app[{pid}]: level=info ts={pid}.{usec} caller=server.go:{id} component=http method=GET path=/v1/accounts/{hex}"
    " user={user} remote={ip} status=200 bytes={port} duration_ms={id} trace_id={hex}{hex} span_id={hex}"
    " msg=\"request served\" cache=miss upstream=192.0.2.7:8080 retries=0 region=eu-{id} build={hex}",
)
USERS = ("alice", "bob", "carol", "www-data", "root", "backup", "deploy", "postgres")
UNITS = ("apt-daily.service", "logrotate.service", "man-db.service", "session-4711.scope", "user@1000.service")


class Words:
    """What ordinary lines are filled with; made once, as making it costs more than the lines."""

    SIZE = 4096

    def __init__(self, seed, start):
        draw = random.Random(seed).random
        clf = time.strftime("%d/%b/%Y:%H:%M:%S", time.gmtime(start))
        self._rows = [
            {
                "pid": 300 + int(draw() * 60000),
                "user": USERS[int(draw() * len(USERS))],
                "unit": UNITS[int(draw() * len(UNITS))],
                "ip": f"203.0.113.{int(draw() * 256)}",
                "port": 1024 + int(draw() * 64000),
                "id": int(draw() * 1000),
                "usec": f"{int(draw() * 1000000):06}",
                "hex": f"{int(draw() * 2**40):010X}",
                "letter": "abcdef"[int(draw() * 6)],
                "clf": clf,
            }
            for _ in range(self.SIZE)
        ]

    def texts(self):
        """Each kind of line filled with each row."""
        return [[kind.format(**row) for row in self._rows] for kind in ORDINARY]


def write_ordinary(path, lines, start, seed=2):
    draw = random.Random(seed).random
    texts = Words(seed, start).texts()
    stamps = Stamps(start)
    with open(path, "w", encoding="ascii", newline="\n") as log:
        for number in range(lines):
            kind = texts[int(draw() * len(texts))]
            stamp = stamps.at(number * SPAN_MS // lines)
            log.write(f"{stamp} host{number % 37} {kind[int(draw() * Words.SIZE)]}\n")


def write_truth(path, truth):
    with open(path, "w", encoding="ascii", newline="\n") as file:
        for source, ports in truth:
            file.write(f"{source} {','.join(map(str, ports))}\n")


def main(arguments):
    kinds = ("denies", "ordinary", "sources", "flood", "flood-twice")
    if len(arguments) not in (3, 4) or arguments[0] not in kinds:
        sys.exit(__doc__)
    kind, size, path = arguments[0], int(arguments[1]), arguments[2]
    start = int(arguments[3]) if len(arguments) == 4 else 1795305600
    if kind == "denies":
        write_truth(path + ".truth", write_denies(path, size, start)[0])
    elif kind == "ordinary":
        write_ordinary(path, size, start)
    elif kind == "sources":
        write_sources(path, size, start)
    else:
        write_truth(path + ".truth", write_flood(path, size, 2 if kind == "flood-twice" else 1, start)[0])


if __name__ == "__main__":
    main(sys.argv[1:])
