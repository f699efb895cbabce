# SPDX-License-Identifier: LGPL-2.1-or-later
"""Devices whose file systems are damaged before they boot, and initramfs with Debian's own tools for it."""

import stat
import subprocess

from boot.device import Device
from image import cache, disk, kernel, tools

# What debugfs does to a file system: e2fsck -p repairs the first, and leaves the second to a person.
MINOR = ("ssv state 2", "sif <11> links_count 9")
GRAVE = ("ssv state 2", "sif <11> mode 0100644")
FAT16_STATE = 0x25


class Storage(Device):
    """A device; `damage` is done to its partitions before the first boot."""

    def __init__(self, machine, folder, description, initrd, damage=None):
        raw = folder / "damaged.raw"
        disk.export(description, raw)
        for role, commands in (damage or {}).items():
            for command in commands:
                self._damage(description, raw, role, command)
        super().__init__(machine, folder, description, initrd, raw)

    @staticmethod
    def _damage(description, raw, role, command):
        at = disk.starts_mib(description)[role] * disk.MIB
        if callable(command):
            with open(raw, "r+b") as file:
                file.seek(at)
                command(file, at)
        else:
            cache.run(["debugfs", "-w", "-R", command, f"{raw}?offset={at}"])

    def partition(self, role):
        """A copy of one partition as it is now."""
        path = self.folder / f"{role}.partition"
        disk.take_partition(self.description, self._raw(), role, path)
        return path

    def is_sound(self, role):
        """Whether e2fsck has nothing to say about a partition, which it does not change."""
        return subprocess.run(["/usr/sbin/e2fsck", "-fn", self.partition(role)], check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    @property
    def is_dirty(self):
        """FAT's dirty flag."""
        return bool(self.boot_partition()[FAT16_STATE] & 1)


def dirty(file, at):
    """As FAT is while it is mounted for writing."""
    file.seek(at + FAT16_STATE)
    file.write(b"\1")


def script(folder, name, text):
    """An executable shell script, for dash of the initramfs."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/dash\n{text}\n", encoding="ascii")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def initramfs(program, folder, *options, files=None, layout=None, modules=kernel.MODULES):
    """An initramfs with what options ask for, from Debian's packages.

    files: path in the initramfs -> text of a script, or a file.
    """
    words = ["--programs-root", tools.root(), *options]
    for number, (path, source) in enumerate((files or {}).items()):
        if isinstance(source, str):
            source = script(folder, f"script{number}", source)
        words += ["--file", f"{source}:{path}"]
    if layout:
        (folder / "layout.json").write_text(layout, encoding="ascii")
        words += ["--conf", folder / "layout.json"]
    output = folder / "storage.img"
    cache.run([cache.PROJECT / "dist/mkinitramfs", "--binary", program, "--modules-dir",
               kernel.kernel().modules, "--strip-signatures", "-o", output, *words,
               *(word for name in modules for word in ("--module", name))])
    return output
