#define _POSIX_C_SOURCE 200809L
#include "tokenizer_meta.h"

#include "../../tokenizer/spm.h"
#include "vocabulary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One side's SentencePiece model and vocabulary. */
struct side {
    struct map map;
    struct spm *spm;
    struct vocabulary vocabulary; /* n 0: none */
    int32_t *ids;                 /* of every piece; NULL: the piece itself */
};

static void side_free(struct side *side) {
    map_close(&side->map);
    spm_free(side->spm);
    vocabulary_free(&side->vocabulary);
    free(side->ids);
}

/* The first existing file of alternatives "a|b"; NULL: none. The caller frees it. */
static char *find_file(const struct import *import, const char *alternatives) {
    while (alternatives && *alternatives) {
        char name[256];
        size_t n = strcspn(alternatives, "|");
        snprintf(name, sizeof name, "%.*s", (int)n, alternatives);
        char *path = import_path(import, name);
        if (path && access(path, R_OK) == 0) return path;
        free(path);
        alternatives += n + (alternatives[n] == '|');
    }
    return NULL;
}

static tolka_status open_spm(struct side *side, const char *path, tolka_error *err) {
    char why[SPM_WHY];
    uint8_t *checked = NULL;
    size_t n_checked;
    tolka_status status = map_open(&side->map, path, err);
    if (status != TOLKA_OK) return status;
    enum spm_status spm_status = spm_check(side->map.bytes, side->map.n_bytes, SPM_DECODE, &checked,
                                           &n_checked, why);
    if (spm_status == SPM_OK) spm_status = spm_load(&side->spm, checked, n_checked, why);
    free(checked);
    if (spm_status == SPM_OK) return TOLKA_OK;
    return fail(err, spm_status == SPM_UNSUPPORTED ? TOLKA_UNSUPPORTED : TOLKA_FORMAT, "%s: %s",
                path, why);
}

static tolka_status open_vocabulary(struct side *side, const struct import *import,
                                    const char *alternatives, tolka_error *err) {
    static const char *const extras[] = {"added_tokens.json", "tokenizer_config.json"};
    char *path = find_file(import, alternatives);
    if (!path)
        return fail(err, TOLKA_IO, "%s: no %s beside it", import->source.weights_path, alternatives);
    tolka_status status = vocabulary_open(&side->vocabulary, path, err);
    free(path);
    if (status != TOLKA_OK) return status;
    for (size_t i = 0; i < sizeof extras / sizeof *extras && status == TOLKA_OK; i++) {
        char *extra = import_path(import, extras[i]);
        if (!extra) return fail(err, TOLKA_NOMEM, "out of memory");
        status = vocabulary_add_file(&side->vocabulary, extra, err);
        free(extra);
    }
    if (status == TOLKA_OK) status = vocabulary_index(&side->vocabulary, alternatives, err);
    return status;
}

/* ---- ids of pieces ---------------------------------------------------------------------------- */

static int32_t piece_id(const struct side *side, enum piece_ids kind, int32_t piece) {
    if (kind == IDS_FAIRSEQ) return piece == spm_unknown(side->spm) ? 3 : piece + 1;
    struct spm_text text = spm_piece(side->spm, piece);
    char token[512];
    if (text.length >= sizeof token) return -1;
    memcpy(token, text.bytes, text.length);
    token[text.length] = 0;
    return vocabulary_find(&side->vocabulary, token);
}

static tolka_status map_pieces(struct side *side, enum piece_ids kind, uint32_t vocab,
                               tolka_error *err) {
    if (kind == IDS_ARE_PIECES) return TOLKA_OK;
    int32_t n = spm_count(side->spm);
    side->ids = calloc((size_t)n + 1, sizeof *side->ids);
    if (!side->ids) return fail(err, TOLKA_NOMEM, "out of memory");
    for (int32_t piece = 0; piece < n; piece++) {
        int32_t id = piece_id(side, kind, piece);
        /* A piece past the table cannot be embedded: it is as good as unknown. */
        side->ids[piece] = id >= 0 && (uint32_t)id < vocab ? id : -1;
    }
    return TOLKA_OK;
}

/* ---- tokens that are no pieces, languages ----------------------------------------------------- */

struct token_list {
    size_t n, capacity;
    const char **tokens;
    int32_t *ids;
};

static bool list_add(struct token_list *list, const char *token, int32_t id) {
    if (list->n == list->capacity) {
        size_t capacity = list->capacity * 2 + 64;
        const char **tokens = realloc(list->tokens, capacity * sizeof *tokens);
        if (!tokens) return false;
        list->tokens = tokens;
        int32_t *ids = realloc(list->ids, capacity * sizeof *ids);
        if (!ids) return false;
        list->ids = ids;
        list->capacity = capacity;
    }
    list->tokens[list->n] = token;
    list->ids[list->n++] = id;
    return true;
}

static void list_free(struct token_list *list) {
    free(list->tokens);
    free(list->ids);
}

static void list_write(struct gguf_writer *writer, const struct token_list *list,
                       const char *tokens_key, const char *ids_key) {
    if (list->n == 0) return;
    write_strings(writer, tokens_key, list->tokens, list->n);
    write_i32s(writer, ids_key, list->ids, list->n);
}

static bool is_letters(const char *text, size_t n, bool upper_first, bool all_upper) {
    for (size_t i = 0; i < n; i++) {
        bool upper = text[i] >= 'A' && text[i] <= 'Z', lower = text[i] >= 'a' && text[i] <= 'z';
        bool want_upper = all_upper || (upper_first && i == 0);
        if (want_upper ? !upper : !lower) return false;
    }
    return true;
}

/* Is the token a language of the family's form (struct tokenizer_plan)? */
static bool is_language(const char *token, const char *form) {
    size_t length = strlen(token);
    if (!form) return false;
    if (strcmp(form, "xx_XX") == 0)
        return length == 5 && token[2] == '_' && is_letters(token, 2, false, false) &&
               is_letters(token + 3, 2, false, true);
    if (strcmp(form, "xxx_Xxxx") == 0)
        return length == 8 && token[3] == '_' && is_letters(token, 3, false, false) &&
               is_letters(token + 4, 4, true, false);
    const char *place = strstr(form, "%s");
    size_t before = place ? (size_t)(place - form) : 0, after = place ? strlen(place + 2) : 0;
    return place && length > before + after && strncmp(token, form, before) == 0 &&
           strcmp(token + length - after, place + 2) == 0 && !strchr(token, ' ');
}

static void cover_pieces(const struct side *side, bool *covered, size_t n) {
    for (int32_t piece = 0; piece < spm_count(side->spm); piece++) {
        int32_t id = side->ids ? side->ids[piece] : piece;
        if (id >= 0 && (size_t)id < n) covered[id] = true;
    }
}

/* Sorts the vocabulary's entries: languages, and tokens that no piece of either side stands for
 * (one vocabulary may serve two SentencePiece models). */
static tolka_status list_tokens(const struct import *import, const struct side *source,
                                const struct side *target, struct token_list *extra,
                                struct token_list *languages, tolka_error *err) {
    const struct vocabulary *vocabulary = &source->vocabulary;
    size_t n = vocabulary->n < import->config.source_vocab ? vocabulary->n
                                                           : import->config.source_vocab;
    bool *covered = calloc(n + 1, 1);
    bool sound = covered != NULL;
    if (sound) cover_pieces(source, covered, n);
    if (sound && !import->plan.target_vocab) cover_pieces(target, covered, n);
    for (size_t id = 0; sound && id < n; id++) {
        const char *token = vocabulary->tokens[id];
        if (!token) continue;
        bool language = is_language(token, import->plan.languages);
        if (language) sound = list_add(languages, token, (int32_t)id);
        if (!language && !covered[id])
            sound = list_add(extra, token, (int32_t)id);
    }
    free(covered);
    return sound ? TOLKA_OK : fail(err, TOLKA_NOMEM, "out of memory");
}

/* ---- all of it -------------------------------------------------------------------------------- */

static void write_common(struct gguf_writer *writer, const struct import *import) {
    const struct tokenizer_plan *plan = &import->plan;
    const struct config *config = &import->config;
    write_string(writer, "tolka.tokenizer.template", plan->template);
    if (plan->target_template)
        write_string(writer, "tolka.tokenizer.target_template", plan->target_template);
    write_string(writer, "tolka.tokenizer.to", plan->to);
    if (plan->default_from)
        write_string(writer, "tolka.tokenizer.default_from", plan->default_from);
    if (plan->default_to) write_string(writer, "tolka.tokenizer.default_to", plan->default_to);
    if (plan->bos >= 0) write_i32(writer, "tolka.tokenizer.bos", plan->bos);
    write_i32(writer, "tolka.tokenizer.eos", config->end_token);
    if (config->unknown_token >= 0)
        write_i32(writer, "tolka.tokenizer.unknown", config->unknown_token);
}

static void set_unknown(struct import *import, const struct side *source) {
    struct config *config = &import->config;
    if (config->unknown_token >= 0) return;
    int32_t piece = spm_unknown(source->spm);
    config->unknown_token = source->ids && piece >= 0 ? source->ids[piece] : piece;
    if (config->unknown_token < 0 && source->vocabulary.n)
        config->unknown_token = vocabulary_find(&source->vocabulary, "<unk>");
}

static tolka_status open_side(struct side *side, const struct import *import, const char *model,
                              const char *vocab, uint32_t n_ids, tolka_error *err) {
    tolka_status status = open_spm(side, model, err);
    if (status == TOLKA_OK && vocab && (import->plan.ids == IDS_BY_VOCAB || import->plan.languages))
        status = open_vocabulary(side, import, vocab, err);
    return status == TOLKA_OK ? map_pieces(side, import->plan.ids, n_ids, err) : status;
}

static tolka_status write_sentencepiece(struct gguf_writer *writer, struct import *import,
                                        const char *source_path, const char *target_path,
                                        tolka_error *err) {
    const struct tokenizer_plan *plan = &import->plan;
    const char *target_vocab = plan->target_vocab ? plan->target_vocab : plan->source_vocab;
    struct side source = {0}, target = {0};
    struct token_list extra = {0}, languages = {0};
    tolka_status status = open_side(&source, import, source_path, plan->source_vocab,
                                    import->config.source_vocab, err);
    if (status == TOLKA_OK)
        status = open_side(&target, import, target_path, target_vocab, import->config.target_vocab,
                           err);
    if (status == TOLKA_OK) status = list_tokens(import, &source, &target, &extra, &languages, err);
    if (status == TOLKA_OK) {
        set_unknown(import, &source);
        bool same_model = source.map.n_bytes == target.map.n_bytes &&
                          memcmp(source.map.bytes, target.map.bytes, source.map.n_bytes) == 0;
        bool same_ids = same_model && !plan->target_vocab;
        size_t n_source = (size_t)spm_count(source.spm), n_target = (size_t)spm_count(target.spm);
        write_string(writer, "tolka.tokenizer.kind", "sentencepiece");
        write_common(writer, import);
        list_write(writer, &extra, "tolka.tokenizer.extra", "tolka.tokenizer.extra_ids");
        list_write(writer, &languages, "tolka.tokenizer.languages", "tolka.tokenizer.language_ids");
        write_bytes(writer, "tolka.tokenizer.source.model", source.map.bytes, source.map.n_bytes);
        if (!same_model || !same_ids)
            write_bytes(writer, "tolka.tokenizer.target.model", target.map.bytes,
                        target.map.n_bytes);
        if (source.ids) write_i32s(writer, "tolka.tokenizer.source.ids", source.ids, n_source);
        if (target.ids && !same_ids)
            write_i32s(writer, "tolka.tokenizer.target.ids", target.ids, n_target);
    }
    list_free(&extra);
    list_free(&languages);
    side_free(&source);
    side_free(&target);
    return status;
}

static tolka_status no_tokenizer(const struct import *import, const char *missing) {
    import->checkpoint.warn(import->checkpoint.user,
                            "%s: no %s beside it: the model will take token ids only (--ids)",
                            import->source.weights_path, missing);
    return TOLKA_OK;
}

tolka_status write_tokenizer(struct gguf_writer *writer, struct import *import, const char *vocab,
                             tolka_error *err) {
    const struct tokenizer_plan *plan = &import->plan;
    if (plan->kind == TOKENIZER_NONE) return TOLKA_OK;
    char *source = NULL, *target = NULL;
    if (vocab) {
        size_t n = strcspn(vocab, ",");
        source = strndup(vocab, n);
        target = strdup(vocab[n] ? vocab + n + 1 : vocab);
    } else {
        source = find_file(import, plan->source_model);
        target = find_file(import, plan->target_model ? plan->target_model : plan->source_model);
        if (!target && source) target = strdup(source);
    }
    tolka_status status;
    if (source && target)
        status = write_sentencepiece(writer, import, source, target, err);
    else
        status = no_tokenizer(import, plan->source_model);
    free(source);
    free(target);
    return status;
}
