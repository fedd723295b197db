# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""The code blocks of a Markdown document, with what is said about them.

A block is fenced, and the first word after the fence is its kind.  A second word
is the name under which it is kept, so that later blocks can read it:

    ```log knock.log

HTML comments above a fence say how it is tested:

    <!-- not run: REASON; tested by PATH -->      another test does it
    <!-- only parsed: REASON -->                  nothing here can do it; its syntax is checked
"""

import re

FENCE = re.compile(r"^( *)(`{3,}|~{3,})(.*)$")
LIST_ITEM = re.compile(r"^ *([-*+]|\d+[.)]) ")
COMMENT = re.compile(r"^ *<!-- *(not run|only parsed): *(.*?) *-->$", re.S)
TESTED_BY = re.compile(r"^(.+?); tested by (\S+(?:(?:,| and) \S+)*)$", re.S)


class BadBlock(Exception):
    """A block that is not written as the rules say; the text says where and why."""


class Block:
    """line: of the fence.  kind: "" where there is none.  name: of the file, or None.
    how: None, "not run" or "only parsed"; reason; tested_by: paths."""

    def __init__(self, path, line, info, text, comment):
        words = info.split()
        self.path, self.line, self.text = path, line, text
        self.kind = words[0] if words else ""
        self.name = words[1] if len(words) > 1 else None
        self.how, self.reason, self.tested_by = self._read_comment(comment)

    def _read_comment(self, comment):
        match = COMMENT.match(comment)
        if not match:
            return None, "", []
        how, reason = match.group(1), " ".join(match.group(2).split())
        if how == "only parsed":
            if not reason:
                raise BadBlock(f"{self}: only parsed, but why?")
            return how, reason, []
        told = TESTED_BY.match(reason)
        if not told:
            raise BadBlock(f"{self}: not run, but which test does it? Write: not run: REASON; tested by PATH")
        return how, told.group(1), re.split(r", | and ", told.group(2))

    def __str__(self):
        return f"{self.path}:{self.line} ({self.kind or 'no kind'})"


def _comment_before(lines, at):
    """The HTML comment that ends in the line before, or before the empty line before."""
    at -= 1
    if at >= 0 and not lines[at].strip():
        at -= 1
    if at < 0 or not lines[at].rstrip().endswith("-->"):
        return ""
    first = at
    while first > 0 and "<!--" not in lines[first]:
        first -= 1
    return "\n".join(lines[first : at + 1])


def _end_of_fence(path, lines, at, marks):
    for end in range(at + 1, len(lines)):
        if lines[end].strip().startswith(marks) and not lines[end].strip().strip(marks[0]):
            return end
    raise BadBlock(f"{path}:{at + 1}: a fence without an end")


def _is_indented_code(lines, at, last_text):
    """Four blanks after an empty line are code, unless a list item goes on there."""
    return (
        lines[at].startswith("    ")
        and at > 0
        and not lines[at - 1].strip()
        and not LIST_ITEM.match(lines[at])
        and not LIST_ITEM.match(last_text)
    )


def read_blocks(path, text):
    """All blocks of a document, in their order."""
    lines, blocks, at, last_text = text.split("\n"), [], 0, ""
    while at < len(lines):
        fence = FENCE.match(lines[at])
        if fence:
            end = _end_of_fence(path, lines, at, fence.group(2))
            indent = len(fence.group(1))
            inside = "\n".join(line[indent:] if not line[:indent].strip() else line for line in lines[at + 1 : end])
            blocks.append(Block(path, at + 1, fence.group(3), inside + "\n", _comment_before(lines, at)))
            at = end
        elif _is_indented_code(lines, at, last_text):
            raise BadBlock(f"{path}:{at + 1}: an indented block says not what it is; fence it with its kind")
        elif lines[at].strip() and not lines[at].startswith(" ") or LIST_ITEM.match(lines[at]):
            last_text = lines[at]
        at += 1
    return blocks
