#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A generator of systemd. What it writes to its second directory stands before what the generators of systemd and
# dracut make of root= (or, without it, of the GPT): they would wait for a device that may be the slot that does not
# work, mount it, or fail.

# shellcheck disable=SC1091 # of the initramfs
command -v getarg > /dev/null || . /lib/dracut-lib.sh
. /lib/anteroot-lib.sh

early=$2
[ -n "$early" ] || exit 1
anteroot_enabled || exit 0

# Never executed: the service has mounted it by then. What asks for it (/usr of its own) finds a unit.
mkdir -p "$early/initrd-root-device.target.d" "$early/initrd.target.wants"
cat > "$early/sysroot.mount" << END
[Unit]
Description=Root mounted by anteroot
DefaultDependencies=no
Requires=anteroot-target.service
After=anteroot-target.service
Before=initrd-root-fs.target

[Mount]
What=anteroot
Where=/sysroot
END
echo "# anteroot waits for the devices it needs" > "$early/initrd-root-device.target.d/50-root-device.conf"

device=$(anteroot_root_device)
if [ -n "$device" ]; then
	ln -sfn /dev/null "$early/initrd.target.wants/$(dev_unit_name "$device").device"
fi
