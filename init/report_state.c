/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/report_state.h"

#include <stdio.h>
#include <string.h>

#include "lib/deliver.h"

/* As /proc/sys/kernel/random/boot_id has it. */
static const char *boot_id_text(struct arena *a, const unsigned char id[static AB_BOOT_ID_LEN])
{
	char text[2 * AB_BOOT_ID_LEN + 5], *p = text;

	for (size_t i = 0; i < AB_BOOT_ID_LEN; i++)
		p += sprintf(p, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
	return arena_strdup(a, text);
}

static void add_slot(struct json *j, const struct ab_slot *s)
{
	json_add_string(j, "state", ab_state_name(s->state));
	json_add_string(j, "bad", s->state == AB_BAD ? ab_bad_name(s->bad) : NULL);
	json_add_int(j, "tries", s->tries);
	json_add_int(j, "attempts", s->attempts);
	json_add_int(j, "refunds", s->refunds);
	json_add_int(j, "unconfirmed", s->unconfirmed);
	json_add_bool(j, "confirmed", s->confirmed);
	json_add_string(j, "version", *s->version ? s->version : NULL);
}

static void add_transitions(struct json *j, const struct ab_record *rec)
{
	struct json *list = json_add_array(j, "transitions");

	for (size_t i = 0; i < AB_TRANSITIONS; i++) {
		const struct ab_transition *t = &rec->transition[i];
		struct json *item;

		if (t->event == AB_EVENT_NONE)
			continue;
		item = json_append_object(list);
		json_add_string(item, "event", ab_event_name(t->event));
		json_add_string(item, "slot", t->slot < AB_ROOTS ? ab_slot_name(t->slot) : NULL);
		json_add_string(item, "bad", t->bad ? ab_bad_name(t->bad) : NULL);
		json_add_int(item, "transaction", t->transaction);
		json_add_int(item, "time", t->realtime_sec);
	}
}

void report_record(struct json *j, struct arena *a, const struct ab_record *rec)
{
	struct json *slots = json_add_object(j, "slots");

	add_slot(json_add_object(slots, "A"), &rec->slot[AB_A]);
	add_slot(json_add_object(slots, "B"), &rec->slot[AB_B]);
	json_add_string(j, "active", ab_slot_name(rec->active));
	json_add_int(j, "transaction", rec->transaction);
	json_add_int(j, "generation", rec->generation);
	json_add_int(j, "switches", rec->switches);
	json_add_int(j, "fruitless", rec->fruitless);
	json_add_bool(j, "unknown", rec->unknown);
	json_add_string(j, "floor", *rec->floor ? rec->floor : NULL);
	json_add_string(j, "booted", rec->booted < AB_ROOTS ? ab_slot_name(rec->booted) : NULL);
	json_add_string(j, "booted_boot_id", boot_id_text(a, rec->boot_id));
	json_add_bool(j, "orderly", rec->orderly);
	add_transitions(j, rec);
}

/* What is on the disk is of this boot. A loader that counts writes nothing of it. */
static bool is_stored(const struct facts_state *s)
{
	return memcmp(s->boot_id, s->found.record.boot_id, AB_BOOT_ID_LEN) == 0;
}

void report_state(struct json *j, struct boot *b)
{
	const struct facts_state *s = &b->facts.state;
	struct json *copies;

	json_add_string(j, "boot_id", boot_id_text(&b->arena, s->boot_id));
	json_add_string(j, "reset_cause", s->reset_cause);
	json_add_string(j, "backend", ab_backend_name(s->found.backend));
	if (s->found.backend == AB_STATELESS || !s->decided)
		return;
	json_add_string(j, "counter",
			b->facts.layout.state.policy.counter == AB_LOADER ? "loader" : "agent");
	json_add_string(j, "reason_name", ab_reason_name(s->decision.reason));
	json_add_bool(j, "candidate", s->decision.candidate);
	json_add_bool(j, "stored", is_stored(s));
	json_add_int(j, "waited_sec", s->waited_sec);
	json_add_string(j, "problem", s->found.problem);
	copies = json_add_array(j, "copies");
	for (size_t i = 0; i < ARRAY_SIZE(s->found.copy) && s->found.copy[i]; i++)
		json_append_string(copies, s->found.copy[i]);
	report_record(j, &b->arena, &s->record);
}

int report_state_env(struct boot *b, int dirfd)
{
	static const struct deliver_how how = { .attr.mode = 0644 };
	const struct facts *f = &b->facts;
	const struct facts_state *s = &f->state;
	const struct ab_slot *slot = s->decided && s->decision.slot < AB_SLOTS
					     ? &s->record.slot[s->decision.slot]
					     : NULL;
	struct deliver_result result;
	char *text = arena_printf(
		&b->arena,
		"ANTEROOT_SLOT=%s\nANTEROOT_ROOT=%s%s\nANTEROOT_BACKEND=%s\nANTEROOT_REASON=%s\n"
		"ANTEROOT_CANDIDATE=%d\nANTEROOT_ATTEMPTS=%u\nANTEROOT_TRIES=%u\n",
		f->root_slot ? f->root_slot : "", f->root_device ? "/dev/" : "",
		f->root_device ? f->root_device : "", ab_backend_name(s->found.backend),
		s->decided ? ab_reason_name(s->decision.reason) : "",
		s->decided && s->decision.candidate, slot ? slot->attempts : 0,
		slot ? slot->tries : 0);

	if (!text)
		return -ENOMEM;
	return deliver_file(b->sys, dirfd, "/state.env", text, strlen(text), &how, &result, NULL);
}
