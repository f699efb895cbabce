# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines that boot with dracut's initramfs, on the kernel of the same distribution."""

from boot import device, harness
from image import cache, disk, dracut, kernel

# systemd hands over to a root that says what it is.
OS_RELEASE = ("etc/os-release", b'ID=tiny\nNAME="the tiny root"\n', 0o644)
SECONDS = 450
# systemd paints its progress on a terminal, letter by letter through an emulated port
PLAIN = "systemd.show_status=false"
KEY = "etc/keys/root"
KEY_BYTES = b"a key of a device, not of a person"


def layout(**fields):
    """A disk whose tiny roots also systemd takes for one."""
    return disk.Disk(**{"root_files": (OS_RELEASE,), **fields})


class Boots:
    """Boots one kind of image; `machine` is the fixture."""

    def __init__(self, machine, program, kind, folder):
        self._machine, self.kind, self.folder = machine, kind, folder
        self.image = dracut.image(kind, program)

    def with_files(self, files):
        """The same with more in the image: path -> text or (bytes, mode)."""
        files = {name: (text.encode(), 0o755) if isinstance(text, str) else text for name, text in files.items()}
        other = Boots.__new__(Boots)
        other.__dict__.update(self.__dict__)
        number = len(list(self.folder.glob("*.img")))
        other.image = dracut.with_files(self.image, files, self.folder / f"more{number}.img")
        return other

    def machine(self, disks, append="", **options):
        """A machine; it is not started."""
        return self._machine(disks, f"{PLAIN} {append}", **{
            "image": self.image, "vmlinux": kernel.kernel(self.kind.suite).vmlinux, "memory_mib": 512,
            "limit": SECONDS * 2, **options})

    def boot(self, disks, append="", **options):
        """To the tiny root; its report."""
        with self.machine(disks, append, **options) as vm:
            target = vm.report(SECONDS)
            assert vm.wait_exit() == "guest-shutdown"
            target.console = vm.console
            return target

    def device(self, description, base=None):
        """A disk that remembers."""
        return _Device(self, self.folder, description, base=base)


class _Device(device.Device):
    """Its boots have the time that this initramfs takes."""

    def __init__(self, boots, folder, description, base=None):
        super().__init__(boots.machine, folder, description, base=base)

    def _run(self, disks, append, wanted, options):
        with self._machine(disks, append, **options) as vm:
            target = vm.report(SECONDS)
            assert vm.wait_exit() == wanted
            target.console = vm.console
            return target


def make_storage(boots, description, source, script, key):
    """A disk after `script` has run on it in a machine (/dev/vda; /dev/vdb holds the bytes of source), made once.

    The tools are those that dracut's modules have put into the image.
    """
    def build(path):
        maker = boots.with_files({
            "usr/lib/dracut/hooks/pre-mount/00-make.sh":
                "sh -ex /make-storage && echo STORAGE-MADE > /dev/kmsg; sync; echo o > /proc/sysrq-trigger; sleep 60\n",
            "make-storage": script, KEY: (KEY_BYTES, 0o600)})
        layer = harness.overlay(disk.image(description), boots.folder, "storage")
        with maker.machine([layer, source]) as vm:
            vm.wait_for("STORAGE-MADE", SECONDS)
            assert vm.wait_exit(60) == "guest-shutdown"
        cache.run(["qemu-img", "convert", "-O", "raw", layer, path])

    return cache.cached("storage.raw", cache.key_of(script, KEY_BYTES, tuple(description), *key), build)
