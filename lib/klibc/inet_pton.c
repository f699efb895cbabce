/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* klibc's own knows no `::` (2.0.12: it wants eight groups). This one is RFC 4291, section 2.2, as POSIX
 * has it. */

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#define GROUPS 8u

static bool read_ipv4(const char *s, unsigned char ret[static 4])
{
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int value = 0, digits = 0;

		for (; *s >= '0' && *s <= '9'; s++, digits++) {
			if (digits == 3 || (digits > 0 && value == 0))
				return false;
			value = value * 10 + (unsigned int)(*s - '0');
		}
		if (digits == 0 || value > 255 || *s != (i < 3 ? '.' : '\0'))
			return false;
		ret[i] = (unsigned char)value;
		s += i < 3;
	}
	return true;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One group of at most four digits; returns what is behind it, NULL: there is none. */
static const char *read_group(const char *s, unsigned int *ret)
{
	unsigned int digits = 0;

	for (*ret = 0; hex_value(*s) >= 0; s++, digits++) {
		if (digits == 4)
			return NULL;
		*ret = *ret << 4 | (unsigned int)hex_value(*s);
	}
	return digits > 0 ? s : NULL;
}

static bool read_ipv6(const char *s, unsigned char ret[static 16])
{
	unsigned int n = 0, gap = GROUPS + 1; /* groups read, and how many were when `::` came */
	bool first = true; /* no colon is due: at the beginning, and behind `::` */

	memset(ret, 0, 16);
	if (s[0] == ':' && s[1] != ':')
		return false;
	while (*s) {
		unsigned int value;
		const char *end;

		if (s[0] == ':' && s[1] == ':') {
			if (gap <= GROUPS)
				return false;
			gap = n;
			s += 2;
			first = true;
			continue;
		}
		if (!first && *s++ != ':')
			return false;
		first = false;
		if (n + 2 <= GROUPS && read_ipv4(s, ret + 2 * n)) {
			n += 2;
			break;
		}
		end = read_group(s, &value);
		if (!end || n == GROUPS || (*end && *end != ':'))
			return false;
		ret[2 * n] = (unsigned char)(value >> 8);
		ret[2 * n + 1] = (unsigned char)value;
		n++;
		s = end;
	}
	if (gap > GROUPS)
		return n == GROUPS;
	if (n == GROUPS)
		return false;
	memmove(ret + 16 - 2 * (n - gap), ret + 2 * gap, 2 * (n - gap));
	memset(ret + 2 * gap, 0, 2 * (GROUPS - n));
	return true;
}

int inet_pton(int family, const char *text, void *ret)
{
	unsigned char address[16];
	bool good = family == AF_INET6 ? read_ipv6(text, address) : read_ipv4(text, address);

	if (family != AF_INET && family != AF_INET6)
		return -1;
	if (good)
		memcpy(ret, address, family == AF_INET6 ? 16 : 4);
	return good;
}
