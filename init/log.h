/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/cleanup.h"
#include "lib/sys.h"

/*
 * Messages: to the kernel's log (/dev/kmsg) with a level, so that `quiet` and loglevel= decide what the
 * console shows, and kept for run_dir/boot.log. Lines written before /dev/kmsg can be opened follow as
 * soon as it can.
 */

/* The kernel's own numbers, KERN_ERR … KERN_DEBUG. */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

#define LOG_BUFFER_BYTES (32u * 1024u)

struct log {
	const struct sys *sys;
	enum log_level level;	     /* messages above it are dropped */
	int kmsg_fd;		     /* -1: not open yet */
	size_t sent_bytes;	     /* of text, handed to the kernel */
	size_t len;		     /* of text */
	bool full;		     /* later lines are not kept */
	char text[LOG_BUFFER_BYTES]; /* lines "<N>SECONDS.USEC message\n" */
};

/** Starts with an empty log at LOG_LEVEL_INFO. */
void log_init(struct log *l, const struct sys *sys) _nonnull_all_;

/** Opens /dev/kmsg when it is not open yet and sends what has waited. Its absence is no error. */
void log_open(struct log *l) _nonnull_all_;

/** Logs one line; `fmt` has no newline. */
void log_line(struct log *l, enum log_level level, const char *fmt, ...) _nonnull_(1, 3)
	_printf_(3, 4);

/** Writes the lines kept to DIR/boot.log. @return 0 or a negative errno */
int log_save(struct log *l, int dirfd) _nonnull_all_;

/** Closes /dev/kmsg. */
void log_close(struct log *l) _nonnull_all_;

/** @return the level that a word of anteroot.log= names, or -EINVAL. */
int log_level_parse(const char *word) _nonnull_all_;
