/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "lib/abstate.h"
#include "lib/arena.h"
#include "lib/reason.h"

/* What the integrator's file says of the boot state, under "bootState". docs/STATE.md has the keys. */

struct json;

enum ab_backend {
	AB_STATELESS, /* none: slot A, else B */
	AB_AUTO,      /* `record` when its files are there, else no boot state */
	AB_RECORD,    /* two copies of 512 bytes: files, or on a partition */
	AB_GRUBENV,   /* GRUB's environment block; balena's bootenv */
	AB_UENV,      /* resinOS_uEnv.txt, extra_uEnv.txt and bootcount.env */
	AB_UBOOTENV,  /* U-Boot's environment, once or twice */
	AB_BACKENDS
};

#define ABCONF_FILES_MAX 3

struct abconf {
	enum ab_backend backend;
	struct ab_policy policy; /* counter, tries, … */
	const char
		*file[ABCONF_FILES_MAX]; /* on the boot partition; NULL: the backend's own names */
	const char *
		partition; /* PARTLABEL of a partition on the boot disk, NULL: files. `record`, `ubootenv` */
	uint64_t offset[2]; /* of the copies on it, bytes */
	unsigned int n_offsets;
	uint64_t size;	   /* of each copy on it, bytes; `ubootenv` */
	int64_t panic_sec; /* kernel.panic of a candidate, 1 to 3600 */
	int64_t watchdog_sec; /* time-out of the hardware watchdog of a candidate; 0: it is left alone */
	int64_t health_sec;	   /* a health check may take so long */
	int64_t health_window_sec; /* checks that fail are run again for so long */
	int64_t health_pause_sec;  /* between two rounds */
};

/** What holds without "bootState". */
#define ABCONF_DEFAULT                                                                    \
	{                                                                                 \
		.backend = AB_AUTO, .policy = AB_POLICY_DEFAULT, .n_offsets = 2,          \
		.offset = { 0, 4096 }, .size = 16384, .panic_sec = 5, .watchdog_sec = 60, \
		.health_sec = 60, .health_window_sec = 600, .health_pause_sec = 10        \
	}
extern const struct abconf abconf_default;

/**
 * Reads "bootState":
 *
 *     { "backend": "record", "counter": "agent", "files": ["abstate.0", "abstate.1"], "partition": "x",
 *       "offsets": [0, 4096], "size": 16384, "tries": 3, "refunds": 3, "goodAttempts": 5, "switches": 2,
 *       "delaySeconds": 10, "delayMaxSeconds": 300, "versionFloor": "2.0.0", "raiseFloor": false,
 *       "panicSeconds": 5, "watchdogSeconds": 60,
 *       "health": { "seconds": 60, "windowSeconds": 600, "pauseSeconds": 10 } }
 *
 * Every key may be absent; an unknown one is an error, because a limit that is not understood is not kept. So are
 * two copies on a partition that overlap.
 *
 * @param ret holds the defaults on entry
 * @return 0; -EBADMSG with the key and what was expected in the reason; -ENOMEM
 */
int abconf_read(struct arena *a, const struct json *j, struct abconf *ret, struct reason *r)
	_nonnull_(1, 2, 3) _must_check_;

/** @return "auto", "record", "grubenv", "uenv", "ubootenv", "none". */
const char *ab_backend_name(enum ab_backend backend);
