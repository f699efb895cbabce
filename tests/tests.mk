# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Programs of the tests; tests/tools/run-tests has them built, runs them and sums up.

# Everything but main(), for the tests to be linked with.
TESTED := $(filter-out $(O)/init/main.o,$(OBJECTS))
T      := build/tests/$(VARIANT)

# tests/klibc: on klibc itself, and the numbers on glibc too, to compare.
KLIBC_OBJECTS  := $(filter $(O)/lib/klibc/%,$(OBJECTS))
KLIBC_PROGRAMS := $(patsubst tests/klibc/%.c,$(T)/klibc/%,$(sort $(wildcard tests/klibc/*.c)))
$(T)/klibc/%: $(O)/tests/klibc/%.o $(KLIBC_OBJECTS) $(O)/third-party.stamp
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(call LINK,$< $(KLIBC_OBJECTS))
$(O)/tests/klibc/%.o: COMPILE += -DKLIBC_NUMBERS -Wno-format-nonliteral

# cmocka's programs: tests/unit and tests/fault one for each test_*.c, tests/cases one for all; and those
# that tests/tools/certificates, formats and documents ask.
# What does not start with test_ helps them all.
HELPERS := $(patsubst %.c,$(O)/%.o,$(filter-out tests/unit/test_%,$(sort $(wildcard tests/unit/*.c))))
FAULT_HELPERS := $(patsubst %.c,$(O)/%.o,$(filter-out tests/fault/test_%,$(sort $(wildcard tests/fault/*.c))))
CMOCKA_PROGRAMS := $(patsubst tests/%.c,$(T)/%,$(sort $(wildcard tests/unit/test_*.c tests/fault/test_*.c \
	tests/cases/run.c tests/certificates/hash.c tests/formats/convert.c tests/tools/boot.c tests/tools/describe.c)))
$(T)/certificates/% $(T)/formats/% $(T)/tools/%: LINK_WITH = $(TESTED)
$(T)/unit/% $(T)/cases/%: LINK_WITH = $(HELPERS) $(TESTED)
$(T)/fault/%: LINK_WITH = $(FAULT_HELPERS) $(HELPERS) $(TESTED)
$(filter $(T)/fault/%,$(CMOCKA_PROGRAMS)): $(FAULT_HELPERS)
$(CMOCKA_PROGRAMS): $(T)/%: $(O)/tests/%.o $(HELPERS) $(TESTED) $(O)/third-party.stamp
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(call LINK,$< $(LINK_WITH)) -lcmocka
$(O)/tests/%.o: CPPFLAGS += -DTESTS_DIR='"$(CURDIR)/tests"'

# tests/fuzz: each fuzzer with replay.c, which needs no clang; and, by clang, with libFuzzer. The libraries are
# those of the variant: nobody looks for faults in them.
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(filter-out %/fuzz.c %/replay.c,$(sort $(wildcard tests/fuzz/*.c))))
REPLAY  := $(O)/tests/fuzz/replay.o $(O)/tests/fuzz/fuzz.o
$(FUZZERS:%=$(T)/fuzz/%): $(T)/fuzz/%: $(O)/tests/fuzz/%.o $(REPLAY) $(TESTED) $(O)/third-party.stamp
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(call LINK,$< $(REPLAY) $(TESTED))

FUZZ_CC      ?= clang
FUZZ_SECONDS ?= 60
FUZZ_FLAGS   := -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all
FUZZ_COMPILE = $(FUZZ_CC) -std=gnu11 -D_GNU_SOURCE -I. -Wall -Wextra -Wno-missing-field-initializers -Werror \
	$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined $(CFLAGS_glibc) -isystem $(THIRD_PARTY)/include \
	$(CPPFLAGS) -MMD -MP
FUZZED := $(patsubst $(O)/%,build/obj/fuzz/%,$(TESTED)) build/obj/fuzz/tests/fuzz/fuzz.o
$(FUZZERS:%=build/tests/fuzz/%): build/tests/fuzz/%: build/obj/fuzz/tests/fuzz/%.o $(FUZZED)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS)
build/obj/fuzz/init/version.o: FUZZ_FLAGS += -DANTEROOT_VERSION='"fuzz"' -DANTEROOT_BUILD_EPOCH=0
build/obj/fuzz/%.o: %.c build/obj/fuzz/flags | $(O)/third-party.stamp
	$(call say,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_COMPILE) -c -o $@ $<
$(eval $(call content,build/obj/fuzz/flags,$(call squote,$(FUZZ_COMPILE) $(PINNED))))
-include $(patsubst %.c,build/obj/fuzz/%.d,$(SOURCES) $(wildcard tests/fuzz/*.c))

# tests/enumerate: millions of states, so without sanitizers, and optimized; alone from the sources it proves.
ENUMERATED := $(sort $(wildcard tests/enumerate/*.c)) lib/abstate.c lib/absteps.c lib/abnames.c lib/abrecord.c \
	lib/osversion.c lib/digest.c
ENUMERATE  := build/tests/glibc-enumerate/enumerate
$(ENUMERATE): $(ENUMERATED:%.c=build/obj/glibc-enumerate/%.o)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(call LINK,$^)
build/obj/glibc-enumerate/%.o: %.c $(O)/flags | $(O)/third-party.stamp
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -O2 -c -o $@ $<
-include $(ENUMERATED:%.c=build/obj/glibc-enumerate/%.d)

.PHONY: test-programs fuzz-programs klibc-programs enumerate-programs objects
enumerate-programs: $(ENUMERATE)
test-programs: $(CMOCKA_PROGRAMS) $(FUZZERS:%=$(T)/fuzz/%)
fuzz-programs: $(FUZZERS:%=build/tests/fuzz/%)
klibc-programs: $(if $(filter klibc,$(LIBC)),$(KLIBC_PROGRAMS),$(T)/klibc/numbers $(T)/klibc/addresses)
objects: $(OBJECTS)
-include $(patsubst %.c,$(O)/%.d,$(wildcard tests/*/*.c))

# The targets people call. A "+" hands make's job slots on.
PARTS := unit cases fault enumerate certificates formats documents apply fuzz klibc style manners boot
export STYLE_CFLAGS := -D_GNU_SOURCE -I. -isystem build/obj/klibc/third-party/include \
	-DANTEROOT_VERSION='"$(VERSION)"' -DANTEROOT_BUILD_EPOCH=0
export STYLE_KLIBC_CFLAGS := $(STYLE_CFLAGS) $(CFLAGS_klibc)

# The tests run in a make of their own: on a bare machine this one was read without a compiler, and does
# not know the machine's names.
.PHONY: check check-full check-quick $(PARTS:%=check-%) demo bench size reproducible run-tests documents
check check-quick $(PARTS:%=check-%) reproducible:
	@tests/tools/packages check
	+@$(MAKE) --no-print-directory RUN_TESTS=$(patsubst check%,%,$(@:check-%=%)) run-tests

# With the sweeps that are marked `full`, which take hours.
check-full:
	@tests/tools/packages check
	+@FULL=1 $(MAKE) --no-print-directory RUN_TESTS= run-tests

run-tests:
	+@tests/tools/run-tests $(RUN_TESTS)

# What is written from the table of keys: the schema, the manual, the list in docs/CONFIG.md; from the boot state's
# functions: its picture.
documents:
	@tests/tools/packages check
	+@$(MAKE) --no-print-directory LIBC=glibc SANITIZE=address,undefined build/tests/glibc-san/tools/describe
	+@$(MAKE) --no-print-directory LIBC=glibc enumerate-programs
	@tests/tools/documents build/tests/glibc-san/tools/describe build/tests/glibc-enumerate/enumerate --write

# Fuzzing without an end in sight: FUZZ_SECONDS each, one beside the other when make has slots for them.
.PHONY: fuzz $(FUZZERS:%=fuzz-%)
fuzz:
	@tests/tools/packages check
	+@$(MAKE) --no-print-directory LIBC=glibc SANITIZE=address,undefined fuzz-programs
	+@$(MAKE) --no-print-directory $(FUZZERS:%=fuzz-%)
$(FUZZERS:%=fuzz-%):
	@tests/tools/fuzz $(@:fuzz-%=%) --seconds $(FUZZ_SECONDS)

demo:
	@tests/tools/packages demo
	+@$(MAKE) --no-print-directory all
	/usr/bin/python3 tests/demo/demo.py

bench:
	@tests/tools/packages bench
	+@$(MAKE) --no-print-directory all
	@status=0; for bench in bench config grow firstboot; do \
		/usr/bin/python3 tests/bench/$$bench.py || status=$$?; done; exit $$status

size:
	@tests/tools/packages check
	+@for libc in klibc musl glibc; do $(MAKE) --no-print-directory LIBC=$$libc all || exit; done
	@tests/tools/size
