# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Hunting queries: SQL is run on replayed alerts; of other languages each field must be one that we write."""

import functools
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import tempfile

SOURCE_DIR = pathlib.Path(os.environ.get("PK_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2])).resolve()
COMMAND = os.environ.get("PK_COMMAND", str(SOURCE_DIR / "build" / "port-knock"))
BACKENDS = SOURCE_DIR / "conf.d" / "backends"
# Custom log tables of KQL take the JSON of file.conf, whose names are ours.
FILES = {"spl": ("splunk-hec-event.conf",), "esql": ("elasticsearch.conf",)}
CAPTURES = SOURCE_DIR / "tests" / "captures"
WHEN = ("--year", "2026", "--utc-offset", "+00:00")

# What the language means by itself, in small letters: commands, functions, types.
WORDS = {
    "spl": """index sourcetype search where stats eval by as dc values count min max sum avg earliest latest sort table
        if case in not and or match like isnotnull isnull mvcount split mvexpand mvindex makemv delim timechart
        span head rename coalesce cidrmatch dedup true false limit bin streamstats list append join type
        inner left max_match strftime now relative_time tonumber tostring round _time host source""",
    "kql": """where summarize by extend project order sort asc desc count countif dcount make_set make_list min max
        arg_max arg_min ago bin between and or not in has contains startswith endswith matches regex split
        array_length mv-expand expand mv join kind on inner leftouter let print take top render timechart
        tostring toint tolong todatetime todynamic datetime isnotempty isempty iff ipv4_is_in_range
        parse_json to typeof string int long real d h m s true false has_any series_stats inner
        datetime_diff portknock_cl timegenerated dynamic computer set_has_element""",
    "esql": """from where stats by eval keep drop sort desc asc limit count count_distinct values min max sum avg and or
        not in like rlike is null mv_count mv_expand mv_dedupe split date_trunc date_diff bucket now
        cidr_match to_string to_long to_integer to_ip case starts_with ends_with concat inlinestats true
        false minutes minute hours hour days day seconds second rename as length first last timestamp""",
}
# Fields that every event of the backend has.
GIVEN = {"spl": set(), "kql": {"TimeGenerated", "Computer"}, "esql": {"@timestamp"}}
STRING = {"spl": r'"(?:\\.|[^"\\])*"', "kql": r'@?"(?:\\.|[^"\\])*"|@?\'[^\']*\'', "esql": r'"(?:\\.|[^"\\])*"'}
COMMENT = {"spl": r"```.*?```", "kql": r"//[^\n]*", "esql": r"//[^\n]*"}


@functools.lru_cache
def our_fields():
    """The names of the field catalogue."""
    return set(re.findall(r'\[PK_FIELD_\w+\] = \{ "(\w+)"', (SOURCE_DIR / "modules/engine/fields.c").read_text()))


@functools.lru_cache
def shipped_fields(kind):
    """What the shipped configurations call what they send to those who are asked in this language; None without any."""
    files = [BACKENDS / name for name in FILES[kind]]
    if not all(path.exists() for path in files):
        return None
    text = "".join(re.sub(r"(?m)^ *#.*$", "", path.read_text()) for path in files)
    names = set(re.findall(r"(?<![\w.])([@A-Za-z_][\w.]*)=", text))
    return names | {name.removeprefix("event.") for name in names} if kind == "spl" else names


def _identifiers(kind, text):
    text = re.sub(COMMENT[kind], " ", text, flags=re.S)
    text = re.sub(STRING[kind], '""', text)
    made = set(re.findall(r"([A-Za-z_]\w*) *=(?![=~])", text)) if kind != "spl" else set()
    made |= set(re.findall(r"\bas +([A-Za-z_]\w*)", text, re.I)) | set(re.findall(r"\beval +([A-Za-z_]\w*)", text))
    made |= set(re.findall(r"\blet +(\w+)", text))
    return re.findall(r"(?<![\w.\"$])[A-Za-z_@][\w.@]*", text), made


def check_fields(kind, text):
    """ValueError names what is no field of ours."""
    names, made = _identifiers(kind, text)
    shipped = our_fields() | {"time", "host"} if kind == "kql" else shipped_fields(kind)
    if shipped is None:
        return
    known = shipped | GIVEN[kind] | made
    words = set(WORDS[kind].split())
    foreign = sorted({name for name in names if name not in known and name.lower() not in words})
    if foreign:
        raise ValueError(f"no shipped configuration sends {', '.join(foreign)}")
    if shipped.isdisjoint(names):
        raise ValueError("it asks for no field of ours")


# ---- SQL ------------------------------------------------------------------------


def _objects(*words, given=None):
    done = subprocess.run([COMMAND, *map(str, words)], input=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=False)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


@functools.lru_cache
def alerts():
    """Of all captures, each played by itself, and of what they lack."""
    found = []
    for path in sorted(CAPTURES.glob("*.log")):
        found += _objects("replay", "--format", "json", "--min-confidence", "low", *WHEN, path)
    for given in (proven_knock(), shared_knocks()):
        found += _objects("replay", "--format", "json", "--min-confidence", "low", *WHEN, "-", given=given)
    return found


def proven_knock():
    """The worked example of a confirmed knock."""
    text = (SOURCE_DIR / "doc" / "how-it-decides.md").read_text()
    return re.search(r"^```log confirmed\.log\n(.*?)^```", text, re.S | re.M).group(1).encode()


def shared_knocks():
    """Three sources know a door, and the last of them knocks at another host as well."""
    lines = []
    for i, dest in enumerate(("192.0.2.10", "192.0.2.10", "192.0.2.10", "192.0.2.20")):
        for j, port in enumerate((7100, 8200, 9300)):
            lines.append(
                f"2026-03-01T1{i}:00:0{j}.000+00:00 gate kernel: [UFW BLOCK] IN=eth0 OUT= "
                f"SRC=198.51.100.{7 + min(i, 2)} DST={dest} LEN=60 TTL=52 PROTO=TCP SPT={41000 + j} DPT={port} "
                "WINDOW=64240 SYN\n"
            )
    return "".join(lines).encode()


@functools.lru_cache
def findings():
    """Messages that are findings by themselves: of the samples of daemons and clients."""
    found = []
    for name in ("knockd", "fwknopd", "sysmon", "auditd", "sudo", "dpkg"):
        for block in (SOURCE_DIR / "tests" / "samples" / f"{name}.case").read_text().split("\n\n"):
            last = block.strip().split("\n")[-1]
            if '"severity"' in last:
                found.append(json.loads(last))
    return found


def _columns():
    """Those of the shipped table, or ours."""
    table = BACKENDS / "postgresql.sql"
    if table.exists():
        return re.findall(r"^  (\w+) ", table.read_text(), re.M)
    return sorted(our_fields() | {"time", "host"})


def _load(database, rows):
    columns = _columns()
    database.execute(f"CREATE TABLE port_knock ({', '.join(columns)})")
    marks = ", ".join("?" * len(columns))
    for row in rows:
        row = dict(row, time=row.get("window_end", "2026-11-22T22:10:14.000Z"), host="gate")
        database.execute(f"INSERT INTO port_knock VALUES ({marks})", [row.get(name) for name in columns])


def run_sql(text):
    """Every statement must give at least one row."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(os.path.join(folder, "alerts.db"))
        try:
            _load(database, alerts() + findings())
            for statement in filter(str.strip, text.split(";")):
                if not database.execute(statement).fetchall():
                    raise ValueError(f"no row on replayed alerts:\n{statement.strip()}")
        except sqlite3.Error as error:
            raise ValueError(error) from error
        finally:
            database.close()
