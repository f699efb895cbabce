#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boot anteroot, the limit, dracut and initramfs-tools side by side, and compare.

One machine boots at a time, and the rows take turns, so that what else the
computer does falls on all of them. Root is not needed. Results: build/bench/.
"""

import argparse
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import chart            # noqa: E402
import images           # noqa: E402
import measure          # noqa: E402
from boot import harness        # noqa: E402
from image import cache         # noqa: E402

FOLDER = cache.PROJECT / "build/bench"
MAIN = ("anteroot", "limit", "dracut", "anteroot-dracut", "initramfs-tools", "anteroot-initramfs-tools")
LIMIT_TIMES = 1.5
DRACUT_TIMES = 8
SIZE_BYTES = 1_200_000


def say(line):
    print(line, file=sys.stderr, flush=True)


def check_whole_job(boot):
    """What is measured must be the main job with nothing left out."""
    report = boot.target.report
    if report["decided"]["config"] != "read" or not report["delivered"]:
        raise harness.BootError("anteroot has not delivered the configuration")
    wrong = [item for item in report["delivered"] if item["action"] == "failed"]
    # the machine has no watchdog, and a candidate is told so
    warnings = [text for text in report["warnings"] if "watchdog" not in str(text)]
    if wrong or warnings or report["decided"]["failed"]:
        raise harness.BootError(f"anteroot had troubles: {wrong} {warnings}")


def loaded(boot):
    """Names of the modules that anteroot inserted, in order."""
    return [module["name"] for module in boot.target.report["modules"]]


def in_kernel(boot):
    return {line.split()[0] for line in boot.target.items["modules"].splitlines()}


def rows_of(options):
    """Everything to boot. The limit's modules are those of one boot of anteroot."""
    ours = images.anteroot()
    first = measure.boot(ours, options.board)
    check_whole_job(first)
    limit = images.limit(loaded(first))
    second = measure.boot(limit, options.board)
    if in_kernel(first) != in_kernel(second):
        raise harness.BootError(f"the limit has other modules than anteroot: "
                                f"{sorted(in_kernel(first) ^ in_kernel(second))}")
    rows = [ours, limit, *images.others(), *images.insiders()] + ([] if options.main_rows else images.variants())
    return [row for row in rows if row.name in MAIN or options.rows.search(row.name)]


def measure_all(rows, options):
    """Row name -> its boots, taken in turn."""
    boots = {row.name: [] for row in rows}
    for turn in range(options.runs):
        for row in rows:
            boot = measure.boot(row, options.board, log=FOLDER / f"{row.name}.log")
            if row.name.startswith("anteroot"):
                check_whole_job(boot)
            boots[row.name].append(boot)
            say(f"  {turn + 1}/{options.runs}  {row.title:<42} {boot.init:7.3f} s")
    return boots


def result_of(row, boots, memory):
    return {
        "name": row.name, "title": row.title, "main": row.name in MAIN,
        "init_seconds": measure.summary(boot.init for boot in boots),
        "total_seconds": measure.summary(boot.total for boot in boots),
        "bytes": row.bytes, "unpacked_bytes": row.unpacked_bytes,
        "memory_mib": memory.get(row.name),
    }


def goals(results):
    """(what was wanted, what was seen, whether it is reached)."""
    rows = results["rows"]
    ours, limit, dracut = (rows[name]["init_seconds"]["median"]
                           for name in ("anteroot", "limit", "dracut"))
    size = rows["anteroot"]["bytes"]
    return [
        {"goal": f"at most {LIMIT_TIMES} x the limit", "seen": f"{ours / limit:.2f} x",
         "reached": ours <= LIMIT_TIMES * limit},
        {"goal": f"at least {DRACUT_TIMES} x faster than dracut", "seen": f"{dracut / ours:.1f} x",
         "reached": dracut >= DRACUT_TIMES * ours},
        {"goal": f"initramfs of at most {SIZE_BYTES / 1e6:.1f} MB", "seen": f"{size / 1e6:.2f} MB",
         "reached": size <= SIZE_BYTES},
    ]


def conditions(results):
    """A few lines on how the figures came about."""
    env = results["environment"]
    return (f"{results['runs']} boots each, in turn. QEMU {env['qemu']}, {env['accelerator']}, "
            f"machine {env['machine']}, processors: {env['guest_processors']}, "
            f"{env['memory_mib']} MiB; "
            f"Linux {env['kernel']}; {env['processor']}.\n"
            f"dracut {results['versions']['dracut-core']}, initramfs-tools "
            f"{results['versions']['initramfs-tools-core']}. Images compressed with "
            f"{results['compress']}. Memory: the smallest -m that reaches the target.\n")


def write(results):
    """The three files, and the text that is also printed."""
    lines = [f"- {goal['goal']}: {goal['seen']}{'' if goal['reached'] else ' - MISSED'}"
             for goal in results["goals"]]
    text = f"{chart.table(results)}\n{conditions(results)}\n" + "\n".join(lines) + "\n"
    (FOLDER / "results.md").write_text(text, encoding="utf-8")
    (FOLDER / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (FOLDER / "results.svg").write_text(chart.svg(results), encoding="utf-8")
    return text


def run(options):
    cache.announce = say
    FOLDER.mkdir(parents=True, exist_ok=True)
    environment = measure.environment(options.board)
    if environment["load_at_start"] > 0.7:
        say(f"bench: the computer is busy (load {environment['load_at_start']:.1f}): "
            "the figures will be too")
    rows = rows_of(options)
    boots = measure_all(rows, options)
    memory = {}
    if options.memory:
        say("smallest memory of each row")
        memory = measure.smallest_memories([row for row in rows if row.name in MAIN],
                                           options.board)
    results = {
        "runs": options.runs, "compress": images.COMPRESS, "environment": environment,
        "versions": images.versions(), "modules": loaded(boots["anteroot"][0]),
        "rows": {row.name: result_of(row, boots[row.name], memory) for row in rows},
    }
    results["goals"] = goals(results)
    print(write(results), end="")
    print(f"written: {FOLDER.relative_to(cache.PROJECT)}/results.md, .json, .svg")
    return all(goal["reached"] for goal in results["goals"])


def add_board(parser):
    """The arguments that make a measure.Board."""
    usual = measure.Board()
    parser.add_argument("--machine", default=usual.name, choices=("q35", "pc"),
                        help=f"QEMU's board ({usual.name})")
    parser.add_argument("--processors", type=int, default=usual.processors, metavar="N",
                        help=f"of the machine ({usual.processors})")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=7, metavar="N", help="boots of each row (7)")
    add_board(parser)
    parser.add_argument("--rows", type=re.compile, default=re.compile(""), metavar="PATTERN",
                        help="besides the main rows only those whose name matches")
    parser.add_argument("--main-rows", action="store_true",
                        help="leave out anteroot's other wrappings")
    parser.add_argument("--no-memory", dest="memory", action="store_false",
                        help="leave out the search for the smallest memory")
    parser.add_argument("--no-goals", dest="goals", action="store_false",
                        help="exit 0 also when a goal is missed")
    options = parser.parse_args()
    options.board = measure.Board(options.machine, options.processors)
    return options


def main():
    options = parse_arguments()
    try:
        reached = run(options)
    except (harness.BootError, cache.ToolError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 3
    return 0 if reached or not options.goals else 1


if __name__ == "__main__":
    sys.exit(main())
