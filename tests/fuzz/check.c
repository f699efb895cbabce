/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From config.json to the plan of the TARGET stage, and what `anteroot check` says: whatever is in the
 * files, nothing is planned outside of the places that are ours, and no delivered file has a line, key or
 * section that its step does not write.
 *
 * The input: two bytes for the target (0 0: everything is there), then, with 0xff between: config.json, the last
 * known good one, a file of system-connections/ (its first line is its name), the manifest, the CA bundle.
 */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hooks/place.h"
#include "init/decide.h"
#include "lib/digest.h"
#include "tests/fuzz/fuzz.h"

#define TARGET_DIR  "/sysroot"
#define BUNDLE_PATH "/etc/ssl/certs/ca-certificates.crt"
#define KEEP_DIR    "/run/anteroot/mnt/state/anteroot"

enum {
	READ_ONLY = 1,
	OFFLINE = 2,
	NO_KEEP_DIR = 4,
	NO_HOME = 8,
	UNREADABLE = 16,
	CHRONY_IN_ETC = 32
};

struct world {
	struct arena a;
	struct facts f;
	struct boot_file connection, kept_connection, splash;
	struct config_document file, kept;
	char *file_text, *kept_text;
};

/* --- a target --- */

static const char *above(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? "/" : arena_memdup(a, path, (size_t)(slash - path));
}

static void fill_place(struct world *w, struct facts_place *p, const char *path, unsigned int bits)
{
	/* Programs and /etc/hostname are files, the rest are directories. */
	bool file = strcmp(path, "/etc/hostname") == 0 || strstr(path, "bin/") ||
		    strstr(path, "/systemd/systemd-");

	*p = (struct facts_place){ .path = path };
	p->exists = !(bits & 1);
	p->directory = p->exists && !file && (bits & 6) != 6;
	p->link = (bits & 0x18) == 0x18;
	p->mode = bits & 0x20 ? 0777 : 0755;
	p->uid = (bits & 0xc0) == 0xc0 ? 1000 : 0;
	p->deepest = p->directory ? path : above(&w->a, path);
	for (; !p->directory && (bits & 0x300) && p->deepest[1]; bits = bits >> 2 & 0xffc0)
		p->deepest = above(&w->a, p->deepest);
}

static void fill_places(struct world *w, unsigned int seed)
{
	const char **paths;
	int n = decide_places(&w->f, &w->a, &paths);

	MUST(n > 0);
	w->f.place = arena_alloc(&w->a, (size_t)n * sizeof(*w->f.place));
	w->f.n_places = (size_t)n;
	for (int i = 0; i < n; i++)
		fill_place(w, &w->f.place[i], paths[i], fuzz_random(&seed));
}

/* As init/observe_target.c numbers them in an empty directory. */
static void number_certificates(struct world *w)
{
	struct certificates certs = { .n = 0 };

	if (!w->f.config.root_ca)
		return;
	MUST(!certificates_read(&w->a, w->f.config.root_ca, &certs));
	for (size_t i = 0; i < certs.n; i++)
		for (size_t k = 0; k < i; k++)
			if (certs.certificate[k].subject_hash == certs.certificate[i].subject_hash)
				w->f.target.ca_number[i] = w->f.target.ca_number[k] + 1;
}

/* A directory has no other names than these. */
static bool can_be_a_name(const char *name)
{
	return *name && strlen(name) <= 255 && !strchr(name, '/') && !connection_is_ignored(name);
}

static void fill_connection(struct world *w, const struct input *in, unsigned int bits,
			    unsigned int seed)
{
	static const char kept[] = "[connection]\nid=kept\n";
	const char *text = arena_memdup(&w->a, in->p ? in->p : "", in->len), *content;
	size_t name_len = strcspn(text, "\n");

	content = text + name_len + (text[name_len] ? 1 : 0);
	w->connection = (struct boot_file){ .name = arena_memdup(&w->a, text, name_len),
					    .data = content,
					    .len = in->len - (size_t)(content - text) };
	w->f.connections.readable = !(bits & UNREADABLE);
	if (!can_be_a_name(w->connection.name))
		return;
	/* Of the same connection, or of one that is no longer on the boot partition. */
	w->kept_connection = (struct boot_file){ seed & 32 ? "gone" : w->connection.name, kept,
						 strlen(kept), 0 };
	if (w->f.connections.readable)
		w->f.connections =
			(struct facts_files){ .readable = true, .file = &w->connection, .n = 1 };
	w->f.kept_connections =
		(struct facts_files){ true, &w->kept_connection, bits & 64 ? 1 : 0 };
	w->splash = (struct boot_file){ "balena-logo.png", content, w->connection.len, 0 };
	if (bits & 128)
		w->f.splash = w->splash;
}

static void fill_target(struct world *w, const struct input *manifest, const struct input *bundle,
			unsigned int bits, unsigned int seed)
{
	struct facts *f = &w->f;

	f->offline = bits & OFFLINE;
	f->runtime_dir = f->offline ? TARGET_DIR "/run" : "/run";
	f->run_dir = f->offline ? TARGET_DIR "/run/anteroot" : "/run/anteroot";
	f->target_writable = f->offline || !(bits & READ_ONLY);
	f->keep_dir = bits & NO_KEEP_DIR ? NULL : KEEP_DIR;
	f->root_home = bits & NO_HOME ? NULL : seed & 16 ? "/" : "/root";
	f->target.chrony_dir = bits & CHRONY_IN_ETC ? "/etc/chrony/sources.d"
			       : seed & 64	    ? NULL
						    : "/run/chrony";
	f->has_journal_gid = !(seed & 1);
	f->journal_gid = 101;
	f->mounted[PART_DATA] = f->offline || seed & 2 ? NULL : "vda6";
	f->mounted[PART_STATE] = f->offline || seed & 4 ? NULL : "vda5";
	f->mounted[PART_BOOT] = f->offline || seed & 8 ? NULL : "vda1";
	if (f->target_writable && manifest->len > 0 &&
	    manifest_parse(&w->a, manifest->p, manifest->len, &f->manifest, NULL) < 0)
		MUST(f->manifest.n == 0);
	f->target.bundle_ours = manifest_find(&f->manifest, BUNDLE_PATH);
	f->target.bundle = bundle->len ? arena_memdup(&w->a, bundle->p, bundle->len) : NULL;
	f->target.bundle_len = bundle->len;
	fill_places(w, seed);
}

static void fill(struct world *w, struct input in)
{
	unsigned int bits = input_byte(&in), seed = input_byte(&in);
	struct input parts[5];

	*w = (struct world){ .f = { .layout = layout_default, .args = args_default } };
	w->f.target_dir = TARGET_DIR;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		parts[i] = input_part(&in);
	w->file_text = input_copy(&parts[0]);
	w->kept_text = input_copy(&parts[1]);
	w->file = (struct config_document){ "config.json", w->file_text, parts[0].len, 0, 0 };
	w->kept = (struct config_document){ "kept", w->kept_text, parts[1].len, 0, 0 };
	fill_connection(w, &parts[2], bits, seed);
	fill_target(w, &parts[3], &parts[4], bits, seed);
}

static void settle(struct world *w, const struct config_document *file)
{
	const struct config_input in = { .file = *file, .kept = w->kept };

	MUST(config_settle(&w->a, &in, &w->f.config) == 0);
	memset(w->f.target.ca_number, 0, sizeof(w->f.target.ca_number));
	number_certificates(w);
}

static struct plan plan_of(struct world *w)
{
	struct plan plan = PLAN_INIT(&w->a);

	decide(STAGE_TARGET, &w->f, &plan);
	MUST(!arena_failed(&w->a));
	return plan;
}

/* --- paths --- */

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

static void check_path(const struct facts *f, const char *path)
{
	MUST(is_below(path, f->target_dir) || is_below(path, f->runtime_dir) ||
	     is_below(path, f->run_dir) ||
	     (f->keep_dir && (is_below(path, f->keep_dir) || strcmp(path, f->keep_dir) == 0)));
	MUST(is_clean(path, false));
	for (const char *p = path; *p; p += 1 + strcspn(p + 1, "/")) {
		size_t len = strcspn(p + 1, "/");

		MUST(*p == '/' && len > 0);
		MUST(!(len == 1 && p[1] == '.') && !(len == 2 && p[1] == '.' && p[2] == '.'));
	}
}

/* A read-only root is not written to: an overlay that comes before is in the way. */
static void check_covered(const struct facts *f, const struct plan *plan, size_t i)
{
	const char *path = plan->op[i].target;

	if (f->target_writable || !is_below(path, f->target_dir))
		return;
	for (size_t k = 0; k < i; k++)
		if (plan->op[k].kind == OP_OVERLAY &&
		    (is_below(path, plan->op[k].target) || strcmp(path, plan->op[k].target) == 0))
			return;
	NEVER("a read-only root is written to");
}

/* Nothing is written twice, or written or retained and then removed. */
static void check_once(const struct plan *plan, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		const struct op *op = &plan->op[k];

		if (op->kind == OP_FILE || (op->kind == OP_RETAIN && plan->op[i].kind == OP_REMOVE))
			MUST(strcmp(op->target, plan->op[i].target) != 0 ||
			     strcmp(op->target, TARGET_DIR MANIFEST_PATH) == 0);
	}
}

/* An overlay hides what was delivered below it before. */
static void check_hides_nothing(const struct plan *plan, size_t i)
{
	for (size_t k = 0; k < i; k++)
		MUST(!plan->op[k].target || !is_below(plan->op[k].target, plan->op[i].target));
}

/* --- contents --- */

/* Takes a line off a text; NULL: there is none, and what there is ends in a newline. */
static const char *take_line(struct arena *a, const char **text)
{
	size_t len = strcspn(*text, "\n");
	const char *line;

	if (!**text)
		return NULL;
	MUST((*text)[len] == '\n');
	line = arena_memdup(a, *text, len);
	*text += len + 1;
	MUST(is_clean(line, true));
	return line;
}

static void expect_line(struct arena *a, const char **text, const char *wanted)
{
	const char *line = take_line(a, text);

	MUST(line && strcmp(line, wanted) == 0);
}

static void expect_end(const char *text)
{
	MUST(*text == '\0');
}

static const char *expect_start(const char *line, const char *start)
{
	MUST(line && strncmp(line, start, strlen(start)) == 0);
	return line + strlen(start);
}

static void check_lines(struct arena *a, const char *text, const struct config_strings *list,
			const char *before, const char *after)
{
	for (size_t i = 0; i < list->n; i++)
		expect_line(a, &text, arena_printf(a, "%s%s%s", before, list->item[i], after));
	expect_end(text);
}

static void check_ssh_keys(struct world *w, const struct op *op)
{
	MUST(op->mode == 0600 && w->f.config.ssh_keys.n > 0);
	check_lines(&w->a, op->data, &w->f.config.ssh_keys, "", "");
}

static bool is_none(const struct config_strings *servers)
{
	return servers->n == 1 && strcmp(servers->item[0], "null") == 0;
}

static void check_dnsmasq(struct world *w, const struct op *op)
{
	static const char *google[] = { "8.8.8.8" };
	const struct config_strings by_default = { google, 1 }, none = { NULL, 0 };
	const struct config_strings *servers = &w->f.config.dns_servers;

	servers = is_none(servers) ? &none : servers->n == 0 ? &by_default : servers;
	for (size_t i = 0; i < servers->n; i++)
		MUST(strspn(servers->item[i], "0123456789abcdefABCDEF.:#") ==
		     strlen(servers->item[i]));
	check_lines(&w->a, op->data, servers, "server=", "");
}

static void check_chrony(struct world *w, const struct op *op)
{
	for (size_t i = 0; i < w->f.config.ntp_servers.n; i++)
		MUST(!strpbrk(w->f.config.ntp_servers.item[i], " \t#"));
	check_lines(&w->a, op->data, &w->f.config.ntp_servers, "pool ",
		    " iburst minpoll 14 maxpoll 14 maxsources 1");
}

/* A drop-in of systemd: a comment, a section, a key with `n` words of `allowed` characters. */
static void check_drop_in(struct world *w, const struct op *op, const char *section,
			  const char *key, const char *allowed, size_t n)
{
	const char *text = op->data, *value;
	size_t words = 0;

	expect_start(take_line(&w->a, &text), "# Written by anteroot: ");
	expect_line(&w->a, &text, section);
	value = expect_start(take_line(&w->a, &text), key);
	expect_end(text);
	for (; *value; words++) {
		size_t len = strspn(value, allowed);

		MUST(len > 0 && (value[len] == ' ' || value[len] == '\0'));
		value += len + (value[len] == ' ' ? 1 : 0);
	}
	MUST(words == n && n > 0);
}

static void check_resolved(struct world *w, const struct op *op)
{
	check_drop_in(w, op, "[Resolve]", "DNS=", "0123456789abcdefABCDEF.:[]",
		      w->f.config.dns_servers.n);
}

static void check_timesyncd(struct world *w, const struct op *op)
{
	check_drop_in(w, op, "[Time]",
		      "NTP=", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:-",
		      w->f.config.ntp_servers.n);
}

static void check_journald(struct world *w, const struct op *op)
{
	check_drop_in(w, op, "[Journal]", "Storage=", "volatile", 1);
}

static void check_network(struct world *w, const struct op *op)
{
	const struct config *c = &w->f.config;
	const char *text = op->data, *value;

	MUST(op->mode == 0600);
	expect_start(take_line(&w->a, &text), "# Written by anteroot: ");
	if (c->random_mac != CONFIG_ABSENT) {
		expect_line(&w->a, &text, "[device]");
		expect_line(&w->a, &text,
			    c->random_mac == CONFIG_TRUE ? "wifi.scan-rand-mac-address=yes"
							 : "wifi.scan-rand-mac-address=no");
	}
	if (c->connectivity_uri || c->api_endpoint) {
		expect_line(&w->a, &text, "[connectivity]");
		value = expect_start(take_line(&w->a, &text), "uri=http");
		MUST(!strpbrk(value, " \t\"\\"));
		value = expect_start(take_line(&w->a, &text), "interval=");
		MUST(*value && value[strspn(value, "0123456789")] == '\0');
		value = expect_start(take_line(&w->a, &text), "response=");
		MUST(strcmp(value, c->connectivity_response ? c->connectivity_response : "") == 0);
	}
	expect_end(text);
}

static void check_country(struct world *w, const struct op *op)
{
	const char *text = op->data, *value;

	expect_start(take_line(&w->a, &text), "# Written by anteroot: ");
	value = expect_start(take_line(&w->a, &text), "options cfg80211 ieee80211_regdom=");
	MUST(strlen(value) == 2 && strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0") == 2);
	expect_end(text);
}

static void check_hostname(struct world *w, const struct op *op)
{
	const char *text = op->data, *name = take_line(&w->a, &text);

	MUST(name && !config_hostname_problem(name));
	expect_end(text);
}

static void check_rule(struct world *w, const struct op *op)
{
	const char *name = strrchr(op->target, '/') + 1;
	const struct config_rules *rules = &w->f.config.udev_rules;
	size_t found = 0;

	for (size_t i = 0; i < rules->n; i++) {
		const char *file = arena_printf(&w->a, "%s.rules", rules->rule[i].name);

		if (strcmp(file, name) == 0 && strcmp(rules->rule[i].text, op->data) == 0)
			found++;
	}
	MUST(found == 1 && op->mode == 0644);
}

static void check_certificate(struct world *w, const struct op *op)
{
	const char *text = op->data, *line;

	expect_line(&w->a, &text, "-----BEGIN CERTIFICATE-----");
	while ((line = take_line(&w->a, &text)) && *line != '-')
		MUST(strlen(line) <= 64 && !strpbrk(line, " \t#"));
	MUST(line && strcmp(line, "-----END CERTIFICATE-----") == 0);
	expect_end(text);
}

/* What was there without us is there still. */
static void check_bundle(struct world *w, const struct op *op)
{
	const struct facts_target *t = &w->f.target;
	size_t before_len, after_len;
	const char *before =
		certificates_bundle(&w->a, t->bundle, t->bundle_len, NULL, &before_len);
	const char *after = certificates_bundle(&w->a, op->data, op->len, NULL, &after_len);

	MUST(before && after && before_len == after_len && memcmp(before, after, after_len) == 0);
	MUST(op->guard & PLACE_BLOCK);
}

static void check_connection(struct world *w, const struct op *op)
{
	const char *name = strrchr(op->target, '/') + 1;
	const struct boot_file *file =
		op->data == w->kept_connection.data ? &w->kept_connection : &w->connection;

	MUST(op->mode == 0600 && strcmp(name, file->name) == 0);
	MUST(op->data == file->data && op->len == file->len && !connection_problem(file));
}

static void check_splash(struct world *w, const struct op *op)
{
	MUST(op->data == w->splash.data && !splash_problem(&w->splash));
}

static void check_kept(struct world *w, const struct op *op)
{
	struct config copy;

	MUST(op->mode == 0600 && strlen(op->data) == op->len);
	fuzz_parse(&w->a, op->data, &copy);
	for (size_t i = 0; i < config_keys_len; i++)
		MUST(same_value(&config_keys[i], &w->f.config, &copy));
}

static void check_manifest(struct world *w, const struct op *op)
{
	struct manifest m;

	MUST(op->mode == 0600);
	MUST(manifest_parse(&w->a, op->data, op->len, &m, NULL) == 0);
}

/* Every file that a plan can have: `%` stands for a name. */
static const struct {
	const char *path;
	void (*check)(struct world *w, const struct op *op);
} contents[] = {
	{ TARGET_DIR "/etc/hostname", check_hostname },
	{ "/run/anteroot/files/hostname", check_hostname },
	{ TARGET_DIR "/etc/udev/rules.d/%.rules", check_rule },
	{ TARGET_DIR "/root/.ssh/authorized_keys_local", check_ssh_keys },
	{ TARGET_DIR "/.ssh/authorized_keys_local", check_ssh_keys },
	{ "/run/systemd/journald.conf.d/anteroot.conf", check_journald },
	{ "/run/modprobe.d/zz-anteroot-country.conf", check_country },
	{ "/run/chrony/added_config.sources", check_chrony },
	{ TARGET_DIR "/etc/chrony/sources.d/added_config.sources", check_chrony },
	{ "/run/systemd/timesyncd.conf.d/anteroot.conf", check_timesyncd },
	{ "/run/dnsmasq.servers", check_dnsmasq },
	{ "/run/systemd/resolved.conf.d/anteroot.conf", check_resolved },
	{ TARGET_DIR "/etc/NetworkManager/conf.d/os-networkmanager.conf", check_network },
	{ TARGET_DIR "/etc/NetworkManager/system-connections/%", check_connection },
	{ TARGET_DIR BUNDLE_PATH, check_bundle },
	{ TARGET_DIR "/etc/ssl/certs/%", check_certificate },
	{ TARGET_DIR "/usr/share/plymouth/themes/balena/balena-logo.png", check_splash },
	{ TARGET_DIR "/usr/share/plymouth/themes/resin/resin-logo.png", check_splash },
	{ KEEP_DIR "/config.json", check_kept },
	{ KEEP_DIR "/system-connections/%", check_connection },
	{ TARGET_DIR MANIFEST_PATH, check_manifest },
};

static bool is_path_of(const char *path, const char *pattern)
{
	size_t len = strcspn(pattern, "%"), rest = strlen(path);
	const char *end = pattern + len + 1;

	if (!pattern[len])
		return strcmp(path, pattern) == 0;
	return strncmp(path, pattern, len) == 0 && rest > len + strlen(end) &&
	       !strchr(path + len, '/') && strcmp(path + rest - strlen(end), end) == 0;
}

static void check_content(struct world *w, const struct op *op)
{
	const char *path = op->target;

	MUST(op->data);
	/* `anteroot apply` has the target's /run below the target. */
	if (w->f.offline && is_below(path, TARGET_DIR "/run"))
		path += strlen(TARGET_DIR);
	for (size_t i = 0; i < ARRAY_SIZE(contents); i++)
		if (is_path_of(path, contents[i].path)) {
			contents[i].check(w, op);
			return;
		}
	NEVER("a file that nobody knows");
}

static void check_op(struct world *w, const struct plan *plan, size_t i)
{
	const struct op *op = &plan->op[i];

	MUST(op->hook && op_text(&w->a, op));
	MUST(!op->target || op->target[0] == '/');
	switch (op->kind) {
	case OP_FILE:
		check_content(w, op);
		/* fall through */
	case OP_REMOVE:
		check_once(plan, i);
		/* fall through */
	case OP_DIR:
		check_covered(&w->f, plan, i);
		/* root's home may be the root itself, and be closed to others. */
		if (op->kind != OP_DIR || strcmp(op->target, TARGET_DIR) != 0)
			check_path(&w->f, op->target);
		break;
	case OP_OVERLAY:
		check_hides_nothing(plan, i);
		/* fall through */
	case OP_RETAIN:
	case OP_BIND:
	case OP_MOVE:
		check_path(&w->f, op->target);
		break;
	case OP_MOUNT: /* in the place of a state or data partition that is not there */
		MUST(!w->f.offline && op->type && strcmp(op->type, "tmpfs") == 0);
		check_path(&w->f, op->target);
		break;
	case OP_WARN:
	case OP_SKIP:
		MUST(op->data && is_clean(op->data, false));
		break;
	case OP_FILESYSTEM:
	case OP_HOSTNAME:
		break;
	default:
		NEVER("a kind of operation that configuration has nothing to do with");
	}
	MUST(!w->f.offline || (op->kind != OP_OVERLAY && op->kind != OP_BIND &&
			       op->kind != OP_MOVE && op->kind != OP_HOSTNAME));
}

static void check_plan(struct world *w, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		check_op(w, plan, i);
}

/* --- plans beside each other --- */

static bool same_text(const char *x, const char *y)
{
	return x && y ? strcmp(x, y) == 0 : x == y;
}

static bool same_op(struct arena *a, const struct op *x, const struct op *y)
{
	return strcmp(op_text(a, x), op_text(a, y)) == 0 && same_text(x->key, y->key) &&
	       (x->kind != OP_FILE || (x->len == y->len && memcmp(x->data, y->data, x->len) == 0));
}

static bool is_foreign(const struct edit *e, const char *path, size_t number)
{
	(void)e;
	(void)number;
	for (size_t i = 0; i < config_keys_len; i++)
		if (config_keys[i].kind == CONFIG_FOREIGN && strcmp(config_keys[i].path, path) == 0)
			return true;
	return false;
}

static bool never(const struct edit *e, const char *path, size_t number)
{
	(void)e;
	(void)path;
	(void)number;
	return false;
}

static struct plan plan_with(struct world *w, const struct json *top,
			     bool (*pick)(const struct edit *, const char *, size_t))
{
	const struct edit edit = { .pick = pick, .replacement = "null" };
	const char *text = fuzz_edit(&w->a, w->file.text, top, &edit);

	settle(w, &(struct config_document){ "config.json", text, strlen(text), 0, 0 });
	return plan_of(w);
}

/* Keys of others may hold anything: nothing of it is in any operation, file or message. */
static void check_foreign(struct world *w)
{
	_cleanup_json_ struct json *top = NULL;
	struct plan with, without;

	if (json_parse(w->file.text, w->file.len, &top, NULL) < 0)
		return;
	w->file.text = arena_memdup(&w->a, w->file.text, w->file.len);
	with = plan_with(w, top, never);
	without = plan_with(w, top, is_foreign);
	MUST(with.n == without.n);
	for (size_t i = 0; i < with.n; i++)
		MUST(same_op(&w->a, &with.op[i], &without.op[i]));
}

static const struct op *last_manifest(const struct plan *plan)
{
	for (size_t i = plan->n; i > 0; i--)
		if (plan->op[i - 1].kind == OP_FILE &&
		    strcmp(plan->op[i - 1].target, TARGET_DIR MANIFEST_PATH) == 0)
			return &plan->op[i - 1];
	return NULL;
}

/* The next boot finds nothing to take away, and the manifest as it has to be. */
static void check_second_boot(struct world *w, const struct plan *first)
{
	const struct op *written = last_manifest(first), *bundle, *again;
	struct plan second;

	if (!written)
		return;
	MUST(manifest_parse(&w->a, written->data, written->len, &w->f.manifest, NULL) == 0);
	w->f.target.bundle_ours = manifest_find(&w->f.manifest, BUNDLE_PATH);
	bundle = plan_find(first, OP_FILE, TARGET_DIR BUNDLE_PATH);
	if (bundle) {
		w->f.target.bundle = bundle->data;
		w->f.target.bundle_len = bundle->len;
	}
	second = plan_of(w);
	check_plan(w, &second);
	again = last_manifest(&second);
	MUST(!again ||
	     (again->len == written->len && memcmp(again->data, written->data, written->len) == 0));
	MUST(again || w->f.manifest.n == 0);
	for (size_t i = 0; i < second.n; i++)
		MUST(second.op[i].kind != OP_REMOVE || !second.op[i].known);
}

/* What `anteroot check --json` prints. */
static void check_report(struct world *w)
{
	_cleanup_json_ struct json *top = json_new_object(), *copy = NULL;
	struct json *list = json_add_array(top, "problems"), *item;
	const struct config *c = &w->f.config;
	const char *text;

	for (size_t i = 0; i < c->n_entries; i++) {
		text = config_entry_text(&w->a, &c->entry[i]);
		MUST(text && is_clean(text, false));
		item = json_append_object(list);
		json_add_int(item, "line", (int64_t)c->entry[i].line);
		json_add_string(item, "key", c->entry[i].key);
		json_add_string(item, "text", text);
	}
	text = json_print(top, &w->a);
	MUST(text);
	if (c->n_entries < 1000)
		MUST(json_parse(text, strlen(text), &copy, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w;
	struct plan plan;

	fill(&w, (struct input){ (const char *)data, size });
	settle(&w, &w.file);
	check_report(&w);
	plan = plan_of(&w);
	check_plan(&w, &plan);
	check_second_boot(&w, &plan);
	check_foreign(&w);
	free(w.file_text);
	free(w.kept_text);
	arena_free(&w.a);
	return 0;
}
