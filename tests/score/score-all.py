#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Scores the engine on everything there is, and says whether it does what it should.

    score-all.py [--only NAME]... [--commands] [-- ENGINE-OPTION...]

prints a table of figures with their targets. What is not here is skipped, and the table says so. Engine options are
given to each run: score-all.py --only noise -- --settle 5. --commands prints what to run to see single misses
and false alarms.
"""

import argparse
import collections
import concurrent.futures
import sys
import time

import data

PROCESSES = 2
BENCH_SEEDS = (42, 7, 1234)
INJECT_SEEDS = (42, 7)

# One line of the table; target is a pair of a relation and a number, or None where the figure is only told.
Figure = collections.namedtuple("Figure", "name value of target")

# name; get() gives truth and files; options of the command; judge() makes figures of a report
Part = collections.namedtuple("Part", "name get options judge")


def judge_captures(report):
    knocks, scans, benign = report["knocks"], report["scans"], report["benign"]
    return [
        Figure("knocks found", knocks["found"], knocks["of"], (">=", 37)),
        Figure("scans reported", scans["reported"], scans["of"], ("<=", 1)),
        Figure("benign clients reported", benign["reported"], benign["of"], ("<=", 1)),
    ]


def judge_noise(report):
    return [
        Figure("alerts", report["alerts"], None, ("<=", 4)),
        Figure("sources reported", report["unlabelled"], None, None),
    ]


def judge_injected(report):
    knocks = report["knocks"]
    return [
        Figure("knocks found", knocks["found"], knocks["of"], (">=", 195)),
        Figure("false alerts", report["false_alerts"], None, ("<=", 4)),
        Figure("median seconds to alert", report["latency_sec"].get("median"), None, None),
    ]


# generate-denies writes the class of a source into its first octet
BENCH_CLASSES = {"45": "fast scan", "46": "slow scan", "47": "chatty", "91": "retransmitting"}


def judge_bench(report):
    knocks = report["knocks"]
    classes = collections.Counter(
        BENCH_CLASSES.get(alarm["src_ip"].split(".")[0], "background") for alarm in report["false_alarms"]
    )
    told = "".join(f", {n} {name}" for name, n in sorted(classes.items()))
    kinds = " ".join(f"{kind} {n['reported']}/{n['of']}" for kind, n in sorted(report["kinds"].items()))
    return [
        Figure(f"knocks found ({kinds})", knocks["found"], knocks["of"], (">=", 1990)),
        Figure(f"false sources{told}", sum(classes.values()), None, ("<=", 20)),
    ]


def judge_scans(report):
    kinds = [f"{kind.partition(':')[2]} {n['reported']}" for kind, n in report["kinds"].items() if n["reported"]]
    told = f" ({', '.join(kinds)})" if kinds else ""
    return [
        Figure("alerts", report["alerts"], None, ("<=", 0)),
        Figure(f"scans reported{told}", report["scans"]["reported"], report["scans"]["of"], None),
    ]


PARTS = [
    Part("captures", data.captures, (), judge_captures),
    Part("captures-ktime", data.captures_with_kernel_time, (), judge_captures),
    Part("noise", data.noise, (), judge_noise),
    *(
        Part(f"injected-{seed}", lambda seed=seed: data.noise_with_knocks(seed), (), judge_injected)
        for seed in INJECT_SEEDS
    ),
    *(
        Part(f"bench-{seed}", lambda seed=seed: data.bench(seed), ("--max-alerts", "10000"), judge_bench)
        for seed in BENCH_SEEDS
    ),
    Part("scans", data.scans, (), judge_scans),
    Part("scan-full", lambda: data.scans(full=True), (), judge_scans),
]


def run(part, engine_options):
    """(figures, why it was skipped, seconds of the scoring, the command for people)"""
    try:
        truth, files = part.get()
    except data.Missing as missing:
        return [], f"{missing} is not here", 0, ""
    options = [*part.options, *engine_options]
    begin = time.monotonic()
    report = data.score(truth, files, options)
    words = [data.COMMAND, "score", "--truth", truth, *data.WHEN, *options, *files[:1], *["..."] * (len(files) > 1)]
    return part.judge(report), None, time.monotonic() - begin, " ".join(map(str, words))


def is_met(figure):
    if figure.target is None:
        return None
    relation, bound = figure.target
    return figure.value >= bound if relation == ">=" else figure.value <= bound


def row(part, figure, seconds):
    value = f"{figure.value} of {figure.of}" if figure.of is not None else f"{figure.value}"
    target = " ".join(map(str, figure.target)) if figure.target else ""
    met = {None: "", True: "yes", False: "NO"}[is_met(figure)]
    return (part.name, figure.name, value, target, met, f"{seconds:.1f} s" if seconds else "")


def print_table(rows):
    head = ("data", "figure", "value", "target", "met", "time")
    widths = [max(len(cells[i]) for cells in [head, *rows]) for i in range(len(head))]
    for cells in [head, tuple("-" * width for width in widths), *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |")


def chosen(names):
    """bench chooses all that begin with bench-, captures the ones with kernel time too."""
    parts = [part for part in PARTS if not names or any(f"{part.name}-".startswith(f"{name}-") for name in names)]
    if not parts:
        raise SystemExit("there is no such part; there are " + ", ".join(part.name for part in PARTS))
    return parts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", metavar="NAME", help=", ".join(part.name for part in PARTS))
    parser.add_argument("--commands", action="store_true", help="print the commands too")
    parser.add_argument("engine_options", nargs="*", metavar="ENGINE-OPTION")
    arguments = parser.parse_args()

    parts = chosen(arguments.only)
    with concurrent.futures.ThreadPoolExecutor(PROCESSES) as pool:
        results = list(pool.map(lambda part: run(part, arguments.engine_options), parts))
    rows, commands, met = [], [], True
    for part, (figures, skipped, seconds, command) in zip(parts, results):
        if skipped:
            rows.append((part.name, f"skipped: {skipped}", "", "", "", ""))
        for i, figure in enumerate(figures):
            rows.append(row(part, figure, 0 if i else seconds))
            met = met and is_met(figure) is not False
        commands += [command] if command else []
    print_table(rows)
    if arguments.commands:
        print("\n" + "\n".join(commands))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
