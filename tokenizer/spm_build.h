/* Writes a serialized SentencePiece model, for checkpoints that carry its contents in other ways:
 * protocol buffer fields as sentencepiece_model.proto numbers them. */
#ifndef SPM_BUILD_H
#define SPM_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum piece_type {
    PIECE_NORMAL = 1,
    PIECE_UNKNOWN,
    PIECE_CONTROL,
    PIECE_USER_DEFINED,
    PIECE_UNUSED,
    PIECE_BYTE,
};

struct spm_builder {
    uint8_t *bytes; /* the caller frees them */
    size_t n, capacity;
    bool failed; /* out of memory once: stays so */
};

/* Pieces are numbered in the order in which they are added. */
void spm_add_piece(struct spm_builder *builder, const char *text, size_t length, float score,
                   enum piece_type type);

struct spm_settings {
    int32_t unknown, bos, eos, pad; /* pieces; -1: none */
    bool byte_fallback;             /* unknown characters become bytes: pieces <0x00> ... <0xFF> */
    bool add_dummy_prefix, remove_extra_whitespaces;
    const uint8_t *rules; /* normalisation: precompiled_charsmap */
    size_t n_rules;
};

/* Closes a unigram model. */
void spm_add_settings(struct spm_builder *builder, const struct spm_settings *settings);

#endif
