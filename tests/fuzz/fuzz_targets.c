#include "tests/fuzz/fuzz_targets.h"

#include <string.h>

const struct fuzz_target *const fuzz_targets[] = {
    &fuzz_model,
    &fuzz_safetensors,
    &fuzz_gguf_source,
    &fuzz_pytorch,
    &fuzz_pytorch_legacy,
    &fuzz_npz,
    &fuzz_marian_bin,
    &fuzz_ctranslate2,
    &fuzz_archive,
    &fuzz_spm,
    &fuzz_vocabulary,
    &fuzz_settings,
    &fuzz_document,
    &fuzz_sentences,
    &fuzz_arguments,
    &fuzz_kernels,
    &fuzz_batches,
    &fuzz_shortlist,
    /* A new target: one line here, one in fuzz_targets.h, and a folder in corpus/. */
    NULL,
};

const struct fuzz_target *fuzz_target_named(const char *name) {
    for (size_t i = 0; fuzz_targets[i]; i++)
        if (strcmp(fuzz_targets[i]->name, name) == 0) return fuzz_targets[i];
    return NULL;
}
