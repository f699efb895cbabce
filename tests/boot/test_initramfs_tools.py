# SPDX-License-Identifier: LGPL-2.1-or-later
"""anteroot inside initramfs-tools: what /init does, done by boot=anteroot, on two Debian releases."""

import subprocess

import pytest

from boot import harness, record
from boot.device import Device, why
from boot.record import Record, Slot
from boot.test_debian import check_deliveries, owner_of, root_mode
from image import cache, disk, initramfs_tools, kernel, root
from image.disk import Disk

SUITES = ("bookworm", "trixie")
EACH = ("bookworm", pytest.param("trixie", marks=pytest.mark.full))
# the newer networkd keeps its state in /var/lib, which a read-only root refuses
ROOTS = {"bookworm": ("debian", "ro"), "trixie": ("debian-trixie", "rw")}
SECONDS = 400     # on a machine that does much else; alone a boot takes a tenth of it
HOPELESS = Disk(root_a="no-init", root_b="no-init")


class Boots:
    """Machines with one release's kernel and image."""

    def __init__(self, machine, program, suite, name="list"):
        self._machine, self._program, self.suite = machine, program, suite
        self.base = initramfs_tools.images(suite) / name
        self.image = initramfs_tools.with_program(self.base, program)

    def machine(self, disks=(), append="", **options):
        """One that is not started yet."""
        return self._machine(disks, append, **{
            "image": self.image, "vmlinux": kernel.kernel(self.suite).vmlinux, "memory_mib": 768,
            "limit": 2 * SECONDS, **options})

    def with_files(self, *files):
        """The same with more files in the image: (path, bytes)."""
        other = Boots.__new__(Boots)
        other.__dict__.update(self.__dict__)
        other.image = initramfs_tools.with_program(self.base, self._program, files)
        return other

    def boot(self, disks=(Disk(),), append="", **options):
        """To the tiny root; its report."""
        with self.machine(disks, append, **options) as vm:
            target = vm.report(SECONDS)
            assert vm.wait_exit() == "guest-shutdown"
            target.console = vm.console
            return target

    def device(self, folder, *copies, **fields):
        """A disk that remembers, with a boot state."""
        return _Device(self.machine, folder, Disk(boot_files=record.files(*copies), **fields))


class _Device(Device):
    """Its boots have the time that this initramfs takes."""

    def _run(self, disks, append, wanted, options):
        with self._machine(disks, append, **options) as vm:
            target = vm.report(SECONDS)
            assert vm.wait_exit() == wanted
            target.console = vm.console
            return target


@pytest.fixture(params=SUITES)
def most(request, machine, program):
    """MODULES=most, of each release."""
    return Boots(machine, program, request.param, "most")


@pytest.fixture(params=EACH)
def boots(request, machine, program):
    return Boots(machine, program, request.param)


@pytest.fixture
def bookworm(machine, program):
    return Boots(machine, program, "bookworm")


def test_slot_a_with_its_configuration(boots):
    target = boots.boot(append="single")
    assert target.slot == "A" and target.argv == ["/sbin/init", "single"]
    assert target.mounts["/"][0] == "/dev/vda2" and "ro" in target.mounts["/"][2]
    assert target.mounts["/mnt/boot"][1] == "vfat"
    assert any(item["path"] == "/etc/udev/rules.d/56.rules" for item in target.report["delivered"])
    report = target.report
    assert report["decided"]["config"] == "read" and report["decided"]["failed"] == []
    assert {item["action"] for item in report["delivered"]} <= {"written", "unchanged", "skipped"}
    # the initramfs is gone, and did not stay mounted
    assert "/root" not in target.mounts and "/run/anteroot/mnt" not in target.mounts


def test_writable_root_and_init_of_the_command_line(bookworm):
    target = bookworm.boot(append="rw init=/usr/lib/other-init")
    assert target.argv == ["/usr/lib/other-init"] and "rw" in target.mounts["/"][2]


def test_broken_a_boots_b(boots):
    target = boots.boot([Disk(root_a="no-init")])
    assert target.slot == "B" and target.state["failed"][0]["slot"] == "A"


def test_candidate_is_counted_and_rolled_back(boots, tmp_path):
    dev = boots.device(tmp_path, Record(b=Slot("candidate", tries=1)))
    target = dev.boot()
    assert why(target) == ("B", "attempt") and target.state["candidate"]
    assert dev.record.b == Slot("trying", tries=1, attempts=1)
    assert why(dev.boot()) == ("A", "rolled-back")
    assert dev.record.b.state == "bad"


def test_rescue_reboots(boots):
    with boots.machine([HOPELESS]) as vm:
        _, match = vm.wait_for("anteroot: rescue: (unable to .*)", SECONDS)
        assert "vda2" in match.group(1) and "vda3" in match.group(1)
        vm.wait_for("anteroot: rescue: what to do:", 20)
        assert vm.wait_exit(30) == "guest-reset"
        assert "(initramfs)" not in vm.console and "Kernel panic" not in vm.console


def test_what_other_scripts_cannot_do_reboots_too(bookworm):
    """A shell that initramfs-tools would open without panic= is none here."""
    stuck = bookworm.with_files(("scripts/anteroot", bookworm_script() + b"\nanteroot_target() { return 127; }\n"))
    with stuck.machine(append="panic=") as vm:
        line, _ = vm.wait_for("anteroot: no root is mounted", SECONDS)
        assert vm.wait_exit(60) == "guest-reset"
        assert 8 < vm.seconds() - line.time < 30 and "(initramfs)" not in vm.console


def bookworm_script():
    return (initramfs_tools.OURS / "scripts/anteroot").read_bytes()


def test_break_opens_a_shell_and_tries_again(bookworm):
    """break= with any word; panic= (of the test) would forbid shells."""
    with bookworm.machine([HOPELESS], "break=never panic=") as vm:
        vm.wait_for("anteroot: rescue: unable to", SECONDS)
        vm.wait_for("anteroot: no root is mounted. Mount one at /root", 30)
        vm.wait_for("BusyBox v", 30)
        vm.type("echo said-$((40 + 2))\n")
        vm.wait_for("said-42", 30)
        vm.type("mount -o ro /dev/vda3 /root && echo mounted-$?\n")
        vm.wait_for("mounted-0", 30)
        vm.type("exit\n")
        # a root that a person has mounted is taken, whatever is in it
        vm.wait_for("No init found", 60)


def test_boot_local_boots_without_anteroot(bookworm):
    target = bookworm.boot(append="boot=local root=LABEL=resin-rootB")
    assert target.slot == "B" and "/run/anteroot/state.json" not in target.files


def test_hook_takes_nothing_without_the_program():
    """And update-initramfs fails with it."""
    for suite in SUITES:
        log = (initramfs_tools.images(suite) / "log").read_text(encoding="utf-8")
        assert "E: anteroot: unable to find /usr/sbin/anteroot" in log


# --- a release's own root -----------------------------------------------------------------------------------------

def test_debian_root(most, tmp_path):
    """MODULES=most; systemd, udev, journald and OpenSSH of the same release find their configuration."""
    kind, mode = ROOTS[most.suite]
    key, kept = owner_of(tmp_path, Disk(root_a=kind, root_b=kind))
    with most.machine([kept], f"quiet {mode}", smp=2, network=True) as vm:
        vm.wait_ssh(key, SECONDS)
        check_deliveries(vm, key)
        assert root_mode(vm, key) == mode
        found = vm.ssh(key, "grep VERSION_CODENAME /etc/os-release; systemctl is-system-running --wait").stdout
        assert found.split() == [f"VERSION_CODENAME={most.suite}", "running"]


# --- LUKS ---------------------------------------------------------------------------------------------------------

# Its partition is larger than the root, by LUKS's header.
LUKS = Disk(root_a="journaled", root_b="none", absent=("rootA", "rootB"))
KEY_FILE = "/cryptroot/keyfiles/rootA.key"
PROVISION = f"""
mount_top() {{ :; }}
mount_premount() {{ :; }}
mountroot() {{
	set -ex
	wait_for_udev 20
	modprobe dm_crypt
	cryptsetup luksFormat --type luks1 --batch-mode --key-size 256 --hash sha256 --pbkdf-force-iterations 1000 \\
		--key-file {KEY_FILE} /dev/vda2
	cryptsetup open --key-file {KEY_FILE} /dev/vda2 rootA
	cat /dev/vdb >/dev/mapper/rootA
	cryptsetup close rootA
	echo PROVISIONED >/dev/kmsg
	poweroff -f
}}
"""


@pytest.fixture
def luks(machine, program):
    return Boots(machine, program, "bookworm", "luks")


@pytest.fixture
def luks_disk(luks, tmp_path):
    """Slot A in LUKS, made by the image's own cryptsetup."""
    plain = tmp_path / "root.raw"
    root.make("tiny", plain, "A", "resin-rootA", "5e6d0000-0000-4000-8000-00000000aaaa")
    maker = luks.with_files(("scripts/provision", PROVISION.encode()))

    def build(path):
        layer = harness.overlay(disk.image(LUKS), tmp_path, "luks")
        with maker.machine([layer, plain], "boot=provision") as vm:
            vm.wait_for("PROVISIONED", SECONDS)
            assert vm.wait_exit(60) == "guest-shutdown"
        cache.run(["qemu-img", "convert", "-O", "raw", layer, path])

    path = cache.cached("luks-initramfs-tools.raw", cache.key_of(PROVISION, plain, tuple(LUKS)), build)
    at = disk.starts_mib(LUKS)["rootA"] * disk.MIB
    with open(path, "rb") as file:
        file.seek(at)
        assert file.read(4) == b"LUKS"
    return path


def check_luks(target):
    assert target.slot == "A" and target.state["boot_disk"] == "vda"
    assert target.mounts["/"][0] in ("/dev/dm-0", "/dev/mapper/rootA")
    assert target.state["root"]["label"] == "resin-rootA"


def test_root_in_luks_is_opened_by_cryptsetup_initramfs(luks, luks_disk):
    check_luks(luks.boot([luks_disk]))


@pytest.mark.full
def test_luks_on_a_disk_that_appears_late(luks, luks_disk):
    """cryptroot has given up in local-top; scripts/local-block opens it while anteroot waits."""
    with luks.machine([], options=harness.hot_port()) as vm:
        vm.wait_for("Waiting for encrypted source device", SECONDS)
        vm.wait_for("anteroot [0-9.]+, beside another init", 60)
        vm.plug_disk(luks_disk)
        target = vm.report(SECONDS)
        check_luks(target)


# --- MODULES=dep --------------------------------------------------------------------------------------------------

def install(vm, key, folder):
    """What `make install` installs, on the device."""
    tree = folder / "tree"
    cache.run(["make", "-s", "-C", cache.PROJECT, "install", f"DESTDIR={tree}"])
    tar = subprocess.run(["tar", "-C", tree, "--owner=0", "--group=0", "-c", "usr"], check=True, capture_output=True)
    done = subprocess.run([*vm.ssh_command(key), "tar x -h -C /"], input=tar.stdout, check=False, capture_output=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.full
def test_modules_dep_made_on_the_device(machine, program, tmp_path):
    """The manual, followed on the device itself; then it boots with what was made there."""
    kind = "debian-initramfs-tools"
    key, kept = owner_of(tmp_path, Disk(root_a=kind, root_b=kind))
    with machine([kept], "quiet rw", memory_mib=512, smp=2, network=True, limit=900) as vm:
        vm.wait_ssh(key, SECONDS)
        install(vm, key, tmp_path)
        for line in (*initramfs_tools.commands(0)[2:], *initramfs_tools.commands(1)):
            done = vm.ssh(key, f"export PATH=/usr/sbin:/usr/bin:/sbin:/bin; {line}", 400)
            assert done.returncode == 0, done.stdout + done.stderr
        made = subprocess.run([*vm.ssh_command(key), "cat /boot/initrd.img-*"], check=True, capture_output=True,
                              timeout=120).stdout
    image = tmp_path / "initrd.img"
    image.write_bytes(made)
    assert len(made) < (initramfs_tools.images("bookworm") / "most").stat().st_size / 2
    with machine([kept], "quiet", image=image, memory_mib=512, smp=2, network=True, limit=2 * SECONDS) as vm:
        vm.wait_ssh(key, SECONDS)
        check_deliveries(vm, key)
