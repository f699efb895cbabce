# SPDX-License-Identifier: LGPL-2.1-or-later
"""The writes of a guest, recorded by QEMU's blklogwrites and replayed with the power cut in between.

The log is dm-log-writes' (Documentation/admin-guide/device-mapper/log-writes.rst): a sector that says how many
entries there are, then for each a sector of header and its data.
"""

import json
import random
import re
import struct
from typing import NamedTuple

from boot import harness
from image import cache, disk

SECTOR = 512
MAGIC = 0x6A736677736872
FLUSH, DISCARD = 1, 4
TORN_AT = (1, 128, 256, 511)


class Write(NamedTuple):
    """One write, or a flush when it has no data."""

    at: int         # bytes from the start of the disk
    data: bytes

    @property
    def sectors(self):
        return range(self.at // SECTOR, (self.at + len(self.data)) // SECTOR)


class Cut(NamedTuple):
    """A disk whose power was cut: what has been written by then, as (at, bytes)."""

    name: str
    patches: tuple
    garbage: bool = False


def options(image, log):
    """QEMU's options for a disk whose writes are recorded."""
    log.touch()
    file = {"driver": "file", "filename": str(image), "cache": {"no-flush": True}}
    node = {"driver": "blklogwrites", "node-name": "recorded", "log-sector-size": SECTOR,
            "log-super-update-interval": 1, "log": {"driver": "file", "filename": str(log)},
            "file": {"driver": "qcow2", "file": file, "cache": {"no-flush": True}}}
    return ["-blockdev", json.dumps(node), "-device", "virtio-blk-pci,drive=recorded,serial=recorded"]


def read_log(path):
    """Its entries in order. A discard changes no byte that anybody goes by, and is left out."""
    raw, found, at = path.read_bytes(), [], SECTOR
    magic, version, entries, sector = struct.unpack_from("<QQQI", raw)
    assert (magic, version, sector) == (MAGIC, 1, SECTOR)
    for _ in range(entries):
        start, count, flags, _ = struct.unpack_from("<QQQQ", raw, at)
        size = 0 if flags & DISCARD else count * SECTOR
        at += SECTOR
        if flags & FLUSH:
            found.append(Write(0, b""))
        if size:
            found.append(Write(start * SECTOR, raw[at:at + size]))
        at += size
    return found


def record(machine, folder, description, **kwargs):
    """One boot to the tiny root: its report, and what it wrote."""
    image = harness.overlay(disk.image(description), folder, "recorded")
    log = folder / "writes.log"
    with machine([], options=options(image, log), **kwargs) as vm:
        target = vm.report()
        assert vm.wait_exit() == "guest-shutdown"
    return target, read_log(log)


class BootPartition:
    """The boot partition of a disk as a file, on which cuts are tried out and taken back."""

    def __init__(self, folder, description, names):
        self.start = disk.starts_mib(description)["boot"] * disk.MIB
        self.path = folder / "boot.fat"
        disk.take_partition(description, disk.image(description), "boot", self.path)
        self.before = self.path.read_bytes()
        self.offsets = {name: self._offsets(name) for name in names}
        self.sizes = {name: self._size(name) for name in names}

    def _size(self, name):
        return len(self._copy(name))

    def _copy(self, name):
        out = self.path.with_suffix(".file")
        cache.run(["mcopy", "-n", "-o", "-i", self.path, f"::{name}", out])
        return out.read_bytes()

    def _offsets(self, name):
        """Where each sector of a file begins, in bytes of the partition."""
        size, per_cluster, reserved, fats, roots = struct.unpack_from("<HBHBH", self.before, 11)
        (fat_sectors,) = struct.unpack_from("<H", self.before, 22)
        data = reserved + fats * fat_sectors + roots * 32 // size
        text = cache.run(["mshowfat", "-i", self.path, f"::{name}"])
        offsets = []
        for first, last in re.findall(r"<(\d+)(?:-(\d+))?>", text):
            for cluster in range(int(first), int(last or first) + 1):
                sector = data + (cluster - 2) * per_cluster
                offsets += [(sector + i) * size for i in range(per_cluster)]
        return offsets

    def sectors(self):
        """Of the files, on the disk: all that a store may write."""
        return {(self.start + offset) // SECTOR for offsets in self.offsets.values()
                for offset in offsets}

    def holds(self, write):
        """Whether a write goes to this partition."""
        return self.start <= write.at < self.start + len(self.before)

    def apply(self, patches):
        """Leaves the partition as these writes do; what the files have then."""
        with open(self.path, "r+b") as file:
            # the last cut is taken back: nobody has written beside the files
            for sector in self.sectors():
                at = sector * SECTOR - self.start
                file.seek(at)
                file.write(self.before[at:at + SECTOR])
            for at, data in patches:
                file.seek(at - self.start)
                file.write(data)
        with open(self.path, "rb") as file:
            return self.files(file)

    def files(self, file):
        """Each file's bytes in a partition that is open, by their sectors as they were before."""
        def sector(at):
            file.seek(at)
            return file.read(SECTOR)
        return {name: b"".join(map(sector, offsets))[:self.sizes[name]]
                for name, offsets in self.offsets.items()}


def disk_bytes(partition, patches, sector):
    """A sector of the disk after some writes."""
    at = sector * SECTOR - partition.start
    content = bytearray(partition.before[at:at + SECTOR])
    for where, data in patches:
        offset = sector * SECTOR - where
        if 0 <= offset < len(data):
            content[:] = data[offset:offset + SECTOR]
    return bytes(content)


def torn(partition, done, write, chance):
    """A write that is cut at every sector, and that sector torn, either way round, or garbage."""
    for number, sector in enumerate(write.sectors):
        begun = (*done, (write.at, write.data[:number * SECTOR])) if number else tuple(done)
        old = disk_bytes(partition, begun, sector)
        new = write.data[number * SECTOR:(number + 1) * SECTOR]
        at, name = sector * SECTOR, f"sector {sector}"
        yield Cut(f"before {name}", begun)
        for place in TORN_AT:
            yield Cut(f"{name} new to {place}", (*begun, (at, new[:place] + old[place:])))
            yield Cut(f"{name} new from {place}", (*begun, (at, old[:place] + new[place:])))
        yield Cut(f"{name} garbage", (*begun, (at, chance.randbytes(SECTOR))), True)


def cuts(partition, writes, seed=1):
    """Every cut of the writes to the boot partition, and of those that no flush holds in order one missing."""
    chance, done, unflushed = random.Random(seed), [], []
    for write in writes:
        if not write.data:
            unflushed.clear()
        elif partition.holds(write):
            yield from torn(partition, done, write, chance)
            for missing in unflushed:
                rest = [patch for patch in done if patch is not missing]
                yield Cut(f"without {missing[0] // SECTOR}", (*rest, tuple(write)))
            done.append((write.at, write.data))
            unflushed.append(done[-1])
            yield Cut(f"after sector {write.sectors[-1]}", tuple(done))
