# SPDX-License-Identifier: LGPL-2.1-or-later
#
# U-Boot: which of two roots is booted, and the count of a candidate's attempts. The rule is in docs/STATE.md,
# the use in docs/LOADERS.md. mkimage -A arm64 -T script -C none -d anteroot.cmd boot.scr
#
# From distro boot: devtype, devnum and distro_bootpart, where the files are. Set them if your board has no distro boot.

# Folder of resinOS_uEnv.txt, extra_uEnv.txt and bootcount.env, and of A/Image, A/initrd.img, B/Image, B/initrd.img.
test -n "${anteroot_files}" || setenv anteroot_files /
# root= and partition number (hexadecimal) of each slot, and the rest of the kernel's command line.
test -n "${anteroot_root_A}" || setenv anteroot_root_A PARTLABEL=resin-rootA
test -n "${anteroot_root_B}" || setenv anteroot_root_B PARTLABEL=resin-rootB
test -n "${anteroot_number_A}" || setenv anteroot_number_A 2
test -n "${anteroot_number_B}" || setenv anteroot_number_B 3
test -n "${anteroot_panic}" || setenv anteroot_panic 10
# What boots the kernel: booti on arm64, bootz on arm. Without fdtfile the device tree is that at fdt_addr.
test -n "${anteroot_image}" || setenv anteroot_image Image
test -n "${anteroot_start}" || setenv anteroot_start booti
# Attempts while the files have balenaOS' keys alone, as many as balenaOS' U-Boot makes.
test -n "${anteroot_legacy_tries}" || setenv anteroot_legacy_tries 3
# anteroot_decide_only=1: nothing is booted, anteroot_slot (A or B), anteroot_attempt (0 or 1), anteroot_why are set.

# What the files no longer have must not stay from before. A file that is not there is none of these.
setenv anteroot_load '
for key in bootcount resin_root_part upgrade_available anteroot_good anteroot_txn anteroot_tries anteroot_seal anteroot_count_for; do
	setenv ${key}
done
for file in resinOS_uEnv.txt extra_uEnv.txt bootcount.env; do
	if fatload ${devtype} ${devnum}:${distro_bootpart} ${ramdisk_addr_r} ${anteroot_files}${file} 1000; then
		env import -t ${ramdisk_addr_r} ${filesize}
	fi
done'

# Always as many bytes as the file has, so that its place and its directory entry stay: 0x40, balenaOS has 0xd.
setenv anteroot_save '
if test -n "${anteroot_txn}"; then
	env export -t -s 40 ${ramdisk_addr_r} anteroot_count_for bootcount
	setenv anteroot_size 40
else
	env export -t ${ramdisk_addr_r} bootcount
	setenv anteroot_size d
fi
fatwrite ${devtype} ${devnum}:${distro_bootpart} ${ramdisk_addr_r} ${anteroot_files}bootcount.env ${anteroot_size}'

# Saves the count and reads it again: anteroot_kept is 1 when it is on the disk.
setenv anteroot_count '
setenv anteroot_kept 0
setenv anteroot_was_txn ${anteroot_txn}
setenv bootcount ${anteroot_next}
setenv anteroot_count_for ${anteroot_txn}
run anteroot_save
run anteroot_load
if test "${bootcount}" = "${anteroot_next}" && test "x${anteroot_count_for}" = "x${anteroot_was_txn}" && test "x${anteroot_txn}" = "x${anteroot_was_txn}"; then
	setenv anteroot_kept 1
fi'

# The count and one more; 9, and what is no digit, stand for used up.
setenv anteroot_add_one '
setenv anteroot_next a
for digit in 0 1 2 3 4 5 6 7 8; do
	if test "${bootcount}" = "${digit}"; then setexpr anteroot_next ${digit} + 1; fi
done'

# The slot and the other one, exchanged.
setenv anteroot_swap '
if test "${anteroot_slot}" = A; then
	setenv anteroot_slot B
	setenv anteroot_other A
else
	setenv anteroot_slot A
	setenv anteroot_other B
fi'

run anteroot_load
setenv anteroot_attempt 0
setenv anteroot_slot A
setenv anteroot_other B
if test -n "${anteroot_good}"; then
	setenv anteroot_number ${anteroot_number_B}
	if test "${anteroot_good}" = B; then
		run anteroot_swap
		setenv anteroot_number ${anteroot_number_A}
	fi
	run anteroot_add_one
	if test "x${anteroot_count_for}" != "x${anteroot_txn}"; then setenv anteroot_next 1; fi
	if test "x${resin_root_part}.${upgrade_available}.${anteroot_good}.${anteroot_txn}.${anteroot_tries}" != "x${anteroot_seal}"; then
		setenv anteroot_why "the environment is torn"
	elif test "${upgrade_available}" != 1; then
		setenv anteroot_why "no candidate"
	elif test "${resin_root_part}" != "${anteroot_number}"; then
		setenv anteroot_why "partition ${resin_root_part} is not that of slot ${anteroot_other}"
	elif test "${anteroot_next}" = a || test "${anteroot_next}" -gt "${anteroot_tries}"; then
		setenv anteroot_why "attempts of slot ${anteroot_other} are used up"
	else
		run anteroot_count
		setenv anteroot_why "unable to count an attempt of slot ${anteroot_other}"
		if test "${anteroot_kept}" = 1; then
			setenv anteroot_why "attempt ${anteroot_next} of ${anteroot_tries}"
			run anteroot_swap
			setenv anteroot_attempt 1
		fi
	fi
else
	# balenaOS keys alone. Here as well a count means nothing without a candidate, nor a candidate without a count.
	if test "${resin_root_part}" = "${anteroot_number_B}"; then run anteroot_swap; fi
	setenv anteroot_why "balenaOS keys, no candidate"
	if test -z "${resin_root_part}"; then setenv anteroot_why "no environment"; fi
	if test "${upgrade_available}" = 1; then
		test -n "${bootcount}" || setenv bootcount 0
		run anteroot_add_one
		if test "${anteroot_next}" != a && test "${anteroot_next}" -le "${anteroot_legacy_tries}"; then
			run anteroot_count
			setenv anteroot_why "balenaOS keys, unable to count"
			if test "${anteroot_kept}" = 1; then
				setenv anteroot_why "balenaOS keys, attempt ${anteroot_next}"
				setenv anteroot_attempt 1
			fi
		else
			setenv anteroot_why "balenaOS keys, attempts are used up"
			# One more than the attempts tells balenaOS' services that its loader went back.
			if test "${bootcount}" = "${anteroot_legacy_tries}"; then run anteroot_count; fi
		fi
		if test "${anteroot_attempt}" = 0; then run anteroot_swap; fi
	fi
fi

# No apostrophe or semicolon in a text within an if: U-Boot takes the whole for a syntax error.
# Comes back when something cannot be loaded. A clone carries the same labels: anteroot is told which disk this is.
setenv anteroot_boot '
echo "anteroot: slot ${anteroot_slot}: ${anteroot_why}"
setenv anteroot_root ${anteroot_root_A}
if test "${anteroot_slot}" = B; then setenv anteroot_root ${anteroot_root_B}; fi
setenv anteroot_from
if part uuid ${devtype} ${devnum}:${distro_bootpart} anteroot_uuid; then setenv anteroot_from anteroot.loader=${anteroot_uuid}; fi
setenv bootargs "root=${anteroot_root} panic=${anteroot_panic} ${anteroot_from} ${anteroot_args}"
setenv anteroot_in ${anteroot_files}${anteroot_slot}
setenv anteroot_fdt ${fdt_addr}
if test -n "${fdtfile}" && fatload ${devtype} ${devnum}:${distro_bootpart} ${fdt_addr_r} ${anteroot_in}/${fdtfile}; then
	setenv anteroot_fdt ${fdt_addr_r}
fi
if fatload ${devtype} ${devnum}:${distro_bootpart} ${kernel_addr_r} ${anteroot_in}/${anteroot_image} && fatload ${devtype} ${devnum}:${distro_bootpart} ${ramdisk_addr_r} ${anteroot_in}/initrd.img; then
	${anteroot_start} ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${anteroot_fdt}
fi'

if test "${anteroot_decide_only}" != 1; then
	run anteroot_boot
	setenv anteroot_why "unable to load slot ${anteroot_slot}"
	run anteroot_swap
	run anteroot_boot
	echo "anteroot: unable to load either slot, next try in 10 seconds"
	sleep 10
	reset
fi
