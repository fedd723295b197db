#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The measured tables of the documents: what the search that this began as would have found, and what rate limits eat.

    measured.py [--write]

prints them, or writes them between their marks into the documents.  The same code gives the same tables, and a test
compares them.
"""

import collections
import json
import os
import pathlib
import random as randoms
import re
import subprocess
import sys
import tempfile

SOURCE_DIR = pathlib.Path(os.environ.get("PK_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2])).resolve()
COMMAND = os.environ.get("PK_COMMAND", str(SOURCE_DIR / "build" / "port-knock"))
CAPTURES = SOURCE_DIR / "tests" / "captures"
# One of the captured firewalls has a prefix that names no verdict.
PREFIX = ("--deny-prefix", "closed-port: ")
WHEN = ("--year", "2026", "--utc-offset", "+00:00")
MARK = "<!-- measured {} by tests/docs/measured.py -->"
END = "<!-- end of measured -->"

Hit = collections.namedtuple("Hit", "seconds source dest port")


def table(head, rows, left=1):
    lines = [head, ["---"] * left + ["--:"] * (len(head) - left), *rows]
    return "".join("| " + " | ".join(map(str, row)) + " |\n" for row in lines)


# ---- the search -------------------------------------------------------------------

WINDOW_SECONDS = 30


def labelled_captures():
    """(label, sources, path) of each."""
    for line in (CAPTURES / "labels.tsv").read_text().splitlines():
        if not line.startswith("#"):
            file, label, sources = line.split("\t")[:3]
            yield label, sources.split(","), CAPTURES / file


def denials(path):
    """What any good log search knows of a capture: time, source, destination and port of each denial."""
    done = subprocess.run([COMMAND, "explain", *PREFIX, path], stdout=subprocess.PIPE, check=True)
    hits = []
    for line, told in zip(path.read_text(errors="replace").splitlines(), done.stdout.splitlines()):
        event = json.loads(told)
        if event.get("kind") == "firewall_deny" and "dest_port" in event:
            hours, minutes, seconds = map(int, line.split()[2].split(":"))
            at = hours * 3600 + minutes * 60 + seconds
            hits.append(Hit(at, event["src_ip"], event["dest_ip"], event["dest_port"]))
    return hits


def _is_knock(group, duration_min, seconds):
    """The search's limits; seconds: the times that it works with."""
    ports = len({hit.port for hit in group})
    return 3 <= ports <= 8 and 3 <= len(group) <= 12 and duration_min <= max(seconds) - min(seconds) <= WINDOW_SECONDS


def _bins(hits):
    groups = collections.defaultdict(list)
    for hit in hits:
        groups[hit.source, hit.seconds // WINDOW_SECONDS].append(hit)
    return groups.values()


def search_as_written(hits):
    """bucket _time rounds the time itself, so that the first and the last are the same."""
    return {group[0].source for group in _bins(hits)
            if _is_knock(group, 1, [hit.seconds // WINDOW_SECONDS * WINDOW_SECONDS for hit in group])}


def search_with_real_times(hits, duration_min=1):
    return {group[0].source for group in _bins(hits) if _is_knock(group, duration_min, [hit.seconds for hit in group])}


def search_without_least_duration(hits):
    return search_with_real_times(hits, 0)


def search_with_sliding_window(hits):
    found = set()
    for first in hits:
        own = [hit for hit in hits if hit.source == first.source]
        group = [hit for hit in own if 0 <= hit.seconds - first.seconds <= WINDOW_SECONDS]
        if _is_knock(group, 0, [hit.seconds for hit in group]):
            found.add(first.source)
    return found


def port_knock(path):
    done = subprocess.run([COMMAND, "replay", "--format", "json", *WHEN, *PREFIX, path], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True)
    return {json.loads(line)["src_ip"] for line in done.stdout.splitlines()}


SEARCHES = (
    ("the search as written", search_as_written),
    ("with the real times of the packets", search_with_real_times),
    ("and without a least duration", search_without_least_duration),
    ("and with a sliding window instead of bins", search_with_sliding_window),
    ("`port-knock()`", None),
)


def search_table():
    captures = [(label, sources, path, denials(path)) for label, sources, path in labelled_captures()]
    totals = collections.Counter(label for label, *_ in captures)
    rows = []
    for title, search in SEARCHES:
        found = collections.Counter()
        for label, sources, path, hits in captures:
            found[label] += not (search(hits) if search else port_knock(path)).isdisjoint(sources)
        rows.append([title, found["knock"], found["scan"], found["benign"]])
    head = ["", *(f"{name} of {totals[label]}" for name, label in
                  (("knocks found", "knock"), ("scans reported", "scan"), ("benign reported", "benign")))]
    return table(head, rows)


# ---- rate limits --------------------------------------------------------------------

KNOCKS = 200
KNOCK_EVERY_SECONDS = 180
GAP_SECONDS = 0.5
PORTS_MIN, PORTS_MAX = 3, 6
NOISE_A_MINUTE = (0, 1, 3, 10, 60)

# name, lines a second, burst, whether each source has a bucket of its own
LIMITS = (
    ("none", None, None, False),
    ("3 a minute, burst 10, all sources together (UFW's `low`)", 3 / 60, 10, False),
    ("3 an hour, burst 5, all together (iptables' `limit` without options)", 3 / 3600, 5, False),
    ("1 a second, burst 5, all together", 1, 5, False),
    ("3 a minute, burst 10, each source", 3 / 60, 10, True),
    ("3 a minute, burst 5, each source", 3 / 60, 5, True),
    ("1 a second, burst 10, each source (Shorewall)", 1, 10, True),
)


def knocks(random):
    """{source: hits} of KNOCKS knocks, one after another."""
    made = {}
    for i in range(KNOCKS):
        source, start = f"198.18.{i // 250}.{1 + i % 250}", 60 + i * KNOCK_EVERY_SECONDS + random.random() * 60
        ports = random.sample(range(10000, 60000), random.randint(PORTS_MIN, PORTS_MAX))
        made[source] = [Hit(start + j * GAP_SECONDS, source, "192.0.2.10", port) for j, port in enumerate(ports)]
    return made


def noise(random, a_minute):
    """Single packets of sources that come once."""
    count = round(a_minute * KNOCKS * KNOCK_EVERY_SECONDS / 60)
    return [Hit(random.random() * KNOCKS * KNOCK_EVERY_SECONDS, f"198.19.{i // 250 % 250}.{1 + i % 250}", "192.0.2.10",
                random.choice((22, 23, 80, 443, 445, 3389, 5060, 8080))) for i in range(count)]


def thinned(hits, rate, burst, for_each_source):
    """What netfilter's limit lets through: a bucket of burst tokens that fills at rate."""
    if rate is None:
        return hits
    buckets = {}
    kept = []
    for hit in hits:
        key = hit.source if for_each_source else None
        tokens, at = buckets.get(key, (burst, hit.seconds))
        tokens = min(burst, tokens + (hit.seconds - at) * rate)
        if tokens >= 1:
            kept.append(hit)
            tokens -= 1
        buckets[key] = tokens, hit.seconds
    return kept


def as_log(hits):
    lines = []
    for i, hit in enumerate(hits):
        minutes, seconds = divmod(hit.seconds, 60)
        stamp = f"2026-03-01T{int(minutes // 60):02}:{int(minutes % 60):02}:{seconds:06.3f}+00:00"
        lines.append(f"{stamp} gate kernel: [UFW BLOCK] IN=eth0 OUT= SRC={hit.source} DST={hit.dest} LEN=60 TTL=52 "
                     f"ID={i % 50000} PROTO=TCP SPT={33000 + i % 20000} DPT={hit.port} WINDOW=64240 SYN\n")
    return "".join(lines)


def knocks_found(made, hits):
    """(knocks with an alert, those whose alert has all ports)."""
    with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        log.write(as_log(hits))
        log.flush()
        done = subprocess.run([COMMAND, "replay", "--format", "json", log.name], stdout=subprocess.PIPE, check=True)
    alerts = {}
    for line in done.stdout.splitlines():
        alert = json.loads(line)
        alerts.setdefault(alert["src_ip"], set()).add(alert["port_sequence"])
    whole = sum(",".join(str(hit.port) for hit in one) in alerts.get(source, ()) for source, one in made.items())
    return sum(source in alerts for source in made), whole


def limit_table():
    rows = []
    for name, rate, burst, for_each_source in LIMITS:
        cells = []
        for a_minute in NOISE_A_MINUTE:
            random = randoms.Random(1205)
            made = knocks(random)
            hits = sorted([hit for one in made.values() for hit in one] + noise(random, a_minute))
            cells.append("{} / {}".format(*knocks_found(made, thinned(hits, rate, burst, for_each_source))))
        rows.append([name, *cells])
    return table(["limit of log lines", *(f"{a_minute} a minute" for a_minute in NOISE_A_MINUTE)], rows)


TABLES = {"search": ("doc/migration.md", search_table), "limits": ("doc/firewall-logging.md", limit_table)}


def with_tables(path, text):
    """The document with its tables made anew."""
    for name, (where, make) in TABLES.items():
        if where == path:
            mark = MARK.format(name)
            pattern = re.escape(mark) + r"\n.*?" + re.escape(END)
            made = f"{mark}\n\n{make()}\n{END}"
            text, count = re.subn(pattern, lambda _, made=made: made, text, flags=re.S)
            if count != 1:
                raise ValueError(f"{path} has {count} places for the table {name}")
    return text


def main():
    for name, (path, make) in TABLES.items():
        if "--write" in sys.argv[1:]:
            file = SOURCE_DIR / path
            file.write_text(with_tables(path, file.read_text()))
        else:
            print(f"{name}:\n{make()}")


if __name__ == "__main__":
    main()
