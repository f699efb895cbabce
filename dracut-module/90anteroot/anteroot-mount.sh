#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# mount hook, without systemd: dracut runs it until something is mounted at $NEWROOT.

# shellcheck disable=SC1091 # of the initramfs
. /lib/anteroot-lib.sh
if anteroot_enabled && ! anteroot_target && anteroot_shell_wanted; then
	emergency_shell -n anteroot "anteroot: no root is mounted at $NEWROOT. Mount one, or leave the shell to try again."
fi
