SUMMARY = "Boots one of two roots and delivers the device's configuration into it"
DESCRIPTION = "One small static program for the initramfs, on klibc: finds the boot disk, decides which of two \
roots is booted, delivers config.json into it, counts the attempts of an update and rolls it back."
SECTION = "base"
LICENSE = "LGPL-2.1-or-later & MIT & BSD-3-Clause & GPL-2.0-only"
LIC_FILES_CHKSUM = "file://LICENSE;md5=4fbd65380cdd255951079008b364516c"

PV = "0.4.0+git"

# The repository that this layer is a part of, unless told otherwise.
ANTEROOT_REPOSITORY ?= "${@os.path.realpath(os.path.join(d.getVar('THISDIR'), '../../../..'))}"
ANTEROOT_PROTOCOL ?= "file"
ANTEROOT_BRANCH ?= "main"
SRCREV_anteroot ?= "${AUTOREV}"
SRCREV_FORMAT = "anteroot"

# What it is linked with: the archives and patches of lib/third-party/versions.mk.
SRC_URI = "\
    git://${ANTEROOT_REPOSITORY};protocol=${ANTEROOT_PROTOCOL};branch=${ANTEROOT_BRANCH};name=anteroot;destsuffix=${BP} \
    ${DEBIAN_MIRROR}/main/u/util-linux/util-linux_2.38.1.orig.tar.xz;name=util-linux;unpack=0 \
    ${DEBIAN_MIRROR}/main/u/util-linux/util-linux_2.38.1-5+deb12u3.debian.tar.xz;name=util-linux-patches;unpack=0 \
    ${DEBIAN_MIRROR}/main/k/kmod/kmod_30+20221128.orig.tar.xz;name=kmod;unpack=0 \
    ${DEBIAN_MIRROR}/main/k/kmod/kmod_30+20221128-1.debian.tar.xz;name=kmod-patches;unpack=0 \
    ${DEBIAN_MIRROR}/main/c/cjson/cjson_1.7.15.orig.tar.gz;name=cjson;unpack=0 \
    ${DEBIAN_MIRROR}/main/c/cjson/cjson_1.7.15-1+deb12u4.debian.tar.xz;name=cjson-patches;unpack=0 \
    ${DEBIAN_MIRROR}/main/k/klibc/klibc_2.0.12.orig.tar.xz;name=klibc;unpack=0 \
    ${DEBIAN_MIRROR}/main/k/klibc/klibc_2.0.12-1.debian.tar.xz;name=klibc-patches;unpack=0 \
"
SRC_URI[util-linux.sha256sum] = "60492a19b44e6cf9a3ddff68325b333b8b52b6c59ce3ebd6a0ecaa4c5117e84f"
SRC_URI[util-linux-patches.sha256sum] = "d46b85313f536fc4831a69ba3fa2c8160450b5b26c7c5dfafce4f078fe4f205c"
SRC_URI[kmod.sha256sum] = "00bc9ae4f1f9e1bbc1266d838452865bc7c24271d0853939edbe3029ad22af4e"
SRC_URI[kmod-patches.sha256sum] = "2676ba1c4d0526a47f9c678f1701e04bbb76297a6785c0ef6dc6973297cd99d8"
SRC_URI[cjson.sha256sum] = "5308fd4bd90cef7aa060558514de6a1a4a0819974a26e6ed13973c5f624c24b2"
SRC_URI[cjson-patches.sha256sum] = "afd19a970966cf534ff1e9ec077d710a5e7e78eb4ec9b499c8bdc32e55da12cb"
SRC_URI[klibc.sha256sum] = "71f816a0d3abe3aba8b46319ae5ca147e7a7a38401b3f5e262025f4dc08c475d"
SRC_URI[klibc-patches.sha256sum] = "d62618f0d91a87d8e16ab0f240367ab67e17cf18ad8b75272acf531370132085"

# Releases before 5.1 have no UNPACKDIR.
ANTEROOT_UNPACKED = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"
S = "${ANTEROOT_UNPACKED}/${BP}"

COMPATIBLE_HOST = "(x86_64|i.86|aarch64|arm).*-linux.*"

# A C library of its own: neither the distribution's hardening, which needs the other one, nor its flags.
SECURITY_CFLAGS = ""
SECURITY_LDFLAGS = ""
SELECTED_OPTIMIZATION = ""
DEBUG_PREFIX_MAP = ""

EXTRA_OEMAKE = "\
    'CROSS_COMPILE=${TARGET_PREFIX}' 'CC=${CC}' 'AR=${AR}' 'STRIP=${STRIP}' 'NM=${NM}' 'CFLAGS=' 'CPPFLAGS=' 'LDFLAGS=' \
    'THIRD_PARTY_SRC=${S}/build/sources' 'KLIBC_DIR=${S}/build/klibc' 'prefix=${prefix}' \
    'UDEV_DIR=${nonarch_base_libdir}/udev' 'SYSTEMD_DIR=${systemd_unitdir}' 'MAN_DIR=${mandir}' \
"

do_configure() {
    cd ${S}
    lib/third-party/archives sources ${ANTEROOT_UNPACKED} build/sources
    CC="${CC}" CROSS_COMPILE="${TARGET_PREFIX}" BUILD_CC="${BUILD_CC}" \
        lib/third-party/archives klibc build/sources/klibc ${STAGING_INCDIR} build/klibc
}

do_compile() {
    oe_runmake -C ${S} all
}

do_install() {
    oe_runmake -C ${S} install DESTDIR=${D}
}

# The program alone goes into an initramfs; the units, the udev rule and the manual belong to a root. What is for
# other initramfs and shells comes last, and takes what is left.
PACKAGES =+ "${PN}-systemd"
PACKAGES += "${PN}-integrations"
FILES:${PN} = "${sbindir}/anteroot"
FILES:${PN}-systemd = "${nonarch_base_libdir}/udev ${systemd_unitdir}"
RDEPENDS:${PN}-systemd = "${PN}"
FILES:${PN}-integrations = "${prefix}/lib ${datadir}"
RDEPENDS:${PN}-integrations = "${PN}"

# `make` strips it.
INSANE_SKIP:${PN} += "already-stripped"
