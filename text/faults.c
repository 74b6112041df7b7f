#include "text/faults.h"

/* How these numbers were found is in docs/guards.md. */
enum {
    LONGEST_PERIOD = 64, /* tokens of what is repeated */
    SHORT_LOOP = 4,      /* tokens that only repeat one or two before them */
    LONG_LOOP = 5,       /* the same for longer ones */
    FEW_TOKENS = 8,      /* sources of fewer say too little about lengths */
    MANY_TOKENS = 16,    /* sources of which a stretch may be missing */
    GAP_TOKENS = 5,      /* of that stretch */
};

const char *fault_text(enum fault_kind kind) {
    switch (kind) {
    case FAULT_LOOP:
        return "repeats itself";
    case FAULT_ENDLESS:
        return "runs to the length limit";
    case FAULT_SHORT:
        return "stops far too early";
    case FAULT_GAP:
        return "leaves out a part of the source";
    case FAULT_LOST:
        return "loses an address or a placeholder of the source";
    case FAULT_NONE:
        break;
    }
    return NULL;
}

/* ---- loops ----------------------------------------------------------------------------------- */

/* The longest run of tokens each of which stands `period` before, too. */
static size_t longest_run(const int32_t *ids, size_t n, size_t period) {
    size_t longest = 0, run = 0;
    for (size_t i = period; i < n; i++) {
        run = ids[i] == ids[i - period] ? run + 1 : 0;
        if (run > longest) longest = run;
    }
    return longest >= period ? longest : 0;
}

static size_t last_period(size_t n) {
    return n / 2 < LONGEST_PERIOD ? n / 2 : LONGEST_PERIOD;
}

/* Whoever says "no, no, no" is translated so. */
static size_t repeats_of(const int32_t *ids, size_t n) {
    size_t longest = 0;
    for (size_t period = 1; period <= last_period(n); period++) {
        size_t run = longest_run(ids, n, period);
        if (run > longest) longest = run;
    }
    return longest;
}

static size_t find_loop(const struct pair_ids *pair) {
    size_t allowed = 0, worst = 0;
    bool knows_source = false;
    for (size_t period = 1; period <= last_period(pair->n_target); period++) {
        size_t run = longest_run(pair->target, pair->n_target, period);
        if (run < (period < 3 ? SHORT_LOOP : LONG_LOOP)) continue;
        if (!knows_source) allowed = 2 * repeats_of(pair->source, pair->n_source);
        knows_source = true;
        if (run < (period < 3 ? SHORT_LOOP : LONG_LOOP) + allowed) continue;
        if (run > worst) worst = run;
    }
    return worst;
}

/* ---- lengths --------------------------------------------------------------------------------- */

static size_t too_many(const struct pair_ids *pair) {
    bool is_long = pair->n_target > 2 * pair->n_source + 10;
    if (pair->ended || !(is_long || pair->long_room)) return 0;
    return pair->n_target > pair->n_source ? pair->n_target - pair->n_source : 1;
}

static size_t too_few(const struct pair_ids *pair) {
    if (!pair->ended || !pair->long_room || pair->n_source < FEW_TOKENS) return 0;
    return 4 * pair->n_target < pair->n_source ? pair->n_source - pair->n_target : 0;
}

struct fault fault_of_ids(const struct pair_ids *pair) {
    size_t n_bad;
    if ((n_bad = find_loop(pair)) > 0) return (struct fault){FAULT_LOOP, n_bad};
    if ((n_bad = too_many(pair)) > 0) return (struct fault){FAULT_ENDLESS, n_bad};
    if ((n_bad = too_few(pair)) > 0) return (struct fault){FAULT_SHORT, n_bad};
    return (struct fault){FAULT_NONE, 0};
}

/* ---- what attention left out ----------------------------------------------------------------- */

bool looks_short(const struct pair_ids *pair) {
    return pair->ended && pair->long_room && pair->n_source >= MANY_TOKENS && pair->n_target > 0 &&
           2 * pair->n_target < pair->n_source;
}

static float attention_to(const float *weights, size_t n_target, size_t n_source, size_t j) {
    float sum = 0;
    for (size_t i = 0; i < n_target; i++) sum += weights[i * n_source + j];
    return sum;
}

struct fault fault_of_attention(const float *weights, size_t n_target, size_t n_source,
                                size_t first, size_t end) {
    size_t run = 0, longest = 0;
    for (size_t j = first; j < end; j++) {
        run = attention_to(weights, n_target, n_source, j) < 0.1f ? run + 1 : 0;
        if (run > longest) longest = run;
    }
    bool is_gap = longest >= GAP_TOKENS && 4 * longest >= end - first;
    return is_gap ? (struct fault){FAULT_GAP, longest} : (struct fault){FAULT_NONE, 0};
}
