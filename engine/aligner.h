/* Alignments for what a search has found: its hypotheses are run again by teacher forcing, so that
 * searches themselves keep nothing of what attention looks at. */
#ifndef ALIGNER_H
#define ALIGNER_H

#include "engine/alignment.h"
#include "engine/worker.h"

struct aligner {
    struct worker worker; /* of its own: the searching worker is in the middle of a batch */
    struct alignment_choice choice;
};

/* max_memory: bytes that it may compute with; 0: any number. NULL: no memory. */
struct aligner *aligner_new(const struct model *model, const struct kernels *kernels,
                            struct alignment_choice choice, size_t max_memory);
void aligner_free(struct aligner *aligner); /* accepts NULL */

/* The result of an input with alignments for all its hypotheses; another one that says why, if
 * there is no memory for them. */
tolka_result *aligner_align(struct aligner *aligner, const tolka_input *input,
                            tolka_result *result);

/* What a choice of cross-attention looks at for a source and its target: *soft[n_target][n_ids],
 * which the caller frees. The worker is not in use. */
tolka_status aligner_weights(struct worker *worker, struct alignment_choice choice,
                             const tolka_input *pair, float **soft, tolka_error *err);

#endif
