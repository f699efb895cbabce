/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/config_values.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/certificate.h"
#include "lib/config.h"

#define HOSTNAME_MAX  64u
#define LABEL_MAX     63u
#define RULE_NAME_MAX 249u /* with ".rules" the longest file name there is */
#define PORT_MAX      65535u

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return true;
	return false;
}

static const char *label_problem(const char *label, size_t len)
{
	if (len == 0)
		return "has an empty label (a dot too many)";
	if (len > LABEL_MAX)
		return "has a label of more than 63 characters";
	if (label[0] == '-' || label[len - 1] == '-')
		return "has a - at the beginning or end of a label";
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(label[i]) && label[i] != '-')
			return "contains a character that is no letter, digit, - or dot";
	return NULL;
}

static const char *labels_problem(const char *name)
{
	for (;;) {
		size_t len = strcspn(name, ".");
		const char *wrong = label_problem(name, len);

		if (wrong || !name[len])
			return wrong;
		name += len + 1;
	}
}

const char *config_hostname_problem(const char *hostname)
{
	if (!hostname[0])
		return "is empty";
	if (strlen(hostname) > HOSTNAME_MAX)
		return "is longer than 64 characters";
	if (strncasecmp(hostname, "localhost", strlen("localhost")) == 0)
		return "is a name of the machine itself";
	return labels_problem(hostname);
}

const char *value_hostname(struct arena *a, const char *value)
{
	(void)a;
	return config_hostname_problem(value);
}

const char *value_uuid(struct arena *a, const char *value)
{
	(void)a;
	for (; *value; value++)
		if (!is_alnum(*value) && *value != '-')
			return "contains a character that is no letter, digit or -";
	return NULL;
}

/* Case is mended before. */
const char *value_country(struct arena *a, const char *value)
{
	(void)a;
	if (strcmp(value, "00") == 0)
		return NULL;
	for (const char *p = value; *p; p++)
		if (*p < 'A' || *p > 'Z')
			return "is not two letters, nor 00";
	return NULL;
}

static bool is_address(const char *value)
{
	unsigned char buf[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, value, buf) == 1 || inet_pton(AF_INET6, value, buf) == 1;
}

const char *value_server(struct arena *a, const char *value)
{
	(void)a;
	if (is_address(value))
		return NULL;
	/* All digits and dots is an address that went wrong, not a name. */
	if (value[strspn(value, "0123456789.")] == '\0')
		return "is no IPv4 address";
	return labels_problem(value);
}

const char *value_dns_address(struct arena *a, const char *value)
{
	const char *hash = strchr(value, '#');
	const char *address = hash ? arena_memdup(a, value, (size_t)(hash - value)) : value;
	unsigned int port = 0;

	if (!address)
		return NULL; /* the arena remembers */
	if (!is_address(address))
		return "is no IPv4 or IPv6 address";
	if (!hash)
		return NULL;
	for (const char *p = hash + 1; *p; p++) {
		if (*p < '0' || *p > '9' || port > PORT_MAX)
			return "has a port that is no number from 1 to 65535";
		port = port * 10 + (unsigned int)(*p - '0');
	}
	return port >= 1 && port <= PORT_MAX ? NULL
					     : "has a port that is no number from 1 to 65535";
}

/* It ends up as a value of a key file: no blank, nothing that is quoting or a comment there. */
const char *value_url(struct arena *a, const char *value)
{
	size_t scheme = strncmp(value, "http://", 7) == 0    ? 7
			: strncmp(value, "https://", 8) == 0 ? 8
							     : 0;

	(void)a;
	if (scheme == 0)
		return "does not begin with http:// or https://";
	if (!is_alnum(value[scheme]) && value[scheme] != '[')
		return "has no host";
	for (const char *p = value; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("\"'<>\\^`{|}", *p))
			return "contains a character that cannot be in a URL";
	return NULL;
}

/* As value_url(): GLib's key files take a backslash for quoting and blanks at the ends away. */
const char *value_plain_line(struct arena *a, const char *value)
{
	size_t len = strlen(value);

	(void)a;
	if (has_control(value) || strchr(value, '\t'))
		return "contains a line break or another control character";
	if (strchr(value, '\\'))
		return "contains a backslash";
	if (len > 0 && (value[0] == ' ' || value[len - 1] == ' '))
		return "begins or ends with a blank";
	return NULL;
}

const char *value_ssh_key(struct arena *a, const char *value)
{
	(void)a;
	if (value[0] == '#')
		return "is a comment";
	if (has_control(value))
		return "contains a line break or another control character";
	return NULL;
}

const char *value_root_ca(struct arena *a, const char *value)
{
	struct certificates certs;

	return certificates_read(a, value, &certs);
}

const char *value_rule_name(const char *name)
{
	if (!name[0])
		return "has an empty name";
	if (name[0] == '.')
		return "has a name with a leading dot";
	if (strlen(name) > RULE_NAME_MAX)
		return "has a name of more than 249 bytes";
	for (; *name; name++)
		if (!is_alnum(*name) && !strchr("._-", *name))
			return "has a name with a character that is no letter, digit, dot, - or _";
	return NULL;
}
