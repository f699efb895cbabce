/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/place.h"
#include "hooks/table.h"

#define HOSTNAME_FROM_UUID 7 /* characters; what balenaOS users see in their dashboard */

static const char *hostname_of(const struct facts *f, struct plan *p)
{
	const char *uuid = f->config.uuid, *name;

	if (f->config.hostname)
		return f->config.hostname;
	if (!uuid || strlen(uuid) < HOSTNAME_FROM_UUID)
		return NULL;
	name = arena_memdup(p->arena, uuid, HOSTNAME_FROM_UUID);
	/* A uuid may be cut at a hyphen, where no host name can end. */
	return name && !config_hostname_problem(name) ? name : NULL;
}

bool hostname_applies(const struct facts *f)
{
	return f->config.hostname || f->config.uuid;
}

/* On a read-only root a bind over the one file leaves the rest of /etc as it is. */
static void bind_file(const struct facts *f, struct plan *p, const char *text)
{
	const char *made = arena_printf(p->arena, "%s/files/hostname", f->run_dir);

	PLAN_ADD(p, .kind = OP_FILE, .on_failure = FAIL_WARN, .target = made, .data = text,
		 .len = strlen(text), .mode = 0644, .key = "hostname");
	PLAN_ADD(p, .kind = OP_BIND, .on_failure = FAIL_WARN, .source = made,
		 .target = place_path(f, p, "/etc/hostname"), .key = "hostname");
}

void hostname_run(const struct facts *f, struct plan *p)
{
	const struct facts_place *place = facts_place(f, "/etc/hostname");
	const char *name = hostname_of(f, p);
	const char *text = name ? arena_printf(p->arena, "%s\n", name) : NULL;

	if (!text)
		return;
	if (!f->offline)
		PLAN_ADD(p, .kind = OP_HOSTNAME, .on_failure = FAIL_WARN, .data = name,
			 .key = "hostname");
	if (!f->target_writable && place && place->exists && !place->directory)
		bind_file(f, p, text);
	else
		place_file(f, p,
			   &(struct place_file){ .dir = "/etc",
						 .name = "hostname",
						 .data = text,
						 .len = strlen(text),
						 .mode = 0644,
						 .key = "hostname" });
}
