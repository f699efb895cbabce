/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/modules.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

static struct scratch s;
static char seen[4096];
static int stop_at;

static int note(const char *name, void *data)
{
	assert_ptr_equal(data, &s);
	strcat(strcat(seen, name), "\n");
	return stop_at && --stop_at == 0 ? -ECANCELED : 0;
}

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	seen[0] = '\0';
	stop_at = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&s);
	return 0;
}

/* A device on a bus is a link from the bus into the tree of devices. */
static void put_device(const char *bus, const char *name, const char *modalias)
{
	char path[256], to[256];

	snprintf(path, sizeof(path), "bus/%s", bus);
	(void)mkdirat(s.fd, path, 0755);
	snprintf(path, sizeof(path), "bus/%s/devices", bus);
	(void)mkdirat(s.fd, path, 0755);
	snprintf(path, sizeof(path), "devices/%s", name);
	put_dir(s.fd, path);
	snprintf(to, sizeof(to), "../../../devices/%s", name);
	snprintf(path, sizeof(path), "bus/%s/devices/%s", bus, name);
	put_link(s.fd, path, to);
	if (!modalias)
		return;
	snprintf(path, sizeof(path), "devices/%s/modalias", name);
	put_text(s.fd, path, modalias, 0444);
}

static void test_coldplug(void **state)
{
	int before = fakesys_open_fds();

	(void)state;
	put_dir(s.fd, "bus");
	put_dir(s.fd, "devices");
	put_device("pci", "0000:00:04.0", "pci:v00001AF4d00001001\n");
	put_device("virtio", "virtio0", "virtio:d00000002v00001AF4\n");
	put_device("virtio", "virtio1", "virtio:d00000002v00001AF4\n");
	put_device("acpi", "PNP0A03:00", NULL);
	put_device("platform", "empty", "");
	put_device("platform", "newline", "\n");
	put_device("memory", "memory0", "never:read\n");
	put_device("cpu", "cpu0", "never:read\n");
	put_dir(s.fd, "class");
	put_dir(s.fd, "class/dmi");
	put_dir(s.fd, "class/dmi/id");
	put_text(s.fd, "class/dmi/id/modalias", "dmi:bvnSeaBIOS:\n", 0444);
	assert_int_equal(modules_coldplug(s.fd, note, &s), 4);
	assert_non_null(strstr(seen, "pci:v00001AF4d00001001\n"));
	assert_non_null(strstr(seen, "virtio:d00000002v00001AF4\n"));
	assert_non_null(strstr(seen, "dmi:bvnSeaBIOS:\n"));
	assert_null(strstr(seen, "never:read"));
	assert_null(strstr(seen, "\n\n"));
	assert_int_equal(fakesys_open_fds(), before);
}

static void test_coldplug_stops(void **state)
{
	int before = fakesys_open_fds();

	(void)state;
	put_dir(s.fd, "bus");
	put_dir(s.fd, "devices");
	put_device("pci", "a", "pci:a\n");
	put_device("pci", "b", "pci:b\n");
	stop_at = 1;
	assert_int_equal(modules_coldplug(s.fd, note, &s), -ECANCELED);
	assert_int_equal(strlen(seen), 6);
	assert_int_equal(fakesys_open_fds(), before);
}

static void test_coldplug_without_sysfs(void **state)
{
	(void)state;
	assert_int_equal(modules_coldplug(s.fd, note, &s), -ENOENT);
	put_text(s.fd, "bus", "", 0644);
	assert_int_equal(modules_coldplug(s.fd, note, &s), -ENOTDIR);
}

static int count(const char *modalias, void *data)
{
	assert_true(*modalias && !strchr(modalias, '\n'));
	++*(int *)data;
	return 0;
}

/* Input devices and processors are left out on purpose; no other modalias of this machine may be missing. */
static void test_coldplug_of_this_machine(void **state)
{
	_cleanup_close_ int sysfd = open("/sys", O_PATH | O_DIRECTORY);
	int expected = 0, n = 0;
	char line[4096];
	FILE *f;

	(void)state;
	if (sysfd < 0 || !is_there(sysfd, "bus"))
		skip();
	f = popen("find /sys/devices -name modalias -not -path '*/input/*' -not -path '*/cpu*/*' "
		  "-exec cat {} + 2>/dev/null",
		  "r");
	while (fgets(line, sizeof(line), f))
		expected += line[0] != '\n';
	pclose(f);
	assert_int_equal(modules_coldplug(sysfd, count, &n), expected);
	assert_int_equal(n, expected);
}

static void put_lists(void)
{
	put_dir(s.fd, "etc");
	put_dir(s.fd, "etc/modules-load.d");
}

static void test_listed(void **state)
{
	int before = fakesys_open_fds();

	(void)state;
	put_lists();
	put_text(s.fd, "etc/modules-load.d/20-b.conf", "loop\n# comment\n;other\n\n  vfat \t\n#x\n",
		 0644);
	put_text(s.fd, "etc/modules-load.d/10-a.conf", "nls_ascii\r\nnls-cp437", 0644);
	put_text(s.fd, "etc/modules-load.d/ignored.txt", "bad\n", 0644);
	put_text(s.fd, "etc/modules-load.d/.hidden.conf", "bad\n", 0644);
	put_text(s.fd, "etc/modules-load.d/conf", "bad\n", 0644);
	put_text(s.fd, "etc/modules-load.d/x.conf.bak", "bad\n", 0644);
	assert_int_equal(modules_listed(s.fd, note, &s), 4);
	assert_string_equal(seen, "nls_ascii\nnls-cp437\nloop\nvfat\n");
	assert_int_equal(fakesys_open_fds(), before);
}

static void test_listed_in_many_files(void **state)
{
	char path[64];

	(void)state;
	put_lists();
	for (int i = 39; i >= 0; i--) {
		snprintf(path, sizeof(path), "etc/modules-load.d/%02d.conf", i);
		put_text(s.fd, path, path + 19, 0644);
	}
	assert_int_equal(modules_listed(s.fd, note, &s), 40);
	assert_memory_equal(seen, "00.conf\n01.conf\n", 16);
	assert_non_null(strstr(seen, "15.conf\n16.conf\n17.conf\n"));
}

static void test_listed_nowhere_and_badly(void **state)
{
	(void)state;
	assert_int_equal(modules_listed(s.fd, note, &s), 0);
	put_lists();
	assert_int_equal(modules_listed(s.fd, note, &s), 0);
	put_dir(s.fd, "etc/modules-load.d/dir.conf");
	assert_int_equal(modules_listed(s.fd, note, &s), -EISDIR);
	put_text(s.fd, "etc/modules-load.d/a.conf", "a\nb\n", 0644);
	stop_at = 1;
	assert_int_equal(modules_listed(s.fd, note, &s), -ECANCELED);
	assert_string_equal(seen, "a\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_coldplug),
		TEST(test_coldplug_stops),
		TEST(test_coldplug_without_sysfs),
		TEST(test_coldplug_of_this_machine),
		TEST(test_listed),
		TEST(test_listed_in_many_files),
		TEST(test_listed_nowhere_and_badly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
