#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An imitation of the init of Yocto's initramfs-framework, by its documented contract: modules in /init.d in the order
# of their names, NN-NAME defines NAME_enabled and NAME_run; the command line as bootparam_X, dots and dashes as
# underscores; ROOTFS_DIR, msg, info, debug, fatal. Then a 90-rootfs and a 99-finish that do what theirs are for.

PATH=/usr/sbin:/usr/bin:/sbin:/bin
/bin/busybox --install -s /bin
ROOTFS_DIR=/rootfs

msg() {
	echo "$@" >/dev/console
}

info() {
	[ -z "$bootparam_verbose" ] || msg "$@"
}

debug() {
	[ -z "$bootparam_debug" ] || msg "DEBUG: $*"
}

fatal() {
	msg "$1"
	if [ -n "$bootparam_init_fatal_reboot" ]; then
		reboot -f
	elif [ -n "$bootparam_init_fatal_sh" ]; then
		msg "FRAMEWORK-SHELL $(grep -c rescue /run/anteroot/boot.log)"
		poweroff -f
	fi
	while :; do sleep 3600; done
}

mkdir -p /proc /sys /run /dev "$ROOTFS_DIR"
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mount -t devtmpfs devtmpfs /dev

# shellcheck disable=SC2013 # words, as theirs
for word in $(cat /proc/cmdline); do
	name=$(echo "${word%%=*}" | tr .- __)
	case $word in
	*=*) eval "bootparam_$name=\${word#*=}" ;;
	*) eval "bootparam_$name=true" ;;
	esac
done

rootfs_enabled() {
	[ ! -d "$ROOTFS_DIR/dev" ]
}

rootfs_run() {
	# shellcheck disable=SC2154 # made above
	mount -o ro "$bootparam_root" "$ROOTFS_DIR" || fatal "ERROR: no root"
	msg "FRAMEWORK-ROOT $bootparam_root"
}

finish_enabled() {
	:
}

finish_run() {
	for name in dev proc sys run; do
		mount --move "/$name" "$ROOTFS_DIR/$name"
	done
	cd "$ROOTFS_DIR" || fatal "ERROR: no root"
	# shellcheck disable=SC2154
	exec switch_root "$ROOTFS_DIR" "${bootparam_init:-/sbin/init}"
}

for module in /init.d/*; do
	# shellcheck disable=SC1090
	. "$module"
	name=${module##*-}
	if "${name}_enabled"; then
		"${name}_run"
	fi
done
rootfs_enabled && rootfs_run
finish_enabled && finish_run
fatal "ERROR: not booted"
