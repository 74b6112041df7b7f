/* A translation divided into lines, as its source was. */
#ifndef LINE_LAYOUT_H
#define LINE_LAYOUT_H

#include "text/formats/document_parts.h"

/* A written translation, and the places in it where a line may end: blanks, and behind subtitle
 * breaks new rows begin. */
struct unbroken {
    struct growing bytes;
    struct growing blanks; /* size_t each */
    struct growing breaks; /* struct break_after each */
};
struct break_after {
    size_t at, rows; /* byte behind the break, and rows of what follows */
};

void lay_out(const struct tolka_document *document, const struct layout *layout,
             const struct unbroken *unbroken, struct growing *out);
void unbroken_free(struct unbroken *unbroken);

#endif
