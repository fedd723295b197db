#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""A real relay at full load for a long time: whether its memory stays flat and its counters add up.

    tests/bench/soak.py [MINUTES]      30 by default; PK_MODULE_DIR names the folder of the module

Four connections send denials of steady sources, floods of new sources, knocks, scans, daemons' lines, permitted
connections and ordinary syslog as fast as the relay takes them.  Prints a report in Markdown.  Exit status: 0 all
is as it should be, 1 something is not.
"""

import pathlib
import platform
import random
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "syslog-ng"))

import relay as relays  # noqa: E402

CONNECTIONS = 4
LINES = 40000  # of a pass of one connection
KNOCKS = 20  # in a pass of one connection
ROWS = 12
PIECE_BYTES = 1 << 18
DRAIN_SECONDS = 300
SETTLE_SECONDS = 10
# What is reserved is touched as tables fill; after this part of the time they are full.
WARM_UP = 0.25
# Messages on their way are a tenth of it, and their number goes up and down.
PEAK_SECONDS = 2
GROWTH_MB_MAX = 4
GROWTH_MAX = 0.03

CONFIG = """
options { keep-hostname(yes); stats-level(1); use-dns(no); };
source s_in {
  network(ip(127.0.0.1) port({port}) transport(tcp) flags(no-parse) max-connections(4)
          log-iw-size(40000) log-fetch-limit(1000));
};
parser p_knock { port-knock(use-time(received)); };
destination d_out { pipe("{dir}/fifo" template("$MESSAGE\\n") log-fifo-size(100000)); };
destination d_alerts { file("{dir}/alerts" template("$MESSAGE\\n")); };
log { source(s_in); parser(p_knock);
  log { filter { tags("port-knock.alert"); }; destination(d_alerts); };
  log { filter { not tags("port-knock.alert"); }; destination(d_out); };
  flags(flow-control);
};
"""
DENY = (
    "<4>Nov 23 10:00:00 fw1 kernel: [UFW %s] IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=%s "
    "DST=198.51.100.%d LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=4711 DF PROTO=TCP SPT=%d DPT=%d WINDOW=64240 RES=0x00 "
    "SYN URGP=0 "
)
# What becomes of a hit: doc/statistics.md.
FATES_OF_HITS = ("repeated_hits", "late", "held_hits", "expired_hits", "evicted_hits", "pushed_out")
HITS = "hits + restored = " + " + ".join(fate.replace("_hits", "").replace("_", " ") for fate in FATES_OF_HITS)
# In each pass another octet takes the place of this one, and so all of its sources are new.
FRESH = "SRC=250."
# And the first port of its knocks is another one, or they would be known for a list that many share.
FRESH_PORT = "DPT=250"
OCTETS = [octet for octet in range(1, 220) if octet not in (10, 127, 192)]


class Pass:
    """What a connection sends again and again: lines, and how many there are of each kind."""

    def __init__(self, connection):
        self._random = random.Random(connection).random
        self._connection = connection
        self.counts = dict.fromkeys(("deny", "accept", "daemon", "other"), 0)
        lines = [self._draw(i) for i in range(LINES - 3 * KNOCKS)]
        # The lines of a knock one after the other, as they come in.
        for knock in range(KNOCKS):
            place = (knock + 1) * len(lines) // (KNOCKS + 1)
            lines[place:place] = [self._knock(knock, step) for step in range(3)]
        self.data = "".join(line + "\n" for line in lines).encode()

    def _below(self, limit):
        return int(self._random() * limit)

    def _deny(self, source, port, dest=7):
        self.counts["deny"] += 1
        return DENY % ("BLOCK", source, dest, 1024 + self._below(60000), port)

    def _fresh(self, number):
        return f"{FRESH[4:]}{self._connection * 60 + number // 65536}.{number // 256 % 256}.{number % 256}"

    def _knock(self, number, step):
        port = (25000, 38200, 49300)[step] + KNOCKS * self._connection + number
        return self._deny(self._fresh(LINES + number), port)

    def _draw(self, i):
        kind = self._below(100)
        if kind < 30:
            return self._deny(self._fresh(i), (22, 23, 445)[i % 3])
        if kind < 55:
            return self._deny(f"10.0.{self._below(20)}.{self._below(250)}", (22, 80, 443)[i % 3])
        if kind < 59:
            return self._deny(f"10.9.0.{self._below(50)}", 1 + self._below(65535))
        if kind < 69:
            self.counts["daemon"] += 1
            source = f"10.1.{self._below(99)}.{self._below(250)}"
            return f"<30>Nov 23 10:00:00 gate knockd[9]: {source}: door: Stage {i % 3 + 1}"
        if kind < 79:
            self.counts["accept"] += 1
            return DENY % ("ALLOW", f"10.2.{self._below(99)}.{self._below(250)}", 7, 40000, 22 + self._below(3))
        self.counts["other"] += 1
        return f"<38>Nov 23 10:00:00 host sshd[{i}]: Accepted publickey for root from 10.3.0.1 port {i} ssh2"


class Sender(threading.Thread):
    """Sends whole passes over one connection until the time is over."""

    def __init__(self, port, connection, end):
        super().__init__(daemon=True)
        self._port, self._end = port, end
        self._pass = Pass(connection)
        self._rounds = 0

    def run(self):
        with socket.create_connection(("127.0.0.1", self._port)) as connection:
            while time.monotonic() < self._end:
                octet = OCTETS[self._rounds % len(OCTETS)]
                data = self._pass.data.replace(FRESH.encode(), b"SRC=%d." % octet)
                data = data.replace(FRESH_PORT.encode(), b"DPT=%d" % (100 + octet))
                for start in range(0, len(data), PIECE_BYTES):
                    connection.sendall(data[start : start + PIECE_BYTES])
                self._rounds += 1

    def knocks(self):
        return KNOCKS * self._rounds

    def sent(self):
        return {kind: count * self._rounds for kind, count in self._pass.counts.items()}


def resident_mb(relay):
    status = pathlib.Path(f"/proc/{relay.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


class Soak:
    def __init__(self, minutes):
        self._seconds = minutes * 60
        self._relay = relays.Relay(CONFIG)
        self.samples = []  # (seconds, resident MB at most since the one before, counters)
        self.failures = []

    def _sample(self, began, until):
        peak = 0
        while time.monotonic() < until:
            peak = max(peak, resident_mb(self._relay))
            time.sleep(max(0, min(PEAK_SECONDS, until - time.monotonic())))
        self.samples.append((time.monotonic() - began, peak, self._relay.stats()))

    def _load(self):
        began = time.monotonic()
        end = began + self._seconds
        senders = [Sender(self._relay.ports["port"], number, end) for number in range(CONNECTIONS)]
        for sender in senders:
            sender.start()
        for row in range(1, ROWS + 1):
            self._sample(began, began + row * self._seconds / ROWS)
        for sender in senders:
            sender.join(DRAIN_SECONDS)
        self.elapsed = time.monotonic() - began
        self.knocks = sum(sender.knocks() for sender in senders)
        self.sent = {kind: sum(sender.sent()[kind] for sender in senders) for kind in senders[0].sent()}

    def _drain(self):
        recognised = sum(self.sent.values()) - self.sent["other"]

        def all_seen():
            stats = self._relay.stats()
            # the engine's own are copied at the next tick
            return stats["recognised"] >= recognised and stats["hits"] + stats["no_hit"] >= self.sent["deny"]

        try:
            relays.wait_for(all_seen, "what was sent", DRAIN_SECONDS)
        except AssertionError as error:
            self.failures.append(str(error))

    def run(self):
        fifo = self._relay.dir / "fifo"
        subprocess.run(["mkfifo", str(fifo)], check=True)
        counter = subprocess.Popen(f"wc -l <'{fifo}'", shell=True, stdout=subprocess.PIPE, text=True)
        try:
            self._relay.start()
            self._load()
            self._drain()
            time.sleep(SETTLE_SECONDS + 3)
            self.stats = self._relay.stats()
            self.code = self._relay.stop()
            self.received = int(counter.communicate(timeout=DRAIN_SECONDS)[0])
            self.alerts = len(self._relay.lines("alerts"))
        finally:
            counter.kill()
            self._relay.remove()

    # ---- what has to hold ----------------------------------------------------------

    def _expect(self, what, left, right, holds):
        if not holds:
            self.failures.append(what)
        return f"| {what} | {left:,} | {right:,} | {'yes' if holds else '**no**'} |"

    def _equal(self, what, left, right):
        return self._expect(what, left, right, left == right)

    def checks(self):
        stats, sent = self.stats, self.sent
        total = sum(sent.values())
        dialects = sum(value for name, value in stats.items() if name.startswith("dialect_"))
        branches = sum(value for name, value in stats.items() if name.startswith("branch_"))
        alerts = sum(value for name, value in stats.items() if name.startswith("alerts_"))
        known = stats["sources"] + stats["evicted_sources"]
        fates = ("below_confidence", "suppressed", "in_cooldown", "rate_limited")
        # What is no candidate's: a summary of each minute that held alerts back, and of each cooldown.
        verdicts = sum(stats[fate] for fate in fates) + alerts - stats["candidates"]
        summaries = int(self.elapsed / 60) + 2 + alerts
        return [
            self._equal("messages sent = messages received", total, self.received),
            self._equal("recognised = denied + permitted + of daemons", stats["recognised"], total - sent["other"]),
            self._equal("recognised = sum over dialects", stats["recognised"], dialects),
            self._equal("recognised = sum over branches", stats["recognised"], branches),
            self._equal("hits + no_hit = denied", stats["hits"] + stats["no_hit"], sent["deny"]),
            self._equal(HITS, stats["hits"] + stats["restored_hits"], sum(stats[fate] for fate in FATES_OF_HITS)),
            self._equal("alerts counted = alerts written", alerts, self.alerts),
            self._expect("0 <= verdicts - candidates <= summaries", verdicts, summaries, 0 <= verdicts <= summaries),
            self._expect("sources + evicted <= hits", known, stats["hits"], known <= stats["hits"]),
            self._expect("sources <= max-sources()", stats["sources"], 262144, stats["sources"] <= 262144),
            self._expect("windows <= max-windows()", stats["windows"], 16384, stats["windows"] <= 16384),
            self._expect("candidates >= knocks", stats["candidates"], self.knocks, stats["candidates"] >= self.knocks),
            self._equal("exit code", self.code, 0),
        ]

    def memory(self):
        """Peaks, because buffers between connections and destination come and go."""
        warm = [mb for seconds, mb, _ in self.samples if seconds >= WARM_UP * self._seconds]
        first, last = max(warm[: len(warm) // 2]), max(warm[len(warm) // 2 :])
        flat = last - first <= max(GROWTH_MB_MAX, GROWTH_MAX * first)
        if not flat:
            self.failures.append("memory grows")
        said = "flat" if flat else "it **grows**"
        return f"Resident at most, after the first quarter: {first:.1f} MB, then {last:.1f} MB: {said}."

    def report(self):
        total = sum(self.sent.values())
        print(f"{self.elapsed / 60:.1f} minutes, {total:,} messages, {total / self.elapsed:,.0f} a second; ", end="")
        print(f"{CONNECTIONS} connections; syslog-ng {relays.version()}, {platform.machine()}.\n")
        print("| minute | recognised | hits | sources | evicted | windows | alerts | resident MB |")
        print("|--:|--:|--:|--:|--:|--:|--:|--:|")
        for seconds, mb, stats in self.samples:
            alerts = sum(value for name, value in stats.items() if name.startswith("alerts_"))
            cells = [stats[name] for name in ("recognised", "hits", "sources", "evicted_sources", "windows")]
            print(f"| {seconds / 60:.1f} | " + " | ".join(f"{cell:,}" for cell in (*cells, alerts)) + f" | {mb:.1f} |")
        print(f"\n{self.memory()}\n")
        print("| what has to hold | left | right | holds |\n|---|--:|--:|---|")
        print("\n".join(self.checks()))
        for failure in self.failures:
            print(f"\nNot as it should be: {failure}")
        return 1 if self.failures else 0


def main(arguments):
    if len(arguments) > 1 or arguments and not arguments[0].replace(".", "", 1).isdigit():
        sys.exit(__doc__)
    soak = Soak(float(arguments[0]) if arguments else 30)
    soak.run()
    return soak.report()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
