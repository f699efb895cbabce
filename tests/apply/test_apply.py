# SPDX-License-Identifier: LGPL-2.1-or-later
"""anteroot apply: what is asked for arrives, once, and goes when it is no longer wanted."""

import json
import os
import random
import subprocess

import pytest
from conftest import (DONE, NO, NOTHING, PROGRAM, SYSTEM, USAGE, as_value, certificate, keys_of, needs_root, run,
                      traced)

pytestmark = needs_root

CONNECTION = "[connection]\nid=home\ntype=ethernet\n"
NETWORK = "etc/NetworkManager/conf.d/os-networkmanager.conf"
KEYS = "root/.ssh/authorized_keys_local"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"
MANIFEST = "etc/anteroot/manifest"


def all_keys(sample):
    """The sample and every key that it does not have."""
    sample["os"]["network"]["connectivity"] = {"uri": "https://c.example/x", "interval": 300,
                                               "response": "on line"}
    return {**sample, "balenaRootCA": as_value(certificate()), "developmentMode": True,
            "apiEndpoint": "https://api.example.com", "apiKey": "s3cr3t"}


def actions(report):
    return {item.get("path") or item["key"]: item["action"] for item in report["delivered"]}


def test_every_key(device, sample):
    (device.boot / "system-connections").mkdir()
    (device.boot / "system-connections/home").write_text(CONNECTION, encoding="utf-8")
    (device.boot / "system-connections/sample.ignore").write_text("x", encoding="utf-8")
    config = all_keys(sample)
    report = device.apply(config)
    assert device.text("etc/hostname") == "press-07\n"
    for name, text in config["os"]["udevRules"].items():
        assert device.text(f"etc/udev/rules.d/{name}.rules") == text.rstrip("\n") + "\n"
    assert device.text(KEYS) == "".join(f"{key}\n" for key in config["os"]["sshKeys"])
    assert device.text("run/modprobe.d/zz-anteroot-country.conf").endswith(
        "\noptions cfg80211 ieee80211_regdom=GB\n")
    pool = "iburst minpoll 14 maxpoll 14 maxsources 1\n"
    assert device.text("run/chrony/added_config.sources") == "".join(
        f"pool {name} {pool}" for name in config["ntpServers"].split())
    assert device.text("run/systemd/timesyncd.conf.d/anteroot.conf").endswith(
        f"\n[Time]\nNTP={config['ntpServers']}\n")
    assert device.text("run/dnsmasq.servers") == "server=9.9.9.9\nserver=1.1.1.1\n"
    assert device.text("run/systemd/resolved.conf.d/anteroot.conf").endswith(
        "\n[Resolve]\nDNS=9.9.9.9 1.1.1.1\n")
    assert device.text(NETWORK).endswith(
        "\n[device]\nwifi.scan-rand-mac-address=no\n"
        "[connectivity]\nuri=https://c.example/x\ninterval=300\nresponse=on line\n")
    assert device.text("etc/NetworkManager/system-connections/home") == CONNECTION
    assert not device.has("etc/NetworkManager/system-connections/sample.ignore")
    for path, mode in ((KEYS, 0o600), ("root/.ssh", 0o700), (NETWORK, 0o600), (MANIFEST, 0o600),
                       ("etc/NetworkManager/system-connections/home", 0o600),
                       ("etc/hostname", 0o644), ("var/log/journal", 0o2755)):
        info = (device.root / path).stat()
        assert (info.st_mode & 0o7777, info.st_uid) == (mode, 0), path
    assert (device.root / "var/log/journal").stat().st_gid == 789
    assert all(item["action"] == "written" for item in report["delivered"])
    assert report["warnings"] == []


def test_report_of_each_key(device, sample):
    report = device.apply({**all_keys(sample), "country": "gb", "ntpServers": 7, "mine": 1}, NO)
    keys = keys_of(report)
    assert keys["hostname"]["verdict"] == "accepted" and keys["hostname"]["source"] == "file"
    assert keys["hostname"]["delivered"] == [
        {"path": "/etc/hostname", "action": "written"}]
    assert keys["country"]["verdict"] == "coerced"
    assert keys["ntpServers"]["verdict"] == "rejected" and keys["ntpServers"]["source"] == "default"
    assert "is a number, expected a string" in keys["ntpServers"]["error"]
    assert "delivered" not in keys["ntpServers"]
    assert keys["apiKey"] == {"key": "apiKey", "verdict": "not ours", "line": 1,
                              "column": keys["apiKey"]["column"]}
    assert keys["mine"]["verdict"] == "unknown"
    assert keys["os.udevRules.56"]["delivered"][0]["path"] == "/etc/udev/rules.d/56.rules"
    assert [item["path"] for item in keys["os.sshKeys"]["delivered"]] == [
        "/root/.ssh", "/root/.ssh/authorized_keys_local"]
    assert keys["os.network.connectivity.uri"]["delivered"][0]["path"] == f"/{NETWORK}"


def test_second_time_writes_nothing(device, sample, tmp_path):
    """Counted: no call that changes anything, by strace."""
    (device.boot / "system-connections").mkdir()
    (device.boot / "system-connections/home").write_text(CONNECTION, encoding="utf-8")
    device.apply(all_keys(sample))
    before = device.tree(outside=())
    log = tmp_path / "strace"
    calls = ("rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,chmod,fchmod,fchmodat,chown,"
             "fchown,fchownat,lchown,link,linkat,symlink,symlinkat,mknod,mknodat,truncate,ftruncate,"
             "fsync,fdatasync,sync,syncfs,mount,sethostname,clock_settime,settimeofday")
    done = traced(log, f"openat,{calls}", "apply", *device.words())
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"unchanged"}
    changing = [line for line in log.read_text().splitlines()
                if not line.startswith("openat") or "O_WRONLY" in line or "O_RDWR" in line
                or "O_CREAT" in line]
    assert changing == []
    assert device.tree(outside=()) == before


def test_no_process_is_started(device, sample, tmp_path):
    log = tmp_path / "strace"
    device.configure(all_keys(sample))
    traced(log, "process", "apply", *device.words(), follow=True)
    started = [line for line in log.read_text().splitlines()
               if any(call in line for call in ("execve", "fork", "clone"))]
    assert len(started) == 1, started


def test_what_is_no_longer_wanted_goes(device, sample):
    (device.boot / "system-connections").mkdir()
    (device.boot / "system-connections/home").write_text(CONNECTION, encoding="utf-8")
    device.write("etc/udev/rules.d/10-vendor.rules", "# vendor\n")
    before = device.tree()
    device.apply(all_keys(sample))
    (device.boot / "system-connections/home").unlink()
    report = device.apply({"hostname": "press-07"})
    for path in ("etc/udev/rules.d/56.rules", "etc/udev/rules.d/64.rules", KEYS, NETWORK,
                 "etc/NetworkManager/system-connections/home"):
        assert not device.has(path), path
        assert actions(report)[f"/{path}"] == "removed"
    assert device.text(BUNDLE) == "# the image's own\n"
    assert not [name for name in os.listdir(device.root / "etc/ssl/certs") if name.endswith(".0")]
    assert not (device.state / "anteroot/system-connections/home").exists()
    after = device.tree()
    for path, entry in before.items():
        if path not in ("etc/hostname",):
            assert after[path] == entry, path
    assert device.text(MANIFEST).count("\n") == 3      # the host name, over the image's


def test_changed_by_its_owner_since(device):
    """No longer wanted: it stays, and is forgotten. Wanted: it is kept aside, and ours is there."""
    rules = {"a": "ours", "b": "ours"}
    device.apply({"os": {"udevRules": rules}})
    device.write("etc/udev/rules.d/a.rules", "the owner's\n")
    device.write("etc/udev/rules.d/b.rules", "the owner's too\n")
    report = device.apply({"os": {"udevRules": {"b": "ours"}}})
    assert actions(report)["/etc/udev/rules.d/a.rules"] == "left"
    assert device.text("etc/udev/rules.d/a.rules") == "the owner's\n"
    assert device.text("etc/udev/rules.d/b.rules") == "ours\n"
    assert device.text("etc/udev/rules.d/.b.rules.anteroot-kept") == "the owner's too\n"
    report = device.apply({"os": {"udevRules": {}}})
    assert not device.has("etc/udev/rules.d/b.rules")
    assert device.text("etc/udev/rules.d/a.rules") == "the owner's\n"
    assert device.text("etc/udev/rules.d/.b.rules.anteroot-kept") == "the owner's too\n"


def test_files_of_the_image_are_not_ours(device):
    device.write("etc/udev/rules.d/56.rules", "ours\n")    # the same content, not our file
    device.apply({"os": {"udevRules": {"57": "x"}}})
    device.apply(NOTHING)
    assert device.text("etc/udev/rules.d/56.rules") == "ours\n"
    assert not device.has("etc/udev/rules.d/57.rules")


def test_keys_are_ours_alone(device):
    """Whoever was in the file is out when the list is empty; what he wrote is not lost."""
    (device.root / "root/.ssh").mkdir(mode=0o700)
    device.write(KEYS, "ssh-rsa AAAA somebody\n", 0o600)
    device.apply(NOTHING)
    assert not device.has(KEYS)
    assert device.text("root/.ssh/.authorized_keys_local.anteroot-kept") == "ssh-rsa AAAA somebody\n"


@pytest.mark.parametrize("bad", [None, "", "{", "\0" * 4096, '{"os": {"sshKeys": ["a"'],
                         ids=["missing", "empty", "torn", "zeros", "cut"])
def test_last_known_good(device, sample, bad):
    config = all_keys(sample)
    device.apply(config)
    before = device.tree()
    report = device.apply(bad, NO)
    assert report["config"]["state"] == "last known good"
    assert keys_of(report)["hostname"]["source"] == "last known good"
    assert "unable to" in report["config"]["error"]
    assert device.tree() == before
    kept = device.state / "anteroot/config.json"
    assert kept.stat().st_mode & 0o7777 == 0o600
    assert "s3cr3t" not in kept.read_text(encoding="utf-8")


def test_nothing_to_go_by(device, sample):
    """No config.json and none kept: what earlier boots delivered stays."""
    device.apply(all_keys(sample), state=False)
    before = device.tree()
    device.apply("{", USAGE, state=False)
    assert device.tree() == before


def test_bad_access_keys_keep_their_values(device, sample):
    config = all_keys(sample)
    device.apply(config)
    before = device.tree()
    broken = {**config, "dnsServers": 7, "balenaRootCA": "no", "os": {
        "udevRules": config["os"]["udevRules"], "sshKeys": "no array", "network": 7}}
    report = device.apply(broken, NO)
    assert device.tree() == before
    for key in ("dnsServers", "balenaRootCA", "os.sshKeys"):
        assert keys_of(report)[key]["source"] == "last known good", key
    assert "server=9.9.9.9" in device.text("run/dnsmasq.servers")


def test_bad_access_keys_without_state_partition(device, sample):
    """Nothing is kept: what the last good boot delivered is left as it is."""
    config = all_keys(sample)
    device.apply(config, state=False)
    before = device.tree()
    broken = {**config, "balenaRootCA": "no", "os": {
        "udevRules": config["os"]["udevRules"], "sshKeys": "no array", "network": 7}}
    device.apply(broken, NO, state=False)
    assert device.tree() == before
    device.apply({key: value for key, value in config.items() if key != "os"} | {"os": "x"}, NO, state=False)
    assert device.text(KEYS) == "".join(f"{key}\n" for key in config["os"]["sshKeys"])
    assert device.has(NETWORK)
    assert not device.has("etc/udev/rules.d/56.rules")


def test_what_lost_a_value_is_known(device):
    """A first boot with a bad key, on a root that an older system delivered to: the last known good
    configuration does not take whoever had access for nobody."""
    device.apply({"os": {"sshKeys": ["k"]}}, state=False)
    device.apply({"hostname": "h", "os": "x"}, NO)
    device.apply("{", NO)
    assert device.text(KEYS) == "k\n"
    assert device.text("etc/hostname") == "h\n"


def test_bad_connection_keeps_its_content(device):
    folder = device.boot / "system-connections"
    folder.mkdir()
    (folder / "home").write_text(CONNECTION, encoding="utf-8")
    device.apply(NOTHING)
    (folder / "home").write_text(CONNECTION[:9], encoding="utf-8")
    report = device.apply(NOTHING, NO)
    assert device.text("etc/NetworkManager/system-connections/home") == CONNECTION
    assert any("its last known good content holds" in item["text"] for item in report["warnings"])
    (folder / "new").write_text("torn", encoding="utf-8")
    report = device.apply(NOTHING, NO)
    assert not device.has("etc/NetworkManager/system-connections/new")
    assert any("it is left out" in item["text"] for item in report["warnings"])
    # without a state partition the file of the last good boot stays
    device.apply(NOTHING, NO, state=False)
    assert device.text("etc/NetworkManager/system-connections/home") == CONNECTION


def test_certificates_of_one_name(device):
    """The image has one of that name already: ours takes the next number, and it stays ours."""
    ours = certificate("Acme")
    hashed = subprocess.run(["openssl", "x509", "-noout", "-subject_hash"], input=ours, text=True,
                            capture_output=True, check=True).stdout.strip()
    device.write(f"etc/ssl/certs/{hashed}.0", "the image's\n")
    device.apply({"balenaRootCA": as_value(ours)})
    assert device.text(f"etc/ssl/certs/{hashed}.0") == "the image's\n"
    assert device.text(f"etc/ssl/certs/{hashed}.1") == ours
    other = certificate("Acme")
    device.apply({"balenaRootCA": as_value(other)})
    assert device.text(f"etc/ssl/certs/{hashed}.1") == other
    device.apply({"balenaRootCA": as_value(ours + other)})
    assert device.text(f"etc/ssl/certs/{hashed}.1") == ours
    assert device.text(f"etc/ssl/certs/{hashed}.2") == other
    device.apply(NOTHING)
    assert device.text(f"etc/ssl/certs/{hashed}.0") == "the image's\n"
    assert not device.has(f"etc/ssl/certs/{hashed}.1") and not device.has(f"etc/ssl/certs/{hashed}.2")


def test_more_connections_than_a_device_has(device):
    folder = device.boot / "system-connections"
    folder.mkdir()
    for number in range(70):
        (folder / f"c{number}").write_text(CONNECTION, encoding="utf-8")
    report = device.apply(NOTHING, NO)
    assert any("more than 64 files" in item["text"] for item in report["warnings"])
    assert sorted(os.listdir(device.root / "etc/NetworkManager/system-connections")) == sorted(
        f"c{number}" for number in range(70))[:64]


def test_manifest_that_is_a_folder(device):
    (device.root / MANIFEST).mkdir(parents=True)
    report = device.apply({"hostname": "x"}, SYSTEM)
    assert any("files of earlier boots stay" in item["text"] for item in report["warnings"])
    assert device.text("etc/hostname") == "image\n"     # it could never be taken back


def test_more_servers_than_a_reader_takes(device):
    servers = [f"s{number}.example" for number in range(33)]
    report = device.apply({"ntpServers": " ".join(servers)}, NO)
    assert keys_of(report)["ntpServers[32]"]["error"].startswith("is one too many")
    assert device.text("run/chrony/added_config.sources").count("pool ") == 32


def limited(kib, *words):
    return subprocess.run(["prlimit", f"--as={kib * 1024}", PROGRAM, *map(str, words)], check=False,
                          capture_output=True, text=True)


def test_memory_runs_out(device, sample):
    """With any amount of it that the C library starts with, the program ends in order."""
    device.configure(all_keys(sample))
    seen = set()
    for kib in range(400, 2400, 40):
        if limited(kib, "--version").returncode != DONE:
            continue
        done = limited(kib, "apply", *device.words())
        assert done.returncode in (DONE, SYSTEM), (kib, done)
        assert done.returncode == DONE or "unable to" in done.stderr + done.stdout, (kib, done)
        seen.add(done.returncode)
    if "san" not in PROGRAM.name:
        assert seen == {DONE, SYSTEM}


def test_bundle_that_is_a_link_is_left_alone(device):
    path = device.root / BUNDLE
    path.rename(path.with_name("bundle"))
    path.symlink_to("bundle")
    device.apply({"balenaRootCA": as_value(certificate())})
    assert os.readlink(path) == "bundle"
    assert device.text("etc/ssl/certs/bundle") == "# the image's own\n"


def test_update_of_the_image_keeps_the_trust(device):
    """The image's own bundle changed under ours: ours is added to the new one."""
    device.apply({"balenaRootCA": as_value(certificate())})
    device.write(BUNDLE, "# a newer one\n")
    device.apply()
    assert device.text(BUNDLE).startswith("# a newer one\n# anteroot: balenaRootCA begins\n")
    device.apply(NOTHING)
    assert device.text(BUNDLE) == "# a newer one\n"


def test_home_that_others_can_write_to(device):
    """sshd would refuse every key: the home's mode is mended, nothing else of it."""
    (device.root / "root").chmod(0o775)
    device.apply({"os": {"sshKeys": ["k"]}})
    assert (device.root / "root").stat().st_mode & 0o7777 == 0o755


def test_chrony_directory_of_the_image(device):
    device.write("etc/chrony/chrony.conf", "pool x\nsourcedir /etc/chrony/sources.d\n")
    device.apply({"ntpServers": "a.example"})
    assert device.text("etc/chrony/sources.d/added_config.sources").startswith("pool a.example ")
    device.apply({"ntpServers": "null"})
    assert not device.has("etc/chrony/sources.d/added_config.sources")


@pytest.mark.parametrize("user,ids", [("_chrony:x:101:102", (101, 102)), ("chrony:x:7:8", (7, 8)),
                                      (None, (0, 0))])
def test_runtime_directory_of_chrony(device, user, ids):
    """Of another owner, or open to others, chronyd gives up its command socket."""
    if user:
        device.write("etc/passwd", device.text("etc/passwd") + f"{user}::/:/bin/false\n")
    device.apply({"ntpServers": "a.example"})
    info = (device.root / "run/chrony").stat()
    assert (info.st_uid, info.st_gid) == ids
    assert info.st_mode & 0o7777 == 0o750
    assert (device.root / "run/chrony/added_config.sources").stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize("value,text", [
    (None, "server=8.8.8.8\n"), ("", "server=8.8.8.8\n"), ("null", ""),
    ("1.1.1.1#5353 2620:fe::fe", "server=1.1.1.1#5353\nserver=2620:fe::fe\n")])
def test_dns(device, value, text):
    device.apply({"dnsServers": value})
    assert device.text("run/dnsmasq.servers") == text
    resolved = "run/systemd/resolved.conf.d/anteroot.conf"
    if value and value != "null":
        assert device.text(resolved).endswith("\nDNS=1.1.1.1:5353 2620:fe::fe\n")
    else:
        assert not device.has(resolved)


def test_nobody_reads_it(device, sample):
    for name in ("usr/sbin/chronyd", "usr/sbin/dnsmasq", "usr/sbin/NetworkManager",
                 "lib/systemd/systemd-timesyncd", "lib/systemd/systemd-resolved"):
        (device.root / name).unlink()
    (device.boot / "splash").mkdir()
    (device.boot / "splash/resin-logo.png").write_bytes(b"x")
    (device.boot / "system-connections").mkdir()
    (device.boot / "system-connections/home").write_text(CONNECTION, encoding="utf-8")
    report = device.apply(sample)
    skipped = {item["key"]: item["error"] for item in report["delivered"] if item["action"] == "skipped"}
    assert set(skipped) == {"ntpServers", "dnsServers", "os.network", "system-connections",
                            "splash/resin-logo.png"}
    assert keys_of(report)["ntpServers"]["delivered"][0]["action"] == "skipped"
    assert not device.has("run/chrony") and not device.has("etc/NetworkManager")


PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000"
                    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
                    "0000000049454e44ae426082")


def test_splash(device):
    theme = device.root / "usr/share/plymouth/themes/resin"
    theme.mkdir(parents=True)
    (theme / "resin-logo.png").write_bytes(b"the image's")
    (device.boot / "splash").mkdir()
    (device.boot / "splash/balena-logo.png").write_bytes(PNG)
    (device.boot / "splash/resin-logo.png").write_bytes(b"older")
    device.apply(NOTHING)
    assert (theme / "resin-logo.png").read_bytes() == PNG
    assert (theme / ".resin-logo.png.anteroot-orig").read_bytes() == b"the image's"
    (device.boot / "splash/balena-logo.png").write_bytes(PNG[:-1])
    report = device.apply(NOTHING, NO)
    assert any("splash/balena-logo.png is cut short" in item["text"] for item in report["warnings"])


def test_plan_changes_nothing(device, sample):
    device.configure(all_keys(sample))
    before = device.tree(outside=())
    done = run("plan", *device.words())
    assert done.returncode == DONE, done.stderr
    assert f"hostname: file {device.root}/etc/hostname 0644 0:0 9 bytes" in done.stdout.splitlines()
    plan = json.loads(run("plan", *device.words(), "--json").stdout)["plan"]
    assert {"hook": "ssh-keys", "operation": "file", "key": "os.sshKeys",
            "path": f"{device.root}/{KEYS}",
            "text": f"file {device.root}/{KEYS} 0600 0:0 161 bytes"} in plan
    assert device.tree(outside=()) == before
    assert os.listdir(device.state) == []


@pytest.mark.parametrize("words", [
    [], ["--root", "/"], ["--config", "x"], ["--root"], ["--root", "/", "--config", "x", "extra"],
    ["--colour"]], ids=str)
@pytest.mark.parametrize("applet", ["plan", "apply"])
def test_bad_usage(applet, words):
    done = run(applet, *words)
    assert done.returncode == USAGE
    assert f"Usage: anteroot {applet} --root DIR" in done.stderr


def test_folders_that_are_none(device, tmp_path):
    device.configure(NOTHING)
    for words in (["--root", tmp_path / "absent", "--boot", device.boot],
                  ["--root", device.root, "--boot", tmp_path / "absent"],
                  ["--root", device.root, "--boot", device.boot, "--state", device.boot / "config.json"]):
        done = run("apply", *words)
        assert done.returncode == USAGE
        assert "expected a folder" in done.stderr
    for path in (tmp_path / "absent", "/absent.json"):
        assert run("apply", "--root", device.root, "--config", path).returncode == USAGE


def test_config_alone(device, tmp_path):
    """--config names a file anywhere, and its leftovers lie beside it."""
    path = tmp_path / "other.json"
    path.write_text('{"hostname": "alone"}', encoding="utf-8")
    assert run("apply", "--root", f"{device.root}/", "--config", path).returncode == DONE
    assert device.text("etc/hostname") == "alone\n"
    done = run("apply", "--root", device.root, "--config", "other.json", cwd=tmp_path)
    assert done.returncode == DONE


def test_disk_that_takes_nothing(device):
    """A target that cannot be written to is said, file by file, and nothing is half there."""
    device.configure({"hostname": "x", "os": {"udevRules": {"a": "b"}}})
    subprocess.run(["rmdir", device.root / "etc/udev/rules.d"], check=True)
    device.write("etc/udev/rules.d", "a file in the way\n")
    done = run("apply", *device.words())
    assert done.returncode == SYSTEM
    assert "failed     /etc/udev/rules.d/a.rules: unable to " in done.stdout
    assert device.text("etc/hostname") == "x\n"
    assert device.text("etc/udev/rules.d") == "a file in the way\n"


def test_manifest_waits_for_failed_deliveries(device):
    """A file that could not be written is still known by its old content at the next boot."""
    rules = device.root / "etc/udev/rules.d"
    device.apply({"os": {"udevRules": {"a": "one"}}})
    subprocess.run(["chattr", "+i", rules], check=False)
    immutable = "i" in subprocess.run(["lsattr", "-d", rules], capture_output=True, text=True,
                                      check=False).stdout.split(" ")[0]
    if not immutable:
        pytest.skip("the file system has no immutable flag")
    try:
        device.apply({"os": {"udevRules": {"a": "two"}}}, SYSTEM)
    finally:
        subprocess.run(["chattr", "-i", rules], check=True)
    report = device.apply()
    assert device.text("etc/udev/rules.d/a.rules") == "two\n"
    assert all("kept" not in item for item in report["delivered"])


def test_more_wrong_keys_than_a_log_holds(device):
    """The first 64 are in the log, the report has all, and the time it takes is no square of them."""
    report = device.apply({"os": {"sshKeys": [7] * 3000}}, NO)
    assert len(report["warnings"]) == 65
    assert report["warnings"][-1]["text"] == "config.json: 2937 more keys are wrong"
    assert sum(item["verdict"] == "rejected" for item in report["config"]["keys"]) == 3001


def test_thousand_of_each(device):
    rules = {f"r{number}": f"text {number}" for number in range(1000)}
    unknown = {f"key{number}": number for number in range(1000)}
    report = device.apply({**unknown, "os": {"udevRules": rules}})
    assert len(os.listdir(device.root / "etc/udev/rules.d")) == 1000
    assert keys_of(report)["os.udevRules.r999"]["delivered"][0]["path"] == "/etc/udev/rules.d/r999.rules"
    assert set(actions(device.apply()).values()) == {"unchanged"}
    device.apply(NOTHING)
    assert os.listdir(device.root / "etc/udev/rules.d") == []


def test_isolation_of_outputs(device, sample):
    """Property: one key changes at random, and no line of another key's output changes."""
    seed = random.randrange(10 ** 6)
    print("seed", seed)
    chance = random.Random(seed)
    config = all_keys(sample)
    del config["apiEndpoint"]           # the default of another key is made of it
    places = [("hostname",), ("country",), ("ntpServers",), ("dnsServers",), ("persistentLogging",),
              ("balenaRootCA",), ("os", "udevRules", "56"), ("os", "sshKeys"),
              ("os", "network", "wifi", "randomMacAddressScan"),
              ("os", "network", "connectivity", "uri"), ("os", "network", "connectivity", "interval")]
    values = [7, "", "x", "x\ny=1", [], {}, ["a\nb"], {"../x": "y"}, True, "null", 1e300, "[main]\na=b"]
    device.apply(config, state=False)
    before = lines_of(device)
    for _ in range(40):
        place, value = chance.choice(places), chance.choice(values)
        changed = json.loads(json.dumps(config))
        inner = changed
        for name in place[:-1]:
            inner = inner[name]
        inner[place[-1]] = value
        device.configure(changed)
        run("apply", *device.words(state=False))
        after = lines_of(device)
        owned = OUTPUTS[place[-1] if place[1:2] != ("udevRules",) else "udevRules"]
        for path in before.keys() | after.keys():
            one, other = (found.get(path, []) for found in (before, after))
            if path.endswith(owned[0]):
                one, other = ([line for line in lines if not line.startswith(owned[1])]
                              for lines in (one, other))
                if not owned[1]:
                    continue
            assert one == other, f"{place} = {value!r} changes {path}"
        device.configure(config)
        run("apply", *device.words(state=False))
        assert lines_of(device) == before


# key -> (end of the path it is in, beginning of its lines; "": all of the file)
OUTPUTS = {
    "hostname": ("etc/hostname", ""), "country": ("zz-anteroot-country.conf", ""),
    "ntpServers": (("added_config.sources", "timesyncd.conf.d/anteroot.conf"), ""),
    "dnsServers": (("dnsmasq.servers", "resolved.conf.d/anteroot.conf"), ""),
    "persistentLogging": (("journald.conf.d/anteroot.conf",), ""),
    "balenaRootCA": ((".0", "ca-certificates.crt"), ""), "udevRules": ("56.rules", ""),
    "sshKeys": ("authorized_keys_local", ""),
    "randomMacAddressScan": (NETWORK, ("[device]", "wifi.scan-rand-mac-address=")),
    "uri": (NETWORK, ("[connectivity]", "uri=", "interval=", "response=")),
    "interval": (NETWORK, "interval="),
}


def lines_of(device):
    """Path -> lines of every delivered file."""
    found = {}
    for folder, _, files in os.walk(device.root):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), device.root)
            if "anteroot-kept" not in name and path != MANIFEST:
                found[path] = device.text(path).splitlines()
    return found
