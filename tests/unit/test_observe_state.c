/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/digest.h"
#include "lib/ubootenv.h"
#include "tests/unit/statefixture.h"

static void put_record(size_t at, const struct ab_record *rec)
{
	unsigned char bytes[ABRECORD_BYTES];
	_cleanup_close_ int fd = openat(s.fd, "dev/vda4", O_WRONLY | O_CLOEXEC);

	assert_true(ab_valid(rec));
	abrecord_encode(rec, bytes);
	assert_int_equal(pwrite(fd, bytes, sizeof(bytes), (off_t)at), (ssize_t)sizeof(bytes));
}

static struct ab_record a_record(void)
{
	struct ab_record rec;

	ab_blank(AB_B, &rec);
	rec.generation = 41;
	return rec;
}

static void test_record_is_read(void **unused)
{
	const struct ab_record rec = a_record();

	(void)unused;
	put_record(0, &rec);
	observe_state(&b);
	assert_int_equal(state->found.backend, AB_RECORD);
	assert_int_equal(state->found.record.active, AB_B);
	assert_int_equal(state->found.record.generation, 41);
	assert_string_equal(state->found.record.disk, DISK_ID); /* from now on */
	assert_false(state->found.record.unknown);
	assert_int_equal(b.report.n_warnings, 0);
}

static void test_record_of_another_disk(void **unused)
{
	struct ab_record rec = a_record();

	(void)unused;
	(void)snprintf(rec.disk, sizeof(rec.disk), "%s", DISK_ID);
	put_record(0, &rec);
	observe_state(&b);
	assert_int_equal(b.report.n_warnings, 0);
	(void)snprintf(rec.disk, sizeof(rec.disk), "%s", "0a0b0c0d");
	put_record(0, &rec);
	again();
	assert_true(state->found.record.unknown);
	assert_string_equal(state->found.record.disk, DISK_ID);
	assert_int_equal(state->found.record.active, AB_B);
	assert_warning("the boot state is of the disk 0a0b0c0d, and this one is " DISK_ID
		       ": taken over, unconfirmed");
}

/* What cannot be compared is no reason to distrust the record. */
static void test_disk_without_an_id(void **unused)
{
	static const char too_long[] = DISK_ID "-and-more";
	struct ab_record rec = a_record();
	const char *const ids[] = { NULL, "", too_long };

	(void)unused;
	(void)snprintf(rec.disk, sizeof(rec.disk), "%s", "0a0b0c0d");
	put_record(0, &rec);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		boot_close(&b);
		start();
		devices[0].table_uuid = ids[i];
		observe_state(&b);
		assert_string_equal(state->found.record.disk, "0a0b0c0d");
		assert_false(state->found.record.unknown);
		assert_int_equal(b.report.n_warnings, 0);
	}
}

static void test_blank(void **unused)
{
	(void)unused;
	observe_state(&b);
	assert_true(state->found.blank);
	assert_int_equal(state->found.record.active, AB_A);
	boot_close(&b);
	start();
	b.facts.args.root = "LABEL=resin-rootB"; /* what the device has run until now */
	observe_state(&b);
	assert_int_equal(state->found.record.active, AB_B);
	assert_int_equal(state->found.record.slot[AB_B].state, AB_GOOD);
	assert_int_equal(b.report.n_warnings, 0);
}

/* root= names no slot: what it says is no evidence. */
static void test_blank_with_another_root(void **unused)
{
	static const char *const roots[] = { "LABEL=absent", "LABEL=resin-boot", "nonsense" };

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		boot_close(&b);
		start();
		b.facts.args.root = roots[i];
		observe_state(&b);
		assert_int_equal(state->found.record.active, AB_A);
	}
}

static void test_lost(void **unused)
{
	const struct ab_record rec = a_record();

	(void)unused;
	put_record(100, &rec); /* not where it is looked for: both are spoilt */
	put_record(4096 + 100, &rec);
	b.facts.args.root = "LABEL=resin-rootB";
	observe_state(&b);
	assert_true(state->found.lost);
	assert_warning("both copies of the boot state are damaged: rebuilt from what is there");
	assert_true(state->found.record.unknown);
	assert_int_equal(state->found.record.active, AB_B);
	assert_int_equal(state->found.record.slot[AB_A].state, AB_GOOD);
	assert_string_equal(state->found.record.disk, DISK_ID);
	assert_true(ab_valid(&state->found.record));
}

static void test_newer(void **unused)
{
	unsigned char bytes[ABRECORD_BYTES];
	struct ab_record rec = a_record();
	uint32_t crc;

	(void)unused;
	abrecord_encode(&rec, bytes);
	bytes[8] = 9;
	crc = digest_crc32(bytes, ABRECORD_BYTES - 4);
	for (size_t i = 0; i < 4; i++)
		bytes[ABRECORD_BYTES - 4 + i] = (unsigned char)(crc >> (8 * i));
	put_bytes(s.fd, "dev/vda4", bytes, sizeof(bytes), 0600);
	assert_int_equal(truncate(arena_printf(&b.arena, "%s/vda4", b.dev_dir), 8192), 0);
	observe_state(&b);
	assert_true(state->found.read_only);
	assert_int_equal(state->found.record.active, AB_B);
	assert_string_equal(state->found.record.disk, ""); /* and nothing is made up */
	assert_warning("the boot state is of a newer version of anteroot: read, not written");
}

static void test_one_copy_unreadable(void **unused)
{
	const struct ab_record rec = a_record();

	(void)unused;
	put_record(0, &rec);
	assert_int_equal(truncate(arena_printf(&b.arena, "%s/vda4", b.dev_dir), 512), 0);
	observe_state(&b);
	assert_true(state->found.read_only);
	assert_warning("unable to read"); /* not that it is of a newer version */
	assert_int_equal(state->found.record.generation, 41);
}

static void put_env(const char *bootcount)
{
	static char data[4096];
	struct ubootenv env = { .list.arena = &b.arena, .size = sizeof(data) };
	struct abstore place;
	struct ab_record rec;
	unsigned int copy;
	const void *const copies[] = { data, NULL };

	ab_blank(AB_A, &rec);
	rec.transaction = 7;
	rec.slot[AB_B] = (struct ab_slot){ .state = AB_TRYING, .tries = 3, .attempts = 1 };
	env_set(&env.list, "x", "y");
	assert_int_equal(ubootenv_write(&env, data, &copy, "env", NULL), 0);
	put_bytes(s.fd, "dev/vda4", data, sizeof(data), 0600);
	observe_state_place(&b, &place);
	assert_int_equal(abstore_load(&b.arena, &place, &state->found, NULL), 0);
	assert_int_equal(abstore_store(&fakesys, &place, &state->found, &rec, NULL), 0);
	(void)get_text(s.fd, "dev/vda4");
	memcpy(data, get_text(s.fd, "dev/vda4"), sizeof(data));
	assert_int_equal(ubootenv_parse(&b.arena, copies, sizeof(data), "env", &env, NULL), 0);
	env_set(&env.list, "bootcount", bootcount);
	assert_int_equal(ubootenv_write(&env, data, &copy, "env", NULL), 0);
	put_bytes(s.fd, "dev/vda4", data, sizeof(data), 0600);
}

static void use_env(void)
{
	b.facts.layout.state.backend = AB_UBOOTENV;
	b.facts.layout.state.n_offsets = 1;
	b.facts.layout.state.size = 4096;
}

static void test_somebody_else_counts_too(void **unused)
{
	(void)unused;
	use_env();
	put_env("1");
	observe_state(&b);
	assert_int_equal(state->found.record.slot[AB_B].attempts, 1);
	assert_int_equal(b.report.n_warnings, 0);
	put_env("2");
	observe_state(&b);
	assert_true(state->found.counted_twice);
	assert_warning("somebody else counts boots too: one of them must stop "
		       "(bootState.counter)");
}

static void test_environment_is_garbage(void **unused)
{
	(void)unused;
	use_env();
	observe_state(&b);
	assert_true(state->found.lost);
	assert_true(state->found.record.unknown);
	assert_int_equal(b.report.n_warnings, 2);
	assert_string_equal(b.report.warning[0].text,
			    "state is no environment: it is written anew");
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, state_setup, state_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_record_is_read),
		TEST(test_record_of_another_disk),
		TEST(test_disk_without_an_id),
		TEST(test_blank),
		TEST(test_blank_with_another_root),
		TEST(test_lost),
		TEST(test_newer),
		TEST(test_one_copy_unreadable),
		TEST(test_somebody_else_counts_too),
		TEST(test_environment_is_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
