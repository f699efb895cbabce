/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hooks/table.h"

/* Which id it becomes: plans show no contents, so the cases cannot tell. */

#define STORED "5707ed00000000000000000000000001"
#define BALENA "ba1e4a00000000000000000000000001"
#define IMAGE  "1ea6e000000000000000000000000001"
#define FRESH  "f0000000000040008000000000000000"

static const struct {
	const char *stored, *balena, *image;
	bool writable, no_state, of_image;
	const char *wanted;
} rows[] = {
	{ STORED, BALENA, IMAGE, true, false, false, STORED },
	{ STORED, NULL, IMAGE, false, false, true, STORED },
	{ "5707ED00000000000000000000000001", BALENA, IMAGE, true, false, false, STORED },
	{ NULL, BALENA, IMAGE, true, false, true, BALENA },
	{ "torn", BALENA, IMAGE, true, false, false, BALENA },
	/* The image's is every clone's … */
	{ NULL, NULL, IMAGE, true, false, false, FRESH },
	{ NULL, NULL, IMAGE, false, false, false, FRESH },
	{ NULL, "", IMAGE, true, false, false, FRESH },
	/* … unless an earlier boot has written it, it is made for this device, or nothing else keeps one. */
	{ "torn", NULL, IMAGE, true, false, false, IMAGE },
	{ "", NULL, IMAGE, true, false, false, IMAGE },
	{ "uninitialized", NULL, IMAGE, true, false, false, IMAGE },
	{ "torn", NULL, IMAGE, false, false, false, FRESH },
	{ NULL, NULL, IMAGE, false, false, true, IMAGE },
	{ NULL, NULL, IMAGE, true, true, false, IMAGE },
	{ NULL, NULL, IMAGE, false, true, false, FRESH },
	{ NULL, NULL, IMAGE, false, true, true, FRESH },
	{ NULL, NULL, "uninitialized", true, false, true, FRESH },
	{ "torn", "torn", "torn", true, false, true, FRESH },
	{ NULL, NULL, NULL, true, true, false, FRESH },
};

static void parse(const char *text, struct machineid *ret)
{
	*ret = (struct machineid){ 0 };
	if (text)
		machineid_parse(text, strlen(text), ret);
}

static void run(struct facts *f, struct plan *p)
{
	f->run_dir = "/run/anteroot";
	f->target_dir = "/sysroot";
	f->runtime_dir = "/run";
	assert_true(machine_id_applies(f));
	machine_id_run(f, p);
}

static void test_which(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct facts_place place = { .path = MACHINEID_PATH,
					     .exists = true,
					     .deepest = "/etc" };
		struct arena a = ARENA_INIT;
		struct plan p = PLAN_INIT(&a);
		struct facts f = { .target_writable = rows[i].writable,
				   .place = &place,
				   .n_places = 1,
				   .keep_dir = rows[i].no_state ? NULL : "/state/anteroot" };
		const char *path = rows[i].writable ? "/sysroot/etc/machine-id"
						    : "/run/anteroot/files/machine-id";
		const struct op *op;

		f.layout.machine_id = rows[i].of_image ? LAYOUT_ID_IMAGE : LAYOUT_ID_RANDOM;
		parse(rows[i].stored, &f.identity.stored);
		parse(rows[i].balena, &f.identity.balena);
		parse(rows[i].image, &f.identity.image);
		parse(FRESH, &f.identity.fresh);
		run(&f, &p);
		op = plan_find(&p, OP_FILE, path);
		assert_non_null(op);
		if (strncmp(op->data, rows[i].wanted, MACHINEID_CHARS) != 0 || op->len != 33)
			fail_msg("row %zu: %s, expected %s", i, op->data, rows[i].wanted);
		op = plan_find(&p, OP_FILE, "/state/anteroot/machine-id");
		assert_int_equal(rows[i].no_state, op == NULL);
		if (op) {
			assert_memory_equal(op->data, rows[i].wanted, MACHINEID_CHARS);
			/* Durable before the target has it. */
			assert_true(op < plan_find(&p, OP_FILE, path));
		}
		arena_free(&a);
	}
}

/* No random numbers at all: it is said, and the target goes on with what it has. */
static void test_none(void **state)
{
	struct facts f = { .keep_dir = "/state/anteroot" };
	struct arena a = ARENA_INIT;
	struct plan p = PLAN_INIT(&a);

	(void)state;
	run(&f, &p);
	assert_int_equal(1, p.n);
	assert_int_equal(OP_WARN, p.op[0].kind);
	arena_free(&a);
}

/* The mark of the first boot is there before the id is: a cut between them does not end it. */
static void test_mark_first(void **state)
{
	struct facts f = { .keep_dir = "/state/anteroot", .target_writable = true };
	struct arena a = ARENA_INIT;
	struct plan p = PLAN_INIT(&a);
	const struct op *unit;

	(void)state;
	parse(FRESH, &f.identity.fresh);
	run(&f, &p);
	assert_non_null(plan_find_kind(&p, OP_FIRST_BOOT));
	assert_true(plan_find(&p, OP_FILE, "/state/anteroot/first-boot") <
		    plan_find(&p, OP_FILE, "/state/anteroot/machine-id"));
	unit = plan_find(&p, OP_FILE, "/run/systemd/system/anteroot-first-boot.service");
	assert_non_null(strstr(unit->data, "/bin/rm -f /run/anteroot/mnt/"));
	assert_non_null(strstr(unit->data, "/anteroot/first-boot\n"));
	arena_free(&a);
}

static void test_applies(void **state)
{
	struct facts f = { .offline = true };

	(void)state;
	assert_false(machine_id_applies(&f));
	f = (struct facts){ .layout.machine_id = LAYOUT_ID_NONE };
	assert_false(machine_id_applies(&f));
	f = (struct facts){ .args.machine_id = STORED };
	assert_false(machine_id_applies(&f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_mark_first),
		cmocka_unit_test(test_applies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
