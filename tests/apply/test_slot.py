# SPDX-License-Identifier: LGPL-2.1-or-later
"""`anteroot slot` and `status` on a device that runs: the record, what is printed, what is refused."""

import struct
import zlib

import pytest

from conftest import NO, SYSTEM, USAGE
from machine import BREADCRUMBS, Machine, available

pytestmark = pytest.mark.skipif(not available(), reason="needs root, loop devices and mounts")


@pytest.fixture
def machine(tmp_path):
    one = Machine(tmp_path)
    try:
        one.start()
        yield one
    finally:
        one.stop()


def state(status, slot):
    return status["slots"][slot]["state"]


def test_a_device_without_boot_state(machine):
    done = machine.anteroot("status", expect=NO)
    assert "slot A, /dev/vda2, mounted at /" in done.stdout
    assert "boot state   none" in done.stdout
    assert machine.status(expect=NO)["backend"] == "none"
    done = machine.anteroot("slot", "confirm", expect=NO)
    assert done.stderr == "anteroot: unable to confirm the running slot: there is no boot state\n"
    assert machine.anteroot("slot", "orderly").stdout.startswith("nothing to write down")
    assert machine.names("/mnt/boot") == {"lost+found"}


def test_update_is_confirmed(machine):
    done = machine.anteroot("slot", "arm", "B", "--version", "2.1.0", "--tries", "2")
    assert done.stdout == ("slot B is armed; next boot: slot B, attempt 1 of 2: it is a "
                           "candidate\n")
    assert machine.names("/mnt/boot") == {"lost+found", "abstate.0", "abstate.1"}
    assert machine.breadcrumbs() == BREADCRUMBS
    assert machine.boot() == "B"
    status = machine.status()
    assert status["running"]["slot"] == "B" and status["running"]["candidate"]
    assert status["slots"]["B"]["attempts"] == 1 and state(status, "B") == "trying"
    done = machine.anteroot("slot", "confirm")
    assert done.stdout == "slot B is confirmed; next boot: slot B: it is the active slot\n"
    assert machine.breadcrumbs() == set()
    assert machine.boot() == "B"
    status = machine.status()
    assert state(status, "A") == state(status, "B") == "good" and status["active"] == "B"
    assert status["slots"]["B"]["version"] == "2.1.0"
    assert [one["event"] for one in status["transitions"]] == ["confirm", "attempt", "arm"]
    assert not status["warnings"]


def test_said_twice_is_written_once(machine):
    machine.anteroot("slot", "arm", "B")
    machine.boot()
    machine.anteroot("slot", "confirm")
    before = machine.status()["generation"]
    machine.anteroot("slot", "confirm")
    assert machine.status()["generation"] == before


def test_update_that_crashes_is_rolled_back(machine):
    machine.anteroot("slot", "arm", "B", "--tries", "2")
    assert [machine.boot() for _ in range(3)] == ["B", "B", "A"]
    status = machine.status()
    assert status["slots"]["B"]["bad"] == "tries"
    assert status["next"]["slot"] == "A" and status["next"]["reason_name"] == "active"
    # The breadcrumbs are left over until somebody runs: said, and put right.
    assert [one.split()[0] for one in status["warnings"]] == [
        "rollback-health-breadcrumb", "rollback-altboot-breadcrumb", "rollback-altboot-triggered"]
    machine.anteroot("slot", "orderly")
    assert machine.breadcrumbs() == {"rollback-altboot-triggered"}
    text = machine.anteroot("status").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "A*     good                     -        -            1  -\n" in text
    assert "B      bad (tries)              2        -            -  -\n" in text
    # The next update takes the old news away.
    machine.anteroot("slot", "arm", "B")
    assert machine.breadcrumbs() == BREADCRUMBS


def test_clean_reboots_count(machine):
    machine.anteroot("slot", "arm", "B", "--tries", "1")
    for _ in range(4):
        assert machine.boot() == "B"
        done = machine.anteroot("slot", "orderly")
        assert done.stdout.startswith("an orderly end is written down; next boot: ")
    status = machine.status()
    assert status["slots"]["B"]["refunds"] == 3
    # The cap is reached: the last one was not given back.
    assert machine.boot() == "A"


def test_reject(machine):
    machine.anteroot("slot", "arm", "B")
    machine.boot()
    done = machine.anteroot("slot", "reject", "--reason", "display stays dark")
    assert done.stdout == ("slot B is rejected (display stays dark); next boot: slot A: it is the "
                           "active slot\n")
    assert machine.breadcrumbs() == set()
    assert machine.boot() == "A"
    done = machine.anteroot("slot", "reject", expect=NO)
    assert done.stderr == "anteroot: unable to reject slot A: it is the only good slot\n"


def test_updating_over_a_good_slot(machine):
    machine.anteroot("slot", "arm", "B")
    machine.boot()
    machine.anteroot("slot", "confirm")
    machine.anteroot("slot", "reject", "A", "--reason", "updating")
    assert machine.breadcrumbs() == set()
    assert machine.boot() == "B"
    machine.anteroot("slot", "arm", "A", "--version", "3.0.0")
    assert machine.boot() == "A"


def test_switch(machine):
    done = machine.anteroot("slot", "arm", "B")
    machine.boot()
    machine.anteroot("slot", "confirm")
    done = machine.anteroot("slot", "switch")
    assert "next boot: slot A, attempt 1 of 3" in done.stdout
    assert machine.boot() == "A"


def test_refusals(machine):
    done = machine.anteroot("slot", "arm", "A", expect=NO)
    assert done.stderr == "anteroot: unable to arm slot A: it is the slot that runs\n"
    assert machine.names("/mnt/boot") == {"lost+found"}
    machine.configure(versionFloor="2.0.0")
    for words, why in ((["--version", "1.9.9"], "below the version floor"),
                       ([], "no version was given"), (["--version", "x"], "expected a version")):
        done = machine.anteroot("slot", "arm", "B", *words, expect=NO)
        assert why in done.stderr and done.stderr.startswith("anteroot: unable to arm slot B: ")
    done = machine.anteroot("slot", "switch", expect=NO)
    assert "the other slot is not good" in done.stderr


def test_no_record_is_made_when_none_is_wanted(machine):
    machine.configure(backend="none")
    done = machine.anteroot("slot", "arm", "B", expect=NO)
    assert "there is no boot state" in done.stderr
    assert machine.names("/mnt/boot") == {"lost+found"}


def test_record_that_is_asked_for_and_not_there(machine):
    machine.configure(backend="record")
    assert "abstate.0" in machine.status(expect=SYSTEM)["warnings"][0]
    machine.anteroot("slot", "confirm", expect=SYSTEM)
    machine.anteroot("slot", "arm", "B")
    assert state(machine.status(), "B") == "candidate"


def test_another_boot(machine):
    machine.anteroot("slot", "arm", "B")
    machine.boot()
    machine.run("rm", "/run/anteroot/state.json")
    done = machine.anteroot("slot", "confirm", expect=NO)
    assert "does not know this boot" in done.stderr
    assert "was anteroot in its initramfs?" in machine.anteroot("status").stdout


def test_armed_again_since_this_boot(machine):
    machine.anteroot("slot", "arm", "B")
    machine.boot()
    machine.slot = "A"                  # somebody else, in the other root
    machine.write("/run/anteroot/state.json", "{}")
    machine.anteroot("slot", "arm", "B", "--tries", "5")
    machine.slot = "B"
    machine.anteroot("slot", "confirm", expect=NO)
    machine.anteroot("slot", "reject", expect=NO)
    assert machine.status()["slots"]["B"]["tries"] == 5


@pytest.mark.parametrize("options", ["ro", None])
def test_boot_partition_not_writable(machine, options):
    """Read-only, or mounted nowhere: the record is made and written all the same, and nothing stays mounted."""
    machine.umount("boot")
    if options:
        for slot in "AB":
            machine.mount("boot", options, slot)
        machine.anteroot("slot", "arm", "B", expect=NO)     # a file cannot be made there
        machine.umount("boot")
    before = machine.run("cat", "/proc/self/mountinfo").stdout
    machine.anteroot("slot", "arm", "B")
    if options:
        for slot in "AB":
            machine.mount("boot", options, slot)
        before = machine.run("cat", "/proc/self/mountinfo").stdout
    assert machine.boot() == "B"
    machine.anteroot("slot", "confirm")
    assert state(machine.status(), "B") == "good"
    machine.slot = "A"
    assert machine.run("cat", "/proc/self/mountinfo").stdout.count("\n") == before.count("\n")


def test_copy_that_is_gone_is_made_again(machine):
    machine.anteroot("slot", "arm", "B")
    machine.run("rm", "/mnt/boot/abstate.1")
    assert machine.status()["read_only"]
    done = machine.anteroot("slot", "arm", "B", "--tries", "4")
    assert done.stderr == "anteroot: a copy of the boot state was missing: made again\n"
    status = machine.status()
    assert status["copies"] == ["good", "good"] or not status["read_only"]
    assert status["slots"]["B"]["tries"] == 4


def test_both_copies_damaged(machine):
    machine.anteroot("slot", "arm", "B")
    machine.boot()
    machine.anteroot("slot", "confirm")
    machine.umount("boot")
    for at in machine.copies():
        with machine.image.open("r+b") as image:
            image.seek(at + 40)
            image.write(b"garbage")
    for slot in "AB":
        machine.mount("boot", slot=slot)
    status = machine.status()
    assert status["lost"] and status["copies"] == ["damaged", "damaged"]
    assert "both copies" in status["warnings"][0]
    machine.anteroot("slot", "confirm")
    status = machine.status()
    assert not status["lost"] and state(status, "B") == "good"


def test_newer_record_is_never_written(machine):
    machine.anteroot("slot", "arm", "B")
    machine.boot()
    machine.umount("boot")
    for at in machine.copies():
        copy = bytearray(machine.image.read_bytes()[at:at + 512])
        copy[8:10] = b"\x63\x00"                    # the major version
        copy[508:] = struct.pack("<I", zlib.crc32(copy[:508]))
        with machine.image.open("r+b") as image:
            image.seek(at)
            image.write(copy)
    for slot in "AB":
        machine.mount("boot", slot=slot)
    before = [machine.image.read_bytes()[at:at + 512] for at in machine.copies()]
    status = machine.status()
    assert status["read_only"] and status["copies"] == ["newer", "newer"]
    for words in (["confirm"], ["reject"], ["switch"], ["orderly"]):
        done = machine.anteroot("slot", *words, expect=NO)
        assert "of a newer version of anteroot, and is not written" in done.stderr
    machine.anteroot("health", expect=NO)
    assert before == [machine.image.read_bytes()[at:at + 512] for at in machine.copies()]


def test_bad_usage(machine):
    for words in ([], ["boot"], ["arm"], ["arm", "C"], ["arm", "A", "B"], ["confirm", "B"],
                  ["arm", "B", "--tries", "0"], ["arm", "B", "--tries", "10"],
                  ["confirm", "--tries", "3"], ["reject", "--reason", "two\nlines"],
                  ["switch", "--reason", "x"], ["arm", "B", "--nonsense"]):
        done = machine.anteroot("slot", *words, expect=USAGE)
        assert "Usage: anteroot slot arm" in done.stderr
    for words in (["x"], ["--nonsense"]):
        machine.anteroot("status", *words, expect=USAGE)
        machine.anteroot("health", *words, expect=USAGE)
    # Options before and behind the words.
    machine.anteroot("slot", "--tries", "2", "arm", "B")
    machine.anteroot("slot", "arm", "--tries", "3", "B")


def test_only_root(machine):
    for words in (["status"], ["slot", "confirm"], ["health"]):
        done = machine.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                           "/tmp/anteroot", *words, check=False)
        assert done.returncode == SYSTEM
        assert "only root can" in done.stderr


def test_two_at_a_time(machine):
    """Sixteen steps at once: each sees the record that the one before it left."""
    machine.anteroot("slot", "arm", "B")
    before = machine.status()
    machine.run("sh", "-c", "for i in 1 2 3 4 5 6 7 8; do /tmp/anteroot slot arm B --tries $i & "
                            "/tmp/anteroot status >/dev/null & done; wait")
    after = machine.status()
    assert after["transaction"] == before["transaction"] + 8
    assert after["generation"] == before["generation"] + 8
    assert not after["damaged"]


GRUBENV = "# GRUB Environment Block\nresin_root_part=2\nupgrade_available=0\nbootcount=0\n"


def test_loader_counts(machine):
    """GRUB's environment, and the loader's own count: the applets write what it reads."""
    machine.write("/mnt/boot/grubenv", GRUBENV.ljust(1024, "#"))
    machine.run("sync")
    machine.configure(backend="grubenv", counter="loader", files=["grubenv"])
    machine.boot()
    status = machine.status()
    assert (status["backend"], status["counter"]) == ("grubenv", "loader")
    assert state(status, "A") == "good"
    done = machine.anteroot("slot", "arm", "B", "--tries", "2")
    assert done.stdout.endswith("next boot: slot B, attempt 1 of 2: it is a candidate\n")
    written = machine.env("grubenv")
    assert written["resin_root_part"] == "3" and written["upgrade_available"] == "1"
    machine.loader_counts("grubenv")
    assert machine.boot() == "B"
    assert machine.status()["slots"]["B"]["attempts"] == 1
    # An orderly end is given back at once: the loader counts before anybody else can.
    machine.anteroot("slot", "orderly")
    assert machine.env("grubenv")["bootcount"] == "0"
    machine.loader_counts("grubenv")
    assert machine.boot() == "B"
    machine.anteroot("slot", "confirm")
    written = machine.env("grubenv")
    assert written["resin_root_part"] == "3" and written["upgrade_available"] == "0"
    assert written["anteroot_good"] == "B"
    assert state(machine.status(), "B") == "good"
