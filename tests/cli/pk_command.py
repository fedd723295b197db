# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Runs the built command for the tests beside this file."""

import contextlib
import json
import os
import pathlib
import select
import subprocess
import unittest

COMMAND = os.environ.get("PK_COMMAND", "port-knock")
SOURCE_DIR = pathlib.Path(os.environ.get("PK_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
DATA = SOURCE_DIR / "tests" / "cli" / "data"
CAPTURES = SOURCE_DIR / "tests" / "captures"

# Stamps in the samples have neither year nor zone.
WHEN = ["--year", "2026", "--utc-offset", "+00:00"]

KNOCK_UFW = DATA / "knock-ufw.log"
KNOCK_NFT = DATA / "knock-nft.log"
SCAN_UFW = DATA / "scan-ufw.log"

REPLAY_USAGE = "usage: port-knock replay [--OPTION VALUE]... FILE...\n"
USAGE = (
    REPLAY_USAGE
    + "       port-knock explain [--OPTION VALUE]... [FILE]...\n"
    + "       port-knock dialects [--format FORMAT]\n"
    + "       port-knock score --truth LABELS [--OPTION VALUE]... FILE...\n"
    + "       port-knock help [COMMAND]\n"
    + "       port-knock --version\n"
)


class Result:
    """What the command did: exit code, output as bytes, errors as text."""

    def __init__(self, process):
        self.code = process.returncode
        self.raw = process.stdout
        self.errors = process.stderr.decode()

    @property
    def text(self):
        return self.raw.decode()

    @property
    def lines(self):
        return self.text.splitlines()

    @property
    def objects(self):
        return [json.loads(line) for line in self.lines]


def run(*arguments, given=b"", **more):
    """Runs the command with given on its standard input."""
    environment = dict(os.environ, LC_ALL="C", TZ="UTC")
    words = [COMMAND, *(str(argument) for argument in arguments)]
    return Result(subprocess.run(words, input=given, capture_output=True, timeout=60, env=environment, **more))


def shell(script, *arguments):
    """Runs script with the command as $0 and arguments as $1..."""
    words = ["sh", "-c", script, COMMAND, *(str(argument) for argument in arguments)]
    environment = dict(os.environ, LC_ALL="C", TZ="UTC")
    return Result(subprocess.run(words, capture_output=True, timeout=60, env=environment))


def deny(port, time="10:00:01", source="198.51.100.7", dest="192.0.2.10", host="gate", sport=None, stamp=None):
    """A denial as UFW logs it."""
    stamp = stamp if stamp is not None else f"Mar  1 {time} {host} kernel: "
    return (
        f"{stamp}[UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:00:00:01:52:54:00:00:00:02:08:00 SRC={source} DST={dest} "
        f"LEN=60 TOS=0x00 PREC=0x00 TTL=52 ID={port * 7 % 65536} DF PROTO=TCP SPT={sport or 32000 + port * 7 % 20000} "
        f"DPT={port} WINDOW=64240 RES=0x00 SYN URGP=0 \n"
    ).encode()


def knock(*ports, **where):
    return b"".join(deny(port, **where) for port in ports)


@contextlib.contextmanager
def running(*arguments, stdin=subprocess.PIPE):
    """The command with a pipe to talk through; ended when the block is left."""
    words = [COMMAND, *(str(argument) for argument in arguments)]
    process = subprocess.Popen(words, stdin=stdin, stdout=subprocess.PIPE, bufsize=0)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        if process.stdin:
            process.stdin.close()


def read_line(process):
    """The next line of its output; fails when none comes for ten seconds."""
    line = b""
    while not line.endswith(b"\n"):
        if not select.select([process.stdout], [], [], 10)[0]:
            raise TimeoutError(line)
        piece = process.stdout.read(1)
        if not piece:
            break
        line += piece
    return line


class CommandTest(unittest.TestCase):
    maxDiff = None

    def assert_quiet(self, result, code=0):
        self.assertEqual((result.errors, result.code), ("", code))

    def replay(self, *arguments, given=b""):
        """Alerts as objects; the command must not complain."""
        result = run("replay", "--format", "json", *WHEN, *arguments, given=given)
        self.assert_quiet(result)
        return result.objects

    def ports(self, *arguments, given=b""):
        return [alert["port_sequence"] for alert in self.replay(*arguments, given=given)]
