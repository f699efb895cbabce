/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Files and superblocks that say who a device is: whatever is in a machine-id (lib/machineid.h), what comes out is
 * one or is not; and a new UUID (lib/fsuuid.h) changes the bytes of the UUID alone, or nothing.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/fsuuid.h"
#include "lib/machineid.h"
#include "tests/fuzz/fuzz.h"

#define DEVICE_BYTES 8192u
#define SB_AT	     1024u
#define UUID_AT	     (SB_AT + 104u)

static void machine_id(const struct input *in)
{
	char *text = input_copy(in);
	struct machineid id, again;

	machineid_parse(text, in->len, &id);
	free(text);
	MUST((id.form >= MACHINEID_UPPER) == (id.text[0] != '\0'));
	if (id.form < MACHINEID_UPPER)
		return;
	MUST(strlen(id.text) == MACHINEID_CHARS);
	machineid_parse(id.text, strlen(id.text), &again);
	MUST(again.form == MACHINEID_GOOD && strcmp(id.text, again.text) == 0);
}

static uint32_t crc32c(const unsigned char *p, size_t len)
{
	uint32_t crc = ~0u;

	while (len-- > 0) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return crc;
}

/* What no input at random would have. */
static void mend(unsigned char *device, unsigned int flags)
{
	unsigned char *sb = device + SB_AT;
	uint32_t crc;

	if (flags & 8)
		memcpy(device + 510, "\x55\xaa", 2);
	if (!(flags & 16))
		return;
	memcpy(sb + 56, "\x53\xef", 2);
	crc = crc32c(sb, 1020);
	for (size_t i = 0; i < 4; i++)
		sb[1020 + i] = (unsigned char)(crc >> (8 * i));
}

static void print(const unsigned char *p, char ret[static FSUUID_MAX])
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t n = 0;

	for (size_t i = 0; form[i]; i++)
		if (form[i] == '-')
			ret[i] = '-';
		else
			ret[i] = "0123456789abcdef"[n & 1 ? p[n / 2] & 15 : p[n / 2] >> 4], n++;
	ret[FSUUID_MAX - 1] = '\0';
}

static void check_ext(const unsigned char *before, const unsigned char *after, const char *uuid)
{
	char old[FSUUID_MAX], new[FSUUID_MAX];

	print(before + UUID_AT, old);
	print(after + UUID_AT, new);
	MUST(strcmp(new, uuid) == 0 && strcmp(new, old) != 0);
	MUST(fsuuid_replaces(new, old));
	MUST(memcmp(before, after, UUID_AT) == 0);
	MUST(memcmp(before + UUID_AT + 16, after + UUID_AT + 16, DEVICE_BYTES - UUID_AT - 16) == 0);
}

static void check_fat(const unsigned char *before, const unsigned char *after)
{
	size_t n = 0;

	for (size_t i = 0; i < DEVICE_BYTES; i++)
		n += before[i] != after[i];
	MUST(n >= 1 && n <= 8);
}

static void change(const struct input *in, unsigned int flags)
{
	static const unsigned char random[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	static unsigned char before[DEVICE_BYTES], after[DEVICE_BYTES];
	const bool fat = flags & 2;
	size_t at = fat ? 0 : SB_AT,
	       len = in->len < DEVICE_BYTES - at ? in->len : DEVICE_BYTES - at;
	int fd = memfd_create("device", MFD_CLOEXEC), err;
	char path[64], uuid[FSUUID_MAX];

	MUST(fd >= 0);
	memset(before, 0, sizeof(before));
	if (len)
		memcpy(before + at, in->p, len);
	mend(before, flags);
	MUST(pwrite(fd, before, sizeof(before), 0) == sizeof(before));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = fsuuid_change(&sys_real, path, fat ? "vfat" : "ext4", random, "ba1e", uuid, NULL);
	MUST(pread(fd, after, sizeof(after), 0) == sizeof(after));
	(void)close(fd);
	if (err < 0)
		MUST(memcmp(before, after, sizeof(before)) == 0);
	else if (fat)
		check_fat(before, after);
	else
		check_ext(before, after, uuid);
	if (err == 0)
		MUST(!fsuuid_has_prefix(uuid, "ba1e"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { (const char *)data, size };
	unsigned int flags = input_byte(&in);

	if (flags & 1)
		machine_id(&in);
	else
		change(&in, flags);
	return 0;
}
