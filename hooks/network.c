/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/place.h"
#include "hooks/servers.h"
#include "hooks/table.h"

/* One file with a section for each subject; what config.json does not say is NetworkManager's to decide. It
 * may hold the API's address, and NetworkManager is root: nobody else reads it. */
#define NETWORK_DIR  "/etc/NetworkManager/conf.d"
#define NETWORK_FILE "os-networkmanager.conf"
#define INTERVAL_SEC 3600

static const char *check_uri(const struct facts *f, struct plan *p)
{
	const struct config *c = &f->config;
	size_t len;

	if (c->connectivity_uri || !c->api_endpoint)
		return c->connectivity_uri;
	len = strlen(c->api_endpoint);
	while (len > 0 && c->api_endpoint[len - 1] == '/')
		len--;
	return arena_printf(p->arena, "%.*s/connectivity-check", (int)len, c->api_endpoint);
}

/* A key that cannot be read, with no previous value kept: the file of an earlier boot has it. */
static bool is_lost(const struct facts *f)
{
	static const char *const keys[] = {
		"os.network.wifi.randomMacAddressScan",
		"os.network.connectivity.uri",
		"os.network.connectivity.interval",
		"os.network.connectivity.response",
		"apiEndpoint",
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (config_is_lost(&f->config, keys[i]))
			return true;
	return false;
}

bool network_applies(const struct facts *f)
{
	const struct config *c = &f->config;

	return c->random_mac != CONFIG_ABSENT || c->connectivity_uri || c->api_endpoint ||
	       is_lost(f);
}

static const char *file_text(const struct facts *f, struct plan *p)
{
	const struct config *c = &f->config;
	const char *uri = check_uri(f, p), *device = "", *connectivity = "";

	if (c->random_mac != CONFIG_ABSENT)
		device = arena_printf(p->arena, "[device]\nwifi.scan-rand-mac-address=%s\n",
				      c->random_mac == CONFIG_TRUE ? "yes" : "no");
	if (uri)
		connectivity = arena_printf(
			p->arena, "[connectivity]\nuri=%s\ninterval=%lld\nresponse=%s\n", uri,
			(long long)(c->connectivity_interval.set ? c->connectivity_interval.value
								 : INTERVAL_SEC),
			c->connectivity_response ? c->connectivity_response : "");
	if (!device || !connectivity || (!*device && !*connectivity))
		return NULL;
	return arena_printf(p->arena, "# Written by anteroot: os.network of config.json.\n%s%s",
			    device, connectivity);
}

void network_run(const struct facts *f, struct plan *p)
{
	const char *text;

	if (!target_has(f, NETWORKMANAGER_PATH)) {
		PLAN_ADD(p, .kind = OP_SKIP, .key = "os.network",
			 .data = "the target has no NetworkManager");
		return;
	}
	if (is_lost(f) && place_known(f, p, NETWORK_DIR, NETWORK_FILE)) {
		place_retain(f, p, NETWORK_DIR, NETWORK_FILE);
		return;
	}
	text = file_text(f, p);
	place_file(f, p,
		   &(struct place_file){ .dir = NETWORK_DIR,
					 .name = NETWORK_FILE,
					 .data = text,
					 .len = text ? strlen(text) : 0,
					 .mode = 0600,
					 .guard = PLACE_ACCESS,
					 .key = "os.network" });
}
