/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/arena.h"

/*
 * The judges of config.json's values: column `problem` of the table of keys. Each returns NULL, or what is
 * wrong with the value, a static text in which nothing of the value occurs. Lengths are judged by the
 * table's bounds.
 */

const char *value_hostname(struct arena *a, const char *value);
const char *value_uuid(struct arena *a, const char *value);
const char *value_country(struct arena *a, const char *value);
const char *value_server(struct arena *a, const char *value);	   /* host name or address */
const char *value_dns_address(struct arena *a, const char *value); /* ADDRESS or ADDRESS#PORT */
const char *value_url(struct arena *a, const char *value);
const char *value_plain_line(struct arena *a, const char *value);
const char *value_ssh_key(struct arena *a, const char *value);
const char *value_root_ca(struct arena *a, const char *value);

/** Judges the name of a udev rule. */
const char *value_rule_name(const char *name);
