/* The pipeline from text to ids to text, for those who want a text's tokens on the way. */
#ifndef TEXTS_H
#define TEXTS_H

#include "engine/tolka.h"

/* Who is told about a text that is translated part by part. Each may end it (not 0). */
struct text_listener {
    int (*gap)(void *user, const char *text, size_t length); /* copied from the source */
    tolka_emit_tokens tokens;
    int (*part)(void *user, const tolka_result *result); /* a part is done */
    void *user;
};

/* tolka_stream for a text; the result has texts. */
tolka_status texts_stream(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                          const tolka_text *text, const struct text_listener *listener,
                          tolka_result **out, tolka_error *err);

#endif
