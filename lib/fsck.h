/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Checks of file systems: when one is due, what the distribution's tool is called and told, and what its exit status
 * means. Pure. A clean file system is told from its superblock, and no tool is started for it.
 */

/** Which file systems have a tool that belongs here; xfs, btrfs, erofs and squashfs want none at boot. */
enum fsck_kind { FSCK_EXT, FSCK_FAT, FSCK_KINDS, FSCK_NO_KIND = FSCK_KINDS };

/** fsck.mode= of the kernel's command line, "storage": { "fsck": … } of the integrator's file. */
enum fsck_mode {
	FSCK_AUTO,  /* when it is due */
	FSCK_FORCE, /* each time, and all of it */
	FSCK_SKIP,
	FSCK_UNSAID
};

/** "auto", "force", "skip": of both. */
extern const char *const fsck_mode_words[FSCK_UNSAID];

/** fsck.repair= of the kernel's command line. */
enum fsck_repair {
	FSCK_PREEN, /* what is safe to repair */
	FSCK_YES,   /* everything, whatever it costs */
	FSCK_NO	    /* nothing is written */
};

/** Why a check is due; of several the gravest. */
enum fsck_due {
	FSCK_CLEAN,
	FSCK_FORCED,
	FSCK_JOURNAL, /* the power was cut: the journal has what the kernel would replay too */
	FSCK_TIME,    /* ext: its interval has passed */
	FSCK_MOUNTS,  /* ext: mounted as often as it allows */
	FSCK_UNCLEAN, /* ext without a journal, FAT: it was not unmounted */
	FSCK_ERRORS,  /* ext: the kernel has found errors */
	FSCK_DUES
};

/** What a check came to. */
enum fsck_verdict {
	FSCK_UNCHECKED, /* it could not be run, or not to its end: nothing is known */
	FSCK_SOUND,
	FSCK_CORRECTED,
	FSCK_REBOOT, /* corrected, and the tool wants the machine to start anew */
	FSCK_DAMAGED /* errors are left */
};

/** Bytes of the device's start that fsck_due() looks at. */
#define FSCK_SUPERBLOCK_BYTES 2048

/** Names that a tool goes by. */
#define FSCK_NAMES 2

/** Most arguments of a tool, with its name, the device and the NULL. */
#define FSCK_ARGS_MAX 5

/** @param type libblkid's name of a file system, or NULL */
enum fsck_kind fsck_kind_of(const char *type);

/**
 * Whether a file system asks to be checked, by the rules that e2fsck itself goes by, and by FAT's dirty flag.
 *
 * @param start first bytes of the device
 * @param realtime_sec now; a time before that of the last check is no reason: the clock may not be set yet
 */
enum fsck_due fsck_due(enum fsck_kind kind, const unsigned char start[static FSCK_SUPERBLOCK_BYTES],
		       int64_t realtime_sec);

/** @return "it was not unmounted cleanly", … for people. */
const char *fsck_due_text(enum fsck_due due);

/** @return the tool's names, the one to look for first in front: "e2fsck", "fsck.ext4". */
const char *const *fsck_names(enum fsck_kind kind);

/**
 * @param ret argv of the tool: ret[0] is `program`, the device the last one before NULL
 */
void fsck_arguments(enum fsck_kind kind, enum fsck_mode mode, enum fsck_repair repair,
		    const char *program, const char *device, const char *ret[static FSCK_ARGS_MAX]);

/** @param status exit status, 128 + signal; fsck.fat has no reboot, and 2 for bad usage */
enum fsck_verdict fsck_verdict(enum fsck_kind kind, int status);

/** @return "unchecked", "sound", "corrected", "reboot", "damaged". */
const char *fsck_verdict_name(enum fsck_verdict verdict);
