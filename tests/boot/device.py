# SPDX-License-Identifier: LGPL-2.1-or-later
"""A disk that remembers: several boots of the same device, and its boot partition between them."""

from boot import harness, record
from image import cache, disk, kernel


class Device:
    """A disk that keeps what was written to it from one boot to the next.

    initrd: another initramfs than the tests' own, for all of its boots.
    """

    def __init__(self, machine, folder, description, initrd=None, base=None):
        self._machine, self.folder, self.description = machine, folder, description
        self._initrd = {"image": initrd} if initrd else {}
        self.image = harness.overlay(base or disk.image(description), folder, "device")

    def boot(self, append="", before=(), **options):
        """One boot to the tiny root; its report. before: disks that come first on the bus."""
        return self._run([*before, self.image], append, "guest-shutdown", options)

    def boot_badly(self, append, wanted="guest-reset", **options):
        """One boot that ends in a reset; the report that its target made before."""
        return self._run([self.image], append, wanted, options)

    def _run(self, disks, append, wanted, options):
        with self._machine(disks, append, **{**self._initrd, **options}) as vm:
            target = vm.report()
            assert vm.wait_exit() == wanted
            target.console = vm.console
            return target

    @property
    def copies(self):
        """Both copies of the record: a Record, or None for one that is blank or damaged."""
        return record.read(self.image, self.folder, self.description)

    @property
    def record(self):
        """The record that counts now."""
        return record.newest(self.image, self.folder, self.description)

    def file(self, name):
        """A file of the boot partition."""
        return record.boot_file(self.image, name, self.folder, self.description)

    def put_file(self, name, data):
        """Replaces a file of the boot partition."""
        raw = self._raw()
        disk.put_boot_file(self.description, raw, name, data)
        cache.run(["qemu-img", "convert", "-O", "qcow2", raw, self.image])

    def _raw(self):
        raw = self.folder / "device.raw"
        cache.run(["qemu-img", "convert", "-O", "raw", self.image, raw])
        return raw

    def boot_partition(self):
        """All bytes of the boot partition."""
        raw = self._raw()
        disk.take_partition(self.description, raw, "boot", self.folder / "partition.raw")
        return (self.folder / "partition.raw").read_bytes()


def why(target):
    """Slot and reason, as the state has them."""
    return target.slot, target.state["reason_name"]


def initramfs_with(program, name, layout, modules=kernel.MODULES):
    """An initramfs with an integrator's file."""
    folder = cache.PROJECT / "build/tests/boot"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(layout, encoding="ascii")
    return kernel.initramfs(program, "--file", f"{path}:/etc/anteroot/anteroot.json",
                            modules=modules)
