# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real Debian roots: systemd, udev, journald and OpenSSH, alone or with every reader.

Each recipe is made once as a folder in the cache (root.tar, root.ext4) and copied
for each slot. What is masked is masked to boot fast without KVM.
"""

from pathlib import Path
from typing import NamedTuple

from . import kernel, packages
from .cache import FOLDER, cached, key_of, remove, run
from .packages import SUITE

MIB = 1024 * 1024
SIZE_MIB = 320
FIXED_TIME = {"E2FSPROGS_FAKE_TIME": "1520598896", "SOURCE_DATE_EPOCH": "1520598896"}
BASE_UUID = "5e6d0000-0000-4000-8000-0000000000ff"
MACHINE_ID = "a17e0000a17e4000800000000000a17e"
ADDRESS = "10.0.2.15"

PACKAGES = ("systemd-sysv", "udev", "openssh-server", "kmod")
SERVICES = ("systemd-networkd.service", "ssh.service", "ready.service")
MODULES = ("virtio_net", "virtio_blk", "overlay", "vfat", "nls_cp437", "nls_ascii", "i6300esb",
           "softdog")

EXCLUDE = (
    "/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*",
    "/usr/share/lintian/*", "/usr/share/bash-completion/*", "/usr/share/bug/*",
    "/usr/lib/x86_64-linux-gnu/gconv/*", "/usr/lib/udev/hwdb.d/*",
    # what polkitd, which NetworkManager's package asks for, would need to run
    "/usr/lib/x86_64-linux-gnu/libmozjs*", "/usr/lib/x86_64-linux-gnu/libicu*",
)

FILES = {
    "etc/fstab": "",
    "etc/hostname": "image\n",
    "etc/machine-id": MACHINE_ID + "\n",
    "etc/systemd/network/80-virtio.network":
        "[Match]\nDriver=virtio_net\n\n[Network]\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
        f"Address={ADDRESS}/24\nGateway=10.0.2.2\n",
    # as on balenaOS: the second file is the one anteroot delivers
    "etc/ssh/sshd_config.d/anteroot.conf":
        "AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys_local\n"
        "HostKey /etc/ssh/ssh_host_ed25519_key\nPasswordAuthentication no\nUseDNS no\n",
    # the configuration is checked when the image is made, not at every boot
    "etc/systemd/system/ssh.service.d/fast.conf": "[Service]\nExecStartPre=\n",
    # tells the harness when asking over the network makes sense
    "etc/systemd/system/ready.service":
        "[Unit]\nAfter=ssh.service systemd-networkd.service systemd-user-sessions.service\n\n"
        "[Service]\nType=oneshot\nExecStart=/bin/echo ready\nStandardOutput=file:/dev/ttyS1\n\n"
        "[Install]\nWantedBy=multi-user.target\n",
}

# Neither a login on a screen, nor D-Bus, nor kernel file systems nobody reads here.
MASK = (
    "getty.target", "getty@.service", "serial-getty@.service", "console-getty.service",
    "systemd-logind.service", "modprobe@.service", "systemd-binfmt.service",
    "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-kernel-config.mount",
    "sys-fs-fuse-connections.mount", "dev-hugepages.mount", "dev-mqueue.mount",
    "proc-sys-fs-binfmt_misc.automount", "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service", "systemd-sysusers.service",
    "systemd-pstore.service", "systemd-ask-password-wall.path",
    "systemd-ask-password-console.path", "systemd-boot-update.service",
    "systemd-machine-id-commit.service", "systemd-update-done.service",
    "systemd-remount-fs.service", "ldconfig.service", "systemd-firstboot.service",
    "systemd-networkd-wait-online.service", "systemd-tmpfiles-clean.timer",
    "rescue.service", "systemd-hwdb-update.service", "systemd-rfkill.socket",
    "systemd-initctl.socket", "systemd-network-generator.service",
    "dpkg-db-backup.timer", "fstrim.timer",
)

# What stands in for the screen's theme: the folder is what a delivery goes by.
LOGO = "the image's own\n"

READER_FILES = {
    # as on every read-only root: systemd makes private /dev and /tmp of services there
    "etc/fstab": "tmpfs /tmp tmpfs mode=1777,nosuid,nodev 0 0\n",
    # the network is systemd-networkd's; NetworkManager is there to be asked
    "etc/NetworkManager/NetworkManager.conf":
        "[main]\nplugins=keyfile\nno-auto-default=*\n\n"
        "[keyfile]\nunmanaged-devices=type:ethernet,type:loopback\n",
    # as on balenaOS: the servers are in a file of their own
    "etc/dnsmasq.conf": "no-resolv\nservers-file=/run/dnsmasq.servers\n",
    "usr/share/plymouth/themes/balena/balena-logo.png": LOGO,
    "usr/share/plymouth/themes/resin/resin-logo.png": LOGO,
}

READER_MASK = (
    "NetworkManager-wait-online.service", "NetworkManager-dispatcher.service", "polkit.service",
    "systemd-time-wait-sync.service", "e2scrub_all.timer", "e2scrub_reap.service",
)

# chrony cannot be installed beside systemd-timesyncd: it is there and not enabled. Services find
# the folders they would make on a writable root.
READER_CUSTOMIZE = """
cp usr/share/chrony/chrony.conf usr/share/chrony/chrony.keys etc/chrony/
chroot . useradd --system --home-dir /var/lib/chrony --shell /usr/sbin/nologin _chrony
chroot . install -d -m 750 -o _chrony -g _chrony /var/lib/chrony /var/log/chrony
chroot . install -d -o systemd-timesync -g systemd-timesync /var/lib/systemd/timesync
"""

# Run in the new root's folder, as root or as what a user namespace takes for root.
CUSTOMIZE = """set -eu
cd "$1"
rm -rf usr/lib/udev/hwdb.bin var/cache/* var/log/*.log
for unit in MASK; do ln -sf /dev/null "etc/systemd/system/$unit"; done
chroot . systemctl -q set-default multi-user.target
chroot . systemctl -q enable SERVICES
mkdir -p run/sshd var/log/journal mnt/boot mnt/state mnt/data
chroot . /usr/sbin/sshd -t
rmdir run/sshd
MORE
touch etc/.updated var/.updated
"""


# What initramfs-tools looks at of a kernel's package: linux-version goes by the kernel's file.
TOOLS_CUSTOMIZE = """
version=$(ls usr/lib/modules)
touch "boot/vmlinuz-$version"
printf 'CONFIG_RD_ZSTD=y\\nCONFIG_RD_GZIP=y\\n' >"boot/config-$version"
"""


class Recipe(NamedTuple):
    """What one of the roots is made of."""

    what: str                   # said when it is made
    packages: tuple = PACKAGES
    unpacked: tuple = ()        # packages whose files are there without being installed
    modules: tuple = MODULES
    files: dict = FILES
    services: tuple = SERVICES
    mask: tuple = MASK
    customize: str = ""
    suite: str = SUITE


RECIPES = {
    "debian": Recipe("Debian root: install systemd, udev and OpenSSH"),
    "debian-trixie": Recipe("Debian root: install trixie's systemd, udev and OpenSSH", suite="trixie"),
    "debian-initramfs-tools": Recipe(
        "Debian root: install initramfs-tools",
        packages=PACKAGES + ("initramfs-tools", "busybox", "zstd", "e2fsprogs", "dosfstools"),
        modules=MODULES + ("virtio_pci", "ext4"), customize=TOOLS_CUSTOMIZE),
    "debian-readers": Recipe(
        "Debian root: install every reader of the configuration",
        packages=PACKAGES + (
            "dbus", "systemd-timesyncd", "systemd-resolved", "network-manager", "dnsmasq-base",
            "curl", "openssl", "ca-certificates", "gnutls-bin", "iw", "wireless-regdb", "libedit2",
            "libseccomp2", "dropbear-bin"),
        unpacked=("chrony",),
        modules=MODULES + ("cfg80211",),
        files={**FILES, **READER_FILES},
        services=SERVICES + ("systemd-resolved.service", "systemd-timesyncd.service",
                             "NetworkManager.service"),
        mask=MASK + READER_MASK,
        customize=READER_CUSTOMIZE),
}


def key(kind):
    """What the root depends on; the archive's versions are not part of it."""
    return key_of(tuple(RECIPES[kind]), Path(__file__), Path(kernel.__file__), host_key(),
                  packages.version("linux-image-amd64", suite=RECIPES[kind].suite))


def host_keys():
    """The folder of the one SSH host key of every target."""
    def build(folder):
        folder.mkdir()
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "target", "-f", folder / "key"])
    return cached("host-key", "ed25519", build)


def host_key():
    """The public host key of every target with one of these roots."""
    return (host_keys() / "key.pub").read_text(encoding="ascii").strip()


def _files(recipe, folder):
    """What is put over the packages' own files."""
    for package in recipe.unpacked:
        packages.unpack(package, folder, suite=recipe.suite)
        # Debian has merged /usr: /lib is a link there
        if (folder / "lib").exists():
            run(["cp", "-aT", folder / "lib", folder / "usr/lib"])
            remove(folder / "lib")
    for name, text in recipe.files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    for name in ("key", "key.pub"):
        run(["cp", host_keys() / name, folder / f"etc/ssh/ssh_host_ed25519_{name}"])
    tree = kernel.mkinitramfs()
    tree.write_module_tree(tree.ModuleTree(kernel.kernel(recipe.suite).modules), recipe.modules,
                           folder / "usr")


def _customize(recipe):
    """The shell commands that finish the root."""
    script = CUSTOMIZE.replace("MASK", " ".join(recipe.mask))
    script = script.replace("SERVICES", " ".join(recipe.services))
    return script.replace("MORE", recipe.customize.strip())


def _tar(recipe, folder):
    """Packages and files as a tar; mmdebstrap needs no root for it."""
    files = folder / "files"
    _files(recipe, files)
    # a tar, read by mmdebstrap as ourselves: its user in the namespace may not come in here
    run(["tar", "-cf", folder / "files.tar", "--owner=0", "--group=0", "-C", files, "."])
    command = ["mmdebstrap", "--quiet", "--variant=essential",
               "--include", ",".join(recipe.packages),
               "--aptopt=Apt::Install-Recommends false", "--skip=cleanup/reproducible",
               '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_*',
               f"--customize-hook=tar-in '{folder}/files.tar' /",
               f"--customize-hook={_customize(recipe)}"]
    command += [f"--dpkgopt=path-exclude={path}" for path in EXCLUDE]
    run([*command, recipe.suite, folder / "root.tar", "-"],
        input="\n".join(packages.sources(recipe.suite)).encode() + b"\n", env=FIXED_TIME)
    remove(files)


def file_system(folder):
    """root.tar as an ext4 file system, root.ext4."""
    image, tree = folder / "root.ext4", folder / "tree"
    tree.mkdir()
    with open(image, "wb") as file:
        file.truncate(SIZE_MIB * MIB)
    # the seed in the superblock lets a copy get another UUID without a rewrite
    script = ('tar -xf "$1" -C "$2" --exclude="./dev/*" && mke2fs -q -F -t ext4 -m 0 '
              '-O metadata_csum_seed -U "$4" -E "hash_seed=$4" -d "$2" "$3"')
    run(["fakeroot", "sh", "-c", script, "sh", folder / "root.tar", tree, image, BASE_UUID],
        env=FIXED_TIME)
    # files that belong to others, made by fakeroot, are still ours to remove
    run(["chmod", "-R", "u+rwX", tree])
    remove(tree)


def folder(kind):
    """The cached root: root.tar, root.ext4."""
    recipe = RECIPES[kind]

    def build(path):
        path.mkdir(parents=True)
        _tar(recipe, path)
        file_system(path)

    return cached(kind, key(kind), build, recipe.what)


def make(kind, path, label, uuid):
    """A copy of the file system under its own label and UUID."""
    run(["cp", "--sparse=always", folder(kind) / "root.ext4", path])
    run(["tune2fs", "-L", label, "-U", uuid, path], env=FIXED_TIME)


__all__ = ["ADDRESS", "FOLDER", "MACHINE_ID", "RECIPES", "SIZE_MIB", "folder", "host_key", "key",
           "make"]
