/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "init/running.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/scratch.h"

/*
 * A running system of files: sys/, dev/ (images of disks and partitions), run/, mountinfo. vda is the boot disk
 * (254:0, partitions 254:1…), vdb its copy to the last bit (254:16…), vdc a disk of nobody.
 */

static struct scratch s;
static struct arena a = ARENA_INIT;
static struct running_paths paths;
static struct running r;

static void run(const char *command)
{
	char line[4096];

	snprintf(line, sizeof(line), "cd %s && PATH=$PATH:/usr/sbin:/sbin && { %s\n} >log 2>&1",
		 s.path, command);
	if (system(line) != 0)
		fail_msg("%s: %s", command, get_text(s.fd, "log"));
}

#define PARTUUID "AAAAAAAA-0000-4000-8000-00000000000"

static void put_device(const char *dir, const char *name, int minor, int part)
{
	char command[1024], partn[32] = "";

	if (part)
		snprintf(partn, sizeof(partn), "PARTN=%d\\n", part);
	snprintf(command, sizeof(command),
		 "mkdir -p sys/devices/%s && cd sys/devices/%s && echo 131072 >size && echo 0 >ro "
		 "&& "
		 "printf 'MAJOR=254\\nMINOR=%d\\n%s' >uevent && "
		 "ln -s ../../devices/%s %s/sys/class/block/%s",
		 dir, dir, minor, partn, dir, s.path, name);
	run(command);
}

static void put_disk(const char *disk, int minor)
{
	char dir[128], name[32];

	snprintf(dir, sizeof(dir), "virtual/%s", disk);
	put_device(dir, disk, minor, 0);
	for (int i = 1; i <= 4; i++) {
		snprintf(name, sizeof(name), "%s%d", disk, i);
		snprintf(dir, sizeof(dir), "virtual/%s/%s", disk, name);
		put_device(dir, name, minor + i, i);
	}
}

static int setup(void **state)
{
	static char text[5][300];

	(void)state;
	scratch_make(&s, NULL);
	run("mkdir -p sys/class/block sys/devices dev run");
	put_disk("vda", 0);
	put_disk("vdb", 16);
	put_device("virtual/vdc", "vdc", 32, 0);
	run("truncate -s 64M dev/vda dev/vdc && sfdisk dev/vda <<END\n"
	    "label: gpt\nsize=8M, name=one, uuid=" PARTUUID "1\n"
	    "size=8M, name=two, uuid=" PARTUUID "2\nsize=8M, name=three, uuid=" PARTUUID "3\n"
	    "size=8M, name=four, uuid=" PARTUUID "4\nEND");
	run("i=1; for label in resin-rootA resin-rootB resin-data; do i=$((i+1))\n"
	    "truncate -s 8M dev/vda$i && mke2fs -q -t ext4 -L $label dev/vda$i\ndone\n"
	    "truncate -s 8M dev/vda1 && mkfs.vfat -n RESIN-BOOT dev/vda1\n"
	    "for i in '' 1 2 3 4; do cp dev/vda$i dev/vdb$i; done");
	for (int i = 0; i < 5; i++)
		snprintf(text[i], sizeof(text[i]), "%s/%s", s.path,
			 ((const char *[]){ "sys", "dev", "mountinfo", "run", "layout.json" })[i]);
	paths = (struct running_paths){ text[0], text[1], text[2], text[3], text[4] };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	scratch_remove(&s);
	return 0;
}

static void find(const char *mountinfo)
{
	struct reason why = REASON_INIT;
	char message[512];
	int before = fakesys_open_fds();

	put_text(s.fd, "mountinfo", mountinfo, 0644);
	if (running_find(&a, &paths, &r, &why) != 0)
		fail_msg("%s", reason_render(&why, message, sizeof(message)));
	assert_int_equal(fakesys_open_fds(), before);
}

static void assert_root(const char *name, const char *slot, enum running_proof proof)
{
	assert_string_equal(r.root ? r.root->name : "none", name);
	assert_string_equal(r.root_slot ? r.root_slot : "none", slot);
	assert_int_equal(r.proof, proof);
}

static void assert_disk(const char *name)
{
	assert_string_equal(r.disk ? r.disk : "none", name);
}

#define PROC	"22 28 0:20 / /proc rw - proc proc rw\n"
#define OVERLAY "28 1 0:25 / / rw,relatime - overlay overlay rw\n"
#define ROOT_A	"28 1 254:2 / / ro,relatime shared:1 - ext4 /dev/vda2 ro\n"

static void test_root_is_a_slot(void **state)
{
	enum part_role role;

	(void)state;
	find(PROC ROOT_A "30 28 254:4 / /mnt/data rw - ext4 /dev/vda4 rw\n");
	assert_root("vda2", "A", RUNNING_MOUNTED);
	assert_disk("vda");
	assert_string_equal(r.mount_point, "/");
	assert_string_equal(r.slot[0]->name, "vda2");
	assert_string_equal(r.slot[1]->name, "vda3");
	assert_true(running_role_of(&r, r.slot[1], &role));
	assert_int_equal(role, PART_ROOT_B);
	assert_true(running_role_of(&r, blockdev_by_name(&r.devs, "vda1"), &role));
	assert_int_equal(role, PART_BOOT);
	/* The copy was not even looked at. */
	assert_false(blockdev_by_name(&r.devs, "vdb2")->probed);
	assert_false(running_role_of(&r, blockdev_by_name(&r.devs, "vdb2"), &role));
	assert_false(running_role_of(&r, blockdev_by_name(&r.devs, "vda"), &role));
}

/* The clone is the one that was booted. */
static void test_copy_runs(void **state)
{
	(void)state;
	find("28 1 254:19 / / ro - ext4 /dev/root ro\n");
	assert_root("vdb3", "B", RUNNING_MOUNTED);
	assert_disk("vdb");
	assert_string_equal(r.slot[0]->name, "vdb2");
}

static void test_later_mount_hides(void **state)
{
	(void)state;
	find("1 1 254:2 / / ro - ext4 /dev/vda2 ro\n28 1 254:3 / / ro - ext4 /dev/vda3 ro\n");
	assert_root("vda3", "B", RUNNING_MOUNTED);
	find(ROOT_A OVERLAY);
	assert_root("none", "none", RUNNING_UNKNOWN);
	assert_disk("none");
}

static void test_device_by_source(void **state)
{
	(void)state;
	find("28 1 0:31 /@ / rw - btrfs /dev/vda3 rw,subvol=/@\n");
	assert_root("vda3", "B", RUNNING_MOUNTED);
	find("28 1 0:31 /@ / rw - btrfs none rw\n");
	assert_root("none", "none", RUNNING_UNKNOWN);
}

static void put_state(const char *root, const char *disk)
{
	char text[512];

	snprintf(text, sizeof(text), "{\"slot\": \"B\", \"boot_disk\": \"%s\", \"root\": {%s}}",
		 disk, root);
	put_text(s.fd, "run/state.json", text, 0644);
}

static void test_recorded(void **state)
{
	(void)state;
	put_state("\"device\": \"/dev/vda3\", \"partuuid\": "
		  "\"aaaaaaaa-0000-4000-8000-000000000003\", "
		  "\"uuid\": \"another since\"",
		  "vda");
	find(OVERLAY PROC);
	assert_root("vda3", "B", RUNNING_RECORDED);
	assert_disk("vda");
	assert_null(r.mount_point);
	/* What is mounted counts more. */
	find(ROOT_A);
	assert_root("vda2", "A", RUNNING_MOUNTED);
	/* An empty PARTUUID, or a part of one, is not the device's; the disk is known all the same. */
	put_state("\"device\": \"/dev/vda3\", \"partuuid\": \"\"", "vda");
	find(OVERLAY);
	assert_root("none", "none", RUNNING_UNKNOWN);
	assert_disk("vda");
	put_state("\"device\": \"/dev/vda3\", \"partuuid\": \"aaaaaaaa-0000\"", "vdc");
	find(OVERLAY);
	assert_root("none", "none", RUNNING_UNKNOWN);
	assert_disk("none");
	put_state("\"device\": \"/dev/vda3\", \"uuid\": null", "vda2");
	find(OVERLAY);
	assert_root("none", "none", RUNNING_UNKNOWN);
	put_text(s.fd, "run/state.json", "{", 0644);
	find(OVERLAY);
	assert_disk("none");
}

static void test_other_places(void **state)
{
	(void)state;
	find("1 1 0:2 / / rw - rootfs rootfs rw\n40 1 254:3 / /sysroot ro - ext4 /dev/vda3 ro\n");
	assert_root("vda3", "B", RUNNING_MOUNTED);
	assert_string_equal(r.mount_point, "/sysroot");
	find(OVERLAY "40 1 254:2 / /mnt/sysroot/active ro - ext4 /dev/vda2 ro\n"
		     "41 1 254:3 / /mnt/sysroot/inactive ro - ext4 /dev/vda3 ro\n");
	assert_root("vda2", "A", RUNNING_MOUNTED);
	assert_string_equal(r.mount_point, "/mnt/sysroot/active");
	/* A container's root is a directory of the data partition. */
	find("28 1 254:4 /docker/x / rw - ext4 /dev/vda4 rw\n");
	assert_root("none", "none", RUNNING_UNKNOWN);
	assert_disk("vda");
}

static void test_root_outside(void **state)
{
	(void)state;
	run("mke2fs -q -t ext4 -L somebody dev/vdc");
	find("28 1 254:32 / / rw - ext4 /dev/vdc rw\n");
	assert_root("vdc", "none", RUNNING_MOUNTED);
	assert_disk("none");
	put_state("\"device\": \"/dev/vdc\"", "vda");
	find("28 1 254:32 / / rw - ext4 /dev/vdc rw\n");
	assert_root("vdc", "none", RUNNING_MOUNTED);
	assert_disk("vda");
	assert_string_equal(r.slot[0]->name, "vda2");
}

static void test_label_twice(void **state)
{
	(void)state;
	run("e2label dev/vda4 resin-rootA");
	find(ROOT_A);
	assert_root("vda2", "none", RUNNING_MOUNTED);
	assert_disk("vda");
	assert_null(r.slot[0]);
	assert_string_equal(r.slot[1]->name, "vda3");
}

static void test_layout(void **state)
{
	(void)state;
	put_text(s.fd, "layout.json",
		 "{\"partitions\": {\"rootB\": {\"partlabels\": [\"four\"]},"
		 " \"data\": {\"labels\": [\"resin-rootB\"]}}}",
		 0644);
	find(ROOT_A);
	assert_null(r.layout_problem);
	assert_string_equal(r.slot[1]->name, "vda4");
	/* The boot's own copy comes first, and a mistake in it leaves the default. */
	put_text(s.fd, "run/anteroot.json",
		 "{\"partitions\": {\"rootB\": {\"partuuid\": "
		 "\"aaaaaaaa-0000-4000-8000-000000000001\"}}}",
		 0644);
	find(ROOT_A);
	assert_string_equal(r.slot[1]->name, "vda1");
	put_text(s.fd, "run/anteroot.json", "{\"partitions\": 1}", 0644);
	find(ROOT_A);
	assert_non_null(strstr(r.layout_problem, "expected an object"));
	assert_string_equal(r.slot[1]->name, "vda3");
}

static void test_nothing_to_read(void **state)
{
	struct reason why = REASON_INIT;

	(void)state;
	assert_int_equal(running_find(&a, &paths, &r, &why), -ENOENT);
	assert_string_equal(why.object, paths.mountinfo);
	paths.sys = "/nonexistent";
	assert_int_equal(running_find(&a, &paths, &r, NULL), -ENOENT);
	paths.dev = "/nonexistent";
	assert_int_equal(running_find(&a, &paths, &r, NULL), -ENOENT);
	assert_null(r.disk);
}

static void test_odd_mounts(void **state)
{
	(void)state;
	find("\nx\n - \n1 2 3 4 5\n28 1 254:2 / / ro\n28 1 a:b / / ro - ext4 /dev/vda2\n"
	     "28 1 254:99 / / ro - \n28 1 254:2 / - ext4 /dev/vda2 rw\n");
	assert_root("none", "none", RUNNING_UNKNOWN);
	assert_string_equal(running_proof_name(RUNNING_UNKNOWN), "unknown");
	assert_string_equal(running_proof_name(RUNNING_MOUNTED), "mounted");
	assert_string_equal(running_proof_name(RUNNING_RECORDED), "recorded");
}

static void test_no_memory(void **state)
{
	(void)state;
	put_text(s.fd, "mountinfo", OVERLAY, 0644);
	put_state("\"device\": \"/dev/vda3\", \"partuuid\": \"" PARTUUID "3\"", "vda");
	for (unsigned int units = 0; units < ARENA_UNITS; units += 7) {
		int err;

		memory_runs_out(&a, units, NO_BLOCKS);
		err = running_find(&a, &paths, &r, NULL);
		memory_is_back();
		arena_free(&a);
		if (err == 0)
			return;
		assert_int_equal(err, -ENOMEM);
	}
	fail_msg("never enough memory");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_root_is_a_slot),   TEST(test_copy_runs),   TEST(test_later_mount_hides),
		TEST(test_device_by_source), TEST(test_recorded),    TEST(test_other_places),
		TEST(test_root_outside),     TEST(test_label_twice), TEST(test_layout),
		TEST(test_nothing_to_read),  TEST(test_odd_mounts),  TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
