# SPDX-License-Identifier: LGPL-2.1-or-later
"""The plug is pulled again and again while files are delivered."""

import json
import os
import random
import re
import time

from boot import harness
from image import cache, disk
from image.disk import SEED_CONFIG, Disk

LAYOUT = Disk(root_a="journaled", root_b="none")
CUTS = 10
KEY = json.loads(SEED_CONFIG.read_text(encoding="utf-8"))["os"]["sshKeys"][0].rpartition(" ")[0]
FOLDERS = ("/etc", "/etc/udev/rules.d", "/root/.ssh")


def config(number):
    """Another one for each boot, so that each boot has something to write."""
    return {
        "hostname": f"boot-{number}",
        "persistentLogging": True,
        "os": {"udevRules": {str(name): f"# rule {name} of boot {number}\n" * 300
                             for name in range(60, 66)},
               "sshKeys": [f"{KEY} boot-{number}"]},
    }


def expected(number):
    """Path -> content of what that boot delivers."""
    made = config(number)
    files = {"/etc/hostname": made["hostname"] + "\n",
             "/root/.ssh/authorized_keys_local": made["os"]["sshKeys"][0] + "\n"}
    for name, text in made["os"]["udevRules"].items():
        files[f"/etc/udev/rules.d/{name}.rules"] = text
    return files


def debugfs(partition, words):
    return cache.run(["debugfs", "-R", words, partition])


def repaired(raw, role, folder):
    """A partition after its journal was played back; a file system that is damaged fails."""
    partition = folder / f"{role}.ext4"
    disk.take_partition(LAYOUT, raw, role, partition)
    # 1: all is well after the repair, which is no more than the journal and what was being deleted
    cache.run(["sh", "-c", 'e2fsck -fp "$1" || [ $? -eq 1 ]', "sh", partition])
    return partition


def found(partition):
    """Path -> content of what is there of the files that are delivered."""
    there = {}
    for path in expected(0):
        text = debugfs(partition, f"cat {path}")
        if "Type: regular" in debugfs(partition, f"stat {path}"):
            there[path] = text
    return there


def leftovers(partition):
    """Temporary files, by name."""
    listing = "".join(debugfs(partition, f"ls -p {folder}") for folder in FOLDERS)
    return re.findall(r"/(\.[^/]*\.anteroot)/", listing)


def boot_and_cut(machine, kept, delay):
    """One boot that ends `delay` seconds after the root is mounted, or when the target's init runs.

    Returns whether that runs, and how long it took from the mount up to the end.
    """
    with machine([kept], "rw target.hold") as vm:
        mounted, _ = vm.wait_for(r"EXT4-fs \(vda2\): mounted")
        if delay is None:
            vm.wait_for("ANTEROOT-TARGET")
        else:
            time.sleep(delay)
        seconds = vm.seconds() - mounted.time
        vm.cut_power()
    return "ANTEROOT-TARGET" in vm.console, seconds


def test_ten_cuts(machine, tmp_path):
    """A file is always a whole one, old or new; the eleventh boot delivers everything."""
    seed = int(os.environ.get("ANTEROOT_SEED") or random.randrange(2 ** 32))
    print(f"ANTEROOT_SEED={seed}")
    chance = random.Random(seed)
    raw = tmp_path / "disk.raw"
    disk.export(LAYOUT, raw)
    before, delay, window = found(repaired(raw, "rootA", tmp_path)), None, None
    for number in range(CUTS):
        disk.put_boot_file(LAYOUT, raw, "config.json", json.dumps(config(number)).encode())
        kept = harness.overlay(raw, tmp_path)
        complete, seconds = boot_and_cut(machine, kept, delay)
        # the first boot tells how long it takes here and now
        window = window or seconds
        delay = chance.uniform(0, window)
        harness.merge(kept)
        there, wanted = found(repaired(raw, "rootA", tmp_path)), expected(number)
        for path, text in wanted.items():
            assert there.get(path) in (before.get(path), text), f"boot {number}: {path}"
        news = sum(there.get(path) == text for path, text in wanted.items())
        print(f"boot {number}: cut after {seconds:.3f} s, {news} of {len(wanted)} delivered")
        assert not complete or there == wanted
        for role in ("state", "data"):
            repaired(raw, role, tmp_path)
        before = there
    disk.put_boot_file(LAYOUT, raw, "config.json", json.dumps(config(CUTS)).encode())
    kept = harness.overlay(raw, tmp_path)
    with machine([kept], "rw") as vm:
        target = vm.report()
        assert vm.wait_exit() == "guest-shutdown"
    assert target.items["hostname"] == config(CUTS)["hostname"]
    assert {path: target.text(path) for path in expected(CUTS)} == expected(CUTS)
    harness.merge(kept)
    assert leftovers(repaired(raw, "rootA", tmp_path)) == []
