/* A translation put in a document: tolka_document_put. Every tag and protected span of the text is
 * given its place; a stand-in that the model lost is left out when the text is translated again. */
#include "text/formats/document_access.h"
#include "text/formats/mark_places.h"
#include "text/protected_spans.h"
#include "text/stand_ins.h"

#include "engine/error.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A copy in which what would end a line or a string is a blank. */
static char *copy_line(const char *text, size_t n) {
    char *copy = malloc(n + 1);
    if (!copy) return NULL;
    for (size_t i = 0; i < n; i++) copy[i] = (text[i] & 0xe0) || text[i] < 0 ? text[i] : ' ';
    copy[n] = 0;
    return copy;
}

/* ---- stand-ins ------------------------------------------------------------------------------- */

/* Places the protected spans whose stand-ins the translation has, and leaves out the others. Returns
 * how many those are. */
static size_t place_stand_ins(const struct tolka_document *document, struct text *text,
                              const char *target, size_t n, struct growing *out) {
    struct piece *pieces = text_pieces(document, text);
    size_t lost = 0;
    for (size_t i = 0; i < text->n_pieces; i++) {
        struct piece *piece = &pieces[i];
        if (piece->kind != PIECE_PROTECTED || piece->left_out) continue;
        size_t at = find_stand_in(target, n, text->seen + piece->at, piece->length);
        struct placed *placed = at == SIZE_MAX ? NULL : growing_item(out, sizeof *placed);
        if (placed)
            *placed = (struct placed){i, at, piece->length, PLACED_REPLACES, i};
        else
            lost++;
    }
    return lost;
}

/* The first time, those that were lost; then all. */
static void leave_out(const struct tolka_document *document, struct text *text, const char *target,
                      size_t n) {
    struct piece *pieces = text_pieces(document, text);
    for (size_t i = 0; i < text->n_pieces; i++) {
        struct piece *piece = &pieces[i];
        if (piece->kind != PIECE_PROTECTED || piece->left_out) continue;
        piece->left_out = text->tried || find_stand_in(target, n, text->seen + piece->at,
                                                       piece->length) == SIZE_MAX;
    }
    text->tried = true;
    free(text->seen);
    text->seen = NULL;
}

/* ---- the check at the end -------------------------------------------------------------------- */

static bool is_placed_kind(const struct piece *piece) {
    return piece->kind >= PIECE_OPEN;
}

static bool is_counted(const struct tolka_document *document, const struct piece *piece) {
    return piece->kind == PIECE_PROTECTED &&
           protected_is_counted(document->bytes.bytes + piece->begin, piece->end - piece->begin);
}

/* Is every tag and span there once, in an order in which tags are nested, and none inside a
 * stand-in or a character? */
static bool is_whole(const struct piece *pieces, size_t n, const struct growing *list,
                     const char *target, size_t n_target) {
    const struct placed *placed = (const void *)list->bytes;
    size_t n_placed = list->n / sizeof *placed, wanted = 0, depth = 0, at = 0;
    size_t *open = malloc((n + 1) * sizeof *open);
    unsigned char *seen = calloc(n + 1, 1);
    bool ok = open && seen;
    for (size_t i = 0; i < n; i++) wanted += is_placed_kind(&pieces[i]);
    ok = ok && wanted == n_placed;
    for (size_t i = 0; ok && i < n_placed; i++) {
        size_t piece = placed[i].piece;
        ok = placed[i].at >= at && placed[i].at + placed[i].length <= n_target && !seen[piece]++ &&
             (target[placed[i].at] & 0xc0) != 0x80;
        at = placed[i].at + placed[i].length;
        if (pieces[piece].kind == PIECE_OPEN) open[depth++] = piece;
        if (pieces[piece].kind == PIECE_CLOSE)
            ok = ok && depth > 0 && open[--depth] == pieces[piece].partner;
    }
    free(open);
    free(seen);
    return ok && depth == 0;
}

/* printf counts its placeholders: %s and %d change places with what they stand for, or not at all. */
static void keep_count(const struct tolka_document *document, const struct piece *pieces, size_t n,
                       struct growing *list) {
    struct placed *placed = (void *)list->bytes;
    size_t n_placed = list->n / sizeof *placed, next = 0;
    for (size_t i = 0; i < n_placed; i++) {
        const struct piece *piece = &pieces[placed[i].piece];
        if (!is_counted(document, piece)) continue;
        while (next < n && !is_counted(document, &pieces[next])) next++;
        placed[i].piece = next++;
    }
}

/* ---- putting --------------------------------------------------------------------------------- */

static tolka_status place_all(const struct tolka_document *document, struct text *text,
                              const char *target, size_t n, const tolka_result *result,
                              struct growing *placed, tolka_error *err) {
    const struct piece *pieces = text_pieces(document, text);
    struct linked_words linked;
    size_t n_links = 0;
    const tolka_link *links = tolka_result_word_alignment(result, 0, &n_links);
    bool ok =
        linked_words_new(&linked, text->seen, text->n_seen, target, n, links,
                         links ? n_links : 0) &&
        place_pieces(placed, pieces, text->n_pieces, text->seen, text->n_seen, target, n, &linked);
    linked_words_free(&linked);
    if (!ok) return fail(err, TOLKA_NOMEM, "out of memory for a translation");
    keep_count(document, pieces, text->n_pieces, placed);
    if (is_whole(pieces, text->n_pieces, placed, target, n)) return TOLKA_OK;
    return fail(err, TOLKA_INPUT, "its tags cannot be put into the translation");
}

static void keep(struct text *text, char *target, size_t n, struct growing *placed) {
    free(text->target);
    growing_free(&text->placed);
    text->target = target;
    text->n_target = n;
    text->placed = *placed;
}

static tolka_status put(const struct tolka_document *document, struct text *text,
                        const tolka_result *result, char *target, size_t n, tolka_error *err) {
    struct growing placed = {0};
    size_t lost = place_stand_ins(document, text, target, n, &placed);
    tolka_status status =
        lost ? fail(err, TOLKA_INPUT,
                    "line %zu: %zu stand-ins for protected text did not come out once; "
                    "translate the text again, without them",
                    text->line, lost)
             : place_all(document, text, target, n, result, &placed, err);
    if (lost) leave_out(document, text, target, n);
    if (status == TOLKA_OK)
        keep(text, target, n, &placed);
    else
        growing_free(&placed);
    return status;
}

tolka_status tolka_document_put(tolka_document *document, size_t i, const tolka_result *result,
                                tolka_error *err) {
    tolka_status status = need_arguments(
        err, __func__,
        (const struct argument[]){{"document", document}, {"result", result}, {NULL, false}});
    if (status != TOLKA_OK) return status;
    struct text *text = text_number(document, i);
    const char *reason;
    size_t n;
    if (!text) return fail(err, TOLKA_ARGUMENT, "the document has no text %zu", i);
    if (!show_text(document, text)) return fail(err, TOLKA_NOMEM, "out of memory for a text");
    status = tolka_result_status(result, &reason);
    if (status != TOLKA_OK) return fail(err, status, "%s", reason);
    const char *translation = tolka_result_text(result, 0, &n);
    if (!translation) return fail(err, TOLKA_ARGUMENT, "the result has no text");
    if (n == text->n_seen && memcmp(translation, text->seen, n) == 0) {
        keep(text, NULL, 0, &(struct growing){0});
        text->same = true;
        return TOLKA_OK;
    }
    char *target = copy_line(translation, n);
    if (!target) return fail(err, TOLKA_NOMEM, "out of memory for a translation");
    status = put(document, text, result, target, n, err);
    if (status != TOLKA_OK) free(target);
    return status;
}
