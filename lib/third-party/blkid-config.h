/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What util-linux's configure would find out, for klibc, musl and glibc alike. */
#pragma once

#define PACKAGE		 "util-linux"
#define PACKAGE_STRING	 "util-linux 2.38.1"
#define PACKAGE_VERSION	 "2.38.1"
#define LIBBLKID_VERSION "2.38.1"
#define LIBBLKID_DATE	 "04-Aug-2022"

#define HAVE_BYTESWAP_H			   1
#define HAVE_DECL_DIRFD			   1
#define HAVE_DECL__NL_TIME_WEEK_1STDAY	   0
#define HAVE_DIRFD			   1
#define HAVE_ENDIAN_H			   1
#define HAVE_ENVIRON_DECL		   1
#define HAVE_ERRNO_H			   1
#define HAVE_ERR_H			   1
#define HAVE_ERR			   1
#define HAVE_ERRX			   1
#define HAVE_WARN			   1
#define HAVE_WARNX			   1
#define HAVE_FSYNC			   1
#define HAVE_GETOPT_H			   1
#define HAVE_LINUX_BLKZONED_H		   1
#define HAVE_LOFF_T			   1
#define HAVE_MEMPCPY			   1
#define HAVE_NANOSLEEP			   1
#define HAVE_OPENAT			   1
#define HAVE_PATHS_H			   1
#define HAVE_PROGRAM_INVOCATION_SHORT_NAME 1
#define HAVE_STDLIB_H			   1
#define HAVE_STRNDUP			   1
#define HAVE_STRNLEN			   1
#define HAVE_STRUCT_STAT_ST_MTIM_TV_NSEC   1
#define HAVE_SYSCONF			   1
#define HAVE_SYS_STAT_H			   1
#define HAVE_SYS_SYSMACROS_H		   1
#define HAVE_SYS_TYPES_H		   1
#define HAVE_UNISTD_H			   1
#define HAVE_USLEEP			   1
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define WORDS_BIGENDIAN 1
#endif

/* Without the debugging output and its 16 KB of texts. debug.h has a guard, so this definition stays. */
#include <stdio.h>
#include <stdlib.h>
#include "debug.h"
#undef __UL_DBG
#define __UL_DBG(library, prefix, mask, call) \
	do {                                  \
	} while (0)
#undef __UL_DBG_CALL
#define __UL_DBG_CALL(library, prefix, mask, call) __UL_DBG(library, prefix, mask, call)
#undef __UL_INIT_DEBUG_FROM_ENV
#define __UL_INIT_DEBUG_FROM_ENV(library, prefix, mask, variable) \
	(library##_debug_mask = prefix##INIT)
