# SPDX-License-Identifier: LGPL-2.1-or-later
"""anteroot check: every problem at once, by line, column and key."""

import json

import pytest
from conftest import DONE, NO, PROJECT, SAMPLE, USAGE, run


def check(tmp_path, text, *options):
    path = tmp_path / "config.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return run("check", path, *options), str(path)


def test_sample_is_fine():
    done = run("check", SAMPLE)
    assert (done.returncode, done.stderr) == (DONE, "")
    assert done.stdout == f"{SAMPLE}: nothing wrong with 10 keys\n"


def test_every_problem_at_once(tmp_path):
    text = """{
  "hostname": "-bad-",
  "country": "gb", "mine": 1,
  "os": { "sshkeys": [],
    "sshKeys": [ "good", 7 ] },
  "persistentLogging": "perhaps", "persistentLogging": "maybe"
}
"""
    done, path = check(tmp_path, text)
    assert done.returncode == NO
    assert done.stdout.splitlines() == [
        f"{path}:2:3: error: hostname has a - at the beginning or end of a label, expected a string of "
        "1 to 64 letters, digits, - and dots (RFC 1123), not localhost",
        f"{path}:3:3: note: country is not in capitals; taken all the same",
        f"{path}:3:20: warning: mine is not known, it is left alone",
        f"{path}:4:11: error: os.sshkeys is not known, did you mean os.sshKeys?",
        f"{path}:5:26: error: os.sshKeys[1] is a number, expected one public key on one line",
        f"{path}:6:35: error: persistentLogging is a string, expected true or false; it stands there "
        "more than once, the last one holds",
        f"{path}: 4 errors, 1 warning",
    ]


def test_json(tmp_path):
    done, path = check(tmp_path, '{"hostname": 7,\n"apiKey": "s3cret", "unheard": 1}', "--json")
    assert done.returncode == NO
    answer = json.loads(done.stdout)
    assert answer["file"] == path
    assert (answer["errors"], answer["warnings"], answer["keys"]) == (1, 1, 3)
    first, second = answer["problems"]
    assert (first["line"], first["column"], first["severity"], first["key"]) == (1, 2, "error", "hostname")
    assert first["text"].startswith("is a number, expected a string of 1 to 64")
    assert (second["line"], second["column"], second["severity"]) == (2, 21, "warning")


@pytest.mark.parametrize("text,line,column,what", [
    ("", 1, 1, "there is nothing in it; expected {"),
    ("[1]", 1, 1, "expected {"),
    ('{"a": 1,\n "b": 01}', 2, 7, "a number does not begin with a zero"),
    ('{"a": 1}\nx', 2, 1, "expected nothing more behind the last }"),
    (b'{"a": "\xff"}', 1, 8, "a string is not valid UTF-8"),
    (b'{"a": "\x00"}', 1, 8, "a control character in a string"),
    ('{"a": "\\u0000"}', 1, 8, "a NUL character (\\u0000) is not allowed"),
    (b"\xef\xbb\xbf{}", 1, 1, "a byte order mark is not allowed; save as UTF-8 without it"),
    ('{"a":' + "[" * 40 + "]" * 40 + "}", 1, 37, "nested too deep"),
    ("{" + " " * 262144 + "}", 1, 1, "it has more than 262144 bytes, which no boot reads"),
    ('{"a":[' + "0," * 5000 + "0]}", 1, 8195, "there are too many values"),
], ids=["empty", "array", "zero", "behind", "utf8", "control", "nul", "bom", "deep", "large", "many"])
def test_not_strict_json(tmp_path, text, line, column, what):
    done, path = check(tmp_path, text)
    assert done.returncode == NO
    assert done.stdout.splitlines()[0] == f"{path}:{line}:{column}: error: {what}"
    answer = json.loads(check(tmp_path, text, "--json")[0].stdout)
    assert answer["problems"] == [{"line": line, "column": column, "severity": "error", "key": None,
                                   "text": what}]


@pytest.mark.parametrize("words", [[], ["a", "b"], ["--xml", "a"]], ids=str)
def test_bad_usage(words):
    done = run("check", *words)
    assert done.returncode == USAGE
    assert "Usage: anteroot check FILE [--json]" in done.stderr


def test_unreadable(tmp_path):
    for path, cause in ((tmp_path / "absent", "No such file or directory"),
                        (tmp_path, "Is a directory"), ("/dev/null", "Invalid argument")):
        done = run("check", path)
        assert done.returncode == USAGE
        assert done.stderr == f"anteroot: unable to read {path}: {cause}\n"


def test_values_are_not_shown(tmp_path):
    """Of a wrong value nothing is printed: it may be a secret."""
    secret = "s3cr3t-s3cr3t"
    text = json.dumps({"uuid": f"{secret}!", "hostname": f"_{secret}", "country": secret,
                       "balenaRootCA": secret, "dnsServers": secret, "apiEndpoint": secret,
                       "apiKey": secret, "os": {"sshKeys": [f"{secret}\n{secret}"],
                                                "udevRules": {"a b": secret}}})
    for option in ([], ["--json"]):
        done, _ = check(tmp_path, text, *option)
        assert secret not in done.stdout + done.stderr


def test_names_do_no_harm_to_a_terminal(tmp_path):
    done, _ = check(tmp_path, '{"\\u001b[2Jx\\n": 1}')
    assert "\x1b" not in done.stdout
    assert "?[2Jx?" in done.stdout


def test_schema_agrees(tmp_path):
    """What the schema refuses check refuses too, for every type of value at every key."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((PROJECT / "docs/config.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(json.loads(SAMPLE.read_text(encoding="utf-8")))
    values = [None, True, 7, 7.5, -1, "", "x", "press-07", "localhost", "a b", "GB", "true", "300",
              "http://x", [], ["x"], [7], {}, {"a": "x"}, {"a": 7}, {".a": "x"}]
    seen = 0
    for path in paths(schema):
        for value in values:
            document = nested(path, value)
            refused = not validator.is_valid(document)
            errors = json.loads(check(tmp_path, json.dumps(document), "--json")[0].stdout)["errors"]
            assert not refused or errors, f"{document}: the schema refuses it, check does not"
            seen += refused
    assert seen > 100


def paths(schema, before=()):
    """The paths of all keys in the schema."""
    for name, inner in schema.get("properties", {}).items():
        yield (*before, name)
        yield from paths(inner, (*before, name))


def nested(path, value):
    for name in reversed(path):
        value = {name: value}
    return value
