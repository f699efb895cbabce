# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The limit on the C library and with the flags of the program itself:
# make -f tests/bench/limit.mk build/bench/limit
include Makefile

build/bench/limit: $(O)/tests/bench/limit.o $(filter $(O)/lib/klibc/%,$(OBJECTS))
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(call LINK,$^)
	$(Q)$(STRIP) -s -R .comment -R .note.gnu.property $@
