#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where anteroot's time goes: by stage, by module, and what it asks of the disk.

Medians over several boots, each beside one of the limit. The times are those
of anteroot's own report.json; nothing is added to the boot to get them.
"""

import argparse
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import bench            # noqa: E402
import images           # noqa: E402
import measure          # noqa: E402
from boot import harness        # noqa: E402
from image import cache         # noqa: E402

DISK = ("rd_operations", "rd_bytes", "wr_operations", "flush_operations")


def stage_of(wanted):
    """The stage that loads a module on the bench's disk, by what it was loaded for."""
    if ":" in wanted:           # a modalias
        return "early"
    if wanted == "fs-ext4":
        return "root"
    return "target" if wanted == "fs-overlay" else "boot"


def pieces(boot):
    """Name -> milliseconds, of one boot of anteroot; together they are the whole time."""
    report = boot.target.report
    modules = {}
    for module in report["modules"]:
        stage = stage_of(module["wanted"])
        modules[stage] = modules.get(stage, 0) + module["usec"] / 1000
    found = {}
    for stage in report["stages"]:
        inserted = modules.get(stage["name"], 0)
        if inserted:
            found[f"{stage['name']}: modules"] = inserted
        found[f"{stage['name']}: the rest"] = stage["duration_usec"] / 1000 - inserted
    found["exec of /init, of the target, report"] = boot.init * 1000 - sum(found.values())
    return found


def module_times(boot):
    return {module["name"]: module["usec"] / 1000 for module in boot.target.report["modules"]}


def medians(dicts):
    """Key -> median over all dicts, in the order of the first."""
    return {key: statistics.median(each[key] for each in dicts) for key in dicts[0]}


def disk_use(row, board):
    """How often the disk was asked, from QEMU's counters when the target has powered off."""
    with measure.machine(row, board, options=("-no-shutdown",)) as vm:
        vm.report()
        (stats,) = [drive["stats"] for drive in vm.qmp.command("query-blockstats")]
        return {name: stats[name] for name in DISK}


def show(title, values, whole):
    print(f"\n{title}")
    for name, value in values.items():
        print(f"  {name:<38} {value:8.1f} ms {100 * value / whole:5.1f} %")


def run(runs, board):
    ours = images.anteroot()
    boots = [measure.boot(ours, board)]
    limit = images.limit(bench.loaded(boots[0]))
    least = [measure.boot(limit, board)]
    for _ in range(runs - 1):
        boots.append(measure.boot(ours, board))
        least.append(measure.boot(limit, board))
    whole = statistics.median(boot.init for boot in boots) * 1000
    least_ms = statistics.median(boot.init for boot in least) * 1000
    print(f"/init to target, median of {runs}: anteroot {whole:.0f} ms, "
          f"the limit {least_ms:.0f} ms, ratio {whole / least_ms:.2f}")
    show("By stage", medians([pieces(boot) for boot in boots]), whole)
    modules = medians([module_times(boot) for boot in boots])
    show("By module", dict(sorted(modules.items(), key=lambda pair: -pair[1])), whole)
    print(f"  {'all modules':<38} {sum(modules.values()):8.1f} ms "
          f"{100 * sum(modules.values()) / whole:5.1f} %")
    print("\nAsked of the disk, until power off: " + ", ".join(DISK))
    for row in (ours, limit):
        use = disk_use(row, board)
        print(f"  {row.title:<12} " + ", ".join(f"{use[name]:,}" for name in DISK))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=7, metavar="N", help="boots of each (7)")
    bench.add_board(parser)
    options = parser.parse_args()
    try:
        run(options.runs, measure.Board(options.machine, options.processors))
    except (harness.BootError, cache.ToolError) as error:
        print(f"where: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
