/* The stack and memo of the pickle reader, and what may be built on them. */
#ifndef PICKLE_OBJECTS_H
#define PICKLE_OBJECTS_H

#include "models/checkpoint/pickle.h"

/* A byte of a pickle can become a hundred bytes of memory. Checkpoints have some thousand containers,
 * and as many values as the vocabularies that some were saved with have tokens. */
enum {
    MAX_STACK = 4096,
    MAX_MEMO = 1 << 20,
    MAX_OBJECTS = 1 << 19,
    MAX_ITEMS = 1 << 22, /* in all containers together */
};

struct machine {
    const char *path;
    const uint8_t *bytes;
    size_t n_bytes, at;
    struct pickle_value *stack; /* of MAX_STACK */
    size_t depth;
    struct pickle_value *memo; /* PICKLE_MARK: nothing stored */
    size_t n_memo, memo_capacity;
    size_t n_items; /* in containers */
    struct pickle *out;
};

tolka_status malformed(const struct machine *machine, const char *what, tolka_error *err);
tolka_status out_of_memory(const struct machine *machine, tolka_error *err);
/* Makes room for one more element; capacities double, so `n` a power of two (or 0) means full. */
void *grow(void *array, size_t n, size_t width);

tolka_status push(struct machine *machine, struct pickle_value value, tolka_error *err);
tolka_status pop(struct machine *machine, struct pickle_value *value, tolka_error *err);
/* Remembers the top of the stack. */
tolka_status memoize(struct machine *machine, uint64_t key, tolka_error *err);

/* Replaces the top n values by a container of them. */
tolka_status push_container(struct machine *machine, enum pickle_kind kind, size_t n,
                            tolka_error *err);
tolka_status push_marked_tuple(struct machine *machine, tolka_error *err);
/* Moves the top n values into the container below them; "marked": all down to a mark. */
tolka_status extend(struct machine *machine, enum pickle_kind kind, size_t n, tolka_error *err);
tolka_status pop_marked(struct machine *machine, tolka_error *err); /* and the mark */
tolka_status extend_marked(struct machine *machine, enum pickle_kind kind, tolka_error *err);

tolka_status pop_tuple(struct machine *machine, struct pickle_value *tuple, tolka_error *err);

tolka_status push_object(struct machine *machine, struct pickle_object object, tolka_error *err);
/* A class by its name: one that is known, or an object without a state. */
tolka_status push_global(struct machine *machine, struct pickle_text module,
                         struct pickle_text name, tolka_error *err);
#endif
