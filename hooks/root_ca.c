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

static void place_bundle(const struct facts *f, struct plan *p, const struct certificates *certs)
{
	struct place_file file = { .dir = CERTS_DIR,
				   .name = BUNDLE,
				   .mode = 0644,
				   .guard = PLACE_BLOCK | PLACE_ACCESS,
				   .key = KEY };

	if (!f->target.bundle) {
		/* Our block may be in it still, and is to be remembered until it can be taken out. */
		place_retain(f, p, CERTS_DIR, BUNDLE);
		PLAN_ADD(p, .kind = OP_SKIP, .key = KEY,
			 .data = CERTS_DIR "/" BUNDLE
					   " is no plain file that can be read: curl and GnuTLS "
					   "do not see the change");
		return;
	}
	file.data = certificates_bundle(p->arena, f->target.bundle, f->target.bundle_len, certs,
					&file.len);
	place_file(f, p, &file);
}

static void place_certificate(const struct facts *f, struct plan *p,
			      const struct certificate *certificate, unsigned int number)
{
	if (number == CA_NO_NUMBER)
		PLAN_ADD(p, .kind = OP_SKIP, .key = KEY,
			 .data = "the image has too many certificates of the same name");
	else
		place_file(f, p,
			   &(struct place_file){
				   .dir = CERTS_DIR,
				   .name = arena_printf(p->arena, "%08x.%u",
							certificate->subject_hash, number),
				   .data = certificate->pem,
				   .len = certificate->len,
				   .mode = 0644,
				   .guard = PLACE_ACCESS,
				   .key = KEY,
			   });
}

void root_ca_run(const struct facts *f, struct plan *p)
{
	struct certificates certs = { .n = 0 };

	if (config_is_lost(&f->config, KEY)) {
		place_retain_below(f, p, CERTS_DIR);
		return;
	}
	if (f->config.root_ca && certificates_read(p->arena, f->config.root_ca, &certs))
		return; /* it was judged before: memory is out, and the arena says so */
	for (size_t i = 0; i < certs.n; i++)
		place_certificate(f, p, &certs.certificate[i], f->target.ca_number[i]);
	place_bundle(f, p, &certs);
}
