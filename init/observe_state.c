/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/observe_state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/role.h"

#define BOOT_ID_PATH	"/proc/sys/kernel/random/boot_id"
#define BOOTSTATUS_PATH "/sys/class/watchdog/watchdog0/bootstatus"
#define CARDRESET	0x20 /* WDIOF_CARDRESET: the watchdog has reset the machine */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "0f1e…-…": 32 digits, hyphens between them. What cannot be read stays zero: no boot's. */
static void read_boot_id(unsigned char ret[static AB_BOOT_ID_LEN])
{
	char text[64];
	size_t n = 0;

	if (file_read_line(AT_FDCWD, BOOT_ID_PATH, text, sizeof(text)) < 0)
		return;
	for (const char *p = text; *p && n < 2 * (size_t)AB_BOOT_ID_LEN; p++) {
		int digit = hex(*p);

		if (digit < 0)
			continue;
		ret[n / 2] = (unsigned char)(ret[n / 2] << 4 | digit);
		n++;
	}
}

static void read_reset_cause(struct facts_state *state)
{
	char text[32];

	if (file_read_line(AT_FDCWD, BOOTSTATUS_PATH, text, sizeof(text)) == 0 &&
	    (strtoul(text, NULL, 0) & CARDRESET))
		state->reset_cause = "watchdog";
}

static unsigned int part_number(const struct facts *f, enum part_role role)
{
	const struct blockdev *dev = role_partition(&f->devs, facts_part(f, role, NULL));

	return dev ? dev->partno : 0;
}

/* The raw partition that the integrator names; alone on the boot disk with that name. */
static const char *raw_device(struct boot *b)
{
	const struct facts *f = &b->facts;
	const char *name = f->layout.state.partition;
	const struct tag tag = { .kind = TAG_PARTLABEL, .value = name };
	const struct blockdev *dev;

	if (!name || !f->boot_disk)
		return NULL;
	dev = blockdev_find(&f->devs, &tag, f->boot_disk, NULL);
	return dev ? arena_printf(&b->arena, "%s/%s", b->dev_dir, dev->name) : NULL;
}

void observe_state_place(struct boot *b, struct abstore *ret)
{
	const struct facts *f = &b->facts;
	const char *boot = f->mounted[PART_BOOT];

	*ret = (struct abstore){
		.conf = &f->layout.state,
		.dirfd = -1,
		.raw = raw_device(b),
		.partno = { part_number(f, PART_ROOT_A), part_number(f, PART_ROOT_B) },
	};
	if (!boot)
		return;
	const char *dir =
		arena_printf(&b->arena, "%s/mnt/%s", f->run_dir, f->layout.part[PART_BOOT].name);

	ret->device = arena_printf(&b->arena, "%s/%s", b->dev_dir, boot);
	if (dir && ret->device)
		ret->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The slot that root= names, as evidence of what the device ran. */
static enum ab_slot_id named_slot(struct boot *b)
{
	const struct facts *f = &b->facts;
	const struct blockdev *dev;
	struct tag tag;

	if (!f->args.root || !f->boot_disk || facts_root_tag(f, &b->arena, &tag) < 0)
		return AB_NONE;
	dev = blockdev_find(&f->devs, &tag, f->boot_disk, NULL);
	return dev ? facts_slot_id(f, dev) : AB_NONE;
}

/* Rule 7: never stored, or lost. */
static void make_up(struct boot *b, struct abstore_found *found)
{
	const struct ab_evidence evidence = {
		.present = { facts_part(&b->facts, PART_ROOT_A, NULL) != NULL,
			     facts_part(&b->facts, PART_ROOT_B, NULL) != NULL },
		.named = named_slot(b),
		.realtime_sec = b->facts.realtime_usec / 1000000,
	};
	uint32_t generation = found->record.generation;

	if (found->lost) {
		ab_rebuild(&evidence, &found->record);
		boot_warn(b, "state",
			  "both copies of the boot state are damaged: rebuilt from what is there");
	} else if (found->blank) {
		ab_blank(evidence.named, &found->record);
	}
	found->record.generation = generation;
}

/* Rule 10: a record that came with the disk it was copied to is no proof of anything. */
static void check_disk(struct boot *b, struct ab_record *rec)
{
	const struct facts *f = &b->facts;
	const struct blockdev *disk =
		f->boot_disk ? blockdev_by_name(&f->devs, f->boot_disk) : NULL;
	const char *id = disk && disk->table_uuid ? disk->table_uuid : "";

	if (!*id || strlen(id) >= sizeof(rec->disk))
		return;
	if (*rec->disk && strcmp(rec->disk, id) != 0) {
		rec->unknown = true;
		boot_warn(b, "state",
			  arena_printf(&b->arena,
				       "the boot state is of the disk %s, and this one is %s: "
				       "taken over, unconfirmed",
				       rec->disk, id));
	}
	memset(rec->disk, 0, sizeof(rec->disk));
	memcpy(rec->disk, id, strlen(id));
}

void observe_state(struct boot *b)
{
	struct facts_state *state = &b->facts.state;
	struct reason r = REASON_INIT;
	struct abstore place;

	state->read = true;
	read_boot_id(state->boot_id);
	read_reset_cause(state);
	observe_state_place(b, &place);
	if (abstore_load(&b->arena, &place, &state->found, &r) < 0)
		boot_warn_reason(b, "state", &r, "; no boot state: slot A, else B");
	close_fd(&place.dirfd);
	if (state->found.backend == AB_STATELESS)
		return;
	boot_warn(b, "state", state->found.problem);
	if (state->found.read_only && !state->found.problem)
		boot_warn(b, "state",
			  "the boot state is of a newer version of anteroot: read, not written");
	if (state->found.counted_twice)
		boot_warn(b, "state",
			  "somebody else counts boots too: one of them must stop "
			  "(bootState.counter)");
	make_up(b, &state->found);
	if (!state->found.read_only)
		check_disk(b, &state->found.record);
}
