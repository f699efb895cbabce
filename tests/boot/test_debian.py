# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job on a real root: systemd, udev, journald and OpenSSH find their configuration."""

import json

import pytest

from boot import harness
from image import cache, debian, disk
from image.disk import SEED_CONFIG, Disk

DEBIAN = Disk(root_a="debian", root_b="debian")
SEED = json.loads(SEED_CONFIG.read_text(encoding="utf-8"))


@pytest.fixture
def owner(tmp_path):
    """A fresh key, and a disk whose config.json lists it."""
    key = tmp_path / "key"
    cache.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "owner", "-f", key])
    config = json.loads(json.dumps(SEED))
    config["os"]["sshKeys"].append((tmp_path / "key.pub").read_text(encoding="ascii").strip())
    raw = tmp_path / "disk.raw"
    disk.export(DEBIAN, raw)
    disk.put_boot_file(DEBIAN, raw, "config.json", json.dumps(config).encode())
    return key, harness.overlay(raw, tmp_path)


def start(machine, kept, append=""):
    return machine([kept], f"quiet {append}", memory_mib=512, smp=2, network=True, limit=180)


def ask(vm, key, words):
    result = vm.ssh(key, words, 60)
    assert result.returncode == 0, result.stderr
    return result.stdout


def check_deliveries(vm, key, journal_before=False):
    """Each consumer's own view of what was delivered. journal_before: the initramfs has written to the journal too."""
    assert ask(vm, key, "uname -n").strip() == SEED["hostname"]
    rules = ask(vm, key, "udevadm test /sys/class/block/vda2 2>&1")
    for name in SEED["os"]["udevRules"]:
        assert f"/etc/udev/rules.d/{name}.rules" in rules
    # the sample's rule has a typo, which udevd reports when it reads the file
    log = ask(vm, key, "journalctl -b --no-pager -o cat -u systemd-udevd.service")
    assert "/etc/udev/rules.d/64.rules" in log
    assert ask(vm, key, "stat -c %a /root/.ssh/authorized_keys_local").strip() == "600"
    which = "tail" if journal_before else "head"
    entry = json.loads(ask(vm, key, f"journalctl -b -o json | {which} -1"))
    assert entry["_HOSTNAME"] == SEED["hostname"]
    own = ask(vm, key, "cat /etc/machine-id").strip()
    assert own != debian.MACHINE_ID     # that is every clone's
    assert f"/var/log/journal/{own}/" in ask(vm, key, "journalctl --header")
    assert "/dev/vda5" in ask(vm, key, "grep ' /var/log/journal ' /proc/mounts")
    assert ask(vm, key, "systemctl list-units --failed --plain --no-legend").strip() == ""
    assert json.loads(ask(vm, key, "cat /run/anteroot/state.json"))["slot"] == "A"


def root_mode(vm, key):
    return ask(vm, key, "grep ' / ' /proc/mounts").split()[3].split(",")[0]


def test_read_only_root(machine, owner):
    key, kept = owner
    with start(machine, kept) as vm:
        vm.wait_ssh(key)
        check_deliveries(vm, key)
        assert root_mode(vm, key) == "ro"


def test_writable_root_and_what_outlives_the_boot(machine, owner):
    """The main job; then an orderly reboot, then a power cut: the journal has it all."""
    key, kept = owner
    with start(machine, kept, "rw") as vm:
        vm.wait_ssh(key)
        check_deliveries(vm, key)
        assert root_mode(vm, key) == "rw"
        vm.ssh(key, "echo left-by-the-first-boot | systemd-cat; systemctl --no-block reboot")
        assert vm.wait_exit(60) == "guest-reset"
    with start(machine, kept, "rw") as vm:
        vm.wait_ssh(key)
        assert "left-by-the-first-boot" in ask(vm, key, "journalctl -b -1 -o cat")
        ask(vm, key, "echo before-the-cut | systemd-cat; sleep 1; journalctl --sync; sync")
        vm.cut_power()
    with start(machine, kept, "rw") as vm:
        vm.wait_ssh(key)
        assert "before-the-cut" in ask(vm, key, "journalctl -b -1 -o cat")
        boots = ask(vm, key, "journalctl -o cat -b -2 -n 1; journalctl -o cat -n 1")
        assert len(boots.splitlines()) == 2
