/* What a translation's text has where its vocabulary could not spell something. */
#ifndef UNKNOWN_H
#define UNKNOWN_H

#include "engine/result.h"
#include "text/parts.h"
#include "tokenizer/tokenizer.h"

/* What a hypothesis was translated from. */
struct unknown_source {
    tolka_translator *translator;
    const tolka_tokenizer *tokenizer;
    const tolka_text *text;
    size_t n_tags; /* bytes of the text's tags */
    const struct part *part;
    tolka_input input;
    tolka_unknown how;
};

bool has_unknown(const tolka_tokenizer *tokenizer, const struct result_hypothesis *hypothesis);

/* Fills in the hypothesis's text. To copy, a hypothesis with unknown tokens is run once more (not
 * during a call), unless it has its alignment. */
tolka_status unknown_show(const struct unknown_source *source, struct result_hypothesis *hypothesis,
                          tolka_error *err);

#endif
