# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our Debian packages in a real root, by docs/DEBIAN.md: they come, are chosen, go, and the machine boots each time."""

import json
import re
import subprocess

import pytest

from boot import harness
from image import cache, chroot, deb, disk, kernel
from image.disk import MIB, SEED_CONFIG, Disk

DISK = Disk(root_a="debian", root_b="tiny", absent=("rootA",))
COMMAND_LINE = "root=LABEL=resin-rootA rw quiet"
SEED = json.loads(SEED_CONFIG.read_text(encoding="utf-8"))
UNITS = ("anteroot-confirm.service", "anteroot-orderly.service", "anteroot-clock-save.timer",
         "anteroot-clock-shutdown.service")
# What dpkg and the programs that make images write, whatever is installed.
WRITTEN = re.compile(r"\./var/(log/|lib/dpkg/(.*-old|lock.*|triggers/Lock)$|lib/initramfs-tools|cache/)")

# Of a boot and not of the package, by docs/DEBIAN.md; and what the tests tell the root's sshd.
DELIVERED = ["/etc/.hostname.anteroot-orig", "/etc/anteroot", "/etc/ssh/sshd_config.d/anteroot.conf", "manifest"]

LIVES = [pytest.param("initramfs-tools", "bookworm", id="initramfs-tools"),
         pytest.param("dracut", "bookworm", marks=pytest.mark.full, id="dracut"),
         pytest.param("initramfs-tools", "trixie", marks=pytest.mark.full, id="initramfs-tools-trixie"),
         pytest.param("dracut", "trixie", marks=pytest.mark.full, id="dracut-trixie")]
SUITES = [pytest.param("bookworm"), pytest.param("trixie", marks=pytest.mark.full)]


def package(suite, name):
    """The file of one of our packages."""
    (path,) = deb.built(suite).glob(f"{name}_*.deb")
    return path


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("suite", SUITES)
def test_lintian_has_nothing_to_say(suite):
    said = lines(deb.built(suite) / "lintian")
    assert [line for line in said if line.startswith(("E:", "W:"))] == []
    assert not [line for line in said if "running lintian" in line.lower() and "fail" in line.lower()]


@pytest.mark.parametrize("suite", SUITES)
def test_what_is_in_them(suite, tmp_path):
    cache.run(["dpkg-deb", "-R", package(suite, "anteroot"), tmp_path / "x"])
    tree = tmp_path / "x"
    program = tree / "usr/sbin/anteroot"
    assert "not a dynamic executable" in subprocess.run(["ldd", program], capture_output=True, text=True,
                                                        check=False).stderr
    assert program.stat().st_size <= 350_000
    said = cache.run([program, "--version"]).splitlines()
    assert said[0] == "anteroot " + (cache.PROJECT / "VERSION").read_text(encoding="ascii").strip()
    assert "Built-Using: klibc (= " in (tree / "DEBIAN/control").read_text(encoding="utf-8")
    assert {path.name for path in tree.rglob("*.service")} >= {name for name in UNITS if "service" in name}
    # two units act when they are stopped: no script may do it
    for script in ("preinst", "prerm"):
        path = tree / "DEBIAN" / script
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert "orderly" not in text and "clock-shutdown" not in text


def test_nothing_under_the_gpl_is_linked():
    """As it was while the prober of ISO 9660 was built, with a header of gnulib: all would be under the GPL."""
    assert lines(deb.built("bookworm") / "gpl") == []


def test_changelog_is_ours(tmp_path):
    """Every release of CHANGELOG.md is an entry, and dpkg can read it."""
    cache.run(["dpkg-deb", "-x", package("bookworm", "anteroot"), tmp_path])
    cache.run(["gzip", "-d", tmp_path / "usr/share/doc/anteroot/changelog.gz"])
    parsed = cache.run(["dpkg-parsechangelog", "--all", "-l", tmp_path / "usr/share/doc/anteroot/changelog"])
    text = (cache.PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## (\d\S*),", text, re.M)
    assert releases and re.findall(r"^ anteroot \((\S+)\)", parsed, re.M)[-len(releases):] == releases


@pytest.mark.parametrize("kind,suite", LIVES)
def test_nothing_is_left_and_the_images_are_as_before(kind, suite):
    folder = deb.life(kind, suite)
    names = {moment: set(lines(folder / f"{moment}.names")) for moment in ("before", "chosen", "purged")}
    assert "./usr/sbin/anteroot" in names["chosen"]
    assert sorted(name for name in names["before"] ^ names["purged"] if not WRITTEN.match(name)) == []

    held = {moment: lines(folder / f"{moment}.content")
            for moment in ("before", "installed", "chosen", "removed", "purged")}
    assert "usr/sbin/anteroot" in held["chosen"]
    # what initramfs-tools is told is in its images, ours asks there too whether its script is
    told = {"conf/conf.d/anteroot"} if kind == "initramfs-tools" else set()
    for moment in ("removed", "purged"):
        assert set(held[moment]) - told == set(held["before"])
    if kind == "dracut":
        assert held["installed"] == held["before"]


@pytest.mark.parametrize("kind,suite", LIVES)
def test_a_removal_that_costs_the_boot_is_refused(kind, suite):
    """Somebody else's file asks for what goes: dpkg says which, and all stays as it was."""
    said = (deb.life(kind, suite) / "refused").read_text(encoding="utf-8")
    _, _, line = deb.MINE[kind]
    for path in deb.MINE[kind][:2]:
        assert f"{path}:2:{line}" in said
    assert said.count("Set that right first") == 2 and " ok installed" in said


@pytest.mark.full
@pytest.mark.parametrize("kind,suite", LIVES)
def test_tests_of_the_package(kind, suite, tmp_path):
    """What autopkgtest would run of debian/tests, in a root with the packages."""
    tests = cache.PROJECT / "dist/debian/tests"
    debs = [package(suite, name) for name in ("anteroot", deb.OURS[kind])]
    cache.run(["tar", "-cf", tmp_path / "files.tar", "--transform=s|.*/||", "-P", *debs, tests / "program", tests / kind])
    chroot.enter(deb.base(kind, suite), "cd /work; dpkg -i ./*.deb; ./program; ./" + kind, tmp_path / "files.tar")


class Root:
    """The root at some moment as a machine's slot A, and its owner's key."""

    def __init__(self, machine, folder, kind, suite, moment="chosen"):
        self._machine, self.kind, self._suite, self.folder = machine, kind, suite, folder
        self.life = deb.life(kind, suite)
        self.key = folder / "key"
        cache.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "owner", "-f", self.key])
        config = json.loads(json.dumps(SEED))
        config["os"]["sshKeys"].append((folder / "key.pub").read_text(encoding="ascii").strip())
        raw = folder / "disk.raw"
        disk.export(DISK, raw)
        disk.put_boot_file(DISK, raw, "config.json", json.dumps(config).encode())
        root = folder / "root.ext4"
        cache.run(["cp", "--sparse=always", self.life / f"{moment}.ext4", root])
        cache.run(["tune2fs", "-L", DISK.label("rootA"), root])
        script = folder / "debugfs"
        script.write_text(f"mkdir /root/.ssh\nwrite {folder / 'key.pub'} /root/.ssh/authorized_keys\n", encoding="ascii")
        cache.run(["debugfs", "-w", "-f", script, root])
        disk.copy_into(root, raw, disk.starts_mib(DISK)["rootA"] * MIB)
        root.unlink()
        self.image = harness.overlay(raw, folder)

    def boot(self, image, limit=900):
        return self._machine([self.image], COMMAND_LINE, image=image, memory_mib=768, smp=2, network=True, limit=limit,
                             vmlinux=kernel.kernel(self._suite).vmlinux)

    def ask(self, vm, words, seconds=60):
        result = vm.ssh(self.key, words, seconds)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def fetch(self, vm, name):
        """A file of the machine."""
        done = subprocess.run([*vm.ssh_command(self.key), f"cat {name}"], stdout=subprocess.PIPE, check=True)
        path = self.folder / "fetched.img"
        path.write_bytes(done.stdout)
        return path

    def is_well(self, vm):
        """What holds in each boot, ours or the distribution's."""
        assert self.ask(vm, "grep ' / ' /proc/mounts | tail -n 1").startswith("/dev/vda2 / ext4 rw")
        assert self.ask(vm, "systemctl list-units --failed --plain --no-legend").strip() == ""


@pytest.mark.parametrize("kind,suite", LIVES)
def test_boots_with_it(machine, tmp_path, kind, suite):
    """Chosen: our boot, with the configuration delivered, and all that the package has is at work."""
    root = Root(machine, tmp_path, kind, suite)
    with root.boot(root.life / "chosen.img") as vm:
        vm.wait_ssh(root.key, 600)
        assert json.loads(root.ask(vm, "cat /run/anteroot/state.json"))["slot"] == "A"
        assert root.ask(vm, "uname -n").strip() == SEED["hostname"]
        assert root.ask(vm, "stat -c %a /root/.ssh/authorized_keys_local").strip() == "600"
        for name in SEED["os"]["udevRules"]:
            assert root.ask(vm, f"cat /etc/udev/rules.d/{name}.rules").strip()
        said = vm.ssh(root.key, "anteroot status").stdout
        assert "slot A, /dev/vda2" in said and "warning" not in said
        assert root.ask(vm, f"systemctl is-enabled {' '.join(UNITS)}").split() == ["enabled"] * len(UNITS)
        assert root.ask(vm, "readlink /dev/disk/by-state/active").strip() == "../../vda2"
        root.is_well(vm)
        refuses(root, vm, "root=LABEL=x boot=anteroot" if kind == "initramfs-tools" else "", "quiet")


@pytest.mark.parametrize("kind,suite", LIVES)
def test_boots_as_before_when_it_is_gone(machine, tmp_path, kind, suite):
    root = Root(machine, tmp_path, kind, suite, "purged")
    without(root, root.life / "purged.img")


@pytest.mark.full
@pytest.mark.parametrize("kind,suite", LIVES)
def test_goes_from_the_system_that_runs(machine, tmp_path, kind, suite):
    """Removed and purged in the running system, which makes its image without KVM, and rebooted."""
    root = Root(machine, tmp_path, kind, suite)
    with root.boot(root.life / "chosen.img", 3000) as vm:
        vm.wait_ssh(root.key, 600)
        root.ask(vm, f"set -e; {deb.commands(f'Remove: {kind}')}", 2000)
        root.ask(vm, f"set -e; {deb.commands(f'Purge: {kind}')}", 600)
        found = root.ask(vm, "find / -xdev -path /var/log -prune -o -name '*anteroot*' -print; ls /etc/anteroot").split()
        assert sorted(found) == DELIVERED
        root.is_well(vm)
        own = root.fetch(vm, "/boot/initrd.img-*")
        vm.ssh(root.key, "systemctl --no-block reboot")
        assert vm.wait_exit(120) == "guest-reset"
    without(root, own)


def refuses(root, vm, *command_lines):
    """No removal while the running kernel was told what only we know, or not told what the next boot needs."""
    script = f"/var/lib/dpkg/info/{deb.OURS[root.kind]}.prerm remove"
    for line in filter(None, command_lines):
        root.ask(vm, f"echo '{line}' >/run/cmdline && mount --bind /run/cmdline /proc/cmdline")
        done = vm.ssh(root.key, script)
        root.ask(vm, "umount /proc/cmdline")
        missing = "boot=anteroot" if "boot=" in line else "/proc/cmdline: root= is missing"
        assert done.returncode == 1 and missing in done.stderr
    assert vm.ssh(root.key, script.replace("remove", "upgrade")).returncode == 0


def without(root, image):
    """A boot by the distribution's own initramfs."""
    with root.boot(image) as vm:
        vm.wait_ssh(root.key, 600)
        assert root.ask(vm, "ls /run | grep anteroot || :") == "" and "anteroot" not in vm.console
        root.is_well(vm)


@pytest.mark.full
@pytest.mark.parametrize("kind,suite", LIVES)
def test_installed_and_not_chosen_boots_as_before(machine, tmp_path, kind, suite):
    root = Root(machine, tmp_path, kind, suite)
    without(root, root.life / "installed.img")
