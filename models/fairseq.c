/* fairseq's own checkpoints (model.pt, with the options of the training in them) of transformers for
 * one language pair, and of the multilingual ones that M2M100 and NLLB-200 are. */
#include "models/families.h"
#include "models/generation_file.h"
#include "models/search_settings.h"
#include "models/vaswani.h"

#include <math.h>
#include <string.h>

enum { PADDING = 1, END = 2, FIRST_POSITION = PADDING + 1 };

static const char *const model_types[] = {"fairseq", NULL};

/* ---- what tolka does not compute ------------------------------------------------------------- */

static tolka_status refuse(const struct reading *r, const char *key, const char *why,
                           tolka_error *err) {
    return fail(err, TOLKA_UNSUPPORTED, "%s: option %s: %s", settings_name(r->settings), key, why);
}

/* Absent, null, false, or an empty list. */
static bool is_off(const struct settings *settings, const char *key) {
    bool flag = true;
    const char *text = "";
    tolka_error ignored;
    if (!settings_has(settings, key)) return true;
    if (settings_boolean(settings, key, true, &flag, &ignored) == TOLKA_OK) return !flag;
    if (settings_string(settings, key, "", &text, &ignored) == TOLKA_OK) return !*text;
    double number = 0;
    if (settings_number(settings, key, 0, &number, &ignored) == TOLKA_OK) return number == 0;
    return settings_length(settings, key) == 0;
}

static tolka_status refuse_others(const struct reading *r, tolka_error *err) {
    static const char *const keys[] = {
        "adaptive_input",     "adaptive_softmax_cutoff",        "cross_self_attention",
        "no_cross_attention", "no_decoder_final_norm",          "character_embeddings",
        "moe_freq",           "no_token_positional_embeddings", "encoder_augment",
        "decoder_augment"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!is_off(r->settings, keys[i])) return refuse(r, keys[i], "tolka does not do this", err);
    return TOLKA_OK;
}

/* One setting of both stacks. */
static bool read_both(struct reading *r, const char *encoder_key, const char *decoder_key) {
    bool encoder = read_flag(r, encoder_key, false), decoder = read_flag(r, decoder_key, false);
    if (r->status == TOLKA_OK && encoder != decoder)
        r->status = refuse(r, decoder_key, "differs from the encoder's", r->err);
    return encoder;
}

/* ---- the model ------------------------------------------------------------------------------- */

/* fairseq's own names for the two ways to compute a gelu. */
static enum activation read_fairseq_activation(struct reading *r) {
    static const char key[] = "activation_fn";
    const char *name = read_text(r, key, "relu");
    if (r->status != TOLKA_OK) return ACTIVATION_RELU;
    if (strcmp(name, "gelu_accurate") == 0 || strcmp(name, "gelu_fast") == 0) name = "gelu_new";
    return named_activation(r, key, name);
}

static void read_positions(const struct checkpoint *checkpoint, struct reading *r,
                           struct config *config) {
    config->position_offset = FIRST_POSITION;
    config->position_kind = POSITION_SINUSOIDAL;
    config->sinusoid_order = SINUSOID_HALVES;
    config->sinusoid_angle = ANGLE_TENSOR2TENSOR;
    if (!read_both(r, "encoder_learned_pos", "decoder_learned_pos")) return;
    uint32_t rows = vaswani_dim(checkpoint, "enc.position_embd.weight", 0);
    config->position_kind = POSITION_LEARNED;
    config->max_positions = rows > FIRST_POSITION ? rows - FIRST_POSITION : 0;
}

static void read_structure(const struct checkpoint *checkpoint, struct reading *r,
                           struct config *config) {
    static const char heads[] = "encoder_attention_heads";
    char name[256];
    if (!settings_has(r->settings, heads))
        r->status = fail(r->err, TOLKA_FORMAT, "%s: option %s is missing",
                         settings_name(r->settings), heads);
    vaswani_sizes(checkpoint, r, config);
    config->activation = read_fairseq_activation(r);
    config->norm_epsilon = 1e-5f;
    config->final_norm = vaswani_role(checkpoint, 0, "enc.output_norm.weight", name);
    config->embedding_norm = vaswani_role(checkpoint, 0, "enc.embd_norm.weight", name);
    config->linear_bias = vaswani_role(checkpoint, 0, "enc.blk.0.ffn_up.bias", name);
    bool pre = read_both(r, "encoder_normalize_before", "decoder_normalize_before");
    config->norm_place = pre ? NORM_PRE : NORM_POST;
    if (!read_flag(r, "no_scale_embedding", false))
        config->embedding_scale = sqrtf((float)config->d_model);
    read_positions(checkpoint, r, config);
}

/* ---- the search ------------------------------------------------------------------------------ */

/* What fairseq-generate does when it is told nothing. */
static void set_search(struct config *config) {
    config->beam = 5;
    config->length_penalty = 1;
    config->beam_rules = BEAM_CTRANSLATE2;
    config->max_length = 201;
    config->min_new_tokens = 1;
    config->forced_last = END;
    config->suppressed[config->n_suppressed++] = PADDING;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* The task says where language tokens go; their ids follow the dictionary's in the order of
 * "langs". */
static tolka_status plan_languages(struct reading *r, struct tokenizer_plan *plan) {
    plan->languages = "__%s__";
    plan->languages_key = "langs";
    const char *source = read_text(r, "encoder_langtok", "");
    bool target = read_flag(r, "decoder_langtok", false);
    if (r->status != TOLKA_OK) return r->status;
    if (*source && strcmp(source, "src") != 0)
        return refuse(r, "encoder_langtok", "tolka knows src only", r->err);
    plan->template = *source ? "from text eos" : "text eos";
    plan->to = target ? "forced_first" : "none";
    return TOLKA_OK;
}

static tolka_status plan_tokenizer(struct reading *r, const struct config *config,
                                   struct tokenizer_plan *plan) {
    static const char dictionaries[] =
        "dict.txt|dictionary.txt|model_dict.128k.txt|data_dict.128k.txt";
    const char *source = read_text(r, "source_dictionary", dictionaries);
    const char *target = read_text(r, "target_dictionary", dictionaries);
    *plan = (struct tokenizer_plan){
        .kind = TOKENIZER_SENTENCEPIECE,
        .ids = IDS_BY_VOCAB,
        .source_model = "source.spm|sentencepiece.bpe.model|spm.model|*.spm|*.model",
        .target_model = "target.spm|sentencepiece.bpe.model|spm.model|*.spm|*.model",
        .source_vocab = source,
        .target_vocab = config->separate_tables ? target : NULL,
        .template = "text eos",
        .to = "none",
        .words = true,
        .bos = -1};
    if (r->status != TOLKA_OK || settings_length(r->settings, "langs") == 0) return r->status;
    plan->source_vocab = dictionaries;
    return plan_languages(r, plan);
}

static tolka_status configure(const struct checkpoint *checkpoint, struct config *config,
                              struct tokenizer_plan *plan, tolka_error *err) {
    struct reading r = {checkpoint->config, TOLKA_OK, err};
    tolka_status status = refuse_others(&r, err);
    if (status != TOLKA_OK) return status;
    config_init(config);
    read_structure(checkpoint, &r, config);
    if (r.status != TOLKA_OK) return r.status;
    status = vaswani_tables(checkpoint, config, err);
    if (status != TOLKA_OK) return status;
    config->pad_token = PADDING;
    config->end_token = END;
    config->start_token = END;
    config->unknown_token = 3;
    if (has_generation_file(checkpoint))
        status = read_generation(checkpoint, config, err);
    else
        set_search(config);
    return status == TOLKA_OK ? plan_tokenizer(&r, config, plan) : status;
}

const struct family family_fairseq = {.name = "fairseq",
                                      .model_types = model_types,
                                      .configure = configure,
                                      .rules = vaswani_rules,
                                      .prefixes = vaswani_prefixes};
