# SPDX-License-Identifier: LGPL-2.1-or-later
"""`anteroot clock` on a device that runs: what is shown, what is saved, and what is refused, and why."""

import datetime
import json
import time

import pytest

from conftest import NO, USAGE, run
from machine import Machine, available

SAVED = "/mnt/state/anteroot/clock"
LATER = "2039-06-01 12:00:00\n"       # inside the window of a build of 2026


@pytest.fixture
def machine(tmp_path):
    if not available():
        pytest.skip("needs root, loop devices and mounts")
    one = Machine(tmp_path)
    try:
        one.start()
        yield one
    finally:
        one.stop()


def seconds(text):
    """Seconds since 1970 of a saved clock."""
    return int(datetime.datetime.strptime(text.strip() + "+0000", "%Y-%m-%d %H:%M:%S%z").timestamp())


def show(machine):
    return json.loads(machine.anteroot("clock", "show", "--json").stdout)


def candidates(shown):
    """Source -> what is said of it; of several the one that is there."""
    found = {}
    for one in shown["candidates"]:
        if one["verdict"] != "absent" or one["source"] not in found:
            found[one["source"]] = one
    return found


def decided(machine, **decision):
    """What this boot's initramfs left of its decision on the clock."""
    machine.write("/run/anteroot/report.json", json.dumps({"clock": {"target": {
        "now": "2026-01-01T00:00:00Z", "action": "keep", "floor": "-", "by": "saved", **decision}}}))


@pytest.mark.parametrize("words", ((), ("load",), ("show", "--text"), ("save", "--json"),
                                   ("show", "--json", "x"), ("--json",)))
def test_usage(words):
    done = run("clock", *words)
    assert done.returncode == USAGE and "Usage: anteroot clock show" in done.stderr
    assert not done.stdout


def test_show_anywhere():
    """It needs no device: what is not there is said to be absent."""
    done = run("clock", "show", "--json")
    shown = json.loads(done.stdout)
    assert done.returncode == 0 and abs(shown["now_sec"] - time.time()) < 60
    assert shown["ceiling_sec"] == shown["floor_sec"] + 15 * 31557600
    assert candidates(shown)["build"]["time_sec"] == shown["anchor_sec"] >= 1767225600
    assert shown["now"].endswith("Z") and "T" in shown["now"]
    assert run("clock", "show").stdout.startswith("clock         20")


def test_saved_and_shown(machine):
    assert show(machine)["save"] == {"possible": True, "why": None, "state": "/mnt/state"}
    done = machine.anteroot("clock", "save")
    text = machine.read(SAVED)
    assert abs(seconds(text) - time.time()) < 60
    assert done.stdout == f"{text.strip().replace(' ', 'T')}Z is saved in {SAVED}\n"
    assert machine.names("/mnt/state/anteroot") == {"clock"}
    assert machine.run("stat", "-c", "%a %a", "/mnt/state/anteroot", SAVED).stdout == "700 700\n644 644\n"
    shown = show(machine)
    assert candidates(shown)["saved"]["verdict"] == "floor"
    assert shown["floor_sec"] == seconds(text) and shown["by"] == "saved"
    # and again, by the timer
    machine.anteroot("clock", "save")
    assert seconds(machine.read(SAVED)) >= seconds(text)
    (line,) = [line.split() for line in machine.anteroot("clock", "show").stdout.splitlines()
               if line.startswith("saved ")]
    assert line == ["saved", f"{machine.read(SAVED).strip().replace(' ', 'T')}Z", "floor",
                    "state:/anteroot/clock"]


@pytest.mark.parametrize("how", ("missing", "read-only"))
def test_no_place_to_save(machine, how):
    machine.umount("state")
    why = "the state partition is not mounted"
    if how == "read-only":
        machine.mount("state", "ro")
        why = "/mnt/state is mounted read-only"
    done = machine.anteroot("clock", "save", expect=NO)
    assert done.stderr == f"anteroot: unable to save the clock: {why}\n" and not done.stdout
    assert show(machine)["save"]["why"] == why
    assert f"save          no: {why}\n" in machine.anteroot("clock", "show").stdout


def test_clock_before_the_build(machine):
    """What the initramfs knew holds here too, although it is gone."""
    decided(machine, anchor_sec=2208988800, floor_sec=2208988800)
    done = machine.anteroot("clock", "save", expect=NO)
    assert "before 2040-01-01T00:00:00Z, when this was built: it was never set" in done.stderr
    assert candidates(show(machine))["boot"]["time"] == "2040-01-01T00:00:00Z"


def test_saved_clock_that_the_boot_did_not_have(machine):
    """A state partition that was mounted late: the older time must not take its place."""
    machine.write(SAVED, LATER)
    decided(machine, floor_sec=1767225600)
    done = machine.anteroot("clock", "save", expect=NO)
    assert "before what is saved, 2039-06-01T12:00:00Z, and this boot did not have that" in done.stderr
    assert machine.read(SAVED) == LATER
    # this boot had it: whoever has set the clock back since meant it
    decided(machine, floor_sec=seconds(LATER))
    machine.anteroot("clock", "save")
    assert abs(seconds(machine.read(SAVED)) - time.time()) < 60


@pytest.mark.parametrize("text", ("2099-01-01 00:00:00\n", "2039-06-01 12:0", "", "\0" * 20))
def test_what_is_saved_counts_for_nothing(machine, text):
    """rtc-ratchet, or torn: it is no floor, and the next save is right."""
    machine.ns("sh", "-c", 'mkdir -p "$(dirname "$0")"; printf "$1" >"$0"', machine.at(SAVED),
               text.replace("\0", "\\0"))
    shown = show(machine)
    assert candidates(shown)["saved"]["verdict"] == ("beyond" if text[:2] == "20" and len(text) == 20
                                                     else "invalid")
    assert shown["by"] == "build"
    machine.anteroot("clock", "save")
    assert abs(seconds(machine.read(SAVED)) - time.time()) < 60


def test_sources_of_the_root(machine):
    machine.write("/etc/timestamp", "20270101000000\n")
    machine.write("/etc/fake-hwclock.data", "2027-02-01 00:00:00\n")
    machine.write("/var/lib/systemd/timesync/clock", "")
    machine.run("touch", "-d", "2040-03-01T00:00:00Z", "/var/lib/systemd/timesync/clock")
    machine.write("/usr/lib/clock-epoch", "")
    machine.run("touch", "-d", "2027-04-01T00:00:00Z", "/usr/lib/clock-epoch")
    found = candidates(show(machine))
    assert {name: (one.get("time"), one["verdict"]) for name, one in found.items()
            if name not in ("build", "saved", "rtc")} == {
                "timestamp": ("2027-01-01T00:00:00Z", "below"),
                "fake-hwclock": ("2027-02-01T00:00:00Z", "below"),
                "epoch": ("2027-04-01T00:00:00Z", "below"),
                "timesyncd": ("2040-03-01T00:00:00Z", "floor")}


def test_rtc(machine):
    rtc = machine.inside / "sys/class/rtc"
    for name, hctosys, time_sec in (("rtc0", 0, 1900000000), ("rtc1", 1, 2000000000)):
        machine.ns("sh", "-ec", f"mkdir -p {rtc}/{name}; echo {hctosys} >{rtc}/{name}/hctosys; "
                                f"echo {time_sec} >{rtc}/{name}/since_epoch")
    found = candidates(show(machine))["rtc"]
    assert (found["path"], found["time_sec"], found["verdict"]) == ("/sys/class/rtc/rtc1", 2000000000,
                                                                    "counts")
    machine.write("/etc/adjtime", "0.0 0 0.0\n0\nLOCAL\n")
    machine.run("sh", "-c", "ln -sf /usr/share/zoneinfo/Europe/Berlin /etc/localtime")
    shown = show(machine)
    if machine.run("test", "-e", "/usr/share/zoneinfo/Europe/Berlin", check=False).returncode == 0:
        assert candidates(shown)["rtc"]["time_sec"] == 2000000000 - 7200    # in May
    assert shown["local"]
    assert ", local time" in machine.anteroot("clock", "show").stdout


def test_what_the_boot_did_is_shown(machine):
    decided(machine, action="forward", set="2026-07-01T00:00:00Z", failed="Operation not permitted")
    assert ("target        2026-01-01T00:00:00Z forward to 2026-07-01T00:00:00Z "
            "(floor -, saved; failed: Operation not permitted)\n"
            in machine.anteroot("clock", "show").stdout)
    assert show(machine)["boot"]["target"]["action"] == "forward"
