/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/inplace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define EXT_MAGIC   0xef53u
#define MSDOS_MAGIC 0x4d44u

/* O_DIRECT wants memory that is aligned, and one sector is all that is ever in hand. */
struct sector {
	_Alignas(INPLACE_SECTOR_MAX) unsigned char bytes[INPLACE_SECTOR_MAX];
};

/* Past the cache when the file system can do that: tmpfs, in tests, cannot. */
static int open_device(const struct sys *sys, const char *device, int flags)
{
	int fd = sys->open(AT_FDCWD, device, flags | O_DIRECT | O_CLOEXEC, 0);

	return fd == -EINVAL ? sys->open(AT_FDCWD, device, flags | O_CLOEXEC, 0) : fd;
}

static int find_sector(struct inplace *p, struct reason *r)
{
	_cleanup_close_ int fd = open_device(&sys_real, p->device, O_RDONLY);
	int sector = 0;

	if (fd < 0)
		return reason_set(r, fd, "open", p->device);
	if (ioctl(fd, BLKSSZGET, &sector) == 0 && sector > 0)
		p->sector = (size_t)sector;
	if (p->sector > INPLACE_SECTOR_MAX)
		return reason_setf(r, EINVAL, "use", p->device, "it has sectors of %d bytes",
				   sector);
	return 0;
}

static int map_blocks(struct inplace *p, const char *name, struct reason *r)
{
	size_t n;
	int block;

	if (ioctl(p->file, FIGETBSZ, &block) < 0)
		return reason_set(r, errno, "look up the sectors of", name);
	p->block = (size_t)block;
	n = (p->size + p->block - 1) / p->block;
	if (n > INPLACE_BLOCKS_MAX || p->block % p->sector != 0)
		return reason_setf(r, EINVAL, "use", name,
				   "it has %zu blocks of %d bytes on sectors of %zu", n, block,
				   p->sector);
	for (size_t i = 0; i < n; i++) {
		int number = (int)i;

		if (ioctl(p->file, FIBMAP, &number) < 0)
			return reason_set(r, errno, "look up the sectors of", name);
		if (number == 0)
			return reason_setf(r, EINVAL, "use", name,
					   "it has a hole: write it in full");
		p->at[i] = (uint64_t)(unsigned int)number * p->block;
	}
	return 0;
}

int inplace_open_file(const char *device, int dirfd, const char *name, struct inplace *ret,
		      struct reason *r)
{
	struct inplace p = { .device = device, .file = -1, .sector = 512 };
	_cleanup_close_ int fd =
		openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct statfs fs;
	struct stat st;
	int err;

	if (fd < 0)
		return reason_set(r, errno, "open", name);
	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return reason_set(r, errno, "look at", name);
	if (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size > (off_t)INPLACE_BYTES_MAX)
		return reason_setf(r, EINVAL, "use", name, "expected a file of 1 to %u bytes",
				   INPLACE_BYTES_MAX);
	if ((uint32_t)fs.f_type != EXT_MAGIC && (uint32_t)fs.f_type != MSDOS_MAGIC)
		return reason_setf(r, EOPNOTSUPP, "use", name,
				   "its file system is neither FAT nor ext4: files may move");
	p.file = fd;
	p.size = (size_t)st.st_size;
	err = find_sector(&p, r);
	if (err == 0)
		err = map_blocks(&p, name, r);
	if (err < 0)
		return err;
	p.file = steal_fd(&fd);
	*ret = p;
	return 0;
}

int inplace_open_raw(const char *device, uint64_t offset, size_t size, struct inplace *ret,
		     struct reason *r)
{
	struct inplace p = { .device = device, .file = -1, .sector = 512, .size = size };
	int err = find_sector(&p, r);

	if (err < 0)
		return err;
	p.block = p.sector;
	if (size == 0 || offset % p.sector != 0 || size > INPLACE_BLOCKS_MAX * p.block)
		return reason_setf(r, EINVAL, "use", device,
				   "expected an offset in sectors of %zu bytes, and 1 to %zu bytes",
				   p.sector, INPLACE_BLOCKS_MAX * p.block);
	for (size_t i = 0; i * p.block < size; i++)
		p.at[i] = offset + i * p.block;
	*ret = p;
	return 0;
}

void inplace_close(struct inplace *p)
{
	close_fd(&p->file);
	p->file = -1;
}

/* Where on the device the byte `pos` of the file lies; it begins a sector. */
static uint64_t device_offset(const struct inplace *p, size_t pos)
{
	return p->at[pos / p->block] + pos % p->block;
}

/* The bytes of a sector that are the file's: behind its end is what was there before. */
static size_t own_bytes(const struct inplace *p, size_t pos)
{
	return p->size - pos < p->sector ? p->size - pos : p->sector;
}

static int read_sector(const struct inplace *p, int fd, size_t pos, struct sector *ret)
{
	ssize_t n;

	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	do
		n = pread(fd, ret->bytes, p->sector, (off_t)device_offset(p, pos));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == p->sector ? 0 : -EIO;
}

int inplace_read(const struct inplace *p, void *data, struct reason *r)
{
	_cleanup_close_ int fd = open_device(&sys_real, p->device, O_RDONLY);
	struct sector sector;
	int err = fd < 0 ? fd : 0;

	for (size_t pos = 0; pos < p->size && err == 0; pos += p->sector) {
		err = read_sector(p, fd, pos, &sector);
		if (err == 0)
			memcpy((unsigned char *)data + pos, sector.bytes, own_bytes(p, pos));
	}
	return err < 0 ? reason_set(r, err, "read", p->device) : 0;
}

/* One sector, when it differs: written, made durable, read back. */
static int write_sector(const struct sys *sys, const struct inplace *p, int fd, size_t pos,
			const unsigned char *want)
{
	struct sector sector, after;
	int err = read_sector(p, fd, pos, &sector);
	ssize_t n;

	if (err < 0 || memcmp(sector.bytes, want, own_bytes(p, pos)) == 0)
		return err;
	memcpy(sector.bytes, want, own_bytes(p, pos));
	n = sys->pwrite(fd, sector.bytes, p->sector, (int64_t)device_offset(p, pos));
	if (n < 0)
		return (int)n;
	if ((size_t)n != p->sector)
		return -EIO;
	err = sys->fsync(fd);
	if (err == 0)
		err = read_sector(p, fd, pos, &after);
	if (err == 0 && memcmp(after.bytes, sector.bytes, p->sector) != 0)
		err = -EIO;
	return err;
}

int inplace_write(const struct sys *sys, const struct inplace *p, const void *data,
		  struct reason *r)
{
	_cleanup_close_ int fd = open_device(sys, p->device, O_RDWR);
	int err = fd < 0 ? fd : 0;

	if (fd == -EBUSY)
		return reason_setf(r, EBUSY, "write", p->device,
				   "the kernel lets nobody write to a mounted device "
				   "(CONFIG_BLK_DEV_WRITE_MOUNTED)");
	for (size_t pos = 0; pos < p->size && err == 0; pos += p->sector)
		err = write_sector(sys, p, fd, pos, (const unsigned char *)data + pos);
	/* Whoever reads the file through its file system sees what it has now. */
	if (p->file >= 0)
		(void)posix_fadvise(p->file, 0, 0, POSIX_FADV_DONTNEED);
	return err < 0 ? reason_set(r, err, "write", p->device) : 0;
}
