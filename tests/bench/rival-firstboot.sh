#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The /init of an initramfs: what anteroot does for identity and storage on a boot, as shell scripts do it with e2fsck,
# fsck.fat, tune2fs, parted and resize2fs, and the switch. What balenaOS' scripts wait for beside it (udev) is left out,
# and so are the boot state, config.json, its delivery and FAT's serial number. Written for this comparison.
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs -o mode=0755 tmpfs /run
modprobe -a virtio_pci virtio_blk ext4 vfat nls_cp437 nls_ascii
while [ ! -b /dev/vda5 ]; do :; done

fsck.fat -a /dev/vda1
for number in 2 3 4 5; do
	case $(blkid -o value -s UUID /dev/vda$number) in
	ba1eadef-*)
		e2fsck -fp /dev/vda$number
		tune2fs -U random /dev/vda$number
		;;
	*) e2fsck -p /dev/vda$number ;;
	esac
done

read -r disk </sys/class/block/vda/size
read -r start </sys/class/block/vda5/start
read -r size </sys/class/block/vda5/size
[ $((disk - start - size)) -le 32768 ] || parted -s -f /dev/vda resizepart 5 100%

mount -o ro /dev/vda2 /sysroot
mount -o ro,nosuid,nodev,noexec -t vfat /dev/vda1 /sysroot/mnt/boot
mount /dev/vda4 /sysroot/mnt/state
mount /dev/vda5 /sysroot/mnt/data
resize2fs /dev/vda5

id=/sysroot/mnt/state/machine-id
if [ ! -s $id ]; then
	read -r uuid </proc/sys/kernel/random/uuid
	IFS=-
	# shellcheck disable=SC2086 # the parts of the UUID
	set -- $uuid
	unset IFS
	echo "$1$2$3$4$5" >$id.new
	sync $id.new
	mv $id.new $id
	sync /sysroot/mnt/state
fi
mount --bind $id /sysroot/etc/machine-id

for dir in dev proc sys run; do
	mount --move /$dir /sysroot/$dir
done
exec switch_root /sysroot /sbin/init
