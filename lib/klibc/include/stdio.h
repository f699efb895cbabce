/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* libkmod's messages have %m in them, which klibc's printf does not know. */
#define vsnprintf klibc_vsnprintf_plain
#include_next <stdio.h>
#undef vsnprintf
int klibc_vsnprintf_plain(char *buffer, size_t size, const char *format,
			  va_list args) __asm__("vsnprintf");
int vsnprintf(char *buffer, size_t size, const char *format,
	      va_list args) __asm__("klibc_vsnprintf") __attribute__((format(printf, 3, 0)));

int dprintf(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
int vdprintf(int fd, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
ssize_t getdelim(char **line, size_t *size, int delimiter, FILE *file);
ssize_t getline(char **line, size_t *size, FILE *file);

/* One line is read and matched: for the one-line files of /sys, what is left of it is lost. */
int fscanf(FILE *file, const char *format, ...) __attribute__((format(scanf, 2, 3)));
int vfscanf(FILE *file, const char *format, va_list args) __attribute__((format(scanf, 2, 0)));

/* klibc's stdio knows no floating point: number.c does what cJSON asks of it. */
int number_sprintf(char *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
int number_sscanf(const char *text, const char *format, ...) __attribute__((format(scanf, 2, 3)));
#ifdef KLIBC_NUMBERS
#define sprintf number_sprintf
#define sscanf	number_sscanf
#endif
