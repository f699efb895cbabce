# SPDX-License-Identifier: LGPL-2.1-or-later
"""dist/yocto and dist/buildroot: what they fetch is what versions.mk has, and their steps build the program."""

import hashlib
import re
import subprocess

import pytest

from image import cache, recipes
from image.cache import PROJECT

VERSION = (PROJECT / "VERSION").read_text(encoding="ascii").strip()
PACKAGE = recipes.BUILDROOT / "package/anteroot"
CROSS, TRIPLET = "arm-linux-gnueabihf-", "arm-linux-gnueabihf"


def sums(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def recipe(name, **given):
    (path,) = recipes.YOCTO.glob(f"recipes-*/*/{name}")
    return recipes.Recipe(path, THISDIR=str(path.parent), DEBIAN_MIRROR="mirror", COMMON_LICENSE_DIR="common",
                          **{"WORKDIR": "work", "BP": "anteroot-git", "PN": "anteroot", **given})


# --- what is fetched ---------------------------------------------------------

def test_yocto_fetches_what_is_pinned():
    anteroot = recipe("anteroot_git.bb")
    fetched = {}
    for entry in anteroot.get("SRC_URI").split():
        url, *fields = entry.split(";")
        if not url.startswith("git://"):
            name = dict(field.split("=") for field in fields)["name"]
            fetched[url.rpartition("/")[2]] = anteroot.get(f"SRC_URI[{name}.sha256sum]")
            source = re.match("[a-z-]+", url.rpartition("/")[2]).group(0)
            assert url.startswith(f"mirror/main/{source[0]}/{source}/")
    assert fetched == sums(recipes.archives())


def test_buildroot_fetches_what_is_pinned():
    lines = [line.split("  ") for line in (PACKAGE / "anteroot.hash").read_text(encoding="ascii").splitlines()
             if line and not line.startswith("#")]
    assert all(len(line) == 3 and line[0] == "sha256" for line in lines)
    hashes = {name: digest for _, digest, name in lines}
    assert hashes.pop("LICENSE") == hashlib.sha256((PROJECT / "LICENSE").read_bytes()).hexdigest()
    assert hashes == sums(recipes.archives())
    assert sorted(buildroot("downloads", "/none").split()) == sorted(hashes)


def test_versions_and_licenses():
    anteroot = recipe("anteroot_git.bb")
    assert anteroot.get("PV") == f"{VERSION}+git"
    assert f"ANTEROOT_VERSION = {VERSION}\n" in (PACKAGE / "anteroot.mk").read_text(encoding="ascii")
    checked = re.search(r"file://LICENSE;md5=(\w+)", anteroot.get("LIC_FILES_CHKSUM")).group(1)
    assert checked == hashlib.md5((PROJECT / "LICENSE").read_bytes()).hexdigest()
    assert anteroot.get("ANTEROOT_REPOSITORY") == str(PROJECT)


@pytest.mark.parametrize("given, expected", [({}, "work"), ({"UNPACKDIR": "unpacked"}, "unpacked")])
def test_yocto_before_and_after_unpackdir(given, expected):
    assert recipe("anteroot_git.bb", **given).get("S") == f"{expected}/anteroot-git"


def test_archives_are_the_sources(tmp_path):
    """Unpacked and patched without apt, they are what apt leaves."""
    cache.run([PROJECT / "lib/third-party/archives", "sources", recipes.archives(), tmp_path / "ours"])
    wanted = [f"{name}={version}" for name, version in recipes.versions().items()]
    cache.run([recipes.APT, "--suite", "bookworm", "source", tmp_path / "apt", *wanted])
    for name in recipes.versions():
        (theirs,) = (tmp_path / "apt").glob(f"{name}-[0-9]*")
        cache.run(["diff", "-r", "--no-dereference", "--exclude=.pc", theirs, tmp_path / "ours" / name])


@pytest.mark.parametrize("break_it, message", [
    (lambda folder: next(folder.glob("kmod_*.debian*")).unlink(),
     r"unable to choose .*/kmod_\*\.debian\.tar\.\*: 0 files, expected one"),
    (lambda folder: (folder / "kmod_31.orig.tar.xz").touch(),
     r"unable to choose .*/kmod_\*\.orig\.tar\.\*: 2 files, expected one"),
])
def test_archives_that_are_not_there(tmp_path, break_it, message):
    cache.run(["cp", "-r", recipes.archives(), tmp_path / "archives"])
    break_it(tmp_path / "archives")
    done = subprocess.run([PROJECT / "lib/third-party/archives", "sources", tmp_path / "archives", tmp_path / "out"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 3 and re.search(message, done.stderr)


@pytest.mark.parametrize("arguments, message", [
    (["klibc", "SRC", "/nowhere", "OUT"], "unable to find the kernel's headers: no linux/ in /nowhere"),
    (["sources"], "archives sources ARCHIVES DIR"), ([], "archives klibc SOURCE HEADERS DIR"),
])
def test_archives_used_badly(tmp_path, arguments, message):
    (tmp_path / "SRC").mkdir()
    done = subprocess.run([PROJECT / "lib/third-party/archives", *arguments], cwd=tmp_path, capture_output=True,
                          text=True, check=False)
    assert done.returncode in (2, 3) and message in done.stderr


# --- the steps ---------------------------------------------------------------

def buildroot(target, folder, *more):
    """A target of the imitation of Buildroot."""
    return cache.run(["make", "-s", "-f", PROJECT / "tests/image/buildroot.mk", target, f"DL_DIR={recipes.archives()}",
                      f"BR2_EXTERNAL_ANTEROOT_PATH={recipes.BUILDROOT}", f"BUILD_DIR={folder}/build",
                      f"TARGET_DIR={folder}/target", f"STAGING_DIR={folder}/staging", f"TARGET_CROSS={CROSS}", *more])


def test_buildroot_wants_a_mirror():
    with pytest.raises(cache.ToolError, match="BR2_PACKAGE_ANTEROOT_DEBIAN_MIRROR is empty"):
        buildroot("downloads", "/none", 'BR2_PACKAGE_ANTEROOT_DEBIAN_MIRROR=""')


def test_buildroot_steps_are_there(tmp_path):
    said = buildroot("install", tmp_path, "-n", "MAKE=echo made")
    wanted = ("archives sources", "archives klibc", "THIRD_PARTY_SRC=", "DESTDIR=")
    places = [said.index(word) for word in wanted]
    assert places == sorted(places)


def test_buildroot_style():
    """Of its check-package: the header, tabs, one blank before a backslash, help texts of 62 columns."""
    for path in (recipes.BUILDROOT / "package").rglob("*"):
        text = path.read_text(encoding="ascii") if path.is_file() else "\n"
        assert text.endswith("\n") and not re.search(r"[ \t]$|\n\n\n|\n\n\Z", text, re.M), path
    text = (PACKAGE / "anteroot.mk").read_text(encoding="ascii")
    assert text.startswith("#" * 80 + "\n#\n# anteroot\n#\n" + "#" * 80 + "\n\n")
    assert not re.search(r"(  |\t)\\$|\$\{\w+\}", text, re.M)
    for body in re.findall(r"^define \w+\n(.*?)^endef", text, re.M | re.S):
        assert all(line.startswith("\t") for line in body.splitlines())
    for line in re.findall(r"^\t  .*$", (PACKAGE / "Config.in").read_text(encoding="ascii"), re.M):
        assert len(line) <= 3 + 62, line


def runs(program):
    """Whether an emulated processor runs it, and it knows its version."""
    said = cache.run(["qemu-arm", "-0", "anteroot", program, "--version"])
    return said.startswith(f"anteroot {VERSION}\n")


@pytest.mark.full
def test_buildroot_builds(tmp_path):
    """Into an initramfs, and into the system that runs."""
    recipes.headers("armhf", TRIPLET, tmp_path / "staging/usr/include")
    external = f"BR2_EXTERNAL_ANTEROOT_PATH={checkout(tmp_path)}"
    buildroot("install", tmp_path, external, "BR2_PACKAGE_ANTEROOT_INIT=y")
    assert runs(tmp_path / "target/init") and not (tmp_path / "target/usr").exists()
    (tmp_path / "build/.stamp_installed").unlink()
    buildroot("install", tmp_path, external)
    assert runs(tmp_path / "target/usr/sbin/anteroot")
    assert (tmp_path / "target/usr/lib/systemd/system/anteroot-confirm.service").exists()


def checkout(folder):
    recipes.copy_of_the_sources(folder / "checkout")
    return folder / "checkout/dist/buildroot"


@pytest.mark.full
def test_yocto_builds(tmp_path):
    """The recipe's own tasks, with variables as BitBake would set them."""
    recipes.headers("armhf", TRIPLET, tmp_path / "include")
    work = tmp_path / "work"
    recipes.copy_of_the_sources(work / "anteroot-git")
    for path in recipes.archives().iterdir():
        (work / path.name).symlink_to(path)
    anteroot = recipe(
        "anteroot_git.bb", WORKDIR=str(work), D=str(tmp_path / "image"), STAGING_INCDIR=str(tmp_path / "include"),
        TARGET_PREFIX=CROSS, BUILD_CC="gcc", prefix="/usr", mandir="/usr/share/man", sbindir="/usr/sbin",
        nonarch_base_libdir="/usr/lib", systemd_unitdir="/usr/lib/systemd", datadir="/usr/share",
        **{name: CROSS + tool for name, tool in (("CC", "gcc"), ("AR", "ar"), ("STRIP", "strip"), ("NM", "nm"))})
    for task in ("do_configure", "do_compile", "do_install"):
        anteroot.run(task)
    assert runs(tmp_path / "image/usr/sbin/anteroot")
    places = [place for package in ("", "-systemd", "-integrations")
              for place in anteroot.get(f"FILES:anteroot{package}").split()]
    for path in (tmp_path / "image").rglob("*"):
        if not path.is_dir() or path.is_symlink():
            assert any(str(path).startswith(f"{tmp_path}/image{place}") for place in places), path


def test_yocto_module(tmp_path):
    module = recipe("initramfs-module-anteroot_1.0.bb", D=str(tmp_path / "image"), WORKDIR=str(tmp_path))
    (folder,) = recipes.YOCTO.glob("recipes-*/*/initramfs-module-anteroot")
    (tmp_path / "anteroot").write_bytes((folder / "anteroot").read_bytes())
    module.run("do_install")
    installed = tmp_path / "image" / module.get("FILES:anteroot").strip("/")
    assert installed.stat().st_mode & 0o777 == 0o755
    assert cache.run(["sh", "-n", installed]) == ""
