# SPDX-License-Identifier: LGPL-2.1-or-later
"""The disk images are what their description says, as libblkid and sfdisk see them."""

import json

import pytest

from image import cache, disk
from image.disk import Disk


def probe(path, start_mib, size_mib):
    """What is on one partition of an image file."""
    text = cache.run(["blkid", "-p", "-o", "export", "-O", start_mib * disk.MIB,
                      "-S", size_mib * disk.MIB, path])
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


@pytest.mark.parametrize("table", ["gpt", "msdos"])
@pytest.mark.parametrize("identity", [0, 7])
def test_partitions(table, identity):
    layout = Disk(table=table, identity=identity)
    path = disk.image(layout)
    dump = json.loads(cache.run(["sfdisk", "--json", path]))["partitiontable"]
    assert dump["label"] == ("gpt" if table == "gpt" else "dos")
    assert dump["id"].lower().removeprefix("0x") == layout.table_id()
    by_number = {int(row["node"].rpartition("raw")[2]): row for row in dump["partitions"]}
    starts = disk.starts_mib(layout)
    for role in disk.ROLES:
        row = by_number[layout.number(role)]
        assert row["start"] == starts[role] * 2048
        if table == "gpt":
            assert row["name"] == layout.label(role)
            assert row["uuid"].lower() == layout.partuuid(role)
        found = probe(path, starts[role], layout.size_mib(role))
        assert found["LABEL"] == layout.label(role)
        assert found["UUID"] == layout.uuid(role)
        assert found["TYPE"] == ("vfat" if role == "boot" else "ext4")
    if table == "msdos":
        assert by_number[4]["type"] == "5"


def test_config_is_on_the_boot_partition(tmp_path):
    layout = Disk(config=b'{"a": 1}')
    path = tmp_path / "disk.raw"
    disk.export(layout, path)
    offset = disk.starts_mib(layout)["boot"] * disk.MIB
    assert cache.run(["mtype", "-i", f"{path}@@{offset}", "::config.json"]) == '{"a": 1}'
    disk.put_boot_file(layout, path, "config.json", b"{}")
    assert cache.run(["mtype", "-i", f"{path}@@{offset}", "::config.json"]) == "{}"


def test_images_are_sparse():
    path = disk.image(Disk())
    assert path.stat().st_blocks * 512 < 4 * disk.MIB
