/* GGUF as a checkpoint: of T5, of Hugging Face's names, of tolka's own. */
#include "tests/fuzz/checkpoint_read.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/gguf_change.h"

static void run(const uint8_t *bytes, size_t n) {
    read_checkpoint(bytes, n, "model.gguf");
}

const struct fuzz_target fuzz_gguf_source = {"gguf_source", run, change_gguf, 1 << 16, false};
