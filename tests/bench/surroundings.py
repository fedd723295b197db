# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Where the build is, with what it is measured, and how a process is run and its processor time taken."""

import dataclasses
import json
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

RUN_SECONDS_MAX = 300


class BenchError(Exception):
    """Something could not be measured, or did not do its job."""


@dataclasses.dataclass
class Size:
    """How much is measured."""

    rounds: int
    relay_lines: int
    engine_lines: int
    connection_lines: int
    peer_lines: int  # of the slow ones
    count_lines: int  # under valgrind
    sources: int  # "a million"
    window_sources: int
    flood_seconds: int
    grouping_sources: int
    # What was left out because it would last too long, as a word in the report.
    quick: bool = False


FULL = Size(5, 600000, 1000000, 400000, 50000, 20000, 1000000, 200000, 120, 50000)
QUICK = Size(1, 20000, 50000, 20000, 3000, 3000, 50000, 10000, 45, 5000, quick=True)


class Figures:
    """Values by name, one for each round."""

    def __init__(self):
        self.values = {}

    def add(self, name, value):
        self.values.setdefault(name, []).append(value)

    def has(self, name):
        return name in self.values

    def median(self, name):
        return statistics.median(self.values[name])

    def rounds(self, name):
        return self.values[name]


class Surroundings:
    def __init__(self):
        here = pathlib.Path(__file__).resolve()
        self.source_dir = pathlib.Path(os.environ.get("PK_SOURCE_DIR", here.parents[2]))
        build_dir = pathlib.Path(os.environ.get("PK_BUILD_DIR", self.source_dir / "build"))
        self.command = os.environ.get("PK_COMMAND", str(build_dir / "port-knock"))
        self.bench_recognise = build_dir / "tests" / "bench" / "bench_recognise"
        self.bench_engine = build_dir / "tests" / "bench" / "bench_engine"
        self.module_dir = pathlib.Path(os.environ.get("PK_MODULE_DIR", build_dir / ".libs"))
        # Rules of some of the peers; they are not part of the project.
        shared = os.environ.get("PK_SHARED")
        self.peers_dir = pathlib.Path(shared) / "bench" if shared else None
        self.syslog_ng = find_program("syslog-ng")
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

    def engine(self, *arguments):
        """What bench_engine prints, as a list of dictionaries."""
        lines = output_of([str(self.bench_engine), *map(str, arguments)]).splitlines()
        return [json.loads(line) for line in lines]

    def peer(self, name):
        """A peer's rule file; None where that is not at hand."""
        path = self.peers_dir / name if self.peers_dir else None
        return path if path and path.exists() else None


def find_program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def output_of(argv):
    result = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        sys.stderr.write(result.stderr[-2000:])
        raise BenchError(f"{os.path.basename(argv[0])} {' '.join(argv[1:])[:80]} failed")
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


def describe_system():
    return first_match("/etc/os-release", r'^PRETTY_NAME="(.*)"', platform.system())


def progress(text):
    print(text, file=sys.stderr, flush=True)


def first_lines(path, folder, lines):
    """A log of the first lines of path, made once."""
    part = folder / f"first-{lines}-{path.name}"
    if not part.exists():
        with open(path, "rb") as log, open(part, "wb") as out:
            for _, line in zip(range(lines), log):
                out.write(line)
    return part


def count_instructions(argv, more=(), text=b""):
    """By valgrind: the same on every run, but for what depends on a hash's secret and on how threads meet."""
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *more]
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    done = subprocess.run(
        [*valgrind, *argv], input=text, capture_output=True, env=environment, timeout=RUN_SECONDS_MAX, check=False
    )
    counted = re.search(rb"Collected : (\d+)", done.stderr)
    if done.returncode or not counted:
        raise BenchError(f"valgrind: {done.stderr[-300:].decode(errors='replace')}")
    return int(counted[1])


# ---- running --------------------------------------------------------------------


@dataclasses.dataclass
class Usage:
    cpu_seconds: float
    peak_bytes: int
    waits: int  # how often it gave up the processor by itself


class Child:
    """A process whose processor time counts.  Nothing of it is left after wait() or the end of a with block."""

    def __init__(self, argv, stdin, stdout):
        self._errors = tempfile.TemporaryFile()
        environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
        self._argv = argv
        self.process = subprocess.Popen(argv, stdin=stdin, stdout=stdout, stderr=self._errors, env=environment)
        self._watchdog = threading.Timer(RUN_SECONDS_MAX, self.process.kill)
        self._watchdog.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()
        self._watchdog.cancel()
        self._errors.close()

    def peak_bytes(self):
        """Not ru_maxrss: that begins with what this process had when it forked."""
        return int(first_match(f"/proc/{self.process.pid}/status", r"^VmHWM:\s*(\d+)", "0")) * 1024

    def wait(self, peak_bytes=0):
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode:
            self._errors.seek(0)
            sys.stderr.buffer.write(self._errors.read()[-4000:])
            raise BenchError(f"{os.path.basename(self._argv[0])} ended with status {self.process.returncode}")
        return Usage(usage.ru_utime + usage.ru_stime, peak_bytes, usage.ru_nvcsw)

    def errors(self):
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")


def run(argv, input_path, hold_seconds=0, output=subprocess.DEVNULL, ret_errors=None):
    """Feeds input_path to a process and returns its Usage; its standard input stays open for hold_seconds more."""
    pipe_out, pipe_in = os.pipe()
    try:
        with Child(argv, pipe_out, output) as child:
            os.close(pipe_out)
            pipe_out = -1
            subprocess.run(["cat", str(input_path)], stdout=pipe_in, stderr=subprocess.DEVNULL, check=False)
            time.sleep(hold_seconds)
            peak_bytes = child.peak_bytes()
            os.close(pipe_in)
            pipe_in = -1
            usage = child.wait(peak_bytes)
            if ret_errors is not None:
                ret_errors.append(child.errors())
            return usage
    finally:
        for end in (pipe_out, pipe_in):
            if end >= 0:
                os.close(end)
