#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cmdline hook: root= is for anteroot, which reads the kernel's command line itself. dracut neither waits for what it
# names nor mounts it: it may be the slot that does not work.

# shellcheck disable=SC1091 # of the initramfs
. /lib/anteroot-lib.sh
if anteroot_enabled; then
	# dracut 059 waits for it from its generator on, which ran before
	_anteroot_device=$(anteroot_root_device)
	[ -z "$_anteroot_device" ] || (
		unset DRACUT_SYSTEMD
		cancel_wait_for_dev "$_anteroot_device"
	)
	unset _anteroot_device
	# shellcheck disable=SC2034 # both are dracut's
	root=anteroot rootok=1
fi
