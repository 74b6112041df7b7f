/* Search: which token comes next. Greedy, beam (three rule books) and forced targets share the
 * loop: every step extends all live hypotheses of all sentences of a batch by one token.
 *
 * A hypothesis is a list of nodes. A node is one decoder input at one position: its token, the
 * token's log-probability, and its keys and values in the cache. Beams that share a beginning share
 * its nodes, so nothing in the cache is ever copied. */
#ifndef SEARCH_H
#define SEARCH_H

#include "engine/result.h"
#include "engine/worker.h"

#include <math.h>

struct search_options {
    int beam, n_best;
    float length_penalty;
    enum early_stopping early_stopping;
    bool want_scores;
    bool teacher; /* follow inputs' targets */
    bool no_shortlist;
};

struct hypothesis {
    float sum;      /* of log-probabilities */
    int32_t *nodes; /* of positions 0 .. position */
    uint32_t slot, cell;
    int32_t token; /* at `position`: the decoder's next input */
};

struct finished {
    float sum, score;
    uint32_t n_tokens;
    tolka_token *tokens;
};

/* What one row's logits came to. */
struct choice {
    float max, sum_exp; /* of the softmax's denominator */
    int32_t best;       /* greedy: greatest allowed logit */
    float best_logit;
    float target_logit; /* teacher */
    size_t n_top;
    struct candidate *top; /* beam: greatest allowed logits, descending */
};

struct sentence_search {
    const tolka_input *input;
    size_t index; /* in the caller's list */
    uint32_t n_generated, limit;
    int32_t forced_first;
    size_t n_live, n_finished;
    struct hypothesis *live;   /* [beam] */
    struct finished *finished; /* [2 * beam], best first */
    struct linear output;      /* shortlist: rows of the output layer for this sentence */
    int32_t *output_ids;
};

struct search_state {
    struct sentence_search *sentences;
    size_t *active;           /* [n_sentences] places of the sentences being searched */
    size_t *vacant;           /* [n_sentences] places for others */
    struct decoder_row *rows; /* [n_slots] */
    struct choice *choices;   /* [n_slots] */
    int32_t *paths[2];        /* [n_slots][n_steps]; a step reads one and writes the other */
    int32_t *node_token;      /* [n_steps][n_slots] */
    float *node_log_prob;
    struct hypothesis *next;   /* [beam] */
    struct candidate *scratch; /* [LOGITS_CHUNK] */
};

struct search_state *search_take(const struct batch_shape *shape, struct arena *arena);

/* Where sentences come from and where results go. */
struct feed {
    /* Puts further sentences, encoded, into some of the n places at `vacant` (the first ones);
     * returns how many. */
    size_t (*refill)(void *user, struct worker *worker, const size_t *vacant, size_t n);
    tolka_done done;
    void *user;
};

/* Translates (or scores) sentences until the feed has no more. Places of finished sentences are
 * given to others while the rest goes on, so that every step has work for as many rows as the batch
 * has places. */
void search(struct worker *worker, const struct search_options *options, const struct feed *feed);

/* ---- output.c: from decoder rows to choices -------------------------------------------------- */

struct projection {
    const struct search_options *options;
    size_t n_top;  /* 0: argmax only */
    bool need_sum; /* the softmax's denominator too */
};
/* Fills choices of all rows from worker->x. */
void project(struct worker *worker, const struct projection *projection, size_t n_rows);
static inline float choice_log_prob(const struct choice *choice, float logit) {
    return logit - choice->max - logf(choice->sum_exp);
}

/* ---- beam.c ---------------------------------------------------------------------------------- */

/* Extends one sentence's hypotheses from the choices of its rows; true when it is done. */
bool beam_advance(struct worker *worker, const struct search_options *options,
                  struct sentence_search *sentence, const struct choice *choices);

/* ---- search.c, for the rule books ------------------------------------------------------------ */

/* A new live hypothesis: parent extended by a token. `place` is its place among the next ones. */
void extend_hypothesis(struct worker *worker, struct sentence_search *sentence,
                       const struct hypothesis *parent, size_t place, int32_t token,
                       float log_prob);
/* Stores parent + token (or, token -1, parent as it is) as finished, keeping at most `keep`. */
void finish_hypothesis(struct worker *worker, const struct search_options *options,
                       struct sentence_search *sentence, const struct hypothesis *parent,
                       int32_t token, float log_prob, size_t keep);
float length_normalized(float sum, uint32_t n_tokens, float length_penalty);
/* The token that must come now, or -1. */
int32_t forced_token(const struct config *config, const struct sentence_search *sentence);

#endif
