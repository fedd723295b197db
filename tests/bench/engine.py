# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Recogniser and windows by themselves: bench_engine's figures, and instructions as valgrind counts them."""

import os
import statistics

from surroundings import BenchError, count_instructions, find_program, progress

PARTS = ("engine", "engine one by one", "recognise", "observe", "parse", "straw man", "memmem")
WORKERS = (1, 2, 4)
KNOCKS = ("max-alerts=10000",)


def measure_parts(surroundings, size, figures, log):
    printed = surroundings.engine(*KNOCKS, "parts", log.path, size.rounds)
    for figure in printed:
        if figure["what"] in PARTS:
            figures.add(f"rate/{figure['what']}", figure["lines"] / figure["cpu_seconds"])
            figures.add(f"nsec/{figure['what']}", figure["cpu_seconds"] / figure["lines"] * 1e9)
    check = printed[-1]
    if (check["recognised"], check["alerts"]) != (log.lines, len(log.truth)):
        raise BenchError(f"the engine by itself: {check}")
    progress(f"engine: {figures.median('rate/engine'):,.0f} lines a CPU second")


def measure_memory(surroundings, size, figures):
    """Each in a process of its own, with tables of just that size."""
    kinds = {
        "single": ("max-sources={0}", size.sources),
        "window": ("max-sources={0} max-windows={0}", size.window_sources),
    }
    for _ in range(min(size.rounds, 3)):
        for kind, (options, sources) in kinds.items():
            figure = surroundings.engine(*options.format(sources).split(), "memory", kind, sources)[0]
            live = figure["windows" if kind == "window" else "sources"]
            if live < sources:
                raise BenchError(f"{live} of {sources} sources are live")
            figures.add(f"bytes/{kind}", figure["growth_bytes"] / live)
            if kind == "single":
                figures.add("megabytes/engine", figure["resident_bytes"] / 1e6)
    progress(f"memory: {figures.median('bytes/single'):.0f}, {figures.median('bytes/window'):.0f} bytes a source")


def measure_flood(surroundings, size, figures, log):
    for _ in range(size.rounds):
        # A quick run has no log that would fill the default table.
        options = ["max-sources=16384"] if size.quick else []
        figure = surroundings.engine(*options, "flood", log.path)[0]
        if not figure["full_bytes"]:
            raise BenchError("the flood does not fill the table")
        figures.add("rate/flood", figure["lines"] / figure["cpu_seconds"])
        figures.add("growth/flood", figure["end_bytes"] - figure["full_bytes"])
    progress(f"flood: {figures.median('rate/flood'):,.0f} lines a CPU second")


def measure_ticks(surroundings, size, figures):
    for _ in range(min(size.rounds, 3)):
        printed = surroundings.engine(f"max-sources={size.sources}", *KNOCKS, "tick", size.sources)
        due = [figure for figure in printed if figure["what"] == "due"]
        quiet = [figure for figure in printed if figure["what"] == "quiet"]
        if not due or printed[0]["sources"] < size.sources:
            raise BenchError("nothing was due, or there are too few sources")
        figures.add("count/ticks", len(due))
        figures.add("msec/tick, longest", max(figure["cpu_msec"] for figure in due))
        figures.add("msec/tick, median", statistics.median(figure["cpu_msec"] for figure in due))
        figures.add("msec/tick, longest, wall", max(figure["wall_msec"] for figure in due))
        figures.add("msec/tick, median, wall", statistics.median(figure["wall_msec"] for figure in due))
        figures.add("msec/tick, nothing due", max(figure["cpu_msec"] for figure in quiet))
    progress(f"tick: {figures.median('msec/tick, longest'):.2f} ms at most")


def measure_workers(surroundings, size, figures, log):
    """Also what a worker waited for: a processor, or a lock."""
    for figure in surroundings.engine(*KNOCKS, "threads", log.path, size.rounds, *WORKERS):
        name = f"workers/{figure['workers']}"
        figures.add(f"rate/{name}", figure["lines"] / figure["wall_seconds"])
        figures.add(f"nsec/{name}", figure["cpu_seconds"] / figure["lines"] * 1e9)
        figures.add(f"blocked/{name}", figure["blocked_seconds"] / figure["lines"] * 1e9)
        figures.add(f"held/{name}", (figure["cpu_seconds"] + figure["blocked_seconds"]) / figure["lines"] * 1e9)
        figures.add(f"waits/{name}", figure["waits"] / figure["lines"] * 1e6)
        if figure["alerts"] < len(log.truth):
            raise BenchError(f"{figure['workers']} workers found {figure['alerts']} of {len(log.truth)} knocks")
    alone = figures.rounds("held/workers/1")
    for workers in WORKERS[1:]:
        # What they would do together if nobody else used the processors: as much as these can, but no worker does
        # anything while it waits for a lock.
        pairs = zip(figures.rounds(f"nsec/workers/{workers}"), figures.rounds(f"held/workers/{workers}"))
        rates = [min(os.cpu_count() / nsec, workers / held) for nsec, held in pairs]
        figures.values[f"scale/{workers}"] = [rate * one for rate, one in zip(rates, alone)]
    rates = ", ".join(f"{figures.median(f'rate/workers/{n}'):,.0f}" for n in WORKERS)
    progress(f"workers: {rates} lines a second")


def measure_dialects(surroundings, size, figures, log):
    for figure in surroundings.engine("dialects", log.path, max(size.rounds, 3)):
        if figure["recognised"]:
            raise BenchError("an ordinary line is recognised")
        figures.add(f"nsec/{figure['what']} of the dialects", figure["cpu_seconds"] / figure["lines"] * 1e9)
        figures.values[f"rows/{figure['what']}"] = [figure["rows"]]


def weigh_dialects(figures, relay_name, ordinary):
    """The relay's CPU with all rows is measured; with none or half it is less by what recognition takes less."""
    whole = figures.median(f"usec/{ordinary.title}/{relay_name}/port-knock()") * 1000
    nsec = {share: figures.median(f"nsec/{share} of the dialects") for share in ("none", "half", "all")}
    relay = {share: whole - nsec["all"] + nsec[share] for share in nsec}
    figures.add("relay nsec/none", relay["none"])
    figures.add("relay nsec/half", relay["half"])
    figures.add("relay nsec/all", relay["all"])
    figures.add("dialects/none to all", relay["all"] / relay["none"])
    figures.add("dialects/half to all", relay["all"] / relay["half"])


# ---- instructions -----------------------------------------------------------------


def measure_instructions(surroundings, size, figures, log, missing):
    """Of each part of the engine; the same on every run but for the hash's secret."""
    if not find_program("valgrind"):
        missing["instructions"] = "valgrind is not installed"
        return
    only = ("--collect-atstart=no", "--toggle-collect=bench_measured")
    for part in ("recognise", "observe", "engine", "engine one by one", "straw man"):
        counted = count_instructions([str(surroundings.bench_engine), "count", part, str(log)], only)
        figures.add(f"instructions/{part}", counted / size.count_lines)
    progress(f"instructions: {figures.median('instructions/engine'):,.0f} a message")
