# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a root partition holds: the tiny root, the Debian root, or something broken."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from . import debian, foreign
from .cache import cached, key_of, remove, run

MIB = 1024 * 1024
HERE = Path(__file__).resolve().parent
TINY_SOURCE = HERE / "tiny.c"

# e2fsprogs stamps what it makes; a fixed time keeps images the same
FIXED_TIME = {"E2FSPROGS_FAKE_TIME": "1520598896"}

KINDS = (
    "tiny",         # init reports and powers off
    "journaled",    # the same on a file system with a journal, which a power cut needs
    "bare",         # the same without the folders a delivery or a mount would use
    "no-init",      # a file system without /sbin/init
    "plain-init",   # /sbin/init is not executable
    "garbage",      # random bytes: no file system
    "torn",         # an ext4 superblock and no more
    "debian",       # systemd, udev, journald, OpenSSH
    "debian-trixie",    # the same of the next release
    "debian-initramfs-tools",   # with that installed
    "debian-readers",   # every reader of the configuration
    "debian-arm64",     # systemd and udev of other machines
    "debian-armhf",
    "none",         # zeros
)

FOREIGN = {"debian-arm64": "arm64", "debian-armhf": "armhf"}

# A group number no distribution uses, so that a guess is seen.
JOURNAL_GID = 789

TINY_FILES = (
    ("etc/hostname", b"image\n", 0o644),
    ("etc/machine-id", b"0123456789abcdef0123456789abcdef\n", 0o444),
    ("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n", 0o644),
    ("etc/group", b"root:x:0:\nsystemd-journal:x:%d:\n" % JOURNAL_GID, 0o644),
    ("etc/udev/rules.d/10-vendor.rules", b"# the image's own\n", 0o644),
    ("root/.profile", b"# the image's own\n", 0o644),
)
TINY_FOLDERS = ("mnt/boot", "mnt/state", "mnt/data", "var/log/journal", "usr/lib", "root/.ssh",
                "etc/systemd")
# What a delivery goes by: with these as root_files the tiny root has every reader there is.
LOGO = "usr/share/plymouth/themes/balena/balena-logo.png"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"
READER_FILES = (
    *((name, b"", 0o755) for name in (
        "usr/sbin/NetworkManager", "usr/sbin/chronyd", "usr/sbin/dnsmasq",
        "lib/systemd/systemd-timesyncd", "lib/systemd/systemd-resolved")),
    (LOGO, b"the image's own\n", 0o644),
    (BUNDLE, b"# the image's own\n", 0o644),
)
BARE_FILES = tuple(file for file in TINY_FILES if file[0] in ("etc/passwd", "etc/group"))
API_FOLDERS = ("proc", "sys", "dev", "run", "sbin", "root", "tmp")


def is_real(kind):
    """Whether it is a distribution's root: large, and a user of the state and data partitions."""
    return kind in debian.RECIPES or kind in FOREIGN


def size_mib(kind):
    """How large a partition the kind needs."""
    if is_real(kind):
        return debian.SIZE_MIB
    return 8 if kind == "journaled" else 4


def inputs(kind):
    """What the kind's content depends on, for a cache key."""
    if kind in FOREIGN:
        return str(foreign.root(FOREIGN[kind]))
    return debian.key(kind) if kind in debian.RECIPES else key_of(kind, TINY_SOURCE)


def static_program(source):
    """A static program from one C file of this folder."""
    def build(path):
        compiler = next((name for name in ("musl-gcc", "gcc") if shutil.which(name)), "gcc")
        run([compiler, "-static", "-Os", "-D_GNU_SOURCE", "-s", "-o", path, source])
    return cached(source.stem, key_of(source), build)


def tiny_init():
    """The tiny root's init."""
    return static_program(TINY_SOURCE)


def rescue_shell():
    """What stands in for /bin/sh in an initramfs."""
    return static_program(HERE / "shell.c")


def make(kind, path, slot, label, uuid, extra=()):
    """Write the root's file system to path."""
    with open(path, "wb") as file:
        file.truncate(size_mib(kind) * MIB)
    if kind == "none":
        return
    if kind == "garbage":
        with open(path, "r+b") as file:
            file.write(garbage(size_mib(kind) * MIB))
        return
    if kind in debian.RECIPES:
        debian.make(kind, path, label, uuid)
        return
    if kind in FOREIGN:
        foreign.make(FOREIGN[kind], path, label, uuid)
        return
    make_tiny(kind, path, slot, label, uuid, extra)
    if kind == "torn":
        tear(path)


def garbage(size):
    """Bytes without a pattern, the same each time."""
    return hashlib.shake_128(b"garbage").digest(size)


def tear(path):
    """Keep the superblock, lose what it describes."""
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(garbage(MIB))


def make_tiny(kind, path, slot, label, uuid, extra):
    folder = Path(tempfile.mkdtemp(prefix="anteroot-tiny-"))
    try:
        fill_tiny(kind, folder, slot, extra)
        features = "^resize_inode" if kind == "journaled" else "^has_journal,^resize_inode"
        # fakeroot: whoever builds, the files in the image belong to root
        run(["fakeroot", "mke2fs", "-q", "-F", "-t", "ext4", "-O", features, "-d", folder,
             "-L", label, "-U", uuid, "-E", f"hash_seed={uuid}", path],
            env=FIXED_TIME)
    finally:
        remove(folder)


def fill_tiny(kind, folder, slot, extra):
    files = list(BARE_FILES if kind == "bare" else TINY_FILES) + list(extra)
    files.append(("slot", f"{slot}\n".encode(), 0o644))
    for name in API_FOLDERS + (() if kind == "bare" else TINY_FOLDERS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, data, mode in files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(mode)
    folder.chmod(0o755)
    programs = ["usr/lib/other-init"] if kind == "no-init" else ["sbin/init", "usr/lib/other-init"]
    for name in programs:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tiny_init(), folder / name)
        (folder / name).chmod(0o644 if kind == "plain-init" else 0o755)
    for parent, _, names in os.walk(folder):
        for name in [*names, "."]:
            os.utime(os.path.join(parent, name), (0, 0))
