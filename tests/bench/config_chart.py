# SPDX-License-Identifier: LGPL-2.1-or-later
"""The results of config.py as tables (Markdown) and as a chart (SVG)."""

import chart
import documents
import scaling

PLACES = {"memory": "root on a tmpfs", "disk": "root on the disk"}
COLUMNS = ("bytes", "first, ms", "again, ms", "check, ms", "--json, ms", "memory, MB", "--json, MB")
COLORS = ("#0969da", "#1a7f37", "#9a6700", "#cf222e")
LEFT, RIGHT, HEIGHT = 60, 210, 170


def ms(usec):
    return f"{usec / 1000:.2f}"


def mb(count):
    return f"{count / 1e6:.2f}"


def job_table(place, rows):
    """One line for each row of the same job."""
    least = rows["anteroot-cold"]["usec"]["median"]
    head = (f"{PLACES[place]}; ms of processor time", "median", "min", "max", "x", "memory, MB")
    return chart.grid([head] + [
        (row["title"], *(ms(row["usec"][which]) for which in ("median", "min", "max")),
         f"{row['usec']['median'] / least:.1f}", mb(row["kib"] * 1024)) for row in rows.values()])


def point_cells(title, point):
    """What one document took."""
    return (title, f"{point['bytes']:,}",
            *(ms(point["usec"][how]["median"]) for how in scaling.HOWS),
            mb(scaling.memory_bytes(point)), mb(scaling.memory_bytes(point, ("report",))))


def series_table(series):
    """One line for each size; how it grows below them."""
    lines = [(series["title"], *COLUMNS)]
    lines += [point_cells(f"{point['size']}{series['unit']}", point) for point in series["points"]]
    lines.append(("twice as much, x", "", *(f"{series['growth'][how]:.2f}" for how in scaling.HOWS),
                  "", ""))
    lines.append(("each one more, us", "",
                  *(f"{series['fit'][how]['usec_each']:.1f}" for how in scaling.HOWS), "", ""))
    return chart.grid(lines)


def group_table(title, group):
    """One line for each document of a group."""
    lines = [(title, *COLUMNS)]
    for series in group.values():
        lines += [point_cells(" ".join(filter(None, (str(point["size"] or ""), series["title"]))),
                              point) for point in series["points"]]
    return chart.grid(lines)


def conditions(results):
    """How the figures came about, and what they depend on."""
    env = results["environment"]
    return (f"{results['runs']} turns, medians; the roots of growing configurations are on a "
            f"tmpfs. \"Twice\": the largest time(2n) / time(n), each a median over turns. "
            f"Memory: the largest ru_maxrss.\n"
            f"{env['processor']}, {env['processors']} processors, Linux {env['kernel']}; "
            f"{env['jq']}, {env['openssl']}, {env['shell']}.\n")


def text(results):
    """Everything in Markdown."""
    parts = [job_table(place, results["job"][place]) for place in PLACES]
    parts += [series_table(series) for series in results["series"].values()]
    parts.append(group_table("hostile values", results["hostile"]))
    parts.append(group_table("refused", results["refused"]))
    parts.append(conditions(results))
    parts.append("".join(f"- {goal['goal']}: {goal['seen']}"
                         f"{'' if goal['reached'] else ' - MISSED'}\n"
                         for goal in results["goals"]))
    return "\n".join(parts)


def curve(points, place, color, title, label_y):
    """One series: its dots, the line through them, and its name behind the last."""
    dots = [place(x, y) for x, y in points]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in dots)
    end = dots[-1][0]
    return (f'<path d="M{path}" stroke="{color}" stroke-width="1.5" fill="none"/>'
            + "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{color}"/>' for x, y in dots)
            + chart.text(end + 8, label_y + 4, title, color=color, size=12))


def spread_out(heights, least=15):
    """Heights of labels, moved apart where they would lie on each other."""
    placed, last = {}, None
    for i in sorted(range(len(heights)), key=lambda i: heights[i]):
        last = heights[i] if last is None else max(heights[i], last + least)
        placed[i] = last
    return [placed[i] for i in range(len(heights))]


def plot(y, title, curves, unit, x_words):
    """Curves over one pair of axes; curves: (title, [(x, y)]). Returns the SVG and where it ends."""
    right, top, bottom = chart.WIDTH - RIGHT, y + 34, y + 34 + HEIGHT
    x_max = max(x for _, points in curves for x, _ in points)
    y_max = max(y for _, points in curves for _, y in points)

    def place(x, value):
        return LEFT + x * (right - LEFT) / x_max, bottom - value * HEIGHT / y_max

    labels = spread_out([place(*points[-1])[1] for _, points in curves])
    parts = [chart.text(16, y + 16, title, size=15, weight="600"),
             f'<path d="M{LEFT} {top}V{bottom}H{right}" stroke="{chart.GRID}" fill="none"/>',
             chart.text(LEFT - 8, top + 5, f"{y_max:.3g}", "end", chart.MUTED, 12),
             chart.text(LEFT - 8, bottom + 4, f"0 {unit}", "end", chart.MUTED, 12),
             chart.text(right, bottom + 18, f"{x_max} {x_words}", "end", chart.MUTED, 12)]
    parts += [curve(points, place, color, name, label)
              for (name, points), color, label in zip(curves, COLORS, labels)]
    return "".join(parts), bottom + 40


def times(series, how):
    return [(point["size"], point["usec"][how]["median"] / 1000) for point in series["points"]]


def memory(series):
    return [(point["size"], scaling.memory_bytes(point) / 1e6) for point in series["points"]]


def job_panel(y, rows):
    def label(row):
        return f"{row['usec']['median'] / 1000:.2f} ms"

    return chart.panel(y, f"The same configuration delivered: processor time, {PLACES['memory']}",
                       list(rows.values()), lambda row: row["usec"]["median"], label,
                       lambda row: (row["usec"]["min"], row["usec"]["max"]))


def hostile_panel(y, hostile, limit_bytes):
    """Peak memory of each hostile document beside what it is to stay below."""
    rows = [{"name": "limit", "title": "the goal", "mb": limit_bytes / 1e6}] + [
        {"name": "anteroot", "title": series["title"], "mb": memory(series)[-1][1]}
        for series in hostile.values()]
    return chart.panel(y, f"Peak memory of {documents.VALUES_MAX} hostile values", rows,
                       lambda row: row["mb"], lambda row: f"{row['mb']:.2f} MB")


def svg(results, limit_bytes):
    """The same job, then what grows, one below the other."""
    counted = [series for series in results["series"].values() if not series["unit"]]
    large = results["series"]["bytes"]
    panels = (
        lambda y: job_panel(y, results["job"]["memory"]),
        lambda y: plot(y, "First delivery: processor time of more and more keys",
                       [(series["title"], times(series, "cold")) for series in counted], "ms",
                       "keys"),
        lambda y: plot(y, "The same: peak memory",
                       [(series["title"], memory(series)) for series in counted], "MB", "keys"),
        lambda y: plot(y, "A few large udev rules: processor time",
                       [(how, times(large, which)) for how, which in
                        (("first delivery", "cold"), ("again", "warm"), ("check", "check"))],
                       "ms", "KiB"),
        lambda y: plot(y, "The same: peak memory", [("largest", memory(large))], "MB", "KiB"),
        lambda y: hostile_panel(y, results["hostile"], limit_bytes),
    )
    parts, y = [], 16
    for draw in panels:
        drawn, y = draw(y)
        parts.append(drawn)
    env = results["environment"]
    parts.append(chart.text(16, y, f"Medians of {results['runs']} turns; {env['processor']}, Linux "
                            f"{env['kernel']}; {env['jq']}, {env['openssl']}, {env['shell']}",
                            color=chart.MUTED, size=11))
    return chart.sheet(parts, y, "anteroot's configuration beside shell and jq, and how it grows")
