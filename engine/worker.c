#include "engine/worker.h"

void worker_init(struct worker *worker, const struct model *model, const struct kernels *kernels) {
    worker->transformer.model = model;
    worker->transformer.products.kernels = kernels;
    worker->output.model = model;
    worker->output.products = &worker->transformer.products;
    pthread_mutex_init(&worker->mutex, NULL);
}

void worker_free(struct worker *worker) {
    positions_free(&worker->transformer.positions);
    arena_free(&worker->arena);
    pthread_mutex_destroy(&worker->mutex);
}

static void lay_out(struct worker *worker, struct arena *arena) {
    const struct batch_shape *shape = &worker->shape;
    transformer_take(&worker->transformer, shape, arena);
    output_take(&worker->output, shape->n_slots, shape->rows, arena);
    if (shape->use_shortlist)
        shortlists_take(&worker->shortlists, worker->transformer.model, shape->n_sentences, arena);
    worker->output.shortlists = shape->use_shortlist ? &worker->shortlists : NULL;
    search_take(&worker->search, shape, arena);
    worker->sources = arena_take(arena, shape->n_sentences, sizeof *worker->sources);
}

bool worker_reserve(struct worker *worker, const struct batch_shape *shape) {
    struct arena measured = arena_measure();
    size_t n_positions = shape->longest > shape->n_steps ? shape->longest : shape->n_steps + 1;
    worker->shape = *shape;
    lay_out(worker, &measured);
    if (!arena_reserve(&worker->arena, &measured)) return false;
    lay_out(worker, &worker->arena);
    return positions_reserve(&worker->transformer.positions, worker->transformer.model,
                             n_positions);
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
