#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Every command, configuration, query and datum in README.md and doc/ does what the document says.

HACKING.md says how a block is written.  test_documents.py DOCUMENT... checks these only.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
from blocks import BadBlock, read_blocks
from document import SOURCE_DIR, Document, Failure, has_module
from queries import BACKENDS

NEEDS_MODULE = {"syslog-ng", "config"}
FENCE = "```"


def documents():
    given = [argument for argument in sys.argv[1:] if argument.endswith(".md")]
    return given or ["README.md", *sorted(str(path.relative_to(SOURCE_DIR)) for path in SOURCE_DIR.glob("doc/*.md"))]


def run_document(path, text):
    """(what went wrong, number of blocks by how they were tested)."""
    wrong, counts = [], {"run": 0, "not run": 0, "only parsed": 0}
    try:
        blocks = read_blocks(path, text)
    except BadBlock as error:
        return [str(error)], counts
    with tempfile.TemporaryDirectory(prefix="port-knock-doc.") as scratch:
        document = Document(path, scratch)
        for block in blocks:
            if block.kind in NEEDS_MODULE and not has_module():
                continue
            try:
                document.run_block(block)
                counts[block.how or "run"] += 1
            except (BadBlock, Failure, subprocess.TimeoutExpired) as error:
                wrong.append(str(error))
    return wrong, counts


class Documents(unittest.TestCase):
    def test_every_block_does_what_the_document_says(self):
        for path in documents():
            with self.subTest(path):
                wrong, counts = run_document(path, (SOURCE_DIR / path).read_text())
                print(f"{path}: {', '.join(f'{number} {how}' for how, number in counts.items())}")
                self.assertEqual(wrong, [], "\n".join(wrong))

    def test_links_to_files_and_headings_lead_somewhere(self):
        for path in documents():
            text = (SOURCE_DIR / path).read_text()
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if not re.match(r"[a-z]+:", target):
                    with self.subTest(path, target=target):
                        self.assert_leads_somewhere(path, target)

    def assert_leads_somewhere(self, path, target):
        file, _, anchor = target.partition("#")
        found = (SOURCE_DIR / path).parent / file if file else SOURCE_DIR / path
        self.assertTrue(found.exists(), f"{path}: there is no {target}")
        if anchor:
            headings = re.findall(r"^#+ (.*)$", found.read_text(), re.M)
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            self.assertIn(anchor, anchors, path)


# Documents that must not pass, and a part of what must be said of them.
PLANTED = {
    "no kind": (f"{FENCE}\nmake\n{FENCE}\n", "nobody knows how to test"),
    "an unknown kind": (f"{FENCE}perl\nprint 1\n{FENCE}\n", "nobody knows how to test"),
    "an indented block": ("Run\n\n    make\n", "an indented block"),
    "a fence without an end": (f"{FENCE}sh\nmake\n", "without an end"),
    "a command that fails": (f"{FENCE}sh\nfalse\n{FENCE}\n", "exit status 1"),
    "a command in the middle that fails": (f"{FENCE}sh\nfalse\ntrue\n{FENCE}\n", "exit status 1"),
    "another output": (f"{FENCE}sh\necho a\n{FENCE}\n{FENCE}output\nb\n{FENCE}\n", "the output is"),
    "an output of nothing": (f"{FENCE}output\nb\n{FENCE}\n", "no sh block right before"),
    "an output that stopped early": (f"{FENCE}sh\necho a; pwd\n{FENCE}\n{FENCE}output\na\n{FENCE}\n", "the output"),
    "an option that is none": (f"{FENCE}syslog-ng\nport-knock(windows(3));\n{FENCE}\n", "windows"),
    "a value out of range": (f"{FENCE}config\nwindow(0)\n{FENCE}\n", "window"),
    "JSON with a comma too much": (f'{FENCE}json\n{{"a": 1,}}\n{FENCE}\n', "line 1"),
    "a door that is none": (f'{FENCE}json\n{{"entries": [{{"id": "a"}}]}}\n{FENCE}\n', "exit status 2"),
    "shell that does not parse": (f"<!-- only parsed: no ufw here -->\n{FENCE}sh\nif\n{FENCE}\n", "exit status 2"),
    "only parsed for no reason": (f"<!-- only parsed: -->\n{FENCE}sh\ntrue\n{FENCE}\n", "but why"),
    "not run and no test": (f"<!-- not run: I am lazy -->\n{FENCE}sh\ntrue\n{FENCE}\n", "which test does it"),
    "no such test": (f"<!-- not run: slow; tested by tests/none.py -->\n{FENCE}sh\n{FENCE}\n", "there is no"),
    "SQL with a wrong field": (f"{FENCE}sql\nSELECT srcip FROM port_knock\n{FENCE}\n", "srcip"),
    "SQL that finds nothing": (f"{FENCE}sql\nSELECT 1 FROM port_knock WHERE 0\n{FENCE}\n", "no row"),
    "SPL with a wrong field": (f"{FENCE}spl\nindex=x | stats count by srcip\n{FENCE}\n", "srcip"),
    "KQL with a wrong field": (f"{FENCE}kql\nPortKnock_CL | where srcip == \"a\"\n{FENCE}\n", "srcip"),
    "ES|QL with a wrong field": (f"{FENCE}esql\nFROM \"a\" | WHERE srcip == \"a\"\n{FENCE}\n", "srcip"),
    "a log that nobody can read": (f"{FENCE}log\na\n{FENCE}\n", "needs a name"),
    "an ini file that is none": (f"{FENCE}ini\nno section\n{FENCE}\n", "ini"),
}


class Planted(unittest.TestCase):
    def test_what_is_wrong_is_noticed(self):
        for name, (text, complaint) in PLANTED.items():
            with self.subTest(name):
                if re.match(r"```(syslog-ng|config)", text) and not has_module():
                    continue
                if re.match(r"```(spl|esql)", text) and not BACKENDS.exists():
                    continue
                wrong, _ = run_document("planted.md", text)
                self.assertTrue(wrong, "it passed")
                self.assertIn(complaint, wrong[0])

    def test_what_is_right_passes(self):
        text = (
            f"1. A list\n\n    goes on.\n\n{FENCE}log a.log\nx\n{FENCE}\n"
            f"{FENCE}sh\nprintf 'a\\nb\\nc\\n'; test -e a.log\n{FENCE}\n"
            f"{FENCE}output\na\n...\nc\n{FENCE}\n\n"
            f"<!-- not run: slow;\n     tested by tests/run-test and tests/check-layers.sh -->\n\n"
            f"{FENCE}sh\nfalse\n{FENCE}\n"
        )
        self.assertEqual(run_document("planted.md", text), ([], {"run": 3, "not run": 1, "only parsed": 0}))


if __name__ == "__main__":
    unittest.main(argv=[argument for argument in sys.argv if not argument.endswith(".md")])
