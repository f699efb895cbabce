# SPDX-License-Identifier: LGPL-2.1-or-later
"""What anteroot spends on configurations of growing size."""

import statistics

import documents
import measure

# report: delivered with all of report.json, which a boot writes
DELIVERIES = ("cold", "warm", "check")
HOWS = (*DELIVERIES, "report")


def run_once(folder, statuses):
    """How -> what it took, of the configuration in the folder."""
    root = folder.root()
    return {
        "cold": folder.apply(root, statuses=statuses),
        "warm": folder.apply(root, statuses=statuses),
        "check": folder.check(statuses=(0, 1)),
        "report": folder.apply(root, "--json", statuses=statuses),
    }


def run_series(folder, series, statuses):
    """Size -> how -> what it took."""
    found = {}
    for size in series.sizes:
        (folder.boot / "config.json").write_text(series.text(size), encoding="ascii")
        found[size] = run_once(folder, statuses)
    return found


def point(series, size, turns):
    """The figures of one size over all turns."""
    return {
        "size": size, "bytes": len(series.text(size)),
        "usec": {how: measure.summary(turn[size][how].usec for turn in turns) for how in HOWS},
        "kib": {how: max(turn[size][how].kib for turn in turns) for how in HOWS},
    }


def doublings(points):
    """Neighbours of which the second is twice the first."""
    return [pair for pair in zip(points, points[1:]) if pair[1]["size"] == 2 * pair[0]["size"]]


def growth(points, how):
    """The largest of time(2n) / time(n); each is a median over turns, as both take turns."""
    def ratio(less, more):
        pairs = zip(less["usec"][how]["runs"], more["usec"][how]["runs"])
        return statistics.median(second / first for first, second in pairs)

    return max((ratio(*pair) for pair in doublings(points)), default=None)


def fit(points, how):
    """Microseconds that are always spent, and those for each unit more: least squares."""
    line = statistics.linear_regression([point["size"] for point in points],
                                        [point["usec"][how]["median"] for point in points])
    return {"fixed_usec": line.intercept, "usec_each": line.slope}


def result_of(series, turns):
    points = [point(series, size, turns) for size in series.sizes]
    return {"title": series.title, "unit": series.unit, "points": points,
            "growth": {how: growth(points, how) for how in HOWS},
            "fit": {how: fit(points, how) for how in HOWS} if len(points) > 2 else None}


def memory_bytes(point, hows=DELIVERIES):
    """Peak memory of what is asked of one document."""
    return max(point["kib"][how] for how in hows) * 1024


def measure_group(folder, group, runs, statuses, say):
    """Series name -> its result; the series take turns."""
    turns = {series.name: [] for series in group}
    for turn in range(runs):
        for series in group:
            turns[series.name].append(run_series(folder, series, statuses))
        say(f"  {turn + 1}/{runs}  {', '.join(series.title for series in group)}")
    return {series.name: result_of(series, turns[series.name]) for series in group}


def measure_all(folder, runs, say):
    """The three groups. What is hostile takes long, and so fewer turns."""
    few = max(3, runs // 3)
    return {
        "series": measure_group(folder, documents.SERIES, runs, (0, 1), say),
        "hostile": measure_group(folder, documents.HOSTILE, few, (0, 1), say),
        "refused": measure_group(folder, documents.REFUSED, few, (2,), say),
    }
