#include "tokenizer/spm_build.h"

#include <stdlib.h>
#include <string.h>

enum wire_type { WIRE_VARINT = 0, WIRE_BYTES = 2, WIRE_32 = 5 };

/* ---- protocol buffers ------------------------------------------------------------------------ */

static void put(struct spm_builder *builder, const void *bytes, size_t n) {
    if (builder->failed || n == 0) return;
    if (n > builder->capacity - builder->n) {
        size_t needed = builder->n + n, capacity = builder->capacity * 2 + 4096;
        if (capacity < needed) capacity = needed;
        uint8_t *larger = needed < n ? NULL : realloc(builder->bytes, capacity);
        if (!larger) {
            builder->failed = true;
            return;
        }
        builder->bytes = larger;
        builder->capacity = capacity;
    }
    memcpy(builder->bytes + builder->n, bytes, n);
    builder->n += n;
}

static void put_varint(struct spm_builder *builder, uint64_t value) {
    uint8_t bytes[10];
    size_t n = 0;
    do {
        bytes[n++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value);
    put(builder, bytes, n);
}

static void put_tag(struct spm_builder *builder, unsigned field, enum wire_type type) {
    put_varint(builder, (uint64_t)field << 3 | type);
}

/* Negative numbers take ten bytes: int32 fields are sign-extended. */
static void put_integer(struct spm_builder *builder, unsigned field, int64_t value) {
    put_tag(builder, field, WIRE_VARINT);
    put_varint(builder, (uint64_t)value);
}

static void put_float(struct spm_builder *builder, unsigned field, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint8_t bytes[4] = {(uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16),
                        (uint8_t)(bits >> 24)};
    put_tag(builder, field, WIRE_32);
    put(builder, bytes, sizeof bytes);
}

static void put_bytes(struct spm_builder *builder, unsigned field, const void *bytes, size_t n) {
    put_tag(builder, field, WIRE_BYTES);
    put_varint(builder, n);
    put(builder, bytes, n);
}

/* A message inside `outer`; `inner` is spent. */
static void put_message(struct spm_builder *outer, unsigned field, struct spm_builder *inner) {
    if (inner->failed) outer->failed = true;
    put_bytes(outer, field, inner->bytes, inner->n);
    free(inner->bytes);
}

/* ---- the model ------------------------------------------------------------------------------- */

enum { MODEL_PIECE = 1, MODEL_TRAINER = 2, MODEL_NORMALIZER = 3 };
enum { PIECE_TEXT = 1, PIECE_SCORE = 2, PIECE_TYPE = 3 };
enum {
    TRAINER_MODEL_TYPE = 3,
    TRAINER_BYTE_FALLBACK = 35,
    TRAINER_UNK_ID = 40,
    TRAINER_BOS_ID = 41,
    TRAINER_EOS_ID = 42,
    TRAINER_PAD_ID = 43,
    UNIGRAM = 1,
};
enum {
    NORMALIZER_RULES = 2,
    NORMALIZER_DUMMY_PREFIX = 3,
    NORMALIZER_REMOVE_EXTRA = 4,
    NORMALIZER_ESCAPE = 5,
};

void spm_add_piece(struct spm_builder *builder, const char *text, size_t length, float score,
                   enum piece_type type) {
    struct spm_builder piece = {0};
    put_bytes(&piece, PIECE_TEXT, text, length);
    put_float(&piece, PIECE_SCORE, score);
    if (type != PIECE_NORMAL) put_integer(&piece, PIECE_TYPE, type);
    put_message(builder, MODEL_PIECE, &piece);
}

void spm_add_settings(struct spm_builder *builder, const struct spm_settings *settings) {
    struct spm_builder trainer = {0}, normalizer = {0};
    put_integer(&trainer, TRAINER_MODEL_TYPE, UNIGRAM);
    if (settings->byte_fallback) put_integer(&trainer, TRAINER_BYTE_FALLBACK, 1);
    put_integer(&trainer, TRAINER_UNK_ID, settings->unknown);
    put_integer(&trainer, TRAINER_BOS_ID, settings->bos);
    put_integer(&trainer, TRAINER_EOS_ID, settings->eos);
    put_integer(&trainer, TRAINER_PAD_ID, settings->pad);
    put_message(builder, MODEL_TRAINER, &trainer);
    put_bytes(&normalizer, NORMALIZER_RULES, settings->rules, settings->n_rules);
    put_integer(&normalizer, NORMALIZER_DUMMY_PREFIX, settings->add_dummy_prefix);
    put_integer(&normalizer, NORMALIZER_REMOVE_EXTRA, settings->remove_extra_whitespaces);
    put_integer(&normalizer, NORMALIZER_ESCAPE, 1);
    put_message(builder, MODEL_NORMALIZER, &normalizer);
}
