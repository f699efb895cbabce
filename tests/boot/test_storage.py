# SPDX-License-Identifier: LGPL-2.1-or-later
"""File systems are checked by Debian's own tools before they are mounted; what cannot be used is stood in for."""

import time

import pytest

from boot import storage
from boot.device import why
from boot.record import GOOD, Record, Slot, files
from boot.storage import GRAVE, MINOR, Storage, dirty
from image import cache, disk, root, tools
from image.disk import Disk

CANDIDATE = Slot("candidate", tries=3)
CHECKED = ("--fsck",)
SHELL = ("--program", "dash", "--program", "sleep")
E2FSCK = "usr/sbin/e2fsck"     # stands before Debian's own in /sbin


@pytest.fixture
def device(machine, program, tmp_path):
    """Makes a device: damage by role, options of mkinitramfs, and what else initramfs() takes."""

    def make(damage=None, *options, description=Disk(), **more):
        image = storage.initramfs(program, tmp_path, *(options or CHECKED), **more)
        return Storage(machine, tmp_path, description, image, damage)

    return make


def checks(target):
    """Device -> verdict of the checks that were made."""
    return {check["device"]: check["verdict"] for check in target.report["checks"]}


def warned(target, text):
    return any(text in warning["text"] for warning in target.report["warnings"])


def test_clean_disk_starts_no_tool(device):
    target = device().boot()
    assert target.slot == "A" and target.report["checks"] == []
    assert not warned(target, "check")


def test_minor_damage_is_repaired(device):
    dev = device({"rootA": MINOR, "state": MINOR, "data": MINOR, "boot": (dirty,)})
    assert not dev.is_sound("rootA") and dev.is_dirty
    target = dev.boot()
    assert target.slot == "A"
    assert checks(target) == dict.fromkeys(("vda1", "vda2", "vda4", "vda5"), "corrected")
    assert {target.report["checks"][0]["program"], target.report["checks"][1]["program"]} == \
        {"/sbin/fsck.fat", "/sbin/e2fsck"}
    assert all(dev.is_sound(role) for role in ("rootA", "state", "data")) and not dev.is_dirty
    assert "rw" in target.mounts["/mnt/data"][2]
    assert "anteroot: e2fsck: " in target.console and "anteroot: fsck.fat: " in target.console
    # state and data are still mounted when the tiny root's power goes
    assert checks(dev.boot()).keys() <= {"vda4", "vda5"}


def test_grave_damage_costs_the_slot_its_turn(device):
    dev = device({"rootA": GRAVE})
    target = dev.boot()
    assert target.slot == "B" and checks(target) == {"vda2": "damaged"}
    assert target.state["failed"] == [{
        "device": "vda2", "slot": "A",
        "reason": "unable to check /dev/vda2: e2fsck left errors (exit status 4)"}]


def test_damaged_candidate_is_rolled_back_and_the_record_says_why(device):
    description = Disk(boot_files=files(Record(a=GOOD, b=CANDIDATE)))
    dev = device({"rootB": GRAVE}, description=description)
    assert why(dev.boot()) == ("A", "rolled-back")
    assert dev.record.b.state == "bad" and dev.record.b.bad == "fsck"
    assert why(dev.boot()) == ("A", "active")


def test_boot_partition_is_checked_and_the_record_on_it_is_written(device):
    """fsck.fat comes before the first write to a file of the boot partition, and leaves its sectors alone."""
    description = Disk(boot_files=files(Record(a=GOOD, b=CANDIDATE)))
    dev = device({"boot": (dirty,)}, description=description)
    target = dev.boot()
    assert why(target) == ("B", "attempt") and checks(target) == {"vda1": "corrected"}
    assert not dev.is_dirty and all(dev.copies)
    assert dev.record.b.attempts == 1
    assert why(dev.boot()) == ("B", "attempt")
    assert dev.record.b.attempts == 2


def test_both_roots_damaged_boots_read_only(device):
    dev = device({"rootA": GRAVE, "rootB": GRAVE})
    target = dev.boot("rw")
    assert checks(target) == {"vda2": "damaged", "vda3": "damaged"}
    assert "ro" in target.mounts["/"][2] and target.state["root"]["read_only"]
    assert len(target.state["failed"]) == 2


def test_damaged_state_and_data_are_read_only(device):
    target = device({"state": GRAVE, "data": GRAVE}).boot()
    assert target.slot == "A" and checks(target) == {"vda4": "damaged", "vda5": "damaged"}
    assert "ro" in target.mounts["/mnt/state"][2] and "ro" in target.mounts["/mnt/data"][2]
    assert warned(target, "is not kept for bad times: the state partition is read-only")
    assert warned(target, "unable to check /dev/vda5: e2fsck left errors (exit status 4)")


@pytest.mark.parametrize("how", ["absent", "garbage"])
def test_state_and_data_that_cannot_be_used_are_stood_in_for(device, how):
    roles = ("state", "data")
    garbage = (lambda file, at: file.write(b"\xa5" * disk.MIB),)
    dev = device(dict.fromkeys(roles, garbage) if how == "garbage" else None,
                 description=Disk(absent=roles if how == "absent" else ()))
    target = dev.boot()
    assert target.slot == "A"
    for point, role in (("/mnt/state", "state"), ("/mnt/data", "data")):
        source, kind, options = target.mounts[point]
        assert (source, kind) == ("tmpfs", "tmpfs") and {"nosuid", "nodev", "rw"} <= options
        assert any(option.startswith("size=") for option in options) and "mode=755" in options
        assert warned(target, f"no usable {role} partition: an empty tmpfs is at {point}")


def test_power_cut_leaves_a_journal_that_is_replayed(device):
    dev = device()
    with dev._machine([dev.image], "target.hold", image=dev._initrd["image"]) as vm:
        vm.wait_for("anteroot: handing over")
        time.sleep(1)
        vm.cut_power()
    target = dev.boot()
    assert checks(target)["vda5"] in ("sound", "corrected")
    (check,) = [check for check in target.report["checks"] if check["device"] == "vda5"]
    assert check["why"] == "its journal is to be replayed" and check["status"] in (0, 1)
    assert dev.is_sound("data") and dev.is_sound("state")


def test_forced_and_skipped(device):
    dev = device({"rootA": GRAVE})
    assert checks(dev.boot("fsck.mode=skip")) == {}
    assert checks(dev.boot("fastboot")) == {}
    target = dev.boot("forcefsck fsck.repair=no")
    assert checks(target) == {"vda1": "sound", "vda2": "damaged", "vda3": "sound",
                              "vda4": "sound", "vda5": "sound"}
    target = dev.boot("fsck.mode=force fsck.repair=yes")
    assert checks(target)["vda2"] == "corrected" and target.slot == "A"
    assert dev.is_sound("rootA")


def test_missing_tool_is_a_warning(device):
    target = device({"rootA": MINOR, "boot": (dirty,)}, *SHELL).boot()
    assert target.slot == "A" and target.report["checks"] == []
    assert warned(target, "vda2 is not checked, though the kernel has found errors on it: "
                          "the image has no e2fsck")
    assert warned(target, "the image has no fsck.fat")


def test_tool_without_its_libraries_is_a_warning(device):
    target = device({"rootA": MINOR}, *SHELL, files={E2FSCK: tools.root() / "sbin/e2fsck"}).boot()
    assert target.slot == "A" and checks(target) == {"vda2": "unchecked"}
    assert warned(target, "mounted as it is")


def test_tool_that_hangs_is_stopped_with_all_it_started(device):
    hangs = "trap '' TERM; echo waiting; sleep 3600 & sleep 3600; sleep 3600"
    dev = device({"rootA": MINOR}, *SHELL, files={E2FSCK: hangs},
                 layout='{ "storage": { "fsckSeconds": 2 } }')
    target = dev.boot()
    assert target.slot == "A" and checks(target) == {"vda2": "unchecked"}
    assert warned(target, "unable to check /dev/vda2: e2fsck: stopped at its limit of 2 s")
    assert "anteroot: e2fsck: waiting" in target.console
    assert 2_000_000 <= target.report["checks"][0]["usec"] < 20_000_000


def test_tool_that_prints_without_end_is_bounded(device):
    dev = device({"rootA": MINOR}, *SHELL, files={E2FSCK: "while :; do echo and again; done"},
                 layout='{ "storage": { "fsckSeconds": 2 } }')
    target = dev.boot()
    assert target.slot == "A" and target.console.count("e2fsck: and again") == 40
    assert "lines more" in target.console


def test_disks_are_checked_beside_each_other(device, tmp_path):
    """The root on a second disk; state and data share one that rotates, as far as QEMU tells."""
    tool = 'echo "start $2"; sleep 2; echo "end $2"'
    dev = device({"state": MINOR, "data": MINOR}, *SHELL, files={E2FSCK: tool})
    other = tmp_path / "other.raw"
    root.make("tiny", other, "X", "elsewhere", "5e6d0000-0000-4000-8000-00000000bbbb")
    for command in MINOR:
        cache.run(["debugfs", "-w", "-R", command, other])
    with dev._machine([dev.image, other], "root=LABEL=elsewhere",
                      image=dev._initrd["image"]) as vm:
        target = vm.report()
        vm.wait_exit()
    assert target.slot == "X" and set(checks(target)) == {"vdb", "vda4", "vda5"}
    words = [line.split("e2fsck: ", 1)[1] for line in target.log.splitlines() if "e2fsck: " in line]
    place = {word: number for number, word in enumerate(words)}
    assert place["start /dev/vda4"] < place["end /dev/vdb"]
    assert place["end /dev/vda4"] < place["start /dev/vda5"]


def test_tool_that_is_killed_is_a_warning(device):
    target = device({"rootA": MINOR}, *SHELL, files={E2FSCK: "kill -9 $$"}).boot()
    assert target.slot == "A" and warned(target, "e2fsck: ended by signal 9; mounted as it is")


def test_reboot_is_made_once(device):
    """The tool has corrected it and says 2: the next boot finds it clean."""
    dev = device({"rootA": MINOR}, *CHECKED, *SHELL,
                 files={E2FSCK: '/sbin/e2fsck "$@"; exit 2'})
    with dev._machine([dev.image], image=dev._initrd["image"]) as vm:
        vm.wait_for("e2fsck has corrected it and asks for a reboot")
        assert vm.wait_exit() == "guest-reset"
    target = dev.boot()
    assert target.slot == "A" and target.report["checks"] == [] and dev.is_sound("rootA")


@pytest.mark.parametrize("append", ["", "fsck.mode=force"])
def test_reboot_that_would_come_again_is_not_made(device, append):
    tool = "exit 2" if not append else '/sbin/e2fsck "$@"; exit 2'
    dev = device({"rootA": MINOR}, *CHECKED, *SHELL, files={E2FSCK: tool})
    target = dev.boot(append)
    assert target.slot == "A"
    assert warned(target, "e2fsck asks for a reboot after vda2, which would end here again")
