# SPDX-License-Identifier: LGPL-2.1-or-later
"""One boot, measured: the clock is the guest's, the kernel's own timestamps."""

import os
import platform
import re
import statistics
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Optional

from boot import harness
from image import cache, disk, kernel

MEMORY_MIB = 256
# A failure ends the machine instead of waiting for a person; and on a busy computer the kernel
# would take its emulated timer for broken.
ARGUMENTS = "panic=1 no_timer_check"

STAMP = r"\[ *(\d+\.\d+)\] "
INIT = re.compile(STAMP + "Run /init as init process")
MARKER = re.compile(STAMP + "ANTEROOT-TARGET pid=1 slot-marker=A ")


class Board(NamedTuple):
    """The machine, which is the same for every row."""

    # QEMU's default, with the slower start of virtio; q35 is quicker for every row
    name: str = "pc"
    processors: int = 1


class Row(NamedTuple):
    """One thing to boot."""

    name: str
    title: str
    initrd: Path
    arguments: str = ""
    unpacked_bytes: int = 0
    disk: Optional[Path] = None     # another than the fresh one

    @property
    def bytes(self):
        return self.initrd.stat().st_size


class Boot(NamedTuple):
    """Seconds of one boot, and what the target saw."""

    kernel: float       # from power on to "Run /init"
    init: float         # from there to the target's first line
    target: harness.Target
    lines: tuple        # of the console

    @property
    def total(self):
        return self.kernel + self.init


def machine(row, board, memory_mib=MEMORY_MIB, **options):
    """A machine that boots the row."""
    return harness.Machine(row.initrd, [row.disk or disk.image(disk.Disk())],
                           f"{ARGUMENTS} {row.arguments}".strip(), machine=board.name,
                           memory_mib=memory_mib, smp=board.processors, **options)


def boot(row, board, log=None):
    """Boot once to the target's first line."""
    with machine(row, board, log=log) as vm:
        target = vm.report()
        _, start = vm.wait_for(INIT)
        _, end = vm.wait_for(MARKER, 10)
        begin = float(start.group(1))
        return Boot(begin, float(end.group(1)) - begin, target,
                    tuple(line.text for line in vm.lines))


def reaches_target(row, board, memory_mib):
    """Whether the row boots with so little memory."""
    try:
        with machine(row, board, memory_mib, limit=60) as vm:
            vm.report()
            return True
    except harness.BootError:
        return False


def smallest_memory(row, board, step=2):
    """The smallest -m, in MiB, that reaches the target: every process and file counts in it."""
    fails, works = 32, MEMORY_MIB
    while works - fails > step:
        middle = (fails + works) // 2 // step * step
        if reaches_target(row, board, middle):
            works = middle
        else:
            fails = middle
    return works


def smallest_memories(rows, board):
    """Of all rows, as many at a time as there are processors: no clock is read here."""
    with ThreadPoolExecutor(max(1, (os.cpu_count() or 2) // 2 * 2)) as pool:
        found = pool.map(lambda row: smallest_memory(row, board), rows)
        return dict(zip((row.name for row in rows), found))


def summary(values):
    """Median, smallest and largest, and all of them."""
    values = list(values)
    return {"median": statistics.median(values), "min": min(values), "max": max(values),
            "runs": values}


def processor():
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.machine()


def environment(board):
    """What the figures depend on."""
    version = cache.run(["qemu-system-x86_64", "--version"]).split("\n")[0]
    return {
        "processor": processor(), "processors": os.cpu_count(),
        "load_at_start": os.getloadavg()[0],
        "qemu": version.rpartition(" version ")[2], "accelerator": harness.accelerator(),
        "machine": board.name, "guest_processors": board.processors,
        "memory_mib": MEMORY_MIB, "kernel": kernel.kernel().version,
    }
