# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The report as Markdown, and its plot."""

import datetime
import os
import platform

import connections
import engine
import plot
import targets
from commands import report_commands
from relays import report_relays
from surroundings import describe_machine, describe_system, output_of


def report_setting(surroundings, size, inputs, load):
    denies, ordinary, engine_log, sources = inputs
    lengths = [f"{log.path.stat().st_size / log.lines:.0f} bytes a line" for log in inputs]
    yield "| | |"
    yield "|---|---|"
    yield f"| measured | {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {size.rounds} rounds |"
    yield f"| machine | {describe_machine()}; load {load:.1f} at the beginning, {os.getloadavg()[0]:.1f} at the end |"
    yield f"| system | {describe_system()}, Linux {platform.release()} |"
    yield (
        f"| versions | {output_of([surroundings.command, '--version']).strip()} ({surroundings.revision()}),"
        f" syslog-ng {surroundings.syslog_ng_version} |"
    )
    yield (
        f"| UFW denies | {denies.lines:,} lines for relays, {engine_log.lines:,} for the engine, {lengths[0]},"
        " 500 knocks |"
    )
    yield f"| ordinary syslog | {ordinary.lines:,} lines, {lengths[1]}, none recognised |"
    yield f"| flood | {sources.lines:,} lines, each of another source |"


def _row(figures, name, *keys):
    cells = [f"{figures.median(key):,.{digits}f}" if figures.has(key) else "" for key, digits in keys]
    return f"| {name} | {' | '.join(cells)} |"


def report_engine(figures):
    yield "| by itself, one thread | lines a CPU second | CPU ns a line | instructions a line |"
    yield "|---|--:|--:|--:|"
    titles = {
        "engine": "recognise and observe, with ticks, as a replay does it",
        "engine one by one": "the same, each line by itself, as a relay does it",
        "recognise": "recognise",
        "observe": "observe, with ticks",
        "parse": "header, which a relay's own parser reads",
        "straw man": "straw man",
        "memmem": "limit: memmem and digits",
    }
    for part, title in titles.items():
        yield _row(figures, title, (f"rate/{part}", 0), (f"nsec/{part}", 0), (f"instructions/{part}", 0))


def report_workers(figures):
    yield (
        "| workers on one engine | lines a second, all | CPU ns a line | ns a line waiting for a lock |"
        " waits in a million lines |"
    )
    yield "|--:|--:|--:|--:|--:|"
    for workers in engine.WORKERS:
        name = f"workers/{workers}"
        keys = ((f"rate/{name}", 0), (f"nsec/{name}", 0), (f"blocked/{name}", 1), (f"waits/{name}", 0))
        yield _row(figures, workers, *keys)


def report_connections(figures):
    yield "| connections to one relay | parser | messages a second | CPU µs a message | waits in a thousand messages |"
    yield "|--:|---|--:|--:|--:|"
    for count in connections.COUNTS:
        for title in connections.PARSERS:
            name = f"connections/{count}/{title}"
            keys = ((f"rate/{name}", 0), (f"usec/{name}", 2), (f"waits/{name}", 1))
            yield _row(figures, f"{count} | {title if ' ' in title else '`' + title + '`'}", *keys)


def report_dialects(figures):
    yield "| rows | recognition alone, ns an ordinary line | relay with the parser, CPU ns a message |"
    yield "|--:|--:|--:|"
    for share in ("none", "half", "all"):
        keys = ((f"nsec/{share} of the dialects", 1), (f"relay nsec/{share}", 0))
        yield _row(figures, f"{figures.median(f'rows/{share}'):.0f}", *keys)


def report_state(figures, size):
    yield (
        "| flood of 5,000 new sources a second | lines | knocks found of 500 | with all ports | false |"
        " sources that gave way | windows that gave way |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for word in ("one port", "two ports"):
        keys = ("lines", "found", "whole", "false", "evicted sources", "evicted windows")
        yield _row(figures, f"each with {word}", *((f"{key}/{word}", 0) for key in keys))
    yield ""
    due = size.sources // 16
    yield f"| timer tick with {size.sources:,} sources, {due:,} candidates due at once | CPU ms | wall ms |"
    yield "|---|--:|--:|"
    for word in ("longest", "median"):
        yield _row(figures, word, (f"msec/tick, {word}", 3), (f"msec/tick, {word}, wall", 3))
    yield _row(figures, "longest with nothing due", ("msec/tick, nothing due", 3), ("", 0))


# ---- the plot ---------------------------------------------------------------------


def _bar(figures, label, name, unit, kind="peer"):
    values = figures.rounds(name)
    text = targets.format_value(figures.median(name), unit)
    return plot.Bar(label, figures.median(name), text, kind, (min(values), max(values)) if len(values) > 1 else ())


def _bars(figures, unit, rows):
    return [_bar(figures, label, name, unit, kind) for label, name, kind in rows if figures.has(name)]


def _relay_panels(figures):
    denies, ordinary = f"ratio/{targets.DENIES}", f"ratio/{targets.ORDINARY}"
    yield plot.Panel(
        "Relay: CPU a message of UFW denies",
        "times the same relay without a parser; median, lowest and highest",
        _bars(
            figures,
            "x",
            [
                ("no parser", f"{denies}/pipeline/no parser", "base"),
                ("port-knock()", f"{denies}/pipeline/port-knock()", "ours"),
                ("port-knock(fields(none))", f"{denies}/pipeline/port-knock(fields(none))", "ours"),
                ("port-knock(correlate(no))", f"{denies}/pipeline/port-knock(correlate(no))", "ours"),
                ("iptables-parser()", f"{denies}/pipeline/iptables-parser()", "peer"),
                ("iptables-parser(), grouping-by()", f"{denies}/pipeline/iptables-parser(), grouping-by()", "peer"),
                ("lean relay: port-knock()", f"{denies}/lean/port-knock()", "ours"),
                ("untuned relay: port-knock()", f"{denies}/default/port-knock()", "ours"),
            ],
        ),
        1.35,
        "target 1.35",
    )
    yield plot.Panel(
        "Relay: CPU a message of ordinary syslog",
        "times the same relay without a parser",
        _bars(
            figures,
            "x",
            [
                ("no parser", f"{ordinary}/pipeline/no parser", "base"),
                ("port-knock()", f"{ordinary}/pipeline/port-knock()", "ours"),
                ("lean relay: port-knock()", f"{ordinary}/lean/port-knock()", "ours"),
            ],
        ),
        1.06,
        "target 1.06",
    )


def _tell_slow(figures):
    nsec = {name: 1e9 / figures.median(f"rate/{name}") for name in ("SEC", "psad") if figures.has(f"rate/{name}")}
    slow = [f"{name} {value:,.0f}" for name, value in nsec.items()]
    return f"; far beyond the right edge: {', '.join(slow)} ns" if slow else ""


def _engine_panels(figures):
    yield plot.Panel(
        "CPU of whole files and of the engine by itself",
        "nanoseconds a line of UFW denies" + _tell_slow(figures),
        [
            plot.Bar(label, 1e9 / figures.median(name), f"{1e9 / figures.median(name):,.0f} ns", kind)
            for label, name, kind in (
                ("engine by itself", "rate/engine", "ours"),
                ("straw man", "rate/straw man", "peer"),
                ("limit: memmem and digits", "rate/memmem", "base"),
                ("port-knock replay", "rate/replay", "ours"),
                ("port-knock replay, flood", "rate/replay, flood", "ours"),
                ("mawk", "rate/mawk", "peer"),
            )
            if figures.has(name)
        ],
        1e9 / 2.5e6,
        "engine's target",
    )
    yield plot.Panel(
        "Memory of a live source",
        "bytes that the process grows by, full IPv6 addresses",
        _bars(
            figures,
            "bytes",
            [
                ("port-knock, one port", "bytes/single", "ours"),
                ("port-knock, with a window", "bytes/window", "ours"),
                ("grouping-by()", "bytes/grouping-by", "peer"),
            ],
        ),
    )


def draw_plot(figures):
    return plot.draw([*_relay_panels(figures), *_engine_panels(figures)], "What port-knock costs")


# ---- the whole --------------------------------------------------------------------


def write_report(surroundings, size, figures, missing, results, plot_name):
    blocks = [
        ["# One measured run"],
        ["Written by `tests/bench/run.py`; README.md says how it is measured and how to read it."],
        ["A quick run: it shows that everything can be measured, and its figures mean nothing."] if size.quick else [],
        report_setting(surroundings, size, results.inputs, results.load),
        targets.report_targets(figures, missing, size.quick),
        [f"![What it costs]({plot_name})"] if plot_name else [],
        report_relays(results.subjects, figures),
        [
            "Checked in each round: every message came out of every relay, in order and unchanged"
            + ("." if size.quick else "; `port-knock()` found the 500 knocks with their ports and nothing else.")
        ],
        report_engine(figures),
        report_commands(results.commands),
        [f"Not measured: {'; '.join(f'{name} ({reason})' for name, reason in missing.items())}."] if missing else [],
        report_state(figures, size),
        report_workers(figures),
        report_connections(figures),
        report_dialects(figures),
        [results.recognition],
    ]
    return "\n\n".join("\n".join(block).strip("\n") for block in map(list, blocks) if block) + "\n"
