# SPDX-License-Identifier: LGPL-2.1-or-later
"""A device that runs, for the applets that are called in one: a disk of loop devices, seen as vda.

Everything is mounted in a mount namespace of its own, with a /sys and a /dev that know nothing but this disk; the
program is called in a chroot that is the mounted slot. A boot is tests/tools/boot.c: it decides and counts as the
initramfs does.
"""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import uuid
from pathlib import Path

import jsonschema

from conftest import PROGRAM, PROJECT

VARIANT = "glibc-cov" if os.environ.get("COVERAGE") == "1" else "glibc-san"
BOOTS = PROJECT / "build/tests" / VARIANT / "tools/boot"
PARTS = (("boot", "resin-boot"), ("rootA", "resin-rootA"), ("rootB", "resin-rootB"),
         ("state", "resin-state"))
MIB = 1024 * 1024
SIZE = 8 * MIB
STATUS = jsonschema.Draft202012Validator(
    json.loads((PROJECT / "docs/status.schema.json").read_text(encoding="utf-8")))
BREADCRUMBS = {"rollback-health-breadcrumb", "rollback-altboot-breadcrumb"}


def sh(*words, **options):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True,
                          **options).stdout.strip()


def available():
    """Whether loop devices and mounts can be had."""
    if os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "-m", "losetup", "-f"], check=False,
                          capture_output=True).returncode == 0


class Machine:
    """One device; `slot` runs."""

    def __init__(self, folder):
        self.folder, self.loops, self.holder = folder, [], None
        self.image = folder / "disk.img"
        self.slot, self.boot_id = "A", ""
        self.inside = folder / "m"

    def start(self):
        self._make_disk()
        (self.inside / "dev").mkdir(parents=True)
        self.holder = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c",
                                        "echo ready; exec sleep 1000"], stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"ready\n"
        self._make_devices()
        for slot in "AB":
            self._mount_root(slot)
        self.boot()

    def stop(self):
        if self.holder:
            self.holder.kill()
            self.holder.wait()
            self.holder.stdout.close()
        for loop in self.loops:
            subprocess.run(["losetup", "-d", loop], check=False, capture_output=True)

    def _make_disk(self):
        table = "label: gpt\n" + "".join(f"start={2048 + i * SIZE // 512}, size={SIZE // 512}, "
                                         f"name={name}\n" for i, (name, _) in enumerate(PARTS))
        with self.image.open("wb") as image:
            image.truncate((len(PARTS) + 1) * SIZE)
        sh("sfdisk", "-q", self.image, input=table)
        for i, (_, label) in enumerate(PARTS):
            sh("mke2fs", "-q", "-t", "ext4", "-b", "1024", "-L", label, "-E",
               f"offset={MIB + i * SIZE}", self.image, SIZE // 1024)

    def _loop(self, *options):
        loop = sh("losetup", "-f", "--show", *options, self.image)
        self.loops.append(loop)
        return os.stat(loop).st_rdev

    def _make_devices(self):
        self.ns("mount", "-t", "tmpfs", "-o", "mode=755", "dev", self.inside / "dev")
        devices = [("vda", self._loop(), 0)]
        for i in range(len(PARTS)):
            number = self._loop("--offset", MIB + i * SIZE, "--sizelimit", SIZE)
            devices.append((f"vda{i + 1}", number, i + 1))
        script = "mknod -m 666 dev/null c 1 3\nmkdir -p sys/class/block\n"
        for name, number, part in devices:
            where = f"devices/virtual/vda/{name}" if part else "devices/virtual/vda"
            partn = f"PARTN={part}\\n" if part else ""
            script += (f"mknod dev/{name} b {os.major(number)} {os.minor(number)}\n"
                       f"mkdir -p sys/{where}\necho {SIZE // 512} >sys/{where}/size\n"
                       f"echo 0 >sys/{where}/ro\nln -s ../../{where} sys/class/block/{name}\n"
                       f"printf 'MAJOR={os.major(number)}\\nMINOR={os.minor(number)}\\n{partn}' "
                       f">sys/{where}/uevent\n")
        self.ns("sh", "-ec", script, cwd=self.inside)

    def _mount_root(self, slot):
        self.ns("sh", "-ec", f"""
            mkdir -p {slot} run usr-up
            mount -t ext4 dev/vda{2 if slot == "A" else 3} {slot}
            cd {slot}
            mkdir proc sys dev run usr tmp etc mnt mnt/boot mnt/state
            for name in bin sbin lib lib64; do ln -s usr/$name $name; done
            mount -t tmpfs tmpfs ../usr-up && mkdir -p ../usr-up/up ../usr-up/work
            mount -t overlay -o lowerdir=/usr,upperdir=../usr-up/up,workdir=../usr-up/work usr usr
            mount -t proc proc proc
            mount --bind ../sys sys
            mount --bind ../dev dev
            mount -t tmpfs tmpfs tmp
            touch tmp/anteroot tmp/boot tmp/boot_id
            mount --bind {PROGRAM} tmp/anteroot
            mount --bind {BOOTS} tmp/boot
            """, cwd=self.inside)
        self.mount("boot", slot=slot)
        self.mount("state", slot=slot)

    def ns(self, *words, check=True, **options):
        """A command in the namespace."""
        where = options.pop("cwd", "/")
        done = subprocess.run(["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", "sh", "-c",
                               'cd "$0" && exec "$@"', str(where), *map(str, words)],
                              check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, **options)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def at(self, path, slot=None):
        return self.inside / (slot or self.slot) / path.lstrip("/")

    def mount(self, part, options="rw", slot=None):
        number = [name for name, _ in PARTS].index(part) + 1
        self.ns("mount", "-t", "ext4", "-o", options, self.inside / f"dev/vda{number}",
                self.at(f"mnt/{part}", slot))

    def umount(self, part):
        for slot in "AB":
            self.ns("umount", self.at(f"mnt/{part}", slot))

    def copies(self):
        """Where in the image the copies of the record are; the boot partition must not be mounted."""
        self.run("sync")
        data = self.image.read_bytes()
        return [at for at in range(MIB, MIB + SIZE, 512)
                if data[at:at + 8] == b"anteroot" and data[at + 16] < 2]

    def env(self, name):
        """A loader's environment, as it lies on the disk: the program writes past the file system's cache."""
        text = self.run("dd", f"if=/mnt/boot/{name}", "iflag=direct", "bs=1024",
                        "status=none").stdout
        return dict(line.split("=", 1) for line in text.splitlines()
                    if "=" in line and line[0] != "#")

    def loader_counts(self, name):
        """What a loader does before the kernel: one more, for this transaction."""
        found = self.env(name)
        same = found["anteroot_count_for"] == found["anteroot_txn"]
        count = int(found["bootcount"]) + 1 if same else 1
        self.run("sh", "-ec", """
            dd if="$1" iflag=direct bs=1024 status=none |
            sed "s/^bootcount=.*/bootcount=$2/; s/^anteroot_count_for=.*/anteroot_count_for=$3/" \
                >/run/env
            dd if=/run/env of="$1" oflag=direct bs=1024 conv=notrunc status=none
            """, "sh", f"/mnt/boot/{name}", count, found["anteroot_txn"])

    def run(self, *words, env=None, check=True):
        """A command in the slot that runs."""
        return self.ns("env", *(f"{k}={v}" for k, v in (env or {}).items()), "chroot",
                       self.inside / self.slot, *words, check=check)

    def anteroot(self, *words, expect=0, **options):
        done = self.run("/tmp/anteroot", *words, check=False, **options)
        assert done.returncode == expect, (done.returncode, done.stdout + done.stderr)
        return done

    def boot(self):
        """The initramfs' part of a boot, and the slot it chose."""
        self.boot_id = str(uuid.uuid4())
        for slot in "AB":
            # A new /run, and the kernel's new name of this boot.
            self.ns("sh", "-ec", f"""
                umount run 2>/dev/null || :; mount -t tmpfs tmpfs run
                mkdir run/anteroot
                ! test -e etc/anteroot/anteroot.json || cp etc/anteroot/anteroot.json run/anteroot
                echo {self.boot_id} >tmp/boot_id
                umount proc/sys/kernel/random/boot_id 2>/dev/null || :
                mount --bind tmp/boot_id proc/sys/kernel/random/boot_id
                """, cwd=self.inside / slot)
        words = self.run("/tmp/boot").stdout.split()
        if words[0] in "AB":
            self.slot = words[0]
        told = {"boot_id": self.boot_id, "slot": self.slot, "transaction": int(words[1]),
                "candidate": words[2] == "1", "reason_name": words[3], "reason": words[3],
                "boot_disk": "vda", "failed": []}
        self.write("/run/anteroot/state.json", json.dumps(told))
        return self.slot

    def write(self, path, text, mode=0o644):
        self.ns("sh", "-ec", 'mkdir -p "$(dirname "$1")"; printf %s "$2" >"$1"; chmod "$3" "$1"',
                "sh", self.at(path), text, oct(mode)[2:])

    def read(self, path):
        return self.run("cat", path).stdout

    def names(self, path):
        return set(self.run("ls", "-A", path).stdout.split())

    def breadcrumbs(self):
        return self.names("/mnt/state") - {"lost+found"}

    def status(self, expect=0):
        """What `status --json` says; it must be of the form that docs/status.schema.json has."""
        found = json.loads(self.anteroot("status", "--json", expect=expect).stdout)
        STATUS.validate(found)
        return found

    def terminal(self, *words, columns=80, env=None):
        """What the program shows on a terminal of that width, and its exit status."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        env = {"PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8", **(env or {})}
        with subprocess.Popen(["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", "env", "-i",
                               *(f"{k}={v}" for k, v in env.items()), "chroot", self.inside / self.slot,
                               "/tmp/anteroot", *words], stdin=subprocess.DEVNULL, stdout=theirs,
                              stderr=subprocess.PIPE) as process:
            os.close(theirs)
            said = b""
            while part := self._read(ours):
                said += part
            os.close(ours)
        return said.decode().replace("\r\n", "\n"), process.returncode

    @staticmethod
    def _read(file):
        try:
            return os.read(file, 65536)
        except OSError:         # a terminal without its other end
            return b""

    def configure(self, **boot_state):
        for slot in "AB":
            for where in ("etc/anteroot", "run/anteroot"):
                self.ns("mkdir", "-p", self.at(where, slot))
                path = self.at(f"{where}/anteroot.json", slot)
                self.ns("sh", "-c", 'printf %s "$1" >"$0"', path,
                        json.dumps({"bootState": boot_state}))

    def check(self, name, script, where="/etc", mode=0o755):
        """A health check, in both slots."""
        for slot in "AB":
            path = self.at(f"{where}/anteroot/health.d/{name}", slot)
            self.ns("sh", "-ec", 'mkdir -p "$(dirname "$1")"; printf %s "$2" >"$1"; chmod "$3" "$1"',
                    "sh", path, f"#!/bin/sh\n{script}\n", oct(mode)[2:])
