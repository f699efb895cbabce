#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# initqueue/settled hook: says when nothing more is queued (see anteroot-finished.sh). LUKS below LVM, or the other way
# round, is opened job by job: each brings devices, and those queue the next one. A job that runs once begins with its
# own removal; the others stay for ever.

# shellcheck disable=SC2154 # dracut's
udevadm settle
_anteroot_more=
for _anteroot_job in "$hookdir"/initqueue/*.sh "$hookdir"/initqueue/settled/*.sh; do
	[ -f "$_anteroot_job" ] || continue
	read -r _anteroot_line < "$_anteroot_job" || [ -n "$_anteroot_line" ] || continue
	case $_anteroot_line in
		*"rm -f -- \"\$job\""*) _anteroot_more=yes ;;
	esac
done
[ "$_anteroot_more" ] || : > /run/initramfs/anteroot-settled
unset _anteroot_more _anteroot_job _anteroot_line
