/* Writes a serialized SentencePiece model: protocol buffer fields as sentencepiece_model.proto
 * numbers them. For checkpoints that carry a model's contents in other ways, and for models that
 * were checked (tokenizer/spm_check.h). */
#ifndef SPM_BUILD_H
#define SPM_BUILD_H

#include "tokenizer/wire.h"

enum piece_type {
    PIECE_NORMAL = 1,
    PIECE_UNKNOWN,
    PIECE_CONTROL,
    PIECE_USER_DEFINED,
    PIECE_UNUSED,
    PIECE_BYTE,
};

enum spm_kind { SPM_UNIGRAM = 1, SPM_BPE, SPM_WORD, SPM_CHAR };

/* Numbers of fields. */
enum { MODEL_PIECE = 1, MODEL_TRAINER = 2, MODEL_NORMALIZER = 3, MODEL_DENORMALIZER = 5 };
enum { PIECE_TEXT = 1, PIECE_SCORE = 2, PIECE_TYPE = 3 };
enum {
    TRAINER_KIND = 3,
    TRAINER_BLANK_BEHIND = 24, /* treat_whitespace_as_suffix */
    TRAINER_BYTE_FALLBACK = 35,
    TRAINER_UNK_ID = 40,
    TRAINER_BOS_ID = 41,
    TRAINER_EOS_ID = 42,
    TRAINER_PAD_ID = 43,
    TRAINER_UNK_SURFACE = 44,
    TRAINER_UNK_PIECE = 45,
    TRAINER_BOS_PIECE = 46,
    TRAINER_EOS_PIECE = 47,
    TRAINER_PAD_PIECE = 48,
};
enum {
    NORMALIZER_RULES = 2,
    NORMALIZER_DUMMY_PREFIX = 3,
    NORMALIZER_REMOVE_EXTRA = 4,
    NORMALIZER_ESCAPE = 5,
};

/* Pieces are numbered in the order in which they are added. */
void spm_add_piece(struct wire_writer *writer, const char *text, size_t length, float score,
                   enum piece_type type);

struct spm_settings {
    int32_t unknown, bos, eos, pad; /* pieces; -1: none */
    bool bpe;                       /* scores are ranks, best 0; else logarithms of a unigram */
    bool byte_fallback;             /* unknown characters become bytes: pieces <0x00> ... <0xFF> */
    bool add_dummy_prefix, remove_extra_whitespaces;
    const uint8_t *rules; /* normalisation: precompiled_charsmap */
    size_t n_rules;
};

/* Closes a model. */
void spm_add_settings(struct wire_writer *writer, const struct spm_settings *settings);

#endif
