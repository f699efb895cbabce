# SPDX-License-Identifier: LGPL-2.1-or-later
"""The data partition grows to the end of the disk that the image was put on, once, whatever is cut."""

import os
import random
import time

import pytest

from boot import growing, harness, writes
from boot.device import initramfs_with
from boot.growing import MIB, Kind
from image import cache, disk, kernel

KINDS = [Kind(table, sector) for table in ("gpt", "msdos") for sector in (512, 4096)]
EACH = pytest.mark.parametrize("kind", KINDS, ids=[f"{kind.table}-{kind.sector}" for kind in KINDS])
LARGE_MIB = 1024


def run(machine, path, kind, append="", read_only=False, **options):
    """One boot from a disk; its report."""
    drive = growing.options(path, kind, ",readonly=on" if read_only else "")
    with machine([], append, options=drive, **options) as vm:
        target = vm.report()
        assert vm.wait_exit() == "guest-shutdown"
        target.console = vm.console
        return target


def check(path, kind, folder, mib=LARGE_MIB):
    """The disk is as it must be after its first boot."""
    raw = growing.raw_of(path, folder)
    before, parts = kind.parts(), growing.parts_of(raw, kind)
    for role, part in before.items():
        assert role == "data" or parts[part.number] == part, role
    data = parts[kind.number("data")]
    assert data.start == before["data"].start
    assert (data.end * kind.sector) % MIB == 0
    assert mib * MIB - 2 * MIB <= data.end * kind.sector <= mib * MIB
    growing.verify(raw, kind)
    partition = growing.data_of(raw, kind, folder)
    cache.run(["e2fsck", "-fn", partition])
    size = growing.check_data(partition, folder)
    assert data.size * kind.sector - size < 16 * MIB
    raw.unlink()
    partition.unlink()


@EACH
def test_grows_once(machine, tmp_path, kind):
    """The first boot grows everything, while the root and the boot partition are mounted; the second nothing."""
    device = growing.flashed(kind, tmp_path, LARGE_MIB)
    first = run(machine, device, kind)
    assert f"vda{kind.number('data')} grows from 24 to" in first.log
    assert "the file system of" in first.log
    assert not first.report["warnings"]
    assert "/mnt/data" in first.mounts
    check(device, kind, tmp_path)
    second = run(machine, device, kind)
    assert "grow" not in second.log and "grew" not in second.log
    assert not second.report["warnings"]


def table_writes(machine, tmp_path, kind):
    """What a first boot writes beside the partitions, each with a flush behind it."""
    device, log = growing.flashed(kind, tmp_path, LARGE_MIB, "recorded"), tmp_path / "writes.log"
    with machine([], options=writes.options(device, log)) as vm:
        vm.report()
        assert vm.wait_exit() == "guest-shutdown"
    every = writes.read_log(log)
    found = [place for place, write in enumerate(every) if growing.outside(kind, write, LARGE_MIB)]
    for place in found:
        following = next(write for write in every[place + 1:])
        assert not following.data, f"sector {every[place].at // 512} is not flushed"
        assert len(every[place].data) == 512
    return [every[place] for place in found]


# In a sector: about the numbers that change, in each kind of table, and the usual places.
PLACES = {"gpt": (1, 17, 34, 50, 128, 172, 256, 300, 511),
          "msdos": (1, 256, 452, 458, 459, 460, 461, 474, 475, 476, 477, 511)}


def check_model(kind, cut, raw, new):
    """By the specifications: the table is whole, with the old or the new size; of a torn one, the backup is."""
    old, number = kind.parts(), kind.number("data")
    found = growing.parts_of(raw, kind)
    sectors = raw.stat().st_size // kind.sector
    if kind.table == "gpt" and cut.torn and not found:
        with open(raw, "rb") as file:
            backup = growing.gpt_at(file, kind.sector, sectors - 1, sectors)
        assert backup, f"{cut.name}: no table is whole"
        return None
    assert set(found) == {part.number for part in old.values()}, cut.name
    for role, part in old.items():
        assert role == "data" or found[part.number] == part, (cut.name, role)
    assert found[number].start == old["data"].start
    if cut.torn:
        assert 0 < found[number].size <= new.size, cut.name
    else:
        assert found[number].size in (old["data"].size, new.size), cut.name
    return found[number]


@pytest.fixture(params=["gpt", "msdos"])
def cut_disks(request, machine, tmp_path):
    """Kind, and every cut of what its first boot writes to the table: (Cut, what the data partition is then)."""
    kind = Kind(request.param)
    recorded = table_writes(machine, tmp_path, kind)
    found, raw = [], tmp_path / "cut.raw"
    growing.cut_disk(kind, growing.Cut("all", tuple(recorded)), raw, LARGE_MIB, False)
    new = growing.parts_of(raw, kind)[kind.number("data")]
    assert new.size > kind.parts()["data"].size
    for cut in growing.cuts(kind, recorded, PLACES[kind.table]):
        growing.cut_disk(kind, cut, raw, LARGE_MIB, False)
        found.append((cut, check_model(kind, cut, raw, new)))
    return kind, found


def test_every_cut_of_the_table(machine, tmp_path, cut_disks):
    """Behind each sector the kernel finds every partition, the last one with its old size or its new one."""
    kind, found = cut_disks
    whole = [(cut, part) for cut, part in found if not cut.torn]
    assert len(whole) >= {"gpt": 6, "msdos": 4}[kind.table]
    disks = [growing.flashed(kind, tmp_path, LARGE_MIB)]
    for place, (cut, _) in enumerate(whole):
        disks.append(tmp_path / f"disk{place}.raw")
        growing.cut_disk(kind, cut, disks[-1], LARGE_MIB, False)
    with machine(disks) as vm:
        target = vm.report()
        assert vm.wait_exit() == "guest-shutdown"
    sizes = {line.split()[3]: int(line.split()[2]) for line in
             target.items["partitions"].splitlines()[2:]}
    for place, (cut, part) in enumerate(whole):
        name = f"vd{chr(ord('b') + place)}"
        for role, other in kind.parts().items():
            wanted = part if role == "data" else other
            assert sizes[f"{name}{other.number}"] == wanted.size // 2, (cut.name, role)


def test_the_boot_after_a_cut(machine, tmp_path, cut_disks):
    """Behind each sector, and with each sector torn: that boot ends complete."""
    kind, found = cut_disks
    # of the torn ones, those that come to something else: nothing to read, or another size
    sizes = {part.size for cut, part in found if not cut.torn}
    seen = set()
    for cut, part in found:
        what = (cut.patches[-1][0], part) if cut.torn else cut.name
        if what in seen or (cut.torn and part and part.size in sizes):
            continue
        seen.add(what)
        raw = tmp_path / "cut.raw"
        growing.cut_disk(kind, cut, raw, LARGE_MIB)
        device = harness.overlay(raw, tmp_path, "cut")
        target = run(machine, device, kind)
        damaged = [warning["text"] for warning in target.report["warnings"]
                   if "is damaged: booting by its backup" in warning["text"]]
        assert len(damaged) == (part is None), (cut.name, target.report["warnings"])
        check(device, kind, tmp_path)
        raw.unlink()
    print(f"{len(found)} cuts, of which {len(seen)} were booted")
    assert len(seen) > len(sizes)


# --- what else there is on disks ---

def quiet(target):
    """Nothing was said of growing."""
    return not [line for line in target.log.splitlines() if "grow" in line or "grew" in line]


def unchanged(path, kind, folder):
    """Whether the table has every partition as the image has them."""
    raw = growing.raw_of(path, folder)
    same = set(growing.parts_of(raw, kind).values()) == set(kind.parts().values())
    raw.unlink()
    return same


@pytest.mark.parametrize("table", ["gpt", "msdos"])
def test_a_partition_behind_it(machine, tmp_path, table):
    """Nothing is said, nothing is done."""
    kind = Kind(table, behind_mib=2)
    device = growing.flashed(kind, tmp_path, LARGE_MIB)
    assert quiet(run(machine, device, kind))
    assert unchanged(device, kind, tmp_path)


def test_little_is_left(machine, tmp_path):
    """Less than 16 MiB is not worth it."""
    kind = Kind()
    device = growing.flashed(kind, tmp_path, kind.starts()["end"] + 14)
    assert quiet(run(machine, device, kind))
    assert unchanged(device, kind, tmp_path)


def test_hybrid_mbr(machine, tmp_path):
    kind, raw = Kind(), tmp_path / "hybrid.raw"
    entry = growing.mbr_entry(0x0C, *kind.parts()["boot"][1:])
    growing.cut_disk(kind, growing.Cut("hybrid", ((446 + 16, entry),)), raw, LARGE_MIB)
    device = harness.overlay(raw, tmp_path, "hybrid")
    target = run(machine, device, kind)
    (warning,) = target.report["warnings"]
    assert "unable to grow vda5: its MBR is not the protective one of a GPT, or is hybrid" in (
        warning["text"])
    assert unchanged(device, kind, tmp_path)


def test_integrator_does_not_want_it(machine, tmp_path, program):
    kind = Kind()
    device = growing.flashed(kind, tmp_path, LARGE_MIB)
    image = initramfs_with(program, "grow-not", '{"storage": {"growData": false}}')
    assert quiet(run(machine, device, kind, image=image))
    assert unchanged(device, kind, tmp_path)


def test_read_only_disk(machine, tmp_path):
    kind = Kind()
    device = growing.flashed(kind, tmp_path, LARGE_MIB)
    target = run(machine, device, kind, read_only=True)
    assert quiet(target)


FEATURES = {
    "errors": ("fsck must put it in order first", "ssv state 2"),
    "no-journal": ("it has no journal", "feature ^has_journal"),
    "reserved-for-nobody": ("fsck must put it in order first", "feature ^resize_inode"),
    "sparse-super2": ("the kernel does not grow one with its features", "feature sparse_super2"),
}


@pytest.mark.parametrize("name", FEATURES)
def test_file_systems_that_the_kernel_does_not_grow(machine, tmp_path, name):
    """The partition grows all the same; the boot goes on, and says that the file system does not."""
    said, change = FEATURES[name]
    kind, raw, part = Kind(), tmp_path / "disk.raw", tmp_path / "part"
    growing.cut_disk(kind, growing.Cut("", ()), raw, LARGE_MIB)
    growing.data_of(raw, kind, tmp_path).rename(part)
    cache.run(["debugfs", "-w", "-R", change, part])
    disk.copy_into(part, raw, kind.starts()["data"] * MIB)
    target = run(machine, harness.overlay(raw, tmp_path, "disk"), kind)
    warnings = [warning["text"] for warning in target.report["warnings"]]
    assert [text for text in warnings if said in text], warnings
    assert "/mnt/data" in target.mounts
    assert not unchanged(tmp_path / "disk.qcow2", kind, tmp_path)


@pytest.mark.parametrize("features", ["^resize_inode", "^resize_inode,meta_bg", "^64bit", "bigalloc"])
def test_file_systems_that_it_grows(machine, tmp_path, features):
    kind = Kind(data=("mke2fs", "-q", "-F", "-t", "ext4", "-O", features))
    device = growing.flashed(kind, tmp_path, LARGE_MIB)
    assert not run(machine, device, kind).report["warnings"]
    check(device, kind, tmp_path)


def test_btrfs(machine, tmp_path, program):
    """Its partition grows, and what the rest is done with is said."""
    kind = Kind(data=("mkfs.btrfs", "-q"), data_mib=128)
    device = growing.flashed(kind, tmp_path, LARGE_MIB)
    image = kernel.initramfs(program, modules=(*kernel.MODULES, "btrfs"))
    target = run(machine, device, kind, image=image)
    (warning,) = target.report["warnings"]
    assert "vda5 has grown, its btrfs has not" in warning["text"]
    assert quiet(run(machine, device, kind, image=image))


# --- the plug is pulled ---

HUGE_MIB = 16 * 1024


@EACH
def test_power_cut_in_first_boots(machine, tmp_path, kind):
    """Five of each kind, cut at random between the root's mount and the hand-over; the next boot ends complete."""
    seed = int(os.environ.get("ANTEROOT_SEED") or random.randrange(2 ** 32))
    print(f"ANTEROOT_SEED={seed}")
    chance, window = random.Random(seed), 2.0
    for number in range(5):
        device = growing.flashed(kind, tmp_path, HUGE_MIB, f"first{number}")
        with machine([], "target.hold", options=growing.options(device, kind)) as vm:
            mounted, _ = vm.wait_for(r"EXT4-fs \(vda2\): mounted")
            delay = chance.uniform(0, window) if number else None
            if delay is None:   # the first tells how long it takes here, and is cut behind it
                vm.wait_for("ANTEROOT-TARGET")
                window = vm.seconds() - mounted.time
            else:
                time.sleep(delay)
            vm.cut_power()
            seen = [word for word in ("grows from", "resizing filesystem", "grew from",
                                      "ANTEROOT-TARGET") if word in vm.console]
        print(f"boot {number}: cut after {delay or window:.3f} s, seen: {seen}")
        target = run(machine, device, kind)
        assert not target.report["warnings"]
        check(device, kind, tmp_path, HUGE_MIB)
        assert quiet(run(machine, device, kind)) or number
        device.unlink()


def test_power_cut_while_ext4_grows(machine, tmp_path):
    """The kernel's BUG() in fs/ext4/resize.c, when it goes on in the mount that plays the journal back."""
    kind, went_on = Kind(), 0
    for number, delay in enumerate((0.1, 0.2, 0.3)):
        device = growing.flashed(kind, tmp_path, HUGE_MIB, f"grows{number}")
        with machine([], "target.hold", options=growing.options(device, kind)) as vm:
            vm.wait_for("resizing filesystem")
            time.sleep(delay)
            vm.cut_power()
        target = run(machine, device, kind)
        assert not target.report["warnings"]
        went_on += "recovery complete" in target.console and "grew from" in target.log
        check(device, kind, tmp_path, HUGE_MIB)
        device.unlink()
    assert went_on
