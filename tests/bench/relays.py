# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""What a parser costs a relay, as a multiple of what the same relay costs without one."""

import dataclasses
import hashlib
import pathlib
import re
import statistics
import subprocess

from surroundings import BenchError, count_instructions, find_program, first_lines, progress, run

# A candidate is judged when settle() seconds passed; the timer ticks each second.
SETTLE_SECONDS = 10
HOLD_SECONDS = SETTLE_SECONDS + 3
# Values of a TCP denial with fields(core): kind, branch, dialect, action, action_word, addresses, ports, proto, count.
CORE_FIELDS = 11

CONFIG = """\
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


# The bare pipeline that the targets are about; the least that a relay can do, so that what a parser adds weighs most;
# and what nobody has tuned.
PIPELINE = Relay("pipeline", "log-iw-size(10000) log-fetch-limit(1000)")
LEAN = Relay("lean", "log-iw-size(20000) log-fetch-limit(2000)", 'template("$MSG\\n")')
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


@dataclasses.dataclass
class Input:
    title: str
    path: pathlib.Path
    lines: int
    truth: list = dataclasses.field(default_factory=list)
    written: dict = dataclasses.field(default_factory=dict)  # relay: hash of what it writes without a parser


@dataclasses.dataclass
class Subject:
    """A relay with a parser or without."""

    title: str
    input: Input
    relay: Relay = PIPELINE
    parser: str = ""
    finds_knocks: bool = False
    usec: list = dataclasses.field(default_factory=list)  # per line, one for each round
    peak_bytes: list = dataclasses.field(default_factory=list)

    def median(self):
        return statistics.median(self.usec)

    def name(self):
        return f"{self.input.title}/{self.relay.title}/{self.title}"


class RelayBench:
    def __init__(self, surroundings, folder, size):
        self._surroundings = surroundings
        self._folder = folder
        self._size = size
        self.out = folder / "out.log"
        self._empty = folder / "empty.log"
        self._empty.touch()

    def write_config(self, text):
        (self._folder / "relay.conf").write_text(text, encoding="ascii")
        state = [f"--{name}={self._folder / name}" for name in ("persist-file", "pidfile", "control")]
        return [
            *(self._surroundings.syslog_ng, "-F", "--no-caps", f"--module-path={self._surroundings.module_path}"),
            *(f"--cfgfile={self._folder / 'relay.conf'}", *state),
        ]

    def argv(self, subject):
        return self.write_config(
            CONFIG.format(
                version=self._surroundings.config_version(),
                source=subject.relay.source,
                destination=subject.relay.destination,
                out=self.out,
                parser=subject.parser,
            )
        )

    def run_once(self, subject, path, hold_seconds=0):
        self.out.write_bytes(b"")
        # What the relay before told is not told again.
        for state in self._folder.glob("*.state"):
            state.unlink()
        return run(self.argv(subject), path, hold_seconds, subprocess.DEVNULL)

    def measure(self, subject):
        """One round of one subject."""
        start_up = self.run_once(subject, self._empty)
        # A quick run does not wait for alerts.
        finds = subject.finds_knocks and not self._size.quick
        usage = self.run_once(subject, subject.input.path, HOLD_SECONDS if finds else 0)
        self.check(subject, finds)
        subject.usec.append((usage.cpu_seconds - start_up.cpu_seconds) / subject.input.lines * 1e6)
        subject.peak_bytes.append(usage.peak_bytes)

    def check(self, subject, finds):
        """That the relay did its job; finds: its alerts are all there by now."""
        digest = hashlib.sha256()
        lines, found = 0, []
        with open(self.out, "rb") as out:
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
        if finds or not subject.finds_knocks:
            check_knocks(subject.title, subject.input.truth if finds else [], found)


def check_knocks(title, truth, found):
    missed = [knock for knock in truth if knock not in found]
    false = [knock for knock in found if knock not in truth]
    if missed or false or len(found) != len(truth):
        raise BenchError(
            f"{title}: {len(found)} alerts for {len(truth)} knocks, {len(missed)} missed"
            f" (such as {missed[:1]}), {len(false)} false (such as {false[:1]})"
        )


def make_subjects(denies, ordinary):
    """A relay's ratio is that to the first subject with its input and set-up."""

    def detect(more=""):
        return f"parser {{ port-knock(max-alerts(10000) {more}); }};"

    return [
        Subject("no parser", denies),
        Subject("port-knock()", denies, parser=detect(), finds_knocks=True),
        Subject("port-knock(fields(none))", denies, parser=detect("fields(none)"), finds_knocks=True),
        Subject("port-knock(correlate(no))", denies, parser="parser { port-knock(correlate(no)); };"),
        Subject("iptables-parser()", denies, parser="parser { iptables-parser(); };"),
        Subject("iptables-parser(), grouping-by()", denies, parser=GROUPING_BY),
        Subject("no parser", ordinary),
        Subject("port-knock()", ordinary, parser="parser { port-knock(); };"),
        Subject("no parser", denies, LEAN),
        Subject("port-knock()", denies, LEAN, parser=detect(), finds_knocks=True),
        Subject("no parser", ordinary, LEAN),
        Subject("port-knock()", ordinary, LEAN, parser="parser { port-knock(); };"),
        Subject("no parser", denies, DEFAULT),
        Subject("port-knock()", denies, DEFAULT, parser=detect(), finds_knocks=True),
    ]


def ratios(subject, subjects):
    """To the same relay without parser, round by round: both saw the machine in the same state."""
    bare = next(other for other in subjects if (other.input, other.relay) == (subject.input, subject.relay))
    return [own / reference for own, reference in zip(subject.usec, bare.usec)]


def measure_relays(bench, size, figures, denies, ordinary):
    subjects = make_subjects(denies, ordinary)
    for number in range(size.rounds):
        # Another order in each round, so that no subject always follows the same one.
        shift = number * 3 % len(subjects)
        for subject in subjects[shift:] + subjects[:shift]:
            bench.measure(subject)
            progress(f"relay {number + 1}/{size.rounds}  {subject.usec[-1]:6.2f} us  {subject.name()}")
    for subject in subjects:
        figures.values[f"ratio/{subject.name()}"] = ratios(subject, subjects)
        figures.values[f"usec/{subject.name()}"] = subject.usec
    named = {subject.name(): subject for subject in subjects}
    core = named[f"{denies.title}/pipeline/port-knock()"].usec
    none = named[f"{denies.title}/pipeline/port-knock(fields(none))"].usec
    figures.values["usec/value"] = [(with_values - without) / CORE_FIELDS for with_values, without in zip(core, none)]
    return subjects


def measure_grouping_memory(bench, size, figures, sources):
    """The peer's bytes for a live source: what the relay has more with it, all sources within its 30 s."""
    parsed = Subject("", sources, parser="parser { iptables-parser(); };")
    grouped = Subject("", sources, parser=GROUPING_BY)
    for _ in range(min(size.rounds, 3)):
        without = bench.run_once(parsed, sources.path, 1).peak_bytes
        growth = bench.run_once(grouped, sources.path, 1).peak_bytes - without
        figures.add("bytes/grouping-by", growth / sources.lines)


def measure_instructions(bench, surroundings, size, figures, subjects, folder):
    """Of one message: two logs, of which one is longer, so that start and stop are left out."""
    if not find_program("valgrind"):
        return
    titles = ("no parser", "port-knock()")
    counting = [s for s in subjects if s.relay == PIPELINE and (not size.quick or s.title in titles)]
    for subject in counting:
        counted = []
        for lines in (size.count_lines // 10, size.count_lines):
            bench.out.write_bytes(b"")
            text = first_lines(subject.input.path, folder, lines).read_bytes()
            counted.append(count_instructions(bench.argv(subject), text=text))
        figures.add(f"relay instructions/{subject.name()}", (counted[1] - counted[0]) / (size.count_lines * 9 // 10))
        progress(f"instructions  {figures.median(f'relay instructions/{subject.name()}'):9,.0f}  {subject.name()}")
    for subject in counting:
        name = subject.title if subject.input is subjects[0].input else "ordinary"
        bare = figures.median(f"relay instructions/{subject.input.title}/pipeline/no parser")
        counted = figures.median(f"relay instructions/{subject.name()}")
        figures.values[f"instructions ratio/{name}"] = [counted / bare]


def span(values, digits=2):
    return f"{min(values):.{digits}f} - {max(values):.{digits}f}"


def report_relays(subjects, figures):
    yield (
        "| input | relay | parser | CPU µs a message | lowest - highest | x no parser | lowest - highest |"
        " instructions | peak MB |"
    )
    yield "|---|---|---|--:|--:|--:|--:|--:|--:|"
    for subject in subjects:
        compared = ratios(subject, subjects)
        title = subject.title if subject.title == "no parser" else f"`{subject.title}`"
        counted = f"relay instructions/{subject.name()}"
        yield (
            f"| {subject.input.title} | {subject.relay.title} | {title} |"
            f" {subject.median():.2f} | {span(subject.usec)} |"
            f" {statistics.median(compared):.2f} | {span(compared)} |"
            f" {f'{figures.median(counted):,.0f}' if figures.has(counted) else ''} |"
            f" {statistics.median(subject.peak_bytes) / 1e6:.0f} |"
        )
