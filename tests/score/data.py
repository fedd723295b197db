# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""What there is to score on: captures, a week of a real host's denials where it is at hand, and generated logs.

Everything but the captures of the project is made, or lies in a folder that PK_SHARED names, or that is called
shared and lies beside the checkout or one above. Generated files are kept in a folder and made again when what makes
them has changed.
"""

import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SOURCE_DIR = pathlib.Path(os.environ.get("PK_SOURCE_DIR", HERE.parents[1])).resolve()
BUILD_DIR = pathlib.Path(os.environ.get("PK_BUILD_DIR", SOURCE_DIR / "build")).resolve()
COMMAND = os.environ.get("PK_COMMAND", str(BUILD_DIR / "port-knock"))
BESIDE = [folder / "shared" for folder in SOURCE_DIR.parents[:2]]
SHARED = pathlib.Path(os.environ.get("PK_SHARED") or next(filter(pathlib.Path.is_dir, BESIDE), BESIDE[0]))
SCRATCH = pathlib.Path(os.environ.get("PK_SCRATCH", BUILD_DIR / "score"))

# Stamps of whole seconds have neither year nor zone.
WHEN = ("--year", "2026", "--utc-offset", "+00:00")

INJECTED = 200
BENCH = {"n": 1000000, "s": 100000, "k": 2000, "e": 2000}


class Missing(Exception):
    """Some data is not here; the text says which."""


def score(truth, files, options=()):
    """The report of port-knock score as an object."""
    words = [COMMAND, "score", "--format", "json", "--truth", str(truth), *WHEN, *options, *map(str, files)]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"exit status {done.returncode} of {' '.join(words)}")
    return json.loads(done.stdout)


def _is_fresh(path, *makers):
    return path.exists() and all(path.stat().st_mtime >= maker.stat().st_mtime for maker in makers)


def _make(path, makers, words):
    """Runs words, which make path among others, unless it is newer than its makers; path is made last."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    if not _is_fresh(path, *makers):
        path.unlink(missing_ok=True)
        subprocess.run([str(word) for word in words], check=True)
        os.utime(path)
    return path


# ---- captures ---------------------------------------------------------------------


def captures():
    """(truth, files) of the project's own."""
    folder = SOURCE_DIR / "tests" / "captures"
    return folder / "labels.tsv", sorted(folder.glob("*.log"))


def captures_with_kernel_time():
    """The same with the kernel's time in each line."""
    folder = SHARED / "captures"
    files = sorted(folder.glob("*.ktime.log"))
    if not files:
        raise Missing(f"{folder}/*.ktime.log")
    return SOURCE_DIR / "tests" / "captures" / "labels.tsv", files


# ---- noise -----------------------------------------------------------------------


def _noise_packed():
    files = sorted((SHARED / "noise").glob("*.log.gz"))
    if not files:
        raise Missing(f"{SHARED}/noise/*.log.gz")
    return files[0]


def noise():
    """(truth, files) of a week in which nobody knocked."""
    packed = _noise_packed()
    path = SCRATCH / "noise.log"
    SCRATCH.mkdir(parents=True, exist_ok=True)
    if not _is_fresh(path, packed):
        with gzip.open(packed, "rb") as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target)
    return pathlib.Path("/dev/null"), [path]


def noise_with_knocks(seed=42):
    """(truth, files) of the same week with knocks injected."""
    packed = _noise_packed()
    prefix = SCRATCH / f"injected-{seed}"
    maker = HERE / "inject.py"
    words = [sys.executable, maker, "-n", INJECTED, "--seed", seed, packed, prefix]
    truth = _make(prefix.with_suffix(".truth"), [maker, HERE / "packets.py", packed], words)
    return truth, [prefix.with_suffix(".log")]


# ---- generated -------------------------------------------------------------------


def bench(seed):
    """(truth, files) of a million denials with 2,000 knocks."""
    source = SHARED / "bench" / "generate-denies.c"
    if not source.exists():
        raise Missing(str(source))
    compiler = os.environ.get("CC", "cc").split()
    program = SCRATCH / "generate-denies"
    generator = _make(program, [source], [*compiler, "-O2", "-w", "-o", program, source])
    prefix = SCRATCH / f"bench-{seed}"
    sizes = [word for name, value in BENCH.items() for word in (f"-{name}", value)]
    truth = _make(prefix.with_suffix(".truth"), [generator], [generator, *sizes, "-r", seed, "-o", prefix])
    prefix.with_suffix(".csv").unlink(missing_ok=True)
    return truth, [prefix.with_suffix(".log")]


def scans(full=False):
    """(truth, files) of 100 scans in random order, or of one of all ports in order."""
    prefix = SCRATCH / ("scan-full" if full else "scans")
    maker = HERE / "scans.py"
    words = [sys.executable, maker, *(["--full"] if full else []), prefix]
    makers = [maker, HERE / "packets.py", SOURCE_DIR / "conf.d" / "known-sequences.json"]
    return _make(prefix.with_suffix(".truth"), makers, words), [prefix.with_suffix(".log")]
