/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/abstore.h"

/* What a backend of lib/abstore.c is: one row of functions. */
struct abstore_backend {
	enum ab_backend kind;
	/* Fills what abstore_load() says. -ENOENT: it is not there. */
	int (*load)(struct arena *a, const struct abstore *s, struct abstore_found *ret,
		    struct reason *r);
	/* rec has the generation to write; updates found->copy and found->spare. */
	int (*store)(const struct sys *sys, const struct abstore *s, struct abstore_found *found,
		     const struct ab_record *rec, struct reason *r);
	/* NULL: others make it. */
	int (*create)(const struct sys *sys, const struct abstore *s, struct reason *r);
};

extern const struct abstore_backend abstore_record, abstore_grubenv, abstore_uenv, abstore_ubootenv;
