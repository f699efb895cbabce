# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completions for bash, zsh and fish, from the table of applets as `describe applets` prints it.

Each script holds what may follow: rows "APPLET|WORD|what stands where", and a short program that reads them.
"""

import re

# What stands for an argument -> what completes it; others are the user's own.
KINDS = {"A|B": "slot", "FILE": "file", "DIR": "dir", "DEVICE": "device", "APPLET": "applet"}
HEAD = "of anteroot(8) for {shell}. Written by tests/tools/documents from init/table.c: run make documents."


def kind(form):
    return KINDS.get(form.strip("[]"), "none")


def ways(applet):
    """Word -> (options, kinds of arguments); "" for an applet that has no words, and before one is typed."""
    rows = {row["name"]: row for row in applet["rows"]}
    words = {name for name in rows if not name.startswith("-") and name.islower()}
    found = {"": ([], [])}
    for line in applet["synopsis"].split("\n"):
        first, *rest = line.split() or [""]
        word = first if first in words else ""
        text = " ".join(rest) if word else line
        options = re.findall(r"--[a-z-]+", text)
        # What is left, without options and what follows them, are arguments.
        text = re.sub(r"--[a-z-]+( [A-Z]+)?", "", text)
        kinds = [kind(one) for one in re.findall(r"[A-Z]\|[A-Z]|[A-Z]+", text) if "..." not in text]
        before = found.setdefault(word, ([], []))
        before[0].extend(option for option in options if option not in before[0])
        before[1].extend(kinds)
        if word:
            found[""][0].extend(option for option in options if option not in found[""][0])
    if words:
        found[""] = (found[""][0], ["word"])
    return found


def option_kinds(applets):
    """Option -> what completes its value; "" for one without. It is the same for all applets, or this fails."""
    found = {}
    for applet in applets:
        for row in applet["rows"]:
            if row["name"].startswith("-"):
                value = kind(row["form"]) if row["form"] else ""
                assert found.setdefault(row["name"], value) == value, row["name"]
    return found


def words_of(applet):
    return [row for row in applet["rows"] if row["name"].islower() and not row["name"].startswith("-")]


def cases(applets, indent):
    """Lines of a case statement of sh: options and arguments of each way."""
    lines = []
    for applet in applets:
        words = " ".join(row["name"] for row in words_of(applet))
        for word, (options, kinds) in ways(applet).items():
            said = [f"words='{words}'"] if not word and words else []
            said += [f"options='{' '.join(options)}'"] if options else []
            said += [f"args='{' '.join(kinds)}'"] if kinds else []
            if said:
                lines.append(f"{indent}{applet['name']}:{word}) {' '.join(said)} ;;")
    return "\n".join(lines)


def value_cases(applets, indent):
    by_kind = {}
    for option, value in option_kinds(applets).items():
        if value:
            by_kind.setdefault(value, []).append(option)
    return "\n".join(f"{indent}{'|'.join(options)}) takes='{value}' ;;" for value, options in by_kind.items())


BASH = """\
# Completion {head}
# shellcheck shell=bash

_anteroot_add()
{{
	case $1 in
	slot) set -- 'A B' ;;
	applet) set -- "$_anteroot_applets" ;;
	word) set -- "$words" ;;
	file) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames 2>/dev/null; return ;;
	dir) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); compopt -o filenames 2>/dev/null; return ;;
	device)
		local path
		while read -r path; do
			[[ -b $path || -d $path ]] && COMPREPLY+=("$path")
		done < <(compgen -f -- "${{cur:-/dev/}}")
		compopt -o filenames 2>/dev/null
		return
		;;
	*) return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}}

_anteroot_applets='{applets}'

_anteroot()
{{
	local cur=${{COMP_WORDS[COMP_CWORD]}} applet=${{COMP_WORDS[1]}} word='' words='' options='' args='' takes=''
	local i n=0 given=' '

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_anteroot_add applet
		return
	fi
	# What stands before the cursor: the word, how many arguments, an option that waits for its value.
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [[ ${{COMP_WORDS[i]}} == = ]]; then
			continue
		elif [[ -n $takes ]]; then
			takes=
			continue
		fi
		case ${{COMP_WORDS[i]}} in
{values}
		-*) given+="${{COMP_WORDS[i]}} " ;;
		*)
			n=$((n + 1))
			[[ $n -gt 1 ]] || word=${{COMP_WORDS[i]}}
			;;
		esac
		[[ -z $takes ]] || given+="${{COMP_WORDS[i]}} "
	done
	[[ $cur != = ]] || cur=
	if [[ -n $takes ]]; then
		_anteroot_add "$takes"
		return
	fi
	case $applet:$word in
{words}
	*) word= ;;
	esac
	[[ -z $word ]] || n=$((n - 1))
	case $applet:$word in
{cases}
	esac
	# shellcheck disable=SC2206 # a list of words
	args=($args)
	if [[ $cur != -* && -n ${{args[n]}} ]]; then
		_anteroot_add "${{args[n]}}"
	fi
	if [[ $cur == -* || ${{#COMPREPLY[@]}} -eq 0 && -z ${{args[n]}} ]]; then
		local left=
		for i in $options --help; do
			[[ $given == *" $i "* ]] || left+=" $i"
		done
		mapfile -t COMPREPLY < <(compgen -W "$left" -- "$cur")
	fi
}}

complete -F _anteroot anteroot
"""


def bash(applets):
    words = [f"{applet['name']}:{row['name']}" for applet in applets for row in words_of(applet)]
    return BASH.format(head=HEAD.format(shell="bash"), applets=" ".join(one["name"] for one in applets),
                       words="\t" + " | ".join(words) + ") ;;", cases=cases(applets, "\t"),
                       values=value_cases(applets, "\t\t"))


ZSH = """\
#compdef anteroot
# Completion {head}

_anteroot_add()
{{
	case $1 in
	slot) compadd -J slots -- A B ;;
	applet) _describe -t applets applet _anteroot_applets ;;
	word) _describe -t words word described ;;
	file) _files ;;
	dir) _files -/ ;;
	device) _files -g '*(-%b)' ;;
	*) _message 'no completion' ;;
	esac
}}

_anteroot()
{{
	local applet=${{words[2]}} word= takes= one= n=0
	local -a _anteroot_applets described options args given left
	_anteroot_applets=(
{applets}
	)

	if ((CURRENT == 2)); then
		_anteroot_add applet
		return
	fi
	for one in ${{words[3,CURRENT-1]}}; do
		if [[ -n $takes ]]; then
			takes=
			continue
		fi
		case $one in
{values}
		-*) ;;
		*)
			n=$((n + 1))
			[[ $n -gt 1 ]] || word=$one
			;;
		esac
		[[ $one != -* ]] || given+=(${{one%%=*}})
	done
	one=
	if [[ -z $takes && $PREFIX == --*=* ]]; then
		one=${{PREFIX%%=*}}
		case $one in
{values}
		esac
		compset -P '*='
	fi
	if [[ -n $takes ]]; then
		_anteroot_add $takes
		return
	fi
	case $applet:$word in
{words}
	*) word= ;;
	esac
	[[ -z $word ]] || n=$((n - 1))
	case $applet:$word in
{cases}
	esac
	if [[ $PREFIX != -* && -n ${{args[n + 1]}} ]]; then
		_anteroot_add ${{args[n + 1]}}
		return
	fi
	left=(${{options:#(${{(j:|:)~given}}):*}} '--help:what there is to say of it')
	_describe -o -t options option left
}}

_anteroot "$@"
"""


def quoted(text):
    return text.replace("'", "'\\''")


def zsh(applets):
    def described(rows):
        return " ".join(f"'{quoted(row['name'])}:{quoted(row['text'])}'" for row in rows)

    lines = []
    for applet in applets:
        rows = {row["name"]: row for row in applet["rows"]}
        for word, (options, kinds) in ways(applet).items():
            said = [f"described=({described(words_of(applet))})"] if not word and words_of(applet) else []
            said += [f"options=({described(rows[name] for name in options)})"] if options else []
            said += [f"args=({' '.join(kinds)})"] if kinds else []
            if said:
                lines.append(f"\t{applet['name']}:{word})\n" + "".join(f"\t\t{one}\n" for one in said) + "\t\t;;")
    words = [f"{applet['name']}:{row['name']}" for applet in applets for row in words_of(applet)]
    listed = "\n".join(f"\t\t{described([one])}" for one in applets)
    return ZSH.format(head=HEAD.format(shell="zsh"), applets=listed, words="\t" + " | ".join(words) + ") ;;",
                      cases="\n".join(lines), values=value_cases(applets, "\t\t"))


FISH = """\
# Completion {head}

# Whether what was typed so far is this applet, this word of it, and so many arguments behind it.
function __anteroot_at --argument-names applet word n
    set --local typed (commandline --tokenize --cut-at-cursor --current-process)
    set --local rest
    set --local skip 0
    for one in $typed[3..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $one
            case {values}
                set skip 1
            case '-*'
            case '*'
                set --append rest $one
        end
    end
    test (count $typed) -ge 2; and test "$typed[2]" = "$applet"; or return 1
    if test -n "$word"
        test "$rest[1]" = "$word"; or return 1
        set --erase rest[1]
    else if set --query rest[1]; and contains -- "$applet:$rest[1]" {words}
        return 1
    end
    test -z "$n"; or test $skip$n = 0(count $rest)
end

# Whether this option was typed already; the last word may be the one whose value is asked for.
function __anteroot_given --argument-names option
    set --local typed (commandline --tokenize --cut-at-cursor --current-process)
    test "$typed[-1]" != $option; and string match --quiet --regex -- "^$option(=|\\$)" $typed
end

function __anteroot_first
    test (count (commandline --tokenize --cut-at-cursor --current-process)) = 1
end

function __anteroot_devices
    for path in /dev/* /dev/mapper/* /dev/disk/by-label/*
        test -b $path; and echo $path
    end
end

complete --command anteroot --no-files
{applets}
{rows}
"""
FISH_KINDS = {"slot": "--arguments 'A B'", "file": "--force-files", "dir": "--arguments '(__fish_complete_directories (commandline --current-token))'",
              "device": "--arguments '(__anteroot_devices)'", "applet": "--arguments '{applets}'", "none": ""}


def fish(applets):
    names = " ".join(one["name"] for one in applets)
    lines = []

    def text(row):
        return "'" + row["text"].replace("\\", "\\\\").replace("'", "\\'") + "'"

    for applet in applets:
        name, rows = applet["name"], {row["name"]: row for row in applet["rows"]}
        for word, (options, kinds) in ways(applet).items():
            at = f"complete --command anteroot --condition '__anteroot_at {name} \"{word}\""
            for n, one in enumerate(kinds):
                if one == "word":
                    lines += [f"{at} 0' --arguments {row['name']} --description {text(row)}" for row in words_of(applet)]
                elif one != "none":
                    lines.append(f"{at} {n}' {FISH_KINDS[one].format(applets=names)}")
            for option in options:
                value = kind(rows[option]["form"]) if rows[option]["form"] else ""
                takes = "" if not value else " --require-parameter --force-files" if value == "file" else \
                    f" --exclusive {FISH_KINDS[value]}".rstrip()
                lines.append(f"{at}; and not __anteroot_given {option}' --long-option {option[2:]}{takes} --description {text(rows[option])}")
            if not word:
                lines.append(f"complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = {name}' --long-option help --description 'what there is to say of it'")
    takes = [f"'{option}'" for option, value in option_kinds(applets).items() if value]
    words = " ".join(f"{applet['name']}:{row['name']}" for applet in applets for row in words_of(applet))
    listed = "\n".join(f"complete --command anteroot --condition __anteroot_first --arguments {one['name']} --description {text(one)}" for one in applets)
    return FISH.format(head=HEAD.format(shell="fish"), values=" ".join(takes), words=words, applets=listed,
                       rows="\n".join(lines))


SCRIPTS = {"dist/completions/anteroot.bash": bash, "dist/completions/_anteroot": zsh,
           "dist/completions/anteroot.fish": fish}
