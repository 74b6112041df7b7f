/* Hypotheses about translations: those that are being extended, and those that have ended.
 *
 * A live hypothesis is a list of nodes. A node is one decoder input at one position: its token, the
 * token's log-probability, and (in the decoder's cache) its keys and values. Beams that share a
 * beginning share its nodes, so nothing in the cache is ever copied. */
#ifndef HYPOTHESIS_H
#define HYPOTHESIS_H

#include "engine/arena.h"
#include "engine/result.h"
#include "engine/search_options.h"

struct hypothesis {
    float sum;              /* of log-probabilities */
    int32_t *nodes;         /* of positions 0 .. n_generated */
    uint32_t slot;          /* of its own node; among the decoder's rows at most one has it */
    uint32_t cell;          /* the parent's slot */
    int32_t token;          /* of its last node: the decoder's next input */
    float *coverage;        /* attention that source tokens had before this step; NULL: no matter */
    const float *attention; /* and in this step */
    uint32_t number; /* of a sample, an alternative or a group, which it stays from step to step */
};

struct finished {
    float sum, score;
    float order; /* the list descends by it: the score, or less for a greater number */
    uint32_t n_tokens;
    tolka_token *tokens;
};

/* What there is to know of a group of a beam (beam_groups.c). */
struct group_state {
    size_t n_finished;
    bool is_done, was_done; /* after this step, and before it */
};

/* The hypotheses about one sentence. */
struct sentence_search {
    const tolka_input *input; /* borrowed */
    size_t index;             /* of it, in the caller's list */
    uint32_t n_generated, limit;
    bool is_broken; /* the model gave no numbers to search by */
    int32_t forced_first;
    const int32_t
        *prefix;       /* what the translation begins with, its first token forced_first if there
                              is one; borrowed */
    uint32_t n_prefix; /* with forced_first, if `prefix` does not have it */
    uint64_t source;   /* what stands for the source where tokens are drawn */
    size_t n_live, n_finished;
    struct hypothesis *live;    /* [beam] */
    struct finished *finished;  /* [beam], best first */
    struct group_state *groups; /* [beam] */
};

/* The nodes of all hypotheses of a batch. */
struct history {
    size_t beam, n_slots, n_steps;
    int32_t *paths[2];       /* [n_slots][n_steps]: nodes; a step reads one and writes the other */
    int32_t *node_token;     /* [n_steps][n_slots] */
    float *node_log_prob;    /* the same */
    struct hypothesis *next; /* [beam]: of the sentence that is being extended */
    float *coverage[2];      /* [n_slots][n_source], as paths; n_source 0: no matter */
    size_t n_source;
};

/* Lays out nodes and sentences: beam hypotheses for each of n_sentences, of up to n_steps tokens.
 * Returns the sentences; NULL while measuring. */
struct sentence_search *hypotheses_take(struct history *history, size_t n_sentences, size_t beam,
                                        size_t n_steps, struct arena *arena);

/* Room for coverage of sources of up to n_source tokens, by searches whose scores count it. */
void hypotheses_take_coverage(struct history *history, size_t n_source, struct arena *arena);

/* Begins the search for a sentence at a place of the batch: one hypothesis, the start token. */
void hypothesis_start(struct history *history, struct sentence_search *sentence, size_t place,
                      const struct config *config, const struct search_options *options);

/* A rule book at work on a sentence: what it decides by, and what it changes. */
struct extending {
    const struct config *config;
    const struct search_options *options;
    struct history *history;
    struct sentence_search *sentence;
    size_t place; /* of the sentence */
};

/* Parent extended by a token, as number `k` of the next live hypotheses. */
void hypothesis_extend(const struct extending *extending, const struct hypothesis *parent, size_t k,
                       int32_t token, float log_prob);
/* The first n of the next hypotheses become the live ones. */
void hypotheses_go_on(const struct extending *extending, size_t n);
/* Stores parent + token as finished, keeping the `keep` with the best scores. */
void hypothesis_finish(const struct extending *extending, const struct hypothesis *parent,
                       int32_t token, float log_prob, size_t keep);
/* The same for hypotheses that do not compete, which are kept in the order of their numbers. */
void hypothesis_finish_numbered(const struct extending *extending, const struct hypothesis *parent,
                                int32_t token, float log_prob);

/* The score of a hypothesis: sum / n_tokens^length_penalty. */
float length_normalized(float sum, uint32_t n_tokens, float length_penalty);
/* Tokens of a sequence of n that count in its score. */
static inline uint32_t scored_tokens(const struct sentence_search *sentence, uint32_t n) {
    return n - sentence->n_prefix;
}
/* The decoder's inputs that lead to a hypothesis: start token (unless it is a zero vector) and
 * n_generated tokens. Returns how many. */
size_t hypothesis_tokens(const struct history *history, const struct hypothesis *hypothesis,
                         uint32_t n_generated, int32_t *out);
/* The token that must come now, or -1. */
int32_t forced_token(const struct extending *extending);
/* Is the token that comes now the last that may come? */
static inline bool is_last_step(const struct sentence_search *sentence) {
    return sentence->n_generated + 1 == sentence->limit;
}

/* The n_best finished hypotheses, or why there are none; NULL: no memory. */
tolka_result *hypotheses_result(const struct sentence_search *sentence, size_t n_best);
/* What there is of a sentence whose search was stopped: a result of status TOLKA_STOPPED with the
 * first hypothesis as far as it has come. */
tolka_result *hypotheses_stopped(const struct history *history,
                                 const struct sentence_search *sentence);

#endif
