#include "tests/room.h"

#include "tests/fixture.h"

#include <string.h>

void room_open(struct room *room, const struct kernels *kernels, size_t d_model, size_t n_heads) {
    enum { ROWS = 8, STEPS = 8 };
    *room = (struct room){.products = {.kernels = kernels}};
    ck_assert(arena_reserve(&room->arena, &(struct arena){.used = 1 << 20}));
    struct config *config = &room->config;
    config_init(config);
    config->d_model = (uint32_t)d_model;
    config->encoder_heads = config->decoder_heads = (uint32_t)n_heads;
    config->encoder_layers = config->decoder_layers = 1;
    config->encoder_ffn = config->decoder_ffn = 8;
    config->norm_keys = true;
    config->position_kind = POSITION_NONE;
    struct attention_sizes sizes = {ROWS, ROWS, STEPS};
    attention_take(&room->attention, config, &sizes, &room->arena);
    products_take(&room->products, ROWS, 64, &room->arena);
    room->heads = encoder_heads(config, &room->products, &room->attention);
}

void room_close(struct room *room) {
    arena_free(&room->arena);
}

float *room_floats(struct room *room, size_t n) {
    float *floats = arena_take(&room->arena, n, sizeof *floats);
    memset(floats, 0, n * sizeof *floats);
    return floats;
}

/* ---- every level ----------------------------------------------------------------------------- */

struct work {
    struct example *example;
    void (*at)(struct example *example, const struct kernels *kernels);
};

static void work_at(void *user, const char *isa) {
    const struct work *work = user;
    work->at(work->example, kernels_select(isa));
}

void work_out(const char *name,
              void (*at)(struct example *example, const struct kernels *kernels)) {
    struct work work = {example_open(name), at};
    for_each_level(work_at, &work);
    example_close(work.example);
}
