# SPDX-License-Identifier: LGPL-2.1-or-later
"""dist/yocto's module of the initramfs-framework: the main job, with a shell as PID 1 and busybox around it."""

import pytest

from boot import record
from boot.device import Device, why
from boot.record import Record, Slot
from image import cache, kernel, packages
from image.disk import Disk

MODULE = cache.PROJECT / "dist/yocto/recipes-core/initrdscripts/initramfs-module-anteroot/anteroot"
FRAMEWORK = cache.PROJECT / "tests/image/framework.sh"
OPTIONS = "rdinit=/framework"
HOPELESS = Disk(root_a="no-init", root_b="no-init")


def busybox():
    """Debian's static busybox."""
    def build(folder):
        packages.unpack("busybox-static", folder)
    return cache.cached("busybox", cache.key_of(packages.version("busybox-static")), build) / "bin/busybox"


def executable(path, folder):
    """A copy that mkinitramfs takes for a program."""
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    copy.chmod(0o755)
    return copy


@pytest.fixture
def make_initrd(program, tmp_path):
    """Makes an initramfs of the framework's kind, with the module and, unless told otherwise, the program."""
    def make(*more, with_program=True):
        shell, init = busybox(), executable(FRAMEWORK, tmp_path)
        files = [f"{shell}:/bin/busybox", f"{shell}:/bin/sh", f"{init}:/framework",
                 f"{executable(MODULE, tmp_path)}:/init.d/89-anteroot", *more]
        if with_program:
            files.append(f"{program}:/usr/sbin/anteroot")
        return kernel.initramfs(program, *(word for file in files for word in ("--file", file)))
    return make


@pytest.fixture
def initrd(make_initrd):
    return make_initrd()


def test_slot_a_and_the_configuration(boot):
    target = boot([Disk()], OPTIONS)
    assert target.slot == target.state["slot"] == "A" and target.state["failed"] == []
    assert target.text("/etc/hostname").strip() == target.items["hostname"] == "press-07"
    assert target.text("/etc/udev/rules.d/56.rules")
    assert target.files["/root/.ssh/authorized_keys_local"].permissions == 0o600
    assert {"/mnt/boot", "/mnt/state", "/mnt/data"} <= target.mounts.keys()
    assert target.items["pid"] == "1" and "FRAMEWORK-ROOT" not in target.console
    assert "beside another init" in target.log


def test_broken_a_boots_b(boot):
    target = boot([Disk(root_a="no-init")], OPTIONS)
    assert target.slot == target.state["slot"] == "B"
    assert [failed["slot"] for failed in target.state["failed"]] == ["A"]


def test_candidate_is_counted_and_rolled_back(machine, tmp_path):
    dev = Device(machine, tmp_path, Disk(boot_files=record.files(Record(b=Slot("candidate", tries=1)))))
    target = dev.boot(OPTIONS)
    assert why(target) == ("B", "attempt") and target.items["panic"].strip() == "5"
    assert dev.record.b == Slot("trying", tries=1, attempts=1)
    assert why(dev.boot(OPTIONS)) == ("A", "rolled-back")


def test_rescue_reboots(rescue):
    message, console = rescue([HOPELESS], OPTIONS)
    assert "vda2" in message and "vda3" in message
    assert "rescue: what to do: " in console and "Kernel panic" not in console


def test_shell_that_is_asked_for(machine):
    """init_fatal_sh: the message, then the framework's own shell; the boot's log is there."""
    with machine([HOPELESS], f"{OPTIONS} init_fatal_sh") as vm:
        vm.wait_for("rescue: what to do: ")
        vm.wait_for("ERROR: anteroot mounted no root")
        vm.wait_for("FRAMEWORK-SHELL [1-9]")
        assert vm.wait_exit() == "guest-shutdown"


def test_program_that_is_missing_reboots(machine, make_initrd):
    """An image without the program does not wait in the framework's endless loop."""
    with machine([Disk()], OPTIONS, image=make_initrd(with_program=False)) as vm:
        vm.wait_for("anteroot: unable to run hook: rebooting in 10 s")
        assert vm.wait_exit(40) == "guest-reset"


@pytest.mark.parametrize("why_not", ("switched off", "mounted by another module"))
def test_left_to_the_framework(machine, make_initrd, tmp_path, why_not):
    """anteroot.off, and a root that another module has mounted: the module is skipped."""
    options, more = f"{OPTIONS} root=/dev/vda3", []
    drivers = tmp_path / "drivers"
    drivers.write_text("drivers_enabled() { :; }\ndrivers_run() {\n\tfor name in virtio_pci virtio_blk crc32c_generic ext4; do "
                       "modprobe $name; done\n\tsleep 1\n}\n", encoding="ascii")
    more.append(f"{drivers}:/init.d/10-drivers")
    if why_not == "switched off":
        options += " anteroot.off"
    else:
        live = tmp_path / "live"
        live.write_text("live_enabled() { :; }\nlive_run() { rootfs_run; }\n", encoding="ascii")
        more.append(f"{live}:/init.d/80-live")
    with machine([Disk()], options, image=make_initrd(*more)) as vm:
        target = vm.report()
        assert vm.wait_exit() == "guest-shutdown"
    assert target.slot == "B" and "FRAMEWORK-ROOT /dev/vda3" in vm.console
    assert "/run/anteroot/state.json" not in target.files
