# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who a device is: devices flashed from one image, over slots, boots and power cuts; systemd's first boot."""

import json
import os
import random
import re
import time

import pytest

from boot import harness, writes
from boot.device import Device, initramfs_with
from boot.test_debian import DEBIAN, ask, owner, start    # noqa: F401 (owner is a fixture)
from image import cache, debian, disk
from image.disk import Disk

ID = "/etc/machine-id"
STORED = "/mnt/state/anteroot/machine-id"
IMAGE_ID = "0123456789abcdef0123456789abcdef\n"
SLOT_B = "root=PARTLABEL=resin-rootB"


def own_id(target):
    """The id that the target has: a whole one, and what is stored."""
    text = target.text(ID)
    assert re.fullmatch(r"[0-9a-f]{32}\n", text) and text != IMAGE_ID
    assert target.files[ID].permissions == 0o444
    if STORED in target.files:
        assert target.text(STORED) == text and target.files[STORED].permissions == 0o444
    return text


def warnings(target, hook="machine-id"):
    return [item["text"] for item in target.report["warnings"] if item["hook"] == hook]


@pytest.mark.parametrize("mode", ("ro", "rw"))
def test_two_devices_of_one_image(machine, tmp_path, mode):
    """Each has an id of its own, in both slots, and keeps it."""
    description, found = Disk(root_a="journaled", root_b="journaled"), []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        device = Device(machine, folder, description)
        ids = {own_id(device.boot(append)) for append in (mode, f"{mode} {SLOT_B}", mode)}
        assert len(ids) == 1
        found += ids
    assert found[0] != found[1]
    if mode == "ro":
        raw = tmp_path / "raw"
        cache.run(["qemu-img", "convert", "-O", "raw", device.image, raw])
        disk.take_partition(description, raw, "rootA", tmp_path / "rootA")
        assert read_file(tmp_path / "rootA", ID) == IMAGE_ID.encode()


def read_file(partition, path):
    """A file of an ext4 partition that is a file here."""
    out = partition.with_suffix(".file")
    cache.run(["debugfs", "-R", f"dump {path} {out}", partition])
    return out.read_bytes()


def edit_partition(description, raw, role, folder, commands):
    """debugfs' commands on a partition of a raw image."""
    partition = folder / f"{role}.edit"
    disk.take_partition(description, raw, role, partition)
    script = folder / "commands"
    script.write_text("".join(f"{line}\n" for line in commands), encoding="utf-8")
    cache.run(["debugfs", "-w", "-f", script, partition])
    with open(raw, "r+b") as target:
        target.seek(disk.starts_mib(description)[role] * disk.MIB)
        target.write(partition.read_bytes())


def put_files(folder, files):
    """debugfs' commands that make files (path -> text; None: none), mode 0644."""
    commands = []
    for number, (path, text) in enumerate(files.items()):
        parts = path.split("/")[1:-1]
        commands += [f"mkdir /{'/'.join(parts[:n + 1])}" for n in range(len(parts))]
        commands.append(f"rm {path}")
        if text is not None:
            source = folder / f"put{number}"
            source.write_text(text, encoding="utf-8")
            commands += [f"write {source} {path}", f"set_inode_field {path} mode 0100644"]
    return commands


def edited(description, folder, **files):
    """A raw image with other files in some of its partitions (role -> path -> text)."""
    raw = folder / "edited.raw"
    disk.export(description, raw)
    for role, texts in files.items():
        edit_partition(description, raw, role, folder, put_files(folder, texts))
    return raw


BAD = {"torn": "0123456789abcdef01", "zero": "0" * 32 + "\n", "long": "0123456789abcdef" * 3 + "\n",
       "empty": "", "uninitialized": "uninitialized\n"}


@pytest.mark.parametrize("kind", BAD)
def test_damaged(machine, tmp_path, kind):
    """What is no id on the state partition is replaced once, and said."""
    description = Disk(root_a="journaled")
    raw = edited(description, tmp_path, state={"/anteroot/machine-id": BAD[kind]})
    device = Device(machine, tmp_path, description, base=raw)
    first, second = device.boot("ro"), device.boot("ro")
    assert own_id(first) == own_id(second)
    assert any("damaged" in text for text in warnings(first)) and not warnings(second)


def test_capital_letters(machine, tmp_path):
    """The same id, in lower case."""
    description = Disk(root_a="journaled")
    raw = edited(description, tmp_path, state={"/anteroot/machine-id": IMAGE_ID.upper().replace("0", "A")})
    target = Device(machine, tmp_path, description, base=raw).boot("ro")
    assert own_id(target) == IMAGE_ID.replace("0", "a")
    assert any("capital" in text for text in warnings(target))


def test_taken_over_from_balena(machine, tmp_path):
    """A device that had balenaOS' initramfs before stays who it is."""
    description = Disk(root_a="journaled")
    raw = edited(description, tmp_path, state={"/machine-id": IMAGE_ID.replace("0", "a")})
    target = Device(machine, tmp_path, description, base=raw).boot("ro")
    assert own_id(target) == IMAGE_ID.replace("0", "a")


def test_no_state_partition(machine, tmp_path):
    """An id for this boot, which is said; the next has another one."""
    device = Device(machine, tmp_path, Disk(absent=("state",)))
    first, second = device.boot("ro"), device.boot("ro")
    assert own_id(first) != own_id(second)
    assert any("no state partition" in text for text in warnings(first))


def test_no_file_on_a_read_only_root(machine, tmp_path):
    """A bind needs a file: an overlay has it."""
    device = Device(machine, tmp_path, Disk(root_a="bare"))
    first, second = device.boot("ro"), device.boot("ro")
    assert own_id(first) == own_id(second)
    assert first.mounts["/etc"][1] == "overlay"


def test_of_an_image_for_each_device(machine, program, tmp_path):
    """The integrator says that the image's own id is meant."""
    initrd = initramfs_with(program, "machine-id-image", json.dumps({"machineId": "image"}))
    device = Device(machine, tmp_path, Disk(), initrd=initrd)
    assert device.boot("ro").text(ID) == IMAGE_ID


# --- UUIDs ---

SHARED = Disk(root_a="journaled", root_b="journaled")
FAT16_ID_AT = 39


def shared_uuid(role):
    """What every flashed image has."""
    if role == "boot":
        return "BA1E-ADEF"
    return f"ba1eadef-0000-4000-8000-{disk.ROLES.index(role):012x}"


def parts(folder, raw, description=SHARED):
    """role -> its partition of a raw image, as a file."""
    files = {}
    for role in disk.ROLES:
        files[role] = folder / f"{role}.part"
        disk.take_partition(description, raw, role, files[role])
    return files


def put_part(raw, role, path, description=SHARED):
    with open(raw, "r+b") as target:
        target.seek(disk.starts_mib(description)[role] * disk.MIB)
        target.write(path.read_bytes())


@pytest.fixture(scope="session")
def flashed(tmp_path_factory):
    """A raw image whose file systems all have UUIDs that are every device's."""
    folder = tmp_path_factory.mktemp("flashed")
    raw = folder / "flashed.raw"
    disk.export(SHARED, raw)
    for role, path in parts(folder, raw).items():
        if role == "boot":
            with open(path, "r+b") as file:
                file.seek(FAT16_ID_AT)
                file.write(bytes.fromhex("ba1eadef")[::-1])
        else:
            cache.run(["tune2fs", "-U", shared_uuid(role), path], input=b"y\n")
            cache.run(["sh", "-c", 'e2fsck -fy "$1" || [ $? -eq 1 ]', "sh", path])
        put_part(raw, role, path)
    assert uuids_of(folder, raw) == {role: shared_uuid(role) for role in disk.ROLES}
    return raw


def uuids_of(folder, raw):
    """role -> UUID as blkid has it, after the real tools have found every file system clean."""
    found = {}
    for role, path in parts(folder, raw).items():
        if role == "boot":
            cache.run(["fsck.fat", "-n", path])
        else:
            # 1: no more than the journal of what was mounted when the power went
            cache.run(["sh", "-c", 'e2fsck -fn "$1" || { cp "$1" "$1.r"; e2fsck -fp "$1.r"; [ $? -le 1 ]; }',
                       "sh", path])
            cache.run(["dumpe2fs", "-h", path])
        found[role] = cache.run(["blkid", "-p", "-o", "value", "-s", "UUID", path]).strip()
    return found


def raw_of(device):
    raw = device.folder / "now.raw"
    cache.run(["qemu-img", "convert", "-O", "raw", device.image, raw])
    return raw


def check_unique(uuids):
    assert len(set(uuids.values())) == len(uuids)
    for role, uuid in uuids.items():
        assert not uuid.lower().replace("-", "").startswith("ba1eadef"), role


def test_uuids_of_two_devices(machine, flashed, tmp_path):
    """All differ, stay, and the UUID that the loader's configuration names finds its slot for ever."""
    seen = {}
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        device = Device(machine, folder, SHARED, base=flashed)
        device.boot(f"root=UUID={shared_uuid('rootB')}")
        first = uuids_of(folder, raw_of(device))
        check_unique(first)
        for role, slot in (("rootA", "A"), ("rootB", "B")):
            target = device.boot(f"root=UUID={shared_uuid(role)} anteroot.wait=60")
            assert (target.slot, target.state["reason"]) == (slot, "root= names it")
            assert target.state["root"]["uuid"] == first[role]
            assert not warnings(target, "uuids")
            # of those that it has now too
            assert device.boot(f"root=UUID={first[role]}").slot == slot
        assert uuids_of(folder, raw_of(device)) == first
        seen[name] = first
    for role in disk.ROLES:
        assert seen["one"][role] != seen["two"][role]


@pytest.mark.parametrize("layout, changed", (
    ({"uuids": None}, ()),
    ({"uuids": {"roles": ["rootA", "state"]}}, ("rootA", "state")),
    ({"uuids": {"prefix": "ba1eadef-0000-4000-8000-000000000001"}}, ("rootA",)),
))
def test_which_uuids(machine, program, flashed, tmp_path, layout, changed):
    """As the integrator says."""
    name = f"uuids-{len(changed)}"
    device = Device(machine, tmp_path, SHARED, base=flashed,
                    initrd=initramfs_with(program, name, json.dumps(layout)))
    device.boot("ro")
    now = uuids_of(tmp_path, raw_of(device))
    assert {role for role in disk.ROLES if now[role] != shared_uuid(role)} == set(changed)


def test_uuids_cut_at_each_sector(machine, flashed, tmp_path):
    """The writes of a first boot up to each sector: every file system is whole, and the next boot ends it."""
    image, log = harness.overlay(flashed, tmp_path, "recorded"), tmp_path / "writes.log"
    with machine([], "ro", options=writes.options(image, log)) as vm:
        vm.report()
        assert vm.wait_exit() == "guest-shutdown"
    starts = disk.starts_mib(SHARED)
    supers = {starts[role] * disk.MIB + (0 if role == "boot" else 1024): role for role in disk.ROLES}
    done, roles = [], []
    for write in writes.read_log(log):
        if write.data and len(write.data) == writes.SECTOR and write.at in supers \
                and supers[write.at] not in roles:
            roles.append(supers[write.at])
            done.append(write)
    assert sorted(roles) == sorted(disk.ROLES), "one sector each, before anything is mounted"
    for count in range(len(done) + 1):
        folder = tmp_path / f"cut{count}"
        folder.mkdir()
        raw = folder / "cut.raw"
        cache.run(["cp", "--sparse=always", flashed, raw])
        with open(raw, "r+b") as file:
            for write in done[:count]:
                file.seek(write.at)
                file.write(write.data)
        now = uuids_of(folder, raw)
        assert {role for role in disk.ROLES if now[role] != shared_uuid(role)} == set(roles[:count])
        device = Device(machine, folder, SHARED, base=raw)
        target = device.boot(f"root=UUID={shared_uuid('rootB')}")
        assert target.slot == "B"
        after = uuids_of(folder, raw_of(device))
        check_unique(after)
        assert all(after[role] == now[role] for role in roles[:count])


# --- first boots that are cut ---

@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.full) for part in (1, 2, 3))])
def test_five_first_boots_cut(machine, program, flashed, tmp_path, part):
    """Of a device that was just flashed, at random moments; the next boot ends complete."""
    seed = int(os.environ.get("ANTEROOT_SEED") or random.randrange(2 ** 32))
    print(f"ANTEROOT_SEED={seed}")
    chance, window = random.Random(seed + part), None
    initrd = initramfs_with(program, "first-boots", json.dumps({"persist": ["/etc/group"]}))
    for number in range(5):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        device = Device(machine, folder, SHARED, initrd=initrd, base=flashed)
        with machine([device.image], "rw target.hold", image=initrd) as vm:
            begun, _ = vm.wait_for("Run /init")
            if window is None:
                vm.wait_for("ANTEROOT-TARGET")
                window = vm.seconds() - begun.time
            else:
                time.sleep(chance.uniform(0, window))
            vm.cut_power()
        raw = raw_of(device)
        stored = stored_id(folder, raw)
        before = uuids_of(folder, raw)
        target = device.boot(f"rw root=UUID={shared_uuid('rootB')}")
        print(f"boot {number}: stored {stored}, {sorted(before.values())}")
        assert target.slot == "B" and not warnings(target)
        # what is stored is never half of it
        assert stored in (None, own_id(target).strip())
        after = uuids_of(folder, raw_of(device))
        check_unique(after)
        for role, uuid in before.items():
            assert uuid in (shared_uuid(role), after[role])
        assert "/etc/group" in target.mounts
        assert not [path for path in target.files if path.endswith(".anteroot")]


def stored_id(folder, raw):
    """The id on the state partition after its journal was played back; None: there is none."""
    path = folder / "state.copy"
    disk.take_partition(SHARED, raw, "state", path)
    cache.run(["sh", "-c", 'e2fsck -fp "$1" || [ $? -eq 1 ]', "sh", path])
    out = folder / "stored"
    out.unlink(missing_ok=True)
    cache.run(["debugfs", "-R", f"dump /anteroot/machine-id {out}", path])
    if not out.exists() or not out.stat().st_size:
        return None
    text = out.read_text(encoding="ascii")
    assert re.fullmatch(r"[0-9a-f]{32}\n", text)
    return text.strip()


# --- persist ---

KEY, KEYS = "/etc/ssh/ssh_host_x_key", "/etc/keys"
PERSIST = {"persist": ["/etc/ssh/ssh_host_*", "/etc/keys/", "/var/lib/app/", "/etc/later"]}
OF_IMAGE = ((KEY[1:], b"image's\n", 0o600), ("etc/keys/deep/one", b"image's\n", 0o640))
PERSISTENT = Disk(root_a="journaled", root_b="journaled", root_files=OF_IMAGE)


@pytest.fixture(scope="session")
def persist_initrd(program):
    return initramfs_with(program, "persist", json.dumps(PERSIST))


@pytest.mark.parametrize("mode", ("ro", "rw"))
def test_persist(machine, persist_initrd, tmp_path, mode):
    """What the first slot had is what the second one has, though its image has something else."""
    raw = edited(PERSISTENT, tmp_path, rootB={KEY: "other\n", f"{KEYS}/deep/one": "other\n"})
    device = Device(machine, tmp_path, PERSISTENT, initrd=persist_initrd, base=raw)
    for append in (mode, f"{mode} {SLOT_B}"):
        target = device.boot(append)
        assert not warnings(target, "persist")
        for path, permissions in ((KEY, 0o600), (f"{KEYS}/deep/one", 0o640)):
            assert (target.text(path), target.files[path].permissions) == ("image's\n", permissions)
            kept = target.files[f"/mnt/state/anteroot/persist{path}"]
            assert kept == target.files[path]
        assert KEY in target.mounts and KEYS in target.mounts
        # made by nobody yet: the directory is there for whoever fills it
        assert "/var/lib/app" in target.mounts
        assert "/etc/later" not in target.files
    assert not [path for path in target.files if path.endswith(".anteroot")]


def test_persist_on_a_full_state_partition(machine, persist_initrd, tmp_path):
    """The target's own file stays, and the report says why."""
    raw = edited(PERSISTENT, tmp_path, state={"/fill": "x" * (9 << 20)})
    device = Device(machine, tmp_path, PERSISTENT, initrd=persist_initrd, base=raw)
    target = device.boot("ro")
    assert target.text(KEY) == "image's\n" and KEY not in target.mounts
    assert any("No space left" in item["text"] for item in target.report["warnings"])
    assert re.fullmatch(r"[0-9a-f]{32}\n", target.text(ID))


# --- systemd ---

FIRST_UNIT = ("[Unit]\nConditionFirstBoot=yes\nDefaultDependencies=no\nAfter=local-fs.target\n"
              "Wants=first-boot-complete.target\nBefore=first-boot-complete.target\n"
              "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo seen >>/mnt/state/first-boots'\n")
PRESET_UNIT = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"


def first_boot_files(own):
    """What makes a Debian root show systemd's first boot; own: its machine-id file, None: there is none."""
    return {
        ID: own,
        "/etc/systemd/system/first.service": FIRST_UNIT,
        "/etc/systemd/system/sysinit.target.d/first.conf": "[Unit]\nWants=first.service\n",
        "/etc/systemd/system/preset-seen.service": PRESET_UNIT,
        "/etc/systemd/system-preset/10-test.preset": "enable preset-seen.service\nenable ssh.service\n"
                                                     "enable systemd-networkd.service\ndisable *\n",
        # masked in the tests' root, because its own id is a real one
        "/etc/systemd/system/systemd-machine-id-commit.service": None,
    }


def journal_boots(vm, key):
    return len(ask(vm, key, "journalctl --list-boots --no-pager -q").strip().splitlines())


@pytest.mark.parametrize("mode, own", (
    ("rw", None), pytest.param("rw", "uninitialized\n", marks=pytest.mark.full), ("ro", "uninitialized\n")))
def test_first_boot_of_systemd(machine, owner, tmp_path, mode, own):     # noqa: F811
    """One first boot, with presets, though the id is there; the journal of both boots is one."""
    key, kept = owner
    raw = tmp_path / "disk.raw"
    edit_partition(DEBIAN, raw, "rootA", tmp_path, put_files(tmp_path, first_boot_files(own)))
    kept = harness.overlay(raw, tmp_path, "first")
    with start(machine, kept, mode) as vm:
        vm.wait_ssh(key)
        machine_id = ask(vm, key, f"cat {ID}").strip()
        assert machine_id != debian.MACHINE_ID and re.fullmatch("[0-9a-f]{32}", machine_id)
        assert ask(vm, key, "cat /mnt/state/first-boots") == "seen\n"
        assert ask(vm, key, "systemctl show -P ConditionResult first.service").strip() == "yes"
        if mode == "rw":
            assert ask(vm, key, "systemctl is-enabled preset-seen.service").strip() == "enabled"
        assert ask(vm, key, "systemctl list-units --failed --plain --no-legend").strip() == ""
        assert ask(vm, key, "ls /mnt/state/anteroot").split() == ["config.json", "machine-id"]
        # for PID 1 alone
        assert "SYSTEMD_PROC_CMDLINE" not in ask(vm, key, "env; systemctl show-environment")
        assert journal_boots(vm, key) == 1
        vm.ssh(key, "systemctl --no-block reboot")
        assert vm.wait_exit(60) == "guest-reset"
    with start(machine, kept, mode) as vm:
        vm.wait_ssh(key)
        assert ask(vm, key, f"cat {ID}").strip() == machine_id
        assert ask(vm, key, "cat /mnt/state/first-boots") == "seen\n"
        assert ask(vm, key, "systemctl show -P ConditionResult first.service").strip() == "no"
        assert journal_boots(vm, key) == 2
        assert ask(vm, key, "systemctl list-units --failed --plain --no-legend").strip() == ""


def test_root_that_becomes_writable(machine, owner, tmp_path):     # noqa: F811
    """Debian's way: the root is mounted read-only and remounted; the id is committed, and no unit fails."""
    key, kept = owner
    raw = tmp_path / "disk.raw"
    edit_partition(DEBIAN, raw, "rootA", tmp_path, put_files(tmp_path, {
        **first_boot_files("uninitialized\n"), "/etc/systemd/system/systemd-remount-fs.service": None,
        "/etc/fstab": "/dev/vda2 / ext4 rw 0 1\n"}))
    kept = harness.overlay(raw, tmp_path, "first")
    with start(machine, kept, "ro") as vm:
        vm.wait_ssh(key)
        machine_id = ask(vm, key, f"cat {ID}").strip()
        assert ask(vm, key, "cat /mnt/state/first-boots") == "seen\n"
        assert ask(vm, key, "systemctl list-units --failed --plain --no-legend").strip() == ""
        assert ask(vm, key, f"findmnt -n {ID} || true").strip() == ""
        assert ask(vm, key, f"cat {ID}").strip() == machine_id
