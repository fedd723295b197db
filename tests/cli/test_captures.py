#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Knocks and scans captured from a kernel's firewall, each in an engine of its own."""

import os
import pathlib
import unittest

from pk_command import CAPTURES, CommandTest, run

KNOCKS_FOUND_MIN = 36

# Two of the firewalls logged with a prefix that names no verdict, "closed-port: " and "icmp-echo: ".
RECOGNISED = ((True, None), (False, "unknown_prefix"))


def labels():
    """Rows of (file, label, sources, ports)."""
    rows = []
    for line in (CAPTURES / "labels.tsv").read_text().splitlines():
        if not line.startswith("#"):
            file, label, sources, ports, _ = line.split("\t")
            rows.append((file, label, sources.split(","), ports))
    return rows


def with_kernel_time():
    """The same files with the kernel's time in each line, where they are at hand."""
    folder = pathlib.Path(os.environ.get("PK_SHARED", "/nonexistent")) / "captures"
    return folder if folder.is_dir() else None


class Captures(CommandTest):
    def alerts(self, path, *options):
        result = run("replay", "--format", "json", "--utc-offset", "+00:00", *options, path)
        self.assertEqual(result.code, 0)
        return result.objects

    def count_found(self, folder, suffix):
        missed = []
        knocks = [row for row in labels() if row[1] == "knock"]
        for file, _, sources, _ in knocks:
            alerts = self.alerts(folder / file.replace(".log", suffix), "--min-confidence", "low")
            if not any(alert["src_ip"] in sources for alert in alerts):
                missed.append(file)
        return len(knocks) - len(missed), missed

    def test_knocks_are_found(self):
        found, missed = self.count_found(CAPTURES, ".log")
        self.assertGreaterEqual(found, KNOCKS_FOUND_MIN, missed)

    @unittest.skipUnless(with_kernel_time(), "no captures with kernel time")
    def test_knocks_are_found_with_kernel_time(self):
        found, missed = self.count_found(with_kernel_time(), ".ktime.log")
        self.assertGreaterEqual(found, KNOCKS_FOUND_MIN, missed)

    def test_every_line_is_recognised(self):
        for file, *_ in labels():
            result = run("explain", CAPTURES / file)
            self.assert_quiet(result)
            self.assertEqual(len(result.objects), (CAPTURES / file).read_bytes().count(b"\n"))
            for event in result.objects:
                self.assertIn((event["recognised"], event.get("reason")), RECOGNISED, file)

    def test_scans_of_many_ports_are_not_reported(self):
        for file in ("s01_nmap_F_drop.log", "s02_nmap_F_reset.log", "s06_nmap_top100_T2.log", "s09_hping3_scan.log"):
            self.assertEqual(self.alerts(CAPTURES / file), [], file)

    def test_default_client_is_reported_once_with_its_ports(self):
        for file, label, sources, ports in labels():
            if file.startswith("k0") and label == "knock":
                alerts = self.alerts(CAPTURES / file, "--deny-prefix", "closed-port:")
                self.assertEqual([(a["src_ip"], a["port_sequence"]) for a in alerts], [(sources[0], ports)], file)


if __name__ == "__main__":
    unittest.main()
