/* Text of HTML, and of formats that borrow from it: entities and blanks. */
#ifndef HTML_TEXT_H
#define HTML_TEXT_H

#include "text/formats/builder.h"

void html_text(struct builder *builder, size_t begin, size_t end);

/* A tag inside a text. */
void html_mark(struct builder *builder, size_t begin, size_t end);

#endif
