#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# initqueue/finished hook: dracut's own modules have opened what they were asked to. Without root= nothing else would
# keep dracut in its loop; what appears later is anteroot's to wait for.

# shellcheck disable=SC1091 # of the initramfs
. /lib/anteroot-lib.sh
! anteroot_enabled || [ -e /run/initramfs/anteroot-settled ]
