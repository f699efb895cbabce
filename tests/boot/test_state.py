# SPDX-License-Identifier: LGPL-2.1-or-later
"""The boot state in real boots: counted, rolled back, repaired, and never in the way."""

import os
import random
import time

import pytest

from boot import harness, record
from boot.device import Device, initramfs_with, why
from boot.record import CANDIDATE, GOOD, Record, Slot
from image import disk, kernel
from image.disk import Disk

WATCHDOG = ["-device", "i6300esb", "-watchdog-action", "reset"]
CUTS = 10   # in each phase


@pytest.fixture
def device(machine, tmp_path):
    """Makes a device from copies of a record, and fields of its disk."""
    def make(*copies, **fields):
        return Device(machine, tmp_path, Disk(boot_files=record.files(*copies), **fields))
    return make


@pytest.fixture(scope="session")
def watched(program):
    """An initramfs with the driver of QEMU's watchdog, and a short time for it."""
    return initramfs_with(program, "watched", '{"bootState": {"watchdogSeconds": 4}}',
                          (*kernel.MODULES, "i6300esb"))


def test_candidate_is_counted_and_rolled_back(device):
    dev = device(Record(b=Slot("candidate", tries=2)))
    for attempt in (1, 2):
        target = dev.boot()
        assert why(target) == ("B", "attempt") and target.state["candidate"]
        assert target.state["slots"]["B"]["attempts"] == attempt
        assert dev.record.b == Slot("trying", tries=2, attempts=attempt)
        assert target.items["panic"].strip() == "5"
        assert f"ANTEROOT_ATTEMPTS={attempt}\n" in target.text("/run/anteroot/state.env")
    assert why(dev.boot()) == ("A", "rolled-back")
    assert dev.record.b == Slot("bad", tries=2, attempts=2, bad="tries")
    assert why(dev.boot()) == ("A", "active")


@pytest.mark.parametrize("fault", ["panic", "exit"])
def test_candidate_that_panics_is_rolled_back(device, fault):
    """kernel.panic is set by us: the command line of this machine has none that counts."""
    dev = device(Record(b=Slot("candidate", tries=1)))
    target = dev.boot_badly(f"target.{fault}=B")
    assert why(target) == ("B", "attempt")
    assert "Kernel panic" in target.console
    assert why(dev.boot(f"target.{fault}=B")) == ("A", "rolled-back")


def test_candidate_that_hangs_is_reset_by_the_watchdog(device, watched):
    dev = device(Record(b=Slot("candidate", tries=1)))
    target = dev.boot_badly("target.hang=B", image=watched, options=WATCHDOG)
    assert why(target) == ("B", "attempt")
    assert "watchdog: /dev/watchdog, 4 s" in target.log
    assert why(dev.boot("target.hang=B", image=watched, options=WATCHDOG)) == ("A", "rolled-back")


def test_good_slot_gets_no_watchdog(device, watched):
    target = device(Record()).boot(image=watched, options=WATCHDOG)
    assert "watchdog:" not in target.log


def test_candidate_without_root_is_left_in_the_same_boot(device):
    dev = device(Record(b=CANDIDATE), root_b="no-init")
    target = dev.boot()
    assert why(target) == ("A", "rolled-back")
    assert target.state["failed"][0]["slot"] == "B"
    assert dev.record.b.state == "bad" and dev.record.b.bad == "root"


def test_good_root_that_does_not_mount_is_tried_again(device):
    dev = device(Record(), root_a="no-init")
    assert why(dev.boot()) == ("B", "other-good")
    assert dev.record.active == "A" and dev.record.a.state == "good"


def test_stateless_without_the_files(boot):
    target = boot()
    assert target.state["backend"] == "none" and target.slot == "A"


def test_blank_files_are_a_device_that_has_never_stored_anything(device):
    dev = device()
    assert why(dev.boot()) == ("A", "active")
    assert dev.record.a == Slot("good", unconfirmed=1) and dev.record.b == Slot("empty")
    assert dev.record.generation == 1


def test_one_copy_damaged_is_repaired(device):
    dev = device(Record(active="B", generation=7), b"\1" * 512)
    assert why(dev.boot()) == ("B", "active")
    assert [copy and copy.generation for copy in dev.copies] == [7, 8]


def test_both_copies_damaged_are_rebuilt_without_fresh_tries(device):
    dev = device(b"\1" * 512, b"\2" * 512)
    target = dev.boot()
    assert target.slot == "A" and target.state["unknown"]
    assert [event["event"] for event in target.state["transitions"]] == ["rebuilt"]
    assert dev.record.unknown and {dev.record.a.state, dev.record.b.state} == {"good"}


def test_newer_record_is_read_and_not_written(device):
    newer = Record(active="B", major=2)
    dev = device(newer, newer)
    target = dev.boot()
    assert why(target) == ("B", "active")
    assert dev.copies == [newer, newer]
    assert "newer version" in target.console


def test_clone_with_another_record_is_not_followed(device, tmp_path):
    """label-clone: the same labels, first on the bus, removable or not: the boot disk's record counts."""
    other = Disk(boot_files=record.files(Record(active="B", generation=99)), identity=1)
    dev = device(Record(active="A"), identity=0)
    clone = harness.overlay(disk.image(other), tmp_path, "clone")
    target = dev.boot(f"anteroot.disk=PTUUID={dev.description.table_id()}", before=[clone])
    assert why(target) == ("A", "active")
    assert target.report["seen"]["clones"] == ["vda"]
    assert record.newest(clone, tmp_path, other).generation == 99


def test_record_of_another_disk_is_unconfirmed(device):
    """A record that was copied with its disk proves nothing, and its slots are booted all the same."""
    raw = bytearray(Record(active="B").pack())
    raw[44:46] = b"zz"
    raw[508:] = record.checksum(raw)
    dev = device(bytes(raw))
    target = dev.boot()
    assert why(target) == ("B", "active") and target.state["unknown"]
    assert "is of the disk zz" in target.console


def test_slot_missing(device):
    dev = device(Record(b=CANDIDATE), root_b="none")
    assert why(dev.boot()) == ("A", "rolled-back")
    assert dev.record.b.bad == "missing"


def test_full_boot_partition(device):
    """The files are there in full: nothing has to be made."""
    dev = device(Record(b=CANDIDATE), fill_boot=True)
    assert why(dev.boot()) == ("B", "attempt")
    assert dev.record.b.attempts == 1


def test_count_not_saved_on_a_read_only_disk(machine, tmp_path):
    """Named after the field failure: what cannot be counted is not tried."""
    description = Disk(boot_files=record.files(Record(b=CANDIDATE)))
    image = harness.overlay(disk.image(description), tmp_path, "device")
    options = ["-drive", f"file={image},if=none,id=ro,format=qcow2,read-only=on",
               "-device", "virtio-blk-pci,drive=ro"]
    with machine([], options=options) as vm:
        target = vm.report()
        assert vm.wait_exit() == "guest-shutdown"
    assert why(target) == ("A", "not-durable")


def test_last_resort_and_growing_delay(device):
    """Nothing good: the best there is, later and later."""
    dev = device(Record(a=Slot("bad", bad="rejected"), b=Slot("bad", bad="rejected")))
    assert why(dev.boot()) == ("A", "last-resort")
    target = dev.boot()
    assert why(target) == ("A", "last-resort")
    assert dev.record.fruitless == 2 and target.state["waited_sec"] == 10


def test_power_cuts_alone_do_not_delay(device):
    """tries-exhausted: a good slot that is cut off again and again is booted all the same, at once."""
    dev = device(Record(a=GOOD._replace(unconfirmed=40), b=Slot("bad", bad="tries")))
    target = dev.boot()
    assert why(target) == ("A", "degraded") and target.state["waited_sec"] == 0


def test_unconfirmed_good_slot_is_left_a_bounded_number_of_times(device):
    """ping-pong: over to the other one, back, and then it stays."""
    exhausted = GOOD._replace(unconfirmed=5)
    dev = device(Record(a=exhausted, b=GOOD))
    assert why(dev.boot()) == ("B", "switch-over")
    assert dev.record.active == "B" and dev.record.switches == 1
    assert why(dev.boot()) == ("B", "active")


PHASES = {
    "candidate": (Record(b=Slot("candidate", tries=9)),),
    "last-attempts": (Record(b=Slot("trying", tries=9, attempts=6), booted="B"),),
    "good": (Record(a=GOOD._replace(unconfirmed=2)),),
    "blank": (),
    "damaged": (Record(active="B", b=GOOD), b"\1" * 512),
}


@pytest.mark.parametrize("phase", PHASES)
def test_power_cuts(machine, device, phase):
    """The plug is pulled at ten random moments in each of five phases.

    Always: a whole copy is there, no attempt goes uncounted, no good slot is lost; and then it boots.
    """
    seed = int(os.environ.get("ANTEROOT_SEED") or random.randrange(2 ** 32))
    print(f"ANTEROOT_SEED={seed}")
    chance, dev = random.Random(seed), device(*PHASES[phase])
    now = PHASES[phase][0] if PHASES[phase] else Record(a=Slot("good"), b=Slot("empty"))
    for number in range(CUTS):
        with machine([dev.image], "target.hold") as vm:
            vm.wait_for("boot disk: vda")
            time.sleep(chance.uniform(0, 0.3))
            vm.cut_power()
        tried, before = "root: vda3, slot B" in vm.console, now
        copies = [copy for copy in dev.copies if copy]
        now = max(copies, key=lambda copy: copy.generation) if copies else before
        print(f"cut {number}: {'tried B, ' if tried else ''}{now}")
        if now.b.state == "trying":
            assert now.b.attempts - before.b.attempts in ((1,) if tried else (0, 1))
        assert now.b.attempts <= 9 and now.a.state == "good"
        # without a verdict the good slot is left in the end, for the other good one
        assert now.active == before.active or slot_of(before, before.active).unconfirmed == 5
    target = dev.boot()
    if now.b.state in ("candidate", "trying"):
        assert target.slot == ("B" if now.b.attempts < 9 else "A")
    else:
        assert slot_of(now, target.slot).state == "good"


def slot_of(rec, name):
    """The slot of a record."""
    return rec.a if name == "A" else rec.b
