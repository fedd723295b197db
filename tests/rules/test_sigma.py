#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The rules in rules/sigma are as Sigma's specification demands, match our samples, and match no look-alike."""

import copy
import html
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
import sigma

SOURCE_DIR = pathlib.Path(os.environ.get("PK_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2])).resolve()
COMMAND = os.environ.get("PK_COMMAND", str(SOURCE_DIR / "build" / "port-knock"))
CAPTURES = SOURCE_DIR / "tests" / "captures"
RULES = {path.name: sigma.load(path.read_text()) for path in sorted((SOURCE_DIR / "rules" / "sigma").glob("*.yml"))}

PROVIDERS = ("Microsoft-Windows-Sysmon", "Linux-Sysmon", "Microsoft-Windows-Security-Auditing",
             "Microsoft-Windows-PowerShell", "Microsoft-Windows-Windows Firewall With Advanced Security")
CLIENT = {"knock_client_tool_execution"}
OPENED = {"host_firewall_opened"}
# Rule: where its records come from, the branches that it is for, the least part of these that it must find.
EXPECTED = {
    "lnx_syslog_port_knock_daemon_triggered.yml": ("syslog", {"knock_sequence_triggered"}, 0.8),
    "lnx_syslog_port_knock_daemon_in_progress.yml": ("syslog", {"knock_sequence_in_progress"}, 0.8),
    "lnx_syslog_port_knock_daemon_started.yml": ("syslog", {"knock_daemon_running"}, 0.05),
    "proc_creation_lnx_port_knock_client.yml": ("linux process", CLIENT, 0.9),
    "proc_creation_win_port_knock_client.yml": ("windows process", CLIENT, 0.9),
    "posh_ps_port_knock_client.yml": ("script", CLIENT, 0.8),
    "proc_creation_lnx_port_knock_daemon.yml":
        ("linux process", {"knock_tool_installed", "knock_daemon_running", "knockd_general_activity"}, 0.9),
    "proc_creation_lnx_host_firewall_opened.yml": ("linux process", OPENED, 0.9),
    "proc_creation_win_host_firewall_opened.yml": ("windows process", OPENED, 1),
    "win_firewall_as_port_knock_rule_added.yml": ("firewall-as", OPENED, 1),
}


def cases(name):
    """(raw line, expected) of a sample file; expected is "" or the branch."""
    for block in (SOURCE_DIR / "tests" / "samples" / f"{name}.case").read_text().split("\n\n"):
        lines = [line for line in block.strip().split("\n") if not line.startswith("# ")]
        if len(lines) == 2:
            yield lines[0], json.loads(lines[1]).get("detection_branch", "") if lines[1].startswith("{") else ""


def event_data(raw):
    """The fields of a Windows or Sysmon event in XML."""
    fields = {name: html.unescape(value) for name, value in re.findall(r"<Data Name=['\"](\w+)['\"]>([^<]*)", raw)}
    event_id = re.search(r"<EventID>(\d+)", raw)
    whose = re.search(r"<Provider Name=['\"]([^'\"]+)", raw)
    is_known = event_id and whose and whose.group(1) in PROVIDERS and raw.rstrip().endswith("</Event>")
    return dict(fields, EventID=int(event_id.group(1)) if is_known else 0)


def process_records():
    """(fields as Sigma calls them, branch) of Sysmon 1, Security 4688 and auditd's EXECVE."""
    for raw, branch in list(cases("sysmon")) + list(cases("windows_security")):
        fields = event_data(raw)
        if fields["EventID"] in (1, 4688):
            yield {"Image": fields.get("Image") or fields.get("NewProcessName", ""),
                   "CommandLine": fields.get("CommandLine", "")}, branch
    for raw, branch in cases("auditd"):
        words = re.findall(r' a\d+=(?:"([^"]*)"|([0-9A-F]+))', raw)
        if "EXECVE" in raw or "1309" in raw:
            words = [plain or bytes.fromhex(coded).decode(errors="replace") for plain, coded in words]
            if words:
                image = words[0] if "/" in words[0] else f"/usr/bin/{words[0]}"
                yield {"Image": image, "CommandLine": " ".join(words)}, branch


def records(source):
    if source == "syslog":
        return [({"": raw}, branch) for name in ("knockd", "fwknopd", "knock-units") for raw, branch in cases(name)]
    if source == "script":
        return [(event_data(raw), branch) for raw, branch in cases("powershell") if "ScriptBlockText'>" in raw]
    if source == "firewall-as":
        return [(event_data(raw), branch) for raw, branch in cases("windows_firewall") if event_data(raw)["EventID"]]
    is_linux = source == "linux process"
    return [(fields, branch) for fields, branch in process_records() if fields["Image"].startswith("/") == is_linux]


class Specification(unittest.TestCase):
    def test_every_rule_is_as_sigma_demands(self):
        self.assertGreater(len(RULES), 10)
        for name, rule in RULES.items():
            with self.subTest(name):
                self.assertEqual(sigma.complaints(rule), [])
                self.assertIn("attack.t1205.001", rule["tags"])

    def test_ids_and_names_are_different_and_references_lead_to_rules(self):
        ids = [rule["id"] for rule in RULES.values()]
        names = [rule["name"] for rule in RULES.values() if "name" in rule]
        self.assertEqual((len(set(ids)), len(set(names))), (len(ids), len(names)))
        for name, rule in RULES.items():
            for related in rule.get("related", []):
                self.assertIn(related["id"], ids, name)
            for wanted in rule.get("correlation", {}).get("rules", []):
                self.assertIn(wanted, ids + names, name)

    def test_what_is_wrong_is_noticed(self):
        plain = RULES["proc_creation_lnx_port_knock_client.yml"]
        counted = RULES["correlation_port_knock_sequence_denied.yml"]
        wrong = [
            (plain, "id", "4711"), (plain, "status", "new"), (plain, "level", "urgent"), (plain, "title", ""),
            (plain, "date", "25.11.2026"), (plain, "tags", ["attack.port-knocking"]), (plain, "tags", ["T1205"]),
            (plain, "colour", "red"), (plain, "logsource", {"product": "toaster"}), (plain, "falsepositives", "none"),
            (plain, "detection", {"selection": {"Image": "a"}}),
            (plain, "detection", {"selection": {"Image": "a"}, "condition": "selection and"}),
            (plain, "detection", {"selection": {"Image": "a"}, "condition": "other"}),
            (plain, "detection", {"selection": {"Image": "a"}, "unused": {"Image": "b"}, "condition": "selection"}),
            (plain, "detection", {"selection": {"image": "a"}, "condition": "selection"}),
            (plain, "detection", {"selection": {"Image|beginswith": "a"}, "condition": "selection"}),
            (plain, "detection", {"selection": {"Image|re": "("}, "condition": "selection"}),
            (counted, "correlation", dict(counted["correlation"], type="sum")),
            (counted, "correlation", dict(counted["correlation"], timespan="half an hour")),
            (counted, "correlation", dict(counted["correlation"], condition={"gte": 3})),
            (counted, "correlation", dict(counted["correlation"], condition={"field": "dst_port"})),
        ]
        for rule, key, value in wrong:
            with self.subTest(key=key, value=value):
                changed = copy.deepcopy(rule)
                changed[key] = value
                self.assertNotEqual(sigma.complaints(changed), [])

    def test_a_key_that_stands_twice_is_an_error(self):
        with self.assertRaises(sigma.yaml.YAMLError):
            sigma.load("a: 1\na: 2\n")


class Samples(unittest.TestCase):
    def test_every_detection_has_records_that_it_is_tried_on(self):
        detections = {name for name, rule in RULES.items() if "detection" in rule and not name.startswith("net_")}
        self.assertEqual(set(EXPECTED), detections)

    def test_rules_match_what_they_should_and_nothing_else(self):
        for name, (source, branches, least) in EXPECTED.items():
            with self.subTest(name):
                rule, given = RULES[name], records(source)
                matched = [(record, branch) for record, branch in given if sigma.rule_matches(rule, record)]
                wanted = [record for record, branch in given if branch in branches]
                self.assertEqual([record for record, branch in matched if branch not in branches], [])
                missed = [record for record in wanted if record not in [one for one, _ in matched]]
                print(f"{name}: {len(wanted) - len(missed)} of {len(wanted)}, among {len(given)} records")
                self.assertGreater(len(matched), 0)
                self.assertGreaterEqual(len(wanted) - len(missed), least * len(wanted), missed)


class Correlations(unittest.TestCase):
    def firewall_hits(self, path):
        """(time, rule's name, record) as the rules of denials and permitted connections see a capture."""
        rules = [rule for rule in RULES.values() if rule.get("logsource", {}).get("category") == "firewall"]
        done = subprocess.run([COMMAND, "explain", path], stdout=subprocess.PIPE, check=True)
        stamps = [line.split()[2] for line in path.read_text(errors="replace").splitlines()]
        hits = []
        for stamp, line in zip(stamps, done.stdout.splitlines()):
            event = json.loads(line)
            record = {"action": event.get("action", ""), "src_ip": event.get("src_ip"), "dst_ip": event.get("dest_ip"),
                      "dst_port": event.get("dest_port", 0)}
            hours, minutes, seconds = map(int, stamp.split(":"))
            at = hours * 3600 + minutes * 60 + seconds
            hits += [(at, rule["name"], record) for rule in rules if sigma.rule_matches(rule, record)]
        return hits

    def sources(self, label):
        """{file: sources} of the captures with this label."""
        rows = [line.split("\t") for line in (CAPTURES / "labels.tsv").read_text().splitlines() if line[0] != "#"]
        return {CAPTURES / row[0]: row[2].split(",") for row in rows if row[1] == label}

    def count(self, label):
        rule = RULES["correlation_port_knock_sequence_denied.yml"]["correlation"]
        files = self.sources(label)
        return len(files), sum(
            any(record["src_ip"] in sources for _, record in sigma.value_count(rule, self.firewall_hits(path)))
            for path, sources in files.items())

    def test_the_correlation_finds_most_captured_knocks(self):
        given, found = self.count("knock")
        print(f"correlation: {found} of {given} knocks")
        self.assertGreaterEqual(found, 0.75 * given)

    def test_the_correlation_also_matches_scans_which_is_why_it_is_no_more_than_medium(self):
        given, found = self.count("scan")
        print(f"correlation: {found} of {given} scans")
        self.assertGreater(found, 0)
        self.assertEqual(RULES["correlation_port_knock_sequence_denied.yml"]["level"], "medium")

    def knock(self, *ports, start=0):
        ends = {"src_ip": "198.51.100.7", "dst_ip": "192.0.2.10"}
        return [(start + i, "port_knock_firewall_denied", dict(ends, dst_port=port)) for i, port in enumerate(ports)]

    def test_two_ports_or_three_in_a_minute_are_no_match(self):
        rule = RULES["correlation_port_knock_sequence_denied.yml"]["correlation"]
        late = [(20 * i, name, record) for i, name, record in self.knock(7000, 8000, 9000)]
        for hits, expected in ((self.knock(7000, 8000), 0), (late, 0), (self.knock(7000, 8000, 9000), 1)):
            self.assertEqual(len(sigma.value_count(rule, hits)), expected)

    def test_a_connection_after_a_knock_matches_and_one_before_it_does_not(self):
        rule = RULES["correlation_port_knock_then_connection.yml"]["correlation"]
        knock = (10, "port_knock_sequence_denied", {"src_ip": "198.51.100.7", "dst_ip": "192.0.2.10"})
        for at, source, expected in ((13, "198.51.100.7", 1), (5, "198.51.100.7", 0), (200, "198.51.100.7", 0),
                                     (13, "203.0.113.9", 0)):
            accept = (at, "port_knock_firewall_accepted", {"src_ip": source, "dst_ip": "192.0.2.10"})
            self.assertEqual(len(sigma.temporal_ordered(rule, [knock, accept])), expected, (at, source))


if __name__ == "__main__":
    unittest.main()
