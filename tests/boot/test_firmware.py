# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the firmware says: systemd-boot leaves the partition that it was started from in an EFI variable."""

from boot import harness, loaders
from boot.loaders import Device
from image import cache, disk

LOGS = cache.PROJECT / "build/tests/boot"


def test_disk_of_the_firmware_before_its_clone(program, tmp_path):
    """label-clone: the clone is first on the bus; nothing on the command line says which disk is ours."""
    LOGS.mkdir(parents=True, exist_ok=True)
    device = Device(loaders.SystemdBoot(), tmp_path, program, LOGS / "firmware", drivers=["nvme", "efivarfs"])
    clone = harness.overlay(disk.image(device.disk._replace(identity=1)), tmp_path, "clone")
    options = ["-drive", f"file={clone},if=none,id=clone,format=qcow2",
               "-device", "nvme,drive=clone,serial=clone,addr=1"]
    with device.start(first_slot=2, options=options) as vm:
        vm.wait_for("boot disk: vda, because the boot loader is on it", 60)
        vm.wait_for("nvme0n1 carries the labels of the boot disk vda: not used", 1)
        vm.wait_for("ANTEROOT-TARGET .*slot-marker=A", 60)
        assert vm.wait_exit() == "guest-shutdown"
