# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the firmware to the root: GRUB (BIOS, EFI) and U-Boot (arm64) count as docs/STATE.md says."""

import itertools
import re

import pytest

from boot import loaders
from boot.loaders import Device, State, expected, parse
from image import cache
from image import loaders as images

KINDS = {"bios": loaders.GrubBios(), "efi": loaders.GrubEfi(), "uboot": loaders.Uboot()}
LOGS = cache.PROJECT / "build/tests/boot"
TXN = State().txn


@pytest.fixture(params=["bios", pytest.param("efi", marks=pytest.mark.full), "uboot"], name="kind")
def a_kind(request):
    return KINDS[request.param]


@pytest.fixture(name="log")
def a_log(request):
    LOGS.mkdir(parents=True, exist_ok=True)
    return LOGS / re.sub(r"[^\w.=-]+", "-", request.node.name).strip("-")


@pytest.fixture(name="device")
def a_device(kind, log, program, program_arm64, tmp_path):
    return Device(kind, tmp_path, program_arm64 if kind.arch == "arm64" else program, log)


# --- the rule, for all states ----------------------------------------------

def states():
    """Everything a loader can find, in pairs and triples of what matters together."""
    for good, available, count_for in itertools.product("AB", "01", (TXN, "00000001")):
        yield State(good, part="2", available=available, count_for=count_for)
        yield State(good, part="3", available=available, count_for=count_for)
    for good, tries, count in itertools.product("AB", "129", "0123456789"):
        yield State(good, tries=tries).armed(count=count, count_for=TXN)
    for good, count in itertools.product("AB", (None, "", "x", "12")):
        yield State(good).armed(count=count, count_for=TXN)
        yield State(good).armed(count=count, count_for="00000001")
    for good, part in itertools.product("AB", ("1", "4", "10", "")):
        yield State(good).armed()._replace(part=part)
    for good in "AB":
        yield State(good).armed(count_for=None)
        whole = State(good).armed().record()["anteroot_seal"]
        for seal in ("", whole[:-1], whole + "x", whole.replace(TXN, "0000002b"), whole.replace(".1.", ".0.")):
            yield State(good).armed(seal=seal)
    yield State(None, part=None, available=None, count=None, count_for=None)
    yield State(None, part="3", available=None, count="1", count_for=None)
    yield State(None, part=None, available="1", count="1", count_for=None)
    for part, available, count in itertools.product("23", "01", (None, "0", "1", "2", "3", "4", "9", "x")):
        yield State(None, part=part, available=available, count=count, count_for=None)


def case_name(number):
    """A folder for a case. Few in each: GRUB reads a folder from its start to find a name."""
    return f"{number // 10}/{number % 10}"


def decided(device, cases, folder):
    """One machine decides for all the cases (name -> files): what it said, and the files afterwards."""
    device.boot_partition.put_all({f"cases/{name}/{path}": data for name, files in cases.items()
                                   for path, data in files.items()})
    with device.start() as vm:
        vm.wait_for("all-cases", 80)
        vm.cut_power()
        said = dict(re.findall(r"case (\S+): ([AB] [01])\.", vm.console))
    return said, device.boot_partition.get_all("cases", folder)


def test_every_state(kind, log, tmp_path):
    """The choice, and what is written: what the rule says, and no more."""
    cases = {case_name(number): state for number, state in enumerate(states())}
    device = Device(kind, tmp_path, log=log, config=kind.one_of_many(cases))
    said, left = decided(device, {name: kind.files(state) for name, state in cases.items()},
                         tmp_path / "left")
    wrong = []
    for name, state in cases.items():
        slot, attempt, counts = expected(state, kind.legacy_tries)
        data = left[f"{name}/{kind.count_file}"]
        keys = parse(data)
        found = (said.get(name), (keys.get("bootcount"), keys.get("anteroot_count_for")))
        if found != (f"{slot} {int(attempt)}", counts):
            wrong.append(f"{name} {state}: {found}, expected {slot} {int(attempt)} {counts}")
        if state.count is not None:
            assert len(data) == len(kind.files(state)[kind.count_file])
        assert {key: value for key, value in parse(left[f"{name}/{kind.record_file}"]).items()
                if key not in ("bootcount", "anteroot_count_for")} == state.record()
    assert not wrong, "\n".join(wrong)


def broken(kind):
    """Files that a power cut left: half one state and half another, or of any length; and which good slot."""
    for good, part in ("A", "2"), ("B", "3"):
        states_of = State(good, part=part, txn="00000029"), State(good).armed(tries="3")
        old, new = (kind.files(state) for state in states_of)
        name = kind.record_file
        differ = [at for at in range(len(new[name])) if new[name][at] != old[name][at]]
        for at in range(differ[0], differ[-1] + 2):
            yield good, {**new, name: new[name][:at] + old[name][at:]}
            yield good, {**new, name: old[name][:at] + new[name][at:]}
        for name, data in new.items():
            for size in (0, 1, 13, 60, len(data) - 1):
                yield None, {**new, name: data[:size]}
            yield None, {**new, name: bytes(len(data))}


def test_broken_files(kind, log, tmp_path):
    """A torn record never leads away from the good slot without a count that was kept."""
    cases = {case_name(number): case for number, case in enumerate(broken(kind))}
    device = Device(kind, tmp_path, log=log, config=kind.one_of_many(cases))
    said, left = decided(device, {name: files for name, (_, files) in cases.items()}, tmp_path / "left")
    assert said.keys() == cases.keys()
    attempts = 0
    for name, (good, _) in cases.items():
        slot, attempt = said[name].split()
        if attempt == "1":
            attempts += 1
            counts = parse(left[f"{name}/{kind.count_file}"])
            assert (counts["bootcount"], counts["anteroot_count_for"]) == ("1", TXN), name
        elif good:
            assert slot == good, name
    assert 0 < attempts < len(cases)


# --- docs/LOADERS.md -------------------------------------------------------

def commands_of(title):
    """The shell commands in a section of the manual."""
    text = (cache.PROJECT / "docs/LOADERS.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return re.search(r"```sh\n(.*?)```", section, re.DOTALL).group(1)


def test_manual(kind, log, program, program_arm64, tmp_path):
    """Its commands, as they are, make a device that boots and counts."""
    device = Device(kind, tmp_path, program_arm64 if kind.arch == "arm64" else program, log)
    (tmp_path / "dist").symlink_to(cache.PROJECT / "dist")
    title = "U-Boot" if kind.arch == "arm64" else "GRUB"
    cache.run(["sh", "-euc", commands_of(title)], cwd=tmp_path, env={
        "GRUB": str(images.firmware() / "usr/lib/grub")})
    made = {str(path.relative_to(tmp_path / "boot")): path.read_bytes()
            for path in (tmp_path / "boot").rglob("*") if path.is_file()}
    assert {name: len(made[name]) for name in kind.files(State()) if name == kind.count_file} == {
        name: len(data) for name, data in kind.files(State()).items() if name == kind.count_file}
    # the console and the labels of this device; the rest is the manual's
    if kind.table == "msdos":
        made["grub/grub.cfg"] = (b'set anteroot_root_A="LABEL=resin-rootA"\n' + made["grub/grub.cfg"])
    device.boot_partition.put_all(made)
    assert device.decide() in ("slot A: no environment", "slot A: balenaOS keys, no candidate")
    device.set(State().armed())
    assert device.decide() == "slot B: attempt 1 of 2"
    assert device.counts == ("1", TXN)


# --- whole boots -----------------------------------------------------------

def test_idle_then_a_candidate_nobody_confirms(device):
    """No candidate: the good slot. Two tries: B, B, and A again, for good and without a write."""
    device.set(State())
    assert device.boot() == ("A", ["slot A: no candidate"])
    assert device.counts == ("0", "00000000")
    device.set(State().armed())
    assert device.boot() == ("B", ["slot B: attempt 1 of 2"])
    assert device.counts == ("1", TXN)
    assert device.boot() == ("B", ["slot B: attempt 2 of 2"])
    assert device.counts == ("2", TXN)
    assert device.boot() == ("A", ["slot A: attempts of slot B are used up"])
    assert device.counts == ("2", TXN)


def test_what_a_count_writes(device):
    """A single sector; nothing at all when there is nothing to count, or no more."""
    device.set(State("B").armed())
    assert device.changed(device.decide) == 1
    assert device.changed(device.decide) == 1
    assert device.changed(device.decide) == 0
    device.set(State("B"))
    assert device.changed(device.decide) == 0


def test_stale_count(device):
    """stale-count: what another transaction has counted is not this one's."""
    device.set(State("B").armed(count="2", count_for="00000029"))
    assert device.decide() == "slot A: attempt 1 of 2"
    assert device.counts == ("1", TXN)


def test_torn(device):
    device.set(State("B", seal=f"2.0.B.{TXN}.2").armed())
    assert device.decide() == "slot B: the environment is torn"
    assert device.counts == ("0", "00000000")


def test_count_that_is_not_saved(device):
    """count-not-saved: the candidate is not tried."""
    device.set(State().armed())
    assert device.boot(read_only=True) == ("A", ["slot A: unable to count an attempt of slot B"])
    assert device.counts == ("0", "00000000")


def test_missing_files(device):
    """Nothing is known: slot A. U-Boot makes bootcount.env when only that is missing."""
    for name in {device.kind.record_file, device.kind.count_file}:
        device.set(State("B").armed())
        device.boot_partition.remove(name)
        if name == "bootcount.env":
            assert device.decide() == "slot A: attempt 1 of 2"
            assert len(device.boot_partition.get(name)) == loaders.COUNT_BYTES
        else:
            assert device.decide() == "slot A: no environment"


def test_balena(device):
    """balenaOS' keys alone are followed as balenaOS' loaders do, its count included."""
    limit = device.kind.legacy_tries
    candidate = State(None, part="3", available="1", count=str(limit - 1), count_for=None)
    device.set(candidate)
    assert device.decide() == f"slot B: balenaOS keys, attempt {limit}"
    assert device.counts == (str(limit), None)
    for _ in range(2):
        assert device.decide() == "slot A: balenaOS keys, attempts are used up"
        assert device.counts == (str(limit + 1), None)
    device.set(candidate._replace(available="0"))
    assert device.decide() == "slot B: balenaOS keys, no candidate"


def test_balena_block_of_1025_bytes(log, program, tmp_path):
    """As a script of balenaOS' leaves it: a byte too long, a blank behind the count."""
    device = Device(KINDS["bios"], tmp_path, program, log)
    state = State(None, part="3", available="1", count="0 ", count_for=None)
    data = device.kind.files(state)["grub/grubenv"] + b"#"
    device.boot_partition.put_all({"grub/grubenv": data})
    assert device.decide() == "slot B: balenaOS keys, attempt 1"
    assert device.decide() == "slot A: balenaOS keys, attempts are used up"


def test_candidate_that_panics(device):
    """Its initramfs has no init: counted twice, then the good slot."""
    device.boot_partition.put_all({"B/initrd.img": b""})
    device.set(State().armed())
    assert device.panic() == ["slot B: attempt 1 of 2"]
    assert device.panic() == ["slot B: attempt 2 of 2"]
    assert device.counts == ("2", TXN)
    assert device.boot() == ("A", ["slot A: attempts of slot B are used up"])


def test_candidate_that_does_not_load(device):
    """Counted, and the good slot is booted at once; the other way round too, as there is nothing better."""
    kernel = f"B/{device.kind.image}"
    device.set(State().armed())
    device.boot_partition.put_all({kernel: b"no kernel" * 1000})
    assert device.fall_back() == ["slot B: attempt 1 of 2", "slot A: unable to load slot B"]
    device.boot_partition.remove(kernel)
    assert device.boot() == ("A", ["slot B: attempt 2 of 2", "slot A: unable to load slot B"])
    assert device.counts == ("2", TXN)
    device.set(State("B"))
    assert device.fall_back() == ["slot B: no candidate", "slot A: unable to load slot B"]


@pytest.mark.parametrize("kind", [KINDS["bios"], KINDS["efi"]], ids=["bios", "efi"])
def test_debian(kind, log, program, tmp_path):
    """A real root with systemd is the candidate."""
    device = Device(kind, tmp_path, program, log, root_kind="debian")
    device.set(State().armed())
    with device.start(smp=2, limit=180) as vm:
        vm.wait_ready(120)
        vm.cut_power()
        assert "anteroot: slot B: attempt 1 of 2" in vm.console
    assert device.counts == ("1", TXN)
