/* GGUF files that carry all that there is to know, on their way to a file of tolka's own: with
 * another number format, or another layout of it. */
#include "engine/t5_gguf.h"
#include "models/families.h"

static const char *const no_types[] = {NULL};

static tolka_status expect_gguf(const struct checkpoint *checkpoint, const char *family,
                                tolka_error *err) {
    if (checkpoint->gguf) return TOLKA_OK;
    return fail(err, TOLKA_ARGUMENT, "%s: not a GGUF file, as family %s expects", checkpoint->name,
                family);
}

/* ---- as tolka writes it ---------------------------------------------------------------------- */

static tolka_status configure(const struct checkpoint *checkpoint, struct config *config,
                              struct tokenizer_plan *plan, tolka_error *err) {
    *plan = (struct tokenizer_plan){.kind = TOKENIZER_COPIED, .bos = -1};
    tolka_status status = expect_gguf(checkpoint, "tolka", err);
    return status == TOLKA_OK ? config_read(config, checkpoint->gguf, err) : status;
}

const struct family family_tolka = {
    .name = "tolka", .model_types = no_types, .configure = configure};

/* ---- as llama.cpp writes it ------------------------------------------------------------------ */

static tolka_status configure_t5(const struct checkpoint *checkpoint, struct config *config,
                                 struct tokenizer_plan *plan, tolka_error *err) {
    *plan = (struct tokenizer_plan){.kind = TOKENIZER_GGML, .bos = -1};
    tolka_status status = expect_gguf(checkpoint, "t5-gguf", err);
    return status == TOLKA_OK ? t5_configure_gguf(config, checkpoint->gguf, err) : status;
}

const struct family family_t5_gguf = {
    .name = "t5-gguf", .model_types = no_types, .configure = configure_t5};
