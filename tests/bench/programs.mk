# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Programs of the bench on the C library and with the flags of the program itself:
# make -f tests/bench/programs.mk build/bench/limit build/bench/spent
include Makefile

build/bench/limit build/bench/spent: build/bench/%: $(O)/tests/bench/%.o $(filter $(O)/lib/klibc/%,$(OBJECTS))
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(call LINK,$^)
	$(Q)$(STRIP) -s -R .comment -R .note.gnu.property $@
