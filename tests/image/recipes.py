# SPDX-License-Identifier: LGPL-2.1-or-later
"""Yocto's recipes and Buildroot's package as their builders would see them: as much as can be known without these."""

import re
import shutil
from pathlib import Path

from .cache import PROJECT, cached, key_of, run
from .packages import APT

YOCTO = PROJECT / "dist/yocto"
BUILDROOT = PROJECT / "dist/buildroot"
ASSIGNMENT = re.compile(r'^([\w:\[\].${}-]+)\s*(\?\?=|\?=|:=|\+=|=\+|=)\s*"(.*)"$', re.DOTALL)


def versions():
    """The pinned versions, Debian source package -> version."""
    text = (PROJECT / "lib/third-party/versions.mk").read_text(encoding="utf-8")
    found = dict(re.findall(r"^(\w+)_VERSION\s*\?=\s*(\S+)$", text, re.M))
    return {name.lower().replace("_", "-"): found[name] for name in ("UTIL_LINUX", "KMOD", "CJSON", "KLIBC")}


def archives():
    """The folder with the archives of the pinned versions; apt has verified them."""
    wanted = [f"{name}={version}" for name, version in versions().items()]

    def build(folder):
        run([APT, "--suite", "bookworm", "archives", folder, *wanted])
        for path in folder.glob("*.dsc"):
            path.unlink()

    return cached("archives", key_of(wanted), build)


class Recipe:
    """The variables and tasks of a BitBake recipe that sets its variables one a statement."""

    def __init__(self, path, **given):
        self.path, self.variables, self.tasks = path, dict(given), {}
        text = re.sub(r"\\\n", "", path.read_text(encoding="utf-8"))
        for name, body in re.findall(r"^(do_\w+)\(\) \{\n(.*?)^\}", text, re.M | re.S):
            self.tasks[name] = body
        rest = re.sub(r"^do_\w+\(\) \{\n.*?^\}", "", text, flags=re.M | re.S)
        for line in rest.splitlines():
            self._statement(line)

    def _statement(self, line):
        if not line.strip() or line.startswith(("#", "inherit ")):
            return
        match = ASSIGNMENT.match(line)
        if not match:
            raise ValueError(f"{self.path.name}: not a statement: {line}")
        name, how, value = self.expand(match.group(1)), *match.groups()[1:]
        before = self.variables.get(name)
        if how in ("?=", "??="):
            value = value if before is None else before
        elif how == "+=":
            value = f"{before or ''} {value}"
        elif how == "=+":
            value = f"{value} {before or ''}"
        self.variables[name] = value

    def get(self, name):
        """A variable's value, expanded; None when it is not set."""
        value = self.variables.get(name)
        return None if value is None else self.expand(value)

    def expand(self, text):
        """Text with ${VARIABLE} and ${@expression}."""
        def one(match):
            word = match.group(1)
            if word.startswith("@"):
                data = type("Data", (), {"getVar": staticmethod(self.get)})
                return str(eval(word[1:], {"d": data, "os": __import__("os")}))  # pylint: disable=eval-used
            value = self.get(word)
            if value is None:
                raise ValueError(f"{self.path.name}: {word} is not set")
            return value
        return re.sub(r"\$\{(@[^}]*|[\w-]+)\}", one, text)

    def run(self, task):
        """A task's commands, as BitBake's shell would run them."""
        make = f"oe_runmake() {{ make {self.get('EXTRA_OEMAKE') or ''} \"$@\"; }}\n"
        run(["sh", "-ec", make + self.expand(self.tasks[task])])


def copy_of_the_sources(folder):
    """What git has, as a checkout."""
    files = run(["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=PROJECT).split("\0")
    for name in filter(None, files):
        if (PROJECT / name).exists():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, target, follow_symlinks=False)


def headers(deb_arch, triplet, folder):
    """The kernel's headers as a sysroot has them, from what `make` has unpacked."""
    (found,) = Path(PROJECT / "build/headers").glob(f"{deb_arch}-*/usr/include")
    for name, source in (("linux", found / "linux"), ("asm-generic", found / "asm-generic"),
                         ("asm", found / triplet / "asm")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(source)
