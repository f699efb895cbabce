# SPDX-License-Identifier: LGPL-2.1-or-later
"""config.json of every quality: none of it stops a boot."""

import json

import pytest

from image.disk import SEED_CONFIG, Disk

MIB = 1024 * 1024
SEED = json.loads(SEED_CONFIG.read_text(encoding="utf-8"))


@pytest.mark.parametrize("data", [
    None, b"", b"{}", b"{", b"\0" * 4096, b'{"hostname": "press-07"', b"[1, 2]", b'"text"',
    b"\xef\xbb\xbf{}", b" " * (10 * MIB), b'{"hostname": "' + b"a" * (10 * MIB) + b'"}',
], ids=["absent", "empty", "no-keys", "torn", "zeros", "unclosed", "array", "string", "bom",
        "blank-10M", "hostname-10M"])
def test_bad_config_boots_the_image_as_it_is(boot, data):
    target = boot([Disk(config=data)])
    assert target.slot == "A"
    assert target.text("/etc/hostname") == "image\n"
    assert target.text("/etc/udev/rules.d/10-vendor.rules") == "# the image's own\n"


@pytest.mark.parametrize("data", [b"{", b"", b"x" * (10 * MIB)], ids=["torn", "empty", "10M"])
def test_bad_config_is_reported(boot, data):
    target = boot([Disk(config=data)])
    assert any("config.json" in warning["text"] for warning in target.report["warnings"])
    assert "config.json" in target.log


def test_a_bad_key_harms_no_other(boot):
    config = dict(SEED, hostname="-bad-", os=dict(SEED["os"], sshKeys="no array"))
    target = boot([Disk(config=json.dumps(config).encode())])
    assert "/etc/udev/rules.d/56.rules" in target.files
    assert target.text("/etc/hostname") != "-bad-\n"
    texts = " ".join(warning["text"] for warning in target.report["warnings"])
    assert "hostname" in texts and "sshKeys" in texts


def test_hostname_from_the_uuid(boot):
    config = {"uuid": SEED["uuid"]}
    target = boot([Disk(config=json.dumps(config).encode())])
    assert target.items["hostname"] == SEED["uuid"][:7]


def test_secrets_are_not_shown(boot):
    """Keys of the supervisor are read by the same parser, and appear nowhere."""
    config = dict(SEED, apiKey="sup3rs3cret", deviceApiKey="sup3rs3cret")
    target = boot([Disk(config=json.dumps(config).encode())])
    assert "sup3rs3cret" not in target.console
    seen = b"".join(entry.data for path, entry in target.files.items()
                    if not path.startswith(("/mnt/boot", "/run/anteroot/mnt/boot")))
    assert b"sup3rs3cret" not in seen
