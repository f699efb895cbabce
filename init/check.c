/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "init/options.h"
#include "lib/config.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/jsonscan.h"

/* One run of `anteroot check`. */
struct check {
	struct arena a;
	const char *path;
	bool json;
	struct config_document doc;
	struct config config;
	struct jsonscan_error syntax; /* text NULL: it is JSON */
	const char *refused;	      /* why it is not even scanned; NULL */
	size_t count[CONFIG_ERROR + 1];
};

static const char *severity_name(enum config_severity severity)
{
	static const char *const names[] = {
		[CONFIG_FINE] = "fine",
		[CONFIG_NOTE] = "note",
		[CONFIG_WARNING] = "warning",
		[CONFIG_ERROR] = "error",
	};

	return names[severity];
}

/* @return 0, or an exit status */
static int read_options(struct check *c, int argc, char **argv)
{
	const char *name;
	struct options o;

	options_open(&o, "check", argc, argv);
	while ((name = options_next(&o))) {
		if (*name)
			c->json = true;
		else if (c->path)
			return options_usage(&o, "one FILE at a time");
		else
			c->path = o.value;
	}
	if (o.status || c->path)
		return o.status;
	(void)options_usage(&o, NULL);
	return EXIT_USAGE;
}

static int read_document(struct check *c)
{
	struct reason r = REASON_INIT;
	char *text, message[REASON_OBJECT_MAX + REASON_CAUSE_MAX + 32];
	int err = file_read(&c->a, AT_FDCWD, c->path, CONFIG_MAX_BYTES, &text, &c->doc.len);

	c->doc.name = c->path;
	if (err == -EFBIG) {
		c->refused = arena_printf(&c->a, "it has more than %u bytes, which no boot reads",
					  CONFIG_MAX_BYTES);
		return 0;
	}
	if (err < 0) {
		(void)reason_set(&r, err, "read", c->path);
		(void)fprintf(stderr, "anteroot: %s\n",
			      reason_render(&r, message, sizeof(message)));
		return EXIT_USAGE;
	}
	c->doc.text = text;
	err = jsonscan(text, c->doc.len, NULL, &c->syntax);
	if (err == 0)
		err = config_parse(&c->a, &c->doc, &c->config, NULL);
	return err == -ENOMEM ? EXIT_SYSTEM : 0;
}

static void show(struct check *c, struct json *list, size_t line, size_t column,
		 enum config_severity severity, const char *key, const char *text)
{
	struct json *item;

	c->count[severity]++;
	if (!c->json) {
		printf("%s:%zu:%zu: %s: %s%s%s\n", c->path, line, column, severity_name(severity),
		       key ? key : "", key ? " " : "", text);
		return;
	}
	item = json_append_object(list);
	json_add_int(item, "line", (int64_t)line);
	json_add_int(item, "column", (int64_t)column);
	json_add_string(item, "severity", severity_name(severity));
	json_add_string(item, "key", key);
	json_add_string(item, "text", text);
}

static size_t count_keys(const struct config *config)
{
	size_t n = 0;

	for (size_t i = 0; i < config->n_entries; i++)
		n += config->entry[i].line > 0;
	return n;
}

static void show_all(struct check *c, struct json *list)
{
	if (c->refused)
		show(c, list, 1, 1, CONFIG_ERROR, NULL, c->refused);
	else if (c->syntax.text)
		show(c, list, c->syntax.line, c->syntax.column, CONFIG_ERROR, NULL, c->syntax.text);
	else if (count_keys(&c->config) == 0)
		show(c, list, 1, 1, CONFIG_WARNING, NULL,
		     "there is no key in it: a boot takes the last known good configuration");
	for (size_t i = 0; i < c->config.n_entries; i++) {
		const struct config_entry *e = &c->config.entry[i];
		enum config_severity severity = config_severity(e);

		if (severity != CONFIG_FINE)
			show(c, list, e->line, e->column, severity, e->key,
			     config_entry_text(&c->a, e));
	}
}

static int summary(struct check *c, struct json *top)
{
	char *text;

	if (!c->json) {
		if (c->count[CONFIG_ERROR] + c->count[CONFIG_WARNING] == 0)
			printf("%s: nothing wrong with %zu keys\n", c->path,
			       count_keys(&c->config));
		else
			printf("%s: %zu error%s, %zu warning%s\n", c->path, c->count[CONFIG_ERROR],
			       c->count[CONFIG_ERROR] == 1 ? "" : "s", c->count[CONFIG_WARNING],
			       c->count[CONFIG_WARNING] == 1 ? "" : "s");
		return 0;
	}
	json_add_int(top, "errors", (int64_t)c->count[CONFIG_ERROR]);
	json_add_int(top, "warnings", (int64_t)c->count[CONFIG_WARNING]);
	json_add_int(top, "keys", (int64_t)count_keys(&c->config));
	text = json_print(top, &c->a);
	if (!text)
		return EXIT_SYSTEM;
	(void)fputs(text, stdout); /* klibc's printf() ends at 32 KiB */
	return 0;
}

int applet_check(int argc, char **argv)
{
	_cleanup_json_ struct json *top = NULL;
	struct check c = { 0 };
	int status = read_options(&c, argc, argv);

	if (status == 0)
		status = read_document(&c);
	if (status == 0) {
		top = json_new_object();
		json_add_string(top, "file", c.path);
		show_all(&c, json_add_array(top, "problems"));
		status = summary(&c, top);
	}
	if (status == EXIT_SYSTEM || arena_failed(&c.a)) {
		(void)fprintf(stderr, "anteroot: unable to check %s: out of memory\n", c.path);
		status = EXIT_SYSTEM;
	}
	arena_free(&c.a);
	return status == 0 && c.count[CONFIG_ERROR] > 0 ? EXIT_NO : status;
}
