/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What kmod's configure would find out, for klibc, musl and glibc alike. ENABLE_ZLIB, _XZ, _ZSTD
 * and _OPENSSL are left out: see README.md.
 */
#pragma once

/* kmod expects it of <stdlib.h>, as glibc's does; gcc 14 takes no function that was not declared. */
#include <alloca.h>

#define PACKAGE	       "kmod"
#define VERSION	       "30"
#define KMOD_FEATURES  "-ZSTD -XZ -ZLIB -LIBCRYPTO -EXPERIMENTAL"
#define SYSCONFDIR     "/etc"
#define ENABLE_LOGGING 1
#ifdef __KLIBC__
#define HAVE_DECL_BE32TOH 0
#else
#define HAVE_DECL_BE32TOH 1
#endif
#define HAVE_STATIC_ASSERT	       1
#define HAVE_STRUCT_STAT_ST_MTIM       1
#define HAVE___BUILTIN_UADDL_OVERFLOW  1
#define HAVE___BUILTIN_UADDLL_OVERFLOW 1
#ifdef __GLIBC__
#define HAVE_DECL_STRNDUPA 1
#else
#define HAVE_DECL_STRNDUPA 0
#endif
