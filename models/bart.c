/* BART: post-norm, a norm after the embedding, learned positions, byte-level BPE. */
#include "models/families.h"
#include "models/huggingface.h"
#include "models/search_settings.h"

static const char *const model_types[] = {"bart", "BartForConditionalGeneration", "BartModel",
                                          NULL};

static tolka_status plan_tokenizer(const struct checkpoint *checkpoint, int32_t bos,
                                   struct tokenizer_plan *plan, tolka_error *err) {
    static const char *const known[] = {"BartTokenizer", NULL};
    const char *name;
    *plan = (struct tokenizer_plan){.kind = TOKENIZER_BYTELEVEL,
                                    .source_vocab = "tokenizer.json|vocab.json",
                                    .merges = "tokenizer.json|merges.txt",
                                    .template = "bos text eos",
                                    .target_template = "bos text eos",
                                    .to = "none",
                                    .bos = bos};
    return read_tokenizer_class(checkpoint, known, &name, err);
}

static tolka_status configure(const struct checkpoint *checkpoint, struct config *config,
                              struct tokenizer_plan *plan, tolka_error *err) {
    tolka_status status = read_huggingface(checkpoint, config, err);
    if (status != TOLKA_OK) return status;
    struct reading r = {checkpoint->config, TOLKA_OK, err};
    read_bart(&r, config);
    config->norm_place = NORM_POST;
    config->start_token = 2;
    int32_t bos = read_token(&r, "bos_token_id", 0);
    if (r.status != TOLKA_OK) return r.status;
    status = read_generation(checkpoint, config, err);
    return status == TOLKA_OK ? plan_tokenizer(checkpoint, bos, plan, err) : status;
}

const struct family family_bart = {
    .name = "bart", .model_types = model_types, .configure = configure, .rules = huggingface_rules};
