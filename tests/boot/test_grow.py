# SPDX-License-Identifier: LGPL-2.1-or-later
"""The data partition grows to the end of the disk that the image was put on, once, whatever is cut."""

import pytest

from boot import growing
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
