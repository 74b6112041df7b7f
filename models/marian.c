/* OPUS-MT and other Marian models as Hugging Face exports them (MarianMTModel). */
#include "engine/position.h"
#include "models/families.h"
#include "models/huggingface.h"
#include "models/search_settings.h"

#include <math.h>

static const char *const model_types[] = {"marian", NULL};

/* Old exports store the sinusoids; they are worth reading only if they are something else. */
static bool positions_are_sinusoids(const struct checkpoint *checkpoint,
                                    const struct config *config) {
    static const char name[] = "model.encoder.embed_positions.weight";
    float stored[4096], computed[4096];
    size_t d = config->d_model;
    if (d > 4096) return true;
    for (uint32_t p = 0; p < 64; p += 7) {
        if (!checkpoint->row(checkpoint->user, name, p, d, stored)) return true;
        sinusoid(p, d, SINUSOID_HALVES, ANGLE_PAPER, computed);
        for (size_t i = 0; i < d; i++)
            if (!(fabsf(stored[i] - computed[i]) < 1e-4f)) return false;
    }
    return true;
}

static tolka_status configure(const struct checkpoint *checkpoint, struct config *config,
                              struct tokenizer_plan *plan, tolka_error *err) {
    tolka_status status = read_huggingface(checkpoint, config, err);
    if (status != TOLKA_OK) return status;
    struct reading r = {checkpoint->config, TOLKA_OK, err};
    config->activation = read_activation(&r, "activation_function", "gelu");
    if (!read_flag(&r, "scale_embedding", false)) config->embedding_scale = 1;
    config->norm_place = NORM_POST;
    config->position_kind = POSITION_SINUSOIDAL;
    config->sinusoid_order = SINUSOID_HALVES;
    config->sinusoid_angle = ANGLE_PAPER;
    uint32_t rows = read_u32(&r, "max_position_embeddings", 1024);
    if (has_tensor(checkpoint, "model.encoder.embed_positions.weight") &&
        has_tensor(checkpoint, "model.decoder.embed_positions.weight") &&
        !positions_are_sinusoids(checkpoint, config)) {
        config->position_kind = POSITION_LEARNED;
        config->max_positions = rows;
    }
    config->end_token = 0;
    config->pad_token = 58100;
    config->start_token = 58100;
    config->forced_last = 0;
    if (r.status != TOLKA_OK) return r.status;
    status = read_generation(checkpoint, config, err);
    if (status != TOLKA_OK) return status;
    /* The padding row is zero, so its logit is 0, often greater than a word's: never generate it.
     */
    if (config->n_suppressed == 0 && config->pad_token >= 0 &&
        (uint32_t)config->pad_token < config->target_vocab)
        config->suppressed[config->n_suppressed++] = config->pad_token;

    struct reading t = {checkpoint->tokenizer, TOLKA_OK, err};
    bool separate = read_flag(&t, "separate_vocabs", false);
    *plan = (struct tokenizer_plan){.kind = TOKENIZER_SENTENCEPIECE,
                                    .ids = IDS_BY_VOCAB,
                                    .source_model = "source.spm",
                                    .target_model = "target.spm",
                                    .source_vocab = "vocab.json",
                                    .target_vocab = separate ? "target_vocab.json" : NULL,
                                    .languages = ">>%s<<",
                                    .template = "to text eos",
                                    .to = "none",
                                    .bos = -1};
    return t.status;
}

const struct family family_marian = {.name = "marian",
                                     .model_types = model_types,
                                     .configure = configure,
                                     .rules = huggingface_rules};
