#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The four tests of the search that this project began as, through a real relay: a knock daemon is installed, a
knock client is run, hping3 sends cd00r's sequence, PowerShell connects to three ports."""

import json
import time
import unittest

from relay import RelayTest, alerts, knock_fields, now_usec, simple, stamp

# What settles does so in a second.
QUICK = "settle(1) window(30)"


def execve(serial, *words):
    arguments = " ".join(f'a{i}="{word}"' for i, word in enumerate(words))
    second = int(time.time())
    return (
        f"<13>{stamp(now_usec())} web1 audispd: type=EXECVE msg=audit({second}.{serial:03}:{serial}): "
        f"argc={len(words)} {arguments}"
    )


def raw_socket(serial):
    second = int(time.time())
    return (
        f"<13>{stamp(now_usec())} web1 audispd: type=SYSCALL msg=audit({second}.{serial:03}:{serial}): arch=c000003e "
        f"syscall=41 success=yes exit=3 a0=2 a1=3 a2=ff items=0 ppid=1 pid=2 auid=1000 uid=0 gid=0 tty=pts0 ses=3 "
        f'comm="hping3" exe="/usr/sbin/hping3" key="raw"'
    )


def failed_connection(port):
    """Microsoft Defender's DeviceNetworkEvents."""
    properties = {
        "ActionType": "ConnectionFailed",
        "LocalIP": "127.0.0.1",
        "RemoteIP": "127.0.0.1",
        "RemotePort": port,
        "Protocol": "Tcp",
        "InitiatingProcessFileName": "powershell.exe",
    }
    record = {"category": "AdvancedHunting-DeviceNetworkEvents", "properties": properties}
    return f"<13>{stamp(now_usec())} ws7 mde: {json.dumps(record)}"


class Search(RelayTest):
    def played(self, lines, options="", expected_alerts=0):
        """What came out: the messages, and the alerts among them."""
        relay = self.relay(simple(f"{QUICK} {options}"))
        relay.send(lines)
        messages = relay.wait_messages(len(lines) + expected_alerts, seconds=20)
        self.stop_cleanly(relay)
        found = alerts(messages)
        self.assertEqual(len(found), expected_alerts, found)
        return [knock_fields(m) for m in messages if m not in found], [knock_fields(m) for m in found]

    def test_1_a_knock_daemon_is_installed_configured_and_started(self):
        head = f"<13>{stamp(now_usec())} web1"
        messages, _ = self.played(
            [
                f"{head} dpkg: 2026-11-22 21:55:27 install knockd:amd64 <none> 0.8-2+b4",
                execve(1, "apt-get", "install", "-y", "knockd"),
                execve(2, "knockd", "-d", "-i", "lo", "-c", "/tmp/knockd-test.conf"),
                f"{head} knockd[812]: starting up, listening on lo",
            ]
        )
        self.assertEqual([m["kind"] for m in messages[:2]], ["knock_tool_installed"] * 2)
        self.assertEqual([m["detection_branch"] for m in messages[2:]], ["knock_daemon_running"] * 2)

    def test_2_a_knock_client_is_run_and_its_run_is_an_alert_if_asked_for(self):
        line = execve(3, "knock", "127.0.0.1", "7000", "8000", "9000", "-v")
        (message,), _ = self.played([line])
        self.assertEqual(message["detection_branch"], "knock_client_tool_execution")
        _, (alert,) = self.played([line], "alert-on(window client)", expected_alerts=1)
        self.assertEqual(alert["detection_branch"], "knock_client_tool_execution")
        self.assertEqual(alert["ports"], "7000,8000,9000")
        self.assertEqual(alert["command_line"], "knock 127.0.0.1 7000 8000 9000 -v")
        self.assertEqual((alert["severity"], alert["confidence"]), ("high", "medium"))

    def test_3_four_runs_of_hping3_are_four_findings_and_one_knock(self):
        ports = ["200", "80", "22", "53"]
        runs = [execve(10 + i, "hping3", "-S", "-c", "1", "-p", port, "127.0.0.1") for i, port in enumerate(ports)]
        messages, (alert,) = self.played(runs + [raw_socket(20)], expected_alerts=1)
        self.assertEqual([m["detection_branch"] for m in messages[:4]], ["knock_client_tool_execution"] * 4)
        self.assertEqual(messages[4]["subtype"], "raw_socket")
        self.assertNotIn("detection_branch", messages[4])
        self.assertEqual(alert["port_sequence"], "200,80,22,53")
        self.assertIn("tool_runs", alert["evidence"].split(","))
        self.assertEqual(alert["hosts"], "web1")

    def test_4_powershell_is_found_in_its_script_and_in_its_connections(self):
        script = (
            f"<13>{stamp(now_usec())} ws7 win: <Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>"
            "<System><Provider Name='Microsoft-Windows-PowerShell'/><EventID>4104</EventID>"
            "<Computer>ws7</Computer></System><EventData><Data Name='ScriptBlockText'>7000,8000,9000 | % "
            "{ $c=New-Object System.Net.Sockets.TcpClient; try{$c.Connect('127.0.0.1',$_)}catch{} }</Data>"
            "</EventData></Event>"
        )
        lines = [script] + [failed_connection(port) for port in (7000, 8000, 9000)]
        messages, (alert,) = self.played(lines, expected_alerts=1)
        self.assertEqual(messages[0]["detection_branch"], "knock_client_tool_execution")
        self.assertEqual(messages[0]["ports"], "7000,8000,9000")
        self.assertEqual([m["kind"] for m in messages[1:]], ["connection_attempt"] * 3)
        self.assertEqual(alert["detection_branch"], "rapid_sequential_port_denied")
        self.assertEqual(alert["port_sequence"], "7000,8000,9000")
        self.assertEqual(alert["hosts"], "ws7")


class Proof(RelayTest):
    def test_a_firewall_and_a_daemon_in_one_log_path_confirm_each_other(self):
        relay = self.relay(simple(QUICK))
        source = "192.0.2.44"
        denials = []
        for i, port in enumerate((7100, 8200, 9300)):
            denials.append(
                f"<4>{stamp(now_usec())} fw1 kernel: [UFW BLOCK] IN=eth0 OUT= SRC={source} DST=198.51.100.7 LEN=60 "
                f"TTL=63 ID=1 DF PROTO=TCP SPT={41000 + i} DPT={port} WINDOW=64240 RES=0x00 SYN URGP=0 "
            )
        relay.send(denials + [f"<30>{stamp(now_usec())} gate knockd[8]: {source}: openSSH: OPEN SESAME"])
        messages = relay.wait_messages(5, seconds=20)
        (alert,) = alerts(messages)
        self.assertEqual(knock_fields(alert)["detection_branch"], "knock_sequence_confirmed")
        self.assertEqual(knock_fields(alert)["severity"], "critical")
        self.assertIn("daemon_open", knock_fields(alert)["evidence"].split(","))


if __name__ == "__main__":
    unittest.main()
