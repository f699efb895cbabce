/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/config_words.h"

#include <string.h>

#define NETWORK_CONF "/etc/NetworkManager/conf.d/os-networkmanager.conf"

/* In the order of lib/config_keys.c. */
static const struct config_words words[] = {
	{
		.path = "hostname",
		.pattern = "^(?![Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt])[A-Za-z0-9]([A-Za-z0-9-]{0,61}"
			   "[A-Za-z0-9])?"
			   "(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$",
		.hook = "hostname",
		.text = "The name of the device, in the kernel and in the file.",
		.fallback = "the first 7 characters of uuid; without uuid the image's own",
		.example = "\"press-07\"",
		.output = "/etc/hostname",
		.reader = "systemd and everybody else; the kernel has it before the target's init "
			  "starts",
	},
	{
		.path = "uuid",
		.pattern = "^[A-Za-z0-9-]*$",
		.hook = "hostname",
		.text = "Who the device is. Of it only the default host name is made.",
		.fallback = "none",
		.example = "\"1f0c1e5d9b7a4c1ea5b0d7c2f0a1b2c3\"",
		.output = "/etc/hostname, when there is no hostname",
		.reader = "as hostname",
	},
	{
		.path = "persistentLogging",
		.hook = "journal",
		.text = "Whether the journal outlives a boot: on the data partition, else on the "
			"state "
			"partition, else in a writable root.",
		.fallback = "nothing is changed: the journal stays as it was",
		.example = "true",
		.output = "/var/log/journal; false: /run/systemd/journald.conf.d/anteroot.conf",
		.reader = "systemd-journald",
	},
	{
		.path = "country",
		.pattern = "^([A-Za-z]{2}|00)$",
		.hook = "country",
		.text = "Where the device is: the Wi-Fi regulatory domain, set before the driver "
			"loads.",
		.fallback = "the driver's own",
		.example = "\"GB\"",
		.output = "/run/modprobe.d/zz-anteroot-country.conf",
		.reader = "kmod, when it loads cfg80211",
	},
	{
		.path = "ntpServers",
		.hook = "ntp",
		.text = "Time servers, besides those of the image.",
		.fallback = "none besides those of the image",
		.example = "\"0.resinio.pool.ntp.org 1.resinio.pool.ntp.org\"",
		.output = "added_config.sources in chrony's source directory (/run/chrony); "
			  "/run/systemd/timesyncd.conf.d/anteroot.conf",
		.reader = "chronyd, systemd-timesyncd: whichever the target has",
	},
	{
		.path = "dnsServers",
		.hook = "dns",
		.text = "Name servers. \"null\" (the string) means none, and no default either.",
		.fallback = "dnsmasq gets 8.8.8.8, systemd-resolved nothing",
		.example = "\"9.9.9.9 1.1.1.1\"",
		.output = "/run/dnsmasq.servers; /run/systemd/resolved.conf.d/anteroot.conf",
		.reader = "dnsmasq (servers-file=), systemd-resolved: whichever the target has",
	},
	{
		.path = "os.network.wifi.randomMacAddressScan",
		.hook = "network",
		.text = "Whether Wi-Fi scans with a random hardware address.",
		.fallback = "NetworkManager's own",
		.example = "false",
		.output = NETWORK_CONF,
		.reader = "NetworkManager",
	},
	{
		.path = "os.network.connectivity.uri",
		.pattern = "^https?://",
		.hook = "network",
		.text = "What is asked for to see whether the network leads anywhere.",
		.fallback = "apiEndpoint with /connectivity-check behind it; without both there is "
			    "no check",
		.example = "\"https://api.example.com/connectivity-check\"",
		.output = NETWORK_CONF,
		.reader = "NetworkManager",
	},
	{
		.path = "os.network.connectivity.interval",
		.hook = "network",
		.text = "Seconds between two of these checks.",
		.fallback = "3600",
		.example = "300",
		.output = NETWORK_CONF,
		.reader = "NetworkManager",
	},
	{
		.path = "os.network.connectivity.response",
		.hook = "network",
		.text = "What the answer must begin with; empty: nothing, or status 204.",
		.fallback = "empty",
		.example = "\"online\"",
		.output = NETWORK_CONF,
		.reader = "NetworkManager",
	},
	{
		.path = "os.udevRules",
		.hook = "udev-rules",
		.text = "Rules of udev, each a file; in place before udevd starts. A name that the "
			"image has too, "
			"in /usr/lib/udev/rules.d, hides that one.",
		.fallback = "none; rules of an earlier boot are removed",
		.example = "{ \"56\": \"KERNEL==\\\"ttyACM*\\\", SYMLINK+=\\\"modem\\\"\" }",
		.output = "/etc/udev/rules.d/NAME.rules",
		.reader = "systemd-udevd",
	},
	{
		.path = "os.sshKeys",
		.hook = "ssh-keys",
		.text = "Who may log in as root, one public key each.",
		.fallback = "nobody: the file is removed",
		.example = "[ \"ssh-ed25519 AAAA owner@example\" ]",
		.output = "~root/.ssh/authorized_keys_local",
		.reader = "sshd (AuthorizedKeysFile), dropbear",
	},
	{
		.path = "balenaRootCA",
		.pattern = "^[A-Za-z0-9+/=\\s]*$",
		.hook = "root-ca",
		.text = "Certificates that the device trusts besides those of the image.",
		.fallback = "none; certificates of an earlier boot are no longer trusted",
		.example = "\"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t…\"",
		.output = "/etc/ssl/certs/HASH.N and ca-certificates.crt there",
		.reader = "OpenSSL, GnuTLS, curl and all that use them",
	},
	{
		.path = "developmentMode",
		.text = "Whether the device is a developer's. It is reported and changes nothing.",
		.fallback = "false",
		.example = "true",
		.output = "/run/anteroot/state.json, development_mode",
		.reader = "whoever asks",
	},
	{
		.path = "apiEndpoint",
		.pattern = "^https?://",
		.hook = "network",
		.text = "Where the supervisor reports to. Of it only the address of the "
			"connectivity check is made.",
		.fallback = "none",
		.example = "\"https://api.example.com\"",
		.output = NETWORK_CONF ", when os.network.connectivity.uri is absent",
		.reader = "NetworkManager; the supervisor reads config.json itself",
	},
};

const size_t config_words_len = ARRAY_SIZE(words);

const struct config_words *config_words(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i].path, path) == 0)
			return &words[i];
	return NULL;
}
