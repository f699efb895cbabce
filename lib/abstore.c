/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/abstore.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/abstore_backend.h"

/* By enum ab_backend; NULL: nothing is kept. */
static const struct abstore_backend *const backends[AB_BACKENDS] = {
	[AB_AUTO] = &abstore_record,	   [AB_RECORD] = &abstore_record,
	[AB_GRUBENV] = &abstore_grubenv,   [AB_UENV] = &abstore_uenv,
	[AB_UBOOTENV] = &abstore_ubootenv,
};

static void be_stateless(struct abstore_found *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->backend = AB_STATELESS;
	ab_blank(AB_A, &ret->record);
}

int abstore_load(struct arena *a, const struct abstore *s, struct abstore_found *ret,
		 struct reason *r)
{
	const struct abstore_backend *backend = backends[s->conf->backend];
	int err;

	be_stateless(ret);
	if (!backend)
		return 0;
	ret->backend = backend->kind;
	err = backend->load(a, s, ret, r);
	if (err == 0)
		return 0;
	be_stateless(ret);
	/* Whoever has asked for a boot state wants to know that there is none. */
	return err == -ENOENT && s->conf->backend == AB_AUTO ? 0 : err;
}

int abstore_store(const struct sys *sys, const struct abstore *s, struct abstore_found *found,
		  const struct ab_record *rec, struct reason *r)
{
	const struct abstore_backend *backend = backends[found->backend];
	struct ab_record next = *rec;
	int err;

	if (!backend)
		return reason_setf(r, ENOENT, "store", "the boot state", "there is none");
	if (found->read_only)
		return reason_setf(r, EROFS, "store", "the boot state",
				   "it is of a newer version of anteroot");
	next.generation = found->record.generation + 1;
	err = backend->store(sys, s, found, &next, r);
	if (err < 0)
		return err;
	found->record = next;
	found->blank = found->lost = found->damaged = found->counted_twice = false;
	return 0;
}

int abstore_create(const struct sys *sys, const struct abstore *s, struct reason *r)
{
	const struct abstore_backend *backend = backends[s->conf->backend];

	if (!backend || !backend->create)
		return reason_setf(r, EOPNOTSUPP, "make", "a boot state",
				   "the loader's own tools make its environment");
	return backend->create(sys, s, r);
}
