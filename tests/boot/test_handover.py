# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the target's init starts with."""

from datetime import datetime, timezone

import pytest

from image.disk import Disk


def test_process_of_init(boot):
    target = boot([Disk()])
    assert target.items["pid"] == "1"
    assert target.argv == ["/sbin/init"]
    assert target.items["cwd"] == "/"
    assert target.items["missing"] == ""
    assert sorted(target.descriptors) == [0, 1, 2]
    assert all(path.endswith("/console") for path in target.descriptors.values())


def test_api_mounts(boot):
    mounts = boot([Disk()]).mounts
    kinds = {"/proc": "proc", "/sys": "sysfs", "/dev": "devtmpfs", "/run": "tmpfs"}
    for path, kind in kinds.items():
        assert mounts[path][1] == kind
    assert {"nosuid", "nodev"} <= mounts["/run"][2]


def test_nothing_of_the_initramfs_stays(boot):
    """The old root's files are deleted: its memory is free again."""
    target = boot([Disk()])
    rows = dict(line.split(":") for line in target.items["meminfo"].splitlines())
    assert int(rows["Shmem"].split()[0]) < 1024
    assert not any("/sysroot" in path for path in target.mounts)


def test_other_init(boot):
    target = boot([Disk()], "init=/usr/lib/other-init")
    assert target.argv[0] == "/usr/lib/other-init"


def test_arguments_for_init(boot):
    """What the kernel hands to init reaches the target's init."""
    target = boot([Disk()], "single KEY=value -- after the dashes")
    assert target.argv[0] == "/sbin/init"
    assert target.argv[1:] == ["single", "after", "the", "dashes"]
    assert target.environment.get("KEY") == "value"


def test_no_console(boot):
    """console=null: descriptors arrive closed, and init gets working ones."""
    target = boot([Disk()], console="null")
    assert target.slot == "A"
    assert sorted(target.descriptors) == [0, 1, 2]
    assert set(target.descriptors.values()) == {"/dev/null"}


@pytest.mark.parametrize("rtc, earliest", [("2001-01-01", "2026-01-01"),
                                           ("2035-06-01", "2035-06-01")],
                         ids=["past", "ahead"])
def test_clock_is_not_before_the_build(boot, rtc, earliest):
    """The clock is moved forward only."""
    target = boot([Disk()], options=("-rtc", f"base={rtc}T00:00:00"))
    clock = datetime.fromtimestamp(int(target.items["clock"]), timezone.utc)
    assert clock >= datetime.fromisoformat(f"{earliest}T00:00:00+00:00")
    assert clock.year < 2050


def test_log_is_kept(boot):
    target = boot([Disk()])
    lines = [line for line in target.console.splitlines() if "anteroot: " in line]
    assert lines
    assert target.log.strip()
    # the same lines, with level and time in front
    kept = [line.partition(" ")[2] for line in target.log.splitlines()]
    assert kept[-1].startswith("handing over") and all(line[0] == "<" for line in
                                                       target.log.splitlines())
    for line in kept:
        assert any(line in shown for shown in lines), line
    entry = target.files["/run/anteroot/boot.log"]
    assert (entry.uid, entry.gid) == (0, 0)


def test_quiet(boot):
    target = boot([Disk()], "quiet")
    assert "anteroot: " not in target.console
    assert target.log.strip()


def test_stages_are_timed(boot):
    stages = boot([Disk()]).report["stages"]
    assert all(a["start_usec"] <= b["start_usec"] for a, b in zip(stages, stages[1:]))
    assert 0 < sum(stage["duration_usec"] for stage in stages) < 30_000_000


def test_two_disks_two_processors(boot):
    """Order does not depend on which processor is first."""
    assert boot([Disk(), Disk(identity=1)], smp=2).state["boot_disk"] == "vda"
