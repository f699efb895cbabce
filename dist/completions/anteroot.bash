# Completion of anteroot(8) for bash. Written by tests/tools/documents from init/table.c: run make documents.
# shellcheck shell=bash

_anteroot_add()
{
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
		done < <(compgen -f -- "${cur:-/dev/}")
		compopt -o filenames 2>/dev/null
		return
		;;
	*) return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

_anteroot_applets='init hook check plan apply status timeline slot health clock probe mkinitramfs help version'

_anteroot()
{
	local cur=${COMP_WORDS[COMP_CWORD]} applet=${COMP_WORDS[1]} word='' words='' options='' args='' takes=''
	local i n=0 given=' '

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_anteroot_add applet
		return
	fi
	# What stands before the cursor: the word, how many arguments, an option that waits for its value.
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == = ]]; then
			continue
		elif [[ -n $takes ]]; then
			takes=
			continue
		fi
		case ${COMP_WORDS[i]} in
		--root|--boot|--state) takes='dir' ;;
		--config) takes='file' ;;
		--tries|--version|--reason) takes='none' ;;
		-*) given+="${COMP_WORDS[i]} " ;;
		*)
			n=$((n + 1))
			[[ $n -gt 1 ]] || word=${COMP_WORDS[i]}
			;;
		esac
		[[ -z $takes ]] || given+="${COMP_WORDS[i]} "
	done
	[[ $cur != = ]] || cur=
	if [[ -n $takes ]]; then
		_anteroot_add "$takes"
		return
	fi
	case $applet:$word in
	hook:early | hook:target | slot:arm | slot:confirm | slot:reject | slot:switch | slot:orderly | clock:show | clock:save | version:check | version:compare) ;;
	*) word= ;;
	esac
	[[ -z $word ]] || n=$((n - 1))
	case $applet:$word in
	hook:) words='early target' options='--root --reboot' args='word' ;;
	hook:target) options='--root --reboot' ;;
	check:) options='--json' args='file' ;;
	plan:) options='--root --config --boot --state --json' ;;
	apply:) options='--root --config --boot --state --json' ;;
	status:) options='--json' ;;
	timeline:) options='--svg' args='file' ;;
	slot:) words='arm confirm reject switch orderly' options='--tries --version --reason' args='word' ;;
	slot:arm) options='--tries --version' args='slot' ;;
	slot:reject) options='--reason' args='slot' ;;
	health:) options='--dry-run' ;;
	clock:) words='show save' options='--json' args='word' ;;
	clock:show) options='--json' ;;
	probe:) args='device none' ;;
	help:) args='applet' ;;
	version:) words='check compare' args='word' ;;
	version:check) args='none' ;;
	version:compare) args='none none' ;;
	esac
	# shellcheck disable=SC2206 # a list of words
	args=($args)
	if [[ $cur != -* && -n ${args[n]} ]]; then
		_anteroot_add "${args[n]}"
	fi
	if [[ $cur == -* || ${#COMPREPLY[@]} -eq 0 && -z ${args[n]} ]]; then
		local left=
		for i in $options --help; do
			[[ $given == *" $i "* ]] || left+=" $i"
		done
		mapfile -t COMPREPLY < <(compgen -W "$left" -- "$cur")
	fi
}

complete -F _anteroot anteroot
