# SPDX-License-Identifier: LGPL-2.1-or-later
"""anteroot in the initramfs of bookworm's and trixie's dracut, with a shell and with systemd as process 1."""

import json
import re

import pytest

from boot import loaders, record
from boot.conftest import LOGS
from boot.device import why
from boot.dracut import KEY, KEY_BYTES, OS_RELEASE, SECONDS, Boots, layout, make_storage
from boot.record import Record, Slot
from boot.test_debian import SEED, check_deliveries, owner  # noqa: F401 (owner is a fixture)
from image import dracut, root
from image.disk import Disk
from image.loaders import debian_kernel

KINDS = [kind for suite in dracut.SUITES for kind in dracut.kinds(suite)]
GENERIC = [kind for kind in KINDS if not kind.hostonly]
HOPELESS = {"root_a": "no-init", "root_b": "no-init"}
# the disk says when it was made, and a clock of 2001 is not believed
OLD_CLOCK = ["-rtc", "base=2001-01-01"]


def some(kinds, *names):
    """Parameters: those that are named run always, the others in the full run."""
    return [pytest.param(kind, id=kind.name, marks=() if kind.name in names else pytest.mark.full)
            for kind in kinds]


ALL = some(GENERIC, *(kind.name for kind in GENERIC))
BOOKWORM_SHELL, BOOKWORM_SYSTEMD, TRIXIE_SHELL, TRIXIE_SYSTEMD = (kind.name for kind in GENERIC)


@pytest.fixture
def boots(request, machine, program, tmp_path):
    """The kind of image that the test is for."""
    return Boots(machine, program, request.param, tmp_path)


def each(params):
    return pytest.mark.parametrize("boots", params, indirect=True)


def rescued(vm):
    """What the rescue message says; the machine reboots behind it."""
    _, match = vm.wait_for(r"anteroot: rescue: (unable to .*)", SECONDS)
    assert vm.wait_exit(60) == "guest-reset"
    return match.group(1)


# --- the scenarios of /init ------------------------------------------------

@each(ALL)
def test_slot_a_with_its_configuration(boots):
    target = boots.boot([layout()], options=OLD_CLOCK)
    assert target.slot == "A" and target.mounts["/"][0] == "/dev/vda2"
    assert target.items["hostname"] == SEED["hostname"]
    assert target.text("/etc/hostname") == SEED["hostname"] + "\n"
    for name, rule in SEED["os"]["udevRules"].items():
        assert rule.strip() in target.text(f"/etc/udev/rules.d/{name}.rules")
    keys = target.files["/root/.ssh/authorized_keys_local"]
    assert keys.permissions == 0o600 and SEED["os"]["sshKeys"][0].strip() in keys.data.decode()
    for role in ("boot", "state", "data"):
        assert target.mounts[f"/mnt/{role}"][0].startswith("/dev/vda")
    assert target.state["failed"] == [] and target.report["warnings"] == []
    check_integrators_files(target)
    # hook early has set the clock, so hook target found nothing to do
    assert int(target.items["clock"]) > 1_700_000_000
    assert target.report["clock"]["start"]["action"] == "keep"
    assert target.console.index("anteroot: clock: forward to") < target.console.index("anteroot: boot disk")


def check_integrators_files(target):
    """What image/dracut.py has put into /etc/anteroot of the tree."""
    assert target.text("/run/anteroot/anteroot.json") == dracut.INTEGRATOR["etc/anteroot/anteroot.json"]
    assert "10-say: hello from hooks.d" in target.log and "20-masked" not in target.log


@each(some([kind for kind in KINDS if kind.hostonly], "bookworm-systemd-hostonly"))
def test_hostonly(boots):
    """The tree that the image was made in has neither FAT nor these disks."""
    assert boots.boot([layout()]).slot == "A"


@each(some(GENERIC, BOOKWORM_SYSTEMD, TRIXIE_SYSTEMD))
def test_fallback_in_the_same_boot(boots):
    """root= names the slot that is gone: neither systemd nor dracut waits for it."""
    description = layout(root_a="garbage")
    target = boots.boot([description], f"root=UUID={description.uuid('rootA')} anteroot.wait=5")
    assert target.slot == "B" and target.mounts["/"][0] == "/dev/vda3"


@each(some(GENERIC))
def test_root_argument(boots):
    description = layout(root_a="no-init")
    target = boots.boot([description], f"root=UUID={description.uuid('rootA')} rw")
    assert target.slot == "B" and "rw" in target.mounts["/"][2]
    assert target.state["failed"][0]["slot"] == "A"


@each(some(GENERIC, BOOKWORM_SHELL))
def test_candidate_is_rolled_back(boots):
    device = boots.device(layout(boot_files=record.files(Record(b=Slot("candidate", tries=1)))))
    target = device.boot()
    assert why(target) == ("B", "attempt")
    assert device.record.b == Slot("trying", tries=1, attempts=1)
    assert why(device.boot()) == ("A", "rolled-back")
    assert device.record.b.bad == "tries"


@each(some(GENERIC, TRIXIE_SHELL))
def test_rescue_reboots(boots):
    with boots.machine([layout(**HOPELESS)], "anteroot.wait=5") as vm:
        message = rescued(vm)
        assert "vda2" in message and "vda3" in message
        assert "Kernel panic" not in vm.console and "emergency mode" not in vm.console


# --- a person at the console -----------------------------------------------

# dracut takes root's password into host-only images; what it leaves in the others lets nobody in
LOGIN = {"etc/passwd": (b"root:x:0:0:root:/root:/bin/sh\n", 0o644), "etc/shadow": (b"root::20000::::::\n", 0o600)}


def ask_shell(vm, words, answer):
    """Types until the shell has answered: it may just be starting."""
    for _ in range(20):
        vm.type(f"\n{words}\n")
        try:
            return vm.wait_for(answer, 8)
        except Exception as error:      # noqa: BLE001, pylint: disable=broad-except
            last = error
    raise last


@each(some(GENERIC, TRIXIE_SYSTEMD))
def test_emergency_shell_when_asked_for(boots):
    with boots.with_files(LOGIN).machine([layout(**HOPELESS)], "rd.shell anteroot.wait=5") as vm:
        vm.wait_for(r"anteroot: rescue: unable to", SECONDS)
        vm.wait_for(r"^anteroot: rescue: what to do", SECONDS)
        ask_shell(vm, "echo THE-$((40+2))-SHELL", "^THE-42-SHELL")
        vm.type("echo b > /proc/sysrq-trigger\n")
        assert vm.wait_exit(30) == "guest-reset"


@each(some(GENERIC, BOOKWORM_SYSTEMD))
def test_break_and_go_on(boots):
    with boots.with_files(LOGIN).machine([layout()], "rd.break=pre-mount") as vm:
        vm.wait_for("Break before pre-mount", SECONDS)
        ask_shell(vm, "echo THE-$((40+2))-SHELL", "^THE-42-SHELL")
        assert "anteroot: boot disk" not in vm.console
        vm.type("exit\n")
        assert vm.report(SECONDS).slot == "A"


@each(some(GENERIC, BOOKWORM_SHELL))
def test_an_emergency_of_dracut_reboots(boots):
    """anteroot cannot even be run: nobody is there, so there is no shell."""
    broken = boots.with_files({"usr/sbin/anteroot": "#!/bin/sh\nexit 2\n"})
    with broken.machine([layout()], "panic=3") as vm:
        vm.wait_for("anteroot: dracut cannot go on: reboot in 3 s", SECONDS)
        assert vm.wait_exit(60) == "guest-reset"


@each(some(GENERIC, TRIXIE_SYSTEMD))
def test_switched_off(boots):
    target = boots.boot([layout()], "rd.anteroot=0 root=LABEL=resin-rootB")
    assert target.slot == "B" and "/run/anteroot/state.json" not in target.files


# --- what dracut's own modules open ----------------------------------------

LUKS_UUID = "a17e0000-0000-4000-8000-00000000aaaa"
STORAGE = {
    "luks": (f"cryptsetup luksFormat --type luks1 --batch-mode --key-size 256 --hash sha256 --uuid {LUKS_UUID} "
             f"--pbkdf-force-iterations 1000 --key-file /{KEY} /dev/vda2\n"
             f"cryptsetup open --key-file /{KEY} /dev/vda2 root\ncat /dev/vdb > /dev/mapper/root\n"
             "cryptsetup close root\n"),
    "lvm": ("lvm pvcreate -y /dev/vda2\nlvm vgcreate vg /dev/vda2\n"
            "lvm lvcreate -y -Wn -Zn -l 100%FREE -n root vg\ncat /dev/vdb > /dev/vg/root\nlvm vgchange -an vg\n"),
    "md": ("mdadm --create /dev/md0 --run --level=1 --metadata=1.2 --raid-devices=2 "
           "--uuid=a17e0000:00004000:80000000:0000aaaa /dev/vda2 /dev/vda3 < /dev/null\n"
           "cat /dev/vdb > /dev/md0\nmdadm --stop /dev/md0\n"),
}
ARGUMENTS = {
    "luks": f"rd.luks.uuid={LUKS_UUID}",
    "lvm": "rd.lvm.lv=vg/root",
    "md": "rd.md.uuid=a17e0000:00004000:80000000:0000aaaa",
}
CRYPTTAB = {"etc/crypttab": (f"luks-{LUKS_UUID} UUID={LUKS_UUID} /{KEY} luks\n".encode(), 0o600),
            KEY: (KEY_BYTES, 0o600)}
# partitions of 8 MiB: what a root is put into takes a part of them
OPENED = layout(root_a="journaled", root_b="journaled", absent=("rootA", "rootB"))


@pytest.fixture
def storage(machine, program, tmp_path):
    """Makes a disk whose slot A is in LUKS, LVM or a RAID of both partitions."""
    def make(what):
        source = tmp_path / "source.raw"
        root.make("tiny", source, "A", "resin-rootA", "5e6d0000-0000-4000-8000-00000000aaaa",
                  OPENED.root_files)
        maker = Boots(machine, program, dracut.Kind(), tmp_path)
        return make_storage(maker, OPENED, source, STORAGE[what], (root.inputs("tiny"),))
    return make


def opened():
    """Each of the three in one kind of image; all of them in the full run."""
    usual = {"luks": BOOKWORM_SYSTEMD, "lvm": TRIXIE_SHELL, "md": TRIXIE_SYSTEMD}
    return [pytest.param(what, kind, id=f"{what}-{kind.name}",
                         marks=() if kind.name == usual[what] else pytest.mark.full)
            for what in STORAGE for kind in GENERIC]


@pytest.mark.parametrize("what,boots", opened(), indirect=["boots"])
def test_root_in(boots, storage, what):
    """Opened by dracut's own modules; anteroot takes it as found."""
    target = boots.with_files(CRYPTTAB if what == "luks" else {}).boot([storage(what)], ARGUMENTS[what])
    assert target.slot == "A" and target.state["boot_disk"] == "vda"
    assert re.match(r"/dev/(dm-|mapper/|md)", target.mounts["/"][0])
    assert target.state["root"]["label"] == "resin-rootA"


@each(some(GENERIC, TRIXIE_SHELL))
def test_luks_that_never_appears_does_not_stop_the_boot(boots):
    """dracut would open a shell; slot B works."""
    target = boots.boot([layout(root_a="garbage")], f"{ARGUMENTS['luks']} rd.retry=6 rd.timeout=10 anteroot.wait=5",
                        options=())
    assert target.slot == "B"
    assert boots.kind.systemd or "anteroot: waiting no longer for what is missing" in target.console


@pytest.mark.full
def test_loader_has_told_the_firmware_its_disk(program, tmp_path):
    """gpt-auto-generator then waits for a root of its own choice: not here."""
    LOGS.mkdir(parents=True, exist_ok=True)
    device = loaders.Device(loaders.SystemdBoot(), tmp_path, log=LOGS / "dracut-efi", root_files=(OS_RELEASE,))
    image = dracut.image(dracut.Kind(systemd=True), program)
    device.boot_partition.put_all({"A/vmlinuz": debian_kernel("amd64").image.read_bytes(),
                                   "A/initrd.img": image.read_bytes()})
    with device.start(limit=SECONDS * 2) as vm:
        vm.wait_for("ANTEROOT-TARGET .*slot-marker=A", SECONDS)
        assert vm.wait_exit() == "guest-shutdown"


# --- the distribution's own root -------------------------------------------

@pytest.fixture
def installed(request, boots):
    """The kind of root that belongs to the image; the fixture owner makes its disk."""
    kind = "debian" if boots.kind.suite == "bookworm" else "debian-trixie"
    request.getfixturevalue("monkeypatch").setattr("boot.test_debian.DEBIAN", Disk(root_a=kind, root_b=kind))
    return request.getfixturevalue("owner")


@each(some(GENERIC, TRIXIE_SYSTEMD))
def test_debian_root(boots, installed):
    key, kept = installed
    with boots.machine([kept], "quiet rw", smp=2, memory_mib=768, network=True) as vm:
        vm.wait_ssh(key, SECONDS)
        check_deliveries(vm, key, journal_before=boots.kind.systemd)
        if boots.kind.systemd:
            shown = vm.ssh(key, "systemd-analyze", 60).stdout
            assert "(initrd)" in shown, shown
        assert json.loads(vm.ssh(key, "cat /run/anteroot/report.json", 60).stdout)["decided"]["config"] == "read"
