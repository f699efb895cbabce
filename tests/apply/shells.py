# SPDX-License-Identifier: LGPL-2.1-or-later
"""What bash, zsh and fish offer for a line that is being typed, each asked as it asks itself.

zsh and fish are Debian's, unpacked into the cache of images and installed nowhere.
"""

import os
import pty
import re
import select
import subprocess
import sys
import time

from conftest import PROJECT

sys.path.insert(0, str(PROJECT / "tests"))
from image import cache, packages         # noqa: E402  pylint: disable=wrong-import-position

SCRIPTS = PROJECT / "dist/completions"
PACKAGES = ("zsh", "zsh-common", "fish", "fish-common", "libpcre2-32-0", "libcap2", "libtinfo6")
END = "=== end"


def unpacked():
    """The folder that the shells are unpacked in."""
    def build(folder):
        for package in PACKAGES:
            packages.unpack(package, folder)

    return cache.cached("shells", cache.key_of(PACKAGES, packages.SUITE), build, "zsh and fish: download, unpack")


def _environment(root, home):
    libraries = [root / "usr/lib/x86_64-linux-gnu", root / "lib/x86_64-linux-gnu"]
    return {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "dumb", "LC_ALL": "C.UTF-8", "COLUMNS": "200",
            "XDG_CONFIG_HOME": str(home), "XDG_DATA_HOME": str(home),
            "LD_LIBRARY_PATH": ":".join(map(str, libraries))}


def _parts(text):
    """One set of offers for each line."""
    return [set(part.split("\n")) - {""} for part in text.split(END + "\n")[:-1]]


BASH = r"""
source "$1"
complete -p anteroot | grep -q -- '-F _anteroot anteroot' || exit 1
shift
for line; do
	# As readline splits a line: at blanks, and at = signs, which are words of their own.
	read -r -a COMP_WORDS <<<"${line//=/ = }"
	[[ $line != *[\ =] ]] || COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_anteroot anteroot "${COMP_WORDS[COMP_CWORD]}" ''
	printf '%s\n' "${COMPREPLY[@]}"
	echo "=== end"
done
"""


def bash(lines, folder):
    done = subprocess.run(["bash", "--norc", "-uc", BASH, "bash", SCRIPTS / "anteroot.bash", *lines], cwd=folder,
                          check=True, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return _parts(done.stdout)


FISH = """
set --prepend fish_function_path $argv[1]/usr/share/fish/functions
source $argv[2]
for line in $argv[3..-1]
    complete --do-complete $line
    echo '=== end'
end
"""


def fish(lines, folder):
    root = unpacked()
    done = subprocess.run([root / "usr/bin/fish", "--no-config", "-c", FISH, root, SCRIPTS / "anteroot.fish", *lines],
                          cwd=folder, check=True, capture_output=True, text=True, timeout=60,
                          env=_environment(root, folder.parent))
    assert done.stderr == ""
    # A description stands behind a tab; a folder's slash is the shell's.
    return [{one.split("\t")[0].rstrip("/").rsplit("=", 1)[-1] for one in part} for part in _parts(done.stdout)]


# Each match is printed in the place of being shown: compadd, which every way of completing ends in, is asked what
# it would add.
ZSH = r"""
PROMPT= RPROMPT= ; unsetopt zle_bracketed_paste; unset zle_bracketed_paste; stty -echo
module_path=(@root@/usr/lib/x86_64-linux-gnu/zsh/@version@)
fpath=(@scripts@ @root@/usr/share/zsh/functions/**/*(N/))
autoload -Uz compinit; compinit -u -D
cd @folder@
# Each holds for one time only, and says that there will be another.
_began() { compprefuncs=(_began); print -r -- "=== begin" }
_ended() { comppostfuncs=(_ended); print -r -- "=== end"; compstate[insert]= compstate[list]= }
compprefuncs=(_began); comppostfuncs=(_ended)
bindkey '^I' complete-word
bindkey '^U' kill-whole-line
compadd() {
	if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return $?; fi
	local -a hits
	builtin compadd -A hits "$@"
	print -rl -- $hits
	builtin compadd "$@"
}
print -r -- "=== ready"
"""


class _Typist:
    """Somebody at a terminal."""

    def __init__(self, command, env):
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, env)
        self.text = ""

    def type(self, text):
        os.write(self.file, text.encode())

    def until(self, mark, seconds=30):
        """What was said up to a line that ends in the mark."""
        end = time.monotonic() + seconds
        while mark + "\n" not in self.text:
            ready, _, _ = select.select([self.file], [], [], max(end - time.monotonic(), 0))
            assert ready, f"no {mark!r} in {self.text!r}"
            self.text += os.read(self.file, 65536).decode(errors="replace").replace("\r\n", "\n")
        before, _, self.text = self.text.partition(mark + "\n")
        return before

    def close(self):
        os.close(self.file)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


def zsh(lines, folder):
    root = unpacked()
    (modules,) = (root / "usr/lib/x86_64-linux-gnu/zsh").iterdir()
    setup = folder / "setup.zsh"
    setup.write_text(ZSH.replace("@root@", str(root)).replace("@version@", modules.name)
                     .replace("@scripts@", str(SCRIPTS)).replace("@folder@", str(folder / "files")), encoding="utf-8")
    shell = _Typist([str(root / "bin/zsh"), "-f", "-i"], _environment(root, folder))
    found = []
    try:
        shell.type(f"source {setup}\r")
        shell.until("=== ready")
        for line in lines:
            shell.type("\x15" + line + "\t")
            shell.until("=== begin")
            said = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shell.until(END))
            found.append({one.strip().rstrip("/") for one in said.split("\n")} - {""})
    finally:
        shell.close()
    return found
