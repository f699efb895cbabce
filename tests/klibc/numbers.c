/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints what cJSON and strtod() make of many numbers. The same program runs on klibc and on
 * glibc, and the two outputs are compared byte for byte.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 0x9e3779b97f4a7c15;

static uint64_t random_bits(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static double from_bits(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* A text through strtod() and through cJSON: read, print, read again. */
static void show_text(const char *text)
{
	char *end;
	double value = strtod(text, &end);
	cJSON *item = cJSON_Parse(text);
	char *printed = item ? cJSON_PrintUnformatted(item) : NULL;

	printf("%s: %016" PRIx64 " %d", strlen(text) < 80 ? text : "long", bits_of(value),
	       (int)(end - text));
	if (printed) {
		cJSON *again = cJSON_Parse(printed);

		printf(" %s %016" PRIx64 " %016" PRIx64, printed, bits_of(item->valuedouble),
		       again ? bits_of(again->valuedouble) : 0);
		cJSON_Delete(again);
	}
	printf("\n");
	free(printed);
	cJSON_Delete(item);
}

static void show_value(double value)
{
	char text[64];

	/* JSON has neither infinity nor NaN. */
	if (!isfinite(value))
		return;
	for (int precision = 1; precision <= 17; precision += 8) {
		char format[8] = "%1.1g";

		if (precision == 9)
			strcpy(format, "%1.9g");
		if (precision == 17)
			strcpy(format, "%1.17g");
		sprintf(text, format, value);
		printf("%s ", text);
	}
	sprintf(text, "%1.15g", value);
	show_text(text);
	sprintf(text, "%1.17g", value);
	show_text(text);
}

static void show_odd_texts(void)
{
	static const char *const odd[] = {
		"0",
		"-0",
		"0.0",
		"-0.0e5",
		"1",
		"-1",
		"1e999",
		"-1e999",
		"1e-999",
		"1e309",
		"1e308",
		"1.7976931348623157e308",
		"1.7976931348623158e308",
		"1.7976931348623159e308",
		"179769313486231580793728971405301e276",
		"4.9e-324",
		"2.4703282292062327e-324",
		"2.4703282292062328e-324",
		"2.2250738585072011e-308",
		"2.2250738585072012e-308",
		"2.2250738585072014e-308",
		"9007199254740991",
		"9007199254740992",
		"9007199254740993",
		"9007199254740994",
		"9007199254740995",
		"-9007199254740993",
		"18446744073709551615",
		"9223372036854775807",
		"9223372036854775808",
		"2147483647",
		"2147483648",
		"-2147483649",
		"0.1",
		"0.2",
		"0.3",
		"1e23",
		"9.5367431640625e-07",
		"123456789012345678901234567890",
		"1e",
		"1e+",
		"1.",
		".5",
		"-.5",
		"+5",
		"00012",
		"1.e5",
		"1e0000000005",
		"1e99999999999999",
		"1e-99999999999999",
		"0e99999999999999",
		"--1",
		"1..2",
		"1e5.5",
		"-",
		"",
		" 7",
		"7 ",
		"5e-1",
		"100000",
		"1000000000000000",
		"10000000000000000",
		"123456.789e3",
		"1e15",
		"1e16",
		"1e17",
		"1e21",
		"1e22",
		"0.0001",
		"0.00001",
		"0.000123456789",
		"6.62607015e-34",
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		show_text(odd[i]);
}

/* Points half way between two doubles, and just above and below, in all their digits. */
static void show_long_texts(void)
{
	static char text[2000];

	show_text(strcat(
		strcat(strcpy(text, "9007199254740993."), "00000000000000000000000000000000000"),
		"000000000000000000000000000000000000000000000001"));
	for (int zeros = 700; zeros < 900; zeros += 7) {
		strcpy(text, "9007199254740993.");
		memset(text + 17, '0', (size_t)zeros);
		strcpy(text + 17 + zeros, zeros % 2 ? "1" : "0");
		show_text(text);
	}
	for (int digits = 1; digits < 1200; digits += 13) {
		char exponent[16];

		for (int i = 0; i < digits; i++)
			text[i] = (char)('0' + random_bits() % 10);
		snprintf(exponent, sizeof(exponent), "e%d",
			 (int)(random_bits() % 640) - 320 - digits);
		strcpy(text + digits, exponent);
		show_text(text);
	}
}

int main(void)
{
	show_odd_texts();
	show_long_texts();
	for (int i = 0; i < 100000; i++)
		show_value(from_bits(random_bits()));
	for (int i = 0; i < 20000; i++) {
		/* Denormals, integers near 2^53 and short decimals are rare among random bits. */
		show_value(from_bits(random_bits() >> (12 + random_bits() % 52)));
		show_value((double)(int64_t)(UINT64_C(9007199254740992) - 10000 + (uint64_t)i));
		show_value((double)(random_bits() % 1000000) / 1000);
		show_value((double)(int64_t)(random_bits() >> (random_bits() % 63 + 1)));
	}
	return 0;
}
