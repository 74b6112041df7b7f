/* Takes a document apart: a format says what the bytes are, in their order, and the builder makes
 * texts and pieces of it. */
#ifndef BUILDER_H
#define BUILDER_H

#include "text/formats/document_parts.h"

struct builder {
    struct tolka_document *document;
    size_t first_piece; /* of the text that is being built */
    bool attribute;
    bool no_scan;         /* nothing is protected but what the format says */
    bool broken;          /* the text holds what cannot be said in pieces: it stays as it is */
    size_t line, line_at; /* the line at byte line_at */
};

struct builder builder_new(struct tolka_document *document);

/* The next bytes are ... Bytes between two calls belong to no text: the text ends there. */
void builder_text(struct builder *builder, size_t begin, size_t end);
/* ... a character that is spelled otherwise */
void builder_character(struct builder *builder, size_t begin, size_t end, const char *spelled);
/* ... one of those below */
struct piece *builder_piece(struct builder *builder, enum piece_kind kind, size_t begin,
                            size_t end);
/* Text in which runs of white space are a blank, and line ends with what the next line begins with
 * (as far as `is_prefix` goes) are, too. */
void builder_spaced(struct builder *builder, size_t begin, size_t end);

/* Ends the text, if there is one, and lays it out as it was. */
void builder_end(struct builder *builder, enum layout_kind layout);

#endif
