#define _GNU_SOURCE /* memmem */
#include "text/formats/stand_ins.h"

#include "text/formats/protected_spans.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* In the order of how often they came out once and whole: docs/documents.md has the figures. */
static const char *const names[] = {"Tom", "Boston", "Paris", "Alex", "Linux", NULL};
static const char *const numbers[] = {"7", "2013", "12", "1001", NULL};

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c < 0;
}

size_t find_stand_in(const char *text, size_t n, const char *stand_in, size_t length) {
    size_t found = SIZE_MAX;
    for (const char *at = text; (at = memmem(at, n - (size_t)(at - text), stand_in, length));
         at++) {
        size_t i = (size_t)(at - text);
        if ((i > 0 && is_word(text[i - 1])) || (i + length < n && is_word(text[i + length])))
            return SIZE_MAX;
        if (found != SIZE_MAX) return SIZE_MAX;
        found = i;
    }
    return found;
}

/* The next stand-in of a kind that the text does not hold itself; NULL: there are no more. */
static const char *next_stand_in(const char *const *list, size_t *next,
                                 const struct tolka_document *document, const struct text *text) {
    const char *bytes = document->bytes.bytes + text->begin;
    while (list[*next]) {
        const char *word = list[(*next)++];
        if (!memmem(bytes, text->end - text->begin, word, strlen(word))) return word;
    }
    return NULL;
}

static bool ends_blank(const struct growing *out, size_t start) {
    return out->n == start || out->bytes[out->n - 1] == ' ';
}

/* Without a span, no blank stays before the punctuation behind it. */
static bool drops_blank(const struct tolka_document *document, const struct piece *piece,
                        const struct piece *next) {
    return piece->left_out && next->kind == PIECE_TEXT &&
           strchr(".,;:!?)", document->bytes.bytes[next->begin]);
}

static bool letter_at(const struct tolka_document *document, const struct text *text, size_t at) {
    return at >= text->begin && at < text->end && is_word(document->bytes.bytes[at]);
}

/* A stand-in that letters are glued to is no word: "<0>here</0>". */
static bool is_glued(const struct tolka_document *document, const struct text *text,
                     const struct piece *piece) {
    return letter_at(document, text, piece->begin - 1) || letter_at(document, text, piece->end);
}

void show_pieces(const struct tolka_document *document, struct text *text, struct growing *out) {
    struct piece *pieces = text_pieces(document, text);
    size_t next_name = 0, next_number = 0, start = out->n;
    for (size_t i = 0; i < text->n_pieces && !out->failed; i++) {
        struct piece *piece = &pieces[i];
        const char *bytes = document->bytes.bytes + piece->begin, *word = NULL;
        size_t n = piece->end - piece->begin;
        if (piece->kind == PIECE_PROTECTED && !piece->left_out) {
            bool number = protected_is_number(bytes, n);
            if (!is_glued(document, text, piece))
                word = next_stand_in(number ? numbers : names, number ? &next_number : &next_name,
                                     document, text);
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
