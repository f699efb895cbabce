/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "lib/json.h"
#include "lib/layout.h"

/* What the integrator's file says of a device's identity; docs/IDENTITY.md has the keys. */

static int wrong(struct reason *r, const char *key, const char *expected)
{
	return reason_setf(r, EBADMSG, "use", key, "expected %s (%s)", expected, LAYOUT_PATH);
}

static int read_machine_id(const struct json *j, struct layout *layout, struct reason *r)
{
	static const char *const names[] = {
		[LAYOUT_ID_RANDOM] = "random",
		[LAYOUT_ID_IMAGE] = "image",
		[LAYOUT_ID_NONE] = "none",
	};
	const char *name = json_string(j);

	for (size_t i = 0; name && i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0) {
			layout->machine_id = (enum layout_machine_id)i;
			return 0;
		}
	return wrong(r, "machineId", "random, image or none");
}

int layout_read_identity(struct arena *a, const struct json *top, struct layout *layout,
			 struct reason *r)
{
	const struct json *id = json_get(top, "machineId");

	(void)a;
	return id ? read_machine_id(id, layout, r) : 0;
}
