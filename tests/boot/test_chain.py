# SPDX-License-Identifier: LGPL-2.1-or-later
"""The loader counts and anteroot follows, from the firmware to a root that confirms."""

import json
import re
import subprocess

import pytest

from boot import loaders
from boot.loaders import Device, State, parse
from boot.test_verdict import Device as Updated
from image import cache, disk
from image.disk import SEED_CONFIG

KINDS = {"bios": loaders.GrubBios(), "efi": loaders.GrubEfi(), "uboot": loaders.Uboot()}
LOGS = cache.PROJECT / "build/tests/boot"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_agent_follows_the_loader(kind, program, program_arm64, tmp_path):
    """What the loader chose, why, and that it went back; the loader's count is the only thing written."""
    LOGS.mkdir(parents=True, exist_ok=True)
    device = Device(kind, tmp_path, program_arm64 if kind.arch == "arm64" else program,
                    LOGS / f"follows-{kind.backend}-{kind.table}", follows={})
    said = []

    def boot():
        with device.start() as vm:
            _, match = vm.wait_for(r"anteroot: root: (\S+, slot . because .*|\S+, slot ., because .*)", 60)
            vm.wait_for("ANTEROOT-TARGET", 60)
            vm.wait_exit()
            said.append(re.sub(r"^vda\d, ", "", match.group(1)))

    device.set(State().armed(tries="1"))
    assert device.changed(boot) == 1
    assert said[-1] == "slot B, because it is a candidate, and this attempt is counted"
    assert device.changed(boot) == 0
    assert said[-1] == "slot A, because the candidate is bad: rolled back"
    device.set(State("B"))
    assert device.changed(boot) == 0
    assert said[-1] == "slot B, because root= names it"


class Owned(Updated):
    """A disk that GRUB boots, with a key to its Debian roots."""

    boot_state = {"backend": "grubenv", "counter": "loader", "files": ["grub/grubenv"]}

    def __init__(self, folder, program):    # pylint: disable=super-init-not-called
        self.key, self.folder = folder / "key", folder
        cache.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "owner", "-f", self.key])
        config = json.loads(SEED_CONFIG.read_text(encoding="utf-8"))
        config["os"]["sshKeys"].append((folder / "key.pub").read_text(encoding="ascii").strip())
        self.device = Device(KINDS["bios"], folder, program, LOGS / "counted-by-grub",
                             root_kind="debian", follows={},
                             config='set anteroot_args="console=ttyS0 no_timer_check rw"\n'
                                    "source $prefix/anteroot.cfg\n")
        self.device.boot_partition.put_all({"config.json": json.dumps(config).encode()})
        block = folder / "block"
        cache.run(["grub-editenv", block, "create"])
        self.device.boot_partition.put_all({"grub/grubenv": block.read_bytes()})

    def boot(self, **options):
        return self.device.start(smp=2, limit=240, network=True, **options)

    @property
    def keys(self):
        return parse(self.device.boot_partition.get("grub/grubenv"))


def test_update_counted_by_grub(program, tmp_path):
    """Armed, cut off in its only attempt, rolled back; armed again, and confirmed by the service."""
    LOGS.mkdir(parents=True, exist_ok=True)
    device = Owned(tmp_path, program)
    with device.boot() as vm:
        vm.wait_ssh(device.key)
        device.install(vm)
        device.ask(vm, "anteroot slot arm B --tries 1 --version 2.0.0")
        device.reboot(vm)
    with device.boot() as vm:
        vm.wait_for("slot B: attempt 1 of 1", 60)
        vm.wait_for("because it is a candidate", 60)
        vm.cut_power()
    with device.boot() as vm:
        vm.wait_ssh(device.key)
        assert "anteroot: slot A" in vm.console
        status = device.verdict(vm)
        assert status["running"]["slot"] == "A" and status["slots"]["B"]["bad"] == "tries"
        assert status["boot"]["reason_name"] == "rolled-back"
        assert device.ask(vm, "grep upgrade_available=0 /mnt/boot/grub/grubenv")
        device.ask(vm, "anteroot slot arm B --tries 2 --version 2.0.1")
        device.reboot(vm)
    with device.boot() as vm:
        vm.wait_ssh(device.key)
        assert "slot B: attempt 1 of 2" in vm.console
        status = device.verdict(vm)
        assert status["running"]["slot"] == "B" and status["slots"]["B"]["state"] == "good"
    assert device.keys["anteroot_good"] == "B" and device.keys["upgrade_available"] == "0"
