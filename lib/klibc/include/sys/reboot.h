/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* klibc's takes the command's argument too: it stays reachable for ours under another name. */
#define reboot klibc_reboot_with
#include_next <sys/reboot.h>
#undef reboot
int klibc_reboot_with(int how, void *argument) __asm__("reboot");
int reboot(int how) __asm__("klibc_reboot");
