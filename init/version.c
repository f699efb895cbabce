/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/version.h"

#ifndef DEVELOPMENT_IMAGE
#define DEVELOPMENT_IMAGE 0
#endif

const char *const anteroot_version = ANTEROOT_VERSION;
#define WRITTEN_SEC INT64_C(1767225600) /* 2026-01-01 */

const int64_t anteroot_build_epoch_sec =
	ANTEROOT_BUILD_EPOCH > WRITTEN_SEC ? ANTEROOT_BUILD_EPOCH : WRITTEN_SEC;
const bool anteroot_development = DEVELOPMENT_IMAGE;
