# make help lists the targets.
CC ?= cc
CXX ?= c++
OBJCOPY ?= objcopy
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib# Debian's: make install PREFIX=/usr LIBDIR=/usr/lib/$$(cc -print-multiarch)
DESTDIR ?=
BUILD ?= build
OPT ?= -O2
SANITIZE ?=
POISON ?= $(SANITIZE)# not empty: memory is filled before it is used again (engine/poison.h)
VERSION := $(shell sed -n 's/^\#define TOLKA_VERSION "\(.*\)"/\1/p' engine/tolka.h)
ABI = 0

WARNINGS = -Wall -Wextra -Wpedantic -Werror
# Where it was built is not in what was built.
ANYWHERE = -fPIC -fvisibility=hidden -ffile-prefix-map=$(CURDIR)=.
CFLAGS += -std=c11 $(OPT) -g $(WARNINGS) -MMD -MP $(ANYWHERE) -ffp-contract=off $(SANITIZE)
CXXFLAGS += -std=c++17 $(OPT) -g -Wall -Wextra -Werror -MMD -MP $(ANYWHERE) $(SANITIZE)
LDFLAGS += $(SANITIZE)

PACKAGES = jansson libzip libarchive yaml-0.1 libedit
CPPFLAGS += -I. $(if $(POISON),-DPOISON) $(shell pkg-config --cflags $(PACKAGES))
ENGINE_LIBS = -lm -lpthread
LIBRARY_PACKAGES = sentencepiece icu-uc md4c
TOKENIZER_LIBS = $(shell pkg-config --libs $(LIBRARY_PACKAGES)) -lstdc++
TOOL_LIBS = $(shell pkg-config --libs $(PACKAGES))
CHECK_PACKAGES = check libcmark libxml-2.0
CHECK_LIBS = $(shell pkg-config --libs $(CHECK_PACKAGES))

# Libraries are whole folders, each using those above it: the engine; text; conversion of
# checkpoints. The command uses all three.
ENGINE = $(wildcard engine/*.c engine/kernels/*.c)
LIBRARY = $(ENGINE) $(wildcard tokenizer/*.c tokenizer/*.cc text/*.c text/*/*.c)
CONVERSION = $(wildcard models/*.c models/*/*.c)
PAGES = $(wildcard tools/*.html tools/*.roff tools/completion.*sh)
PROGRAM = tools/main.c tools/new_memory.cc
TOOLS = $(filter-out $(PROGRAM),$(wildcard tools/*.c)) $(PAGES)
# Fuzz targets are replayed by the tests; programs of their own need the rest.
FUZZ_PROGRAM = $(addprefix tests/fuzz/,fuzzer.c replay.c asserts.c)
FUZZ = $(filter-out $(FUZZ_PROGRAM),$(wildcard tests/fuzz/*.c))
TESTS = $(wildcard tests/*.c tests/*.cc) $(FUZZ)

comma = ,
object = $(patsubst %,$(BUILD)/%.o,$(sort $(1)))

# Programs look for libtolka.so.0, compilers for libtolka.so.
SHARED = $(BUILD)/libtolka.so.$(VERSION)
SONAME = libtolka.so.$(ABI)
ARCHIVES = $(BUILD)/libtolka.a $(BUILD)/libtolka-engine.a

## all: the command and the libraries
all: $(BUILD)/tolka $(ARCHIVES) $(BUILD)/libtolka.so

# One object a library, with internal names made local: a program that embeds it may call its own
# functions encode() or search().
$(BUILD)/libtolka.a: $(call object,$(LIBRARY))
$(BUILD)/libtolka-engine.a: $(call object,$(ENGINE))
$(BUILD)/%.a:
	@rm -f $@
	$(LD) -r -o $(BUILD)/$*.o $^
	$(OBJCOPY) --localize-hidden $(BUILD)/$*.o
	$(AR) rcsD $@ $(BUILD)/$*.o

# The list of names leaves out those that C++ puts into every object. Nothing that the library needs
# may be left to whoever loads it (sanitizers do that).
$(SHARED): $(call object,$(LIBRARY)) packaging/libtolka.map
	$(CC) -shared $(LDFLAGS) -Wl,-soname,$(SONAME) -Wl,--version-script=packaging/libtolka.map \
	    $(if $(SANITIZE),,-Wl$(comma)-z$(comma)defs) -o $@ $(filter %.o,$^) $(TOKENIZER_LIBS) $(ENGINE_LIBS)
$(BUILD)/libtolka.so: $(SHARED)
	ln -sf $(notdir $(SHARED)) $(BUILD)/$(SONAME)
	ln -sf $(SONAME) $@

$(BUILD)/tolka: $(call object,$(PROGRAM) $(TOOLS) $(CONVERSION) $(LIBRARY))
	$(CC) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS) $(TOKENIZER_LIBS) $(ENGINE_LIBS)

# The tests count allocations and let some fail: tests/allocations.c stands before these functions.
WRAPPED = $(addprefix -Wl$(comma)--wrap=,malloc calloc realloc aligned_alloc strdup)
$(BUILD)/tests/check_all: $(call object,$(TESTS) $(TOOLS) $(CONVERSION) $(LIBRARY))
	$(CC) $(LDFLAGS) $(WRAPPED) -o $@ $^ $(CHECK_LIBS) $(TOOL_LIBS) $(TOKENIZER_LIBS) $(ENGINE_LIBS)

$(BUILD)/tests/%.c.o: CPPFLAGS += $(shell pkg-config --cflags $(CHECK_PACKAGES))
$(BUILD)/%.c.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(ISA_FLAGS) -c -o $@ $<

$(BUILD)/%.cc.o: %.cc Makefile
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) -c -o $@ $<

# A page in the program: its bytes, and a NUL.
define embed
@mkdir -p $(@D)
echo 'const unsigned char $(subst .,_,$(subst /,_,$<))[] = {' > $(BUILD)/$<.c
od -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g' >> $(BUILD)/$<.c
echo '0};' >> $(BUILD)/$<.c
$(CC) $(CFLAGS) -c -o $@ $(BUILD)/$<.c
endef
$(call object,$(PAGES)): $(BUILD)/%.o: % Makefile
	$(embed)

# Sizes and ids change their types on purpose, or not at all.
$(BUILD)/engine/%.c.o: CFLAGS += -Wconversion

# Only the kernels of a level are compiled for it; the rest runs anywhere.
KERNELS = $(BUILD)/engine/kernels
MACHINE := $(shell $(CC) -dumpmachine)
ifneq (,$(filter x86_64%,$(MACHINE)))
AVX2 = -mavx2 -mfma -mf16c
AVXVNNI = $(AVX2) -mavxvnni
AVX512 = $(AVX2) -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni
$(KERNELS)/avx2.c.o: ISA_FLAGS = $(AVX2)
$(KERNELS)/avxvnni.c.o: ISA_FLAGS = $(AVXVNNI)
$(KERNELS)/avx512.c.o: ISA_FLAGS = $(AVX512)
$(KERNELS)/amx.c.o: ISA_FLAGS = $(AVX512) -mavx512bf16 -mamx-tile -mamx-int8 -mamx-bf16
endif
ifneq (,$(filter aarch64%,$(MACHINE)))
$(KERNELS)/neon_dot.c.o: ISA_FLAGS = -march=armv8.2-a+dotprod
$(KERNELS)/neon_i8mm.c.o: ISA_FLAGS = -march=armv8.2-a+dotprod+i8mm
$(KERNELS)/neon_bf16.c.o: ISA_FLAGS = -march=armv8.2-a+dotprod+i8mm+bf16
endif

# The public header has more readers than we: old C, C that must also be C++, and C++.
$(BUILD)/tests/public_header.c.o: CFLAGS += -std=c99 -Wc++-compat

# The program at the top of the public header is built as it stands there; tests run it.
EXAMPLE = $(BUILD)/tests/header_example
$(EXAMPLE).c: engine/tolka.h
	@mkdir -p $(@D)/include
	cp $< $(@D)/include
	sed -n '/^ \*     #include/,/^ \*     }$$/s/^ \*\( \{5\}\)\{0,1\}//p' $< > $@
$(EXAMPLE).cc: $(EXAMPLE).c
	cp $< $@
EXAMPLE_FLAGS = $(OPT) -Wall -Wextra -Wpedantic -Werror -I$(BUILD)/tests/include $(SANITIZE)
$(EXAMPLE)_c: $(EXAMPLE).c $(BUILD)/libtolka.a
	$(CC) -std=c99 $(EXAMPLE_FLAGS) -o $@ $^ $(TOKENIZER_LIBS) $(ENGINE_LIBS)
$(EXAMPLE)_cc: $(EXAMPLE).cc $(BUILD)/libtolka.a
	$(CXX) -std=c++17 $(EXAMPLE_FLAGS) -o $@ $^ $(TOKENIZER_LIBS) $(ENGINE_LIBS)

# What tests preload to let the machine fail; sanitizers have their own place there.
FAULTS = $(BUILD)/tests/faults.so
FAULT_SOURCES = $(wildcard tests/faults/*.c)
$(FAULTS): $(FAULT_SOURCES) $(wildcard tests/faults/*.h)
	@mkdir -p $(@D)
	$(CC) -std=c11 -O2 -I. $(WARNINGS) -fvisibility=default -shared -fPIC -o $@ $(FAULT_SOURCES) \
	    -ldl -lpthread

## tests: builds the tests
tests: $(BUILD)/tests/check_all $(EXAMPLE)_c $(EXAMPLE)_cc $(if $(SANITIZE),,$(FAULTS))

## check: all tests
check: $(BUILD)/tolka tests $(if $(SANITIZE),,check-install) # installed programs know no sanitizer
	TOLKA=$(BUILD)/tolka $(BUILD)/tests/check_all

MAN = $(BUILD)/tolka.1
SHELLS = bash zsh fish
$(MAN): $(BUILD)/tolka
	$(BUILD)/tolka help --man > $@
COMPLETIONS = $(addprefix $(BUILD)/tolka.,$(SHELLS))
$(COMPLETIONS): $(BUILD)/tolka.%: $(BUILD)/tolka
	$(BUILD)/tolka help --completion=$* > $@

# What tells compilers where the library is; how it is installed is not known before.
CMAKE_FOLDER = $(LIBDIR)/cmake/tolka
FOUND_BY = $(BUILD)/tolka.pc $(BUILD)/tolka-config.cmake $(BUILD)/tolka-config-version.cmake
$(FOUND_BY): $(BUILD)/%: packaging/%.in FORCE
	@sed -e 's|@VERSION@|$(VERSION)|' -e 's|@ABI@|$(ABI)|' -e 's|@PREFIX@|$(PREFIX)|' \
	    -e 's|@LIBDIR@|$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|' -e 's|@PACKAGES@|$(LIBRARY_PACKAGES)|' \
	    -e 's|@TO_PREFIX@|$(shell realpath -m --relative-to=$(CMAKE_FOLDER) $(PREFIX))|' \
	    -e 's|@TO_LIBDIR@|$(shell realpath -m --relative-to=$(PREFIX) $(LIBDIR))|' $< > $@
FORCE:

# What is installed: mode (or "link"), what (or whereto), under which name.
SHARE = $(PREFIX)/share
define INSTALLED
755 $(BUILD)/tolka $(PREFIX)/bin/tolka
644 $(BUILD)/libtolka.a $(LIBDIR)/libtolka.a
644 $(BUILD)/libtolka-engine.a $(LIBDIR)/libtolka-engine.a
644 $(SHARED) $(LIBDIR)/$(notdir $(SHARED))
link $(notdir $(SHARED)) $(LIBDIR)/$(SONAME)
link $(SONAME) $(LIBDIR)/libtolka.so
644 engine/tolka.h $(PREFIX)/include/tolka.h
644 $(BUILD)/tolka.pc $(LIBDIR)/pkgconfig/tolka.pc
644 $(BUILD)/tolka-config.cmake $(CMAKE_FOLDER)/tolka-config.cmake
644 $(BUILD)/tolka-config-version.cmake $(CMAKE_FOLDER)/tolka-config-version.cmake
644 models/pretrained/tolka-en-de-fr.gguf $(SHARE)/tolka/tolka-en-de-fr.gguf
644 $(MAN) $(SHARE)/man/man1/tolka.1
644 $(BUILD)/tolka.bash $(SHARE)/bash-completion/completions/tolka
644 $(BUILD)/tolka.zsh $(SHARE)/zsh/site-functions/_tolka
644 $(BUILD)/tolka.fish $(SHARE)/fish/vendor_completions.d/tolka.fish
endef
install uninstall: export INSTALLED := $(INSTALLED)

## install: the command, libraries, header, model, manual page and completion under PREFIX
install: all $(MAN) $(COMPLETIONS) $(FOUND_BY)
	@printf '%s\n' "$$INSTALLED" | while read -r mode file name; do \
	    case $$mode in \
	    link) install -d "$(DESTDIR)$${name%/*}" && ln -sf "$$file" "$(DESTDIR)$$name" ;; \
	    *) install -D -m "$$mode" "$$file" "$(DESTDIR)$$name" ;; \
	    esac || exit 1; done
	@echo "installed under $(DESTDIR)$(PREFIX)"

## uninstall: removes what install put there, given the same PREFIX, LIBDIR and DESTDIR
uninstall:
	@printf '%s\n' "$$INSTALLED" | while read -r mode file name; do \
	    rm -f "$(DESTDIR)$$name" || exit 1; done
	@for folder in $(SHARE)/tolka $(CMAKE_FOLDER); do \
	    rmdir --ignore-fail-on-non-empty "$(DESTDIR)$$folder" 2>/dev/null || true; done
	@echo "uninstalled from $(DESTDIR)$(PREFIX)"

## check-install: the library as others use it: installed, linked, embedded, and removed again
check-install: all $(MAN) $(COMPLETIONS)
	sh tests/installed/run.sh $(BUILD)

## check-reproducible: two builds in different folders give the same bytes
check-reproducible:
	sh tests/reproducible.sh

## wheel: the library as a Python package with all that it needs (see docs/embedding.md)
wheel: $(BUILD)/libtolka.so
	python3 packaging/wheel.py $(BUILD)

## deb: Debian packages tolka, libtolka0 and libtolka-dev
deb:
	sh packaging/deb.sh $(BUILD)

## check-deb: the packages in a fresh Debian, made by debootstrap (root): installed, used, removed
check-deb: deb
	sh packaging/try_deb.sh $(BUILD)

## check-scale: the recipes of docs/scale.md for ssh, Spark and Slurm, with workers that are killed
SCALE = parallel ssh spark slurm
check-scale: $(BUILD)/tolka $(BUILD)/libtolka.so
	for engine in $(SCALE); do sh tests/scale/$$engine.sh $(BUILD) || exit 1; done

## check-arm: the kernels' tests for 64-bit ARM, cross-built and run by qemu-user
check-arm:
	sh tests/arm/run.sh $(BUILD)/arm

## check-same-bytes: every search of every kind of model, in every arrangement of a batch (minutes)
check-same-bytes: $(BUILD)/tests/check_all
	SAME_BYTES=all CK_RUN_SUITE=same_bytes $<

## check-faults: memory, files and threads fail for every command, at each call stack (hours)
FAULTS_TRIED ?= stacks# all: each time, which takes days
CORES := $(shell nproc)
check-faults: $(BUILD)/tolka tests
	seq $(CORES) | FAULTS=$(FAULTS_TRIED) TOLKA=$(BUILD)/tolka CK_RUN_SUITE=faults \
	    xargs -P $(CORES) -I{} env FAULTS_PART={}/$(CORES) $(BUILD)/tests/check_all

## check-kills: 500 signals at random moments of translating and converting (a minute or two)
check-kills: $(BUILD)/tolka tests
	KILLS=500 TOLKA=$(BUILD)/tolka CK_RUN_SUITE=faults CK_RUN_CASE=kills $(BUILD)/tests/check_all

## check-ports: the engine as other compilers and machines build it
check-ports: $(BUILD)/tolka
	sh tests/ports/run.sh $(BUILD)/ports $(BUILD)/tolka

# Reports go to files, so that none is lost with the output of a command that a test runs.
REPORTING = options=exitcode=99:log_path=$(abspath $(BUILD)/$@)/report; \
    export ASAN_OPTIONS=$$options UBSAN_OPTIONS=$$options TSAN_OPTIONS=$$options
## asan: all tests with AddressSanitizer and UndefinedBehaviorSanitizer
ASAN = OPT=-O1 SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all"
asan:
	rm -f $(BUILD)/$@/report.*
	$(REPORTING); $(MAKE) BUILD=$(BUILD)/$@ $(ASAN) check
	@! cat $(BUILD)/$@/report.* 2>/dev/null

## tsan: all tests with ThreadSanitizer
TSAN = OPT=-O1 SANITIZE=-fsanitize=thread
tsan:
	rm -f $(BUILD)/$@/report.*
	$(REPORTING); $(MAKE) BUILD=$(BUILD)/$@ $(TSAN) check
	@! cat $(BUILD)/$@/report.* 2>/dev/null

## coverage: lines and branches that all tests reach, folder by folder (gcovr)
coverage:
	sh tests/coverage.sh $(BUILD)/coverage

## mutants: changes FILES bit by bit; a test must fail each time (FILES="engine/greedy.c" SAMPLE=40)
FILES ?= engine/greedy.c
SAMPLE ?= 0
mutants:
	python3 tests/mutants/mutants.py --tree $(BUILD)/mutants --sample $(SAMPLE) $(FILES)

## msan: the engine with MemorySanitizer (clang), on ids
msan: $(BUILD)/tolka
	sh tests/msan/run.sh $(BUILD)/msan $(BUILD)/tolka

## bench: speed of the shipped model on this machine
bench: $(BUILD)/tolka
	$(BUILD)/tolka bench

## bench-peers: speed beside other engines (from PyPI), same weights and ids, in turn (tests/peers)
bench-peers: $(BUILD)/tolka $(BUILD)/libtolka.so
	TOLKA_LIBRARY=$(BUILD)/libtolka.so sh tests/peers/run.sh $(BUILD)/tolka $(PEERS_FLAGS)

## align-figures: alignment error rates of the shipped model, as in docs/alignment.md
FIGURES = $(BUILD)/tests/figures/alignments
$(FIGURES): $(call object,tests/figures/alignments.c tests/aer.c $(LIBRARY))
	$(CC) $(LDFLAGS) -o $@ $^ $(TOKENIZER_LIBS) $(ENGINE_LIBS)
align-figures: $(FIGURES)
	$(FIGURES) models/pretrained/tolka-en-de-fr.gguf

# All targets are one program; links to it say which one is meant (tests/fuzz/README.md).
FUZZED = $(call object,$(FUZZ) $(addprefix tests/,fuzz/asserts.c translations.c panels.c) \
    $(TOOLS) $(CONVERSION) $(LIBRARY))
FUZZED_LIBS = $(TOOL_LIBS) $(TOKENIZER_LIBS) $(ENGINE_LIBS)
$(BUILD)/tests/fuzz/fuzzer: $(call object,tests/fuzz/fuzzer.c) $(FUZZED)
	$(CXX) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(FUZZED_LIBS)
$(BUILD)/tests/fuzz/replay: $(call object,tests/fuzz/replay.c) $(FUZZED)
	$(CXX) $(LDFLAGS) -o $@ $^ $(FUZZED_LIBS)

## check-bad-inputs: N=1500 files with something wrong in them, each given to a command with sanitizers
N ?= 1500
BAD_INPUTS = $(BUILD)/tests/bad_inputs/bad_inputs
$(BAD_INPUTS): $(call object,tests/bad_inputs/main.c tests/bad_inputs.c) $(FUZZED)
	$(CXX) $(LDFLAGS) -o $@ $^ $(FUZZED_LIBS)
check-bad-inputs:
	$(MAKE) BUILD=$(BUILD)/asan $(ASAN) $(BUILD)/asan/tolka $(BUILD)/asan/tests/bad_inputs/bad_inputs
	mkdir -p $(BUILD)/bad-inputs
	$(BUILD)/asan/tests/bad_inputs/bad_inputs $(BUILD)/asan/tolka $(N) 0 $(BUILD)/bad-inputs

## check-soak: many threads that share a model for SECONDS=120, with ThreadSanitizer, then AddressSanitizer
SECONDS ?= 120
SOAK = tests/soak/soak
$(BUILD)/$(SOAK): $(call object,tests/soak/main.c tests/soak.c tests/fuzz/fuzz.c $(LIBRARY))
	$(CXX) $(LDFLAGS) -o $@ $^ $(TOKENIZER_LIBS) $(ENGINE_LIBS)
check-soak:
	$(MAKE) BUILD=$(BUILD)/tsan $(TSAN) $(BUILD)/tsan/$(SOAK)
	$(MAKE) BUILD=$(BUILD)/asan $(ASAN) $(BUILD)/asan/$(SOAK)
	$(BUILD)/tsan/$(SOAK) $$(($(SECONDS) / 2))
	$(BUILD)/asan/$(SOAK) $$(($(SECONDS) / 2))

CLANG = CC=clang CXX=clang++
FUZZER = $(BUILD)/fuzz/tests/fuzz/fuzzer
HOURS ?= 8
fuzzer:
	$(MAKE) BUILD=$(BUILD)/fuzz $(CLANG) OPT=-O1 $(FUZZER) \
	    SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"

## fuzz-smoke: every fuzz target for some seconds, two minutes in all (needs clang)
fuzz-smoke: fuzzer
	sh tests/fuzz/run.sh $(FUZZER) $(BUILD)/fuzz 120 $(TARGETS)

## fuzz: every fuzz target in turn, HOURS=n in all; TARGETS="spm npz" for some of them
fuzz: fuzzer
	sh tests/fuzz/run.sh $(FUZZER) $(BUILD)/fuzz $$(($(HOURS) * 3600)) $(TARGETS)

## fuzz-coverage: how much of the sources the fuzz targets' inputs reach
COVERED = $(BUILD)/fuzz-coverage/tests/fuzz/replay
fuzz-coverage:
	$(MAKE) BUILD=$(BUILD)/fuzz-coverage $(CLANG) OPT=-O1 $(COVERED) \
	    SANITIZE="-fprofile-instr-generate -fcoverage-mapping"
	sh tests/fuzz/coverage.sh $(COVERED) $(CORPORA)

## clean: removes what was built
clean:
	rm -rf $(BUILD)

## format: formats the sources (clang-format 14)
format:
	clang-format -i $$(git ls-files '*.c' '*.h' '*.cc')

## help: this list
help:
	@sed -n 's/^## /  make /p' Makefile

.PHONY: all tests check check-arm check-bad-inputs check-deb check-faults check-install check-kills \
    check-ports check-reproducible check-same-bytes check-scale check-soak asan tsan msan coverage \
    mutants fuzzer fuzz fuzz-smoke fuzz-coverage install uninstall wheel deb bench bench-peers \
    align-figures clean format help FORCE
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
