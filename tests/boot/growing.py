# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks that grow: images with sectors of 512 and 4096 bytes, tables written and read by the specifications and
not by our code, and what must be true of them."""

import contextlib
import hashlib
import os
import re
import struct
import uuid
import zlib
from pathlib import Path
from typing import NamedTuple

from boot import harness
from boot.writes import TORN_AT
from image import cache, disk

MIB = disk.MIB
ENTRIES, ENTRY = 128, 128
LINUX, EXTENDED, FAT = 0x83, 0x05, 0x0C


class Part(NamedTuple):
    """A partition, in sectors of the disk."""

    number: int
    start: int
    size: int

    @property
    def end(self):
        return self.start + self.size


class Kind(NamedTuple):
    """What is grown: the table, the size of its sectors, and how the data partition's file system is made."""

    table: str = "gpt"
    sector: int = 512
    data: tuple = ("mke2fs", "-q", "-F", "-t", "ext4")
    data_mib: int = 24
    behind_mib: int = 0     # of a partition behind the data partition; 0: there is none
    name_length: int = 0    # GPT: of each partition's name; 0: the label

    @property
    def description(self):
        return disk.Disk(table=self.table)

    def number(self, role):
        return self.description.number(role)

    def size_mib(self, role):
        return self.data_mib if role == "data" else self.description.size_mib(role)

    def starts(self):
        """Where each partition starts, MiB; "end": of the disk."""
        found, at = {}, 1
        for role in disk.ROLES:
            at += self.table == "msdos" and self.number(role) > 4
            found[role], at = at, at + self.size_mib(role)
        found["behind"] = at
        found["end"] = at + self.behind_mib + 1
        return found

    def parts(self):
        """Role -> Part."""
        scale, starts = MIB // self.sector, self.starts()
        found = {role: Part(self.number(role), starts[role] * scale, self.size_mib(role) * scale)
                 for role in disk.ROLES}
        if self.behind_mib:
            found["behind"] = Part(max(part.number for part in found.values()) + 1,
                                   starts["behind"] * scale, self.behind_mib * scale)
        return found


def files():
    """Name -> content of what is on the data partition: so deep that the tiny root does not report it."""
    return {f"1/2/3/4/5/6/7/8/9/folder{number % 5}/file{number}":
            hashlib.shake_128(b"%d" % number).digest(1000 + 9000 * (number % 17))
            for number in range(100)}


# --- made ---

def chs(lba):
    """255 heads of 63 sectors."""
    cylinder = lba // (255 * 63)
    if cylinder > 1023:
        return b"\xfe\xff\xff"
    return bytes((lba // 63 % 255, (lba % 63 + 1) | cylinder >> 8 << 6, cylinder & 255))


def mbr_entry(kind, start, size, base=0):
    return struct.pack("<B3sB3sII", 0, chs(start), kind, chs(start + size - 1), start - base, size)


def put_mbr(file, kind, lba, entries, identity=0):
    file.seek(lba * kind.sector + 440)
    file.write(struct.pack("<IH", identity, 0) + b"".join(entries).ljust(64, b"\0") + b"\x55\xaa")


def write_msdos(file, kind):
    """State and data, and what is behind them, in an extended partition; each with its own table 1 MiB before it."""
    parts, scale = kind.parts(), MIB // kind.sector
    first = parts["state"].start - scale
    inner = [part for part in parts.values() if part.number > 4]
    put_mbr(file, kind, 0,
            [*(mbr_entry(FAT if role == "boot" else LINUX, *parts[role][1:])
               for role in ("boot", "rootA", "rootB")),
             mbr_entry(EXTENDED, first, inner[-1].end - first)], 0xA17E0000)
    for place, part in enumerate(inner):
        table = part.start - scale
        entries = [mbr_entry(LINUX, part.start, part.size, table)]
        if place + 1 < len(inner):
            following = inner[place + 1]
            entries.append(mbr_entry(EXTENDED, following.start - scale, following.size + scale, first))
        put_mbr(file, kind, table, entries)


def gpt_header(last, own, other, entries_at, entries, entry_sectors):
    def pack(crc):
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, own, other,
                           2 + entry_sectors, last - entry_sectors - 1,
                           uuid.UUID(disk.Disk().table_id()).bytes_le, entries_at, ENTRIES, ENTRY,
                           zlib.crc32(entries))
    return pack(zlib.crc32(pack(0)))


def write_gpt(file, kind):
    """As sgdisk would: 128 entries."""
    description, last = kind.description, kind.starts()["end"] * MIB // kind.sector - 1
    entries = bytearray(ENTRIES * ENTRY)
    for role, part in kind.parts().items():
        label = "x" * kind.name_length or (
            description.label(role) if role in disk.ROLES else role)
        unique = (uuid.UUID(description.partuuid(role)) if role in disk.ROLES else uuid.UUID(int=1))
        struct.pack_into("<16s16sQQQ72s", entries, (part.number - 1) * ENTRY,
                         uuid.UUID(disk.GPT_FAT if role == "boot" else disk.GPT_LINUX).bytes_le,
                         unique.bytes_le, part.start, part.end - 1, 0, label.encode("utf-16-le"))
    entry_sectors = len(entries) // kind.sector
    put_mbr(file, kind, 0, [struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, last)])
    for own, other, at in ((1, last, 2), (last, 1, last - entry_sectors)):
        file.seek(own * kind.sector)
        file.write(gpt_header(last, own, other, at, bytes(entries), entry_sectors))
        file.seek(at * kind.sector)
        file.write(entries)


def make_data(kind, path):
    """The data partition with files on it, where its maker can put them there."""
    with open(path, "wb") as file:
        file.truncate(kind.data_mib * MIB)
    folder, options = path.with_name(path.name + ".files"), []
    if kind.data[0] == "mke2fs":
        for name, data in files().items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        options = ["-d", folder, "-U", kind.description.uuid("data"), "-b", str(max(1024, kind.sector))]
    cache.run([*kind.data, "-L", kind.description.label("data"), *options, path])
    if options:
        cache.remove(folder)


def make_file_system(kind, role, path):
    if role == "data":
        make_data(kind, path)
    elif role == "boot" and kind.sector != 512:
        with open(path, "wb") as file:
            file.truncate(kind.size_mib(role) * MIB)
        cache.run(["mkfs.vfat", "-F", "16", "-S", str(kind.sector), "-s", "1", "-n",
                   kind.description.label(role), path])
        scratch = path.with_name(path.name + ".file")
        scratch.write_bytes(kind.description.config)
        cache.run(["mcopy", "-i", path, scratch, "::config.json"])
    else:
        disk.make_file_system(kind.description, role, path)


@contextlib.contextmanager
def block_size(folder, size):
    """mke2fs makes blocks of this size, whoever calls it."""
    conf = folder / "mke2fs.conf"
    system = Path("/etc/mke2fs.conf").read_text(encoding="ascii")
    conf.write_text(re.sub(r"blocksize = \d+", f"blocksize = {size}", system)
                    .replace("[defaults]", f"[defaults]\n\tblocksize = {size}", 1), encoding="ascii")
    os.environ["MKE2FS_CONFIG"] = str(conf)
    try:
        yield
    finally:
        del os.environ["MKE2FS_CONFIG"]


def _build(kind, path):
    starts = kind.starts()
    with open(path, "wb") as file:
        file.truncate(starts["end"] * MIB)
    with open(path, "r+b") as file:
        (write_gpt if kind.table == "gpt" else write_msdos)(file, kind)
    scratch = path.with_name(path.name + ".part")
    wanted = block_size(path.parent, kind.sector) if kind.sector > 512 else contextlib.nullcontext()
    with wanted:
        for role in disk.ROLES:
            make_file_system(kind, role, scratch)
            disk.copy_into(scratch, path, starts[role] * MIB)
            cache.remove(scratch)


def image(kind):
    """The raw image, from the cache or newly built."""
    key = cache.key_of(tuple(kind), Path(__file__), Path(disk.__file__),
                       disk.root.inputs("tiny"))
    return cache.cached("grow.raw", key, lambda path: _build(kind, path))


def flashed(kind, folder, mib, name="device"):
    """The image on a larger disk, as a qcow2."""
    path = harness.overlay(image(kind), folder, name)
    cache.run(["qemu-img", "resize", "-q", path, f"{mib}M"])
    return path


def options(path, kind, drive=""):
    """QEMU's, for a disk with these sectors."""
    sectors = f",logical_block_size={kind.sector},physical_block_size=4096"
    return ["-drive", f"file={path},if=none,id=grown,format=qcow2,cache=unsafe{drive}",
            "-device", f"virtio-blk-pci,drive=grown,serial=grown{sectors}"]


# --- read ---

def raw_of(path, folder):
    """What a qcow2 holds, as a raw file."""
    raw = folder / "after.raw"
    cache.run(["qemu-img", "convert", "-O", "raw", path, raw])
    return raw


def gpt_at(raw, sector, lba, sectors):
    """The header at a sector and its entries, as the kernel's is_gpt_valid() takes them; or None."""
    raw.seek(lba * sector)
    header = raw.read(sector)
    fields = struct.unpack_from("<8sIIIIQQQQ16sQIII", header)
    magic, _, size, crc, _, own, other, first, last, _, at, count, entry, entries_crc = fields
    if magic != b"EFI PART" or not 92 <= size <= sector or own != lba:
        return None
    if zlib.crc32(header[:16] + bytes(4) + header[20:size]) != crc:
        return None
    if first > sectors - 1 or last > sectors - 1 or last < first or entry != ENTRY:
        return None
    raw.seek(at * sector)
    entries = raw.read(count * entry)
    if zlib.crc32(entries) != entries_crc:
        return None
    return {"other": other, "last": last, "entries": entries}


def gpt_parts(raw, sector, sectors):
    """Number -> Part, as the kernel finds them without `gpt` on its command line; {}: no GPT."""
    raw.seek(0)
    mbr = raw.read(512)
    pmbr = any(mbr[446 + 16 * i + 4] == 0xEE and struct.unpack_from("<I", mbr, 446 + 16 * i + 8)[0] == 1
               for i in range(4))
    table = gpt_at(raw, sector, 1, sectors) if pmbr and mbr[510:512] == b"\x55\xaa" else None
    found = {}
    for number in range(1, ENTRIES + 1 if table else 1):
        kind, _, start, end = struct.unpack_from("<16s16sQQ", table["entries"], (number - 1) * ENTRY)
        if any(kind) and start <= sectors - 1 and end <= sectors - 1:
            found[number] = Part(number, start, end + 1 - start)
    return found


def msdos_parts(raw, sector):
    """The same of an msdos table; the extended partition is left out."""
    def entries(lba):
        raw.seek(lba * sector)
        table = raw.read(512)
        assert table[510:512] == b"\x55\xaa", lba
        return [struct.unpack_from("<4xB3xII", table, 446 + 16 * i) for i in range(4)]

    found, first = {}, None
    for place, (kind, start, size) in enumerate(entries(0)):
        if size and kind == EXTENDED:
            first = start
        elif size:
            found[place + 1] = Part(place + 1, start, size)
    at, number = first, 5
    while at is not None:
        (_, start, size), (kind, link, linked), *_ = entries(at)
        found[number] = Part(number, at + start, size)
        number, at = number + 1, first + link if linked and kind == EXTENDED else None
    return found


def parts_of(path, kind):
    """What the table of a raw file says."""
    sectors = path.stat().st_size // kind.sector
    with open(path, "rb") as raw:
        return (gpt_parts(raw, kind.sector, sectors) if kind.table == "gpt"
                else msdos_parts(raw, kind.sector))


@contextlib.contextmanager
def loop(path, sector):
    """A loop device with these sectors, for who takes no file; read-only."""
    device = cache.run(["losetup", "-r", "-f", "--show", "-b", sector, path]).strip()
    try:
        yield device
    finally:
        cache.run(["losetup", "-d", device])


def told(*command):
    """What a tool says, on either stream."""
    return cache.run(["sh", "-c", 'exec "$@" 2>&1', "sh", *command])


def verify(path, kind):
    """The tools find nothing to complain of in the table."""
    if kind.sector != 512 and os.geteuid() != 0:
        return      # they take it for one of sectors of 512 bytes, unless it is a device
    with contextlib.nullcontext(path) if kind.sector == 512 else loop(path, kind.sector) as device:
        said = told("sfdisk", "--verify", device)
        assert re.search(r"No errors detected|Remaining \d+ unallocated", said), said
        assert not re.search(r"warning|invalid|overlap|beyond|corrupt|does not", said, re.I), said
        if kind.table == "gpt":
            said = told("sgdisk", "-v", device)
            assert "No problems found" in said, said
            assert not re.search(r"warning|caution|problem:", said, re.I), said


def data_of(path, kind, folder):
    """The data partition of a raw file, by what the table says, as a file."""
    part = parts_of(path, kind)[kind.number("data")]
    out = folder / "data.part"
    with open(path, "rb") as raw, open(out, "wb") as to:
        to.truncate(part.size * kind.sector)
        at, end = part.start * kind.sector, part.end * kind.sector
        while at < end:
            try:
                at = raw.seek(at, os.SEEK_DATA)
            except OSError:
                break
            hole = min(raw.seek(at, os.SEEK_HOLE), end)
            raw.seek(at)
            to.seek(at - part.start * kind.sector)
            while at < hole:
                chunk = raw.read(min(hole - at, 4 * MIB))
                to.write(chunk)
                at += len(chunk)
    return out


def check_data(partition, folder):
    """The files are all there, and the file system is in order; its size in bytes."""
    there = folder / "data.files"
    cache.remove(there)
    there.mkdir()
    cache.run(["debugfs", "-R", f"rdump / {there}", partition])
    for name, data in files().items():
        assert (there / name).read_bytes() == data, name
    said = cache.run(["dumpe2fs", "-h", partition])
    count, size = (int(re.search(rf"^{key}: +(\d+)$", said, re.M)[1])
                   for key in ("Block count", "Block size"))
    return count * size


# --- cut ---

class Cut(NamedTuple):
    """A disk as a cut leaves it: what of its table was written by then, as (at, bytes)."""

    name: str
    patches: tuple
    torn: bool = False


def outside(kind, write, mib):
    """Whether a write goes to a table: beside the partitions, of which the last one ends with the disk."""
    parts, at = kind.parts(), write.at // kind.sector
    end = (mib - (kind.table == "gpt")) * MIB // kind.sector
    parts["data"] = parts["data"]._replace(size=end - parts["data"].start)
    return bool(write.data) and not any(part.start <= at < part.end for part in parts.values())


def bytes_at(kind, patches, at, size):
    """What a disk has somewhere after some writes."""
    with open(image(kind), "rb") as file:
        file.seek(at)
        content = file.read(size).ljust(size, b"\0")
    for where, data in patches:
        if where == at:
            content = data
    return content


def cuts(kind, table_writes, places):
    """The power cut before the first write and behind each, and in each: torn at some bytes, or garbage.

    What an msdos table has no second copy of cannot be garbage, nor can a number have its last bytes first.
    """
    done = []
    yield Cut("before all", ())
    for write in table_writes:
        old = bytes_at(kind, done, write.at, len(write.data))
        name = f"sector {write.at // kind.sector}"
        torn = {f"new to {place}": write.data[:place] + old[place:] for place in places}
        torn |= {f"new from {place}": old[:place] + write.data[place:] for place in TORN_AT}
        for what, data in torn.items():
            if data not in (old, write.data):
                yield Cut(f"{name} {what}", (*done, (write.at, data)), True)
        if kind.table == "gpt" and write.at:
            yield Cut(f"{name} garbage", (*done, (write.at, garbage(len(write.data)))), True)
        done.append((write.at, write.data))
        yield Cut(f"after {name}", tuple(done))


def garbage(size):
    return hashlib.shake_128(b"garbage").digest(size)


def patch(path, patches):
    """Writes them into a raw file."""
    with open(path, "r+b") as file:
        for at, data in patches:
            file.seek(at)
            file.write(data)


def cut_disk(kind, cut, path, mib, content=True):
    """A raw file of a disk after a cut; without content it has the table alone."""
    base = image(kind)
    with open(path, "wb") as file:
        file.truncate(mib * MIB)
    if content:
        disk.copy_into(base, path, 0)
    else:
        parts, size = kind.parts().values(), base.stat().st_size
        with open(base, "rb") as source, open(path, "r+b") as target:
            # the first MiB, the one in front of each partition, and the last
            for at in sorted({0, size - MIB, *(part.start * kind.sector - MIB for part in parts)}):
                source.seek(at)
                target.seek(at)
                target.write(source.read(MIB))
    patch(path, cut.patches)
