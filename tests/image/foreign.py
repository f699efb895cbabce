# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real Debian root of another architecture: systemd, udevd and journald.

Nothing of it can run here, so its packages are unpacked and not configured: what their scripts would have
made, as far as a boot needs it, is in FILES; the rest systemd makes on its first boot.
"""

import re
from pathlib import Path

from . import packages
from .cache import PROJECT, cached, key_of, remove, run
from .debian import EXCLUDE, FIXED_TIME, MASK, MIB, SIZE_MIB

PACKAGES = ("systemd-sysv", "udev", "kmod", "dash", "coreutils", "base-files", "base-passwd", "util-linux", "mount",
            "passwd", "login", "libc-bin", "sed", "grep", "findutils")
BASE_UUID = "5e6d0000-0000-4000-8000-0000000000fe"

# Told on the report's port: what anteroot has delivered, as the system that runs sees it.
TELL = """#!/bin/sh
echo "machine $(uname -m)"
echo "host $(cat /proc/sys/kernel/hostname)"
echo "init $(cat /proc/1/comm) $(systemctl is-system-running)"
echo "failed $(systemctl list-units --failed --plain --no-legend | cut -d' ' -f1 | tr '\\n' ' ')"
echo "state $(tr -d '\\n' </run/anteroot/state.json)"
echo "rules $(ls /etc/udev/rules.d | tr '\\n' ' ')"
echo "link $(readlink -f /dev/disk/by-label/resin-state)"
echo "journal $(journalctl --flush && find /var/log/journal -name system.journal | wc -l)"
echo "drivers $(sh /usr/local/share/drivers | tr '\\n' ' ')"
echo "mounts $(findmnt -rno TARGET -t ext4,vfat | tr '\\n' ' ')"
echo ready
"""


def manuals_commands():
    """The commands of docs/MACHINES.md that tell a medium's modules, for this board's medium."""
    text = (PROJECT / "docs/MACHINES.md").read_text(encoding="utf-8")
    return re.search(r"```sh\n(.*?)```", text, re.DOTALL).group(1).replace("mmcblk0", "vda")


FILES = {
    "etc/fstab": "",
    "etc/hostname": "image\n",
    "etc/machine-id": "a17e0000a17e4000800000000000a17e\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\n",
    "usr/local/sbin/tell": TELL,
    "usr/local/share/drivers": manuals_commands(),
    "etc/systemd/system/tell.service":
        "[Unit]\nAfter=systemd-udev-settle.service systemd-journald.service\nWants=systemd-udev-settle.service\n\n"
        "[Service]\nType=oneshot\nExecStart=/usr/local/sbin/tell\nStandardOutput=file:/dev/ttyS0\n",
}

# The accounts are base-passwd's own; sysusers adds systemd's.
FINISH = """set -eu
cd "$1"
for name in passwd group; do cp usr/share/base-passwd/$name.master etc/$name; done
for unit in MASK; do ln -sf /dev/null "etc/systemd/system/$unit"; done
ln -sf /lib/systemd/system/multi-user.target etc/systemd/system/default.target
ln -sf dash usr/bin/sh
mkdir -p etc/systemd/system/multi-user.target.wants mnt/boot mnt/state mnt/data var/log/journal etc/udev/rules.d root
ln -sf /etc/systemd/system/tell.service etc/systemd/system/multi-user.target.wants/
chmod 755 usr/local/sbin/tell
touch etc/.updated var/.updated
"""


def _file_system(root, files, image):
    """The tar with what is put over it as an ext4 file system."""
    tree = image.with_name("tree")
    tree.mkdir()
    with open(image, "wb") as file:
        file.truncate(SIZE_MIB * MIB)
    finish = FINISH.replace("MASK", " ".join(unit for unit in MASK if "sysusers" not in unit))
    script = ('tar -xf "$1" -C "$2" --exclude="./dev/*" && cp -r "$5/." "$2/" && sh -c "$6" finish "$2" && '
              'mke2fs -q -F -t ext4 -m 0 -O metadata_csum_seed -U "$4" -E "hash_seed=$4" -d "$2" "$3"')
    run(["fakeroot", "sh", "-c", script, "sh", root, tree, image, BASE_UUID, files, finish], env=FIXED_TIME)
    run(["chmod", "-R", "u+rwX", tree])
    remove(tree)


def root(arch):
    """The cached file system for Debian's architecture."""
    def build(folder):
        files = folder / "files"
        for name, text in FILES.items():
            target = files / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="ascii")
        command = ["mmdebstrap", "--quiet", "--variant=extract", f"--architectures={arch}",
                   "--include", ",".join(PACKAGES), "--aptopt=Apt::Install-Recommends false",
                   "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"]
        command += [f"--dpkgopt=path-exclude={path}" for path in EXCLUDE]
        # the point release alone: mmdebstrap gives up when one list of several is between two states of the archive
        sources = [line for line in packages.sources(arch=arch) if line.endswith(f" {packages.SUITE} main")]
        run([*command, packages.SUITE, folder / "root.tar", "-"],
            input="\n".join(sources).encode() + b"\n", env=FIXED_TIME)
        _file_system(folder / "root.tar", files, folder / "root.ext4")
        remove(folder / "root.tar")
        remove(files)

    key = key_of(arch, FILES, packages.SUITE, packages.version("systemd", arch), Path(__file__))
    return cached(f"debian-{arch}", key, build, f"Debian root for {arch}: unpack systemd and udev") / "root.ext4"


def make(arch, path, label, uuid):
    """A copy of the file system under its own label and UUID."""
    run(["cp", "--sparse=always", root(arch), path])
    run(["tune2fs", "-L", label, "-U", uuid, path], env=FIXED_TIME)
