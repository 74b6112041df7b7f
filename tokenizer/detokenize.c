#include "tokenizer/detokenize.h"

#include "tokenizer/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

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
    if (length > 0 && *text == ' ' && shown->n > 0 && shown->text[shown->n - 1] == ' ') {
        text++; /* put_blank was here before: this model keeps the blank that a text begins with */
        length--;
    }
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

static struct spm_text piece_of(const tolka_tokenizer *tokenizer, int32_t piece) {
    return piece < 0 ? spm_piece(tokenizer->source.spm, -2 - piece)
                     : spm_piece(tokenizer->target.spm, piece);
}

/* SentencePiece leaves out a blank that a text begins with; behind what was copied there is one. */
static void put_blank(struct shown_text *shown) {
    if (shown->n > 0 && shown->text[shown->n - 1] != ' ') put_text(shown, " ", 1);
}

static bool begins_with_blank(struct spm_text piece) {
    return piece.length >= 3 && memcmp(piece.bytes, "\xe2\x96\x81", 3) == 0;
}

static bool show_pieces(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                        struct shown_text *shown) {
    struct spm_text *pieces = calloc(n + 1, sizeof *pieces);
    if (!pieces) return false;
    size_t n_pieces = 0;
    shown->foreign = shown->starts_foreign = false;
    for (size_t i = 0; i < n; i++) {
        int32_t piece = shown_by(tokenizer, ids[i]);
        if (piece == SHOWS_NOTHING) continue;
        bool foreign = piece < 0;
        if (foreign) {
            shown->foreign = true;
            if (n_pieces == 0) shown->starts_foreign = true;
        }
        pieces[n_pieces++] = piece_of(tokenizer, piece);
    }
    if (n_pieces > 0 && begins_with_blank(pieces[0])) put_blank(shown);
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

/* ---- with other texts for some tokens -------------------------------------------------------- */

bool tokenizer_is_unknown(const tolka_tokenizer *tokenizer, int32_t id) {
    if (tokenizer->kind == PIECES_SENTENCEPIECE)
        return shown_by(tokenizer, id) == tokenizer->target.unknown_piece;
    if (tokenizer->kind == PIECES_WORDS)
        return id >= 0 && id == tokenizer_target_word(tokenizer, tokenizer->unknown);
    return id >= 0 && id == tokenizer->unknown;
}

static bool begins_word(const char *text, size_t length) {
    uint32_t c;
    if (length == 0) return false;
    utf8_decode(text, length, &c);
    return u_isalnum((UChar32)c);
}

static void put_instead(const tolka_tokenizer *tokenizer, const struct shown_instead *instead,
                        struct shown_text *shown) {
    if (instead->length == 0) return;
    if (instead->blank_before || tokenizer->kind == PIECES_WORDS) put_blank(shown);
    put_text(shown, instead->text, instead->length);
}

/* What stands between two tokens that are replaced. */
static bool show_run(const tolka_tokenizer *tokenizer, const struct shown_instead *before,
                     const int32_t *ids, size_t n, struct shown_text *shown) {
    size_t from = shown->n;
    if (!show(tokenizer, ids, n, shown)) return false;
    bool joined = before && before->length > 0 && before->blank_after && !shown->failed &&
                  begins_word(shown->text + from, shown->n - from);
    if (!joined) return true;
    put_text(shown, " ", 1);
    if (shown->failed) return false;
    memmove(shown->text + from + 1, shown->text + from, shown->n - from - 1);
    shown->text[from] = ' ';
    return true;
}

static bool show_replaced(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                          const struct shown_instead *instead, struct shown_text *shown) {
    const struct shown_instead *before = NULL;
    bool ok = true;
    for (size_t i = 0, end; ok && i < n; i = end + 1) {
        for (end = i; end < n && !instead[end].text;) end++;
        ok = show_run(tokenizer, before, ids + i, end - i, shown);
        before = end < n ? &instead[end] : NULL;
        if (before) put_instead(tokenizer, before, shown);
    }
    return ok;
}

/* ---- calls ----------------------------------------------------------------------------------- */

tolka_status tokenizer_show(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                            const struct shown_instead *instead, char **text, size_t *length,
                            tolka_error *err) {
    struct shown_text shown = {0};
    bool ok = grow(&shown, 4 * n);
    if (ok && instead)
        ok = show_replaced(tokenizer, ids, n, instead, &shown);
    else if (ok)
        ok = show(tokenizer, ids, n, &shown);
    ok = ok && !shown.failed;
    *text = ok ? shown.text : NULL;
    if (length) *length = ok ? shown.n : 0;
    if (!ok) {
        free(shown.text);
        return fail(err, TOLKA_NOMEM, "out of memory for the text of %zu tokens", n);
    }
    shown.text[shown.n] = 0;
    return TOLKA_OK;
}

tolka_status tolka_detokenize(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                              char **text, size_t *length, tolka_error *err) {
    if (text) *text = NULL;
    if (length) *length = 0;
    tolka_status status = need_arguments(
        err, __func__,
        (const struct argument[]){
            {"tokenizer", tokenizer}, {"ids", ids || n == 0}, {"text", text}, {NULL, false}});
    if (status != TOLKA_OK) return status;
    return tokenizer_show(tokenizer, ids, n, NULL, text, length, err);
}
