/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/abstore.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/loopfs.h"
#include "tests/unit/scratch.h"

/* The backends whose files are on the boot partition, which is mounted read-only. As root; each in a child. */

#define HEAD "# GRUB Environment Block\n"

static struct scratch s;
static struct loopfs l;
static struct arena a;
static struct abconf conf;
static struct abstore place;
static struct abstore_found found;
static struct reason why;

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, "/dev/shm");
	conf = abconf_default;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&s);
	return 0;
}

/* From here on the files are ready, and only their sectors are written. */
static void boot(void)
{
	loopfs_unmount(&l);
	loopfs_mount(&l, MS_RDONLY);
	place = (struct abstore){ .conf = &conf, .device = l.device, .partno = { 2, 3 } };
	place.dirfd = open(l.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EXPECT(place.dirfd >= 0);
	fakesys_reset("/dev");
}

static struct ab_record armed(unsigned int attempts)
{
	struct ab_record rec;

	ab_blank(AB_A, &rec);
	rec.transaction = 7;
	rec.slot[AB_B].state = attempts ? AB_TRYING : AB_CANDIDATE;
	rec.slot[AB_B].tries = 3;
	rec.slot[AB_B].attempts = attempts;
	return rec;
}

static int load(void)
{
	why = REASON_INIT;
	return abstore_load(&a, &place, &found, &why);
}

static void must_load(void)
{
	int err = load();

	if (err < 0)
		(void)fprintf(stderr, "%s: %s\n", why.object, why.cause);
	EXPECT(err == 0 && found.backend == conf.backend);
}

static int store(unsigned int attempts)
{
	const struct ab_record rec = armed(attempts);

	why = REASON_INIT;
	return abstore_store(&fakesys, &place, &found, &rec, &why);
}

/* What is kept comes back, in this boot and in the next. */
static void must_store(unsigned int attempts)
{
	EXPECT(store(attempts) == 0);
	must_load();
	EXPECT(!found.blank && !found.lost && !found.read_only);
	EXPECT(found.record.slot[AB_B].attempts == attempts);
	EXPECT(found.record.slot[AB_B].state == (attempts ? AB_TRYING : AB_CANDIDATE));
}

static bool has(const char *name, const char *text)
{
	static char data[8192];
	size_t n = loopfs_get(&l, name, data, sizeof(data) - 1);

	data[n] = '\0';
	return strstr(data, text) != NULL;
}

/* Made in a running system, stored in the initramfs. */
static void record(const void *data)
{
	conf.backend = AB_RECORD;
	loopfs_make(&l, data);
	place.conf = &conf;
	place.dirfd = open(l.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EXPECT(abstore_create(&sys_real, &place, &why) == 0);
	close(place.dirfd);
	boot();
	must_load();
	EXPECT(found.blank && !found.damaged);
	for (unsigned int i = 0; i < 4; i++)
		must_store(i);
	EXPECT(found.record.generation == 4);
	EXPECT(fakesys_count("pwrite /loop") == 4);
	EXPECT(has("abstate.0", "anteroot") && has("abstate.1", "anteroot"));
}

static void test_record(void **state)
{
	(void)state;
	in_namespace(record, s.path);
}

/* One copy alone is read and not written; too short a file is none. */
static void record_that_cannot_be_used(const void *data)
{
	conf.backend = AB_RECORD;
	loopfs_make(&l, data);
	loopfs_put(&l, "abstate.0", "", '\0', 4096);
	boot();
	must_load();
	EXPECT(found.blank && !found.read_only); /* the copy to write next is there */
	EXPECT(strcmp(found.copy[1], "unreadable") == 0 && strstr(found.problem, "abstate.1"));
	EXPECT(store(0) == 0);
	must_load();
	EXPECT(found.read_only && found.record.generation == 1);
	EXPECT(store(1) == -EROFS);
	close(place.dirfd);
	loopfs_unmount(&l);
	loopfs_mount(&l, 0);
	loopfs_put(&l, "abstate.0", "", '\0', 511);
	boot();
	EXPECT(load() == -EINVAL);
	EXPECT(strcmp(why.object, "abstate.0") == 0);
	EXPECT(strcmp(why.cause, "expected 512 bytes or more") == 0);
}

static void test_record_that_cannot_be_used(void **state)
{
	(void)state;
	in_namespace(record_that_cannot_be_used, s.path);
}

static void grubenv(const void *data)
{
	conf.backend = AB_GRUBENV;
	loopfs_make(&l, data);
	loopfs_put(&l, "grubenv", HEAD "resin_root_part=3\nsaved_entry=0\n", '#', 1024);
	boot();
	must_load();
	EXPECT(!found.blank && found.record.active == AB_B);
	EXPECT(found.record.slot[AB_B].state == AB_GOOD);
	must_store(0);
	EXPECT(found.record.active == AB_A);
	EXPECT(has("grubenv", HEAD "anteroot_good=A\n") && has("grubenv", "\nsaved_entry=0\n"));
	EXPECT(has("grubenv", "\nresin_root_part=3\nupgrade_available=1\n"));
	must_store(1);
	EXPECT(has("grubenv", "\nbootcount=1\n"));
}

static void test_grubenv(void **state)
{
	(void)state;
	in_namespace(grubenv, s.path);
}

static void grubenv_of_balena(const void *data)
{
	char path[400];

	conf.backend = AB_GRUBENV;
	conf.file[0] = "grub/bootenv"; /* names its slots A and B */
	loopfs_make(&l, data);
	(void)snprintf(path, sizeof(path), "%s/grub", l.dir);
	EXPECT(mkdir(path, 0755) == 0);
	loopfs_put(&l, "grub/bootenv", HEAD "resin_root_part=B\n", '#', 1024);
	loopfs_put(&l, "empty", HEAD, '#', 1024);
	loopfs_put(&l, "short", HEAD, '#', 1000);
	loopfs_put(&l, "garbage", "x", 'x', 1024);
	boot();
	must_load();
	EXPECT(found.record.active == AB_B);
	must_store(0);
	EXPECT(has("grub/bootenv", "\nresin_root_part=B\n"));
	conf.file[0] = "empty";
	must_load();
	EXPECT(found.blank && !found.lost);
	must_store(0);
	conf.file[0] = "short";
	must_load();
	EXPECT(found.blank);
	EXPECT(store(0) == -ENOSPC);
	conf.file[0] = "garbage";
	must_load();
	EXPECT(found.lost && found.damaged && strstr(found.problem, "garbage is no environment"));
	must_store(2);
	EXPECT(has("garbage", HEAD));
}

static void test_grubenv_of_balena(void **state)
{
	(void)state;
	in_namespace(grubenv_of_balena, s.path);
}

static void uenv(const void *data)
{
	conf.backend = AB_UENV;
	loopfs_make(&l, data);
	loopfs_put(&l, "resinOS_uEnv.txt", "resin_root_part=2\nmine=1\n", '\n', 1024);
	loopfs_put(&l, "extra_uEnv.txt", "custom_fdt_file=x.dtb\n", '\n', 30);
	loopfs_put(&l, "bootcount.env", "bootcount=0\n", '\0', 512);
	boot();
	must_load();
	EXPECT(!found.blank && found.record.active == AB_A);
	for (unsigned int i = 0; i < 4; i++)
		must_store(i);
	EXPECT(has("bootcount.env", "bootcount=3\n"));
	EXPECT(has("resinOS_uEnv.txt", "mine=1\n"));
	EXPECT(has("resinOS_uEnv.txt", "resin_root_part=3\n"));
	EXPECT(has("extra_uEnv.txt", "custom_fdt_file=x.dtb\n\n"));
}

static void test_uenv(void **state)
{
	(void)state;
	in_namespace(uenv, s.path);
}

/* Nothing makes the file in the initramfs: arming works, counting says why it does not, and nothing is changed. */
static void uenv_without_count(const void *data)
{
	conf.backend = AB_UENV;
	loopfs_make(&l, data);
	loopfs_put(&l, "resinOS_uEnv.txt", "", '\n', 1024);
	boot();
	must_load();
	EXPECT(found.blank);
	must_store(0);
	EXPECT(store(1) == -ENOENT);
	EXPECT(strcmp(why.verb, "count in") == 0 && strcmp(why.object, "bootcount.env") == 0);
	EXPECT(strcmp(why.cause, "the file is not there: make it with the image") == 0);
	must_load();
	EXPECT(found.record.slot[AB_B].state == AB_CANDIDATE);
	EXPECT(found.record.slot[AB_B].attempts == 0);
}

static void test_uenv_without_count(void **state)
{
	(void)state;
	in_namespace(uenv_without_count, s.path);
}

/* A cut between any two calls, or a failing one: the candidate has its old count or the new one. */
static void uenv_torn(const void *data)
{
	unsigned int calls;

	conf.backend = AB_UENV;
	loopfs_make(&l, data);
	loopfs_put(&l, "resinOS_uEnv.txt", "resin_root_part=2\n", '\n', 1024);
	loopfs_put(&l, "bootcount.env", "bootcount=0\n", '\0', 512);
	boot();
	must_load();
	must_store(1);
	fakesys_reset("/dev");
	must_store(2);
	calls = fakesys_calls();
	EXPECT(calls >= 4);
	for (unsigned int n = 0; n < 2 * calls; n++) {
		fakesys_reset("/dev");
		must_store(1);
		fakesys_reset("/dev");
		if (n < calls)
			fakesys_cut_after(n);
		else
			fakesys_fail_nth(n - calls + 1, ENOSPC);
		EXPECT(store(2) == (n < calls ? -EIO : -ENOSPC));
		must_load();
		EXPECT(!found.lost && found.record.slot[AB_B].state == AB_TRYING);
		EXPECT(found.record.slot[AB_B].attempts == 1 ||
		       found.record.slot[AB_B].attempts == 2);
		EXPECT(found.record.slot[AB_A].state == AB_GOOD);
	}
}

static void test_uenv_torn(void **state)
{
	(void)state;
	in_namespace(uenv_torn, s.path);
}

static void ubootenv(const void *data)
{
	static const char *const names[] = { "uboot.env", "uboot-redund.env" };

	conf.backend = AB_UBOOTENV;
	loopfs_make(&l, data);
	loopfs_put(&l, "uboot.env", "x", 'x', 4096);
	loopfs_put(&l, "uboot-redund.env", "x", 'x', 4096);
	loopfs_put(&l, "other", "x", 'x', 2048);
	boot();
	must_load();
	EXPECT(found.lost);
	must_store(1);
	EXPECT(!found.copy[0]);
	conf.file[0] = names[0];
	conf.file[1] = names[1];
	must_load(); /* of two copies it has another form */
	EXPECT(found.lost);
	must_store(1);
	must_store(2);
	EXPECT(strcmp(found.copy[0], "good") == 0 && strcmp(found.copy[1], "good") == 0);
	conf.file[1] = "other";
	EXPECT(load() == -EINVAL);
	EXPECT(strcmp(why.object, "other") == 0 && strstr(why.cause, "expected 4096 bytes"));
}

static void test_ubootenv(void **state)
{
	(void)state;
	in_namespace(ubootenv, s.path);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_record),    TEST(test_record_that_cannot_be_used),
		TEST(test_grubenv),   TEST(test_grubenv_of_balena),
		TEST(test_uenv),      TEST(test_uenv_without_count),
		TEST(test_uenv_torn), TEST(test_ubootenv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
