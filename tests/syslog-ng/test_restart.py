#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""What a restart keeps, and that no state file and no disk ends a start or loses a message."""

import os
import pathlib
import subprocess
import time
import unittest

from relay import PORT_SEQUENCE, Relay, RelayTest, alerts, deny, knock, knock_fields, simple, wait_for

OPTIONS = "settle(1) window(30)"
NAME = "port-knock-p_knock#1.state"


class InNamespace(Relay):
    """With mounts of its own: commands for a shell, in which $1 is the folder of the relay."""

    def __init__(self, config, mounts):
        self.mounts = mounts
        super().__init__(config)
        (self.dir / "state").mkdir()

    def _command(self, *arguments):
        script = f'{self.mounts} && shift && exec "$@"'
        return ["unshare", "-m", "sh", "-c", script, "sh", str(self.dir), *super()._command(*arguments)]

    def path(self, name):
        """Of a file as syslog-ng sees it."""
        return pathlib.Path(f"/proc/{self.process.pid}/root{self.dir}/state/{name}")

    def remount(self, *options):
        target = ["nsenter", "-t", str(self.process.pid), "-m"]
        subprocess.run([*target, "mount", *options, self.dir / "state"], check=True)


class RestartTest(RelayTest):
    def setUp(self):
        self.knock = knock("192.0.2.1")

    def file(self, relay):
        return relay.dir / NAME

    def first_half(self, relay):
        before = len(relay.lines("out"))
        relay.send(self.knock[:2])
        relay.wait_lines(before + 2)

    def reported(self, relay):
        return [knock_fields(alert)["port_sequence"] for alert in alerts(relay.messages())]

    def wait_alert(self, relay, second_one_seconds=1.2):
        """One, and no second one for a while."""
        wait_for(lambda: alerts(relay.messages()), "an alert", 5)
        time.sleep(second_one_seconds)
        self.assertEqual(self.reported(relay), [PORT_SEQUENCE])

    def second_half(self, relay):
        relay.send(self.knock[2:])
        self.wait_alert(relay)

    def restart(self, relay):
        self.stop_cleanly(relay)
        relay.start()

    def kill(self, relay):
        relay.process.kill()
        relay.process.wait()
        relay.process = None

    def wait_saves(self, relay, seconds=2.5):
        """Until there was nothing to save for more than a save-interval() of a second."""
        since, saves = time.monotonic(), -1
        while time.monotonic() < since + seconds:
            if relay.stats()["saves"] != saves:
                since, saves = time.monotonic(), relay.stats()["saves"]
            time.sleep(0.1)
        self.assertGreater(saves, 0)

    def warning(self, relay, text, log=None):
        lines = [line for line in (log or relay.log).splitlines() if text in line and "parser='p_knock'" in line]
        self.assertEqual(len(lines), 1, log or relay.log)
        return lines[0]


class Restart(RestartTest):
    def test_a_half_finished_knock_is_found_after_a_restart(self):
        relay = self.relay(simple(OPTIONS))
        self.first_half(relay)
        self.restart(relay)
        self.assertIn("state='read'", relay.log)
        self.second_half(relay)
        self.stop_cleanly(relay)

    def expect_counters(self, relay, **expected):
        """Copied once a second; doc/statistics.md says that nothing else can become of a hit."""
        fates = ("repeated_hits", "late", "held_hits", "expired_hits", "evicted_hits", "pushed_out")
        names = ("hits", "restored_hits", *fates)

        def counted():
            return {name: relay.stats()[name] for name in names}

        wait_for(lambda: counted() == {**dict.fromkeys(names, 0), **expected}, f"{expected}", 5)

    def test_counters_tell_what_became_of_every_hit(self):
        relay = self.relay(simple(OPTIONS))
        self.first_half(relay)
        relay.send(self.knock[:1])
        self.expect_counters(relay, hits=3, repeated_hits=1, held_hits=2)
        relay.write(simple("settle(1) window(30) max-sources(2048)"))
        self.assertEqual(relay.reload().returncode, 0)
        self.expect_counters(relay, hits=3, repeated_hits=1, held_hits=2)
        self.restart(relay)
        relay.send(self.knock[2:])
        self.expect_counters(relay, hits=1, restored_hits=2, held_hits=3)

    def test_so_it_is_after_a_reload_that_failed_and_was_reverted(self):
        relay = self.relay(simple(OPTIONS))
        self.first_half(relay)
        bad = "source s_bad { network(ip(192.0.2.250) port(1)); }; log { source(s_bad); };\n"
        relay.write(simple("settle(2) window(25)") + bad)
        self.assertNotEqual(relay.reload().returncode, 0)
        relay.write(simple(OPTIONS))
        self.restart(relay)
        self.second_half(relay)

    def test_other_options_take_what_was_saved(self):
        relay = self.relay(simple(OPTIONS))
        self.first_half(relay)
        relay.write(simple("settle(2) window(40) max-sources(2048)"))
        self.restart(relay)
        self.second_half(relay)

    def test_a_knock_that_had_not_settled_is_reported_at_the_first_tick_after_the_start_once(self):
        relay = self.relay(simple("settle(3) window(30)"))
        relay.send(self.knock)
        relay.wait_lines(3)
        self.stop_cleanly(relay)
        self.assertEqual(self.reported(relay), [])
        time.sleep(3)
        started = time.monotonic()
        relay.start()
        wait_for(lambda: alerts(relay.messages()), "an alert", 5)
        self.assertLess(time.monotonic() - started, 2.5)
        self.wait_alert(relay)
        self.restart(relay)
        time.sleep(2)
        self.wait_alert(relay)

    def test_a_kill_loses_nothing_that_was_saved(self):
        relay = self.relay(simple(OPTIONS + " save-interval(1)"))
        self.first_half(relay)
        self.wait_saves(relay)
        self.assertEqual(relay.stats()["state_bytes"], self.file(relay).stat().st_size)
        self.assertEqual(relay.stats()["failed_saves"], 0)
        self.kill(relay)
        relay.start()
        self.second_half(relay)

    def test_a_kill_loses_what_came_after_the_last_save(self):
        relay = self.relay(simple(OPTIONS + " save-interval(0)"))
        self.first_half(relay)
        time.sleep(2)
        self.assertEqual(relay.stats()["saves"], 0)
        self.kill(relay)
        self.assertFalse(self.file(relay).exists())
        relay.start()
        relay.send(self.knock[2:])
        time.sleep(2.5)
        self.assertEqual(self.reported(relay), [])

    def test_a_knock_that_was_due_does_not_come_again_after_a_kill(self):
        for interval in (60, 0):
            with self.subTest(interval):
                self.expect_once(f"settle(1) window(30) save-interval({interval})")

    def expect_once(self, options):
        relay = self.relay(simple(options))
        relay.send(self.knock)
        relay.wait_lines(3)
        self.stop_cleanly(relay)
        relay.start()
        self.wait_alert(relay)
        wait_for(lambda: relay.stats()["saves"] > 0, "the first save", 5)
        self.kill(relay)
        relay.start()
        time.sleep(2)
        self.wait_alert(relay)

    def test_a_kill_at_any_time_leaves_a_whole_file(self):
        relay = self.relay(simple(OPTIONS + " save-interval(1) max-sources(65536)"))
        relay.send([deny(f"10.{i >> 8}.{i % 256}.1", 7000, destination="192.0.2.9") for i in range(20000)])
        relay.wait_lines(20000)
        self.first_half(relay)
        self.wait_saves(relay)
        for i in range(4):
            relay.send([deny(f"192.0.2.{100 + i}", 7000, destination="192.0.2.9")])
            end = time.monotonic() + 4
            # As soon as the next save has begun, or somewhere in it.
            while not (relay.dir / (NAME + ".tmp")).exists() and time.monotonic() < end:
                pass
            time.sleep(i * 0.002)
            self.kill(relay)
            relay.start()
            self.assertIn("state='read'", relay.log)
        self.second_half(relay)

    def test_reloads_do_not_put_off_the_next_save(self):
        relay = self.relay(simple(OPTIONS + " save-interval(2)"))
        self.first_half(relay)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            self.assertEqual(relay.reload().returncode, 0)
            time.sleep(1.2)
        self.assertTrue(self.file(relay).exists())

    def test_reloads_while_it_is_saved_keep_everything(self):
        relay = self.relay(simple(OPTIONS + " save-interval(1)"))
        self.first_half(relay)
        relay.send([deny(f"198.51.100.{i % 200}", 1 + i, destination="192.0.2.9") for i in range(20000)])
        relay.wait_lines(20002)
        for _ in range(10):
            self.assertEqual(relay.reload().returncode, 0)
            time.sleep(0.3)
        self.second_half(relay)
        self.assertEqual(len(relay.lines("out")), 20004)

    def test_a_folder_and_a_name_can_be_chosen(self):
        relay = self.relay(simple(OPTIONS + ' persist-name("edge") state-file("{dir}/here")'), started=False)
        (relay.dir / "here").mkdir()
        relay.start()
        self.first_half(relay)
        self.restart(relay)
        self.second_half(relay)
        self.assertEqual(
            sorted(os.listdir(relay.dir / "here")), ["port-knock-edge#1.state", "port-knock-edge#1.state.lock"]
        )
        self.assertEqual((relay.dir / "here" / "port-knock-edge#1.state").stat().st_mode & 0o777, 0o600)

    def test_a_name_of_a_parser_cannot_leave_the_folder(self):
        name = "../up/" + "x" * 300
        relay = self.relay(simple(OPTIONS).replace("p_knock", f'"{name}"'))
        self.first_half(relay)
        self.restart(relay)
        self.second_half(relay)
        made = [path.name for path in relay.dir.iterdir() if path.name.endswith(".state")]
        self.assertEqual(len(made), 1, made)
        self.assertRegex(made[0], r"^port-knock-\.\.%2Fup%2Fx+-[0-9a-f]{16}\.state$")

    def test_without_correlation_there_is_no_file(self):
        relay = self.relay(simple("correlate(no) save-interval(1)"))
        time.sleep(2.2)
        self.stop_cleanly(relay)
        self.assertFalse(self.file(relay).exists())

    def test_a_start_that_fails_for_another_reason_keeps_the_file(self):
        relay = self.relay(simple(OPTIONS))
        self.first_half(relay)
        self.stop_cleanly(relay)
        bad = "source s_bad { network(ip(192.0.2.250) port(1)); }; log { source(s_bad); };\n"
        relay.write(simple(OPTIONS) + bad)
        relay.refuse()
        relay.write(simple(OPTIONS))
        relay.start()
        self.second_half(relay)


def _flip(data, place, bits):
    return data[:place] + bytes([data[place] ^ bits]) + data[place + 1 :]


def _write(path, data, mode=0o600, owner=None):
    path.write_bytes(data)
    path.chmod(mode)
    if owner:
        os.chown(path, owner, owner)


# What is done with the bytes of a good file, and why the result is refused.
REFUSED = {
    "a foreign file": (lambda path, data: _write(path, b"[Unit]\nDescription=Another\n" * 10), "it is no state file"),
    "an empty file": (lambda path, data: _write(path, b""), "it was cut off, or damaged"),
    "a truncated file": (lambda path, data: _write(path, data[:-100]), "it was cut off, or damaged"),
    "a damaged file": (
        lambda path, data: _write(path, _flip(data, len(data) // 2, 1)),
        "it is damaged, its checksum is wrong",
    ),
    "one of a newer version": (
        lambda path, data: _write(path, _flip(data, 8, 1)),
        "a newer version of port-knock wrote it",
    ),
    "one that others may write to": (
        lambda path, data: _write(path, data, mode=0o666),
        "others than its owner may write to it",
    ),
    "a folder in its place": (lambda path, data: path.mkdir(), "it is no regular file"),
}
# Only root can give a file away.
if os.geteuid() == 0:
    REFUSED["one of another user"] = (
        lambda path, data: _write(path, data, owner=65534),
        "it belongs to another user",
    )


class Refused(RestartTest):
    """Each: a warning with path and reason, the file kept aside, and a parser that works.  All at once, for time."""

    def expect_refused(self, relay, reason):
        line = self.warning(relay, "the state file cannot be used")
        aside = self.file(relay).with_name(NAME + ".refused")
        self.assertIn(f"file='{self.file(relay)}', reason='{reason}', aside='{aside}', location='", line)
        self.assertIn("state='new'", relay.log)
        self.assertTrue(aside.exists())

    def expect_working(self, relay):
        self.wait_alert(relay, 0)
        self.assertEqual(len(relay.lines("out")), 4)
        self.restart(relay)
        self.assertIn("state='read'", relay.log)

    def test_what_is_no_good_file_is_kept_aside(self):
        relay = self.relay(simple(OPTIONS))
        self.first_half(relay)
        self.stop_cleanly(relay)
        good = self.file(relay).read_bytes()
        relays = {}
        for name, (prepare, reason) in REFUSED.items():
            relays[name] = self.relay(simple(OPTIONS), started=False)
            prepare(self.file(relays[name]), good)
            relays[name].start().send(self.knock)
        for name, (prepare, reason) in REFUSED.items():
            with self.subTest(name):
                self.expect_refused(relays[name], reason)
                self.expect_working(relays[name])


class Folders(RestartTest):
    """Where nothing can be saved: a warning at start and at the first save, and everything else works."""

    def expect_unsaved(self, relay, folder, reasons):
        line = self.warning(relay, "state cannot be saved in this folder")
        self.assertIn(f"folder='{folder}', reason='{reasons[0]}', location='", line)
        relay.send(self.knock)
        self.wait_alert(relay)
        wait_for(lambda: relay.stats()["failed_saves"] > 1, "two failed saves", 10)
        self.assertEqual(relay.stats()["saves"], 0)
        line = self.warning(relay, "state could not be saved")
        self.assertIn(f"file='{folder}/{NAME}', reason='cannot create {folder}/{NAME}.lock: {reasons[1]}'", line)
        self.assertEqual(len(relay.lines("out")), 4)
        self.stop_cleanly(relay)

    def test_a_missing_folder(self):
        relay = self.relay(simple(OPTIONS + ' save-interval(1) state-file("{dir}/missing")'))
        self.expect_unsaved(relay, relay.dir / "missing", ["No such file or directory"] * 2)

    def test_a_folder_that_is_a_file(self):
        relay = self.relay(simple(OPTIONS + ' save-interval(1) state-file("{dir}/plain")'), started=False)
        (relay.dir / "plain").write_text("")
        relay.start()
        self.warning(relay, "the state file could not be read")
        self.expect_unsaved(relay, relay.dir / "plain", ["Not a directory"] * 2)


def _can_mount():
    return subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


@unittest.skipUnless(_can_mount(), "no mount namespace can be made")
class Disks(RestartTest):
    CONFIG = simple(OPTIONS + ' save-interval(1) state-file("{dir}/state")')

    def relay_with(self, mounts):
        made = InNamespace(self.CONFIG, mounts)
        self.addCleanup(made.remove)
        return made.start()

    def test_a_read_only_disk(self):
        relay = self.relay_with('mount --bind "$1/state" "$1/state" && mount -o remount,bind,ro "$1/state"')
        Folders.expect_unsaved(self, relay, relay.dir / "state", ["Read-only file system"] * 2)

    def test_a_full_disk_that_is_given_room_again(self):
        relay = self.relay_with('mount -t tmpfs -o size=8k tmpfs "$1/state"')
        self.first_half(relay)
        self.wait_saves(relay)
        small = relay.path(NAME).read_bytes()
        relay.send([deny(f"198.51.100.{i}", 7000, destination="192.0.2.9") for i in range(250)])
        relay.wait_lines(252)
        wait_for(lambda: relay.stats()["failed_saves"] > 1, "two failed saves", 10)
        line = self.warning(relay, "state could not be saved")
        self.assertIn(f"reason='cannot write {relay.dir}/state/{NAME}.tmp: No space left on device'", line)
        self.assertEqual(relay.path(NAME).read_bytes(), small)
        self.assertFalse(relay.path(NAME + ".tmp").exists())
        relay.remount("-o", "remount,size=1m")
        wait_for(lambda: "state is saved again" in relay.log, "a save that succeeds", 10)
        self.assertGreater(relay.path(NAME).stat().st_size, 10000)
        self.second_half(relay)
        self.assertEqual(len(relay.lines("out")), 254)
        self.stop_cleanly(relay)

    def test_a_machine_of_another_name(self):
        """A disk that was copied, or moved, brings no state along."""
        config = simple(OPTIONS + ' state-file("{dir}/state")')
        relay = InNamespace(config, 'echo one >"$1/id" && mount --bind "$1/id" /etc/machine-id')
        self.addCleanup(relay.remove)
        relay.start()
        self.first_half(relay)
        self.restart(relay)
        self.assertIn("state='read'", relay.log)
        relay.mounts = relay.mounts.replace("one", "two")
        self.restart(relay)
        line = self.warning(relay, "the state file cannot be used")
        self.assertIn("reason='it is another machine's'", line.replace("\\'", "'"))
        self.assertTrue(relay.path(NAME + ".refused").exists())


if __name__ == "__main__":
    unittest.main()
