#include "models/convert/words_meta.h"

#include "models/checkpoint/vocabulary_read.h"
#include "models/convert/special_tokens.h"

#include <stdlib.h>

/* CTranslate2 puts <unk> behind a vocabulary that lacks it. */
static tolka_status open_words(struct vocabulary *vocabulary, const char *path, uint32_t n_rows,
                               tolka_error *err) {
    static const char unknown[] = "<unk>";
    tolka_status status = vocabulary_open(vocabulary, path, err);
    if (status != TOLKA_OK) return status;
    if (vocabulary->n + 1 == n_rows && vocabulary_find(vocabulary, unknown) < 0) {
        status = vocabulary_add(vocabulary, n_rows - 1, unknown, sizeof unknown - 1, path, err);
        if (status == TOLKA_OK) status = vocabulary_index(vocabulary, path, err);
    }
    if (status == TOLKA_OK && vocabulary->n > n_rows)
        status = fail(err, TOLKA_FORMAT, "%s: %zu tokens, but the model's table has %u rows", path,
                      vocabulary->n, n_rows);
    return status;
}

static tolka_status write_tokens(struct gguf_writer *writer, const char *key,
                                 const struct vocabulary *vocabulary, tolka_error *err) {
    const char **tokens = calloc(vocabulary->n + 1, sizeof *tokens);
    if (!tokens) return fail(err, TOLKA_NOMEM, "out of memory");
    for (size_t i = 0; i < vocabulary->n; i++)
        tokens[i] = vocabulary->tokens[i] ? vocabulary->tokens[i] : "";
    write_strings(writer, key, tokens, vocabulary->n);
    free(tokens);
    return TOLKA_OK;
}

tolka_status write_words(struct gguf_writer *writer, const struct import *import,
                         const char *source_path, const char *target_path,
                         struct vocabulary *source, struct vocabulary *target,
                         struct token_list *languages, tolka_error *err) {
    const struct config *config = &import->config;
    tolka_status status = open_words(source, source_path, config->source_vocab, err);
    if (status == TOLKA_OK && import->plan.languages_key)
        status = add_special_tokens(source, import, source->n, err);
    if (status == TOLKA_OK && target_path)
        status = open_words(target, target_path, config->target_vocab, err);
    if (status != TOLKA_OK) return status;
    for (size_t i = 0; i < source->n; i++)
        if (source->tokens[i] && is_language(source->tokens[i], import->plan.languages) &&
            !list_add(languages, source->tokens[i], (int32_t)i))
            return fail(err, TOLKA_NOMEM, "out of memory");
    write_string(writer, "tolka.tokenizer.kind", "words");
    status = write_tokens(writer, "tolka.tokenizer.vocab", source, err);
    if (status == TOLKA_OK && target_path)
        status = write_tokens(writer, "tolka.tokenizer.target_vocab", target, err);
    return status;
}
