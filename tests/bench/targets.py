# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""What is wanted, what is measured, and whether that is met."""

import dataclasses

DENIES, ORDINARY = "UFW denies", "ordinary syslog"


@dataclasses.dataclass(frozen=True)
class Target:
    """A figure with what it is compared with.  limit None: it is only told."""

    what: str
    figure: str
    unit: str
    limit: float = None
    at_least: bool = False
    peers: tuple = ()  # (title, figure) of the same run

    def is_met(self, figures):
        value = round(figures.median(self.figure), 3)
        return value >= self.limit if self.at_least else value <= self.limit


def format_value(value, unit):
    if unit == "x":
        return f"{value:.2f}x"
    if unit == "µs":
        return f"{value:.3f} µs"
    if unit == "ms":
        return f"{value:.2f} ms"
    return f"{value:,.0f}{' ' + unit if unit else ''}"


def _relay(log, title):
    return f"ratio/{log}/pipeline/{title}"


TARGETS = (
    Target(
        "relay CPU a message, UFW denies, with `fields(core)` and windows",
        _relay(DENIES, "port-knock()"),
        "x",
        1.35,
        peers=(
            ("`iptables-parser()`", _relay(DENIES, "iptables-parser()")),
            ("with `grouping-by()`", _relay(DENIES, "iptables-parser(), grouping-by()")),
        ),
    ),
    Target("the same with no value set, `fields(none)`", _relay(DENIES, "port-knock(fields(none))"), "x", 1.15),
    Target("what one value costs", "usec/value", "µs"),
    Target("relay CPU a message, ordinary syslog", _relay(ORDINARY, "port-knock()"), "x", 1.06),
    Target(
        "engine by itself, 100,000 sources, lines a CPU second",
        "rate/engine",
        "",
        2.5e6,
        True,
        (("straw man", "rate/straw man"), ("limit: memmem", "rate/memmem")),
    ),
    Target("the same, each line by itself", "rate/engine one by one", ""),
    Target(
        "`port-knock replay`, whole file, lines a CPU second",
        "rate/replay",
        "",
        1.5e6,
        True,
        (("mawk", "rate/mawk"), ("SEC", "rate/SEC"), ("psad", "rate/psad")),
    ),
    Target(
        "memory of a live source with one port",
        "bytes/single",
        "bytes",
        72,
        peers=(("`grouping-by()`", "bytes/grouping-by"),),
    ),
    Target("memory of a live source with a window", "bytes/window", "bytes", 512),
    Target(
        "a million live sources, whole process: engine",
        "megabytes/engine",
        "MB",
        120,
    ),
    Target("the same: `port-knock replay`", "megabytes/replay", "MB", 120),
    Target(
        "flood, each line a new source: `port-knock replay`, lines a CPU second",
        "rate/replay, flood",
        "",
        1.2e6,
        True,
        (("SEC", "rate/SEC, flood"),),
    ),
    Target("the same: engine by itself", "rate/flood", "", 1.2e6, True),
    Target("growth past the caps in that flood", "growth/flood", "bytes", 0),
    Target("knocks found of 500, 5,000 new sources a second", "found/one port", "", 500, True),
    Target("the same, each of them with two ports", "found/two ports", "", 450, True),
    Target(
        "longest timer tick with a million sources",
        "msec/tick, longest",
        "ms",
        5,
    ),
    Target("what 2 workers do together, against 1", "scale/2", "x", 1, True),
    Target("what 4 workers do together, against 1", "scale/4", "x", 1, True),
    Target("relay CPU, ordinary syslog, all dialects against none", "dialects/none to all", "x", 1.10),
    Target("the same, all dialects against half of them", "dialects/half to all", "x", 1.10),
    Target("instructions a message, engine by itself", "instructions/engine", ""),
    Target(
        "relay, UFW denies, in instructions",
        "instructions ratio/port-knock()",
        "x",
        peers=(
            ("`fields(none)`", "instructions ratio/port-knock(fields(none))"),
            ("`iptables-parser()`", "instructions ratio/iptables-parser()"),
            ("with `grouping-by()`", "instructions ratio/iptables-parser(), grouping-by()"),
        ),
    ),
    Target("relay, ordinary syslog, in instructions", "instructions ratio/ordinary", "x"),
)


def format_limit(target):
    if target.limit is None:
        return "–"
    return f"{'≥' if target.at_least else '≤'} {format_value(target.limit, target.unit)}"


def format_peers(target, figures, missing):
    words = []
    for title, name in target.peers:
        if figures.has(name):
            words.append(f"{title} {format_value(figures.median(name), target.unit)}")
        elif title in missing:
            words.append(f"{title}: {missing[title]}")
    return "; ".join(words)


def judge(target, figures, is_quick):
    if target.limit is None or is_quick:
        return ""
    return "met" if target.is_met(figures) else "**not met**"


def find_reason(target, missing):
    """Why its figure is not there; None when nothing excuses that."""
    return missing.get(target.figure.split("/")[0].split()[0])


def report_targets(figures, missing, is_quick=False):
    yield "| what | target | measured | lowest - highest | | in the same run |"
    yield "|---|--:|--:|--:|---|---|"
    for target in TARGETS:
        if not figures.has(target.figure):
            reason = find_reason(target, missing) or "not measured"
            yield f"| {target.what} | {format_limit(target)} | {reason} | | | |"
            continue
        values = figures.rounds(target.figure)
        spread = f"{format_value(min(values), target.unit)} - {format_value(max(values), target.unit)}"
        cells = (
            target.what,
            format_limit(target),
            format_value(figures.median(target.figure), target.unit),
            spread if len(values) > 1 else "",
            judge(target, figures, is_quick),
            format_peers(target, figures, missing),
        )
        yield f"| {' | '.join(cells)} |"
