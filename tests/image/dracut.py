# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images that the distributions' own dracut makes, with the module of dracut-module/ as docs/DRACUT.md installs it.

dracut runs in a Debian tree that mmdebstrap unpacks (no root needed); the kernel's modules are in it as the
distribution ships them, reduced to those that a machine of these tests can use.
"""

import functools
import re
from pathlib import Path
from typing import NamedTuple

from . import kernel, packages
from .cache import PROJECT, cached, key_of, remove, run

DOCUMENT = PROJECT / "docs/DRACUT.md"
SUITES = ("bookworm", "trixie")
PACKAGES = ("dracut-core", "systemd-sysv", "udev", "kmod", "dash", "cpio", "e2fsprogs", "dosfstools",
            "cryptsetup-bin", "lvm2", "mdadm", "xz-utils")
MORE = {"bookworm": (), "trixie": ("systemd-cryptsetup", "dracut-install")}
MODULES = (*kernel.MODULES, "dm_mod", "dm_crypt", "xts", "aes", "ecb", "cbc", "sha256", "essiv", "algif_skcipher",
           "algif_hash", "af_alg", "md_mod", "raid1", "i6300esb", "squashfs", "erofs", "nls_iso8859_1", "nls_utf8",
           "loop", "efivarfs")
# An integrator's: a file, a script, and one that is masked.
INTEGRATOR = {
    "etc/anteroot/anteroot.json": '{ "waitSeconds": 45 }\n',
    "etc/anteroot/hooks.d/pre-handover/10-say": "#!/bin/sh\necho hello from hooks.d\n",
    "usr/lib/anteroot/hooks.d/pre-mount/20-masked": "#!/bin/sh\necho who masks this\n",
}
MASK = "etc/anteroot/hooks.d/pre-mount/20-masked"
# -o: what is installed has been built, and two tests may come here at once
INSTALL = "make -s -o build/anteroot DESTDIR={folder} install"
# What keeps the images small enough to boot without KVM, and nothing else.
SETTINGS = 'compress="cat"\nearly_microcode="no"\n'
SHELL = 'omit_dracutmodules+=" systemd "\n'
# What hostonly looks for is not in a tree: the drivers of the machine that it will run on.
HOSTONLY = 'hostonly="yes"\nadd_drivers+=" virtio_pci virtio_blk "\n'
GENERIC = 'hostonly="no"\n'


class Kind(NamedTuple):
    """One image."""

    suite: str = "bookworm"
    systemd: bool = False
    hostonly: bool = False

    @property
    def name(self):
        return "-".join((self.suite, "systemd" if self.systemd else "shell",
                         "hostonly" if self.hostonly else "generic"))

    @property
    def settings(self):
        """A file of dracut.conf.d."""
        return (SETTINGS + ("" if self.systemd else SHELL) + (HOSTONLY if self.hostonly else GENERIC))


def kinds(suite):
    """All images of a distribution."""
    return [Kind(suite, systemd, hostonly) for systemd in (False, True) for hostonly in (False, True)]


@functools.lru_cache(maxsize=None)
def steps():
    """The commands of docs/DRACUT.md, block by block."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)


def _tree(suite):
    """A Debian tree with dracut as a tar, without a kernel."""
    def build(path):
        listing = "\n".join(packages.sources(suite)).encode() + b"\n"
        run(["mmdebstrap", "--quiet", "--variant=essential", "--include", ",".join(PACKAGES + MORE[suite]),
             "--aptopt=Apt::Install-Recommends false", "--dpkgopt=path-exclude=/usr/share/doc/*",
             "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
             "--format=tar", suite, path, "-"], input=listing)

    names = ("dracut-core", "systemd", "cryptsetup-bin", "lvm2", "mdadm")
    key = key_of(suite, PACKAGES, MORE, *(packages.version(name, suite=suite) for name in names))
    return cached("dracut-tree.tar", key, build, f"{suite}: install dracut in a tree")


def _module_tree(machine, target):
    """The modules as they are shipped, compressed or not."""
    tool = kernel.mkinitramfs()
    tree = tool.ModuleTree(machine.modules)
    folder = target / "lib/modules" / machine.version
    for name in tree.closure(name for name in MODULES if tree.lookup(name)):
        file = folder / tree.path_of[name]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((machine.modules / tree.path_of[name]).read_bytes())
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        (folder / name).write_bytes((machine.modules / name).read_bytes())
    run(["depmod", "-b", target, machine.version])


def _files(suite, program, folder):
    """What is put over the tree: the installation that the document describes, and the kernel's modules."""
    # merged /usr: /lib is a link in the tree
    _module_tree(kernel.kernel(suite), folder / "usr")
    install = steps()[0].replace("make install", INSTALL.format(folder=folder))
    run(["sh", "-euc", install], cwd=PROJECT)
    (folder / "usr/sbin/anteroot").write_bytes(Path(program).read_bytes())
    for name, text in INTEGRATOR.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="ascii")
        (folder / name).chmod(0o755)
    (folder / MASK).parent.mkdir(parents=True)
    (folder / MASK).symlink_to("/dev/null")


def _script(suite):
    """What runs in the tree."""
    version = kernel.kernel(suite).version
    # without these mounts dracut takes the tree for no host
    lines = ["set -eu", "mkdir -p /out /etc/dracut.conf.d", "mountpoint -q /run || mount -t tmpfs tmpfs /run",
             "mountpoint -q /dev || mount --rbind /dev /dev"]
    for kind in kinds(suite):
        lines += [f"cat > /etc/dracut.conf.d/50-test.conf <<'END'\n{kind.settings}END",
                  steps()[1].strip().replace("$(uname -r)", version),
                  f"mv /boot/initramfs-{version}.img /out/{kind.name}.img"]
    return "\n".join(lines) + "\n"


def _build(suite, program, folder):
    files = folder / "files"
    files.mkdir(parents=True)
    # mmdebstrap may work as another user, in a user namespace
    folder.chmod(0o755)
    _files(suite, program, files)
    (files / "make-images").write_text(_script(suite), encoding="utf-8")
    run(["tar", "-cf", folder / "files.tar", "--owner=0", "--group=0", "-C", files, "."])
    run(["mmdebstrap", "--quiet", "--variant=custom", "--mode=auto", "--skip=update,cleanup",
         f"--setup-hook=tar-in '{_tree(suite)}' /", f"--customize-hook=tar-in '{folder}/files.tar' /",
         '--customize-hook=unshare --mount chroot "$1" sh /make-images',
         f"--customize-hook=copy-out {' '.join(f'/out/{kind.name}.img' for kind in kinds(suite))} {folder}",
         suite, "/dev/null", "-"], input="\n".join(packages.sources(suite)).encode() + b"\n")
    remove(files)
    remove(folder / "files.tar")


def images(suite, program):
    """The folder with all images of a distribution."""
    sources = sorted(path for path in (PROJECT / "dracut-module").rglob("*") if path.is_file())
    key = key_of(Path(__file__), program, suite, kernel.kernel(suite).version, _tree(suite).name,
                 tuple(steps()), *sources)
    return cached(f"dracut-{suite}", key, lambda folder: _build(suite, program, folder),
                  f"{suite}: dracut makes its images")


def image(kind, program):
    """One image, uncompressed."""
    return images(kind.suite, Path(program)) / f"{kind.name}.img"


def with_files(base, files, path):
    """The image with more files in it: path in the image -> (bytes, mode). The kernel takes two archives in a row."""
    archive = kernel.mkinitramfs().Archive(0)
    for name, (data, mode) in files.items():
        archive.file(name, data, mode)
    path.write_bytes(Path(base).read_bytes() + archive.data())
    return path
