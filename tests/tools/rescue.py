# SPDX-License-Identifier: LGPL-2.1-or-later
"""The messages that end a boot or cost a root its turn, taken from the sources, and whether docs/RESCUE.md has them.

A message is `unable to VERB OBJECT: cause`. On the page its entry has it in backticks as `unable to VERB`, and a cause
in words of ours as these words; of a cause with a value in it, the words around. What to do ("rescue: what to do: …")
stands there word for word.
"""

import re
from pathlib import Path

PAGE = Path("docs/RESCUE.md")
# Where such messages are made. What ends a boot anywhere else is found by ENDINGS and must come to this list.
SOURCES = ("hooks/boot_disk.c", "hooks/root.c", "init/apply.c", "init/apply_ops.c", "init/apply_programs.c",
           "init/boot.c", "init/handover.c", "init/rescue.c", "lib/initcheck.c")
ENDINGS = re.compile(r"OP_FAIL\b|\bboot_fail\(|FAIL_FATAL\b|FAIL_OTHER_SLOT\b")
# … and where these words are only spoken of: the table of names, headers, and operations whose messages are those
# of apply_ops.c and apply_programs.c.
NO_MESSAGES = ("init/plan.c", "init/decide.c", "hooks/api_mounts.c", "hooks/fsck.c")
# What apply_ops.c and apply_programs.c do for deliveries and for the integrator is a warning at most.
WARNINGS = {"bind over", "make a UUID for", "move a mount to", "mount an overlay over", "run", "set", "look at"}
STRING = r'"((?:[^"\\]|\\.)*)"'
STRINGS = rf"{STRING}(?:\s*{STRING})*"


def joined(text):
    """What adjacent literals of C come to."""
    return "".join(re.findall(STRING, text)).replace('\\"', '"')


def words(cause):
    """The parts of a format that are words: they are what is looked for."""
    return [part.strip(" ():;,") for part in re.split(r"%[a-z0-9]+", cause) if len(part.strip(" ():;,")) > 3]


def of_source(path):
    """(what must be on the page, where it comes from) of one source."""
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found.group().count("\n"), path.read_text(encoding="utf-8"),
                  flags=re.S)
    for found in re.finditer(rf"reason_setf?\(\s*&?\w+,\s*[^;]*?,\s*{STRING},", text):
        verb = found.group(1)
        if path.name.startswith("apply") and verb in WARNINGS:
            continue
        yield f"`unable to {verb}", path
        call = text[found.start():text.index(";", found.end())]
        rest = call[found.end() - found.start():]
        if call.startswith("reason_setf") and (cause := re.search(rf",\s*({STRINGS})", "," + rest)):
            for part in words(joined(cause.group(1))):
                yield part, path
    # initcheck's own causes.
    for found in re.finditer(rf"bad_elf\([^;]*?({STRINGS})\);|return (?:[^;]*?\? )?({STRINGS})(?: : ({STRINGS}))?;", text):
        if path.name == "initcheck.c":
            for part in (found.group(1), found.group(4), found.group(7)):
                if part:
                    yield joined(part), path
    for found in re.finditer(rf"(?:static const char hint\[\] =|boot_fail\([^;]*?,)\s*({STRINGS})[;)]", text):
        yield joined(found.group(1)), path
    # Where a hook ends the boot, and where the end itself is made: all that is said.
    ends = [block for block in text.split("\n}\n") if "rescue: " in block
            or "unable to go on: " in block and "strncpy" in block or "OP_FAIL" in block and path.parts[0] == "hooks"]
    for found in re.finditer(rf"{STRINGS}", "\n".join(ends)):
        for part in words(joined(found.group())):
            if len(part) > 8 and " " in part:
                yield part, path


def check():
    """(what is checked, what is missing)"""
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    wanted = [one for name in SOURCES for one in of_source(Path(name))]
    yield f"{PAGE} has every message that ends a boot", [
        f"{text}  ({path})" for text, path in dict.fromkeys(wanted) if text not in page]
    elsewhere = [str(path) for folder in ("init", "hooks", "lib") for path in sorted(Path(folder).glob("*.c"))
                 if ENDINGS.search(path.read_text(encoding="utf-8")) and str(path) not in SOURCES + NO_MESSAGES]
    yield "no boot ends in a source that tests/tools/rescue.py does not know", elsewhere
    # Nothing was found where much must be: the patterns are out of date.
    yield "messages are found in each source", [name for name in SOURCES if not list(of_source(Path(name)))]


if __name__ == "__main__":
    for source in SOURCES:
        for message, origin in dict.fromkeys(of_source(Path(source))):
            print(f"{origin}: {message}")
