/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/observe_identity.h"

#include <fcntl.h>

#include "init/apply_ops.h"
#include "lib/confine.h"
#include "lib/file.h"
#include "lib/random.h"

#define ID_MAX_BYTES 64u /* what is longer is no id */

static void read_id(struct boot *b, int rootfd, const char *path, struct machineid *ret)
{
	_cleanup_close_ int fd = path ? confine_open_regular(rootfd, path) : -ENOENT;
	char *text = NULL;
	size_t len = 0;

	*ret = (struct machineid){ 0 };
	if (fd == -ENOENT)
		return;
	if (fd < 0 || file_read_fd(&b->arena, fd, ID_MAX_BYTES, &text, &len) < 0)
		ret->form = MACHINEID_DAMAGED;
	else
		machineid_parse(text, len, ret);
}

static void read_stored(struct boot *b, struct facts_identity *id)
{
	_cleanup_close_ int tree = -1;
	struct reason r = REASON_INIT;
	const char *rest;

	if (!b->facts.keep_dir)
		return;
	tree = apply_open_tree(b, b->facts.keep_dir, &rest, &r);
	if (tree < 0)
		return;
	read_id(b, tree, arena_printf(&b->arena, "%s/machine-id", rest), &id->stored);
	if (id->stored.form < MACHINEID_UPPER)
		read_id(b, tree, "/machine-id", &id->balena);
	id->unfinished = confine_exists(tree, arena_printf(&b->arena, "%s/first-boot", rest));
}

static void make_fresh(struct boot *b, struct facts_identity *id)
{
	unsigned char bytes[MACHINEID_LEN];

	if (random_fill(bytes, sizeof(bytes), b->no_entropy ? 0 : RANDOM_WAIT_MSEC, &id->weak) == 0)
		machineid_make(bytes, &id->fresh);
	b->no_entropy = b->no_entropy || id->weak;
}

void observe_identity(struct boot *b)
{
	_cleanup_close_ int rootfd = open(b->facts.target_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct facts_identity *id = &b->facts.identity;

	if (b->facts.offline || rootfd < 0 || id->fresh.form == MACHINEID_GOOD ||
	    b->facts.layout.machine_id == LAYOUT_ID_NONE || b->facts.args.machine_id)
		return;
	read_stored(b, id);
	read_id(b, rootfd, MACHINEID_PATH, &id->image);
	if (id->stored.form < MACHINEID_UPPER && id->balena.form < MACHINEID_UPPER)
		make_fresh(b, id);
}
