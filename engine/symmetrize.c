/* Two directional alignments into one: tolka_symmetrize. Koehn et al., "Edinburgh System
 * Description for the 2005 IWSLT Speech Translation Evaluation", has the growing. Whatever the
 * method, a point is one that at least one direction has. */
#include "engine/alignment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 20 }; /* tokens or words of a side */

struct point {
    uint32_t source, target;
    bool forward, reverse; /* which directions have it */
    bool taken;
};

struct merging {
    struct point *points; /* each once, by target, then source */
    size_t n;
    uint8_t *source, *target; /* of each word: is it in a point that is taken? */
};

/* ---- the union ------------------------------------------------------------------------------- */

static int compare_places(const struct point *x, uint32_t source, uint32_t target) {
    if (x->target != target) return x->target < target ? -1 : 1;
    return (x->source > source) - (x->source < source);
}

static int compare_points(const void *a, const void *b) {
    const struct point *other = b;
    return compare_places(a, other->source, other->target);
}

/* One point for each place. */
static void join_equal(struct merging *merging) {
    size_t kept = 0;
    for (size_t i = 0; i < merging->n; i++) {
        struct point point = merging->points[i], *last = &merging->points[kept ? kept - 1 : 0];
        if (kept && compare_points(last, &point) == 0) {
            last->forward |= point.forward;
            last->reverse |= point.reverse;
        } else {
            merging->points[kept++] = point;
        }
    }
    merging->n = kept;
}

static tolka_status check_links(const tolka_link *links, size_t n, tolka_error *err) {
    for (size_t i = 0; i < n; i++)
        if (links[i].source >= MOST || links[i].target >= MOST)
            return fail(err, TOLKA_ARGUMENT, "link %zu is %u-%u; expected numbers below %d", i,
                        links[i].source, links[i].target, MOST);
    return TOLKA_OK;
}

static tolka_status allocate(struct merging *merging, size_t n, tolka_error *err) {
    merging->points = calloc(n + 1, sizeof *merging->points);
    merging->source = calloc(MOST, 1); /* untouched pages cost nothing */
    merging->target = calloc(MOST, 1);
    if (merging->points && merging->source && merging->target) return TOLKA_OK;
    return fail(err, TOLKA_NOMEM, "no memory for an alignment of %zu links", n);
}

static void fill(struct merging *merging, const tolka_link *forward, size_t n_forward,
                 const tolka_link *reverse, size_t n_reverse) {
    struct point *points = merging->points, *at = points;
    for (size_t i = 0; i < n_forward; i++)
        *at++ = (struct point){forward[i].source, forward[i].target, .forward = true};
    for (size_t i = 0; i < n_reverse; i++)
        *at++ = (struct point){reverse[i].target, reverse[i].source, .reverse = true};
    merging->n = n_forward + n_reverse;
    qsort(points, merging->n, sizeof *points, compare_points);
    join_equal(merging);
}

/* ---- taking points --------------------------------------------------------------------------- */

static void take(struct merging *merging, struct point *point) {
    point->taken = true;
    merging->source[point->source] = merging->target[point->target] = 1;
}

static void take_those(struct merging *merging, bool in_both) {
    for (size_t i = 0; i < merging->n; i++)
        if (!in_both || (merging->points[i].forward && merging->points[i].reverse))
            take(merging, &merging->points[i]);
}

/* NULL: no direction has a point there. */
static struct point *point_at(const struct merging *merging, uint32_t source, uint32_t target) {
    size_t low = 0, high = merging->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_places(&merging->points[middle], source, target);
        if (order == 0) return &merging->points[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Takes the neighbours of a point that bring in a word without a point. Numbers below 0 wrap to
 * places where there is no point. */
static bool grow_from(struct merging *merging, const struct point *point) {
    static const int neighbours[8][2] = {{-1, 0},  {0, -1}, {1, 0},  {0, 1},
                                         {-1, -1}, {-1, 1}, {1, -1}, {1, 1}};
    bool grew = false;
    for (int k = 0; k < 8; k++) {
        struct point *other = point_at(merging, point->source + (uint32_t)neighbours[k][1],
                                       point->target + (uint32_t)neighbours[k][0]);
        if (!other || (merging->source[other->source] && merging->target[other->target])) continue;
        take(merging, other);
        grew = true;
    }
    return grew;
}

static void grow_diag(struct merging *merging) {
    for (bool grew = true; grew;) {
        grew = false;
        for (size_t i = 0; i < merging->n; i++)
            if (merging->points[i].taken) grew |= grow_from(merging, &merging->points[i]);
    }
}

/* Takes the points of one direction both of whose words have none. */
static void final_and(struct merging *merging, bool forward) {
    for (size_t i = 0; i < merging->n; i++) {
        struct point *point = &merging->points[i];
        if ((forward ? point->forward : point->reverse) && !merging->source[point->source] &&
            !merging->target[point->target])
            take(merging, point);
    }
}

/* ---- the call -------------------------------------------------------------------------------- */

static tolka_status list_taken(const struct merging *merging, tolka_link **links, size_t *n,
                               tolka_error *err) {
    *links = malloc((merging->n + 1) * sizeof **links);
    if (!*links) return fail(err, TOLKA_NOMEM, "no memory for %zu links", merging->n);
    for (size_t i = 0; i < merging->n; i++)
        if (merging->points[i].taken)
            (*links)[(*n)++] = (tolka_link){merging->points[i].source, merging->points[i].target};
    *n = alignment_sort(*links, *n);
    return TOLKA_OK;
}

static void symmetrize(struct merging *merging, tolka_symmetry how) {
    take_those(merging, how != TOLKA_UNION);
    if (how != TOLKA_GROW_DIAG_FINAL_AND) return;
    grow_diag(merging);
    final_and(merging, true);
    final_and(merging, false);
}

tolka_status tolka_symmetrize(const tolka_link *forward, size_t n_forward,
                              const tolka_link *reverse, size_t n_reverse, tolka_symmetry how,
                              tolka_link **links, size_t *n, tolka_error *err) {
    struct merging merging = {0};
    if (links) *links = NULL;
    tolka_status status =
        need_arguments(err, __func__,
                       (const struct argument[]){{"forward", forward || n_forward == 0},
                                                 {"reverse", reverse || n_reverse == 0},
                                                 {"links", links},
                                                 {"n", n},
                                                 {NULL, false}});
    if (status != TOLKA_OK) return status;
    *n = 0;
    if ((unsigned)how > TOLKA_GROW_DIAG_FINAL_AND)
        return fail(err, TOLKA_ARGUMENT, "there is no symmetrization %d", (int)how);
    status = check_links(forward, n_forward, err);
    if (status == TOLKA_OK) status = check_links(reverse, n_reverse, err);
    if (status == TOLKA_OK) status = allocate(&merging, n_forward + n_reverse, err);
    if (status == TOLKA_OK) {
        fill(&merging, forward, n_forward, reverse, n_reverse);
        symmetrize(&merging, how);
        status = list_taken(&merging, links, n, err);
    }
    free(merging.points);
    free(merging.source);
    free(merging.target);
    return status;
}
