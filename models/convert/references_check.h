/* Does this machine give the answers that were stored when a file was made? */
#ifndef REFERENCES_CHECK_H
#define REFERENCES_CHECK_H

#include "engine/tolka.h"

#include <stdbool.h>

struct verdict {
    bool good;
    const char *type, *isa; /* of the weights; of the kernels that ran */
    size_t n_sentences, n_tokens;
    size_t n_good; /* sentences that are right by themselves; all of them in a good file */
    /* How far log-probabilities are from those of the source weights in f32, and may be. */
    double max, max_allowed;
    double mean, mean_allowed;
};

/* Runs the references that a model's file carries; without any it fails. */
tolka_status check_references(const tolka_model *model, const tolka_options *options,
                              struct verdict *verdict, tolka_error *err);

#endif
