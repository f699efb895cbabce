# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an update can do to a device whose loader counts: each ends in the right slot, for the right reason."""

import os
import random
import time

import pytest

from boot import harness, loaders
from boot.loaders import Device, State
from boot.test_chain import KINDS, LOGS, Owned
from image import cache, disk

TXN = State().txn
FULL = pytest.mark.full
# whoever counts, what follows is anteroot's: test_chain.py and test_loaders.py have each loader in every run
SOME_KINDS = ["bios", pytest.param("efi", marks=FULL), pytest.param("uboot", marks=FULL)]
WATCHDOG = ["-device", "i6300esb", "-watchdog-action", "reset"]
ROOT = r"anteroot: root: vd\w+, slot (., because .*\S)"
TRIED, BACK = ("B, because it is a candidate, and this attempt is counted",
               "A, because the candidate is bad: rolled back")


@pytest.fixture(name="make")
def a_maker(request, program, program_arm64, tmp_path):
    """Makes a device with a loader, one candidate armed on it."""
    LOGS.mkdir(parents=True, exist_ok=True)

    def make(kind="bios", state=State(tries="1").armed(), follows=(), **options):
        one = KINDS[kind]
        device = Device(one, tmp_path, program_arm64 if one.arch == "arm64" else program,
                        LOGS / request.node.name.replace("[", "-").strip("]"), follows=dict(follows),
                        **options)
        device.set(state)
        return device

    return make


def followed(device, wanted="guest-shutdown", **options):
    """A boot of the tiny root to its end: what anteroot says of the slot."""
    with device.start(**options) as vm:
        _, match = vm.wait_for(ROOT, 60)
        vm.wait_for("ANTEROOT-TARGET", 60)
        assert vm.wait_exit() == wanted
        return match.group(1)


@pytest.mark.parametrize("kind", SOME_KINDS)
@pytest.mark.parametrize("fault", ["panic", "exit"])
def test_candidate_that_panics_is_rolled_back(make, kind, fault):
    device = make(kind, args=f"target.{fault}=B")
    assert followed(device, "guest-reset") == TRIED
    assert device.counts == ("1", TXN)
    assert followed(device) == BACK
    assert device.counts == ("1", TXN)


@pytest.mark.parametrize("kind", SOME_KINDS[:2])
def test_candidate_that_hangs_is_reset_by_the_watchdog(make, kind):
    device = make(kind, args="target.hang=B", follows={"watchdogSeconds": 4}, drivers=["i6300esb"])
    assert followed(device, "guest-reset", options=WATCHDOG) == TRIED
    assert followed(device, options=WATCHDOG) == BACK


@pytest.mark.parametrize("kind", SOME_KINDS)
def test_slot_missing(make, kind):
    """Counted by the loader, and left in the same boot: its root is not there."""
    device = make(kind, absent=("rootB",), args="anteroot.wait=3")
    assert followed(device).startswith("A, because")
    assert device.counts == ("1", TXN)
    assert followed(device) == BACK


@pytest.mark.parametrize("kind", SOME_KINDS)
def test_full_boot_partition(make, kind, tmp_path):
    """Nothing grows: the count is written all the same."""
    device = make(kind)
    start = disk.starts_mib(device.disk)["boot"] * disk.MIB
    disk.fill_fat(f"{device.path}@@{start}", tmp_path / "fill")
    assert followed(device) == TRIED
    assert device.counts == ("1", TXN)
    assert followed(device) == BACK


@pytest.mark.parametrize("kind", SOME_KINDS)
def test_read_only_boot_partition(make, kind):
    device = make(kind)
    said = followed(device, read_only=True)
    assert said.startswith("A, because") and device.counts == ("0", "00000000")


@pytest.mark.parametrize("kind", SOME_KINDS)
def test_cloned_disk(make, kind, tmp_path):
    """label-clone: first on the bus, with the same labels; it is not chosen, and stays as it is."""
    device = make(kind, drivers=["nvme"])
    original = disk.image(device.disk._replace(identity=1))
    clone = harness.overlay(original, tmp_path, "clone")
    # not by virtio: U-Boot starts the first of its kind
    options = ["-drive", f"file={clone},if=none,id=clone,format=qcow2",
               "-device", "nvme,drive=clone,serial=clone,addr=1"]
    with device.start(first_slot=2, options=options) as vm:
        _, match = vm.wait_for(r"anteroot: root: (\w+), slot (.), because it is a candidate", 60)
        assert match.groups() == ("vda3", "B")
        vm.wait_for("nvme0n1 carries the labels of the boot disk vda: not used", 1)
        vm.wait_for("ANTEROOT-TARGET", 60)
        vm.wait_exit()
    assert device.counts == ("1", TXN)
    cache.run(["qemu-img", "compare", clone, original])


def phases():
    """What a device is in the middle of: what it has stored, and how often it is cut off there."""
    yield "candidate", State(tries="9").armed()
    yield "last-attempts", State(tries="9").armed(count="6", count_for=TXN)
    yield "first-of-next", State(tries="9").armed(count="9", count_for="00000029")
    yield "good", State("B")
    yield "torn", State("B", seal=f"2.0.B.{TXN}.2").armed()


@pytest.mark.parametrize("kind,mark,beyond,cuts", [
    pytest.param("bios", "anteroot: slot", 2, 10, id="bios"),
    pytest.param("uboot", "ANTEROOT-TARGET", 1.1, 4, id="uboot", marks=FULL)])
@pytest.mark.parametrize("phase,state", [
    pytest.param(name, state, id=name, marks=[] if name in ("candidate", "torn") else FULL)
    for name, state in phases()])
def test_power_cuts(make, phase, state, kind, mark, beyond, cuts):
    """The plug is pulled at random moments: around the loader's count, and from the firmware to the target.

    Always: no attempt goes uncounted, no count is lost, nothing else of the state changes; and then it boots.
    """
    seed = int(os.environ.get("ANTEROOT_SEED") or random.randrange(2 ** 32))
    print(f"ANTEROOT_SEED={seed} {phase}")
    chance, device, span = random.Random(seed), make(kind, state, args="target.hold"), None
    record, counted = kept(device), attempts(device, state)
    for number in range(cuts):
        with device.start() as vm:
            if span is None:    # how long a boot takes here and now
                vm.wait_for(mark, 60)
                span = vm.seconds() * beyond
            else:
                time.sleep(chance.uniform(0, span))
            vm.cut_power()
        tried, done = "anteroot: slot B: attempt" in vm.console, attempts(device, state)
        print(f"cut {number}: {'tried, ' if tried else ''}{device.counts}")
        assert done - counted == 1 if tried and state.good == "A" else done - counted in (0, 1)
        assert kept(device) == record
        counted = done
    slot, _, _ = loaders.expected(state._replace(count=device.counts[0], count_for=device.counts[1]), 0)
    device.boot_partition.put_all(dict(device.kind.boot_files()))
    assert followed(device).startswith(slot)


def kept(device):
    """What the loader never writes."""
    keys = loaders.parse(device.boot_partition.get(device.kind.record_file))
    return {key: value for key, value in keys.items() if key not in ("bootcount", "anteroot_count_for")}


def attempts(device, state):
    """How many this transaction has had."""
    count, of_txn = device.counts
    return int(count) if of_txn == state.txn else 0


def test_update_that_fails_its_checks(program, tmp_path):
    """Rebooted in good order before the verdict, which is given back; then rejected by the service, and back in A."""
    device = Owned(tmp_path, program)
    with device.boot() as vm:
        vm.wait_ssh(device.key)
        device.install(vm)
        device.spoil(vm)
        device.ask(vm, "anteroot slot arm B --tries 1")
        device.reboot(vm)
    with device.boot() as vm:
        vm.wait_ssh(device.key)
        status = device.status(vm)
        assert status["running"]["slot"] == "B" and status["running"]["candidate"]
        assert device.keys["bootcount"] == "1"
        device.reboot(vm)
    assert device.keys["bootcount"] == "0"
    with device.boot() as vm:
        vm.wait_ssh(device.key)
        assert device.status(vm)["running"]["slot"] == "B"
        device.give_up(vm)
    with device.boot() as vm:
        vm.wait_ssh(device.key)
        status = device.verdict(vm)
        assert status["running"]["slot"] == "A" and status["slots"]["B"]["bad"] == "health"
