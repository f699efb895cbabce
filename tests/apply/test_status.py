# SPDX-License-Identifier: LGPL-2.1-or-later
"""`anteroot status`: its JSON and the schema of it, and what people see on a terminal and elsewhere."""

import json
import re

import jsonschema
import pytest

from conftest import NO
from machine import STATUS, Machine, available

pytestmark = pytest.mark.skipif(not available(), reason="needs root, loop devices and mounts")

LONG = "the candidate is bad, and this reason is so long that no terminal shows it on one line of its own"
REPORT = {
    "seen": {"clones": ["sdb"]},
    "delivered": [
        {"hook": "hostname", "key": "hostname", "path": "/etc/hostname", "action": "written"},
        {"hook": "dns", "key": "dnsServers", "path": "/run/dnsmasq.servers", "action": "unchanged"},
        {"hook": "ssh-keys", "key": "os.sshKeys", "path": "/root/.ssh/authorized_keys_local",
         "action": "failed", "error": "unable to write it: No space left on device"},
        {"hook": "ntp", "key": "ntpServers", "path": None, "action": "skipped",
         "error": "nobody in the target reads it"},
    ],
    "warnings": [{"hook": "root", "text": "a warning with \x1b[2Jan escape sequence in it"}],
    "stages": [{"name": "early", "start_usec": 1500000, "duration_usec": 100000, "rounds": 4},
               {"name": "root", "start_usec": 1600000, "duration_usec": 300000, "rounds": 1},
               {"name": "handover", "start_usec": 1900000, "duration_usec": 10000, "rounds": 1}],
    "modules": [{"name": "ext4", "wanted": "fs-ext4", "start_usec": 1610000, "usec": 90000}],
}


@pytest.fixture
def machine(tmp_path):
    one = Machine(tmp_path)
    try:
        one.start()
        yield one
    finally:
        one.stop()


def report(machine):
    """A candidate's boot, with all that a boot may leave."""
    machine.anteroot("slot", "arm", "B", "--version", "2.1.0")
    machine.boot()
    told = json.loads(machine.read("/run/anteroot/state.json"))
    told.update(stored=True, reset_cause="watchdog", reason=LONG,
                failed=[{"device": "vda2", "slot": "A", "reason": "unable to mount it"}])
    machine.write("/run/anteroot/state.json", json.dumps(told))
    machine.write("/run/anteroot/report.json", json.dumps(REPORT))


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """One that is only looked at."""
    one = Machine(tmp_path_factory.mktemp("reported"))
    try:
        one.start()
        report(one)
        yield one
    finally:
        one.stop()


def keys(value, path=""):
    """Where the members of objects are, slots and list items alike."""
    found = set()
    for name, inner in value.items() if isinstance(value, dict) else ():
        found |= {f"{path}.{name}"} | keys(inner, f"{path}.{name}")
    for inner in value if isinstance(value, list) else ():
        found |= keys(inner, path)
    return found


def properties(schema, whole, path=""):
    """The same for what a schema lists."""
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    found = set()
    for name, inner in schema.get("properties", {}).items():
        found |= {f"{path}.{name}"} | properties(inner, whole, f"{path}.{name}")
    return found | (properties(schema["items"], whole, path) if "items" in schema else set())


def test_schema_and_program_have_the_same_keys(reported):
    jsonschema.Draft202012Validator.check_schema(STATUS.schema)
    found = {key for key in keys(reported.status()) if not key.startswith(".delivered.counts.")}
    assert found == properties(STATUS.schema, STATUS.schema)


def test_schema_refuses(reported):
    """It is one that says no: a key too many, one that is missing, a value that is none."""
    good = reported.status()
    for change in ({"extra": 1}, {"backend": "other"}, {"warnings": None}, {"transaction": -1},
                   {"backend": "none"}):
        assert not STATUS.is_valid({**good, **change})
    for name in ("running", "slots", "active"):
        assert not STATUS.is_valid({key: value for key, value in good.items() if key != name})


def test_without_boot_state(machine):
    assert "counter" not in machine.status(expect=NO)
    machine.run("rm", "/run/anteroot/state.json")
    assert "boot" not in machine.status(expect=NO)


def plain(text):
    return re.sub(r"\x1b\[[0-9]*m", "", text)


def test_not_on_a_terminal(reported):
    """Lines as scripts have read them ever since, whatever the environment says."""
    text = reported.anteroot("status", env={"TERM": "xterm", "COLUMNS": "40"}).stdout
    lines = text.splitlines()
    assert "\x1b" not in text and "█" not in text
    assert lines[:3] == ["running      slot B, /dev/vda3, mounted at /, a candidate's attempt",
                         f"this boot    {LONG}",
                         "next boot    slot B, attempt 2 of 3: it is a candidate"]
    assert "slot   state             attempts  refunds  unconfirmed  version" in lines
    assert "B*     trying              1 of 3        0            -  2.1.0" in lines
    for line in ("last reset   watchdog", "failed root  A, /dev/vda2: unable to mount it",
                 "clone        /dev/sdb has the labels of the boot disk, and was not used",
                 "delivered    1 written, 1 unchanged, 1 failed, 1 skipped",
                 "  /root/.ssh/authorized_keys_local: unable to write it: No space left on device",
                 "  ntpServers: nobody in the target reads it",
                 "warning      a warning with ?[2Jan escape sequence in it",
                 "boot took    410.0 ms"):
        assert line in lines


@pytest.mark.parametrize("columns", [48, 60, 80, 132])
def test_on_a_terminal(reported, columns):
    text, status = reported.terminal("status", columns=columns)
    lines = plain(text).splitlines()
    assert status == 0
    # Names and paths are not broken: they alone may be longer.
    assert [line for line in lines if len(line) > columns and " " in line.strip()
            and not line.startswith("  /root")] == []
    joined = " ".join(plain(text).split())
    assert LONG in joined and "\x1b[2J" not in text
    assert "\x1b[33mtrying\x1b[0m" in text and "\x1b[32mgood\x1b[0m" in text
    assert "written /etc/hostname" in joined and "dnsmasq" not in joined
    assert ("unconfirmed" in joined) == (columns >= 78)
    bars = {line.split()[0]: line for line in lines if "█" in line}
    assert set(bars) == {"kernel", "early", "root", "handover"}
    assert bars["root"].index("█") > bars["early"].index("█") > bars["kernel"].index("█")


@pytest.mark.parametrize("env, colour, blocks", [
    ({"NO_COLOR": "1"}, False, True), ({"NO_COLOR": ""}, True, True), ({"TERM": "dumb"}, False, True),
    ({"LC_ALL": "C"}, True, False), ({"LC_ALL": "", "LANG": "de_DE.utf8"}, True, True),
    ({"LC_ALL": "", "LC_CTYPE": "C", "LANG": "de_DE.utf8"}, True, False)])
def test_what_a_terminal_can_show(reported, env, colour, blocks):
    text, _ = reported.terminal("status", env=env)
    assert ("\x1b[" in text, "█" in text, "###" in text) == (colour, blocks, not blocks)


@pytest.mark.parametrize("columns, used", [(0, 80), (7, 40)])
def test_no_width_or_hardly_one(reported, columns, used):
    text, _ = reported.terminal("status", columns=columns)
    assert used - 15 <= max(map(len, plain(text).splitlines())) <= used + 8


def test_report_that_is_none(machine):
    """The boot state is told all the same."""
    report(machine)
    for text in ("{", "{}", '{"stages":[{"name":"early"}]}'):
        machine.write("/run/anteroot/report.json", text)
        assert "B*     trying" in machine.anteroot("status").stdout
        assert "boot took" not in machine.anteroot("status").stdout
