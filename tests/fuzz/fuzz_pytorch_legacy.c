/* PyTorch before 1.6: five pickles, then storages with their lengths. */
#include "tests/fuzz/checkpoint_read.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/pickle_change.h"

static void run(const uint8_t *bytes, size_t n) {
    read_checkpoint(bytes, n, "pytorch_model.bin");
}

static void change(struct chance *chance, struct blob *file) {
    size_t end = pickles_end(file);
    if (chance_one_in(chance, 8) && end + 8 <= file->n)
        change_integer(chance, file->bytes + end, 8); /* of the first storage */
    else
        change_pickle(chance, file);
}

const struct fuzz_target fuzz_pytorch_legacy = {"pytorch_legacy", run, change, 1 << 14, false};
