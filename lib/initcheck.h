/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/reason.h"

/**
 * Whether exec of a program inside a root can work, checked before anything is given up: it resolves
 * inside that root (links followed there) to a regular file with an execute bit; it is an ELF file of
 * this machine's class and architecture (elf(5)) whose interpreter, when it names one, resolves and is
 * executable too; or a script whose `#!` program does. /proc is not needed.
 *
 * @param rootfd the root
 * @param path absolute path of the program
 * @param r says which file and why
 * @return 0; -ENOENT, -EACCES, -ENOEXEC, -ELIBBAD or another negative errno
 */
int initcheck(int rootfd, const char *path, struct reason *r) _nonnull_(2) _must_check_;
