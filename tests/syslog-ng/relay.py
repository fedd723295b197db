# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""A real syslog-ng with the built module, for the tests beside this file.

It listens on loopback only, on ports that were free, and keeps its persist, pid
and control files, and all output, in a temporary folder of its own.
"""

import datetime
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

SOURCE_DIR = pathlib.Path(os.environ.get("PK_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
MODULE_DIR = os.environ.get("PK_MODULE_DIR", str(SOURCE_DIR / "build" / ".libs"))
COMMAND = os.environ.get("PK_COMMAND", str(SOURCE_DIR / "build" / "port-knock"))
SCL_DIR = pathlib.Path(os.environ.get("PK_SCL_DIR", SOURCE_DIR / "conf.d" / "scl"))
DEADLINE_SECONDS = 30

# What a test wants to know of a message, with its fields below "_knock".
MESSAGE_JSON = (
    "$(format-json --scope none program=\\\"$PROGRAM\\\" host=\\\"$HOST\\\" level=\\\"$LEVEL\\\""
    " facility=\\\"$FACILITY\\\" message=\\\"$MESSAGE\\\" stamp=\\\"$S_ISODATE\\\" received=\\\"$R_ISODATE\\\""
    " tags=\\\"$TAGS\\\" --key .knock.*)\\n"
)


def system_module_dir():
    return os.environ.get("PK_SYSLOG_NG_MODULE_DIR") or _pkg_config("moduledir")


@functools.lru_cache
def version():
    """Of syslog-ng, as "@version" takes it."""
    shown = subprocess.run(["syslog-ng", "--version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"\((\d+\.\d+)", shown).group(1)


def _pkg_config(variable):
    return subprocess.run(
        ["pkg-config", f"--variable={variable}", "syslog-ng"], capture_output=True, text=True, check=True
    ).stdout.strip()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what, seconds=DEADLINE_SECONDS):
    """The first true value of condition(); fails the test after a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not seen within {seconds} s: {what}")


def read_message(line):
    """As text, so that tests are the same for all releases: since 4.0 numbers are numbers, and tags a list."""
    message = json.loads(line, parse_int=str, parse_float=str)
    if isinstance(message.get("tags"), list):
        message["tags"] = ",".join(message["tags"])
    return message


class Relay:
    """config: text with {dir}, {json} and the names of ports in braces; "@version" is put before it, by default
    that of the installed syslog-ng.  modules: the module path, if not that with the built module."""

    def __init__(self, config, ports=("port",), configured_version=None, modules=None):
        self.version = configured_version or version()
        self.modules = modules or f"{MODULE_DIR}:{system_module_dir()}"
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="port-knock-relay."))
        self.ports = {name: free_port() for name in ports}
        self.process = None
        self.write(config)

    def write(self, config):
        self.config = config
        for name, value in {"dir": self.dir, "json": MESSAGE_JSON, **self.ports}.items():
            config = config.replace("{%s}" % name, str(value))
        # At once: a reload that is on its way would read half of it, and an empty file is a configuration since 4.x.
        (self.dir / "conf.new").write_text(f"@version: {self.version}\n" + config)
        (self.dir / "conf.new").replace(self.dir / "conf")

    def _command(self, *arguments):
        files = ["-f", self.dir / "conf", "-R", self.dir / "persist", "-p", self.dir / "pid", "-c", self.dir / "ctl"]
        words = ["syslog-ng", "-F", "--no-caps", "-e", f"--module-path={self.modules}", *files, *arguments]
        return [str(word) for word in words]

    def start(self):
        """Somebody else may take a free port before syslog-ng does: then with others."""
        for _ in range(5):
            with open(self.dir / "log", "wb") as log:
                self.process = subprocess.Popen(self._command(), stdout=log, stderr=log)
            wait_for(self._is_ready_or_gone, "start of syslog-ng")
            if self.process.poll() is None:
                return self
            if "Address already in use" not in self.log:
                break
            self.ports = {name: free_port() for name in self.ports}
            self.write(self.config)
        raise AssertionError(f"syslog-ng ended with {self.process.returncode}: {self.log}")

    def _is_ready_or_gone(self):
        return self.process.poll() is not None or self.control("stats").returncode == 0

    def refuse(self):
        """Starts what must not start, and returns what it said."""
        done = subprocess.run(self._command(), capture_output=True, text=True, timeout=DEADLINE_SECONDS)
        if done.returncode == 0:
            raise AssertionError("syslog-ng started")
        if done.returncode < 0:
            raise AssertionError(f"syslog-ng was ended by signal {-done.returncode}: {done.stderr}")
        return done.stderr

    def check_syntax(self):
        return subprocess.run(self._command("-s"), capture_output=True, text=True, timeout=DEADLINE_SECONDS)

    def control(self, *arguments):
        words = ["syslog-ng-ctl", *arguments, "-c", str(self.dir / "ctl")]
        return subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE_SECONDS)

    def reload(self):
        return self.control("reload")

    @property
    def log(self):
        return (self.dir / "log").read_text(errors="replace")

    def stats(self, parser="p_knock", reference=1):
        """The counters of one reference of a parser."""
        head = ["parser", parser, str(reference)]
        rows = (line.split(";") for line in self.control("stats").stdout.splitlines())
        return {row[4]: int(row[5]) for row in rows if row[:3] == head}

    def send(self, lines, port="port"):
        """Lines as str or bytes, over one TCP connection of their own."""
        data = b"".join(line.encode() + b"\n" if isinstance(line, str) else line + b"\n" for line in lines)
        with socket.create_connection(("127.0.0.1", self.ports[port])) as connection:
            connection.sendall(data)

    def send_framed(self, lines, port="port"):
        """RFC 6587 octet counting, for syslog()."""
        data = b"".join(b"%d %s" % (len(line), line) for line in lines)
        with socket.create_connection(("127.0.0.1", self.ports[port])) as connection:
            connection.sendall(data)

    def lines(self, name):
        path = self.dir / name
        return path.read_bytes().split(b"\n")[:-1] if path.exists() else []

    def messages(self, name="out"):
        return [read_message(line) for line in self.lines(name)]

    def wait_lines(self, count, name="out", seconds=DEADLINE_SECONDS):
        wait_for(lambda: len(self.lines(name)) >= count, f"{count} lines in {name}", seconds)
        return self.lines(name)

    def wait_messages(self, count, name="out", seconds=DEADLINE_SECONDS):
        self.wait_lines(count, name, seconds)
        return self.messages(name)

    def stop(self):
        """Returns the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(DEADLINE_SECONDS)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


class RelayTest(unittest.TestCase):
    maxDiff = None

    def relay(self, config, ports=("port",), started=True, **more):
        """A relay that is gone when the test is over."""
        made = Relay(config, ports, **more)
        self.addCleanup(made.remove)
        return made.start() if started else made

    def stop_cleanly(self, relay):
        self.assertEqual(relay.stop(), 0, relay.log)


# ---- configurations and lines ---------------------------------------------------


def simple(options="", source="network(ip(127.0.0.1) port({port}) transport(tcp))"):
    """One source, one parser, everything as JSON to "out"."""
    return f"""
options {{ keep-hostname(yes); frac-digits(3); stats-level(1); }};
source s_in {{ {source}; }};
parser p_knock {{ port-knock({options}); }};
destination d_out {{ file("{{dir}}/out" template("{{json}}")); }};
log {{ source(s_in); parser(p_knock); destination(d_out); flags(flow-control); }};
"""


def stamp(usec):
    when = datetime.datetime.fromtimestamp(usec / 1e6, datetime.timezone.utc)
    return when.isoformat(timespec="milliseconds")


def now_usec():
    return time.time_ns() // 1000


def deny(
    source, port, at_usec=None, *, destination="198.51.100.7", source_port=40000, prefix="[UFW BLOCK] ", host="fw1"
):
    """What a Linux firewall logs of one denied SYN, with a stamp that has milliseconds and zone."""
    return (
        f"<4>{stamp(now_usec() if at_usec is None else at_usec)} {host} kernel: {prefix}IN=eth0 OUT= "
        f"MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC={source} DST={destination} LEN=60 TOS=0x00 PREC=0x00 "
        f"TTL=63 ID=4711 DF PROTO=TCP SPT={source_port} DPT={port} WINDOW=64240 RES=0x00 SYN URGP=0 "
    )


# Of no known sequence: what is reported of them has settled.
PORTS = (7100, 8200, 9300)
PORT_SEQUENCE = "7100,8200,9300"
# knockd's own example, which is known.
KNOWN_PORTS = (7000, 8000, 9000)


def knock(source, ports=PORTS, at_usec=None, first_source_port=40000, **more):
    """Denials 300 microseconds apart, as the knock client sends them."""
    at_usec = now_usec() if at_usec is None else at_usec
    return [
        deny(source, port, at_usec + 300 * i, source_port=first_source_port + i, **more) for i, port in enumerate(ports)
    ]


def knock_fields(message):
    return message.get("_knock", {})


def is_alert(message):
    return "port-knock.alert" in message["tags"].split(",")


def alerts(messages):
    return [message for message in messages if is_alert(message)]
