/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/place.h"
#include "hooks/table.h"

/*
 * Readers find certificates in two ways: OpenSSL by the hash of the subject's name in a directory, curl and
 * GnuTLS in one large file. Both get them, and both lose them when the key is gone: on a read-only root
 * with the overlay, on a writable one by the manifest.
 */
#define CERTS_DIR "/etc/ssl/certs"
#define BUNDLE	  "ca-certificates.crt"
#define KEY	  "balenaRootCA"

bool root_ca_applies(const struct facts *f)
{
	return f->config.state != CONFIG_NONE &&
	       (f->config.root_ca || f->target.bundle_ours || config_is_lost(&f->config, KEY));
}

/* The key cannot be read, and no previous value is kept: what an earlier boot delivered stays. */
static void retain(const struct facts *f, struct plan *p)
{
	static const char below[] = CERTS_DIR "/";

	for (size_t i = 0; i < f->manifest.n; i++)
		if (strncmp(f->manifest.file[i].path, below, strlen(below)) == 0)
			PLAN_ADD(p, .kind = OP_RETAIN,
				 .target = place_path(f, p, f->manifest.file[i].path));
}

static void place_bundle(const struct facts *f, struct plan *p, const struct certificates *certs)
{
	struct place_file file = {
		.dir = CERTS_DIR, .name = BUNDLE, .mode = 0644, .guard = PLACE_BLOCK, .key = KEY
	};

	if (!f->target.bundle) /* nobody reads one there, or it is no plain file */
		return;
	file.data = certificates_bundle(p->arena, f->target.bundle, f->target.bundle_len, certs,
					&file.len);
	place_file(f, p, &file);
}

void root_ca_run(const struct facts *f, struct plan *p)
{
	struct certificates certs = { .n = 0 };

	if (config_is_lost(&f->config, KEY)) {
		retain(f, p);
		return;
	}
	if (f->config.root_ca && certificates_read(p->arena, f->config.root_ca, &certs))
		return; /* it was judged before: memory is out, and the arena says so */
	for (size_t i = 0; i < certs.n; i++)
		place_file(f, p,
			   &(struct place_file){
				   .dir = CERTS_DIR,
				   .name = arena_printf(p->arena, "%08x.%u",
							certs.certificate[i].subject_hash,
							f->target.ca_number[i]),
				   .data = certs.certificate[i].pem,
				   .len = certs.certificate[i].len,
				   .mode = 0644,
				   .key = KEY,
			   });
	place_bundle(f, p, &certs);
}
