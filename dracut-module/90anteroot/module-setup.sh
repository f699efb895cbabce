#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The module that puts anteroot into an initramfs of dracut (docs/DRACUT.md). Sourced by dracut.

# shellcheck disable=SC2154 # dracut's variables

# Only in images that ask for it: add_dracutmodules+=" anteroot ".
check() {
	require_binaries anteroot || return 1
	return 255
}

depends() {
	echo base
}

# What mounts a root, and the boot partition, of any device: what the machine that the image is made on has mounted says
# nothing about them. FAT is not mounted without its character sets.
installkernel() {
	hostonly='' instmods vfat nls_cp437 nls_ascii nls_iso8859-1 nls_utf8 ext4 crc32c overlay squashfs erofs
	# a candidate that hangs must end in a reboot
	instmods "=drivers/watchdog"
}

# hooks.d of the integrator: whatever kind of file, with what it needs.
install_hooks_d() {
	local _file
	for _file in "${dracutsysrootdir-}"/{etc,usr/lib}/anteroot/hooks.d/*/*; do
		[[ -e $_file || -L $_file ]] || continue
		_file=${_file#"${dracutsysrootdir-}"}
		if [[ $(readlink "${dracutsysrootdir-}$_file") == /dev/null ]]; then
			mkdir -p "$initdir${_file%/*}"
			ln -sfn /dev/null "$initdir$_file"
		else
			inst "$_file"
		fi
	done
}

# The files of the initramfs that anteroot reads, and what it may run.
install_files() {
	local _file
	for _file in /etc/anteroot/anteroot.json /etc/timestamp /usr/lib/clock-epoch; do
		[[ -e ${dracutsysrootdir-}$_file ]] && inst_simple "$_file"
	done
	install_hooks_d
	[[ ${nofscks-} == yes ]] || inst_multiple -o e2fsck fsck.ext4 fsck.fat fsck.vfat
	inst_multiple -o sync reboot poweroff halt
}

install_units() {
	local _unit
	inst_script "$moddir/anteroot-target.sh" /usr/bin/anteroot-target
	inst_script "$moddir/anteroot-generator.sh" "$systemdutildir/system-generators/anteroot-generator"
	for _unit in anteroot-early.service anteroot-target.service; do
		inst_simple "$moddir/$_unit" "$systemdsystemunitdir/$_unit"
	done
	$SYSTEMCTL -q --root "$initdir" add-wants sysinit.target anteroot-early.service
	$SYSTEMCTL -q --root "$initdir" add-requires initrd-root-fs.target anteroot-target.service
}

install() {
	# wherever it is installed here, the hooks and units find it at one place
	inst_binary "$(find_binary anteroot)" /usr/sbin/anteroot
	inst_simple "$moddir/anteroot-lib.sh" /lib/anteroot-lib.sh
	install_files

	# behind dracut's own reading of root= (10), before all that would act on it (30 and more)
	inst_hook cmdline 20 "$moddir/anteroot-cmdline.sh"
	inst_hook initqueue/settled 99 "$moddir/anteroot-settled.sh"
	inst_hook initqueue/finished 99 "$moddir/anteroot-finished.sh"
	inst_hook initqueue/timeout 99 "$moddir/anteroot-timeout.sh"
	inst_hook emergency 00 "$moddir/anteroot-emergency.sh"
	inst_hook shutdown-emergency 00 "$moddir/anteroot-emergency.sh"
	if dracut_module_included systemd; then
		install_units
	else
		inst_hook cmdline 00 "$moddir/anteroot-early.sh"
		inst_hook mount 20 "$moddir/anteroot-mount.sh"
	fi
}
