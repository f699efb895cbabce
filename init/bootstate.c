/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/bootstate.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "init/bootstate_mounts.h"
#include "lib/bootid.h"
#include "lib/breadcrumbs.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/role.h"

#define STATE_MAX_BYTES (256u * 1024u)

const struct bootstate_paths bootstate_paths_default = {
	.running = { .sys = "/sys",
		     .dev = "/dev",
		     .mountinfo = "/proc/self/mountinfo",
		     .run_dir = "/run/anteroot",
		     .layout = LAYOUT_PATH },
	.boot_id = BOOT_ID_PATH,
};

/* Writers one after the other; a reader waits for the one that is at it. */
static int take_lock(struct bootstate *b, enum bootstate_use use, struct reason *r)
{
	const char *dir = b->paths->running.run_dir;
	const char *path = arena_printf(b->a, "%s/lock", dir);

	if (!path)
		return reason_set(r, ENOMEM, "lock", dir);
	if (use == BOOTSTATE_CHANGE) {
		(void)b->sys->mkdirat(AT_FDCWD, dir, 0755);
		b->lock = b->sys->open(AT_FDCWD, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
		if (b->lock < 0)
			return reason_set(r, b->lock, "lock", path);
	} else {
		b->lock = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (b->lock < 0)
			return 0; /* nobody has ever changed it in this boot */
	}
	while (flock(b->lock, use == BOOTSTATE_CHANGE ? LOCK_EX : LOCK_SH) < 0)
		if (errno != EINTR)
			return reason_set(r, errno, "lock", path);
	return 0;
}

struct json *bootstate_read_json(struct bootstate *b, const char *name, size_t max_bytes)
{
	char *path = arena_printf(b->a, "%s/%s", b->paths->running.run_dir, name), *text;
	struct json *j = NULL;
	size_t len;

	if (path && file_read(b->a, AT_FDCWD, path, max_bytes, &text, &len) == 0 &&
	    json_parse(text, len, &j, NULL) < 0)
		return NULL;
	return j;
}

static void read_told(struct bootstate *b)
{
	const char *id;
	int64_t transaction = 0;

	b->told = bootstate_read_json(b, "state.json", STATE_MAX_BYTES);
	id = json_string(json_get(b->told, "boot_id"));
	if (!id || !bootid_parse(id, b->who.told_boot_id) ||
	    memcmp(b->who.told_boot_id, b->who.boot_id, AB_BOOT_ID_LEN) != 0) {
		json_free(b->told);
		b->told = NULL;
		return;
	}
	if (json_int(json_get(b->told, "transaction"), &transaction) && transaction >= 0 &&
	    transaction <= UINT32_MAX)
		b->who.transaction = (uint32_t)transaction;
	(void)json_bool(json_get(b->told, "candidate"), &b->candidate);
}

/* An overlay's root is the one that the boot recorded, and that must have been this boot. */
static enum ab_slot_id running_slot(const struct bootstate *b)
{
	const struct running *run = &b->run;

	if (!run->root_slot || (run->proof == RUNNING_RECORDED && !b->told))
		return AB_NONE;
	return strcmp(run->root_slot, "A") == 0 ? AB_A : AB_B;
}

static void find_place(struct bootstate *b)
{
	const struct running *run = &b->run;
	const struct tag tag = { .kind = TAG_PARTLABEL, .value = b->conf->partition };
	const struct blockdev *dev = NULL;

	b->store.conf = b->conf;
	for (int i = 0; i < AB_SLOTS; i++) {
		const struct blockdev *slot = role_partition(&run->devs, run->slot[i]);

		b->store.partno[i] = slot ? slot->partno : 0;
	}
	if (run->disk && b->conf->partition)
		dev = blockdev_find(&run->devs, &tag, run->disk, NULL);
	if (dev)
		b->store.raw = arena_printf(b->a, "%s/%s", b->paths->running.dev, dev->name);
}

/* A record that is blank or lost is made up as the initramfs would. */
static void load(struct bootstate *b)
{
	struct abstore_found *found = &b->found;
	const struct ab_evidence evidence = {
		.present = { b->run.slot[AB_A] != NULL, b->run.slot[AB_B] != NULL },
		.named = b->who.running,
		.armed = b->candidate,
		.realtime_sec = b->who.realtime_sec,
	};
	uint32_t generation;

	b->load_reason = REASON_INIT;
	b->load_err = abstore_load(b->a, &b->store, found, &b->load_reason);
	generation = found->record.generation;
	if (found->lost)
		ab_rebuild(&evidence, &found->record);
	else if (found->blank || found->backend == AB_STATELESS)
		ab_blank(b->who.running, &found->record);
	found->record.generation = generation;
}

int bootstate_open(struct bootstate *b, const struct sys *sys, struct arena *a,
		   const struct bootstate_paths *paths, enum bootstate_use use, struct reason *r)
{
	int err;

	*b = (struct bootstate){ .a = a, .sys = sys, .paths = paths, .lock = -1 };
	b->store.dirfd = -1;
	b->found.backend = AB_STATELESS;
	if (geteuid() != 0)
		return reason_setf(r, EPERM, "read", "the boot state", "only root can");
	err = take_lock(b, use, r);
	if (err < 0)
		return err;
	err = bootid_read(paths->boot_id, b->who.boot_id);
	if (err < 0)
		return reason_set(r, err, "read", paths->boot_id);
	err = running_find(a, &paths->running, &b->run, r);
	if (err < 0)
		return err;
	b->conf = &b->run.layout.state;
	b->who.realtime_sec = clock_realtime_usec() / 1000000;
	read_told(b);
	b->who.running = running_slot(b);
	find_place(b);
	err = bootstate_mounts(b, r);
	if (err == 0)
		load(b);
	return err;
}

void bootstate_close(struct bootstate *b)
{
	close_fd(&b->store.dirfd);
	b->store.dirfd = -1;
	bootstate_unmount(b);
	close_fd(&b->lock);
	b->lock = -1;
	json_free(b->told);
	b->told = NULL;
}

int bootstate_create(struct bootstate *b, struct reason *r)
{
	const struct blockdev *disk =
		b->run.disk ? blockdev_by_name(&b->run.devs, b->run.disk) : NULL;
	struct ab_record *rec = &b->found.record;
	int err = bootstate_writable(b, true, r);

	if (err == 0)
		err = abstore_create(b->sys, &b->store, r);
	if (err == 0)
		err = bootstate_writable(b, false, r);
	if (err < 0)
		return err;
	load(b);
	if (b->found.backend == AB_STATELESS)
		return reason_setf(r, EIO, "make", "a boot state", "it is not there afterwards");
	if (!*rec->disk && disk && disk->table_uuid && strlen(disk->table_uuid) < AB_DISK_MAX)
		memcpy(rec->disk, disk->table_uuid, strlen(disk->table_uuid));
	return 0;
}

int bootstate_keep_breadcrumbs(struct bootstate *b, struct reason *r)
{
	const struct abstore_found *f = &b->found;
	_cleanup_close_ int dirfd = -1;

	/* They follow from a record, not from what is made up in its place. */
	if (!b->state_point || f->backend == AB_STATELESS || f->lost || f->read_only)
		return 0;
	dirfd = open(b->state_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return reason_set(r, errno, "open", b->state_point);
	return breadcrumbs_keep(b->sys, dirfd, &b->found.record, r);
}

int bootstate_store(struct bootstate *b, const struct ab_record *rec, struct reason *ret_crumbs,
		    struct reason *r)
{
	int err = abstore_store(b->sys, &b->store, &b->found, rec, r);

	*ret_crumbs = REASON_INIT;
	if (err == 0)
		(void)!bootstate_keep_breadcrumbs(b, ret_crumbs);
	return err;
}
