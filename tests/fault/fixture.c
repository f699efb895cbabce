/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/devices.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "init/apply.h"
#include "init/decide.h"
#include "init/observe_identity.h"
#include "init/observe_config.h"
#include "init/observe_state.h"
#include "lib/clocksources.h"
#include "tests/fault/fixture.h"

#define ROUNDS_MAX 32

#ifdef __LP64__
typedef Elf64_Ehdr native_header;
typedef Elf64_Phdr native_segment;
#else
typedef Elf32_Ehdr native_header;
typedef Elf32_Phdr native_segment;
#endif

static void make_dir(const char *base, const char *path)
{
	char name[600];

	(void)snprintf(name, sizeof(name), "%s/%s", base, path);
	assert_int_equal(0, mkdir(name, 0755));
}

static void make_file(const char *base, const char *path, const void *data, size_t len, mode_t mode)
{
	char name[600];
	int fd;

	(void)snprintf(name, sizeof(name), "%s/%s", base, path);
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal((ssize_t)len, write(fd, data, len));
	assert_int_equal(0, close(fd));
}

/* The smallest file that initcheck() accepts: this machine's ELF header, one segment, no interpreter. */
static void make_init(const char *base, const char *path)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct {
		native_header header;
		native_segment segment;
	} elf = { 0 };

	assert_int_equal((ssize_t)sizeof(elf.header), read(fd, &elf.header, sizeof(elf.header)));
	elf.header.e_type = ET_EXEC;
	elf.header.e_phoff = sizeof(elf.header);
	elf.header.e_phnum = 1;
	elf.segment.p_type = PT_LOAD;
	make_file(base, path, &elf, sizeof(elf), 0755);
}

static void fill_target(const char *target)
{
	static const char *const dirs[] = {
		"sbin",		 "etc",	      "etc/udev",    "etc/udev/rules.d",
		"root",		 "var",	      "var/log",     "mnt",
		"mnt/boot",	 "mnt/state", "mnt/data",    "dev",
		"proc",		 "sys",	      "run",	     "usr",
		"usr/sbin",	 "lib",	      "lib/systemd", "etc/ssl",
		"etc/ssl/certs", "etc/ssh",   "etc/keys",    "etc/keys/deep",
	};
	static const char *const programs[] = { "usr/sbin/chronyd", "usr/sbin/dnsmasq",
						"usr/sbin/NetworkManager",
						"lib/systemd/systemd-timesyncd",
						"lib/systemd/systemd-resolved" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		make_dir(target, dirs[i]);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		make_file(target, programs[i], "x", 1, 0755);
	make_file(target, "etc/hostname", "old\n", 4, 0644);
	make_file(target, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n", 30, 0644);
	make_file(target, "etc/ssl/certs/ca-certificates.crt", "bundle\n", 7, 0644);
	make_file(target, "etc/ssh/host_key", "key\n", 4, 0600);
	make_file(target, "etc/keys/deep/one", "key\n", 4, 0600);
	make_init(target, "sbin/init");
}

void fixture_make(struct fixture *f, const char *parent, const char *target_parent)
{
	*f = (struct fixture){ 0 };
	(void)snprintf(f->shared, sizeof(f->shared), "%s/anteroot-fault.XXXXXX", parent);
	assert_non_null(mkdtemp(f->shared));
	(void)snprintf(f->base, sizeof(f->base), "%s/base", f->shared);
	(void)snprintf(f->target, sizeof(f->target), "%s/target.XXXXXX",
		       target_parent ? target_parent : f->shared);
	assert_non_null(mkdtemp(f->target));
	f->boot = calloc(1, sizeof(*f->boot));
	assert_non_null(f->boot);
	boot_init(f->boot, &fakesys);
}

static const struct blockdev devices[] = {
	DISK_ROW("vda", 6),
	PART_ROW("vda", 1, "vfat", "resin-boot"),
	PART_ROW("vda", 2, "ext4", "resin-rootA"),
	PART_ROW("vda", 3, "ext4", "resin-rootB"),
	PART_ROW("vda", 4, "ext4", "resin-state"),
	PART_ROW("vda", 5, "ext4", "resin-data"),
	{ .name = "vda6",
	  .whole = "vda",
	  .disk = "vda",
	  .partno = 6,
	  .probed = true,
	  .partlabel = "state" },
};

/* The first copy is the current one. */
static void make_state(const struct fixture *f)
{
	static unsigned char bytes[FIXTURE_COPY_AT(1) + ABRECORD_BYTES];
	struct ab_record rec;

	ab_blank(AB_A, &rec);
	rec.generation = 9;
	rec.transaction = 7;
	rec.slot[AB_B] = (struct ab_slot){ .state = AB_CANDIDATE, .tries = 3 };
	assert_true(ab_valid(&rec));
	abrecord_encode(&rec, bytes);
	make_dir(f->base, "dev");
	make_file(f->base, "dev/vda6", bytes, sizeof(bytes), 0600);
}

void fixture_own_devices(struct fixture *f)
{
	struct blockdev *own = arena_alloc(&f->boot->arena, sizeof(devices));

	assert_non_null(own);
	memcpy(own, devices, sizeof(devices));
	f->boot->facts.devs.dev = own;
}

static struct module one_module = { .name = "virtio_blk", .options = "", .wanted = "virtio:d2" };

/* A certificate of nobody: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 36500 */
static const char certificate[] =
	"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJsRENDQVR1Z0F3SUJBZ0lVTmtTR1lZODlwUDNw"
	"cERZMVM4ZEhvSW1LL3pnd0NnWUlLb1pJemowRUF3SXcKSHpFZE1Cc0dBMVVFQXd3VVlXNTBaWEp2YjNR"
	"Z1ptRjFiSFFnZEdWemRITXdJQmNOTWpZeE1USTBNVFUwTkRJeQpXaGdQTWpFeU5qRXdNekV4TlRRME1q"
	"SmFNQjh4SFRBYkJnTlZCQU1NRkdGdWRHVnliMjkwSUdaaGRXeDBJSFJsCmMzUnpNRmt3RXdZSEtvWkl6"
	"ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUVndmxIUVpOZkFHcUZRR05JUzZBNVVlTUQKdTNCSWx3YmpCUnhB"
	"SkVhdDBtR2o1S2Y0VXdQUDZ3Wk1qSktycjZMWFZkZ0NTaGFmam93TVRiOUo0ZE42ZTZOVApNRkV3SFFZ"
	"RFZSME9CQllFRkgrMUhqTklDNUQvQlQ5QUFRK1JndVNuODk1RU1COEdBMVVkSXdRWU1CYUFGSCsxCkhq"
	"TklDNUQvQlQ5QUFRK1JndVNuODk1RU1BOEdBMVVkRXdFQi93UUZNQU1CQWY4d0NnWUlLb1pJemowRUF3"
	"SUQKUndBd1JBSWdaeDJNK1E5Qkg2N1RsWU54OEllT0V3NEQ1R2tpbGp6bWExTVh0a2V1N0k4Q0lBamM4"
	"ZlpoV3JQNgpBQWZrWnc1UnBFSHNDcjRSN3R5YVJzN2JHNm5WdnFPawotLS0tLUVORCBDRVJUSUZJQ0FU"
	"RS0tLS0tCg==";

/* Every key that becomes a file; the certificate is in the place of %s. */
static const char config_format_all[] =
	"{ \"hostname\": \"press-07\", \"persistentLogging\": true, \"country\": \"GB\","
	"  \"ntpServers\": \"ntp.example\", \"dnsServers\": \"9.9.9.9\", \"balenaRootCA\": \"%s\", "
	"\"os\": {"
	"  \"network\": { \"wifi\": { \"randomMacAddressScan\": true },"
	"    \"connectivity\": { \"uri\": \"http://x.example/\", \"interval\": 300 } },"
	"  \"udevRules\": { \"56\": \"A\" }, \"sshKeys\": [ \"ssh-ed25519 AAAA one\" ] } }";

static struct boot_file connection = { "home", "[connection]\nid=home\n", 21, 0 };

static void fill_config(struct boot *b, const char *text)
{
	const struct config_input in = {
		.file = { .name = "config.json", .text = text, .len = strlen(text) },
		.kept.err = -ENOENT,
	};

	assert_return_code(config_settle(&b->arena, &in, &b->facts.config), 0);
	b->facts.config_settled = true;
	b->facts.keep_dir = arena_printf(&b->arena, "%s/mnt/state/anteroot", b->facts.run_dir);
	b->facts.connections = (struct facts_files){ true, &connection, 1 };
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level == 0 ? 0 : remove(path);
}

/* What an earlier boot delivered goes too, so that every boot does the same. */
static void empty_dir(const char *path)
{
	(void)mkdir(path, 0755);
	assert_int_equal(0, nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS));
}

static const char *persistent[] = { "/etc/ssh/host_*", "/etc/keys/", "/var/lib/app/" };

void fixture_again(struct fixture *f, bool target_writable)
{
	struct boot *b = f->boot;

	boot_close(b);
	boot_init(b, &fakesys);
	b->old_root = arena_printf(&b->arena, "%s/old", f->base);
	b->facts.run_dir = arena_printf(&b->arena, "%s/run", f->base);
	b->facts.target_dir = f->target;
	one_module.path = arena_printf(&b->arena, "%s/old/lib/module.ko", f->base);
	b->facts.devs.dev = (struct blockdev *)devices;
	b->facts.devs.n = ARRAY_SIZE(devices);
	b->facts.modules = (struct module_list){ &one_module, 1, 1 };
	f->boots = (unsigned char)(f->boots % UINT8_MAX + 1);
	if (f->candidate) {
		b->dev_dir = arena_printf(&b->arena, "%s/dev", f->base);
		b->facts.layout.state.backend = AB_RECORD;
		b->facts.layout.state.partition = "state";
	}
	b->facts.layout.persist = persistent;
	b->facts.layout.n_persist = ARRAY_SIZE(persistent);
	f->target_writable = target_writable;
	b->facts.build_usec = INT64_C(1) << 40;
	b->facts.runtime_dir = arena_printf(&b->arena, "%s/run", f->base);
	fill_config(b, f->config ? f->config
				 : arena_printf(&b->arena, config_format_all, certificate));
	fakesys_reset(f->shared);
}

void fixture_restart(struct fixture *f, bool target_writable)
{
	fakesys_reset(NULL);
	empty_dir(f->base);
	make_dir(f->base, "old");
	make_dir(f->base, "old/lib");
	make_dir(f->base, "run");
	if (f->candidate)
		make_state(f);
	make_file(f->base, "old/init", "x", 1, 0755);
	make_file(f->base, "old/lib/module.ko", "x", 1, 0644);
	empty_dir(f->target);
	fill_target(f->target);
	fixture_again(f, target_writable);
}

static int play_round(const struct fixture *f, enum stage stage)
{
	struct boot *b = f->boot;
	struct clock_facts *clock = b->facts.clock;
	struct plan plan = PLAN_INIT(&b->arena);
	int result;

	if (stage == STAGE_EARLY && !clock->seen) {
		/* Not this machine's own. */
		clock_add(clock, CLOCK_ANCHOR, "build", NULL)->sec = b->facts.build_usec / 1000000;
		clock->seen = true;
		clock[CLOCK_AT_TARGET] = *clock;
		clock_add(clock + 1, CLOCK_SAVED, "saved", NULL)->sec = clock->candidate[0].sec + 5;
		clock[CLOCK_AT_TARGET].now_sec = clock->candidate[0].sec;
	}
	if (stage == STAGE_TARGET) {
		/* Boots are compared: none of them draws lots. */
		observe_identity(b);
		observe_persist(b);
		machineid_make((const unsigned char[MACHINEID_LEN]){ 0xf0 },
			       &b->facts.identity.fresh);
		assert_return_code(observe_target(b), 0);
		b->facts.target_writable = f->target_writable;
		if (!f->target_writable)
			b->facts.manifest.n = 0;
	}
	if (stage == STAGE_ROOT && f->candidate && !b->facts.state.read) {
		observe_state(b);
		memset(b->facts.state.boot_id, f->boots, AB_BOOT_ID_LEN);
	}
	decide(stage, &b->facts, &plan);
	result = apply(b, &plan);
	if (stage == STAGE_EARLY && result >= 0)
		for (size_t i = 0; i < API_FS_COUNT; i++)
			b->facts.api_mounted[i] = true;
	if (plan_find_kind(&plan, OP_MODULE))
		b->facts.modules.n = 0;
	return result;
}

int fixture_play(struct fixture *f)
{
	int result = APPLY_NEXT, rounds = 0;

	for (enum stage stage = STAGE_EARLY; stage < STAGE_COUNT && result >= 0; stage++) {
		do {
			result = play_round(f, stage);
			assert_true(++rounds < ROUNDS_MAX);
		} while (result == APPLY_AGAIN);
	}
	return result;
}

void fixture_systemd(const struct fixture *f)
{
	char from[400], to[400];

	(void)snprintf(from, sizeof(from), "%s/sbin/init", f->target);
	(void)snprintf(to, sizeof(to), "%s/lib/systemd/systemd", f->target);
	assert_int_equal(0, rename(from, to));
	assert_int_equal(0, symlink("/lib/systemd/systemd", from));
	(void)snprintf(from, sizeof(from), "%s/sbin", f->target);
	(void)snprintf(to, sizeof(to), "%s/usr/sbin2", f->target);
	assert_int_equal(0, rename(from, to));
	assert_int_equal(0, symlink("/usr/sbin2", from));
}

void fixture_remove(struct fixture *f)
{
	char command[600];

	boot_close(f->boot);
	free(f->boot);
	fakesys_reset(NULL);
	(void)snprintf(command, sizeof(command), "rm -rf '%s' '%s'", f->shared, f->target);
	assert_int_equal(0, system(command)); /* NOLINT: names are our own */
}

struct fixture fixture;

int fixture_setup(void **state)
{
	(void)state;
	fixture_make(&fixture, "/dev/shm", NULL); /* no disk is synced a thousand times */
	return 0;
}

int fixture_setup_apart(void **state)
{
	struct stat shm, tmp;

	(void)state;
	/* The initramfs is on memory and the target elsewhere: two file systems are needed. */
	if (stat("/dev/shm", &shm) < 0 || stat("/tmp", &tmp) < 0 || shm.st_dev == tmp.st_dev)
		return -1;
	fixture_make(&fixture, "/dev/shm", "/tmp");
	return 0;
}

int fixture_teardown(void **state)
{
	(void)state;
	fixture_remove(&fixture);
	return 0;
}
