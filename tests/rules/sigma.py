# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""What of Sigma's specification (version 2.1) our rules use: a checker of its demands and a matcher of records.

Strings are compared without regard to case, regular expressions with it; * and ? are wildcards.  Correlations are
value_count and temporal_ordered.
"""

import datetime
import fnmatch
import re
import uuid

import yaml

STATUS = ("stable", "test", "experimental", "deprecated", "unsupported")
LEVELS = ("informational", "low", "medium", "high", "critical")
RELATIONS = ("derived", "obsolete", "merged", "renamed", "similar")
CORRELATIONS = ("event_count", "value_count", "temporal", "temporal_ordered")
COMPARISONS = ("gt", "gte", "lt", "lte", "eq", "neq")
TAG = re.compile(r"^[a-z0-9_-]+\.[a-z0-9._-]+$")
ATTACK_TAG = re.compile(
    r"^attack\.(t\d{4}(\.\d{3})?|g\d{4}|s\d{4}|initial-access|execution|persistence|privilege-escalation"
    r"|defense-evasion|credential-access|discovery|lateral-movement|collection|exfiltration|command-and-control"
    r"|impact)$")
TOP_LEVEL = {"title", "id", "name", "related", "taxonomy", "status", "description", "license", "author", "references",
             "date", "modified", "logsource", "detection", "correlation", "generate", "fields", "falsepositives",
             "level", "tags", "scope"}
# category, or product and service, as Sigma's taxonomy names them, with the fields that our rules may ask of each.
PROCESS_FIELDS = {"Image", "CommandLine", "ParentImage", "ParentCommandLine", "OriginalFileName", "User"}
LOGSOURCES = {
    (("category", "process_creation"), ("product", "linux")): PROCESS_FIELDS,
    (("category", "process_creation"), ("product", "windows")): PROCESS_FIELDS,
    (("category", "ps_script"), ("product", "windows")): {"ScriptBlockText"},
    (("category", "firewall"),): {"action", "src_ip", "src_port", "dst_ip", "dst_port"},
    (("product", "linux"), ("service", "syslog")): set(),
    (("product", "windows"), ("service", "firewall-as")): {"EventID", "Action", "Direction", "Active",
                                                           "ModifyingApplication"},
}
MODIFIERS = {"contains", "startswith", "endswith", "all", "re", "cased"}


class _Loader(yaml.SafeLoader):
    """Dates stay text; a key that stands twice is an error."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.YAMLError(f"line {node.start_mark.line + 1}: twice: {twice}")
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [entry for entry in entries if entry[0] != "tag:yaml.org,2002:timestamp"]
    for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text):
    return yaml.load(text, Loader=_Loader)


# ---- the specification ------------------------------------------------------------


def complaints(rule):
    """What the specification, or the taxonomy, has against it."""
    found = [f"{key}: no such field" for key in rule if key not in TOP_LEVEL]
    found += _check_head(rule)
    if ("detection" in rule) == ("correlation" in rule):
        found.append("one of detection and correlation")
    elif "detection" in rule:
        found += _check_logsource(rule) + _check_detection(rule)
    else:
        found += _check_correlation(rule["correlation"])
    return found


def _check_head(rule):
    found = []
    title = rule.get("title")
    if not isinstance(title, str) or not 0 < len(title) <= 256:
        found.append("title: 1 to 256 characters")
    try:
        if uuid.UUID(rule.get("id", "")).version != 4:
            found.append("id: a UUID of version 4")
    except ValueError:
        found.append("id: no UUID")
    if rule.get("status") not in STATUS:
        found.append(f"status: one of {STATUS}")
    if rule.get("level") not in LEVELS:
        found.append(f"level: one of {LEVELS}")
    for key in ("date", "modified"):
        try:
            datetime.date.fromisoformat(rule.get(key, "2026-11-25"))
        except (TypeError, ValueError):
            found.append(f"{key}: YYYY-MM-DD")
    for key in ("description", "author"):
        if not isinstance(rule.get(key), str):
            found.append(f"{key}: a text")
    found += [f"{key}: a list of different texts" for key in ("references", "falsepositives", "tags")
              if not _is_list_of_texts(rule.get(key))]
    found += [f"tags: {tag}" for tag in rule.get("tags") or [] if not TAG.match(tag)
              or tag.startswith("attack.") and not ATTACK_TAG.match(tag)]
    found += [f"related: {entry}" for entry in rule.get("related", [])
              if set(entry) != {"id", "type"} or entry["type"] not in RELATIONS]
    return found


def _is_list_of_texts(value):
    return (isinstance(value, list) and len(value) > 0 and len(set(map(str, value))) == len(value)
            and all(isinstance(text, str) and len(text) >= 2 for text in value))


def _source(rule):
    return tuple(sorted((key, value) for key, value in rule["logsource"].items() if key != "definition"))


def _check_logsource(rule):
    if not isinstance(rule.get("logsource"), dict) or _source(rule) not in LOGSOURCES:
        return [f"logsource: {rule.get('logsource')}"]
    return []


def _check_detection(rule):
    detection = rule["detection"]
    searches = {name: value for name, value in detection.items() if name != "condition"}
    if not isinstance(detection.get("condition"), str):
        return ["condition: a text"]
    found = []
    for name, search in searches.items():
        for item in search if isinstance(search, list) else [search]:
            found += _check_search(rule, name, item)
    try:
        used = parse_condition(detection["condition"], searches)[1]
        found += [f"{name}: the condition does not use it" for name in searches if name not in used]
    except ValueError as error:
        found.append(f"condition: {error}")
    return found


def _check_search(rule, name, item):
    if not isinstance(item, dict):
        return [] if isinstance(item, (str, int)) else [f"{name}: {item}"]
    found = []
    for key, values in item.items():
        field, *modifiers = key.split("|")
        if field and field not in LOGSOURCES.get(_source(rule), set()):
            found.append(f"{name}: no field {field} in this log source")
        found += [f"{name}: no modifier {word}" for word in modifiers if word not in MODIFIERS]
        for value in values if isinstance(values, list) else [values]:
            if "re" in modifiers:
                try:
                    re.compile(value)
                except re.error as error:
                    found.append(f"{name}: {value}: {error}")
    return found


def _check_correlation(correlation):
    found = []
    if correlation.get("type") not in CORRELATIONS:
        found.append(f"type: one of {CORRELATIONS}")
    for key in ("rules", "group-by"):
        if not _is_list_of_texts(correlation.get(key)):
            found.append(f"{key}: a list of texts")
    if not re.match(r"^\d+[smhd]$", str(correlation.get("timespan"))):
        found.append("timespan: a number and s, m, h or d")
    condition = correlation.get("condition")
    if correlation.get("type") in ("event_count", "value_count"):
        comparisons = {key: value for key, value in (condition or {}).items() if key != "field"}
        if not comparisons or any(key not in COMPARISONS or not isinstance(value, int)
                                  for key, value in comparisons.items()):
            found.append("condition: comparisons with integers")
    if correlation.get("type") == "value_count" and not isinstance((condition or {}).get("field"), str):
        found.append("condition: field")
    return found


# ---- conditions -------------------------------------------------------------------


def parse_condition(text, searches):
    """(function of the set of matching search names to bool, names that it uses); ValueError where it is none."""
    tokens = re.findall(r"\(|\)|[\w*]+|\S", text)
    used = set()

    def names(pattern):
        chosen = [name for name in searches if pattern == "them" or fnmatch.fnmatchcase(name, pattern)]
        if not chosen:
            raise ValueError(f"no search is called {pattern}")
        used.update(chosen)
        return chosen

    def take(expected=None):
        if not tokens or expected and tokens[0] != expected:
            raise ValueError(f"{expected or 'more'} expected at {tokens[:3]}")
        return tokens.pop(0)

    def primary():
        token = take()
        if token == "(":
            inner = alternatives()
            take(")")
            return inner
        if token == "not":
            inner = primary()
            return lambda true: not inner(true)
        if token in ("1", "all", "any") and tokens[:1] == ["of"]:
            take("of")
            chosen, quantifier = names(take()), all if token == "all" else any
            return lambda true: quantifier(name in true for name in chosen)
        (name,) = names(token)
        return lambda true: name in true

    def chain(part, word, quantifier):
        parts = [part()]
        while tokens[:1] == [word]:
            take()
            parts.append(part())
        return lambda true: quantifier(one(true) for one in parts)

    def conjunction():
        return chain(primary, "and", all)

    def alternatives():
        return chain(conjunction, "or", any)

    decide = alternatives()
    if tokens:
        raise ValueError(f"nothing expected at {tokens[:3]}")
    return decide, used


# ---- records ----------------------------------------------------------------------


def _wildcards(value):
    """As a regular expression; \\* and \\? are themselves, a backslash else is one."""
    parts = re.findall(r"\\[*?\\]|.", value, re.S)
    return "".join({"*": ".*", "?": "."}.get(part) or re.escape(part[1:] if len(part) > 1 else part) for part in parts)


def _value_matches(text, value, modifiers):
    if "re" in modifiers:
        return re.search(value, text) is not None
    pattern = _wildcards(str(value))
    if "contains" in modifiers or "endswith" in modifiers:
        pattern = ".*" + pattern
    if "contains" in modifiers or "startswith" in modifiers:
        pattern += ".*"
    flags = re.S if "cased" in modifiers else re.S | re.I
    return re.fullmatch(pattern, text, flags) is not None


def _search_matches(record, search):
    """record: field to value; the raw text under "" is what keywords are looked for in."""
    if isinstance(search, list):
        return any(_search_matches(record, item) for item in search)
    if not isinstance(search, dict):
        return _value_matches(record.get("", ""), search, ["contains"])
    for key, values in search.items():
        field, *modifiers = key.split("|")
        if field not in record:
            return False
        values = values if isinstance(values, list) else [values]
        quantifier = all if "all" in modifiers else any
        more = modifiers if field else modifiers + ["contains"]
        if not quantifier(_value_matches(str(record[field]), value, more) for value in values):
            return False
    return True


def rule_matches(rule, record):
    searches = {name: value for name, value in rule["detection"].items() if name != "condition"}
    decide, _ = parse_condition(rule["detection"]["condition"], searches)
    return decide({name for name, search in searches.items() if _search_matches(record, search)})


# ---- correlations -----------------------------------------------------------------


def _seconds(timespan):
    return int(timespan[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[timespan[-1]]


def _compare(count, condition):
    tests = {"gt": count.__gt__, "gte": count.__ge__, "lt": count.__lt__, "lte": count.__le__, "eq": count.__eq__,
             "neq": count.__ne__}
    return all(tests[key](value) for key, value in condition.items() if key != "field")


def _groups(correlation, hits):
    """hits: (time, rule, record)."""
    groups = {}
    for hit in sorted(hits, key=lambda hit: hit[0]):
        groups.setdefault(tuple(hit[2].get(field) for field in correlation["group-by"]), []).append(hit)
    return groups


def value_count(correlation, hits):
    """(time, record) of each group that satisfies the condition in a window that ends with one of its hits, once."""
    span, field, found = _seconds(correlation["timespan"]), correlation["condition"]["field"], []
    for group in _groups(correlation, hits).values():
        for time, _, record in group:
            values = {one[field] for at, _, one in group if time - span <= at <= time}
            if _compare(len(values), correlation["condition"]):
                found.append((time, record))
                break
    return found


def temporal_ordered(correlation, hits):
    """The same, of groups in which hits of the rules follow one another within the time."""
    span, found = _seconds(correlation["timespan"]), []
    for group in _groups(correlation, hits).values():
        if any(_follow(correlation["rules"], group[i:], group[i][0] + span) for i in range(len(group))):
            found.append((group[-1][0], group[-1][2]))
    return found


def _follow(rules, hits, deadline):
    wanted = list(rules)
    for time, rule, _ in hits:
        if wanted and rule == wanted[0] and time <= deadline:
            wanted.pop(0)
    return not wanted
