/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/place.h"
#include "hooks/table.h"

/* modprobe.d(5): the options of all files add up in the order of their names, and the kernel takes the last:
 * zz, so that the owner's word counts more than the image's. */
#define COUNTRY_FILE "/modprobe.d/zz-anteroot-country.conf"

bool country_applies(const struct facts *f)
{
	return f->config.country;
}

void country_run(const struct facts *f, struct plan *p)
{
	place_runtime(f, p, COUNTRY_FILE,
		      arena_printf(p->arena,
				   "# Written by anteroot: config.json has this country.\n"
				   "options cfg80211 ieee80211_regdom=%s\n",
				   f->config.country),
		      "country");
}
