#include "models/convert/pieces_meta.h"

#include "tokenizer/ggml_vocab.h"
#include "tokenizer/spm_check.h"
#include "models/convert/special_tokens.h"
#include "models/convert/unigram_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "tolka.tokenizer."

/* What does not depend on where the tokenizer came from. */
static void write_common(struct gguf_writer *writer, const struct import *import,
                         const char *template, bool has_languages) {
    write_string(writer, KEY "kind", "sentencepiece");
    write_string(writer, KEY "template", template);
    write_string(writer, KEY "target_template", template);
    write_string(writer, KEY "to", has_languages ? "prefix" : "none");
    write_bool(writer, KEY "extra_anywhere", true);
    write_i32(writer, KEY "eos", import->config.end_token);
    write_i32(writer, KEY "unknown", import->config.unknown_token);
}

/* ---- spiece.model, or tokenizer.json
 * ------------------------------------------------------------------------------
 */

struct pieces {
    struct map map;
    uint8_t *built;       /* or a model that was built from what is mapped */
    const uint8_t *model; /* either */
    size_t n_model;
    struct spm *spm;
    struct vocabulary vocabulary; /* languages, and all tokens that are not pieces */
    struct token_list extra, languages;
};

static void pieces_free(struct pieces *pieces) {
    map_close(&pieces->map);
    free(pieces->built);
    spm_free(pieces->spm);
    vocabulary_free(&pieces->vocabulary);
    list_free(&pieces->extra);
    list_free(&pieces->languages);
}

static tolka_status load_pieces(struct pieces *pieces, const char *path, tolka_error *err) {
    char why[SPM_WHY] = "out of memory";
    uint8_t *checked = NULL;
    size_t n;
    tolka_status status = map_open(&pieces->map, path, err);
    if (status != TOLKA_OK) return status;
    pieces->model = pieces->map.bytes;
    pieces->n_model = pieces->map.n_bytes;
    if (pieces->n_model > 0 && pieces->model[0] == '{') {
        status = unigram_from_json(pieces->map.bytes, pieces->map.n_bytes, path, &pieces->built,
                                   &pieces->n_model, err);
        pieces->model = pieces->built;
    }
    if (status != TOLKA_OK) return status;
    enum spm_status loaded =
        spm_check(pieces->model, pieces->n_model, SPM_DECODE, &checked, &n, why);
    if (loaded == SPM_OK) loaded = spm_load(&pieces->spm, checked, n, why);
    free(checked);
    if (loaded == SPM_OK) return TOLKA_OK;
    return fail(err, loaded == SPM_UNSUPPORTED ? TOLKA_UNSUPPORTED : TOLKA_FORMAT, "%s: %s", path,
                why);
}

static tolka_status add_language_pieces(struct pieces *pieces, const char *path, tolka_error *err) {
    tolka_status status = TOLKA_OK;
    int32_t n = spm_count(pieces->spm);
    for (int32_t i = 0; i < n && status == TOLKA_OK; i++) {
        struct spm_text text = spm_piece(pieces->spm, i);
        if (is_language_tag((struct gguf_string){text.bytes, text.length}))
            status = vocabulary_add(&pieces->vocabulary, i, text.bytes, text.length, path, err);
    }
    return status;
}

/* Old checkpoints only say how many there are; some have them among the pieces. */
static tolka_status add_sentinels(struct pieces *pieces, uint32_t n, const char *path,
                                  tolka_error *err) {
    static const char first[] = "<extra_id_0>";
    struct spm_text text = {first, sizeof first - 1};
    if (vocabulary_find(&pieces->vocabulary, first) >= 0 || spm_find(pieces->spm, text) >= 0)
        return TOLKA_OK;
    tolka_status status = TOLKA_OK;
    int64_t end = (int64_t)spm_count(pieces->spm) + n;
    for (uint32_t i = 0; i < n && end <= MAX_TOKEN_ID && status == TOLKA_OK; i++) {
        char token[32];
        snprintf(token, sizeof token, "<extra_id_%u>", i);
        status = vocabulary_add(&pieces->vocabulary, end - 1 - i, token, strlen(token), path, err);
    }
    return status == TOLKA_OK ? vocabulary_index(&pieces->vocabulary, path, err) : status;
}

static tolka_status list_tokens(struct pieces *pieces, size_t vocab, tolka_error *err) {
    const struct vocabulary *vocabulary = &pieces->vocabulary;
    size_t n_pieces = (size_t)spm_count(pieces->spm);
    for (size_t id = 0; id < vocabulary->n && id < vocab; id++) {
        const char *token = vocabulary->tokens[id];
        if (!token) continue;
        bool language = is_language_tag((struct gguf_string){token, strlen(token)});
        if ((language && !list_add(&pieces->languages, token, (int32_t)id)) ||
            (id >= n_pieces && !list_add(&pieces->extra, token, (int32_t)id)))
            return fail(err, TOLKA_NOMEM, "out of memory");
    }
    /* A lone "<2x>" among the pieces of a large vocabulary is no choice of languages. */
    if (pieces->languages.n == 1) pieces->languages.n = 0;
    return TOLKA_OK;
}

tolka_status write_pieces(struct gguf_writer *writer, struct import *import, const char *path,
                          tolka_error *err) {
    const struct tokenizer_plan *plan = &import->plan;
    struct config *config = &import->config;
    struct pieces pieces = {0};
    tolka_status status = load_pieces(&pieces, path, err);
    if (status == TOLKA_OK) status = add_language_pieces(&pieces, path, err);
    if (status == TOLKA_OK)
        status = add_special_tokens(&pieces.vocabulary, import,
                                    (size_t)spm_count(pieces.spm) + plan->n_sentinels, err);
    if (status == TOLKA_OK) status = add_sentinels(&pieces, plan->n_sentinels, path, err);
    if (status == TOLKA_OK) status = list_tokens(&pieces, config->source_vocab, err);
    if (status == TOLKA_OK && (uint32_t)spm_count(pieces.spm) > config->source_vocab)
        status = fail(err, TOLKA_FORMAT, "%s: %d pieces for a model of %u tokens", path,
                      (int)spm_count(pieces.spm), config->source_vocab);
    if (status == TOLKA_OK) {
        if (config->unknown_token < 0) config->unknown_token = spm_unknown(pieces.spm);
        write_common(writer, import, plan->template, pieces.languages.n > 0);
        write_bytes(writer, KEY "source.model", pieces.model, pieces.n_model);
        list_write(writer, &pieces.extra, KEY "extra", KEY "extra_ids");
        list_write(writer, &pieces.languages, KEY "languages", KEY "language_ids");
    }
    pieces_free(&pieces);
    return status;
}

/* ---- tokenizer.ggml.* ------------------------------------------------------------------------ */

static tolka_status write_tokens(struct gguf_writer *writer, const struct ggml_token *tokens,
                                 size_t n, const char *key, const char *ids_key, tolka_error *err) {
    if (n == 0) return TOLKA_OK;
    struct gguf_string *texts = calloc(n, sizeof *texts);
    int32_t *ids = calloc(n, sizeof *ids);
    tolka_status status = texts && ids ? TOLKA_OK : fail(err, TOLKA_NOMEM, "out of memory");
    for (size_t i = 0; i < n && status == TOLKA_OK; i++) {
        texts[i] = tokens[i].text;
        ids[i] = tokens[i].id;
    }
    if (status == TOLKA_OK) {
        write_mapped_strings(writer, key, texts, n);
        write_i32s(writer, ids_key, ids, n);
    }
    free(texts);
    free(ids);
    return status;
}

tolka_status write_ggml_tokenizer(struct gguf_writer *writer, struct import *import,
                                  tolka_error *err) {
    struct config *config = &import->config;
    const struct gguf *gguf = &import->source.gguf;
    struct ggml_vocab vocab;
    if (!gguf_find(gguf, "tokenizer.ggml.model")) {
        import->checkpoint.warn(import->checkpoint.user,
                                "%s: no tokenizer.ggml.model in it: the model will take token ids "
                                "only (--ids)",
                                import->source.weights_path);
        return TOLKA_OK;
    }
    tolka_status status = ggml_vocab_read(&vocab, gguf, config->source_vocab, err);
    if (status != TOLKA_OK) return status;
    if (config->unknown_token < 0) config->unknown_token = vocab.unknown;
    const char *template = vocab.add_bos && vocab.add_eos ? "bos text eos"
                           : vocab.add_bos                ? "bos text"
                           : vocab.add_eos                ? "text eos"
                                                          : "text";
    write_common(writer, import, template, vocab.n_languages > 0);
    if (vocab.bos >= 0) write_i32(writer, KEY "bos", vocab.bos);
    write_bytes(writer, KEY "source.model", vocab.model, vocab.n_model);
    status = write_tokens(writer, vocab.added, vocab.n_added, KEY "extra", KEY "extra_ids", err);
    if (status == TOLKA_OK)
        status = write_tokens(writer, vocab.languages, vocab.n_languages, KEY "languages",
                              KEY "language_ids", err);
    ggml_vocab_free(&vocab);
    return status;
}

/* ---- tolka's own files ----------------------------------------------------------------------- */

tolka_status copy_tokenizer(struct gguf_writer *writer, const struct import *import) {
    const struct gguf *gguf = &import->source.gguf;
    for (size_t i = 0; i < gguf->n_values; i++) {
        struct gguf_string key = gguf->values[i].key;
        if (key.length > sizeof KEY - 1 && memcmp(key.bytes, KEY, sizeof KEY - 1) == 0)
            write_value(writer, &gguf->values[i]);
    }
    return TOLKA_OK;
}
