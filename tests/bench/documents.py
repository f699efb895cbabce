# SPDX-License-Identifier: LGPL-2.1-or-later
"""Configurations of any size, honest and hostile ones."""

import json
from typing import Callable, NamedTuple

COUNTS = (1, 15, 31, 62, 125, 250, 500, 1000)
KIBIBYTES = (2, 4, 8, 16, 32, 64, 128, 256)
VALUES_MAX = 4096      # JSON_VALUES_MAX
BYTES_MAX = 256 * 1024  # CONFIG_MAX_BYTES
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZyb21fc2FtcGxlX29ubHlfbm90X2FfcmVhbF9rZXkx"
LARGE_RULES = 4


class Series(NamedTuple):
    """A kind of document that grows."""

    name: str
    title: str
    text: Callable      # of a size
    sizes: tuple = COUNTS
    unit: str = ""


def udev_rules(count):
    return json.dumps({"os": {"udevRules": {
        f"{i:04}": f'KERNEL=="ttyACM{i}", SYMLINK+="modem{i}"' for i in range(count)}}})


def unknown_keys(count):
    return json.dumps({f"key{i:04}": i for i in range(count)})


def ssh_keys(count):
    return json.dumps({"os": {"sshKeys": [f"{KEY}{i:04} {i}@example" for i in range(count)]}})


def wrong_ssh_keys(count):
    return json.dumps({"os": {"sshKeys": list(range(count))}})


def large_rules(kibibytes):
    """A document of just so many KiB, in few rules."""
    def text(length):
        return json.dumps({"os": {"udevRules": {f"{i}": "#" * length for i in range(LARGE_RULES)}}})

    size = kibibytes * 1024
    return text((size - len(text(0))) // LARGE_RULES).ljust(size)


SERIES = (
    Series("rules", "udev rules", udev_rules),
    Series("unknown", "unknown keys", unknown_keys),
    Series("ssh", "SSH keys", ssh_keys),
    Series("wrong", "SSH keys that are none", wrong_ssh_keys),
    Series("bytes", "4 udev rules, KiB in all", large_rules, KIBIBYTES, " KiB"),
)


def members(count, width, value):
    """Members of an object, each with another name."""
    return ",".join(f'"{i:0{width}}":{value}' for i in range(count))


def many_unknown(values):
    return "{" + members(values - 1, 11, "0") + "}"


def many_wrong(values):
    return '{"os":{"sshKeys":[' + ",".join(["123456789012345"] * (values - 3)) + "]}}"


def many_rules(values):
    return '{"os":{"udevRules":{' + members(values - 3, 10, '""') + "}}}"


def many_foreign(values):
    return '{"files":{' + members(values - 2, 10, '""') + "}}"


def many_same(values):
    return "{" + ",".join(['"hostname":"a"'] * (values - 1)) + "}"


# As many values as the parser takes, in nearly as many bytes.
HOSTILE = tuple(Series(name, title, text, (VALUES_MAX // 2, VALUES_MAX)) for name, title, text in (
    ("many-unknown", "unknown keys", many_unknown),
    ("many-wrong", "SSH keys that are numbers", many_wrong),
    ("many-rules", "udev rules of one line", many_rules),
    ("many-foreign", "values in a key of others", many_foreign),
    ("many-same", "the same key again", many_same),
))

REFUSED = tuple(Series(name, title, lambda _, text=text: text, (0,)) for name, title, text in (
    ("refused-values", "one value too many", "{" + members(VALUES_MAX, 8, "0") + "}"),
    ("refused-bytes", "one byte too many", many_unknown(2).ljust(BYTES_MAX + 1)),
    ("refused-end", "no end", many_unknown(VALUES_MAX)[:-1]),
    ("refused-depth", "nested too deep", '{"files":' + "[" * 250000),
))
