/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cmdline.h"

#define WAIT_MSEC_DEFAULT  30000
#define WAIT_MSEC_ROOTWAIT 180000
#define WAIT_SEC_MAX	   86400 /* a day */
#define PANIC_SEC_DEFAULT  10

/* Reads a number as the kernel does: decimal, 0x… or 0…; nothing before or behind it. */
static bool read_number(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	const char *digits = text && *text == '-' ? text + 1 : text;
	long long value;
	char *end;

	if (!digits || *digits < '0' || *digits > '9')
		return false;
	errno = 0;
	value = strtoll(text, &end, 0);
	if (errno != 0 || *end != '\0' || value < min || value > max)
		return false;
	*ret = value;
	return true;
}

static bool read_wait(const char *value, int64_t *ret_msec)
{
	int64_t sec;

	if (!read_number(value, 0, WAIT_SEC_MAX, &sec))
		return false;
	*ret_msec = sec * 1000;
	return true;
}

static void at_least(int64_t *value, int64_t min)
{
	if (*value < min)
		*value = min;
}

/* Absent and empty are the same to these. */
static bool take_text(const char *value, const char **ret)
{
	*ret = value && *value ? value : NULL;
	return true;
}

static bool take_flag(const char *value, bool to, bool *ret)
{
	if (value)
		return false;
	*ret = to;
	return true;
}

/* The struct args in the making. What may only lengthen the wait is kept apart until the end, because
 * it counts whichever way around the arguments are given. */
struct args_reading {
	struct args *args;
	int64_t rootwait_msec, rootdelay_msec;
};

static bool set_root(struct args_reading *rd, const char *value)
{
	return take_text(value, &rd->args->root);
}

static bool set_rootfstype(struct args_reading *rd, const char *value)
{
	return take_text(value, &rd->args->rootfstype);
}

static bool set_rootflags(struct args_reading *rd, const char *value)
{
	return take_text(value, &rd->args->rootflags);
}

static bool set_ro(struct args_reading *rd, const char *value)
{
	return take_flag(value, false, &rd->args->rw);
}

static bool set_rw(struct args_reading *rd, const char *value)
{
	return take_flag(value, true, &rd->args->rw);
}

static bool set_rootwait(struct args_reading *rd, const char *value)
{
	if (value)
		return read_wait(value, &rd->rootwait_msec);
	rd->rootwait_msec = WAIT_MSEC_ROOTWAIT;
	return true;
}

static bool set_rootdelay(struct args_reading *rd, const char *value)
{
	return read_wait(value, &rd->rootdelay_msec);
}

static bool set_init(struct args_reading *rd, const char *value)
{
	if (!value || value[0] != '/' || value[1] == '\0')
		return false;
	rd->args->init = value;
	return true;
}

static bool set_quiet(struct args_reading *rd, const char *value)
{
	return take_flag(value, true, &rd->args->quiet);
}

static bool set_panic(struct args_reading *rd, const char *value)
{
	if (!read_number(value, INT_MIN, INT_MAX, &rd->args->panic_sec))
		return false;
	rd->args->has_panic = true;
	return true;
}

static bool set_loader(struct args_reading *rd, const char *value)
{
	if (!value || !*value)
		return false;
	rd->args->loader = value;
	return true;
}

static bool set_disk(struct args_reading *rd, const char *value)
{
	if (!value || !*value)
		return false;
	rd->args->disk = value;
	return true;
}

static bool set_log(struct args_reading *rd, const char *value)
{
	static const char *const levels[] = { "error", "warning", "info", "debug" };

	for (size_t i = 0; value && i < ARRAY_SIZE(levels); i++) {
		if (strcmp(value, levels[i]) == 0) {
			rd->args->loglevel = levels[i];
			return true;
		}
	}
	return false;
}

static bool set_machine_id(struct args_reading *rd, const char *value)
{
	return take_text(value, &rd->args->machine_id);
}

static bool set_shell(struct args_reading *rd, const char *value)
{
	return take_flag(value, true, &rd->args->shell);
}

static bool set_wait(struct args_reading *rd, const char *value)
{
	return read_wait(value, &rd->args->wait_msec);
}

/* @return the word's place in the list, or n */
static size_t place_of(const char *value, const char *const *words, size_t n)
{
	size_t i = 0;

	while (i < n && (!value || strcmp(value, words[i]) != 0))
		i++;
	return i;
}

static bool set_fsck_mode(struct args_reading *rd, const char *value)
{
	size_t i = place_of(value, fsck_mode_words, FSCK_UNSAID);

	if (i < FSCK_UNSAID)
		rd->args->fsck = (enum fsck_mode)i;
	return i < FSCK_UNSAID;
}

static bool set_fsck_repair(struct args_reading *rd, const char *value)
{
	static const char *const words[] = {
		[FSCK_PREEN] = "preen", [FSCK_YES] = "yes", [FSCK_NO] = "no"
	};
	size_t i = place_of(value, words, ARRAY_SIZE(words));

	if (i < ARRAY_SIZE(words))
		rd->args->fsck_repair = (enum fsck_repair)i;
	return i < ARRAY_SIZE(words);
}

static bool set_forcefsck(struct args_reading *rd, const char *value)
{
	rd->args->fsck = value ? rd->args->fsck : FSCK_FORCE;
	return !value;
}

static bool set_fastboot(struct args_reading *rd, const char *value)
{
	rd->args->fsck = value ? rd->args->fsck : FSCK_SKIP;
	return !value;
}

static const struct args_row rows[] = {
	{ "root", "DEVICE|UUID=…|LABEL=…|PARTUUID=…|PARTLABEL=…|MAJOR:MINOR",
	  "The root to boot; without it the slot that the boot state names.", set_root },
	{ "rootfstype", "TYPE", "File system of the root; without it the one that is found on it.",
	  set_rootfstype },
	{ "rootflags", "OPTION,…", "Options of the mount of the root.", set_rootflags },
	{ "ro", "no value", "Mount the root read-only (default); of ro and rw the last one counts.",
	  set_ro },
	{ "rw", "no value", "Mount the root for writing.", set_rw },
	{ "rootwait", "no value, or seconds from 0 to 86400",
	  "Wait for devices at least 180 s, or as many seconds as given.", set_rootwait },
	{ "rootdelay", "seconds from 0 to 86400", "Wait for devices at least that long.",
	  set_rootdelay },
	{ "init", "absolute path of a program", "First program of the root; default /sbin/init.",
	  set_init },
	{ "quiet", "no value", "Print warnings and errors only.", set_quiet },
	{ "panic", "seconds, negative: at once",
	  "Delay of the reboot after a panic or a failed boot; default 10.", set_panic },
	{ "systemd.machine_id", "32 hexadecimal digits",
	  "The machine-id; systemd takes it from here, and anteroot then leaves /etc/machine-id "
	  "alone.",
	  set_machine_id },
	{ "fsck.mode", "auto, force or skip",
	  "Check file systems when it is due (default), in full each time, or never.",
	  set_fsck_mode },
	{ "fsck.repair", "preen, yes or no",
	  "Repair what is safe to repair (default), everything, or nothing.", set_fsck_repair },
	{ "forcefsck", "no value", "As fsck.mode=force.", set_forcefsck },
	{ "fastboot", "no value", "As fsck.mode=skip.", set_fastboot },
	{ "anteroot.disk", "device, PTUUID=…, or PARTUUID=… of a partition on it",
	  "The boot disk; without it the disk that the boot loader or the boot state names.",
	  set_disk },
	{ "anteroot.loader", "PARTUUID",
	  "The partition that the boot loader was started from, as the loader's script says it.",
	  set_loader },
	{ "anteroot.log", "error, warning, info or debug", "Least severity that is printed.",
	  set_log },
	{ "anteroot.shell", "no value", "Open a shell in rescue, in a development build.",
	  set_shell },
	{ "anteroot.wait", "seconds from 0 to 86400", "How long to wait for devices; default 30.",
	  set_wait },
};

const struct args_row *args_table(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(rows);
	return rows;
}

static const struct args_row *find_row(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (cmdline_key_equal(rows[i].key, key))
			return &rows[i];
	return NULL;
}

static bool is_ours(const char *key)
{
	return strncmp(key, "anteroot.", 9) == 0;
}

/* What read_arg() makes of one argument. */
static bool read_arg(struct args_reading *rd, const struct cmdline_arg *arg,
		     const char **ret_expected)
{
	const struct args_row *row = find_row(arg->key);

	*ret_expected = row ? row->form : NULL;
	if (!row)
		return !is_ours(arg->key);
	return row->set(rd, arg->value);
}

const struct args args_default = {
	.fsck = FSCK_UNSAID,
	.init = "/sbin/init",
	.panic_sec = PANIC_SEC_DEFAULT,
	.wait_msec = WAIT_MSEC_DEFAULT,
};

int args_from_cmdline(struct arena *a, const struct cmdline *cmdline, struct args *ret_args,
		      struct args_problems *ret_problems)
{
	struct args args = *ret_args;
	struct args_reading rd = { .args = &args };
	struct args_problems problems = { 0 };

	problems.problem = arena_alloc(a, cmdline->n_args * sizeof(*problems.problem));
	if (!problems.problem)
		return -ENOMEM;
	for (size_t i = 0; i < cmdline->n_args; i++) {
		const struct cmdline_arg *arg = &cmdline->arg[i];
		const char *expected;

		if (!read_arg(&rd, arg, &expected))
			problems.problem[problems.n++] = (struct args_problem){
				.key = arg->key, .value = arg->value, .expected = expected
			};
	}
	at_least(&args.wait_msec, rd.rootwait_msec);
	at_least(&args.wait_msec, rd.rootdelay_msec);
	*ret_args = args;
	*ret_problems = problems;
	return 0;
}
