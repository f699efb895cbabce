# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was accepted at the last boot holds when nothing better can be read."""

import json
import stat

import pytest

from boot import harness, samples
from image import disk, root
from image.disk import SEED_CONFIG, Disk

SEED = json.loads(SEED_CONFIG.read_text(encoding="utf-8"))
KEYS = "/root/.ssh/authorized_keys_local"
CONNECTION = "system-connections/home"
LAYOUT = Disk(root_files=root.READER_FILES,
              boot_files=((CONNECTION, samples.connection(0, "home")),))
OWN = ("/run/anteroot/", "/mnt/")       # what it says of a boot, and what is no target's
SLOT = {"A": "rw", "B": "rw root=PARTLABEL=resin-rootB"}


class Device:
    """A disk that is edited between boots."""

    def __init__(self, machine, folder):
        self._machine, self._folder = machine, folder
        self.raw = folder / "disk.raw"
        disk.export(LAYOUT, self.raw)

    def configure(self, data):
        disk.put_boot_file(LAYOUT, self.raw, "config.json", data)

    def boot(self, slot="A"):
        kept = harness.overlay(self.raw, self._folder)
        with self._machine([kept], SLOT[slot]) as vm:
            target = vm.report()
            assert vm.wait_exit() == "guest-shutdown"
        harness.merge(kept)
        assert target.slot == slot
        return target


@pytest.fixture
def device(machine, tmp_path):
    return Device(machine, tmp_path)


def files(target):
    """Path -> content, mode and owner of every file in the target."""
    return {path: entry for path, entry in target.files.items()
            if stat.S_ISREG(entry.mode) and not path.startswith((*OWN, "/slot", "/var/lib/"))}


def check_kept(target, good):
    """The boot had nothing to read, and delivered what the good one did."""
    config = target.report["config"]
    assert config["state"] == "last known good"
    assert target.items["hostname"] == good["hostname"]
    assert any("config.json" in warning["text"] for warning in target.report["warnings"])
    sources = {key["key"]: key["source"] for key in config["keys"] if key["verdict"] == "accepted"}
    assert set(sources.values()) == {"last known good"}
    assert {"hostname", "os.sshKeys", "balenaRootCA"} < set(sources)


def test_torn_config_and_lost_boot_partition(device, tmp_path):
    """A torn config.json; then no boot partition at all; then that in a root that is new."""
    authority = samples.make_authority(tmp_path)
    good = {**SEED, "balenaRootCA": authority.value}
    text = json.dumps(good).encode()
    device.configure(text)
    first = device.boot()
    assert first.report["config"]["state"] == "read"
    assert first.text(KEYS) == "".join(f"{key}\n" for key in SEED["os"]["sshKeys"])
    assert first.files[f"/etc/NetworkManager/{CONNECTION}"].data == samples.connection(0, "home")
    assert first.text(f"/etc/ssl/certs/{authority.hash}.0") == authority.pem.decode()
    device.configure(text[:len(text) // 2])
    torn = device.boot()
    disk.wipe_partition(LAYOUT, device.raw, "boot")
    lost, new = device.boot(), device.boot("B")
    assert "/mnt/boot" in torn.mounts and not {"/mnt/boot"} & {*lost.mounts, *new.mounts}
    for target in (torn, lost, new):
        check_kept(target, good)
        assert files(target) == files(first)
        kept = target.files["/mnt/state/anteroot/config.json"]
        assert kept == first.files["/mnt/state/anteroot/config.json"]


def with_keys(keys):
    """The sample with other SSH keys; None: the key is not there."""
    others = {name: value for name, value in SEED["os"].items() if name != "sshKeys"}
    return json.dumps({**SEED, "os": others if keys is None else {**others, "sshKeys": keys}}
                      ).encode()


@pytest.mark.parametrize("left", [SEED["os"]["sshKeys"][:1], None], ids=["one-left", "none-left"])
def test_key_removed_in_the_other_slot_stays_removed(device, left):
    """The previous value is that of the last boot, in whichever slot, not what a root still has."""
    device.configure(with_keys(SEED["os"]["sshKeys"]))
    assert len(device.boot("A").text(KEYS).splitlines()) == 2
    device.configure(with_keys(left))
    other = device.boot("B")
    assert (KEYS in other.files) == (left is not None)
    device.configure(with_keys("no array"))
    target = device.boot("A")
    (verdict,) = [key for key in target.report["config"]["keys"] if key["key"] == "os.sshKeys"]
    assert verdict["verdict"] == "rejected"
    shown = target.text(KEYS).splitlines() if KEYS in target.files else None
    assert shown == left
