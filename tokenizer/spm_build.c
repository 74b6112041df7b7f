#include "tokenizer/spm_build.h"

void spm_add_piece(struct wire_writer *writer, const char *text, size_t length, float score,
                   enum piece_type type) {
    struct wire_writer piece = {0};
    wire_put_bytes(&piece, PIECE_TEXT, text, length);
    wire_put_float(&piece, PIECE_SCORE, score);
    if (type != PIECE_NORMAL) wire_put_integer(&piece, PIECE_TYPE, type);
    wire_put_message(writer, MODEL_PIECE, &piece);
}

void spm_add_settings(struct wire_writer *writer, const struct spm_settings *settings) {
    struct wire_writer trainer = {0}, normalizer = {0};
    wire_put_integer(&trainer, TRAINER_KIND, settings->bpe ? SPM_BPE : SPM_UNIGRAM);
    if (settings->byte_fallback) wire_put_integer(&trainer, TRAINER_BYTE_FALLBACK, 1);
    wire_put_integer(&trainer, TRAINER_UNK_ID, settings->unknown);
    wire_put_integer(&trainer, TRAINER_BOS_ID, settings->bos);
    wire_put_integer(&trainer, TRAINER_EOS_ID, settings->eos);
    wire_put_integer(&trainer, TRAINER_PAD_ID, settings->pad);
    wire_put_message(writer, MODEL_TRAINER, &trainer);
    wire_put_bytes(&normalizer, NORMALIZER_RULES, settings->rules, settings->n_rules);
    wire_put_integer(&normalizer, NORMALIZER_DUMMY_PREFIX, settings->add_dummy_prefix);
    wire_put_integer(&normalizer, NORMALIZER_REMOVE_EXTRA, settings->remove_extra_whitespaces);
    wire_put_integer(&normalizer, NORMALIZER_ESCAPE, 1);
    wire_put_message(writer, MODEL_NORMALIZER, &normalizer);
}
