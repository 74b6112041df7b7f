#include "engine/model.h"

#include "engine/gguf.h"
#include "engine/kernels/ggml_blocks.h"

#include <stdlib.h>
#include <string.h>

/* ---- binding: roles to places ---------------------------------------------------------------- */

struct binding {
    struct model *model;
    const struct weight_provider *weights;
};

void *role_place(struct model *model, const struct role *role) {
    char *base = (char *)model;
    if (role->stack == 1) base = (char *)&model->encoder[role->layer];
    if (role->stack == 2) base = (char *)&model->decoder[role->layer];
    return base + role->place;
}

static tolka_status bind_role(void *user, const struct role *role, tolka_error *err) {
    struct binding *binding = user;
    struct matrix matrix = {0};
    tolka_status status = binding->weights->find(binding->weights->user, role, &matrix, err);
    if (status != TOLKA_OK) return status;
    void *place = role_place(binding->model, role);
    if (role->kind == ROLE_VECTOR)
        *(const float **)place = matrix.data;
    else
        *(struct matrix *)place = matrix;
    return TOLKA_OK;
}

tolka_status model_bind(struct model *model, const struct config *config,
                        const struct weight_provider *weights, tolka_error *err) {
    *model = (struct model){.config = *config};
    model->encoder = calloc(config->encoder_layers, sizeof *model->encoder);
    model->decoder = calloc(config->decoder_layers, sizeof *model->decoder);
    tolka_status status = TOLKA_OK;
    if (!model->encoder || !model->decoder) status = fail(err, TOLKA_NOMEM, "out of memory");
    struct binding binding = {model, weights};
    if (status == TOLKA_OK) status = for_each_role(config, bind_role, &binding, err);
    if (status != TOLKA_OK) {
        model_unbind(model);
        return status;
    }
    if (!config->separate_tables) model->target_table = model->source_table;
    if (!config->separate_output) model->output.w = model->target_table;
    return TOLKA_OK;
}

void model_unbind(struct model *model) {
    free(model->encoder);
    free(model->decoder);
    *model = (struct model){0};
}

/* ---- weights from a GGUF file ---------------------------------------------------------------- */

static tolka_status wrong_shape(const struct gguf *gguf, const struct role *role,
                                const struct gguf_tensor *tensor, tolka_error *err) {
    return fail(err, TOLKA_FORMAT,
                "%s: tensor %s is %s [%llu, %llu, %llu]; expected %zu outputs of %zu inputs",
                gguf->name, role->name, gguf_tensor_type_name(tensor->type),
                (unsigned long long)tensor->dims[0], (unsigned long long)tensor->dims[1],
                (unsigned long long)tensor->dims[2], role->n_out, role->n_in);
}

static bool has_dims(const struct gguf_tensor *tensor, uint64_t inner, uint64_t outer) {
    return tensor->dims[0] == inner && tensor->dims[1] == outer && tensor->dims[2] == 1 &&
           tensor->dims[3] == 1;
}

static const struct gguf_tensor *companion(const struct gguf *gguf, const struct role *role,
                                           const char *what) {
    char name[80];
    return role_companion(role->name, what, name, sizeof name) ? gguf_tensor(gguf, name) : NULL;
}

static bool is_vector(const struct gguf_tensor *tensor, enum dtype type, size_t n) {
    return tensor && tensor->type == (uint32_t)type && has_dims(tensor, n, 1);
}

static tolka_status find_scales(const struct gguf *gguf, const struct role *role,
                                struct matrix *matrix, tolka_error *err) {
    size_t n = matrix->layout == LAYOUT_PANELS ? matrix_padded(role->n_out) : role->n_out;
    const struct gguf_tensor *scale = companion(gguf, role, "scale");
    const struct gguf_tensor *sum = companion(gguf, role, "sum");
    const struct gguf_tensor *input = companion(gguf, role, "input_multiplier");
    if (!is_vector(scale, DTYPE_F32, n))
        return fail(err, TOLKA_FORMAT, "%s: tensor %s is int8, but has no scale of %zu floats",
                    gguf->name, role->name, n);
    matrix->scale = (const float *)(const void *)scale->data;
    if (matrix->layout == LAYOUT_PANELS) {
        if (!is_vector(sum, DTYPE_I32, n))
            return fail(err, TOLKA_FORMAT, "%s: tensor %s is int8, but has no sum of %zu integers",
                        gguf->name, role->name, n);
        matrix->row_sum = (const int32_t *)(const void *)sum->data;
    }
    if (input) {
        if (!is_vector(input, DTYPE_F32, 1))
            return fail(err, TOLKA_FORMAT, "%s: the input multiplier of %s is not one float",
                        gguf->name, role->name);
        memcpy(&matrix->input_multiplier, input->data, sizeof(float));
        if (!(matrix->input_multiplier > 0 && matrix->input_multiplier < 1e30f))
            return fail(err, TOLKA_FORMAT, "%s: the input multiplier of %s is %g", gguf->name,
                        role->name, (double)matrix->input_multiplier);
    }
    return TOLKA_OK;
}

static bool is_weight_type(uint32_t type) {
    return type == DTYPE_F32 || type == DTYPE_F16 || type == DTYPE_BF16 || type == DTYPE_I8 ||
           type == DTYPE_Q8_0 || ggml_can_decode(type);
}

/* Of blocks, only Q4_0 has panels. */
static bool has_panels(enum dtype type) {
    return dtype_width(type) > 0 || type == DTYPE_Q4_0;
}

static tolka_status cannot_compute(const struct gguf *gguf, const struct role *role,
                                   const struct gguf_tensor *tensor, tolka_error *err) {
    return fail(err, TOLKA_UNSUPPORTED,
                "%s: tensor %s is %s; tolka computes with F32, F16, BF16, I8, and with Q4_0 to Q8_0, "
                "Q2_K to Q6_K, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0 and MXFP4",
                gguf->name, role->name, gguf_tensor_type_name(tensor->type));
}

static tolka_status find_matrix(const struct gguf *gguf, const struct role *role,
                                const struct gguf_tensor *tensor, struct matrix *matrix,
                                tolka_error *err) {
    if (!is_weight_type(tensor->type)) return cannot_compute(gguf, role, tensor, err);
    enum dtype type = (enum dtype)tensor->type;
    *matrix = (struct matrix){
        .type = type, .n_out = role->n_out, .n_in = role->n_in, .data = tensor->data};
    if (has_dims(tensor, role->n_in, role->n_out)) {
        matrix->layout = LAYOUT_ROWS;
    } else if (has_panels(type) && role->kind == ROLE_MATRIX &&
               has_dims(tensor, matrix_panel_elements(type, role->n_in),
                        matrix_panels(role->n_out))) {
        matrix->layout = LAYOUT_PANELS;
    } else {
        return wrong_shape(gguf, role, tensor, err);
    }
    return type == DTYPE_I8 ? find_scales(gguf, role, matrix, err) : TOLKA_OK;
}

static tolka_status find_in_gguf(void *user, const struct role *role, struct matrix *matrix,
                                 tolka_error *err) {
    const struct gguf *gguf = user;
    const struct gguf_tensor *tensor = gguf_tensor(gguf, role->name);
    *matrix = (struct matrix){0};
    if (!tensor) return fail(err, TOLKA_FORMAT, "%s: tensor %s is missing", gguf->name, role->name);
    if (role->kind != ROLE_VECTOR) return find_matrix(gguf, role, tensor, matrix, err);
    if (!is_vector(tensor, DTYPE_F32, role->n_out)) return wrong_shape(gguf, role, tensor, err);
    *matrix =
        (struct matrix){.type = DTYPE_F32, .n_out = role->n_out, .n_in = 1, .data = tensor->data};
    return TOLKA_OK;
}

/* Optional tensors shortlist.offsets and shortlist.ids (I32), key tolka.shortlist.first. */
static tolka_status find_shortlist(struct shortlist *list, const struct config *config,
                                   const struct gguf *gguf, tolka_error *err) {
    const struct gguf_tensor *offsets = gguf_tensor(gguf, "shortlist.offsets");
    const struct gguf_tensor *ids = gguf_tensor(gguf, "shortlist.ids");
    if (!offsets && !ids) return TOLKA_OK;
    int64_t first = 0;
    bool sound = offsets && ids && gguf_integer(gguf_find(gguf, "tolka.shortlist.first"), &first) &&
                 first > 0 && first <= config->target_vocab && offsets->dims[0] >= 2 &&
                 offsets->dims[0] <= (uint64_t)config->source_vocab + 1 &&
                 is_vector(offsets, DTYPE_I32, (size_t)offsets->dims[0]) &&
                 ids->dims[0] <= INT32_MAX && is_vector(ids, DTYPE_I32, (size_t)ids->dims[0]);
    if (!sound)
        return fail(err, TOLKA_FORMAT, "%s: the shortlist's sizes make no sense", gguf->name);
    *list = (struct shortlist){.first = (uint32_t)first,
                               .n_offsets = (uint32_t)offsets->dims[0],
                               .offsets = (const int32_t *)(const void *)offsets->data,
                               .ids = (const int32_t *)(const void *)ids->data,
                               .n_ids = (size_t)ids->dims[0]};
    return TOLKA_OK;
}

tolka_status model_bind_gguf(struct model *model, const struct config *config,
                             const struct gguf *gguf, tolka_error *err) {
    const struct weight_provider weights = {find_in_gguf, (void *)gguf};
    tolka_status status = model_bind(model, config, &weights, err);
    if (status == TOLKA_OK) {
        status = find_shortlist(&model->shortlist, config, gguf, err);
        if (status != TOLKA_OK) model_unbind(model);
    }
    return status;
}
