#include "models/convert/pieces_meta.h"

#include "models/convert/say.h"
#include "models/convert/special_tokens.h"
#include "models/convert/spm_file.h"
#include "tokenizer/ggml_vocab.h"

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

/* ---- spiece.model, or tokenizer.json --------------------------------------------------------- */

struct pieces {
    struct spm_file file;
    struct vocabulary vocabulary; /* languages, and all tokens that are not pieces */
    struct token_list extra, languages;
};

static void pieces_free(struct pieces *pieces) {
    spm_file_close(&pieces->file);
    vocabulary_free(&pieces->vocabulary);
    list_free(&pieces->extra);
    list_free(&pieces->languages);
}

static tolka_status add_language_pieces(struct pieces *pieces, const char *path, tolka_error *err) {
    tolka_status status = TOLKA_OK;
    int32_t n = spm_count(pieces->file.spm);
    for (int32_t i = 0; i < n && status == TOLKA_OK; i++) {
        struct spm_text text = spm_piece(pieces->file.spm, i);
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
    if (vocabulary_find(&pieces->vocabulary, first) >= 0 || spm_find(pieces->file.spm, text) >= 0)
        return TOLKA_OK;
    tolka_status status = TOLKA_OK;
    int64_t end = (int64_t)spm_count(pieces->file.spm) + n;
    for (uint32_t i = 0; i < n && end <= MAX_TOKEN_ID && status == TOLKA_OK; i++) {
        char token[32];
        snprintf(token, sizeof token, "<extra_id_%u>", i);
        status = vocabulary_add(&pieces->vocabulary, end - 1 - i, token, strlen(token), path, err);
    }
    return status == TOLKA_OK ? vocabulary_index(&pieces->vocabulary, path, err) : status;
}

static tolka_status list_tokens(struct pieces *pieces, size_t vocab, tolka_error *err) {
    const struct vocabulary *vocabulary = &pieces->vocabulary;
    size_t n_pieces = (size_t)spm_count(pieces->file.spm);
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
    tolka_status status = spm_file_open(&pieces.file, path, err);
    if (status == TOLKA_OK) status = add_language_pieces(&pieces, path, err);
    if (status == TOLKA_OK)
        status = add_special_tokens(&pieces.vocabulary, import,
                                    (size_t)spm_count(pieces.file.spm) + plan->n_sentinels, err);
    if (status == TOLKA_OK) status = add_sentinels(&pieces, plan->n_sentinels, path, err);
    if (status == TOLKA_OK) status = list_tokens(&pieces, config->source_vocab, err);
    if (status == TOLKA_OK && (uint32_t)spm_count(pieces.file.spm) > config->source_vocab)
        status = fail(err, TOLKA_FORMAT, "%s: %d pieces for a model of %u tokens", path,
                      (int)spm_count(pieces.file.spm), config->source_vocab);
    if (status == TOLKA_OK) {
        if (config->unknown_token < 0) config->unknown_token = spm_unknown(pieces.file.spm);
        write_common(writer, import, plan->template, pieces.languages.n > 0);
        write_bytes(writer, KEY "source.model", pieces.file.model, pieces.file.n_model);
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
        import_warn(import,
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
