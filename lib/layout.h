/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/abconf.h"
#include "lib/arena.h"
#include "lib/fsck.h"
#include "lib/reason.h"

/*
 * What the image looks like: labels, mount points, time limits. The defaults are balenaOS's; the
 * integrator's file /etc/anteroot/anteroot.json in the initramfs changes them.
 */

struct json;

#define LAYOUT_PATH	   "/etc/anteroot/anteroot.json"
#define LAYOUT_MAX_BYTES   (64u * 1024u)
#define LAYOUT_LABELS_MAX  4
#define LAYOUT_PERSIST_MAX 32

enum part_role {
	PART_BOOT,
	PART_ROOT_A,
	PART_ROOT_B,
	PART_STATE,
	PART_DATA,
	PART_RECOVERY,
	PART_ROLES
};

/** By what the integrator tells a partition from others. */
enum layout_by {
	LAYOUT_BY_LABEL,     /* file-system labels */
	LAYOUT_BY_PARTLABEL, /* names in the GPT */
	LAYOUT_BY_PARTUUID,  /* one PARTUUID */
};

/** Which machine-id a device gets at its first boot. */
enum layout_machine_id {
	LAYOUT_ID_RANDOM, /* one of its own, whatever the image has */
	LAYOUT_ID_IMAGE, /* the image's, when that has a real one: images are made for each device */
	LAYOUT_ID_NONE,	 /* none: the target's own business */
};

/** One partition of the layout. */
struct layout_part {
	const char *name; /* "boot", "rootA", …: key in the file and in messages */
	const char
		*label[LAYOUT_LABELS_MAX]; /* what it may carry, as `by` says; first is the one to
					       * name; NULL behind the last */
	const char *mount_point;	   /* in the target, NULL: not mounted there */
	enum layout_by by;
};

struct layout {
	struct abconf state; /* "bootState": lib/abconf.h */
	struct layout_part part[PART_ROLES];
	enum layout_machine_id machine_id; /* "machineId" */
	const char **
		persist; /* "persist": paths of the target that live on the state partition; a directory
			       * ends in '/', the last part of a file's may be a pattern (fnmatch(3)) */
	size_t n_persist;
	const char *
		uuid_prefix; /* "uuids": file systems whose UUID begins so get one of their own; NULL: none */
	unsigned int uuid_roles; /* of these roles: bits 1 << PART_* */
	int64_t wait_msec;	 /* for devices, when the command line says nothing */
	bool grow_data; /* "storage.growData": the data partition grows to the end of the disk */
	enum fsck_mode fsck;	   /* when the command line says nothing */
	int64_t fsck_msec;	   /* that the check of one file system may take */
	int64_t hooks_msec;	   /* … and one executable of hooks.d */
	int64_t rescue_delay_msec; /* before the reboot out of rescue, when panic= says nothing */
};

/**
 * Reads "machineId", "persist" and "uuids" of the integrator's file.
 *
 * @param top all of the file
 * @return as layout_parse()
 */
int layout_read_identity(struct arena *a, const struct json *top, struct layout *layout,
			 struct reason *r) _nonnull_(1, 2, 3) _must_check_;

/** @return "resin-boot", "PARTLABEL=x" or "PARTUUID=x": what is looked for first, for messages; NULL when memory
 * is out. */
const char *layout_part_text(struct arena *a, const struct layout_part *part) _nonnull_all_;

/** The balenaOS layout. */
extern const struct layout layout_default;

/**
 * Reads the integrator's file:
 *
 *     { "partitions": { "boot": { "labels": ["x"], "mountPoint": "/mnt/boot" | null }, "rootA": …,
 *       "rootB": …, "state": …, "data": … }, "waitSeconds": 30, "rescueSeconds": 10,
 *       "machineId": "random" | "image" | "none", "persist": ["/etc/ssh/ssh_host_*", "/var/lib/x/"],
 *       "uuids": { "prefix": "ba1eadef", "roles": ["rootA", …] } | null,
 *       "hooksSeconds": 30, "storage": { "fsck": "auto" | "force" | "skip", "fsckSeconds": 120, "growData": true },
 *       "bootState": { … } }
 *
 * Every key may be absent. In the place of "labels" (file-system labels) there may be "partlabels": ["x"] (names
 * in the GPT) or "partuuid": "x".
 *
 * @param a arena for the strings
 * @param text content, `len` bytes
 * @param ret_layout result; on failure the default layout
 * @return 0; -EBADMSG with the key and what was expected in the reason; -ENOMEM
 */
int layout_parse(struct arena *a, const char *text, size_t len, struct layout *ret_layout,
		 struct reason *r) _nonnull_(1, 2, 4) _must_check_;
