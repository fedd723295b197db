# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors

"""A real syslog-ng with port-knock() in its log path, and what it writes.

Every message goes to messages.json and every alert, in addition, to
alerts.json: one JSON object a line.  All files lie in one folder, which belongs
to whoever starts the relay.
"""

import json
import os
import re
import shutil
import subprocess
import time

from stage import run_shortly, uninterrupted

SETTLE_SECONDS = 10
# How much later than settle() an alert may come: the timer ticks once a second.
GRACE_SECONDS = 2
# What proves a knock waits half a second and for the next tick, 1.5 s at most; then it has to be written and read, on
# a machine that may be busy with other tests.
PROOF_SECONDS = 3
# So long after the first permitted connection the relay knows which services are open; short, for a scene is.
CONFIRM_SECONDS = 10
START_SECONDS = 20

# Not in everybody's PATH, but that is where syslog-ng, nft and knockd are.
os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin"

CONFIGURATION = """@version: {version}

options {{ use-dns(no); keep-hostname({keep_hostname}); ts-format(iso); frac-digits(3); }};

{sources}

parser p_knock {{ port-knock(confirm-window({confirm_seconds})); }};

destination d_messages {{
  file("{folder}/messages.json"
    template("$(format-json time=$ISODATE host=$HOST program=$PROGRAM tags=$TAGS message=$MESSAGE
                --key .knock.* --rekey .knock.* --shift 1)\\n"));
}};

destination d_alerts {{
  file("{folder}/alerts.json"
    template("$(format-json time=$ISODATE host=$HOST program=$PROGRAM message=$MESSAGE
                --key .knock.* --rekey .knock.* --shift 1)\\n"));
}};

log {{
  source(s_all);
  parser(p_knock);
  destination(d_messages);
  log {{ filter {{ tags("port-knock.alert") }}; destination(d_alerts); }};
}};
"""


class RelayError(Exception):
    """syslog-ng did not do what it was started for; the text is for people."""


def find_tool(name):
    """Its whole path: knockd runs its commands with a PATH of its own."""
    return shutil.which(name)


def syslog_ng_facts():
    """(version, version for its configuration, module folder) of the installed syslog-ng."""
    done = run_shortly("syslog-ng", "--version")
    facts = [re.search(rf"^{name}: *(\S+)", done.stdout, re.M)
             for name in ("Installer-Version", "Config version", "Module-Directory")]
    if None in facts:
        raise RelayError("syslog-ng --version tells no version or module folder:\n" + done.stdout + done.stderr)
    return [fact.group(1) for fact in facts]


def build_folder():
    """The folder with the built module: PK_MODULE_DIR, or build/ beside the sources."""
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", ".libs")
    folder = os.path.abspath(os.environ.get("PK_MODULE_DIR") or default)
    if not os.path.exists(os.path.join(folder, "libport-knock.so")):
        raise RelayError(f"there is no libport-knock.so in {folder}; build it with make")
    return folder


class Follower:
    """Hands out the JSON objects that were added to a file since the last call."""

    def __init__(self, path):
        self.path = path
        self.offset = 0

    def take(self):
        try:
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                added = file.read()
        except FileNotFoundError:
            return []
        complete = added[: added.rfind(b"\n") + 1]
        self.offset += len(complete)
        return [json.loads(line) for line in complete.decode("utf-8", "replace").splitlines()]


class Relay:
    """sources: configuration text that defines the source s_all."""

    def __init__(self, folder, sources, keep_hostname=False):
        self.folder = folder
        self.process = None
        self.messages = Follower(self._path("messages.json"))
        self.alerts = Follower(self._path("alerts.json"))
        self.version, configuration_version, module_folder = syslog_ng_facts()
        self.command = [
            find_tool("syslog-ng"), "--foreground", "--stderr", "--no-caps",
            "--cfgfile=" + self._path("syslog-ng.conf"), "--persist-file=" + self._path("syslog-ng.persist"),
            "--pidfile=" + self._path("syslog-ng.pid"), "--control=" + self._path("syslog-ng.ctl"),
            "--module-path=" + build_folder() + ":" + module_folder]
        with open(self._path("syslog-ng.conf"), "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(version=configuration_version, folder=folder, sources=sources,
                                            keep_hostname="yes" if keep_hostname else "no",
                                            confirm_seconds=CONFIRM_SECONDS))

    def _path(self, name):
        return os.path.join(self.folder, name)

    def start(self, enter=()):
        """Inside of what the command words in enter lead to; returns when its sources are open."""
        with open(self._path("syslog-ng.out"), "wb") as output, uninterrupted():
            # A session of its own: an interrupt from the terminal is for us, and we end it.
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen([*enter, *self.command], stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output, start_new_session=True)
        self._wait_until_up()

    def _wait_until_up(self):
        """Its control socket answers when everything else is open."""
        control = self._path("syslog-ng.ctl")
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.check()
            if os.path.exists(control) and not run_shortly("syslog-ng-ctl", "stats", "--control=" + control).returncode:
                return
            time.sleep(0.05)
        raise RelayError(f"syslog-ng did not come up within {START_SECONDS} s:\n{self.said()}")

    def said(self):
        with open(self._path("syslog-ng.out"), encoding="utf-8", errors="replace") as file:
            return file.read().strip()

    def check(self):
        if self.process.poll() is not None:
            raise RelayError(f"syslog-ng ended with status {self.process.returncode}:\n{self.said()}")

    def close(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
