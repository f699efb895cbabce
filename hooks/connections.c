/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/keep.h"
#include "hooks/place.h"
#include "hooks/servers.h"
#include "hooks/table.h"
#include "lib/jsonscan.h"

/* The network connections that the owner put on the boot partition. A file that is no use keeps the one of
 * the last good boot: a torn one would take the device off the network for good. */
#define CONNECTIONS_DIR "/etc/NetworkManager/system-connections"
#define KEEP_NAME	"system-connections"

bool connections_applies(const struct facts *f)
{
	return f->connections.n > 0 || f->kept_connections.n > 0 || !f->connections.readable;
}

static const struct boot_file *find(const struct facts_files *files, const char *name)
{
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->file[i].name, name) == 0)
			return &files->file[i];
	return NULL;
}

static void deliver(const struct facts *f, struct plan *p, const struct boot_file *file)
{
	place_file(f, p,
		   &(struct place_file){
			   .dir = CONNECTIONS_DIR,
			   .name = file->name,
			   .data = file->data,
			   .len = file->len,
			   .mode = 0600,
			   .guard = PLACE_ACCESS,
			   .key = arena_printf(p->arena, "system-connections/%s", file->name),
		   });
}

/* A file's name for a message: what does harm to a terminal, and what is no text, is a `?` there. */
static const char *shown(struct plan *p, const char *name)
{
	char *text = arena_strdup(p->arena, name);
	size_t n, len = text ? strlen(text) : 0;

	for (size_t i = 0; i < len; i += n) {
		const unsigned char *c = (const unsigned char *)text + i;

		n = utf8_length(text + i, len - i);
		/* Unicode has control characters of its own, U+0080 to U+009F. */
		if (n == 0 || *c < ' ' || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0)) {
			n = n ? n : 1;
			memset(text + i, '?', n);
		}
	}
	return text ? text : "";
}

/* The file to use under a name, and why not the one of the boot partition. */
static void use(const struct facts *f, struct plan *p, const struct boot_file *file)
{
	const char *wrong = connection_problem(file);
	const struct boot_file *kept = wrong ? find(&f->kept_connections, file->name) : NULL;

	if (!wrong) {
		deliver(f, p, file);
		keep_file(f, p, KEEP_NAME, file->name, file->data, file->len);
		return;
	}
	if (kept && !connection_problem(kept))
		deliver(f, p, kept);
	else {
		kept = NULL;
		place_retain(f, p, CONNECTIONS_DIR, file->name);
	}
	PLAN_ADD(p, .kind = OP_WARN,
		 .data = arena_printf(
			 p->arena, "system-connections/%s %s; %s", shown(p, file->name), wrong,
			 kept ? "its last known good content holds" : "it is left out"));
}

static void use_kept(const struct facts *f, struct plan *p)
{
	for (size_t i = 0; i < f->kept_connections.n; i++) {
		const struct boot_file *kept = &f->kept_connections.file[i];

		if (f->connections.readable) {
			if (!find(&f->connections, kept->name))
				keep_remove(f, p, KEEP_NAME, kept->name);
		} else if (!connection_problem(kept)) {
			deliver(f, p, kept);
		}
	}
}

void connections_run(const struct facts *f, struct plan *p)
{
	if (!target_has(f, NETWORKMANAGER_PATH)) {
		if (f->connections.n > 0)
			PLAN_ADD(p, .kind = OP_SKIP, .key = "system-connections",
				 .data = "the target has no NetworkManager");
		return;
	}
	for (size_t i = 0; i < f->connections.n; i++)
		use(f, p, &f->connections.file[i]);
	use_kept(f, p);
	/* With nothing to read, what an earlier boot delivered and nobody kept is all there is. */
	if (!f->connections.readable)
		place_retain_below(f, p, CONNECTIONS_DIR);
}
