# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same configuration delivered by anteroot and by a shell script with jq, and what each spends."""

import base64
import json
import os
import shutil
import stat
from pathlib import Path
from typing import NamedTuple

import images
from image import cache

SAMPLE = cache.PROJECT / "tests/samples/seed-config.json"
RIVAL = cache.PROJECT / "tests/bench/rival-config.sh"
DIRECTORIES = ("etc/ssl/certs", "home/root", "run", "usr/sbin")
READERS = ("chronyd", "dnsmasq", "NetworkManager")
ACCOUNTS = "root:x:0:0:root:/home/root:/bin/sh\n"
CERTIFICATES = 140      # as many as Debian's bundle has
CONNECTION = """[connection]
id=works
type=wifi

[wifi]
ssid=Works

[wifi-security]
key-mgmt=wpa-psk
psk=not a real one
"""


class Spent(NamedTuple):
    """What one run of a command took, with all processes that it waited for."""

    status: int
    usec: int           # user and system together
    kib: int            # peak memory of its largest process


class Folder:
    """A place for the runs: a boot partition, and roots to deliver into."""

    def __init__(self, path):
        self.path = path
        self.boot = path / "boot"
        self.output = path / "output"
        self.spent = images.build_program("spent")
        self.boot.mkdir()

    def root(self, name="root"):
        """A fresh root, as small as one can be that has all readers of the configuration."""
        root = self.path / name
        shutil.rmtree(root, ignore_errors=True)
        for folder in DIRECTORIES:
            (root / folder).mkdir(parents=True)
        for reader in READERS:
            (root / "usr/sbin" / reader).touch()
        (root / "etc/passwd").write_text(ACCOUNTS, encoding="ascii")
        return root

    def run(self, *command):
        """Run a command, and say what it took. Its output goes to a file."""
        result = self.path / "spent"
        with self.output.open("wb") as output:
            measured = os.posix_spawn(
                self.spent, [self.spent, result, *command], os.environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, output.fileno(), fd) for fd in (1, 2)])
        _, status = os.waitpid(measured, 0)
        if status != 0:
            raise cache.ToolError(f"unable to run {command[0]}: {self.output_text()}")
        return Spent(*map(int, result.read_text(encoding="ascii").split()))

    def output_text(self):
        return self.output.read_text(encoding="utf-8", errors="replace").strip()

    def apply(self, root, *options, statuses=(0,)):
        return self.expect(statuses, images.PROGRAM, "apply", "--root", root, "--boot", self.boot,
                           *options)

    def check(self, statuses=(0,)):
        return self.expect(statuses, images.PROGRAM, "check", self.boot / "config.json")

    def rival(self, root):
        return self.expect((0,), "sh", RIVAL, root, self.boot)

    def expect(self, statuses, *command):
        spent = self.run(*command)
        if spent.status not in statuses:
            raise cache.ToolError(f"{' '.join(map(str, command))}: exit {spent.status}\n"
                                  f"{self.output_text()[-2000:]}")
        return spent


def certificate(folder, name):
    """A new certificate, in PEM."""
    key, pem = folder / f"{name}.key", folder / f"{name}.pem"
    cache.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
               "-subj", f"/O=anteroot/CN={name}", "-keyout", key, "-out", pem])
    return pem.read_text(encoding="ascii")


class Job:
    """The sample with a certificate and a connection, and the rows to measure."""

    def __init__(self, path):
        self.folder = Folder(path)
        owner, other = (certificate(path, name) for name in ("owner", "other"))
        config = json.loads(SAMPLE.read_text(encoding="utf-8"))
        config["balenaRootCA"] = base64.b64encode(owner.encode()).decode()
        self.bundle = other * CERTIFICATES
        (self.folder.boot / "config.json").write_text(json.dumps(config, indent=2) + "\n",
                                                      encoding="utf-8")
        (self.folder.boot / "system-connections").mkdir()
        (self.folder.boot / "system-connections/works").write_text(CONNECTION, encoding="ascii")

    def root(self, name):
        root = self.folder.root(name)
        (root / "etc/ssl/certs/ca-certificates.crt").write_text(self.bundle, encoding="ascii")
        return root

    def state(self):
        state = self.folder.path / "state"
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir()
        return state

    def turn(self):
        """Row -> what it took, each once; what was delivered is compared."""
        folder, ours, theirs = self.folder, self.root("ours"), self.root("theirs")
        spent = {"anteroot-cold": folder.apply(ours), "shell-cold": folder.rival(theirs)}
        before = snapshot(ours)
        spent["anteroot-warm"] = folder.apply(ours)
        if snapshot(ours) != before:
            raise cache.ToolError("the second delivery has written something")
        spent["shell-warm"] = folder.rival(theirs)
        compare(contents(ours), contents(theirs))
        spent["anteroot-keep"] = folder.apply(self.root("kept"), "--state", self.state())
        spent["anteroot-check"] = folder.check()
        return spent


def snapshot(root):
    """Path -> inode and times: any write changes them."""
    found = {}
    for path in [root, *sorted(root.rglob("*"))]:
        status = path.lstat()
        found[path] = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    return found


NOTES = "etc/anteroot"


def contents(root):
    """Path -> mode and bytes of all that is in a root, without anteroot's notes on its own files."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if name != NOTES and not name.startswith(f"{NOTES}/"):
            mode = stat.S_IMODE(path.stat().st_mode)
            found[name] = (mode, path.read_bytes() if path.is_file() else None)
    return found


def compare(ours, theirs):
    """The two must have delivered the same."""
    differing = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    if differing:
        raise cache.ToolError(f"anteroot and the shell have delivered different files: "
                              f"{', '.join(differing)}")
