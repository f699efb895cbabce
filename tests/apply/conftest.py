# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of `anteroot check`, `plan` and `apply` start from: a program, a root, a boot folder."""

import base64
import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("ANTEROOT") or PROJECT / "build/anteroot")
SAMPLE = PROJECT / "tests/samples/seed-config.json"
READERS = ("usr/sbin/chronyd", "usr/sbin/dnsmasq", "usr/sbin/NetworkManager",
           "lib/systemd/systemd-timesyncd", "lib/systemd/systemd-resolved")
DONE, NO, USAGE, SYSTEM = 0, 1, 2, 3
NOTHING = {"deviceType": "generic"}      # a configuration that asks for nothing

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to their owners")


def run(*words, **options):
    """The program with these arguments; the completed process with its text."""
    return subprocess.run([str(PROGRAM), *map(str, words)], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=60,
                          **options)


def traced(log, calls, *words, follow=False):
    """The program under strace: the calls end up in log. A tracer of its own it cannot have then."""
    options = ["-f"] if follow else []
    env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    return subprocess.run(["strace", *options, "-qq", "-e", f"trace={calls}", "-o", log, PROGRAM,
                           *map(str, words)], check=True, capture_output=True, text=True, env=env)


def certificate(name="Test CA", folder=None):
    """A fresh self-signed certificate in PEM."""
    done = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                           "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null", "-days", "30",
                           "-subj", f"/CN={name}"], check=True, capture_output=True, cwd=folder)
    return done.stdout.decode()


def as_value(pem):
    """What balenaRootCA holds."""
    return base64.b64encode(pem.encode()).decode()


class Device:
    """A root, a boot partition's folder and a state partition's, as a boot would find them."""

    def __init__(self, folder):
        self.root, self.boot, self.state = (folder / name for name in ("root", "boot", "state"))
        for name in ("etc", "root", "run", "etc/udev/rules.d", "etc/ssl/certs", "tmp", "home"):
            (self.root / name).mkdir(parents=True)
        (self.root / "root").chmod(0o700)
        for name in READERS:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).touch()
        self.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        self.write("etc/group", "root:x:0:\nsystemd-journal:x:789:\n")
        self.write("etc/hostname", "image\n")
        self.write("etc/ssl/certs/ca-certificates.crt", "# the image's own\n")
        self.boot.mkdir()
        self.state.mkdir()

    def write(self, path, text, mode=0o644):
        """A file of the root as the image has it."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(mode)

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8")

    def has(self, path):
        return os.path.lexists(self.root / path)

    def configure(self, config):
        """config.json: an object, or text or bytes as they are; None: there is none."""
        path = self.boot / "config.json"
        if config is None:
            path.unlink(missing_ok=True)
        elif isinstance(config, bytes):
            path.write_bytes(config)
        else:
            path.write_text(config if isinstance(config, str) else json.dumps(config),
                            encoding="utf-8")

    def words(self, state=True):
        return ["--root", self.root, "--boot", self.boot,
                *(["--state", self.state] if state else [])]

    def apply(self, config=..., expect=DONE, state=True):
        """Deliver; the report."""
        if config is not ...:
            self.configure(config)
        done = run("apply", *self.words(state), "--json")
        assert done.returncode == expect, done.stdout + done.stderr
        return json.loads(done.stdout)

    def tree(self, outside=("run",)):
        """Path -> (mode, uid, gid, content's hash) of all in the root."""
        found = {}
        for folder, folders, files in os.walk(self.root):
            for name in folders + files:
                path = Path(folder, name)
                inner = str(path.relative_to(self.root))
                if inner.split("/")[0] in outside:
                    continue
                info = path.lstat()
                content = ""
                if path.is_symlink():
                    content = os.readlink(path)
                elif path.is_file():
                    content = hashlib.sha256(path.read_bytes()).hexdigest()
                found[inner] = (oct(info.st_mode), info.st_uid, info.st_gid, content)
        return found


@pytest.fixture
def device(tmp_path):
    return Device(tmp_path)


@pytest.fixture
def sample():
    return json.loads(SAMPLE.read_text(encoding="utf-8"))


def keys_of(report):
    """Key -> what the report says of it."""
    return {item["key"]: item for item in report["config"]["keys"]}
