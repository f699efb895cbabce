# SPDX-License-Identifier: LGPL-2.1-or-later
"""A cache of built things below build/image, named by what went into them."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("ANTEROOT_IMAGE_CACHE") or PROJECT / "build/image")

# What lands in images must not depend on who builds them.
os.umask(0o022)

# Called with one line whenever something is really built; the demo prints it.
announce = lambda line: None    # noqa: E731


class ToolError(Exception):
    """A system tool is missing or failed; the text names it."""


def run(command, **options):
    """Run a tool; its output is shown only when it fails."""
    command = [str(word) for word in command]
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    env = {**os.environ, "PATH": path, "LC_ALL": "C", **options.pop("env", {})}
    if shutil.which(command[0], path=path) is None:
        raise ToolError(f"unable to run {command[0]}: it is not installed")
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=env, check=False, **options)
    if result.returncode != 0:
        output = (result.stdout + result.stderr).decode(errors="replace").strip()
        raise ToolError(f"unable to run {' '.join(command)}: exit {result.returncode}\n{output}")
    return result.stdout.decode(errors="replace")


def key_of(*parts):
    """A short name for everything in parts (bytes, text, paths of files, tuples)."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            part = part.read_bytes()
        elif not isinstance(part, bytes):
            part = repr(part).encode()
        digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def locked(name):
    """One builder at a time for each name: tests run in several processes."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / f".{name}.lock", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def cached(name, key, build, what=None):
    """The path of a finished thing; build(scratch path) makes it when it is absent.

    The scratch path is renamed when it is complete, so that an interrupted
    build is never taken for a finished one.
    """
    stem, dot, suffix = name.partition(".")
    target = FOLDER / f"{stem}-{key}{dot}{suffix}"
    if target.exists():
        return target
    with locked(target.name):
        if not target.exists():
            if what:
                announce(what)
            scratch = target.with_name(target.name + ".new")
            remove(scratch)
            try:
                build(scratch)
                os.replace(scratch, target)
            finally:
                for left in FOLDER.glob(scratch.name + "*"):
                    remove(left)
    return target


def remove(path):
    """Remove a file or a tree, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
