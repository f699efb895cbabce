# SPDX-License-Identifier: LGPL-2.1-or-later
"""`anteroot timeline`: every stage and module in the text and in the picture, and what a report must be."""

import json
import re
import xml.etree.ElementTree as ET

import pytest

from conftest import DONE, NO, USAGE, run

SVG = "{http://www.w3.org/2000/svg}"
STAGES = [("early", 1_512_300, 147_000, 4), ("boot", 1_660_000, 102_000, 3), ("root", 1_762_000, 328_200, 1),
          ("target", 2_090_000, 111_200, 1), ("handover", 2_201_200, 11_600, 1)]
MODULES = [("virtio_blk", 1_520_000, 54_500, None), ("ext4", 1_780_000, 116_100, None),
           ("nvme", 1_900_000, 20, "unable to load it"), ("a-module-of-a-name-that-is-long", 1_950_000, 1000, None)]
HOSTILE = "</text><script>&\"'\x1b[2Jé\x7f\\u0000]]>"
END = 2_212_800


def report(stages=STAGES, modules=MODULES):
    return {"stages": [{"name": name, "start_usec": start, "duration_usec": usec, "rounds": rounds}
                       for name, start, usec, rounds in stages],
            "modules": [{"name": name, "wanted": "x", "start_usec": start, "usec": usec,
                         **({"error": error} if error else {})} for name, start, usec, error in modules]}


@pytest.fixture
def file(tmp_path):
    """Writes a report; its path."""
    def write(content):
        path = tmp_path / "report.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path
    return write


def picture(path):
    """The texts and the bars (class, x, width) of the picture."""
    done = run("timeline", "--svg", path)
    assert done.returncode == DONE and done.stderr == ""
    top = ET.fromstring(done.stdout)
    assert top.tag == f"{SVG}svg"
    # It needs nothing else: no link, no script, no image, no font.
    assert not re.search(r"href|url\(|@import|<script|<image", done.stdout)
    texts = [one.text for one in top.iter(f"{SVG}text")]
    bars = [(one.get("class"), int(one.get("x")), int(one.get("width"))) for one in top.iter(f"{SVG}rect")
            if one.get("y") != "38"]        # the legend is at the top
    return top, texts, bars


def test_text(file):
    done = run("timeline", file(report()))
    assert done.returncode == DONE and done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["kernel", *(name for name, *_ in STAGES),
                                                   "virtio_blk", "ext4", "nvme", "a-module-of-a-name",
                                                   "in", "of"]
    assert max(map(len, lines)) <= 80
    assert lines[0].endswith("1512.3 ms") and lines[1].endswith("147.0 ms  4 rounds")
    assert lines[8].endswith("0.0 ms  failed")
    assert re.fullmatch("in all +2212.8 ms", lines[-2])
    assert re.fullmatch("of it +171.6 ms for 4 modules", lines[-1])
    # Bars begin where the one before has ended, as wide as their share.
    spans = [(line.index("#"), line.rindex("#") + 1) for line in lines[:6]]
    assert all(abs(after[0] - before[1]) <= 1 for before, after in zip(spans, spans[1:]))
    whole = spans[-1][1] - spans[0][0]
    assert abs((spans[0][1] - spans[0][0]) / whole - 1_512_300 / END) < 0.03


def test_picture(file):
    top, texts, bars = picture(file(report()))
    assert top.find(f"{SVG}title").text
    for name in ("kernel", *(name for name, *_ in STAGES + MODULES)):
        assert name in texts
    for legend in ("stage", "hand-over", "module", "failed", "ms"):
        assert legend in texts
    assert any("2212.8 ms" in text for text in texts)
    # The axis has round numbers of milliseconds, from 0 to the end.
    assert [text for text in texts if text.isdigit()] == ["0", "500", "1000", "1500", "2000"]
    assert [kind for kind, *_ in bars] == ["k", "s", "s", "s", "s", "h", "m", "m", "f", "m"]
    left, width = bars[0][1], 660
    expected = [(0, 1_512_300), *((start, usec) for _, start, usec, _ in STAGES + MODULES)]
    for (_, x, wide), (start, usec) in zip(bars, expected):
        assert abs((x - left) - start * width / END) <= 1
        assert abs(wide - usec * width / END) <= 1 and wide >= 1
    bottom = max(int(one.get("y")) for one in top.iter(f"{SVG}text"))
    assert bottom < int(top.get("height")) and top.get("viewBox") == f"0 0 960 {top.get('height')}"


@pytest.mark.parametrize("end, ticks", [(9_000, 10), (10_000, 11), (19_000, 10), (49_999, 10), (100_000, 11),
                                        (120_000, 7), (60_000_000, 7), (3_600_000_000, 8)])
def test_axis_has_few_round_numbers(file, end, ticks):
    _, texts, _ = picture(file(report([("early", 0, end, 1)], [])))
    numbers = [int(text) for text in texts if text.isdigit()]
    assert len(numbers) == ticks and numbers[0] == 0
    assert str(numbers[1]).strip("0") in ("1", "2", "5")


def test_hostile_names(file):
    path = file(report([(HOSTILE, 0, 1000, 1)], [(HOSTILE, 10, 20, HOSTILE)]))
    _, texts, _ = picture(path)
    assert sum("</text><script>&\"'?[2J??" in text for text in texts) == 2
    done = run("timeline", path)
    assert done.returncode == DONE and "\x1b" not in done.stdout and "\x7f" not in done.stdout


def test_one_moment_only(file):
    """A clock that stands still divides nothing by zero."""
    path = file(report([("early", 0, 0, 1)], []))
    assert len(picture(path)[2]) == 2
    assert run("timeline", path).returncode == DONE


def test_report_of_an_older_initramfs(file):
    """Modules without a start stand one behind the other, from the first stage on."""
    old = report()
    for module in old["modules"]:
        del module["start_usec"]
    _, _, bars = picture(file(old))
    modules = bars[6:]
    assert modules[0][1] == bars[1][1]
    assert abs(modules[1][1] - modules[0][1] - modules[0][2]) <= 1


def test_a_thousand_modules(file):
    many = [(f"m{i}", 1_520_000 + i, 1, None) for i in range(700)]
    _, texts, bars = picture(file(report(modules=many)))
    assert len(bars) == 706 and "m699" in texts


@pytest.mark.parametrize("content, said", [
    ("", "unable to parse JSON: line 1, column 1: there is nothing in it"),
    ('{"stages": [', "unable to parse JSON: line 1"),
    ("{}", "unable to use stages: expected those of a boot; is it a report.json?"),
    ('{"stages": 3}', "unable to use stages: expected those of a boot; is it a report.json?"),
    ({"stages": [3]}, "unable to use stages[0]: expected a name"),
    ({"stages": [{"name": "early"}]}, "unable to use stages[0]: expected a duration in microseconds"),
    (report([("early", -1, 5, 1)]), "unable to use stages[0]: expected a start in microseconds"),
    (report([("early", 0, 1.5, 1)]), "unable to use stages[0]: expected a duration in microseconds"),
    (report([("early", 0, 2 ** 51, 1)]), "unable to use stages[0]: expected a duration in microseconds"),
    (report(modules=[("x", 1, 1, None), ("x", "1", 1, None)]), "unable to use modules[1]: expected a start in microseconds"),
    (report(modules=[(None, 1, 1, None)]), "unable to use modules[0]: expected a name"),
])
def test_damaged_report(file, content, said):
    path = file(content)
    for options in ([], ["--svg"]):
        done = run("timeline", *options, path)
        assert done.returncode == USAGE and done.stdout == ""
        assert done.stderr.startswith(f"anteroot: {path}: {said}")


def test_no_report(tmp_path):
    done = run("timeline", tmp_path / "none")
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr == f"anteroot: unable to read {tmp_path}/none: No such file or directory\n"
    done = run("timeline")
    assert done.returncode == NO and "was anteroot in its initramfs?" in done.stderr


def test_usage(file):
    path = file(report())
    for words in ([path, path], ["--svg=1", path], ["--sgv", path], ["-s", path]):
        done = run("timeline", *words)
        assert done.returncode == USAGE and "Usage: anteroot timeline [--svg] [FILE]" in done.stderr
    assert "did you mean --svg?" in run("timeline", "--sgv").stderr
    assert run("timeline", path, "--svg").stdout.startswith("<?xml")
