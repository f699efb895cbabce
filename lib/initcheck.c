/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/initcheck.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/confine.h"

#define HEAD_BYTES  256u   /* what the kernel looks at: BINPRM_BUF_SIZE */
#define SCRIPTS_MAX 4u	   /* scripts that lead to scripts; the kernel stops at five */
#define TABLE_MAX   65536u /* the kernel's limit on the program headers, in bytes */

#ifdef __LP64__
typedef Elf64_Ehdr elf_header;
typedef Elf64_Phdr elf_segment;
#define OWN_CLASS ELFCLASS64
#else
typedef Elf32_Ehdr elf_header;
typedef Elf32_Phdr elf_segment;
#define OWN_CLASS ELFCLASS32
#endif

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define OWN_ORDER ELFDATA2MSB
#else
#define OWN_ORDER ELFDATA2LSB
#endif

/* By number: klibc's elf.h does not know the younger ones. */
#if defined(__x86_64__)
#define OWN_MACHINE 62
#elif defined(__i386__)
#define OWN_MACHINE 3
#elif defined(__aarch64__)
#define OWN_MACHINE 183
#elif defined(__arm__)
#define OWN_MACHINE 40
#elif defined(__riscv)
#define OWN_MACHINE 243
#elif defined(__powerpc64__)
#define OWN_MACHINE 21
#elif defined(__s390x__)
#define OWN_MACHINE 22
#elif defined(__mips__)
#define OWN_MACHINE 8
#elif defined(__loongarch__)
#define OWN_MACHINE 258
#else
#error "the ELF machine number of this architecture is missing here"
#endif

/* One program on the way from the init to what the kernel really starts. */
struct program {
	int fd;
	const char *path;
	uint64_t size;
	char head[HEAD_BYTES];
	size_t head_len;
};

#define PROGRAM_INIT ((struct program){ .fd = -1 })

static void program_end(struct program *p)
{
	close_fd(&p->fd);
}

/* Reads `len` bytes at an offset, or fails with -ENOEXEC when the file ends before. */
static int read_at(int fd, void *buf, size_t len, uint64_t offset)
{
	size_t done = 0;

	if (offset > (uint64_t)INT64_MAX - len)
		return -ENOEXEC;
	while (done < len) {
		ssize_t n = pread(fd, (char *)buf + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENOEXEC;
		done += (size_t)n;
	}
	return 0;
}

static int program_open(struct program *p, int rootfd, const char *path, struct reason *r)
{
	struct stat st;
	ssize_t n;

	p->path = path;
	p->fd = confine_open_regular(rootfd, path);
	if (p->fd == -EISDIR || p->fd == -EINVAL)
		return reason_setf(r, EACCES, "execute", path, "not a regular file");
	if (p->fd < 0)
		return reason_set(r, p->fd, "execute", path);
	if (fstat(p->fd, &st) < 0)
		return reason_set(r, errno, "execute", path);
	if (!(st.st_mode & 0111))
		return reason_setf(r, EACCES, "execute", path, "no execute permission");
	p->size = (uint64_t)st.st_size;
	do
		n = pread(p->fd, p->head, sizeof(p->head), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return reason_set(r, errno, "read", path);
	if (n == 0)
		return reason_setf(r, ENOEXEC, "execute", path, "the file is empty");
	p->head_len = (size_t)n;
	return 0;
}

static bool is_elf(const struct program *p)
{
	return p->head_len >= SELFMAG && memcmp(p->head, ELFMAG, SELFMAG) == 0;
}

static const char *header_problem(const elf_header *h)
{
	if (h->e_ident[EI_CLASS] != OWN_CLASS)
		return sizeof(elf_header) == 64 ? "not a 64-bit program" : "not a 32-bit program";
	if (h->e_ident[EI_DATA] != OWN_ORDER)
		return "made for the other byte order";
	if (h->e_machine != OWN_MACHINE)
		return "made for another architecture";
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return "an ELF file, but not a program";
	if (h->e_phentsize != sizeof(elf_segment) || h->e_phnum == 0 ||
	    h->e_phnum > TABLE_MAX / sizeof(elf_segment))
		return "a damaged ELF header";
	return NULL;
}

static int bad_elf(struct reason *r, int err, const struct program *p, const char *what)
{
	return reason_setf(r, err, "execute", p->path, "%s", what);
}

static int read_interp(const struct program *p, const elf_segment *seg,
		       char interp[static PATH_MAX], struct reason *r)
{
	int err;

	if (seg->p_filesz < 2 || seg->p_filesz > PATH_MAX)
		return bad_elf(r, ENOEXEC, p, "a damaged interpreter name");
	err = read_at(p->fd, interp, (size_t)seg->p_filesz, seg->p_offset);
	if (err < 0)
		return reason_set(r, err, "execute", p->path);
	if (interp[seg->p_filesz - 1] != '\0')
		return bad_elf(r, ENOEXEC, p, "a damaged interpreter name");
	return 0;
}

/*
 * Checks an ELF file and finds the interpreter it names, "" when it needs none.
 *
 * @param mismatch errno for one that is not of this machine
 */
static int check_elf(const struct program *p, int mismatch, char interp[static PATH_MAX],
		     struct reason *r)
{
	elf_header h;
	const char *what;
	bool loads = false;
	int err;

	if (p->head_len < sizeof(h))
		return bad_elf(r, ENOEXEC, p, "the file is cut short");
	memcpy(&h, p->head, sizeof(h));
	what = header_problem(&h);
	if (what)
		return bad_elf(r, mismatch, p, what);
	interp[0] = '\0';
	for (unsigned int i = 0; i < h.e_phnum; i++) {
		elf_segment seg;

		err = read_at(p->fd, &seg, sizeof(seg), (uint64_t)h.e_phoff + i * sizeof(seg));
		if (err == -ENOEXEC)
			return bad_elf(r, ENOEXEC, p, "the file is cut short");
		if (err < 0)
			return reason_set(r, err, "read", p->path);
		if (seg.p_type != PT_LOAD && seg.p_type != PT_INTERP)
			continue;
		/* A torn update: the kernel would start it, and it would die of a bus error. */
		if (seg.p_filesz > p->size || seg.p_offset > p->size - seg.p_filesz)
			return bad_elf(r, ENOEXEC, p, "the file is cut short");
		loads |= seg.p_type == PT_LOAD;
		if (seg.p_type == PT_INTERP && !interp[0]) {
			err = read_interp(p, &seg, interp, r);
			if (err < 0)
				return err;
		}
	}
	return loads ? 0 : bad_elf(r, ENOEXEC, p, "nothing in it to load");
}

/* The program behind `#!`. The kernel takes the name only when all of it is in what it looks at. */
static int script_program(const struct program *p, char name[static HEAD_BYTES], struct reason *r)
{
	size_t at = 2, start;

	while (at < p->head_len && (p->head[at] == ' ' || p->head[at] == '\t'))
		at++;
	start = at;
	while (at < p->head_len && p->head[at] && !strchr(" \t\n", p->head[at]))
		at++;
	if (at == start || at == HEAD_BYTES)
		return bad_elf(r, ENOEXEC, p, "its first line names no interpreter");
	memcpy(name, p->head + start, at - start);
	name[at - start] = '\0';
	return 0;
}

static int check_interp(int rootfd, const char *interp, struct reason *r)
{
	_cleanup_(program_end) struct program p = PROGRAM_INIT;
	char ignored[PATH_MAX];
	int err;

	err = program_open(&p, rootfd, interp, r);
	if (err < 0)
		return err;
	if (!is_elf(&p))
		return bad_elf(r, ELIBBAD, &p, "not an ELF file");
	return check_elf(&p, ELIBBAD, ignored, r);
}

int initcheck(int rootfd, const char *path, struct reason *r)
{
	char script[HEAD_BYTES], interp[PATH_MAX] = "";
	int err;

	for (unsigned int scripts = 0;; scripts++) {
		_cleanup_(program_end) struct program p = PROGRAM_INIT;
		char next[HEAD_BYTES];

		err = program_open(&p, rootfd, path, r);
		if (err < 0)
			return err;
		if (is_elf(&p)) {
			err = check_elf(&p, ENOEXEC, interp, r);
			break;
		}
		if (p.head_len < 2 || memcmp(p.head, "#!", 2) != 0)
			return bad_elf(r, ENOEXEC, &p, "neither an ELF file nor a script");
		if (scripts == SCRIPTS_MAX)
			return bad_elf(r, ELOOP, &p, "too many scripts that name scripts");
		err = script_program(&p, next, r);
		if (err < 0)
			return err;
		memcpy(script, next, sizeof(script));
		path = script;
	}
	if (err < 0 || !interp[0])
		return err;
	err = check_interp(rootfd, interp, r);
	if (err == -ENOENT)
		return reason_setf(r, err, "execute", path, "its interpreter %s is missing",
				   interp);
	return err;
}
