#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The atomic tests of T1205.001 have Atomic Red Team's form, and a real relay sees in each what it should.

Each runs in a host of its own: a network namespace whose firewall logs and drops what comes to closed ports of its
loopback interface, with a /dev/log that the relay reads.  No audit daemon can be had there, so each command that
the shell runs is written down as auditd would, from the shell's own trace.  The test for Windows is not run: its
script goes to the relay as PowerShell logs it, with the failed connections that it makes there.
"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time
import unittest
import uuid

import yaml

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

# pylint: disable=wrong-import-position
from relay import Relay
from scene import GATE_DEVICES, Host, KernelLogSwitch, MissingTool, Unavailable, check_tools
from stage import Stage, run_shortly

ATOMICS = yaml.safe_load((HERE / "T1205.001.yaml").read_text())
TESTS = ATOMICS["atomic_tests"]
SEEN_SECONDS = 15

ARGUMENT_TYPES = {"string": str, "path": str, "url": str, "integer": int, "float": float}
EXECUTORS = ("sh", "bash", "powershell", "command_prompt")
PLATFORMS = ("linux", "macos", "windows")

RULES = """
table inet gate {{
  chain input {{
    type filter hook input priority 0; policy accept;
    iif "lo" tcp flags & (syn | ack) == syn log prefix "{prefix}DROP: " level info drop
  }}
}}
"""
# The whole machine's kernel log is read: only this host's lines are ours.
SOURCES = """
source s_all {{
  channel {{
    source {{ file("/dev/kmsg" program-override("kernel") flags(kernel) format("linux-kmsg") keep-timestamp(no)); }};
    filter {{ message("{prefix}" type(string) flags(prefix)); }};
  }};
  unix-dgram("/dev/log");
  file("{folder}/records" flags(no-parse) follow-freq(0.2));
}};
"""


def substituted(test, text):
    """text with the defaults of the test's arguments, as the frameworks put them in."""
    arguments = test.get("input_arguments", {})
    return re.sub(r"#\{(\w+)\}", lambda match: str(arguments[match.group(1)]["default"]), text)


def running_programs():
    """The words of each."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_text(errors="replace").split("\0")
        except OSError:
            pass


def has_ended(argument):
    """Whether no process is left, after a moment, that was started with this argument."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not any(argument in words for words in running_programs()):
            return True
        time.sleep(0.1)
    return False


class Target(Stage):
    """A host with a firewall that logs, and a relay in it."""

    def set_up(self):
        prefix = f"pka{os.getpid()}-"
        self.records = open(os.path.join(self.folder, "records"), "w", encoding="utf-8")
        self.serial = 0
        self.make(KernelLogSwitch)
        self.relay = self.make(Relay, self.folder, SOURCES.format(prefix=prefix, folder=self.folder))
        self._settle_sooner()
        self.host = self.make(Host)
        devices = os.path.join(self.folder, "dev")
        os.mkdir(devices)
        self.host.run("sh", "-ec", GATE_DEVICES, "sh", devices)
        self.host.run("ip", "link", "set", "lo", "up")
        self.host.run("nft", "-f", "-", stdin=RULES.format(prefix=prefix))
        self.relay.start(self.host.enter_to_stay)
        self._probe(prefix)

    def _probe(self, prefix):
        """A packet that is denied must be seen; from another address than the tests' own."""
        deadline = time.monotonic() + SEEN_SECONDS
        while time.monotonic() < deadline:
            self.host.run("knock", "127.0.0.99", "9")
            time.sleep(0.2)
            if any("DST=127.0.0.99" in message["message"] for message in self.relay.messages.take()):
                return
        raise Unavailable("a packet that the firewall drops does not show up in the kernel log")

    def _settle_sooner(self):
        """And write all alerts: three of cd00r's four ports are those of well-known services, which makes it low."""
        path = pathlib.Path(self.folder) / "syslog-ng.conf"
        options = "port-knock(settle(3) min-confidence(low) "
        path.write_text(path.read_text().replace("port-knock(", options))

    def record(self, line):
        self.records.write(line + "\n")
        self.records.flush()

    def record_execve(self, words):
        self.serial += 1
        arguments = " ".join(
            f'a{i}="{word}"' if re.fullmatch(r"[!#-~]*", word) else f"a{i}={word.encode().hex().upper()}"
            for i, word in enumerate(words)
        )
        self.record(f"type=EXECVE msg=audit({int(time.time())}.000:{self.serial}): argc={len(words)} {arguments}")

    def run_script(self, script):
        """Each command that its shell runs is on record as it is run."""
        words = [*self.host.enter_to_stay, "sh", "-x", "-c", script]
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, start_new_session=True) as process:
            said = []
            for line in process.stdout:
                said.append(line)
                if line.startswith("+ "):
                    self.record_execve(shlex.split(line[2:]))
        if process.returncode:
            raise AssertionError(f"exit status {process.returncode}: {''.join(said)}")

    def wait_for(self, branches):
        """Messages and alerts until each branch was seen, {branch: fields of the last one}."""
        seen, deadline = {}, time.monotonic() + SEEN_SECONDS
        while time.monotonic() < deadline and not branches <= set(seen):
            self.relay.check()
            for message in self.relay.messages.take():
                fields = message.get("knock", {})
                if "detection_branch" in fields:
                    seen[fields["detection_branch"]] = fields
            time.sleep(0.1)
        missing = branches - set(seen)
        if missing:
            raise AssertionError(f"not seen: {missing}; seen: {set(seen)}")
        return seen


class Form(unittest.TestCase):
    def test_the_technique_and_every_test_have_their_fields(self):
        self.assertEqual(ATOMICS["attack_technique"], "T1205.001")
        self.assertTrue(ATOMICS["display_name"])
        self.assertEqual(len(TESTS), 4)
        self.assertEqual(len({uuid.UUID(test["auto_generated_guid"]) for test in TESTS}), 4)
        for test in TESTS:
            with self.subTest(test["name"]):
                self.assertTrue(set(test["supported_platforms"]) <= set(PLATFORMS))
                self.assertTrue(test["description"].strip())
                self.assertIn(test["executor"]["name"], EXECUTORS)
                self.assertIsInstance(test["executor"]["elevation_required"], bool)
                self.assertTrue(test["executor"]["command"].strip())
                allowed = {"name", "auto_generated_guid", "description", "supported_platforms", "input_arguments",
                           "dependency_executor_name", "dependencies", "executor"}
                self.assertEqual(set(test) - allowed, set())

    def test_arguments_have_type_and_default_and_are_used(self):
        for test in TESTS:
            used = set(re.findall(r"#\{(\w+)\}", json.dumps([test["executor"], test.get("dependencies", [])])))
            self.assertEqual(used, set(test["input_arguments"]), test["name"])
            for name, argument in test["input_arguments"].items():
                self.assertTrue(argument["description"], name)
                self.assertIsInstance(argument["default"], ARGUMENT_TYPES[argument["type"]], name)

    def test_dependencies_can_be_met(self):
        for test in TESTS:
            for dependency in test.get("dependencies", []):
                self.assertEqual(set(dependency), {"description", "prereq_command", "get_prereq_command"})
                for script in (dependency["prereq_command"], dependency["get_prereq_command"]):
                    done = subprocess.run(["sh", "-n", "-c", substituted(test, script)], check=False)
                    self.assertEqual(done.returncode, 0)


class Run(unittest.TestCase):
    def setUp(self):
        self.target = Target()
        try:
            if os.geteuid():
                raise Unavailable("not root")
            check_tools({"hping3", "ip", "knock", "knockd", "nft", "nsenter", "syslog-ng", "unshare"})
            self.target.__enter__()
        except (Unavailable, MissingTool) as error:
            self.skipTest(str(error))
        self.addCleanup(self.target.__exit__)
        self.addCleanup(self.target.records.close)

    def run_test(self, number, branches):
        """Dependencies, command, what is seen of it, clean-up."""
        test = TESTS[number - 1]
        for dependency in test.get("dependencies", []):
            self.assertEqual(run_shortly("sh", "-c", dependency["prereq_command"]).returncode, 0)
        try:
            self.target.run_script(substituted(test, test["executor"]["command"]))
            return self.target.wait_for(branches)
        finally:
            if "cleanup_command" in test["executor"]:
                self.target.run_script(substituted(test, test["executor"]["cleanup_command"]))

    def test_1_the_daemon_says_that_it_listens_opens_its_door_and_is_cleaned_up(self):
        seen = self.run_test(1, {"knock_daemon_running"})
        self.assertEqual(seen["knock_daemon_running"]["kind"], "knock_daemon")
        for argument in ("config_file", "pid_file", "opened_file"):
            self.assertFalse(os.path.exists(TESTS[0]["input_arguments"][argument]["default"]))
        self.assertTrue(has_ended(TESTS[0]["input_arguments"]["config_file"]["default"]))

    def test_1_and_2_together_are_a_confirmed_knock(self):
        daemon, knock = TESTS[:2]
        try:
            self.target.run_script(substituted(daemon, daemon["executor"]["command"]))
            self.target.wait_for({"knock_daemon_running"})
            seen = self.run_test(2, {"knock_sequence_triggered", "knock_sequence_confirmed"})
            self.assertEqual(seen["knock_sequence_triggered"]["door"], "openTest")
            self.assertIn("daemon_open", seen["knock_sequence_confirmed"]["evidence"])
        finally:
            self.target.run_script(substituted(daemon, daemon["executor"]["cleanup_command"]))

    def test_2_the_client_is_a_finding_and_its_packets_are_a_knock(self):
        seen = self.run_test(2, {"knock_client_tool_execution", "firewall_port_denied", "rapid_sequential_port_denied"})
        self.assertEqual(seen["knock_client_tool_execution"]["ports"], "7000,8000,9000")
        alert = seen["rapid_sequential_port_denied"]
        self.assertEqual((alert["port_sequence"], alert["confidence"]), ("7000,8000,9000", "high"))

    def test_3_runs_of_hping3_are_findings_and_their_packets_a_candidate(self):
        seen = self.run_test(3, {"knock_client_tool_execution", "firewall_port_denied", "rapid_sequential_port_denied"})
        self.assertEqual(seen["knock_client_tool_execution"]["subtype"], "hping_syn")
        self.assertEqual(seen["rapid_sequential_port_denied"]["port_sequence"], "200,80,22,53")

    def test_4_the_script_and_its_connections_are_findings(self):
        script = substituted(TESTS[3], TESTS[3]["executor"]["command"]).strip()
        self.target.record(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
            "Name='Microsoft-Windows-PowerShell'/><EventID>4104</EventID><Computer>ws7</Computer></System><EventData>"
            f"<Data Name='ScriptBlockText'>{script}</Data></EventData></Event>")
        ports = [int(port) for port in TESTS[3]["input_arguments"]["ports"]["default"].split(",")]
        for port in ports:
            properties = {"ActionType": "ConnectionFailed", "LocalIP": "127.0.0.1", "RemoteIP": "127.0.0.1",
                          "RemotePort": port, "Protocol": "Tcp", "InitiatingProcessFileName": "powershell.exe"}
            record = {"category": "AdvancedHunting-DeviceNetworkEvents", "properties": properties}
            self.target.record(json.dumps(record))
        seen = self.target.wait_for({"knock_client_tool_execution", "rapid_sequential_port_denied"})
        self.assertEqual(seen["knock_client_tool_execution"]["ports"], "7000,8000,9000")
        self.assertEqual(seen["rapid_sequential_port_denied"]["port_sequence"], "7000,8000,9000")


if __name__ == "__main__":
    unittest.main()
