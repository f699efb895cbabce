/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include_next <errno.h>

/* klibc sets up the C runtime for main() alone: no program name is kept. */
extern char *program_invocation_name;
extern char *program_invocation_short_name;

/* What a file system without the operation says; the kernel knows it only as EOPNOTSUPP. */
#ifndef ENOTSUP
#define ENOTSUP EOPNOTSUPP
#endif
