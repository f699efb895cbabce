# SPDX-License-Identifier: LGPL-2.1-or-later
"""Text for a terminal: colour where there is one, and bars over time."""

import os
import sys

COLOURS = {"green": "32", "red": "31", "blue": "34", "dim": "2", "bold": "1"}


class Paper:
    """Where the text goes and what it can show."""

    def __init__(self, stream=None):
        self.stream = stream or sys.stdout
        self.colour = self.stream.isatty() and "NO_COLOR" not in os.environ
        encoding = (getattr(self.stream, "encoding", None) or "ascii").lower()
        self.bar = "█" if encoding.startswith("utf") else "#"

    def paint(self, name, text):
        return f"\033[{COLOURS[name]}m{text}\033[0m" if self.colour else text

    def line(self, text=""):
        print(text, file=self.stream, flush=True)


def milliseconds(usec):
    return f"{usec / 1000:.1f} ms"


def draw(paper, rows, width=44):
    """Bars for (name, start, duration, note), all in microseconds, on one scale."""
    first = min(start for _, start, _, _ in rows)
    last = max(start + duration for _, start, duration, _ in rows)
    scale = width / max(last - first, 1)
    names = max(len(name) for name, _, _, _ in rows)
    for name, start, duration, note in rows:
        before = min(int((start - first) * scale), width - 1)
        length = max(1, min(round(duration * scale), width - before))
        bar = " " * before + paper.paint("blue", paper.bar * length)
        after = " " * (width - before - length)
        paper.line(f"    {name:<{names}}  {bar}{after}  {milliseconds(duration):>10}  {note}".rstrip())
    paper.line(f"    {'':<{names}}  {'in all':>{width}}  {milliseconds(last - first):>10}")
