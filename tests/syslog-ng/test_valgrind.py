#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""A real syslog-ng with the module under valgrind: start, messages of every kind, alerts of every confidence,
reloads, stop.  No invalid access and no leak in whose call stack the module stands.

Not part of "make check", because it needs valgrind:

    make check TESTS=tests/syslog-ng/test_valgrind.py
"""

import unittest
import xml.etree.ElementTree

import storm
from instrumented import WatchedRelayTest
from relay import KNOWN_PORTS, deny, knock, simple, wait_for

SECONDS = storm.PATIENCE_SECONDS
# GLib's slices would hide which allocation is which.
VALGRIND = [
    "env", "G_SLICE=always-malloc", "valgrind", "--tool=memcheck", "--leak-check=full", "--num-callers=30",
    "--errors-for-leak-kinds=definite", "--show-leak-kinds=definite", "--keep-debuginfo=yes", "--fair-sched=try",
    "--xml=yes", "--xml-file={dir}/valgrind.xml",
]  # fmt: skip
MODULE = "libport-knock.so"


def is_false_alarm(kind, functions):
    """memmove() and memcpy() with checks are one function of the C library, and valgrind mistakes one for the other."""
    return kind == "Overlap" and "memmove" in functions[:2]


def errors_of_ours(text):
    """(kind, functions) of what valgrind found with the module in the call stack."""
    found = []
    for error in xml.etree.ElementTree.fromstring(text).iter("error"):
        frames = list(error.iter("frame"))
        kind, functions = error.findtext("kind"), [frame.findtext("fn") for frame in frames]
        ours = any(MODULE in (frame.findtext("obj") or "") for frame in frames)
        if ours and not is_false_alarm(kind, functions):
            found.append((kind, functions))
    return found


class Valgrind(WatchedRelayTest):
    def confirm(self, relay):
        """A knock that a daemon confirms, of all the same source."""
        relay.send(knock("192.0.2.1", KNOWN_PORTS))
        relay.send(["<30>Nov 23 10:00:00 fw1 knockd[99]: 192.0.2.1: openSSH: OPEN SESAME"])
        wait_for(lambda: relay.stats()["alerts_confirmed"] >= 1, "a confirmation", SECONDS)

    def test_no_invalid_access_and_no_leak_from_start_to_stop(self):
        options = 'settle(1) window(20) max-sources(4096) alert-on("window,daemon,client,host") fields(all)'
        relay = self.watched(simple(options), VALGRIND)
        samples = storm.sample_lines()
        relay.send(samples)
        relay.wait_lines(len(samples), seconds=SECONDS)
        relay.send(knock("192.0.2.77"))
        self.confirm(relay)
        wait_for(lambda: relay.stats()["alerts_medium"] >= 1, "alerts", SECONDS)
        for changed in (options, options.replace("4096", "2048"), "window(0)", options + " correlate(no)", options):
            relay.write(simple(changed))
            relay.reload()
        relay.send([deny(f"10.1.{i // 250}.{i % 250}", 22 + i % 2, source_port=i) for i in range(6000)])
        wait_for(lambda: relay.stats()["evicted_sources"] > 0, "evictions", SECONDS)
        self.assertEqual(relay.stop(), 0, relay.log)
        (text,) = relay.reports("valgrind.xml")
        self.assertEqual(errors_of_ours(text), [])


if __name__ == "__main__":
    unittest.main()
