# SPDX-License-Identifier: LGPL-2.1-or-later
"""What config.json asks for arrives in the target, writable or not."""

import json
import stat

import pytest

from boot import harness, samples
from image import disk, root
from image.disk import SEED_CONFIG, Disk
from image.root import JOURNAL_GID

SEED = json.loads(SEED_CONFIG.read_text(encoding="utf-8"))
MODES = pytest.mark.parametrize("mode", ["ro", "rw"])
KEYS = "/root/.ssh/authorized_keys_local"
RULES = "/etc/udev/rules.d"


def with_config(**changes):
    return Disk(config=json.dumps({**SEED, **changes}).encode())


def check_seed(target):
    """Everything the sample asks for, byte by byte."""
    assert target.items["hostname"] == SEED["hostname"]
    assert target.text("/etc/hostname") == SEED["hostname"] + "\n"
    assert target.files["/etc/hostname"].permissions == 0o644
    for name, text in SEED["os"]["udevRules"].items():
        entry = target.files[f"{RULES}/{name}.rules"]
        assert entry.data.decode() == text.rstrip("\n") + "\n"
        assert (entry.permissions, entry.uid, entry.gid) == (0o644, 0, 0)
    keys = target.files[KEYS]
    assert keys.data.decode() == "".join(f"{key}\n" for key in SEED["os"]["sshKeys"])
    assert (keys.permissions, keys.uid, keys.gid) == (0o600, 0, 0)
    assert target.files["/root/.ssh"].permissions == 0o700


def check_journal(target, device="/dev/vda5"):
    journal = target.files["/var/log/journal"]
    assert (journal.permissions, journal.uid, journal.gid) == (0o2755, 0, JOURNAL_GID)
    assert target.mounts["/var/log/journal"][0] == device
    assert target.mount_roots["/var/log/journal"] == "/var/log/journal"
    assert "rw" in target.mounts["/var/log/journal"][2]


@MODES
@pytest.mark.parametrize("table,device", [("gpt", "/dev/vda5"), ("msdos", "/dev/vda6")])
def test_seed_config(boot, mode, table, device):
    target = boot([Disk(table=table)], mode)
    check_seed(target)
    check_journal(target, device)
    # what the image brought is still there
    assert target.text(f"{RULES}/10-vendor.rules") == "# the image's own\n"
    assert target.text("/root/.profile") == "# the image's own\n"


# Key -> where what it asks for arrives in a root with every reader (HASH: of the certificate).
FILES_OF = {
    "hostname": {"/etc/hostname"},
    "country": {"/run/modprobe.d/zz-anteroot-country.conf"},
    "ntpServers": {"/run/chrony/added_config.sources",
                   "/run/systemd/timesyncd.conf.d/anteroot.conf"},
    "dnsServers": {"/run/dnsmasq.servers", "/run/systemd/resolved.conf.d/anteroot.conf"},
    "os.network": {"/etc/NetworkManager/conf.d/os-networkmanager.conf"},
    "os.udevRules.56": {f"{RULES}/56.rules"},
    "os.udevRules.64": {f"{RULES}/64.rules"},
    "os.sshKeys": {KEYS},
    "balenaRootCA": {"/etc/ssl/certs/HASH.0", f"/{root.BUNDLE}"},
    "persistentLogging": set(),     # a folder
    "system-connections/home": {"/etc/NetworkManager/system-connections/home"},
    "splash/balena-logo.png": {f"/{root.LOGO}"},
}
IDENTITY = {"/etc/machine-id", "/mnt/state/anteroot/machine-id"}
KEPT_FILES = {"/mnt/state/anteroot/config.json",
              "/mnt/state/anteroot/system-connections/home"}
# What a writable root gets besides: the list of our files; and the image's under another name, in no report.
MANIFEST = "/etc/anteroot/manifest"
IMAGE_FILES = {"/etc/.hostname.anteroot-orig",
               "/usr/share/plymouth/themes/balena/.balena-logo.png.anteroot-orig"}
VERDICTS = {
    **{key: "accepted" for key in (
        "uuid", "hostname", "persistentLogging", "country", "ntpServers", "dnsServers",
        "os.network.wifi.randomMacAddressScan", "os.udevRules.56", "os.udevRules.64",
        "os.sshKeys", "balenaRootCA")},
    "os.udevRules.../up": "rejected", "developmentMode": "rejected", "hostnam": "unknown",
    "apiKey": "not ours", "apiEndpoint": "absent",
    **{f"os.network.connectivity.{name}": "absent" for name in ("uri", "interval", "response")},
}


FULL = Disk(root_files=root.READER_FILES, boot_files=(
    ("system-connections/home", samples.connection(0, "home")),
    ("splash/balena-logo.png", samples.picture())))


def every_key(authority):
    """A value of every kind: right, wrong, unknown, somebody else's, none."""
    config = json.loads(json.dumps(SEED))
    config.update(balenaRootCA=authority.value, developmentMode=7, apiKey="x", hostnam="x")
    config["os"]["udevRules"]["../up"] = "# no name of a rule"
    return json.dumps(config).encode()


def new_files(target):
    """What neither the image nor the boot partition brought, nor tells of the boot itself."""
    image = {f"/{name}": data for name, data, _ in (*root.TINY_FILES, *FULL.root_files)}
    own = ("/run/anteroot/", "/mnt/boot/", "/slot")
    return {path for path, entry in target.files.items()
            if not stat.S_ISDIR(entry.mode) and not path.startswith(own)
            and image.get(path) != entry.data}


def in_target(target, path):
    """Where the target sees what the report names: parts have moved, and a file is bound."""
    for part in ("state", "data"):
        path = path.replace(f"/run/anteroot/mnt/{part}/", f"/mnt/{part}/", 1)
    bound = [point for point, source in target.mount_roots.items() if f"/run{source}" == path]
    return bound[0] if bound else path


def reported_files(target, delivered):
    """The files of some deliveries; each, and each folder, is there."""
    paths = {in_target(target, path) for item in delivered
             for path in (item["path"], item.get("kept")) if path}
    assert paths <= set(target.files)
    return {path for path in paths if not stat.S_ISDIR(target.files[path].mode)}


@MODES
def test_report_names_every_delivery(boot, tmp_path, mode):
    """What is there is in the report, what is in the report is there; and so for each key."""
    authority = samples.make_authority(tmp_path)
    raw = tmp_path / "disk.raw"
    disk.export(FULL, raw)
    disk.put_boot_file(FULL, raw, "config.json", every_key(authority))
    target = boot([raw], mode)
    report = target.report
    wanted = {key: {path.replace("HASH", authority.hash) for path in paths}
              for key, paths in FILES_OF.items()}
    delivered = report["delivered"]
    assert {item["action"] for item in delivered} == {"written"}
    writable = mode == "rw"
    assert new_files(target) >= IMAGE_FILES or not writable
    assert reported_files(target, delivered) == new_files(target) - IMAGE_FILES == KEPT_FILES.union(
        IDENTITY, {MANIFEST} if writable else (), *wanted.values())
    assert {item["key"] for item in delivered if "key" in item} == set(wanted)
    for key, paths in wanted.items():
        here = [item for item in delivered if item.get("key") == key]
        assert reported_files(target, here) == paths, key
    check_keys(target, wanted)
    assert [stage["name"] for stage in report["stages"]][:4] == ["early", "boot", "root", "target"]
    assert all(stage["duration_usec"] >= 0 for stage in report["stages"])


def check_keys(target, wanted):
    """The report's part on keys: a verdict each, and the deliveries of those that have some."""
    keys = target.report["config"]["keys"]
    assert {key["key"]: key["verdict"] for key in keys} == VERDICTS
    assert len(keys) == len(VERDICTS)
    for key in keys:
        name = "os.network" if key["key"].startswith("os.network.") else key["key"]
        here = reported_files(target, key.get("delivered", ()))
        assert here == wanted.get(name, set()), name
        assert ("error" in key) == (key["verdict"] in ("rejected", "unknown")), name


def test_bare_root_gets_what_it_has_room_for(boot):
    """A root without /etc/udev, /root/.ssh and the rest: folders are made, nothing fails."""
    target = boot([Disk(root_a="bare")], "rw")
    check_seed(target)
    check_journal(target)


def test_bare_read_only_root(boot):
    target = boot([Disk(root_a="bare")], "ro")
    assert target.items["hostname"] == SEED["hostname"]
    assert f"{RULES}/56.rules" in target.files


@MODES
def test_volatile_journal(boot, mode):
    target = boot([with_config(persistentLogging=False)], mode)
    conf = target.text("/run/systemd/journald.conf.d/anteroot.conf")
    assert "[Journal]\nStorage=volatile\n" in conf
    assert "/var/log/journal" not in target.mounts


def test_second_boot_writes_nothing(machine, tmp_path):
    """Idempotent: what is already right is left alone."""
    kept = harness.overlay(disk.image(Disk()), tmp_path)
    for expected in ("written", "unchanged"):
        with machine([kept], "rw") as vm:
            target = vm.report()
            vm.wait_exit()
        actions = {item["action"] for item in target.report["delivered"]
                   if (item["path"] or "").endswith(("hostname", ".rules", "authorized_keys_local"))}
        assert actions == {expected}
        check_seed(target)


def test_read_only_root_is_not_changed(machine, tmp_path):
    """After a delivery on a read-only root the same root without config.json is as it was."""
    layout = Disk()
    raw = tmp_path / "disk.raw"
    disk.export(layout, raw)
    with open(raw, "rb") as file:
        start = disk.starts_mib(layout)["rootA"] * disk.MIB
        file.seek(start)
        before = file.read(layout.size_mib("rootA") * disk.MIB)
    kept = harness.overlay(raw, tmp_path)
    with machine([kept], "ro") as vm:
        check_seed(vm.report())
        vm.wait_exit()
    after = tmp_path / "after.raw"
    disk.run(["qemu-img", "convert", "-O", "raw", kept, after])
    with open(after, "rb") as file:
        file.seek(start)
        assert file.read(len(before)) == before
