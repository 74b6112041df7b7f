/* PyTorch since 1.6: a zip archive of a pickle and storages. */
#include "tests/fuzz/checkpoint_read.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/pickle_change.h"
#include "tests/fuzz/zip_change.h"

#include <string.h>

static void run(const uint8_t *bytes, size_t n) {
    read_checkpoint(bytes, n, "pytorch_model.bin");
}

static void change_entry(struct chance *chance, const char *name, struct blob *contents) {
    size_t n = strlen(name);
    if (n >= 4 && strcmp(name + n - 4, ".pkl") == 0)
        change_pickle(chance, contents);
    else
        change_blob(chance, contents);
}

static void change(struct chance *chance, struct blob *file) {
    change_zip(chance, file, change_entry);
}

const struct fuzz_target fuzz_pytorch = {"pytorch", run, change, 1 << 15, false};
