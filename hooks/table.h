/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/facts.h"
#include "init/plan.h"

#define HOOK_PLACES_MAX 4

/* Programs of the target that tell who reads what; /lib leads to /usr/lib where these are one. */
#define CHRONYD_PATH	    "/usr/sbin/chronyd"
#define TIMESYNCD_PATH	    "/lib/systemd/systemd-timesyncd"
#define DNSMASQ_PATH	    "/usr/sbin/dnsmasq"
#define RESOLVED_PATH	    "/lib/systemd/systemd-resolved"
#define NETWORKMANAGER_PATH "/usr/sbin/NetworkManager"

/** One step of a boot. */
struct hook {
	const char *name;			/* shown in plans, logs and the report */
	enum stage stage;			/* when it runs; rows of one stage run in order */
	bool (*applies)(const struct facts *f); /* NULL: always */
	void (*run)(const struct facts *f,
		    struct plan *p);	     /* pure: reads facts, appends operations */
	const char *places[HOOK_PLACES_MAX]; /* paths of the target it writes to, so that they are
						      * observed; "~root/…" is root's home there */
	const char *why;		     /* one line for the newcomer */
};

/** All steps, in the order of a boot. Used by init/decide.c alone. */
extern const struct hook hook_table[];
extern const size_t hook_table_len;

/* The functions of the rows, one file each. */
bool api_mounts_applies(const struct facts *f);
void api_mounts_run(const struct facts *f, struct plan *p);
void clock_start_run(const struct facts *f, struct plan *p);
void clock_target_run(const struct facts *f, struct plan *p);
bool modules_applies(const struct facts *f);
void modules_run(const struct facts *f, struct plan *p);
bool backup_table_applies(const struct facts *f);
void backup_table_run(const struct facts *f, struct plan *p);
bool boot_disk_applies(const struct facts *f);
void boot_disk_run(const struct facts *f, struct plan *p);
bool uuids_applies(const struct facts *f);
void uuids_run(const struct facts *f, struct plan *p);
bool boot_mount_applies(const struct facts *f);
void boot_mount_run(const struct facts *f, struct plan *p);
bool fsck_boot_applies(const struct facts *f);
void fsck_boot_run(const struct facts *f, struct plan *p);
bool pre_mount_applies(const struct facts *f);
void pre_mount_run(const struct facts *f, struct plan *p);
bool pre_handover_applies(const struct facts *f);
void pre_handover_run(const struct facts *f, struct plan *p);
bool stand_in_applies(const struct facts *f);
void stand_in_run(const struct facts *f, struct plan *p);
bool root_applies(const struct facts *f);
void root_run(const struct facts *f, struct plan *p);
bool grow_applies(const struct facts *f);
void grow_run(const struct facts *f, struct plan *p);
bool grow_fs_applies(const struct facts *f);
void grow_fs_run(const struct facts *f, struct plan *p);
void state_data_run(const struct facts *f, struct plan *p);
void config_run(const struct facts *f, struct plan *p);
bool hostname_applies(const struct facts *f);
void hostname_run(const struct facts *f, struct plan *p);
bool machine_id_applies(const struct facts *f);
void machine_id_run(const struct facts *f, struct plan *p);
bool persist_applies(const struct facts *f);
void persist_run(const struct facts *f, struct plan *p);
bool udev_rules_applies(const struct facts *f);
void udev_rules_run(const struct facts *f, struct plan *p);
bool ssh_keys_applies(const struct facts *f);
void ssh_keys_run(const struct facts *f, struct plan *p);
bool journal_applies(const struct facts *f);
void journal_run(const struct facts *f, struct plan *p);
bool country_applies(const struct facts *f);
void country_run(const struct facts *f, struct plan *p);
bool ntp_applies(const struct facts *f);
void ntp_run(const struct facts *f, struct plan *p);
void dns_run(const struct facts *f, struct plan *p);
bool network_applies(const struct facts *f);
void network_run(const struct facts *f, struct plan *p);
bool connections_applies(const struct facts *f);
void connections_run(const struct facts *f, struct plan *p);
bool root_ca_applies(const struct facts *f);
void root_ca_run(const struct facts *f, struct plan *p);
bool splash_applies(const struct facts *f);
void splash_run(const struct facts *f, struct plan *p);
bool config_keep_applies(const struct facts *f);
void config_keep_run(const struct facts *f, struct plan *p);
void manifest_run(const struct facts *f, struct plan *p);
bool watchdog_applies(const struct facts *f);
void watchdog_run(const struct facts *f, struct plan *p);
void mounts_run(const struct facts *f, struct plan *p);
