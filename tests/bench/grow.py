#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Grow the data partition with anteroot, and with parted, e2fsck and resize2fs from a shell.

The guest's own clock, in turns. anteroot: what its ROOT stage takes more than with storage.growData false, on an equal
disk; the ordinary boots of both are of one that has grown. Shell: from before the first tool to behind the last. Results: build/bench/grow.*.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from boot import growing, harness       # noqa: E402
from image import cache, kernel         # noqa: E402

FOLDER = cache.PROJECT / "build/bench"
SIZE_MIB = 16 * 1024
TOOLS = ("dash", "mount", "umount", "modprobe", "parted", "e2fsck", "resize2fs")
ROWS = ("anteroot", "anteroot, growData false", "shell")
KIND = growing.Kind()


def libraries(program):
    """What a program is linked with."""
    return re.findall(r"(/\S+) \(0x", cache.run(["ldd", program]))


def shell_initramfs(base, folder, script="rival-grow.sh", tools=TOOLS):
    """anteroot's initramfs, for its modules, with the tools and another /init behind it."""
    tree = folder / "tree"
    for name in ("bin", "proc", "sys", "dev", "sysroot", "data", "etc"):
        (tree / name).mkdir(parents=True)
    for name in tools:
        program = cache.run(["sh", "-c", f"command -v {name}"]).strip()
        for file in {program, *libraries(program)}:
            target = tree / file[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(Path(file).read_bytes())
            target.chmod(0o755)
        (tree / "bin" / name).write_bytes(Path(program).read_bytes())
        (tree / "bin" / name).chmod(0o755)
    (tree / "bin/sh").symlink_to("dash")
    (tree / "init").write_bytes(Path(__file__).with_name(script).read_bytes())
    (tree / "init").chmod(0o755)
    (tree / "etc/mtab").symlink_to("/proc/mounts")
    packed = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], cwd=tree, check=True,
                            input="\n".join(str(path.relative_to(tree))
                                            for path in sorted(tree.rglob("*"))).encode(),
                            stdout=subprocess.PIPE).stdout
    path = folder / "shell.img"
    path.write_bytes(base.read_bytes() + packed)
    return path


def machine(image, device):
    return harness.Machine(image, append="panic=1", options=growing.options(device, KIND))


def by_anteroot(image, device):
    """Microseconds of the ROOT stage."""
    with machine(image, device) as vm:
        stages = vm.report().report["stages"]
        vm.wait_exit()
    return next(stage["duration_usec"] for stage in stages if stage["name"] == "root")


def by_shell(image, device):
    """Microseconds between the two marks."""
    with machine(image, device) as vm:
        vm.wait_for("BENCH end")
        vm.wait_exit()
        stamps = [float(re.search(rf"\[ *([\d.]+)\] BENCH {word}", vm.console)[1])
                  for word in ("start", "end")]
    return int((stamps[1] - stamps[0]) * 1e6)


def turn(images, folder):
    """Row -> (first boot, ordinary boot), microseconds."""
    def fresh():
        return growing.flashed(KIND, folder, SIZE_MIB)

    own, without, shell = ROWS
    not_grown = by_anteroot(images[without], fresh())
    by_tools = fresh()
    tools = tuple(by_shell(images[shell], by_tools) for _ in range(2))
    device = fresh()
    grown = by_anteroot(images[own], device)
    # one that is not counted: the kernel initialises what is new in the first seconds after growing
    by_anteroot(images[without], device)
    ordinary = {row: by_anteroot(images[row], device) for row in (own, without)}
    return {own: (grown, ordinary[own]), without: (not_grown, ordinary[without]), shell: tools}


def table(turns):
    """Markdown: medians in milliseconds."""
    def median(row, which):
        return statistics.median(one[row][which] for one in turns) / 1000

    lines = ["| | first boot, ms | ordinary boot, ms |", "|---|---:|---:|"]
    own, without, shell = ([median(row, which) for which in (0, 1)] for row in ROWS)
    lines += [f"| {name} | {first:.1f} | {second:.1f} |" for name, (first, second) in (
        ("ROOT stage of anteroot", own), ("the same, growData false", without),
        ("**growing, anteroot** (the difference)", [a - b for a, b in zip(own, without)]),
        ("**growing, parted, e2fsck, resize2fs**", shell))]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    FOLDER.mkdir(parents=True, exist_ok=True)
    program, without = cache.PROJECT / "build/anteroot", FOLDER / "grow-not.json"
    without.write_text('{"storage": {"growData": false}}', encoding="ascii")
    own = kernel.initramfs(program)
    with tempfile.TemporaryDirectory(prefix="grow-") as name:
        images = dict(zip(ROWS, (
            own, kernel.initramfs(program, "--file", f"{without}:/etc/anteroot/anteroot.json"),
            shell_initramfs(own, Path(name)))))
        turns = []
        for number in range(runs):
            turns.append(turn(images, Path(name)))
            print(f"  {number + 1}/{runs}  {turns[-1]}", file=sys.stderr, flush=True)
    (FOLDER / "grow.json").write_text(json.dumps(turns, indent=1), encoding="ascii")
    (FOLDER / "grow.md").write_text(table(turns), encoding="ascii")
    print(table(turns))
    return 0


if __name__ == "__main__":
    sys.exit(main())
