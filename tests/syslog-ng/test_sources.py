#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""A message says the same as its raw line does in `port-knock explain`, whichever
way it came: by network(), by syslog() with RFC 5424, or with flags(no-parse).

The lines are those of tests/samples and tests/captures, every header that a
syslog sender is known to write, and, where PK_SHARED names a folder with more,
the captures and telemetry there.

There is no exception among them.  What a source throws away cannot be read again:
lines longer than log-msg-size() (cure: a larger one), what stands after a NUL on
a source that takes it for a line end (cure: syslog() or another framed
transport), and the start of a line with flags(dont-store-legacy-msghdr) (cure: no
such flag)."""

import collections
import datetime
import json
import os
import pathlib
import re
import subprocess
import unittest

from relay import COMMAND, SOURCE_DIR, RelayTest, version

SHARED = os.environ.get("PK_SHARED")
BATCH = 3000

UFW = (
    "[UFW BLOCK] IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.1 DST=198.51.100.7 LEN=60 "
    "TOS=0x00 PREC=0x00 TTL=63 ID=4711 DF PROTO=TCP SPT=40000 DPT=7000 WINDOW=64240 RES=0x00 SYN URGP=0 "
)
PLAIN = UFW.replace("[UFW BLOCK] ", "DROP ")
RUNNING = "openSSH: running command: /sbin/iptables -A INPUT -s 192.0.2.1 -j ACCEPT"
STAGE = "192.0.2.1: openSSH: Stage 1"
SESAME = "192.0.2.1: openSSH: OPEN SESAME"

HEADERS = [
    *(
        head + text
        for text in (UFW, "[  123.456789] " + UFW, "[123456.789012] " + PLAIN, PLAIN, UFW.replace("[UFW BLOCK] ", ""))
        for head in (
            "",
            "<4>",
            "<4>Nov 23 10:11:12 fw1 ",
            "<4>Nov 23 10:11:12 ",
            "<4>Nov 23 10:11:12 fw1 fw1 ",
            "<4>1 - - - - - - <4>Nov 23 10:11:12 fw1 kernel: ",
            "<4>1 - - - - - - Nov 23 10:11:12 fw1 kernel: ",
            "<4>1 2026-11-23T10:11:12Z relay - - - - <4>1 2026-11-23T10:11:12Z fw1 kernel - - - ",
            "<4>Nov  3 10:11:12 fw1 kernel: ",
            "Nov 23 10:11:12 fw1 kernel: ",
            "<4>Nov 23 10:11:12 kernel: ",
            "<4>2026-11-23T10:11:12.123456+01:00 fw1 kernel: ",
            "2026-11-23T10:11:12Z fw1 kernel: ",
            "<4>1 2026-11-23T10:11:12.123456+01:00 fw1 kernel - - - ",
            "<4>1 2026-11-23T10:11:12Z fw1 kernel 12 ID7 [ex@32473 a=\"b\" c=\"d\\\"e\"] ",
            '<4>1 2026-11-23T10:11:12Z fw1 kernel - - [a@1 b="c"][d@2 e="f"] ',
            "<4>1 - - - - - - ",
            "<4>1 2026-11-23T10:11:12Z fw1 kernel - - ",
            "<4>1 2026-11-23T10:11:12Z fw1 kernel - [",
            "<4>1 2026-11-23T10:11:12Z fw1 ",
            "<4>1 nonsense fw1 kernel - - - ",
            "<9999>Nov 23 10:11:12 fw1 kernel: ",
            "<>Nov 23 10:11:12 fw1 kernel: ",
            "<4",
            "<4>1 2026-11-23T10:11:12Z 192.0.2.9 - - - - ",
            "<4>1 2026-11-23T10:11:12Z fw1 kernel - - - \ufeff",
            "<4>Nov 23 10:11:12 192.0.2.9 kernel: ",
            "<4>Nov 23 10:11:12 2001:db8::9 kernel: ",
            "<4>Nov 23 10:11:12 fw1 kernel[0]: ",
            "<4>Nov 23 10:11:12.123 fw1 kernel: ",
            "kernel: ",
        )
    ),
    *(
        head + text
        for text in (STAGE, SESAME, RUNNING, "some.name (192.0.2.1): x")
        for head in (
            "<30>Nov 23 10:11:12 gate knockd: ",
            "<30>Nov 23 10:11:12 gate knockd[812]: ",
            "<30>Nov 23 10:11:12 gate /usr/sbin/knockd[812]: ",
            "<30>Nov 23 10:11:12 knockd: ",
            "<30>knockd: ",
            "knockd: ",
            "<30>1 2026-11-23T10:11:12Z gate knockd 812 - - ",
            "<30>1 2026-11-23T10:11:12Z gate /usr/sbin/knockd - - - ",
            "<30>1 2026-11-23T10:11:12Z gate - - - - knockd: ",
            "<30>2026-11-23T10:11:12.1+01:00 gate knockd: ",
            "<30>Nov 23 10:11:12 gate sshd[1]: ",
            "<30>Nov 23 10:11:12 gate KNOCKD: ",
            "<30>Nov 23 10:11:12 gate knockd-helper: ",
        )
    ),
    '<189>date=2026-11-23 time=12:32:48 devname="FGT" logid="0000000013" srcip=192.0.2.1 dstport=7000 action="deny"',
    "<134>id=firewall sn=0017C5 time=\"2026-11-23 15:33:11\" m=98 msg=\"Connection Dropped\" src=192.0.2.1:1",
    "<164>Nov 23 2026 10:11:12: %ASA-4-106023: Deny tcp src outside:192.0.2.1/4000 dst inside:198.51.100.2/7000",
    "<164>Nov 23 2026 10:11:12 asa1 : %ASA-4-106023: Deny tcp src outside:192.0.2.1/4000 dst inside:198.51.100.2/7000",
    "<164>%ASA-4-106023: Deny tcp src outside:192.0.2.1/4000 dst inside:198.51.100.2/7000",
    "<189>firewall,info drop input: in:ether1 out:(none), proto TCP (SYN), 192.0.2.1:4000->198.51.100.2:7000, len 60",
    "<4>Nov 23 10:11:12 fw1 message repeated 3 times: [ " + UFW + "]",
    "<13>Nov 23 10:11:12 last message repeated 3 times",
    "<14><Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System/></Event>",
    "<30>Nov 23 10:11:12 fw1 prog with blanks",
    "<30>Nov 23 10:11:12 fw1",
    "<30>",
    "x",
]

UNFRAMED = tuple(map(int, version().split("."))) >= (4, 7)

RFC3164 = re.compile(
    rb"^(?:<(\d{1,3})>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) "
    rb"([\w.:-]+) (?:([\w./-]+)(?:\[(\d+)\])?: )?(.*)$",
    re.S,
)


def read_lines(path):
    return [line for line in pathlib.Path(path).read_bytes().split(b"\n") if line.strip()]


def sample_lines():
    """The raw lines of the sample files: neither their comments nor what is expected."""
    lines = []
    for path in sorted((SOURCE_DIR / "tests" / "samples").glob("*.case")):
        lines += [line for line in read_lines(path) if not line.startswith((b"#", b'{"recognised":'))]
    return lines


def capture_lines():
    folders = [SOURCE_DIR / "tests" / "captures"] + ([pathlib.Path(SHARED) / "captures"] if SHARED else [])
    return [line for folder in folders for path in sorted(folder.glob("*.log")) for line in read_lines(path)]


def telemetry_lines():
    path = pathlib.Path(SHARED or "") / "telemetry" / "samples.jsonl"
    rows = [json.loads(line) for line in read_lines(path)] if SHARED and path.exists() else []
    texts = [row.get("raw") or row.get("line") or row.get("message") for row in rows]
    return [text.encode() for text in texts if isinstance(text, str) and "\n" not in text]


def corpus_lines():
    """Lines of real firewalls, with the headers that they came with."""
    path = pathlib.Path(SHARED or "") / "corpus" / "firewall.jsonl"
    rows = [json.loads(line) for line in read_lines(path)] if SHARED and path.exists() else []
    return [row["raw"].encode() for row in rows if "\n" not in row["raw"]]


def as_sent(line):
    """A number at the beginning of a line without PRI is taken for RFC 6587's framing, and lost, since 4.7."""
    return b"<13>" + line if UNFRAMED and re.match(rb"\d+ ", line) else line


def as_rfc5424(line):
    """The same record as a sender would write it with RFC 5424."""
    if re.match(rb"<\d+>1 ", line):
        return line
    match = RFC3164.match(line)
    if not match:
        text = re.sub(rb"^<\d{1,3}>", b"", line)
        return b"<13>1 - - - - - - " + text
    pri, stamp, host, program, pid, text = match.groups()
    if stamp[:1].isalpha():
        year = datetime.datetime.now().year
        when = datetime.datetime.strptime(f"{year} {stamp.decode()}", "%Y %b %d %H:%M:%S")
        stamp = when.astimezone().isoformat().encode()
    return b"<%s>1 %s %s %s %s - - %s" % (pri or b"13", stamp, host, program or b"-", pid or b"-", text)


def explain(lines):
    """What the command says of each line, every value as text, and how often it gave which reason."""
    done = subprocess.run([COMMAND, "explain"], input=b"\n".join(lines) + b"\n", capture_output=True, check=True)
    fields, reasons = [], collections.Counter()
    for found in map(json.loads, done.stdout.splitlines()):
        if found.pop("recognised"):
            fields.append({name: str(value) for name, value in found.items() if name not in UNLIKE})
        else:
            fields.append({})
            reasons[found.get("reason")] += 1
    return fields, {name: reasons[name] for name in REASONS}


# What a relay does not say, or says otherwise: it has a time for every message.
UNLIKE = ("matched", "event_time")
# Why a line is not recognised: counters of the parser, words of the command.
REASONS = ("ignored", "malformed", "unknown_prefix", "context", "own")

CONFIG = """
options {{ keep-hostname(yes); log-msg-size(262144); }};
source s_in {{ {source}; }};
parser p_knock {{ port-knock(correlate(no) fields(all)); }};
log {{ source(s_in); parser(p_knock); destination {{ file("{{dir}}/out" template("$(format-json .knock.*)\\n")); }};
      flags(flow-control); }};
"""

SOURCES = {
    "network": "network(ip(127.0.0.1) port({port}) transport(tcp))",
    "no-parse": "network(ip(127.0.0.1) port({port}) transport(tcp) flags(no-parse))",
    "syslog": "syslog(ip(127.0.0.1) port({port}) transport(tcp))",
}


def set_fields(message):
    return {name: value for name, value in message.get("_knock", {}).items() if name not in UNLIKE}


class Sources(RelayTest):
    def fields(self, source, lines):
        """What the relay sets on each of lines."""
        relay = self.relay(CONFIG.format(source=SOURCES[source]))
        send = relay.send_framed if source == "syslog" else relay.send
        send(lines)
        relay.wait_lines(len(lines), seconds=60)
        found, stats = [set_fields(message) for message in relay.messages()], relay.stats()
        relay.remove()
        return found, {name: stats[name] for name in REASONS}

    def same(self, source, lines):
        (wanted, reasons), (found, counted) = explain(lines), self.fields(source, lines)
        self.assertEqual((len(wanted), len(found)), (len(lines), len(lines)))
        unlike = [
            f"{line[:200]!r}\n  explain: {want}\n  relay:   {got}"
            for line, want, got in zip(lines, wanted, found)
            if want != got
        ]
        if unlike:
            self.fail(f"{source}: {len(unlike)} lines\n" + "\n".join(unlike[:8]))
        self.assertEqual(counted, reasons, source)

    def compare(self, lines, at_least=1):
        self.assertGreaterEqual(len(lines), at_least)
        for source in SOURCES:
            sent = [as_rfc5424(line) if source == "syslog" else as_sent(line) for line in lines]
            for start in range(0, len(sent), BATCH):
                self.same(source, sent[start : start + BATCH])

    def test_headers_of_every_kind_say_the_same(self):
        self.compare([line.rstrip().encode() for line in HEADERS])

    def test_headers_of_rfc_5424_over_a_plain_network_source_say_the_same(self):
        lines = [as_rfc5424(line.rstrip().encode()) for line in HEADERS]
        self.same("network", lines)

    def test_samples_say_the_same(self):
        lines = sample_lines()
        if not lines:
            self.skipTest("no samples")
        self.compare(lines)

    def test_captures_say_the_same(self):
        self.compare(capture_lines(), 500)

    @unittest.skipUnless(SHARED, "PK_SHARED is not set")
    def test_telemetry_says_the_same(self):
        self.compare(telemetry_lines(), 100)

    @unittest.skipUnless(SHARED, "PK_SHARED is not set")
    def test_the_corpus_says_the_same(self):
        self.compare(corpus_lines(), 500)

    def test_headers_are_recognised_at_all(self):
        """Or the comparisons above would compare nothing."""
        found, _ = explain([line.encode() for line in HEADERS])
        self.assertGreater(sum(bool(fields) for fields in found), 60)


if __name__ == "__main__":
    unittest.main()
