/* Ids to text: tolka_detokenize. */
#include "tokenizer/tokenizer.h"
#include "tokenizer/utf8.h"

#include <stdlib.h>
#include <string.h>

struct shown_text {
    bool foreign, starts_foreign;
    char *text;
    size_t capacity, n;
    bool failed; /* memory was short once: stays so */
};

static bool grow(struct shown_text *shown, size_t length) {
    size_t capacity = 2 * shown->capacity + length + 1;
    char *text = realloc(shown->text, capacity);
    if (!text) return false;
    shown->text = text;
    shown->capacity = capacity;
    return true;
}

/* Leaves room for a NUL. */
static void put_text(struct shown_text *shown, const char *text, size_t length) {
    if (shown->failed) return;
    if (length >= shown->capacity - shown->n && !grow(shown, length)) {
        shown->failed = true;
        return;
    }
    memcpy(shown->text + shown->n, text, length);
    shown->n += length;
}

/* SentencePiece leaves pieces that it does not know as they are, blanks (U+2581) included. */
static void put_decoded(void *user, const char *text, size_t length) {
    static const char blank[] = "\xe2\x96\x81";
    struct shown_text *shown = user;
    for (size_t i = 0; i < length;) {
        if (shown->foreign && length - i >= 3 && memcmp(text + i, blank, 3) == 0) {
            if (i > 0 || !shown->starts_foreign) put_text(shown, " ", 1);
            i += 3;
        } else {
            put_text(shown, text + i, 1);
            i++;
        }
    }
}

static int32_t shown_by(const tolka_tokenizer *tokenizer, int32_t id) {
    return id < 0 || (size_t)id >= tokenizer->target.vocab ? SHOWS_NOTHING : tokenizer->shown[id];
}

static bool show_pieces(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                        struct shown_text *shown) {
    struct spm_text *pieces = calloc(n + 1, sizeof *pieces);
    if (!pieces) return false;
    size_t n_pieces = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t piece = shown_by(tokenizer, ids[i]);
        if (piece == SHOWS_NOTHING) continue;
        bool foreign = piece < 0;
        if (foreign) {
            shown->foreign = true;
            if (n_pieces == 0) shown->starts_foreign = true;
        }
        pieces[n_pieces++] = foreign ? spm_piece(tokenizer->source.spm, -2 - piece)
                                     : spm_piece(tokenizer->target.spm, piece);
    }
    enum spm_status status =
        spm_decode(tokenizer->target.spm, pieces, n_pieces, put_decoded, shown);
    free(pieces);
    return status == SPM_OK;
}

static bool show_bytelevel(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                           struct shown_text *shown) {
    size_t n_bytes = 0, used = 0, n_clean;
    for (size_t i = 0; i < n; i++)
        if (shown_by(tokenizer, ids[i]) != SHOWS_NOTHING)
            n_bytes += tokenizer->bpe.tokens[ids[i]].length;
    char *bytes = malloc(n_bytes + 1);
    if (!bytes) return false;
    for (size_t i = 0; i < n; i++)
        if (shown_by(tokenizer, ids[i]) != SHOWS_NOTHING)
            used += bytelevel_decode(&tokenizer->bpe, ids[i], bytes + used);
    char *clean = utf8_clean(bytes, used, 0, &n_clean);
    if (clean) put_text(shown, clean, n_clean);
    free(bytes);
    free(clean);
    return clean != NULL;
}

static bool show_words(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                       struct shown_text *shown) {
    const struct words *words = tokenizer_words(tokenizer, false);
    for (size_t i = 0; i < n; i++) {
        if (shown_by(tokenizer, ids[i]) == SHOWS_NOTHING) continue;
        if (shown->n > 0) put_text(shown, " ", 1);
        put_text(shown, words->tokens[ids[i]].bytes, words->tokens[ids[i]].length);
    }
    return true;
}

static bool show(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                 struct shown_text *shown) {
    switch (tokenizer->kind) {
    case PIECES_BYTELEVEL:
        return show_bytelevel(tokenizer, ids, n, shown);
    case PIECES_WORDS:
        return show_words(tokenizer, ids, n, shown);
    case PIECES_SENTENCEPIECE:
        break;
    }
    return show_pieces(tokenizer, ids, n, shown);
}

tolka_status tolka_detokenize(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                              char **text, size_t *length, tolka_error *err) {
    struct shown_text shown = {0};
    if (text) *text = NULL;
    if (length) *length = 0;
    tolka_status status = need_arguments(
        err, __func__,
        (const struct argument[]){
            {"tokenizer", tokenizer}, {"ids", ids || n == 0}, {"text", text}, {NULL, false}});
    if (status != TOLKA_OK) return status;
    bool ok = grow(&shown, 4 * n) && show(tokenizer, ids, n, &shown) && !shown.failed;
    *text = ok ? shown.text : NULL;
    if (length) *length = ok ? shown.n : 0;
    if (!ok) {
        free(shown.text);
        return fail(err, TOLKA_NOMEM, "out of memory for the text of %zu tokens", n);
    }
    shown.text[shown.n] = 0;
    return TOLKA_OK;
}
