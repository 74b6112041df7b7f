#include "models/convert/import_model.h"

#include "models/convert/import_roles.h"

#include <stdlib.h>

static void *own(struct import *import, size_t n, size_t width) {
    void **grown = realloc(import->owned, (import->n_owned + 1) * sizeof *grown);
    if (!grown) return NULL;
    import->owned = grown;
    return import->owned[import->n_owned++] = calloc(n, width);
}

/* Checkpoints above this size are not kept in memory while their references are computed. */
static bool is_large_and_mapped(const struct source *source, const struct source_tensor *tensor) {
    const size_t large = (size_t)64 << 20;
    size_t n_bytes = 0;
    bool mapped = false;
    for (size_t i = 0; i < source->n_maps; i++) {
        const struct map *map = &source->maps[i];
        n_bytes += map->n_bytes;
        mapped |= (uintptr_t)tensor->data - (uintptr_t)map->bytes < map->n_bytes;
    }
    return mapped && n_bytes > large;
}

/* Row-major data of a type that the engine computes with needs no copy. */
static bool can_view(const struct role_source *source, const struct role *role, enum dtype *type) {
    const struct source_tensor *tensor = source->tensor;
    return role->kind != ROLE_VECTOR && !source->transposed && !source->panels &&
           source_is_contiguous(tensor) && to_dtype(tensor->type, type) &&
           (*type != DTYPE_I8 || tensor->scale);
}

static tolka_status no_memory(const struct role *role, tolka_error *err) {
    return fail(err, TOLKA_NOMEM, "out of memory for tensor %s", role->name);
}

static tolka_status view(struct import *import, const struct role_source *source, enum dtype type,
                         const struct role *role, struct matrix *matrix, tolka_error *err) {
    const struct source_tensor *tensor = source->tensor;
    size_t row = tensor->n_bytes / tensor->dims[0];
    *matrix = (struct matrix){.read_once = is_large_and_mapped(&import->source, tensor),
                              .type = type,
                              .n_out = role->n_out,
                              .n_in = role->n_in,
                              .data = tensor->data + source->first * row};
    if (type != DTYPE_I8) return TOLKA_OK;
    float *scale = own(import, role->n_out, sizeof *scale);
    if (!scale) return no_memory(role, err);
    for (size_t o = 0; o < role->n_out; o++)
        scale[o] = tensor->scale[tensor->n_scales == 1 ? 0 : source->first + o];
    matrix->scale = scale;
    return TOLKA_OK;
}

static tolka_status copy(struct import *import, const struct role_source *source,
                         const struct role *role, struct matrix *matrix, tolka_error *err) {
    tolka_status status = TOLKA_OK;
    float *rows = own(import, role->n_out * role->n_in, sizeof *rows);
    if (!rows) return no_memory(role, err);
    size_t n_rows = role->kind == ROLE_VECTOR ? 1 : role->n_out;
    for (size_t r = 0; r < n_rows && status == TOLKA_OK; r++)
        status = import_read(source, role, r, rows + r * role->n_in, err);
    *matrix =
        (struct matrix){.type = DTYPE_F32, .n_out = role->n_out, .n_in = role->n_in, .data = rows};
    return status;
}

static tolka_status find_weights(void *user, const struct role *role, struct matrix *matrix,
                                 tolka_error *err) {
    struct import *import = user;
    struct role_source source;
    enum dtype type;
    tolka_status status = import_find(import, role, &source, err);
    if (status != TOLKA_OK) return status;
    return can_view(&source, role, &type) ? view(import, &source, type, role, matrix, err)
                                          : copy(import, &source, role, matrix, err);
}

tolka_status import_bind(struct import *import, struct model *model, tolka_error *err) {
    const struct weight_provider weights = {find_weights, import};
    return model_bind(model, &import->config, &weights, err);
}
