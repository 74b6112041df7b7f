#include "models/convert/unigram_json.h"

#include "models/checkpoint/json_text.h"
#include "models/convert/bpe_json.h"
#include "tokenizer/spm_build.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PIECES = 1 << 24 };

struct unigram {
    const char *path;
    const json_t *vocab; /* [[text, score], ...] */
    json_t *pieces;      /* the same, made of a BPE tokenizer; NULL: it is a Unigram one */
    size_t n_vocab, n_pieces;
    uint8_t *types; /* enum piece_type of each */
    int32_t unknown;
    bool byte_fallback;
    tolka_error *err;
};

/* ---- what kind of piece each is -------------------------------------------------------------- */

static const char *text_of(const struct unigram *unigram, size_t i) {
    return json_string_value(json_array_get(json_array_get(unigram->vocab, i), 0));
}

static bool is_byte(const char *text) {
    return strlen(text) == 6 && memcmp(text, "<0x", 3) == 0 && text[5] == '>' &&
           strspn(text + 3, "0123456789ABCDEF") == 2;
}

static void set_types(struct unigram *unigram, const json_t *added_tokens) {
    size_t k;
    json_t *token;
    for (size_t i = 0; i < unigram->n_vocab; i++)
        unigram->types[i] =
            unigram->byte_fallback && is_byte(text_of(unigram, i)) ? PIECE_BYTE : PIECE_NORMAL;
    json_array_foreach(added_tokens, k, token) {
        json_int_t id = json_integer_value(json_object_get(token, "id"));
        bool special = json_is_true(json_object_get(token, "special"));
        if (json_is_integer(json_object_get(token, "id")) && id >= 0 &&
            (uint64_t)id < unigram->n_vocab)
            unigram->types[id] = special ? PIECE_CONTROL : PIECE_USER_DEFINED;
    }
    unigram->types[unigram->unknown] = PIECE_UNKNOWN;
    unigram->n_pieces = unigram->n_vocab;
    while (unigram->n_pieces > 0 && (unigram->types[unigram->n_pieces - 1] == PIECE_CONTROL ||
                                     unigram->types[unigram->n_pieces - 1] == PIECE_USER_DEFINED))
        unigram->n_pieces--;
}

/* ---- the parts of the file ------------------------------------------------------------------- */

/* Unigram tokenizers have an id, BPE ones a text. */
static const json_t *find_unknown(const json_t *model) {
    const char *text = json_string_value(json_object_get(model, "unk_token"));
    const json_t *id = json_object_get(model, "unk_id");
    return id || !text ? id : json_object_get(json_object_get(model, "vocab"), text);
}

static tolka_status read_model(struct unigram *unigram, const json_t *root) {
    const json_t *model = json_object_get(root, "model");
    const char *type = json_string_value(json_object_get(model, "type"));
    tolka_status status = TOLKA_OK;
    unigram->vocab = json_object_get(model, "vocab");
    if (type && strcmp(type, "BPE") == 0)
        status = bpe_pieces(&unigram->pieces, root, unigram->path, unigram->err);
    else if (!type || strcmp(type, "Unigram") != 0)
        status = fail(unigram->err, TOLKA_UNSUPPORTED,
                      "%s: a tokenizer of type %.20s; tolka reads Unigram and BPE ones, or "
                      "spiece.model",
                      unigram->path, type ? type : "unknown");
    if (status != TOLKA_OK) return status;
    if (unigram->pieces) unigram->vocab = unigram->pieces;
    const json_t *unknown = find_unknown(model);
    unigram->n_vocab = json_array_size(unigram->vocab);
    unigram->byte_fallback = json_is_true(json_object_get(model, "byte_fallback"));
    if (unigram->n_vocab == 0 || unigram->n_vocab > MAX_PIECES)
        return fail(unigram->err, TOLKA_FORMAT, "%s: model.vocab is not a list of pieces",
                    unigram->path);
    for (size_t i = 0; i < unigram->n_vocab; i++) {
        const json_t *pair = json_array_get(unigram->vocab, i);
        double score = json_number_value(json_array_get(pair, 1));
        if (!json_is_string(json_array_get(pair, 0)) || !json_is_number(json_array_get(pair, 1)) ||
            !(fabs(score) < 1e30))
            return fail(unigram->err, TOLKA_FORMAT,
                        "%s: model.vocab: entry %zu is not a piece and its score", unigram->path,
                        i);
    }
    json_int_t id = json_integer_value(unknown);
    if (!json_is_integer(unknown) || id < 0 || (uint64_t)id >= unigram->n_vocab)
        return fail(unigram->err, TOLKA_FORMAT, "%s: model.unk_id is none of %zu pieces",
                    unigram->path, unigram->n_vocab);
    unigram->unknown = (int32_t)id;
    return TOLKA_OK;
}

/* The member called `key` of the first part of type `type`: of the thing itself, or, if it is a
 * sequence, of one of its parts ("normalizers", "pretokenizers"). */
static const json_t *find_part(const json_t *thing, const char *parts, const char *type,
                               const char *key) {
    const char *found = json_string_value(json_object_get(thing, "type"));
    if (found && strcmp(found, type) == 0) return json_object_get(thing, key);
    const json_t *list = json_object_get(thing, parts);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *part = json_array_get(list, i);
        found = json_string_value(json_object_get(part, "type"));
        if (found && strcmp(found, type) == 0) return json_object_get(part, key);
    }
    return NULL;
}

static int base64_digit(char c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *place = c ? strchr(digits, c) : NULL;
    return place ? (int)(place - digits) : -1;
}

/* Decodes in place of memory for the text; false: not base64. */
static bool decode_base64(const char *text, uint8_t *out, size_t *n) {
    uint32_t bits = 0;
    unsigned held = 0;
    *n = 0;
    for (; *text && *text != '='; text++) {
        int digit = base64_digit(*text);
        if (digit < 0) return false;
        bits = bits << 6 | (uint32_t)digit;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out[(*n)++] = (uint8_t)(bits >> held);
    }
    return strspn(text, "=") == strlen(text);
}

static tolka_status read_rules(const struct unigram *unigram, const json_t *root, uint8_t **rules,
                               size_t *n) {
    const json_t *map = find_part(json_object_get(root, "normalizer"), "normalizers", "Precompiled",
                                  "precompiled_charsmap");
    *rules = NULL;
    *n = 0;
    if (!json_is_string(map)) return TOLKA_OK;
    *rules = malloc(json_string_length(map) + 1);
    if (!*rules) return fail(unigram->err, TOLKA_NOMEM, "%s: out of memory", unigram->path);
    if (decode_base64(json_string_value(map), *rules, n)) return TOLKA_OK;
    free(*rules);
    *rules = NULL;
    return fail(unigram->err, TOLKA_FORMAT, "%s: precompiled_charsmap is not base64",
                unigram->path);
}

static bool adds_prefix(const json_t *root) {
    const char *scheme = json_string_value(find_part(
        json_object_get(root, "pre_tokenizer"), "pretokenizers", "Metaspace", "prepend_scheme"));
    return !scheme || strcmp(scheme, "never") != 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static tolka_status build(struct unigram *unigram, const json_t *root, uint8_t **out, size_t *n) {
    struct spm_settings settings = {.unknown = unigram->unknown,
                                    .bos = -1,
                                    .eos = -1,
                                    .pad = -1,
                                    .bpe = unigram->pieces != NULL,
                                    .byte_fallback = unigram->byte_fallback,
                                    .add_dummy_prefix = adds_prefix(root),
                                    .remove_extra_whitespaces = true};
    uint8_t *rules;
    tolka_status status = read_rules(unigram, root, &rules, &settings.n_rules);
    if (status != TOLKA_OK) return status;
    struct wire_writer builder = {0};
    for (size_t i = 0; i < unigram->n_pieces; i++) {
        const json_t *pair = json_array_get(unigram->vocab, i);
        double score = json_number_value(json_array_get(pair, 1));
        spm_add_piece(&builder, text_of(unigram, i), json_string_length(json_array_get(pair, 0)),
                      (float)score, (enum piece_type)unigram->types[i]);
    }
    settings.rules = rules;
    spm_add_settings(&builder, &settings);
    free(rules);
    *out = builder.bytes;
    *n = builder.n;
    if (!builder.failed) return TOLKA_OK;
    free(builder.bytes);
    *out = NULL;
    return fail(unigram->err, TOLKA_NOMEM, "%s: out of memory", unigram->path);
}

tolka_status unigram_from_json(const uint8_t *text, size_t length, const char *path, uint8_t **out,
                               size_t *n_out, tolka_error *err) {
    struct unigram unigram = {.path = path, .err = err};
    json_error_t problem;
    *out = NULL;
    json_t *root = json_read((const char *)text, length, 0, &problem);
    if (!root)
        return fail(err, TOLKA_FORMAT, "%s: line %d: not JSON: %s", path, problem.line,
                    problem.text);
    tolka_status status = read_model(&unigram, root);
    if (status == TOLKA_OK) {
        unigram.types = calloc(unigram.n_vocab, 1);
        if (!unigram.types) status = fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    }
    if (status == TOLKA_OK) {
        set_types(&unigram, json_object_get(root, "added_tokens"));
        status = build(&unigram, root, out, n_out);
    }
    free(unigram.types);
    json_decref(unigram.pieces);
    json_decref(root);
    return status;
}
