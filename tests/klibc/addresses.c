/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Prints what inet_pton() makes of very many texts. The same program runs on klibc and on glibc, and
 * must print the same: tests/tools/same-output compares.
 */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void show(const char *text)
{
	unsigned char v4[4] = { 0 }, v6[16] = { 0 };
	int is4 = inet_pton(AF_INET, text, v4), is6 = inet_pton(AF_INET6, text, v6);

	printf("%s %d %d ", text, is4, is6);
	for (size_t i = 0; i < sizeof(v4) && is4 == 1; i++)
		printf("%02x", v4[i]);
	for (size_t i = 0; i < sizeof(v6) && is6 == 1; i++)
		printf("%02x", v6[i]);
	printf("\n");
}

/* All texts of up to `left` parts. */
static void each(char *text, size_t len, int left)
{
	static const char *const parts[] = { ":",   "::",    "1",  "ffff",    "fe80",
					     "0",   "12345", "g",  "1.2.3.4", ".",
					     "255", "256",   "01", "A",	      "" };

	text[len] = '\0';
	show(text);
	for (size_t i = 0; left > 0 && i < sizeof(parts) / sizeof(parts[0]) - 1; i++) {
		size_t n = strlen(parts[i]);

		memcpy(text + len, parts[i], n);
		each(text, len + n, left - 1);
	}
}

int main(void)
{
	static const char *const whole[] = {
		"1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7::",
		"::2:3:4:5:6:7:8",
		"1:2:3::5:6:7:8",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"1::2::3",
		"1:2:3:4:5:6:1.2.3.4",
		"1:2:3:4:5:6:7:1.2.3.4",
		"::ffff:1.2.3.4",
		"::1.2.3.4.5",
		"::1.2.3",
		"1:2:3:4:5:6:7:8:",
		":1:2:3:4:5:6:7:8",
		"::1%eth0",
		"2620:fe::fe",
		"9.9.9.9",
		"9.9.9.9 ",
		" 9.9.9.9",
		"0.0.0.0",
		"1:2:3:4:5:6::7:8",
		"1:2:3:4:5:6:7::8",
		"0:0:0:0:0:0:0:0",
		"1::8:1.2.3.4:1",
	};
	char text[64];

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		show(whole[i]);
	each(text, 0, 4);
	for (int a = 0; a < 300; a++)
		for (int b = 0; b < 260; b++) {
			(void)snprintf(text, sizeof(text), "%d.%d.%d.%d", a, b, b / 2, a / 3);
			show(text);
		}
	return 0;
}
