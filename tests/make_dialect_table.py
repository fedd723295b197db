#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Writes doc/dialects.md: what the samples say of each dialect.

make_dialect_table.py             prints it
make_dialect_table.py --write     writes doc/dialects.md
make_dialect_table.py --measure   prints how well labelled lines of real devices are recognised, for which PK_SHARED
                                  names the folder that has them; with --write into doc/dialects-measured.md

PK_COMMAND is the built port-knock, PK_SOURCE_DIR the project's folder.
"""

import argparse
import collections
import ipaddress
import json
import os
import pathlib
import subprocess
import sys

SOURCE_DIR = pathlib.Path(os.environ.get("PK_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[1]))
COMMAND = os.environ.get("PK_COMMAND", str(SOURCE_DIR / "build" / "port-knock"))
TABLE = SOURCE_DIR / "doc" / "dialects.md"
MEASURED = SOURCE_DIR / "doc" / "dialects-measured.md"

WITH_PORTS = ("tcp", "udp", "sctp", "dccp", "udplite")
SHORT_KINDS = {
    "firewall_deny": "deny",
    "firewall_accept": "accept",
    "knock_daemon": "daemon",
    "knock_client": "client",
    "connection_attempt": "attempt",
    "host_firewall_opened": "opened",
    "knock_tool_installed": "installed",
    "new_listener": "listener",
}


def run(*arguments, given=b""):
    done = subprocess.run([COMMAND, *arguments], input=given, capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


# ---- samples --------------------------------------------------------------------


def read_samples(dialect):
    """What each case of a sample file must come to: the fields of an event, or None."""
    text = (SOURCE_DIR / "tests" / "samples" / f"{dialect}.case").read_text(encoding="utf-8")
    blocks = [block.strip("\n").split("\n") for block in text.split("\n\n") if block.strip()]
    return [json.loads(block[-1]) if block[-1].startswith("{") else None for block in blocks]


def is_complete(event):
    needs = ["src_ip", "dest_ip", "proto"] + (["dest_port"] if event.get("proto") in WITH_PORTS else [])
    return all(name in event for name in needs)


def table_row(dialect):
    samples = read_samples(dialect["name"])
    events = [event for event in samples if event]
    firewall = [event for event in events if event.get("action")]
    kinds = ", ".join(SHORT_KINDS[kind] for kind in dialect["kinds"])
    figures = (
        len(events),
        len(samples) - len(events),
        sum(event["action"] == "deny" for event in firewall),
        sum(event["action"] == "accept" for event in firewall),
        f"{sum(map(is_complete, firewall))} of {len(firewall)}" if firewall else "",
    )
    cells = [f"`{dialect['name']}`", dialect["title"], dialect["shape"], kinds, *map(str, figures)]
    return "| " + " | ".join(cells) + " |"


def make_table():
    dialects = run("dialects", "--format", "json")
    return "\n".join(
        [
            "# Dialects",
            "",
            "Written by `tests/make_dialect_table.py` from the rows and from `tests/samples`, in the order in which",
            "rows are tried; a test compares it. All samples come to exactly what they say, or `make check` fails.",
            "",
            "* **match**, **must not**: samples that the dialect claims, and look-alikes, broken lines and lines",
            "  without interest, which it does not.",
            "* **deny**, **accept**: of those that match.",
            "* **tuple**: of denials and accepts, those with both addresses, the protocol and, where it has ports,",
            "  the destination's. The others are lines in which the device leaves something out.",
            "",
            "| dialect | logs of | written as | comes to | match | must not | deny | accept | tuple |",
            "|---|---|---|---|--:|--:|--:|--:|--:|",
            *map(table_row, dialects),
            "",
        ]
    )


# ---- labelled lines -------------------------------------------------------------


def read_json_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def explain(lines):
    return run("explain", given="".join(line + "\n" for line in lines).encode())


def same(name, wanted, found):
    if name.endswith("_ip") and wanted and found:
        try:
            wanted, found = ipaddress.ip_address(wanted.strip("[]")), ipaddress.ip_address(found)
        except ValueError:
            return wanted == found
        return (getattr(wanted, "ipv4_mapped", None) or wanted) == (getattr(found, "ipv4_mapped", None) or found)
    return wanted == found


def is_exact(expected, found):
    names = [name for name in ("src_ip", "src_port", "dest_ip", "dest_port", "proto") if name in expected]
    return all(same(name, expected[name], found.get(name)) for name in names)


def count_line(expected, found, counts):
    kind = found.get("kind")
    counts["lines"] += 1
    if expected.get("deny") and expected.get("kind"):
        counts["other blocks"] += 1
        counts["other blocks taken"] += kind == "firewall_deny"
    elif expected.get("deny"):
        counts["denies"] += 1
        counts["recognised"] += kind == "firewall_deny"
        counts["exact"] += kind == "firewall_deny" and is_exact(expected, found)
    else:
        counts["others"] += 1
        counts["false"] += kind == "firewall_deny"
        counts["accepts"] += kind == "firewall_accept"
        counts["accepts exact"] += kind == "firewall_accept" and is_exact(expected, found)


def measure_firewalls(folder):
    """Counts for each label of the corpus."""
    rows = read_json_lines(folder / "corpus" / "firewall.jsonl")
    counts = collections.defaultdict(collections.Counter)
    for row, found in zip(rows, explain([row["raw"].replace("\n", " ") for row in rows]), strict=True):
        count_line(row["expect"], found, counts[row["dialect"]])
    return dict(sorted(counts.items()))


def measure_telemetry(folder):
    """(records with a branch, right ones, look-alikes, tagged ones); a record may be several lines."""
    rows = read_json_lines(folder / "telemetry" / "samples.jsonl")
    lines = [(number, line) for number, row in enumerate(rows) for line in row["raw"].split("\n")]
    branches = collections.defaultdict(set)
    for (number, _), found in zip(lines, explain([line for _, line in lines]), strict=True):
        branches[number].add(found.get("detection_branch"))
    wanted = [row["expect"].get("detection_branch") for row in rows]
    right = sum(bool(branch) and branch in branches[number] for number, branch in enumerate(wanted))
    tagged = sum(not branch and branches[number] != {None} for number, branch in enumerate(wanted))
    return sum(map(bool, wanted)), right, sum(not branch for branch in wanted), tagged


def share(part, whole):
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "none"


def measured_row(name, counts):
    figures = ("lines", "denies", "recognised", "exact", "other blocks", "others", "false", "accepts", "accepts exact")
    return f"| {name} | " + " | ".join(str(counts[figure]) for figure in figures) + " |"


def make_measured(folder):
    counts = measure_firewalls(folder)
    total = sum(counts.values(), collections.Counter())
    n_branches, right, n_others, tagged = measure_telemetry(folder)
    return "\n".join(
        [
            "# Measured on lines of real devices",
            "",
            "Written by `tests/make_dialect_table.py --measure --write` from labelled lines of public projects that",
            "are not part of this one: it cannot be made again from it alone. It is one measurement and no test.",
            "",
            "| | measured | target |",
            "|---|--:|--:|",
            f"| denials recognised | {share(total['recognised'], total['denies'])} | 98 % |",
            "| of those, source, destination, ports and protocol right |"
            f" {share(total['exact'], total['recognised'])} | 98 % |",
            f"| others wrongly taken as denials | {share(total['false'], total['others'])} | 0.3 % |",
            f"| accepts with a right tuple | {share(total['accepts exact'], total['accepts'])} | 95 % |",
            "| blocks on other grounds (level 7, IPS, screens) taken as denials |"
            f" {share(total['other blocks taken'], total['other blocks'])} | 0 |",
            f"| records of daemons and processes, branch right | {share(right, n_branches)} | 97 % |",
            f"| other records that got a branch | {share(tagged, n_others)} | 0 |",
            "",
            "The last, if they are four, are three packets that a Windows firewall dropped (`firewall_port_denied`)",
            "and a `netsh` that opened one (`host_firewall_opened`): they are, by this project's table.",
            "",
            "| label | lines | denials | recognised | tuple right | other blocks | no denials | taken as denial |"
            " accepts | tuple right |",
            "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
            *(measured_row(name, counts[name]) for name in counts),
            measured_row("**all**", total),
            "",
        ]
    )


# ---- main -----------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--write", action="store_true", help="into doc/ instead of to standard output")
    parser.add_argument("--measure", action="store_true", help="the labelled lines below PK_SHARED")
    options = parser.parse_args()
    if options.measure and not os.environ.get("PK_SHARED"):
        sys.exit("PK_SHARED names no folder")
    text = make_measured(pathlib.Path(os.environ["PK_SHARED"])) if options.measure else make_table()
    if options.write:
        (MEASURED if options.measure else TABLE).write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
