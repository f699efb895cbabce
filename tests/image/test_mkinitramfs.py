# SPDX-License-Identifier: LGPL-2.1-or-later
"""dist/mkinitramfs: what is in the image, that it is the same each time, and its messages."""

import gzip
import lzma
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from image import cache, kernel, root

TOOL = cache.PROJECT / "dist/mkinitramfs"


def entries(archive):
    """The entries of a newc archive: path -> (mode, data, (major, minor))."""
    found, at = {}, 0
    while True:
        assert archive[at:at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = archive[at + 110:at + 110 + name_size - 1].decode()
        start = (at + 110 + name_size + 3) & ~3
        if name == "TRAILER!!!":
            return found
        found[name] = (mode, archive[start:start + size], (fields[9], fields[10]))
        at = (start + size + 3) & ~3


def make(tmp_path, *options, binary=None, name="out.img", env=None):
    """Run the tool; the finished process and the path of the image."""
    output = tmp_path / name
    command = [TOOL, "--binary", binary or root.tiny_init(), "-o", output, *options]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          env=env, check=False)
    return done, output


def made(tmp_path, *options, **more):
    done, output = make(tmp_path, *options, **more)
    assert done.returncode == 0, done.stderr
    return output.read_bytes()


def modules_of(archive):
    return {name.rsplit("/", 1)[1] for name in entries(archive) if name.endswith(".ko")}


@pytest.fixture(scope="module")
def modules():
    return kernel.kernel().modules


def test_skeleton(tmp_path):
    found = entries(made(tmp_path))
    assert stat.S_ISCHR(found["dev/console"][0]) and found["dev/console"][2] == (5, 1)
    assert stat.S_ISCHR(found["dev/null"][0]) and found["dev/null"][2] == (1, 3)
    for name in ("proc", "sys", "run", "sysroot"):
        assert stat.S_ISDIR(found[name][0])
    assert found["init"] == (stat.S_IFREG | 0o755, root.tiny_init().read_bytes(), (0, 0))


def test_cpio_reads_it(tmp_path):
    done = subprocess.run(["cpio", "-it", "--quiet"], input=made(tmp_path), capture_output=True,
                          check=True)
    assert b"init" in done.stdout.split() and done.stderr == b""


def test_dependencies_and_soft_dependencies(tmp_path, modules):
    found = modules_of(made(tmp_path, "--modules-dir", modules, "--module", "ext4"))
    assert found == {"ext4.ko", "jbd2.ko", "mbcache.ko", "crc16.ko", "crc32c_generic.ko",
                     "crc32c-intel.ko"}


def test_indexes_that_libkmod_needs(tmp_path, modules):
    found = entries(made(tmp_path, "--modules-dir", modules, "--module", "ext4"))
    names = {name.rpartition("/")[2] for name in found}
    assert {"modules.dep.bin", "modules.alias.bin", "modules.symbols.bin", "modules.builtin.bin",
            "modules.builtin.alias.bin", "modules.softdep"} <= names


def test_modules_load_list(tmp_path, modules):
    found = entries(made(tmp_path, "--modules-dir", modules, "--modules-load", "vfat",
                         "--modules-load", "nls_ascii"))
    assert found["etc/modules-load.d/anteroot.conf"][1] == b"vfat\nnls_ascii\n"
    assert any(name.endswith("/vfat.ko") for name in found)


def test_same_input_same_bytes(tmp_path, modules):
    options = ("--modules-dir", modules, "--module", "ext4", "--strip-signatures",
               "--compress", "gzip")
    assert made(tmp_path, *options) == made(tmp_path, *options, name="again.img")


@pytest.mark.parametrize("how", ["gzip", "xz", "zstd"])
def test_compression(tmp_path, how):
    plain, packed = made(tmp_path), made(tmp_path, "--compress", how, name="packed")
    if how == "gzip":
        assert gzip.decompress(packed) == plain
    elif how == "xz":
        assert lzma.decompress(packed) == plain
    else:
        done = subprocess.run(["zstd", "-dcq"], input=packed, capture_output=True, check=True)
        assert done.stdout == plain


@pytest.mark.parametrize("suffix,command", [
    ("gz", ["gzip", "-n"]), ("xz", ["xz", "--check=crc32"]), ("zst", ["zstd", "-q", "--rm"])])
def test_compressed_modules_are_stored_plain(tmp_path, modules, suffix, command):
    """As trixie and others ship them."""
    base = tmp_path / "tree"
    folder = base / "lib/modules" / modules.name
    target = folder / "kernel/lib/crc16.ko"
    target.parent.mkdir(parents=True)
    shutil.copyfile(modules / "kernel/lib/crc16.ko", target)
    subprocess.run([*command, str(target)], check=True)
    (folder / "modules.dep").write_text(f"kernel/lib/crc16.ko.{suffix}:\n", encoding="ascii")
    found = entries(made(tmp_path, "--modules-dir", folder, "--module", "crc16"))
    data = found[f"lib/modules/{modules.name}/kernel/lib/crc16.ko"][1]
    assert data == (modules / "kernel/lib/crc16.ko").read_bytes()


def test_stripping(tmp_path, modules):
    options = ("--modules-dir", modules, "--module", "ext4")
    signed = entries(made(tmp_path, *options))
    stripped = entries(made(tmp_path, *options, "--strip-signatures"))
    assert signed.keys() == stripped.keys()
    for name in signed:
        if name.endswith(".ko"):
            assert signed[name][1].endswith(b"~Module signature appended~\n")
            assert b"~Module signature appended~" not in stripped[name][1]
            assert len(stripped[name][1]) < len(signed[name][1])


def test_files(tmp_path):
    script, conf = tmp_path / "script", tmp_path / "conf"
    script.write_text("#!/bin/sh\n", encoding="ascii")
    script.chmod(0o700)
    conf.write_text("{}", encoding="ascii")
    found = entries(made(tmp_path, "--file", f"{script}:/usr/lib/script", "--conf", conf))
    assert found["usr/lib/script"][:2] == (stat.S_IFREG | 0o755, b"#!/bin/sh\n")
    assert found["etc/anteroot/anteroot.json"][:2] == (stat.S_IFREG | 0o644, b"{}")
    assert stat.S_ISDIR(found["usr/lib"][0])


@pytest.mark.parametrize("options,text", [
    (["--module", "ext4"], "neither --kernel nor --modules-dir is given"),
    (["--module-list", "/nonexistent"], "neither --kernel nor --modules-dir is given"),
    (["--kernel", "1-no-such", "--module", "ext4"], "unable to use /lib/modules/1-no-such"),
    (["--modules-dir", "/nonexistent", "--module", "ext4"], "modules.dep"),
    (["--file", "no-target"], "expected SRC:DST"),
    (["--file", "/nonexistent:/x"], "unable to read /nonexistent"),
    (["--conf", "/nonexistent"], "unable to read /nonexistent"),
])
def test_messages(tmp_path, options, text):
    done, output = make(tmp_path, *options)
    assert done.returncode == 3
    assert done.stderr.startswith("mkinitramfs: unable to ") and text in done.stderr
    assert not output.exists()


def test_unknown_module(tmp_path, modules):
    done, _ = make(tmp_path, "--modules-dir", modules, "--module", "no_such_module")
    assert done.returncode == 3 and "no_such_module" in done.stderr


def test_module_list(tmp_path, modules):
    names = tmp_path / "modules"
    names.write_text("# what this board needs\n\next4  # its root\nfs-vfat\n", encoding="ascii")
    options = ["--modules-dir", modules]
    assert made(tmp_path, *options, "--module-list", names) == \
        made(tmp_path, *options, "--module", "ext4", "--module", "vfat")


@pytest.mark.parametrize("text,said", [
    ("ext4\nno_such_module\n", "line 2: the kernel has no module no_such_module"),
    ("# x\n\next4 vfat\n", "line 3: expected one name, found 2 words"),
    (None, "unable to read"),
])
def test_module_list_that_is_wrong(tmp_path, modules, text, said):
    names = tmp_path / "modules"
    if text:
        names.write_text(text, encoding="ascii")
    done, output = make(tmp_path, "--modules-dir", modules, "--module-list", names)
    assert done.returncode == 3 and said in done.stderr and str(names) in done.stderr
    assert not output.exists()


def installed(tmp_path, program):
    """The tool as it is installed, beside a program."""
    folder = tmp_path / "sbin"
    folder.mkdir()
    shutil.copy(TOOL, folder / "anteroot-mkinitramfs")
    shutil.copy(program, folder / "anteroot")
    return folder


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin"}, check=False)


def test_installed_tool_takes_the_program_beside_it(tmp_path):
    folder = installed(tmp_path, root.tiny_init())
    done = run(folder / "anteroot-mkinitramfs", "-o", tmp_path / "image")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "image").read_bytes() == made(tmp_path)
    (folder / "anteroot").unlink()
    done = run(folder / "anteroot-mkinitramfs", "-o", tmp_path / "none")
    assert done.returncode == 2 and "--binary" in done.stderr


def test_program_calls_the_tool(tmp_path):
    """`anteroot mkinitramfs …` is the tool beside it; without one it says so."""
    program = Path(os.environ.get("ANTEROOT") or cache.PROJECT / "build/anteroot")
    folder = installed(tmp_path, program)
    done = run(folder / "anteroot", "mkinitramfs", "-o", tmp_path / "image")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "image").read_bytes() == made(tmp_path, binary=program)
    done = run(folder / "anteroot", "mkinitramfs", "--file", "x", "-o", tmp_path / "image")
    assert done.returncode == 3 and done.stderr.startswith("anteroot-mkinitramfs: unable to ")
    (folder / "anteroot-mkinitramfs").unlink()
    done = run(folder / "anteroot", "mkinitramfs", "-o", tmp_path / "image")
    assert done.returncode == 3
    assert "unable to find anteroot-mkinitramfs" in done.stderr


@pytest.mark.parametrize("binary,text", [("/bin/sh", "linked dynamically"),
                                         ("/etc/passwd", "not an ELF program")])
def test_program_that_cannot_be_init(tmp_path, binary, text):
    done, _ = make(tmp_path, binary=binary)
    assert done.returncode == 3 and text in done.stderr


# --- programs ---

def run_in(folder, archive, *command):
    """Run a program of the image with the image as its root, as an ordinary user's own root."""
    subprocess.run(["cpio", "-idu", "--quiet", "--no-absolute-filenames"], cwd=folder,
                   input=archive, check=False, stderr=subprocess.DEVNULL)
    return subprocess.run(["unshare", "--map-root-user", "chroot", folder, *command],
                          capture_output=True, text=True, check=False)


def test_programs_run_with_nothing_but_the_image(tmp_path):
    archive = made(tmp_path, "--fsck", "--program", "dash")
    names = entries(archive)
    assert {"e2fsck", "fsck.fat", "dash"} <= {name.rpartition("/")[2] for name in names}
    folder = tmp_path / "image"
    folder.mkdir()
    for name in ("e2fsck", "dash"):
        (path,) = [path for path in names if path.endswith("/" + name)]
        assert stat.S_IMODE(names[path][0]) == 0o755
        done = run_in(folder, archive, f"/{path}", *(("-V",) if name == "e2fsck" else ("-c", ":")))
        assert done.returncode == 0, done.stderr


def test_each_library_is_there_once(tmp_path):
    names = [name.rpartition("/")[2] for name in entries(made(tmp_path, "--fsck"))
             if ".so" in name]
    assert len(names) == len(set(names)) and "libc.so.6" in names


def test_programs_of_another_root(tmp_path):
    """Links of that root lead nowhere else, and an absolute one starts there."""
    other = tmp_path / "root"
    (other / "usr/lib").mkdir(parents=True)
    (other / "usr/sbin").mkdir()
    (other / "sbin").symlink_to("/usr/sbin")
    shutil.copy(root.tiny_init(), other / "usr/sbin/real")
    (other / "usr/sbin/tool").symlink_to("../../../../sbin/real")
    found = entries(made(tmp_path, "--programs-root", other, "--program", "tool", "--program",
                         "/sbin/real"))
    assert found["usr/sbin/tool"][1] == found["sbin/real"][1] == root.tiny_init().read_bytes()


def test_script_brings_its_interpreter(tmp_path):
    other = tmp_path / "root"
    (other / "bin").mkdir(parents=True)
    (other / "bin/script").write_text("#! /bin/shell -e\n", encoding="ascii")
    shutil.copy(root.tiny_init(), other / "bin/shell")
    assert {"bin/script", "bin/shell"} <= set(entries(made(
        tmp_path, "--programs-root", other, "--program", "script")))


@pytest.mark.parametrize("kind", ["absent", "no-library", "text", "cut", "loop"])
def test_programs_that_cannot_be_used(tmp_path, kind):
    other = tmp_path / "root"
    (other / "sbin").mkdir(parents=True)
    program = other / "sbin/tool"
    dynamic = Path(shutil.which("mke2fs", path="/usr/sbin:/sbin"))
    if kind == "text":
        program.write_text("text\n", encoding="ascii")
    elif kind == "loop":
        program.symlink_to("tool")
    elif kind != "absent":
        data = dynamic.read_bytes()
        program.write_bytes(data[:100] if kind == "cut" else data)
    done, output = make(tmp_path, "--programs-root", other, "--program", "tool")
    expected = {"absent": "unable to find the program tool in", "loop": "too many links",
                "text": "it is not an ELF program", "cut": "its headers are damaged",
                "no-library": "unable to "}[kind]
    assert done.returncode == 3 and expected in done.stderr and not output.exists()
