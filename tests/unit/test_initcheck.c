/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <link.h>

#include "lib/initcheck.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

typedef ElfW(Ehdr) header;
typedef ElfW(Phdr) segment;

/* A small ELF file: header, a segment to load, one that names the interpreter, and that name. */
struct program {
	header h;
	segment load, interp;
	char name[64];
};

static struct program base_program; /* of this machine: its header is this very test's */

static int read_own_header(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct program *p = &base_program;

	(void)state;
	assert_int_equal(read(fd, &p->h, sizeof(p->h)), sizeof(p->h));
	close(fd);
	p->h.e_phoff = offsetof(struct program, load);
	p->h.e_phnum = 2;
	p->load = (segment){ .p_type = PT_LOAD, .p_filesz = sizeof(*p), .p_memsz = sizeof(*p) };
	p->interp = (segment){ .p_type = PT_INTERP, .p_offset = offsetof(struct program, name) };
	strcpy(p->name, "/lib/ld.so");
	p->interp.p_filesz = strlen(p->name) + 1;
	return 0;
}

static int setup(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));
	struct program ld = base_program;

	scratch_make(s, NULL);
	put_dir(s->fd, "usr");
	put_dir(s->fd, "usr/lib");
	put_dir(s->fd, "usr/sbin");
	put_dir(s->fd, "etc");
	put_link(s->fd, "lib", "usr/lib");
	put_link(s->fd, "sbin", "usr/sbin");
	put_link(s->fd, "usr/sbin/init", "/lib/systemd");
	put_bytes(s->fd, "usr/lib/systemd", &base_program, sizeof(base_program), 0755);
	ld.h.e_phnum = 1;
	put_bytes(s->fd, "usr/lib/ld.so", &ld, sizeof(ld), 0755);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	scratch_remove(*state);
	free(*state);
	return 0;
}

/* Checks /sbin/init or another; on failure what the reason is about and part of its cause. */
static void expect(const struct scratch *s, const char *path, int err, const char *object,
		   const char *cause)
{
	struct reason r = REASON_INIT;
	char text[400];
	int got = initcheck(s->fd, path, &r);

	reason_render(&r, text, sizeof(text));
	if (got != -err)
		fail_msg("%s: %d, not %d: %s", path, got, -err, text);
	assert_int_equal(r.err, err);
	if (err == 0)
		return;
	assert_string_equal(r.object, object);
	if (!strstr(text, cause))
		fail_msg("%s: %s, not %s", path, text, cause);
	assert_int_equal(initcheck(s->fd, path, NULL), -err);
}

static void test_init_through_links(void **state)
{
	int before = fakesys_open_fds();

	expect(*state, "/sbin/init", 0, NULL, NULL);
	expect(*state, "/lib/systemd", 0, NULL, NULL);
	expect(*state, "/lib/ld.so", 0, NULL, NULL); /* static: no interpreter */
	assert_int_equal(fakesys_open_fds(), before);
}

/* The real thing: this test, in the machine's own root. */
static void test_own_program(void **state)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	_cleanup_close_ int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct reason r = REASON_INIT;

	(void)state;
	assert_true(n > 0);
	path[n] = '\0';
	if (initcheck(root, path, &r) != 0)
		fail_msg("%s: %s", r.object, r.cause);
	assert_int_equal(initcheck(root, "/bin/sh", &r), 0);
}

static void test_missing(void **state)
{
	const struct scratch *s = *state;

	expect(s, "/sbin/none", ENOENT, "/sbin/none", "No such file");
	expect(s, "/none/init", ENOENT, "/none/init", "No such file");
	put_link(s->fd, "etc/dangling", "/bin/none");
	expect(s, "/etc/dangling", ENOENT, "/etc/dangling", "No such file");
	put_link(s->fd, "etc/loop", "loop");
	expect(s, "/etc/loop", ELOOP, "/etc/loop", "symbolic links");
	expect(s, "", ENOENT, "", "No such file");
	/* /bin/sh is in the machine's root, not in this one. */
	put_link(s->fd, "etc/out", "../../../../../../../../../bin/sh");
	expect(s, "/etc/out", ENOENT, "/etc/out", "No such file");
}

static void test_not_executable(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(fchmodat(s->fd, "usr/lib/systemd", 0644, 0), 0);
	expect(s, "/sbin/init", EACCES, "/sbin/init", "no execute permission");
	assert_int_equal(fchmodat(s->fd, "usr/lib/systemd", 0744, 0), 0);
	expect(s, "/sbin/init", 0, NULL, NULL);
	assert_int_equal(fchmodat(s->fd, "usr/lib/systemd", 0645, 0), 0);
	expect(s, "/sbin/init", 0, NULL, NULL); /* any x bit is enough for root */
	expect(s, "/etc", EACCES, "/etc", "not a regular file");
	assert_int_equal(mkfifoat(s->fd, "etc/fifo", 0755), 0);
	expect(s, "/etc/fifo", EACCES, "/etc/fifo", "not a regular file");
	put_text(s->fd, "etc/empty", "", 0755);
	expect(s, "/etc/empty", ENOEXEC, "/etc/empty", "empty");
	put_text(s->fd, "etc/text", "hello\n", 0755);
	expect(s, "/etc/text", ENOEXEC, "/etc/text", "neither");
	put_text(s->fd, "etc/one", "#", 0755);
	expect(s, "/etc/one", ENOEXEC, "/etc/one", "neither");
}

static void test_interpreter(void **state)
{
	const struct scratch *s = *state;
	struct program p = base_program;

	assert_int_equal(fchmodat(s->fd, "usr/lib/ld.so", 0644, 0), 0);
	expect(s, "/sbin/init", EACCES, "/lib/ld.so", "no execute permission");
	put_text(s->fd, "usr/lib/ld.so", "#!/bin/sh\n", 0755);
	expect(s, "/sbin/init", ELIBBAD, "/lib/ld.so", "not an ELF file");
	p.h.e_machine ^= 1;
	put_bytes(s->fd, "usr/lib/ld.so", &p, sizeof(p), 0755);
	expect(s, "/sbin/init", ELIBBAD, "/lib/ld.so", "another architecture");
	assert_int_equal(unlinkat(s->fd, "usr/lib/ld.so", 0), 0);
	expect(s, "/sbin/init", ENOENT, "/sbin/init", "its interpreter /lib/ld.so is missing");
	put_dir(s->fd, "usr/lib/ld.so");
	expect(s, "/sbin/init", EACCES, "/lib/ld.so", "not a regular file");
}

/* One thing wrong with the ELF file at a time. */
static void expect_bad(const struct scratch *s, const struct program *p, const char *cause)
{
	put_bytes(s->fd, "usr/lib/systemd", p, sizeof(*p), 0755);
	expect(s, "/sbin/init", ENOEXEC, "/sbin/init", cause);
}

static void test_elf_header(void **state)
{
	const struct scratch *s = *state;
	struct program p;

	p = base_program, p.h.e_ident[EI_CLASS] ^= ELFCLASS32 | ELFCLASS64;
	expect_bad(s, &p, "-bit program");
	p = base_program, p.h.e_ident[EI_DATA] ^= ELFDATA2LSB | ELFDATA2MSB;
	expect_bad(s, &p, "byte order");
	p = base_program, p.h.e_machine = EM_NONE;
	expect_bad(s, &p, "another architecture");
	p = base_program, p.h.e_type = ET_REL;
	expect_bad(s, &p, "not a program");
	p = base_program, p.h.e_type = ET_CORE;
	expect_bad(s, &p, "not a program");
	p = base_program, p.h.e_phnum = 0;
	expect_bad(s, &p, "damaged");
	p = base_program, p.h.e_phnum = 0xffff;
	expect_bad(s, &p, "damaged");
	p = base_program, p.h.e_phentsize--;
	expect_bad(s, &p, "damaged");
	p = base_program, p.h.e_phoff = sizeof(p) - 10;
	expect_bad(s, &p, "cut short");
	p = base_program, p.h.e_phoff = (ElfW(Off)) - 1;
	expect_bad(s, &p, "cut short");
	p = base_program, p.load.p_type = PT_NOTE;
	expect_bad(s, &p, "nothing in it to load");
	p = base_program, p.h.e_ident[1] = 'X';
	expect_bad(s, &p, "neither");
}

static void test_elf_segments(void **state)
{
	const struct scratch *s = *state;
	struct program p;

	p = base_program, p.load.p_filesz++;
	expect_bad(s, &p, "cut short");
	p = base_program, p.load.p_offset = (ElfW(Off)) - 1;
	expect_bad(s, &p, "cut short");
	p = base_program, p.load.p_filesz = (ElfW(Off)) - 1;
	expect_bad(s, &p, "cut short");
	p = base_program, p.interp.p_filesz = 1;
	expect_bad(s, &p, "damaged interpreter");
	p = base_program, p.interp.p_filesz = 0;
	expect_bad(s, &p, "damaged interpreter");
	p = base_program, p.interp.p_filesz--;
	expect_bad(s, &p, "damaged interpreter");
	p = base_program, p.interp.p_filesz = PATH_MAX + 1;
	expect_bad(s, &p, "cut short");
	p = base_program, p.interp.p_offset = (ElfW(Off)) - 1;
	expect_bad(s, &p, "cut short");
}

/* An interpreter name as long as the kernel takes, and one longer, in a file long enough. */
static void test_long_interpreter(void **state)
{
	const struct scratch *s = *state;
	struct program p = base_program;
	char file[3 * PATH_MAX] = "";

	p.load.p_filesz = sizeof(file);
	p.interp.p_offset = sizeof(p);
	p.interp.p_filesz = PATH_MAX;
	memset(file + sizeof(p), '/', PATH_MAX - 1);
	memcpy(file + sizeof(p) + PATH_MAX - 11, "/lib/ld.so", 11);
	memcpy(file, &p, sizeof(p));
	put_bytes(s->fd, "usr/lib/systemd", file, sizeof(file), 0755);
	expect(s, "/sbin/init", 0, NULL, NULL);
	p.interp.p_filesz++;
	memcpy(file, &p, sizeof(p));
	put_bytes(s->fd, "usr/lib/systemd", file, sizeof(file), 0755);
	expect(s, "/sbin/init", ENOEXEC, "/sbin/init", "damaged interpreter");
}

/* A torn update: cut anywhere, it is refused. */
static void test_every_prefix(void **state)
{
	const struct scratch *s = *state;

	for (size_t len = 0; len < sizeof(base_program); len++) {
		put_bytes(s->fd, "usr/lib/systemd", &base_program, len, 0755);
		assert_int_equal(initcheck(s->fd, "/sbin/init", NULL), -ENOEXEC);
	}
}

static void test_script(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, "etc/rc", "#!/lib/systemd\nexit\n", 0755);
	expect(s, "/etc/rc", 0, NULL, NULL);
	put_text(s->fd, "etc/rc", "#! \t/lib/systemd -x y\n", 0755);
	expect(s, "/etc/rc", 0, NULL, NULL);
	put_text(s->fd, "etc/rc", "#!/lib/systemd", 0755);
	expect(s, "/etc/rc", 0, NULL, NULL);
	put_text(s->fd, "etc/rc", "#!/bin/none\n", 0755);
	expect(s, "/etc/rc", ENOENT, "/bin/none", "No such file");
	put_text(s->fd, "etc/rc", "#!\n/lib/systemd\n", 0755);
	expect(s, "/etc/rc", ENOEXEC, "/etc/rc", "names no interpreter");
	put_text(s->fd, "etc/rc", "#!", 0755);
	expect(s, "/etc/rc", ENOEXEC, "/etc/rc", "names no interpreter");
	put_text(s->fd, "etc/rc", "#!   ", 0755);
	expect(s, "/etc/rc", ENOEXEC, "/etc/rc", "names no interpreter");
	put_text(s->fd, "etc/rc", "#!/etc\n", 0755);
	expect(s, "/etc/rc", EACCES, "/etc", "not a regular file");
}

/* The kernel looks at 256 bytes of the first line. */
static void test_long_script_line(void **state)
{
	const struct scratch *s = *state;
	char text[600];

	memset(text, '/', sizeof(text));
	memcpy(text, "#!", 2);
	memcpy(text + 255 - 12, "/lib/systemd\n", 13);
	put_bytes(s->fd, "etc/rc", text, 300, 0755);
	expect(s, "/etc/rc", 0, NULL, NULL);
	memcpy(text + 256 - 12, "/lib/systemd\n", 13);
	put_bytes(s->fd, "etc/rc", text, 300, 0755);
	expect(s, "/etc/rc", ENOEXEC, "/etc/rc", "names no interpreter");
}

static void test_nested_scripts(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, "etc/1", "#!/lib/systemd\n", 0755);
	put_text(s->fd, "etc/2", "#!/etc/1\n", 0755);
	put_text(s->fd, "etc/3", "#!/etc/2\n", 0755);
	put_text(s->fd, "etc/4", "#!/etc/3\n", 0755);
	put_text(s->fd, "etc/5", "#!/etc/4\n", 0755);
	expect(s, "/etc/4", 0, NULL, NULL);
	expect(s, "/etc/5", ELOOP, "/etc/1", "too many scripts");
	put_text(s->fd, "etc/self", "#!/etc/self\n", 0755);
	expect(s, "/etc/self", ELOOP, "/etc/self", "too many scripts");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_init_through_links),
		CASE(test_own_program),
		CASE(test_missing),
		CASE(test_not_executable),
		CASE(test_interpreter),
		CASE(test_elf_header),
		CASE(test_elf_segments),
		CASE(test_long_interpreter),
		CASE(test_every_prefix),
		CASE(test_script),
		CASE(test_long_script_line),
		CASE(test_nested_scripts),
	};

	return cmocka_run_group_tests(tests, read_own_header, NULL);
}
