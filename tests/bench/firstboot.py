#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A device's first boot and an ordinary one: anteroot, and the same steps by shell with e2fsck, tune2fs, parted, resize2fs.

From the kernel's "Run /init" to the first line of the target's init, by the guest's own clock, in turns. Every turn flashes
one image, with the UUIDs that flashed images share, on a larger disk; the second boot is the first one's warm-up and
is not counted, the third is the ordinary one. What both have made of the disk is compared. Results: build/bench/firstboot.*.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import grow                             # noqa: E402
import measure                          # noqa: E402
from boot import growing, harness       # noqa: E402
from image import cache, disk, kernel   # noqa: E402

FOLDER = cache.PROJECT / "build/bench"
SIZE_MIB = 4 * 1024
TOOLS = ("dash", "mount", "modprobe", "blkid", "fsck.fat", "e2fsck", "tune2fs", "parted", "resize2fs", "switch_root",
         "sync", "mv")
ROWS = ("anteroot", "shell")
KIND = growing.Kind()
EXT4 = ("rootA", "rootB", "state", "data")
PREFIX = "ba1eadef"
UUID_AT = 1024 + 0x68   # in an ext file system: the superblock, s_uuid


def shared_uuid(raw, role):
    """The partition's file system gets a UUID of the flashed image's, as a build of balenaOS does."""
    with tempfile.TemporaryDirectory(prefix="uuid-") as name:
        part, size = KIND.parts()[role], KIND.size_mib(role) * disk.MIB
        scratch = Path(name) / "part"
        with open(raw, "rb") as file:
            file.seek(part.start * KIND.sector)
            scratch.write_bytes(file.read(size))
        cache.run(["e2fsck", "-fy", scratch])
        cache.run(["tune2fs", "-U", f"{PREFIX}-0000-4000-8000-{EXT4.index(role):012x}", scratch])
        disk.copy_into(scratch, raw, part.start * KIND.sector)


def flashed(folder):
    """A device: the image on a larger disk, qcow2."""
    def build(path):
        path.write_bytes(growing.image(KIND).read_bytes())
        for role in EXT4:
            shared_uuid(path, role)

    base = cache.cached("firstboot.raw", cache.key_of(growing.image(KIND), Path(__file__)), build)
    path = harness.overlay(base, folder, "device")
    cache.run(["qemu-img", "resize", "-q", path, f"{SIZE_MIB}M"])
    return path


def boot(image, device):
    """Microseconds to the target's first line, and what it saw."""
    with harness.Machine(image, append="panic=1", machine="pc", options=growing.options(device, KIND)) as vm:
        target = vm.report()
        stamps = [float(vm.wait_for(mark, 10)[1].group(1)) for mark in (measure.INIT, measure.MARKER)]
        vm.wait_exit()
    return int((stamps[1] - stamps[0]) * 1e6), target


def made_of(device, folder):
    """What must be true behind either: no shared UUID, a data partition that ends with the disk, sound file systems."""
    raw = growing.raw_of(device, folder)
    parts, found = growing.parts_of(raw, KIND), {}
    with open(raw, "rb") as file:
        for role in EXT4:
            file.seek(parts[KIND.number(role)].start * KIND.sector + UUID_AT)
            found[role] = file.read(4).hex()
    left = SIZE_MIB * disk.MIB // KIND.sector - parts[KIND.number("data")].end
    size = growing.check_data(growing.data_of(raw, KIND, folder), folder)
    cache.remove(raw)
    return {"shared": [role for role, uuid in found.items() if uuid == PREFIX],
            "left_mib": left * KIND.sector // disk.MIB,
            "data_mib": size // disk.MIB}


def turn(images, folder):
    """Row -> (first boot, ordinary boot), microseconds."""
    taken = {}
    for row in ROWS:
        device = flashed(folder)
        first, target = boot(images[row], device)
        boot(images[row], device)
        ordinary, again = boot(images[row], device)
        made = made_of(device, folder)
        if made["shared"] or made["left_mib"] > 2 or made["data_mib"] < SIZE_MIB // 2:
            raise harness.BootError(f"{row} has left work undone: {made}")
        ids = [seen.files["/etc/machine-id"].data for seen in (target, again)]
        if ids[0] != ids[1] or len(ids[0]) != 33:
            raise harness.BootError(f"{row} has not kept its machine-id: {ids}")
        taken[row] = (first, ordinary)
    return taken


def table(turns):
    """Markdown: medians in milliseconds."""
    lines = ["| /init to the target's init | first boot, ms | ordinary boot, ms |", "|---|---:|---:|"]
    for row in ROWS:
        first, second = (statistics.median(one[row][which] for one in turns) / 1000 for which in (0, 1))
        lines.append(f"| {row} | {first:.0f} | {second:.0f} |")
    return "\n".join(lines) + "\n"


def image_of(row, program, folder):
    own = kernel.initramfs(program, "--fsck")
    if row == "anteroot":
        return own
    return grow.shell_initramfs(own, folder, "rival-firstboot.sh", TOOLS)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    FOLDER.mkdir(parents=True, exist_ok=True)
    turns = []
    with tempfile.TemporaryDirectory(prefix="firstboot-") as name:
        images = {row: image_of(row, cache.PROJECT / "build/anteroot", Path(name)) for row in ROWS}
        for number in range(runs):
            turns.append(turn(images, Path(name)))
            print(f"  {number + 1}/{runs}  {turns[-1]}", file=sys.stderr, flush=True)
    (FOLDER / "firstboot.json").write_text(json.dumps(turns, indent=1), encoding="ascii")
    (FOLDER / "firstboot.md").write_text(table(turns), encoding="ascii")
    print(table(turns))
    medians = {row: statistics.median(one[row][0] for one in turns) for row in ROWS}
    if medians["anteroot"] >= medians["shell"]:
        print("anteroot's first boot is not the quicker one", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (harness.BootError, subprocess.CalledProcessError) as error:
        sys.exit(f"firstboot: {error}")
