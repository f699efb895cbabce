# SPDX-License-Identifier: LGPL-2.1-or-later
"""anteroot version: this build's, and those of host OSes."""

import pytest
from conftest import DONE, NO, PROJECT, USAGE, run


def test_without_arguments():
    done = run("version")
    version = (PROJECT / "VERSION").read_text(encoding="ascii").strip()
    assert (done.returncode, done.stdout.splitlines()[0]) == (DONE, f"anteroot {version}")
    assert run("--version").stdout == done.stdout


@pytest.mark.parametrize("version", ["2.9.0", "2.9.0-beta1", "2.9.0+rev1", "2.9.0-beta1+rev1",
                                     "0.0.0", "99999999999999999999999.0.1"])
def test_check_takes(version):
    done = run("version", "check", version)
    assert (done.returncode, done.stdout, done.stderr) == (DONE, "", "")


@pytest.mark.parametrize("version", ["", "2.9", "2.09.0", "v2.9.0", "2.9.0+rev1.prod", "2.9.0\n"])
def test_check_refuses(version):
    done = run("version", "check", version)
    assert (done.returncode, done.stdout) == (NO, "")
    shown = version or '""'
    assert done.stderr == (
        f"anteroot: unable to use version {shown}: expected X.Y.Z, X.Y.Z-betaN, X.Y.Z+revN or "
        "X.Y.Z-betaN+revN, numbers without leading zeros\n")


@pytest.mark.parametrize("one,answer,other", [
    ("2.9.0", "<", "2.10.0"), ("2.9.0-beta9", "<", "2.9.0"), ("2.9.0+rev1", ">", "2.9.0"),
    ("2.9.0+rev10", ">", "2.9.0+rev9"), ("2.9.0-beta1+rev1", "=", "2.9.0-beta1+rev1"),
    ("99999999999999999999.0.0", "<", "100000000000000000000.0.0")])
def test_compare(one, answer, other):
    done = run("version", "compare", one, other)
    assert (done.returncode, done.stdout, done.stderr) == (DONE, f"{answer}\n", "")


@pytest.mark.parametrize("words", [("2.9", "2.9.0"), ("2.9.0", "2.9")])
def test_compare_names_what_is_none(words):
    done = run("version", "compare", *words)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr.startswith("anteroot: unable to use version 2.9: expected X.Y.Z, ")


@pytest.mark.parametrize("words", [("check",), ("check", "1.2.3", "x"), ("compare", "1.2.3"),
                                   ("compare", "1.2.3", "1.2.3", "1.2.3"), ("least",)])
def test_usage(words):
    done = run("version", *words)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "Usage: anteroot version\n       anteroot version check V\n" in done.stderr
