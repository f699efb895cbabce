#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Deliver a configuration with anteroot and with shell and jq, and let it grow.

Processor time (user and system), not time on the clock: the medians hold on a
busy computer too. The rows take turns. Results: build/bench/config.*.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import config_chart     # noqa: E402
import documents        # noqa: E402
import images           # noqa: E402
import job              # noqa: E402
import measure          # noqa: E402
import scaling          # noqa: E402
from image import cache         # noqa: E402

FOLDER = cache.PROJECT / "build/bench"
MEMORY = Path("/dev/shm")
TITLES = {
    "anteroot-cold": "anteroot, first delivery",
    "anteroot-warm": "anteroot, nothing to write",
    "anteroot-keep": "anteroot, with a state partition",
    "anteroot-check": "anteroot check",
    "shell-cold": "shell and jq, first delivery",
    "shell-warm": "shell and jq, again",
}
JOB_USEC = 5000
SHELL_TIMES = 50
GROWTH_TIMES = 2.6
MEMORY_BYTES = 4_000_000
HOSTILE_BYTES = 12_000_000   # no configuration of anybody: it must fit a small device, no more


def say(line):
    print(line, file=sys.stderr, flush=True)


def measure_job(folder, runs):
    """Place -> row -> its figures."""
    with tempfile.TemporaryDirectory(prefix="config-", dir=FOLDER) as disk:
        jobs = {"memory": job.Job(folder), "disk": job.Job(Path(disk))}
        turns = {place: [] for place in jobs}
        for turn in range(runs):
            for place, one in jobs.items():
                turns[place].append(one.turn())
            last = turns["memory"][-1]
            say(f"  {turn + 1}/{runs}  anteroot {last['anteroot-cold'].usec / 1000:.2f} ms, "
                f"shell and jq {last['shell-cold'].usec / 1000:.2f} ms")
    return {place: {name: row_of(name, list_of) for name in TITLES}
            for place, list_of in turns.items()}


def row_of(name, turns):
    return {"name": name, "title": TITLES[name],
            "usec": measure.summary(turn[name].usec for turn in turns),
            "kib": max(turn[name].kib for turn in turns)}


def goal(words, seen, reached):
    return {"goal": words, "seen": seen, "reached": reached}


def job_goals(rows):
    medians = {name: row["usec"]["median"] for name, row in rows.items()}
    found = [goal(f"{TITLES[name]}: less than {JOB_USEC / 1000:.0f} ms",
                  f"{medians[name] / 1000:.2f} ms", medians[name] < JOB_USEC)
             for name in ("anteroot-cold", "anteroot-warm")]
    times = medians["shell-cold"] / medians["anteroot-cold"]
    return found + [goal(f"at least {SHELL_TIMES} x faster than shell and jq", f"{times:.0f} x",
                         times >= SHELL_TIMES)]


def growth_goal(words, group, hows):
    value, title = max((series["growth"][how], series["title"])
                       for series in group.values() for how in hows)
    return goal(f"{words}: twice as much takes at most {GROWTH_TIMES} x the time",
                f"{value:.2f} x ({title})", value <= GROWTH_TIMES)


def memory_goal(words, group, hows, limit=MEMORY_BYTES):
    value, title = max((scaling.memory_bytes(point, hows), series["title"])
                       for series in group.values() for point in series["points"])
    return goal(f"{words}: less than {limit / 1e6:.0f} MB of memory",
                f"{value / 1e6:.2f} MB ({title})", value < limit)


def growth_goals(results):
    """What holds for deliveries, and for those with a report, as they are at a boot."""
    sizes = (("up to 1000 keys or 256 KiB", "series", MEMORY_BYTES),
             (f"{documents.VALUES_MAX} hostile values", "hostile", HOSTILE_BYTES))
    found = []
    for hows, words in ((scaling.DELIVERIES, ""), (("report",), ", with the report")):
        for size, group, limit in sizes:
            found += [growth_goal(size + words, results[group], hows),
                      memory_goal(size + words, results[group], hows, limit)]
    return found + [memory_goal("what is refused", results["refused"], scaling.HOWS)]


def environment():
    """What the figures depend on."""
    return {"processor": measure.processor(), "processors": os.cpu_count(),
            "load_at_start": os.getloadavg()[0], "kernel": os.uname().release,
            "jq": cache.run(["jq", "--version"]).strip(),
            "openssl": cache.run(["openssl", "version"]).split(" (")[0].strip(),
            "shell": Path("/bin/sh").resolve().name}


def write(results):
    """The three files, and the text that is also printed."""
    text = config_chart.text(results)
    (FOLDER / "config.md").write_text(text, encoding="utf-8")
    (FOLDER / "config.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (FOLDER / "config.svg").write_text(config_chart.svg(results, MEMORY_BYTES), encoding="utf-8")
    return text


def run(runs):
    FOLDER.mkdir(parents=True, exist_ok=True)
    images.require(images.PROGRAM)
    results = {"runs": runs, "environment": environment()}
    with tempfile.TemporaryDirectory(prefix="anteroot-bench-", dir=MEMORY) as name:
        folder = Path(name)
        (folder / "job").mkdir()
        (folder / "scaling").mkdir()
        results["job"] = measure_job(folder / "job", runs)
        results.update(scaling.measure_all(job.Folder(folder / "scaling"), runs, say))
    results["goals"] = job_goals(results["job"]["memory"]) + growth_goals(results)
    print(write(results), end="")
    print(f"written: {FOLDER.relative_to(cache.PROJECT)}/config.md, .json, .svg")
    return all(one["reached"] for one in results["goals"])


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=15, metavar="N", help="turns (15)")
    parser.add_argument("--no-goals", dest="goals", action="store_false",
                        help="exit 0 also when a goal is missed")
    return parser.parse_args()


def main():
    options = parse_arguments()
    if os.geteuid() != 0:       # what is delivered belongs to root
        os.execvp("unshare", ["unshare", "--map-root-user", sys.executable, *sys.argv])
    try:
        reached = run(options.runs)
    except cache.ToolError as error:
        print(f"config: {error}", file=sys.stderr)
        return 3
    return 0 if reached or not options.goals else 1


if __name__ == "__main__":
    sys.exit(main())
