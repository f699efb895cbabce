/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* klibc has no libgen.h. Only dirname(): string.h has GNU's basename(), which never writes. */
#pragma once

char *dirname(char *path);
