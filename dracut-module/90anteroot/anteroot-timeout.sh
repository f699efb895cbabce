#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# initqueue/timeout hook: something that the command line names did not appear, a LUKS or LVM device say. The slot may
# be another one, so anteroot is asked instead of a person.

# shellcheck disable=SC1091,SC2154 # of the initramfs, and dracut's
. /lib/anteroot-lib.sh
if anteroot_enabled; then
	warn "anteroot: waiting no longer for what is missing"
	for _anteroot_job in "$hookdir"/initqueue/finished/*.sh; do
		case $_anteroot_job in
			*/99-anteroot-finished.sh) ;;
			*) rm -f -- "$_anteroot_job" ;;
		esac
	done
	unset _anteroot_job
	: > /run/initramfs/anteroot-settled
fi
