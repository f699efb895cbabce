/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/table.h"

/*
 * The order of a boot. Read it from top to bottom: that is what happens on the device. Each row is a
 * pure function in hooks/NAME.c that looks at facts and appends operations; docs/HOOKS.md tells how to
 * add one.
 */

/* clang-format off */
const struct hook hook_table[] = {
	/* EARLY: a machine one can work on. */
	{ "api-mounts", STAGE_EARLY, api_mounts_applies, api_mounts_run, { NULL },
	  "/proc, /sys, /dev and /run, unless the kernel or another init has mounted them" },
	{ "clock", STAGE_EARLY, NULL, clock_start_run, { NULL },
	  "not before the build, not years behind it: certificates and file times must not lie in 1970" },
	{ "modules", STAGE_EARLY, modules_applies, modules_run, { NULL },
	  "drivers that devices ask for (modalias) and that the image lists" },

	/* BOOT: which disk, and what its boot partition says. */
	{ "modules", STAGE_BOOT, modules_applies, modules_run, { NULL },
	  "drivers for devices that came up since: a bus shows its disks only when its driver is in" },
	{ "backup-table", STAGE_BOOT, backup_table_applies, backup_table_run, { NULL },
	  "a disk whose primary GPT was torn has its partitions by the backup" },
	{ "boot-disk", STAGE_BOOT, boot_disk_applies, boot_disk_run, { NULL },
	  "one disk is the boot disk; labels count on it alone, so a clone cannot be picked" },
	{ "fsck", STAGE_BOOT, fsck_boot_applies, fsck_boot_run, { NULL },
	  "a boot partition that was not unmounted is checked while nobody writes to it" },
	{ "uuids", STAGE_BOOT, uuids_applies, uuids_run, { NULL },
	  "the UUIDs that every flashed image shares, while nothing is mounted: two such disks in one machine" },
	{ "boot-mount", STAGE_BOOT, boot_mount_applies, boot_mount_run, { NULL },
	  "the boot partition, read-only, for config.json" },
	{ "pre-mount", STAGE_BOOT, pre_mount_applies, pre_mount_run, { NULL },
	  "the integrator's own executables open what a root may be on; devices are looked for again" },

	/* ROOT: which root, and whether it can boot. */
	{ "root", STAGE_ROOT, root_applies, root_run, { NULL },
	  "the slot that the boot state names, counted before it is mounted; root=, else A, else the other" },
	{ "grow", STAGE_ROOT, grow_applies, grow_run, { NULL },
	  "the data partition reaches to the end of the disk that the image was put on" },
	{ "state-data", STAGE_ROOT, NULL, state_data_run, { NULL },
	  "the state and data partitions; a boot without them is better than none" },
	{ "grow-fs", STAGE_ROOT, grow_fs_applies, grow_fs_run, { NULL },
	  "and its file system to the end of it, which the kernel does while it is mounted" },

	/* TARGET: what the device's configuration wants in that root. */
	{ "clock", STAGE_TARGET, NULL, clock_target_run, { NULL },
	  "once more, by what the root and the state partition know; before anything is written to them" },
	{ "config", STAGE_TARGET, NULL, config_run, { NULL },
	  "says what is wrong with config.json; nothing in it stops a boot" },
	{ "hostname", STAGE_TARGET, hostname_applies, hostname_run, { "/etc", "/etc/hostname" },
	  "the name before the first line of the journal is written" },
	{ "udev-rules", STAGE_TARGET, udev_rules_applies, udev_rules_run, { "/etc/udev/rules.d" },
	  "in place before the target's udevd starts: no reload, no second trigger" },
	{ "ssh-keys", STAGE_TARGET, ssh_keys_applies, ssh_keys_run, { "~root", "~root/.ssh", "~root/.ssh/authorized_keys_local" },
	  "the device's owner gets in, and whoever was removed does not" },
	{ "journal", STAGE_TARGET, journal_applies, journal_run, { "/var/log/journal" },
	  "a journal that outlives the boot, on the data partition, or none on disk at all" },
	{ "country", STAGE_TARGET, country_applies, country_run, { NULL },
	  "the Wi-Fi regulatory domain, before the driver loads" },
	{ "ntp", STAGE_TARGET, ntp_applies, ntp_run, { CHRONYD_PATH, TIMESYNCD_PATH },
	  "time servers for chronyd and systemd-timesyncd, whichever is there" },
	{ "dns", STAGE_TARGET, NULL, dns_run, { DNSMASQ_PATH, RESOLVED_PATH },
	  "name servers for dnsmasq and systemd-resolved, whichever is there" },
	{ "network", STAGE_TARGET, network_applies, network_run,
	  { NETWORKMANAGER_PATH, "/etc/NetworkManager/conf.d" },
	  "how NetworkManager scans for Wi-Fi and checks that the network leads anywhere" },
	{ "connections", STAGE_TARGET, connections_applies, connections_run,
	  { NETWORKMANAGER_PATH, "/etc/NetworkManager/system-connections" },
	  "the networks that the owner put on the boot partition" },
	{ "root-ca", STAGE_TARGET, root_ca_applies, root_ca_run, { "/etc/ssl/certs" },
	  "who the device trusts besides; removing the key takes the trust away again" },
	{ "machine-id", STAGE_TARGET, machine_id_applies, machine_id_run, { "/etc", MACHINEID_PATH },
	  "who this device is, from its first boot on, in both slots; the image's own would be every clone's" },
	{ "splash", STAGE_TARGET, splash_applies, splash_run,
	  { "/usr/share/plymouth/themes/balena", "/usr/share/plymouth/themes/resin" },
	  "the owner's picture, before plymouth starts" },
	{ "config-keep", STAGE_TARGET, config_keep_applies, config_keep_run, { NULL },
	  "what was accepted, for a boot whose config.json is torn" },
	{ "manifest", STAGE_TARGET, NULL, manifest_run, { MANIFEST_DIR },
	  "what we wrote on an earlier boot and nothing wants now goes; after all that writes" },
	{ "persist", STAGE_TARGET, persist_applies, persist_run, { NULL },
	  "files of this device alone, host keys, outlive its updates; over what the image has of them" },
	{ "mounts", STAGE_TARGET, NULL, mounts_run, { NULL },
	  "boot, state and data where the target expects them; after all that writes to them" },
	{ "stand-in", STAGE_TARGET, stand_in_applies, stand_in_run, { NULL },
	  "a tmpfs where the target expects a state or data partition that cannot be used" },
	{ "pre-handover", STAGE_TARGET, pre_handover_applies, pre_handover_run, { NULL },
	  "the integrator's own executables, with the target as it will be" },
	{ "watchdog", STAGE_TARGET, watchdog_applies, watchdog_run, { NULL },
	  "a candidate that hangs ends in a reboot, and in its count; last, because from here on time runs" },
};
/* clang-format on */

const size_t hook_table_len = ARRAY_SIZE(hook_table);
