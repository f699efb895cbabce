#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cmdline hook, the first that runs: the clock, before anything is written.

# shellcheck disable=SC1091 # of the initramfs
. /lib/anteroot-lib.sh
# a clock that cannot be set costs a warning, which anteroot has written
if anteroot_enabled; then
	anteroot hook early || :
fi
