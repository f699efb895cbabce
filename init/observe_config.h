/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"

/* Looking at the configuration and at the target: parts of observe(), and of `anteroot plan` and `apply`,
 * which have no boot around them. All return 0 or -ENOMEM; what cannot be seen stays unknown. */

/** Settles facts.keep_dir: a folder of the state partition, when that is mounted. */
void observe_keep_dir(struct boot *b);

/**
 * Reads config.json, what an interrupted replacement left beside it, the last known good configuration,
 * and the folders of the boot partition; settles facts.config. Once a boot.
 */
int observe_config(struct boot *b);

/**
 * observe_config() with the files named.
 *
 * @param boot_dir folder with system-connections/ and splash/; NULL: there is none
 * @param config path of config.json, in any folder; its leftovers are looked for beside it. NULL: in
 *        boot_dir
 */
int observe_config_at(struct boot *b, const char *boot_dir, const char *config);

/** Looks at the root in facts.target_dir: what is in it, what we wrote there before. */
int observe_target(struct boot *b);
