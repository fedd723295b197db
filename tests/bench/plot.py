# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Bars as SVG, by nothing but the standard library."""

import dataclasses
from xml.sax.saxutils import escape

WIDTH = 920
LABEL_WIDTH = 330
VALUE_WIDTH = 90
BAR_HEIGHT, BAR_GAP = 18, 8
TITLE_HEIGHT, PANEL_GAP = 44, 26
# Of a value: less would be a smudge.
SPREAD_MIN = 0.01
HEAD_HEIGHT = 16
FONT = "font-family='DejaVu Sans, Helvetica, Arial, sans-serif'"
# Ours, a peer, what both are compared with; the first two differ in lightness too.
COLOURS = {"ours": "#1b5e8c", "peer": "#d99a4e", "base": "#9a9a9a"}


@dataclasses.dataclass
class Bar:
    label: str
    value: float
    text: str  # as it is written beside the bar
    kind: str = "peer"
    spread: tuple = ()  # lowest and highest


@dataclasses.dataclass
class Panel:
    """Bars of one unit.  A target is a line across them."""

    title: str
    note: str
    bars: list
    target: float = None
    target_text: str = ""

    def height(self):
        return TITLE_HEIGHT + len(self.bars) * (BAR_HEIGHT + BAR_GAP) + PANEL_GAP


def _text(x, y, words, size=12, anchor="start", weight="normal", colour="#222"):
    # The white rim keeps it readable where a line crosses.
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' {FONT} font-size='{size}' text-anchor='{anchor}' font-weight='{weight}'"
        f" fill='{colour}' stroke='#fff' stroke-width='3' paint-order='stroke'>{escape(words)}</text>"
    )


def _rect(x, y, width, height, colour):
    return f"<rect x='{x:.1f}' y='{y:.1f}' width='{max(width, 0.5):.1f}' height='{height:.1f}' fill='{colour}'/>"


def _line(x1, y1, x2, y2, colour, dash=""):
    return (
        f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}' stroke-width='1.3'"
        f"{' stroke-dasharray=' + repr(dash) if dash else ''}/>"
    )


def _draw_bar(bar, y, scale):
    middle = y + BAR_HEIGHT / 2
    yield _text(LABEL_WIDTH - 8, middle + 4, bar.label, anchor="end")
    yield _rect(LABEL_WIDTH, y, bar.value * scale, BAR_HEIGHT, COLOURS[bar.kind])


def _write_value(bar, y, scale):
    middle, end = y + BAR_HEIGHT / 2, bar.value * scale
    if bar.spread and bar.spread[1] - bar.spread[0] > SPREAD_MIN * bar.value:
        low, high = (LABEL_WIDTH + value * scale for value in bar.spread)
        yield _line(low, middle, high, middle, "#222")
        for x in (low, high):
            yield _line(x, middle - 4, x, middle + 4, "#222")
        end = max(end, high - LABEL_WIDTH)
    yield _text(LABEL_WIDTH + end + 7, middle + 4, bar.text)


def _draw_panel(panel, top):
    highest = max([bar.value for bar in panel.bars] + [max(bar.spread, default=0) for bar in panel.bars])
    scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / max(highest, panel.target or 0, 1e-9)
    first = top + TITLE_HEIGHT
    bottom = first + len(panel.bars) * (BAR_HEIGHT + BAR_GAP)
    places = [first + i * (BAR_HEIGHT + BAR_GAP) for i in range(len(panel.bars))]
    yield _text(12, top + 16, panel.title, 14, weight="bold")
    yield _text(12, top + 33, panel.note, 11, colour="#555")
    yield _line(LABEL_WIDTH, first - 4, LABEL_WIDTH, bottom - 4, "#222")
    for bar, y in zip(panel.bars, places):
        yield from _draw_bar(bar, y, scale)
    if panel.target:
        x = LABEL_WIDTH + panel.target * scale
        yield _line(x, first - 4, x, bottom, "#b00020", "5,3")
        yield _text(x, bottom + 11, panel.target_text, 11, "middle", colour="#b00020")
    for bar, y in zip(panel.bars, places):
        yield from _write_value(bar, y, scale)


def draw(panels, title):
    """The SVG text of panels, one below the other."""
    height = HEAD_HEIGHT + 40 + sum(panel.height() for panel in panels)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{height}' viewBox='0 0 {WIDTH} {height}'"
        f" role='img'><title>{escape(title)}</title>",
        f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>",
        _text(12, 26, title, 16, weight="bold"),
    ]
    for x, kind, word in ((560, "ours", "port-knock"), (680, "peer", "others"), (780, "base", "compared with")):
        parts += [_rect(x, 14, 14, 14, COLOURS[kind]), _text(x + 20, 26, word)]
    top = HEAD_HEIGHT + 36
    for panel in panels:
        parts += _draw_panel(panel, top)
        top += panel.height()
    return "\n".join([*parts, "</svg>", ""])
