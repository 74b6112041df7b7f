#include "text/formats/mark_places.h"

#include "text/formats/break_places.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NOBODY = -1, FURTHEST = 500 };

/* A pair of tags, or (the first one) the text as a whole. Words [from, to) of each side. */
struct pair {
    size_t open, close; /* pieces */
    size_t parent;
    size_t begin, end; /* bytes of the source that it is around */
    size_t from, to;   /* source words */
    size_t target_from, target_to;
    size_t place, place_end; /* bytes of the translation */
};

struct placing {
    const struct piece *pieces;
    size_t n_pieces;
    const char *seen, *target;
    size_t n_seen, n_target;
    const struct linked_words *linked;
    struct pair *pairs;
    size_t n_pairs;
    int *owner;       /* [target words]: the pair that wants it */
    struct run *runs; /* [pairs] */
    struct growing *out;
};

/* ---- pairs ----------------------------------------------------------------------------------- */

static void span_words(const struct placing *p, struct pair *pair) {
    const struct word_list *words = &p->linked->source;
    while (pair->begin < pair->end && p->seen[pair->begin] == ' ') pair->begin++;
    while (pair->end > pair->begin && p->seen[pair->end - 1] == ' ') pair->end--;
    pair->from = word_at(words, pair->begin);
    pair->to = pair->from;
    while (pair->to < words->n && words->words[pair->to].begin < pair->end) pair->to++;
}

/* Parents come before their children. */
static void list_pairs(struct placing *p) {
    size_t inside = 0;
    p->pairs[0] = (struct pair){.close = SIZE_MAX,
                                .end = p->n_seen,
                                .to = p->linked->source.n,
                                .target_to = p->linked->target.n,
                                .place_end = p->n_target};
    p->n_pairs = 1;
    for (size_t i = 0; i < p->n_pieces; i++) {
        if (p->pieces[i].kind == PIECE_OPEN) {
            struct pair *pair = &p->pairs[p->n_pairs];
            *pair = (struct pair){.open = i,
                                  .close = p->pieces[i].partner,
                                  .parent = inside,
                                  .begin = p->pieces[i].at,
                                  .end = p->pieces[p->pieces[i].partner].at};
            span_words(p, pair);
            inside = p->n_pairs++;
        } else if (p->pieces[i].kind == PIECE_CLOSE) {
            inside = p->pairs[inside].parent;
        }
    }
}

/* ---- words that pairs get -------------------------------------------------------------------- */

/* Words of the translation from `first` on, of which `n` are a pair's own. */
struct run {
    size_t first, end, n;
};

static void want_words(struct placing *p, size_t parent) {
    const struct pair *of = &p->pairs[parent];
    for (size_t t = of->target_from; t < of->target_to; t++) p->owner[t] = NOBODY;
    for (size_t child = parent + 1; child < p->n_pairs; child++) {
        const struct pair *pair = &p->pairs[child];
        if (pair->parent != parent) continue;
        for (size_t i = 0; i < p->linked->n_links; i++) {
            tolka_link link = p->linked->links[i];
            if (link.source >= pair->from && link.source < pair->to &&
                link.target >= of->target_from && link.target < of->target_to &&
                p->owner[link.target] == NOBODY)
                p->owner[link.target] = (int)child;
        }
    }
}

/* Of each pair the run with most of its words: without words of another, and without a gap that is
 * wider than what it stood around, as such a word is linked by mistake. */
static void choose_runs(struct placing *p, size_t parent) {
    const struct pair *of = &p->pairs[parent];
    struct run run = {0, 0, 0};
    int current = NOBODY;
    for (size_t i = parent + 1; i < p->n_pairs; i++)
        if (p->pairs[i].parent == parent) p->runs[i] = run;
    for (size_t t = of->target_from; t < of->target_to; t++) {
        int owner = p->owner[t];
        if (owner == NOBODY) continue;
        size_t gap = p->pairs[owner].to - p->pairs[owner].from + 1;
        if (owner != current || t - run.end > gap) run = (struct run){t, t, 0};
        current = owner;
        run.end = t + 1;
        run.n++;
        if (run.n > p->runs[owner].n) p->runs[owner] = run;
    }
}

static bool is_taken(const struct placing *p, size_t parent, size_t t) {
    for (size_t i = parent + 1; i < p->n_pairs; i++)
        if (p->pairs[i].parent == parent && t >= p->runs[i].first && t < p->runs[i].end)
            return true;
    return false;
}

/* A pair whose words have no links: the free word that is nearest to its share of the text. */
static struct run nearest_word(const struct placing *p, size_t parent, const struct pair *pair) {
    const struct pair *of = &p->pairs[parent];
    size_t n = of->target_to - of->target_from, words = of->to - of->from;
    size_t wanted = of->target_from + (words ? (pair->from - of->from) * n / words : 0);
    for (size_t away = 0; away < n && away < FURTHEST; away++) {
        if (wanted + away < of->target_to && !is_taken(p, parent, wanted + away))
            return (struct run){wanted + away, wanted + away + 1, 1};
        if (wanted >= of->target_from + away && wanted - away < of->target_to &&
            !is_taken(p, parent, wanted - away))
            return (struct run){wanted - away, wanted - away + 1, 1};
    }
    return (struct run){wanted, wanted, 0};
}

/* ---- bytes that they get --------------------------------------------------------------------- */

static bool is_mark(char c) {
    return c && strchr(".,;:!?'\"()[]{}", c);
}

/* A pair whose words had no punctuation at their ends has none in the translation, either. */
static void to_bytes(const struct placing *p, struct pair *pair, struct run run) {
    const struct word *target = p->linked->target.words;
    const struct pair *parent = &p->pairs[pair->parent];
    bool none = run.first >= run.end || pair->from >= pair->to;
    size_t n = p->linked->target.n;
    pair->place = run.first < n ? target[run.first].begin : p->n_target;
    pair->place_end = none ? pair->place : target[run.end - 1].end;
    if (!none && !is_mark(p->seen[pair->end - 1]))
        while (pair->place_end > pair->place + 1 && is_mark(p->target[pair->place_end - 1]))
            pair->place_end--;
    if (!none && !is_mark(p->seen[pair->begin]))
        while (pair->place + 1 < pair->place_end && is_mark(p->target[pair->place])) pair->place++;
    if (pair->place < parent->place) pair->place = parent->place;
    if (pair->place > parent->place_end) pair->place = parent->place_end;
    if (pair->place_end > parent->place_end) pair->place_end = parent->place_end;
    if (pair->place_end < pair->place) pair->place_end = pair->place;
}

static void place_children(struct placing *p, size_t parent) {
    want_words(p, parent);
    choose_runs(p, parent);
    for (size_t i = parent + 1; i < p->n_pairs; i++) {
        struct pair *pair = &p->pairs[i];
        if (pair->parent != parent) continue;
        if (p->runs[i].n == 0) p->runs[i] = nearest_word(p, parent, pair);
        pair->target_from = p->runs[i].first;
        pair->target_to = p->runs[i].end;
        to_bytes(p, pair, p->runs[i]);
    }
}

static void add(struct placing *p, size_t piece, size_t at, enum placed_turn turn, size_t order) {
    struct placed *placed = growing_item(p->out, sizeof *placed);
    if (placed) *placed = (struct placed){piece, at, 0, turn, order};
}

static void add_pairs(struct placing *p) {
    for (size_t i = 1; i < p->n_pairs; i++) {
        const struct pair *pair = &p->pairs[i];
        bool empty = pair->place == pair->place_end;
        add(p, pair->open, pair->place, empty ? PLACED_ALONE : PLACED_BEGINS, pair->open);
        add(p, pair->close, pair->place_end, empty ? PLACED_ALONE : PLACED_ENDS,
            empty ? pair->close : p->n_pieces - pair->open);
    }
}

/* ---- pieces that stand alone ----------------------------------------------------------------- */

/* The last word of the translation that comes from a source word (or the first); SIZE_MAX: none. */
static size_t linked_word(const struct placing *p, size_t source, bool last) {
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < p->linked->n_links; i++)
        if (p->linked->links[i].source == source && (last || found == SIZE_MAX))
            found = p->linked->links[i].target;
    return found;
}

/* Behind the last word that comes from a source word; before the punctuation of it unless that word
 * had some, too, before `at`. */
static size_t behind(const struct placing *p, size_t source, size_t at) {
    size_t t = linked_word(p, source, true);
    if (t == SIZE_MAX) return SIZE_MAX;
    struct word from = p->linked->source.words[source], word = p->linked->target.words[t];
    bool marked = from.end <= at && is_mark(p->seen[from.end - 1]);
    while (!marked && word.end > word.begin + 1 && is_mark(p->target[word.end - 1])) word.end--;
    return word.end;
}

/* Behind the word that it stood behind, or before the one that it stood before; else by share. */
static size_t place_single(const struct placing *p, size_t piece) {
    const struct word_list *words = &p->linked->source;
    size_t at = p->pieces[piece].at, next = word_at(words, at), place = SIZE_MAX;
    bool inside = next < words->n && words->words[next].begin < at;
    bool leans_on_next = next < words->n && words->words[next].begin == at &&
                         piece + 1 < p->n_pieces && p->pieces[piece + 1].kind < PIECE_BLANK;
    if (at == 0) return 0;
    if (inside) place = behind(p, next, at);
    if (place == SIZE_MAX && leans_on_next && linked_word(p, next, false) != SIZE_MAX)
        place = p->linked->target.words[linked_word(p, next, false)].begin;
    if (place == SIZE_MAX && next >= words->n) return p->n_target;
    for (size_t back = 1; place == SIZE_MAX && back <= next && back < 4; back++)
        place = behind(p, next - back, at);
    if (place != SIZE_MAX) return place;
    size_t t = next * p->linked->target.n / (words->n + 1);
    return t < p->linked->target.n ? p->linked->target.words[t].begin : p->n_target;
}

static void add_singles(struct placing *p) {
    for (size_t i = 0; i < p->n_pieces; i++) {
        const struct piece *piece = &p->pieces[i];
        if (piece->kind == PIECE_SINGLE || (piece->kind == PIECE_PROTECTED && piece->left_out))
            add(p, i, place_single(p, i), PLACED_ALONE, i);
    }
}

/* ---- breaks ---------------------------------------------------------------------------------- */

static void add_breaks(struct placing *p) {
    size_t after = 0;
    for (size_t i = 0; i < p->n_pieces; i++) {
        if (p->pieces[i].kind != PIECE_BREAK) continue;
        double share = p->n_seen ? (double)p->pieces[i].at / (double)p->n_seen : 0;
        after = break_place(p->target, p->n_target, &p->linked->target, share, after);
        add(p, i, after, PLACED_ALONE, i);
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

static int compare_placed(const void *a, const void *b) {
    const struct placed *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    if (x->turn != y->turn) return x->turn < y->turn ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

bool place_pieces(struct growing *out, const struct piece *pieces, size_t n, const char *seen,
                  size_t n_seen, const char *target, size_t n_target,
                  const struct linked_words *linked) {
    struct placing p = {.pieces = pieces,
                        .n_pieces = n,
                        .seen = seen,
                        .n_seen = n_seen,
                        .target = target,
                        .n_target = n_target,
                        .linked = linked,
                        .out = out,
                        .pairs = calloc(n + 1, sizeof *p.pairs),
                        .runs = calloc(n + 1, sizeof *p.runs),
                        .owner = calloc(linked->target.n + 1, sizeof *p.owner)};
    bool ok = p.pairs && p.runs && p.owner;
    if (ok) {
        list_pairs(&p);
        for (size_t i = 0; i < p.n_pairs; i++) place_children(&p, i);
        add_pairs(&p);
        add_singles(&p);
        add_breaks(&p);
        if (out->n)
            qsort(out->bytes, out->n / sizeof(struct placed), sizeof(struct placed),
                  compare_placed);
    }
    free(p.pairs);
    free(p.runs);
    free(p.owner);
    return ok && !out->failed;
}
