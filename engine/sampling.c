#include "engine/sampling.h"

#include <math.h>
#include <stdbool.h>

/* ---- candidates in an order ------------------------------------------------------------------ */

/* Candidates on their way through the filters. No memory is asked for: this is the token path. */
struct drawing {
    struct candidate *list;
    size_t n;
    double *keys;          /* [vocab], by id: what the list is ordered by, greatest first */
    double *probabilities; /* [vocab], by place in the list */
};

/* Does a stand before b? */
static bool precedes(const struct drawing *d, struct candidate a, struct candidate b) {
    double x = d->keys[a.id], y = d->keys[b.id];
    return x != y ? x > y : a.id < b.id;
}

static void swap(struct candidate *a, struct candidate *b) {
    struct candidate moved = *a;
    *a = *b;
    *b = moved;
}

/* A heap whose root stands behind all others. */
static void sift_down(struct drawing *d, size_t n, size_t i) {
    struct candidate *heap = d->list;
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && precedes(d, heap[child], heap[child + 1])) child++;
        if (!precedes(d, heap[i], heap[child])) return;
        swap(&heap[i], &heap[child]);
    }
}

static void make_heap(struct drawing *d, size_t n) {
    for (size_t i = n / 2; i-- > 0;) sift_down(d, n, i);
}

static void sort(struct drawing *d) {
    make_heap(d, d->n);
    for (size_t n = d->n; n > 1; n--) {
        swap(&d->list[0], &d->list[n - 1]);
        sift_down(d, n - 1, 0);
    }
}

static void collect_finite(struct drawing *d, const float *scores, size_t vocab,
                           float temperature) {
    for (size_t i = 0; i < vocab; i++) {
        if (!(scores[i] > -INFINITY)) continue;
        float value = scores[i] / temperature;
        d->keys[i] = (double)value;
        d->list[d->n++] = (struct candidate){value, (int32_t)i};
    }
}

/* The k greatest, and those that equal the last of them, without sorting the others. */
static void keep_top_k(struct drawing *d, size_t k) {
    if (k == 0 || k >= d->n) return;
    make_heap(d, k);
    for (size_t i = k; i < d->n; i++) {
        if (!precedes(d, d->list[i], d->list[0])) continue;
        swap(&d->list[i], &d->list[0]);
        sift_down(d, k, 0);
    }
    float last = d->list[0].value;
    size_t kept = k;
    for (size_t i = k; i < d->n; i++)
        if (d->list[i].value == last) swap(&d->list[i], &d->list[kept++]);
    d->n = kept;
}

/* ---- filters --------------------------------------------------------------------------------- */

static const double *softmax(struct drawing *d) {
    double sum = 0, max = -INFINITY, *p = d->probabilities;
    for (size_t i = 0; i < d->n; i++)
        if ((double)d->list[i].value > max) max = (double)d->list[i].value;
    for (size_t i = 0; i < d->n; i++) sum += p[i] = exp((double)d->list[i].value - max);
    for (size_t i = 0; i < d->n; i++) p[i] /= sum;
    return p;
}

/* The fewest of the likeliest that together have more than top_p. */
static void keep_top_p(struct drawing *d, double top_p) {
    const double *p = softmax(d);
    double tail = 0;
    while (d->n > 1 && (tail += p[d->n - 1]) <= 1 - top_p) d->n--;
}

/* Those that are at least this likely, and the likeliest. */
static void keep_above(struct drawing *d, double min) {
    const double *p = softmax(d);
    while (d->n > 1 && p[d->n - 1] < min) d->n--;
}

static double entropy(const double *p, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (p[i] > 0) sum -= p[i] * log(p[i]);
    return sum;
}

/* Hewitt et al. 2022: what counts as unlikely depends on how much there is to choose from. */
static void keep_eta(struct drawing *d, double epsilon) {
    double scaled = sqrt(epsilon) * exp(-entropy(softmax(d), d->n));
    keep_above(d, scaled < epsilon ? scaled : epsilon);
}

static void order_by_value(struct drawing *d) {
    for (size_t i = 0; i < d->n; i++) d->keys[d->list[i].id] = (double)d->list[i].value;
    sort(d);
}

/* Those whose surprise is nearest to the expected one, as many as have probability `mass` together
 * (Meister et al. 2022). */
static void keep_typical(struct drawing *d, double mass) {
    const double *p = softmax(d);
    double expected = entropy(p, d->n), sum = 0;
    for (size_t i = 0; i < d->n; i++) d->keys[d->list[i].id] = -fabs(-log(p[i]) - expected);
    sort(d);
    p = softmax(d);
    size_t last = 0, kept = 0;
    while (last + 1 < d->n && (sum += p[last]) < mass) last++;
    double farthest = d->keys[d->list[last].id];
    while (kept < d->n && d->keys[d->list[kept].id] >= farthest) kept++;
    d->n = kept;
    order_by_value(d);
}

size_t sampling_candidates(const tolka_generation *g, const float *scores, size_t vocab,
                           struct candidate *out, double *room) {
    struct drawing d = {out, 0, room, room + vocab};
    collect_finite(&d, scores, vocab, g->temperature);
    if (d.n == 0) return 0;
    keep_top_k(&d, (size_t)g->top_k);
    sort(&d);
    if (g->top_p < 1) keep_top_p(&d, (double)g->top_p);
    if (g->min_p > 0) keep_above(&d, (double)g->min_p * softmax(&d)[0]);
    if (g->typical_p < 1) keep_typical(&d, (double)g->typical_p);
    if (g->epsilon_cutoff > 0) keep_above(&d, (double)g->epsilon_cutoff);
    if (g->eta_cutoff > 0) keep_eta(&d, (double)g->eta_cutoff);
    const double *p = softmax(&d);
    for (size_t i = 0; i < d.n; i++) out[i].value = (float)p[i];
    return d.n;
}

/* ---- random numbers -------------------------------------------------------------------------- */

/* The finalizer of SplitMix64 (Steele, Lea and Flood 2014): every bit depends on every other. */
static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

double sampling_number(uint64_t seed, uint64_t source, uint64_t draw, uint64_t position) {
    uint64_t bits = mix(mix(mix(mix(seed) ^ source) ^ draw) ^ position);
    return (double)(bits >> 11) * 0x1p-53;
}

uint64_t sampling_source(const int32_t *ids, size_t n) {
    uint64_t hash = n;
    for (size_t i = 0; i < n; i++) hash = mix(hash ^ (uint32_t)ids[i]);
    return hash;
}

size_t sampling_pick(const struct candidate *candidates, size_t n, double number) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if ((sum += (double)candidates[i].value) > number) return i;
    return n - 1;
}
