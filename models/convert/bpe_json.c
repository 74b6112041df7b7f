/* SentencePiece joins the neighbours that make the best piece, whichever they are; a tokenizer.json
 * lists pairs. Both do the same if every way to make a piece is listed, and all of them together. */
#include "models/convert/bpe_json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PIECES = 1 << 24, LONGEST_PIECE = 512 };

struct bpe {
    const char *path;
    const json_t *vocab;  /* text: id */
    const json_t *merges; /* ["left", "right"], or "left right" */
    json_t *special;      /* texts of tokens that nothing merges to */
    size_t n;
    const char **texts; /* by id */
    uint32_t *rank;     /* of the first merge that makes it, and 1; 0: none */
    uint32_t *ways;     /* how many merges make it */
    tolka_error *err;
};

static tolka_status unsupported(const struct bpe *bpe, const char *what) {
    return fail(bpe->err, TOLKA_UNSUPPORTED, "%s: a BPE tokenizer %s", bpe->path, what);
}

static tolka_status damaged(const struct bpe *bpe, const char *what, size_t i) {
    return fail(bpe->err, TOLKA_FORMAT, "%s: %s %zu", bpe->path, what, i);
}

/* -1: no such piece. */
static int64_t find_piece(const struct bpe *bpe, const char *text, size_t length) {
    char copy[LONGEST_PIECE + 1];
    if (length > LONGEST_PIECE) return -1;
    memcpy(copy, text, length);
    copy[length] = '\0';
    const json_t *id = json_object_get(bpe->vocab, copy);
    return id ? json_integer_value(id) : -1;
}

/* ---- reading --------------------------------------------------------------------------------- */

static tolka_status read_vocab(struct bpe *bpe) {
    const char *text;
    json_t *value;
    json_object_foreach((json_t *)bpe->vocab, text, value) {
        json_int_t id = json_integer_value(value);
        if (!json_is_integer(value) || id < 0 || (uint64_t)id >= bpe->n || bpe->texts[id])
            return unsupported(bpe, "whose ids are not the numbers from 0, each once");
        if (strlen(text) > LONGEST_PIECE)
            return damaged(bpe, "too long a piece has id", (size_t)id);
        bpe->texts[id] = text;
    }
    return TOLKA_OK;
}

/* "left right" joined, or both of a pair. */
static bool join(const json_t *merge, char joined[2 * LONGEST_PIECE + 1]) {
    const char *left = json_string_value(json_is_array(merge) ? json_array_get(merge, 0) : merge);
    const char *right = json_string_value(json_array_get(merge, 1));
    size_t n = left ? strlen(left) : 0;
    if (json_is_string(merge) && (right = strchr(left, ' '))) n = (size_t)(right++ - left);
    if (!right || n > LONGEST_PIECE || strlen(right) > LONGEST_PIECE) return false;
    memcpy(joined, left, n);
    strcpy(joined + n, right);
    return true;
}

static tolka_status read_merges(struct bpe *bpe) {
    char joined[2 * LONGEST_PIECE + 1];
    size_t n = json_array_size(bpe->merges);
    int64_t last = -1;
    for (size_t i = 0; i < n && i < UINT32_MAX - 1; i++) {
        int64_t id = join(json_array_get(bpe->merges, i), joined)
                         ? find_piece(bpe, joined, strlen(joined))
                         : -1;
        if (id < 0) return damaged(bpe, "model.merges makes no piece of entry", i);
        if (id != last && bpe->rank[id])
            return unsupported(bpe, "whose merges are not a SentencePiece model's: those that make "
                                    "one piece do not stand together");
        if (!bpe->rank[id]) bpe->rank[id] = (uint32_t)i + 1;
        bpe->ways[id]++;
        last = id;
    }
    return TOLKA_OK;
}

/* How many pairs of pieces make this text. */
static uint32_t count_ways(const struct bpe *bpe, const char *text) {
    uint32_t n = 0;
    size_t length = strlen(text);
    for (size_t i = 1; i < length; i++)
        if (((uint8_t)text[i] & 0xc0) != 0x80 && find_piece(bpe, text, i) >= 0 &&
            find_piece(bpe, text + i, length - i) >= 0)
            n++;
    return n;
}

static tolka_status check_ways(const struct bpe *bpe) {
    for (size_t id = 0; id < bpe->n; id++)
        if (!json_object_get(bpe->special, bpe->texts[id]) &&
            count_ways(bpe, bpe->texts[id]) != bpe->ways[id])
            return unsupported(bpe,
                               "whose merges are not a SentencePiece model's: it does not list "
                               "every pair that makes a piece");
    return TOLKA_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool has_text(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text && *text;
}

static tolka_status check_pipeline(const struct bpe *bpe, const json_t *root) {
    const json_t *model = json_object_get(root, "model");
    const json_t *pre = json_object_get(root, "pre_tokenizer");
    const char *type = json_string_value(json_object_get(pre, "type"));
    if (!type || strcmp(type, "Metaspace") != 0)
        return unsupported(bpe, "that does not split at blanks as SentencePiece does");
    if (has_text(model, "continuing_subword_prefix") || has_text(model, "end_of_word_suffix") ||
        json_is_true(json_object_get(model, "ignore_merges")))
        return unsupported(bpe, "with affixes or without merges");
    return TOLKA_OK;
}

static json_t *list_pieces(const struct bpe *bpe) {
    json_t *pieces = json_array();
    for (size_t id = 0; pieces && id < bpe->n; id++) {
        double score = bpe->rank[id] ? 1 - (double)bpe->rank[id] : 0;
        if (json_array_append_new(pieces, json_pack("[s,f]", bpe->texts[id], score)) != 0) {
            json_decref(pieces);
            return NULL;
        }
    }
    return pieces;
}

static tolka_status read_all(struct bpe *bpe, const json_t *root, json_t **pieces) {
    size_t i;
    json_t *token;
    json_array_foreach(json_object_get(root, "added_tokens"), i, token) {
        const char *text = json_string_value(json_object_get(token, "content"));
        if (text) json_object_set_new(bpe->special, text, json_true());
    }
    tolka_status status = check_pipeline(bpe, root);
    if (status == TOLKA_OK) status = read_vocab(bpe);
    if (status == TOLKA_OK) status = read_merges(bpe);
    if (status == TOLKA_OK) status = check_ways(bpe);
    if (status == TOLKA_OK && !(*pieces = list_pieces(bpe)))
        status = fail(bpe->err, TOLKA_NOMEM, "%s: out of memory", bpe->path);
    return status;
}

tolka_status bpe_pieces(json_t **pieces, const json_t *root, const char *path, tolka_error *err) {
    const json_t *model = json_object_get(root, "model");
    struct bpe bpe = {.path = path,
                      .vocab = json_object_get(model, "vocab"),
                      .merges = json_object_get(model, "merges"),
                      .err = err};
    *pieces = NULL;
    bpe.n = json_object_size(bpe.vocab);
    if (bpe.n == 0 || bpe.n > MAX_PIECES || !json_is_array(bpe.merges))
        return fail(err, TOLKA_FORMAT, "%s: model.vocab and model.merges are no BPE tokenizer",
                    path);
    bpe.special = json_object();
    bpe.texts = calloc(bpe.n, sizeof *bpe.texts);
    bpe.rank = calloc(bpe.n, sizeof *bpe.rank);
    bpe.ways = calloc(bpe.n, sizeof *bpe.ways);
    tolka_status status = bpe.special && bpe.texts && bpe.rank && bpe.ways
                              ? read_all(&bpe, root, pieces)
                              : fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    json_decref(bpe.special);
    free(bpe.texts);
    free(bpe.rank);
    free(bpe.ways);
    return status;
}
