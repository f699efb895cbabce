# SPDX-License-Identifier: LGPL-2.1-or-later
"""The completions of bash, zsh and fish, in these shells, beside the table of applets."""

import json
import os
import stat
import subprocess

import pytest

import shells
from conftest import PROJECT
from machine import VARIANT

pytestmark = pytest.mark.skipif("ANTEROOT" in os.environ, reason="no program of ours is in this: once is enough")

SHELLS = {"bash": shells.bash, "zsh": shells.zsh, "fish": shells.fish}
DESCRIBE = PROJECT / "build/tests" / VARIANT / "tools/describe"

# What is typed -> what is offered.
EXPECTED = {
    "anteroot st": {"status"},
    "anteroot nothing-": set(),
    "anteroot slot ar": {"arm"},
    "anteroot slot arm ": {"A", "B"},
    "anteroot slot arm B --": {"--tries", "--version", "--help"},
    "anteroot slot arm B --tries 2 --v": {"--version"},
    "anteroot slot arm B --tries 2 --t": set(),
    "anteroot slot arm --tries 2 ": {"A", "B"},
    "anteroot slot arm B --tries ": set(),
    "anteroot slot reject --reason ": set(),
    "anteroot slot reject ": {"A", "B"},
    "anteroot slot confirm --": {"--help"},
    "anteroot help sl": {"slot"},
    "anteroot clock ": {"show", "save"},
    "anteroot clock show --j": {"--json"},
    "anteroot clock save --j": set(),
    "anteroot hook ": {"early", "target"},
    "anteroot hook early --": {"--help"},
    "anteroot hook target --r": {"--root", "--reboot"},
    "anteroot version ": {"check", "compare"},
    "anteroot version check ": set(),
    "anteroot check ": {"a-file.json", "b-folder"},
    "anteroot check --json a": {"a-file.json"},
    "anteroot timeline ": {"a-file.json", "b-folder"},
    "anteroot apply --root ": {"b-folder"},
    "anteroot apply --root b-folder --config a": {"a-file.json"},
    "anteroot plan --state=": {"b-folder"},
}


@pytest.fixture(scope="module")
def applets():
    done = subprocess.run([DESCRIBE, "applets"], check=True, capture_output=True, text=True)
    return {one["name"]: one for one in json.loads(done.stdout)["applets"]}


@pytest.fixture
def folder(tmp_path):
    """A place with one file and one folder in it; a home beside it."""
    place = tmp_path / "files"
    (place / "b-folder").mkdir(parents=True)
    (place / "a-file.json").touch()
    return tmp_path


def ask(shell, lines, folder):
    if shell == "zsh":
        return shells.zsh(lines, folder)
    return SHELLS[shell](lines, folder / "files")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_applet_option_and_word(shell, applets, folder):
    """Of an applet that is in the table, whatever it is, all is offered and nothing else."""
    lines = ["anteroot "]
    expected = [set(applets)]
    for name, applet in applets.items():
        rows = [row["name"] for row in applet["rows"]]
        lines.append(f"anteroot {name} --")
        expected.append({row for row in rows if row.startswith("-")} | {"--help"})
        words = {row for row in rows if row.islower() and not row.startswith("-")}
        if words:
            lines.append(f"anteroot {name} ")
            expected.append(words)
    assert dict(zip(lines, ask(shell, lines, folder))) == dict(zip(lines, expected))


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_offered(shell, folder):
    found = ask(shell, list(EXPECTED), folder)
    assert dict(zip(EXPECTED, found)) == EXPECTED


@pytest.mark.parametrize("shell", SHELLS)
def test_devices(shell, folder):
    """Block devices of /dev, and nothing else of it."""
    (found,) = ask(shell, ["anteroot probe /dev/"], folder)
    there = {f"/dev/{name}" for name in os.listdir("/dev") if stat.S_ISBLK(os.stat(f"/dev/{name}").st_mode)}
    named = {one if one.startswith("/") else f"/dev/{one}" for one in found}
    assert {one for one in named if not os.path.isdir(one)} == there
