# SPDX-License-Identifier: LGPL-2.1-or-later
"""Both partition tables, and every way to name the root."""

import pytest

from image import cache, kernel
from image.disk import Disk

GPT, MSDOS = Disk(), Disk(table="msdos")
TABLES = pytest.mark.parametrize("layout", [GPT, MSDOS], ids=["gpt", "msdos"])


def source_of(target, path="/"):
    return target.mounts[path][0]


@TABLES
@pytest.mark.parametrize("qemu", ["q35", "pc"])
def test_slot_a_is_the_default(boot, layout, qemu):
    target = boot([layout], machine=qemu)
    assert target.slot == "A"
    assert source_of(target) == f"/dev/vda{layout.number('rootA')}"
    assert target.state["slot"] == "A"
    assert target.state["boot_disk"] == "vda"
    assert target.state["root"]["uuid"] == layout.uuid("rootA")
    assert target.state["root"]["partuuid"] == layout.partuuid("rootA")
    assert target.state["failed"] == []


@pytest.mark.parametrize("libc", ["musl", "glibc"])
def test_other_c_libraries(boot, libc):
    """The same sources on the other two; what they deliver is what klibc's does."""
    program = cache.PROJECT / f"build/anteroot-{libc}"
    if not program.exists():
        pytest.fail(f"{program} is missing: run make LIBC={libc}")
    target = boot([GPT], image=kernel.initramfs(program))
    ours = boot([GPT])
    assert target.slot == "A"
    assert target.report["delivered"] == ours.report["delivered"]
    assert target.report["seen"] == ours.report["seen"]
    assert {**target.state, "boot_id": ours.state["boot_id"]} == ours.state


@TABLES
def test_partitions_are_where_the_target_expects_them(boot, layout):
    target = boot([layout])
    for role in ("boot", "state", "data"):
        assert source_of(target, f"/mnt/{role}") == f"/dev/vda{layout.number(role)}"
    assert {"ro", "nosuid", "nodev", "noexec"} <= target.mounts["/mnt/boot"][2]
    assert "rw" in target.mounts["/mnt/state"][2]
    assert "rw" in target.mounts["/mnt/data"][2]


def test_partitions_stay_aside_without_folders_for_them(boot):
    target = boot([Disk(root_a="bare")])
    for role in ("boot", "state", "data"):
        assert source_of(target, f"/run/anteroot/mnt/{role}") == f"/dev/vda{GPT.number(role)}"


@TABLES
@pytest.mark.parametrize("form", ["device", "UUID", "LABEL", "PARTUUID", "number"])
def test_root_argument(boot, layout, form):
    root = {
        "device": f"/dev/vda{layout.number('rootB')}",
        "UUID": f"UUID={layout.uuid('rootB')}",
        "LABEL": f"LABEL={layout.label('rootB')}",
        "PARTUUID": f"PARTUUID={layout.partuuid('rootB')}",
        "number": f"254:{layout.number('rootB')}",
    }[form]
    target = boot([layout], f"root={root}")
    assert target.slot == "B"
    assert target.state["slot"] == "B"


def test_root_by_partlabel(boot):
    assert boot([GPT], f"root=PARTLABEL={GPT.label('rootB')}").slot == "B"


def test_quoted_root(boot):
    assert boot([GPT], 'root="LABEL=resin-rootB"').slot == "B"


def test_balena_labels(boot):
    assert boot([Disk(prefix="balena")]).state["root"]["label"] == "balena-rootA"


def test_fat_label_in_capitals(boot):
    target = boot([Disk(boot_label="RESIN-BOOT")])
    assert source_of(target, "/mnt/boot") == "/dev/vda1"


def test_integrators_labels(boot, program, tmp_path):
    """anteroot.json in the initramfs gives other labels."""
    conf = tmp_path / "anteroot.json"
    conf.write_text('{"partitions": {"boot": {"labels": ["press-boot"]},'
                    ' "rootA": {"labels": ["press-rootA"]}, "rootB": {"labels": ["press-rootB"]},'
                    ' "state": {"labels": ["press-state"], "mountPoint": null},'
                    ' "data": {"labels": ["press-data"]}}}', encoding="ascii")
    image = kernel.initramfs(program, "--conf", str(conf))
    target = boot([Disk(prefix="press")], image=image)
    assert target.state["root"]["label"] == "press-rootA"
    assert "/mnt/state" not in target.mounts
    assert target.text("/run/anteroot/anteroot.json") == conf.read_text(encoding="ascii")


def test_integrators_partlabel_and_partuuid(boot, program, tmp_path):
    """The first slot is the third partition: labels count no more when the integrator chose otherwise."""
    conf = tmp_path / "anteroot.json"
    conf.write_text('{"partitions": {"boot": {"partlabels": ["resin-boot"]},'
                    f' "rootA": {{"partuuid": "{GPT.partuuid("rootB").upper()}"}},'
                    ' "rootB": {"partlabels": ["resin-rootA"]}}}', encoding="ascii")
    target = boot([GPT], image=kernel.initramfs(program, "--conf", str(conf)))
    assert target.state["slot"] == "A"
    assert target.state["root"]["device"] == "/dev/vda3"
    assert source_of(target, "/mnt/boot") == "/dev/vda1"


@pytest.mark.parametrize("append,mode", [("", "ro"), ("ro", "ro"), ("rw", "rw"), ("rw ro", "ro")])
def test_read_only_unless_asked(boot, append, mode):
    target = boot([GPT], append)
    assert mode in target.mounts["/"][2]
    assert target.state["root"]["read_only"] == (mode == "ro")


def test_rootfstype_and_rootflags(boot):
    target = boot([GPT], "root=LABEL=resin-rootB rootfstype=ext4 "
                         "rootflags=noatime,noauto_da_alloc rw")
    assert target.mounts["/"][1] == "ext4"
    assert {"noatime", "noauto_da_alloc"} <= target.mounts["/"][2]


def test_rootdelay_and_rootwait(boot):
    assert boot([GPT], "root=/dev/vda3 rootwait rootdelay=1").slot == "B"
