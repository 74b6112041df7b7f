/* What attention looked at: the weights of every layer and head for one source and target. */
#ifndef ATTENTION_MAP_H
#define ATTENTION_MAP_H

#include "engine/worker.h"

struct tolka_attention {
    struct attention_map
        maps[3]; /* by tolka_attention_kind; an SSRU decoder has no self-attention */
    int32_t align_layer, align_head; /* as in struct config */
};

enum attention_wanted {
    ATTENTION_ALL,    /* of every kind and decoder input */
    ATTENTION_ALIGNS, /* cross-attention of the inputs that decide a target token: not the last */
};

/* Runs an input by teacher forcing on a worker that is not in use, and keeps what attention saw. */
tolka_status attention_record(struct tolka_attention **out, struct worker *worker,
                              const tolka_input *input, enum attention_wanted wanted,
                              tolka_error *err);

#endif
