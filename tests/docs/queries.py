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
CAPTURES = SOURCE_DIR / "tests" / "captures"
WHEN = ("--year", "2026", "--utc-offset", "+00:00")

# What the language means by itself, in small letters: commands, functions, types.
WORDS = {
    "spl": """index sourcetype search where stats eval by as dc values count min max sum avg earliest latest sort table if
        case in not and or match like isnotnull isnull mvcount split mvexpand mvindex makemv delim timechart
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
# What our configuration files may call what it sends, and the fields that every event of the backend has.
GIVEN = {"spl": set(), "kql": {"TimeGenerated", "Computer"}, "esql": {"@timestamp"}}
STRING = {"spl": r'"(?:\\.|[^"\\])*"', "kql": r'@?"(?:\\.|[^"\\])*"|@?\'[^\']*\'', "esql": r'"(?:\\.|[^"\\])*"'}
COMMENT = {"spl": r"```.*?```", "kql": r"//[^\n]*", "esql": r"//[^\n]*"}


@functools.lru_cache
def our_fields():
    """The names of the field catalogue."""
    return set(re.findall(r'\[PK_FIELD_\w+\] = \{ "(\w+)"', (SOURCE_DIR / "modules/engine/fields.c").read_text()))


@functools.lru_cache
def shipped_fields():
    """What the configurations of backends call what they send."""
    names = set()
    for path in (SOURCE_DIR / "conf.d").rglob("*.conf"):
        names |= set(re.findall(r"[\"']?([@\w][\w.@-]*)[\"']?\\?[\"']?=", path.read_text()))
        names |= set(re.findall(r'"([\w.@]+)\\?" *[:(]', path.read_text()))
    return names


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
    known = our_fields() | shipped_fields() | GIVEN[kind] | made
    words = set(WORDS[kind].split())
    foreign = sorted({name for name in names if name not in known and name.lower() not in words})
    if foreign:
        raise ValueError(f"no shipped configuration sends {', '.join(foreign)}")
    if not any(name in our_fields() | shipped_fields() for name in names):
        raise ValueError("it asks for no field of ours")


# ---- SQL ------------------------------------------------------------------------


def _objects(*words, given=None):
    done = subprocess.run([COMMAND, *map(str, words)], input=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=False)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


@functools.lru_cache
def alerts():
    """Of all captures, each played by itself, as two log hosts' relays would have written them."""
    found = []
    for path in sorted(CAPTURES.glob("*.log")):
        found += _objects("replay", "--format", "json", "--min-confidence", "low", *WHEN, path)
    found += _objects("replay", "--format", "json", *WHEN, "-", given=proven_knock())
    return found


def proven_knock():
    """The worked example of a confirmed knock."""
    text = (SOURCE_DIR / "doc" / "how-it-decides.md").read_text()
    return re.search(r"^```log confirmed\.log\n(.*?)^```", text, re.S | re.M).group(1).encode()


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


def _load(database, table, rows):
    columns = sorted({name for row in rows for name in row} | our_fields() | {"time", "host"})
    database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    marks = ", ".join("?" * len(columns))
    for row in rows:
        database.execute(f"INSERT INTO {table} VALUES ({marks})", [row.get(name) for name in columns])


def run_sql(text):
    """Every statement must give at least one row."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(os.path.join(folder, "alerts.db"))
        try:
            _load(database, "alerts", alerts())
            _load(database, "findings", findings())
            for statement in filter(str.strip, text.split(";")):
                if not database.execute(statement).fetchall():
                    raise ValueError(f"no row on replayed alerts:\n{statement.strip()}")
        except sqlite3.Error as error:
            raise ValueError(error) from error
        finally:
            database.close()
