# SPDX-License-Identifier: LGPL-2.1-or-later
"""hooks.d: an integrator's own executables before a root is looked for and before the hand-over; LUKS by one."""

import pytest

from boot import storage
from boot.device import Device
from image import cache, disk, root
from image.disk import Disk

PRE_MOUNT, PRE_HANDOVER = "hooks.d/pre-mount", "hooks.d/pre-handover"
ETC, LIB = "etc/anteroot", "usr/lib/anteroot"
SHELL = ("--program", "dash", "--program", "sleep", "--program", "cat", "--program", "env")


@pytest.fixture
def boot_with(machine, program, tmp_path):
    """Boots once with these files in the initramfs."""

    def run(hooks, *options, layout=None, description=Disk(), append=""):
        image = storage.initramfs(program, tmp_path, *SHELL, *options, files=hooks, layout=layout)
        return Device(machine, tmp_path, description, image).boot(append)

    return run


def said(target, text):
    """Where a hook's word is in the log; -1: nowhere."""
    return target.log.find(text)


def warned(target, text):
    return any(text in warning["text"] for warning in target.report["warnings"])


def test_order_masks_and_what_is_left_out(boot_with, tmp_path):
    text = tmp_path / "README"
    text.write_text("not a program\n", encoding="ascii")
    target = boot_with({
        f"{LIB}/{PRE_MOUNT}/10-first": "echo one",
        f"{ETC}/{PRE_MOUNT}/20-second": "echo two of etc",
        f"{LIB}/{PRE_MOUNT}/20-second": "echo two of lib",
        f"{LIB}/{PRE_MOUNT}/30-third": "echo three >&2",
        f"{ETC}/{PRE_MOUNT}/README": text,
        f"{ETC}/{PRE_HANDOVER}/10-last": "echo four",
    })
    places = [said(target, word) for word in (
        "10-first: one", "20-second: two of etc", "30-third: three", "root: vda2", "10-last: four",
        "handing over")]
    assert -1 not in places and places == sorted(places)
    assert said(target, "two of lib") == -1
    assert warned(target, "README is not executable: left out")


def test_environment(boot_with):
    show = "echo args=$#; read line || echo no input; env; echo end"
    target = boot_with({f"{ETC}/{PRE_MOUNT}/show": show, f"{ETC}/{PRE_HANDOVER}/show": show},
                       append="SPY=1 FOO.BAR=2")
    before, _, after = target.log.partition("root: vda2")
    for text, expected in ((before, {
            "HOOK": "pre-mount", "BOOT_DISK": "/dev/vda", "BOOT": "/run/anteroot/mnt/boot",
            "STATE": "", "DATA": "", "ROOT": "", "SLOT": "", "TARGET": "", "CANDIDATE": "0",
            "RUN": "/run/anteroot"}), (after, {
            "HOOK": "pre-handover", "BOOT_DISK": "/dev/vda", "BOOT": "/sysroot/mnt/boot",
            "STATE": "/sysroot/mnt/state", "DATA": "/sysroot/mnt/data", "ROOT": "/dev/vda2",
            "SLOT": "A", "TARGET": "/sysroot", "CANDIDATE": "0", "RUN": "/run/anteroot"})):
        shown = [line.split("show: ", 1)[1] for line in text.splitlines() if "show: " in line]
        values = dict(line.split("=", 1) for line in shown if "=" in line)
        ours = {name[9:]: value for name, value in values.items() if name.startswith("ANTEROOT_")}
        assert ours.pop("VERSION") == target.state["version"] and ours == expected
        assert values["PATH"] == "/usr/sbin:/usr/bin:/sbin:/bin" and values["HOME"] == "/"
        assert values["args"] == "0" and "no input" in shown and "SPY" not in values
        assert set(values) - {"args", "PATH", "HOME", "TERM", "PWD", "OLDPWD", "_"} == \
            {name for name in values if name.startswith("ANTEROOT_")}


def test_failures_are_warnings_and_the_next_one_runs(boot_with):
    target = boot_with({
        f"{ETC}/{PRE_MOUNT}/10-fails": "echo sorry; exit 3",
        f"{ETC}/{PRE_MOUNT}/20-dies": "kill -11 $$",
        f"{ETC}/{PRE_MOUNT}/30-hangs": "trap '' TERM; sleep 3600 & sleep 3600; sleep 3600",
        f"{ETC}/{PRE_MOUNT}/40-runs": "echo fine",
        f"{ETC}/{PRE_HANDOVER}/10-hangs": "exec sleep 3600",
    }, layout='{ "hooksSeconds": 2 }')
    assert target.slot == "A" and said(target, "40-runs: fine") > 0
    for name, cause in (("pre-mount/10-fails", "exit status 3"),
                        ("pre-mount/20-dies", "ended by signal 11"),
                        ("pre-mount/30-hangs", "stopped at its limit of 2 s"),
                        ("pre-handover/10-hangs", "stopped at its limit of 2 s")):
        assert warned(target, f"unable to run /etc/anteroot/hooks.d/{name}: {cause}")


def test_what_a_hook_writes_is_there(boot_with):
    """pre-handover is the last word on the target and the partitions."""
    target = boot_with({
        f"{ETC}/{PRE_HANDOVER}/write": "echo mine >$ANTEROOT_TARGET/etc/written; "
                                       "echo kept >$ANTEROOT_DATA/kept"}, append="rw")
    assert target.text("/etc/written") == "mine\n" and target.text("/mnt/data/kept") == "kept\n"


# nobody asks for these by a modalias, and the kernel cannot in an initramfs without modprobe
LUKS_MODULES = ("dm_crypt", "xts", "aes", "ecb", "cbc", "sha256", "algif_skcipher", "algif_hash")
KEY = "etc/keys/root"
OPEN = f"cryptsetup open --key-file /{KEY} /dev/vda2 root && cryptsetup status root"
PROVISION = (f"cryptsetup luksFormat --type luks1 --batch-mode --key-size 256 --hash sha256 "
             f"--pbkdf-force-iterations 1000 --key-file /{KEY} /dev/vda2 && {OPEN} && "
             f"cat /dev/vdb >/dev/mapper/root")


def test_root_in_luks_is_opened_by_a_hook(machine, program, tmp_path):
    """Debian's cryptsetup on the real dm-crypt: the slot is found in what the hook has opened."""
    key = tmp_path / "key"
    key.write_bytes(b"a key of a device, not of a person")
    plain = tmp_path / "root.raw"
    root.make("tiny", plain, "A", "resin-rootA", "5e6d0000-0000-4000-8000-00000000aaaa")
    # its partition is larger than the root, by LUKS's header
    description = Disk(root_a="journaled", root_b="none", absent=("rootA", "rootB"))

    def image(name, text):
        folder = tmp_path / name
        folder.mkdir()
        load = (word for name in LUKS_MODULES for word in ("--modules-load", name))
        return storage.initramfs(program, folder, *SHELL, "--program", "cryptsetup", *load,
                                 files={f"{ETC}/{PRE_MOUNT}/10-luks": text, KEY: key})

    dev = Device(machine, tmp_path, description, image("first", PROVISION))
    source = tmp_path / "source.qcow2"
    cache.run(["qemu-img", "convert", "-O", "qcow2", plain, source])
    with machine([dev.image, source], f"anteroot.disk=PTUUID={description.table_id()}",
                 image=dev._initrd["image"]) as vm:
        assert vm.report().slot == "A" and vm.wait_exit() == "guest-shutdown"
    raw = dev._raw().read_bytes()
    at = disk.starts_mib(description)["rootA"] * disk.MIB
    assert raw[at:at + 4] == b"LUKS" and plain.read_bytes()[1024:2048] not in raw
    target = Device(machine, tmp_path, description, image("second", OPEN), base=dev._raw()).boot()
    assert target.slot == "A" and target.state["boot_disk"] == "vda"
    assert target.mounts["/"][0] == "/dev/dm-0" and "type:    LUKS1" in target.console
    assert target.state["root"]["label"] == "resin-rootA"
