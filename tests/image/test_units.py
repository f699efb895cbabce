# SPDX-License-Identifier: LGPL-2.1-or-later
"""The units as `make install` installs them: systemd finds no fault in them, and how much they expose is bounded."""

import re
import subprocess

import pytest

from image import cache

UNITS = cache.PROJECT / "dist/systemd"
# What `systemd-analyze security` of systemd 252 says is 1.8, 5.6, 7.8 and 6.1 of 10; others weigh a little otherwise.
EXPOSURE = {
    "anteroot-clock-save.service": 2.0,
    "anteroot-clock-shutdown.service": 6.0,
    "anteroot-confirm.service": 8.1,        # health checks are somebody else's programs
    "anteroot-orderly.service": 6.5,
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The units in a prefix where their program is."""
    prefix = tmp_path_factory.mktemp("prefix")
    cache.run(["make", "-s", "-C", cache.PROJECT, "install", f"prefix={prefix}"])
    return prefix / "lib/systemd/system"


def analyze(*words):
    return subprocess.run(["systemd-analyze", "--no-pager", *map(str, words)], capture_output=True, text=True,
                          check=False)


def test_all_services_are_bounded():
    assert sorted(EXPOSURE) == sorted(path.name for path in UNITS.glob("*.service"))


@pytest.mark.parametrize("unit", sorted(EXPOSURE))
def test_exposure(installed, unit):
    most = round(EXPOSURE[unit] * 10)
    done = analyze("security", "--offline=true", f"--threshold={most}", installed / unit)
    said = re.findall(rf"Overall exposure level for {re.escape(unit)}: ([\d.]+)", done.stdout)
    assert done.returncode == 0 and float(said[0]) <= EXPOSURE[unit], done.stdout + done.stderr


def test_bound_is_one(installed, tmp_path):
    """A unit that gives up what it has of protection is found."""
    unit = tmp_path / "anteroot-clock-save.service"
    text = (installed / unit.name).read_text(encoding="utf-8")
    unit.write_text(re.sub(r"^(SystemCallFilter|Capability|Protect).*\n", "", text, flags=re.M), encoding="utf-8")
    done = analyze("security", "--offline=true", f"--threshold={round(EXPOSURE[unit.name] * 10)}", unit)
    assert done.returncode != 0


def test_systemd_finds_no_fault(installed):
    units = sorted(path for path in installed.iterdir() if path.name.startswith("anteroot-"))
    done = analyze("verify", "--man=no", *units)
    faults = [line for line in (done.stdout + done.stderr).splitlines() if "anteroot" in line]
    assert done.returncode == 0 and faults == []
