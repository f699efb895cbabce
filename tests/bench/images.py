# SPDX-License-Identifier: LGPL-2.1-or-later
"""The initramfs images that are compared."""

import os
import tempfile
from pathlib import Path

import inside
import rivals
from boot import harness, record
from image import cache, disk, kernel, packages
from measure import Row

PROGRAM = Path(os.environ.get("ANTEROOT") or cache.PROJECT / "build/anteroot")
# Unpacking is over before /init runs; zstd is the smallest the kernel unpacks quickly.
COMPRESS = "zstd"


def require(path):
    if not path.exists():
        raise cache.ToolError(f"unable to find {path}: run make first")
    return path


def anteroot(name="anteroot", title="anteroot", compress=COMPRESS, strip=True):
    """anteroot with the modules that the tests' disks need."""
    program = require(PROGRAM)
    plain = kernel.initramfs(program, strip=strip)
    image = kernel.initramfs(program, strip=strip, compress=compress)
    return Row(name, title, image, unpacked_bytes=plain.stat().st_size)


def variants():
    """The same program in other wrappings."""
    return [anteroot(f"anteroot-{how}", f"anteroot, {how}", how)
            for how in ("none", "gzip", "xz") if how != COMPRESS] + [
        anteroot("anteroot-signed", "anteroot, modules as Debian signed them", strip=False),
        anteroot("anteroot-later", "anteroot, later boots")._replace(disk=used_disk()),
        with_record("good", "boot state, a good slot", record.Record()),
        with_record("candidate", "boot state, an attempt counted",
                    record.Record(a=record.CANDIDATE, active="B"))]


def with_record(name, title, state):
    """A first boot with a boot state on the boot partition."""
    held = disk.image(disk.Disk(boot_files=record.files(state)))
    return anteroot(f"anteroot-{name}", f"anteroot, {title}")._replace(disk=held)


def used_disk():
    """The disk after a first boot: folders for the journal are there, tables are written."""
    ours, fresh = anteroot(), disk.image(disk.Disk())

    def build(path):
        with tempfile.TemporaryDirectory(prefix="anteroot-bench-") as folder:
            layer = harness.overlay(fresh, folder)
            with harness.Machine(ours.initrd, [layer], "panic=1") as vm:
                vm.report()
                vm.wait_exit()
            cache.run(["qemu-img", "convert", "-O", "raw", layer, path])
        close_file_systems(path)

    return cache.cached("used.raw", cache.key_of(Path(__file__), fresh.name, ours.initrd), build)


def close_file_systems(path):
    """What a target's shutdown does, and the tiny root does not."""
    layout = disk.Disk()
    scratch = path.with_name(path.name + ".part")
    with open(path, "r+b") as file:
        for role in ("state", "data"):
            offset = disk.starts_mib(layout)[role] * disk.MIB
            file.seek(offset)
            scratch.write_bytes(file.read(layout.size_mib(role) * disk.MIB))
            # 1: it has mended something, which is the journal it has replayed
            cache.run(["sh", "-c", 'e2fsck -p "$1" || [ $? -eq 1 ]', "sh", scratch])
            file.seek(offset)
            file.write(scratch.read_bytes())
    scratch.unlink()


def build_program(name):
    """One of the bench's own, with the C library and flags of anteroot; its path."""
    path = cache.PROJECT / "build/bench" / name
    cache.run(["make", "-s", "-f", "tests/bench/programs.mk", path.relative_to(cache.PROJECT)],
              cwd=cache.PROJECT)
    return path


def limit(loaded):
    """The limit's image: the named modules, in the order anteroot has loaded them in."""
    program = build_program("limit")
    tool = kernel.mkinitramfs()

    def build(path):
        archive = tool.Archive(0)
        for folder in tool.DIRECTORIES:
            archive.directory(folder)
        for device in tool.DEVICES:
            archive.device(*device)
        archive.file("init", program.read_bytes(), 0o755)
        add_modules(tool, archive, loaded)
        path.write_bytes(archive.data())

    key = cache.key_of(Path(__file__), program, tuple(loaded), kernel.kernel().version,
                       cache.PROJECT / "dist/mkinitramfs")
    return packed("limit", "the limit", cache.cached("limit.img", key, build))


def add_modules(tool, archive, names):
    with tempfile.TemporaryDirectory(prefix="anteroot-bench-") as scratch:
        folder = tool.write_module_tree(tool.ModuleTree(kernel.kernel().modules), names, scratch,
                                        True)
        files = {tool.module_name(file): file for file in folder.rglob("*.ko")}
        paths = [f"modules/{files[name].name}" for name in names]
        for name, path in zip(names, paths):
            archive.file(path, files[name].read_bytes(), 0o644)
        text = "".join(f"/{path}\n" for path in paths)
        archive.file("etc/limit.modules", text.encode(), 0o644)


def packed(name, title, plain, arguments=""):
    """A row for a plain archive, compressed as all others are."""
    def build(path):
        path.write_bytes(kernel.mkinitramfs().compress(plain.read_bytes(), COMPRESS))

    image = cache.cached(f"{name}.img", cache.key_of(plain, COMPRESS), build)
    return Row(name, title, image, arguments, plain.stat().st_size)


def others():
    """dracut and initramfs-tools, each as small as it gets, and anteroot inside dracut."""
    folder = rivals.images(require(PROGRAM))
    return [packed("dracut", "dracut, minimal", folder / "dracut.img", rivals.ARGUMENTS),
            packed("anteroot-dracut", "anteroot inside dracut", folder / "anteroot-dracut.img",
                   "fsck.mode=skip"),
            packed("initramfs-tools", "initramfs-tools, minimal", folder / "initramfs-tools.img",
                   rivals.ARGUMENTS)]


def insiders():
    """anteroot called by the initramfs of others."""
    return [packed("anteroot-initramfs-tools", "anteroot inside initramfs-tools",
                   inside.in_initramfs_tools(require(PROGRAM)))]


def versions():
    """Package -> version, of what is compared with."""
    text = (rivals.images(PROGRAM) / "versions").read_text(encoding="ascii")
    found = dict(line.split() for line in text.splitlines())
    found["klibc"] = packages.version("klibc-utils")
    return found
