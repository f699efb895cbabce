# SPDX-License-Identifier: LGPL-2.1-or-later
"""The results as a table (Markdown) and as a chart (SVG)."""

from xml.sax.saxutils import escape

COLUMNS = ("", "/init to target, s", "min", "max", "x limit", "kernel to target, s",
           "initramfs, bytes", "unpacked", "memory, MiB")

INK, MUTED, GRID = "#1f2328", "#59636e", "#d1d9e0"
OURS, OTHER = "#0969da", "#8c959f"
LABEL_WIDTH, BAR_WIDTH, VALUE_WIDTH, ROW = 230, 330, 170, 26
WIDTH = LABEL_WIDTH + BAR_WIDTH + VALUE_WIDTH


def cells(row, limit_median):
    """One line of the table, as text."""
    init = row["init_seconds"]
    return (row["title"], f"{init['median']:.3f}", f"{init['min']:.3f}", f"{init['max']:.3f}",
            f"{init['median'] / limit_median:.2f}", f"{row['total_seconds']['median']:.2f}",
            f"{row['bytes']:,}", f"{row['unpacked_bytes']:,}",
            str(row.get("memory_mib") or "-"))


def grid(lines):
    """A Markdown table that is also readable as it is; the first line is its head."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]

    def draw(line):
        first, *rest = (word.rjust(width) if i else word.ljust(width)
                        for i, (word, width) in enumerate(zip(line, widths)))
        return "| " + " | ".join([first, *rest]) + " |"

    rule = "|" + "|".join("-" * (width + 1) + (":" if i else "-")
                          for i, width in enumerate(widths)) + "|"
    return "\n".join([draw(lines[0]), rule, *map(draw, lines[1:])]) + "\n"


def table(results):
    """All rows, and how much longer than the limit each takes."""
    limit_median = results["rows"]["limit"]["init_seconds"]["median"]
    return grid([COLUMNS] + [cells(row, limit_median) for row in results["rows"].values()])


def text(x, y, words, anchor="start", color=INK, size=13, weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}" '
            f'font-size="{size}" font-weight="{weight}">{escape(words)}</text>')


def bar(y, row, value, largest, label, spread=None):
    """A row: its title, a bar, the value beside it, and from where to where the runs lie."""
    scale = BAR_WIDTH / largest
    end = LABEL_WIDTH + value * scale
    color = OURS if row["name"].startswith("anteroot") else OTHER
    parts = [text(LABEL_WIDTH - 10, y + 15, row["title"], "end"),
             f'<rect x="{LABEL_WIDTH}" y="{y + 3}" width="{value * scale:.1f}" height="16" '
             f'rx="2" fill="{color}"/>']
    if spread:
        low, high = (LABEL_WIDTH + edge * scale for edge in spread)
        middle = y + 11
        parts.append(f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 4}v8'
                     f'M{high:.1f} {middle - 4}v8" stroke="{INK}" fill="none"/>')
        end = max(end, high)
    parts.append(text(end + 8, y + 15, label))
    return "".join(parts)


def panel(y, title, rows, value_of, label_of, spread_of=None):
    """A title and one bar for each row; returns the SVG and where it ends."""
    values = [value_of(row) for row in rows]
    spreads = [spread_of(row) if spread_of else None for row in rows]
    largest = max([*values, *(spread[1] for spread in spreads if spread)])
    parts = [text(16, y + 16, title, size=15, weight="600"),
             f'<path d="M{LABEL_WIDTH} {y + 28}v{len(rows) * ROW}" stroke="{GRID}"/>']
    for i, (row, value, spread) in enumerate(zip(rows, values, spreads)):
        parts.append(bar(y + 28 + i * ROW, row, value, largest, label_of(row), spread))
    return "".join(parts), y + 28 + len(rows) * ROW + 22


def sheet(parts, y, title):
    """The whole SVG, of parts that end at y."""
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 16}" '
            f'width="{WIDTH}" height="{y + 16}" font-family="sans-serif" role="img">'
            f'<title>{escape(title)}</title>'
            f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}</svg>\n')


def time_label(row, limit_median):
    median = row["init_seconds"]["median"]
    ratio = "" if row["name"] == "limit" else f"  ({median / limit_median:.2f} x limit)"
    return f"{median:.3f} s{ratio}"


def svg(results):
    """The main rows: time, size, memory, one below the other."""
    rows = [row for row in results["rows"].values() if row["main"]]
    limit_median = results["rows"]["limit"]["init_seconds"]["median"]
    env = results["environment"]
    parts, y = [], 16
    panels = [
        ("From “Run /init” to the target's first line: median, shortest to longest", rows,
         lambda row: row["init_seconds"]["median"], lambda row: time_label(row, limit_median),
         lambda row: (row["init_seconds"]["min"], row["init_seconds"]["max"])),
        (f"Size of the initramfs ({results['compress']})", rows,
         lambda row: row["bytes"] / 1e6, lambda row: f"{row['bytes'] / 1e6:.2f} MB", None),
    ]
    if all(row.get("memory_mib") for row in rows):
        panels.append(("Smallest memory that boots", rows, lambda row: row["memory_mib"],
                       lambda row: f"{row['memory_mib']} MiB", None))
    for words in panels:
        drawn, y = panel(y, *words)
        parts.append(drawn)
    foot = (f"{results['runs']} boots each, in turn; QEMU {env['qemu']} ({env['accelerator']}), "
            f"{env['machine']}, processors: {env['guest_processors']}; Linux {env['kernel']}; {env['processor']}")
    parts.append(text(16, y, foot, color=MUTED, size=11))
    return sheet(parts, y, "anteroot beside other initramfs programs")
