/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/observe_grow.h"

#include <fcntl.h>

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
