/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/place.h"
#include "hooks/table.h"

#define KEYS_FILE "authorized_keys_local"

/* Without a configuration nothing is known about the keys: what is there stays. */
bool ssh_keys_applies(const struct facts *f)
{
	return f->config_state == CONFIG_READ && f->root_home;
}

static const char *join_keys(const struct facts *f, struct plan *p)
{
	size_t len = 0, at = 0;
	char *text;

	for (size_t i = 0; i < f->config.n_ssh_keys; i++)
		len += strlen(f->config.ssh_key[i]) + 1;
	text = arena_alloc(p->arena, len + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < f->config.n_ssh_keys; i++) {
		size_t n = strlen(f->config.ssh_key[i]);

		memcpy(text + at, f->config.ssh_key[i], n);
		at += n;
		text[at++] = '\n';
	}
	return text;
}

void ssh_keys_run(const struct facts *f, struct plan *p)
{
	const char *dir = arena_printf(p->arena, "%s/.ssh", f->root_home), *text;

	if (!dir)
		return;
	if (f->config.n_ssh_keys == 0) {
		/* The file in a read-only image is the image's own; ours went with the last boot. */
		if (f->target_writable)
			PLAN_ADD(p, .kind = OP_REMOVE, .on_failure = FAIL_WARN,
				 .target = arena_printf(p->arena, "%s%s/" KEYS_FILE, f->target_dir,
							dir));
		return;
	}
	text = join_keys(f, p);
	if (!text || !place_open(f, p, dir))
		return;
	PLAN_ADD(p, .kind = OP_DIR, .on_failure = FAIL_WARN, .target = place_path(f, p, dir),
		 .mode = 0700);
	place_file(f, p, dir, KEYS_FILE, text, strlen(text), 0600);
}
