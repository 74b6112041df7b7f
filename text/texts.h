/* The pipeline from text to ids to text, for those who want one text's tokens on the way. */
#ifndef TEXTS_H
#define TEXTS_H

#include "engine/tolka.h"

/* tolka_stream for a text; the result has texts. */
tolka_status texts_stream(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                          const tolka_text *text, tolka_emit_tokens emit, void *user,
                          tolka_result **out, tolka_error *err);

#endif
