SUMMARY = "initramfs-framework module that has anteroot mount the root"
DESCRIPTION = "Runs before the framework's own rootfs module, which finds a root that is mounted and leaves it alone."
SECTION = "base"
LICENSE = "LGPL-2.1-or-later"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/LGPL-2.1-or-later;md5=2a4f4fd2128ea2f65047ee63fbca9f68"

SRC_URI = "file://anteroot"

# Releases before 5.1 have no UNPACKDIR.
ANTEROOT_UNPACKED = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"
S = "${ANTEROOT_UNPACKED}"

inherit allarch

do_install() {
    install -d ${D}/init.d
    install -m 0755 ${ANTEROOT_UNPACKED}/anteroot ${D}/init.d/89-anteroot
}

FILES:${PN} = "/init.d/89-anteroot"
RDEPENDS:${PN} = "anteroot initramfs-framework-base"
