#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Measures what raising and lowering each option costs, for the tables of the tuning guide.

    sweep.py [--only OPTION]... [--write FILE]

prints a table in Markdown for each option that the command knows; with --write they replace what stands between
<!-- sweep OPTION --> and <!-- end of sweep --> in FILE. Without the week of noise nothing is written, because
columns would be missing.
"""

import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys

import data

PROCESSES = 2

SIGNS = (
    "other_ports",
    "other_destinations",
    "scanner",
    "retries",
    "unsettled",
    "one_source_port",
    "scanner_packet",
    "service_ports",
    "consecutive_ports",
    "periodic",
    "repeated_inside",
    "retried_ports",
    "shared_list",
)

# Option and the values to try, the default among them. A value that holds a blank is several words:
# the value, then further options that belong to it.
SWEEPS = {
    "window": ("10", "20", "30", "45", "60", "120"),
    "settle": ("2", "5", "10", "15", "20", "30"),
    "min-ports": ("2 --min-packets 2", "3", "4", "5"),
    "max-ports": ("4", "6", "8", "10", "12", "16"),
    "min-packets": ("3", "4", "5", "6"),
    "max-packets": ("8", "10", "12", "16", "24"),
    "min-duration": ("0", "1", "2", "5"),
    "scan-memory": ("60", "600", "3600", "14400", "86400"),
    "cooldown": ("0", "60", "300", "3600", "86400"),
    "min-confidence": ("low", "medium", "high", "confirmed"),
    "signs": ("all", *(f"all,-{sign}" for sign in SIGNS)),
}

# Name of the data; what it is read from. What the columns tell follows in measure().
DATA = {
    "captures": data.captures,
    "injected": data.noise_with_knocks,
    "scans": data.scans,
    "noise": data.noise,
}

HEAD = (
    "knocks<br>of 42",
    "scans<br>of 11",
    "benign<br>of 10",
    "injected<br>of 200",
    "scans<br>of 100",
    "alerts in<br>the week",
    "seconds<br>to alert",
)


def defaults():
    """The command's engine options with their defaults; None where there is none that can be told."""
    words = [data.COMMAND, "help", "replay"]
    text = subprocess.run(words, capture_output=True, text=True, check=True).stdout.partition("Engine options")[2]
    found = {}
    for name, rest in re.findall(r"^  --([a-z-]+) (.*)$", text, re.M):
        default = re.search(r"; default (\S+)\]$", rest)
        found[name] = default[1] if default else None
    return found


def measure(option, value):
    """The cells of one row; a dash where the data is not here."""
    words = f"--{option} {value} --max-alerts 10000".split(" ")
    reports = {}
    for name, get in DATA.items():
        try:
            reports[name] = data.score(*get(), words)
        except data.Missing:
            reports[name] = None
    captures, injected, scans, noise = (reports[name] for name in DATA)
    median = captures["latency_sec"].get("median")
    return (
        captures["knocks"]["found"],
        captures["scans"]["reported"],
        captures["benign"]["reported"],
        injected["knocks"]["found"] if injected else "–",
        scans["scans"]["reported"],
        noise["alerts"] if noise else "–",
        "–" if median is None else f"{median:g}",
    )


def make_tables(options, pool):
    """Option to its table."""
    known = defaults()
    futures = {
        option: [pool.submit(measure, option, value) for value in SWEEPS[option]]
        for option in options
        if option in known
    }
    tables = {}
    for option, rows in futures.items():
        lines = [f"| `{option}` | " + " | ".join(HEAD) + " |", "|---|" + "--:|" * len(HEAD)]
        for value, row in zip(SWEEPS[option], rows):
            word = value.split(" ")[0]
            told = f"**{word}**" if word == known[option] else word
            lines.append(f"| {told} | " + " | ".join(map(str, row.result())) + " |")
        tables[option] = "\n".join(lines) + "\n"
    return tables


def replace_tables(text, tables):
    """The text with new tables between its markers, which name each option once."""
    for option, table in tables.items():
        pattern = rf"(<!-- sweep {option} -->\n).*?(<!-- end of sweep -->\n)"
        text, n = re.subn(pattern, lambda match, table=table: match[1] + table + match[2], text, flags=re.S)
        if n != 1:
            raise SystemExit(f"{n} places for the table of {option}, not one")
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", choices=list(SWEEPS), metavar="OPTION")
    parser.add_argument("--write", type=pathlib.Path, metavar="FILE", help="replace the tables in this file")
    arguments = parser.parse_args()

    if arguments.write:
        try:
            data.noise()
        except data.Missing as missing:
            raise SystemExit(f"{missing} is not here; nothing was written") from None
    # once, before two processes want to make the same file
    for get in DATA.values():
        try:
            get()
        except data.Missing:
            pass
    with concurrent.futures.ThreadPoolExecutor(PROCESSES) as pool:
        tables = make_tables(arguments.only or list(SWEEPS), pool)
    if arguments.write:
        arguments.write.write_text(replace_tables(arguments.write.read_text(), tables))
    else:
        print("\n".join(tables.values()), end="")


if __name__ == "__main__":
    sys.exit(main())
