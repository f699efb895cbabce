/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/reason.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int reason_set(struct reason *r, int err, const char *verb, const char *object)
{
	if (err < 0)
		err = -err;
	if (r) {
		r->verb = verb;
		r->err = err;
		r->cause[0] = '\0';
		(void)snprintf(r->object, sizeof(r->object), "%s", object);
	}
	return -err;
}

int reason_setf(struct reason *r, int err, const char *verb, const char *object, const char *fmt,
		...)
{
	va_list ap;

	err = reason_set(r, err, verb, object);
	if (r) {
		va_start(ap, fmt);
		(void)vsnprintf(r->cause, sizeof(r->cause), fmt, ap);
		va_end(ap);
	}
	return err;
}

const char *reason_render(const struct reason *r, char *buf, size_t size)
{
	if (!r->verb)
		(void)snprintf(buf, size, "no error");
	else
		(void)snprintf(buf, size, "unable to %s %s: %s", r->verb, r->object,
			       r->cause[0] ? r->cause : strerror(r->err));
	return buf;
}
