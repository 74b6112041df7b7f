#include "tokenizer/tokenizer.h"

#include "engine/error.h"
#include "engine/open.h"
#include "tokenizer/direction.h"
#include "tokenizer/metadata.h"
#include "tokenizer/utf8.h"

#include <stdlib.h>
#include <string.h>

tolka_status tolka_tokenizer_new(tolka_tokenizer **out, const tolka_model *model, const char *from,
                                 const char *to, tolka_error *err) {
    if (out) *out = NULL;
    tolka_status status = need_arguments(
        err, __func__, (const struct argument[]){{"out", out}, {"model", model}, {NULL, false}});
    if (status != TOLKA_OK) return status;
    tolka_tokenizer *tokenizer = calloc(1, sizeof *tokenizer);
    if (!tokenizer) return fail(err, TOLKA_NOMEM, "%s: out of memory", model->name);
    status = tokenizer_read(tokenizer, model, err);
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

int tolka_tokenizer_takes_tokens(const tolka_tokenizer *tokenizer) {
    return tokenizer && tokenizer->kind == PIECES_WORDS;
}

int32_t tolka_tokenizer_start(const tolka_tokenizer *tokenizer) {
    return tokenizer ? tokenizer->start : -1;
}

int32_t tolka_tokenizer_forced_first(const tolka_tokenizer *tokenizer) {
    return tokenizer ? tokenizer->forced_first : -1;
}

/* ---- text that is not UTF-8 ------------------------------------------------------------------ */

char *tolka_repair_text(const char *text, size_t length, size_t *repaired_length) {
    size_t clean_length = 0;
    bool is_there = text || length == 0;
    char *clean = is_there ? utf8_clean(text, length, ' ', &clean_length) : NULL;
    if (repaired_length) *repaired_length = clean_length;
    return clean;
}
