# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Runs or checks the code blocks of one document, in their order, in a scratch folder of its own.

The folder has var/log/ and etc/syslog-ng/ with the files that examples name; /var/log/ and /etc/syslog-ng/ in a block
stand for them.  The built command comes first on the path.
"""

import configparser
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from blocks import BadBlock
from queries import check_fields, run_sql

HERE = pathlib.Path(__file__).resolve().parent
SOURCE_DIR = pathlib.Path(os.environ.get("PK_SOURCE_DIR", HERE.parents[1])).resolve()
sys.path.insert(0, str(SOURCE_DIR / "tests" / "syslog-ng"))

# pylint: disable=wrong-import-position
from relay import COMMAND, MODULE_DIR, SCL_DIR, system_module_dir, version

DATA = SOURCE_DIR / "tests" / "cli" / "data"
SHELL_SECONDS = 60

# Statements that may stand at the top of a configuration.
TOP_LEVEL = re.compile(r"^ *(@|source\b|(parser|destination|filter)\s+\w+\s*\{|(log|options)\s*\{"
                       r"|(rewrite|template|block)\b)", re.M)


def has_module():
    """Whether syslog-ng is here, and our module was built for it."""
    return shutil.which("syslog-ng") is not None and os.path.exists(os.path.join(MODULE_DIR, "libport-knock.so"))


class Failure(Exception):
    """A block that does not do what the document says; the text is for people."""


class Document:
    """path: relative to the sources.  run() returns what was done with each block."""

    def __init__(self, path, scratch):
        self.path = path
        self.scratch = pathlib.Path(scratch)
        self.last_shell = None
        self._make_files()

    def _make_files(self):
        """What the documents' examples read."""
        logs, etc, programs = (self.scratch / name for name in ("var/log", "etc/syslog-ng", "bin"))
        for folder in (logs, etc, programs):
            folder.mkdir(parents=True)
        for name in ("ufw.log", "ufw.log.1", "kern.log"):
            shutil.copy(DATA / "knock-ufw.log", logs / name)
        subprocess.run("gzip -c ufw.log >ufw.log.2.gz", shell=True, cwd=logs, check=True)
        shutil.copy(DATA / "knock-ufw.log", self.scratch / "firewall.log")
        label = {"file": "firewall.log", "label": "knock", "src": ["198.51.100.7"]}
        (self.scratch / "labels.jsonl").write_text(json.dumps(label) + "\n")
        shutil.copy(SOURCE_DIR / "conf.d" / "allow.example", etc / "port-knock.allow")
        shutil.copy(SOURCE_DIR / "conf.d" / "known-sequences.json", self.scratch)
        program = programs / "port-knock"
        program.write_text(f'#!/bin/sh\nexec "{COMMAND}" "$@"\n')
        program.chmod(0o755)

    def run_block(self, block):
        """Raises Failure or BadBlock."""
        last, self.last_shell = self.last_shell, None
        if block.how == "not run":
            for path in block.tested_by:
                if not (SOURCE_DIR / path).exists():
                    raise BadBlock(f"{block}: there is no {path} that could test it")
            return
        checker = getattr(self, "check_" + re.sub(r"\W", "_", block.kind), None)
        if not block.kind or checker is None:
            raise BadBlock(f"{block}: nobody knows how to test this kind; see HACKING.md")
        if block.name:
            self._keep(block)
        if block.kind == "output":
            self.last_shell = last
        checker(block)

    def _keep(self, block):
        if "/" in block.name:
            raise BadBlock(f"{block}: a name without folders, please")
        (self.scratch / block.name).write_text(block.text)

    def _local(self, text):
        """The block's text with our folders instead of the machine's."""
        return re.sub(r"(?<![\w.])/(var/log|etc/syslog-ng)/", lambda match: f"{self.scratch}{match.group(0)}", text)

    # ---- shell ----------------------------------------------------------------

    def check_sh(self, block):
        script = self._local(block.text)
        if block.how == "only parsed":
            words = ["sh", "-n", "-c", script]
        else:
            words = ["sh", "-euc", script]
        environment = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC", PK_SOURCE_DIR=str(SOURCE_DIR),
                           PATH=f"{self.scratch}/bin:{os.environ['PATH']}:/usr/sbin:/sbin")
        done = subprocess.run(words, cwd=self.scratch, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=environment, timeout=SHELL_SECONDS, check=False)
        output = done.stdout.decode().replace(f"{self.scratch}/", "/")
        if done.returncode:
            raise Failure(f"{block}: exit status {done.returncode}\n{output}")
        self.last_shell = output

    def check_output(self, block):
        """What the shell block before it printed; "..." stands for any number of lines."""
        if self.last_shell is None:
            raise BadBlock(f"{block}: there is no sh block right before this output")
        pattern = "".join("(?:.*\n)*" if line == "..." else re.escape(line + "\n") for line in block.text.splitlines())
        if not re.fullmatch(pattern, self.last_shell):
            raise Failure(f"{block}: the output is\n{self.last_shell}")
        self.last_shell = None

    # ---- data -----------------------------------------------------------------

    def check_log(self, block):
        """Lines for a later block."""
        if not block.name:
            raise BadBlock(f"{block}: a log needs a name, so that something can read it")

    def check_text(self, block):
        """Pictures and forms: nothing that anybody could run."""

    def check_json(self, block):
        """A list of known sequences is read by the command as well."""
        try:
            value = json.loads(block.text)
        except ValueError as error:
            raise Failure(f"{block}: {error}") from error
        if isinstance(value, dict) and "entries" in value:
            path = self.scratch / "entries.json"
            path.write_text(block.text)
            self._must_pass(block, [COMMAND, "replay", "--known-sequences", path, self.scratch / "firewall.log"])

    def check_ini(self, block):
        try:
            configparser.ConfigParser(strict=False).read_string(block.text)
        except configparser.Error as error:
            raise Failure(f"{block}: {error}") from error

    def check_yaml(self, block):
        import yaml  # pylint: disable=import-outside-toplevel

        try:
            list(yaml.safe_load_all(block.text))
        except yaml.YAMLError as error:
            raise Failure(f"{block}: {error}") from error

    def check_nft(self, block):
        """nft reads it in a network namespace; without the right to make one it cannot say anything."""
        if os.geteuid() or not shutil.which("nft", path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            return
        script = self.scratch / "rules.nft"
        script.write_text(block.text)
        self._must_pass(block, ["unshare", "--net", "nft", "-c", "-f", script])

    # ---- configurations ---------------------------------------------------------

    def check_config(self, block):
        self.check_syslog_ng(block)

    def check_syslog_ng(self, block):
        conf = self.scratch / "syslog-ng.conf"
        conf.write_text(self.whole_configuration(block.text))
        self._must_pass(block, ["syslog-ng", "-s", "-f", conf, f"--module-path={MODULE_DIR}:{system_module_dir()}"])

    def whole_configuration(self, text):
        """What stands in a document is one statement often, or one option."""
        if text.lstrip().startswith("@version"):
            return re.sub(r"@version: *\S+", f"@version: {version()}", text, count=1)
        if re.match(r"\s*port-knock\(", text):
            text = f"parser p_document {{\n{text.rstrip().rstrip(';')};\n}};\n"
        elif not TOP_LEVEL.search(text):
            text = f"parser p_document {{ port-knock(\n{text}); }};\n"
        scl = '@include "scl.conf"\n' if re.search(r"\b(system|default-network-drivers|app-parser)\(", text) else ""
        return f'@version: {version()}\n{scl}@include "{SCL_DIR}/port-knock.conf"\n{text}'

    def _must_pass(self, block, words):
        done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=SHELL_SECONDS, check=False)
        if done.returncode:
            raise Failure(f"{block}: exit status {done.returncode}\n{done.stdout.decode()}")

    # ---- queries ----------------------------------------------------------------

    def check_sql(self, block):
        try:
            run_sql(block.text)
        except ValueError as error:
            raise Failure(f"{block}: {error}") from error

    def _check_query(self, block):
        try:
            check_fields(block.kind, block.text)
        except ValueError as error:
            raise Failure(f"{block}: {error}") from error

    check_spl = check_kql = check_esql = _check_query
