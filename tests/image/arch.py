# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines of other architectures: their compiler, Debian's kernel for them, and QEMU's board."""

import lzma
import struct
from pathlib import Path
from typing import NamedTuple

from . import kernel, loaders, root
from .cache import cached, key_of, remove, run


class Arch(NamedTuple):
    """One architecture, under Debian's name."""

    name: str
    compiler: str           # CROSS_COMPILE
    qemu: str
    options: tuple          # of QEMU: board and processor
    bus: str                # what disks are on: "pci", or "device" for the board's own virtio slots
    drivers: tuple          # of that bus


ARCHES = {
    "arm64": Arch("arm64", "aarch64-linux-gnu-", "qemu-system-aarch64",
                  ("-machine", "virt,accel=tcg", "-cpu", "cortex-a57"), "pci", ("virtio_pci",)),
    # highmem=off: a kernel without LPAE reaches PCI below 4 GiB alone
    "armhf": Arch("armhf", "arm-linux-gnueabihf-", "qemu-system-arm",
                  ("-machine", "virt,accel=tcg,highmem=off", "-cpu", "cortex-a15"), "device",
                  ("virtio_mmio",)),
    "i386": Arch("i386", "i686-linux-gnu-", "qemu-system-x86_64", (), "pci", ("virtio_pci",)),
}
# The port of the report: the only one of its kind, on PCI.
REPORT_PORT = "/dev/ttyS0"


def modules(arch):
    """What anteroot needs to reach a root there."""
    return (*arch.drivers, *(name for name in kernel.MODULES if name != "virtio_pci"))


def tiny_init(name, report_port=None):
    """The tiny root's init for an architecture; a time has 64 bits there on 32 bits too."""
    flags = ["-D_TIME_BITS=64", "-D_FILE_OFFSET_BITS=64"]
    if report_port:
        flags.append(f'-DREPORT_PORT="{report_port}"')

    def build(path):
        run([f"{ARCHES[name].compiler}gcc", "-static", "-Os", "-D_GNU_SOURCE", *flags, "-s", "-o", path,
             root.TINY_SOURCE])

    return cached(f"tiny-{name}", key_of(root.TINY_SOURCE, flags), build)


def tiny_files(name, report_port=None):
    """A disk's root_files: with them a root of the kind "no-init" has an init for the architecture."""
    data = Path(tiny_init(name, report_port)).read_bytes()
    return (("sbin/init", data, 0o755),)


# --- kernels ---------------------------------------------------------------

XZ_MAGIC = b"\xfd7zXZ\0"
# Where Debian's multi-platform kernel wants to be: RAM of the board, and the kernel's text offset.
ARMHF_ADDRESS = 0x40000000 + 0x208000


def decompressed(zimage):
    """What a zImage holds: the xz stream that its size stands behind, and not the magic in the decompressor."""
    at = zimage.find(XZ_MAGIC)
    while at >= 0:
        stream = lzma.LZMADecompressor()
        try:
            data = stream.decompress(zimage[at:])
        except lzma.LZMAError:
            data = b""
        if stream.eof and stream.unused_data[:4] == struct.pack("<I", len(data)):
            return data
        at = zimage.find(XZ_MAGIC, at + 1)
    raise ValueError("no kernel in the zImage")


def boot_image(name):
    """Debian's kernel as QEMU starts it soonest: arm64's is an image as it is, armhf's takes long to unpack itself."""
    image = loaders.debian_kernel(name).image
    if name != "armhf":
        return image

    def build(path):
        plain = path.with_name(path.name + ".plain")
        plain.write_bytes(decompressed(image.read_bytes()))
        run(["mkimage", "-A", "arm", "-O", "linux", "-T", "kernel", "-C", "none", "-a", hex(ARMHF_ADDRESS),
             "-e", hex(ARMHF_ADDRESS), "-d", plain, path])
        remove(plain)

    return cached("uImage-armhf", key_of(image, ARMHF_ADDRESS), build)
