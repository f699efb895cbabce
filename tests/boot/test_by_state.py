# SPDX-License-Identifier: LGPL-2.1-or-later
"""/dev/disk/by-state on a real root, beside a copy of the disk to the last bit."""

import json

import pytest

from boot import harness
from image import cache, disk
from image.disk import MIB, SEED_CONFIG, Disk

DEBIAN = Disk(root_a="debian", root_b="debian")
RULES = cache.PROJECT / "dist/udev/65-anteroot.rules"
# as the sample's rule 56, behind the rules that say what is on a device
OLD_RULE = ('ENV{ID_FS_LABEL_ENC}=="resin-root*", IMPORT{program}="resin_update_state_probe $devnode", '
            'SYMLINK+="disk/by-old-state/$env{RESIN_UPDATE_STATE}"')


def install(raw, role, program):
    """What `make install` does, in a root of an exported image."""
    script = raw.with_suffix(".debugfs")
    script.write_text(
        f"cd /usr/sbin\nwrite {program} anteroot\nsif anteroot mode 0100755\ncd /usr/lib/udev\n"
        f"symlink resin_update_state_probe /usr/sbin/anteroot\ncd rules.d\nwrite {RULES} {RULES.name}\n",
        encoding="ascii")
    cache.run(["debugfs", "-w", "-f", script, f"{raw}?offset={disk.starts_mib(DEBIAN)[role] * MIB}"])


@pytest.fixture
def owner(tmp_path, program):
    """A key, and two disks that are the same."""
    key, raw = tmp_path / "key", tmp_path / "disk.raw"
    cache.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
    config = json.loads(SEED_CONFIG.read_text(encoding="utf-8"))
    config["os"]["sshKeys"].append((tmp_path / "key.pub").read_text(encoding="ascii").strip())
    config["os"]["udevRules"]["66"] = OLD_RULE
    disk.export(DEBIAN, raw)
    disk.put_boot_file(DEBIAN, raw, "config.json", json.dumps(config).encode())
    for role in ("rootA", "rootB"):
        install(raw, role, program)
    return key, [harness.overlay(raw, tmp_path), harness.overlay(raw, tmp_path, "clone")]


def ask(vm, key, words):
    result = vm.ssh(key, words, 60)
    assert result.returncode == 0, result.stderr
    return result.stdout


def links(vm, key, folder):
    """Name -> device of a folder of /dev/disk."""
    lines = ask(vm, key, f"cd /dev/disk/{folder} && for l in *; do echo $l $(readlink -f $l); done")
    return dict(line.split() for line in lines.splitlines())


@pytest.mark.parametrize("append,own,active", [
    ("", "vda", 2), ("anteroot.disk=/dev/vdb root=/dev/vdb3", "vdb", 3)], ids=["first-A", "second-B"])
def test_links(machine, owner, append, own, active):
    key, disks = owner
    with machine(disks, f"quiet {append}", memory_mib=512, smp=2, network=True, limit=180) as vm:
        vm.wait_ssh(key)
        states = {"active": f"/dev/{own}{active}", "inactive": f"/dev/{own}{5 - active}"}
        roles = ("boot", "rootA", "rootB", "state", "data")
        assert links(vm, key, "by-state") == {
            **{f"resin-{role}": f"/dev/{own}{DEBIAN.number(role)}" for role in roles}, **states}
        assert links(vm, key, "by-old-state") == states

        rules = ask(vm, key, f"udevadm test /sys/class/block/{own}{active} 2>&1")
        assert f"/usr/lib/udev/rules.d/{RULES.name}" in rules
        assert "BALENA_UPDATE_STATE=active" in rules and "RESIN_UPDATE_STATE=active" in rules
        assert f"BALENA_FS_USE=resin-root{'A' if active == 2 else 'B'}" in rules
        log = ask(vm, key, "journalctl -b --no-pager -o cat -u systemd-udevd.service")
        assert RULES.name not in log and "anteroot" not in log

        other = "vdb" if own == "vda" else "vda"
        for part in ("", *range(1, 6)):
            done = vm.ssh(key, f"anteroot probe /dev/{other}{part}", 60)
            assert (done.returncode, done.stdout) == (1, "")
        # it reads, and asks nobody: neither udev nor its database
        assert ask(vm, key, f"mount --bind /mnt /run/udev && anteroot probe /dev/{own}5") == \
            "BALENA_FS_USE=resin-data\n"
        print(ask(vm, key, f"bash -c 'time anteroot probe /dev/{own}2' 2>&1"))
