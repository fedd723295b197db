#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Who owns a state file, when it is written, and when it is left alone."""

import os
import shutil
import time
import unittest

from relay import PORT_SEQUENCE, Relay, RelayTest, alerts, deny, knock, knock_fields, simple, wait_for

OPTIONS = "settle(1) window(30)"
NAME = "port-knock-p_knock#1.state"
BAD = "source s_bad { network(ip(192.0.2.250) port(1)); }; log { source(s_bad); };\n"
# The same log path without the parser.
WITHOUT = simple().replace("parser(p_knock);", "")


class Unprivileged(Relay):
    """For whom permissions count, also where root runs it."""

    def _command(self, *arguments):
        drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
        return [*drop, *super()._command(*arguments)]


class StateTest(RelayTest):
    def setUp(self):
        self.knock = knock("192.0.2.1")

    def file(self, relay):
        return relay.dir / NAME

    def identity(self, relay):
        status = self.file(relay).stat()
        return status.st_ino, status.st_mtime_ns

    def send(self, relay, lines):
        before = len(relay.lines("out"))
        relay.send(lines)
        relay.wait_lines(before + len(lines))

    def wait_saved(self, relay, count=1):
        wait_for(lambda: relay.stats()["saves"] >= count, f"{count} saves", 10)

    def wait_sequences(self, relay, count=1):
        wait_for(lambda: alerts(relay.messages()), "an alert", 5)
        time.sleep(1.2)
        found = [knock_fields(alert)["port_sequence"] for alert in alerts(relay.messages())]
        self.assertEqual(found, [PORT_SEQUENCE] * count)

    def reload(self, relay, config=None, wanted=0):
        if config:
            relay.write(config)
        self.assertEqual(relay.reload().returncode, wanted, relay.log)

    def warnings(self, relay, text):
        return [line for line in relay.log.splitlines() if text in line]


class Owner(StateTest):
    LOCKED_OUT = "another syslog-ng saves state in this file"

    def two(self):
        first = self.relay(simple(OPTIONS + ' save-interval(1) state-file("{dir}")'))
        self.send(first, self.knock[:2])
        self.wait_saved(first)
        second = self.relay(simple(OPTIONS + f' save-interval(1) state-file("{first.dir}")'))
        return first, second

    def test_the_second_of_two_saves_nothing_says_so_once_and_works(self):
        first, second = self.two()
        before = self.identity(first)
        self.assertIn("state='new'", second.log)
        self.send(second, knock("192.0.2.2"))
        self.wait_sequences(second)
        wait_for(lambda: second.stats()["failed_saves"] > 1, "two failed saves", 10)
        self.assertEqual(second.stats()["saves"], 0)
        self.assertEqual(self.identity(first), before)
        lines = [line for line in second.log.splitlines() if "p_knock" in line and "warning" not in line]
        lines = [line for line in lines if "file='" in line]
        self.assertEqual(len(lines), 1, lines)
        path = self.file(first)
        wanted = f"parser='p_knock', file='{path}', reason='another process has locked {path}.lock', location='"
        self.assertIn(self.LOCKED_OUT, lines[0])
        self.assertIn("Name a folder of its own for each in state-file(), and reload", lines[0])
        self.assertIn(wanted, lines[0])

    def test_the_first_of_two_finds_what_it_saved_whatever_the_second_did(self):
        first, second = self.two()
        later = knock("192.0.2.3")
        self.send(first, later[:2])
        self.send(second, knock("192.0.2.2"))
        self.wait_sequences(second)
        self.stop_cleanly(first)
        time.sleep(1.5)
        self.stop_cleanly(second)
        first.start()
        self.assertIn("state='read'", first.log)
        self.send(first, later[2:])
        self.wait_sequences(first)

    def test_a_reload_takes_what_has_become_free(self):
        first, second = self.two()
        self.stop_cleanly(first)
        self.reload(second)
        self.send(second, self.knock[:1])
        self.wait_saved(second)
        self.assertIn("state is saved again", second.log)

    def test_reloads_do_not_lock_themselves_out(self):
        relay = self.relay(simple(OPTIONS + " save-interval(1)"))
        elsewhere = simple(OPTIONS + ' save-interval(1) state-file("{dir}/here")')
        (relay.dir / "here").mkdir()
        here = simple(OPTIONS + " save-interval(1)")
        self.reload(relay)
        self.reload(relay, here + BAD, wanted=1)
        self.reload(relay, simple("settle(1) window(25)") + BAD, wanted=1)
        self.reload(relay, elsewhere)
        self.reload(relay, here)
        self.reload(relay, WITHOUT)
        self.reload(relay, here)
        self.send(relay, self.knock[:2])
        self.wait_saved(relay)
        self.assertEqual(self.warnings(relay, self.LOCKED_OUT), [])
        self.assertEqual(self.warnings(relay, "state could not be saved"), [])


class Removed(StateTest):
    """By a reload, and put back by a later one."""

    def test_it_finds_what_it_knew_also_what_no_interval_saved(self):
        config = simple(OPTIONS + " save-interval(0)")
        relay = self.relay(config)
        self.send(relay, self.knock[:2])
        self.reload(relay, WITHOUT)
        self.assertTrue(self.file(relay).exists())
        self.reload(relay, config)
        self.assertIn("state='read'", relay.log)
        self.send(relay, self.knock[2:])
        self.wait_sequences(relay)

    def test_what_it_has_told_it_does_not_tell_again(self):
        config = simple("settle(3) window(30) save-interval(60)")
        relay = self.relay(config)
        self.send(relay, self.knock)
        self.wait_saved(relay)
        self.wait_sequences(relay)
        self.reload(relay, WITHOUT)
        self.reload(relay, config)
        time.sleep(2)
        self.wait_sequences(relay)

    def test_so_it_is_after_a_reload_that_was_reverted(self):
        config = simple(OPTIONS + " save-interval(0)")
        relay = self.relay(config)
        self.send(relay, self.knock[:2])
        self.reload(relay, simple(OPTIONS + " save-interval(0) max-sources(4096)") + BAD, wanted=1)
        self.reload(relay, WITHOUT)
        self.assertTrue(self.file(relay).exists())

    def test_a_reload_that_was_reverted_does_not_write_it(self):
        relay = self.relay(simple(OPTIONS + " save-interval(0)"))
        self.send(relay, self.knock[:2])
        self.reload(relay, WITHOUT + BAD, wanted=1)
        self.assertFalse(self.file(relay).exists())
        self.send(relay, self.knock[2:])
        self.wait_sequences(relay)


class Idle(StateTest):
    def test_what_did_not_change_is_not_written_again(self):
        relay = self.relay(simple(OPTIONS + " save-interval(1)"))
        self.send(relay, self.knock[:2])
        self.wait_saved(relay)
        before, saves = self.identity(relay), relay.stats()["saves"]
        time.sleep(3.5)
        self.assertEqual((self.identity(relay), relay.stats()["saves"]), (before, saves))
        self.send(relay, self.knock[2:])
        self.wait_saved(relay, saves + 1)
        self.assertNotEqual(self.identity(relay), before)

    def test_nor_by_a_stop_or_a_start(self):
        relay = self.relay(simple(OPTIONS + " save-interval(1)"))
        self.send(relay, self.knock[:2])
        self.stop_cleanly(relay)
        before = self.identity(relay)
        relay.start()
        time.sleep(3)
        self.stop_cleanly(relay)
        self.assertEqual(self.identity(relay), before)

    def test_what_failed_is_tried_again_though_nothing_changed(self):
        relay = self.relay(simple(OPTIONS + ' save-interval(1) state-file("{dir}/later")'))
        self.send(relay, self.knock[:2])
        wait_for(lambda: relay.stats()["failed_saves"] > 1, "two failed saves", 10)
        (relay.dir / "later").mkdir()
        self.wait_saved(relay)
        self.assertTrue((relay.dir / "later" / NAME).exists())

    def test_a_save_that_ended_before_a_reload_is_counted_after_it(self):
        relay = self.relay(simple(OPTIONS))
        self.send(relay, self.knock[:2])
        wait_for(self.file(relay).exists, "the first save", 5)
        self.reload(relay)
        self.wait_saved(relay)
        self.assertEqual(relay.stats()["state_bytes"], self.file(relay).stat().st_size)


@unittest.skipIf(os.geteuid() == 0 and not shutil.which("setpriv"), "nothing to drop root's rights with")
class Unread(StateTest):
    """The system does not let it be read, and nothing says that it is a bad file."""

    def unread(self, options):
        relay = Unprivileged(simple(options))
        self.addCleanup(relay.remove)
        relay.start()
        self.send(relay, self.knock[:2])
        self.stop_cleanly(relay)
        self.good = self.file(relay).read_bytes()
        self.file(relay).chmod(0)
        return relay.start()

    def expect_told(self, relay):
        lines = self.warnings(relay, "the state file could not be read")
        self.assertEqual(len(lines), 1, relay.log)
        path = self.file(relay)
        self.assertIn(f"file='{path}', reason='cannot read {path}: Permission denied', location='", lines[0])
        self.assertIn("state='new'", relay.log)

    def test_it_is_left_where_it_is_and_read_by_the_next_start(self):
        relay = self.unread(OPTIONS + " save-interval(1)")
        self.expect_told(relay)
        time.sleep(2.5)
        self.stop_cleanly(relay)
        self.file(relay).chmod(0o600)
        self.assertEqual(self.file(relay).read_bytes(), self.good)
        relay.start()
        self.assertIn("state='read'", relay.log)
        self.send(relay, self.knock[2:])
        self.wait_sequences(relay)

    def test_it_is_kept_aside_when_there_is_something_to_save(self):
        relay = self.unread(OPTIONS + " save-interval(1)")
        self.expect_told(relay)
        self.send(relay, [deny("192.0.2.7", 7000)])
        self.wait_saved(relay)
        aside = self.file(relay).with_name(NAME + ".unread")
        aside.chmod(0o600)
        self.assertEqual(aside.read_bytes(), self.good)
        self.stop_cleanly(relay)
        relay.start()
        self.assertIn("state='read'", relay.log)


if __name__ == "__main__":
    unittest.main()
