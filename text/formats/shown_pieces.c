#include "text/formats/shown_pieces.h"

#include "text/protected_spans.h"
#include "text/stand_ins.h"

#include <string.h>

static bool ends_blank(const struct growing *out, size_t start) {
    return out->n == start || out->bytes[out->n - 1] == ' ';
}

/* Without a span, no blank stays before the punctuation behind it. */
static bool drops_blank(const struct tolka_document *document, const struct piece *piece,
                        const struct piece *next) {
    return piece->left_out && next->kind == PIECE_TEXT &&
           strchr(".,;:!?)", document->bytes.bytes[next->begin]);
}

/* NULL: it is left out. */
static const char *word_for(const struct tolka_document *document, const struct text *text,
                            const struct piece *piece, struct stand_ins *used) {
    const char *bytes = document->bytes.bytes + text->begin;
    size_t n = text->end - text->begin, begin = piece->begin - text->begin;
    size_t end = piece->end - text->begin;
    if (stand_in_is_glued(bytes, n, begin, end)) return NULL;
    return next_stand_in(used, protected_is_number(bytes + begin, end - begin), bytes, n);
}

void show_pieces(const struct tolka_document *document, struct text *text, struct growing *out) {
    struct piece *pieces = text_pieces(document, text);
    struct stand_ins used = {0, 0};
    size_t start = out->n;
    for (size_t i = 0; i < text->n_pieces && !out->failed; i++) {
        struct piece *piece = &pieces[i];
        const char *bytes = document->bytes.bytes + piece->begin, *word = NULL;
        size_t n = piece->end - piece->begin;
        if (piece->kind == PIECE_PROTECTED && !piece->left_out) {
            word = word_for(document, text, piece, &used);
            piece->left_out = !word;
        }
        if (piece->kind == PIECE_PROTECTED && piece->left_out && out->n > start &&
            i + 1 < text->n_pieces && drops_blank(document, piece, piece + 1) &&
            out->bytes[out->n - 1] == ' ')
            out->n--;
        piece->at = out->n - start;
        if (piece->kind == PIECE_TEXT) growing_add(out, bytes, n);
        if (piece->kind == PIECE_CHARACTER) growing_string(out, piece->spelled);
        if (word) growing_string(out, word);
        if ((piece->kind == PIECE_BLANK || piece->kind == PIECE_BREAK) && !ends_blank(out, start))
            growing_char(out, ' ');
        piece->length = out->n - start - piece->at;
    }
}
