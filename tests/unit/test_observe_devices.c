/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include "init/observe_devices.h"
#include "lib/uevent.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/moduletree.h"

/* The image and the kernel's files: sys/, dev/, lib/modules/, etc/modules-load.d/. */
static struct scratch s;
static struct boot b; /* too large for the stack */

static const struct module_source sources[] = {
	{ "test_disk", "alias=anteroot-test:d1", NULL },
	{ "test_net", "alias=anteroot-test:d2", NULL },
	{ "test_listed", "x=y", NULL },
	{ "test_needy", "alias=anteroot-test:d3", MODULE_NEEDS("test_symbol") },
	{ "test_lost", "x=y", MODULE_EXPORTS("test_symbol") },
};

/* What the socket has: a message, or an errno; then nothing more. */
static struct {
	const char *text;
	size_t len;
	int err;
} queue[8];
static unsigned int n_queued, n_taken;

#define QUEUE(literal) (queue[n_queued].text = (literal), queue[n_queued++].len = sizeof(literal))

/* Of the C library; uevent_drain() is what calls it. */
ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const struct ucred root = { .pid = 0 };
	struct cmsghdr *control = msg->msg_control;

	(void)fd, (void)flags;
	errno = n_taken < n_queued ? queue[n_taken].err : EAGAIN;
	if (n_taken == n_queued || queue[n_taken++].err)
		return -1;
	memcpy(msg->msg_name, &kernel, sizeof(kernel));
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_CREDENTIALS;
	control->cmsg_len = CMSG_LEN(sizeof(root));
	memcpy(CMSG_DATA(control), &root, sizeof(root));
	msg->msg_flags = 0;
	memcpy(msg->msg_iov->iov_base, queue[n_taken - 1].text, queue[n_taken - 1].len);
	return (ssize_t)queue[n_taken - 1].len;
}

static int socket_err; /* of socket(), 0: it works, and is no socket at all */

int socket(int domain, int type, int protocol)
{
	(void)domain, (void)type, (void)protocol;
	errno = socket_err;
	return socket_err ? -1 : open("/dev/null", O_RDWR | O_CLOEXEC);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	(void)fd, (void)level, (void)name, (void)value, (void)len;
	return 0;
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	(void)fd, (void)addr, (void)len;
	return 0;
}

static void put_device(const char *name, const char *modalias)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "sys/bus/test/devices/%s", name);
	put_dir(s.fd, path);
	(void)snprintf(path, sizeof(path), "sys/bus/test/devices/%s/modalias", name);
	put_text(s.fd, path, modalias, 0644);
}

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	(void)module_tree_make(&s, sources, ARRAY_SIZE(sources));
	module_tree_run(&s, "mkdir -p sys/bus/test/devices sys/class/block sys/devices dev proc "
			    "etc/modules-load.d");
	put_device("one", "anteroot-test:d1\n");
	put_device("none", "anteroot-test:unknown\n");
	put_text(s.fd, "etc/modules-load.d/a.conf", "test_listed\ntest_absent\n", 0644);
	fakesys_reset(NULL);
	boot_init(&b, &fakesys);
	memset(queue, 0, sizeof(queue));
	n_queued = n_taken = 0;
	socket_err = 0;
	other_root(s.path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	intercept_reset();
	boot_close(&b);
	scratch_remove(&s);
	return 0;
}

/* Names in order, each with a blank behind it. */
static const char *modules(void)
{
	const char *text = "";

	for (size_t i = 0; i < b.facts.modules.n; i++)
		text = arena_printf(&b.arena, "%s%s ", text, b.facts.modules.module[i].name);
	b.facts.modules.n = 0;
	return text;
}

static bool warned(const char *text)
{
	for (size_t i = 0; i < b.report.n_warnings; i++)
		if (strstr(b.report.warning[i].text, text))
			return true;
	return false;
}

static void test_first_look(void **state)
{
	(void)state;
	assert_int_equal(observe_devices(&b), 0);
	assert_true(b.devices_seen);
	assert_true(b.uevent_fd >= 0);
	assert_false(b.uevent_lost);
	assert_non_null(b.modules);
	assert_string_equal(modules(), "test_listed test_disk ");
	assert_int_equal(b.facts.n_missing, 1);
	assert_string_equal(b.facts.missing[0], "test_absent");
	assert_int_equal(b.report.n_warnings, 1);
	assert_true(warned("unable to find a module for test_absent: "));
	assert_true(warned("the image lists it"));
}

/* A controller without a driver is remembered: when no disk comes up, it is why. */
static void test_controller_without_a_module(void **state)
{
	(void)state;
	put_device("controller", "virtio:d00000002v00001AF4");
	assert_int_equal(observe_devices(&b), 0);
	assert_int_equal(b.facts.n_unserved, 1);
	assert_string_equal(b.facts.unserved[0], "virtio:d00000002v00001AF4");
}

/* From then on the socket tells; sysfs is not read again. */
static void test_events(void **state)
{
	(void)state;
	assert_int_equal(observe_devices(&b), 0);
	(void)modules();
	put_device("unheard", "anteroot-test:d2");
	assert_int_equal(observe_devices(&b), 0);
	assert_string_equal(modules(), "");
	QUEUE("remove@/devices/x\0ACTION=remove\0MODALIAS=anteroot-test:d2");
	QUEUE("add@/devices/x\0ACTION=add\0SUBSYSTEM=test");
	assert_int_equal(observe_devices(&b), 0);
	assert_string_equal(modules(), "");
	QUEUE("add@/devices/x\0ACTION=add\0MODALIAS=anteroot-test:d2");
	assert_int_equal(observe_devices(&b), 0);
	assert_string_equal(modules(), "test_net ");
}

/* When the kernel dropped messages, or the socket broke, sysfs has them all. */
static void test_lost_events_are_made_good(void **state)
{
	static const int errs[] = { ENOBUFS, EIO };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errs); i++) {
		assert_int_equal(observe_devices(&b), 0);
		(void)modules();
		put_device("two", "anteroot-test:d2");
		queue[n_queued++].err = errs[i];
		assert_int_equal(observe_devices(&b), 0);
		assert_string_equal(modules(), "test_net ");
		(void)teardown(NULL);
		(void)setup(NULL);
	}
}

static void test_no_socket(void **state)
{
	(void)state;
	socket_err = EPROTONOSUPPORT;
	assert_int_equal(observe_devices(&b), 0);
	assert_true(b.uevent_lost);
	assert_true(b.uevent_fd < 0);
	assert_true(warned("unable to open the kernel's uevent socket: "));
	assert_true(warned("; looking for devices in steps instead"));
	assert_string_equal(modules(), "test_listed test_disk ");
	put_device("two", "anteroot-test:d2");
	assert_int_equal(observe_devices(&b), 0);
	assert_string_equal(modules(), "test_net ");
}

/* What the kernel has already, from a boot loader's initramfs or another init, is not loaded again. */
static void test_loaded_already(void **state)
{
	(void)state;
	put_text(s.fd, "proc/modules", "test_disk 16384 1 - Live 0x0\n\nother 1 0 - Live 0x0\n",
		 0644);
	assert_int_equal(observe_devices(&b), 0);
	assert_string_equal(modules(), "test_listed ");
}

/* A driver without what it needs: the device stays away, and a failed boot has to say why. */
static void test_missing_dependency(void **state)
{
	(void)state;
	module_tree_run(
		&s,
		"rm lib/modules/*/kernel/test_lost.ko; echo test_needy >etc/modules-load.d/a.conf");
	put_device("needy", "anteroot-test:d3");
	assert_int_equal(observe_devices(&b), 0);
	assert_string_equal(modules(), "test_disk ");
	assert_true(warned("test_lost.ko"));
	assert_true(b.facts.n_missing >= 1);
	assert_true(strstr(b.facts.missing[0], "test_needy") || strstr(b.facts.missing[0], "d3"));
}

/* A monolithic kernel: no word about it. */
static void test_no_modules_at_all(void **state)
{
	(void)state;
	module_tree_run(&s, "rm -r lib etc");
	assert_int_equal(observe_devices(&b), 0);
	assert_string_equal(modules(), "");
	assert_int_equal(b.report.n_warnings, 0);
}

static void test_damaged_index(void **state)
{
	(void)state;
	module_tree_run(&s,
			"for f in lib/modules/*/modules.dep.bin; do echo x >$f; done; rm -r etc");
	assert_int_equal(observe_devices(&b), 0);
	assert_null(b.modules);
	assert_true(warned("; going on with what the kernel has built in"));
	assert_string_equal(modules(), "");
}

static void test_no_sysfs(void **state)
{
	(void)state;
	fail_open("/sys", 1, ENOENT);
	assert_int_equal(observe_devices(&b), 0);
	assert_string_equal(modules(), "test_listed ");
}

static void test_no_list(void **state)
{
	(void)state;
	fail_open("/", 1, EMFILE);
	assert_int_equal(observe_devices(&b), 0);
	assert_string_equal(modules(), "test_disk ");
}

static void test_no_memory_at_first_look(void **state)
{
	(void)state;
	memory_runs_out(&b.arena, 0, NO_BLOCKS);
	assert_int_equal(observe_devices(&b), -ENOMEM); /* for what is listed */
	memory_is_back();
	(void)teardown(NULL);
	(void)setup(NULL);
	module_tree_run(&s, "rm -r etc");
	memory_runs_out(&b.arena, 0, NO_BLOCKS);
	assert_int_equal(observe_devices(&b), -ENOMEM); /* for what devices ask for */
}

static void test_no_memory_for_an_event(void **state)
{
	(void)state;
	assert_int_equal(observe_devices(&b), 0);
	b.facts.modules.n = b.facts.modules.capacity; /* its list is full */
	QUEUE("add@/devices/x\0ACTION=add\0MODALIAS=anteroot-test:d2");
	memory_runs_out(&b.arena, 0, NO_BLOCKS);
	assert_int_equal(observe_devices(&b), -ENOMEM);
}

/* A disk that is a file of a file system, and none of our images has partitions. */
static void put_disk(const char *name, const char *uevent)
{
	char command[500];

	(void)snprintf(command, sizeof(command),
		       "mkdir -p sys/devices/pci/%s && cd sys/devices/pci/%s && echo 16384 >size "
		       "&& echo 0 >ro && "
		       "echo 0 >removable && printf '%s' >uevent && cd - && "
		       "ln -s ../../devices/pci/%s sys/class/block/%s && "
		       "truncate -s 8M dev/%s && mke2fs -q -t ext4 -L label-%s dev/%s",
		       name, name, uevent, name, name, name, name, name);
	module_tree_run(&s, command);
}

static void test_disks(void **state)
{
	const char *label;

	(void)state;
	put_disk("vdb", "MAJOR=254\\nMINOR=16\\n");
	put_disk("vda", "MAJOR=254\\nMINOR=0\\n");
	observe_disks(&b);
	assert_int_equal(b.facts.devs.n, 2);
	assert_string_equal(b.facts.devs.dev[0].name, "vda");
	assert_string_equal(b.facts.devs.dev[0].label, "label-vda");
	assert_string_equal(b.facts.devs.dev[1].label, "label-vdb");
	/* What is known is not probed again: the disk is not even opened. */
	label = b.facts.devs.dev[0].label;
	module_tree_run(&s, "rm dev/vda dev/vdb");
	put_disk("vdc", "MAJOR=254\\nMINOR=32\\n");
	/* Nothing is looked at before an event tells of it. */
	observe_disks(&b);
	assert_int_equal(b.facts.devs.n, 2);
	b.devices_seen = true;
	b.uevent_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	QUEUE("add@/devices/pci/vdc\0ACTION=add\0DEVPATH=/devices/pci/vdc\0SUBSYSTEM=block");
	assert_int_equal(observe_devices(&b), 0);
	observe_disks(&b);
	assert_int_equal(b.facts.devs.n, 3);
	assert_ptr_equal(b.facts.devs.dev[0].label, label);
	assert_true(b.facts.devs.dev[1].probed);
	assert_string_equal(b.facts.devs.dev[2].label, "label-vdc");
	assert_int_equal(b.report.n_warnings, 0);
}

/* A disk whose node is late is asked again without an event, and one without a socket always. */
static void test_disks_without_an_event(void **state)
{
	(void)state;
	put_disk("vda", "MAJOR=254\\nMINOR=0\\n");
	module_tree_run(&s, "mv dev/vda vda");
	observe_disks(&b);
	assert_int_equal(b.facts.devs.n, 1);
	assert_false(b.facts.devs.dev[0].probed);
	module_tree_run(&s, "mv vda dev/vda");
	observe_disks(&b);
	assert_true(b.facts.devs.dev[0].probed);
	put_disk("vdb", "MAJOR=254\\nMINOR=16\\n");
	observe_disks(&b);
	assert_int_equal(b.facts.devs.n, 1);
	b.uevent_lost = true;
	observe_disks(&b);
	assert_int_equal(b.facts.devs.n, 2);
}

static void test_no_disks_to_see(void **state)
{
	int fds = fakesys_open_fds();

	(void)state;
	fail_open("/sys", 1, ENOENT);
	observe_disks(&b);
	fail_open("/dev", 1, ENOENT);
	observe_disks(&b);
	assert_int_equal(b.report.n_warnings, 0);
	module_tree_run(&s, "rmdir sys/class/block");
	observe_disks(&b);
	assert_int_equal(b.facts.devs.n, 0);
	assert_true(warned("unable to open /sys/class/block: "));
	assert_int_equal(fakesys_open_fds(), fds);
}

/* /run comes up by our own mount. */
static int mount_seen(const char *source, const char *target, const char *type, unsigned long flags,
		      const char *data)
{
	static const char *const all[] = { "/proc", "/sys", "/dev", "/run", NULL };

	intercept.mounts = all;
	return fakesys.mount(source, target, type, flags, data);
}

/* What devices ask for in a round that only mounts an API file system was forgotten by the next one.
 * Another init has mounted /proc, /sys and /dev, and not /run. */
static void test_modules_lost_while_run_is_not_mounted(void **state)
{
	static const char *const three[] = { "/proc", "/sys", "/dev", NULL };
	struct sys sys = fakesys;

	(void)state;
	sys.mount = mount_seen;
	boot_close(&b);
	fakesys_reset(NULL);
	boot_init(&b, &sys);
	put_dir(s.fd, "run");
	put_text(s.fd, "proc/cmdline", "\n", 0644);
	other_root(s.path);
	intercept.mounts = three;
	assert_int_equal(boot_stage(&b, STAGE_EARLY), 0);
	assert_int_equal(fakesys_count("mount tmpfs /run"), 1);
	intercept_reset();
	assert_int_equal(fakesys_count("module_insert "), 2); /* the device's, and the listed one */
}

/* The firmware is asked once, or as often as it takes until the plan has mounted efivarfs. */
static void test_loader(void **state)
{
	static const unsigned char variable[] =
		"\x06\0\0\0"
		"A\0A\0A\0A\0A\0A\0A\0A\0-\0"
		"0\0000\0000\0000\0-\0004\0000\0000\0000\0-\0"
		"8\0000\0000\0000\0-\0"
		"0\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000\0001\0";

	(void)state;
	observe_loader(&b);
	assert_true(b.loader_read); /* no EFI */
	b.loader_read = false;
	put_dir(s.fd, "sys/firmware");
	put_dir(s.fd, "sys/firmware/efi");
	put_dir(s.fd, "sys/firmware/efi/efivars");
	observe_loader(&b);
	assert_true(b.facts.loader_hidden);
	assert_false(b.loader_read);
	b.facts.loader_tried = true;
	put_bytes(s.fd,
		  "sys/firmware/efi/efivars/"
		  "LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
		  variable, sizeof(variable) - 1, 0644);
	observe_loader(&b);
	assert_false(b.facts.loader_hidden);
	assert_string_equal(b.facts.loader_partuuid, "AAAAAAAA-0000-4000-8000-000000000001");
	b.facts.loader_partuuid = NULL;
	observe_loader(&b);
	assert_null(b.facts.loader_partuuid); /* not twice */
	/* Tried in vain: nobody asks again. */
	b.loader_read = false;
	assert_int_equal(unlinkat(s.fd,
				  "sys/firmware/efi/efivars/"
				  "LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
				  0),
			 0);
	observe_loader(&b);
	assert_true(b.loader_read);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_first_look),
		TEST(test_controller_without_a_module),
		TEST(test_events),
		TEST(test_lost_events_are_made_good),
		TEST(test_no_socket),
		TEST(test_loaded_already),
		TEST(test_missing_dependency),
		TEST(test_no_modules_at_all),
		TEST(test_damaged_index),
		TEST(test_no_sysfs),
		TEST(test_no_list),
		TEST(test_no_memory_at_first_look),
		TEST(test_no_memory_for_an_event),
		TEST(test_disks),
		TEST(test_disks_without_an_event),
		TEST(test_no_disks_to_see),
		TEST(test_loader),
		TEST(test_modules_lost_while_run_is_not_mounted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
