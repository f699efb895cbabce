/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Cases: command line, devices and configuration in, plan out. Each tests/cases/NAME.case is one boot,
 * played on facts alone: decide() is real, and what apply() would record is recorded here. The format is
 * in docs/TESTING.md. UPDATE_CASES=1 writes what came out into the files, to be read before a commit.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "init/decide.h"
#include "lib/clocksources.h"
#include "lib/clocktext.h"
#include "lib/file.h"
#include "lib/stack.h"
#include "tests/cases/checks.h"
#include "tests/cases/grow.h"
#include "tests/cases/state.h"

#define CASES_MAX  256
#define ROUNDS_MAX 32
#define OUT_MAX	   65536
#define BUILD_USEC 1000000
#define BUILD_TIME "2026-01-01 00:00:00"

/* A tzfile(5) of one zone, two hours ahead. */
static const char zone_two_hours[] = "TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				     "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
				     "\0\0\x1c\x20\0\0ABC";

struct play {
	struct arena arena;
	struct facts facts;
	const char *devices_late; /* text of [late]: appear at the first wait */
	const char *opened;	  /* text of [opened]: the devices once hooks.d/pre-mount has run */
	const char *config;	  /* text of config.json, NULL: there is none */
	const char *kept;	  /* text of the last known good one, NULL: there is none */
	const char *connections;  /* NAME: CONTENT of system-connections/, one a line */
	const char *kept_connections;
	char *fails;		/* text of [fails]: operations that fail, each line once */
	const char *target;	/* text of [target]: what is in the root */
	const char *loader;	/* text of [loader]: what the firmware knows of it */
	const char *grow;	/* text of [grow] */
	char *backup;		/* text of [backup], and what is left of it */
	const char *layout;	/* text of the integrator's file, NULL: there is none */
	const char *machine_id; /* text of [machine-id]: what is stored and what the image has */
	const char *persist;	/* text of [persist]: which of those paths are where */
	const char *expected;
	char out[OUT_MAX];
	size_t len;
};

static const char *section(struct play *p, const char *text, const char *name)
{
	char *head = arena_printf(&p->arena, "\n[%s]\n", name);
	const char *start = strstr(text, head), *end;

	if (!start)
		return NULL;
	start += strlen(head);
	end = strstr(start - 1, "\n[");
	return arena_memdup(&p->arena, start, end ? (size_t)(end + 1 - start) : strlen(start));
}

static char *next_line(char **rest)
{
	char *line;

	while ((line = strsep(rest, "\n")))
		if (*line && *line != '#')
			return line;
	return NULL;
}

/* "label=x": the value in the arena, when the word is this key's. */
static bool take(struct play *p, const char *word, const char *key, const char **ret)
{
	size_t len = strlen(key);

	if (strncmp(word, key, len) != 0 || word[len] != '=')
		return false;
	*ret = arena_strdup(&p->arena, word + len + 1);
	return true;
}

static void add_below(struct play *p, struct blockdev *dev, const char *name)
{
	const char **below = arena_alloc(&p->arena, (dev->n_below + 1) * sizeof(*below));

	for (size_t i = 0; i < dev->n_below; i++)
		below[i] = dev->below[i];
	below[dev->n_below++] = name;
	dev->below = below;
}

static void read_word(struct play *p, struct blockdev *dev, const char *word)
{
	const char *number;

	if (take(p, word, "label", &dev->label) || take(p, word, "uuid", &dev->uuid) ||
	    take(p, word, "partlabel", &dev->partlabel) ||
	    take(p, word, "partuuid", &dev->partuuid) || take(p, word, "table", &dev->table) ||
	    take(p, word, "ptuuid", &dev->table_uuid))
		return;
	if (take(p, word, "type", &dev->type))
		dev->filesystem = strcmp(dev->type, "linux_raid_member") != 0 &&
				  strcmp(dev->type, "crypto_LUKS") != 0;
	else if (take(p, word, "on", &number))
		add_below(p, dev, number);
	else if (take(p, word, "due", &number))
		dev->due = case_due(number);
	else if (take(p, word, "mapper", &dev->mapper))
		;
	else if (take(p, word, "partitions", &number))
		dev->table_partitions = (unsigned int)atoi(number);
	else if (take(p, word, "devno", &number))
		assert_int_equal(2, sscanf(number, "%u:%u", &dev->major, &dev->minor));
	else if (strcmp(word, "removable") == 0)
		dev->removable = true;
	else if (strcmp(word, "read-only") == 0)
		dev->read_only = true;
	else
		fail_msg("unknown word in [devices]: %s", word);
}

/* "vda disk …" or "vda1 …"; a partition belongs to the last disk above it. */
static void read_devices(struct play *p, const char *text)
{
	struct blockdevs *devs = &p->facts.devs;
	char *rest = arena_strdup(&p->arena, text), *line, *word;

	while (rest && (line = next_line(&rest))) {
		struct blockdev *grown = arena_alloc(&p->arena, (devs->n + 1) * sizeof(*grown)),
				*dev;

		if (devs->n)
			memcpy(grown, devs->dev, devs->n * sizeof(*grown));
		devs->dev = grown;
		dev = &grown[devs->n++];
		dev->probed = true;
		dev->name = strsep(&line, " ");
		dev->whole = dev->disk = dev->name;
		while ((word = strsep(&line, " "))) {
			if (strcmp(word, "disk") == 0)
				continue;
			read_word(p, dev, word);
		}
		dev->in_file = strncmp(dev->name, "loop", 4) == 0;
		if (strpbrk(dev->name, "0123456789") && !dev->n_below) {
			const char *number = dev->name + strlen(dev->name);

			while (strchr("0123456789", number[-1]))
				number--;
			dev->partno = (unsigned int)atoi(number);
			for (size_t i = 0; i + 1 < devs->n; i++)
				if (!grown[i].partno &&
				    strncmp(grown[i].name, dev->name, strlen(grown[i].name)) == 0)
					dev->whole = dev->disk = grown[i].name;
		}
	}
	for (size_t i = 0; i < devs->n; i++)
		stack_resolve(devs, &devs->dev[i]);
}

/* A line of [target]: "writable", "home /root", "journal-gid 999", "dir PATH", "file PATH". */
static bool has_path(struct play *p, const char *kind, const char *path)
{
	const char *line = arena_printf(&p->arena, "\n%s %s\n", kind, path);
	const char *text = arena_printf(&p->arena, "\n%s", p->target ? p->target : "");

	return strcmp(path, "/") == 0 ? strcmp(kind, "dir") == 0 : strstr(text, line) != NULL;
}

static const char *word_after(struct play *p, const char *key)
{
	const char *found = p->target ? strstr(p->target, key) : NULL;

	return found ? arena_memdup(&p->arena, found + strlen(key),
				    strcspn(found + strlen(key), "\n"))
		     : NULL;
}

/* Lines "NAME: CONTENT" in which \n stands for a line break. */
static void read_files(struct play *p, const char *text, struct facts_files *ret)
{
	char *rest = arena_strdup(&p->arena, text), *line;

	ret->readable = true;
	ret->file = arena_alloc(&p->arena, 16 * sizeof(*ret->file));
	while (rest && (line = next_line(&rest))) {
		struct boot_file *file = &ret->file[ret->n++];
		char *data = strstr(line, ": ");

		assert_non_null(data);
		*data = '\0';
		file->name = line;
		file->data = data += 2;
		for (char *from = data; (*data = *from); data++, from++)
			if (from[0] == '\\' && from[1] == 'n')
				*data = '\n', from++;
		file->len = strlen(file->data);
	}
}

/* "manifest SHA1 PATH" */
static void read_manifest(struct play *p)
{
	const char *key = "\nmanifest ";
	char *text = arena_printf(&p->arena, "\n%s", p->target ? p->target : "");

	for (char *at = strstr(text, key); at; at = strstr(at, key)) {
		char *sha1 = at + strlen(key), *path = strchr(sha1, ' ');

		at = path;
		bool over = strncmp(sha1, "over ", 5) == 0, block = strncmp(sha1, "- ", 2) == 0;

		manifest_add(
			&p->arena, &p->facts.manifest,
			&(struct manifest_file){
				.path = arena_memdup(&p->arena, path + 1, strcspn(path + 1, "\n")),
				.known = over || block ? NULL
						       : arena_memdup(&p->arena, sha1,
								      (size_t)(path - sha1)),
				.over = over,
			});
	}
	manifest_sort(&p->arena, &p->facts.manifest);
}

/* What of it the image has already. */
static void find_found(struct play *p)
{
	struct facts *f = &p->facts;
	const char **paths;
	int n = f->target_writable ? decide_files(f, &p->arena, &paths) : 0;

	f->found = n > 0 ? paths : NULL;
	for (int i = 0; i < n; i++)
		if (has_path(p, "file", paths[i]))
			f->found[f->n_found++] = paths[i];
}

static void observe_target(struct play *p)
{
	struct facts *f = &p->facts;
	const char **paths, *gid = word_after(p, "journal-gid ");
	int n;

	f->target_writable = p->target && strstr(p->target, "writable");
	f->root_home = word_after(p, "home ");
	f->has_journal_gid = gid != NULL;
	f->journal_gid = gid ? (gid_t)atoi(gid) : 0;
	f->target.chrony_dir = word_after(p, "chrony-dir ");
	f->target.bundle = word_after(p, "bundle ");
	f->target.bundle_len = f->target.bundle ? strlen(f->target.bundle) : 0;
	read_manifest(p);
	f->target.bundle_ours =
		manifest_find(&f->manifest, "/etc/ssl/certs/ca-certificates.crt") != NULL;
	n = decide_places(f, &p->arena, &paths);
	assert_true(n > 0);
	f->place = arena_alloc(&p->arena, (size_t)n * sizeof(*f->place));
	f->n_places = (size_t)n;
	for (int i = 0; i < n; i++) {
		char *cut = arena_strdup(&p->arena, paths[i]);

		f->place[i].path = paths[i];
		f->place[i].link = has_path(p, "link", paths[i]);
		f->place[i].directory = has_path(p, "dir", paths[i]) ||
					has_path(p, "foreign-dir", paths[i]) || f->place[i].link;
		f->place[i].exists = f->place[i].directory || has_path(p, "file", paths[i]);
		f->place[i].mode = has_path(p, "open-dir", paths[i]) ? 0777 : 0755;
		f->place[i].directory = f->place[i].directory || f->place[i].mode == 0777;
		f->place[i].uid = has_path(p, "foreign-dir", paths[i]) ? 1000 : 0;
		while (*cut && !has_path(p, "dir", cut))
			*strrchr(cut, '/') = '\0';
		f->place[i].deepest = *cut ? cut : "/";
	}
	find_found(p);
}

/* Lines "SOURCE TIME", "SOURCE bad", "SOURCE lost"; "now TIME"; "local". Those of the initramfs and the RTC are seen at
 * the start already. Without the section nobody looks at the clock. */
static void read_clock(struct play *p, const char *text)
{
	char *rest = text ? arena_strdup(&p->arena, text) : NULL, *line;
	struct clock_facts *clock = p->facts.clock;
	int64_t sec;

	for (int when = 0; rest && when < CLOCK_WHENS; when++) {
		clock[when].seen = true;
		assert_true(clock_parse(BUILD_TIME, CLOCK_FORM_PLAIN, &sec));
		clock_add(&clock[when], CLOCK_ANCHOR, "build", NULL)->sec = sec;
	}
	while (rest && (line = next_line(&rest))) {
		const char *word = strsep(&line, " ");
		bool image = strncmp(word, "image-", 6) == 0, rtc = strcmp(word, "rtc") == 0;
		bool known = line && clock_parse(line, CLOCK_FORM_PLAIN, &sec);

		for (int when = 0; when < CLOCK_WHENS; when++) {
			struct clock_candidate *c;

			if (strcmp(word, "local") == 0) {
				clock[when].ahead = clock[when].local = when == CLOCK_AT_TARGET;
				clock[when].zone = zone_two_hours;
				clock[when].zone_len = sizeof(zone_two_hours);
				continue;
			}
			if (strcmp(word, "now") == 0) {
				assert_true(known);
				clock[when].now_sec = sec;
				continue;
			}
			if (when == CLOCK_AT_START && !image && !rtc)
				continue;
			c = clock_add(&clock[when],
				      rtc     ? CLOCK_RTC
				      : image ? CLOCK_ANCHOR
					      : CLOCK_SAVED,
				      word, arena_printf(&p->arena, "/%s", word));
			c->sec = sec;
			c->absent = !known && strcmp(line, "lost") == 0;
			c->problem = known ? NULL : "it says no time";
		}
	}
}

static void put(struct play *p, const char *text)
{
	size_t len = strlen(text);

	assert_true(p->len + len < sizeof(p->out));
	memcpy(p->out + p->len, text, len + 1);
	p->len += len;
}

static void record_failed(struct play *p, bool check)
{
	struct facts *f = &p->facts;

	assert_true(f->n_failed < FACTS_FAILED_MAX);
	f->failed[f->n_failed++] =
		(struct facts_failed){ f->root_device, f->root_slot, "it was told to fail", check };
	f->root_mounted = false;
	f->root_device = NULL;
}

/* "stored TEXT", "balena TEXT", "image TEXT", "unfinished", "weak"; without the section one is stored. */
static void read_machine_id(struct play *p)
{
	struct facts_identity *id = &p->facts.identity;
	const struct {
		const char *key;
		struct machineid *to;
	} words[] = { { "stored ", &id->stored },
		      { "balena ", &id->balena },
		      { "image ", &id->image } };
	char *rest = arena_strdup(&p->arena, p->machine_id
						     ? p->machine_id
						     : "stored 5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e"),
	     *line;

	*id = (struct facts_identity){ 0 };
	while (rest && (line = next_line(&rest))) {
		id->unfinished = id->unfinished || strcmp(line, "unfinished") == 0;
		id->weak = id->weak || strcmp(line, "weak") == 0;
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			if (strncmp(line, words[i].key, strlen(words[i].key)) == 0)
				machineid_parse(line + strlen(words[i].key),
						strlen(line) - strlen(words[i].key), words[i].to);
	}
	if (!p->facts.mounted[PART_STATE])
		id->stored = id->balena = (struct machineid){ 0 };
	machineid_make((const unsigned char[MACHINEID_LEN]){ 0xf0, 0x0d }, &id->fresh);
}

/* "PATH stored there", "PATH/ stored", "PATH wrong": what was found of the integrator's paths. */
static void read_persist(struct play *p)
{
	struct facts *f = &p->facts;
	char *rest = arena_strdup(&p->arena, p->persist), *line;

	f->persist = arena_alloc(&p->arena, 16 * sizeof(*f->persist));
	f->n_persist = 0;
	while (f->keep_dir && rest && (line = next_line(&rest))) {
		char *path = strsep(&line, " ");
		const char *words = line ? line : "";
		size_t len = strlen(path);
		bool directory = path[len - 1] == '/';

		f->persist[f->n_persist++] = (struct facts_persist){
			.path = arena_memdup(&p->arena, path, len - directory),
			.directory = directory,
			.stored = strstr(words, "stored") != NULL,
			.there = strstr(words, "there") != NULL,
			.wrong = strstr(words, "wrong") != NULL,
		};
	}
}

static struct config_document document(const char *name, const char *text)
{
	return (struct config_document){ .name = name,
					 .text = text,
					 .len = text ? strlen(text) : 0,
					 .err = text ? 0 : -ENOENT };
}

static void read_config(struct play *p)
{
	struct facts *f = &p->facts;
	const struct config_input in = {
		.file = document("config.json", f->mounted[PART_BOOT] ? p->config : NULL),
		.kept = document("config.json (last known good)",
				 f->mounted[PART_STATE] ? p->kept : NULL),
	};

	if (f->mounted[PART_BOOT])
		read_files(p, p->connections ? p->connections : "", &f->connections);
	if (f->mounted[PART_STATE]) {
		f->keep_dir = "/run/anteroot/mnt/state/anteroot";
		read_files(p, p->kept_connections ? p->kept_connections : "", &f->kept_connections);
	}
	assert_return_code(config_settle(&p->arena, &in, &f->config), 0);
}

/* What apply() would record. True when the stage is to be decided again. */
static bool settle(struct play *p, const struct op *op, bool failed)
{
	struct facts *f = &p->facts;

	switch (op->kind) {
	case OP_MOUNT:
		f->loader_tried = f->loader_tried || strcmp(op->type, "efivarfs") == 0;
		for (size_t i = 0; i < API_FS_COUNT; i++)
			f->api_mounted[i] = true;
		break;
	case OP_UUID:
		f->uuid_tried |= 1u << op->role;
		break;
	case OP_DISK:
		f->boot_disk = op->target;
		break;
	case OP_MOUNT_PART:
		f->mounted[op->role] = failed ? NULL : op->source + strlen("/dev/");
		f->gave_up[op->role] = failed;
		break;
	case OP_ROOT:
		f->root_device = op->target;
		f->root_slot = op->source;
		break;
	case OP_MOUNT_ROOT:
		f->root_mounted = !failed;
		break;
	case OP_CLOCK:
		f->clock[op->role].done = true;
		if (op->role == CLOCK_AT_START)
			f->clock[CLOCK_AT_TARGET].now_sec = op->usec / 1000000;
		break;
	case OP_WAIT:
		f->now_msec = f->deadline_msec;
		if (p->devices_late) {
			f->now_msec--;
			read_devices(p, p->devices_late);
			p->devices_late = NULL;
		}
		return true;
	case OP_RUN:
		f->hooks[op->role].n_run++;
		if (op->role == HOOK_PRE_MOUNT && p->opened) {
			f->devs.n = 0;
			read_devices(p, p->opened);
			p->opened = NULL;
		}
		break;
	case OP_AGAIN:
		return true;
	default:
		break;
	}
	case_settle_state(f, op, failed);
	case_settle_grow(f, op, failed);
	if (op->kind == OP_PARTITIONS && !failed)
		read_devices(p, p->backup);
	if (failed && op->on_failure == FAIL_NOT_DURABLE)
		return true;
	if (failed && op->on_failure == FAIL_OTHER_SLOT) {
		record_failed(p, op->kind == OP_CHECK);
		return true;
	}
	return false;
}

/* True when a line of [fails] is left for this operation; it is used up. */
static bool takes_failure(struct play *p, const char *text)
{
	const char *line = arena_printf(&p->arena, "\n%s\n", text);
	char *found = p->fails ? strstr(p->fails, line) : NULL;

	if (found)
		memset(found + 1, '#', strlen(text));
	return found != NULL;
}

/* "hidden" until efivarfs is mounted, and "partuuid X" */
static void observe_loader(struct play *p)
{
	struct facts *f = &p->facts;
	bool hidden = p->loader && strncmp(p->loader, "hidden\n", 7) == 0;
	const char *key = "partuuid ", *found = p->loader ? strstr(p->loader, key) : NULL;

	f->loader_hidden = hidden && !f->loader_tried;
	if (found && !f->loader_hidden)
		f->loader_partuuid = arena_memdup(&p->arena, found + strlen(key),
						  strcspn(found + strlen(key), "\n"));
}

/* Decides once and prints. Returns true to go on with the stage, sets *ret_end at OP_FAIL. */
static bool play_round(struct play *p, enum stage stage, bool *ret_end)
{
	struct plan plan = PLAN_INIT(&p->arena);

	if (stage == STAGE_BOOT)
		observe_loader(p);
	if (stage == STAGE_ROOT)
		case_read_grow(&p->facts, &p->arena,
			       p->grow ? arena_strdup(&p->arena, p->grow) : NULL);
	if (stage == STAGE_TARGET) {
		read_config(p);
		read_machine_id(p);
		read_persist(p);
		observe_target(p);
	}
	decide(stage, &p->facts, &plan);
	for (size_t i = 0; i < plan.n; i++) {
		const struct op *op = &plan.op[i];
		const char *text = op_text(&p->arena, op);
		bool failed = takes_failure(p, text);

		if (op->kind == OP_CHECK)
			failed |= case_check(&p->facts, &p->arena, op, plan.n - i);

		put(p, arena_printf(&p->arena, "%s %s: %s%s\n", stage_name(stage), op->hook, text,
				    failed ? " [fails]" : ""));
		*ret_end = op->kind == OP_FAIL;
		if (settle(p, op, failed))
			return true;
	}
	return false;
}

static void play_boot(struct play *p)
{
	bool end = false;
	int rounds = 0;

	for (enum stage stage = STAGE_EARLY; stage < STAGE_COUNT && !end; stage++)
		while (play_round(p, stage, &end) && !end)
			assert_true(++rounds < ROUNDS_MAX);
}

static void read_facts(struct play *p, const char *text)
{
	struct facts *f = &p->facts;
	struct args_problems problems;
	struct cmdline cmdline;
	const char *args = section(p, text, "args");

	p->layout = section(p, text, "layout");
	f->layout = layout_default;
	if (p->layout)
		assert_return_code(
			layout_parse(&p->arena, p->layout, strlen(p->layout), &f->layout, NULL), 0);
	f->run_dir = "/run/anteroot";
	f->target_dir = "/sysroot";
	f->runtime_dir = "/run";
	f->args = args_default;
	f->deadline_msec = 30000;
	f->build_usec = BUILD_USEC;
	f->realtime_usec = BUILD_USEC;
	read_clock(p, section(p, text, "clock"));
	assert_return_code(cmdline_parse(&p->arena, args ? args : "", &cmdline), 0);
	assert_return_code(args_from_cmdline(&p->arena, &cmdline, &f->args, &problems), 0);
	read_devices(p, section(p, text, "devices"));
	case_read_state(f, arena_strdup(&p->arena, section(p, text, "state")));
	case_read_checks(f, &p->arena, section(p, text, "checks"));
	p->devices_late = section(p, text, "late");
	p->opened = section(p, text, "opened");
	p->config = section(p, text, "config");
	p->kept = section(p, text, "kept");
	p->connections = section(p, text, "connections");
	p->kept_connections = section(p, text, "kept-connections");
	p->fails = section(p, text, "fails")
			   ? arena_printf(&p->arena, "\n%s", section(p, text, "fails"))
			   : NULL;
	p->target = section(p, text, "target");
	if (!p->target)
		p->target = "file /etc/machine-id\n";
	p->loader = section(p, text, "loader");
	p->grow = section(p, text, "grow");
	p->backup = arena_strdup(&p->arena, section(p, text, "backup"));
	if (p->backup) {
		f->backup_disk = strsep(&p->backup, "\n");
		f->backup.n = 1;
		if (strncmp(p->backup, "restorable\n", 11) == 0) {
			f->backup.restore.n = 1;
			(void)strsep(&p->backup, "\n");
		}
	}
	p->machine_id = section(p, text, "machine-id");
	p->persist = section(p, text, "persist");
	p->expected = section(p, text, "plan");
}

static void update_file(const char *path, const char *text, const char *out)
{
	const char *head = strstr(text, "\n[plan]\n");
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	(void)fprintf(file, "%.*s\n[plan]\n%s", (int)(head ? head - text : (long)strlen(text)),
		      text, out);
	assert_int_equal(0, fclose(file));
}

static void run_case(void **state)
{
	static struct play play;
	const char *path = *state;
	char *text;

	memset(&play, 0, sizeof(play));
	assert_return_code(file_read(&play.arena, AT_FDCWD, path, OUT_MAX, &text, NULL), 0);
	read_facts(&play, text);
	play_boot(&play);
	assert_false(arena_failed(&play.arena));
	if (getenv("UPDATE_CASES"))
		update_file(path, text, play.out);
	else
		assert_string_equal(play.out,
				    play.expected ? play.expected : "(the case has no [plan])");
	arena_free(&play.arena);
}

static int is_case(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 5 && strcmp(entry->d_name + len - 5, ".case") == 0;
}

int main(void)
{
	static struct CMUnitTest tests[CASES_MAX];
	static char paths[CASES_MAX][512];
	struct dirent **names;
	int n = scandir(TESTS_DIR "/cases", &names, is_case, alphasort);

	if (n < 1 || n > CASES_MAX)
		return 1;
	for (int i = 0; i < n; i++) {
		(void)snprintf(paths[i], sizeof(paths[i]), TESTS_DIR "/cases/%s", names[i]->d_name);
		tests[i].name = strrchr(paths[i], '/') + 1;
		tests[i].test_func = run_case;
		tests[i].initial_state = paths[i];
		free(names[i]);
	}
	free(names);
	return _cmocka_run_group_tests("cases", tests, (size_t)n, NULL, NULL);
}
