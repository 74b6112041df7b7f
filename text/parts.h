/* What of a text goes to the model at once: its sentences, or clauses of those that are too long. */
#ifndef PARTS_H
#define PARTS_H

#include "text/faults.h"
#include "text/masks.h"
#include "text/sentences.h"
#include "tokenizer/tokenizer.h"

/* What is behind one part and before the next (white space, bullets) is nobody's. */
struct part {
    tolka_span span;       /* of the text */
    struct masked *masked; /* what the ids are of, if that is not the text itself; or NULL */
    int32_t *ids, *target;
    size_t n_ids, n_target;
    tolka_result *result; /* once it is there */
    struct fault fault;   /* of the result, once it has been judged */
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
    bool masks;        /* addresses are not shown to the model */
};

/* Fills in the rest of `cutting`. */
tolka_status cutting_begin(struct cutting *cutting, tolka_error *err);

/* Cuts a text into parts with ids. Sentences NULL: it is one; else they begin behind the text's tags.
 * Parts without a token of their own are left out. The caller calls parts_free, also after a failure. */
tolka_status parts_cut(struct parts *out, const struct cutting *cutting, const tolka_text *text,
                       const tolka_span *sentences, size_t n_sentences, tolka_error *err);
void parts_free(struct parts *parts);

/* Cuts a part's span into shorter ones. */
tolka_status parts_cut_again(struct parts *out, const struct cutting *cutting,
                             const tolka_text *text, size_t n_tags, tolka_span span,
                             tolka_error *err);
/* The same, with what a part masks between them. */
tolka_status parts_cut_around(struct parts *out, const struct cutting *cutting,
                              const tolka_text *text, size_t n_tags, const struct part *part,
                              tolka_error *err);
/* Part i becomes several, which are taken over. */
tolka_status parts_replace(struct parts *parts, size_t i, struct parts *by, tolka_error *err);

/* What is tokenized for a part: tags and its own text, or the masked one, which the caller frees.
 * NULL: no memory. */
char *part_text(const tolka_text *text, size_t n_tags, tolka_span span, const struct masked *masked,
                size_t *length);

/* Leaves out all parts from number n on. */
void parts_drop(struct parts *parts, size_t n);

/* What stands before part i; i = n: behind the last. */
tolka_span parts_gap(const struct parts *parts, const tolka_text *text, size_t i);

#endif
