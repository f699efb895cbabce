# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's own tools as files, for an initramfs: what checks file systems, opens LUKS, and a shell for hooks."""

from . import packages
from .cache import cached, key_of

PACKAGES = (
    "e2fsprogs", "libext2fs2", "libcom-err2", "libss2", "libblkid1", "libuuid1", "dosfstools",
    "dash", "coreutils", "libacl1", "libattr1", "libselinux1", "libpcre2-8-0", "libgmp10",
    "cryptsetup-bin", "libcryptsetup12", "libpopt0", "libargon2-1", "libjson-c5", "libssl3",
    "dmsetup", "libdevmapper1.02.1", "libudev1", "libc6",
)


def root():
    """The folder they are unpacked in, for mkinitramfs --programs-root."""
    def build(folder):
        for package in PACKAGES:
            packages.unpack(package, folder)

    return cached("storage-tools", key_of(PACKAGES, packages.SUITE), build,
                  "Debian's fsck and cryptsetup: download, unpack")
