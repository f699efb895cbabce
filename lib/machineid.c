/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/machineid.h"

#include <stdio.h>
#include <string.h>

/* @return MACHINEID_GOOD, MACHINEID_UPPER or MACHINEID_DAMAGED */
static enum machineid_form read_digits(const char *text, char *ret)
{
	enum machineid_form form = MACHINEID_GOOD;
	bool zero = true;

	for (size_t i = 0; i < MACHINEID_CHARS; i++) {
		char c = text[i];

		if (c >= 'A' && c <= 'F') {
			c = (char)(c - 'A' + 'a');
			form = MACHINEID_UPPER;
		}
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return MACHINEID_DAMAGED;
		zero = zero && c == '0';
		ret[i] = c;
	}
	return zero ? MACHINEID_DAMAGED : form;
}

void machineid_parse(const char *text, size_t len, struct machineid *ret)
{
	static const char word[] = "uninitialized";

	*ret = (struct machineid){ .form = MACHINEID_DAMAGED };
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len == 0)
		ret->form = MACHINEID_EMPTY;
	else if (len == strlen(word) && memcmp(text, word, len) == 0)
		ret->form = MACHINEID_UNINITIALIZED;
	else if (len == MACHINEID_CHARS)
		ret->form = read_digits(text, ret->text);
	if (ret->form < MACHINEID_UPPER)
		ret->text[0] = '\0';
}

void machineid_make(const unsigned char random[static MACHINEID_LEN], struct machineid *ret)
{
	*ret = (struct machineid){ .form = MACHINEID_GOOD };
	for (size_t i = 0; i < MACHINEID_LEN; i++) {
		unsigned char byte = random[i];

		if (i == 6)
			byte = (unsigned char)((byte & 0x0f) | 0x40);
		if (i == 8)
			byte = (unsigned char)((byte & 0x3f) | 0x80);
		(void)snprintf(ret->text + 2 * i, 3, "%02x", byte);
	}
}
