/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include_next <dirent.h>

void rewinddir(DIR *dir);
