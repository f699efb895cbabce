/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libblkid, libkmod, cJSON and the digests do their work on klibc. */
#include <blkid/blkid.h>
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <util-linux/crc32.h>
#include <util-linux/md5.h>
#include <util-linux/sha1.h>

#include "tests/klibc/check.h"

/* Swap space: the smallest superblock there is, at the end of the first page. */
static void test_blkid(int fd)
{
	static const unsigned char version[8] = { 1, 0, 0, 0, 255, 0, 0, 0 };
	static const char magic[] = "SWAPSPACE2";
	const char *value = NULL;

	if (ftruncate(fd, 1 << 20) < 0 || pwrite(fd, version, sizeof(version), 1024) < 0 ||
	    pwrite(fd, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10seed-label",
		   26, 1036) < 0 ||
	    pwrite(fd, magic, 10, 4086) < 0)
		return;

	blkid_probe probe = blkid_new_probe();

	check(probe && blkid_probe_set_device(probe, fd, 0, 0) == 0, "blkid_probe_set_device");
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL |
							 BLKID_SUBLKS_UUID);
	check(blkid_do_safeprobe(probe) == 0, "blkid_do_safeprobe");
	check(blkid_probe_lookup_value(probe, "TYPE", &value, NULL) == 0 &&
		      strcmp(value, "swap") == 0,
	      "blkid TYPE");
	check(blkid_probe_lookup_value(probe, "LABEL", &value, NULL) == 0 &&
		      strcmp(value, "seed-label") == 0,
	      "blkid LABEL");
	check(blkid_probe_lookup_value(probe, "UUID", &value, NULL) == 0 &&
		      strcmp(value, "01020304-0506-0708-090a-0b0c0d0e0f10") == 0,
	      "blkid UUID");
	blkid_free_probe(probe);
}

static void test_kmod(void)
{
	struct kmod_ctx *ctx = kmod_new("/nonexistent", NULL);
	struct kmod_list *list = NULL;

	check(ctx != NULL, "kmod_new");
	check(kmod_load_resources(ctx) <= 0, "kmod_load_resources without modules");
	check(kmod_module_new_from_lookup(ctx, "pci:v00001AF4d00001001sv*", &list) <= 0 && !list,
	      "kmod lookup without modules");
	kmod_unref(ctx);
}

static void test_cjson(void)
{
	static const char text[] =
		"{\"hostname\":\"d\\u00e9vice\",\"n\":[1,-0.5,1e-7,12345678901],\"b\":true}";
	cJSON *json = cJSON_Parse(text);
	char *printed = json ? cJSON_PrintUnformatted(json) : NULL;

	check(printed && strcmp(printed,
				"{\"hostname\":\"d\303\251vice\",\"n\":[1,-0.5,1e-07,12345678901],"
				"\"b\":true}") == 0,
	      "cJSON reads and prints");
	check(!cJSON_Parse("{\"a\":1"), "cJSON refuses half a text");
	free(printed);
	cJSON_Delete(json);
}

static void test_digests(void)
{
	static const unsigned char abc[] = "abc";
	unsigned char md5[UL_MD5LENGTH], sha1[UL_SHA1LENGTH];
	UL_MD5_CTX md5_ctx;
	UL_SHA1_CTX sha1_ctx;

	ul_MD5Init(&md5_ctx);
	ul_MD5Update(&md5_ctx, abc, 3);
	ul_MD5Final(md5, &md5_ctx);
	check(memcmp(md5, "\x90\x01\x50\x98\x3c\xd2\x4f\xb0", 8) == 0, "MD5");
	ul_SHA1Init(&sha1_ctx);
	ul_SHA1Update(&sha1_ctx, abc, 3);
	ul_SHA1Final(sha1, &sha1_ctx);
	check(memcmp(sha1, "\xa9\x99\x3e\x36\x47\x06\x81\x6a", 8) == 0, "SHA-1");
	check(~ul_crc32(~0u, abc, 3) == 0x352441c2, "CRC-32");
}

int main(void)
{
	char path[] = "/tmp/anteroot-libraries-XXXXXX";
	int fd = mkstemp(path);

	check(fd >= 0, "mkstemp");
	test_blkid(fd);
	test_kmod();
	test_cjson();
	test_digests();
	close(fd);
	unlink(path);
	return failures > 0;
}
