# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian packages through the project's private apt configuration."""

from .cache import PROJECT, run

APT = PROJECT / "lib/third-party/apt-private"
SUITE = "bookworm"
ARCHITECTURE = "amd64"


def _select(arch, suite):
    return (APT, "--suite", suite, "--arch", arch)


def version(package, arch=ARCHITECTURE, suite=SUITE):
    """The version apt would install."""
    return run([*_select(arch, suite), "version", package]).split()[-1]


def unpack(package, folder, arch=ARCHITECTURE, suite=SUITE):
    """The package's files, below folder."""
    folder.mkdir(parents=True, exist_ok=True)
    run([*_select(arch, suite), "unpack", folder, package])


def depends(package, folder, arch=ARCHITECTURE, suite=SUITE):
    """The packages one package depends on, from its own control file."""
    folder.mkdir(parents=True, exist_ok=True)
    run([*_select(arch, suite), "download", folder, package])
    (archive,) = folder.glob(f"{package}_*.deb")
    fields = run(["dpkg-deb", "--field", archive, "Depends"]).split(",")
    return [field.split()[0] for field in fields]


def sources(suite=SUITE, arch=ARCHITECTURE):
    """Lines for a sources.list: the Debian entries of the machine's own apt."""
    version("base-files", arch, suite=suite)    # makes the configuration if it is not there yet
    listing = PROJECT / f"build/apt/{suite}-{arch}/sources.list"
    lines = listing.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("deb ")]
