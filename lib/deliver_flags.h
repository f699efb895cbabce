/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How a delivery (lib/deliver.h) is guarded. Apart, so that a plan can say it without seeing system calls. */

/* A mount point anywhere on the way is refused (-EXDEV). */
#define DELIVER_ONE_FS 0x1u
/* The directory of a file, or the directory delivered, must be a real one, no link (-ELOOP), and belong
 * to attr.uid (-EPERM): for .ssh. */
#define DELIVER_OWN_DIR 0x2u
/* What is there and is not `known` is somebody's: it is kept aside. */
#define DELIVER_KEEP 0x4u
/* A file was there before our first delivery: it is the image's. It gets a name of its own, under which it
 * waits until ours goes, and then has its place again. */
#define DELIVER_ORIG 0x8u
