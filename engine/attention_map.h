/* What attention looked at: the weights of every layer and head for one source and target. */
#ifndef ATTENTION_MAP_H
#define ATTENTION_MAP_H

#include "engine/worker.h"

struct tolka_attention {
    struct attention_map maps[3]; /* by tolka_attention_kind; an SSRU decoder has no self-attention */
};

/* Runs an input by teacher forcing on a worker that is not in use, and keeps what attention saw. */
tolka_status attention_record(struct tolka_attention **out, struct worker *worker,
                              const tolka_input *input, tolka_error *err);

#endif
