/* mBART-25 and mBART-50: BART with the norms in front, over one SentencePiece vocabulary for many
 * languages. The two differ in where language tokens stand. */
#include "models/families.h"
#include "models/huggingface.h"
#include "models/search_settings.h"

#include <string.h>

static const char *const model_types[] = {"mbart", "MBartForConditionalGeneration", "MBartModel",
                                          NULL};

/* Tokens of these languages follow the pieces, in this order; mBART-25 has the first 25. */
static const char *const languages[] = {
    "ar_AR", "cs_CZ", "de_DE", "en_XX", "es_XX", "et_EE", "fi_FI", "fr_XX", "gu_IN",
    "hi_IN", "it_IT", "ja_XX", "kk_KZ", "ko_KR", "lt_LT", "lv_LV", "my_MM", "ne_NP",
    "nl_XX", "ro_RO", "ru_RU", "si_LK", "tr_TR", "vi_VN", "zh_CN", "af_ZA", "az_AZ",
    "bn_IN", "fa_IR", "he_IL", "hr_HR", "id_ID", "ka_GE", "km_KH", "mk_MK", "ml_IN",
    "mn_MN", "mr_IN", "pl_PL", "ps_AF", "pt_XX", "sv_SE", "sw_KE", "ta_IN", "te_IN",
    "th_TH", "tl_XX", "uk_UA", "ur_PK", "xh_ZA", "gl_ES", "sl_SI", NULL};
static tolka_status plan_tokenizer(const struct checkpoint *checkpoint, const struct config *config,
                                   struct tokenizer_plan *plan, tolka_error *err) {
    static const char *const known[] = {"MBartTokenizer", "MBart50Tokenizer", NULL};
    const char *name;
    tolka_status status = read_tokenizer_class(checkpoint, known, &name, err);
    if (status != TOLKA_OK) return status;
    /* mBART-25 starts a translation with the language itself, mBART-50 with the end token. */
    bool fifty = name ? strcmp(name, "MBart50Tokenizer") == 0
                      : config->start_token >= 0 && config->start_token == config->end_token;
    *plan = (struct tokenizer_plan){.kind = TOKENIZER_SENTENCEPIECE,
                                    .ids = IDS_FAIRSEQ,
                                    .source_model = "sentencepiece.bpe.model|tokenizer.json",
                                    .languages = "xx_XX",
                                    .language_codes = languages,
                                    .n_language_codes = fifty ? 52 : 25,
                                    .template = fifty ? "from text eos" : "text eos from",
                                    .to = fifty ? "forced_first" : "start",
                                    .bos = -1,
                                    .default_from = "en_XX"};
    return TOLKA_OK;
}

static tolka_status configure(const struct checkpoint *checkpoint, struct config *config,
                              struct tokenizer_plan *plan, tolka_error *err) {
    tolka_status status = read_huggingface(checkpoint, config, err);
    if (status != TOLKA_OK) return status;
    struct reading r = {checkpoint->config, TOLKA_OK, err};
    read_bart(&r, config);
    config->norm_place = NORM_PRE;
    config->final_norm = true;
    if (r.status != TOLKA_OK) return r.status;
    status = read_generation(checkpoint, config, err);
    return status == TOLKA_OK ? plan_tokenizer(checkpoint, config, plan, err) : status;
}

const struct family family_mbart = {.name = "mbart",
                                    .model_types = model_types,
                                    .configure = configure,
                                    .rules = huggingface_rules};
