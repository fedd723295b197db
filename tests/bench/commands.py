# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The command on whole files, and what others need for the same files."""

import dataclasses
import json
import pathlib
import re
import statistics

import workload
from relays import check_knocks
from surroundings import BenchError, find_program, first_lines, progress, run

REPLAY = ["replay", "--max-alerts", "10000", "-"]


@dataclasses.dataclass
class Command:
    """A process that reads a log and ends."""

    name: str  # of the figure: lines a CPU second
    argv: list
    path: pathlib.Path
    lines: int
    is_ours: bool = False
    from_file: bool = False  # it takes a file's name instead of standard input
    usec: list = dataclasses.field(default_factory=list)
    peak_bytes: list = dataclasses.field(default_factory=list)


class CommandBench:
    def __init__(self, surroundings, folder):
        self._surroundings = surroundings
        self._folder = folder
        self._out = folder / "command.out"
        # psad and others refuse a file without a line.
        self._shortest = folder / "shortest.log"

    def run_command(self, command, path):
        argv = [*command.argv, str(path)] if command.from_file else command.argv
        with open(self._out, "wb") as out:
            return run(argv, "/dev/null" if command.from_file else path, 0, out)

    def measure(self, command):
        if not self._shortest.exists():
            with open(command.path, "rb") as log:
                self._shortest.write_bytes(log.readline())
        start_up = self.run_command(command, self._shortest)
        usage = self.run_command(command, command.path)
        command.usec.append((usage.cpu_seconds - start_up.cpu_seconds) / (command.lines - 1) * 1e6)
        command.peak_bytes.append(usage.peak_bytes)

    def replay(self, path, *options):
        """Alerts as (source, ports), counters by name, and the Usage."""
        errors = []
        argv = [self._surroundings.command, "replay", "--format", "json", "--stats", "--max-alerts", "10000"]
        with open(self._out, "wb") as out:
            usage = run([*argv, *options, "-"], path, 0, out, errors)
        with open(self._out, encoding="utf-8") as out:
            alerts = [json.loads(line) for line in out]
        found = [(alert["src_ip"], [int(port) for port in alert["port_sequence"].split(",")]) for alert in alerts]
        return found, dict(re.findall(r"^(.+): (\d+)$", errors[0], re.M)), usage

    def count_recognised(self, log):
        with open(self._out, "wb") as out:
            run([self._surroundings.command, "explain"], log.path, 0, out)
        with open(self._out, "rb") as out:
            return sum(b'"recognised":true' in line for line in out)


# ---- peers ------------------------------------------------------------------------


def make_peers(surroundings, folder, log, lines, missing):
    """Whole-file peers that this machine has; the others are named in missing.  The slow ones get the first lines."""
    peers = []
    rules = surroundings.peer("peer-mawk.awk")
    if rules and find_program("mawk"):
        peers.append(Command("mawk", ["mawk", "-f", str(rules)], log.path, log.lines))
    else:
        missing["mawk"] = "its rules are not at hand" if not rules else "not installed"
    few = first_lines(log.path, folder, lines)
    sec = make_sec(surroundings, folder, few, lines, missing)
    if sec:
        peers.append(sec)
    if find_program("psad"):
        peers.append(Command("psad", ["psad", "-A", "--no-whois", "--no-rdns", "-m"], few, lines, from_file=True))
    else:
        missing["psad"] = "not installed: it brings a mail server with it"
    missing["crowdsec"] = "it reads through an agent with an API server and a data base of its own"
    return peers


def make_sec(surroundings, folder, path, lines, missing, name="SEC"):
    rules = surroundings.peer("peer-sec-window.sec")
    if not rules or not find_program("sec"):
        missing["SEC"] = "its rules are not at hand" if not rules else "not installed"
        return None
    conf = folder / "window.sec"
    conf.write_text(rules.read_text(encoding="ascii").replace("OUT/", f"{folder}/"), encoding="ascii")
    return Command(name, ["sec", f"--conf={conf}", "--input=-", "--notail"], path, lines)


# ---- figures ----------------------------------------------------------------------


def measure_rounds(bench, commands, rounds, figures):
    for number in range(rounds):
        shift = number % len(commands)
        for command in commands[shift:] + commands[:shift]:
            bench.measure(command)
            progress(f"command {number + 1}/{rounds}  {command.usec[-1]:6.2f} us  {command.name}")
    for command in commands:
        figures.values[f"rate/{command.name}"] = [1e6 / max(usec, 1e-3) for usec in command.usec]
        figures.values[f"usec/{command.name}"] = command.usec


def measure_commands(bench, surroundings, folder, size, figures, inputs, missing):
    denies, ordinary, engine_log, sources = inputs
    own = [
        Command("replay", [surroundings.command, *REPLAY], engine_log.path, engine_log.lines, is_ours=True),
        Command("replay, ordinary", [surroundings.command, *REPLAY], ordinary.path, ordinary.lines, is_ours=True),
        Command("explain", [surroundings.command, "explain"], denies.path, denies.lines, is_ours=True),
        Command("replay, flood", [surroundings.command, *REPLAY], sources.path, sources.lines, is_ours=True),
    ]
    peers = make_peers(surroundings, folder, engine_log, size.peer_lines, missing)
    flooded = make_sec(
        surroundings, folder, first_lines(sources.path, folder, size.peer_lines), size.peer_lines, {}, "SEC, flood"
    )
    commands = own + peers + ([flooded] if flooded else [])
    measure_rounds(bench, commands, size.rounds, figures)
    found, counters, _ = bench.replay(engine_log.path)
    check_knocks("replay", engine_log.truth, found)
    figures.add("count/engine sources", int(counters["sources"]))
    return commands


def measure_million(bench, size, figures, sources):
    """The command with so many live sources, and the bytes that it has resident at most."""
    for _ in range(min(size.rounds, 3)):
        _, counters, usage = bench.replay(sources.path, "--max-sources", str(max(size.sources, 1024)))
        figures.add("megabytes/replay", usage.peak_bytes / 1e6)
        if int(counters["sources"]) < min(size.sources, sources.lines):
            raise BenchError(f"{counters['sources']} sources are kept of {sources.lines}")


def measure_flood(bench, folder, size, figures, start):
    """Knocks found among new sources; the same each time, as with one shard nothing depends on chance."""
    for ports, word in ((1, "one port"), (2, "two ports")):
        path = folder / f"flood-{ports}.log"
        truth, lines = workload.write_flood(path, size.flood_seconds, ports, start)
        found, counters, usage = bench.replay(path)
        sources = {source for source, _ in found}
        figures.add(f"found/{word}", sum(source in sources for source, _ in truth))
        figures.add(f"whole/{word}", sum(knock in found for knock in truth))
        figures.add(f"false/{word}", len(sources - {source for source, _ in truth}))
        figures.add(f"lines/{word}", lines)
        figures.add(f"rate/flood with knocks, {word}", lines / usage.cpu_seconds)
        for name in ("evicted sources", "evicted windows"):
            figures.add(f"{name}/{word}", int(counters[name]))
        progress(f"flood of {word}: {figures.median(f'found/{word}')} of {len(truth)} knocks")
        path.unlink()


def _title(command):
    if not command.is_ours:
        return command.name
    word, comma, more = command.name.partition(",")
    return f"`port-knock {word}`{comma}{more}"


def report_commands(commands):
    yield "| command | lines | CPU µs a line | lowest - highest | lines a CPU second | peak MB |"
    yield "|---|--:|--:|--:|--:|--:|"
    for command in commands:
        usec = statistics.median(command.usec)
        peak = "" if command.from_file else f"{statistics.median(command.peak_bytes) / 1e6:.0f}"
        yield (
            f"| {_title(command)} | {command.lines:,} | {usec:.2f} |"
            f" {min(command.usec):.2f} - {max(command.usec):.2f} | {1e6 / max(usec, 1e-3):,.0f} | {peak} |"
        )
