/* safetensors: a length, a JSON header, tensors. */
#include "tests/fuzz/checkpoint_read.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/json_change.h"

static void run(const uint8_t *bytes, size_t n) {
    read_checkpoint(bytes, n, "model.safetensors");
}

static void change(struct chance *chance, struct blob *file) {
    uint64_t n = file->n < 8 ? 0 : integer_at(file->bytes, 8);
    if (file->n < 8 || n > file->n - 8 || chance_one_in(chance, 20))
        change_blob(chance, file);
    else if (chance_one_in(chance, 10) && n + 12 <= file->n)
        change_integer(chance, file->bytes + 8 + n + chance_below(chance, file->n - 11 - n), 4);
    else
        change_counted(chance, file, 8, (size_t)n, 8, change_json);
}

const struct fuzz_target fuzz_safetensors = {"safetensors", run, change, 1 << 14, false};
