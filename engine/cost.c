/* What a model makes a processor read and multiply: tolka_model_cost. */
#include "engine/open.h"

#include <string.h>

struct walk {
    const struct model *model;
    tolka_cost cost;
    double weights_of_type[DTYPES];
};

/* Weights with their scales and sums. */
static double matrix_bytes(const struct matrix *matrix) {
    size_t sides = (matrix->scale ? sizeof(float) : 0) + (matrix->row_sum ? sizeof(int32_t) : 0);
    return (double)(matrix_data_bytes(matrix, matrix->n_out) + sides * matrix->n_out);
}

static bool in_cross_memory(const struct role *role) {
    const size_t cross = offsetof(struct decoder_layer, cross);
    const size_t k = cross + offsetof(struct attention_weights, k);
    const size_t v = cross + offsetof(struct attention_weights, v);
    const size_t size = sizeof(struct linear);
    return role->stack == 2 && ((role->place >= k && role->place < k + size) ||
                                (role->place >= v && role->place < v + size));
}

/* Read once a sentence, not once a step? */
static bool is_of_encoder(const struct role *role) {
    return role->stack == 1 || in_cross_memory(role) ||
           (role->stack == 0 && strncmp(role->name, "enc", 3) == 0);
}

static bool is_output_bias(const struct role *role) {
    const size_t output = offsetof(struct model, output);
    return role->kind == ROLE_VECTOR && role->stack == 0 && role->place >= output &&
           role->place < output + sizeof(struct linear);
}

/* Matrices outside the layers are tables, of which a token reads one row, and the output layer,
 * which is counted by itself because it may be the target table. */
static tolka_status add_role(void *user, const struct role *role, tolka_error *err) {
    struct walk *walk = user;
    (void)err;
    double bytes = sizeof(float) * (double)role->n_out, products = 0;
    if (role->kind == ROLE_TABLE || is_output_bias(role)) return TOLKA_OK;
    if (role->kind == ROLE_MATRIX) {
        if (role->stack == 0) return TOLKA_OK;
        const struct matrix *matrix = role_place((struct model *)walk->model, role);
        bytes = matrix_bytes(matrix);
        products = (double)matrix->n_out * (double)matrix->n_in;
        walk->weights_of_type[matrix->type] += products;
    }
    bool once = is_of_encoder(role);
    *(once ? &walk->cost.encoder_bytes : &walk->cost.step_bytes) += bytes;
    *(once ? &walk->cost.encoder_products : &walk->cost.step_products) += products;
    return TOLKA_OK;
}

void tolka_model_cost(const tolka_model *model, tolka_cost *cost) {
    if (!cost) return;
    *cost = (tolka_cost){0};
    if (!model) return;
    struct walk walk = {.model = &model->model};
    const struct linear *output = &model->model.output;
    for_each_role(&model->model.config, add_role, &walk, NULL);
    walk.cost.output_bytes =
        matrix_bytes(&output->w) + (output->bias ? sizeof(float) * (double)output->w.n_out : 0);
    walk.cost.output_products = (double)output->w.n_out * (double)output->w.n_in;
    walk.cost.target_vocab = output->w.n_out;
    walk.weights_of_type[output->w.type] += walk.cost.output_products;
    int most = 0;
    for (int type = 0; type < DTYPES; type++)
        if (walk.weights_of_type[type] > walk.weights_of_type[most]) most = type;
    walk.cost.type = dtype_name((enum dtype)most);
    *cost = walk.cost;
}
