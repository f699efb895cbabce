/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init/bootstate.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

/*
 * A system that runs, of files in a scratch directory: sys/, dev/ (images of a disk vda and its partitions), run/,
 * mountinfo, boot_id. vda2 is slot A and runs, vda3 is slot B, vda4 has the record, without a file system.
 */

#define RUNS_BOOT_ID  "11111111-2222-4333-8444-555555555555"
#define RUNS_STATE    "\"backend\": \"record\", \"partition\": \"four\""
#define RUNS_ROOT     "28 1 254:2 / / rw - ext4 /dev/vda2 rw\n"
#define RUNS_PARTUUID "AAAAAAAA-0000-4000-8000-00000000000"

struct runs {
	struct scratch s;
	char path[6][300];
	struct bootstate_paths paths;
	struct arena a;
};

static inline void runs_shell(struct runs *m, const char *command)
{
	char line[4096];

	(void)snprintf(line, sizeof(line),
		       "cd %s && PATH=$PATH:/usr/sbin:/sbin && { %s\n} >log 2>&1", m->s.path,
		       command);
	if (system(line) != 0)
		fail_msg("%s: %s", command, get_text(m->s.fd, "log"));
}

/* What the integrator says; NULL: there is no file. */
static inline void runs_configure(struct runs *m, const char *boot_state)
{
	char text[500];

	(void)snprintf(text, sizeof(text), "{\"bootState\": {%s}}", boot_state ? boot_state : "");
	(void)unlinkat(m->s.fd, "layout.json", 0);
	if (boot_state)
		put_text(m->s.fd, "layout.json", text, 0644);
}

/* What the boot left. */
static inline void runs_tell(struct runs *m, unsigned int transaction, bool candidate)
{
	char text[300];

	(void)snprintf(text, sizeof(text),
		       "{\"boot_id\": \"" RUNS_BOOT_ID
		       "\", \"transaction\": %u, \"slot\": \"A\", \"boot_disk\": \"vda\", "
		       "\"candidate\": %s}",
		       transaction, candidate ? "true" : "false");
	put_text(m->s.fd, "run/state.json", text, 0644);
}

static inline void runs_make(struct runs *m)
{
	static const char *const names[] = { "sys", "dev",	   "mountinfo",
					     "run", "layout.json", "boot_id" };

	memset(m, 0, sizeof(*m));
	scratch_make(&m->s, NULL);
	runs_shell(
		m,
		"mkdir -p sys/class/block dev run; i=0; for name in vda vda1 vda2 vda3 vda4; do\n"
		"dir=devices/virtual/vda; part=\n"
		"[ $name = vda ] || { dir=$dir/$name; part=\"PARTN=$i\"; }\n"
		"mkdir -p sys/$dir; echo 16384 >sys/$dir/size; echo 0 >sys/$dir/ro\n"
		"printf 'MAJOR=254\\nMINOR=%d\\n%s\\n' $i $part >sys/$dir/uevent\n"
		"ln -s ../../$dir sys/class/block/$name; i=$((i+1)); done\n"
		"truncate -s 64M dev/vda && sfdisk dev/vda <<END\nlabel: gpt\n"
		"size=8M, name=one, uuid=" RUNS_PARTUUID "1\n"
		"size=8M, name=two, uuid=" RUNS_PARTUUID "2\n"
		"size=8M, name=three, uuid=" RUNS_PARTUUID "3\n"
		"size=8M, name=four, uuid=" RUNS_PARTUUID "4\nEND\n"
		"i=1; for label in boot rootA rootB; do\n"
		"truncate -s 8M dev/vda$i && mke2fs -q -t ext4 -L resin-$label dev/vda$i\n"
		"i=$((i+1)); done; truncate -s 64K dev/vda4");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)snprintf(m->path[i], sizeof(m->path[i]), "%s/%s", m->s.path, names[i]);
	m->paths = (struct bootstate_paths){
		{ m->path[0], m->path[1], m->path[2], m->path[3], m->path[4] }, m->path[5]
	};
	put_text(m->s.fd, "mountinfo", RUNS_ROOT, 0644);
	put_text(m->s.fd, "boot_id", RUNS_BOOT_ID "\n", 0644);
	runs_configure(m, RUNS_STATE);
	fakesys_reset(m->s.path);
}

static inline void runs_remove(struct runs *m)
{
	arena_free(&m->a);
	scratch_remove(&m->s);
}
