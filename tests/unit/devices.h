/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/blockdev.h"

/* Rows of a struct blockdev array, as a probe leaves them. */

#define DISK_ROW(name_, partitions)                                                 \
	{                                                                           \
		.name = (name_), .whole = (name_), .disk = (name_), .probed = true, \
		.table_partitions = (partitions)                                    \
	}

/** Partition NUMBER of DISK ("vda"), with a file system. */
#define PART_ROW(disk_, number, type_, label_)                                                \
	{                                                                                     \
		.name = disk_ #number, .whole = (disk_), .disk = (disk_), .partno = (number), \
		.probed = true, .type = (type_), .filesystem = true, .label = (label_)        \
	}
