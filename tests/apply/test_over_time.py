# SPDX-License-Identifier: LGPL-2.1-or-later
"""What becomes of a device over many boots: images that had files of their own, partitions that were lost,
slots that share a state partition, software that fights with us. Each was found by trying."""

import hashlib
import os
import struct
import subprocess
import zlib

import pytest
from conftest import (DONE, NO, NOTHING, PROGRAM, SYSTEM, USAGE, as_value, certificate, keys_of, needs_root,
                      run)
from test_apply import PNG

pytestmark = needs_root

KEYS = "root/.ssh/authorized_keys_local"
CONNECTION = "[connection]\nid=home\ntype=ethernet\n"
NETWORK = "etc/NetworkManager/conf.d/os-networkmanager.conf"
IN_NETWORK = "etc/NetworkManager/system-connections"


def connect(device, name="home", text=CONNECTION):
    folder = device.boot / "system-connections"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def action_of(report, path):
    return [item["action"] for item in report["delivered"] if item.get("path") == f"/{path}"][-1]


def no_trace(device):
    """Nothing of ours is left beside the files."""
    return not [path for path in device.tree() if ".anteroot" in os.path.basename(path)]


def test_files_of_the_image_come_back(device):
    """Ours stood in for them, and goes: the image's own are there again, byte for byte."""
    device.write("etc/udev/rules.d/10.rules", "# the image's\n")
    device.write(NETWORK, "# the image's\n", 0o644)
    before = device.tree()
    config = {"hostname": "mine", "os": {"udevRules": {"10": "ours"},
                                         "network": {"wifi": {"randomMacAddressScan": True}}}}
    device.apply(config)
    device.apply(config)
    device.apply({**config, "hostname": "mine-too"})
    assert device.text("etc/udev/rules.d/10.rules") == "ours\n"
    report = device.apply(NOTHING)
    assert device.text("etc/hostname") == "image\n"
    for path in ("etc/hostname", "etc/udev/rules.d/10.rules", NETWORK):
        assert action_of(report, path) == "restored"
    after = device.tree()
    assert {path: after[path] for path in before} == before
    assert no_trace(device)


def test_certificate_of_the_image_comes_back(device):
    ours = certificate("Acme")
    hashed = subprocess.run(["openssl", "x509", "-noout", "-subject_hash"], input=ours, text=True,
                            capture_output=True, check=True).stdout.strip()
    device.write(f"etc/ssl/certs/{hashed}.0", ours)     # the very same one
    device.apply({"balenaRootCA": as_value(ours)})
    device.apply(NOTHING)
    assert device.text(f"etc/ssl/certs/{hashed}.0") == ours
    assert not device.has(f"etc/ssl/certs/{hashed}.1")


def test_file_of_the_image_with_the_same_content(device):
    """It was there before, so it is there afterwards."""
    device.write("etc/udev/rules.d/56.rules", "ours\n")
    for _ in range(2):
        device.apply({"os": {"udevRules": {"56": "ours"}}})
    device.apply(NOTHING)
    assert device.text("etc/udev/rules.d/56.rules") == "ours\n"
    assert no_trace(device)


def test_owner_changed_what_stands_over_the_image(device):
    """The owner's word counts more than both: it stays, and the image's is not lost."""
    device.write("etc/udev/rules.d/56.rules", "image\n")
    device.apply({"os": {"udevRules": {"56": "ours"}}})
    device.write("etc/udev/rules.d/56.rules", "owner\n")
    assert action_of(device.apply(NOTHING), "etc/udev/rules.d/56.rules") == "left"
    assert device.text("etc/udev/rules.d/56.rules") == "owner\n"
    assert device.text("etc/udev/rules.d/.56.rules.anteroot-orig") == "image\n"


def test_splash_that_goes_bad(device):
    theme = device.root / "usr/share/plymouth/themes/resin"
    theme.mkdir(parents=True)
    (theme / "resin-logo.png").write_bytes(b"the image's")
    (device.boot / "splash").mkdir()
    # more than a megabyte, as pictures are
    large = PNG[:33] + chunk(b"tEXt", b"x" * 1_500_000) + PNG[33:]
    (device.boot / "splash/resin-logo.png").write_bytes(large)
    device.apply(NOTHING)
    assert (theme / "resin-logo.png").read_bytes() == large
    (device.boot / "splash/resin-logo.png").write_bytes(PNG)
    device.apply(NOTHING)
    assert (theme / "resin-logo.png").read_bytes() == PNG
    assert sorted(os.listdir(theme)) == [".resin-logo.png.anteroot-orig", "resin-logo.png"]
    (device.boot / "splash/resin-logo.png").write_bytes(PNG[:-1])
    device.apply(NOTHING, NO)
    assert (theme / "resin-logo.png").read_bytes() == b"the image's"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("state", [True, False], ids=["state", "no-state"])
def test_boot_partition_that_is_empty_or_gone(device, sample, state):
    """Its file system was lost: configuration, connections and picture of before stay, again and again."""
    connect(device)
    device.apply(sample, state=state)
    before = device.tree()
    subprocess.run(["rm", "-rf", device.boot / "system-connections", device.boot / "config.json"], check=True)
    for _ in range(2):
        device.apply(..., NO if state else USAGE, state=state)
        assert device.tree() == before
    if state:
        assert (device.state / "anteroot/system-connections/home").read_text() == CONNECTION
    device.apply({**sample, "hostname": "again"}, state=state)
    assert not device.has(f"{IN_NETWORK}/home")     # now it is not wanted, in so many words


def test_bad_key_on_the_first_boot(device):
    """Everything else is kept for bad times all the same."""
    config = {"hostname": "first", "os": {"sshKeys": ["k"],
                                          "network": {"connectivity": {"uri": "ftp://x"}}}}
    device.apply(config, NO)
    report = device.apply("{", NO)
    assert report["config"]["state"] == "last known good"
    assert device.text("etc/hostname") == "first\n"
    assert device.text(KEYS) == "k\n"


def test_removed_key_does_not_come_back_with_the_other_slot(device, tmp_path):
    """Slot A had the key; it was removed while slot B ran, on the same state partition. A bad os.sshKeys
    means the previous value then, and that is: nobody."""
    slot_b = tmp_path / "root-b"
    device.apply({"os": {"sshKeys": ["old"]}})
    subprocess.run(["cp", "-a", device.root, slot_b], check=True)
    device.configure(NOTHING)
    assert run("apply", "--root", slot_b, "--boot", device.boot, "--state", device.state).returncode == DONE
    report = device.apply({"hostname": "h", "os": {"sshKeys": "typo"}}, NO)
    assert not device.has(KEYS)
    assert keys_of(report)["os.sshKeys"]["source"] == "default"


def test_bad_key_does_not_hold_up_its_neighbour(device):
    """One file, two keys: the bad one keeps its previous value, the other changes."""
    def network(mac, uri):
        return {"os": {"network": {"wifi": {"randomMacAddressScan": mac}, "connectivity": {"uri": uri}}}}
    device.apply(network(False, "http://a.example"))
    device.apply(network(True, "no url"), NO)
    assert "scan-rand-mac-address=yes" in device.text(NETWORK)
    assert "uri=http://a.example" in device.text(NETWORK)


def test_software_that_rewrites_a_file_at_every_boot(device):
    """However often: ours is there after each boot, and what it removed is removed."""
    for number in range(14):
        device.apply({"os": {"sshKeys": ["owner"]}})
        assert device.text(KEYS) == "owner\n"
        device.write(KEYS, f"intruder {number}\n", 0o600)
    device.apply(NOTHING)
    assert not device.has(KEYS)
    kept = [name for name in os.listdir(device.root / "root/.ssh") if "anteroot-kept" in name]
    assert len(kept) == 10


def test_deliveries_without_a_configuration_are_remembered(device):
    """Only connections on the boot partition, and no config.json yet."""
    connect(device)
    for text in (CONNECTION, CONNECTION + "autoconnect=false\n", CONNECTION):
        connect(device, text=text)
        device.apply(None, USAGE, state=False)
        assert device.text(f"{IN_NETWORK}/home") == text
    assert no_trace(device)
    (device.boot / "system-connections/home").unlink()
    device.apply(NOTHING, state=False)
    assert not device.has(f"{IN_NETWORK}/home")


def test_manifest_that_cannot_be_written(device):
    """What would never be removed again is not delivered, but for what lets people in."""
    device.write("etc/anteroot", "a file in the way\n")
    report = device.apply({"hostname": "h", "os": {"udevRules": {"1": "x"}, "sshKeys": ["k"]}}, SYSTEM)
    assert not device.has("etc/udev/rules.d/1.rules")
    assert device.text("etc/hostname") == "image\n"
    assert device.text(KEYS) == "k\n"
    failed = {item["path"]: item["error"] for item in report["delivered"] if item["action"] == "failed"}
    assert "the manifest could not be written" in failed["/etc/udev/rules.d/1.rules"]


def test_full_disk(device, tmp_path):
    """A root with a few pages left: whatever arrived is known, and goes when it is not wanted."""
    small = tmp_path / "small"
    small.mkdir()
    rules = {f"r{number:03}": "x" * 500 for number in range(200)}
    script = f"""set -e
mount -t tmpfs -o size=1500k none {small}
cp -a {device.root}/. {small}
dd if=/dev/zero of={small}/fill bs=4096 status=none || true
truncate -s -40K {small}/fill
"$@" || echo "exit $?"
rm {small}/fill
echo '{{"deviceType": "generic"}}' > {device.boot}/config.json
"$@"
find {small}/etc -name '*.rules*' -o -name '.*anteroot*'
"""
    device.configure({"os": {"udevRules": rules}})
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", PROGRAM, "apply", "--root", small,
                           "--boot", device.boot], check=False, capture_output=True, text=True)
    assert "exit 3" in done.stdout, done.stdout[-2000:] + done.stderr
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert not [line for line in done.stdout.splitlines() if line.startswith(str(small))]


def test_state_partition_that_takes_nothing(device):
    """It is full or read-only: the target's own book-keeping goes on."""
    (device.state / "anteroot").write_text("a file in the way\n", encoding="utf-8")
    device.apply({"os": {"udevRules": {"1": "x"}}}, SYSTEM)
    device.apply({"os": {"udevRules": {"2": "x"}}}, SYSTEM)
    assert not device.has("etc/udev/rules.d/1.rules")
    assert "1.rules" not in device.text("etc/anteroot/manifest")


def test_old_leftover(device):
    """Left years ago: what was accepted since is newer, and nobody who was removed comes back."""
    text = '{"os": {"sshKeys": ["revoked"]}}'
    leftover = device.boot / f".config.json.0123abcd.{hashlib.md5(text.encode()).hexdigest()}.md5sum"
    leftover.write_text(text, encoding="utf-8")
    os.utime(leftover, (1577836800, 1577836800))
    device.apply({"os": {"sshKeys": ["good"]}})
    report = device.apply("{", NO)
    assert report["config"]["state"] == "last known good"
    assert device.text(KEYS) == "good\n"
    # without anything that was accepted it is better than nothing, but not kept as good
    report = device.apply("{", NO, state=False)
    assert report["config"]["state"] == "leftover"


def test_object_without_a_key(device, sample):
    """What software leaves that wipes what it cannot read: the last known good configuration holds."""
    device.apply(sample)
    before = device.tree()
    report = device.apply("{}", NO)
    assert device.tree() == before
    assert "there is no key in it" in report["config"]["error"]
    device.apply("{ }", DONE, state=False)      # an image of nobody yet


def test_bundle_that_cannot_be_read_is_remembered(device):
    path = device.root / "etc/ssl/certs/ca-certificates.crt"
    device.apply({"balenaRootCA": as_value(certificate())})
    with open(path, "a", encoding="ascii") as file:
        file.write("# filled\n" * 300_000)
    report = device.apply(NOTHING)
    assert any(item["action"] == "skipped" and "ca-certificates.crt" in item["error"]
               for item in report["delivered"])
    path.write_text("".join(line for line in path.open(encoding="ascii") if line != "# filled\n"),
                    encoding="ascii")
    device.apply(NOTHING)
    assert path.read_text(encoding="ascii") == "# the image's own\n"


def test_target_without_a_home_of_root(device):
    device.write("etc/passwd", "nobody:x:65534:65534::/:/bin/false\n")
    report = device.apply({"os": {"sshKeys": ["k"]}}, NO)
    assert any("no home of root" in item["text"] for item in report["warnings"])


def test_rules_with_long_names_are_keys_of_their_own(device):
    names = ["a" * 100, "a" * 100 + "b"]
    report = device.apply({"os": {"udevRules": {name: "x" for name in names}}})
    for name in names:
        delivered = keys_of(report)[f"os.udevRules.{name}"]["delivered"]
        assert [item["path"] for item in delivered] == [f"/etc/udev/rules.d/{name}.rules"]


def test_output_that_does_not_arrive(device):
    device.configure(NOTHING)
    for words in (["check", device.boot / "config.json"], ["plan", *device.words()]):
        with open("/dev/full", "w", encoding="ascii") as full:
                    done = subprocess.run([PROGRAM, *map(str, words)], check=False, stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        assert done.returncode == SYSTEM
        assert "unable to write the output" in done.stderr
