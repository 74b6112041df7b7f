#include "text/formats/document_access.h"

#include "text/formats/shown_pieces.h"

struct text *text_number(const struct tolka_document *document, size_t i) {
    return document && i < document_n_texts(document) ? document_texts(document) + i : NULL;
}

bool show_text(const struct tolka_document *document, struct text *text) {
    struct growing out = {0};
    if (text->seen) return true;
    show_pieces(document, text, &out);
    growing_char(&out, 0);
    if (out.failed) return growing_free(&out), false;
    text->seen = out.bytes;
    text->n_seen = out.n - 1;
    return true;
}

bool text_needs_alignment(const struct tolka_document *document, const struct text *text) {
    const struct piece *pieces = text_pieces(document, text);
    for (size_t i = 0; i < text->n_pieces; i++)
        if ((pieces[i].kind >= PIECE_OPEN && pieces[i].kind <= PIECE_SINGLE) ||
            (pieces[i].kind == PIECE_PROTECTED && pieces[i].left_out))
            return true;
    return false;
}
