# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An imitation of Buildroot: what dist/buildroot/package/anteroot/anteroot.mk uses of it, by its manual, on the
# compiler of this machine. "make -f buildroot.mk extract configure build install" does the package's steps in turn.
# Given: BR2_EXTERNAL_ANTEROOT_PATH, DL_DIR, BUILD_DIR, TARGET_DIR, STAGING_DIR, TARGET_CROSS.
BR2_PACKAGE_ANTEROOT ?= y
BR2_PACKAGE_ANTEROOT_DEBIAN_MIRROR ?= "file:///mirror"
BR_BUILDING ?= y
qstrip = $(strip $(subst ",,$(1)))
INSTALL := install
TAR := tar
HOSTCC := gcc
TARGET_MAKE_ENV = PATH="$(PATH)"
ANTEROOT_DL_DIR = $(DL_DIR)

PHASES := extract configure build install
.PHONY: $(PHASES) downloads
define package
extract: $(BUILD_DIR)/.stamp_extracted
configure: $(BUILD_DIR)/.stamp_configured
build: $(BUILD_DIR)/.stamp_built
install: $(BUILD_DIR)/.stamp_installed
downloads:
	@printf '%s\n' $$(ANTEROOT_SOURCE) $$(notdir $$(ANTEROOT_EXTRA_DOWNLOADS))
endef
generic-package = $(package)

include $(BR2_EXTERNAL_ANTEROOT_PATH)/external.mk

$(BUILD_DIR)/.stamp_extracted:
	mkdir -p $(@D)
	$(ANTEROOT_EXTRACT_CMDS)
	touch $@
$(BUILD_DIR)/.stamp_configured: $(BUILD_DIR)/.stamp_extracted
	$(ANTEROOT_CONFIGURE_CMDS)
	touch $@
$(BUILD_DIR)/.stamp_built: $(BUILD_DIR)/.stamp_configured
	+$(ANTEROOT_BUILD_CMDS)
	touch $@
$(BUILD_DIR)/.stamp_installed: $(BUILD_DIR)/.stamp_built
	+$(ANTEROOT_INSTALL_TARGET_CMDS)
	touch $@
