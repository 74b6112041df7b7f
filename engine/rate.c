/* How fast products with weights are on this machine: tolka_product_rate. */
#include "engine/clock.h"
#include "engine/linear.h"

#include <string.h>

/* A product that fits the second cache, or nearly: what the kernels reach at best. */
enum { N_IN = 512, N_OUT = 512, N_ROWS = 256, TRIES = 32 };

struct trial {
    struct arena arena;
    struct products products;
    struct linear layer;
    uint8_t *w;
    float *x, *y, *scale;
    int32_t *row_sum;
};

static bool find_type(const char *name, enum dtype *type) {
    static const enum dtype types[] = {DTYPE_I8, DTYPE_Q4_0, DTYPE_BF16, DTYPE_F16, DTYPE_F32};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(dtype_name(types[i]), name) == 0) return *type = types[i], true;
    return false;
}

static void lay_out(struct trial *trial, struct arena *arena) {
    trial->w = arena_take(arena, matrix_data_bytes(&trial->layer.w, N_OUT), 1);
    trial->scale = arena_take(arena, N_OUT, sizeof(float));
    trial->row_sum = arena_take(arena, N_OUT, sizeof(int32_t));
    trial->x = arena_take(arena, N_ROWS * N_IN, sizeof(float));
    trial->y = arena_take(arena, N_ROWS * N_OUT, sizeof(float));
    products_take(&trial->products, N_ROWS, N_IN, arena);
}

/* Everyday numbers: infinities and denormals have a speed of their own. */
static float number(size_t i) {
    return (float)(i * 2654435761u % 2001) * 1e-3f - 1;
}

static void store_weight(uint8_t *at, enum dtype type, float value) {
    uint16_t half = type == DTYPE_F16 ? float_to_half(value) : float_to_bf16(value);
    if (type == DTYPE_I8)
        *at = (uint8_t)(int8_t)(127 * value);
    else if (type == DTYPE_F32)
        memcpy(at, &value, sizeof value);
    else
        memcpy(at, &half, sizeof half);
}

/* Scales of 1/8 everywhere, and all bytes alike. */
static void fill_groups(uint8_t *panels) {
    const uint16_t scale = float_to_half(0.125f);
    for (size_t panel = 0; panel < matrix_panels(N_OUT); panel++) {
        memset(panels, 0x5a, matrix_panel_bytes(DTYPE_Q4_0, N_IN));
        for (size_t g = 0; g < 2 * matrix_steps(N_IN); g++)
            for (size_t o = 0; o < PANEL_OUTPUTS; o++)
                memcpy(panels + q4_scale_at(g, o), &scale, sizeof scale);
        panels += matrix_panel_bytes(DTYPE_Q4_0, N_IN);
    }
}

static void fill(struct trial *trial) {
    enum dtype type = trial->layer.w.type;
    size_t width = dtype_width(type);
    if (type == DTYPE_Q4_0) fill_groups(trial->w);
    for (size_t i = 0; width && i < N_OUT * N_IN; i++)
        store_weight(trial->w + i * width, type, number(i));
    for (size_t i = 0; i < N_ROWS * N_IN; i++) trial->x[i] = number(i);
    for (size_t o = 0; o < N_OUT; o++) trial->scale[o] = 1.0f / 127;
    trial->layer.w.data = trial->w;
    trial->layer.w.scale = trial->scale;
    trial->layer.w.row_sum = trial->row_sum;
}

/* The first round warms up. A slow machine does not get all its tries. */
static double best_rate(struct trial *trial) {
    const double operations = 2.0 * N_ROWS * N_IN * N_OUT, longest = 0.25;
    struct operand x = operand_begin(&trial->products, trial->x, N_ROWS, N_IN);
    double best = 0, began = seconds();
    for (int i = -1; i < TRIES && (i < 3 || seconds() - began < longest); i++) {
        double start = seconds();
        linear(&trial->products, &x, &trial->layer, (struct epilogue){0}, trial->y, N_OUT);
        double rate = operations / (seconds() - start);
        if (i >= 0 && rate > best) best = rate;
    }
    return best;
}

double tolka_product_rate(const char *isa, const char *type) {
    if (!type) return 0;
    struct arena measured = arena_measure();
    struct trial trial = {
        .products = {.kernels = kernels_select(isa)},
        .layer = {.w = {.layout = LAYOUT_PANELS, .n_out = N_OUT, .n_in = N_IN}},
    };
    if (!trial.products.kernels || !find_type(type, &trial.layer.w.type)) return 0;
    lay_out(&trial, &measured);
    if (!arena_reserve(&trial.arena, &measured)) return 0;
    lay_out(&trial, &trial.arena);
    fill(&trial);
    double rate = best_rate(&trial);
    arena_free(&trial.arena);
    return rate;
}
