/* What of a text goes to the model at once: its sentences, or clauses of those that are too long. */
#ifndef PARTS_H
#define PARTS_H

#include "text/sentences.h"
#include "tokenizer/tokenizer.h"

/* What is behind one part and before the next (white space, bullets) is nobody's. */
struct part {
    tolka_span span; /* of the text */
    int32_t *ids, *target;
    size_t n_ids, n_target;
    tolka_result *result; /* once it is there */
};

struct parts {
    struct part *list;
    size_t n, capacity;
    size_t n_tags; /* bytes at the text's beginning that name a language and are not translated */
};

/* How texts are cut. */
struct cutting {
    const tolka_tokenizer *tokenizer;
    bool scores;       /* targets are to be scored, and texts not cut */
    size_t max_source; /* tokens of a part, special ones aside; 0: any number, texts are not cut */
    size_t n_special;  /* tokens of an empty text: none of them stands for a word */
};

/* Fills in the rest of `cutting`. */
tolka_status cutting_begin(struct cutting *cutting, tolka_error *err);

/* Cuts a text into parts with ids. Sentences NULL: it is one; else they begin behind the text's tags.
 * Parts without a token of their own are left out. The caller calls parts_free, also after a failure. */
tolka_status parts_cut(struct parts *out, const struct cutting *cutting, const tolka_text *text,
                       const tolka_span *sentences, size_t n_sentences, tolka_error *err);
void parts_free(struct parts *parts);

/* Leaves out all parts from number n on. */
void parts_drop(struct parts *parts, size_t n);

/* What stands before part i; i = n: behind the last. */
tolka_span parts_gap(const struct parts *parts, const tolka_text *text, size_t i);

#endif
