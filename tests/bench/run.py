#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""What port-knock() costs a relay, as a multiple of what the same relay costs without it.

README.md beside this file says how it is measured and how to read it.  Exit status: 0 measured, whether
the target was met or not; 1 something could not be measured, or the benched relay did not do its job.
"""

import argparse
import dataclasses
import datetime
import hashlib
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import workload

TARGET_RATIO = 1.6
# A candidate is judged when settle() seconds passed; the timer ticks each second.
SETTLE_SECONDS = 10
HOLD_SECONDS = SETTLE_SECONDS + 3
RUN_SECONDS_MAX = 300
# Further from now, port-knock() would not believe the stamps.
LOG_AGE_SECONDS = workload.SPAN_MS // 1000 + 120

RELAY = """\
@version: {version}
@include "scl.conf"
options {{ use-dns(no); keep-hostname(yes); chain-hostnames(no); }};
source s_in {{ stdin({source}); }};
destination d_out {{ file("{out}" {destination}); }};
log {{ source(s_in); {parser} destination(d_out); flags(flow-control); }};
"""


@dataclasses.dataclass(frozen=True)
class Relay:
    """How a relay is set up."""

    title: str
    source: str = ""
    destination: str = ""


# The least that a relay can do, so that what a parser adds weighs most; a relay that writes whole lines; and what
# nobody has tuned.
LEAN = Relay("lean", "log-iw-size(20000) log-fetch-limit(2000)", 'template("$MSG\\n")')
LINES = Relay("lines", "log-iw-size(10000) log-fetch-limit(1000)")
DEFAULT = Relay("default")

# What one would write without port-knock(): windows of 30 s for each source, and what they found to nobody.
GROUPING_BY = """\
parser { iptables-parser(prefix("f.")); };
  parser { grouping-by(
    key("${f.SRC}") scope("global") timeout(30)
    having("$(context-length)" >= "3" and "$(context-length)" <= "12")
    aggregate(value("MESSAGE" "${f.SRC} $(context-values ${f.DPT})"))
    inject-mode("internal")
  ); };"""

ALERT = re.compile(rb"^(?:.* port-knock: )?[a-z_]+ alert_id=.* src_ip=(\S+).* port_sequence=(\S+)")


class BenchError(Exception):
    pass


@dataclasses.dataclass
class Input:
    title: str
    path: pathlib.Path
    lines: int
    truth: list = dataclasses.field(default_factory=list)
    written: dict = dataclasses.field(default_factory=dict)  # relay: hash of what it writes without a parser


@dataclasses.dataclass
class Usage:
    cpu_seconds: float
    peak_bytes: int


@dataclasses.dataclass
class Subject:
    """Something whose CPU is measured: a relay with a parser, or a subcommand of port-knock."""

    title: str
    input: Input
    relay: Relay = LEAN
    parser: str = ""
    command: list = dataclasses.field(default_factory=list)
    finds_knocks: bool = False
    usec: list = dataclasses.field(default_factory=list)  # per line, one for each round
    peak_bytes: list = dataclasses.field(default_factory=list)

    def median(self):
        return statistics.median(self.usec)


# ---- surroundings ---------------------------------------------------------------


class Surroundings:
    """Where the build is, and with what it is measured."""

    def __init__(self):
        here = pathlib.Path(__file__).resolve()
        self.source_dir = pathlib.Path(os.environ.get("PK_SOURCE_DIR", here.parents[2]))
        build_dir = pathlib.Path(os.environ.get("PK_BUILD_DIR", self.source_dir / "build"))
        self.command = os.environ.get("PK_COMMAND", str(build_dir / "port-knock"))
        self.bench_recognise = build_dir / "tests" / "bench" / "bench_recognise"
        self.module_dir = pathlib.Path(os.environ.get("PK_MODULE_DIR", build_dir / ".libs"))
        self.syslog_ng = shutil.which("syslog-ng", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if not self.syslog_ng:
            raise BenchError("syslog-ng is not installed")
        if not (self.module_dir / "libport-knock.so").exists():
            raise BenchError("libport-knock.so is not built")
        about = output_of([self.syslog_ng, "--version"])
        self.syslog_ng_version = re.search(r"^Installer-Version: (\S+)", about, re.M)[1]
        own = re.search(r"^Module-Directory: (\S+)", about, re.M)[1]
        self.module_path = f"{self.module_dir}:{os.environ.get('PK_SYSLOG_NG_MODULE_DIR', own)}"

    def config_version(self):
        return ".".join(self.syslog_ng_version.split(".")[:2])

    def revision(self):
        git = ["git", "-C", str(self.source_dir)]
        try:
            changed = output_of(git + ["status", "--porcelain", "--", "modules", "include"])
            return output_of(git + ["rev-parse", "--short", "HEAD"]).strip() + (", with changes" if changed else "")
        except (BenchError, OSError):
            return "not from a repository"


def output_of(argv):
    result = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    if result.returncode:
        raise BenchError(f"{argv[0]} {argv[1]} failed")
    return result.stdout


def first_match(path, pattern, default):
    try:
        found = re.search(pattern, pathlib.Path(path).read_text(encoding="utf-8"), re.M)
    except OSError:
        return default
    return found[1] if found else default


def describe_machine():
    memory = int(first_match("/proc/meminfo", r"^MemTotal: *(\d+)", "0")) / 2**20
    return (
        f"{first_match('/proc/cpuinfo', r'^model name[^:]*: (.*)', platform.machine())},"
        f" {os.cpu_count()} processors, {memory:.0f} GB"
    )


# ---- running --------------------------------------------------------------------


def run(argv, input_path, hold_seconds, output):
    """Feeds input_path to a process and returns its Usage; its standard input stays open for hold_seconds more."""
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    pipe_out, pipe_in = os.pipe()
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(argv, stdin=pipe_out, stdout=output, stderr=errors, env=environment)
        watchdog = threading.Timer(RUN_SECONDS_MAX, child.kill)
        watchdog.start()
        os.close(pipe_out)
        subprocess.run(["cat", str(input_path)], stdout=pipe_in, stderr=subprocess.DEVNULL, check=False)
        time.sleep(hold_seconds)
        peak_kb = first_match(f"/proc/{child.pid}/status", r"^VmHWM:\s*(\d+)", "0")
        os.close(pipe_in)
        _, status, usage = os.wait4(child.pid, 0)
        watchdog.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            sys.stderr.buffer.write(errors.read()[-4000:])
            raise BenchError(f"{os.path.basename(argv[0])} ended with status {child.returncode}")
    # Not ru_maxrss: that begins with what this process had when it forked.
    return Usage(usage.ru_utime + usage.ru_stime, int(peak_kb) * 1024)


class Bench:
    def __init__(self, surroundings, folder):
        self._surroundings = surroundings
        self._folder = folder
        self._out = folder / "out.log"
        self._empty = folder / "empty.log"
        self._empty.touch()

    def _relay_argv(self, subject):
        config = self._folder / "relay.conf"
        text = RELAY.format(
            version=self._surroundings.config_version(),
            source=subject.relay.source,
            destination=subject.relay.destination,
            out=self._out,
            parser=subject.parser,
        )
        config.write_text(text, encoding="ascii")
        state = [f"--{name}={self._folder / name}" for name in ("persist-file", "pidfile", "control")]
        return [
            *(self._surroundings.syslog_ng, "-F", "--no-caps", f"--module-path={self._surroundings.module_path}"),
            *(f"--cfgfile={config}", *state),
        ]

    def _run_once(self, subject, path, hold_seconds):
        if subject.command:
            with open(self._out, "wb") as out:
                return run([self._surroundings.command, *subject.command], path, hold_seconds, out)
        self._out.write_bytes(b"")
        return run(self._relay_argv(subject), path, hold_seconds, subprocess.DEVNULL)

    def measure(self, subject):
        """One round of one subject."""
        start_up = self._run_once(subject, self._empty, 0)
        hold_seconds = HOLD_SECONDS if subject.finds_knocks and not subject.command else 0
        usage = self._run_once(subject, subject.input.path, hold_seconds)
        if not subject.command:
            self._check_relay(subject)
        subject.usec.append((usage.cpu_seconds - start_up.cpu_seconds) / subject.input.lines * 1e6)
        subject.peak_bytes.append(usage.peak_bytes)

    def _check_relay(self, subject):
        digest = hashlib.sha256()
        lines, found = 0, []
        with open(self._out, "rb") as out:
            for line in out:
                alert = ALERT.match(line)
                if alert:
                    found.append((alert[1].decode(), [int(port) for port in alert[2].split(b",")]))
                    continue
                lines += 1
                digest.update(line)
        if lines != subject.input.lines:
            raise BenchError(f"{subject.title}: {subject.input.lines} messages in, {lines} out")
        if digest.hexdigest() != subject.input.written.setdefault(subject.relay, digest.hexdigest()):
            raise BenchError(f"{subject.title}: the messages are not those of the other relays, or not in their order")
        self._check_knocks(subject, found)

    @staticmethod
    def _check_knocks(subject, found):
        truth = subject.input.truth if subject.finds_knocks else []
        missed = [knock for knock in truth if knock not in found]
        false = [knock for knock in found if knock not in truth]
        if missed or false or len(found) != len(truth):
            raise BenchError(
                f"{subject.title}: {len(found)} alerts for {len(truth)} knocks, {len(missed)} missed"
                f" (such as {missed[:1]}), {len(false)} false (such as {false[:1]})"
            )

    def count_recognised(self, log):
        explain = Subject("explain", log, command=["explain"])
        self._run_once(explain, log.path, 0)
        with open(self._out, "rb") as out:
            return sum(b'"recognised":true' in line for line in out)


# ---- what is measured -----------------------------------------------------------


def make_inputs(folder, lines):
    start = int(time.time()) - LOG_AGE_SECONDS
    denies = Input("UFW denies", folder / "denies.log", lines)
    ordinary = Input("ordinary syslog", folder / "ordinary.log", lines)
    denies.truth, sources = workload.write_denies(denies.path, lines, start)
    workload.write_ordinary(ordinary.path, lines, start)
    return denies, ordinary, sources


def make_subjects(denies, ordinary):
    """A relay's ratio is that to the first subject with its input and set-up."""
    detect = "parser { port-knock(max-alerts(10000)); };"
    replay = ["replay", "--max-alerts", "10000", "-"]
    return [
        Subject("no parser", denies),
        Subject("`port-knock()`", denies, parser=detect, finds_knocks=True),
        Subject("`port-knock(correlate(no))`", denies, parser="parser { port-knock(correlate(no)); };"),
        Subject("`iptables-parser()`", denies, parser="parser { iptables-parser(); };"),
        Subject("`iptables-parser()`, `grouping-by()`", denies, parser=GROUPING_BY),
        Subject("no parser", ordinary),
        Subject("`port-knock()`", ordinary, parser="parser { port-knock(); };"),
        Subject("no parser", denies, LINES),
        Subject("`port-knock()`", denies, LINES, parser=detect, finds_knocks=True),
        Subject("no parser", ordinary, LINES),
        Subject("`port-knock()`", ordinary, LINES, parser="parser { port-knock(); };"),
        Subject("no parser", denies, DEFAULT),
        Subject("`port-knock()`", denies, DEFAULT, parser=detect, finds_knocks=True),
        Subject("`port-knock replay`", denies, command=replay, finds_knocks=True),
        Subject("`port-knock replay`", ordinary, command=replay),
        Subject("`port-knock explain`", denies, command=["explain"]),
        Subject("`port-knock explain`", ordinary, command=["explain"]),
    ]


def ratios(subject, subjects):
    """To the same relay without parser, round by round: both saw the machine in the same state."""
    bare = next(other for other in subjects if (other.input, other.relay) == (subject.input, subject.relay))
    return [own / reference for own, reference in zip(subject.usec, bare.usec)]


def measure_rounds(bench, subjects, rounds):
    for number in range(rounds):
        # Another order in each round, so that no subject always follows the same one.
        shift = number * 3 % len(subjects)
        for subject in subjects[shift:] + subjects[:shift]:
            bench.measure(subject)
            print(
                f"round {number + 1}/{rounds}  {subject.usec[-1]:6.2f} us  {subject.input.title}, {subject.title}",
                file=sys.stderr,
                flush=True,
            )


def measure_recognition(surroundings, ordinary):
    samples = surroundings.source_dir / "tests" / "samples"
    return output_of([str(surroundings.bench_recognise), str(samples), str(ordinary.path)])


# ---- report ---------------------------------------------------------------------


def span(values, digits=2):
    return f"{min(values):.{digits}f} - {max(values):.{digits}f}"


def report_relays(subjects):
    yield "| input | relay | parser | CPU µs a message | lowest - highest | x no parser | lowest - highest | peak MB |"
    yield "|---|---|---|--:|--:|--:|--:|--:|"
    for subject in subjects:
        if not subject.command:
            compared = ratios(subject, subjects)
            yield (
                f"| {subject.input.title} | {subject.relay.title} | {subject.title} |"
                f" {subject.median():.2f} | {span(subject.usec)} |"
                f" {statistics.median(compared):.2f} | {span(compared)} |"
                f" {statistics.median(subject.peak_bytes) / 2**20:.0f} |"
            )


def report_commands(subjects):
    yield "| input | command | CPU µs a line | lowest - highest | lines a CPU second |"
    yield "|---|---|--:|--:|--:|"
    for subject in subjects:
        if subject.command:
            yield (
                f"| {subject.input.title} | {subject.title} | {subject.median():.2f} | {span(subject.usec)} |"
                f" {1e6 / subject.median():,.0f} |"
            )


def report_target(subjects):
    subject = next(subject for subject in subjects if subject.finds_knocks)
    ratio = statistics.median(ratios(subject, subjects))
    word = "met" if ratio <= TARGET_RATIO else "**not met**"
    yield (
        f"Target: with `port-knock()`, UFW denies cost the lean relay at most {TARGET_RATIO} times what they cost"
        f" without. Measured: {ratio:.2f}, {word}."
    )


def report_setting(surroundings, denies, ordinary, sources, rounds, load):
    sizes = [f"{log.path.stat().st_size / log.lines:.0f} bytes a line" for log in (denies, ordinary)]
    system = first_match("/etc/os-release", r'^PRETTY_NAME="(.*)"', platform.system())
    yield "| | |"
    yield "|---|---|"
    yield f"| measured | {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {rounds} rounds |"
    yield f"| machine | {describe_machine()}; load {load:.1f} at the beginning, {os.getloadavg()[0]:.1f} at the end |"
    yield f"| system | {system}, Linux {platform.release()} |"
    yield (
        f"| versions | {output_of([surroundings.command, '--version']).strip()} ({surroundings.revision()}),"
        f" syslog-ng {surroundings.syslog_ng_version} |"
    )
    yield f"| UFW denies | {denies.lines:,} lines, {sizes[0]}, {sources:,} sources, {len(denies.truth)} knocks |"
    yield f"| ordinary syslog | {ordinary.lines:,} lines, {sizes[1]}, none recognised |"


def report(surroundings, subjects, sources, rounds, load, recognition):
    denies, ordinary = subjects[0].input, subjects[-1].input
    return "\n".join(
        [
            "# One measured run",
            "",
            "Written by `tests/bench/run.py`; README.md says how to read it.",
            "",
            *report_setting(surroundings, denies, ordinary, sources, rounds, load),
            "",
            *report_relays(subjects),
            "",
            *report_target(subjects),
            "",
            f"Checked in each round: {denies.lines:,} messages in and {denies.lines:,} out of every relay, in order and"
            f" unchanged; `port-knock()` found the {len(denies.truth)} knocks with their ports and reported nothing"
            " else.",
            "",
            *report_commands(subjects),
            "",
            recognition,
        ]
    )


# ---- main -----------------------------------------------------------------------


def bench_in(folder, options):
    surroundings = Surroundings()
    load = os.getloadavg()[0]
    denies, ordinary, sources = make_inputs(folder, options.lines)
    bench = Bench(surroundings, folder)
    subjects = make_subjects(denies, ordinary)
    if bench.count_recognised(denies) != denies.lines or bench.count_recognised(ordinary) != 0:
        raise BenchError("not every deny is recognised, or an ordinary line is")
    measure_rounds(bench, subjects, options.rounds)
    return report(surroundings, subjects, sources, options.rounds, load, measure_recognition(surroundings, ordinary))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--lines", type=int, default=600000, help="of each input (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--write", metavar="FILE", help="write the report there too")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="port-knock-bench-") as folder:
            text = bench_in(pathlib.Path(folder), options)
    except (BenchError, OSError) as error:
        sys.exit(f"bench: {error}")
    print(text, end="")
    if options.write:
        pathlib.Path(options.write).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
