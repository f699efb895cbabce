# SPDX-License-Identifier: LGPL-2.1-or-later
"""What config.json asks for arrives in the target, writable or not."""

import json

import pytest

from boot import harness
from image import disk
from image.disk import SEED_CONFIG, Disk
from image.root import JOURNAL_GID

SEED = json.loads(SEED_CONFIG.read_text(encoding="utf-8"))
MODES = pytest.mark.parametrize("mode", ["ro", "rw"])
KEYS = "/root/.ssh/authorized_keys_local"
RULES = "/etc/udev/rules.d"


def with_config(**changes):
    return Disk(config=json.dumps({**SEED, **changes}).encode())


def check_seed(target):
    """Everything the sample asks for, byte by byte."""
    assert target.items["hostname"] == SEED["hostname"]
    assert target.text("/etc/hostname") == SEED["hostname"] + "\n"
    assert target.files["/etc/hostname"].permissions == 0o644
    for name, text in SEED["os"]["udevRules"].items():
        entry = target.files[f"{RULES}/{name}.rules"]
        assert entry.data.decode() == text.rstrip("\n") + "\n"
        assert (entry.permissions, entry.uid, entry.gid) == (0o644, 0, 0)
    keys = target.files[KEYS]
    assert keys.data.decode() == "".join(f"{key}\n" for key in SEED["os"]["sshKeys"])
    assert (keys.permissions, keys.uid, keys.gid) == (0o600, 0, 0)
    assert target.files["/root/.ssh"].permissions == 0o700


def check_journal(target, device="/dev/vda5"):
    journal = target.files["/var/log/journal"]
    assert (journal.permissions, journal.uid, journal.gid) == (0o2755, 0, JOURNAL_GID)
    assert target.mounts["/var/log/journal"][0] == device
    assert target.mount_roots["/var/log/journal"] == "/var/log/journal"
    assert "rw" in target.mounts["/var/log/journal"][2]


@MODES
@pytest.mark.parametrize("table,device", [("gpt", "/dev/vda5"), ("msdos", "/dev/vda6")])
def test_seed_config(boot, mode, table, device):
    target = boot([Disk(table=table)], mode)
    check_seed(target)
    check_journal(target, device)
    # what the image brought is still there
    assert target.text(f"{RULES}/10-vendor.rules") == "# the image's own\n"
    assert target.text("/root/.profile") == "# the image's own\n"


@MODES
def test_report_names_every_delivery(boot, mode):
    report = boot([Disk()], mode).report
    delivered = {item["path"]: item["action"] for item in report["delivered"] if item["path"]}
    for name in ("hostname", "56.rules", "64.rules", "authorized_keys_local"):
        (action,) = [action for path, action in delivered.items() if path.endswith(name)]
        assert action == "written"
    assert [stage["name"] for stage in report["stages"]][:4] == ["early", "boot", "root", "target"]
    assert all(stage["duration_usec"] >= 0 for stage in report["stages"])


def test_bare_root_gets_what_it_has_room_for(boot):
    """A root without /etc/udev, /root/.ssh and the rest: folders are made, nothing fails."""
    target = boot([Disk(root_a="bare")], "rw")
    check_seed(target)
    check_journal(target)


def test_bare_read_only_root(boot):
    target = boot([Disk(root_a="bare")], "ro")
    assert target.items["hostname"] == SEED["hostname"]
    assert f"{RULES}/56.rules" in target.files


@MODES
def test_volatile_journal(boot, mode):
    target = boot([with_config(persistentLogging=False)], mode)
    conf = target.text("/run/systemd/journald.conf.d/anteroot.conf")
    assert "[Journal]\nStorage=volatile\n" in conf
    assert "/var/log/journal" not in target.mounts


def test_second_boot_writes_nothing(machine, tmp_path):
    """Idempotent: what is already right is left alone."""
    kept = harness.overlay(disk.image(Disk()), tmp_path)
    for expected in ("written", "unchanged"):
        with machine([kept], "rw") as vm:
            target = vm.report()
            vm.wait_exit()
        actions = {item["action"] for item in target.report["delivered"]
                   if (item["path"] or "").endswith(("hostname", ".rules", "authorized_keys_local"))}
        assert actions == {expected}
        check_seed(target)


def test_read_only_root_is_not_changed(machine, tmp_path):
    """After a delivery on a read-only root the same root without config.json is as it was."""
    layout = Disk()
    raw = tmp_path / "disk.raw"
    disk.export(layout, raw)
    with open(raw, "rb") as file:
        start = disk.starts_mib(layout)["rootA"] * disk.MIB
        file.seek(start)
        before = file.read(layout.size_mib("rootA") * disk.MIB)
    kept = harness.overlay(raw, tmp_path)
    with machine([kept], "ro") as vm:
        check_seed(vm.report())
        vm.wait_exit()
    after = tmp_path / "after.raw"
    disk.run(["qemu-img", "convert", "-O", "raw", kept, after])
    with open(after, "rb") as file:
        file.seek(start)
        assert file.read(len(before)) == before
