/* Lexical shortlists: of the target vocabulary only what the source words may become. */
#ifndef SHORTLIST_H
#define SHORTLIST_H

#include "engine/arena.h"
#include "engine/model.h"

/* Candidate ids of one sentence, ascending, as Marian chooses them: the first ids of the
 * vocabulary, each source token's list, the source ids themselves where both sides share one
 * vocabulary, filled up to a multiple of 8; and the tokens of required words (NULL: there are none). Writes
 * to ids (room for target_vocab); `seen` is room for target_vocab bytes. Returns how many. */
size_t shortlist_candidates(const struct model *model, const int32_t *source, size_t n_source,
                            const tolka_generation *generation, int32_t *ids, uint8_t *seen);

/* Bytes that a gathered output layer of n_outputs rows takes. */
size_t gathered_size(const struct linear *output, size_t n_outputs);
/* Copies rows `ids` of `output` into `memory` (aligned to 64): a small output layer of its own. */
struct linear gather_output(const struct linear *output, const int32_t *ids, size_t n,
                            void *memory);

/* The output layers of the sentences of a batch, each at its place. */
struct shortlists {
    struct shortlist_place {
        struct linear output;
        const int32_t *ids; /* of its outputs */
    } * places;
    uint8_t *outputs; /* [n_sentences][output_bytes] */
    int32_t *ids;     /* [n_sentences][vocab] */
    uint8_t *seen;    /* [vocab] */
    size_t output_bytes, vocab;
};
void shortlists_take(struct shortlists *shortlists, const struct model *model, size_t n_sentences,
                     struct arena *arena);
/* Makes the output layer of the sentence at `place`; returns how many outputs it has. */
size_t shortlists_choose(struct shortlists *shortlists, const struct model *model, size_t place,
                         const tolka_input *input, const tolka_generation *generation);

#endif
