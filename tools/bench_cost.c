#include "tools/bench.h"

#include <string.h>

struct walk {
    const struct model *model;
    struct bench_cost cost;
    double bytes_of_type[DTYPE_BF16 + 1];
};

static double matrix_bytes(const struct matrix *matrix) {
    enum { Q8_0_BLOCK = 32, Q8_0_BYTES = 34 };
    double n_out = (double)matrix->n_out, sides = matrix->scale ? 4 * n_out : 0;
    if (matrix->row_sum) sides += 4 * n_out;
    if (matrix->layout == LAYOUT_PANELS)
        return (double)(matrix_panels(matrix->n_out) * matrix_tiles(matrix->type, matrix->n_in) *
                        TILE_BYTES) +
               sides;
    if (matrix->type == DTYPE_Q8_0)
        return n_out * (double)((matrix->n_in + Q8_0_BLOCK - 1) / Q8_0_BLOCK * Q8_0_BYTES);
    return n_out * (double)(matrix->n_in * dtype_width(matrix->type)) + sides;
}

static bool in_cross_memory(const struct role *role) {
    const size_t cross = offsetof(struct decoder_layer, cross);
    const size_t k = cross + offsetof(struct attention_weights, k);
    const size_t v = cross + offsetof(struct attention_weights, v);
    const size_t size = sizeof(struct linear);
    return role->stack == 2 && ((role->place >= k && role->place < k + size) ||
                                (role->place >= v && role->place < v + size));
}

static const void *role_place(const struct model *model, const struct role *role) {
    const char *base = role->stack == 0   ? (const char *)model
                       : role->stack == 1 ? (const char *)&model->encoder[role->layer]
                                          : (const char *)&model->decoder[role->layer];
    return base + role->place;
}

/* Matrices outside the layers are tables, of which a token reads one row, and the output layer,
 * which is counted by itself because it may be the target table. */
static tolka_status add_role(void *user, const struct role *role, tolka_error *err) {
    struct walk *walk = user;
    (void)err;
    bool once = role->stack == 1 || in_cross_memory(role) ||
                (role->stack == 0 && strncmp(role->name, "enc", 3) == 0);
    double bytes = 4.0 * (double)role->n_out, products = 0;
    if (role->kind != ROLE_VECTOR) {
        if (role->stack == 0 || role->kind == ROLE_TABLE) return TOLKA_OK;
        const struct matrix *matrix = role_place(walk->model, role);
        bytes = matrix_bytes(matrix);
        products = (double)matrix->n_out * (double)matrix->n_in;
        walk->bytes_of_type[matrix->type] += bytes;
    } else if (role->stack == 0 && role->place >= offsetof(struct model, output) &&
               role->place < offsetof(struct model, output) + sizeof(struct linear)) {
        return TOLKA_OK;
    }
    *(once ? &walk->cost.encoder_bytes : &walk->cost.step_bytes) += bytes;
    *(once ? &walk->cost.encoder_products : &walk->cost.step_products) += products;
    return TOLKA_OK;
}

struct bench_cost bench_cost(const struct model *model, double output_share) {
    struct walk walk = {.model = model};
    const struct matrix *output = &model->output.w;
    for_each_role(&model->config, add_role, &walk, NULL);
    double bytes = matrix_bytes(output) + (model->output.bias ? 4 * (double)output->n_out : 0);
    walk.bytes_of_type[output->type] += bytes;
    walk.cost.step_bytes += output_share * bytes;
    walk.cost.step_products += output_share * (double)output->n_out * (double)output->n_in;
    /* The rows of a shortlist are gathered once a sentence. */
    if (output_share < 1) walk.cost.encoder_bytes += output_share * bytes;
    walk.cost.output_share = output_share;
    for (int type = 0; type <= DTYPE_BF16; type++)
        if (walk.bytes_of_type[type] > walk.bytes_of_type[walk.cost.type])
            walk.cost.type = (enum dtype)type;
    return walk.cost;
}
