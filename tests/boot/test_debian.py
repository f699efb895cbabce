# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job on a real root: systemd, udev, journald and OpenSSH find their configuration."""

import json
import re

import pytest

from boot import harness
from image import cache, debian, disk, kernel
from image.disk import SEED_CONFIG, Disk

DEBIAN = Disk(root_a="debian", root_b="debian")
SEED = json.loads(SEED_CONFIG.read_text(encoding="utf-8"))


def owner_of(tmp_path, description):
    """A fresh key, and a disk whose config.json lists it."""
    key = tmp_path / "key"
    cache.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "owner", "-f", key])
    config = json.loads(json.dumps(SEED))
    config["os"]["sshKeys"].append((tmp_path / "key.pub").read_text(encoding="ascii").strip())
    raw = tmp_path / "disk.raw"
    disk.export(description, raw)
    disk.put_boot_file(description, raw, "config.json", json.dumps(config).encode())
    return key, harness.overlay(raw, tmp_path)


@pytest.fixture
def owner(tmp_path):
    return owner_of(tmp_path, DEBIAN)


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


def check_initrd_time(vm, key):
    """systemd knows when the initramfs began, and tells its share of the boot."""
    report = json.loads(ask(vm, key, "cat /run/anteroot/report.json"))
    start_usec = report["stages"][0]["start_usec"]
    assert ask(vm, key, "systemctl show -P InitRDTimestampMonotonic").strip() == str(start_usec)
    assert ask(vm, key, "systemctl is-system-running --wait").strip() == "running"
    said = ask(vm, key, "systemd-analyze time")
    kernel_sec, initrd_sec = re.search(r"in ([\d.]+)s \(kernel\) \+ (.+) \(initrd\) \+ ", said).groups()
    assert abs(float(kernel_sec) - start_usec / 1e6) < 0.01, said
    ended = report["stages"][-1]
    spent = (ended["start_usec"] + ended["duration_usec"] - start_usec) / 1e6
    # behind it come exec and the first steps of systemd
    assert spent < timespan(initrd_sec) < spent + 5, (said, spent)


def timespan(text):
    """Seconds of "1.234s" or "567ms"."""
    return float(text[:-2]) / 1000 if text.endswith("ms") else float(text[:-1])


def test_read_only_root(machine, owner):
    key, kept = owner
    with start(machine, kept) as vm:
        vm.wait_ssh(key)
        check_deliveries(vm, key)
        assert root_mode(vm, key) == "ro"
        check_initrd_time(vm, key)


@pytest.mark.full
def test_trixie_root(machine, program, tmp_path):
    """The next release's systemd and kernel: its deliveries, and the time that it is told."""
    key, kept = owner_of(tmp_path, Disk(root_a="debian-trixie", root_b="debian-trixie"))
    trixie = kernel.kernel("trixie")
    # of the same option twice the last one counts
    image = kernel.initramfs(program, "--modules-dir", str(trixie.modules))
    with machine([kept], "quiet rw", image=image, vmlinux=trixie.vmlinux, memory_mib=512, smp=2, network=True,
                 limit=300) as vm:
        vm.wait_ssh(key, 150)
        check_deliveries(vm, key)
        check_initrd_time(vm, key)


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
