# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every boot test starts from: the program, an initramfs, a machine."""

import os
import re
from pathlib import Path

import pytest

from boot import harness
from image import cache, disk, kernel

LONG = ("test_packages.py", "test_dracut.py", "test_initramfs_tools.py", "test_loaders.py", "test_counted.py",
        "test_readers.py", "test_debian.py", "test_verdict.py", "test_identity.py", "test_arch.py", "test_grow.py",
        "test_clock.py", "test_storage.py", "test_power_cut.py", "test_framework.py", "test_demo.py")
LOGS = cache.PROJECT / "build/tests/boot"


# Whole initramfs of others, other machines, packages: what each of them has shown in every run. The rest is full.
IN_EVERY_RUN = {
    "test_dracut.py": ("test_slot_a_with_its_configuration[bookworm-shell", "test_root_in[lvm",
                       "test_slot_a_with_its_configuration[trixie-systemd"),
    "test_initramfs_tools.py": ("test_slot_a", "test_candidate", "test_hook_takes_nothing"),
    "test_packages.py": ("test_lintian", "test_what_is_in_them", "test_nothing_under", "test_changelog"),
    "test_arch.py": ("test_slot_a", "test_candidate"),
    "test_framework.py": ("test_slot_a", "test_candidate", "test_rescue"),
}


# The longest of the others, each with a shorter one beside it in every run: the agent that counts (test_state.py), the
# tiny root, the other way of two.
LEFT_OUT = {
    "test_by_state.py": ("test_links[second",),
    "test_clock.py": ("test_rtc_ratchet_on_a_real_root",),
    "test_counted.py": ("test_update_that_fails", "test_full_boot", "test_slot_missing", "test_power_cuts[candidate",
                        "test_candidate_that_panics_is_rolled_back[exit"),
    "test_grow.py": ("test_grows_once[gpt-4096", "test_grows_once[msdos-512", "test_power_cut_in_first_boots",
                     "test_power_cut_while_ext4_grows", "test_the_boot_after_a_cut[msdos"),
    "test_identity.py": ("test_two_devices_of_one_image[ro", "test_first_boot_of_systemd[rw"),
    "test_verdict.py": ("test_confirmed_system",),
}


def mark_full(items):
    """All but what is in every run, and what is left out of it."""
    for item in items:
        names = IN_EVERY_RUN.get(item.path.name)
        if names and not item.name.startswith(names) or item.name.startswith(LEFT_OUT.get(item.path.name, "-")):
            item.add_marker(pytest.mark.full)


@pytest.hookimpl(tryfirst=True)     # before -m looks at the marks
def pytest_collection_modifyitems(items):
    """The long ones first: no worker is left alone with one at the end."""
    mark_full(items)
    order = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path.name, len(LONG)))


@pytest.fixture(scope="session")
def program():
    """The program under test: build/anteroot, or what ANTEROOT names."""
    path = Path(os.environ.get("ANTEROOT") or cache.PROJECT / "build/anteroot")
    if not path.exists():
        pytest.fail(f"{path} is missing: run make first")
    return path


@pytest.fixture(scope="session")
def program_arm64():
    """The program for arm64, cross-built by make."""
    path = cache.PROJECT / "build/anteroot-arm64"
    if not path.exists():
        pytest.fail(f"{path} is missing: run make CROSS_COMPILE=aarch64-linux-gnu- first")
    return path


@pytest.fixture(scope="session")
def program_armhf():
    """The program for 32-bit ARM, cross-built by make."""
    path = cache.PROJECT / "build/anteroot-armhf"
    if not path.exists():
        pytest.fail(f"{path} is missing: run make CROSS_COMPILE=arm-linux-gnueabihf- first")
    return path


@pytest.fixture(scope="session")
def program_i386():
    """The program for 32-bit machines, cross-built by make."""
    path = cache.PROJECT / "build/anteroot-i386"
    if not path.exists():
        pytest.fail(f"{path} is missing: run make CROSS_COMPILE=i686-linux-gnu- first")
    return path


@pytest.fixture(scope="session")
def initrd(program):
    """The initramfs with the modules the tests need."""
    return kernel.initramfs(program)


@pytest.fixture
def machine(request, initrd):
    """Makes machines whose console is kept in build/tests/boot/TEST.log.

    panic=1: a failure is a quick reboot, which ends the machine.
    """
    count = 0

    def make(disks=(), append="", image=None, **options):
        nonlocal count
        count += 1
        LOGS.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.=-]+", "-", request.node.name).strip("-")
        log = LOGS / f"{name}{count if count > 1 else ''}.log"
        images = [base if isinstance(base, Path) else disk.image(base) for base in disks]
        return harness.Machine(image or initrd, images, f"panic=1 {append}".strip(), log=log,
                               **options)

    return make


@pytest.fixture
def boot(machine):
    """Boots to the tiny root and returns its report; the console is in target.console."""

    def run(disks=(disk.Disk(),), append="", **options):
        with machine(disks, append, **options) as vm:
            target = vm.report()
            assert vm.wait_exit() == "guest-shutdown"
            target.console = vm.console
            return target

    return run


@pytest.fixture
def rescue(machine):
    """Boots what cannot boot; returns the rescue message and the console, after the reboot."""

    def run(disks, append="", **options):
        with machine(disks, append, **options) as vm:
            _, match = vm.wait_for(r"anteroot: rescue: (unable to .*)", 45)
            assert vm.wait_exit(30) == "guest-reset"
            return match.group(1), vm.console

    return run
