# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks that boot by themselves: GRUB for BIOS and for EFI, U-Boot for arm64.

Everything is a file and nobody needs to be root. Loaders and kernels come from Debian's packages, which
are unpacked and not installed.
"""

import functools
import struct
from pathlib import Path
from typing import NamedTuple

from . import disk, kernel, packages
from .cache import PROJECT, cached, key_of, remove, run

MIB = 1024 * 1024
FIRMWARE = ("grub-pc-bin", "grub-efi-amd64-bin", "systemd-boot-efi", "ovmf", "u-boot-qemu")
GRUB_CFG = PROJECT / "dist/grub/anteroot.cfg"
UBOOT_CMD = PROJECT / "dist/u-boot/anteroot.cmd"

# What dist/grub/anteroot.cfg needs, then a serial console and what finds the boot partition.
GRUB_MODULES = ("normal", "test", "loadenv", "echo", "sleep", "reboot", "linux", "configfile", "true",
                "serial", "terminal", "halt", "probe", "part_msdos", "part_gpt", "fat")
CONSOLE = "serial --unit=0 --speed=115200\nterminal_input serial\nterminal_output serial\n"


# --- from packages ---------------------------------------------------------

@functools.lru_cache(maxsize=None)
def firmware():
    """The folder with the files of the loaders' packages."""
    def build(folder):
        for name in FIRMWARE:
            packages.unpack(name, folder)

    key = key_of(packages.SUITE, *(packages.version(name) for name in FIRMWARE))
    return cached("loaders", key, build, "loaders: download GRUB, systemd-boot, OVMF and U-Boot")


class Kernel(NamedTuple):
    """A kernel as a loader reads it, and its modules."""

    image: Path
    modules: Path
    version: str


# Where Debian's kernel has another name than its architecture.
FLAVOURS = {"i386": "686", "armhf": "armmp"}


@functools.lru_cache(maxsize=None)
def debian_kernel(arch):
    """Debian's kernel for an architecture, as the package has it."""
    meta = f"linux-image-{FLAVOURS.get(arch, arch)}"

    def build(folder):
        name = next(name for name in packages.depends(meta, folder / "meta", arch)
                    if name.startswith("linux-image-"))
        packages.unpack(name, folder, arch)
        (image,) = (folder / "boot").glob("vmlinuz-*")
        version = image.name.partition("-")[2]
        image.rename(folder / "vmlinuz")
        run(["depmod", "-b", folder, version])
        (folder / "version").write_text(version, encoding="ascii")
        remove(folder / "boot")
        remove(folder / "usr")
        remove(folder / "meta")

    key = key_of(packages.SUITE, packages.version(meta, arch), "1")
    folder = cached(f"kernel-{arch}", key, build, f"kernel for {arch}: download, unpack")
    version = (folder / "version").read_text(encoding="ascii")
    return Kernel(folder / "vmlinuz", folder / "lib/modules" / version, version)


def initramfs(program, arch, modules=kernel.MODULES, layout=None):
    """An initramfs with the program as /init and the kernel's modules; layout: an integrator's file."""
    machine = debian_kernel(arch)
    key = key_of(Path(program), modules, machine.version, arch, PROJECT / "dist/mkinitramfs",
                 *([Path(layout)] if layout else []))

    def build(path):
        command = [PROJECT / "dist/mkinitramfs", "--binary", program,
                   "--modules-dir", machine.modules, "-o", path]
        for name in modules:
            command += ["--module", name]
        if layout:
            command += ["--file", f"{layout}:/etc/anteroot/anteroot.json"]
        run(command)

    return cached(f"initramfs-{arch}.img", key, build)


# --- GRUB ------------------------------------------------------------------

def grub_image(target, *modules, prefix):
    """A core image (i386-pc) or a program for the firmware (x86_64-efi)."""
    folder = firmware() / "usr/lib/grub" / target

    def build(path):
        run(["grub-mkimage", "-d", folder, "-O", target, "-p", prefix, "-o", path,
             *GRUB_MODULES, *modules])

    return cached(f"grub-{target}", key_of(str(folder), target, GRUB_MODULES, modules, prefix), build)


def embed_grub(path):
    """Write GRUB for BIOS into a raw image with an msdos table, as grub-bios-setup does.

    boot.img goes around the table in sector 0; the core image into the gap before the first partition.
    What links them: the core image's place at 0x5C of boot.img, and at the end of the core image's first
    sector a list of blocks that names the rest.
    """
    boot = bytearray((firmware() / "usr/lib/grub/i386-pc/boot.img").read_bytes())
    core = bytearray(grub_image("i386-pc", "biosdisk", prefix="(,msdos1)/grub").read_bytes())
    core += bytes(-len(core) % 512)
    assert len(core) < 2047 * 512
    struct.pack_into("<Q", boot, 0x5C, 1)
    struct.pack_into("<QHH", core, 500, 2, len(core) // 512 - 1, 0x820)
    with open(path, "r+b") as file:
        table = file.read(512)[0x1B8:]
        file.seek(0)
        file.write(bytes(boot[:0x1B8]) + table + core)


def grub_files(config):
    """What the boot partition has for GRUB, whatever the firmware."""
    return (("grub/anteroot.cfg", GRUB_CFG.read_bytes()),
            ("grub/grub.cfg", (CONSOLE + config).encode()))


def efi_files():
    """GRUB where the firmware looks for it."""
    return (("EFI/BOOT/BOOTX64.EFI", grub_image("x86_64-efi", prefix="/grub").read_bytes()),)


def systemd_boot_files(arguments):
    """systemd-boot where the firmware looks for it, with one entry: slot A's kernel."""
    program = firmware() / "usr/lib/systemd/boot/efi/systemd-bootx64.efi"
    return (("EFI/BOOT/BOOTX64.EFI", program.read_bytes()),
            ("loader/loader.conf", b"timeout 0\n"),
            ("loader/entries/a.conf", b"title A\nlinux /A/vmlinuz\ninitrd /A/initrd.img\n" +
             f"options {arguments}\n".encode()))


# --- U-Boot ----------------------------------------------------------------

def uboot():
    """U-Boot for QEMU's arm64 machine, to be run as its firmware."""
    return firmware() / "usr/lib/u-boot/qemu_arm64/u-boot.bin"


def uboot_script(text):
    """Commands as U-Boot's script image."""
    def build(path):
        source = path.with_name(path.name + ".cmd")
        source.write_text(text, encoding="ascii")
        run(["mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-d", source, path])
        remove(source)

    return cached("boot.scr", key_of(text), build).read_bytes()


# --- disks -----------------------------------------------------------------

class BootPartition:
    """The boot partition of a raw image, by mtools."""

    def __init__(self, base, path):
        self._image = f"{path}@@{disk.starts_mib(base)['boot'] * MIB}"
        self._scratch = Path(f"{path}.files")

    def put_all(self, files):
        """Write files, given as path -> bytes; folders are made."""
        for name, data in files.items():
            target = self._scratch / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        run(["mcopy", "-s", "-Q", "-o", "-D", "o", "-i", self._image,
             *sorted(self._scratch.iterdir()), "::"])
        remove(self._scratch)

    def get(self, name):
        """The bytes of one file."""
        self._scratch.mkdir(exist_ok=True)
        run(["mcopy", "-n", "-i", self._image, f"::{name}", self._scratch / "file"])
        data = (self._scratch / "file").read_bytes()
        remove(self._scratch)
        return data

    def get_all(self, name, folder):
        """The files below a folder, as path in it -> bytes."""
        folder.mkdir()
        run(["mcopy", "-s", "-Q", "-n", "-i", self._image, f"::{name}", folder])
        top = folder / name
        return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}

    def remove(self, name):
        """Delete one file."""
        run(["mdel", "-i", self._image, f"::{name}"])
