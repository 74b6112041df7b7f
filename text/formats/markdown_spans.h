/* The bytes of Markdown's inline marks. MD4C says which marks stand between two texts and in which
 * order; how many bytes each of them takes is said here. */
#ifndef MARKDOWN_SPANS_H
#define MARKDOWN_SPANS_H

#include "text/formats/builder.h"

#include <md4c.h>

/* What was reported between two texts. */
struct span_event {
    enum { SPAN_ENTER, SPAN_LEAVE, SPAN_BREAK } what; /* break: a line of the source ends */
    MD_SPANTYPE type;
};

/* Makes pieces of the bytes [begin, end) between two texts; `end` is SIZE_MAX behind the last text
 * of a block, where the marks alone say it. Returns the byte behind them. */
size_t spans_between(struct builder *builder, size_t begin, size_t end,
                     const struct span_event *events, size_t n);

/* Marks before the first text of a block, which ends them. Returns the first byte of them. */
size_t spans_before(const struct builder *builder, size_t end, const struct span_event *events,
                    size_t n);

#endif
