# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's kernel as files: the decompressed vmlinux and its modules."""

import functools
import importlib.machinery
import importlib.util
import lzma
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import NamedTuple

from . import packages
from .cache import PROJECT, cached, key_of, remove, run

# What anteroot needs to reach any root of these tests, and nothing else.
MODULES = ("virtio_pci", "virtio_blk", "ext4", "vfat", "nls_cp437", "nls_ascii",
           "overlay", "crc32c")


class Kernel(NamedTuple):
    """One unpacked kernel."""

    version: str        # as in uname -r
    vmlinux: Path       # ELF with a PVH entry: QEMU starts it without decompressing
    modules: Path       # lib/modules/VERSION, indexed by depmod


@functools.lru_cache(maxsize=None)
def mkinitramfs():
    """dist/mkinitramfs as a Python module."""
    path = str(PROJECT / "dist/mkinitramfs")
    # a script without .py: Python would leave its bytecode beside it
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    loader = importlib.machinery.SourceFileLoader("mkinitramfs", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


def decompressed(bzimage):
    """The ELF image inside a bzImage (Documentation/x86/boot.rst)."""
    setup_sectors = bzimage[0x1F1] or 4
    offset, length = struct.unpack_from("<II", bzimage, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    payload = bzimage[start:start + length]
    if payload.startswith(b"\xfd7zXZ"):
        # the kernel's build appends the size, which a one-shot reader would refuse
        image = lzma.LZMADecompressor().decompress(payload)
    elif payload.startswith(b"\x1f\x8b"):
        image = zlib.decompressobj(wbits=31).decompress(payload)
    else:
        image = subprocess.run(["zstd", "-dcq"], input=payload[:-4], check=True,
                               stdout=subprocess.PIPE).stdout
    if not image.startswith(b"\x7fELF"):
        raise ValueError("the kernel's payload is not an ELF image")
    return image


def _build(folder, suite):
    depends = packages.depends("linux-image-amd64", folder / "meta", suite=suite)
    package = next(name for name in depends if name.startswith("linux-image-"))
    packages.unpack(package, folder / "tree", suite=suite)
    # since trixie packages have their files where merged /usr has them
    if (folder / "tree/usr/lib/modules").exists():
        (folder / "tree/usr/lib").rename(folder / "tree/lib")
    (bzimage,) = (folder / "tree/boot").glob("vmlinuz-*")
    version = bzimage.name.partition("-")[2]
    (folder / "vmlinux").write_bytes(decompressed(bzimage.read_bytes()))
    run(["depmod", "-b", folder / "tree", version])
    (folder / "version").write_text(version, encoding="ascii")
    (folder / "tree/lib").rename(folder / "lib")
    remove(folder / "tree")
    remove(folder / "meta")


@functools.lru_cache(maxsize=None)
def kernel(suite=packages.SUITE):
    """Debian's current kernel for a suite, downloaded at most once."""
    key = key_of(suite, packages.version("linux-image-amd64", suite=suite), Path(__file__))
    folder = cached("kernel", key, lambda path: _build(path, suite),
                    "kernel: download, unpack, decompress")
    version = (folder / "version").read_text(encoding="ascii")
    return Kernel(version, folder / "vmlinux", folder / "lib/modules" / version)


def initramfs(binary, *options, modules=MODULES, strip=True, compress="none"):
    """An initramfs with the program as /init; options go to mkinitramfs as they are."""
    machine = kernel()
    key = key_of(Path(binary), options, modules, strip, compress, machine.version,
                 PROJECT / "dist/mkinitramfs",
                 *(Path(word.rpartition(":")[0]) for word in files_of(options)))

    def build(path):
        command = [PROJECT / "dist/mkinitramfs", "--binary", binary,
                   "--modules-dir", machine.modules, "--compress", compress, "-o", path]
        for name in modules:
            command += ["--module", name]
        if strip:
            command.append("--strip-signatures")
        run([*command, *options])

    return cached("initramfs.img", key, build)


def files_of(options):
    """The files that options name, as SRC:DST, so that their content is in the key."""
    words = list(options)
    pairs = list(zip(words, words[1:]))
    return ([value for name, value in pairs if name == "--file"]
            + [f"{value}:" for name, value in pairs if name == "--conf"])
