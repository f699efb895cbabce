/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/report.h"

#include <fcntl.h>
#include <string.h>

#include "init/boot.h"
#include "init/report_clock.h"
#include "init/report_config.h"
#include "init/report_state.h"
#include "init/version.h"
#include "lib/deliver.h"
#include "lib/json.h"

/* Makes room for one more; a report that cannot grow stays as it is. */
static void *grow(struct arena *a, void *list, size_t n, size_t *capacity, size_t item)
{
	size_t more = *capacity ? *capacity * 2 : 16;
	void *p;

	if (n < *capacity)
		return list;
	p = arena_alloc(a, more * item);
	if (!p)
		return NULL;
	if (n)
		memcpy(p, list, n * item);
	*capacity = more;
	return p;
}

void report_reserve(struct report *r, struct arena *a, size_t n)
{
	size_t capacity = r->n_deliveries + n;
	void *p = capacity > r->deliveries_capacity
			  ? arena_alloc(a, capacity * sizeof(*r->delivery))
			  : NULL;

	if (!p)
		return;
	if (r->n_deliveries)
		memcpy(p, r->delivery, r->n_deliveries * sizeof(*r->delivery));
	r->delivery = p;
	r->deliveries_capacity = capacity;
}

void report_add_delivery(struct report *r, struct arena *a, const struct report_delivery *d)
{
	void *p = grow(a, r->delivery, r->n_deliveries, &r->deliveries_capacity, sizeof(*d));

	if (!p)
		return;
	r->delivery = p;
	r->delivery[r->n_deliveries++] = *d;
	r->n_failed += d->action == ACTION_FAILED;
}

void report_add_module(struct report *r, struct arena *a, const struct report_module *m)
{
	void *p = grow(a, r->module, r->n_modules, &r->modules_capacity, sizeof(*m));

	if (!p)
		return;
	r->module = p;
	r->module[r->n_modules++] = *m;
}

void report_add_warning(struct report *r, struct arena *a, const struct report_warning *w)
{
	void *p = grow(a, r->warning, r->n_warnings, &r->warnings_capacity, sizeof(*w));

	if (!p)
		return;
	r->warning = p;
	r->warning[r->n_warnings++] = *w;
}

void report_add_stage(struct report *r, const struct report_stage *s)
{
	if (r->n_stages < REPORT_STAGES_MAX)
		r->stage[r->n_stages++] = *s;
}

static void add_device(struct json *j, const struct facts *f, const struct blockdev *dev,
		       struct arena *a)
{
	json_add_string(j, "device", arena_printf(a, "/dev/%s", dev->name));
	json_add_string(j, "label", dev->label);
	json_add_string(j, "uuid", dev->uuid);
	json_add_string(j, "partlabel", dev->partlabel);
	json_add_string(j, "partuuid", dev->partuuid);
	json_add_string(j, "type", dev->type);
	if (f->root_device && strcmp(dev->name, f->root_device) == 0)
		json_add_bool(j, "read_only", !f->target_writable);
}

static void add_failed(struct json *j, const struct facts *f)
{
	struct json *list = json_add_array(j, "failed");

	for (size_t i = 0; i < f->n_failed; i++) {
		struct json *item = json_append_object(list);

		json_add_string(item, "device", f->failed[i].device);
		json_add_string(item, "slot", f->failed[i].slot);
		json_add_string(item, "reason", f->failed[i].reason);
	}
}

static struct json *state_json(struct boot *b)
{
	const struct facts *f = &b->facts;
	const struct blockdev *root =
		f->root_device ? blockdev_by_name(&f->devs, f->root_device) : NULL;
	struct json *j = json_new_object();

	json_add_string(j, "version", anteroot_version);
	json_add_string(j, "slot", f->root_slot);
	json_add_string(j, "reason", f->root_reason);
	json_add_string(j, "boot_disk", f->boot_disk);
	if (root)
		add_device(json_add_object(j, "root"), f, root, &b->arena);
	add_failed(j, f);
	report_state(j, b);
	json_add_bool(j, "development_mode", f->config.development_mode == CONFIG_TRUE);
	if (b->error[0])
		json_add_string(j, "error", b->error);
	return j;
}

static void add_seen(struct json *j, struct boot *b)
{
	const struct facts *f = &b->facts;
	struct json *seen = json_add_object(j, "seen");
	struct json *disks = json_add_array(seen, "disks"),
		    *parts = json_add_array(seen, "partitions");
	struct json *clones = json_add_array(seen, "clones");

	for (size_t i = 0; i < f->devs.n; i++) {
		const struct blockdev *dev = &f->devs.dev[i];

		if (!blockdev_is_disk(dev)) {
			add_device(json_append_object(parts), f, dev, &b->arena);
			continue;
		}
		json_append_string(disks, dev->name);
		if (facts_is_clone(f, dev))
			json_append_string(clones, dev->name);
	}
}

static void add_decided(struct json *j, const struct boot *b)
{
	struct json *decided = json_add_object(j, "decided");

	json_add_string(decided, "boot_disk", b->facts.boot_disk);
	json_add_string(decided, "slot", b->facts.root_slot);
	json_add_string(decided, "root", b->facts.root_device);
	json_add_string(decided, "reason", b->facts.root_reason);
	json_add_string(decided, "init", b->facts.args.init);
	json_add_string(decided, "config", config_state_name(b->facts.config.state));
	add_failed(decided, &b->facts);
}

static void add_lists(struct json *j, const struct report *r)
{
	struct json *list = json_add_array(j, "stages"), *item;

	for (size_t i = 0; i < r->n_stages; i++) {
		item = json_append_object(list);
		json_add_string(item, "name", r->stage[i].name);
		json_add_int(item, "start_usec", r->stage[i].start_usec);
		json_add_int(item, "duration_usec", r->stage[i].duration_usec);
		json_add_int(item, "rounds", r->stage[i].rounds);
	}
	list = json_add_array(j, "modules");
	for (size_t i = 0; i < r->n_modules; i++) {
		item = json_append_object(list);
		json_add_string(item, "name", r->module[i].name);
		json_add_string(item, "wanted", r->module[i].wanted);
		json_add_int(item, "start_usec", r->module[i].start_usec);
		json_add_int(item, "usec", r->module[i].usec);
		if (r->module[i].error)
			json_add_string(item, "error", r->module[i].error);
	}
}

static void add_checks(struct json *j, const struct facts *f)
{
	struct json *list = json_add_array(j, "checks");

	for (size_t i = 0; i < f->n_checked; i++) {
		const struct facts_checked *c = &f->checked[i];
		struct json *item = json_append_object(list);

		json_add_string(item, "device", c->device);
		json_add_string(item, "why", c->why);
		json_add_string(item, "program", c->program);
		json_add_string(item, "verdict", fsck_verdict_name(c->verdict));
		json_add_int(item, "status", c->status);
		json_add_int(item, "usec", c->usec);
		json_add_string(item, "error", c->error);
	}
}

static struct json *report_json(struct boot *b)
{
	struct json *j = json_new_object();

	json_add_string(j, "version", anteroot_version);
	add_seen(j, b);
	add_decided(j, b);
	report_clock(j, b);
	add_checks(j, &b->facts);
	report_config(j, b);
	report_warnings(j, b);
	add_lists(j, &b->report);
	json_add_int(j, "memory_bytes", (int64_t)b->arena.used_bytes);
	return j;
}

int report_open_dir(const struct boot *b)
{
	int fd = open(b->facts.run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT)
		return fd >= 0 ? fd : -errno;
	(void)b->sys->mkdirat(AT_FDCWD, b->facts.run_dir, 0755);
	fd = open(b->facts.run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd : -errno;
}

static int save(struct boot *b, int dirfd, const char *name, const char *text, size_t len)
{
	static const struct deliver_how how = { .attr.mode = 0644 };
	struct deliver_result result;

	return deliver_file(b->sys, dirfd, name, text, len, &how, &result, NULL);
}

static int save_json(struct boot *b, int dirfd, const char *name, const struct json *j)
{
	char *text = j ? json_print(j, &b->arena) : NULL;

	return text ? save(b, dirfd, name, text, strlen(text)) : -ENOMEM;
}

/* The integrator's file is in the initramfs only: whoever looks for the slots later needs it. */
static int save_layout(struct boot *b, int dirfd)
{
	if (!b->layout_text)
		return 0;
	return save(b, dirfd, "/anteroot.json", b->layout_text, b->layout_len);
}

int report_save(struct boot *b, int dirfd)
{
	_cleanup_json_ struct json *state = state_json(b), *report = report_json(b);
	int first = save_json(b, dirfd, "/state.json", state);
	int err = save_json(b, dirfd, "/report.json", report);

	first = first < 0 ? first : err;
	err = report_state_env(b, dirfd);
	first = first < 0 ? first : err;
	err = save_layout(b, dirfd);
	first = first < 0 ? first : err;
	err = log_save(&b->log, dirfd);
	return first < 0 ? first : err;
}
