/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/abstore.h"
#include "lib/arena.h"
#include "lib/blockdev.h"
#include "lib/bootfiles.h"
#include "lib/certificate.h"
#include "lib/clockrule.h"
#include "lib/cmdline.h"
#include "lib/config.h"
#include "lib/fsck.h"
#include "lib/grow.h"
#include "lib/layout.h"
#include "lib/machineid.h"
#include "lib/manifest.h"
#include "lib/modules.h"

/*
 * All that a decision may look at. observe_*() fills it, apply() records in it what was settled, and
 * the hooks read it: they see nothing else, so a test can make any situation by filling this struct.
 */

enum stage { STAGE_EARLY, STAGE_BOOT, STAGE_ROOT, STAGE_TARGET, STAGE_COUNT };

/** @return "early", "boot", "root", "target". */
const char *stage_name(enum stage stage);

/** The API file systems, in the order they are mounted. */
enum api_fs { API_PROC, API_SYS, API_DEV, API_RUN, API_FS_COUNT };

/** A root that was tried in this boot and failed. */
struct facts_failed {
	const char *device; /* kernel name, "vda2" */
	const char *slot;   /* "A", "B" or NULL: not a slot's */
	const char *reason; /* rendered */
	bool check;	    /* its check found errors, and nothing more was tried */
};

#define FACTS_FAILED_MAX 8

/** A file system that was checked in this boot. */
struct facts_checked {
	const char *device; /* kernel name, "vda2" */
	const char *program;
	const char *why;   /* it was due */
	const char *error; /* rendered; NULL: it is sound by now */
	int status;   /* exit status of the program, 128 + signal; -1: it did not run to its end */
	int64_t usec; /* that it took */
	enum fsck_verdict verdict;
};

#define FACTS_CHECKED_MAX 12

/** Where an integrator's own executables run: folders of hooks.d. */
enum hook_point {
	HOOK_PRE_MOUNT,	   /* before a root is looked for: they may bring up what it is on */
	HOOK_PRE_HANDOVER, /* the target is as it will be */
	HOOK_POINTS
};

/** @return "pre-mount", "pre-handover": the folder's name. */
const char *hook_point_name(enum hook_point point);

/** The executables of a folder of hooks.d. */
struct facts_hooks {
	const char **path; /* in the order they run */
	size_t n;
	size_t n_run; /* so many of them have run */
};

/** When the clock is decided on. */
enum clock_when {
	CLOCK_AT_START,	 /* first of all, by the RTC and what is in the initramfs */
	CLOCK_AT_TARGET, /* with the root and the state partition mounted */
	CLOCK_WHENS
};

/** A directory or file of the target that hooks want to write to (column `places` of their table). */
struct facts_place {
	const char *path;    /* in the target, "/etc/udev/rules.d" */
	bool exists;	     /* path itself exists */
	bool directory;	     /* … and is a directory */
	bool link;	     /* its last part is a symbolic link */
	mode_t mode;	     /* when it exists: permission bits */
	uid_t uid;	     /* … owner */
	gid_t gid;	     /* … group */
	const char *deepest; /* deepest directory on the way that exists, "/" at least */
};

/** The files of a directory, as they were read. */
struct facts_files {
	bool readable; /* the directory could be read, or is not there on a file system that could */
	struct boot_file *file;
	size_t n;
};

#define CA_NO_NUMBER 255u

/** What the target has of the things that several steps write to. */
struct facts_target {
	const char *
		chrony_dir; /* where chronyd looks for sources; NULL: its configuration has no such place */
	uid_t chrony_uid; /* whom chronyd runs as; 0 unless the target has a user for it */
	gid_t chrony_gid;
	bool bundle_ours; /* the manifest says that the CA bundle has a block of ours */
	const char *
		bundle; /* content of the CA bundle, NULL: not read, because nothing is to change */
	size_t bundle_len;
	/* N of HASH.N, for each certificate of balenaRootCA; CA_NO_NUMBER: all are taken. */
	unsigned char ca_number[CERTIFICATES_MAX];
};

/** The boot state. */
struct facts_state {
	bool read;		    /* it was looked for, whatever came of it */
	struct abstore_found found; /* backend AB_STATELESS: there is none */
	unsigned char boot_id[AB_BOOT_ID_LEN];
	bool failed;		     /* storing it failed in this boot: nothing is durable */
	bool decided;		     /* the two below are known */
	struct ab_decision decision; /* what holds in this boot */
	struct ab_record record;     /* the state as it was decided, stored or not */
	unsigned int waited_sec;     /* before a degraded boot */
	const char *reset_cause; /* of the last reset: "watchdog"; NULL: the kernel does not tell */
};

/** Who this device is. */
struct facts_identity {
	struct machineid stored; /* in keep_dir */
	struct machineid balena; /* where balenaOS keeps it: "machine-id" on the state partition */
	struct machineid image;	 /* in the target's /etc */
	struct machineid fresh; /* a new one; MACHINEID_MISSING: none could be made, or is needed */
	bool weak;		/* fresh was made without entropy */
	bool unfinished;	/* the first boot has begun, and was not over when the power went */
};

/** A path that lives on the state partition; a pattern is one for each of its files. */
struct facts_persist {
	const char *path; /* in the target, without a slash at its end */
	bool directory;	  /* it is to be one, else a file */
	bool stored;	  /* the state partition has it */
	bool there;	  /* the target has it */
	bool wrong;	  /* one of them has something else under this name */
};

struct facts {
	/* From the start. */
	struct args args;
	struct layout layout;
	const char *run_dir;	/* "/run/anteroot" */
	const char *target_dir; /* "/sysroot": where the target root is mounted before the switch */
	const char *runtime_dir; /* "/run", which the target gets as its own */
	int64_t build_usec;	 /* time of the build, realtime */

	/* Observed at the start of each round. */
	int64_t realtime_usec;
	int64_t now_msec;      /* monotonic */
	int64_t deadline_msec; /* monotonic: devices that are not here by then are not waited for */
	struct clock_facts clock[CLOCK_WHENS]; /* once a boot each */
	bool api_mounted[API_FS_COUNT];
	bool config_settled;
	bool offline; /* no boot: `anteroot apply`, which only places files */

	/* Modules that devices and the image's lists ask for, resolved, not inserted yet. */
	struct module_list modules;
	const char **missing; /* modules that are listed or needed and not in the image */
	size_t n_missing;
	const char *
		*unserved; /* modaliases of disks' controllers that no module of the image serves;
				* their driver may be built in */
	size_t n_unserved;

	/* Devices. */
	struct blockdevs devs;
	const char
		*loader_partuuid; /* of the partition that the boot loader was started from, NULL */
	const char *boot_disk;	  /* settled: kernel name, or NULL */
	const char *mounted
		[PART_ROLES];	  /* mounted in run_dir/mnt: kernel name of the device, or NULL */
	bool gave_up[PART_ROLES]; /* mounting it failed: not tried again */
	const char *fsck[FSCK_KINDS]; /* the program for it, NULL: the image has none */
	struct facts_checked checked[FACTS_CHECKED_MAX];
	size_t n_checked;
	struct facts_hooks hooks[HOOK_POINTS];
	bool loader_hidden; /* the firmware may know loader_partuuid, and efivarfs is not mounted */
	bool loader_tried;  /* mounting it was tried */

	const char *backup_disk;     /* kernel name of one whose primary GPT is damaged, or NULL */
	struct ptable_backup backup; /* what its backup says */
	bool backup_told;	     /* the kernel was told that */

	/* Configuration. */
	struct config config;
	const char *keep_dir; /* where what was accepted is kept for bad times; NULL: nowhere */
	struct facts_files connections;	     /* system-connections/ of the boot partition */
	struct facts_files kept_connections; /* those of an earlier boot, in keep_dir */
	struct boot_file splash;	     /* its splash image; name NULL: there is none */

	struct facts_state state;

	struct grow grow;   /* what the data partition can gain */
	bool grow_seen;	    /* it was looked for */
	bool restored;	    /* the primary GPT of the boot disk was tried to be written anew */
	bool table_written; /* … and its partition was tried to be grown */
	bool fs_grown;	    /* … and its file system */

	/* The root. */
	const char *root_device; /* settled: kernel name, or NULL */
	const char *root_slot;	 /* "A", "B", or NULL: not a slot's */
	const char *root_reason; /* why this one */
	struct facts_failed failed[FACTS_FAILED_MAX];
	size_t n_failed;

	struct facts_identity identity;
	unsigned int uuid_tried; /* roles whose file system was given a new UUID, or could not be */
	struct facts_persist *persist;
	size_t n_persist;

	/* The target. */
	struct facts_target target;
	struct manifest manifest; /* what we wrote there on earlier boots */
	/* Of a writable root: paths that a step wants to write to, that the manifest does not know and that
	 * exist, sorted: files of the image. */
	const char **found;
	size_t n_found;
	struct facts_place *place;
	size_t n_places;
	bool root_mounted;
	bool target_writable;
	bool has_journal_gid;
	gid_t journal_gid;     /* of systemd-journal in the target */
	const char *root_home; /* home directory of root in the target, "/root" */
};

/** @return the place with this path, or NULL when no hook's row names it. */
const struct facts_place *facts_place(const struct facts *f, const char *path) _nonnull_all_;

/**
 * Finds the partition of a role on the boot disk.
 *
 * @param ret_count how many carry one of its labels; may be NULL. More than 1 is an ambiguity, and
 *        none of them is used.
 * @return the partition when there is exactly one, else NULL
 */
const struct blockdev *facts_part(const struct facts *f, enum part_role role, size_t *ret_count)
	_nonnull_(1);

/** facts_part() on a disk that need not be the boot disk. */
const struct blockdev *facts_part_on(const struct facts *f, const char *disk, enum part_role role,
				     size_t *ret_count) _nonnull_(1, 2);

/** @return "A", "B" or "recovery" when the device is that slot's on the boot disk, else NULL. */
const char *facts_slot_of(const struct facts *f, const struct blockdev *dev) _nonnull_all_;

/** @return AB_A, AB_B, AB_RECOVERY or AB_NONE: whose partition the device is, on the boot disk. */
enum ab_slot_id facts_slot_id(const struct facts *f, const struct blockdev *dev) _nonnull_all_;

/**
 * What root= names. A UUID with the prefix of those that every flashed image has stands for the file system that has
 * it, or had it before it got one of its own.
 *
 * @return as tag_parse(); args.root is not NULL
 */
int facts_root_tag(const struct facts *f, struct arena *a, struct tag *ret) _nonnull_all_;

/** @return true when a path is in facts.found. */
bool facts_found(const struct facts *f, const char *path) _nonnull_all_;

/** @return true when this device was tried as root in this boot and failed. */
bool facts_has_failed(const struct facts *f, const struct blockdev *dev) _nonnull_all_;

/** @return when file systems are checked: as the command line says, else the layout. */
enum fsck_mode facts_fsck_mode(const struct facts *f) _nonnull_all_;

/** @return what the check of a device in this boot came to, NULL: there was none. */
const struct facts_checked *facts_checked(const struct facts *f, const char *device) _nonnull_all_;

/** @return true when a partition can be written to: it is mounted, its device is not read-only, no check found
 * errors that are left. */
bool facts_part_writable(const struct facts *f, enum part_role role) _nonnull_all_;

/** @return true when a whole disk carries a label of the layout's boot or root partitions. */
bool facts_has_layout(const struct facts *f, const struct blockdev *disk) _nonnull_all_;

/** @return true when a whole disk carries the layout and is not the boot disk. */
bool facts_is_clone(const struct facts *f, const struct blockdev *disk) _nonnull_all_;

/** @return true when every partition that the disk's table lists is in the list and probed, be it
 * in vain. */
bool facts_disk_complete(const struct facts *f, const struct blockdev *disk) _nonnull_all_;
