# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an owner puts into config.json and beside it, to be delivered."""

import base64
import struct
import zlib
from typing import NamedTuple

from image import cache

NEW_CERTIFICATE = ("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                   "-nodes")


class Authority(NamedTuple):
    """A certificate authority: its certificate, and the name OpenSSL looks it up by."""

    pem: bytes
    hash: str

    @property
    def value(self):
        """What balenaRootCA is then."""
        return base64.b64encode(self.pem).decode()

    def block(self):
        """What stands in the bundle behind the image's own."""
        return ("# anteroot: balenaRootCA begins\n" + self.pem.decode()
                + "# anteroot: balenaRootCA ends\n")


def make_authority(folder, name="anteroot test authority"):
    """Writes ca.key and ca.pem."""
    cache.run([*NEW_CERTIFICATE, "-x509", "-subj", f"/CN={name}", "-days", "3650",
               "-keyout", folder / "ca.key", "-out", folder / "ca.pem"])
    number = cache.run(["openssl", "x509", "-noout", "-hash", "-in", folder / "ca.pem"])
    return Authority((folder / "ca.pem").read_bytes(), number.strip())


def connection(number, name):
    return (f"[connection]\nid={name}\nuuid=a17e0000-0000-4000-8000-{number:012}\ntype=wifi\n"
            "autoconnect=false\n\n[wifi]\nssid=anteroot\n").encode()


def picture():
    """The smallest PNG there is: one grey dot."""
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(b"\0\x7f")) + chunk(b"IEND", b""))
