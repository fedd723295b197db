#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""A real relay whose clock is set, and devices whose clocks and zones are their own.

The relay's clock is set by a library in front of the C library's; its sources are beside this file."""

import datetime
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import time
import unittest

from relay import SOURCE_DIR, Relay, RelayTest, alerts, deny, knock, knock_fields, now_usec, simple, stamp, wait_for

SETTLE = "settle(1) window(20)"
HOUR = 3600
DAY = 24 * HOUR
FRAMED = "syslog(ip(127.0.0.1) port({port}) transport(tcp))"


class ClockedRelay(Relay):
    """zone: of the relay.  now: what its clock shows at the start; None: what it is."""

    def __init__(self, library, config, zone="UTC", now=None):
        self.clock = pathlib.Path(tempfile.mkdtemp(prefix="port-knock-clock.")) / "off"
        preloaded = " ".join(filter(None, (os.environ.get("LD_PRELOAD"), str(library))))
        self.before = ["env", f"LD_PRELOAD={preloaded}", f"PK_TEST_CLOCK={self.clock}", f"TZ={zone}"]
        self.off_seconds = 0
        self.set_clock(int(now.timestamp() - time.time()) if now else 0)
        super().__init__(config)

    def set_clock(self, seconds):
        self.off_seconds += seconds
        with open(self.clock, "r+b" if self.clock.exists() else "wb") as file:
            file.write(struct.pack("=q", self.off_seconds * 1_000_000))

    def now(self):
        return datetime.datetime.fromtimestamp(time.time() + self.off_seconds, datetime.timezone.utc)

    def _command(self, *arguments):
        return self.before + super()._command(*arguments)

    def remove(self):
        super().remove()
        shutil.rmtree(self.clock.parent, ignore_errors=True)


@unittest.skipIf(struct.calcsize("P") < 8, "elsewhere the calls that tell the time have other names")
class ClocksTest(RelayTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="port-knock-clock.")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.library = pathlib.Path(cls.folder.name) / "set-clock.so"
        source = SOURCE_DIR / "tests" / "syslog-ng" / "set-clock.c"
        subprocess.run(["cc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", cls.library, source], check=True)

    def clocked(self, config, **more):
        made = ClockedRelay(self.library, config, **more)
        self.addCleanup(made.remove)
        return made.start()

    def wait_alerts(self, relay, count=1, seconds=10):
        wait_for(lambda: len(alerts(relay.messages())) >= count, f"{count} alerts", seconds)
        found = [knock_fields(alert) for alert in alerts(relay.messages())]
        self.assertEqual(len(found), count, found)
        return found


class RelaysClock(ClocksTest):
    """Set back by a day, as the stamps of devices stay within a day of it."""

    def test_a_knock_is_told_although_the_clock_was_set_back_after_it(self):
        relay = self.clocked(simple(SETTLE))
        relay.send(knock("192.0.2.1"))
        relay.wait_messages(3)
        relay.set_clock(-20 * HOUR)
        self.wait_alerts(relay, seconds=5)
        self.assertEqual(relay.stats()["late"], 0)
        self.stop_cleanly(relay)

    def test_a_knock_across_it_is_one(self):
        relay = self.clocked(simple(SETTLE))
        first, second, third = knock("192.0.2.1")
        relay.send([first, second])
        relay.wait_messages(2)
        relay.set_clock(-20 * HOUR)
        relay.send([third])
        (alert,) = self.wait_alerts(relay)
        self.assertEqual((alert["port_sequence"], alert["total_packets"]), ("7100,8200,9300", "3"))

    def test_knocks_after_it_are_found_with_receive_times_too(self):
        for options in ("", " use-time(received)"):
            relay = self.clocked(simple(SETTLE + ' signs("none")' + options))
            relay.send(knock("192.0.2.1"))
            self.wait_alerts(relay)
            relay.set_clock(-20 * HOUR)
            time.sleep(2)
            relay.send(knock("192.0.2.1", (5100, 6200, 7300)) + knock("192.0.2.2", (5100, 6200, 7400)))
            self.wait_alerts(relay, 3)

    def test_a_cooldown_ends_in_time(self):
        relay = self.clocked(simple(SETTLE + " cooldown(3) signs(none)"))
        relay.send(knock("192.0.2.1"))
        self.wait_alerts(relay)
        relay.set_clock(-20 * HOUR)
        time.sleep(4)
        relay.send(knock("192.0.2.1", first_source_port=50000))
        self.wait_alerts(relay, 2)

    def test_a_door_that_opens_is_told(self):
        relay = self.clocked(simple(SETTLE))
        relay.send([f"<38>{stamp(now_usec())} fw1 knockd: 192.0.2.1: openSSH: OPEN SESAME"])
        relay.wait_messages(1)
        relay.set_clock(-20 * HOUR)
        (alert,) = self.wait_alerts(relay, seconds=6)
        self.assertEqual(alert["detection_branch"], "knock_sequence_confirmed")

    def test_heartbeats_and_saves_go_on(self):
        relay = self.clocked(simple(SETTLE + " heartbeat(1) save-interval(1)"))

        def beats():
            return sum(knock_fields(message).get("kind") == "heartbeat" for message in relay.messages())

        for port in (7100, 8200, 9300):
            saves, before = relay.stats()["saves"], beats()
            relay.send([deny("192.0.2.1", port)])
            wait_for(lambda: relay.stats()["saves"] > saves, "a save of what is new", 10)
            wait_for(lambda: beats() >= before + 2, "two heartbeats", 10)
            relay.set_clock(-6 * HOUR)

    def test_what_a_clock_that_was_ahead_has_saved_makes_nothing_wait(self):
        relay = self.clocked(simple(SETTLE + " save-interval(1)"))
        relay.set_clock(20 * HOUR)
        first, second, third = knock("192.0.2.1")
        relay.send([first, second])
        relay.wait_messages(2)
        time.sleep(1.2)
        self.stop_cleanly(relay)
        relay.set_clock(-20 * HOUR)
        relay.start()
        relay.send([third])
        (alert,) = self.wait_alerts(relay)
        self.assertEqual(alert["port_sequence"], "7100,8200,9300")

    def test_a_clock_that_is_set_forward_hides_nothing(self):
        relay = self.clocked(simple(SETTLE))
        first, second, third = knock("192.0.2.1")
        relay.send([first, second])
        relay.wait_messages(2)
        relay.set_clock(20 * HOUR)
        relay.send([third])
        self.wait_alerts(relay)

    def test_a_relay_without_a_clock_of_its_own_finds_knocks_before_it_is_told_the_time_and_after(self):
        relay = self.clocked(simple(SETTLE), now=datetime.datetime(1970, 1, 2, tzinfo=datetime.timezone.utc))
        relay.send(knock("192.0.2.1"))
        (alert,) = self.wait_alerts(relay)
        self.assertEqual(alert["window_start"][:10], "1970-01-02")
        relay.set_clock(-relay.off_seconds)
        relay.send(knock("192.0.2.2"))
        self.assertEqual(self.wait_alerts(relay, 2)[1]["window_start"][:4], stamp(now_usec())[:4])


class DevicesClocks(ClocksTest):
    def test_a_device_hours_off_has_its_knocks_found_as_of_its_own_time(self):
        relay = self.clocked(simple(SETTLE + " max-alerts(100)"))
        hours = (-23, -5, -1, 1, 5, 23)
        at = now_usec() // 1_000_000 * 1_000_000
        for number, off in enumerate(hours):
            stamped = at + off * HOUR * 1_000_000
            relay.send(knock(f"192.0.2.{number}", (7100, 8200, 9300 + number), stamped, host=f"fw{number}"))
        starts = {alert["src_ip"]: alert["window_start"] for alert in self.wait_alerts(relay, len(hours))}
        shown = [stamp(at + off * HOUR * 1_000_000)[:23] + "Z" for off in hours]
        expected = {f"192.0.2.{number}": start for number, start in enumerate(shown)}
        self.assertEqual(starts, expected)
        stats = relay.stats()
        self.assertEqual((stats["clamped_clock"], stats["late"]), (0, 0))

    def test_a_device_that_jumps_by_days_within_a_knock_hides_nothing(self):
        relay = self.clocked(simple(SETTLE))
        lines = [
            deny("192.0.2.1", port, now_usec() + off * DAY * 1_000_000, source_port=port)
            for port, off in zip((7100, 8200, 9300, 4700), (-3, 0, 40, 0))
        ]
        relay.send(lines)
        (alert,) = self.wait_alerts(relay)
        self.assertEqual(sorted(alert["port_sequence"].split(",")), ["4700", "7100", "8200", "9300"])
        self.assertEqual(relay.stats()["clamped_clock"], 2)

    def test_a_device_that_jumps_by_hours_hides_no_later_knock(self):
        relay = self.clocked(simple(SETTLE))
        relay.send(
            deny("192.0.2.1", port, now_usec() + off * HOUR * 1_000_000, source_port=port)
            for port, off in zip((7100, 8200, 9300), (0, -5, 5))
        )
        time.sleep(2.5)
        self.assertEqual(alerts(relay.messages()), [])
        relay.send(knock("192.0.2.1", (5100, 6200, 7300)))
        self.assertEqual(self.wait_alerts(relay)[0]["port_sequence"], "5100,6200,7300")

    def test_lines_out_of_order_are_put_in_order_and_late_ones_make_no_second_alert(self):
        relay = self.clocked(simple(SETTLE + " cooldown(0)"))
        at = now_usec()
        lines = [
            deny("192.0.2.1", port, at + seconds * 1_000_000, source_port=port)
            for port, seconds in ((9300, 18), (7100, 0), (8200, 9))
        ]
        relay.send(lines)
        self.assertEqual(self.wait_alerts(relay)[0]["port_sequence"], "7100,8200,9300")
        relay.send([deny("192.0.2.1", 4700, at + 1_000_000), deny("192.0.2.1", 4800, at - 9_000_000)])
        time.sleep(2.5)
        self.assertEqual(len(self.wait_alerts(relay)), 1)


class Stamps(ClocksTest):
    """Of devices, in whatever form; the relay's clock is set to when they are of."""

    @staticmethod
    def texts(*ports):
        return [deny("192.0.2.1", port, source_port=port).split("kernel: ")[1] for port in ports]

    def send_at(self, stamps, now, zone="UTC", config=None):
        relay = self.clocked(config or simple(SETTLE), zone=zone, now=now)
        relay.send([f"<4>{text} fw1 kernel: {rest}" for text, rest in zip(stamps, self.texts(7100, 8200, 9300))])
        return relay

    def expect(self, *cases):
        """Of stamps, the relay's time, when the knock begins, how long it takes, and what send_at() takes more."""
        relays = [self.send_at(stamps, now, **more) for stamps, now, _, _, more in cases]
        for relay, (stamps, _, start, duration, _) in zip(relays, cases):
            (alert,) = self.wait_alerts(relay)
            self.assertEqual(
                (alert["port_sequence"], alert["window_start"], float(alert["knock_duration_sec"])),
                ("7100,8200,9300", start, duration),
                stamps,
            )
            self.assertEqual(relay.stats()["clamped_clock"], 0)

    @staticmethod
    def utc(*when):
        return datetime.datetime(*when, tzinfo=datetime.timezone.utc)

    def test_without_year_across_new_year_and_leap_days(self):
        new_year = ("Dec 31 23:59:58", "Dec 31 23:59:59", "Jan  1 00:00:01")
        before_leap_day = ("Feb 28 23:59:58", "Feb 28 23:59:59", "Feb 29 00:00:01")
        after_leap_day = ("Feb 29 23:59:58", "Feb 29 23:59:59", "Mar  1 00:00:01")
        self.expect(
            (new_year, self.utc(2026, 12, 31, 23, 59, 55), "2026-12-31T23:59:58.000Z", 3, {}),
            (new_year, self.utc(2027, 1, 1, 0, 0, 5), "2026-12-31T23:59:58.000Z", 3, {}),
            (new_year, self.utc(2027, 1, 1, 12), "2026-12-31T23:59:58.000Z", 3, {}),
            (before_leap_day, self.utc(2028, 2, 29, 0, 0, 2), "2028-02-28T23:59:58.000Z", 3, {}),
            (after_leap_day, self.utc(2028, 3, 1, 0, 0, 2), "2028-02-29T23:59:58.000Z", 3, {}),
        )

    def test_a_leap_day_in_a_year_without_one_is_found_too(self):
        """A device whose clock believes in it: whatever is made of the stamp is near, or replaced."""
        relay = self.send_at(["Feb 29 00:00:01"] * 3, self.utc(2027, 3, 1, 0, 0, 2))
        self.assertEqual(self.wait_alerts(relay)[0]["port_sequence"], "7100,8200,9300")

    def test_without_zone_they_are_in_the_relays_or_the_configured_one_as_it_was_then(self):
        source = 'network(ip(127.0.0.1) port({port}) transport(tcp) time-zone("Europe/Berlin"))'
        summer, winter = ["Jul 15 12:00:00"] * 3, ["Jan 15 12:00:00"] * 3
        left_out = ("Mar 29 01:59:58", "Mar 29 01:59:59", "Mar 29 03:00:01")
        berlin = {"zone": "Europe/Berlin"}
        configured = {"config": simple(SETTLE, source)}
        self.expect(
            (summer, self.utc(2026, 7, 15, 10, 0, 2), "2026-07-15T10:00:00.000Z", 0, berlin),
            (summer, self.utc(2026, 7, 15, 10, 0, 2), "2026-07-15T10:00:00.000Z", 0, configured),
            (winter, self.utc(2026, 1, 15, 11, 0, 2), "2026-01-15T11:00:00.000Z", 0, berlin),
            (left_out, self.utc(2026, 3, 29, 1, 0, 2), "2026-03-29T00:59:58.000Z", 3, berlin),
        )

    def test_around_an_hour_that_comes_twice(self):
        stamps = [f"Oct 25 02:10:0{n}" for n in range(3)]
        nows = (self.utc(2026, 10, 25, 0, 10, 2), self.utc(2026, 10, 25, 1, 10, 2))
        for relay in [self.send_at(stamps, now, zone="Europe/Berlin") for now in nows]:
            self.assertEqual(float(self.wait_alerts(relay)[0]["knock_duration_sec"]), 2)

    def test_across_an_hour_that_comes_twice(self):
        """In its own zone syslog-ng, 3.38 and 4.8, takes the first hour for the second, so receive times have to do."""
        begins = self.utc(2026, 10, 25, 0, 59, 58)
        source = 'network(ip(127.0.0.1) port({port}) transport(tcp) time-zone("Europe/Berlin"))'
        relays = [
            self.clocked(simple(SETTLE, source), now=begins),
            self.clocked(simple(SETTLE + " use-time(received)"), zone="Europe/Berlin", now=begins),
        ]
        stamps = ("Oct 25 02:59:58", "Oct 25 02:59:59", "Oct 25 02:00:01")
        lines = [f"<4>{text} fw1 kernel: {rest}" for text, rest in zip(stamps, self.texts(7100, 8200, 9300))]
        for relay in relays:
            relay.send(lines[:2])
        wait_for(lambda: all(relay.now() > self.utc(2026, 10, 25, 1) for relay in relays), "the second hour", 10)
        for relay in relays:
            relay.send(lines[2:])
            self.assertEqual(self.wait_alerts(relay)[0]["port_sequence"], "7100,8200,9300")

    def test_an_hour_that_comes_twice_hides_no_knock_of_the_second_one(self):
        relay = self.send_at(["Oct 25 02:59:50"], self.utc(2026, 10, 25, 0, 59, 50), zone="Europe/Berlin")
        relay.wait_messages(1)
        time.sleep(1.5)
        rows = enumerate(self.texts(5100, 6200, 7300))
        relay.send([f"<4>Oct 25 02:00:0{n} fw1 kernel: {rest}" for n, rest in rows])
        self.assertEqual(self.wait_alerts(relay)[0]["port_sequence"], "5100,6200,7300")

    def test_rfc_5424_in_zones_of_their_own(self):
        stamps = ("2026-03-01T23:59:59.900+14:00", "2026-03-01T10:00:00.200Z", "2026-02-28T22:00:00.300-12:00")
        now = self.utc(2026, 3, 1, 10, 0, 2)
        rows = zip(stamps, self.texts(7100, 8200, 9300))
        lines = [f"<4>1 {text} fw1 kernel - - - {rest}".encode() for text, rest in rows]
        for framed in (True, False):
            relay = self.clocked(simple(SETTLE, FRAMED) if framed else simple(SETTLE), now=now, zone="Asia/Kolkata")
            if framed:
                relay.send_framed(lines)
            else:
                relay.send(lines)
            (alert,) = self.wait_alerts(relay)
            self.assertEqual(alert["window_start"], "2026-03-01T09:59:59.900Z")
            self.assertEqual((alert["port_sequence"], float(alert["knock_duration_sec"])), ("7100,8200,9300", 0.4))

    LEAP = (
        ("2016-12-31T23:59:59.900Z", "2016-12-31T23:59:60.200Z", "2017-01-01T00:00:01.100Z"),
        ("Dec 31 23:59:59", "Dec 31 23:59:60", "Jan  1 00:00:01"),
    )

    def test_across_a_leap_second_where_stamps_are_read_here(self):
        raw = simple(SETTLE, "network(ip(127.0.0.1) port({port}) transport(tcp) flags(no-parse))")
        for stamps in self.LEAP:
            relay = self.send_at(stamps, self.utc(2017, 1, 1, 0, 0, 2), config=raw)
            self.assertEqual(self.wait_alerts(relay)[0]["port_sequence"], "7100,8200,9300", stamps)

    def test_a_leap_second_hides_no_later_knock(self):
        """syslog-ng itself, 3.38 and 4.8, reads it as one of 23 hours later."""
        for stamps in self.LEAP:
            relay = self.send_at(stamps, self.utc(2017, 1, 1, 0, 0, 2), config=simple(SETTLE + " signs(none)"))
            relay.wait_messages(3)
            time.sleep(2)
            at = int(relay.now().timestamp() * 1_000_000)
            relay.send(knock("192.0.2.1", (5100, 6200, 7300), at, first_source_port=50000))
            wait_for(lambda: alerts(relay.messages()), "an alert", 10)
            found = [knock_fields(alert)["port_sequence"] for alert in alerts(relay.messages())]
            self.assertEqual(found[-1], "5100,6200,7300")


if __name__ == "__main__":
    unittest.main()
