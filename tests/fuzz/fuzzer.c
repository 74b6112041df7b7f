/* What libFuzzer and AFL++ call. One program is all targets: its name, that of a link to it, says
 * which. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t room, unsigned seed);
/* The fuzzer's own; AFL++ has none, and asks for no custom one either. */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n, size_t room);

static const struct fuzz_target *target;
static bool plain; /* TOLKA_FUZZ_PLAIN: the fuzzer's own changes only, to see what ours are worth */

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    const char *slash = strrchr((*argv)[0], '/'), *name = slash ? slash + 1 : (*argv)[0];
    (void)argc;
    target = fuzz_target_named(name);
    plain = getenv("TOLKA_FUZZ_PLAIN") != NULL;
    if (target) return 0;
    fprintf(stderr, "no target is called %s; they are:", name);
    for (size_t i = 0; fuzz_targets[i]; i++) fprintf(stderr, " %s", fuzz_targets[i]->name);
    fputc('\n', stderr);
    exit(2);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    target->run(bytes, n);
    return 0;
}

static size_t fuzzers_own(struct chance *chance, uint8_t *bytes, size_t n, size_t room) {
    (void)chance;
    return LLVMFuzzerMutate(bytes, n, room);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t room, unsigned seed) {
    struct chance chance = {seed, fuzzers_own};
    if (plain || !target->change) return LLVMFuzzerMutate(bytes, n, room);
    struct blob input = {0};
    blob_put(&input, bytes, n);
    do target->change(&chance, &input);
    while (chance_one_in(&chance, 2));
    size_t length = input.n;
    if (length <= room && length) memcpy(bytes, input.bytes, length);
    blob_free(&input);
    return length <= room && length ? length : LLVMFuzzerMutate(bytes, n, room);
}
