#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""A real syslog-ng with the module under the thread sanitizer: several connections, several sources on one port,
several log paths, a timer, reloads.

Not part of "make check", because the module has to be built for it:

    ../configure --enable-sanitizers=thread && make check TESTS=tests/syslog-ng/test_thread_sanitizer.py

syslog-ng itself is not instrumented: what it does counts only where our code meets it.
"""

import pathlib
import subprocess
import tempfile
import unittest

import storm
from instrumented import WatchedRelayTest
from relay import MODULE_DIR, SOURCE_DIR, version

CONNECTIONS = 4
PARALLEL = "parallelize(partitions(4));" if tuple(map(int, version().split("."))) >= (4, 3) else ""
SANITIZER_OPTIONS = (
    "log_path={dir}/tsan exitcode=66 halt_on_error=0 ignore_noninstrumented_modules=1"
    # of syslog-ng: workers that nobody waits for at the end
    " report_thread_leaks=0 report_signal_unsafe=0"
)

NETWORK = (
    "network(ip(127.0.0.1) port({port}) transport(tcp) flags(no-parse) max-connections(20)"
    " so-reuseport(yes) persist-name(r%d));"
)
CONFIG = """
options { keep-hostname(yes); stats-level(1); threaded(yes); };
source s_first { %s };
source s_second { %s };
parser p_knock { port-knock(%s); };
parser p_other { port-knock(settle(1) window(20) scope("$HOST") fields(all) alert-on("window,daemon,client,host")); };
destination d_out { file("{dir}/out" template("$MESSAGE\\n")); };
destination d_second { file("{dir}/second" template("{json}")); };
destination d_third { file("{dir}/third" template("{json}")); };
log { source(s_first); source(s_second); %s parser(p_knock); destination(d_out); flags(flow-control); };
log { source(s_first); source(s_second); parser(p_knock); destination(d_second); flags(flow-control); };
log { source(s_second); parser(p_other); destination(d_third); flags(flow-control); };
"""


def config(options):
    return CONFIG % (NETWORK % 1, NETWORK % 2, options, PARALLEL)


def libtsan():
    words = ["gcc", "-print-file-name=libtsan.so"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


class ThreadSanitizer(WatchedRelayTest):
    def setUp(self):
        symbols = subprocess.run(["nm", "-D", f"{MODULE_DIR}/libport-knock.so"], capture_output=True, text=True)
        self.assertIn("__tsan_func_entry", symbols.stdout, "the module is not built with the thread sanitizer")
        folder = tempfile.TemporaryDirectory(prefix="port-knock-tsan.")
        self.addCleanup(folder.cleanup)
        self.locks = pathlib.Path(folder.name) / "locks.so"
        source = SOURCE_DIR / "tests" / "syslog-ng" / "tsan-locks.c"
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", self.locks, source, "-ldl"], check=True)

    def sanitized(self, text):
        before = ["env", f"LD_PRELOAD={libtsan()} {self.locks}", f"TSAN_OPTIONS={SANITIZER_OPTIONS}"]
        return self.watched(text, before)

    def test_no_race_between_connections_log_paths_timer_and_reloads(self):
        configs = [
            config(options)
            for options in (
                "settle(1) window(20) max-sources(8192)",
                "settle(1) window(20) max-sources(8192)",
                "settle(2) window(20) max-sources(4096) max-windows(64)",
            )
        ]
        relay = self.sanitized(configs[0])
        work = []
        for connection in range(CONNECTIONS):
            knocks = [line for _, line in storm.knocks(connection, 20)]
            work.append(storm.interleave(storm.numbered(connection, 4000), knocks))
        senders = [storm.Sender(relay, lines, seconds=3) for lines in work]
        storm.reload_while(lambda: any(sender.is_alive() for sender in senders), relay, configs, at_least=3)
        storm.finish(senders)
        total = sum(map(len, work))
        relay.wait_lines(total, seconds=storm.PATIENCE_SECONDS)
        again = [storm.Sender(relay, storm.numbered(connection, 500)) for connection in range(CONNECTIONS)]
        storm.finish(again)
        relay.wait_lines(total + 500 * CONNECTIONS, seconds=storm.PATIENCE_SECONDS)
        self.assertGreater(relay.stats()["hits"], 0)
        code = relay.stop()
        self.assertEqual(relay.reports("tsan"), [])
        self.assertEqual(code, 0, relay.log)


if __name__ == "__main__":
    unittest.main()
