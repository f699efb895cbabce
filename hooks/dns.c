/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/place.h"
#include "hooks/servers.h"
#include "hooks/table.h"

#define DNSMASQ_FILE	"/dnsmasq.servers" /* servers-file= of balenaOS' dnsmasq */
#define DNSMASQ_DEFAULT "server=8.8.8.8\n"
#define RESOLVED_FILE	"/systemd/resolved.conf.d/anteroot.conf"

/* ADDRESS#PORT is dnsmasq's form; for resolved (systemd, in_addr_port_from_string) it is ADDRESS:PORT,
 * an IPv6 address in brackets. */
static const char *for_resolved(struct plan *p, const char *server)
{
	const char *hash = strchr(server, '#');
	bool six = strchr(server, ':') != NULL;

	if (!hash)
		return server;
	return arena_printf(p->arena, "%s%.*s%s:%s", six ? "[" : "", (int)(hash - server), server,
			    six ? "]" : "", hash + 1);
}

static void to_dnsmasq(const struct facts *f, struct plan *p)
{
	const struct config_strings *servers = &f->config.dns_servers;
	const char *text = DNSMASQ_DEFAULT;

	if (servers_none(servers))
		text = ""; /* "server=null" is a name that dnsmasq cannot resolve */
	else if (servers->n > 0)
		text = servers_text(p, servers, "server=", "\n");
	place_runtime(f, p, DNSMASQ_FILE, text, "dnsServers");
}

static void to_resolved(const struct facts *f, struct plan *p)
{
	place_runtime(f, p, RESOLVED_FILE,
		      arena_printf(p->arena,
				   "# Written by anteroot: dnsServers of config.json.\n"
				   "[Resolve]\nDNS=%s\n",
				   servers_words(p, &f->config.dns_servers, for_resolved)),
		      "dnsServers");
}

void dns_run(const struct facts *f, struct plan *p)
{
	const struct config_strings *servers = &f->config.dns_servers;
	bool named = servers->n > 0 && !servers_none(servers);
	bool dnsmasq = target_has(f, DNSMASQ_PATH), resolved = target_has(f, RESOLVED_PATH);

	if (dnsmasq)
		to_dnsmasq(f, p);
	if (resolved && named)
		to_resolved(f, p);
	if (named && !dnsmasq && !resolved)
		PLAN_ADD(p, .kind = OP_SKIP, .key = "dnsServers",
			 .data = "the target has neither dnsmasq nor systemd-resolved");
}
