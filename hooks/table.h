/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/facts.h"
#include "init/plan.h"

#define HOOK_PLACES_MAX 3

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
bool clock_floor_applies(const struct facts *f);
void clock_floor_run(const struct facts *f, struct plan *p);
bool modules_applies(const struct facts *f);
void modules_run(const struct facts *f, struct plan *p);
bool boot_disk_applies(const struct facts *f);
void boot_disk_run(const struct facts *f, struct plan *p);
bool boot_mount_applies(const struct facts *f);
void boot_mount_run(const struct facts *f, struct plan *p);
bool root_applies(const struct facts *f);
void root_run(const struct facts *f, struct plan *p);
void state_data_run(const struct facts *f, struct plan *p);
void config_run(const struct facts *f, struct plan *p);
bool hostname_applies(const struct facts *f);
void hostname_run(const struct facts *f, struct plan *p);
bool udev_rules_applies(const struct facts *f);
void udev_rules_run(const struct facts *f, struct plan *p);
bool ssh_keys_applies(const struct facts *f);
void ssh_keys_run(const struct facts *f, struct plan *p);
bool journal_applies(const struct facts *f);
void journal_run(const struct facts *f, struct plan *p);
void mounts_run(const struct facts *f, struct plan *p);
