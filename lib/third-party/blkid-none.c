/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stands for the probers of libblkid that are not built, and for its reading of topologies: finds
 * nothing. Its tables are built as they are and name every prober; one that is in neither place, or in
 * both, is an error of the link. What is left out, and why: README.md.
 */

#include "partitions/partitions.h"
#include "superblocks/superblocks.h"

static int find_none(blkid_probe pr, const struct blkid_idmag *mag)
{
	(void)pr;
	(void)mag;
	return BLKID_PROBE_NONE;
}

static const struct blkid_idinfo none = { .name = "none",
					  .probefunc = find_none,
					  .magics = BLKID_NONE_MAGIC };

#define NONE(name) extern const struct blkid_idinfo name##_idinfo __attribute__((alias("none")))

/* Firmware RAID and members of what no root of ours is on. */
NONE(adraid);
NONE(bluestore);
NONE(ddfraid);
NONE(drbd);
NONE(drbdmanage);
NONE(drbdproxy_datalog);
NONE(highpoint37x);
NONE(highpoint45x);
NONE(iswraid);
NONE(jmraid);
NONE(lsiraid);
NONE(nvraid);
NONE(oracleasm);
NONE(pdcraid);
NONE(silraid);
NONE(stratis);
NONE(ubi);
NONE(vdo);
NONE(viaraid);
NONE(vmfs_volume);
NONE(zfs);

/* File systems. */
NONE(apfs);
NONE(befs);
NONE(bfs);
NONE(exfs);
NONE(gfs);
NONE(gfs2);
NONE(hpfs);
NONE(iso9660);
NONE(minix);
NONE(mpool);
NONE(netware);
NONE(ocfs);
NONE(ocfs2);
NONE(refs);
NONE(romfs);
NONE(sysv);
NONE(ubifs);
NONE(ufs);
NONE(vmfs_fs);
NONE(vxfs);
NONE(xenix);
NONE(zonefs);

/* Partition tables, the ones inside a partition of a dos table too. */
NONE(aix_pt);
NONE(atari_pt);
NONE(bsd_pt);
NONE(mac_pt);
NONE(minix_pt);
NONE(sgi_pt);
NONE(solaris_x86_pt);
NONE(sun_pt);
NONE(ultrix_pt);
NONE(unixware_pt);

static int topology_none(blkid_probe pr, struct blkid_chain *chain)
{
	(void)pr;
	(void)chain;
	return BLKID_PROBE_NONE;
}

const struct blkid_chaindrv topology_drv = {
	.id = BLKID_CHAIN_TOPLGY,
	.name = "topology",
	.probe = topology_none,
	.safeprobe = topology_none,
};
