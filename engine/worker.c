#include "engine/worker.h"

#include "engine/error.h"

#include <math.h>
#include <stdint.h>

void worker_init(struct worker *worker, const struct model *model, const struct kernels *kernels) {
    worker->transformer.model = model;
    worker->transformer.products.kernels = kernels;
    worker->output.model = model;
    worker->output.products = &worker->transformer.products;
    pthread_mutex_init(&worker->mutex, NULL);
}

void worker_take_from(struct worker *worker, const tolka_allocator *allocator) {
    worker->arena.allocator = worker->caches.allocator = *allocator;
    worker->transformer.positions.arena.allocator = *allocator;
}

static void release(struct worker *worker) {
    positions_free(&worker->transformer.positions);
    arena_free(&worker->arena);
    arena_free(&worker->caches);
    worker->transformer.cache.n_nodes = 0;
}

void worker_free(struct worker *worker) {
    release(worker);
    pthread_mutex_destroy(&worker->mutex);
}

static void lay_out(struct worker *worker, struct arena *arena, struct arena *caches) {
    const struct batch_shape *shape = &worker->shape;
    const struct model *model = worker->transformer.model;
    transformer_take(&worker->transformer, shape, arena);
    cache_take(&worker->transformer.cache, &model->config, shape->n_slots, shape->n_steps, caches);
    output_take(&worker->output, shape->n_slots, shape->rows, arena);
    if (shape->use_shortlist)
        shortlists_take(&worker->shortlists, model, shape->n_sentences, arena);
    worker->output.shortlists = shape->use_shortlist ? &worker->shortlists : NULL;
    search_take(&worker->search, shape, arena);
    worker->sources = arena_take(arena, shape->n_sentences, sizeof *worker->sources);
}

static size_t n_positions(const struct batch_shape *shape) {
    return max_size(shape->longest, shape->n_steps + 1);
}

/* Nodes are counted in 32 bits. */
static bool too_many_nodes(const struct batch_shape *shape) {
    return shape->n_slots > INT32_MAX / max_size(shape->n_steps, 1);
}

size_t worker_needs(const struct worker *worker, const struct batch_shape *shape) {
    struct worker empty = {.shape = *shape};
    struct arena arena = arena_measure(), caches = arena_measure();
    empty.transformer.model = empty.output.model = worker->transformer.model;
    empty.transformer.products.kernels = worker->transformer.products.kernels;
    lay_out(&empty, &arena, &caches);
    if (arena.overflow || caches.overflow || too_many_nodes(shape)) return SIZE_MAX;
    return arena.used + caches.used + positions_size(worker->transformer.model, n_positions(shape));
}

bool worker_may_hold(const struct worker *worker, size_t bytes) {
    return bytes < SIZE_MAX && (worker->max_memory == 0 || bytes <= worker->max_memory);
}

tolka_status worker_refuse(const struct worker *worker, const struct batch_shape *shape,
                           size_t needs, tolka_error *err) {
    const double megabyte = 1e6;
    if (needs == SIZE_MAX)
        return fail(err, TOLKA_NOMEM, "no memory for a sentence of %zu tokens with beam %zu",
                    shape->longest, shape->beam);
    return fail(err, TOLKA_NOMEM,
                "needs %.1f MB for a sentence of %zu tokens with beam %zu and up to %zu tokens "
                "generated; max-memory leaves %.1f MB to each thread",
                ceil((double)needs / (megabyte / 10)) / 10, shape->longest, shape->beam,
                shape->n_steps, floor((double)worker->max_memory / (megabyte / 10)) / 10);
}

size_t worker_holds(const struct worker *worker) {
    return worker->arena.size + worker->caches.size + worker->transformer.positions.arena.size;
}

static bool make_room(struct worker *worker) {
    struct arena arena = arena_measure(), caches = arena_measure();
    lay_out(worker, &arena, &caches);
    if (!arena_reserve(&worker->arena, &arena) || !arena_reserve(&worker->caches, &caches))
        return false;
    lay_out(worker, &worker->arena, &worker->caches);
    return positions_reserve(&worker->transformer.positions, worker->transformer.model,
                             n_positions(&worker->shape));
}

bool worker_reserve(struct worker *worker, const struct batch_shape *shape) {
    if (too_many_nodes(shape)) return false;
    worker->shape = *shape;
    if (make_room(worker) && worker_may_hold(worker, worker_holds(worker))) return true;
    /* One block is as large as one batch needed it, another as another did. */
    release(worker);
    if (make_room(worker) && worker_may_hold(worker, worker_holds(worker))) return true;
    release(worker);
    return false;
}

void worker_publish_stats(struct worker *worker) {
    pthread_mutex_lock(&worker->mutex);
    worker->published = worker->stats;
    pthread_mutex_unlock(&worker->mutex);
}

struct worker_stats worker_published_stats(struct worker *worker) {
    pthread_mutex_lock(&worker->mutex);
    struct worker_stats stats = worker->published;
    pthread_mutex_unlock(&worker->mutex);
    return stats;
}
