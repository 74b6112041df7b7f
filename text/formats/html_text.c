#include "text/formats/html_text.h"

#include "text/formats/entities.h"
#include "text/formats/html_tags.h"

#include <string.h>

void html_text(struct builder *builder, size_t begin, size_t end) {
    const char *bytes = builder->document->bytes.bytes;
    while (begin < end) {
        char spelled[5];
        const char *entity = memchr(bytes + begin, '&', end - begin);
        size_t at = entity ? (size_t)(entity - bytes) : end;
        builder_spaced(builder, begin, at);
        if (at == end) return;
        size_t n = entity_read(entity, end - at, spelled);
        if (n)
            builder_character(builder, at, at + n, spelled);
        else
            builder_text(builder, at, at + 1);
        begin = at + (n ? n : 1);
    }
}

void html_mark(struct builder *builder, size_t begin, size_t end) {
    const char *bytes = builder->document->bytes.bytes;
    struct html_token token = html_next(bytes, end, begin);
    bool alone = token.closed || token.kind == HTML_OTHER ||
                 html_is_one_of(bytes, &token, "img input wbr br embed source track area");
    builder_piece(builder,
                  alone                      ? PIECE_SINGLE
                  : token.kind == HTML_START ? PIECE_OPEN
                                             : PIECE_CLOSE,
                  begin, end);
}
