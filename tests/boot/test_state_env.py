# SPDX-License-Identifier: LGPL-2.1-or-later
"""The boot state in loaders' environments, in real boots (docs/STATE.md): as test_state.py has it for `record`."""

import io
import json

import pytest

from boot import environment, writes
from boot.device import Device, initramfs_with, why
from boot.environment import HEADER, LETTERS, PARTS, balena, keys
from image import disk
from image.disk import MIB, Disk

REDUNDANT = ["uboot.env", "uboot-redund.env"]
BACKENDS = {    # "bootState", how its files are made, how they are read, names of the partitions
    "grubenv": ({"backend": "grubenv"}, environment.grubenv, environment.read_grubenv, PARTS),
    "bootenv": ({"backend": "grubenv", "files": ["bootenv"]},
                lambda values: environment.grubenv(values, "bootenv"), environment.read_grubenv, LETTERS),
    "uenv": ({"backend": "uenv"}, environment.uenv, environment.read_uenv, PARTS),
    "ubootenv": ({"backend": "ubootenv", "files": REDUNDANT}, environment.ubootenv,
                 environment.read_ubootenv, PARTS),
}


class EnvDevice(Device):
    """A device with a loader's environment."""

    def __init__(self, machine, folder, description, initrd, backend, base=None):
        super().__init__(machine, folder, description, initrd, base)
        self._read = BACKENDS[backend][2]

    @property
    def values(self):
        """What the loader imports now."""
        return self._read(*(self.file(name) for name, _ in self.description.boot_files))


@pytest.fixture
def device(machine, program, tmp_path):
    """Makes a device from a backend and its keys, or its files; fields go to "bootState"."""
    def make(backend, values=None, files=None, base=None, **fields):
        layout, made = BACKENDS[backend][:2]
        name = "-".join([backend, *map(str, fields.values())])
        initrd = initramfs_with(program, name, json.dumps({"bootState": {**layout, **fields}}))
        description = Disk(boot_files=made(values) if files is None else files)
        return EnvDevice(machine, tmp_path, description, initrd, backend, base)
    return make


@pytest.mark.parametrize("backend", BACKENDS)
def test_candidate_is_counted_and_rolled_back(device, backend):
    parts = BACKENDS[backend][3]
    armed = keys(armed="B", tries=1, parts=parts)
    dev = device(backend, armed)
    target = dev.boot()
    assert why(target) == ("B", "attempt") and target.state["stored"]
    assert target.state["backend"] == BACKENDS[backend][0]["backend"]
    values = dev.values
    assert values.pop("anteroot_meta") and values == {**armed, "bootcount": "1"}

    target = dev.boot()
    assert why(target) == ("A", "rolled-back") and target.state["slots"]["B"]["bad"] == "tries"
    values = dev.values
    assert values.pop("anteroot_meta") and values == keys(tries=1, parts=parts)


def test_count_file_missing_and_the_candidate_is_not_tried(device):
    files = environment.uenv(keys(armed="B"), count_file=False)
    dev = device("uenv", files=files)
    before = dev.boot_partition()
    target = dev.boot()
    assert why(target) == ("A", "not-durable")
    assert "bootcount.env" in target.log and "make it with the image" in target.log
    assert dev.boot_partition() == before


def test_damaged_count_file_gives_no_fresh_tries(device):
    """What the record remembers of the transaction counts when the file with the count is lost."""
    dev = device("uenv", keys(armed="B", tries=2))
    assert why(dev.boot()) == ("B", "attempt")
    dev.put_file("bootcount.env", b"\xff" * 512)
    target = dev.boot()
    assert why(target) == ("B", "attempt") and target.state["slots"]["B"]["attempts"] == 2
    dev.put_file("bootcount.env", b"\xff" * 512)
    assert why(dev.boot()) == ("A", "rolled-back")


def test_grubenv_corrupt(device):
    """What is no environment is written anew by the next store, and then all is well."""
    dev = device("grubenv", files=(("grubenv", bytes(1024)),))
    target = dev.boot()
    assert why(target) == ("A", "active") and target.state["unknown"]
    assert "rebuilt" in [event["event"] for event in target.state["transitions"]]
    assert "it is written anew" in target.state["problem"]
    assert dev.values["anteroot_good"] == "A" and dev.values["upgrade_available"] == "0"
    target = dev.boot()
    assert why(target) == ("A", "active") and target.state["problem"] is None


@pytest.mark.parametrize("backend", ["grubenv", "uenv", "ubootenv"])
def test_balena_keys_alone_are_followed_and_taken_over(device, backend):
    dev = device(backend, balena("3", "1", "1"))
    target = dev.boot()
    assert why(target) == ("B", "attempt") and target.state["slots"]["B"]["attempts"] == 2
    values = dev.values
    assert values.pop("anteroot_meta")
    txn = values["anteroot_txn"]
    assert values == {**keys(armed="B", count=2), "anteroot_txn": txn, "anteroot_count_for": txn,
                      "anteroot_seal": f"3.1.A.{txn}.3"}


def test_balena_keys_of_a_good_slot(device):
    dev = device("grubenv", balena("3"))
    assert why(dev.boot()) == ("B", "active")
    assert dev.values["anteroot_good"] == "B" and dev.values["resin_root_part"] == "3"


def test_grubenv_of_an_editor(device):
    """Blanks behind values, lines of a DOS, and one byte more than a block has."""
    text = environment.lines(keys(armed="B")).replace(b"\n", b" \r\n")
    dev = device("grubenv", files=(("grubenv", (HEADER + text).ljust(1024, b"#") + b"\n"),))
    assert why(dev.boot()) == ("B", "attempt")
    assert len(dev.file("grubenv")) == 1025
    assert dev.values["bootcount"] == "1" and dev.values["anteroot_seal"].startswith("3.1.A.")


def test_duplicate_files(device, tmp_path):
    """Two files of one name in a directory of FAT: the first is read and written, the other one is left alone."""
    main, count = environment.uenv(keys(armed="B"))
    # files are made in the order of their names: this one comes first
    twin = ("bootcounX.env", count[1].replace(b"bootcount=0", b"bootcount=1"))
    description = Disk(boot_files=(main, count, twin))
    partition = writes.BootPartition(tmp_path, description, [count[0], twin[0]])
    raw = tmp_path / "twins.raw"
    disk.export(description, raw)
    with open(raw, "r+b") as file:
        start = disk.starts_mib(description)["boot"] * MIB
        file.seek(start)
        # the middle of the long name, as the directory has it
        at = file.read(MIB).index("ounX.e".encode("utf-16-le"))
        file.seek(start + at)
        file.write("ount.e".encode("utf-16-le"))
    dev = device("uenv", files=description.boot_files, base=raw)
    target = dev.boot()
    assert why(target) == ("B", "attempt") and target.state["slots"]["B"]["attempts"] == 2
    after = partition.files(io.BytesIO(dev.boot_partition()))
    assert after[twin[0]].startswith(b"bootcount=2\n") and after[count[0]] == count[1]


LOADER = {   # backend, what root= names, the keys; slot and reason, state of B
    "candidate": ("grubenv", "vda3", keys(armed="B", count=1), ("B", "attempt"), "trying"),
    "rolled-back": ("grubenv", "vda2", keys(armed="B", count=3), ("A", "rolled-back"), "bad"),
    "rolled-back-uenv": ("uenv", "vda2", keys(armed="B", count=3), ("A", "rolled-back"), "bad"),
    "not-counted": ("grubenv", "vda2", keys(armed="B", count=1), ("A", "not-durable"), "trying"),
    "good": ("grubenv", "vda3", keys(good="B"), ("B", "loader"), "good"),
}


@pytest.mark.parametrize("name", LOADER)
def test_loader_that_counts(device, name):
    """root= is followed, what the loader did is reported, and not a byte is written."""
    backend, root, values, wanted, state = LOADER[name]
    dev = device(backend, values, counter="loader")
    before = dev.boot_partition()
    target = dev.boot(f"root=/dev/{root}")
    assert why(target) == wanted
    assert (target.state["counter"], target.state["stored"]) == ("loader", False)
    assert target.state["candidate"] == (wanted[1] == "attempt")
    slot = target.state["slots"]["B"]
    assert slot["state"] == state and slot["bad"] == ("tries" if state == "bad" else None)
    assert dev.boot_partition() == before
