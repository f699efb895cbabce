/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A whole boot on pretended system calls, below a scratch directory: the devices are files, one a partition. The
 * including file has the source under test in itself already, on fakesys.
 */

#include <elf.h>

#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/moduletree.h"

static struct scratch s;

/* "/" is on a device of its own, and /proc, /sys, /dev, /run, /sysroot on another. */
static const char *const mounts[] = { "/", NULL };

#ifdef __LP64__
typedef Elf64_Ehdr native_header;
typedef Elf64_Phdr native_segment;
#else
typedef Elf32_Ehdr native_header;
typedef Elf32_Phdr native_segment;
#endif

/* The smallest file that can be executed: this machine's ELF header, one segment, no interpreter. */
static void put_init(const char *path)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct {
		native_header header;
		native_segment segment;
	} elf = { 0 };

	assert_int_equal(read(fd, &elf.header, sizeof(elf.header)), sizeof(elf.header));
	close(fd);
	elf.header.e_type = ET_EXEC;
	elf.header.e_phoff = sizeof(elf.header);
	elf.header.e_phnum = 1;
	elf.segment.p_type = PT_LOAD;
	put_bytes(s.fd, path, &elf, sizeof(elf), 0755);
}

static void put_disk(const char *name, const char *label, int minor)
{
	char command[800];
	const char *parent = label ? "vda/" : "", *partn = label ? "PARTN=" : "X=";

	(void)snprintf(
		command, sizeof(command),
		"d=sys/devices/pci/%s%s; mkdir -p $d && echo 16384 >$d/size && echo 0 >$d/ro && "
		"echo 0 >$d/removable && printf 'MAJOR=254\\nMINOR=%d\\n%s%d\\n' >$d/uevent && "
		"ln -s ../../devices/pci/%s%s sys/class/block/%s && truncate -s 8M dev/%s",
		parent, name, minor, partn, minor, parent, name, name, name);
	module_tree_run(&s, command);
	if (!label)
		return;
	(void)snprintf(command, sizeof(command), "mke2fs -q -t ext4 -L %s dev/%s", label, name);
	module_tree_run(&s, command);
}

static int whole_boot_setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	module_tree_run(
		&s,
		"mkdir -p proc sys/bus sys/class/block sys/devices dev etc run/anteroot/mnt/boot "
		"run/anteroot/mnt/data sysroot/sbin sysroot/etc sysroot/dev sysroot/proc "
		"sysroot/sys "
		"sysroot/run");
	put_text(s.fd, "proc/filesystems", "\text4\n", 0644);
	put_text(s.fd, "proc/cmdline", "anteroot.wait=0 panic=3", 0644);
	put_text(s.fd, "run/anteroot/mnt/boot/config.json", "{ \"hostname\": \"press-07\" }", 0644);
	put_init("sysroot/sbin/init");
	fakesys_reset(NULL);
	other_root(s.path);
	intercept.mounts = mounts;
	return 0;
}

static int whole_boot_teardown(void **state)
{
	(void)state;
	intercept_reset();
	fakesys_reset(NULL);
	scratch_remove(&s);
	return 0;
}

static void put_all_disks(void)
{
	put_disk("vda", NULL, 0);
	put_disk("vda1", "resin-boot", 1);
	put_disk("vda2", "resin-rootA", 2);
	put_disk("vda3", "resin-rootB", 3);
}

static void assert_order(const char *const *lines, size_t n)
{
	int at = -1;

	for (size_t i = 0; i < n; i++) {
		int next = fakesys_find(lines[i], (unsigned int)(at + 1));

		if (next < 0)
			fail_msg("no \"%s\" behind call %d of:\n%s", lines[i], at, fakesys_log());
		at = next;
	}
}
