/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"
#include "tests/unit/fakesys.h"

/*
 * A boot for the fault tests: its facts are filled in, its directories are below a scratch directory,
 * and its system calls go to fakesys. The root that it boots is a tree of plain files.
 */

/* Where the copies of the boot state are on its partition. */
#define FIXTURE_COPY_AT(copy) ((copy) ? 4096 : 0)

struct fixture {
	char shared[200]; /* below it files are real to fakesys */
	char base[256];	  /* in shared: old/ is the initramfs, run/ is run_dir */
	char target[256]; /* the root: in shared, or on another file system */
	struct boot *boot;
	bool target_writable;
	const char *config;  /* text of config.json; NULL: one with every key */
	bool candidate;	     /* there is a boot state, on base/dev/vda6, and slot B is armed */
	unsigned char boots; /* so far: each has a boot id of its own */
};

/**
 * Makes the directories and an empty boot.
 *
 * @param parent where `shared` is made
 * @param target_parent where the target is made, NULL: in shared
 */
void fixture_make(struct fixture *f, const char *parent, const char *target_parent);

/** Starts the same boot anew: nothing is done yet, fakesys is reset. */
void fixture_restart(struct fixture *f, bool target_writable);

/** Gives the boot a list of devices that may be changed; it has them from fixture_restart() on. */
void fixture_own_devices(struct fixture *f);

/** As fixture_restart() without cleaning up: the next boot of the same device. */
void fixture_again(struct fixture *f, bool target_writable);

/**
 * Decides and applies the stages as boot_stage() does, with the facts that observe() would find.
 *
 * @return what the last apply() returned
 */
int fixture_play(struct fixture *f);

/** Makes the target's init systemd: /sbin/init becomes a link to it, and so does its folder, as in Debian. */
void fixture_systemd(const struct fixture *f);

/** Removes everything. */
void fixture_remove(struct fixture *f);

/** The one of a program whose tests share it. */
extern struct fixture fixture;

/** Setups and teardown of a group of tests for cmocka: of fixture, the target in shared or on a file system of its own. */
int fixture_setup(void **state);
int fixture_setup_apart(void **state);
int fixture_teardown(void **state);
