# SPDX-License-Identifier: LGPL-2.1-or-later
"""The clock: an RTC in any state, a saved clock or none, and what the target then has (docs/CLOCK.md)."""

import json

import pytest

from boot import harness
from boot.clocks import PATIENCE, SAVED, Disks, about, clock, decided, seconds
from image import arch, cache, disk, loaders
from image.disk import SEED_CONFIG, Disk

# A machine that has no RTC: the kernel says so and starts in 1970. Without -icount its timers are not calibrated.
NO_RTC = {"machine": "microvm,rtc=off,pcie=on,acpi=on,pit=on,pic=on",
          "options": ["-device", "isa-serial,index=1,chardev=serial1", "-icount", "shift=auto"]}
RTCS = ("1990", "2019", "2039", "2100", "absent")


def rtc(base):
    """Options of a machine whose RTC says a year, or has a time, or is absent."""
    if base == "absent":
        return NO_RTC
    date = f"{base}-06-01T12:00:00" if len(base) == 4 else base
    # clock=vm: by the host's clock QEMU keeps the difference in an int, which ends after 68 years
    return {"options": ["-rtc", f"base={date},clock=vm"]}


@pytest.fixture
def disks(tmp_path):
    return Disks(tmp_path)


@pytest.mark.parametrize("saved", (None, SAVED), ids=("unsaved", "saved"))
@pytest.mark.parametrize("base", RTCS)
def test_rtc(boot, disks, base, saved):
    """The floor, unless the RTC lies between it and 15 years later."""
    if saved:
        disks.save()
    target = boot([disks.raw], **rtc(base))
    decision, found = decided(target)
    build = found["build"]["time_sec"]
    floor = seconds(saved) if saved else build
    assert decision["floor_sec"] == floor and decision["ceiling_sec"] == floor + 15 * 31557600
    assert decision["anchor_sec"] == build
    wanted = seconds("2039-06-01 12:00:00") if base == "2039" else floor
    assert about(clock(target), wanted)
    assert about(target.report["clock"]["reported_sec"], wanted)
    start, _ = decided(target, "start")
    assert start["action"] == {"2039": "keep", "2100": "back"}.get(base, "forward")
    if base == "absent":
        assert start["now_sec"] < PATIENCE and "rtc" not in found
        assert "Unable to read current time from RTC" in target.console
    else:
        assert about(start["now_sec"], seconds(f"{base}-06-01 12:00:00"))
        assert found["rtc"]["verdict"] == {"2039": "counts", "2100": "beyond"}.get(base, "below")
    warned = [one["text"] for one in target.report["warnings"] if one["hook"] == "clock"]
    assert [text.split(":")[0] for text in warned] == (["rtc /sys/class/rtc/rtc0"] if base == "2100"
                                                       else [])


def test_sources_of_the_root_and_the_state(boot, disks):
    """Each kind of saved clock, behind 2038 too: the latest is the floor."""
    disks.put("rootA", "/etc/timestamp", b"20280101000000\n")
    disks.put("rootA", "/usr/lib/clock-epoch", b"", mtime=seconds("2028-02-01 00:00:00"))
    disks.put("rootA", "/etc/fake-hwclock.data", b"2028-03-01 00:00:00\n")
    disks.put("state", "/root-overlay/var/lib/systemd/timesync/clock", b"",
              mtime=seconds("2039-04-01 00:00:00"))
    disks.save("2028-05-01 00:00:00")
    target = boot([disks.raw], **rtc("absent"))
    decision, found = decided(target)
    assert decision["by"] == "timesyncd" and about(clock(target), seconds("2039-04-01 00:00:00"))
    assert found["timesyncd"] == {
        "source": "timesyncd", "in": "state", "path": "/root-overlay/var/lib/systemd/timesync/clock",
        "time": "2039-04-01T00:00:00Z", "time_sec": seconds("2039-04-01 00:00:00"),
        "verdict": "floor"}
    assert [(name, one["time"][:7]) for name, one in found.items() if one["verdict"] == "below"] == [
        ("build", found["build"]["time"][:7]), ("timestamp", "2028-01"), ("epoch", "2028-02"),
        ("fake-hwclock", "2028-03"), ("saved", "2028-05")]


def test_sources_that_are_broken(boot, disks):
    disks.put("rootA", "/etc/timestamp", b"2028010100000\n")
    disks.put("state", "/anteroot/clock", b"2030-05-01 00:0")
    disks.put("state", "/etc/fake-hwclock.data", b"2031-05-01 00:00:00\n")
    target = boot([disks.raw], **rtc("2019"))
    decision, found = decided(target)
    assert decision["by"] == "fake-hwclock" and about(clock(target), seconds("2031-05-01 00:00:00"))
    assert found["timestamp"]["verdict"] == found["saved"]["verdict"] == "invalid"
    warned = [one["text"] for one in target.report["warnings"] if one["hook"] == "clock"]
    assert warned == ["timestamp /etc/timestamp: expected YYYYMMDDhhmmss, UTC, ignoring",
                      "saved /anteroot/clock: expected YYYY-MM-DD hh:mm:ss, UTC, ignoring"]


def test_rtc_ratchet(boot, disks):
    """What a mad RTC left in every saved clock is not believed, with the RTC and without it."""
    disks.put("rootA", "/etc/timestamp", b"20990601000000\n")
    disks.put("rootA", "/usr/lib/clock-epoch", b"", mtime=seconds("2099-06-01 00:00:00"))
    disks.put("rootA", "/etc/fake-hwclock.data", b"2099-06-01 00:00:00\n")
    disks.put("state", "/var/lib/systemd/timesync/clock", b"", mtime=seconds("2099-06-01 00:00:00"))
    disks.save("2099-06-01 00:00:00")
    for base in ("2100", "absent"):
        target = boot([disks.raw], **rtc(base))
        decision, found = decided(target)
        assert decision["by"] == "build" and about(clock(target), found["build"]["time_sec"])
        assert {one["verdict"] for one in found.values()} == {"floor", "beyond"}


def test_local_time(boot, disks):
    """An RTC in local time: the clock is left to the target, whose init warps it."""
    zone = b"TZif" + bytes(16) + b"".join(n.to_bytes(4, "big") for n in (0, 0, 0, 0, 1, 4))
    disks.put("rootA", "/etc/localtime", zone + (7200).to_bytes(4, "big") + b"\0\0ABC\0")
    disks.put("rootA", "/etc/adjtime", b"0.0 0 0.0\n0\nLOCAL\n")
    disks.save()
    target = boot([disks.raw], **rtc("2031"))
    decision, found = decided(target)
    assert decision["local"] and decision["action"] == "keep"
    assert about(found["rtc"]["time_sec"], seconds("2031-06-01 10:00:00"))
    assert about(clock(target), seconds("2031-06-01 12:00:00"))
    # an hour before the floor, by local time an hour behind it
    target = boot([disks.raw], **rtc("2030-05-01T01:00:00"))
    decision, found = decided(target)
    assert found["rtc"]["verdict"] == "below" and decision["action"] == "forward"
    assert about(clock(target), seconds(SAVED) + 7200)


# --- 32 bits, past 2038 ------------------------------------------------------

@pytest.fixture(scope="session")
def i386(program_i386):
    """Kernel, initramfs and init of a 32-bit machine."""
    return (loaders.debian_kernel("i386").image, loaders.initramfs(program_i386, "i386"),
            arch.tiny_init("i386"))


@pytest.mark.parametrize("saved", (None, "2040-02-29 00:00:00", "timesyncd"),
                         ids=("rtc", "saved", "timesyncd"))
def test_32_bits_past_2038(boot, disks, i386, saved):
    """A program, a kernel and a target of 32 bits: the RTC, our saved clock, the time of a file."""
    kernel, initrd, init = i386
    disks.put("rootA", "/sbin/init", init.read_bytes(), 0o755)
    if saved == "timesyncd":
        saved = "2040-02-29 00:00:01"
        disks.put("state", "/var/lib/systemd/timesync/clock", b"", mtime=seconds(saved))
    elif saved:
        disks.save(saved)
    wanted = saved or "2039-06-01 12:00:00"
    target = boot([disks.raw], "rw", image=initrd, limit=180,
                  options=["-kernel", str(kernel), *rtc("2039" if not saved else "2019")["options"]])
    decision, found = decided(target)
    assert about(clock(target), seconds(wanted)) and about(target.report["clock"]["reported_sec"],
                                                           seconds(wanted))
    assert target.report["clock"]["reported"][:14] == wanted.replace(" ", "T")[:14]
    assert decision["set_sec" if saved else "now_sec"] >= seconds(wanted)
    assert found["rtc"]["verdict"] == ("below" if saved else "counts")
    assert target.slot == "A" and not [one for one in target.report["warnings"]
                                       if one["hook"] == "clock"]


# --- a real root: systemd, journald ------------------------------------------

DEBIAN = Disk(root_a="debian", root_b="debian")
UNITS = {"anteroot-clock-save.timer": "timers.target",
         "anteroot-clock-shutdown.service": "sysinit.target"}


class Device(Disks):
    """A fresh device with anteroot and its units in slot A, as an image that was flashed."""

    def __init__(self, machine, folder, program):
        super().__init__(folder, DEBIAN)
        self._machine, self.key = machine, folder / "key"
        cache.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "owner", "-f", self.key])
        config = json.loads(SEED_CONFIG.read_text(encoding="utf-8"))
        config["os"]["sshKeys"].append((folder / "key.pub").read_text(encoding="ascii").strip())
        disk.put_boot_file(DEBIAN, self.raw, "config.json", json.dumps(config).encode())
        self.put("rootA", "/usr/sbin/anteroot", program.read_bytes(), 0o755)
        units = cache.PROJECT / "dist/systemd"
        for path in sorted([*units.glob("*clock*")]):
            self.put("rootA", f"/usr/lib/systemd/system/{path.name}", path.read_bytes())
        for name, target in UNITS.items():
            self.debugfs("rootA", f"mkdir /etc/systemd/system/{target}.wants",
                         f"symlink /etc/systemd/system/{target}.wants/{name} "
                         f"/usr/lib/systemd/system/{name}")
        self.image = harness.overlay(self.raw, folder, "device")

    def boot(self, base):
        return self._machine([self.image], "quiet rw", memory_mib=512, smp=2, network=True, limit=240,
                             **rtc(base))

    def ask(self, vm, words, expect=0):
        done = vm.ssh(self.key, words, 100)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    def reboot(self, vm):
        vm.ssh(self.key, "systemctl --no-block reboot")
        assert vm.wait_exit(90) == "guest-reset"

    def first_entry(self, vm, boot):
        """Seconds of the earliest entry of a boot in the journal."""
        text = self.ask(vm, f"journalctl --flush; journalctl -q -b {boot} -o json --no-pager | "
                            "grep -o '\"__REALTIME_TIMESTAMP\":\"[0-9]*\"' | cut -d'\"' -f4 | "
                            "sort -n | head -n1")
        return int(text) / 1000000


@pytest.fixture
def device(machine, tmp_path, program):
    return Device(machine, tmp_path, program)


def test_first_shutdown(device):
    """2146: the first boot of a fresh device ends in good order, and the next one has its time.

    No entry of the journal is before the floor in either, and no file either.
    """
    with device.boot("2031") as vm:
        vm.wait_ssh(device.key)
        assert device.first_entry(vm, 0) >= seconds("2031-06-01 12:00:00")
        assert "No such file" in device.ask(vm, "ls /mnt/state/anteroot/clock", 2)
        device.reboot(vm)
    with device.boot("2019") as vm:
        vm.wait_ssh(device.key)
        saved = seconds(device.ask(vm, "cat /mnt/state/anteroot/clock").strip())
        assert about(saved, seconds("2031-06-01 12:00:00"))
        shown = json.loads(device.ask(vm, "anteroot clock show --json"))
        assert about(shown["now_sec"], saved) and shown["boot"]["target"]["by"] == "saved"
        assert shown["boot"]["target"]["floor_sec"] == saved
        assert device.first_entry(vm, 0) >= saved
        assert device.first_entry(vm, -1) >= seconds("2031-06-01 12:00:00")
        log = device.ask(vm, "journalctl -q -b -1 -o cat -u anteroot-clock-shutdown.service")
        assert " is saved in /mnt/state/anteroot/clock" in log and "Failed" not in log
        times = device.ask(vm, "stat -c '%Y %n' /mnt/state/anteroot/config.json /etc/hostname "
                               "/etc/udev/rules.d/*.rules /root/.ssh/authorized_keys_local")
        written = [int(line.split()[0]) for line in times.splitlines()]
        assert len(written) >= 4 and min(written) >= seconds("2031-06-01 12:00:00")
        assert "anteroot-clock-save.timer" in device.ask(vm, "systemctl list-timers --all")
        # the timer's service, with all that it is kept from
        device.ask(vm, "rm /mnt/state/anteroot/clock && systemctl start anteroot-clock-save.service")
        again = seconds(device.ask(vm, "cat /mnt/state/anteroot/clock").strip())
        assert saved < again < saved + 3600
        assert device.ask(vm, "systemctl list-units --failed --plain --no-legend").strip() == ""


def test_rtc_ratchet_on_a_real_root(device):
    """rtc-ratchet: a target that believes its mad RTC, and saves and shuts down on that; and no place to save."""
    with device.boot("2100") as vm:
        vm.wait_ssh(device.key)
        shown = json.loads(device.ask(vm, "anteroot clock show --json"))
        build = shown["boot"]["target"]["anchor_sec"]
        assert about(shown["now_sec"], build) and about(device.first_entry(vm, 0), build)
        device.ask(vm, "date -u -s @4115000000")        # what hwclock --hctosys would do
        said = device.ask(vm, "anteroot clock save", 1)
        assert "unable to save the clock: it is 2100-05-2" in said and "no boot would believe" in said
        device.ask(vm, "systemctl start anteroot-clock-save.service")
        device.reboot(vm)
    with device.boot("2100") as vm:
        vm.wait_ssh(device.key)
        shown = json.loads(device.ask(vm, "anteroot clock show --json"))
        assert about(shown["now_sec"], build) and shown["boot"]["target"]["by"] == "build"
        device.ask(vm, "ls /mnt/state/anteroot/clock", 2)
        log = device.ask(vm, "journalctl -q -o cat --merge -u anteroot-clock-shutdown.service")
        assert "no boot would believe" in log
        # The same without a place: said, no failure, and the system goes down all the same.
        device.ask(vm, "mount -o remount,ro /mnt/state && systemctl start anteroot-clock-save.service")
        assert "/mnt/state is mounted read-only" in device.ask(
            vm, "journalctl -q -b -o cat -u anteroot-clock-save.service")
        device.ask(vm, "umount /mnt/state")
        assert "the state partition is not mounted" in device.ask(vm, "anteroot clock save", 1)
        assert device.ask(vm, "systemctl list-units --failed --plain --no-legend").strip() == ""
        device.reboot(vm)
    with device.boot("2032") as vm:
        vm.wait_ssh(device.key)
        assert about(device.first_entry(vm, 0), seconds("2032-06-01 12:00:00"))
        device.ask(vm, "anteroot clock save")
        log = device.ask(vm, "journalctl -q -o cat -u anteroot-clock-shutdown.service")
        assert "the state partition is not mounted" in log
