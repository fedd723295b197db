# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""A real relay with shadow.conf and files of conf.d/backends as they are shipped.

Only the values of their @define lines are other ones: addresses and folders of the
test.  A knock goes in over TCP; what comes out is read in the backend.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "syslog-ng"))

from relay import (  # noqa: E402  pylint: disable=wrong-import-position,unused-import
    DEADLINE_SECONDS,
    KNOWN_PORTS,
    SOURCE_DIR,
    Relay,
    RelayTest,
    deny,
    free_port,
    knock,
    now_usec,
    version,
    wait_for,
)

CONF_DIR = pathlib.Path(SOURCE_DIR) / "conf.d"
BACKENDS_DIR = CONF_DIR / "backends"

# Ports of a known sequence: the alert comes with the third, nobody waits for settle().
ALERT = {
    "detection_branch": "rapid_sequential_port_denied",
    "severity": "high",
    "confidence": "high",
    "src_ip": "192.0.2.1",
    "dest_ip": "198.51.100.7",
    "port_sequence": "7000,8000,9000",
    "sequence": "7000/tcp,8000/tcp,9000/tcp",
    "distinct_ports": 3,
    "total_packets": 3,
    "repeats": 0,
    "technique_id": "T1205.001",
}

MAIN = """
options { keep-hostname(yes); };
source s_src { network(ip(127.0.0.1) port({port}) transport(tcp) max-connections(100)); };
log { source(s_src); destination { file("{dir}/original" template("$TAGS $HOST $MSGHDR$MSG\\n")); }; };
@include "{dir}/conf.d/*.conf"
"""


def with_values(text, values):
    """text with other values in its @define lines; each name must be there."""
    for name, value in values.items():
        line = re.compile(rf'^(@define {re.escape(name)} )".*"$', re.M)
        text, n = line.subn(lambda match, v=value: f'{match.group(1)}"{v}"', text)
        if n != 1:
            raise AssertionError(f"there are {n} lines @define {name}")
    return text


def shipped(name):
    return (CONF_DIR / name).read_text()


class Server:
    """A server of its own, with a folder of its own, ended by its id."""

    def __init__(self, words, log, **more):
        self.log_path = pathlib.Path(log)
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=output, stderr=output, **more
            )

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def check(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}: {self.log}")
        return True

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(DEADLINE_SECONDS)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()


class BackendTest(RelayTest):
    """environment: for secrets; it is put back when the test is over."""

    def backend(self, *names, values=None, environment=None, edit=None, base="shadow.conf", started=True, version=None):
        """A relay with these files of conf.d/ in its own conf.d; values by name of their @define lines, with {dir}."""
        relay = Relay(MAIN)
        if version:
            conf = relay.dir / "conf"
            conf.write_text(f"@version: {version}\n" + conf.read_text().split("\n", 1)[1])
        self.addCleanup(relay.remove)
        self.set_environment(environment or {})
        folder = relay.dir / "conf.d"
        folder.mkdir()
        texts = [shipped(name) for name in (base, *(f"backends/{name}.conf" for name in names))]
        text = "".join(texts)
        own = {"port_knock_buffer": relay.dir}
        own["port_knock_alerts" if base == "shadow.conf" else "port_knock_messages"] = relay.dir / (
            "alerts.log" if base == "shadow.conf" else "messages"
        )
        given = {name: str(value).replace("{dir}", str(relay.dir)) for name, value in (values or {}).items()}
        text = with_values(text, {**own, **given})
        (folder / "port-knock.conf").write_text(edit(text) if edit else text)
        return relay.start() if started else relay

    def set_environment(self, environment):
        for name, value in environment.items():
            before = os.environ.get(name)
            if before is None:
                self.addCleanup(os.environ.pop, name, None)
            else:
                self.addCleanup(os.environ.__setitem__, name, before)
            os.environ[name] = value

    def knock(self, relay, source="192.0.2.1"):
        """Denials of a known sequence; returns the window's first and last time in microseconds."""
        at_usec = now_usec() // 1000 * 1000
        lines = [deny(source, port, at_usec + 1000 * i, source_port=40000 + i) for i, port in enumerate(KNOWN_PORTS)]
        relay.send(lines)
        return at_usec, at_usec + 2000

    def control(self, relay, *words):
        """The lines that syslog-ng-ctl prints."""
        command = ["syslog-ng-ctl", *words, "-c", str(relay.dir / "ctl")]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.splitlines()

    def expect_fields(self, found, expected, **more):
        """found has these fields, with these types."""
        for name, value in {**expected, **more}.items():
            self.assertEqual((name, found.get(name)), (name, value))
            self.assertIs(type(found[name]), type(value), name)

    def never(self, condition, seconds):
        """condition() stays false for so long: for what must not happen there is nothing else to wait for."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.assertFalse(condition())
            time.sleep(0.05)
