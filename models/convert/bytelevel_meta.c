#include "models/convert/bytelevel_meta.h"

#include "models/checkpoint/vocabulary_read.h"
#include "models/convert/beside.h"
#include "models/convert/say.h"
#include "models/convert/special_tokens.h"

#include <stdlib.h>
#include <string.h>

/* ---- what a tokenizer.json may ask for ------------------------------------------------------- */

struct expected_text {
    const char *key, *value; /* value NULL: the key must be absent or empty */
};

static tolka_status check_texts(const struct settings *json, const struct expected_text *expected,
                                size_t n, tolka_error *err) {
    for (size_t i = 0; i < n; i++) {
        const char *found;
        tolka_status status = settings_string(json, expected[i].key, "", &found, err);
        if (status != TOLKA_OK) return status;
        const char *wanted = expected[i].value ? expected[i].value : "";
        if (strcmp(found, wanted) == 0) continue;
        return fail(err, TOLKA_UNSUPPORTED, "%s: key %s is \"%.40s\"; tolka can do \"%s\" only",
                    settings_name(json), expected[i].key, found, wanted);
    }
    return TOLKA_OK;
}

static tolka_status check_flags(const struct settings *json, const char *const *keys, size_t n,
                                bool wanted, tolka_error *err) {
    for (size_t i = 0; i < n; i++) {
        bool found;
        tolka_status status = settings_boolean(json, keys[i], wanted, &found, err);
        if (status != TOLKA_OK) return status;
        if (found != wanted)
            return fail(err, TOLKA_UNSUPPORTED, "%s: key %s is %s; tolka can do the opposite only",
                        settings_name(json), keys[i], found ? "true" : "false");
    }
    return TOLKA_OK;
}

/* Other pipelines than BART's give other ids: better none than wrong ones. */
static tolka_status check_pipeline(const struct settings *json, tolka_error *err) {
    static const struct expected_text texts[] = {{"model.type", "BPE"},
                                                 {"pre_tokenizer.type", "ByteLevel"},
                                                 {"normalizer.type", NULL},
                                                 {"model.continuing_subword_prefix", NULL},
                                                 {"model.end_of_word_suffix", NULL}};
    static const char *const off[] = {"pre_tokenizer.add_prefix_space", "model.byte_fallback",
                                      "model.ignore_merges"};
    static const char *const on[] = {"pre_tokenizer.use_regex"};
    tolka_status status = check_texts(json, texts, sizeof texts / sizeof *texts, err);
    if (status == TOLKA_OK) status = check_flags(json, off, sizeof off / sizeof *off, false, err);
    return status == TOLKA_OK ? check_flags(json, on, 1, true, err) : status;
}

/* TOLKA_UNSUPPORTED: not as tolka tokenizes. */
static tolka_status check_settings(const struct import *import, tolka_error *err) {
    static const char *const off[] = {"add_prefix_space"};
    tolka_status status = check_flags(import->tokenizer_json, off, 1, false, err);
    if (status != TOLKA_OK) return status;
    char *path = import_path(import, "tokenizer.json");
    struct settings *json = NULL;
    if (!path) return fail(err, TOLKA_NOMEM, "out of memory");
    status = settings_open(&json, path, false, err);
    if (status == TOLKA_OK && settings_has(json, "model")) status = check_pipeline(json, err);
    settings_free(json);
    free(path);
    return status;
}

/* ---- vocabulary and merges ------------------------------------------------------------------- */

/* "left right" without the blank. */
static tolka_status result_of(const struct vocabulary *vocabulary, const char *rule, int32_t *id,
                              tolka_error *err) {
    size_t n = strlen(rule);
    char *joined = malloc(n + 1), *blank;
    if (!joined) return fail(err, TOLKA_NOMEM, "out of memory");
    memcpy(joined, rule, n + 1);
    blank = strchr(joined, ' ');
    if (blank) memmove(blank, blank + 1, strlen(blank));
    *id = vocabulary_find(vocabulary, joined);
    free(joined);
    if (*id >= 0) return TOLKA_OK;
    return fail(err, TOLKA_FORMAT, "the merge \"%.60s\" makes no token of the vocabulary", rule);
}

/* Tables may be cut short of the last tokens (BART's <mask>); what merges into those is left out,
 * as it has no embedding. */
static tolka_status write_merges(struct gguf_writer *writer, const struct vocabulary *vocabulary,
                                 const struct vocabulary *merges, size_t n_rows, const char *path,
                                 tolka_error *err) {
    const char **kept = malloc((merges->n + 1) * sizeof *kept);
    size_t n = 0;
    tolka_status status = kept ? TOLKA_OK : fail(err, TOLKA_NOMEM, "out of memory");
    for (size_t i = 0; i < merges->n && status == TOLKA_OK; i++) {
        int32_t id = -1;
        tolka_error why;
        status = result_of(vocabulary, merges->tokens[i], &id, &why);
        if (status != TOLKA_OK) fail(err, status, "%s: %s", path, why.text);
        if (status == TOLKA_OK && (size_t)id < n_rows) kept[n++] = merges->tokens[i];
    }
    if (status == TOLKA_OK) write_strings(writer, "tolka.tokenizer.merges", kept, n);
    free(kept);
    return status;
}

static tolka_status write_vocabulary(struct gguf_writer *writer,
                                     const struct vocabulary *vocabulary, size_t n_rows,
                                     tolka_error *err) {
    size_t n = vocabulary->n < n_rows ? vocabulary->n : n_rows;
    const char **tokens = malloc((n + 1) * sizeof *tokens);
    if (!tokens) return fail(err, TOLKA_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) tokens[i] = vocabulary->tokens[i] ? vocabulary->tokens[i] : "";
    write_strings(writer, "tolka.tokenizer.vocab", tokens, n);
    free(tokens);
    return TOLKA_OK;
}

static tolka_status write_extra(struct gguf_writer *writer, const struct import *import,
                                const struct vocabulary *vocabulary, size_t n_rows,
                                tolka_error *err) {
    struct vocabulary special;
    struct token_list extra = {0};
    tolka_status status = special_tokens_of(&special, import, vocabulary, err);
    if (status != TOLKA_OK) return status;
    bool sound = true;
    for (size_t id = 0; sound && id < special.n && id < n_rows; id++)
        if (special.tokens[id]) sound = list_add(&extra, special.tokens[id], (int32_t)id);
    if (sound) list_write(writer, &extra, "tolka.tokenizer.extra", "tolka.tokenizer.extra_ids");
    list_free(&extra);
    vocabulary_free(&special);
    return sound ? TOLKA_OK : fail(err, TOLKA_NOMEM, "out of memory");
}

static void set_unknown(struct import *import, const struct vocabulary *vocabulary) {
    struct config *config = &import->config;
    int32_t id = vocabulary_find(vocabulary, "<unk>");
    if (config->unknown_token < 0 && (uint32_t)id < config->source_vocab)
        config->unknown_token = id;
}

tolka_status write_bytelevel(struct gguf_writer *writer, struct import *import,
                             const char *vocab_path, const char *merges_path, tolka_error *err) {
    const struct config *config = &import->config;
    size_t n_rows =
        config->source_vocab < config->target_vocab ? config->source_vocab : config->target_vocab;
    struct vocabulary vocabulary = {0}, merges = {0};
    tolka_status status = check_settings(import, err);
    if (status == TOLKA_UNSUPPORTED) {
        import_warn(import, "%s: the model will take token ids only (--ids)", err->text);
        return TOLKA_OK;
    }
    if (status == TOLKA_OK) status = vocabulary_open(&vocabulary, vocab_path, err);
    if (status == TOLKA_OK) status = add_special_tokens(&vocabulary, import, vocabulary.n, err);
    if (status == TOLKA_OK) status = merges_open(&merges, merges_path, err);
    if (status == TOLKA_OK) {
        set_unknown(import, &vocabulary);
        write_string(writer, "tolka.tokenizer.kind", "bytelevel-bpe");
        status = write_vocabulary(writer, &vocabulary, n_rows, err);
    }
    if (status == TOLKA_OK)
        status = write_merges(writer, &vocabulary, &merges, n_rows, merges_path, err);
    if (status == TOLKA_OK) status = write_extra(writer, import, &vocabulary, n_rows, err);
    vocabulary_free(&vocabulary);
    vocabulary_free(&merges);
    return status;
}
