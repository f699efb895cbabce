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

/*
 * A module directory indexed by depmod(8). Its modules are ELF files without code: a .modinfo section
 * and the symbols that depmod links them by.
 */

static struct scratch s;
static struct arena a = ARENA_INIT;
static struct module_list list;
static struct reason why;
static struct modules *m;
static char dir[300], config[300];

#define RELEASE "6.1.0-test"

/* Runs a command in the scratch directory. */
static void run(const char *command)
{
	char line[2048];

	snprintf(line, sizeof(line), "cd %s && { %s\n} >log 2>&1", s.path, command);
	if (system(line) != 0)
		fail_msg("%s: %s", command, get_text(s.fd, "log"));
}

static void put_module(const char *name, const char *modinfo, const char *source)
{
	char command[1900];

	snprintf(command, sizeof(command),
		 "printf '%s\\0name=%s\\0' >info && printf '%%b' '%s' >m.S && "
		 "gcc -c -o lib/modules/" RELEASE "/kernel/%s.ko m.S && "
		 "objcopy --add-section .modinfo=info lib/modules/" RELEASE "/kernel/%s.ko",
		 modinfo, name, source, name, name);
	run(command);
}

#define EXPORT(symbol) ".section __ksymtab_strings,\"a\"\\n.asciz \"" symbol "\"\\n"
#define NEED(symbol)   ".data\\n.quad " symbol "\\n"

static int make_tree(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	run("mkdir -p lib/modules/" RELEASE "/kernel modprobe.d");
	put_module("virtio", "alias=virtio-core", EXPORT("virtio_sym"));
	put_module("virtio_ring", "x=y", EXPORT("ring_sym") NEED("virtio_sym"));
	put_module("virtio_blk", "alias=virtio:d00000002v*", NEED("ring_sym") NEED("virtio_sym"));
	put_module("virtio_net",
		   "alias=virtio:d00000001v*\\0softdep=pre: failover post: afterwards",
		   NEED("virtio_sym"));
	put_module("virtio_any", "alias=virtio:d*v*", NEED("virtio_sym"));
	put_module("failover", "x=y", "");
	put_module("afterwards", "x=y", "");
	put_module("ext4", "alias=fs-ext4\\0softdep=pre: crc32c", "");
	put_module("crc32c_generic", "alias=crc32c", "");
	put_module("crc32c_here", "alias=crc32c\\0alias=cpu:type:*\\0alias=cpu:type:none", "");
	put_module("crc32c_elsewhere", "alias=crc32c\\0alias=cpu:type:none*", "");
	put_module("wants_one", "softdep=pre: crc32c_elsewhere", "");
	put_module("needy", "alias=need-it", NEED("lost_sym"));
	put_module("lost", "x=y", EXPORT("lost_sym"));
	put_module("forbidden", "alias=for-bidden", "");
	put_module("loop_a", "softdep=pre: loop_b", EXPORT("loop_sym"));
	put_module("loop_b", "x=y", NEED("loop_sym"));
	run("printf 'kernel/built_in.ko\\n' >lib/modules/" RELEASE "/modules.builtin; "
	    "printf 'kernel/virtio.ko\\n' >lib/modules/" RELEASE "/modules.order; "
	    "depmod -b . " RELEASE "; rm lib/modules/" RELEASE "/kernel/lost.ko");
	put_text(s.fd, "modprobe.d/a.conf",
		 "blacklist virtio_any\noptions virtio_blk queues=4\n"
		 "options virtio_blk name=\"a b\"\ninstall forbidden /bin/false\n"
		 "install failover /sbin/modprobe --ignore-install failover\n"
		 "alias my-disk virtio_blk\n",
		 0644);
	snprintf(dir, sizeof(dir), "%s/lib/modules/" RELEASE, s.path);
	snprintf(config, sizeof(config), "%s/modprobe.d", s.path);
	return 0;
}

static int remove_tree(void **state)
{
	(void)state;
	scratch_remove(&s);
	return 0;
}

static int setup(void **state)
{
	const char *const configs[] = { config, NULL };

	(void)state;
	list = (struct module_list){ 0 };
	why = REASON_INIT;
	assert_int_equal(modules_open_with(&m, dir, configs, &why), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	modules_close(m);
	arena_free(&a);
	return 0;
}

/* The names in the list. */
static const char *names(void)
{
	static char text[512];

	text[0] = '\0';
	for (size_t i = 0; i < list.n; i++)
		strcat(strcat(text, i ? " " : ""), list.module[i].name);
	return text;
}

static int resolve(const char *alias)
{
	return modules_resolve(m, &a, alias, &list, &why);
}

static void test_dependencies_come_first(void **state)
{
	char path[400];

	(void)state;
	assert_int_equal(resolve("virtio_blk"), 3);
	assert_string_equal(names(), "virtio virtio_ring virtio_blk");
	snprintf(path, sizeof(path), "%s/kernel/virtio_blk.ko", dir);
	assert_string_equal(list.module[2].path, path);
	assert_string_equal(list.module[2].options, "queues=4 name=\"a b\"");
	assert_string_equal(list.module[0].options, "");
	assert_string_equal(list.module[0].wanted, "virtio_blk");
}

static void test_modalias(void **state)
{
	(void)state;
	assert_int_equal(resolve("virtio:d00000002v00001AF4"), 3);
	assert_string_equal(names(), "virtio virtio_ring virtio_blk");
	assert_string_equal(list.module[2].wanted, "virtio:d00000002v00001AF4");
}

static void test_alias_of_modprobe_d(void **state)
{
	(void)state;
	assert_int_equal(resolve("my-disk"), 3);
	assert_string_equal(list.module[2].name, "virtio_blk");
}

static void test_dashes_are_underscores(void **state)
{
	(void)state;
	assert_int_equal(resolve("virtio-ring"), 2);
	assert_string_equal(names(), "virtio virtio_ring");
}

static void test_nothing_twice(void **state)
{
	(void)state;
	assert_int_equal(resolve("virtio:d00000002v00001AF4"), 3);
	assert_int_equal(resolve("virtio:d00000002v00001AF4"), 0);
	assert_int_equal(resolve("virtio:d00000002v00001AF5"), 0);
	assert_int_equal(resolve("virtio_blk"), 0);
	assert_int_equal(resolve("virtio"), 0);
	assert_int_equal(resolve("virtio_net"), 3);
	assert_string_equal(names(),
			    "virtio virtio_ring virtio_blk failover virtio_net afterwards");
}

static void test_softdeps_before_and_behind(void **state)
{
	(void)state;
	assert_int_equal(resolve("virtio_net"), 4);
	assert_string_equal(names(), "virtio failover virtio_net afterwards");
}

/* A softdep by an alias, and one that needs the module itself. */
static void test_softdeps_of_other_kinds(void **state)
{
	(void)state;
	assert_int_equal(resolve("loop_a"), 2);
	assert_string_equal(names(), "loop_a loop_b");
}

/* Three modules answer to crc32c, one of them is for other processors. */
static void test_softdep_of_this_processor(void **state)
{
	(void)state;
	if (!is_there(AT_FDCWD, "/sys/devices/system/cpu/modalias"))
		skip();
	assert_int_equal(resolve("ext4"), 3);
	assert_string_equal(list.module[2].name, "ext4");
	assert_null(strstr(names(), "crc32c_elsewhere"));
	assert_non_null(strstr(names(), "crc32c_here"));
	assert_non_null(strstr(names(), "crc32c_generic"));
	/* What has no alternative is left to the kernel to refuse. */
	assert_int_equal(resolve("wants_one"), 2);
	assert_string_equal(list.module[3].name, "crc32c_elsewhere");
}

static void test_blacklist(void **state)
{
	(void)state;
	assert_int_equal(resolve("virtio:d00000009v00001AF4"), 0);
	assert_string_equal(names(), "");
	assert_int_equal(resolve("virtio_any"), 0);
	assert_string_equal(names(), "");
}

static void test_forbidden(void **state)
{
	(void)state;
	assert_int_equal(resolve("forbidden"), 0);
	assert_int_equal(resolve("for-bidden"), 0);
}

static void test_unknown_and_built_in(void **state)
{
	(void)state;
	assert_int_equal(resolve("built_in"), 0);
	assert_int_equal(resolve("pci:v00008086d00001237"), -ENOENT);
	assert_int_equal(why.err, ENOENT);
	assert_string_equal(why.object, "pci:v00008086d00001237");
	assert_int_equal(resolve("pci:v00008086d00001237"), -ENOENT);
	assert_int_equal(resolve(""), -ENOENT);
	assert_int_equal(resolve("x]"), -ENOENT);
	assert_int_equal(list.n, 0);
}

static void test_missing_dependency_is_named(void **state)
{
	char text[400], path[400];

	(void)state;
	assert_int_equal(resolve("need-it"), -ENOPKG);
	snprintf(path, sizeof(path), "its dependency %s/kernel/lost.ko is missing", dir);
	assert_string_equal(why.cause, path);
	assert_int_equal(resolve("need-it"), -ENOPKG);
	assert_int_equal(resolve("needy"), -ENOPKG);
	assert_non_null(strstr(reason_render(&why, text, sizeof(text)), "dependency"));
	assert_int_equal(list.n, 0);
	assert_int_equal(resolve("virtio"), 1);
}

static void test_no_modules(void **state)
{
	struct modules *none = NULL;
	struct reason r = REASON_INIT;

	(void)state;
	assert_int_equal(modules_open(&none, "/nonexistent", &r), -ENOENT);
	assert_null(none);
	assert_string_equal(r.object, "/nonexistent");
	assert_int_equal(modules_resolve(NULL, &a, "x", &list, &r), -ENOENT);
	modules_close(NULL);
}

static void test_damaged_index(void **state)
{
	struct modules *none = NULL;
	struct reason r = REASON_INIT;
	char bad[320];

	(void)state;
	run("rm -rf bad; cp -r lib/modules/" RELEASE
	    " bad; echo broken index here >bad/modules.dep.bin");
	snprintf(bad, sizeof(bad), "%s/bad", s.path);
	assert_int_equal(modules_open(&none, bad, &r), -EINVAL);
	assert_null(none);
	run("echo x >bad/modules.dep.bin");
	assert_int_equal(modules_open(&none, bad, &r), -EINVAL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dependencies_come_first),
		TEST(test_modalias),
		TEST(test_alias_of_modprobe_d),
		TEST(test_dashes_are_underscores),
		TEST(test_nothing_twice),
		TEST(test_softdeps_before_and_behind),
		TEST(test_softdeps_of_other_kinds),
		TEST(test_softdep_of_this_processor),
		TEST(test_blacklist),
		TEST(test_forbidden),
		TEST(test_unknown_and_built_in),
		TEST(test_missing_dependency_is_named),
		TEST(test_no_modules),
		TEST(test_damaged_index),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
