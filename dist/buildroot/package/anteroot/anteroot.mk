################################################################################
#
# anteroot
#
################################################################################

ANTEROOT_VERSION = 0.4.0
ANTEROOT_LICENSE = LGPL-2.1+, LGPL-2.1+ (libblkid, libkmod), MIT (cJSON), BSD-3-Clause or GPL-2.0 (klibc)
ANTEROOT_LICENSE_FILES = LICENSE

# Its own sources are those that this br2-external tree is a part of. What is
# downloaded is what it is linked with, as lib/third-party/versions.mk has it.
ANTEROOT_TOP = $(BR2_EXTERNAL_ANTEROOT_PATH)/../..
ANTEROOT_MIRROR = $(call qstrip,$(BR2_PACKAGE_ANTEROOT_DEBIAN_MIRROR))/pool/main
ANTEROOT_SITE = $(ANTEROOT_MIRROR)/u/util-linux
ANTEROOT_SOURCE = util-linux_2.38.1.orig.tar.xz
ANTEROOT_EXTRA_DOWNLOADS = \
	util-linux_2.38.1-5+deb12u3.debian.tar.xz \
	$(ANTEROOT_MIRROR)/k/kmod/kmod_30+20221128.orig.tar.xz \
	$(ANTEROOT_MIRROR)/k/kmod/kmod_30+20221128-1.debian.tar.xz \
	$(ANTEROOT_MIRROR)/c/cjson/cjson_1.7.15.orig.tar.gz \
	$(ANTEROOT_MIRROR)/c/cjson/cjson_1.7.15-1+deb12u4.debian.tar.xz \
	$(ANTEROOT_MIRROR)/k/klibc/klibc_2.0.12.orig.tar.xz \
	$(ANTEROOT_MIRROR)/k/klibc/klibc_2.0.12-1.debian.tar.xz

ifeq ($(BR2_PACKAGE_ANTEROOT)$(BR_BUILDING),yy)
ifeq ($(call qstrip,$(BR2_PACKAGE_ANTEROOT_DEBIAN_MIRROR)),)
$(error BR2_PACKAGE_ANTEROOT_DEBIAN_MIRROR is empty: it names a mirror of the Debian archive)
endif
endif

define ANTEROOT_EXTRACT_CMDS
	$(TAR) -C $(ANTEROOT_TOP) --exclude=./build --exclude=./.git -cf - . | $(TAR) -C $(@D) -xf -
	$(@D)/lib/third-party/archives sources $(ANTEROOT_DL_DIR) $(@D)/build/sources
endef

define ANTEROOT_CONFIGURE_CMDS
	$(TARGET_MAKE_ENV) CROSS_COMPILE="$(TARGET_CROSS)" BUILD_CC="$(HOSTCC)" \
		$(@D)/lib/third-party/archives klibc $(@D)/build/sources/klibc \
			$(STAGING_DIR)/usr/include $(@D)/build/klibc
endef

ANTEROOT_MAKE = $(TARGET_MAKE_ENV) $(MAKE) -C $(@D) CROSS_COMPILE="$(TARGET_CROSS)" \
	THIRD_PARTY_SRC=$(@D)/build/sources KLIBC_DIR=$(@D)/build/klibc prefix=/usr

define ANTEROOT_BUILD_CMDS
	$(ANTEROOT_MAKE) all
endef

ifeq ($(BR2_PACKAGE_ANTEROOT_INIT),y)
define ANTEROOT_INSTALL_TARGET_CMDS
	$(ANTEROOT_MAKE) DESTDIR=$(@D)/build/dest install
	$(INSTALL) -D -m 0755 $(@D)/build/dest/usr/sbin/anteroot $(TARGET_DIR)/init
endef
else
define ANTEROOT_INSTALL_TARGET_CMDS
	$(ANTEROOT_MAKE) DESTDIR=$(TARGET_DIR) install
endef
endif

$(eval $(generic-package))
