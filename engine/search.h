/* Search as a stepper: a batch of sentences at their places, every one of them extended by one
 * token at each step. Whoever drives it fills vacant places and collects what has ended:
 *
 *     fill vacant places, encode, step, collect the finished                     (engine/batch.c)
 *
 * Places of finished sentences go to others while the rest goes on, so that every step has work for
 * as many rows as the batch has places. */
#ifndef SEARCH_H
#define SEARCH_H

#include "engine/beam_words.h"
#include "engine/hypothesis.h"
#include "engine/output.h"
#include "engine/transformer.h"

struct search {
    const struct config *config;
    struct search_options options;
    struct history history;
    size_t n_places;
    struct sentence_search *sentences; /* [n_places] */
    size_t *active;                    /* places of the sentences being searched */
    size_t *vacant;                    /* places for others */
    size_t *ended;                     /* places of sentences that the last step ended */
    size_t n_active, n_vacant, n_ended;
    struct decoder_row *rows; /* [n_slots] */
    struct choice *choices;   /* [n_slots] */
    int32_t *targets;         /* [n_slots], when scoring */
    /* where choices need whole rows: */
    struct row_context *contexts; /* [n_slots] */
    int32_t *tokens;              /* [n_slots][n_steps + 1]: what the contexts are about */
    double *numbers;              /* [n_slots]: random ones */
    struct word_room words;       /* where words are required */
};

void search_take(struct search *search, const struct batch_shape *shape, struct arena *arena);

/* All places become vacant. */
void search_begin(struct search *search, const struct config *config,
                  const struct search_options *options);

/* Are so many places vacant that filling them is worth while? Encoding few sentences costs nearly
 * as much as encoding several. */
bool search_wants_more(const struct search *search);

/* Takes a vacant place for a sentence, whose source must be in the memory at that place before the
 * next step. `index` is the caller's; at most `limit` tokens are generated. */
size_t search_place(struct search *search, const tolka_input *input, size_t index, size_t limit);

/* Tokens of an active sentence that no further step can change: the common beginning of all its
 * hypotheses. Writes to out[limit]; returns how many. */
size_t search_settled(const struct search *search, size_t place, tolka_token *out);

/* Extends all sentences by one token; ended[n_ended] are then those that are done. Their places are
 * vacant, but keep their hypotheses until they are taken. */
void search_step(struct search *search, struct transformer *transformer,
                 const struct output *output);

#endif
