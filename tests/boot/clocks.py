# SPDX-License-Identifier: LGPL-2.1-or-later
"""Saved clocks written to a disk before its boot, and what a target and its report say of the time."""

import calendar
import time

from image import cache, disk
from image.disk import Disk

TINY = Disk()
SAVED = "2030-05-01 00:00:00"
PATIENCE = 120      # what a boot takes, and more, in seconds


def seconds(text):
    """Seconds since 1970 of "2030-05-01 00:00:00", UTC."""
    return calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S"))


class Disks:
    """A copy of a disk image, whose ext4 partitions are written to before its first boot."""

    def __init__(self, folder, description=TINY):
        self.description, self.folder, self.raw = description, folder, folder / "clock.raw"
        disk.export(description, self.raw)

    def debugfs(self, role, *commands):
        """Commands of debugfs(8) on a partition."""
        offset = disk.starts_mib(self.description)[role] * disk.MIB
        script = self.folder / "debugfs"
        script.write_text("\n".join(commands) + "\n", encoding="ascii")
        cache.run(["debugfs", "-w", "-f", script, f"{self.raw}?offset={offset}"])

    def put(self, role, path, data, mode=0o644, mtime=None):
        """A file, and the folders it is in."""
        scratch = self.folder / "put"
        scratch.write_bytes(data)
        parts = path.strip("/").split("/")
        made = [f"mkdir /{'/'.join(parts[:end])}" for end in range(1, len(parts))]
        self.debugfs(role, *made, f"rm {path}", f"write {scratch} {path}",
                     f"set_inode_field {path} mode 0{0o100000 | mode:o}")
        if mtime is not None:
            self.debugfs(role, f"set_inode_field {path} mtime 0x{mtime & 0xffffffff:x}",
                         f"set_inode_field {path} mtime_extra {((mtime + 0x80000000) >> 32) & 3}")

    def save(self, text=SAVED):
        self.put("state", "/anteroot/clock", f"{text}\n".encode())


def clock(target):
    """What the target's init had on the clock."""
    return int(target.items["clock"])


def decided(target, when="target"):
    """A decision of the report, its candidates by source: those that are there."""
    decision = target.report["clock"][when]
    found = {one["source"]: one for one in decision["candidates"] if one["verdict"] != "absent"}
    return decision, found


def about(value, wanted):
    return wanted <= value < wanted + PATIENCE
