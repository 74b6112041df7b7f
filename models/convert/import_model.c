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
static bool view(struct import *import, const struct role_source *source, const struct role *role,
                 struct matrix *matrix) {
    const struct source_tensor *tensor = source->tensor;
    enum dtype type;
    if (role->kind == ROLE_VECTOR || source->transposed || source->panels ||
        !source_is_contiguous(tensor) || !to_dtype(tensor->type, &type))
        return false;
    size_t row = tensor->n_bytes / tensor->dims[0];
    *matrix = (struct matrix){.read_once = is_large_and_mapped(&import->source, tensor),
                              .type = type,
                              .n_out = role->n_out,
                              .n_in = role->n_in,
                              .data = tensor->data + source->first * row};
    if (type != DTYPE_I8) return true;
    float *scale = own(import, role->n_out, sizeof *scale);
    if (!scale || !tensor->scale) return false;
    for (size_t o = 0; o < role->n_out; o++)
        scale[o] = tensor->scale[tensor->n_scales == 1 ? 0 : source->first + o];
    matrix->scale = scale;
    return true;
}

static tolka_status find_weights(void *user, const struct role *role, struct matrix *matrix,
                                 tolka_error *err) {
    struct import *import = user;
    struct role_source source;
    tolka_status status = import_find(import, role, &source, err);
    if (status != TOLKA_OK || view(import, &source, role, matrix)) return status;
    float *rows = own(import, role->n_out * role->n_in, sizeof *rows);
    if (!rows) return fail(err, TOLKA_NOMEM, "out of memory for tensor %s", role->name);
    size_t n_rows = role->kind == ROLE_VECTOR ? 1 : role->n_out;
    for (size_t r = 0; r < n_rows && status == TOLKA_OK; r++)
        status = import_read(&source, role, r, rows + r * role->n_in, err);
    *matrix =
        (struct matrix){.type = DTYPE_F32, .n_out = role->n_out, .n_in = role->n_in, .data = rows};
    return status;
}

tolka_status import_bind(struct import *import, struct model *model, tolka_error *err) {
    const struct weight_provider weights = {find_weights, import};
    return model_bind(model, &import->config, &weights, err);
}
