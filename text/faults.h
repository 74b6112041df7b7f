/* Signs that a translation went wrong: what its ids show, and what cross-attention left out. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind { FAULT_NONE, FAULT_LOOP, FAULT_ENDLESS, FAULT_SHORT, FAULT_GAP, FAULT_LOST };

struct fault {
    enum fault_kind kind;
    size_t n_bad; /* how bad it is: tokens too many, or source tokens that are missing */
};

/* "repeats itself", ...: what the translation does. NULL: nothing. */
const char *fault_text(enum fault_kind kind);

/* Tokens of a source and of its hypothesis, without those that stand for no text. */
struct pair_ids {
    const int32_t *source, *target;
    size_t n_source, n_target;
    bool ended;     /* the hypothesis has an end token */
    bool long_room; /* the length limit is the model's own: nobody asked for less */
};

struct fault fault_of_ids(const struct pair_ids *pair);

/* So short that cross-attention should be looked at. */
bool looks_short(const struct pair_ids *pair);

/* Weights [n_target][n_source], of which source tokens [first, end) stand for text: is there a long
 * stretch that hardly any attention reached? */
struct fault fault_of_attention(const float *weights, size_t n_target, size_t n_source,
                                size_t first, size_t end);

#endif
