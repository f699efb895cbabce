# SPDX-License-Identifier: LGPL-2.1-or-later
"""What went wrong elsewhere, each as a test of that name (facts/config-keys.md; numbers are meta-balena's).

Of the same list: 2244, 1271 and the sixty seconds before rules take effect are in tests/boot, where the
target's own services look; fe1581b (2.93 s to parse) is in `make bench`, and here as "no process is started"
(test_apply.py). The two that concern the saved clock (2146, the ratchet) belong to the clock's own work.
"""

import hashlib
import json
import os

import pytest
from conftest import NO, NOTHING, as_value, certificate, keys_of, needs_root, run

pytestmark = needs_root

KEY_FILE = "root/.ssh/authorized_keys_local"
GOOD = {"hostname": "press-07", "os": {"sshKeys": ["ssh-ed25519 AAAA owner"], "udevRules": {"56": "rule"}}}


def test_2442_one_typo_takes_the_board_offline(device):
    """A comma forgotten: the device boots with what it had, and whoever had access has it still."""
    device.apply(GOOD)
    text = json.dumps(GOOD, indent=2)
    device.apply(text.replace('"press-07",', '"press-07"'), NO)
    assert device.text("etc/hostname") == "press-07\n"
    assert device.text(KEY_FILE) == "ssh-ed25519 AAAA owner\n"
    assert device.text("etc/udev/rules.d/56.rules") == "rule\n"


@pytest.mark.parametrize("text", ['{"hostname": }', "", "\0\0", '{"hostname": "x"'])
def test_1262_invalid_json_is_not_wiped(device, text):
    """config.json is never written, however bad: its owner finds it as he left it."""
    device.apply(GOOD)
    device.configure(text)
    before = (device.boot / "config.json").stat()
    run("apply", *device.words())
    after = (device.boot / "config.json").stat()
    assert (device.boot / "config.json").read_text(encoding="utf-8") == text
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert os.listdir(device.boot) == ["config.json"]


@pytest.mark.parametrize("number", ["1983", "3003"])
def test_1983_3003_power_cut_tears_config_json(device, number):
    """Torn at every length: the leftover of the replacement holds, else the last known good one."""
    device.apply(GOOD)
    new = json.dumps({**GOOD, "hostname": "new-name"})
    leftover = device.boot / f".config.json.0123abcd.{hashlib.md5(new.encode()).hexdigest()}.md5sum"
    if number == "3003":
        leftover.write_text(new, encoding="utf-8")
    for length in range(0, len(new), 7):
        report = device.apply(new[:length], NO)
        if number == "3003":
            assert report["config"]["state"] == "leftover"
            assert device.text("etc/hostname") == "new-name\n"
        else:
            assert report["config"]["state"] == "last known good"
            assert device.text("etc/hostname") == "press-07\n"
        assert device.text(KEY_FILE) == "ssh-ed25519 AAAA owner\n"


def test_42faa76_empty_config_in_mid_replace(device):
    device.apply(GOOD)
    report = device.apply("", NO)
    assert "there is nothing in it" in report["config"]["error"]
    assert device.text("etc/hostname") == "press-07\n"


def test_1271_stale_udev_rules(device):
    device.apply(GOOD)
    device.apply({**GOOD, "os": {"udevRules": {"57": "rule"}}})
    assert os.listdir(device.root / "etc/udev/rules.d") == ["57.rules"]


def test_22602e4_server_null_breaks_dnsmasq(device):
    device.apply({"dnsServers": "null"})
    assert device.text("run/dnsmasq.servers") == ""


def test_quote_in_a_rule_name_runs_commands(device, tmp_path):
    marker = tmp_path / "ran"
    names = [f'"; touch {marker}; "', f"'$(touch {marker})'", f"`touch {marker}`", f"a\ntouch {marker}"]
    device.apply({"os": {"udevRules": {name: "x" for name in names}}}, NO)
    assert not marker.exists()
    assert os.listdir(device.root / "etc/udev/rules.d") == []


def test_array_for_ntp_servers_runs_its_second_element(device, tmp_path):
    marker = tmp_path / "ran"
    device.apply({"ntpServers": ["a", f"touch {marker}"]}, NO)
    assert not marker.exists()
    assert not device.has("run/chrony/added_config.sources")


def test_os_is_a_string(device):
    report = device.apply({"hostname": "press-07", "country": "GB", "dnsServers": "9.9.9.9", "os": "x"}, NO)
    assert device.text("etc/hostname") == "press-07\n"
    assert "server=9.9.9.9" in device.text("run/dnsmasq.servers")
    assert device.has("run/modprobe.d/zz-anteroot-country.conf")
    assert [key for key, item in keys_of(report).items() if item["verdict"] == "rejected"] == ["os"]


def test_world_readable_cache_of_api_keys(device):
    """No file that others can read has a secret, and the report and the output have none either."""
    secrets = {"apiKey": "s3cr3t-1", "deviceApiKey": "s3cr3t-2", "deviceApiKeys": {"a": "s3cr3t-3"},
               "apiEndpoint": "https://s3cr3t-4.example", "wifiKey": "s3cr3t-5", "uuid": "s3cr3t-6-s3cr3t-6"}
    (device.boot / "system-connections").mkdir()
    (device.boot / "system-connections/home").write_text("[connection]\nid=a\n[wifi-security]\n"
                                                         "psk=s3cr3t-7\n", encoding="utf-8")
    device.configure({**secrets, "hostname": "h", "os": {"sshKeys": ["good", "bad\nkey s3cr3t-8"]}})
    done = run("apply", *device.words())
    assert "s3cr3t" not in done.stdout + done.stderr
    report = device.apply(..., NO)
    assert "s3cr3t" not in json.dumps(report)
    for top in (device.root, device.state):
        for folder, _, files in os.walk(top):
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    if b"s3cr3t" in file.read():
                        assert os.stat(path).st_mode & 0o077 == 0, path
    kept = (device.state / "anteroot/config.json").read_text(encoding="utf-8")
    assert not [number for number in "12358" if f"s3cr3t-{number}" in kept]
    assert (device.state / "anteroot").stat().st_mode & 0o777 == 0o700


def test_removing_balena_root_ca_un_trusts_it(device):
    bundle = "etc/ssl/certs/ca-certificates.crt"
    before = sorted(os.listdir(device.root / "etc/ssl/certs")), device.text(bundle)
    device.apply({"balenaRootCA": as_value(certificate())})
    assert "BEGIN CERTIFICATE" in device.text(bundle)
    assert len(os.listdir(device.root / "etc/ssl/certs")) == 2
    device.apply(NOTHING)
    assert (sorted(os.listdir(device.root / "etc/ssl/certs")), device.text(bundle)) == before
