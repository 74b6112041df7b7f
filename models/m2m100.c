/* M2M100 and NLLB-200: pre-norm transformers for many languages, which differ in their tokenizers
 * only. */
#include "models/families.h"
#include "models/huggingface.h"
#include "models/search_settings.h"

#include <string.h>

static const char *const model_types[] = {"m2m_100", "nllb-moe", "M2M100ForConditionalGeneration",
                                          NULL};

/* Tokens of these languages follow vocab.json, in this order, whatever other files list. */
static const char *const m2m100_languages[] = {
    "af", "am", "ar", "ast", "az", "ba", "be", "bg", "bn", "br",  "bs", "ca", "ceb", "cs", "cy",
    "da", "de", "el", "en",  "es", "et", "fa", "ff", "fi", "fr",  "fy", "ga", "gd",  "gl", "gu",
    "ha", "he", "hi", "hr",  "ht", "hu", "hy", "id", "ig", "ilo", "is", "it", "ja",  "jv", "ka",
    "kk", "km", "kn", "ko",  "lb", "lg", "ln", "lo", "lt", "lv",  "mg", "mk", "ml",  "mn", "mr",
    "ms", "my", "ne", "nl",  "no", "ns", "oc", "or", "pa", "pl",  "ps", "pt", "ro",  "ru", "sd",
    "si", "sk", "sl", "so",  "sq", "sr", "ss", "su", "sv", "sw",  "ta", "th", "tl",  "tn", "tr",
    "uk", "ur", "uz", "vi",  "wo", "xh", "yi", "yo", "zh", "zu"};
static const char *const wmt21_languages[] = {"en", "ha", "is", "ja", "cs", "ru", "zh", "de"};

static tolka_status plan_m2m100(struct reading *reading, struct tokenizer_plan *plan) {
    const char *codes = read_text(reading, "language_codes", "m2m100");
    if (reading->status != TOLKA_OK) return reading->status;
    bool wmt21 = strcmp(codes, "wmt21") == 0;
    if (!wmt21 && strcmp(codes, "m2m100") != 0)
        return fail(reading->err, TOLKA_UNSUPPORTED,
                    "%s: key language_codes is \"%s\"; expected m2m100 or wmt21",
                    settings_name(reading->settings), codes);
    *plan = (struct tokenizer_plan){.kind = TOKENIZER_SENTENCEPIECE,
                                    .ids = IDS_BY_VOCAB,
                                    .source_model = "sentencepiece.bpe.model",
                                    .source_vocab = "vocab.json",
                                    .languages = "__%s__",
                                    .language_codes = wmt21 ? wmt21_languages : m2m100_languages,
                                    .n_language_codes = wmt21 ? 8 : 100,
                                    .template = "from text eos",
                                    .to = "forced_first",
                                    .bos = -1,
                                    .default_from = "en"};
    return TOLKA_OK;
}

static tolka_status plan_nllb(struct reading *reading, struct tokenizer_plan *plan) {
    bool legacy = read_flag(reading, "legacy_behaviour", false);
    *plan = (struct tokenizer_plan){.kind = TOKENIZER_SENTENCEPIECE,
                                    .ids = IDS_FAIRSEQ,
                                    .source_model = "sentencepiece.bpe.model|tokenizer.json",
                                    .languages = "xxx_Xxxx",
                                    .template = legacy ? "text eos from" : "from text eos",
                                    .to = "forced_first",
                                    .bos = -1,
                                    .default_from = "eng_Latn"};
    return reading->status;
}

/* Both names stand in checkpoints of either; what decides is whether vocab.json has the ids. */
static tolka_status plan_tokenizer(const struct checkpoint *checkpoint, struct tokenizer_plan *plan,
                                   tolka_error *err) {
    static const char *const known[] = {"M2M100Tokenizer", "NllbTokenizer", NULL};
    struct reading r = {checkpoint->tokenizer, TOLKA_OK, err};
    const char *name;
    tolka_status status = read_tokenizer_class(checkpoint, known, &name, err);
    if (status != TOLKA_OK) return status;
    bool has_vocab = checkpoint->file(checkpoint->user, "vocab.json");
    bool nllb = !has_vocab || (name && strncmp(name, "Nllb", 4) == 0);
    return nllb ? plan_nllb(&r, plan) : plan_m2m100(&r, plan);
}

/* NLLB-MoE shares the layout, but each layer chooses among feed-forward networks. */
static tolka_status refuse_experts(const struct checkpoint *checkpoint, tolka_error *err) {
    struct reading r = {checkpoint->config, TOLKA_OK, err};
    uint32_t experts = read_u32(&r, "num_experts", 0);
    const char *type = read_text(&r, "model_type", "");
    if (r.status != TOLKA_OK) return r.status;
    if (experts == 0 && strcmp(type, "nllb-moe") != 0) return TOLKA_OK;
    return fail(err, TOLKA_UNSUPPORTED,
                "%s: a mixture of experts (num_experts is %u); tolka runs dense models only",
                checkpoint->name, experts);
}

static tolka_status configure(const struct checkpoint *checkpoint, struct config *config,
                              struct tokenizer_plan *plan, tolka_error *err) {
    tolka_status status = refuse_experts(checkpoint, err);
    if (status == TOLKA_OK) status = read_huggingface(checkpoint, config, err);
    if (status != TOLKA_OK) return status;
    struct reading r = {checkpoint->config, TOLKA_OK, err};
    config->activation = read_activation(&r, "activation_function", "relu");
    if (!read_flag(&r, "scale_embedding", true)) config->embedding_scale = 1;
    config->norm_place = NORM_PRE;
    config->final_norm = true;
    config->position_kind = POSITION_SINUSOIDAL;
    config->sinusoid_order = SINUSOID_HALVES;
    config->sinusoid_angle = ANGLE_TENSOR2TENSOR;
    config->position_offset = 2;
    /* Sinusoids go on for ever, and so does the reference past this number. */
    read_u32(&r, "max_position_embeddings", 1024);
    config->pad_token = 1;
    config->end_token = 2;
    config->start_token = 2;
    if (r.status != TOLKA_OK) return r.status;
    status = read_generation(checkpoint, config, err);
    return status == TOLKA_OK ? plan_tokenizer(checkpoint, plan, err) : status;
}

const struct family family_m2m100 = {.name = "m2m100",
                                     .model_types = model_types,
                                     .configure = configure,
                                     .rules = huggingface_rules};
