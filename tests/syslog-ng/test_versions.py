#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""What differs between releases of syslog-ng, and configurations for another one."""

import json
import pathlib
import re
import tempfile
import unittest

from relay import KNOWN_PORTS, MODULE_DIR, SCL_DIR, RelayTest, alerts, deny, knock, now_usec, simple
from relay import system_module_dir, version

TYPED = tuple(map(int, version().split("."))) >= (4, 0)
LABELLED = tuple(map(int, version().split("."))) >= (4, 1)


def only_if(condition):
    """No skipped test where there is nothing to test: .ci/run takes those for a fault of the machine."""
    return lambda test: test if condition else None


class Types(RelayTest):
    """Of values in JSON."""

    def raw_fields(self, **more):
        """The fields of three denials and an alert, typed as they came."""
        relay = self.relay(simple("settle(1) window(20)"), **more)
        at = now_usec() // 1000 * 1000
        relay.send([deny("192.0.2.1", port, at + i * 1000) for i, port in enumerate(KNOWN_PORTS)])
        relay.wait_messages(4)
        return [json.loads(line)["_knock"] for line in relay.lines("out")]

    def test_ports_and_counts_are_numbers_since_4_0_and_text_before(self):
        fields = self.raw_fields()
        wanted = (40000, 7000, 1) if TYPED else ("40000", "7000", "1")
        self.assertEqual(tuple(fields[0][name] for name in ("src_port", "dest_port", "count")), wanted)
        wanted = (3, 3, 0, 0, 0.002) if TYPED else ("3", "3", "0", "0", "0.002")
        names = ("distinct_ports", "total_packets", "retransmits", "repeats", "knock_duration_sec")
        self.assertEqual(tuple(fields[3][name] for name in names), wanted)

    def test_what_is_no_number_is_text_on_all_releases(self):
        fields = self.raw_fields()
        self.assertEqual([type(fields[0][name]) for name in ("src_ip", "proto", "kind")], [str] * 3)
        names = ("alert_id", "port_sequence", "sequence", "window_start", "technique_id", "evidence")
        self.assertEqual([type(fields[3][name]) for name in names], [str] * 6)

    @only_if(TYPED)  # before 4.0 everything is text
    def test_a_configuration_of_version_3_38_keeps_text(self):
        fields = self.raw_fields(configured_version="3.38")
        self.assertEqual((fields[0]["dest_port"], fields[3]["distinct_ports"]), ("7000", "3"))


class Metrics(RelayTest):
    """Counters in both forms that there are."""

    def knocked(self):
        relay = self.relay(simple("settle(1) window(20)"))
        relay.send(knock("192.0.2.1", KNOWN_PORTS))
        relay.wait_messages(4)
        return relay

    def test_counters_have_their_names_on_all_releases(self):
        stats = self.knocked().stats()
        names = ("recognised", "alerts_high", "branch_firewall_port_denied", "dialect_ufw")
        self.assertEqual([stats[name] for name in names], [3, 1, 3, 3])
        self.assertLessEqual({"sources", "hits", "sign_scanner", "reserved_bytes"}, set(stats))

    @only_if(LABELLED)  # since 4.1
    def test_each_counter_is_a_metric_with_labels(self):
        relay = self.knocked()
        shown = relay.control("stats", "prometheus").stdout
        found = re.findall(r"^syslogng_(port_knock_\w+)\{(.*)\} (\d+)$", shown, re.M)
        metrics = {(name, *sorted(re.findall(r'(\w+)="([^"]*)"', labels))): int(value) for name, labels, value in found}
        mine = (("id", "p_knock"), ("reference", "1"))
        self.assertEqual(metrics["port_knock_recognised_total", *mine], 3)
        self.assertEqual(metrics["port_knock_alerts_total", ("confidence", "high"), *mine], 1)
        self.assertEqual(metrics["port_knock_branch_total", ("branch", "firewall_port_denied"), *mine], 3)
        self.assertEqual(metrics["port_knock_dialect_total", ("dialect", "ufw"), *mine], 3)
        self.assertIn(("port_knock_sign_total", *mine, ("sign", "scanner")), metrics)
        self.assertGreater(metrics["port_knock_reserved_bytes", *mine], 1 << 20)
        self.assertEqual(len(metrics), len(relay.stats()) - len({"discarded", "processed"} & set(relay.stats())))


class Versions(RelayTest):
    """The version line of a configuration.  What each release makes of it is syslog-ng's own rule."""

    def test_a_configuration_older_than_syslog_ng_can_read_is_refused_by_its_version_line(self):
        said = self.relay(simple(), started=False, configured_version="2.1").refuse()
        self.assertIn("config-version='2.1'", said)
        self.assertRegex(said, r"Error parsing config, .* in \S+/conf:1:1")

    def test_a_configuration_for_a_newer_release_is_named_and_read_as_for_this_one(self):
        newer = f"{version().split('.')[0]}.99"
        relay = self.relay(simple("settle(1) window(20)"), configured_version=newer)
        self.assertIn(f"please specify the current version number ({version()})", relay.log)
        self.assertIn(f"config-version='{newer}'", relay.log)
        relay.send(knock("192.0.2.1", KNOWN_PORTS))
        self.assertEqual(len(alerts(relay.wait_messages(4))), 1)

    def test_a_configuration_of_version_3_38_and_the_current_one_work(self):
        for configured in ("3.38", "current"):
            with self.subTest(configured):
                relay = self.relay(simple("settle(1) window(20)"), configured_version=configured)
                relay.send(knock("192.0.2.1", KNOWN_PORTS))
                self.assertEqual(len(alerts(relay.wait_messages(4))), 1)


class OtherBuild(RelayTest):
    """A module that was built for another release: the name of the library that it asks for tells."""

    def test_it_is_refused_by_the_place_that_uses_it(self):
        built = (pathlib.Path(MODULE_DIR) / "libport-knock.so").read_bytes()
        mine = f"libsyslog-ng-{version()}.so".encode()
        self.assertIn(mine, built)
        other = re.sub(rb"\d", b"9", mine)
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "libport-knock.so").write_bytes(built.replace(mine, other))
            said = self.relay(simple(), started=False, modules=f"{folder}:{system_module_dir()}").refuse()
        self.assertRegex(said, r"Error parsing \S+, .* in \S+/conf:\d+:\d+")


class WithoutModule(RelayTest):
    """The library is there and the module is not, as after an incomplete upgrade."""

    LIBRARY = f'@include "scl.conf"\n@include "{SCL_DIR / "port-knock.conf"}"\n'

    def test_a_configuration_that_does_not_use_it_starts(self):
        unused = simple().replace("parser(p_knock);", "").replace("parser p_knock { port-knock(); };", "")
        relay = self.relay(self.LIBRARY + unused, modules=system_module_dir())
        relay.send([deny("192.0.2.1", 7000)])
        self.assertEqual(relay.wait_messages(1)[0]["tags"], ".source.s_in")

    def test_one_that_uses_it_is_refused_with_the_place(self):
        said = self.relay(self.LIBRARY + simple(), started=False, modules=system_module_dir()).refuse()
        self.assertIn("port-knock", said)
        self.assertRegex(said, r"in \S+/conf:\d+:\d+")


if __name__ == "__main__":
    unittest.main()
