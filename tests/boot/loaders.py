# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines that start with a firmware and a loader; what the loader reads, written as docs/STATE.md says."""

import json
import re
import shutil
from pathlib import Path
from typing import NamedTuple, Optional

from boot import harness
from image import arch, disk, kernel, loaders

ENVBLK = b"# GRUB Environment Block\n"
COUNT_BYTES = 64    # of bootcount.env
SAID = r"anteroot: (slot [AB]: [^\r\n]*\S)"


# --- the state -------------------------------------------------------------

class State(NamedTuple):
    """What anteroot writes for a loader, and the loader's count. Values are the files' own text."""

    good: Optional[str] = "A"               # None: balenaOS' keys alone
    txn: str = "0000002a"
    tries: str = "2"
    part: Optional[str] = "2"
    available: Optional[str] = "0"
    count: Optional[str] = "0"
    count_for: Optional[str] = "00000000"
    seal: Optional[str] = None              # default: the one that belongs to it

    def record(self):
        """The keys that anteroot alone writes."""
        if self.good is None:
            keys = {"resin_root_part": self.part, "upgrade_available": self.available}
            return {key: value for key, value in keys.items() if value is not None}
        seal = f"{self.part}.{self.available}.{self.good}.{self.txn}.{self.tries}"
        return {"anteroot_good": self.good, "anteroot_txn": self.txn, "anteroot_tries": self.tries,
                "anteroot_seal": seal if self.seal is None else self.seal,
                "resin_root_part": self.part, "upgrade_available": self.available,
                "anteroot_parts": "2:3"}

    def counts(self):
        """The keys that the loader writes."""
        keys = {"anteroot_count_for": None if self.good is None else self.count_for, "bootcount": self.count}
        return {key: value for key, value in keys.items() if value is not None}

    def armed(self, **changes):
        """The slot that is not good becomes a candidate."""
        return self._replace(part="3" if self.good == "A" else "2", available="1", **changes)


def expected(state, legacy_tries):
    """The slot, whether it is an attempt, and the (count, count_for) afterwards: the rule of docs/STATE.md."""
    as_it_was = (state.count, state.count_for)
    digit = re.fullmatch("[0-8]", state.count or "")
    if state.good is None:
        named, other = ("B", "A") if state.part == "3" else ("A", "B")
        if state.available != "1":
            return named, False, as_it_was
        if state.count is None or digit and int(state.count) < legacy_tries:
            return named, True, (str(int(state.count or 0) + 1), state.count_for)
        more = str(legacy_tries + 1) if state.count == str(legacy_tries) else state.count
        return other, False, (more, state.count_for)
    whole = state.seal is None
    candidate, number = ("A", "2") if state.good == "B" else ("B", "3")
    if not whole or state.available != "1" or state.part != number:
        return state.good, False, as_it_was
    if state.count_for != state.txn:
        return candidate, True, ("1", state.txn)
    if not digit or int(state.count) >= int(state.tries):
        return state.good, False, as_it_was
    return candidate, True, (str(int(state.count) + 1), state.txn)


# --- the files -------------------------------------------------------------

def lines(keys):
    return "".join(f"{key}={value}\n" for key, value in keys.items()).encode()


def parse(data):
    """The keys of a text file, whichever it is; the padding goes."""
    rows = (row.partition("=") for row in data.rstrip(b"#\0").decode(errors="replace").splitlines())
    return {key: value for key, found, value in rows if found}


def grub_files(state):
    text = ENVBLK + lines({**state.record(), **state.counts()})
    return {"grub/grubenv": text + b"#" * (1024 - len(text))}


def uboot_files(state):
    count = lines(state.counts()) + b"\0"
    if state.good is not None:
        count = count.ljust(COUNT_BYTES, b"\0")
    return {"resinOS_uEnv.txt": lines(state.record()), "bootcount.env": count}


# --- the machines ----------------------------------------------------------

class Machine(harness.Machine):
    """A machine that is given a disk and nothing else. The disk is a raw file and is written to."""

    def __init__(self, kind, image, read_only=False, first_slot=None, **options):
        self._kind = kind
        self._read_only = read_only
        self._place = f",addr={first_slot}" if first_slot else ""
        super().__init__(None, [image], **options)

    def _command(self, initrd, arguments, machine, memory_mib, smp):
        return ["setpriv", "--pdeathsig", "KILL", self._kind.qemu, "-nodefaults", "-no-user-config",
                "-no-reboot", "-display", "none", "-m", "512", "-smp", str(smp), "-serial", "stdio",
                *(["-serial", f"file:{self._report_path}"] if self._kind.arch == "amd64" else []),
                "-qmp", f"unix:{self._folder}/qmp,server=on,wait=off", *self._kind.machine(self._folder)]

    def _drive(self, base):
        return ["-drive", f"file={base},if=none,id=drive0,format=raw,cache=unsafe,"
                          f"readonly={'on' if self._read_only else 'off'}",
                "-device", f"virtio-blk-pci,drive=drive0,bootindex=0{self._place}"]


class Grub:
    """GRUB on a PC: what its tests share."""

    qemu = "qemu-system-x86_64"
    files = staticmethod(grub_files)
    count_file = record_file = "grub/grubenv"
    legacy_tries = 1
    image, arch = "vmlinuz", "amd64"
    backend = "grubenv"

    def boot_files(self, config="", args=""):
        names = {role: f"{self.tag}={disk.Disk().label(role)}" for role in ("rootA", "rootB")}
        settings = (f'set anteroot_root_A="{names["rootA"]}"\nset anteroot_root_B="{names["rootB"]}"\n'
                    f'set anteroot_panic=1\nset anteroot_args="console=ttyS0 no_timer_check {args}"\n')
        return loaders.grub_files(settings + (config or "source $prefix/anteroot.cfg\n"))

    def one_of_many(self, names):
        """A configuration that decides for each folder of files in turn."""
        return ("set anteroot_decide_only=1\nsource $prefix/anteroot.cfg\n"
                f"for name in {' '.join(names)}; do\nset anteroot_env=/cases/$name/grub/grubenv\n"
                "anteroot_choose\necho \"case $name: $anteroot_slot $anteroot_attempt.\"\ndone\n"
                "echo all-cases\nhalt\n")


class GrubBios(Grub):
    """Msdos table, SeaBIOS, GRUB in the gap after the table; roots by LABEL."""

    table, tag = "msdos", "LABEL"

    def machine(self, _folder):
        return ["-machine", f"q35,accel={harness.accelerator()}", "-cpu", "max"]

    def finish(self, path):
        loaders.embed_grub(path)


class GrubEfi(Grub):
    """GPT, OVMF, GRUB as the boot partition's EFI/BOOT/BOOTX64.EFI; roots by PARTLABEL."""

    table, tag = "gpt", "PARTLABEL"

    def boot_files(self, config="", args=""):
        return super().boot_files(config, args) + loaders.efi_files()

    def machine(self, folder):
        ovmf = loaders.firmware() / "usr/share/OVMF"
        variables = folder / "variables"
        shutil.copyfile(ovmf / "OVMF_VARS.fd", variables)
        return ["-machine", f"q35,accel={harness.accelerator()}", "-cpu", "max",
                "-drive", f"if=pflash,format=raw,readonly=on,file={ovmf}/OVMF_CODE.fd",
                "-drive", f"if=pflash,format=raw,file={variables}"]

    def finish(self, path):
        pass


class SystemdBoot(GrubEfi):
    """GPT, OVMF, systemd-boot; without root=."""

    def boot_files(self, config="", args=""):
        return loaders.systemd_boot_files(f"console=ttyS0 no_timer_check panic=1 {args}")


class Uboot:
    """U-Boot on QEMU's arm64 machine, GPT; roots by PARTLABEL."""

    qemu = "qemu-system-aarch64"
    files = staticmethod(uboot_files)
    record_file, count_file = "resinOS_uEnv.txt", "bootcount.env"
    legacy_tries = 3
    image, arch = "Image", "arm64"
    backend = "uenv"
    table = "gpt"

    def boot_files(self, config="", args=""):
        settings = f"setenv anteroot_panic 1\nsetenv anteroot_args console=ttyAMA0 {args}\n"
        text = loaders.UBOOT_CMD.read_text(encoding="utf-8")
        return (("boot.scr", loaders.uboot_script(settings + (config or text))),
                ("anteroot.scr", loaders.uboot_script(text)))

    def one_of_many(self, names):
        return ("setenv anteroot_decide_only 1\n"
                "fatload ${devtype} ${devnum}:${distro_bootpart} ${kernel_addr_r} anteroot.scr\n"
                f"for case in {' '.join(names)}; do setenv anteroot_files /cases/${{case}}/; "
                "source ${kernel_addr_r}; "
                "echo \"case ${case}: ${anteroot_slot} ${anteroot_attempt}.\"; done\n"
                "echo all-cases\npoweroff\n")

    def machine(self, _folder):
        return ["-machine", f"virt,accel={harness.accelerator()}", "-cpu", "cortex-a57",
                "-bios", str(loaders.uboot())]

    def finish(self, path):
        pass


class Device:
    """A disk with a loader, and the machines that are started with it one after the other.

    args: more of the kernel's. follows: anteroot reads what the loader reads, and counts nothing; a dictionary has
    more of its boot state. drivers: more modules. fields: of the disk.
    """

    def __init__(self, kind, folder, program=None, log=None, config="", root_kind="tiny",
                 follows=None, args="", drivers=(), **fields):
        self.kind, self._log, self.number = kind, log, 0
        self.path = Path(folder) / "disk.raw"
        extra = ()
        if kind.arch == "arm64" and root_kind == "tiny":
            # without an init of its own, it is given one for arm64
            extra = arch.tiny_files("arm64")
            root_kind = "no-init"
        self.disk = disk.Disk(**{"table": kind.table, "root_a": root_kind, "root_b": root_kind,
                                 "boot_mib": 96, "root_files": extra, **fields})
        disk.export(self.disk, self.path)
        self.boot_partition = loaders.BootPartition(self.disk, self.path)
        self.boot_partition.put_all(dict(kind.boot_files(config, args)))
        if program:
            image = loaders.debian_kernel(kind.arch).image.read_bytes()
            layout = Path(folder) / "anteroot.json" if follows is not None else None
            if layout:
                layout.write_text(json.dumps({"bootState": {
                    "backend": kind.backend, "counter": "loader", **follows,
                    **({"files": [kind.record_file]} if kind.backend == "grubenv" else {})}}),
                    encoding="ascii")
            initrd = loaders.initramfs(program, kind.arch, (*kernel.MODULES, *drivers),
                                       layout).read_bytes()
            self.boot_partition.put_all({f"{slot}/{name}": data for slot in "AB" for name, data in (
                (kind.image, image), ("initrd.img", initrd))})
        kind.finish(self.path)

    def set(self, state):
        """Write the loader's files as anteroot does."""
        self.boot_partition.put_all(self.kind.files(state))

    @property
    def counts(self):
        """(count, count_for) as they are on the disk."""
        keys = parse(self.boot_partition.get(self.kind.count_file))
        return keys.get("bootcount"), keys.get("anteroot_count_for")

    def start(self, **options):
        """The next machine, its console in a log of its own."""
        self.number += 1
        log = self._log.with_name(f"{self._log.name}{self.number}.log") if self._log else None
        return Machine(self.kind, self.path, log=log, **options)

    def decide(self, **options):
        """What the loader says about its choice; the power is cut then."""
        with self.start(**options) as vm:
            _, match = vm.wait_for(SAID, 30)
            vm.cut_power()
            return match.group(1)

    def fall_back(self):
        """What the loader says about its choice, and then about the one it falls back to."""
        with self.start() as vm:
            vm.wait_for("anteroot: slot [AB]: unable to load", 30)
            vm.cut_power()
            return re.findall(SAID, vm.console)

    def boot(self, **options):
        """A boot as far as the target: the slot the target is in, and all that the loader said."""
        with self.start(**options) as vm:
            _, match = vm.wait_for(r"ANTEROOT-TARGET .*slot-marker=(\S+)", 60)
            assert vm.wait_exit() == "guest-shutdown"
            return match.group(1), re.findall(SAID, vm.console)

    def panic(self):
        """A boot that ends in a kernel's panic, and so in a reboot; what the loader said."""
        with self.start() as vm:
            vm.wait_for(r"Kernel panic", 60)
            assert vm.wait_exit() == "guest-reset"
            return re.findall(SAID, vm.console)

    def changed(self, act):
        """How many sectors of the boot partition another content after act()."""
        start = disk.starts_mib(self.disk)["boot"] * loaders.MIB
        size = self.disk.boot_mib * loaders.MIB
        before = self._read(start, size)
        act()
        after = self._read(start, size)
        return sum(before[at:at + 512] != after[at:at + 512] for at in range(0, size, 512))

    def _read(self, start, size):
        with open(self.path, "rb") as file:
            file.seek(start)
            return file.read(size)
