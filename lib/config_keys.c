/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/config.h"
#include "lib/config_values.h"
#include "lib/json.h"

/*
 * The table of keys, which lib/config.c and `anteroot check` read. What is said of each to people is in
 * lib/config_words.c.
 */

#define FIELD(member) .offset = offsetof(struct config, member)
#define URL_MAX	      2048

/* Keys of somebody else: only their names matter. */
#define FOREIGN(name, whose)                                                    \
	{                                                                       \
		.path = (name), .kind = CONFIG_FOREIGN, .flags = CONFIG_SECRET, \
		.expected = "whatever its owner wants", .owner = (whose),       \
	}

const struct config_key config_keys[] = {
	{
		.path = "hostname",
		.kind = CONFIG_STRING,
		FIELD(hostname),
		.min = 1,
		.max = 64,
		.problem = value_hostname,
		.expected =
			"a string of 1 to 64 letters, digits, - and dots (RFC 1123), not localhost",
	},
	{
		.path = "uuid",
		.kind = CONFIG_STRING,
		.flags = CONFIG_SECRET,
		FIELD(uuid),
		.min = 1,
		.max = 64,
		.problem = value_uuid,
		.expected = "a string of 1 to 64 letters, digits and -",
	},
	{
		.path = "persistentLogging",
		.kind = CONFIG_BOOL,
		FIELD(persistent_logging),
		.expected = "true or false",
	},
	{
		.path = "country",
		.kind = CONFIG_STRING,
		.flags = CONFIG_UPPER,
		FIELD(country),
		.min = 2,
		.max = 2,
		.problem = value_country,
		.expected = "a string of two capital letters (ISO 3166), or \"00\"",
	},
	{
		.path = "ntpServers",
		.kind = CONFIG_WORDS,
		.flags = CONFIG_NONE_WORD,
		FIELD(ntp_servers),
		.min = 1,
		.max = 253,
		.items_max = 32,
		.problem = value_server,
		.expected = "a string of host names and addresses with blanks between them",
		.item = "a host name or an IP address",
	},
	{
		.path = "dnsServers",
		.kind = CONFIG_WORDS,
		.flags = CONFIG_ACCESS | CONFIG_NONE_WORD,
		FIELD(dns_servers),
		.min = 1,
		.max = 64,
		.items_max = 32,
		.problem = value_dns_address,
		.expected = "a string of IP addresses, each perhaps with #PORT, with blanks "
			    "between them, or "
			    "\"null\"",
		.item = "an IP address, perhaps with #PORT",
	},
	{
		.path = "os.network.wifi.randomMacAddressScan",
		.kind = CONFIG_BOOL,
		.flags = CONFIG_ACCESS,
		FIELD(random_mac),
		.expected = "true or false",
	},
	{
		.path = "os.network.connectivity.uri",
		.kind = CONFIG_STRING,
		.flags = CONFIG_ACCESS,
		FIELD(connectivity_uri),
		.min = 1,
		.max = URL_MAX,
		.problem = value_url,
		.expected = "a string: an http:// or https:// URL",
	},
	{
		.path = "os.network.connectivity.interval",
		.kind = CONFIG_NUMBER,
		.flags = CONFIG_ACCESS,
		FIELD(connectivity_interval),
		.min = 0,
		.max = 31536000,
		.expected =
			"a whole number of seconds from 0 (never) to 31536000, or a string of one",
	},
	{
		.path = "os.network.connectivity.response",
		.kind = CONFIG_STRING,
		.flags = CONFIG_ACCESS,
		FIELD(connectivity_response),
		.max = 1024,
		.problem = value_plain_line,
		.expected = "a string of at most 1024 bytes on one line, no backslash, no blank at "
			    "its ends",
	},
	{
		.path = "os.udevRules",
		.kind = CONFIG_RULES,
		FIELD(udev_rules),
		.items_max = JSON_VALUES_MAX,
		.expected = "an object of rule names and their text",
	},
	{
		.path = "os.sshKeys",
		.kind = CONFIG_LINES,
		.flags = CONFIG_ACCESS,
		FIELD(ssh_keys),
		.min = 1,
		.max = 16384,
		.items_max = JSON_VALUES_MAX,
		.problem = value_ssh_key,
		.expected = "an array of public keys, a string each",
		.item = "one public key on one line",
	},
	{
		.path = "balenaRootCA",
		.kind = CONFIG_STRING,
		.flags = CONFIG_ACCESS,
		FIELD(root_ca),
		.min = 1,
		.max = 196608,
		.problem = value_root_ca,
		.expected = "a string: base64 of one or more certificates in PEM",
	},
	{
		.path = "developmentMode",
		.kind = CONFIG_BOOL,
		FIELD(development_mode),
		.expected = "true or false",
	},
	{
		.path = "apiEndpoint",
		.kind = CONFIG_STRING,
		.flags = CONFIG_ACCESS | CONFIG_SECRET,
		FIELD(api_endpoint),
		.min = 1,
		.max = URL_MAX - 19, /* what is made of it is longer */
		.problem = value_url,
		.expected = "a string: an http:// or https:// URL",
		.owner = "supervisor",
	},

	FOREIGN("apiKey", "supervisor"),
	FOREIGN("apiTimeout", "supervisor"),
	FOREIGN("appUpdatePollInterval", "supervisor"),
	FOREIGN("applicationId", "supervisor"),
	FOREIGN("applicationName", "supervisor"),
	FOREIGN("bootstrapRetryDelay", "supervisor"),
	FOREIGN("deltaEndpoint", "supervisor"),
	FOREIGN("deviceApiKey", "supervisor"),
	FOREIGN("deviceApiKeys", "supervisor"),
	FOREIGN("deviceId", "supervisor"),
	FOREIGN("deviceType", "supervisor"),
	FOREIGN("initialDeviceName", "supervisor"),
	FOREIGN("listenPort", "supervisor"),
	FOREIGN("localMode", "supervisor"),
	FOREIGN("logsEndpoint", "supervisor"),
	FOREIGN("mixpanelHost", "supervisor"),
	FOREIGN("mixpanelToken", "supervisor"),
	FOREIGN("pubnubPublishKey", "supervisor"),
	FOREIGN("pubnubSubscribeKey", "supervisor"),
	FOREIGN("registered_at", "supervisor"),
	FOREIGN("registryEndpoint", "supervisor"),
	FOREIGN("statePatchInterval", "supervisor"),
	FOREIGN("supervisorOfflineMode", "supervisor"),
	FOREIGN("userId", "supervisor"),
	FOREIGN("username", "supervisor"),
	FOREIGN("vpnEndpoint", "supervisor"),
	FOREIGN("vpnPort", "supervisor"),

	FOREIGN("installer", "installer"),
	FOREIGN("files", "installer"),
	FOREIGN("wifiKey", "installer"),
	FOREIGN("wifiSsid", "installer"),

	FOREIGN("os.fan", "board"),
	FOREIGN("os.power", "board"),
};

const size_t config_keys_len = ARRAY_SIZE(config_keys);
