/* Texts on their way through a translator: cut into parts, and joined from the parts' results. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "text/parts.h"
#include "text/sentences.h"
#include "tokenizer/text_alignment.h"

/* A text on its way. */
struct item {
    tolka_span *sentences; /* NULL: it is not split */
    size_t n_sentences;
    struct parts parts;
    size_t n_waiting;     /* parts without a result */
    tolka_result *failed; /* why there are no ids */
};

/* Which part of which text an input is. */
struct origin {
    size_t item, part;
};

/* A part whose result is to be looked at again. */
struct open_part {
    struct item *item;
    size_t part;
    struct parts clauses; /* that are to stand for it; or empty */
};

struct pipeline {
    tolka_translator *translator;
    struct cutting cutting;
    const tolka_text *texts;
    struct item *items; /* [n] */
    size_t n;
    struct sentence_finder *finder; /* NULL: texts are not split */
    struct text_roles roles;        /* empty unless alignments are wanted */
    tolka_input *inputs;
    struct origin *origins; /* [n_inputs] */
    bool has_guards;
    struct open_part *open; /* [n_open] */
    size_t n_open;
    tolka_done done;
    void *user;
};

/* Fills in the rest of one that has a translator, a tokenizer and texts. pipeline_end also after a
 * failure. */
tolka_status pipeline_begin(struct pipeline *pipeline, tolka_error *err);
void pipeline_end(struct pipeline *pipeline);

/* Cuts all texts into parts; one that cannot be cut has failed. */
void pipeline_cut(struct pipeline *pipeline);

tolka_input pipeline_input(const struct pipeline *pipeline, const struct part *part);

/* A part's result with texts, or another one if there is no memory for them. Not during a call of
 * the translator if a hypothesis has unknown tokens to be copied (pipeline_copies). */
tolka_result *pipeline_show(const struct pipeline *pipeline, const struct item *item,
                            const struct part *part, tolka_result *result);
bool pipeline_copies(const struct pipeline *pipeline, const tolka_result *result);

/* The result of a text all of whose parts have theirs. */
tolka_result *pipeline_join(struct pipeline *pipeline, size_t i);

/* Hands it over. */
void pipeline_finish(struct pipeline *pipeline, size_t i);

#endif
