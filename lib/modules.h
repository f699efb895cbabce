/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/reason.h"
#include "lib/sys.h"

/*
 * Kernel modules, by libkmod: aliases, dependencies, softdeps, blacklist and options (modprobe.d of
 * the image and `module.param=`, `modprobe.blacklist=` of the kernel's command line). Resolving only
 * reads; inserting goes through struct sys. The one file that includes libkmod.h.
 */

struct modules; /* a libkmod context */

/** One module to insert. */
struct module {
	const char *name;    /* "virtio_blk" */
	const char *path;    /* file of the module */
	const char *options; /* "" when there are none */
	const char *wanted;  /* the alias or name that asked for it (of the first that did) */
};

struct module_list {
	struct module *module; /* in order of insertion */
	size_t n, capacity;
};

/**
 * @param ret_modules context, freed with modules_close()
 * @param dir module directory, NULL: /lib/modules/ of the running kernel; then what is loaded now is
 *        known to the context too
 * @return 0; -ENOENT when the image has no modules at all (fine on a monolithic kernel); another
 *         negative errno when an index of depmod(8) is not usable
 */
int modules_open(struct modules **ret_modules, const char *dir, struct reason *r)
	_nonnull_(1) _must_check_;

/** modules_open() with other directories and files of modprobe.d(5) than the system's, NULL at the end. */
int modules_open_with(struct modules **ret_modules, const char *dir, const char *const *config,
		      struct reason *r) _nonnull_(1) _must_check_;

/** Frees the context; NULL is fine. */
void modules_close(struct modules *m);

/**
 * Appends what an alias or a module's name needs, dependencies and softdeps first, without modules that
 * were loaded at modules_open(), are built in, blacklisted (not as a dependency), forbidden (`install NAME
 * /bin/true` or false), or resolved before by this context. Other `install` commands are not run: the
 * module itself is inserted. Of several modules that a softdep names by one alias ("crc32c"), those
 * made for other processors are left out. Resolving the same alias twice costs a look-up in a set.
 *
 * @param m context; NULL counts as one without modules
 * @param a arena for the strings
 * @param alias modalias, "fs-vfat", or a module's name
 * @param list appended to
 * @return number appended (0: all there already, or blacklisted); -ENOENT when no module of the image
 *         answers to it; -ENOPKG when the file of a dependency is missing, named by the reason (other
 *         modules of the same alias are appended all the same); -ENOMEM
 */
int modules_resolve(struct modules *m, struct arena *a, const char *alias, struct module_list *list,
		    struct reason *r) _nonnull_(2, 3, 4);

/**
 * Inserts one module (finit_module(2); a compressed file is passed to the kernel as such). A module
 * that is there already is a success.
 *
 * @return 0 or a negative errno; the reason names the module
 */
int modules_insert(const struct sys *sys, const struct module *module, struct reason *r)
	_nonnull_(1, 2) _must_check_;

/** What modules_coldplug() hands each modalias to (valid during the call, the same one may come more
 * than once); non-zero stops and is returned. */
typedef int (*modalias_fn)(const char *modalias, void *data);

/**
 * Reads the modalias of every device on a bus, and the mainboard's (DMI): all there are but those of
 * processors and of input devices, whose modules (evdev and the like) no boot needs.
 *
 * @param sysfd directory that is /sys
 * @return number of modaliases, or a negative errno
 */
int modules_coldplug(int sysfd, modalias_fn fn, void *data) _nonnull_(2);

/** What modules_listed() hands each name to; non-zero stops and is returned. */
typedef int (*module_name_fn)(const char *name, void *data);

/**
 * Reads the modules that the image lists in etc/modules-load.d/<name>.conf below `rootfd` (format of
 * modules-load.d(5): one name a line, lines that start with # or ; are comments), files in
 * order of their names.
 *
 * @return number of names, 0 when there is no such folder, or a negative errno
 */
int modules_listed(int rootfd, module_name_fn fn, void *data) _nonnull_(2);
