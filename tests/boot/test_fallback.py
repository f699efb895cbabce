# SPDX-License-Identifier: LGPL-2.1-or-later
"""A root that cannot boot: the other one, and when there is none, rescue."""

import pytest

from image import cache, kernel, root
from image.disk import Disk

HOPELESS = Disk(root_a="no-init", root_b="no-init")
BROKEN = ["none", "garbage", "torn", "no-init", "plain-init"]


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_a_boots_b(boot, kind):
    target = boot([Disk(root_a=kind)])
    assert target.slot == "B"
    assert target.state["slot"] == "B"
    assert target.mounts["/"][0] == "/dev/vda3"
    if kind not in ("none", "garbage"):     # those two have no label, so no slot A was found
        (failed,) = target.state["failed"]
        assert failed["slot"] == "A" and failed["reason"]
        assert "A" in target.state["reason"] or "vda2" in target.state["reason"]


def test_broken_b_does_not_matter(boot):
    target = boot([Disk(root_b="garbage")])
    assert target.slot == "A" and target.state["failed"] == []


def test_root_argument_on_a_broken_root_boots_the_other(boot):
    assert boot([Disk(root_a="no-init")], "root=/dev/vda2").slot == "B"


@pytest.mark.parametrize("kind", BROKEN)
def test_both_broken_is_rescue_and_reboot(rescue, kind):
    message, console = rescue([Disk(root_a=kind, root_b=kind)], "anteroot.wait=2")
    assert "root" in message
    assert "Kernel panic" not in console


def test_rescue_says_why_each_root_failed(rescue):
    message, _ = rescue([Disk(root_a="no-init", root_b="plain-init")])
    assert "vda2" in message and "vda3" in message


def test_rescue_waits_as_long_as_panic_says(machine):
    with machine([HOPELESS], "panic=4") as vm:
        line, _ = vm.wait_for("anteroot: rescue: unable to")
        assert vm.wait_exit(30) == "guest-reset"
        assert 3 < vm.seconds() - line.time < 12


def test_rescue_reboots_at_once_when_panic_is_negative(machine):
    with machine([HOPELESS], "panic=-1") as vm:
        line, _ = vm.wait_for("anteroot: rescue: unable to")
        assert vm.wait_exit(30) == "guest-reset"
        assert vm.seconds() - line.time < 3


def with_shell(program):
    return kernel.initramfs(program, "--file", f"{root.rescue_shell()}:/bin/sh")


def test_no_shell_in_a_production_build(rescue, program):
    """Not even when the image carries one and the command line asks for it."""
    message, console = rescue([HOPELESS], "anteroot.shell", image=with_shell(program))
    assert message and "SHELL-READY" not in console and "Kernel panic" not in console


@pytest.fixture
def development_program():
    """The variant that may open a shell."""
    path = cache.PROJECT / "build/anteroot-dev"
    if not path.exists():
        pytest.fail(f"{path} is missing: run make DEVELOPMENT_IMAGE=1 first")
    return path


def test_shell_of_a_development_build(machine, development_program):
    image = with_shell(development_program)
    with machine([HOPELESS], "anteroot.shell", image=image) as vm:
        vm.wait_for("SHELL-READY")
        vm.type("hello\n")
        vm.wait_for("SHELL-GOT hello")
        assert vm.wait_exit(30) == "guest-reset"


def test_shell_has_to_be_asked_for(machine, development_program):
    with machine([HOPELESS], image=with_shell(development_program)) as vm:
        assert vm.wait_exit(60) == "guest-reset"
        assert "SHELL-READY" not in vm.console
