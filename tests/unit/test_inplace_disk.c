/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/inplace.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/loopfs.h"
#include "tests/unit/scratch.h"

/* On a loop device, as root; each in a child. */

#define DEVICE_BYTES 8192u

static struct scratch s;
static char device[300]; /* a regular file in its place */
static unsigned char before[DEVICE_BYTES], after[DEVICE_BYTES];
static struct inplace p;
static struct reason why;
static int fds;

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, "/dev/shm");
	(void)snprintf(device, sizeof(device), "%s/device", s.path);
	for (size_t i = 0; i < DEVICE_BYTES; i++)
		before[i] = (unsigned char)(i % 251);
	put_bytes(s.fd, "device", before, sizeof(before), 0600);
	fakesys_reset(s.path);
	fds = fakesys_open_fds();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(fakesys_open_fds(), fds);
	fakesys_reset(NULL);
	scratch_remove(&s);
	return 0;
}

static int open_on(const struct loopfs *l, const char *name)
{
	_cleanup_close_ int dir = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	EXPECT(dir >= 0);
	return inplace_open_file(l->device, dir, name, &p, &why);
}

static void holes(const void *data)
{
	struct loopfs l;
	char path[400];

	loopfs_make(&l, data);
	loopfs_put(&l, "whole", "x", 'x', 5000);
	loopfs_put(&l, "holed", "x", 'x', 1024);
	(void)snprintf(path, sizeof(path), "%s/holed", l.dir);
	EXPECT(truncate(path, 32768) == 0);
	EXPECT(open_on(&l, "holed") == -EINVAL);
	EXPECT(strstr(why.cause, "it has a hole: write it in full"));
	EXPECT(open_on(&l, "whole") == 0);
	EXPECT(p.size == 5000 && p.at[0] > 0 && p.at[4] > 0);
	inplace_close(&p);
	loopfs_put(&l, "tail", "x", 'x', 100); /* a device that is not there */
	(void)snprintf(l.device, sizeof(l.device), "/dev/anteroot-absent");
	EXPECT(open_on(&l, "tail") == -ENOENT);
	EXPECT(strcmp(why.object, "/dev/anteroot-absent") == 0);
}

static void test_holes_are_refused(void **state)
{
	(void)state;
	in_namespace(holes, s.path);
}

/* All that a cut in the file system could spoil: nothing of it changes but the sectors. */
static void written_where_it_lies(const void *data)
{
	static char got[8192], all[8192];
	struct stat st, now;
	struct loopfs l;
	char path[400];

	loopfs_make(&l, data);
	loopfs_put(&l, "before", "b", 'b', 4096);
	loopfs_put(&l, "state", "hello", '#', 2500);
	loopfs_put(&l, "behind", "c", 'c', 4096);
	loopfs_unmount(&l);
	loopfs_mount(&l, MS_RDONLY);
	(void)snprintf(path, sizeof(path), "%s/state", l.dir);
	EXPECT(stat(path, &st) == 0);
	EXPECT(loopfs_get(&l, "state", got, sizeof(got)) == 2500);
	EXPECT(open_on(&l, "state") == 0);
	EXPECT(p.size == 2500 && inplace_read(&p, got, &why) == 0);
	EXPECT(memcmp(got, "hello###", 8) == 0 && got[2499] == '#');
	got[1] = 'a';
	got[2499] = '!';
	fakesys_reset("/dev");
	EXPECT(inplace_write(&fakesys, &p, got, &why) == 0);
	EXPECT(fakesys_count("pwrite /loop") == 2);
	inplace_close(&p);
	EXPECT(loopfs_get(&l, "state", all, sizeof(all)) == 2500);
	EXPECT(memcmp(all, got, 2500) == 0);
	EXPECT(stat(path, &now) == 0);
	EXPECT(now.st_size == st.st_size && now.st_mtim.tv_sec == st.st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == st.st_mtim.tv_nsec);
	loopfs_unmount(&l);
	loopfs_mount(&l, MS_RDONLY);
	EXPECT(loopfs_get(&l, "state", all, sizeof(all)) == 2500);
	EXPECT(memcmp(all, got, 2500) == 0);
	EXPECT(loopfs_get(&l, "before", all, sizeof(all)) == 4096 && all[4095] == 'b');
	EXPECT(loopfs_get(&l, "behind", all, sizeof(all)) == 4096 && all[0] == 'c');
}

static void test_file_is_written_where_it_lies(void **state)
{
	(void)state;
	in_namespace(written_where_it_lies, s.path);
}

/* 512 bytes of a disk that writes 4096 at once: what is behind them is written as it was. */
static void large_sectors(const void *data)
{
	unsigned char bytes[512];
	struct loopfs l;
	int image = open(data, O_RDWR | O_CLOEXEC);

	EXPECT(image >= 0);
	if (!loopfs_attach(&l, image, 4096))
		_exit(NAMESPACE_SKIP);
	EXPECT(inplace_open_raw(l.device, 512, sizeof(bytes), &p, &why) == -EINVAL);
	EXPECT(strstr(why.cause, "expected an offset in sectors of 4096 bytes"));
	EXPECT(inplace_open_raw(l.device, 4096, sizeof(bytes), &p, &why) == 0);
	EXPECT(p.sector == 4096 && inplace_read(&p, bytes, &why) == 0);
	EXPECT(memcmp(bytes, before + 4096, sizeof(bytes)) == 0);
	memset(bytes, '!', sizeof(bytes));
	fakesys_reset("/dev");
	EXPECT(inplace_write(&fakesys, &p, bytes, &why) == 0);
	EXPECT(fakesys_count("pwrite /loop") == 1);
	inplace_close(&p);
	EXPECT(pread(l.loop, after, sizeof(after), 0) == (ssize_t)sizeof(after));
	EXPECT(memcmp(after, before, 4096) == 0 && memcmp(after + 4096, bytes, 512) == 0);
	EXPECT(memcmp(after + 4608, before + 4608, DEVICE_BYTES - 4608) == 0);
}

static void test_large_sectors(void **state)
{
	(void)state;
	in_namespace(large_sectors, device);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_holes_are_refused),
		TEST(test_file_is_written_where_it_lies),
		TEST(test_large_sectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
