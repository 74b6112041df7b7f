/* One translated line as text or JSON. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "engine/tolka.h"
#include "models/convert/gguf_writer.h"

#include <stdbool.h>

struct shown {
    const char *source;
    size_t source_length;
    const int32_t *source_ids;
    size_t n_source_ids;
    const tolka_tokenizer *tokenizer; /* NULL: ids stand for text */
    const tolka_result *result;       /* NULL: an empty line */
    bool json, all;                   /* all: every hypothesis, not only the best */
};

/* Appends the line, newline included. */
void show(struct buffer *out, const struct shown *shown);

/* Reads blank-separated token ids; false if the text is something else. The caller frees *ids. */
bool parse_ids(const char *text, size_t length, int32_t **ids, size_t *n);

#endif
