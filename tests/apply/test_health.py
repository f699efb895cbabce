# SPDX-License-Identifier: LGPL-2.1-or-later
"""`anteroot health` on a device that runs: which checks, for how long, and the verdict."""

import time

import pytest

from conftest import DONE, NO
from machine import BREADCRUMBS, Machine, available

pytestmark = pytest.mark.skipif(not available(), reason="needs root, loop devices and mounts")

QUICK = {"seconds": 1, "windowSeconds": 0, "pauseSeconds": 1}
SYSTEMCTL = "#!/bin/sh\necho \"$@\" >/run/systemctl\n"


@pytest.fixture
def machine(tmp_path):
    one = Machine(tmp_path)
    try:
        one.start()
        one.configure(health=QUICK)
        # Nothing in this machine reboots ours: systemctl is a script, and systemd is there.
        for slot in "AB":
            path = one.at("usr/bin/systemctl", slot)
            one.ns("sh", "-ec", 'rm -f "$1"; printf %s "$2" >"$1"; chmod 755 "$1"', "sh", path,
                   SYSTEMCTL)
        yield one
    finally:
        one.stop()


@pytest.fixture
def candidate(machine):
    """Slot B is being tried, and A is good."""
    machine.anteroot("slot", "arm", "B", "--version", "2.1.0")
    assert machine.boot() == "B"
    machine.run("mkdir", "-p", "/run/systemd/system")
    return machine


def lines(done):
    return [line.split(" in ")[0] for line in done.stdout.splitlines()]


def test_no_checks_at_all(candidate):
    done = candidate.anteroot("health")
    assert lines(done) == ["round 1: 0 of 0 health checks passed",
                           "slot B is confirmed; next boot: slot B: it is the active slot"]
    assert candidate.status()["slots"]["B"]["state"] == "good"
    assert candidate.breadcrumbs() == set()


def test_which_checks_run(candidate):
    """By name over both directories; /etc counts most, /dev/null masks, what cannot be executed is skipped."""
    candidate.check("20-second", "echo usr", where="/usr/lib")
    candidate.check("10-first", "echo first", where="/usr/lib")
    candidate.check("20-second", "echo etc")
    candidate.check("30-masked", "exit 1", where="/usr/lib")
    candidate.run("ln", "-s", "/dev/null", "/etc/anteroot/health.d/30-masked")
    candidate.check("40-plain", "exit 1", mode=0o644)
    candidate.check("50-was-there", "exit 1", where="/usr/lib")
    candidate.check("50-was-there", "exit 1", mode=0o644)
    candidate.run("mkdir", "/etc/anteroot/health.d/60-folder")
    candidate.run("ln", "-s", "/nowhere", "/etc/anteroot/health.d/70-nowhere")
    candidate.check(".80-hidden", "exit 1")
    candidate.run("ln", "-s", "/etc/anteroot/health.d/10-last", "/etc/anteroot/health.d/90-link")
    candidate.check("10-last", "echo last")
    done = candidate.anteroot("health")
    assert lines(done)[:-1] == ["first", "check 10-first: passed", "last", "check 10-last: passed",
                                "etc", "check 20-second: passed", "last",
                                "check 90-link: passed", "round 1: 4 of 4 health checks passed"]
    skipped = [line.split()[1].rsplit("/", 1)[1] for line in done.stderr.splitlines()]
    assert skipped == ["40-plain", "50-was-there", "60-folder", "70-nowhere"]


def test_environment(candidate):
    candidate.check("env", "env | grep -E '^(ANTEROOT_|PATH=|HOLD=)' | sort >/run/env; "
                           "test ! -t 0 && test -z \"$(cat)\"")
    candidate.anteroot("health", env={"ANTEROOT_SLOT": "forged", "ANTEROOT_MORE": "forged",
                                      "HOLD": "me"})
    found = dict(line.split("=", 1) for line in candidate.read("/run/env").splitlines())
    assert found.pop("PATH")
    assert found == {"ANTEROOT_SLOT": "B", "ANTEROOT_CANDIDATE": "1", "ANTEROOT_VERSION": "2.1.0",
                     "ANTEROOT_TRANSACTION": "1", "ANTEROOT_ATTEMPTS": "1", "ANTEROOT_TRIES": "3",
                     "ANTEROOT_ROUND": "1", "HOLD": "me"}


@pytest.mark.parametrize("script, why", [
    ("exit 1", "exit status 1"), ("exit 77", "exit status 77"), ("exit 127", "exit status 127"),
    ("exit 255", "exit status 255"), ("kill -9 $$", "signal 9, or exit status 137"),
    ("kill -15 $$", "signal 15, or exit status 143"), ("no-such-program", "exit status 127"),
    ("sleep 60", "took longer than 1 s"),
    ("trap '' TERM; sleep 60 & while :; do wait; done", "took longer than 1 s"),
])
def test_failing_candidate_is_rejected(candidate, script, why):
    candidate.check("bad", script)
    candidate.check("good", "exit 0")
    started = time.monotonic()
    done = candidate.anteroot("health", expect=NO)
    assert time.monotonic() - started < 15
    assert lines(done) == [f"check bad: failed: {why}", "check good: passed",
                           "round 1: 1 of 2 health checks passed",
                           "slot B is rejected (health checks failed); next boot: slot A: it is "
                           "the active slot", "rebooting into the other slot"]
    assert candidate.read("/run/systemctl") == "reboot\n"
    assert candidate.breadcrumbs() == {"rollback-health-triggered"}
    # The orderly end that follows has nothing to give back.
    assert candidate.anteroot("slot", "orderly").stdout.startswith("nothing to write down")
    assert candidate.boot() == "A"
    assert candidate.status()["slots"]["B"]["bad"] == "health"


def test_nothing_is_left_running(candidate):
    """What a check starts ends with it, also when it ignores SIGTERM."""
    candidate.check("bad", "(trap '' TERM; sleep 61) & echo $! >/run/pid; exit 0")
    candidate.anteroot("health")
    pid = candidate.read("/run/pid").strip()
    time.sleep(0.3)
    # Dead, whether or not somebody has asked how it ended.
    assert candidate.run("sed", "s/.*) //; s/ .*//", f"/proc/{pid}/stat",
                         check=False).stdout.strip() in ("", "Z")


def test_not_an_interpreter(candidate):
    candidate.write("/etc/anteroot/health.d/odd", "\x7fnonsense", mode=0o755)
    done = candidate.anteroot("health", expect=NO)
    assert "check odd: failed: exit status 126" in done.stdout


def test_retried_within_the_window(candidate):
    candidate.configure(health={"seconds": 5, "windowSeconds": 30, "pauseSeconds": 1})
    candidate.check("late", 'echo $ANTEROOT_ROUND >>/run/rounds; test "$ANTEROOT_ROUND" = 3')
    done = candidate.anteroot("health")
    assert candidate.read("/run/rounds").split() == ["1", "2", "3"]
    assert "round 3: 1 of 1 health checks passed" in done.stdout
    assert candidate.status()["slots"]["B"]["state"] == "good"


def test_window_ends(candidate):
    candidate.configure(health={"seconds": 1, "windowSeconds": 3, "pauseSeconds": 1})
    candidate.check("never", "exit 1")
    started = time.monotonic()
    done = candidate.anteroot("health", expect=NO)
    assert 1.5 < time.monotonic() - started < 10
    assert 2 <= done.stdout.count("round ") <= 3


def test_good_slot_is_never_left(machine):
    """A network that is down must not send a device to an older system, and no reboot helps."""
    machine.anteroot("slot", "arm", "B")
    machine.boot()
    machine.anteroot("slot", "confirm")
    assert machine.boot() == "B"
    machine.run("mkdir", "-p", "/run/systemd/system")
    assert machine.status()["slots"]["B"]["unconfirmed"] == 1
    machine.check("bad", "exit 1")
    done = machine.anteroot("health", expect=NO)
    assert "not confirmed, and not left either" in done.stderr
    assert "systemctl" not in machine.names("/run")
    status = machine.status()
    assert status["slots"]["B"]["state"] == "good" and status["slots"]["B"]["unconfirmed"] == 1
    machine.check("bad", "exit 0")
    machine.anteroot("health")
    assert machine.status()["slots"]["B"]["unconfirmed"] == 0


def test_candidate_without_a_good_slot_stays(candidate):
    candidate.slot = "A"
    candidate.write("/run/anteroot/state.json", "{}")
    candidate.slot = "B"
    # The good slot is said to be bad by somebody who knows: nothing to go back to.
    candidate.check("bad", "exit 1")
    candidate.anteroot("slot", "confirm")
    candidate.anteroot("slot", "reject", "A")
    candidate.slot = "A"
    candidate.write("/run/anteroot/state.json", "{}")
    candidate.anteroot("slot", "arm", "B", expect=NO)       # the only good one
    candidate.slot = "B"
    candidate.anteroot("health", expect=NO)
    assert candidate.status()["slots"]["B"]["state"] == "good"
    assert "systemctl" not in candidate.names("/run")


def test_dry_run(candidate):
    candidate.check("bad", "exit 1")
    assert "0 of 1" in candidate.anteroot("health", "--dry-run", expect=NO).stdout
    candidate.check("bad", "exit 0")
    assert "1 of 1" in candidate.anteroot("health", "--dry-run", expect=DONE).stdout
    assert candidate.status()["slots"]["B"]["state"] == "trying"


def test_without_boot_state(machine):
    machine.check("good", "exit 0")
    done = machine.anteroot("health")
    assert lines(done)[-1] == "nothing to confirm: there is no boot state"
    machine.check("good", "exit 1")
    machine.anteroot("health", expect=NO)


def test_two_store_commit(candidate):
    """two-store-commit: the breadcrumbs were deleted, then the power went before upgrade_available=0, and the
    healthy OS was rolled back weeks later. Here the record is first and alone decides: whatever a cut leaves of
    the breadcrumbs, the slot stays confirmed, and the next run puts them right."""
    candidate.anteroot("slot", "confirm")
    for left in (BREADCRUMBS, {"rollback-health-breadcrumb"}, {"rollback-altboot-breadcrumb"},
                 {"rollback-altboot-triggered"}, {"rollback-health-triggered"}):
        for step in (["slot", "orderly"], ["health"], ["slot", "confirm"]):
            for name in left:
                candidate.write(f"/mnt/state/{name}", "")
            assert candidate.boot() == "B"
            assert candidate.status()["slots"]["B"]["state"] == "good"
            candidate.anteroot(*step)
            assert candidate.breadcrumbs() == set()
    # And the other way round: breadcrumbs that got lost confirm nothing.
    candidate.anteroot("slot", "arm", "A")
    candidate.run("sh", "-c", "rm /mnt/state/rollback-*")
    assert candidate.boot() == "A"
    assert candidate.status()["running"]["candidate"]
    candidate.anteroot("slot", "orderly")
    assert candidate.breadcrumbs() == BREADCRUMBS


def test_breadcrumbs_after_a_rollback_though_the_checks_fail(candidate):
    """balenaOS' supervisor would hold back every reboot as long as they are there."""
    for _ in range(3):
        candidate.boot()
    assert candidate.slot == "A" and candidate.breadcrumbs() == BREADCRUMBS
    candidate.check("bad", "exit 1")
    candidate.anteroot("health", "--dry-run", expect=NO)
    assert candidate.breadcrumbs() == BREADCRUMBS
    candidate.anteroot("health", expect=NO)
    assert candidate.breadcrumbs() == {"rollback-altboot-triggered"}


def test_state_partition_read_only(candidate):
    candidate.umount("state")
    for slot in "AB":
        candidate.mount("state", "ro", slot)
    done = candidate.anteroot("slot", "confirm")
    assert done.stderr == ""
    assert candidate.breadcrumbs() == BREADCRUMBS
