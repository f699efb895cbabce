# SPDX-License-Identifier: LGPL-2.1-or-later
"""Throw-away Debian trees of a release: what is installed, built or removed there leaves the machine alone.

A tree is a tar in the cache. mmdebstrap makes it and enters it again, as root or in a user namespace.
"""

import tempfile
from pathlib import Path

from . import packages
from .cache import run

# Its user in a namespace could not make them; it has its own.
NO_DEVICES = ("--skip=output/dev,output/mknod,cleanup/reproducible",)
NOWHERE = "/dev/null"


def _add_dev(tree):
    """The folder alone, for the kernel to mount its own over."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "dev").mkdir()
        run(["tar", "-rf", tree, "--owner=0", "--group=0", "--mode=755", "-C", folder, "./dev"])


def make(suite, target, include, options=(), env=None):
    """A tree with these packages, none of those that they only recommend."""
    run(["mmdebstrap", "--quiet", "--variant=essential", "--format=tar", "--include", ",".join(include),
         "--aptopt=Apt::Install-Recommends false", *NO_DEVICES, *options, suite, target, "-"],
        input="\n".join(packages.sources(suite)).encode() + b"\n", env=env or {})


def enter(tree, script, files=None, out=None, target=NOWHERE):
    """Runs a shell script in a copy of a tree.

    files: a tar, unpacked in /work. out: where what the script leaves in /work/out comes to, as out.tar.
    target: a tar of the tree as the script leaves it.
    """
    command = ["mmdebstrap", "--quiet", "--variant=custom", "--skip=update,cleanup", *NO_DEVICES,
               f"--format={'null' if target == NOWHERE else 'tar'}",
               f"--setup-hook=tar-in '{tree}' /", '--customize-hook=mkdir -p "$1/work/out"']
    if files:
        command.append(f"--customize-hook=tar-in '{files}' /work")
    # a quoted word of a shell: the script is an argument, so that nothing has to be found in the tree
    quoted = "'" + script.replace("'", "'\\''") + "'"
    command.append(f'--customize-hook=env -i PATH="$PATH" HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive '
                   f'chroot "$1" sh -euc {quoted}')
    if out:
        command.append(f"--customize-hook=tar-out /work/out '{Path(out) / 'out.tar'}'")
    command += ['--customize-hook=rm -rf "$1/work"', "", target]
    run(command)
    if target != NOWHERE:
        _add_dev(target)
    if out:
        run(["tar", "-xf", Path(out) / "out.tar", "-C", out, "--strip-components=1", "--no-same-owner"])
        (Path(out) / "out.tar").unlink()
