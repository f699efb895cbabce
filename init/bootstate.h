/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "init/running.h"
#include "lib/abstore.h"
#include "lib/json.h"
#include "lib/sys.h"

/*
 * The boot state of a system that runs: where its record is, what the initramfs left in /run/anteroot, and which
 * slot runs. For `status`, `slot` and `health`.
 */

/** Where to look; a test has its own. */
struct bootstate_paths {
	struct running_paths running;
	const char *boot_id; /* BOOT_ID_PATH */
};

extern const struct bootstate_paths bootstate_paths_default;

struct bootstate {
	struct arena *a;
	const struct sys *sys;
	const struct bootstate_paths *paths;
	struct running run;
	const struct abconf *conf; /* in run.layout */
	struct abstore store;	   /* where the record is */
	const char *boot_point;	   /* where the boot partition is mounted; NULL: nowhere */
	bool mounted;		   /* … by us, in mounts of our own */
	const char *state_point; /* where the state partition is mounted writable; NULL: nowhere */
	struct abstore_found found; /* its record is usable in any case: rebuilt when it is lost */
	int load_err;		    /* why there is none, although one is asked for; else 0 */
	struct reason load_reason;
	struct json *told; /* state.json of this boot; NULL: none, or of another one */
	bool candidate;	   /* it says that this boot is a candidate's attempt */
	struct ab_asker who;
	int lock;
};

enum bootstate_use {
	BOOTSTATE_READ,
	BOOTSTATE_CHANGE, /* nobody else changes it until bootstate_close() */
};

/**
 * Finds and reads everything. That there is no boot state, or none that can be read, is no failure: found.backend
 * is AB_STATELESS, and load_err says why.
 *
 * @param b result; bootstate_close() frees it, whatever came of this
 * @return 0; -EPERM when the caller is not root; or a negative errno
 */
int bootstate_open(struct bootstate *b, const struct sys *sys, struct arena *a,
		   const struct bootstate_paths *paths, enum bootstate_use use, struct reason *r)
	_nonnull_(1, 2, 3, 4) _must_check_;
void bootstate_close(struct bootstate *b) _nonnull_all_;

/** Makes the files of a first record, and reads it. @return 0 or a negative errno */
int bootstate_create(struct bootstate *b, struct reason *r) _nonnull_(1) _must_check_;

/**
 * Makes a record durable, and balenaOS' breadcrumbs after it (lib/breadcrumbs.h): a failure of theirs is no
 * failure, the next call puts them right.
 *
 * @param ret_crumbs why the breadcrumbs could not be kept; verb NULL: they could
 * @return 0 or a negative errno of the record; -EROFS when it is of a newer version
 */
int bootstate_store(struct bootstate *b, const struct ab_record *rec, struct reason *ret_crumbs,
		    struct reason *r) _nonnull_(1, 2, 3) _must_check_;

/** Puts the breadcrumbs right by the record as it is. @return 0 or a negative errno */
int bootstate_keep_breadcrumbs(struct bootstate *b, struct reason *r) _nonnull_(1) _must_check_;

/** What the next boot will do with a record, as far as anybody can tell now. @param ret_next may be NULL */
struct ab_decision bootstate_next(const struct bootstate *b, const struct ab_record *rec,
				  struct ab_record *ret_next) _nonnull_(1, 2);

/** @return that as a line: "slot B: it is a candidate, … (attempt 1 of 3)"; NULL when memory is out. */
const char *bootstate_next_text(struct bootstate *b, const struct ab_record *rec) _nonnull_all_;

/** @return a JSON file of the run directory, of this boot or not; NULL: none that can be read. */
struct json *bootstate_read_json(struct bootstate *b, const char *name,
				 size_t max_bytes) _nonnull_all_;
