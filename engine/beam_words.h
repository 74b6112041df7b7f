/* Beam search for translations that have certain words (Post and Vilar 2018, after Hokamp and Liu
 * 2017), by the rules of transformers' constrained beam search. Besides the likeliest candidates a
 * step looks at all tokens that go on with a required word; those that go on are taken by turns from
 * candidates that have come equally far with the words. Only what has all of them may end. */
#ifndef BEAM_WORDS_H
#define BEAM_WORDS_H

#include "engine/beam_rules.h"
#include "engine/extensions.h"
#include "engine/transformer.h"

struct ranked {
    struct extension extension;
    size_t steps; /* that its words have come */
    float key;
    uint32_t turn;
    bool is_complete; /* it has all words */
    bool is_shadow;   /* it takes a turn, but does not go on */
};

/* Where the candidates of a sentence's step are ranked, one sentence after another. */
struct word_room {
    int32_t *tokens;           /* [n_steps + 1]: of one hypothesis */
    struct progress *progress; /* [beam]: of the live hypotheses */
    struct ranked *list, *spare;
};
void word_room_take(struct word_room *room, const struct batch_shape *shape, struct arena *arena);

/* As beam_advance, from choices whose rows are kept. */
bool words_advance(const struct extending *extending, const struct choice *choices,
                   const struct word_room *room);

#endif
