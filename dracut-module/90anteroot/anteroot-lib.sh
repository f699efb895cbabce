#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the scripts of this module share; sourced behind dracut-lib.sh.

# rd.anteroot=0 boots as if the module were not in the image.
anteroot_enabled() {
	getargbool 1 rd.anteroot
}

# A person is there when the command line says so. dracut's own default is a shell, in which a device in the field
# would wait for ever.
anteroot_shell_wanted() {
	getargbool 0 rd.shell || getarg rd.break > /dev/null
}

# anteroot hook target, as the command line wants a failure to end. With --reboot it does not return then.
anteroot_target() {
	if anteroot_shell_wanted; then
		anteroot hook target --root "$NEWROOT"
	else
		anteroot hook target --root "$NEWROOT" --reboot
	fi
}

# What anteroot said last of why it could not boot.
anteroot_message() {
	[ -r /run/anteroot/boot.log ] || return 0
	while read -r _anteroot_line || [ -n "$_anteroot_line" ]; do
		case $_anteroot_line in
			*"rescue: "*) echo "anteroot: rescue: ${_anteroot_line#*rescue: }" ;;
		esac
	done < /run/anteroot/boot.log
	unset _anteroot_line
}

# The node that root= stands for, as dracut's own scripts spell it; nothing when it is none.
anteroot_root_device() {
	_anteroot_root=$(getarg root=) || return 0
	_anteroot_root=${_anteroot_root#block:}
	case $_anteroot_root in
		LABEL=* | UUID=* | PARTUUID=* | PARTLABEL=*) label_uuid_to_dev "$_anteroot_root" ;;
		/dev/*) printf '%s\n' "$_anteroot_root" ;;
	esac
}

# Seconds until a failure ends in a reboot: panic=, and 10 when that would wait for ever.
anteroot_delay() {
	_anteroot_panic=$(getarg panic=)
	case $_anteroot_panic in
		-[1-9]*) echo 0 ;;
		"" | 0 | *[!0-9]*) echo 10 ;;
		*) echo "$_anteroot_panic" ;;
	esac
}
