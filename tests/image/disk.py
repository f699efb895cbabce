# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disk images in the balenaOS layout, as files, without root.

A disk is described by a Disk; image() returns a sparse raw file for it, built
once and never written to again: a boot uses an overlay.
"""

import os
import subprocess
from pathlib import Path
from typing import NamedTuple, Optional

from . import root
from .cache import PROJECT, cached, key_of, remove, run

MIB = 1024 * 1024
ROLES = ("boot", "rootA", "rootB", "state", "data")
SEED_CONFIG = PROJECT / "tests/samples/seed-config.json"

# msdos puts state and data inside the extended partition 4
NUMBER = {
    "gpt": {"boot": 1, "rootA": 2, "rootB": 3, "state": 4, "data": 5},
    "msdos": {"boot": 1, "rootA": 2, "rootB": 3, "state": 5, "data": 6},
}
GPT_LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
# not the EFI type: systemd would put an automount over it
GPT_FAT = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"


class Disk(NamedTuple):
    """What a disk image holds. The kinds of root are those of root.KINDS."""

    table: str = "gpt"                      # or "msdos"
    root_a: str = "tiny"
    root_b: str = "tiny"
    config: Optional[bytes] = SEED_CONFIG.read_bytes() if SEED_CONFIG.exists() else None
    boot_files: tuple = ()                  # (path on the boot partition, bytes)
    root_files: tuple = ()                  # (path in both roots, bytes, mode); tiny kinds only
    absent: tuple = ()                      # roles whose partition holds no file system
    prefix: str = "resin"                   # of every label
    boot_label: Optional[str] = None        # default: PREFIX-boot
    fill_boot: bool = False                 # not a free cluster on the boot partition
    identity: int = 0                       # another number gives other UUIDs everywhere
    boot_mib: int = 24

    def label(self, role):
        """The file system label (and GPT's PARTLABEL) of a partition."""
        if role == "boot" and self.boot_label:
            return self.boot_label
        return f"{self.prefix}-{role}"

    def number(self, role):
        """The partition's number in the table."""
        return NUMBER[self.table][role]

    def uuid(self, role):
        """The file system's UUID."""
        if role == "boot":
            return f"A17E-{self.identity:04X}"
        return f"5e6d0000-0000-4000-8000-{self.identity:04x}{ROLES.index(role):08x}"

    def table_id(self):
        """The PTUUID."""
        if self.table == "msdos":
            return f"a17e{self.identity:04x}"
        return f"70000000-0000-4000-8000-{self.identity:012x}"

    def partuuid(self, role):
        """The partition's own UUID."""
        if self.table == "msdos":
            return f"{self.table_id()}-{self.number(role):02x}"
        return f"9a470000-0000-4000-8000-{self.identity:04x}{ROLES.index(role):08x}"

    def size_mib(self, role):
        """How large the partition is."""
        real = root.is_real(self.root_a) or root.is_real(self.root_b)
        return {"boot": self.boot_mib, "state": 32 if real else 8,
                "rootA": root.size_mib(self.root_a), "rootB": root.size_mib(self.root_b),
                "data": 192 if real else 16}[role]


def starts_mib(disk):
    """Where each partition starts; the total comes under the name "end"."""
    starts, at = {}, 1
    for role in ROLES:
        # a logical partition has its own table in front of it
        at += 1 if disk.number(role) > 4 and disk.table == "msdos" else 0
        starts[role] = at
        at += disk.size_mib(role)
    starts["end"] = at + 1
    return starts


def table_script(disk):
    """The input of sfdisk."""
    starts = starts_mib(disk)
    lines = [f"label: {'gpt' if disk.table == 'gpt' else 'dos'}",
             f"label-id: {'0x' if disk.table == 'msdos' else ''}{disk.table_id()}"]
    for role in ROLES:
        if disk.table == "msdos" and role == "state":
            first = starts["state"] - 1
            lines.append(f"4: start={first * 2048}, size={(starts['end'] - 1 - first) * 2048}, "
                         f"type=5")
        line = (f"{disk.number(role)}: start={starts[role] * 2048}, "
                f"size={disk.size_mib(role) * 2048}")
        if disk.table == "gpt":
            line += (f", type={GPT_FAT if role == 'boot' else GPT_LINUX}, "
                     f"uuid={disk.partuuid(role)}, name=\"{disk.label(role)}\"")
        else:
            line += f", type={'c' if role == 'boot' else '83'}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def make_fat(disk, path):
    """The boot partition, with config.json and the other files."""
    with open(path, "wb") as file:
        file.truncate(disk.size_mib("boot") * MIB)
    run(["mkfs.vfat", "--invariant", "-F", "16", "-i", disk.uuid("boot").replace("-", ""),
         "-n", disk.label("boot"), path])
    files = dict(disk.boot_files)
    if disk.config is not None:
        files["config.json"] = disk.config
    for folder in sorted({str(parent) for name in files for parent in Path(name).parents[:-1]}):
        run(["mmd", "-i", path, f"::{folder}"])
    for name, data in sorted(files.items()):
        scratch = path.with_name(path.name + ".file")
        scratch.write_bytes(data)
        run(["mcopy", "-i", path, scratch, f"::{name}"])
        scratch.unlink()
    if disk.fill_boot:
        fill_fat(path, path.with_name(path.name + ".file"))


def fill_fat(path, scratch):
    """Files until nothing more fits."""
    size, number = 16 * MIB, 0
    while size >= 512:
        with open(scratch, "wb") as file:
            file.truncate(size)
        done = subprocess.run(["mcopy", "-i", path, scratch, f"::fill{number}"],
                              stderr=subprocess.DEVNULL, check=False)
        number += 1
        if done.returncode:
            subprocess.run(["mdel", "-i", path, f"::fill{number - 1}"],
                           stderr=subprocess.DEVNULL, check=False)
            size //= 2
    scratch.unlink()


def make_file_system(disk, role, path):
    """One partition's content as a file."""
    if role == "boot":
        make_fat(disk, path)
    elif role in ("rootA", "rootB"):
        kind = disk.root_a if role == "rootA" else disk.root_b
        root.make(kind, path, role[-1], disk.label(role), disk.uuid(role), disk.root_files)
    else:
        with open(path, "wb") as file:
            file.truncate(disk.size_mib(role) * MIB)
        run(["mke2fs", "-q", "-F", "-t", "ext4", "-L", disk.label(role),
             "-U", disk.uuid(role), "-E", f"hash_seed={disk.uuid(role)},root_owner=0:0", path],
            env=root.FIXED_TIME)


def copy_into(source, target, offset):
    """Copy a file's data into a disk image; its holes stay holes."""
    with open(source, "rb") as src, open(target, "r+b") as dst:
        end = src.seek(0, os.SEEK_END)
        at = 0
        while at < end:
            try:
                at = src.seek(at, os.SEEK_DATA)
            except OSError:     # ENXIO: nothing but a hole up to the end
                return
            hole = src.seek(at, os.SEEK_HOLE)
            src.seek(at)
            dst.seek(offset + at)
            while at < hole:
                data = src.read(min(hole - at, 4 * MIB))
                dst.write(data)
                at += len(data)


def _build(disk, path):
    starts = starts_mib(disk)
    with open(path, "wb") as file:
        file.truncate(starts["end"] * MIB)
    run(["sfdisk", "-q", "--no-reread", "--no-tell-kernel", path],
        input=table_script(disk).encode())
    scratch = path.with_name(path.name + ".part")
    for role in ROLES:
        if role not in disk.absent:
            make_file_system(disk, role, scratch)
            copy_into(scratch, path, starts[role] * MIB)
            remove(scratch)


def image(disk, what=None):
    """The raw image of a disk, from the cache or newly built."""
    key = key_of(tuple(disk), root.inputs(disk.root_a), root.inputs(disk.root_b),
                 Path(__file__), Path(root.__file__))
    return cached("disk.raw", key, lambda path: _build(disk, path), what)


def blank(size_mib=16):
    """A disk with nothing on it."""
    def build(path):
        with open(path, "wb") as file:
            file.truncate(size_mib * MIB)
    return cached("blank.raw", f"{size_mib}", build)


def export(disk, path):
    """A copy of the image that may be changed; holes stay holes."""
    source = image(disk)
    with open(path, "wb") as file:
        file.truncate(source.stat().st_size)
    copy_into(source, path, 0)


def put_boot_file(disk, path, name, data):
    """Replace one file on the boot partition of an exported image."""
    scratch = Path(f"{path}.file")
    scratch.write_bytes(data)
    run(["mcopy", "-o", "-i", f"{path}@@{starts_mib(disk)['boot'] * MIB}", scratch, f"::{name}"])
    scratch.unlink()


def take_partition(disk, image_path, role, path):
    """A copy of one partition of an exported image."""
    with open(image_path, "rb") as source, open(path, "wb") as target:
        source.seek(starts_mib(disk)[role] * MIB)
        target.write(source.read(disk.size_mib(role) * MIB))


def wipe_partition(disk, image_path, role):
    """Zeros in place of a partition's file system, in an exported image."""
    with open(image_path, "r+b") as target:
        target.seek(starts_mib(disk)[role] * MIB)
        target.write(bytes(disk.size_mib(role) * MIB))
