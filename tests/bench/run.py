#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""What port-knock costs: relays, the command, the engine by itself, memory, floods, ticks, workers.

README.md beside this file says how it is measured and how to read it.  Exit status: 0 measured, whether
the targets were met or not; 1 something could not be measured, or what was benched did not do its job.
"""

import argparse
import dataclasses
import os
import pathlib
import sys
import tempfile
import time

import commands
import connections
import engine
import relays
import report
import targets
import workload
from relays import Input
from surroundings import FULL, QUICK, BenchError, Figures, Surroundings, first_lines, output_of, progress

# Further from now, port-knock() would not believe the stamps.
LOG_AGE_SECONDS = workload.SPAN_MS // 1000 + 120


@dataclasses.dataclass
class Results:
    """What the report tells beside figures."""

    inputs: tuple
    load: float
    subjects: list = None
    commands: list = None
    recognition: str = ""


SOAK_HEADING = "\n## Soak\n"


def make_inputs(folder, size, start):
    denies = Input(targets.DENIES, folder / "denies.log", size.relay_lines)
    denies.truth, _ = workload.write_denies(denies.path, size.relay_lines, start)
    ordinary = Input(targets.ORDINARY, folder / "ordinary.log", size.relay_lines)
    workload.write_ordinary(ordinary.path, size.relay_lines, start)
    engine_log = Input("UFW denies, for the engine", folder / "engine.log", size.engine_lines)
    engine_log.truth, _ = workload.write_denies(engine_log.path, size.engine_lines, start)
    sources = Input("new sources", folder / "sources.log", size.sources)
    workload.write_sources(sources.path, size.sources, start)
    return denies, ordinary, engine_log, sources


def measure_engine(surroundings, size, figures, results, missing, folder):
    _, ordinary, engine_log, sources = results.inputs
    engine.measure_parts(surroundings, size, figures, engine_log)
    engine.measure_memory(surroundings, size, figures)
    engine.measure_flood(surroundings, size, figures, sources)
    engine.measure_ticks(surroundings, size, figures)
    engine.measure_workers(surroundings, size, figures, engine_log)
    engine.measure_dialects(surroundings, size, figures, ordinary)
    few = first_lines(engine_log.path, folder, size.count_lines)
    engine.measure_instructions(surroundings, size, figures, few, missing)


def measure_relays(surroundings, size, figures, results, folder):
    denies, ordinary, _, sources = results.inputs
    bench = relays.RelayBench(surroundings, folder, size)
    results.subjects = relays.measure_relays(bench, size, figures, denies, ordinary)
    relays.measure_instructions(bench, surroundings, size, figures, results.subjects, folder)
    few = first_lines(sources.path, folder, size.grouping_sources)
    relays.measure_grouping_memory(bench, size, figures, Input("new sources", few, size.grouping_sources))
    connections.measure_connections(bench, surroundings, size, figures, denies.path, folder)


def bench_in(folder, size, plot_path):
    surroundings, figures, missing = Surroundings(), Figures(), {}
    start = int(time.time()) - LOG_AGE_SECONDS
    results = Results(make_inputs(folder, size, start), os.getloadavg()[0])
    denies, ordinary, _, sources = results.inputs
    bench = commands.CommandBench(surroundings, folder)
    if bench.count_recognised(denies) != denies.lines or bench.count_recognised(ordinary) != 0:
        raise BenchError("not every deny is recognised, or an ordinary line is")
    measure_engine(surroundings, size, figures, results, missing, folder)
    results.commands = commands.measure_commands(bench, surroundings, folder, size, figures, results.inputs, missing)
    commands.measure_million(bench, size, figures, sources)
    commands.measure_flood(bench, folder, size, figures, start)
    measure_relays(surroundings, size, figures, results, folder)
    engine.weigh_dialects(figures, "pipeline", ordinary)
    if not size.quick:
        samples = surroundings.source_dir / "tests" / "samples"
        results.recognition = output_of([str(surroundings.bench_recognise), str(samples), str(ordinary.path)])
    if plot_path:
        plot_path.write_text(report.draw_plot(figures), encoding="utf-8")
    text = report.write_report(surroundings, size, figures, missing, results, plot_path.name if plot_path else None)
    unmeasured = [target for target in targets.TARGETS if not figures.has(target.figure)]
    return text, [target.what for target in unmeasured if not targets.find_reason(target, missing)]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="everything once and small: whether it can be measured")
    parser.add_argument("--rounds", type=int, help=f"(default: {FULL.rounds})")
    parser.add_argument("--write", metavar="FILE", type=pathlib.Path, help="write the report there, the plot beside it")
    return parser.parse_args()


def read_soak(path):
    """soak.py's report, which takes half an hour of its own and stands behind this one's."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    return old[old.index(SOAK_HEADING) :] if SOAK_HEADING in old else ""


def main():
    options = parse_arguments()
    size = QUICK if options.quick else FULL
    if options.rounds:
        size = dataclasses.replace(size, rounds=options.rounds)
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="port-knock-bench-") as folder:
            plot_path = options.write.with_suffix(".svg") if options.write else None
            if plot_path:
                plot_path = plot_path.with_name(plot_path.name.lower())
            text, unmeasured = bench_in(pathlib.Path(folder), size, plot_path)
    except (BenchError, OSError) as error:
        sys.exit(f"bench: {error}")
    print(text, end="")
    if options.write:
        options.write.write_text(text + read_soak(options.write), encoding="utf-8")
    progress(f"bench: {time.monotonic() - began:.0f} s")
    if unmeasured:
        sys.exit(f"bench: not measured: {', '.join(unmeasured)}")


if __name__ == "__main__":
    main()
