#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""What a message costs under attack: runs bench_attacks, and with --write puts its table into ATTACKS.md.

    tests/bench/attacks.py [--messages N] [--write]      PK_BUILD_DIR names the build; some minutes
"""

import argparse
import os
import pathlib
import subprocess
import sys

SOURCE_DIR = pathlib.Path(os.environ.get("PK_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BUILD_DIR = pathlib.Path(os.environ.get("PK_BUILD_DIR", SOURCE_DIR / "build"))
REPORT = SOURCE_DIR / "tests" / "bench" / "ATTACKS.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"
COLUMNS = ("messages", "p50", "p99", "p99.9", "max", "max_cpu", "tick", "ns_per_byte")
BASELINE, STRAW_MAN = "benign", "unkeyed"


def run(messages):
    words = [str(BUILD_DIR / "tests" / "bench" / "bench_attacks"), str(messages)]
    return subprocess.run(words, capture_output=True, text=True, encoding="utf-8", check=True).stdout


def parse(table):
    """{name: {column: number}} of all rows."""
    rows = {}
    for line in table.splitlines()[2:]:
        _, _, name, *numbers, _ = (cell.strip() for cell in line.split("|"))
        rows[name.strip("`")] = dict(zip(COLUMNS, map(float, numbers)))
    return rows


def write(table):
    text = REPORT.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    REPORT.write_text(head + BEGIN + "\n" + table + "\n" + END + tail, encoding="utf-8")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--messages", type=int, default=300000)
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    table = run(chosen.messages)
    sys.stdout.write(table)
    if chosen.write:
        write(table)


if __name__ == "__main__":
    main()
