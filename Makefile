# SPDX-License-Identifier: LGPL-2.1-or-later
#
# make                 build/anteroot on klibc; LIBC=musl and LIBC=glibc: build/anteroot-LIBC
# make check           what holds every commit; check-full with the sweeps, check-quick at every save
# make demo, bench     a boot to look at, and one to measure
# make size            where the bytes go
# make deb             Debian packages
#
# V=1 DESTDIR= prefix= UDEV_DIR= CC= CFLAGS= LDFLAGS= CROSS_COMPILE= SANITIZE=address,undefined COVERAGE=1
# DEVELOPMENT_IMAGE=1 THIRD_PARTY_SRC=DIR KLIBC_DIR=DIR {BLKID,KMOD,CJSON,DIGEST}_{CFLAGS,LIBS}=

prefix ?= /usr
DESTDIR ?=
V ?= 0
SANITIZE ?=
COVERAGE ?= 0
DEVELOPMENT_IMAGE ?= 0
CROSS_COMPILE ?=

# Sanitizers and coverage need a C library that has them.
LIBC ?= $(if $(SANITIZE)$(filter 1,$(COVERAGE)),glibc,klibc)
ifeq ($(filter $(LIBC),klibc musl glibc),)
$(error LIBC is $(LIBC), expected klibc, musl or glibc)
endif
ifneq ($(and $(SANITIZE)$(filter 1,$(COVERAGE)),$(filter-out glibc,$(LIBC))),)
$(error SANITIZE and COVERAGE are for LIBC=glibc)
endif

ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)$(if $(and $(filter musl,$(LIBC)),$(if $(CROSS_COMPILE),,1)),musl-gcc,gcc)
endif
ifeq ($(origin AR),default)
AR := $(CROSS_COMPILE)ar
endif
STRIP ?= $(CROSS_COMPILE)strip
NM ?= $(CROSS_COMPILE)nm

include lib/third-party/versions.mk
export SUITE UTIL_LINUX_VERSION KMOD_VERSION CJSON_VERSION KLIBC_VERSION LINUX_HEADERS_VERSION
PINNED = $(UTIL_LINUX_VERSION) $(KMOD_VERSION) $(CJSON_VERSION) $(THIRD_PARTY_SRC)
export LIBC THIRD_PARTY_SRC DEB_ARCH NM

# Names of the machine: the compiler's triplet, Debian's, klibc's, and its word size.
TRIPLET := $(shell $(CROSS_COMPILE)gcc -dumpmachine 2>/dev/null)
MACHINE := $(firstword $(subst -, ,$(TRIPLET)))
names_x86_64  := amd64 x86_64 64
names_i686    := i386 i386 32
names_aarch64 := arm64 arm64 64
names_arm     := armhf arm 32
DEB_ARCH   := $(word 1,$(names_$(MACHINE)))
KLIBC_ARCH := $(word 2,$(names_$(MACHINE)))
BITS       := $(word 3,$(names_$(MACHINE)))

VARIANT := $(LIBC)$(if $(CROSS_COMPILE),-$(DEB_ARCH))$(if $(SANITIZE),-san)$(if \
	$(filter 1,$(COVERAGE)),-cov)$(if $(filter 1,$(DEVELOPMENT_IMAGE)),-dev)
O       := build/obj/$(VARIANT)
PROGRAM := build/anteroot$(patsubst klibc%,%,$(filter klibc%,$(VARIANT)))$(addprefix -,$(filter-out klibc%,$(VARIANT)))

SOURCES := $(sort $(wildcard init/*.c hooks/*.c lib/*.c))
ifeq ($(LIBC),klibc)
SOURCES += $(sort $(wildcard lib/klibc/*.c))
endif
OBJECTS := $(SOURCES:%.c=$(O)/%.o)

# Warnings that hold for all of our code, and what each C library needs.
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wvla -Wwrite-strings -Wundef -Wformat=2 \
	-Wimplicit-fallthrough -Wnull-dereference
# What makes the program smaller, where the compiler has it: -Oz (gcc 12, clang) a few kilobytes, the others of gcc
# one, by fewer saved registers and no padding before large objects (x86).
known = $(shell echo 'int x;' | $(CC) -Werror $(1) -xc -c -o /dev/null - 2>/dev/null && echo '$(1)')
SMALL := $(or $(call known,-Oz),-Os) $(call known,-fno-caller-saves -fno-move-loop-invariants) \
	$(call known,-malign-data=abi)
# Nothing unwinds the stack. gcc for arm64 asks to be told twice.
NO_UNWIND := -fno-asynchronous-unwind-tables -fno-unwind-tables
OPTIMIZE := $(SMALL) -g -ffunction-sections -fdata-sections $(NO_UNWIND)
HEADERS  := build/headers/$(DEB_ARCH)-$(KLIBC_VERSION)-$(LINUX_HEADERS_VERSION)
KLIBC_DIR ?= $(HEADERS)/usr/lib/klibc

# klibc for i386 passes arguments in registers.
REQUIRED_i386 := -mregparm=3 -D_REGPARM=3
# klcc puts its own directories before ours, so the compiler is called directly (lib/klibc/README.md).
CFLAGS_klibc := -nostdinc -isystem lib/klibc/include -isystem $(KLIBC_DIR)/include/arch/$(KLIBC_ARCH) \
	-isystem $(KLIBC_DIR)/include/bits$(BITS) -isystem $(KLIBC_DIR)/include \
	-isystem $(shell $(CC) -print-file-name=include 2>/dev/null) -D__KLIBC__=2 -D__KLIBC_MINOR__=0 \
	-D_BITSIZE=$(BITS) -fno-stack-protector -fwrapv -fno-pie -fcommon -fno-builtin-bcmp $(REQUIRED_$(KLIBC_ARCH))
CFLAGS_musl := -fno-pie -idirafter $(HEADERS)/usr/include -idirafter $(HEADERS)/usr/include/$(TRIPLET)
CFLAGS_glibc := -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 $(if $(SANITIZE)$(filter 1,$(COVERAGE)),,-fno-pie)
LIBC_FLAGS := $(CFLAGS_$(LIBC)) -fno-ident

ifneq ($(SANITIZE),)
OPTIMIZE := -O1 -g -fno-omit-frame-pointer
VARIANT_FLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
endif
ifeq ($(COVERAGE),1)
OPTIMIZE := -O0 -g
VARIANT_FLAGS += --coverage
endif
VARIANT_FLAGS += $(if $(filter 1,$(DEVELOPMENT_IMAGE)),-DDEVELOPMENT_IMAGE=1)

THIRD_PARTY := $(O)/third-party
BLKID_CFLAGS ?= -isystem $(THIRD_PARTY)/include
BLKID_LIBS   ?= $(THIRD_PARTY)/lib/libblkid.a
KMOD_CFLAGS  ?= -isystem $(THIRD_PARTY)/include
KMOD_LIBS    ?= $(THIRD_PARTY)/lib/libkmod.a
CJSON_CFLAGS ?= -isystem $(THIRD_PARTY)/include
CJSON_LIBS   ?= $(THIRD_PARTY)/lib/libcjson.a
DIGEST_CFLAGS ?= -isystem $(THIRD_PARTY)/include
DIGEST_LIBS   ?= $(THIRD_PARTY)/lib/libdigest.a

COMPILE = $(CC) -std=gnu11 -D_GNU_SOURCE -I. $(WARNINGS) $(OPTIMIZE) $(VARIANT_FLAGS) $(LIBC_FLAGS) \
	-ffile-prefix-map=$(CURDIR)=. $(BLKID_CFLAGS) $(KMOD_CFLAGS) $(CJSON_CFLAGS) $(DIGEST_CFLAGS) \
	$(CPPFLAGS) $(CFLAGS) -MMD -MP
# Our digests first: they are the ones whose headers we have, should libblkid.a carry others.
LIBS = $(DIGEST_LIBS) $(BLKID_LIBS) $(KMOD_LIBS) $(CJSON_LIBS)

# The file is loaded whole anyway: no pages of padding before its segments (noseparate-code, common-page-size), and
# little between its objects.
STATIC_LINK := -static -no-pie -Wl,--gc-sections -Wl,-z,noseparate-code -Wl,-z,common-page-size=512 -Wl,-z,norelro \
	-Wl,--sort-section=alignment -Wl,--build-id=none
LINK_klibc = $(CC) -nostdlib $(STATIC_LINK) $(LDFLAGS) -o $@ $(KLIBC_DIR)/lib/crt0.o $(1) \
	-Wl,--start-group $(LIBS) $(KLIBC_DIR)/lib/libc.a $(shell $(CC) -print-libgcc-file-name) -Wl,--end-group
LINK_musl  = $(CC) $(STATIC_LINK) $(LDFLAGS) -o $@ $(1) -Wl,--start-group $(LIBS) -Wl,--end-group
LINK_glibc = $(CC) $(VARIANT_FLAGS) $(if $(SANITIZE)$(filter 1,$(COVERAGE)),,$(STATIC_LINK)) $(LDFLAGS) \
	-o $@ $(1) -Wl,--start-group $(LIBS) -Wl,--end-group
LINK = $(LINK_$(LIBC))

# Quiet unless V=1.
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-8s %s\n' '$(1)' '$(2)')

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
.PHONY: all install install-completions uninstall clean FORCE
all: $(PROGRAM)

$(PROGRAM): $(O)/anteroot
	$(call say,STRIP,$@)
	$(Q)$(STRIP) -s -R .comment -R .note.gnu.property -o $@ $<

$(O)/anteroot: $(OBJECTS) $(O)/third-party.stamp
	$(call say,LINK,$@)
	$(Q)$(call LINK,$(OBJECTS)) -Wl,-Map=$@.map

$(O)/%.o: %.c $(O)/flags | $(O)/third-party.stamp
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -c -o $@ $<

# A file that changes when, and only when, its content does.
define content
$(1): FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$(2)' | cmp -s - $$@ || printf '%s\n' '$(2)' > $$@
endef
squote = $(subst ','\'',$(1))
$(eval $(call content,$(O)/flags,$(call squote,$(COMPILE) $(LDFLAGS) $(LIBS) $(PINNED))))

# The version and the time it was built at are known to one object. The time is the last commit's,
# without git the last release's: the same sources give the same bytes.
VERSION := $(shell cat VERSION)
RELEASED := $(shell grep -so '20[0-9][0-9]-[01][0-9]-[0-3][0-9]' CHANGELOG.md | sort | tail -n1)
BUILD_EPOCH := $(or $(SOURCE_DATE_EPOCH),$(shell git -c safe.directory='*' log -1 --format=%ct 2>/dev/null),$(if \
	$(RELEASED),$(shell date -u -d '$(RELEASED)' +%s)),0)
VERSION_FLAGS := -DANTEROOT_VERSION="$(VERSION)" -DANTEROOT_BUILD_EPOCH=$(BUILD_EPOCH)
$(eval $(call content,$(O)/version.flags,$(VERSION_FLAGS)))
$(O)/init/version.o: $(O)/version.flags
$(O)/init/version.o: COMPILE += -DANTEROOT_VERSION='"$(VERSION)"' -DANTEROOT_BUILD_EPOCH=$(BUILD_EPOCH)

# klibc, the kernel's headers and the libraries, from Debian's archive once.
$(HEADERS):
	@test -n '$(DEB_ARCH)' || { echo "no compiler, or a machine the Makefile has no names for: '$(TRIPLET)'" >&2; exit 1; }
	$(call say,UNPACK,$@)
	@mkdir -p build
	$(Q)lib/third-party/build.sh headers $@

needs_headers := $(if $(filter klibc musl,$(LIBC)),$(if $(filter $(HEADERS)/%,$(KLIBC_DIR)),$(HEADERS)))
absolute = $(subst -isystem lib/,-isystem $(CURDIR)/lib/,$(subst $(HEADERS),$(CURDIR)/$(HEADERS),$(1)))
THIRD_PARTY_CFLAGS = $(filter-out -g,$(if $(SANITIZE)$(filter 1,$(COVERAGE)),-O1,$(OPTIMIZE))) \
	$(call absolute,$(LIBC_FLAGS)) $(if $(filter klibc,$(LIBC)),-DKLIBC_NUMBERS)
$(O)/third-party.stamp: $(wildcard lib/third-party/* lib/klibc/include/* lib/klibc/include/sys/*) \
		$(O)/third-party.flags | $(needs_headers)
	$(call say,LIBS,$(THIRD_PARTY))
	$(Q)$(if $(filter $(THIRD_PARTY)/%,$(LIBS)),,: )CC='$(CC)' AR='$(AR)' CFLAGS='$(THIRD_PARTY_CFLAGS)' lib/third-party/build.sh libraries $(THIRD_PARTY)
	@touch $@
$(eval $(call content,$(O)/third-party.flags,$(call squote,$(CC) $(THIRD_PARTY_CFLAGS) $(PINNED))))

# Debian packages, in build/deb (docs/DEBIAN.md). DEB_FLAGS are dpkg-buildpackage's: -b for the binary packages alone.
DEB_FLAGS ?=
.PHONY: deb deb-tree
export DEB_DIR
deb:
	@tests/tools/packages deb
	$(Q)BUILD_EPOCH=$(BUILD_EPOCH) dist/mkdeb $(DEB_FLAGS)
deb-tree:
	$(Q)BUILD_EPOCH=$(BUILD_EPOCH) dist/mkdeb --tree

# Where things go. Units and the rule call the program where it is installed; the link has the name that rules of
# balenaOS call, where udev looks for programs without a path.
UDEV_DIR    ?= $(prefix)/lib/udev
MAN_DIR     ?= $(prefix)/share/man
SYSTEMD_DIR ?= $(prefix)/lib/systemd
RULES   := 65-anteroot.rules
MANUALS := $(notdir $(wildcard docs/*.5 docs/*.8))
UNITS   := $(notdir $(wildcard dist/systemd/*.service dist/systemd/*.timer))
PRESET  := 80-anteroot.preset
# Completions, each where its shell looks.
BASH_COMPLETIONS_DIR ?= $(prefix)/share/bash-completion/completions
ZSH_COMPLETIONS_DIR  ?= $(prefix)/share/zsh/site-functions
FISH_COMPLETIONS_DIR ?= $(prefix)/share/fish/vendor_completions.d
PLACED  = sed 's|/usr/sbin/anteroot|$(prefix)/sbin/anteroot|' $(1) >$(DESTDIR)$(2) && chmod 644 $(DESTDIR)$(2)
install: install-completions
install-completions:
	install -D -m 644 dist/completions/anteroot.bash $(DESTDIR)$(BASH_COMPLETIONS_DIR)/anteroot
	install -D -m 644 dist/completions/_anteroot $(DESTDIR)$(ZSH_COMPLETIONS_DIR)/_anteroot
	install -D -m 644 dist/completions/anteroot.fish $(DESTDIR)$(FISH_COMPLETIONS_DIR)/anteroot.fish

install: $(PROGRAM)
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(prefix)/sbin/anteroot
	install -d $(addprefix $(DESTDIR),$(UDEV_DIR)/rules.d $(SYSTEMD_DIR)/system)
	$(call PLACED,dist/udev/$(RULES),$(UDEV_DIR)/rules.d/$(RULES))
	ln -sf $(prefix)/sbin/anteroot $(DESTDIR)$(UDEV_DIR)/resin_update_state_probe
	$(foreach unit,$(UNITS),$(call PLACED,dist/systemd/$(unit),$(SYSTEMD_DIR)/system/$(unit)) &&) :
	install -D -m 644 dist/systemd/$(PRESET) $(DESTDIR)$(SYSTEMD_DIR)/system-preset/$(PRESET)
	$(foreach page,$(MANUALS),install -D -m 644 docs/$(page) $(DESTDIR)$(MAN_DIR)/man$(subst .,,$(suffix $(page)))/$(page) &&) :

uninstall:
	rm -f $(addprefix $(DESTDIR),$(prefix)/sbin/anteroot $(UDEV_DIR)/rules.d/$(RULES) \
		$(UDEV_DIR)/resin_update_state_probe $(UNITS:%=$(SYSTEMD_DIR)/system/%) \
		$(SYSTEMD_DIR)/system-preset/$(PRESET) \
		$(BASH_COMPLETIONS_DIR)/anteroot $(ZSH_COMPLETIONS_DIR)/_anteroot \
		$(FISH_COMPLETIONS_DIR)/anteroot.fish \
		$(foreach page,$(MANUALS),$(MAN_DIR)/man$(subst .,,$(suffix $(page)))/$(page)))

# The tool of whoever makes images.
.PHONY: install-mkinitramfs uninstall-mkinitramfs
install: install-mkinitramfs
uninstall: uninstall-mkinitramfs
install-mkinitramfs:
	install -D -m 755 dist/mkinitramfs $(DESTDIR)$(prefix)/sbin/anteroot-mkinitramfs
uninstall-mkinitramfs:
	rm -f $(DESTDIR)$(prefix)/sbin/anteroot-mkinitramfs

# Debian's initramfs-tools: where its packages have their hooks and scripts.
.PHONY: install-initramfs-tools uninstall-initramfs-tools
INITRAMFS_TOOLS_DIR ?= $(prefix)/share/initramfs-tools
install: install-initramfs-tools
uninstall: uninstall-initramfs-tools
install-initramfs-tools:
	install -d $(addprefix $(DESTDIR)$(INITRAMFS_TOOLS_DIR)/,hooks scripts/init-top)
	$(call PLACED,dist/initramfs-tools/hooks/anteroot,$(INITRAMFS_TOOLS_DIR)/hooks/anteroot)
	chmod 755 $(DESTDIR)$(INITRAMFS_TOOLS_DIR)/hooks/anteroot
	install -m 644 dist/initramfs-tools/scripts/anteroot $(DESTDIR)$(INITRAMFS_TOOLS_DIR)/scripts/anteroot
	install -m 755 dist/initramfs-tools/scripts/init-top/anteroot \
		$(DESTDIR)$(INITRAMFS_TOOLS_DIR)/scripts/init-top/anteroot
uninstall-initramfs-tools:
	rm -f $(addprefix $(DESTDIR)$(INITRAMFS_TOOLS_DIR)/,hooks/anteroot scripts/anteroot scripts/init-top/anteroot)

# dracut's module: where it is installed says nothing of what the scripts in it call, which is in the image.
DRACUT_DIR   ?= $(prefix)/lib/dracut
DRACUT_INTO   = $(DRACUT_DIR)/modules.d/90anteroot
DRACUT_FILES := $(notdir $(wildcard dracut-module/90anteroot/*))
.PHONY: install-dracut uninstall-dracut
install-dracut:
	install -d $(DESTDIR)$(DRACUT_INTO)
	install -m 755 $(filter %.sh,$(wildcard dracut-module/90anteroot/*)) $(DESTDIR)$(DRACUT_INTO)
	install -m 644 $(filter %.service,$(wildcard dracut-module/90anteroot/*)) $(DESTDIR)$(DRACUT_INTO)
uninstall: uninstall-dracut
uninstall-dracut:
	rm -f $(DRACUT_FILES:%=$(DESTDIR)$(DRACUT_INTO)/%)

# What came over the network stays; "rm -r build" takes it too.
clean:
	rm -rf build/obj build/tests build/check build/style build/fuzz build/deb build/anteroot*

include tests/tests.mk
-include $(OBJECTS:.o=.d)
