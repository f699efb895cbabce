# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks that are late, alike, empty or absent."""

import time

import pytest

from boot import harness
from image import disk, kernel
from image.disk import Disk

GPT = Disk()


def test_late_disk(machine):
    """A disk plugged in after init started is waited for, and booted from at once."""
    with machine([], options=harness.hot_port()) as vm:
        vm.wait_for("Run /init")
        time.sleep(2)
        vm.plug_disk(disk.image(GPT))
        plugged = vm.seconds()
        target = vm.report()
        assert vm.seconds() - plugged < 10
        assert target.slot == "A"


def test_late_disk_beside_a_useless_one(machine):
    with machine([disk.blank()], options=harness.hot_port()) as vm:
        vm.wait_for("Run /init")
        time.sleep(2)
        vm.plug_disk(disk.image(GPT))
        assert vm.report().state["boot_disk"] == "vdb"


@pytest.mark.parametrize("identity", [0, 1], ids=["exact", "other-uuids"])
def test_clone_is_never_used(boot, identity):
    target = boot([GPT, Disk(identity=identity)])
    assert target.state["boot_disk"] == "vda"
    assert target.report["seen"]["clones"] == ["vdb"]
    devices = {source for source, _, _ in target.mounts.values() if source.startswith("/dev/vd")}
    assert devices and all(device.startswith("/dev/vda") for device in devices)


def test_clone_is_not_the_fallback(rescue):
    """Both roots of the boot disk are broken: the clone's would boot, and must not."""
    message, _ = rescue([Disk(root_a="no-init", root_b="no-init"), Disk(identity=1)])
    assert "vda2" in message and "vdb" not in message


def test_root_argument_picks_the_disk(boot):
    other = Disk(identity=1)
    target = boot([GPT, other], f"root=PARTUUID={other.partuuid('rootB')}")
    assert target.state["boot_disk"] == "vdb"
    assert target.slot == "B"
    assert target.mounts["/mnt/data"][0] == "/dev/vdb5"


@pytest.mark.parametrize("form", ["device", "PTUUID", "PARTUUID"])
def test_pinned_disk(boot, form):
    other = Disk(table="msdos", identity=1)
    name = {"device": "/dev/vdb", "PTUUID": f"PTUUID={other.table_id()}",
            "PARTUUID": f"PARTUUID={other.partuuid('boot').upper()}"}[form]
    assert boot([GPT, other], f"anteroot.disk={name}").state["boot_disk"] == "vdb"


def test_unformatted_disk_is_ignored(boot):
    target = boot([disk.blank(), GPT])
    assert target.state["boot_disk"] == "vdb"
    assert target.slot == "A"


def test_no_boot_partition(boot):
    """No boot partition means no config.json: the root boots as it is."""
    target = boot([Disk(absent=("boot",))])
    assert target.slot == "A"
    assert target.text("/etc/hostname") == "image\n"
    assert "/mnt/boot" not in target.mounts


@pytest.mark.parametrize("absent", [("data",), ("state", "data")])
def test_no_data_partition(boot, absent):
    target = boot([Disk(absent=absent)])
    assert target.slot == "A"
    assert target.items["hostname"] == "press-07"


def test_no_disk_at_all(machine):
    with machine([], "anteroot.wait=3") as vm:
        start, _ = vm.wait_for("Run /init")
        line, match = vm.wait_for("anteroot: rescue: (unable to .*)", 30)
        assert 2 < line.time - start.time < 8
        assert "disk" in match.group(1)
        assert vm.wait_exit(30) == "guest-reset"


def without(name):
    return tuple(module for module in kernel.MODULES if module != name)


def test_missing_driver_is_named(rescue, program, tmp_path):
    """The image lists the disk's driver and does not carry it: the message says so."""
    conf = tmp_path / "disk.conf"
    conf.write_text("virtio_blk\n", encoding="ascii")
    image = kernel.initramfs(program, "--file", f"{conf}:/etc/modules-load.d/disk.conf",
                             modules=without("virtio_blk"))
    message, _ = rescue([GPT], "anteroot.wait=2", image=image)
    assert "virtio_blk" in message


def test_missing_file_system_is_named(rescue, program):
    image = kernel.initramfs(program, modules=without("ext4"))
    message, _ = rescue([GPT], image=image)
    assert "ext4" in message


def test_listed_module_that_is_missing_is_named(boot, program, tmp_path):
    conf = tmp_path / "more.conf"
    conf.write_text("no_such_module\n", encoding="ascii")
    image = kernel.initramfs(program, "--file", f"{conf}:/etc/modules-load.d/more.conf")
    target = boot([GPT], image=image)
    assert "no_such_module" in target.log


def test_listed_module_is_loaded(boot, program):
    image = kernel.initramfs(program, "--modules-load", "softdog")
    assert "softdog" in target_modules(boot([GPT], image=image))


@pytest.mark.parametrize("append,loaded", [("", True), ("modprobe.blacklist=i6300esb", False)])
def test_blacklist(boot, program, append, loaded):
    """A blacklisted driver is not loaded for the device that asks for it."""
    image = kernel.initramfs(program, modules=kernel.MODULES + ("i6300esb",))
    target = boot([GPT], append, image=image, options=["-device", "i6300esb,bus=pcie.0"])
    assert ("i6300esb" in target_modules(target)) == loaded


def test_module_options(boot, program):
    image = kernel.initramfs(program, "--modules-load", "softdog")
    target = boot([GPT], "softdog.soft_margin=17", image=image)
    assert "soft_margin=17" in target.console


def target_modules(target):
    return {line.split()[0] for line in target.items["modules"].splitlines()}
