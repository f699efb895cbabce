# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job on other architectures: the cross-built program, Debian's kernel, and a target of that machine."""

import json
import re

import pytest

from boot import harness, record
from boot.clocks import Disks, about, clock, decided, seconds
from boot.device import Device, why
from boot.record import Record, Slot
from image import arch as arches
from image import cache, disk, loaders
from image.disk import Disk

LOGS = cache.PROJECT / "build/tests/boot"
LIMIT_SECONDS = 180
FOREIGN = "tiny"        # a root whose init is one of amd64, and what is said of that
FOREIGN_INIT = {"arm64": "made for another architecture", "armhf": "not a 32-bit program"}


class Machine(harness.Machine):
    """QEMU's board "virt". The report's port is on PCI, as the board has only one of its own."""

    ARGUMENTS = ""

    def __init__(self, arch, *arguments, **options):
        self._arch = arch
        super().__init__(*arguments, **{"console": "ttyAMA0", "limit": LIMIT_SECONDS, **options})

    def _command(self, initrd, arguments, machine, memory_mib, smp):
        return ["setpriv", "--pdeathsig", "KILL", self._arch.qemu, "-nodefaults", "-no-user-config",
                "-no-reboot", "-display", "none", *self._arch.options, "-m", str(memory_mib),
                "-smp", str(smp), "-kernel", str(arches.boot_image(self._arch.name)),
                "-initrd", str(initrd), "-append", arguments, "-serial", "stdio",
                "-chardev", f"file,id=report,path={self._report_path}",
                "-device", "pci-serial,chardev=report",
                "-qmp", f"unix:{self._folder}/qmp,server=on,wait=off"]

    def tell(self, seconds):
        """What the Debian root says of itself, name -> text."""
        self.wait_ready(seconds)
        rows = (line.partition(" ") for line in self._report_path.read_text(encoding="utf-8").splitlines())
        return {name: text.strip() for name, _, text in rows}

    def _drive(self, base):
        drive, device = super()._drive(base)[1::2]
        return ["-drive", drive, "-device", device.replace("-pci", f"-{self._arch.bus}", 1)]


@pytest.fixture(name="arch", params=("arm64", "armhf"))
def an_arch(request):
    return arches.ARCHES[request.param]


@pytest.fixture
def program(request, arch):
    """The cross-built program."""
    return request.getfixturevalue(f"program_{arch.name}")


@pytest.fixture
def initrd(program, arch):
    return loaders.initramfs(program, arch.name, arches.modules(arch))


@pytest.fixture
def machine(request, arch, initrd):
    """As conftest's, of the other architecture."""
    count = 0

    def make(disks=(), append="", image=None, **options):
        nonlocal count
        count += 1
        LOGS.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.=-]+", "-", request.node.name).strip("-")
        images = [disk.image(base) if isinstance(base, Disk) else base for base in disks]
        return Machine(arch, image or initrd, images, f"panic=1 {append}".strip(),
                       log=LOGS / f"{name}{count if count > 1 else ''}.log", **options)

    return make


@pytest.fixture
def description(arch):
    """A disk whose roots have an init for the architecture; fields of a Disk."""
    def make(**fields):
        return Disk(**{"root_a": "no-init", "root_b": "no-init",
                       "root_files": arches.tiny_files(arch.name, arches.REPORT_PORT), **fields})
    return make


def test_slot_a_and_the_configuration(boot, description):
    """The main job: slot A, and what config.json asks for in it."""
    target = boot([description()])
    assert target.slot == target.state["slot"] == "A" and target.state["failed"] == []
    assert target.items["hostname"] == target.text("/etc/hostname").strip() == "press-07"
    assert target.text("/etc/udev/rules.d/56.rules")
    keys = target.files["/root/.ssh/authorized_keys_local"]
    assert keys.data.startswith(b"ssh-ed25519 ") and keys.permissions == 0o600
    assert target.mounts["/mnt/data"][1] == "ext4" and target.mounts["/mnt/boot"][1] == "vfat"
    done = {one["hook"]: one["action"] for one in target.report["delivered"] if one["action"] != "skipped"}
    assert {done[hook] for hook in ("hostname", "udev-rules", "ssh-keys")} == {"written"}
    assert "failed" not in done.values() and target.report["warnings"] == []
    assert target.argv == ["/sbin/init"] and "Kernel panic" not in target.console


def test_root_of_another_machine_costs_nothing(arch, boot, description):
    """Slot A has amd64's init: it is not booted, B is."""
    target = boot([description(root_a=FOREIGN)])
    assert target.slot == target.state["slot"] == "B"
    (failed,) = target.state["failed"]
    assert failed["slot"] == "A" and "vda2" in failed["device"] and re.search(FOREIGN_INIT[arch.name], failed["reason"])


def test_candidate_is_counted_and_rolled_back(machine, description, tmp_path):
    dev = Device(machine, tmp_path, description(
        boot_files=record.files(Record(b=Slot("candidate", tries=1)))))
    target = dev.boot()
    assert why(target) == ("B", "attempt") and target.items["panic"].strip() == "5"
    assert dev.record.b == Slot("trying", tries=1, attempts=1)
    assert why(dev.boot()) == ("A", "rolled-back")
    assert dev.record.b == Slot("bad", tries=1, attempts=1, bad="tries")


def test_rescue(rescue, description):
    """No root of this machine: a message, and a reboot."""
    message, console = rescue([description(root_a=FOREIGN, root_b=FOREIGN)], "anteroot.wait=2")
    assert "vda2" in message and "vda3" in message
    assert "rescue: what to do: " in console and "Kernel panic" not in console


def rtc(base):
    return ["-rtc", f"base={base},clock=vm"]


def test_rtc_past_2038(boot, description, tmp_path):
    """The board's pl031. A kernel of 32 bits does not set its clock by it any more, anteroot does."""
    disks = Disks(tmp_path, description())
    target = boot([disks.raw], options=rtc("2039-06-01T12:00:00"))
    decision, found = decided(target)
    wanted = seconds("2039-06-01 12:00:00")
    assert found["rtc"]["verdict"] == "counts" and about(found["rtc"]["time_sec"], wanted)
    assert about(clock(target), wanted) and about(target.report["clock"]["reported_sec"], wanted)
    assert decision["local"] is False and "rtc-pl031" in target.console


def test_saved_clocks_past_2038(boot, description, tmp_path):
    """An RTC of 2019, our saved clock, and a file's time that is later: the latest is the floor."""
    disks = Disks(tmp_path, description())
    disks.save("2040-02-29 00:00:00")
    disks.put("state", "/var/lib/systemd/timesync/clock", b"", mtime=seconds("2041-03-01 00:00:01"))
    target = boot([disks.raw], "rw", options=rtc("2019-06-01T12:00:00"))
    decision, found = decided(target)
    assert decision["by"] == "timesyncd" and found["saved"]["verdict"] == "below"
    assert found["rtc"]["verdict"] == "below" and about(found["rtc"]["time_sec"], seconds("2019-06-01 12:00:00"))
    assert about(clock(target), seconds("2041-03-01 00:00:01"))
    assert target.slot == "A" and target.report["warnings"] == []


# --- a real root: systemd, udevd, journald -------------------------------------

@pytest.mark.full
def test_debian(machine, arch):
    """Debian of that machine ends up with what was delivered, from the slot that was decided on."""
    kind = f"debian-{arch.name}"
    with machine([Disk(root_a=kind, root_b=kind)], "quiet rw", memory_mib=768, smp=2, limit=900) as vm:
        told = vm.tell(880)
    assert told["machine"] == {"arm64": "aarch64", "armhf": "armv7l"}[arch.name]
    assert told["host"] == "press-07" and told["failed"] == ""
    assert told["init"].split()[0] == "systemd"
    state = json.loads(told["state"])
    assert state["slot"] == "A" and state["failed"] == [] and state["root"]["device"] == "/dev/vda2"
    assert {"56.rules", "64.rules"} <= set(told["rules"].split())
    assert set(told["drivers"].split()) == {"virtio_blk", *arch.drivers}    # docs/MACHINES.md
    assert told["link"] == "/dev/vda4" and int(told["journal"]) == 1
    assert {"/", "/mnt/boot", "/mnt/state", "/mnt/data"} <= set(told["mounts"].split())
