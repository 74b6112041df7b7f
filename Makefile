# make help lists the targets.
CC ?= cc
CXX ?= c++
OBJCOPY ?= objcopy
PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build
OPT ?= -O2
SANITIZE ?=

WARNINGS = -Wall -Wextra -Wpedantic -Werror
CFLAGS += -std=c11 $(OPT) -g $(WARNINGS) -MMD -MP -fvisibility=hidden -ffp-contract=off $(SANITIZE)
CXXFLAGS += -std=c++17 $(OPT) -g -Wall -Wextra -Werror -MMD -MP -fvisibility=hidden $(SANITIZE)
LDFLAGS += $(SANITIZE)

PACKAGES = jansson libzip libarchive yaml-0.1 libedit
CPPFLAGS += -I. $(shell pkg-config --cflags $(PACKAGES))
ENGINE_LIBS = -lm -lpthread
TOKENIZER_LIBS = -lsentencepiece -licuuc -lmd4c -lstdc++
TOOL_LIBS = $(shell pkg-config --libs $(PACKAGES))
CHECK_PACKAGES = check libcmark libxml-2.0
CHECK_LIBS = $(shell pkg-config --libs $(CHECK_PACKAGES))

# Libraries are whole folders, each using those above it: the engine; text; conversion of
# checkpoints. The command uses all three.
ENGINE = $(wildcard engine/*.c engine/kernels/*.c)
LIBRARY = $(ENGINE) $(wildcard tokenizer/*.c tokenizer/*.cc text/*.c text/*/*.c)
CONVERSION = $(wildcard models/*.c models/*/*.c)
PAGES = $(wildcard tools/*.html tools/*.roff tools/completion.*sh)
TOOLS = $(filter-out tools/main.c,$(wildcard tools/*.c)) $(PAGES)
TESTS = $(wildcard tests/*.c tests/*.cc)

object = $(patsubst %,$(BUILD)/%.o,$(1))

## all: the command and the libraries
all: $(BUILD)/tolka $(BUILD)/libtolka.a $(BUILD)/libtolka-engine.a

# One object a library, with internal names made local: a program that embeds it may call its own
# functions encode() or search().
$(BUILD)/libtolka.a: $(call object,$(LIBRARY))
$(BUILD)/libtolka-engine.a: $(call object,$(ENGINE))
$(BUILD)/%.a:
	@rm -f $@
	$(LD) -r -o $(BUILD)/$*.o $^
	$(OBJCOPY) --localize-hidden $(BUILD)/$*.o
	$(AR) rcs $@ $(BUILD)/$*.o

$(BUILD)/tolka: $(call object,tools/main.c $(TOOLS) $(CONVERSION) $(LIBRARY))
	$(CC) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS) $(TOKENIZER_LIBS) $(ENGINE_LIBS)

# The tests count allocations and let some fail: tests/allocations.c stands before these functions.
comma = ,
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

## tests: builds the tests
tests: $(BUILD)/tests/check_all $(EXAMPLE)_c $(EXAMPLE)_cc

## check: all tests
check: $(BUILD)/tolka tests
	TOLKA=$(BUILD)/tolka $(BUILD)/tests/check_all

MAN = $(BUILD)/tolka.1
SHELLS = bash zsh fish
$(MAN): $(BUILD)/tolka
	$(BUILD)/tolka help --man > $@
COMPLETIONS = $(addprefix $(BUILD)/tolka.,$(SHELLS))
$(COMPLETIONS): $(BUILD)/tolka.%: $(BUILD)/tolka
	$(BUILD)/tolka help --completion=$* > $@

# Where shells look for what they do not know yet.
SHARE = $(DESTDIR)$(PREFIX)/share
BASH_COMPLETION = $(SHARE)/bash-completion/completions
ZSH_COMPLETION = $(SHARE)/zsh/site-functions
FISH_COMPLETION = $(SHARE)/fish/vendor_completions.d

## install: the command, library, header, model, manual page and completion under PREFIX
install: all $(MAN) $(COMPLETIONS)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include \
	    $(SHARE)/tolka $(SHARE)/man/man1 \
	    $(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION)
	install -m 755 $(BUILD)/tolka $(DESTDIR)$(PREFIX)/bin/tolka
	install -m 644 $(BUILD)/libtolka.a $(BUILD)/libtolka-engine.a $(DESTDIR)$(PREFIX)/lib/
	install -m 644 engine/tolka.h $(DESTDIR)$(PREFIX)/include/tolka.h
	install -m 644 models/pretrained/*.gguf $(SHARE)/tolka/
	install -m 644 $(MAN) $(SHARE)/man/man1/tolka.1
	install -m 644 $(BUILD)/tolka.bash $(BASH_COMPLETION)/tolka
	install -m 644 $(BUILD)/tolka.zsh $(ZSH_COMPLETION)/_tolka
	install -m 644 $(BUILD)/tolka.fish $(FISH_COMPLETION)/tolka.fish

## check-arm: the kernels' tests for 64-bit ARM, cross-built and run by qemu-user
check-arm:
	sh tests/arm/run.sh $(BUILD)/arm

## asan: all tests with AddressSanitizer and UndefinedBehaviorSanitizer
asan:
	$(MAKE) BUILD=$(BUILD)/asan OPT=-O1 \
	    SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all" check

## tsan: all tests with ThreadSanitizer
tsan:
	$(MAKE) BUILD=$(BUILD)/tsan OPT=-O1 SANITIZE=-fsanitize=thread check

## bench: speed of the shipped model on this machine
bench: $(BUILD)/tolka
	$(BUILD)/tolka bench

## bench-peers: speed beside CTranslate2 (from PyPI), same model, same text, in turn
bench-peers: $(BUILD)/tolka
	sh tests/peers/run.sh $(BUILD)/tolka

## align-figures: alignment error rates of the shipped model, as in docs/alignment.md
FIGURES = $(BUILD)/tests/figures/alignments
$(FIGURES): $(call object,tests/figures/alignments.c tests/aer.c $(LIBRARY))
	$(CC) $(LDFLAGS) -o $@ $^ $(TOKENIZER_LIBS) $(ENGINE_LIBS)
align-figures: $(FIGURES)
	$(FIGURES) models/pretrained/tolka-en-de-fr.gguf

## clean: removes what was built
clean:
	rm -rf $(BUILD)

## format: formats the sources (clang-format 14)
format:
	clang-format -i $$(git ls-files '*.c' '*.h' '*.cc')

## help: this list
help:
	@sed -n 's/^## /  make /p' Makefile

.PHONY: all tests check check-arm asan tsan install bench bench-peers align-figures clean format \
    help
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
