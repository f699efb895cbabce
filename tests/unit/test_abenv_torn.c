/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The power goes at every byte of every write: what is on the disk then is the new file up to there and the old one
 * behind it. Loader and agent must come to the old decision, the new one, or the slot to go back to.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/abenv.h"
#include "lib/grubenv.h"
#include "lib/uenv.h"
#include "tests/unit/loadermodel.h"

#define BYTES	    1024u
#define COUNT_BYTES 64u
#define ROUNDS	    12

static struct arena a;
static struct abenv_device dev;
static unsigned int seed;

/* A boot partition: what the loader keeps in one file or two. */
struct disk {
	enum loader loader;
	char env[BYTES];
	char count[COUNT_BYTES]; /* LOADER_UBOOT */
};

struct keys {
	struct envlist env, count, view;
};

static void read_disk(const struct disk *disk, struct keys *ret)
{
	*ret = (struct keys){ .view.arena = &a, .count.arena = &a };
	if (disk->loader == LOADER_GRUB) {
		assert_int_equal(grubenv_parse(&a, disk->env, BYTES, "env", &ret->env, NULL), 0);
	} else {
		assert_int_equal(uenv_parse(&a, disk->env, BYTES, "env", &ret->env, NULL), 0);
		assert_int_equal(
			uenv_parse(&a, disk->count, COUNT_BYTES, "count", &ret->count, NULL), 0);
	}
	env_merge(&ret->view, &ret->env);
	env_merge(&ret->view, &ret->count);
}

static void write_disk(const struct keys *keys, struct disk *disk)
{
	if (disk->loader == LOADER_GRUB) {
		assert_int_equal(grubenv_write(&keys->env, disk->env, BYTES, "env", NULL), 0);
		return;
	}
	assert_int_equal(uenv_write(&keys->env, '\n', disk->env, BYTES, "env", NULL), 0);
	assert_int_equal(uenv_write(&keys->count, '\0', disk->count, COUNT_BYTES, "count", NULL),
			 0);
}

static struct loader_choice by_loader(const struct disk *disk)
{
	const struct loader_file files[] = { { disk->env, BYTES }, { disk->count, COUNT_BYTES } };

	return loader_choose(disk->loader, files, disk->loader == LOADER_GRUB ? 1 : 2, &dev);
}

static int load(const struct disk *disk, struct ab_record *ret)
{
	struct abenv_report report;
	struct keys keys;

	read_disk(disk, &keys);
	return abenv_load(&keys.view, &dev, "env", ret, &report, NULL);
}

/* What the agent would do with it, in the loader's words. */
static struct loader_choice by_agent(const struct disk *disk)
{
	struct loader_choice choice = { .slot = AB_NONE };
	struct ab_record rec;

	if (load(disk, &rec) < 0)
		return choice;
	assert_true(ab_valid(&rec));
	choice.slot = rec.active;
	for (unsigned int i = 0; i < AB_SLOTS; i++) {
		const struct ab_slot *slot = &rec.slot[i];

		if (slot->state != AB_CANDIDATE && slot->state != AB_TRYING)
			continue;
		if (slot->attempts < slot->tries)
			choice = (struct loader_choice){ (enum ab_slot_id)i, true, slot->attempts,
							 slot->tries };
	}
	return choice;
}

static bool same(const struct loader_choice *x, const struct loader_choice *y)
{
	return x->slot == y->slot && x->candidate == y->candidate &&
	       (!x->candidate || (x->count == y->count && x->limit == y->limit));
}

static void check(const struct loader_choice *choice, const struct disk *old,
		  const struct disk *new, const char *who, size_t at)
{
	const struct loader_choice before = by_loader(old), after = by_loader(new);
	struct ab_record rec[2];

	if (same(choice, &before) || same(choice, &after))
		return;
	assert_int_equal(load(old, &rec[0]), 0);
	assert_int_equal(load(new, &rec[1]), 0);
	for (unsigned int i = 0; i < 2; i++)
		if (!choice->candidate && choice->slot == rec[i].active)
			return;
	fail_msg("%s: torn at %zu it boots %s%s (%u of %u), before %s%s (%u), after %s%s "
		 "(%u):\n%.512s",
		 who, at,
		 choice->slot == AB_A	? "A"
		 : choice->slot == AB_B ? "B"
					: "nothing",
		 choice->candidate ? " as candidate" : "", choice->count, choice->limit,
		 before.slot == AB_A ? "A" : "B", before.candidate ? " as candidate" : "",
		 before.count, after.slot == AB_A ? "A" : "B",
		 after.candidate ? " as candidate" : "", after.count, new->env);
}

static void check_disk(const struct disk *torn, const struct disk *old, const struct disk *new,
		       size_t at)
{
	struct loader_choice choice = by_loader(torn);

	check(&choice, old, new, "loader", at);
	choice = by_agent(torn);
	check(&choice, old, new, "agent", at);
	arena_free(&a);
}

/* Every cut in one of the files, while the other is as it is on `torn`. */
static void tear(struct disk *torn, bool count, const struct disk *old, const struct disk *new)
{
	char *to = count ? torn->count : torn->env;
	const char *from = count ? new->count : new->env;
	size_t size = count ? COUNT_BYTES : BYTES;

	for (size_t k = 0; k < size; k++) {
		if (to[k] == from[k])
			continue;
		to[k] = from[k];
		check_disk(torn, old, new, k + 1);
	}
}

static void tear_all(const struct disk *old, const struct disk *new, bool count_first)
{
	struct disk torn = *old;
	bool two = old->loader == LOADER_UBOOT;

	check_disk(&torn, old, new, 0);
	if (two && count_first)
		tear(&torn, true, old, new);
	tear(&torn, false, old, new);
	if (two && !count_first)
		tear(&torn, true, old, new);
}

/* Both say the same of a disk that is whole. */
static void check_whole(const struct disk *disk)
{
	const struct loader_choice loader = by_loader(disk), agent = by_agent(disk);

	assert_true(same(&loader, &agent));
}

static void step(struct disk *disk)
{
	struct disk next = *disk;
	struct ab_record rec, after;
	struct keys keys;

	assert_int_equal(load(disk, &rec), 0);
	random_step(&seed, &rec, &after);
	read_disk(disk, &keys);
	assert_int_equal(abenv_store(&after, &dev, &keys.env,
				     disk->loader == LOADER_GRUB ? &keys.env : &keys.count, "env",
				     NULL),
			 0);
	write_disk(&keys, &next);
	check_whole(&next);
	tear_all(disk, &next, abenv_count_first(&rec, &after));
	*disk = next;
	arena_free(&a);
}

static void choose_device(enum abenv_form form)
{
	dev = (struct abenv_device){ .form = form, .tries = 3 };
	dev.part[AB_A] = 1 + random_number(&seed, 20);
	do
		dev.part[AB_B] = 1 + random_number(&seed, 20);
	while (dev.part[AB_B] == dev.part[AB_A]);
}

/* From any record, one legal step after the other. */
static void run(enum loader loader, enum abenv_form form)
{
	seed = 1;
	for (int i = 0; i < ROUNDS; i++) {
		struct disk disk = { .loader = loader };
		struct keys keys = { .env.arena = &a, .count.arena = &a };
		struct ab_record rec;

		choose_device(form);
		random_record(&seed, &rec);
		env_set(&keys.env, "kernel_override_abi", "1");
		assert_int_equal(abenv_store(&rec, &dev, &keys.env,
					     loader == LOADER_GRUB ? &keys.env : &keys.count, "env",
					     NULL),
				 0);
		write_disk(&keys, &disk);
		check_whole(&disk);
		for (int k = 0; k < 6; k++)
			step(&disk);
	}
}

static void test_grubenv(void **state)
{
	(void)state;
	run(LOADER_GRUB, ABENV_DECIMAL);
}

static void test_bootenv(void **state)
{
	(void)state;
	run(LOADER_GRUB, ABENV_LETTER);
}

static void test_uenv(void **state)
{
	(void)state;
	run(LOADER_UBOOT, ABENV_HEX);
}

/* Balena's keys alone, in any order, with other lines between. */
static void write_foreign(struct disk *disk)
{
	static const char *const lines[] = { "resin_root_part", "upgrade_available", "bootcount",
					     "kernel_override_abi", "console" };
	struct keys keys = { .env.arena = &a, .count.arena = &a };
	unsigned int first = random_number(&seed, ARRAY_SIZE(lines));
	char number[2] = { (char)('0' + random_number(&seed, 5)), '\0' };
	bool two = disk->loader == LOADER_UBOOT;

	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++) {
		const char *key = lines[(first + 2 * i) % ARRAY_SIZE(lines)];

		env_set(two && strcmp(key, "bootcount") == 0 ? &keys.count : &keys.env, key,
			number);
	}
	dev.part[AB_A] = 2;
	dev.part[AB_B] = 3;
	env_set(&keys.env, "resin_root_part", random_number(&seed, 2) ? "2" : "3");
	env_set(&keys.env, "upgrade_available", random_number(&seed, 2) ? "1" : "0");
	write_disk(&keys, disk);
}

static void adopt(struct disk *disk)
{
	struct disk next = *disk;
	struct ab_record rec;
	struct keys keys;

	assert_int_equal(load(disk, &rec), 0);
	read_disk(disk, &keys);
	assert_int_equal(abenv_adopt(&rec, &dev, &keys.env,
				     disk->loader == LOADER_GRUB ? &keys.env : &keys.count, "env",
				     NULL),
			 1);
	write_disk(&keys, &next);
	check_whole(&next);
	tear_all(disk, &next, true);
	/* No cut between the two writes. */
	*disk = next;
	read_disk(disk, &keys);
	assert_int_equal(abenv_store(&rec, &dev, &keys.env,
				     disk->loader == LOADER_GRUB ? &keys.env : &keys.count, "env",
				     NULL),
			 0);
	write_disk(&keys, &next);
	check_whole(&next);
	tear_all(disk, &next, false);
	*disk = next;
}

static void take_over(enum loader loader, enum abenv_form form)
{
	seed = 2;
	for (int i = 0; i < ROUNDS; i++) {
		struct disk disk = { .loader = loader };

		choose_device(form);
		write_foreign(&disk);
		check_whole(&disk);
		adopt(&disk);
		for (int k = 0; k < 3; k++)
			step(&disk);
	}
}

static void test_take_over_grubenv(void **state)
{
	(void)state;
	take_over(LOADER_GRUB, ABENV_DECIMAL);
}

static void test_take_over_uenv(void **state)
{
	(void)state;
	take_over(LOADER_UBOOT, ABENV_HEX);
}

/* fsck left a second bootcount.env (snapd 5147): whichever of the two is imported, no root is flipped by it. */
static void test_duplicate_files(void **state)
{
	seed = 3;
	(void)state;
	for (int i = 0; i < 200; i++) {
		struct disk disk = { .loader = LOADER_UBOOT }, older;
		struct keys keys = { .env.arena = &a, .count.arena = &a };
		struct loader_choice now, then;
		struct ab_record rec, after;

		choose_device(ABENV_HEX);
		random_record(&seed, &rec);
		assert_int_equal(abenv_store(&rec, &dev, &keys.env, &keys.count, "env", NULL), 0);
		write_disk(&keys, &disk);
		older = disk;
		random_step(&seed, &rec, &after);
		assert_int_equal(abenv_store(&after, &dev, &keys.env, &keys.count, "env", NULL), 0);
		write_disk(&keys, &disk);
		now = by_loader(&disk);
		memcpy(disk.count, older.count, sizeof(disk.count));
		then = by_loader(&disk);
		if (then.candidate)
			assert_true(after.slot[then.slot].state == AB_CANDIDATE ||
				    after.slot[then.slot].state == AB_TRYING);
		else
			assert_int_equal(then.slot, after.active);
		if (rec.transaction != after.transaction)
			assert_true(same(&now, &then));
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grubenv),	       cmocka_unit_test(test_bootenv),
		cmocka_unit_test(test_uenv),	       cmocka_unit_test(test_take_over_grubenv),
		cmocka_unit_test(test_take_over_uenv), cmocka_unit_test(test_duplicate_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
