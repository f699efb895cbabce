/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>

#include "init/report_state.h"
#include "init/status.h"
#include "init/version.h"

/* `anteroot status --json`. */

static void copy_string(struct json *to, const struct json *from, const char *name)
{
	json_add_string(to, name, json_string(json_get(from, name)));
}

static void add_running(struct json *j, const struct bootstate *b)
{
	const struct running *run = &b->run;

	json_add_string(j, "slot", run->root_slot);
	json_add_string(j, "device",
			run->root ? arena_printf(b->a, "/dev/%s", run->root->name) : NULL);
	json_add_string(j, "mount_point", run->mount_point);
	json_add_string(j, "proof", running_proof_name(run->proof));
	json_add_bool(j, "candidate", b->candidate);
	json_add_string(j, "boot_disk", run->disk);
}

static void add_boot(struct json *j, const struct bootstate *b)
{
	struct json *failed;
	bool stored;

	copy_string(j, b->told, "slot");
	copy_string(j, b->told, "reason");
	copy_string(j, b->told, "reason_name");
	copy_string(j, b->told, "reset_cause");
	if (json_bool(json_get(b->told, "stored"), &stored))
		json_add_bool(j, "stored", stored);
	failed = json_add_array(j, "failed");
	for (const struct json *one = json_first(json_get(b->told, "failed")); one;
	     one = json_next(one)) {
		struct json *item = json_append_object(failed);

		copy_string(item, one, "device");
		copy_string(item, one, "slot");
		copy_string(item, one, "reason");
	}
}

static void add_next(struct json *j, const struct status *s)
{
	if (s->b->found.backend != AB_STATELESS) {
		json_add_string(j, "slot",
				s->next.slot < AB_ROOTS ? ab_slot_name(s->next.slot) : NULL);
		json_add_string(j, "reason_name", ab_reason_name(s->next.reason));
		json_add_bool(j, "candidate", s->next.candidate);
		json_add_int(j, "delay_sec", s->next.delay_sec);
	}
	json_add_string(j, "text", s->next_text);
}

static void add_record(struct json *top, const struct bootstate *b)
{
	const struct abstore_found *f = &b->found;
	struct json *copies;

	json_add_string(top, "backend", ab_backend_name(f->backend));
	if (f->backend == AB_STATELESS)
		return;
	json_add_string(top, "counter", b->conf->policy.counter == AB_LOADER ? "loader" : "agent");
	copies = json_add_array(top, "copies");
	for (size_t i = 0; i < ARRAY_SIZE(f->copy) && f->copy[i]; i++)
		json_append_string(copies, f->copy[i]);
	json_add_bool(top, "blank", f->blank);
	json_add_bool(top, "lost", f->lost);
	json_add_bool(top, "damaged", f->damaged);
	json_add_bool(top, "read_only", f->read_only);
	json_add_bool(top, "counted_twice", f->counted_twice);
	report_record(top, b->a, &f->record);
}

static void add_delivered(struct json *top, const struct status *s)
{
	struct status_count counts[STATUS_ACTIONS_MAX];
	size_t n = status_count(s, counts);
	struct json *delivered, *by, *failed;

	if (!s->report)
		return;
	delivered = json_add_object(top, "delivered");
	by = json_add_object(delivered, "counts");
	for (size_t i = 0; i < n; i++)
		json_add_int(by, counts[i].action, counts[i].n);
	failed = json_add_array(delivered, "failed");
	for (const struct json *j = NULL; (j = status_next_failed(s, j));) {
		struct json *item = json_append_object(failed);

		copy_string(item, j, "path");
		copy_string(item, j, "key");
		copy_string(item, j, "error");
	}
}

int status_print_json(struct status *s)
{
	_cleanup_json_ struct json *top = json_new_object();
	struct json *list;
	const char *text;

	json_add_string(top, "version", anteroot_version);
	add_running(json_add_object(top, "running"), s->b);
	if (s->b->told)
		add_boot(json_add_object(top, "boot"), s->b);
	add_next(json_add_object(top, "next"), s);
	add_record(top, s->b);
	list = json_add_array(top, "clones");
	for (const struct json *j = json_first(json_get(json_get(s->report, "seen"), "clones")); j;
	     j = json_next(j))
		json_append_string(list, json_string(j));
	add_delivered(top, s);
	list = json_add_array(top, "warnings");
	for (size_t i = 0; i < s->n_warnings; i++)
		json_append_string(list, s->warning[i]);
	text = top ? json_print(top, s->b->a) : NULL;
	if (!text)
		return -ENOMEM;
	(void)fputs(text, stdout); /* klibc's printf() ends at 32 KiB */
	return 0;
}
