/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/unit/loadermodel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 64

/* --- variables --- */

struct variable {
	char name[300], value[300];
};

struct variables {
	struct variable variable[KEYS];
	size_t n;
};

static void assign(struct variables *v, const char *name, size_t name_len, const char *value,
		   size_t value_len)
{
	struct variable *one = v->variable;

	if (name_len >= sizeof(one->name) || value_len >= sizeof(one->value))
		return;
	while (one < v->variable + v->n &&
	       (strlen(one->name) != name_len || memcmp(one->name, name, name_len) != 0))
		one++;
	if (one == v->variable + KEYS)
		return;
	if (one == v->variable + v->n)
		v->n++;
	memset(one, 0, sizeof(*one));
	memcpy(one->name, name, name_len);
	memcpy(one->value, value, value_len);
}

static const char *get(const struct variables *v, const char *name)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->variable[i].name, name) == 0)
			return v->variable[i].value;
	return "";
}

/* grub_envblk_iterate(): a name goes to the next `=`, be it on another line. */
static void import_grub(struct variables *v, const char *p, size_t size)
{
	static const char header[] = "# GRUB Environment Block\n";
	const char *end = p + size;

	if (size < strlen(header) || memcmp(p, header, strlen(header)) != 0)
		return;
	for (p += strlen(header); p < end;) {
		const char *name = p, *value, *stop;

		if (*p != '#') {
			while (p < end && *p != '=')
				p++;
			if (p == end)
				return;
			value = stop = p + 1;
			while (stop < end && *stop != '\n')
				stop += *stop == '\\' ? 2 : 1;
			if (stop >= end)
				return;
			assign(v, name, (size_t)(p - name), value, (size_t)(stop - value));
			p = stop;
		}
		while (p < end && *p != '\n')
			p += *p == '\\' ? 2 : 1;
		p++;
	}
}

/* himport_r() with a newline between. */
static void import_uboot(struct variables *v, const char *p, size_t size)
{
	const char *end = p + size;

	while (p < end && *p) {
		const char *name, *value;

		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		name = p;
		if (p < end && *p == '#') {
			while (p < end && *p && *p != '\n')
				p++;
			p++;
			continue;
		}
		while (p < end && *p && *p != '=' && *p != '\n')
			p++;
		if (p == end || *p != '=') {
			assign(v, name, (size_t)(p - name), "", 0);
			p++;
			continue;
		}
		value = p + 1;
		for (p = value; p < end && *p && *p != '\n';)
			p += *p == '\\' && p + 1 < end ? 2 : 1;
		assign(v, name, (size_t)(value - 1 - name), value, (size_t)(p - value));
		p++;
	}
}

/* --- the rules --- */

static enum ab_slot_id by_part(const struct abenv_device *dev, const char *text)
{
	for (unsigned int i = 0; i < AB_SLOTS; i++) {
		char want[16];

		if (dev->form == ABENV_LETTER)
			(void)snprintf(want, sizeof(want), "%c", "AB"[i]);
		else
			(void)snprintf(want, sizeof(want), dev->form == ABENV_HEX ? "%x" : "%u",
				       dev->part[i]);
		if (strcmp(want, text) == 0)
			return (enum ab_slot_id)i;
	}
	return AB_NONE;
}

static struct loader_choice as_balena(const struct variables *v, const struct abenv_device *dev)
{
	struct loader_choice choice = { .slot = by_part(dev, get(v, "resin_root_part")) };

	if (strcmp(get(v, "upgrade_available"), "1") != 0 || choice.slot == AB_NONE)
		return choice;
	choice.count = (unsigned int)strtoul(get(v, "bootcount"), NULL, 16);
	choice.limit = dev->tries;
	choice.candidate = choice.count < choice.limit;
	if (!choice.candidate)
		choice.slot = choice.slot == AB_A ? AB_B : AB_A;
	return choice;
}

struct loader_choice loader_choose(enum loader loader, const struct loader_file *file, size_t n,
				   const struct abenv_device *dev)
{
	struct variables v = { .n = 0 };
	struct loader_choice choice = { .slot = AB_A };
	const char *good, *txn, *tries, *count;
	char seal[1000];

	for (size_t i = 0; i < n; i++)
		(loader == LOADER_GRUB ? import_grub : import_uboot)(&v, file[i].data,
								     file[i].size);
	good = get(&v, "anteroot_good");
	txn = get(&v, "anteroot_txn");
	tries = get(&v, "anteroot_tries");
	if (strcmp(good, "A") != 0 && strcmp(good, "B") != 0)
		return as_balena(&v, dev);
	choice.slot = *good == 'A' ? AB_A : AB_B;
	(void)snprintf(seal, sizeof(seal), "%s.%s.%s.%s.%s", get(&v, "resin_root_part"),
		       get(&v, "upgrade_available"), good, txn, tries);
	if (strcmp(seal, get(&v, "anteroot_seal")) != 0 ||
	    strcmp(get(&v, "upgrade_available"), "1") != 0 ||
	    by_part(dev, get(&v, "resin_root_part")) == choice.slot)
		return choice;
	count = strcmp(get(&v, "anteroot_count_for"), txn) == 0 ? get(&v, "bootcount") : "0";
	choice.limit = (unsigned int)(*tries - '0');
	/* What is no digit a script does not count up from. */
	if (!*count || count[1] || !isdigit((unsigned char)*count) ||
	    (unsigned int)(*count - '0') >= choice.limit)
		return choice;
	choice.count = (unsigned int)(*count - '0');
	choice.candidate = true;
	choice.slot = by_part(dev, get(&v, "resin_root_part"));
	return choice;
}

/* --- records --- */

unsigned int random_number(unsigned int *seed, unsigned int below)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 8) % below;
}

static void random_text(unsigned int *seed, char *ret, size_t size)
{
	size_t len = random_number(seed, 3) == 0 ? size - 1 : random_number(seed, 12);

	for (size_t i = 0; i < len; i++)
		ret[i] = (char)('!' + random_number(seed, 94));
	ret[len] = '\0';
}

static void random_slot(unsigned int *seed, enum ab_state state, struct ab_slot *ret)
{
	*ret = (struct ab_slot){ .state = state };
	random_text(seed, ret->version, sizeof(ret->version));
	if (state == AB_CANDIDATE || state == AB_TRYING) {
		ret->tries = 1 + random_number(seed, AB_TRIES_MAX);
		ret->refunds = random_number(seed, 10);
		if (state == AB_TRYING)
			ret->attempts = random_number(seed, ret->tries + 1);
	} else if (state == AB_GOOD) {
		ret->unconfirmed = random_number(seed, 256);
		ret->confirmed = random_number(seed, 2);
	} else if (state == AB_BAD) {
		ret->bad = (enum ab_bad)(1 + random_number(seed, AB_BADS - 1));
		ret->tries = ret->bad == AB_BAD_TRIES ? 1 + random_number(seed, AB_TRIES_MAX) : 0;
		ret->attempts = ret->tries;
	}
}

void random_record(unsigned int *seed, struct ab_record *ret)
{
	static const enum ab_state active[] = { AB_GOOD, AB_GOOD, AB_GOOD, AB_GOOD, AB_BAD };

	*ret = (struct ab_record){ .booted = (enum ab_slot_id)random_number(seed, AB_NONE + 1) };
	ret->generation = random_number(seed, 0x1000000);
	ret->transaction = 1 + random_number(seed, random_number(seed, 2) ? 0xffffff : 20);
	ret->active = (enum ab_slot_id)random_number(seed, AB_SLOTS);
	random_slot(seed, active[random_number(seed, 5)], &ret->slot[ret->active]);
	random_slot(seed, (enum ab_state)random_number(seed, AB_STATES), &ret->slot[!ret->active]);
	ret->switches = random_number(seed, 5);
	ret->fruitless = random_number(seed, 256);
	ret->unknown = random_number(seed, 2);
	ret->orderly = random_number(seed, 2);
	for (size_t i = 0; i < AB_BOOT_ID_LEN; i++)
		ret->boot_id[i] = (unsigned char)random_number(seed, 256);
	random_text(seed, ret->floor, sizeof(ret->floor));
	random_text(seed, ret->disk, sizeof(ret->disk));
}

static void step_candidate(unsigned int *seed, struct ab_record *rec, struct ab_slot *slot)
{
	switch (random_number(seed, 4)) {
	case 0:
		slot->state = AB_TRYING;
		if (slot->attempts < slot->tries)
			slot->attempts++;
		else
			*slot = (struct ab_slot){ .state = AB_BAD, .bad = AB_BAD_TRIES };
		break;
	case 1:
		if (slot->attempts > 0)
			slot->attempts--;
		slot->refunds = slot->refunds < AB_TRIES_MAX ? slot->refunds + 1 : AB_TRIES_MAX;
		break;
	case 2:
		*slot = (struct ab_slot){ .state = AB_GOOD, .confirmed = true };
		rec->active = slot == &rec->slot[AB_A] ? AB_A : AB_B;
		break;
	default:
		*slot = (struct ab_slot){ .state = AB_BAD, .bad = AB_BAD_REJECTED };
	}
}

void random_step(unsigned int *seed, const struct ab_record *rec, struct ab_record *ret_next)
{
	struct ab_slot *rest = &ret_next->slot[!rec->active];

	*ret_next = *rec;
	ret_next->generation++;
	for (size_t i = 0; i < AB_BOOT_ID_LEN; i++)
		ret_next->boot_id[i] = (unsigned char)random_number(seed, 256);
	if (random_number(seed, 3) == 0) {
		/* Armed, again too, or switched to. */
		ret_next->transaction++;
		random_slot(seed, AB_CANDIDATE, rest);
	} else if (rest->state == AB_CANDIDATE || rest->state == AB_TRYING) {
		step_candidate(seed, ret_next, rest);
	} else if (rest->state == AB_GOOD && random_number(seed, 2)) {
		ret_next->active = rec->active == AB_A ? AB_B : AB_A;
		ret_next->switches++;
	} else {
		ret_next->slot[rec->active].unconfirmed = random_number(seed, 256);
	}
}

static void assert_same_slot(const struct ab_slot *x, const struct ab_slot *y)
{
	assert_int_equal(x->state, y->state);
	assert_int_equal(x->bad, y->bad);
	assert_int_equal(x->tries, y->tries);
	assert_int_equal(x->attempts, y->attempts);
	assert_int_equal(x->refunds, y->refunds);
	assert_int_equal(x->unconfirmed, y->unconfirmed);
	assert_int_equal(x->confirmed, y->confirmed);
	assert_string_equal(x->version, y->version);
}

void assert_same_record(const struct ab_record *x, const struct ab_record *y)
{
	assert_int_equal(x->generation, y->generation);
	assert_int_equal(x->transaction, y->transaction);
	assert_int_equal(x->active, y->active);
	for (unsigned int i = 0; i < AB_SLOTS; i++)
		assert_same_slot(&x->slot[i], &y->slot[i]);
	assert_int_equal(x->switches, y->switches);
	assert_int_equal(x->fruitless, y->fruitless);
	assert_int_equal(x->unknown, y->unknown);
	assert_memory_equal(x->boot_id, y->boot_id, AB_BOOT_ID_LEN);
	assert_int_equal(x->booted, y->booted);
	assert_int_equal(x->orderly, y->orderly);
	assert_string_equal(x->floor, y->floor);
	assert_string_equal(x->disk, y->disk);
}
