/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/place.h"
#include "hooks/servers.h"
#include "hooks/table.h"

/* Servers are added to those of the image: chrony reads them from a source directory when it starts,
 * timesyncd from a drop-in. */
#define CHRONY_FILE    "added_config.sources" /* as balenaOS names it */
#define CHRONY_RUNTIME "/run/chrony"	      /* chronyd's own, and it is particular about it */
#define TIMESYNCD_FILE "/systemd/timesyncd.conf.d/anteroot.conf"

bool ntp_applies(const struct facts *f)
{
	return f->config.ntp_servers.n > 0 && !servers_none(&f->config.ntp_servers);
}

static void to_chrony(const struct facts *f, struct plan *p)
{
	const char *dir = f->target.chrony_dir;
	const char *text = servers_text(p, &f->config.ntp_servers, "pool ",
					" iburst minpoll 14 maxpoll 14 maxsources 1\n");

	if (!dir) {
		PLAN_ADD(p, .kind = OP_SKIP, .key = "ntpServers",
			 .data = "chronyd's configuration in the target has no sourcedir");
		return;
	}
	/* With another owner, or open to others, chronyd has no command socket. */
	if (strcmp(dir, CHRONY_RUNTIME) == 0)
		PLAN_ADD(p, .kind = OP_DIR, .on_failure = FAIL_WARN,
			 .target = arena_printf(p->arena, "%s/chrony", f->runtime_dir),
			 .mode = 0750, .uid = f->target.chrony_uid, .gid = f->target.chrony_gid,
			 .key = "ntpServers");
	if (strncmp(dir, "/run/", 5) == 0)
		place_runtime(f, p, arena_printf(p->arena, "%s/" CHRONY_FILE, dir + 4), text,
			      "ntpServers");
	else if (text)
		place_file(f, p,
			   &(struct place_file){ .dir = dir,
						 .name = CHRONY_FILE,
						 .data = text,
						 .len = strlen(text),
						 .mode = 0644,
						 .key = "ntpServers" });
}

void ntp_run(const struct facts *f, struct plan *p)
{
	bool chrony = target_has(f, CHRONYD_PATH), timesyncd = target_has(f, TIMESYNCD_PATH);

	if (chrony)
		to_chrony(f, p);
	if (timesyncd)
		place_runtime(f, p, TIMESYNCD_FILE,
			      arena_printf(p->arena,
					   "# Written by anteroot: ntpServers of config.json.\n"
					   "[Time]\nNTP=%s\n",
					   servers_words(p, &f->config.ntp_servers, NULL)),
			      "ntpServers");
	if (!chrony && !timesyncd)
		PLAN_ADD(p, .kind = OP_SKIP, .key = "ntpServers",
			 .data = "the target has neither chronyd nor systemd-timesyncd");
}
