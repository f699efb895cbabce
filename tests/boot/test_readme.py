# SPDX-License-Identifier: LGPL-2.1-or-later
"""README.md, "Put it in an image", followed to the letter; the pages that it leads to have tests of their own."""

import json
import re

from image import cache, kernel
from image.disk import Disk

README = (cache.PROJECT / "README.md").read_text(encoding="utf-8")
SECTION = README[README.index("## Put it in an image"):README.index("## Updates")]


def block(kind):
    """The one block of a language in the section."""
    found = re.findall(rf"^```{kind}\n(.*?)^```", SECTION, re.M | re.S)
    assert len(found) == 1, kind
    return found[0]


def commands(image):
    """The commands, for the tests' kernel in the place of this machine's and with the image elsewhere."""
    text = block("sh")
    for ours, theirs in (("--kernel $(uname -r)", f"--modules-dir {kernel.kernel().modules}"),
                         ("-o build/initramfs.img", f"-o {image}")):
        assert ours in text
        text = text.replace(ours, theirs)
    return text


def test_as_init(boot, tmp_path):
    image = tmp_path / "initramfs.img"
    cache.run(["sh", "-ec", commands(image)], cwd=cache.PROJECT)
    target = boot(image=image)
    assert target.slot == "A" and target.report["decided"]["config"] == "read"
    assert target.report["warnings"] == []
    assert not [item for item in target.report["delivered"] if item["action"] == "failed"]


def test_other_labels(boot, tmp_path):
    conf, image = tmp_path / "anteroot.json", tmp_path / "initramfs.img"
    conf.write_text(block("json"), encoding="ascii")
    cache.run(["sh", "-ec", commands(f"{image} --conf {conf}")], cwd=cache.PROJECT)
    target = boot([Disk(prefix="system", boot_label="BOOT")], image=image)
    assert target.slot == "A" and target.report["decided"]["config"] == "read"
    assert "/mnt/boot" in target.mounts


def test_pages_that_it_leads_to():
    missing = [name for name in re.findall(r"\]\(([\w./-]+?)(?:#[\w-]+)?\)", README) if not (cache.PROJECT / name).exists()]
    assert not missing


def test_the_integrators_file_is_json():
    assert set(json.loads(block("json"))) >= {"partitions", "storage"}
