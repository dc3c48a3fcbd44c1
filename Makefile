# SPDX-License-Identifier: MIT
# Builds ipcbench, its transports and its tests. A new file in bench/, transports/ or tests/ needs
# no edit here. `make help` names the targets. What pkg-config knows is asked for as late as a
# recipe needs it, so that `make setup check` works where only that setup brings pkg-config.

ifeq ($(origin CC),default)
CC       := gcc
endif
OPT      ?= -O2 -g
# Constants are enumerators without a type here, which clang from 19 on doesn't want beside a double.
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-enum-float-conversion -Werror
SANITIZE ?=
comma    := ,
BUILD    ?= build$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
PREFIX   ?= /usr/local
T        ?=
RUN      ?=

# PACKAGES are pkg-config's names; scripts/setup installs what they and the tests come from.
PACKAGES := jansson hwloc zlib libnl-3.0 libnl-route-3.0 sqlite3
# The C library's checks need an optimising compiler.
FORTIFY  := $(if $(filter -O0,$(OPT) $(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDEN   := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
              -fno-omit-frame-pointer,$(FORTIFY) -fstack-protector-strong -fstack-clash-protection)
HARDLINK := -Wl,-z,relro,-z,now,-z,noexecstack
ALL_CFLAGS = -std=gnu11 $(OPT) $(WARN) $(HARDEN) $(CPPFLAGS) $(CFLAGS)
BENCH_FLAGS = -D_GNU_SOURCE -Itransports -Ibench $(PACKAGE_CFLAGS) $(ALL_CFLAGS) -fPIE
LINK       = $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -pie $(HARDLINK) $(LDFLAGS)
DEPEND     = -MMD -MP -MT $@ -MF $(basename $@).d

# Asked once, when the first recipe needs the answer. Without liburing one design of server is missing.
EXTRA          = $(eval EXTRA := $(shell pkg-config --exists liburing && echo liburing))$(EXTRA)
PACKAGE_CFLAGS = $(eval PACKAGE_CFLAGS := $(if $(EXTRA),-DHAVE_LIBURING) \
  $(shell pkg-config --cflags $(PACKAGES) $(EXTRA)))$(PACKAGE_CFLAGS)
PACKAGE_LIBS   = $(eval PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES) $(EXTRA)))$(PACKAGE_LIBS)
LIBS           = $(PACKAGE_LIBS) -lm -ldl -lpthread

OBJECTS  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard bench/*/*.c))
PLUGINS  := $(patsubst %.c,$(BUILD)/%.so,$(filter-out %.guest.c,$(wildcard transports/*.c)))
GUESTS   := $(patsubst %.guest.c,$(BUILD)/%.guest,$(wildcard transports/*.guest.c)) \
  $(patsubst %,$(BUILD)/%,$(wildcard transports/*.guest))
HELPERS  := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/transports/*.c tests/plugins/*.c \
  tests/faults/*.c tests/valgrind/*.c))
TESTS    := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*.c tests/interop/*.c))
CONTRACT := $(BUILD)/tests/contract/contract
FUZZERS  := $(patsubst %.c,$(BUILD)/%,$(filter-out %/replay.c,$(wildcard tests/fuzz/*.c)))
FUZZ_MAIN ?= $(BUILD)/tests/fuzz/replay.o
PEER     := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/peers/*.c))
COST     := $(BUILD)/tests/cost/harness
GATE     := $(BUILD)/tests/gate/simulate

all: $(BUILD)/ipcbench plugins ## builds ipcbench and its transports (plain `make`)

help: ## names every target
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
	  while IFS='|' read -r name text; do printf 'make %-15s %s\n' "$$name" "$$text"; done

setup: ## installs every package that building, testing and plotting need (Debian, Ubuntu)
	@scripts/setup

bench: all ## measures this machine: run file in results/, report in results/report/ (RUN=options)
	@file=results/$$(date -u +%Y-%m-%dT%H-%M-%SZ).json; \
	$(BUILD)/ipcbench run -o "$$file" $(RUN); code=$$?; \
	if [ $$code -gt 1 ]; then exit $$code; fi; \
	$(BUILD)/ipcbench report -o results/report "$$file" && \
	echo "The run file is $$file, the report is results/report/index.html." && exit $$code

bench-full: RUN := -t all --budget $(or $(BUDGET),1500) $(RUN)
bench-full: bench ## the same with every transport that there is, within BUDGET seconds (1500)

crosscheck: all ## hyperfine times whole trials: does it agree with the harness? (RUN=options)
	@scripts/crosscheck --ipcbench $(BUILD)/ipcbench --keep results/crosscheck $(RUN)

prove-peers: all $(PEER) ## runs ipcbench beside perf bench, plain loops and others (RUN=options)
	@scripts/prove-peers --build $(BUILD) $(RUN)

prove-faults: all test-plugins ## makes 2,000 things go wrong (COUNT=N SEED=N JOBS=N): docs/reliability.md
	@IPCBENCH_BUILD=$(BUILD) scripts/prove-faults --count $(or $(COUNT),2000) --seed $(or $(SEED),1) \
	  --jobs $(or $(JOBS),2) $(RUN)

prove-endurance: all ## back-to-back trials for SECONDS (3600), kept in STATE: docs/reliability.md
	@IPCBENCH_BUILD=$(BUILD) scripts/prove-endurance --seconds $(or $(SECONDS),3600) \
	  $(if $(STATE),--state $(STATE)) $(RUN)

prove-removal: all tests ## in a copy of the tree, deletes transports one by one and tests what is left (T=names)
	@scripts/prove-removal $(T)

prove-history: all ## how long the history takes to answer with 10,000 runs in it (RUN=options)
	@scripts/prove-history --ipcbench $(BUILD)/ipcbench $(RUN)

regress: all ## this tree against another commit: BASE=REF, STRICT=1, RUN=options of `ipcbench duet`
	@scripts/regress --build $(BUILD) --base "$(BASE)" $(if $(STRICT),--strict) -- $(RUN)

prove-regress: all $(GATE) ## plants delays and lets the gate look for them (RUN=options)
	@scripts/prove-regress --build $(BUILD) $(RUN)

harness-cost: $(COST) ## what each part of the harness adds to a round trip
	@$(COST)

check: all tests ## runs every test; T=pipe: the contract suite and the listing of one transport
	@scripts/check $(BUILD) $(T)

tests: all $(TESTS) $(FUZZERS) $(CONTRACT) $(PEER) $(COST) $(GATE) test-plugins ## builds the tests without running them

coverage: ## which lines of bench/ the tests run (gcovr); fails below 90%
	@scripts/coverage $(RUN)

prove-hosts: ## other compilers, releases of Debian, aarch64, absent libraries, users, mounts (RUN=names)
	@scripts/prove-hosts $(RUN)

fuzz: ## fuzzes the parsers with clang's libFuzzer (T=name, SECONDS=n each, 60, JOBS=n at once)
	@scripts/fuzz $(or $(SECONDS),60) $(T)

valgrind: all tests ## runs the commands and the units under memcheck (T=names); takes minutes
	@scripts/valgrind $(BUILD) $(T)

analyze: ## gcc's -fanalyzer over bench/ and transports/, in a build folder of its own; takes minutes
	@$(MAKE) -s BUILD=build-analyze CC=gcc CFLAGS=-fanalyzer all

lint: ## layout and static analysis: clang-format, clang-tidy, cppcheck, shellcheck
	@scripts/lint

readme: all ## writes the table of transports into README.md
	@scripts/transport-table --ipcbench $(BUILD)/ipcbench README.md

install: all ## installs into PREFIX (/usr/local), below DESTDIR
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin lib/ipcbench/transports \
	  share/ipcbench/scripts include/ipcbench)
	install -m 755 $(BUILD)/ipcbench $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(wildcard $(BUILD)/transports/*.so $(BUILD)/transports/*.absent) \
	  $(DESTDIR)$(PREFIX)/lib/ipcbench/transports/
	install -m 644 $(wildcard scripts/*.gp scripts/report.*) \
	  $(DESTDIR)$(PREFIX)/share/ipcbench/scripts/
	$(if $(wildcard $(BUILD)/transports/*.guest),install -m 755 $(wildcard \
	  $(BUILD)/transports/*.guest) $(DESTDIR)$(PREFIX)/lib/ipcbench/transports/)
	install -m 644 transports/transport.h transports/helper.h $(DESTDIR)$(PREFIX)/include/ipcbench/

uninstall: ## removes what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/ipcbench
	rm -rf $(addprefix $(DESTDIR)$(PREFIX)/,lib/ipcbench share/ipcbench include/ipcbench)

clean: ## removes every build folder
	rm -rf build build-*

# The stamps change only when what they hold does: other flags rebuild everything, another commit
# rebuilds the one file that states it.
$(BUILD)/flags: FORCE
	$(call stamp,$(CC) $(ALL_CFLAGS))
$(BUILD)/commit: FORCE
	$(call stamp,$(COMMIT))
COMMIT = $(shell git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null || echo unknown)
define stamp
@mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' > $@
endef

# One sentence instead of a page of missing headers.
packages:
	@pkg-config --exists $(PACKAGES) || { \
	  echo "make: a library or pkg-config is missing here; run 'make setup' first" >&2; exit 1; }

$(BUILD)/%.o: %.c $(BUILD)/flags | packages
	@mkdir -p $(@D)
	$(CC) $(BENCH_FLAGS) $(STATED) $(DEPEND) -c $< -o $@

$(BUILD)/bench/host/environment.o: $(BUILD)/commit
$(BUILD)/bench/host/environment.o: STATED = -DBUILD_COMMIT='"$(COMMIT)"' -DBUILD_FLAGS='"$(ALL_CFLAGS)"'

$(BUILD)/libbench.a: $(OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/ipcbench: $(BUILD)/bench/main.o $(BUILD)/libbench.a
	$(CC) $(LINK) $^ -o $@ $(LIBS)

$(TESTS): $(BUILD)/%: %.c $(BUILD)/libbench.a $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(BENCH_FLAGS) $(DEPEND) $< $(BUILD)/libbench.a -o $@ $(LINK) $(LIBS) -lcmocka

# Run by replay.c on the kept inputs; scripts/fuzz puts a fuzzer in its place.
$(FUZZERS): $(BUILD)/%: $(BUILD)/%.o $(filter %.o,$(FUZZ_MAIN)) $(BUILD)/libbench.a
	$(CC) $(LINK) $(filter %.o,$^) $(filter-out %.o,$(FUZZ_MAIN)) $(BUILD)/libbench.a -o $@ $(LIBS)

$(COST) $(GATE): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libbench.a
	$(CC) $(LINK) $^ -o $@ $(LIBS)

$(CONTRACT): $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/contract/*.c)) $(BUILD)/libbench.a
	$(CC) $(LINK) $^ -o $@ $(LIBS)

# A plug-in sees the contract and the libraries that comments in its source name: "pkg-config: liburing",
# or, for one that pkg-config doesn't know, "library: nng nng/nng.h" (linked by -lnng, and there when
# its header is; a third word is where its headers are). Where a library is missing, a sentence takes
# the plug-in's place.
NAMED = $$(sed -n 's|^.*$(1): *\([^*]*[^* ]\).*$$|\1|p' $<)
$(PLUGINS) $(HELPERS): $(BUILD)/%.so: %.c $(BUILD)/flags
	@mkdir -p $(@D); rm -f $(basename $@).absent
	@packages="$(call NAMED,pkg-config)"; set -- $(call NAMED,library); library=$$1; header=$$2; \
	folder=$${3:+-isystem $$3}; version=$${3:+$$library $${3##*/}}; \
	if [ -n "$$packages" ] && ! pkg-config --exists $$packages; then missing=$$packages; fi; \
	if [ -n "$$library" ] && ! echo "#include <$$header>" | $(CC) $$folder -E -x c - >/dev/null 2>&1; then \
	  missing=$$header; fi; \
	if [ -n "$(findstring thread,$(SANITIZE))" ] && [ -n "$$packages$$library" ]; then rm -f $@; \
	  echo "not built, since ThreadSanitizer can't see into a library" > $(basename $@).absent; \
	  exit 0; fi; \
	if [ -n "$$missing" ]; then rm -f $@; \
	  echo "not built, since there is no $$missing here; 'make setup' installs it, then run" \
	    "'make' again" > $(basename $@).absent; exit 0; fi; \
	if [ -n "$$packages" ]; then \
	  version="$${packages%% *} $$(pkg-config --modversion $${packages%% *})"; fi; \
	$(if $(findstring s,$(firstword -$(MAKEFLAGS))),,set -x;) $(CC) -D_GNU_SOURCE -Itransports \
	  $(ALL_CFLAGS) -fPIC -fvisibility=hidden $(DEPEND) $${version:+-DIPC_PACKAGE="\"$$version\""} \
	  $${packages:+$$(pkg-config --cflags $$packages | sed 's/-I/-isystem /g')} $$folder -shared $< -o $@ \
	  $(if $(SANITIZE),,-Wl$(comma)-z$(comma)defs) $(HARDLINK) $(LDFLAGS) \
	  $${packages:+$$(pkg-config --libs $$packages)} $${library:+-l$$library} -lpthread

# A guest is a program: a script, or one that is built from NAME.guest.c with libraries as above.
$(BUILD)/%.guest: %.guest
	@mkdir -p $(@D)
	install -m 755 $< $@

$(BUILD)/%.guest: %.guest.c $(BUILD)/flags
	@mkdir -p $(@D); rm -f $(basename $@).absent
	@packages="$(call NAMED,pkg-config)"; \
	if [ -n "$$packages" ] && ! pkg-config --exists $$packages; then rm -f $@; \
	  echo "not built, since there is no $$packages here; 'make setup' installs it, then run" \
	    "'make' again" > $(basename $@).absent; exit 0; fi; \
	$(if $(findstring s,$(firstword -$(MAKEFLAGS))),,set -x;) $(CC) -D_GNU_SOURCE $(ALL_CFLAGS) \
	  -fPIE $(DEPEND) $${packages:+$$(pkg-config --cflags $$packages | sed 's/-I/-isystem /g')} \
	  $< -o $@ $(LINK) $${packages:+$$(pkg-config --libs $$packages)}

# No part of the product, and nothing of it goes in. Where a library is missing, so is its peer.
$(PEER): $(BUILD)/%: %.c $(BUILD)/flags
	@mkdir -p $(@D); rm -f $@
	@packages="$(call NAMED,pkg-config)"; \
	if [ -n "$$packages" ] && ! pkg-config --exists $$packages; then exit 0; fi; \
	$(if $(findstring s,$(firstword -$(MAKEFLAGS))),,set -x;) $(CC) -D_GNU_SOURCE $(ALL_CFLAGS) \
	  -fPIE $(DEPEND) $${packages:+$$(pkg-config --cflags $$packages | sed 's/-I/-isystem /g')} \
	  $< -o $@ $(LINK) $${packages:+$$(pkg-config --libs $$packages)}

# Whatever was built from a source that is gone goes too: the folder is what gets listed.
plugins: $(PLUGINS) $(GUESTS)
	@for made in $(BUILD)/transports/*.so $(BUILD)/transports/*.guest $(BUILD)/transports/*.absent; do \
	  name=$${made##*/}; name=$${name%.*}; [ -e "transports/$$name.c" ] || \
	  [ -e "transports/$$name.guest" ] || [ -e "transports/$$name.guest.c" ] || rm -f "$$made"; done

test-plugins: $(HELPERS)
	@for made in $(BUILD)/tests/transports/*.so $(BUILD)/tests/plugins/*.so $(BUILD)/tests/faults/*.so \
  $(BUILD)/tests/valgrind/*.so; do \
	  source=$${made#$(BUILD)/}; [ -e "$${source%.so}.c" ] || rm -f "$$made"; done

FORCE:
.PHONY: all help setup bench bench-full readme crosscheck prove-peers prove-faults prove-endurance \
  regress prove-regress prove-history prove-removal harness-cost check tests fuzz coverage prove-hosts valgrind analyze \
  lint install uninstall clean \
  packages plugins test-plugins FORCE
ifneq ($(filter setup,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
.DELETE_ON_ERROR:

-include $(wildcard $(BUILD)/bench/*.d $(BUILD)/bench/*/*.d $(BUILD)/transports/*.d $(BUILD)/tests/*/*.d)
