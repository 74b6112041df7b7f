/* Where worked examples are worked, at each level that this machine has: a small model's
 * configuration, and room for what its parts compute. */
#ifndef ROOM_H
#define ROOM_H

#include "engine/attention.h"
#include "tests/worked.h"

/* Opens an example, works it at each level, closes it. */
void work_out(const char *name,
              void (*work)(struct example *example, const struct kernels *kernels));

struct room {
    struct arena arena;
    struct config config;
    struct products products;
    struct attention_buffers attention;
    struct multi_head heads;
};

/* One layer a stack; nothing is normed or positioned unless the test says so. */
void room_open(struct room *room, const struct kernels *kernels, size_t d_model, size_t n_heads);
void room_close(struct room *room);
/* n floats, all zero. */
float *room_floats(struct room *room, size_t n);

#endif
