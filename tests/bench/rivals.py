# SPDX-License-Identifier: LGPL-2.1-or-later
"""Minimal images of dracut and initramfs-tools, made in a throw-away Debian tree.

Their packages take over a machine's own initramfs, so they are installed in a
tree that mmdebstrap makes (no root needed) and only the images come out of it.
They get the same kernel modules as anteroot, stripped the same way, and only
what it takes to mount an ext4 root by label: no network, no RAID. A third image is
dracut's with anteroot in it, which does all of its work there.
"""

from pathlib import Path

from image import kernel, packages
from image.cache import PROJECT, cached, key_of, remove, run

PACKAGES = ("dracut-core", "initramfs-tools-core", "busybox", "dash", "kmod", "udev", "cpio",
            "mount", "util-linux")
# overlay and the FAT modules are for work that the rivals do not do: --filesystems keeps them out
MODULES = kernel.MODULES
ARGUMENTS = "root=LABEL=resin-rootA ro fsck.mode=skip"

# In the tree. --force-drivers: dracut's udev would load them too, later.
MAKE_IMAGES = """set -eu
version=$1
mkdir /out
depmod "$version"

dracut --quiet --no-hostonly --no-compress --no-early-microcode --nofscks --nolvmconf --nomdadmconf \\
	--modules 'dash base udev-rules rootfs-block fs-lib kernel-modules' \\
	--drivers 'virtio_pci virtio_blk' --filesystems 'ext4' \\
	/out/dracut.img "$version"
dracut --quiet --no-hostonly --no-compress --no-early-microcode --nofscks --nolvmconf --nomdadmconf \\
	--modules 'dash base udev-rules fs-lib kernel-modules anteroot' \\
	--drivers 'virtio_pci virtio_blk' --filesystems 'ext4 vfat overlay' \\
	/out/anteroot-dracut.img "$version"

cat > /etc/initramfs-tools/initramfs.conf <<END
MODULES=list
BUSYBOX=y
KEYMAP=n
COMPRESS=gzip
RESUME=none
FSTYPE=ext4
RUNSIZE=10%
END
# true of this kernel, whose own file is not in the tree
mkdir -p /boot
echo CONFIG_RD_GZIP=y > "/boot/config-$version"
printf 'virtio_pci\\nvirtio_blk\\next4\\n' > /etc/initramfs-tools/modules
mkinitramfs -o /out/initramfs-tools.img.gz "$version"
gzip -d /out/initramfs-tools.img.gz

dpkg-query -W -f '${Package} ${Version}\\n' dracut-core initramfs-tools-core > /out/versions
"""


def _build(folder, program):
    files = folder / "files"
    files.mkdir(parents=True)
    run(["make", "-s", "-o", "build/anteroot", f"DESTDIR={files}", "install", "install-dracut"], cwd=PROJECT)
    (files / "usr/sbin/anteroot").write_bytes(program.read_bytes())
    # mmdebstrap may work as another user, in a user namespace
    folder.chmod(0o755)
    (files / "make").write_text(MAKE_IMAGES, encoding="ascii")
    tree = kernel.mkinitramfs()
    # Debian has merged /usr: /lib is a link there
    tree.write_module_tree(tree.ModuleTree(kernel.kernel().modules), MODULES, files / "usr",
                           strip=True)
    run(["mmdebstrap", "--quiet", "--variant=essential", "--include", ",".join(PACKAGES),
         "--aptopt=Apt::Install-Recommends false", "--dpkgopt=path-exclude=/usr/share/doc/*",
         "--dpkgopt=path-exclude=/usr/share/man/*",
         f"--customize-hook=copy-in {files}/make {files}/usr /",
         f"--customize-hook=chroot \"$1\" sh /make {kernel.kernel().version}",
         f"--customize-hook=copy-out /out/dracut.img /out/anteroot-dracut.img /out/initramfs-tools.img "
         f"/out/versions {folder}",
         packages.SUITE, "/dev/null", "-"],
        input="\n".join(packages.sources()).encode() + b"\n")
    remove(files)


def images(program):
    """The folder with dracut.img, anteroot-dracut.img, initramfs-tools.img (uncompressed) and versions."""
    key = key_of(Path(__file__), packages.SUITE, kernel.kernel().version, program,
                 *sorted((PROJECT / "dracut-module/90anteroot").iterdir()),
                 *(packages.version(name) for name in ("dracut-core", "initramfs-tools-core")))
    return cached("rivals", key, lambda folder: _build(folder, program),
                  "dracut and initramfs-tools: install in a tree, run")
