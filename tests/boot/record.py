# SPDX-License-Identifier: LGPL-2.1-or-later
"""The boot state on a disk image: written for a test, and read again after its boots (docs/STATE.md)."""

import struct
import zlib
from pathlib import Path
from typing import NamedTuple

from image import cache, disk

FILES = ("abstate.0", "abstate.1")
FILE_BYTES = 4096
BYTES = 512
STATES = ("empty", "candidate", "trying", "good", "bad")
BADS = (None, "tries", "root", "missing", "rejected", "health", "unknown",
        "fsck")
SLOTS = ("A", "B", "recovery", "none")


def checksum(raw):
    """The last four bytes of a copy."""
    return struct.pack("<I", zlib.crc32(raw[:BYTES - 4]))


class Slot(NamedTuple):
    """One slot of a record."""

    state: str
    tries: int = 0
    attempts: int = 0
    refunds: int = 0
    unconfirmed: int = 0
    confirmed: bool = False
    bad: str = None
    version: str = ""

    def pack(self):
        return struct.pack("<7Bx32s", STATES.index(self.state), BADS.index(self.bad), self.tries,
                           self.attempts, self.refunds, self.unconfirmed, self.confirmed,
                           self.version.encode())

    @classmethod
    def unpack(cls, raw):
        state, bad, tries, attempts, refunds, unconfirmed, confirmed, version = \
            struct.unpack("<7Bx32s", raw)
        return cls(STATES[state], tries, attempts, refunds, unconfirmed, bool(confirmed), BADS[bad],
                   version.rstrip(b"\0").decode())


GOOD = Slot("good", confirmed=True)
CANDIDATE = Slot("candidate", tries=3)


class Record(NamedTuple):
    """What one copy says."""

    a: Slot = GOOD
    b: Slot = GOOD
    active: str = "A"
    generation: int = 1
    transaction: int = 1
    booted: str = "none"
    orderly: bool = False
    unknown: bool = False
    switches: int = 0
    fruitless: int = 0
    major: int = 1

    def pack(self):
        raw = struct.pack("<8sHHI4BIBB2x", b"anteroot", self.major, 0, self.generation,
                          SLOTS.index(self.active), SLOTS.index(self.booted), self.orderly,
                          self.unknown, self.transaction, self.switches, self.fruitless)
        raw = raw.ljust(84, b"\0") + self.a.pack() + self.b.pack()
        raw = raw.ljust(BYTES, b"\0")
        return raw[:BYTES - 4] + checksum(raw)

    @classmethod
    def unpack(cls, raw):
        """None: it is blank or damaged."""
        raw = raw[:BYTES]
        if raw[:8] != b"anteroot" or checksum(raw) != raw[BYTES - 4:]:
            return None
        major, _, generation, active, booted, orderly, unknown, transaction, switches, fruitless = \
            struct.unpack("<HHI4BIBB", raw[8:26])
        return cls(Slot.unpack(raw[84:124]), Slot.unpack(raw[124:164]), SLOTS[active], generation,
                   transaction, SLOTS[booted], bool(orderly), bool(unknown), switches, fruitless,
                   major)


def files(*copies):
    """The two files for Disk.boot_files: a Record, bytes, or None for a blank one."""
    content = [b"" if copy is None else copy if isinstance(copy, bytes) else copy.pack()
               for copy in (copies + (None, None))[:2]]
    return tuple((name, data.ljust(FILE_BYTES, b"\0")) for name, data in zip(FILES, content))


def boot_file(image, name, folder, description):
    """A file of the boot partition of a qcow2 or raw image."""
    raw = Path(folder) / "boot-partition.raw"
    start = disk.starts_mib(description)["boot"]
    size = description.size_mib("boot")
    kind = "qcow2" if Path(image).suffix == ".qcow2" else "raw"
    # the first partitions are enough: the table ends where the boot partition does
    cache.run(["qemu-img", "dd", "-U", "-f", kind, "-O", "raw", "bs=1M", f"count={start + size}",
               f"if={image}", f"of={raw}"])
    out = Path(folder) / "boot-file"
    out.unlink(missing_ok=True)
    cache.run(["mcopy", "-n", "-i", f"{raw}@@{start * disk.MIB}", f"::{name}", out])
    return out.read_bytes()


def read(image, folder, description):
    """Both copies, as Record or None."""
    return [Record.unpack(boot_file(image, name, folder, description)) for name in FILES]


def newest(image, folder, description):
    """The copy that counts."""
    copies = [copy for copy in read(image, folder, description) if copy]
    return max(copies, key=lambda copy: copy.generation)
