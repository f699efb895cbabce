#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# emergency hook, before dracut opens its shell: shows what anteroot said. When the command line asks for no shell
# nobody is there to use one, and the machine reboots. A shutdown that fails has nothing to do with it.

# shellcheck disable=SC1091 # of the initramfs
. /lib/anteroot-lib.sh
if [ "${action-}" != Shutdown ] && anteroot_enabled; then
	anteroot_message
	if ! anteroot_shell_wanted; then
		_anteroot_action=$(getarg rd.emergency=)
		case $_anteroot_action in
			poweroff | halt) ;;
			*) _anteroot_action=reboot ;;
		esac
		_anteroot_seconds=$(anteroot_delay)
		echo "<3>anteroot: dracut cannot go on: $_anteroot_action in $_anteroot_seconds s; rd.shell opens a shell" > /dev/kmsg
		sleep "$_anteroot_seconds"
		sync
		# twice: without asking process 1, which may be the one that waits
		"$_anteroot_action" -f -f
		echo b > /proc/sysrq-trigger
	fi
fi
