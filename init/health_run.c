/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/health_run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"

#define GRACE_MSEC 5000 /* from SIGTERM to SIGKILL */
#define OURS	   10	/* variables that are added */

/* Ours stand before what we were started with, less what would look like ours. */
static char **environment(const struct health_run *h, struct arena *a)
{
	size_t n = 0, i = 0;
	bool path = false;
	char **env;

	while (environ[n])
		n++;
	env = arena_alloc(a, (n + OURS) * sizeof(*env));
	if (!env)
		return NULL;
	env[i++] = arena_printf(a, "ANTEROOT_SLOT=%s",
				h->slot < AB_SLOTS ? ab_slot_name(h->slot) : "");
	env[i++] = arena_printf(a, "ANTEROOT_CANDIDATE=%d", h->candidate);
	env[i++] = arena_printf(a, "ANTEROOT_VERSION=%s", h->version);
	env[i++] = arena_printf(a, "ANTEROOT_TRANSACTION=%u", (unsigned int)h->transaction);
	env[i++] = arena_printf(a, "ANTEROOT_ATTEMPTS=%u", h->attempt);
	env[i++] = arena_printf(a, "ANTEROOT_TRIES=%u", h->tries);
	env[i++] = arena_printf(a, "ANTEROOT_ROUND=%u", h->round);
	for (size_t k = 0; k < n; k++) {
		if (strncmp(environ[k], "ANTEROOT_", 9) == 0)
			continue;
		path |= strncmp(environ[k], "PATH=", 5) == 0;
		env[i++] = environ[k];
	}
	if (!path)
		env[i++] = arena_strdup(
			a, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	return arena_failed(a) ? NULL : env;
}

static void tell(const struct health_check *c, int err, const struct sys_end *end,
		 const struct health_run *h, int64_t msec)
{
	printf("check %s: ", c->name);
	if (err < 0)
		printf("failed: cannot be run: %s\n", strerror(-err));
	else if (end->timed_out)
		printf("failed: took longer than %lld s\n", (long long)h->conf.health_sec);
	else if (end->status > 128 && end->status < 128 + 65)
		printf("failed: signal %d, or exit status %d\n", end->status - 128, end->status);
	else if (end->status != 0)
		printf("failed: exit status %d\n", end->status);
	else
		printf("passed in %lld ms\n", (long long)msec);
	(void)fflush(stdout); /* between it and what the next one says */
}

static bool run_check(const struct health_run *h, const struct health_check *c, char *const env[])
{
	const struct sys_limits limits = { .timeout_msec = h->conf.health_sec * 1000,
					   .grace_msec = GRACE_MSEC,
					   .tick = feeder_tick,
					   .data = h->feeder };
	char *const argv[] = { (char *)c->path, NULL };
	int64_t start = clock_monotonic_usec();
	struct sys_end end = { 0 };
	int err;

	feeder_tick(h->feeder);
	err = h->sys->run_limited(c->path, argv, env, &limits, &end);
	tell(c, err, &end, h, (clock_monotonic_usec() - start) / 1000);
	return err == 0 && !end.timed_out && end.status == 0;
}

bool health_round(struct health_run *h, struct arena *a)
{
	size_t n = 0, passed = 0;
	char **env;

	h->round++;
	env = environment(h, a);
	if (!env) {
		(void)fprintf(stderr, "anteroot: unable to run the health checks: out of memory\n");
		return false;
	}
	for (size_t i = 0; i < h->checks.n; i++) {
		if (h->checks.check[i].kind != HEALTH_RUN)
			continue;
		n++;
		passed += run_check(h, &h->checks.check[i], env);
	}
	printf("round %u: %zu of %zu health checks passed\n", h->round, passed, n);
	(void)fflush(stdout);
	return passed == n;
}

bool health_window(struct health_run *h, struct arena *a)
{
	int64_t end = clock_monotonic_usec() + h->conf.health_window_sec * 1000000;
	int64_t pause = h->conf.health_pause_sec * 1000;

	while (!health_round(h, a)) {
		if (clock_monotonic_usec() + pause * 1000 >= end)
			return false;
		if (feeder_sleep(h->feeder, pause) < 0)
			return false;
	}
	return true;
}
