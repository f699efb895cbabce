#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What anteroot-target.service runs.

# shellcheck disable=SC1091 # of the initramfs
export DRACUT_SYSTEMD=1
[ ! -f /dracut-state.sh ] || . /dracut-state.sh 2> /dev/null
command -v getarg > /dev/null || . /lib/dracut-lib.sh
. /lib/anteroot-lib.sh

! anteroot_enabled || anteroot_target
