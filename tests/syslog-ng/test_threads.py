#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Several workers and the timer in one relay: none waits for another for ever.

A destination whose file name holds a macro opens files from the worker that forwards a message, and asks the
main loop to do it and waits.  Had that worker a lock that the timer takes too, both would stand still.
"""

import resource
import unittest

import storm
from relay import KNOWN_PORTS, RelayTest, deny, now_usec, version, wait_for

WORKERS = 3
SECONDS = 5
# A worker tells of a known sequence at once, the timer of what has settled.
OF_WORKERS, OF_TIMER = 1500, 100
# Each source's file stays open for a while.
OPEN_FILES = 8192
LATE_PORTS = (7100, 8200, 9300)

# 4.3 brought parallelize().
HAS_PARALLELIZE = tuple(map(int, version().split("."))) >= (4, 3)

CONFIG = """
options { keep-hostname(yes); stats-level(1); create-dirs(yes); time-reap(2); };
source s_in { %s };
parser p_knock { port-knock(settle(1) window(20) max-alerts(10000) signs(none) cooldown(0)); };
destination d_alerts { file("{dir}/alerts/${.knock.src_ip}" template("$MESSAGE\\n")); };
destination d_out { file("{dir}/out" template("$MESSAGE\\n")); };
log { source(s_in); %s parser(p_knock);
  log { filter { tags("port-knock.alert"); }; destination(d_alerts); };
  log { filter { not tags("port-knock.alert"); }; destination(d_out); };
  flags(flow-control);
};
"""
NETWORK = "network(ip(127.0.0.1) port({%s}) transport(tcp) flags(no-parse) max-connections(10)%s);"
ONE_SOURCE = CONFIG % (NETWORK % ("port", ""), "")
REUSED_PORT = CONFIG % ("".join(NETWORK % ("port", f" so-reuseport(yes) persist-name(r{i})") for i in range(2)), "")

# One connection, and each message to one of four partitions, which have workers of their own.
PARALLEL = """
options { keep-hostname(yes); stats-level(1); };
source s_in { network(ip(127.0.0.1) port({port}) transport(tcp)); };
parser p_knock { port-knock(settle(1) window(20) max-alerts(10000) signs(none)); };
destination d_alerts { file("{dir}/alerts" template("${.knock.src_ip} ${.knock.port_sequence}\\n")); };
destination d_out { file("{dir}/out" template("$HOST ${.knock.src_ip} ${.knock.src_port} ${.knock.dest_port}\\n")); };
log { source(s_in); parallelize(partitions(4) %s); parser(p_knock);
  log { filter { tags("port-knock.alert"); }; destination(d_alerts); };
  log { filter { not tags("port-knock.alert"); }; destination(d_out); };
  flags(flow-control);
};
"""
HOSTS = ("fw0", "fw1", "fw2")


def sources(worker, kind, count):
    return [f"10.{worker}.{10 * kind + i // 250}.{i % 250}" for i in range(count)]


def denials(worker):
    """Knocks from as many sources, some found by workers and some by the timer, over the whole time."""
    mixed = []
    known, late = sources(worker, 1, OF_WORKERS), sources(worker, 2, OF_TIMER)
    for i, source in enumerate(known):
        of_this = [(source, KNOWN_PORTS)]
        if i % (OF_WORKERS // OF_TIMER) == 0:
            of_this.append((late[i // (OF_WORKERS // OF_TIMER)], LATE_PORTS))
        for source, ports in of_this:
            mixed += [deny(source, port, now_usec() + j, source_port=port).encode() for j, port in enumerate(ports)]
    return mixed, known + late


class Alive(RelayTest):
    def setUp(self):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(limits[0], min(limits[1], OPEN_FILES)), limits[1]))

    def expect_alive(self, config):
        relay = self.relay(config)
        work = [denials(worker) for worker in range(WORKERS)]
        senders = [storm.Sender(relay, lines, SECONDS) for lines, _ in work]
        alerts = relay.dir / "alerts"
        wanted = {source for _, told in work for source in told}

        def all_told():
            return alerts.exists() and {path.name for path in alerts.iterdir()} >= wanted

        wait_for(all_told, "a file of each source that knocked", storm.PATIENCE_SECONDS)
        storm.finish(senders)
        total = sum(len(lines) for lines, _ in work)
        self.assertEqual(len(relay.wait_lines(total, seconds=storm.PATIENCE_SECONDS)), total)
        self.assertEqual(relay.control("stats").returncode, 0)
        self.stop_cleanly(relay)


class Threads(Alive):
    def test_workers_that_open_files_and_the_timer_do_not_wait_for_each_other(self):
        self.expect_alive(ONE_SOURCE)

    def test_sources_that_share_a_port_do_not_wait_for_each_other(self):
        self.expect_alive(REUSED_PORT)


# No skipped test where there is nothing to test: .ci/run takes those for a fault of the machine.
if HAS_PARALLELIZE:

    class Parallelized(Alive):
        def test_a_connection_that_is_parallelized_does_not_wait_for_itself(self):
            self.expect_alive(CONFIG % (NETWORK % ("port", ""), "parallelize(partitions(4));"))

        def pass_knocks(self, partition_key, interval_usec):
            """(sent, received, alerts wanted, alerts) of 600 knocks over one connection, by three hosts in turn."""
            relay = self.relay(PARALLEL % partition_key)
            sent, lines, wanted, started = [], [], [], now_usec()
            for i, source in enumerate(sources(0, 1, 600)):
                host, ports = HOSTS[i % 3], (KNOWN_PORTS, LATE_PORTS)[i % 2]
                wanted.append(f"{source} {','.join(map(str, ports))}".encode())
                for j, port in enumerate(ports):
                    lines.append(deny(source, port, started + j * interval_usec, source_port=40000 + j, host=host))
                    sent.append(f"{host} {source} {40000 + j} {port}".encode())
            relay.send(lines)
            received = relay.wait_lines(len(sent), seconds=storm.PATIENCE_SECONDS)
            alerts = relay.wait_lines(len(wanted), "alerts", storm.PATIENCE_SECONDS)
            self.stop_cleanly(relay)
            return sent, received, wanted, alerts

        def test_workers_that_share_a_connection_lose_nothing_and_tell_each_knock_once(self):
            """Stamps tell the order: lines come to the parser in another one."""
            sent, received, wanted, alerts = self.pass_knocks("", 5000)
            self.assertNotEqual(received, sent)
            self.assertEqual(sorted(received), sorted(sent))
            self.assertEqual(sorted(alerts), sorted(wanted))

        def test_a_partition_for_each_host_keeps_the_order_of_lines_with_the_same_stamp(self):
            sent, received, wanted, alerts = self.pass_knocks('partition-key("$HOST")', 0)
            self.assertEqual(sorted(alerts), sorted(wanted))
            for host in (name.encode() for name in HOSTS):
                of_host = [line for line in sent if line.startswith(host)]
                self.assertEqual([line for line in received if line.startswith(host)], of_host)


if __name__ == "__main__":
    unittest.main()
