/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/observe_grow.h"

#include <fcntl.h>
#include <string.h>

static bool is_bare(const struct blockdevs *devs, const struct blockdev *disk)
{
	if (disk->partno || disk->table_partitions == 0 || disk->backup_asked || !disk->table ||
	    strcmp(disk->table, "gpt") != 0)
		return false;
	for (size_t i = 0; i < devs->n; i++)
		if (devs->dev[i].partno && strcmp(devs->dev[i].whole, disk->name) == 0)
			return false;
	return true;
}

void observe_backup(struct boot *b)
{
	struct facts *f = &b->facts;

	for (size_t i = 0; i < f->devs.n && !f->backup_disk; i++) {
		struct blockdev *disk = &f->devs.dev[i];
		_cleanup_close_ int sysfd = -1;

		if (!is_bare(&f->devs, disk))
			continue;
		disk->backup_asked = true;
		sysfd = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (grow_backup(&b->arena, sysfd, b->dev_dir, disk, &f->backup) == 0 &&
		    f->backup.n > 0)
			f->backup_disk = disk->name;
	}
}

int observe_grow(struct boot *b)
{
	_cleanup_close_ int sysfd = -1;
	struct facts *f = &b->facts;
	const struct blockdev *dev;

	f->grow_seen = true;
	dev = f->layout.grow_data ? facts_part(f, PART_DATA, NULL) : NULL;
	if (!dev)
		return 0;
	sysfd = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return grow_look(&b->arena, sysfd, b->dev_dir, &f->devs, dev, &f->grow);
}
