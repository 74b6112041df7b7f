/* What a search hands back: allocated once a sentence, in one block. */
#ifndef RESULT_H
#define RESULT_H

#include "engine/error.h"

/* Empty unless alignments were asked for. */
struct result_alignment {
    float *soft; /* [n_tokens][n_source] */
    size_t n_source;
    tolka_link *links, *word_links; /* word_links NULL: the caller gave ids */
    size_t n_links, n_word_links;
    size_t n_source_words, n_target_words;
};

struct result_hypothesis {
    float score;
    size_t n_tokens;
    tolka_token *tokens;
    char *text; /* NULL: the caller gave ids, and gets ids */
    size_t text_length;
    struct result_alignment alignment;
};

struct result_part {
    tolka_span source; /* where it is in the source text */
    struct tolka_result *result;
};

struct tolka_result {
    tolka_status status;
    size_t n_hypotheses;
    struct result_hypothesis *hypotheses;
    int32_t *source; /* ids that the source text became; NULL: the caller gave ids */
    size_t n_source;
    struct result_part *parts; /* of a text that was translated in several */
    size_t n_parts;
    const char *warning; /* what is wrong with it all the same; NULL: nothing. For ever */
    const char *reason;  /* why there is none, if status is not TOLKA_OK; in the same block */
};

/* Ids of a hypothesis's tokens, which the caller frees; NULL: no memory. */
int32_t *hypothesis_ids(const struct result_hypothesis *hypothesis);

/* Room for hypotheses with n_tokens tokens in all; NULL: no memory. */
struct tolka_result *result_new(size_t n_hypotheses, size_t n_tokens);
/* A result that says why there is none. */
struct tolka_result *result_failed(const tolka_error *err);

#endif
