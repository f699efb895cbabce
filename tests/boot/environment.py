# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loaders' environments, and a loader that counts: written and read by docs/STATE.md alone."""

import struct
import tempfile
import zlib
from pathlib import Path
from typing import NamedTuple

from image import cache

TXN = "0000002a"
PARTS = {"A": "2", "B": "3"}    # image/disk.py; the same in hexadecimal
LETTERS = {"A": "A", "B": "B"}
HEADER = b"# GRUB Environment Block\n"


def keys(good="A", armed=None, count=0, tries=3, parts=None):
    """What anteroot_good and its like are, in their order; armed: the candidate."""
    parts = parts or PARTS
    part, available = parts[armed or good], "1" if armed else "0"
    return {
        "anteroot_good": good, "anteroot_txn": TXN, "anteroot_tries": str(tries),
        "anteroot_seal": f"{part}.{available}.{good}.{TXN}.{tries}", "resin_root_part": part,
        "upgrade_available": available, "bootcount": str(count), "anteroot_count_for": TXN,
        "anteroot_parts": f"{parts['A']}:{parts['B']}",
    }


def balena(part="2", available="0", count="0"):
    """The three keys of balenaOS."""
    return {"resin_root_part": part, "upgrade_available": available, "bootcount": count}


def lines(values):
    return "".join(f"{key}={value}\n" for key, value in values.items()).encode()


# --- files for Disk.boot_files ---

def grubenv(values, name="grubenv", size=1024):
    return ((name, (HEADER + lines(values)).ljust(size, b"#")),)


def uenv(values, count_file=True):
    """The count has a file of its own."""
    of_count = {key: values[key] for key in ("bootcount", "anteroot_count_for") if key in values}
    rest = {key: value for key, value in values.items() if key not in of_count}
    return (("resinOS_uEnv.txt", lines(rest).ljust(1024, b"\n")),
            *((("bootcount.env", lines(of_count).ljust(512, b"\0")),) if count_file else ()))


def ubootenv(values, size=16384):
    """Two copies, of which the first counts: their flags are equal."""
    def copy(content):
        with tempfile.TemporaryDirectory() as folder:
            text, out = Path(folder) / "text", Path(folder) / "image"
            text.write_bytes(content)
            cache.run(["mkenvimage", "-r", "-s", str(size), "-o", out, text])
            return out.read_bytes()
    return (("uboot.env", copy(lines(values))), ("uboot-redund.env", copy(b"arch=arm\n")))


# --- reading ---

def read_lines(data):
    """Key -> value; the last one counts."""
    found = {}
    for line in data.split(b"\0")[0].split(b"\n"):
        key, equals, value = line.partition(b"=")
        if equals and not line.startswith(b"#"):
            found[key.decode("latin-1")] = value.rstrip(b" \t\r").decode("latin-1")
    return found


def read_grubenv(data):
    """None: it is no environment."""
    return read_lines(data[len(HEADER):]) if data.startswith(HEADER) else None


def read_uenv(main, count=b""):
    return {**read_lines(main), **read_lines(count)}


def read_ubootenv(*copies):
    """None: neither copy is whole."""
    whole = [copy for copy in copies
             if struct.unpack("<I", copy[:4])[0] == zlib.crc32(copy[5:])]
    if not whole:
        return None
    newest = max(whole, key=lambda copy: copy[4])
    return read_lines(newest[5:].replace(b"\0", b"\n"))


class Choice(NamedTuple):
    """What is booted next."""

    slot: str
    reason: str
    count: int = 0      # of attempts before this boot

    @property
    def candidate(self):
        return self.reason == "attempt"


def choose(values):
    """The rules for loaders, with the limit of three that balena's keys alone have."""
    values = values or {}

    def value(key):
        return values.get(key, "")

    named = {part: slot for slot, part in PARTS.items()}.get(value("resin_root_part"))
    good = value("anteroot_good")
    if good not in PARTS:
        if not named or value("upgrade_available") != "1":
            return Choice(named or "A", "active")
        good, tries, count = "BA"["AB".index(named)], "3", value("bootcount") or "0"
    else:
        tries, count = value("anteroot_tries"), value("bootcount")
        seal = [value("resin_root_part"), value("upgrade_available"), good,
                value("anteroot_txn"), value("anteroot_tries")]
        if value("anteroot_seal") != ".".join(seal) or value("upgrade_available") != "1":
            return Choice(good, "active")
        if value("anteroot_count_for") != value("anteroot_txn"):
            count = "0"
    if not count.isdecimal() or int(count) >= int(tries):
        return Choice(good, "rolled-back")
    return Choice(named, "attempt", int(count))
