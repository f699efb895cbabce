# SPDX-License-Identifier: LGPL-2.1-or-later
"""The plug is pulled again and again while files are delivered."""

import json
import os
import random
import time
from typing import NamedTuple

from boot import harness, samples
from image import cache, disk, root
from image.disk import SEED_CONFIG, Disk

CONNECTION = "system-connections/home"
LAYOUT = Disk(root_a="journaled", root_b="none", root_files=root.READER_FILES,
              boot_files=((CONNECTION, b""),))
CUTS = 10
KEY = json.loads(SEED_CONFIG.read_text(encoding="utf-8"))["os"]["sshKeys"][0].rpartition(" ")[0]
(BUNDLE_OF_IMAGE,) = [data.decode() for name, data, _ in root.READER_FILES if name == root.BUNDLE]


class Boot(NamedTuple):
    """One boot: another configuration each time, so that each has something to write."""

    number: int
    authority: samples.Authority

    def config(self):
        return {
            "hostname": f"boot-{self.number}",
            "persistentLogging": True,
            "os": {"network": {"connectivity": {"uri": f"http://boot-{self.number}.example/",
                                                "interval": 300, "response": "online"}},
                   "udevRules": {str(name): f"# rule {name} of boot {self.number}\n" * 300
                                 for name in range(60, 66)},
                   "sshKeys": [f"{KEY} boot-{self.number}"]},
            "balenaRootCA": self.authority.value,
        }

    def connection(self):
        return samples.connection(self.number, f"boot-{self.number}")

    def files(self):
        """Path -> content of what it delivers into the root."""
        made = self.config()
        uri = made["os"]["network"]["connectivity"]["uri"]
        files = {
            "/etc/hostname": made["hostname"] + "\n",
            "/root/.ssh/authorized_keys_local": made["os"]["sshKeys"][0] + "\n",
            "/etc/NetworkManager/conf.d/os-networkmanager.conf":
                "# Written by anteroot: os.network of config.json.\n"
                f"[connectivity]\nuri={uri}\ninterval=300\nresponse=online\n",
            f"/etc/NetworkManager/{CONNECTION}": self.connection().decode(),
            f"/etc/ssl/certs/{self.authority.hash}.0": self.authority.pem.decode(),
            f"/{root.BUNDLE}": BUNDLE_OF_IMAGE + self.authority.block(),
        }
        for name, text in made["os"]["udevRules"].items():
            files[f"/etc/udev/rules.d/{name}.rules"] = text
        return files

    def kept(self):
        """The same of what it keeps on the state partition; the configuration as what it says."""
        return {"/anteroot/config.json": self.config(),
                f"/anteroot/{CONNECTION}": self.connection().decode()}


def put(raw, boot):
    """The boot's own files onto the boot partition."""
    disk.put_boot_file(LAYOUT, raw, "config.json", json.dumps(boot.config()).encode())
    disk.put_boot_file(LAYOUT, raw, CONNECTION, boot.connection())


def repaired(raw, role, folder):
    """A partition after its journal was played back; a file system that is damaged fails."""
    partition = folder / f"{role}.ext4"
    disk.take_partition(LAYOUT, raw, role, partition)
    # 1: all is well after the repair, which is no more than the journal and what was being deleted
    cache.run(["sh", "-c", 'e2fsck -fp "$1" || [ $? -eq 1 ]', "sh", partition])
    return partition


def found(raw, role, paths, folder):
    """Path -> content of what is there of the files, and the temporary files, by name."""
    partition, there = repaired(raw, role, folder), folder / f"{role}.files"
    cache.remove(there)
    there.mkdir()
    cache.run(["debugfs", "-R", f"rdump / {there}", partition])
    files = {path: (there / path[1:]).read_text(encoding="utf-8") for path in paths
             if (there / path[1:]).is_file() and not (there / path[1:]).is_symlink()}
    # half a document would not be one
    return ({path: json.loads(text) if path == "/anteroot/config.json" else text
             for path, text in files.items()},
            sorted(path.name for path in there.rglob(".*.anteroot")))


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


def check_files(boots, before, there, wanted):
    """Each is a whole one, of this boot or as it was; the new ones are counted."""
    number = boots[-1].number
    for path in {path for boot in boots[-2:] for path in (*boot.files(), *boot.kept())}:
        assert there.get(path) in (before.get(path), wanted.get(path)), f"boot {number}: {path}"
    return sum(there.get(path) == text for path, text in wanted.items())


def everything(raw, folder, boots):
    """Path -> content of what any of the boots delivers or keeps, and the temporary files."""
    files, temporary = {}, []
    for role, method in (("rootA", Boot.files), ("state", Boot.kept)):
        paths = {path for boot in boots for path in method(boot)}
        there, names = found(raw, role, paths, folder)
        files.update(there)
        temporary += names
    return files, temporary


def make_boots(folder):
    """Two authorities take turns: the certificate of one is there, that of the other is to go."""
    authorities = [samples.make_authority(folder, f"authority {number}") for number in range(2)]
    return [Boot(number, authorities[number % 2]) for number in range(CUTS + 1)]


def test_ten_cuts(machine, tmp_path):
    """A file is always a whole one, old or new; the eleventh boot delivers everything."""
    seed = int(os.environ.get("ANTEROOT_SEED") or random.randrange(2 ** 32))
    print(f"ANTEROOT_SEED={seed}")
    chance = random.Random(seed)
    raw, boots = tmp_path / "disk.raw", make_boots(tmp_path)
    disk.export(LAYOUT, raw)
    (before, _), delay, window = everything(raw, tmp_path, boots), None, None
    for boot in boots[:CUTS]:
        put(raw, boot)
        kept = harness.overlay(raw, tmp_path)
        complete, seconds = boot_and_cut(machine, kept, delay)
        # the first boot tells how long it takes here and now
        window = window or seconds
        delay = chance.uniform(0, window)
        harness.merge(kept)
        there, _ = everything(raw, tmp_path, boots)
        wanted = {**boot.files(), **boot.kept()}
        news = check_files(boots[:boot.number + 1], before, there, wanted)
        print(f"boot {boot.number}: cut after {seconds:.3f} s, {news} of {len(wanted)} delivered")
        assert not complete or there == wanted
        repaired(raw, "data", tmp_path)
        before = there
    put(raw, boots[CUTS])
    kept = harness.overlay(raw, tmp_path)
    with machine([kept], "rw") as vm:
        target = vm.report()
        assert vm.wait_exit() == "guest-shutdown"
    check_last(boots, target)
    harness.merge(kept)
    assert everything(raw, tmp_path, boots) == ({**boots[CUTS].files(), **boots[CUTS].kept()}, [])


def check_last(boots, target):
    """Everything of the last boot is there, as its readers need it, and nothing of the others."""
    last = boots[CUTS]
    assert target.items["hostname"] == last.config()["hostname"]
    assert {path: target.text(path) for path in last.files()} == last.files()
    others = {path for boot in boots for path in boot.files()} - set(last.files())
    assert not others & set(target.files)
    for path in last.files():
        secret = "NetworkManager" in path or "ssh/" in path
        assert target.files[path].permissions == (0o600 if secret else 0o644), path
    for path in last.kept():
        entry = target.files[f"/mnt/state{path}"]
        assert (entry.permissions, entry.uid, entry.gid) == (0o600, 0, 0), path
    assert json.loads(target.text("/mnt/state/anteroot/config.json")) == last.config()
