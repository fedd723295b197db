#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors

"""Stamps without year or zone, clocks that change, and clocks that are wrong, in a replay."""

import datetime
import os
import subprocess
import unittest

from pk_command import COMMAND, WHEN, Result, deny, knock

# Daylight saving from March to October; two hours of it, or half an hour; in the south; and none.
BERLIN = "Europe/Berlin"
TROLL = "Antarctica/Troll"
LORD_HOWE = "Australia/Lord_Howe"
SANTIAGO = "America/Santiago"
KOLKATA = "Asia/Kolkata"


def run(command, *arguments, given=b"", zone="UTC"):
    words = [COMMAND, command, *arguments]
    environment = dict(os.environ, LC_ALL="C", TZ=zone)
    return Result(subprocess.run(words, input=given, capture_output=True, timeout=60, env=environment))


def at(*stamps, ports=(7100, 8200, 9300, 4700, 5800), **where):
    """A denial for each stamp, each on a port of its own."""
    return b"".join(deny(port, stamp=f"{stamp} gate kernel: ", **where) for port, stamp in zip(ports, stamps))


class ClocksTest(unittest.TestCase):
    maxDiff = None

    def replay(self, given, *options, zone="UTC"):
        result = run("replay", "--format", "json", *options, "-", given=given, zone=zone)
        self.assertEqual((result.errors, result.code), ("", 0))
        return result.objects

    def expect_knock(self, given, *options, zone="UTC", start=None, ports="7100,8200,9300", duration=None):
        alerts = self.replay(given, *options, zone=zone)
        self.assertEqual([alert["port_sequence"] for alert in alerts], [ports], given)
        if start:
            self.assertEqual(alerts[0]["window_start"], start)
        if duration is not None:
            self.assertEqual(alerts[0]["knock_duration_sec"], duration)

    def expect_none(self, given, *options, zone="UTC"):
        self.assertEqual(self.replay(given, *options, zone=zone), [], given)


class Zones(ClocksTest):
    def test_stamps_without_zone_are_in_the_local_zone_as_it_was_then(self):
        for stamp, zone, start in (
            ("Jan 15 12:00:00", BERLIN, "2026-01-15T11:00:00.000Z"),
            ("Jul 15 12:00:00", BERLIN, "2026-07-15T10:00:00.000Z"),
            ("2026-07-15T12:00:00", BERLIN, "2026-07-15T10:00:00.000Z"),
            ("Jan 15 12:00:00", LORD_HOWE, "2026-01-15T01:00:00.000Z"),
            ("Jul 15 12:00:00", LORD_HOWE, "2026-07-15T01:30:00.000Z"),
            ("Jul 15 12:00:00", KOLKATA, "2026-07-15T06:30:00.000Z"),
            ("Jul 15 12:00:00", "UTC", "2026-07-15T12:00:00.000Z"),
        ):
            self.expect_knock(at(stamp, stamp, stamp), "--year", "2026", zone=zone, start=start)

    def test_explain_reads_them_alike(self):
        given = at("Jan 15 12:00:00", "Jul 15 12:00:00", "Jul 15 12:00:00")
        result = run("explain", "--year", "2026", "-", given=given, zone=BERLIN)
        times = [event["event_time"] for event in result.objects]
        self.assertEqual(
            times, ["2026-01-15T11:00:00.000Z", "2026-07-15T10:00:00.000Z", "2026-07-15T10:00:00.000Z"], result.errors
        )

    def test_an_offset_that_is_given_holds_the_whole_year(self):
        options = ("--year", "2026", "--utc-offset", "+01:00")
        for day, start in (("Jan 15", "2026-01-15T11:00:00.000Z"), ("Jul 15", "2026-07-15T11:00:00.000Z")):
            self.expect_knock(at(*[f"{day} 12:00:00"] * 3), *options, zone=BERLIN, start=start)

    def test_stamps_with_zones_of_their_own_make_one_knock(self):
        given = at("2026-03-01T23:59:59.900+14:00", "2026-03-01T10:00:00.200Z", "2026-02-28T22:00:00.300-12:00")
        for zone in ("UTC", BERLIN, KOLKATA):
            self.expect_knock(given, zone=zone, start="2026-03-01T09:59:59.900Z", duration=0.4)


class DaylightSaving(ClocksTest):
    def test_a_knock_across_an_hour_that_is_left_out(self):
        given = at("Mar 29 01:59:58", "Mar 29 01:59:59", "Mar 29 03:00:01")
        self.expect_knock(given, "--year", "2026", zone=BERLIN, start="2026-03-29T00:59:58.000Z", duration=3)
        given = at("Mar 29 00:59:58", "Mar 29 00:59:59", "Mar 29 03:00:01")
        self.expect_knock(given, "--year", "2026", zone=TROLL, start="2026-03-29T00:59:58.000Z", duration=3)

    def test_a_knock_across_an_hour_that_comes_twice(self):
        given = at("Oct 25 02:59:58", "Oct 25 02:59:59", "Oct 25 02:00:01")
        self.expect_knock(given, "--year", "2026", zone=BERLIN, start="2026-10-25T00:59:58.000Z", duration=3)
        given = at("Apr  5 01:59:58", "Apr  5 01:59:59", "Apr  5 01:30:01")
        self.expect_knock(given, "--year", "2026", zone=LORD_HOWE, start="2026-04-04T14:59:58.000Z", duration=3)
        given = at("Apr  4 23:59:58", "Apr  4 23:59:59", "Apr  4 23:00:01")
        self.expect_knock(given, "--year", "2026", zone=SANTIAGO, start="2026-04-05T02:59:58.000Z", duration=3)

    def test_a_knock_in_each_of_the_two_hours(self):
        hours = [f"Oct 25 {hour}:{minute:02}:00" for hour in ("02", "02") for minute in range(0, 60, 5)]
        given = b"".join(at(stamp, stamp, stamp, source=f"198.51.100.{n}") for n, stamp in enumerate(hours))
        alerts = self.replay(given, "--year", "2026", "--signs", "none", "--max-alerts", "100", zone=BERLIN)
        first = datetime.datetime(2026, 10, 25)
        expected = [(first + datetime.timedelta(minutes=5 * n)).strftime("%Y-%m-%dT%H:%M:%S.000Z") for n in range(24)]
        self.assertEqual(sorted(alert["window_start"] for alert in alerts), expected)

    def test_lines_a_little_out_of_order_at_the_change_stay_together(self):
        given = at("Oct 25 02:59:58", "Oct 25 02:00:01", "Oct 25 02:59:59", "Oct 25 02:00:02")
        self.expect_knock(given, "--year", "2026", zone=BERLIN, ports="7100,9300,8200,4700", duration=4)

    def test_an_hour_is_a_pause_all_the_same(self):
        given = at("Oct 25 02:10:00", "Oct 25 02:10:01", "Oct 25 03:10:02")
        self.expect_none(given, "--year", "2026", zone=BERLIN)

    def test_a_stamp_that_there_was_not_is_read(self):
        given = at("Mar 29 02:30:00", "Mar 29 02:30:01", "Mar 29 02:30:02")
        self.expect_knock(given, "--year", "2026", zone=BERLIN, start="2026-03-29T01:30:00.000Z", duration=2)

    def test_knocks_around_the_change_are_found_where_the_offset_is_wrong(self):
        """The device's hour comes twice, and nobody said so: what lies wholly on one side is found."""
        given = at("Oct 25 02:59:00", "Oct 25 02:59:01", "Oct 25 02:59:02")
        again = at(*[f"Oct 25 02:10:0{n}" for n in range(3)], source="198.51.100.8", ports=(5100, 6200, 7300))
        alerts = self.replay(given + again, *WHEN)
        self.assertEqual([alert["port_sequence"] for alert in alerts], ["7100,8200,9300", "5100,6200,7300"])


class Years(ClocksTest):
    def test_a_knock_across_new_year(self):
        given = at("Dec 31 23:59:58", "Dec 31 23:59:59", "Jan  1 00:00:01")
        self.expect_knock(given, duration=3)
        given = at("2025-12-31T23:59:58", "2025-12-31T23:59:59", "2026-01-01T00:00:01")
        self.expect_knock(given, start="2025-12-31T23:59:58.000Z", duration=3)

    def test_a_knock_across_a_leap_day(self):
        for stamps in (
            ("Feb 28 23:59:58", "Feb 28 23:59:59", "Feb 29 00:00:01"),
            ("Feb 29 23:59:58", "Feb 29 23:59:59", "Mar  1 00:00:01"),
        ):
            self.expect_knock(at(*stamps), "--year", "2024", duration=3)

    def test_a_knock_on_a_leap_day_is_found_whatever_year_it_is(self):
        given = at("Feb 29 12:00:00", "Feb 29 12:00:01", "Feb 29 12:00:02")
        alerts = self.replay(given)
        self.assertEqual([alert["port_sequence"] for alert in alerts], ["7100,8200,9300"])
        self.assertRegex(alerts[0]["window_start"], r"^20\d\d-02-29T12:00:00\.000Z$")
        self.assertEqual(int(alerts[0]["window_start"][:4]) % 4, 0)
        # A year that has no such day: no stamp, so no time of its own.
        self.expect_knock(given, "--year", "2026")

    def test_without_a_leap_day_february_ends_earlier(self):
        given = at("Feb 28 23:59:58", "Feb 28 23:59:59", "Mar  1 00:00:01")
        self.expect_knock(given, "--year", "2026", duration=3)
        self.expect_none(given, "--year", "2024")


class Seconds(ClocksTest):
    def test_a_leap_second_keeps_its_place(self):
        for stamps in (
            ("2016-12-31T23:59:59.900Z", "2016-12-31T23:59:60.200Z", "2017-01-01T00:00:00.100Z"),
            ("2016-12-31T23:59:60.100Z", "2016-12-31T23:59:60.500Z", "2016-12-31T23:59:60.900Z"),
            ("2017-01-01T05:44:59.900+05:45", "2017-01-01T00:59:60.200+01:00", "2017-01-01T00:00:00.100Z"),
        ):
            self.expect_knock(at(*stamps))
        self.expect_knock(at("Dec 31 23:59:59", "Dec 31 23:59:60", "Jan  1 00:00:00"))


class WrongClocks(ClocksTest):
    def test_a_device_that_is_off_has_its_knocks_found_beside_others(self):
        right = knock(7100, 8200, 9300, source="198.51.100.8", host="right")
        other = deny(443, "10:00:30", "198.51.100.9") + deny(443, "10:01:30", "198.51.100.9")
        for off in ("Mar  1 07:00:01", "Mar  1 09:59:01", "Mar  1 10:01:01", "Mar  1 13:00:01", "Feb 27 10:00:01"):
            given = b"".join(deny(port, stamp=f"{off} wrong kernel: ") for port in (7500, 8600, 9700))
            for lines in (given + right + other, right + given + other):
                alerts = self.replay(lines, *WHEN)
                self.assertEqual(
                    sorted(alert["port_sequence"] for alert in alerts), ["7100,8200,9300", "7500,8600,9700"], off
                )

    def test_two_devices_that_see_the_same_packets_make_one_knock_of_it(self):
        for wrong in ("07:00:01", "10:45:00"):
            given = b"".join(
                deny(port) + deny(port, stamp=f"Mar  1 {wrong} wrong kernel: ") for port in (7100, 8200, 9300)
            )
            self.expect_knock(given, *WHEN)

    def test_lines_in_any_order_within_the_window_are_put_in_order(self):
        stamps = ["Mar  1 10:00:20", "Mar  1 10:00:10", "Mar  1 10:00:00"]
        self.expect_knock(at(*stamps), *WHEN, ports="9300,8200,7100", duration=20)

    def test_a_line_beyond_the_window_is_late_and_no_part_of_it(self):
        given = at("Mar  1 10:00:31", "Mar  1 10:00:32", "Mar  1 10:00:01")
        result = run("replay", "--stats", *WHEN, "-", given=given)
        self.assertRegex(result.errors, r"(?m)^late: 1$")
        self.assertEqual(result.text, "")


if __name__ == "__main__":
    unittest.main()
