/* tolka score --symmetrize: the same pairs aligned by a model of the other direction, and both
 * alignments joined. */
#ifndef REVERSE_H
#define REVERSE_H

#include "tools/model_file.h"

struct reverse {
    struct model_file file;
    tolka_model *model; /* NULL: the forward direction's serves both */
    tolka_tokenizer *tokenizer;
    tolka_translator *translator; /* NULL: there is no other direction */
    tolka_symmetry how;
    tolka_result **results; /* [n]: of the lines of a window */
    size_t n;
    const size_t *items; /* the line of each text */
};

/* Opens what the options name, for windows of n lines; complains and returns an exit status other
 * than 0 on failure. */
int reverse_open(struct reverse *reverse, const struct options *options, const tolka_model *forward,
                 const tolka_options *decoding, size_t n);
void reverse_close(struct reverse *reverse);

/* Aligns pairs the other way round; items[i] is the line of texts[i]. */
tolka_status reverse_align(struct reverse *reverse, const tolka_text *texts, const size_t *items,
                           size_t n, tolka_error *err);
/* Why a line could not be aligned the other way round; NULL: it could. */
const char *reverse_problem(const struct reverse *reverse, size_t item);
/* The links of words of a line's forward result, joined with those of the other direction; the
 * caller frees them. NULL: there is no other direction, or no memory. */
tolka_link *reverse_join(const struct reverse *reverse, size_t item, const tolka_result *forward,
                         size_t *n);

#endif
