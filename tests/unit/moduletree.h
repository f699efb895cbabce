/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/utsname.h>

#include "tests/unit/scratch.h"

/*
 * A directory of modules, indexed by depmod(8). Its modules are ELF files with nothing in them but what
 * depmod reads: names, aliases, softdeps.
 */

struct module_source {
	const char *name;
	const char *modinfo; /* printf(1) format, "alias=fs-x\\0softdep=pre: y" */
	const char *source;  /* assembler, printf(1) format; NULL: nothing in it */
};

/* depmod finds what a module depends on by the symbols it needs. */
#define MODULE_EXPORTS(symbol) ".section __ksymtab_strings,\"a\"\\n.asciz \"" symbol "\"\\n"
#define MODULE_NEEDS(symbol)   ".data\\n.quad " symbol "\\n"

static inline void module_tree_run(const struct scratch *s, const char *command)
{
	char line[2048];

	(void)snprintf(line, sizeof(line),
		       "cd '%s' && PATH=$PATH:/usr/sbin:/sbin && { %s\n} >log 2>&1", s->path,
		       command);
	if (system(line) != 0) /* NOLINT: names are our own */
		fail_msg("%s: %s", command, get_text(s->fd, "log"));
}

/** Makes lib/modules/RELEASE of the running kernel below the scratch directory; @return RELEASE. */
static inline const char *module_tree_make(const struct scratch *s,
					   const struct module_source *source, size_t n)
{
	static struct utsname machine;
	char command[1500];

	assert_int_equal(uname(&machine), 0);
	(void)snprintf(command, sizeof(command), "mkdir -p lib/modules/%s/kernel", machine.release);
	module_tree_run(s, command);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(
			command, sizeof(command),
			"printf '%s\\0name=%s\\0' >info && printf '%s' | gcc -c -x assembler -o "
			"code.o - && "
			"objcopy --add-section .modinfo=info code.o lib/modules/%s/kernel/%s.ko",
			source[i].modinfo, source[i].name, source[i].source ? source[i].source : "",
			machine.release, source[i].name);
		module_tree_run(s, command);
	}
	(void)snprintf(command, sizeof(command),
		       "cd lib/modules/%s && : >modules.order && : >modules.builtin && cd - && "
		       "depmod -b . %s",
		       machine.release, machine.release);
	module_tree_run(s, command);
	return machine.release;
}
