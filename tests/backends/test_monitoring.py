#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""doc/statistics.md and conf.d/monitoring: the names are those that there are, Prometheus
reads the rules and they fire, and Grafana could load the dashboard."""

import itertools
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from backend import CONF_DIR, SOURCE_DIR, BackendTest, version

DOCUMENT = (pathlib.Path(SOURCE_DIR) / "doc" / "statistics.md").read_text()
RULES = CONF_DIR / "monitoring" / "prometheus-rules.yml"
DASHBOARD = CONF_DIR / "monitoring" / "grafana-dashboard.json"
COLUMNS = 24


def rows():
    """Counter to (metric, label or "")."""
    found = re.findall(r"^\| `([a-z_*]+)` \| `([a-z_]+)`(?:, `([a-z]+)`)? \| .* \|$", DOCUMENT, re.M)
    return {counter: (metric, label) for counter, metric, label in found}


def promtool(*words):
    return subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, timeout=60)


def metrics_of(text):
    return set(re.findall(r"syslogng_(port_knock_\w+)", text))


class Statistics(BackendTest):
    def commands(self):
        found = re.findall(r"^(syslog-ng-ctl (?!stats prometheus).*)$", DOCUMENT, re.M)
        self.assertGreater(len(found), 1)
        return found

    def test_every_counter_has_a_row_and_every_row_a_counter(self):
        relay = self.backend()
        self.knock(relay)
        counters = set(relay.stats("p_port_knock"))
        table = rows()
        families = {name[:-1] for name in table if name.endswith("*")}
        plain = {name for name in table if not name.endswith("*")}
        of_families = {name for name in counters if any(name.startswith(family) for family in families)}
        self.assertEqual(counters - of_families, plain)
        for family in families:
            self.assertTrue([name for name in of_families if name.startswith(family)], family)

    def test_the_commands_of_the_document_show_them(self):
        relay = self.backend()
        self.knock(relay)
        relay.wait_lines(1, "alerts.log")
        for command in self.commands():
            words = command.replace("syslog-ng-ctl", f"syslog-ng-ctl -c {relay.dir / 'ctl'}", 1)
            words = re.sub(r"syslog-ng-ctl (-c \S+) (\w+)( get)?", r"syslog-ng-ctl \2\3 \1", words)
            done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, timeout=10)
            self.assertEqual((done.returncode, done.stderr), (0, ""), command)
            self.assertRegex(done.stdout, r"\Aparser[;.]p_port_knock[;.]1[;.]|\A1\n", command)

    def test_metrics_are_called_as_the_counters_are(self):
        levels = {"sources", "windows", "held_hits", "reserved_bytes", "state_bytes"}
        for counter, (metric, label) in rows().items():
            name = counter.removesuffix("_*")
            self.assertEqual(metric, f"port_knock_{name}" + ("" if name in levels else "_total"))
            self.assertEqual(bool(label), counter.endswith("*"), counter)
        if tuple(map(int, version().split("."))) >= (4, 1):
            self.expect_real_metrics()

    def expect_real_metrics(self):
        relay = self.backend()
        self.knock(relay)
        lines = self.control(relay, "stats", "prometheus")
        pattern = r'syslogng_(port_knock_\w+)\{(?=.*id="p_port_knock")(?=.*reference="1")(.*)\} \d+'
        found = {}
        for name, labels in (match.groups() for match in (re.fullmatch(pattern, line) for line in lines) if match):
            found.setdefault(name, set()).update(set(re.findall(r'(\w+)="', labels)) - {"id", "reference"})
        self.assertEqual(found, {metric: {label} - {""} for metric, label in rows().values()})


class Prometheus(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="port-knock-prometheus."))
        self.addCleanup(shutil.rmtree, self.folder)

    def test_promtool_reads_the_rules(self):
        done = promtool("check", "rules", RULES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("8 rules found", done.stdout)

    def test_rules_use_metrics_that_there_are(self):
        known = {metric for metric, _ in rows().values()}
        self.assertLessEqual(metrics_of(RULES.read_text()), known)

    def fires(self, series, at, wanted):
        """series: metric with labels to values of promtool's notation, one a minute."""
        inputs = "".join(f"      - series: '{name}'\n        values: '{values}'\n" for name, values in series.items())
        tests = "".join(
            f"      - alertname: {alert}\n        eval_time: {at}\n        exp_alerts: {self.expected(labels)}\n"
            for alert, labels in wanted.items()
        )
        path = self.folder / "test.yml"
        path.write_text(
            f"rule_files: [{RULES}]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n{inputs}"
            f"    alert_rule_test:\n{tests}"
        )
        done = promtool("test", "rules", path)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def expected(self, labels):
        if labels is None:
            return "[]"
        (name,) = [name for name in labels if name == "alertname"]
        texts = rf"alert: {labels[name]}\n.*?summary: (.*?)\n\s+description: (.*?)\n"
        ((summary, description),) = re.findall(texts, RULES.read_text(), re.S)
        own = {key: value for key, value in labels.items() if key != "alertname"}
        for key, value in own.items():
            description = description.replace("{{ $labels.%s }}" % key, value)
        return json.dumps([{"exp_labels": own, "exp_annotations": {"summary": summary, "description": description}}])

    def case(self, alert, severity):
        return {alert: {"alertname": alert, "severity": severity, "instance": "relay1", "id": "p_port_knock"}}

    def series(self, name, values, **labels):
        more = "".join(f',{key}="{value}"' for key, value in labels.items())
        return {f'syslogng_port_knock_{name}{{instance="relay1",id="p_port_knock",reference="1"{more}}}': values}

    def test_a_quiet_relay_that_works_raises_nothing(self):
        series = {
            **self.series("messages_total", "0+100x120"),
            **self.series("recognised_total", "0+10x120"),
            **self.series("alerts_total", "3+0x120", confidence="confirmed"),
            **self.series("unknown_prefix_total", "0x120"),
            **self.series("rate_limited_total", "0x120"),
            **self.series("evicted_sources_total", "0x120"),
            **self.series("evicted_windows_total", "0x120"),
        }
        alerts = re.findall(r"alert: (\w+)", RULES.read_text())
        self.assertEqual(len(alerts), 8)
        self.fires(series, "100m", {alert: None for alert in alerts})

    def test_each_rule_fires(self):
        self.fires(self.series("alerts_total", "0 0 0 1 1 1", confidence="confirmed"), "5m",
                   self.case("PortKnockConfirmed", "critical"))
        self.fires(self.series("alerts_total", "0 0 0 1 1 1", confidence="high"), "5m",
                   {**self.case("PortKnockSeen", "warning"), "PortKnockConfirmed": None})
        self.fires(self.series("messages_total", "5x60"), "40m", self.case("PortKnockSeesNothing", "warning"))
        self.fires({**self.series("messages_total", "0+100x120"), **self.series("recognised_total", "7x120")}, "100m",
                   self.case("PortKnockRecognisesNothing", "warning"))
        self.fires(self.series("unknown_prefix_total", "0 0 4 4 4"), "4m", self.case("PortKnockUnknownPrefix", "info"))
        evicted = {**self.series("evicted_sources_total", "0x20"), **self.series("evicted_windows_total", "0 0 2 2 2")}
        self.fires(evicted, "4m", self.case("PortKnockTableFull", "warning"))
        self.fires(self.series("rate_limited_total", "0 0 9 9 9"), "4m",
                   self.case("PortKnockAlertsHeldBack", "warning"))
        self.fires({}, "20m", {"PortKnockAbsent": {"alertname": "PortKnockAbsent", "severity": "warning"}})


class Grafana(unittest.TestCase):
    def setUp(self):
        self.dashboard = json.loads(DASHBOARD.read_text())
        self.panels = self.dashboard["panels"]

    def test_it_has_what_an_import_asks_for(self):
        for name, kind in (("title", str), ("uid", str), ("schemaVersion", int), ("version", int), ("tags", list),
                           ("time", dict), ("templating", dict), ("annotations", dict), ("panels", list)):
            self.assertIs(type(self.dashboard[name]), kind, name)
        self.assertNotIn("id", self.dashboard, "the number is the importing Grafana's")
        self.assertLessEqual(len(self.dashboard["uid"]), 40)
        self.assertGreaterEqual(self.dashboard["schemaVersion"], 36)
        variables = {one["name"]: one for one in self.dashboard["templating"]["list"]}
        self.assertEqual(variables["datasource"]["type"], "datasource")
        self.assertEqual(variables["instance"]["type"], "query")

    def test_panels_have_places_of_their_own(self):
        self.assertEqual(len({panel["id"] for panel in self.panels}), len(self.panels))
        cells = []
        for panel in self.panels:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], COLUMNS, panel["title"])
            sides = [range(place[at], place[at] + place[size]) for at, size in (("x", "w"), ("y", "h"))]
            cells += itertools.product(*sides)
        self.assertEqual(len(cells), len(set(cells)))

    def test_panels_are_of_kinds_that_come_with_grafana_and_ask_the_chosen_source(self):
        for panel in self.panels:
            self.assertIn(panel["type"], ("stat", "timeseries"), panel["title"])
            self.assertEqual(panel["datasource"], {"type": "prometheus", "uid": "${datasource}"})
            references = [target["refId"] for target in panel["targets"]]
            self.assertEqual(len(references), len(set(references)))
            self.assertTrue(panel["targets"])
            self.assertEqual(panel["fieldConfig"]["overrides"], [])

    def expressions(self):
        return [target["expr"] for panel in self.panels for target in panel["targets"]]

    def test_expressions_use_metrics_and_labels_that_there_are(self):
        known = {metric: label for metric, label in rows().values()}
        for expression in self.expressions():
            (metric,) = metrics_of(expression)
            self.assertIn(metric, known)
            for label in re.findall(r"by \((\w+)\)", expression):
                self.assertEqual(label, known[metric], expression)

    def test_promtool_reads_every_expression(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="port-knock-grafana."))
        self.addCleanup(shutil.rmtree, folder)
        rules = [{"record": f"panel:{i}", "expr": text} for i, text in enumerate(self.expressions())]
        (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
        done = promtool("check", "rules", "--lint=none", folder / "rules.yml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"{len(rules)} rules found", done.stdout)


if __name__ == "__main__":
    unittest.main()
