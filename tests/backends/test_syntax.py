#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Every shipped configuration passes `syslog-ng -s`, and none has a secret in it."""

import re
import unittest

from backend import CONF_DIR, BackendTest, Relay, shipped

SOURCE = "source s_src { network(ip(127.0.0.1) port({port})); };\n"
SHADOW = "shadow.conf"
# Ours may not be installed.
INCLUDES = f'@include "scl.conf"\n@include "{CONF_DIR / "scl" / "port-knock.conf"}"\n'
ONE_PARSER = "adoption/one-parser.conf"
# What stands between brackets of these is a secret.
SECRET = re.compile(r'\b(?:password|auth|token|sasl\.password)"?\("([^"]*)"\)|Authorization: \w+ ([^"]*)"')


def snippets():
    """What is included: all but relay.conf, which is whole, and the SCL blocks."""
    names = [str(path.relative_to(CONF_DIR)) for path in sorted(CONF_DIR.rglob("*.conf"))]
    return [name for name in names if name != "relay.conf" and not name.startswith("scl/")]


def whole(name):
    """The snippet with what it says it goes beside."""
    text = shipped(name)
    if name.startswith("backends/"):
        text = shipped(SHADOW) + text
    return INCLUDES + ("" if name == ONE_PARSER else SOURCE) + text


class Syntax(BackendTest):
    def check(self, config, version_line=None):
        relay = Relay(config)
        self.addCleanup(relay.remove)
        if version_line:
            conf = relay.dir / "conf"
            conf.write_text(version_line + conf.read_text().split("\n", 1)[1])
        return relay.check_syntax()

    def expect_good(self, config):
        done = self.check(config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("WARNING", done.stderr)

    def test_every_snippet_passes(self):
        names = snippets()
        self.assertGreaterEqual(len(names), 15)
        for name in names:
            with self.subTest(name=name):
                self.expect_good(whole(name))

    def test_all_backends_pass_together(self):
        backends = [shipped(name) for name in snippets() if name.startswith("backends/")]
        self.expect_good(whole(SHADOW) + "".join(backends))

    def test_relay_conf_passes_with_its_own_version_line(self):
        text = shipped("relay.conf")
        line, rest = re.search(r"^(@version: \S+\n)(.*)", text, re.M | re.S).groups()
        rest = rest.replace('@include "scl.conf"\n', INCLUDES)
        done = self.check(rest, line)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_broken_snippet_does_not_pass(self):
        broken = whole("backends/redis.conf").replace("redis(", "redis(nonsense(1) ")
        self.assertNotEqual(self.check(broken).returncode, 0)

    def test_a_snippet_has_no_version_line_of_its_own(self):
        for name in snippets():
            self.assertNotIn("@version", shipped(name), name)

    def test_secrets_are_names_of_variables_that_the_example_lists(self):
        listed = set(re.findall(r"^(PORT_KNOCK_\w+)=", shipped("backends/secrets.example"), re.M))
        found = set()
        for name in snippets():
            for groups in SECRET.findall(shipped(name)):
                secret = "".join(groups)
                self.assertRegex(secret, r"^`PORT_KNOCK_[A-Z]+_(PASSWORD|TOKEN)`$", name)
                found.add(secret.strip("`"))
        self.assertEqual(found, listed)

    def test_one_line_chooses_in_every_backend(self):
        for name in snippets():
            if name.startswith("backends/"):
                line = r'^filter f_port_knock_\w+ \{ tags\("port-knock\.alert"\); \};$'
                lines = re.findall(line, shipped(name), re.M)
                self.assertEqual(len(lines), 1, name)
                self.assertIn('"port-knock" what was recognised', shipped(name), name)


if __name__ == "__main__":
    unittest.main()
