# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our Debian packages, built in a tree of the release they are for, and a root that they come into and leave."""

import re
import subprocess
from pathlib import Path

from . import chroot, debian, packages
from .cache import PROJECT, cached, key_of, remove, run

DOCUMENT = PROJECT / "docs/DEBIAN.md"

BUILDER = ("build-essential", "patch", "xz-utils", "ca-certificates", "debhelper", "libklibc-dev",
           "lintian")

# Offline, as Debian's own builders are. Without git: as from a tarball.
BUILD = """
cd /work/tree
grep -rlE 'terms of the GNU General Public|SPDX.*[^L]GPL-' third-party --include='*.[ch]' >/work/out/gpl || :
unshare -n make deb THIRD_PARTY_SRC=$PWD/third-party >/work/out/build.log 2>&1 || { cat /work/out/build.log; exit 1; }
cp build/deb/*.deb build/deb/*.dsc build/deb/*.changes /work/out
cd build/deb
lintian --allow-root --info --display-info --pedantic --fail-on none ./*.changes >/work/out/lintian 2>&1
"""

# The kernel's package, but of its modules only what a virtual machine has.
MODULES = ("arch", "crypto", "lib", "fs/ext4", "fs/jbd2", "fs/fat", "fs/nls", "fs/overlayfs", "fs/mbcache.ko*",
           "fs/squashfs", "drivers/block/virtio_blk.ko*", "drivers/virtio", "drivers/net/virtio_net.ko*",
           "drivers/net/net_failover.ko*", "net/core", "drivers/watchdog/softdog.ko*", "drivers/watchdog/i6300esb.ko*",
           "drivers/char/hw_random/virtio-rng.ko*", "drivers/ata", "drivers/scsi/s[cdr]*.ko*", "drivers/cdrom")
INITRAMFS = {
    "initramfs-tools": ("initramfs-tools", "busybox", "zstd", "linux-image-amd64"),
    "dracut": ("dracut", "zstd", "linux-image-amd64"),
}
OURS = {"initramfs-tools": "anteroot-initramfs-tools", "dracut": "dracut-anteroot"}

# What a name of the tree is, for a comparison of two moments.
FUNCTIONS = """
names() { (cd / && find . -xdev \\( -path ./work -o -path ./proc -o -path ./sys -o -path ./dev -o -path ./run \\
    -o -path ./tmp \\) -prune -o -print | sort) >"/work/out/$1.names"; }
content() { cat /boot/initrd.img-* >"/work/out/$1.img"
    if command -v lsinitramfs >/dev/null; then lsinitramfs /boot/initrd.img-*; else
        lsinitrd /boot/initrd.img-* | sed -n '/^[-dlc]/s/.*[0-9] //p'; fi | sort >"/work/out/$1.content"; }
moment() { names "$1"; content "$1"; }
"""

# Somebody else's file asks for what is removed, and then our own, without what asks whether it is there.
MINE = {"initramfs-tools": ("/etc/initramfs-tools/conf.d/mine", "/etc/initramfs-tools/conf.d/anteroot", "BOOT=anteroot"),
        "dracut": ("/etc/dracut.conf.d/mine.conf", "/etc/dracut.conf.d/anteroot.conf",
                   'add_dracutmodules+=" anteroot "')}
REFUSED = {kind: f"""
cp {own} /work/own
for file in {path} {own}; do
    printf '%s\\n' '# mine' '{line}' >$file
    ! dpkg --remove {OURS[kind]} >>/work/out/refused 2>&1
    cp /work/own {own}
    rm -f {path}
done
dpkg-query -W -f 'status: ${{Status}}\\n' {OURS[kind]} >>/work/out/refused
""" for kind, (path, own, line) in MINE.items()}


def tracked():
    """What git knows, without what it knows and is gone."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=PROJECT, check=True,
                            stdout=subprocess.PIPE).stdout.decode().split("\0")
    return [name for name in listed if name and (PROJECT / name).is_file()]


def tree_key():
    """All that goes into the packages: the tests do not, but for what is packed of them."""
    return key_of(*((name, (PROJECT / name).read_bytes()) for name in tracked()
                    if not name.startswith("tests/") or name.startswith(("tests/tools/packages", "tests/samples/"))))


def builder(suite):
    """A tree with what Debian builds packages with, and lintian."""
    def build(path):
        chroot.make(suite, path, BUILDER, ["--dpkgopt=path-exclude=/usr/share/man/*",
                                           "--dpkgopt=path-exclude=/usr/share/locale/*"])
    return cached(f"builder-{suite}.tar", key_of(BUILDER), build,
                  f"{suite}: install compiler, debhelper and lintian in a tree")


def built(suite="bookworm"):
    """The folder with the packages of this tree, build.log, lintian's word, and what of their source is under the GPL."""
    def build(folder):
        folder.mkdir(parents=True)
        run(["make", "-s", "deb-tree"], cwd=PROJECT, env={"DEB_DIR": str(folder / "deb"), "MAKEFLAGS": ""})
        (tree,) = (folder / "deb").glob("anteroot-*")
        # the tree that "make deb" is called in, as in a tarball
        remove(tree / "debian")
        tree.rename(folder / "tree")
        run(["tar", "-cf", folder / "tree.tar", "-C", folder, "tree"])
        chroot.enter(builder(suite), BUILD, folder / "tree.tar", folder)
        for left in ("tree", "deb", "tree.tar"):
            remove(folder / left)
    return cached(f"packages-{suite}", key_of(tree_key(), builder(suite).name, BUILD), build,
                  f"{suite}: build the Debian packages")


def _options():
    """What the root is made with: the tests' own Debian root, smaller, and no kernel modules but MODULES."""
    options = [f"--dpkgopt=path-exclude={path}" for path in debian.EXCLUDE if "/doc/" not in path]
    options += ["--dpkgopt=path-exclude=/lib/modules/*/kernel/*", "--dpkgopt=path-exclude=/usr/lib/modules/*/kernel/*"]
    for name in MODULES:
        for top in ("/lib", "/usr/lib"):
            options.append(f"--dpkgopt=path-include={top}/modules/*/kernel/{name}" + ("" if "." in name else "/*"))
    return options


def base(kind, suite):
    """A Debian root with a kernel and the release's own initramfs of it, as a tar: systemd, OpenSSH."""
    script = debian.CUSTOMIZE.replace("MASK", " ".join(debian.MASK)).replace("SERVICES", " ".join(debian.SERVICES))

    def build(path):
        files = path.with_name(path.name + ".files")
        remove(files)
        for name, text in {**debian.FILES, "etc/kernel-img.conf": "do_symlinks = no\n"}.items():
            (files / name).parent.mkdir(parents=True, exist_ok=True)
            (files / name).write_text(text, encoding="utf-8")
        for name in ("key", "key.pub"):
            run(["cp", debian.host_keys() / name, files / f"etc/ssh/ssh_host_ed25519_{name}"])
        run(["tar", "-cf", f"{files}.tar", "--owner=0", "--group=0", "-C", files, "."])
        chroot.make(suite, path, debian.PACKAGES + INITRAMFS[kind], [
            *_options(), '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_*', f"--customize-hook=tar-in '{files}.tar' /",
            f"--customize-hook={script.replace('MORE', '')}"])
        remove(files)
        remove(Path(f"{files}.tar"))
    return cached(f"root-{kind}-{suite}.tar", key_of(
        INITRAMFS[kind], MODULES, _options(), script, debian.PACKAGES, debian.FILES, debian.host_key(),
        packages.version("linux-image-amd64", suite=suite)), build,
        f"{suite}: a Debian root with a kernel and {kind}")


def commands(heading):
    """The commands of a section of docs/DEBIAN.md, as one script."""
    text = DOCUMENT.read_text(encoding="utf-8")
    section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, re.M | re.S)
    assert section, f"{DOCUMENT}: no section {heading!r}"
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", section.group(1), re.M | re.S))


def life(kind, suite="bookworm"):
    """A folder with what became of a root.

    Moments: before, installed, chosen, removed, purged. NAME.img is the initramfs of each, NAME.content what is in it,
    NAME.names all paths of the root; chosen.ext4 and purged.ext4 are the root itself.
    """
    def build(folder):
        folder.mkdir(parents=True)
        debs = [path for path in built(suite).glob("*.deb") if "mkinitramfs" not in path.name]
        wanted = [path for path in debs if path.name.startswith(("anteroot_", OURS[kind]))]
        run(["tar", "-cf", folder / "files.tar", "--transform=s|.*/|debs/|", "-P", *wanted])
        chroot.enter(base(kind, suite), FUNCTIONS + f"""
            moment before; cd /work/debs
            {commands(f"Install: {kind}")}
            moment installed
            {commands(f"Boot with it: {kind}")}
            moment chosen
            """, folder / "files.tar", folder, folder / "chosen.tar")
        chroot.enter(folder / "chosen.tar", FUNCTIONS + f"""
            {REFUSED[kind]}
            {commands(f"Remove: {kind}")}
            moment removed
            {commands(f"Purge: {kind}")}
            moment purged
            """, None, folder, folder / "purged.tar")
        for moment in ("chosen", "purged"):
            (folder / f"{moment}.tar").rename(folder / "root.tar")
            debian.file_system(folder)
            (folder / "root.ext4").rename(folder / f"{moment}.ext4")
        for left in ("files.tar", "root.tar"):
            remove(folder / left)
    return cached(f"life-{kind}-{suite}", key_of(built(suite).name, base(kind, suite).name, DOCUMENT,
                                                 Path(__file__)), build,
                  f"{suite}: our packages come to a root with {kind}, and go")


__all__ = ["OURS", "base", "builder", "built", "commands", "life"]
