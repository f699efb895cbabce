# SPDX-License-Identifier: LGPL-2.1-or-later
"""FAT power cuts: what `store` writes to the boot partition, recorded sector by sector and replayed with a cut at
every sector and the last one torn. After each the state loads, the FAT is as it was, and a root boots."""

import json
from typing import Callable, NamedTuple

import pytest

from boot import environment, record, writes
from boot.device import Device, initramfs_with, why
from boot.environment import Choice, balena, keys
from boot.record import GOOD, Record, Slot
from image import cache, disk
from image.disk import Disk


class Store(NamedTuple):
    """A boot whose store is recorded."""

    files: tuple
    read: Callable                      # the files' bytes -> Choice
    recorded: tuple                     # slot and reason of the recorded boot
    count: int                          # sectors that it writes
    layout: dict = {}                   # "bootState"
    outcomes: tuple = ("A", "B")        # slots that may be booted after a cut


def read_record(contents):
    """One copy at least is whole, and the newest one counts."""
    copies = [copy for copy in map(Record.unpack, contents) if copy]
    assert copies, "both copies are lost"
    newest = max(copies, key=lambda copy: copy.generation)
    if newest.b.state in ("candidate", "trying"):
        return Choice("B", "attempt", newest.b.attempts)
    return Choice(newest.active, "active")


def reading(read):
    return lambda contents: environment.choose(read(*contents))


def ubootenv(values):
    return {"files": environment.ubootenv(values),
            "layout": {"backend": "ubootenv", "files": ["uboot.env", "uboot-redund.env"]},
            "read": reading(environment.read_ubootenv)}


def grubenv(values):
    return {"files": environment.grubenv(values), "layout": {"backend": "grubenv"},
            "read": reading(environment.read_grubenv)}


def uenv(values):
    return {"files": environment.uenv(values), "layout": {"backend": "uenv"},
            "read": reading(environment.read_uenv)}


def own(*copies):
    return {"files": record.files(*copies), "read": read_record}


TRYING = Record(b=Slot("trying", tries=3, attempts=1), booted="B", generation=5)
OLDER = TRYING._replace(b=Slot("candidate", tries=3), generation=4)
ATTEMPT, ACTIVE = ("B", "attempt"), ("A", "active")

STORES = {
    "record-candidate": Store(**own(OLDER, TRYING), recorded=ATTEMPT, count=1, outcomes="B"),
    "record-good": Store(**own(Record(a=GOOD)), recorded=ACTIVE, count=1, outcomes="A"),
    "record-repair": Store(**own(Record(active="B"), b"\1" * 512), recorded=("B", "active"), count=1,
                           outcomes="B"),
    "grubenv-candidate": Store(**grubenv(keys(armed="B", count=1, tries=2)), recorded=ATTEMPT, count=1),
    "grubenv-good": Store(**grubenv(keys()), recorded=ACTIVE, count=1, outcomes="A"),
    "grubenv-taken-over": Store(**grubenv(balena("3", "1", "1")), recorded=ATTEMPT, count=2),
    "uenv-candidate": Store(**uenv(keys(armed="B", count=1)), recorded=ATTEMPT, count=2),
    "uenv-good": Store(**uenv(keys()), recorded=ACTIVE, count=1, outcomes="A"),
    "uenv-taken-over": Store(**uenv(balena("3", "1", "1")), recorded=ATTEMPT, count=3),
    "ubootenv-candidate": Store(**ubootenv(keys(armed="B", count=1)), recorded=ATTEMPT, count=32,
                                outcomes="B"),
}


@pytest.mark.parametrize("name", STORES)
def test_cut(machine, program, tmp_path, name):
    store = STORES[name]
    description = Disk(boot_files=store.files)
    initrd = initramfs_with(program, name.partition("-")[0], json.dumps({"bootState": store.layout})) \
        if store.layout else None
    names = [file for file, _ in store.files]
    partition = writes.BootPartition(tmp_path, description, names)

    target, log = writes.record(machine, tmp_path, description, image=initrd)
    assert why(target) == store.recorded and target.state["stored"]
    stored = [write for write in log if write.data and partition.holds(write)]
    for write in stored:
        assert set(write.sectors) <= partition.sectors(), "written beside the files"
    assert len(stored) == store.count, stored

    boots, tried = {}, 0
    old = store.read(list(partition.apply(()).values()))
    for cut in writes.cuts(partition, log):
        files = partition.apply(cut.patches)
        cache.run(["fsck.fat", "-n", partition.path])
        choice = store.read(list(files.values()))
        print(f"{cut.name}: {choice}")
        assert choice.slot in store.outcomes
        # what is torn never gives an attempt back
        assert not choice.candidate or choice.count >= old.count or cut.garbage
        tried += 1
        # of those that end alike the one with garbage, else a torn one
        if choice not in boots or (cut.garbage and not boots[choice].garbage):
            boots[choice] = cut
    print(f"{tried} cuts, {len(boots)} outcomes")
    for choice, cut in boots.items():
        boot_after(machine, tmp_path, description, initrd, cut, choice)


def boot_after(machine, folder, description, initrd, cut, choice):
    """The disk as the cut left it, and a boot of it."""
    raw = folder / "cut.raw"
    disk.export(description, raw)
    with open(raw, "r+b") as file:
        for at, data in cut.patches:
            file.seek(at)
            file.write(data)
    target = Device(machine, folder, description, initrd, raw).boot()
    print(f"booted after {cut.name}: {why(target)}")
    assert why(target) == (choice.slot, choice.reason) and target.state["stored"]
    if choice.candidate:
        assert target.state["slots"][choice.slot]["attempts"] == choice.count + 1


def test_writes_without_a_flush_come_in_any_order(tmp_path):
    """Of this file itself: without a flush the later write may be there alone, with one it is not."""
    description = Disk(boot_files=STORES["record-good"].files)
    partition = writes.BootPartition(tmp_path, description, record.FILES)
    first, second = (writes.Write(partition.start + partition.offsets[name][0], byte * writes.SECTOR)
                     for name, byte in zip(record.FILES, (b"1", b"2")))
    alone = (tuple(second),)
    assert alone in [cut.patches for cut in writes.cuts(partition, [first, second])]
    flush = writes.Write(0, b"")
    assert alone not in [cut.patches for cut in writes.cuts(partition, [first, flush, second])]
