# SPDX-License-Identifier: LGPL-2.1-or-later
"""anteroot inside the images of others: as small as rivals.py makes theirs, and doing all of its work."""

from pathlib import Path

import rivals
from image import initramfs_tools, kernel, packages
from image.cache import PROJECT, cached, key_of, remove, run

# The rival's own settings, and what the manual says.
INITRAMFS_TOOLS = rivals.MAKE_IMAGES.partition("cat > /etc/initramfs-tools/initramfs.conf")
MAKE_IMAGE = ("set -eu\nversion=$1\nmkdir /out\ndepmod \"$version\"\n" + "".join(INITRAMFS_TOOLS[1:]).partition(
    "mkinitramfs -o")[0] + """echo BOOT=anteroot > /etc/initramfs-tools/conf.d/anteroot
mkinitramfs -o /out/image.gz "$version"
gzip -d /out/image.gz
""")


def _build(folder):
    files = folder / "files"
    files.mkdir(parents=True)
    folder.chmod(0o755)     # mmdebstrap may work as another user, in a user namespace
    (files / "make").write_text(MAKE_IMAGE, encoding="ascii")
    run(["make", "-s", "-C", PROJECT, "install", f"DESTDIR={files}"])
    tree = kernel.mkinitramfs()
    # Debian has merged /usr: /lib is a link there
    tree.write_module_tree(tree.ModuleTree(kernel.kernel().modules), kernel.MODULES, files / "usr", strip=True)
    run(["mmdebstrap", "--quiet", "--variant=essential",
         "--include", ",".join(name for name in rivals.PACKAGES if name != "dracut-core"),
         "--aptopt=Apt::Install-Recommends false", "--dpkgopt=path-exclude=/usr/share/doc/*",
         "--dpkgopt=path-exclude=/usr/share/man/*",
         f"--customize-hook=copy-in {files}/make {files}/usr /",
         f"--customize-hook=chroot \"$1\" sh /make {kernel.kernel().version}",
         f"--customize-hook=copy-out /out/image {folder}", packages.SUITE, "/dev/null", "-"],
        input="\n".join(packages.sources()).encode() + b"\n")
    remove(files)


def in_initramfs_tools(program):
    """An image of initramfs-tools with this program in it, uncompressed."""
    ours = [path.read_bytes() for path in sorted(initramfs_tools.OURS.rglob("*")) if path.is_file()]
    key = key_of(Path(__file__), Path(rivals.__file__), ours, kernel.kernel().version,
                 packages.version("initramfs-tools-core"))
    base = cached("inside-initramfs-tools", key, _build, "anteroot in initramfs-tools: install in a tree, run")
    return initramfs_tools.with_program(base / "image", program)
