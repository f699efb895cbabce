# SPDX-License-Identifier: LGPL-2.1-or-later
"""No path built from configuration leaves the root, whatever the root looks like; and every attempt is said."""

import os
import stat
import subprocess

import pytest
from conftest import DONE, NO, NOTHING, PROGRAM, SYSTEM, needs_root, run

pytestmark = needs_root

KEYS = {"os": {"sshKeys": ["ssh-ed25519 AAAA owner"]}}
RULES = {"os": {"udevRules": {"56": "rule"}}}
RULE_FILE = "etc/udev/rules.d/56.rules"
KEY_FILE = "root/.ssh/authorized_keys_local"


@pytest.fixture
def outside(tmp_path):
    """A place outside the root that nothing may touch."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "victim").write_text("as it was\n", encoding="utf-8")
    return folder


def untouched(outside):
    assert os.listdir(outside) == ["victim"]
    assert (outside / "victim").read_text(encoding="utf-8") == "as it was\n"


def replace_by_link(device, path, target):
    """The folder or file is a link now; what was in it is gone."""
    subprocess.run(["rm", "-rf", device.root / path], check=True)
    os.symlink(target, device.root / path)


@pytest.mark.parametrize("path", ["etc", "etc/udev", "etc/udev/rules.d", RULE_FILE])
@pytest.mark.parametrize("kind", ["absolute", "up", "root"])
def test_links_out(device, outside, path, kind):
    """A link to the outside means a path inside the root: there it is delivered, or refused."""
    target = {"absolute": str(outside), "up": "../" * 20 + str(outside)[1:], "root": "/"}[kind]
    replace_by_link(device, path, target)
    device.configure(RULES)
    done = run("apply", *device.words())
    assert done.returncode in (DONE, NO, SYSTEM)
    untouched(outside)
    if done.returncode == SYSTEM:
        assert "unable to" in done.stdout
    if path == RULE_FILE:
        assert not os.path.islink(device.root / path)
        assert device.text(RULE_FILE) == "rule\n"


def test_magic_links(device, outside):
    """What /proc would lead out of the root by."""
    fd = os.open(outside, os.O_RDONLY)
    try:
        replace_by_link(device, "etc/udev", f"/proc/{os.getpid()}/fd/{fd}")
        device.apply(RULES, SYSTEM)
    finally:
        os.close(fd)
    untouched(outside)


@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "loop"])
def test_things_that_are_no_files(device, outside, kind):
    """Replaced, never opened: a FIFO would hang the boot."""
    path = device.root / RULE_FILE
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        os.mknod(path, stat.S_IFSOCK | 0o600)
    elif kind == "device":
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    else:
        path.symlink_to("56.rules")
    device.apply(RULES)
    assert device.text(RULE_FILE) == "rule\n"
    assert stat.S_ISREG(path.lstat().st_mode)


@pytest.mark.parametrize("path", ["etc/udev", "etc/udev/rules.d"])
@pytest.mark.parametrize("kind", ["fifo", "file", "device"])
def test_things_that_are_no_folders(device, path, kind):
    subprocess.run(["rm", "-rf", device.root / path], check=True)
    if kind == "fifo":
        os.mkfifo(device.root / path)
    elif kind == "file":
        (device.root / path).write_text("x", encoding="utf-8")
    else:
        os.mknod(device.root / path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    report = device.apply({**RULES, "hostname": "x"}, SYSTEM)
    failed = [item for item in report["delivered"] if item["action"] == "failed"]
    assert [item["path"] for item in failed] == [f"/{RULE_FILE}"]
    assert failed[0]["key"] == "os.udevRules.56"
    assert device.text("etc/hostname") == "x\n"


@pytest.mark.parametrize("path", ["etc", "etc/udev", "etc/udev/rules.d", RULE_FILE])
def test_mount_points(device, outside, path):
    """Something else is mounted on the way: outside a boot nothing is written there."""
    source = outside
    if path == RULE_FILE:
        device.write(RULE_FILE, "")
        source = outside / "victim"
    device.configure(RULES)
    script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
    done = subprocess.run(["unshare", "-m", "sh", "-ec", script, "sh", source, device.root / path, PROGRAM,
                           "apply", *device.words()], check=False, capture_output=True, text=True)
    assert done.returncode == SYSTEM, done.stdout + done.stderr
    assert "mount" in done.stdout
    untouched(outside)


@pytest.mark.parametrize("target", ["/etc", "../etc", "/", "/nowhere"])
def test_ssh_folder_that_is_a_link(device, target):
    """It would take the keys elsewhere, and the mode 0700 with them."""
    os.symlink(target, device.root / "root/.ssh")
    before = device.tree()
    report = device.apply(KEYS, NO)
    assert any("/root/.ssh is a link: no keys are delivered" in item["text"] for item in report["warnings"])
    after = device.tree()
    assert {path: entry for path, entry in after.items() if path in before} == before
    assert not [path for path in after if path.endswith("authorized_keys_local")]


def test_ssh_folder_of_somebody_else(device):
    folder = device.root / "root/.ssh"
    folder.mkdir()
    os.chown(folder, 1000, 1000)
    report = device.apply(KEYS, NO)
    assert any("/root/.ssh does not belong to root" in item["text"] for item in report["warnings"])
    assert os.listdir(folder) == []
    assert folder.stat().st_uid == 1000


def test_keys_file_that_is_a_link(device, outside):
    (device.root / "root/.ssh").mkdir(mode=0o700)
    os.symlink(outside / "victim", device.root / KEY_FILE)
    device.apply(KEYS)
    assert device.text(KEY_FILE) == "ssh-ed25519 AAAA owner\n"
    assert (device.root / KEY_FILE).lstat().st_mode & 0o7777 == 0o600
    untouched(outside)


def test_hard_link_to_something_else(device):
    """The file is replaced, not written through: another name of it keeps its content."""
    device.write("etc/precious", "precious\n")
    os.link(device.root / "etc/precious", device.root / RULE_FILE)
    device.apply(RULES)
    assert device.text("etc/precious") == "precious\n"
    assert device.text(RULE_FILE) == "rule\n"


@pytest.mark.parametrize("home", ["/../../../../tmp", "/root/../../..", "//", "/root/", "relative"])
def test_homes(device, outside, home):
    """The home of root comes from the target's own passwd, and stays in the target."""
    device.write("etc/passwd", f"root:x:0:0:root:{home}:/bin/sh\n")
    device.configure(KEYS)
    before = set(os.listdir("/tmp"))
    done = run("apply", *device.words())
    assert done.returncode in (DONE, NO, SYSTEM)
    assert not os.path.exists("/tmp/.ssh") and not os.path.exists("/.ssh/authorized_keys_local")
    assert "authorized_keys_local" not in set(os.listdir("/tmp")) - before
    untouched(outside)


@pytest.mark.parametrize("name", ["../x", "a/b", ".", "..", ".hidden", "a b", "a\nb", "$(reboot)", "a'b",
                                  "`x`", "x" * 250, "é", ""])
def test_rule_names(device, name):
    before = device.tree()
    report = device.apply({"os": {"udevRules": {name: "rule", "good": "rule"}}}, NO)
    made = set(device.tree()) - set(before)
    assert made == {"etc/udev/rules.d/good.rules", "etc/anteroot",
                    "etc/anteroot/manifest"}
    assert [item["verdict"] for item in report["config"]["keys"]].count("rejected") == 1


@pytest.mark.parametrize("key,value,path,begin", [
    ("hostname", "x\ny", "etc/hostname", "image"),
    ("country", "G\n", "run/modprobe.d/zz-anteroot-country.conf", ""),
    ("ntpServers", "a iburst\nallow 0/0", "run/chrony/added_config.sources", "pool "),
    ("dnsServers", "9.9.9.9\nconf-file=/etc/shadow", "run/dnsmasq.servers", "server=9.9.9.9"),
])
def test_lines_are_not_injected(device, key, value, path, begin):
    device.configure({key: value})
    run("apply", *device.words())
    lines = device.text(path).splitlines() if device.has(path) else []
    assert all(line.startswith(begin) for line in lines), lines


def test_options_are_not_smuggled_into_keys(device):
    keys = ['ssh-rsa AAAA one\nssh-rsa BBBB two', "ssh-rsa CCCC\rcommand", "ssh-rsa DDDD ok\n", "\0"]
    device.configure({"os": {"sshKeys": keys}})
    run("apply", *device.words())
    assert not device.has(KEY_FILE)     # \u0000 makes it no JSON that we take
    device.apply({"os": {"sshKeys": keys[:3]}}, NO)
    assert device.text(KEY_FILE) == "ssh-rsa DDDD ok\n"


def test_manifest_of_somebody_else(device):
    """A manifest that is not ours to the letter removes nothing."""
    device.write("etc/precious", "precious\n")
    for text in ("file 0 /etc/precious\n", "anteroot manifest 1\nfile " + "0" * 40 + " /../etc/passwd\n",
                 "anteroot manifest 1\nfile " + "0" * 40 + " /etc/precious", "\0"):
        device.write("etc/anteroot/manifest", text)
        report = device.apply(NOTHING, NO)
        assert any("files of earlier boots stay" in item["text"] for item in report["warnings"])
        assert device.text("etc/precious") == "precious\n"


def test_manifest_that_names_a_changed_file(device):
    device.write("etc/precious", "precious\n")
    device.write("etc/anteroot/manifest", "anteroot manifest 1\nfile " + "0" * 40 + " /etc/precious\n")
    device.apply(NOTHING)
    assert device.text("etc/precious") == "precious\n"
