#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Records of processes and connections through a real relay: what is joined, what
is only context, and what several of them come to."""

import unittest

from relay import RelayTest, knock_fields, simple, wait_for

HEAD = "<13>Nov 23 10:00:00 web1 audispd: "


def call(serial, image):
    return (
        f"{HEAD}type=SYSCALL msg=audit(1795386214.545:{serial}): arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 "
        f'items=2 ppid=1 pid=2 auid=1000 uid=0 gid=0 tty=pts0 ses=3 comm="x" exe="{image}" key="k"'
    )


def execve(serial, *words):
    arguments = " ".join(f'a{i}="{word}"' for i, word in enumerate(words))
    return f"{HEAD}type=EXECVE msg=audit(1795386214.545:{serial}): argc={len(words)} {arguments}"


class Records(RelayTest):
    def test_a_command_gets_image_and_user_from_the_record_before_it(self):
        relay = self.relay(simple())
        known = execve(49, "knock", "192.0.2.1", "7000")
        relay.send([call(49, "/usr/bin/knock"), known, execve(50, "knock", "h", "1")])
        messages = [knock_fields(message) for message in relay.wait_messages(3)]
        self.assertEqual(messages[0], {})
        self.assertEqual((messages[1]["image"], messages[1]["user"]), ("/usr/bin/knock", "uid=0"))
        self.assertEqual(messages[1]["command_line"], "knock 192.0.2.1 7000")
        self.assertNotIn("image", messages[2])
        wait_for(lambda: relay.stats()["audit_joined"] == 1, "the join to be counted", 10)
        self.assertEqual(relay.stats()["context"], 1)

    def test_another_host_s_record_is_not_joined(self):
        relay = self.relay(simple(), ports=("port",))
        relay.send([call(49, "/usr/bin/knock").replace("web1", "web2"), execve(49, "knock", "192.0.2.1", "7000")])
        self.assertNotIn("image", knock_fields(relay.wait_messages(2)[1]))

    def test_runs_of_a_general_tool_are_no_finding_each_and_one_together(self):
        relay = self.relay(simple("settle(1) window(20) min-confidence(low)"))
        relay.send([execve(i, "nc", "-z", "192.0.2.1", str(port)) for i, port in enumerate((7000, 8000, 9000))])
        messages = [knock_fields(message) for message in relay.wait_messages(4)]
        self.assertEqual(messages[:3], [{}, {}, {}])
        self.assertEqual(messages[3]["port_sequence"], "7000,8000,9000")
        self.assertEqual(messages[3]["hosts"], "web1")


if __name__ == "__main__":
    unittest.main()
