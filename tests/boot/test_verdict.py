# SPDX-License-Identifier: LGPL-2.1-or-later
"""An update of a real root: armed, booted, and confirmed or left by the service; orderly reboots given back."""

import json
import shlex
import subprocess
import time

import pytest

from boot import harness, record
from image import cache, disk, kernel
from image.disk import SEED_CONFIG, Disk

DEBIAN = Disk(root_a="debian", root_b="debian", boot_files=record.files())


# What a health check may need of the hardened service, and what no check does.
NEEDS = """#!/bin/sh
set -e
dmesg >/dev/null
echo 1 >/proc/sys/vm/drop_caches
echo written >/run/by-the-check
runuser -u nobody -- test ! -w /etc/passwd
systemctl is-active --quiet ssh.service
test -r /dev/vda1
mkdir -p /run/by-the-check.d
mount -t tmpfs tmpfs /run/by-the-check.d
if date -s 2001-01-01 2>/dev/null; then exit 1; fi
echo all needs are met
"""


class Device:
    """A disk with anteroot and its units in both slots, and a key to it."""

    boot_state = {}     # of the integrator's file

    def __init__(self, machine, folder):
        self._machine, self.key, self.folder = machine, folder / "key", folder
        cache.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "owner", "-f", self.key])
        config = json.loads(SEED_CONFIG.read_text(encoding="utf-8"))
        config["os"]["sshKeys"].append((folder / "key.pub").read_text(encoding="ascii").strip())
        raw = folder / "disk.raw"
        disk.export(DEBIAN, raw)
        disk.put_boot_file(DEBIAN, raw, "config.json", json.dumps(config).encode())
        self.image = harness.overlay(raw, folder)

    def boot(self, **options):
        return self._machine([self.image], "quiet rw", memory_mib=512, smp=2, network=True,
                             limit=240, **options)

    def ask(self, vm, words, expect=0):
        done = vm.ssh(self.key, words, 100)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout

    def install(self, vm):
        """What `make install` installs, in both slots, enabled by its preset."""
        tree = self.folder / "tree"
        cache.run(["make", "-C", cache.PROJECT, "install", f"DESTDIR={tree}"])
        tar = subprocess.run(["tar", "-C", tree, "-c", "usr"], check=True, capture_output=True)
        script = ("mkdir -p /tmp/b && mount /dev/vda3 /tmp/b && tee /tmp/t | tar x -h -C / && "
                  "tar x -h -C /tmp/b </tmp/t && for root in / /tmp/b; do systemctl --root=$root preset "
                  "anteroot-confirm.service anteroot-orderly.service; done 2>&1 && "
                  "umount /tmp/b && sync")
        done = subprocess.run([*vm.ssh_command(self.key), script], input=tar.stdout, check=False,
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

    def spoil(self, vm):
        """A check in slot B that fails."""
        self.ask(vm, "mount /dev/vda3 /tmp/b && cd /tmp/b/etc && mkdir -p anteroot/health.d && "
                     "printf '#!/bin/sh\\nsleep 3; exit 3\\n' >anteroot/health.d/bad && "
                     "chmod +x anteroot/health.d/bad && cd / && umount /tmp/b")

    def ask_much(self, vm):
        """A check in slot B that passes, if it may do what checks do."""
        self.ask(vm, f"mount /dev/vda3 /tmp/b && mkdir -p /tmp/b/etc/anteroot/health.d && cd /tmp/b/etc/anteroot && "
                     f"printf %s {shlex.quote(NEEDS)} >health.d/needs && chmod +x health.d/needs && "
                     f"cd / && umount /tmp/b")

    def give_up(self, vm):
        """The window of the health checks is over: the service rejects and reboots."""
        layout = json.dumps({"bootState": {**self.boot_state, "health": {"windowSeconds": 0}}})
        vm.ssh(self.key, f"echo '{layout}' >/run/anteroot/anteroot.json; "
                         "systemctl --no-block restart anteroot-confirm.service")
        assert vm.wait_exit(90) == "guest-reset"

    def reboot(self, vm):
        vm.ssh(self.key, "systemctl --no-block reboot")
        assert vm.wait_exit(90) == "guest-reset"

    def status(self, vm):
        return json.loads(self.ask(vm, "anteroot status --json"))

    def verdict(self, vm):
        """The status once the service has ended."""
        self.ask(vm, "while [ $(systemctl show -P SubState anteroot-confirm.service) = running ] || "
                     "[ -n \"$(systemctl list-jobs --plain --no-legend)\" ]; do sleep 1; done")
        return self.status(vm)


@pytest.fixture
def device(machine, tmp_path):
    return Device(machine, tmp_path)


def test_update_that_works(device):
    with device.boot() as vm:
        vm.wait_ssh(device.key)
        device.install(vm)
        device.ask_much(vm)
        device.ask(vm, "anteroot slot arm B --version 2.1.0 && anteroot status")
        assert "rollback-health-breadcrumb" in device.ask(vm, "ls /mnt/state")
        device.reboot(vm)
    with device.boot() as vm:
        vm.wait_ssh(device.key)
        status = device.verdict(vm)
        assert status["running"]["slot"] == "B" and status["slots"]["B"]["state"] == "good"
        assert status["slots"]["B"]["version"] == "2.1.0" and not status["warnings"]
        assert device.ask(vm, "systemctl is-system-running --wait").strip() == "running"
        assert "rollback" not in device.ask(vm, "ls /mnt/state")
        log = device.ask(vm, "journalctl -b -o cat -u anteroot-confirm.service")
        assert "slot B is confirmed; next boot: slot B: it is the active slot" in log
        assert "all needs are met" in log
        assert "/run/by-the-check.d" not in device.ask(vm, "cat /proc/mounts")


def test_update_that_fails_its_checks(device):
    with device.boot() as vm:
        vm.wait_ssh(device.key)
        device.install(vm)
        device.spoil(vm)
        device.ask(vm, "anteroot slot arm B")
        device.reboot(vm)
    with device.boot() as vm:
        vm.wait_ssh(device.key)
        status = device.status(vm)
        assert status["running"]["slot"] == "B" and status["running"]["candidate"]
        # An orderly reboot before the verdict is given back.
        device.reboot(vm)
    with device.boot() as vm:
        vm.wait_ssh(device.key)
        status = device.status(vm)
        assert status["running"]["slot"] == "B"
        assert (status["slots"]["B"]["attempts"], status["slots"]["B"]["refunds"]) == (1, 1)
        device.give_up(vm)
    with device.boot() as vm:
        vm.wait_ssh(device.key)
        status = device.verdict(vm)
        assert status["running"]["slot"] == "A" and status["slots"]["B"]["bad"] == "health"
        assert "rollback-health-triggered" in device.ask(vm, "ls /mnt/state")
        assert [one["event"] for one in status["transitions"]] == [
            "reject", "attempt", "refund", "attempt", "arm"]


WATCHED_SEC = 40


@pytest.fixture(scope="session")
def watched(program):
    """An initramfs with the driver of QEMU's watchdog, and a time that a boot keeps."""
    folder = disk.PROJECT / "build/tests/boot"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "verdict.json"
    path.write_text(json.dumps({"bootState": {"watchdogSeconds": WATCHED_SEC}}), encoding="ascii")
    return kernel.initramfs(program, "--file", f"{path}:/etc/anteroot/anteroot.json",
                            modules=(*kernel.MODULES, "i6300esb"))


def test_confirmed_system_is_not_reset(device, watched):
    """Nobody has the watchdog but us, and nobody feeds it after the verdict."""
    options = {"image": watched, "options": ["-device", "i6300esb", "-watchdog-action", "reset"]}
    with device.boot(**options) as vm:
        vm.wait_ssh(device.key)
        device.install(vm)
        device.ask(vm, "anteroot slot arm B")
        device.reboot(vm)
    with device.boot(**options) as vm:
        vm.wait_ssh(device.key)
        assert device.verdict(vm)["slots"]["B"]["state"] == "good"
        assert f"/dev/watchdog, {WATCHED_SEC} s" in device.ask(vm, "cat /run/anteroot/boot.log")
        time.sleep(WATCHED_SEC + 10)
        assert device.ask(vm, "cat /sys/class/watchdog/watchdog0/state").strip() == "inactive"
