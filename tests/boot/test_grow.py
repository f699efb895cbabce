# SPDX-License-Identifier: LGPL-2.1-or-later
"""The data partition grows to the end of the disk that the image was put on, once, whatever is cut."""

import pytest

from boot import growing, harness, writes
from boot.growing import MIB, Kind
from image import cache

KINDS = [Kind(table, sector) for table in ("gpt", "msdos") for sector in (512, 4096)]
EACH = pytest.mark.parametrize("kind", KINDS, ids=[f"{kind.table}-{kind.sector}" for kind in KINDS])
LARGE_MIB = 1024


def run(machine, path, kind, append="", **options):
    """One boot from a disk; its report."""
    with machine([], append, options=growing.options(path, kind), **options) as vm:
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
