#include "tokenizer/tokenizer.h"

#include "tokenizer/direction.h"
#include "tokenizer/keys.h"
#include "tokenizer/metadata.h"
#include "tokenizer/utf8.h"

#include <stdlib.h>
#include <string.h>

tolka_status tolka_tokenizer_new(tolka_tokenizer **out, const tolka_model *model, const char *from,
                                 const char *to, tolka_error *err) {
    *out = NULL;
    tolka_tokenizer *tokenizer = calloc(1, sizeof *tokenizer);
    if (!tokenizer) return fail(err, TOLKA_NOMEM, "%s: out of memory", model->name);
    tolka_status status = tokenizer_read(tokenizer, model, err);
    if (status == TOLKA_OK) status = tokenizer_choose_languages(tokenizer, model, from, to, err);
    if (status != TOLKA_OK) {
        tolka_tokenizer_free(tokenizer);
        return status;
    }
    *out = tokenizer;
    return TOLKA_OK;
}

void tolka_tokenizer_free(tolka_tokenizer *tokenizer) {
    if (!tokenizer) return;
    if (tokenizer->target_encoder) {
        pthread_mutex_destroy(&tokenizer->target_encoder->mutex);
        spm_free(tokenizer->target_encoder->spm);
        free(tokenizer->target_encoder);
    }
    if (tokenizer->target.spm != tokenizer->source.spm) spm_free(tokenizer->target.spm);
    spm_free(tokenizer->source.spm);
    bytelevel_free(&tokenizer->bpe);
    words_free(&tokenizer->source_words);
    words_free(&tokenizer->target_words);
    free(tokenizer->source.ids);
    free(tokenizer->target.ids);
    free(tokenizer->shown);
    free(tokenizer->languages.tokens);
    free(tokenizer->languages.ids);
    free(tokenizer->extras);
    free(tokenizer);
}

int32_t tolka_tokenizer_start(const tolka_tokenizer *tokenizer) {
    return tokenizer->start;
}

int32_t tolka_tokenizer_forced_first(const tolka_tokenizer *tokenizer) {
    return tokenizer->forced_first;
}

/* ---- languages ------------------------------------------------------------------------------- */

/* Hands out pieces of one block; NULL while only counting how large it must be. */
struct block {
    char *bytes;
    size_t n;
};

static const char *copy_name(struct block *block, struct gguf_string name) {
    char *copy = block->bytes ? block->bytes + block->n : NULL;
    if (copy && name.length) memcpy(copy, name.bytes, name.length);
    block->n += name.length + 1;
    return name.bytes ? copy : NULL;
}

static void copy_languages(struct block *block, const struct languages *languages,
                           const struct gguf_string defaults[2]) {
    tolka_languages *out = (tolka_languages *)(void *)block->bytes;
    block->n = sizeof *out + languages->n * sizeof *out->names;
    for (size_t i = 0; i < languages->n; i++) {
        const char *name = copy_name(block, languages->tokens[i]);
        if (out) ((const char **)(out + 1))[i] = name;
    }
    const char *from = copy_name(block, defaults[0]), *to = copy_name(block, defaults[1]);
    if (out) *out = (tolka_languages){languages->n, (const char **)(out + 1), from, to};
}

static tolka_status list_languages(const tolka_model *model, const tolka_tokenizer *tokenizer,
                                   tolka_languages **out, tolka_error *err) {
    struct gguf_string defaults[2];
    struct block block = {NULL, 0};
    tolka_status status = key_string(model, KEY "default_from", &defaults[0], err);
    if (status == TOLKA_OK) status = key_string(model, KEY "default_to", &defaults[1], err);
    if (status != TOLKA_OK) return status;
    copy_languages(&block, &tokenizer->languages, defaults);
    block.bytes = calloc(1, block.n);
    if (!block.bytes) return fail(err, TOLKA_NOMEM, "%s: out of memory", model->name);
    copy_languages(&block, &tokenizer->languages, defaults);
    *out = (tolka_languages *)(void *)block.bytes;
    return TOLKA_OK;
}

tolka_status tolka_model_languages(const tolka_model *model, tolka_languages **out,
                                   tolka_error *err) {
    *out = NULL;
    tolka_tokenizer *tokenizer = calloc(1, sizeof *tokenizer);
    if (!tokenizer) return fail(err, TOLKA_NOMEM, "%s: out of memory", model->name);
    tolka_status status = tokenizer_read(tokenizer, model, err);
    if (status == TOLKA_OK) status = list_languages(model, tokenizer, out, err);
    tolka_tokenizer_free(tokenizer);
    return status;
}

int tolka_same_language(const char *a, const char *b) {
    return language_same((struct gguf_string){a, strlen(a)}, (struct gguf_string){b, strlen(b)});
}

/* ---- text that is not UTF-8 ------------------------------------------------------------------ */

char *tolka_repair_text(const char *text, size_t length, size_t *repaired_length) {
    return utf8_clean(text, length, ' ', repaired_length);
}
