#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors

"""Real knocks and a real scan against a real firewall, and what port-knock says.

usage: demo.py [--replay]

With root and network namespaces it builds two hosts; without, or with --replay,
it sends captures to a relay on loopback.  Exit codes: 0 all knocks reported once
and the scan not, 1 something is not as it should be, 2 it could not be started.
"""

import os
import signal
import sys
import time

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from relay import RelayError, SETTLE_SECONDS
from replay import Replay, replay_clients
from scene import MissingTool, Scene, Unavailable, check_tools, demo_clients
from stage import Interrupted, catch_signals

LIMIT_SECONDS = 80

ON_HOSTS = """\
Two hosts in namespaces of their own, joined by a cable:
  gate     {target}: nftables logs and drops; knockd guards the door to port 22, and nftables itself a second
           one, silently; syslog-ng {version} with port-knock() reads the kernel log and knockd's syslog
  outside  {network}: the clients, in parallel, each with an address of its own
"""

ON_LOOPBACK = """\
A replay ({reason}).
  Captures of a real firewall, each with a client's address of its own, are sent in parallel, at the
  pace at which they were taken, over loopback to syslog-ng {version} with port-knock().
"""

SETTLING = f"""\
A knock that is known is reported at once, any other when its client has been quiet for settle(), {SETTLE_SECONDS} s:
until then it could be a scan.  What follows confirms it: knockd's word, or a permitted connection to a port
that is not open to everybody.
"""


def say(text=""):
    print(text, flush=True)


class Printer:
    """What happens, one line each, as it happens."""

    def __init__(self):
        self.began = time.monotonic()

    def line(self, kind, text):
        say(f"{time.strftime('%H:%M:%S')} {time.monotonic() - self.began:5.1f} s  {kind:<7} {text}")

    def alert(self, client, seconds, fields):
        self.line("ALERT", f"{fields['src_ip']} -> {fields['dest_ip']}  {client.title}: ports {fields['sequence']}")
        self.line("", f"confidence {fields['confidence']}, severity {fields['severity']}, {seconds:.1f} s after the "
                      f"knock, alert_id {fields['alert_id']}, evidence {fields.get('evidence', 'none')}")

    def daemon(self, message):
        fields = message.get("knock", {})
        branch = fields.get("detection_branch", "not recognised")
        self.line("knockd", f"{message['message']}  [{branch}]")


def describe(client):
    """The columns of a client's row in the table."""
    ports = client.sequence.replace(",", " ") if client.knocks else f"{len(client.ports)} ports"
    found = " then ".join(fields["confidence"] for _, fields in client.alerts)
    if not client.alerts:
        found = "NOT FOUND" if client.knocks else "not reported"
    seconds = ", ".join(f"{seconds:.1f}" for seconds, _ in client.alerts)
    as_it_should = "ok" if not client.problems() else "WRONG"
    return (client.title, client.address, ports, found, seconds or "-", as_it_should)


def print_table(clients):
    rows = [("client", "address", "ports", "confidence", "seconds to alert", "")]
    rows += [describe(client) for client in clients]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def play(stage, introduction, **words):
    with stage:
        say(introduction.format(version=stage.relay.version, **stage.words(), **words))
        say(SETTLING)
        printer = Printer()
        for client in stage.clients:
            printer.line("client", f"{client.address}  {client.title}"
                         + (f"  {client.sequence.replace(',', ' ')}" if client.knocks else ""))
        watch = stage.watch(on_alert=printer.alert, on_daemon=printer.daemon)
        stage.start_clients()
        problems = []
        try:
            watch.run(LIMIT_SECONDS)
        except TimeoutError as error:
            problems.append(str(error))
        problems += watch.problems()
    say()
    print_table(stage.clients)
    say()
    for problem in problems:
        say(f"WRONG: {problem}")
    say("All is as it should be." if not problems else f"{len(problems)} things are not as they should be.")
    return 1 if problems else 0


def play_best(replay):
    check_tools(["syslog-ng", "syslog-ng-ctl"])
    reason = "asked for by --replay"
    if not replay:
        try:
            return play(Scene(demo_clients), ON_HOSTS)
        except Unavailable as error:
            reason = f"no hosts can be built here: {error}"
    return play(Replay(replay_clients()), ON_LOOPBACK, reason=reason)


def main(arguments):
    if arguments not in ([], ["--replay"]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    catch_signals()
    try:
        return play_best(bool(arguments))
    except (MissingTool, RelayError) as error:
        print(f"port-knock demo: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read it has gone; Python would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Interrupted as interrupted:
        print("port-knock demo: interrupted", file=sys.stderr)
        return 128 + interrupted.args[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
