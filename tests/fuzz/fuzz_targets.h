/* The targets, each in a file of its own. */
#ifndef FUZZ_TARGETS_H
#define FUZZ_TARGETS_H

#include "tests/fuzz/fuzz.h"

extern const struct fuzz_target fuzz_model, fuzz_safetensors, fuzz_gguf_source, fuzz_pytorch,
    fuzz_pytorch_legacy, fuzz_npz, fuzz_marian_bin, fuzz_ctranslate2, fuzz_archive, fuzz_spm,
    fuzz_vocabulary, fuzz_settings, fuzz_document, fuzz_sentences, fuzz_arguments, fuzz_kernels,
    fuzz_batches, fuzz_shortlist;

#endif
