# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images of initramfs-tools with anteroot in them, made by doing what docs/INITRAMFS-TOOLS.md says.

Its packages take over a machine's own initramfs, so they are installed in a tree that mmdebstrap makes, as root or not.
An image takes a minute, and the program changes with every commit: images are kept by all that goes into them but the
program, and with_program() unpacks that over the one in there, by a second archive.

Images: "most" as a Debian has them; "list", with the drivers of the tests' machines alone, boots sooner; "luks", the
same with what the manual says of LUKS.
"""

import functools
import re
import shlex
import subprocess
from pathlib import Path

from . import kernel, packages
from .cache import PROJECT, cached, key_of, remove, run

MANUAL = PROJECT / "docs/INITRAMFS-TOOLS.md"
OURS = PROJECT / "dist/initramfs-tools"
# What every Debian that boots by itself has; cryptsetup and LVM are for whoever has them.
ALWAYS = ("udev", "kmod", "busybox", "zstd")
STACKED = ("cryptsetup-initramfs", "lvm2")
SUITES = {"bookworm": (*ALWAYS, *STACKED), "trixie": ALWAYS}
KEY = b"a key of a device, not of a person"
LIST = ["echo MODULES=list >/etc/initramfs-tools/conf.d/modules",
        "printf 'virtio_pci\\nvirtio_blk\\n' >>/etc/initramfs-tools/modules", "update-initramfs -u -k all"]

# In the tree; the commands of the manual stand for BLOCKS, an image behind each. linux-version goes by the kernel's file.
SCRIPT = """set -eu
version=$(cat /version)
depmod "$version"
mkdir -p /boot /out
touch "/boot/vmlinuz-$version"
# true of Debian's kernels, whose own file is not in the tree
printf 'CONFIG_RD_ZSTD=y\\nCONFIG_RD_GZIP=y\\n' >"/boot/config-$version"
mkdir -p /etc/keys
mv /key /etc/keys/root
chmod 600 /etc/keys/root
BLOCKS
# without the program there must be no image
mv /usr/sbin/anteroot /tmp
! MODULES=list DESTDIR=/tmp/none verbose=n version=$version /usr/share/initramfs-tools/hooks/anteroot
"""
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
KEEP = 'cp "/boot/initrd.img-$version" /out/'


def commands(number):
    """The lines of one of the manual's blocks."""
    blocks = re.findall(r"^```\n(.*?)^```\n", MANUAL.read_text(encoding="utf-8"), re.M | re.S)
    return blocks[number].splitlines()


def steps(suite):
    """What is installed; then what is done, a list of commands for each image."""
    install, make, *rest = commands(0)
    assert install.startswith("apt-get install ") and make == "make install", (install, make)
    done = {"most": rest, "list": LIST}
    if "cryptsetup-initramfs" in SUITES[suite]:
        done["luks"] = commands(2)
    return (*shlex.split(install)[2:], *SUITES[suite]), done


def _files(folder, suite):
    """What `make install` installs, the kernel's modules, a key."""
    run(["make", "-s", "-C", PROJECT, "install", f"DESTDIR={folder}"])
    machine = kernel.kernel(suite)
    modules = folder / "usr/lib/modules"
    modules.mkdir(parents=True)
    # Debian has merged /usr: /lib is a link there
    run(["cp", "-a", machine.modules, modules])
    (folder / "version").write_text(machine.version, encoding="ascii")
    (folder / "key").write_bytes(KEY)


def _build(folder, suite):
    files = folder / "files"
    files.mkdir(parents=True)
    folder.chmod(0o755)     # mmdebstrap may work as another user, in a user namespace
    _files(files, suite)
    wanted, done = steps(suite)
    blocks = [line for name, lines in done.items() for line in (*lines, KEEP + name)]
    (files / "make-images").write_text(SCRIPT.replace("BLOCKS", "\n".join(blocks)), encoding="utf-8")
    run(["tar", "-cf", folder / "files.tar", "--owner=0", "--group=0", "-C", files, "."])
    run(["mmdebstrap", "--quiet", "--variant=essential", "--include", ",".join(wanted),
         "--aptopt=Apt::Install-Recommends false", "--dpkgopt=path-exclude=/usr/share/doc/*",
         "--dpkgopt=path-exclude=/usr/share/man/*",
         f"--customize-hook=tar-in '{folder}/files.tar' /",
         "--customize-hook=chroot \"$1\" sh /make-images >\"$1/log\" 2>&1 || { cat \"$1/log\" >&2; false; }",
         f"--customize-hook=copy-out /log {' '.join('/out/' + name for name in done)} {folder}",
         suite, "/dev/null", "-"],
        input="\n".join(packages.sources(suite)).encode() + b"\n")
    remove(files)
    remove(folder / "files.tar")


@functools.lru_cache(maxsize=None)
def images(suite):
    """The folder with the images and what was said when they were made (log)."""
    wanted, done = steps(suite)
    ours = [(str(path.relative_to(OURS)), path.read_bytes())
            for path in sorted(OURS.rglob("*")) if path.is_file()]
    key = key_of(suite, wanted, done, ours, Path(__file__), kernel.kernel(suite).version,
                 [packages.version(name, suite=suite) for name in wanted])
    return cached(f"initramfs-tools-{suite}", key, lambda path: _build(path, suite),
                  f"initramfs-tools of {suite}: install in a tree, run")


def with_program(base, program, files=()):
    """An image that has this program, and more files: (path, bytes)."""
    def build(path):
        archive = kernel.mkinitramfs().Archive(0)
        archive.file("usr/sbin/anteroot", Path(program).read_bytes(), 0o755)
        for name, data in files:
            archive.file(name, data, 0o644)
        data = base.read_bytes()
        if data.startswith(ZSTD_MAGIC):     # as one piece; it takes long where nothing but a translated kernel unpacks it
            data = subprocess.run(["zstd", "-dcq"], input=data, check=True, stdout=subprocess.PIPE).stdout
        path.write_bytes(data + bytes(-len(data) % 512) + archive.data())

    return cached("initramfs-tools.img", key_of(base.parent.name, base.name, Path(program), files), build)
