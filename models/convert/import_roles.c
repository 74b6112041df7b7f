#include "models/convert/import_roles.h"

#include "models/convert/import_shown.h"
#include "models/families.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tolka_status wrong_shape(const struct import *import, const struct role *role,
                                const struct source_tensor *tensor, tolka_error *err) {
    char dims[128] = "", *at = dims;
    for (uint32_t i = 0; i < tensor->rank && i < 4; i++)
        at += snprintf(at, (size_t)(dims + sizeof dims - at), "%s%llu", i ? ", " : "",
                       (unsigned long long)tensor->dims[i]);
    return fail(err, TOLKA_FORMAT, "%s: tensor %s has shape [%s]; expected [%zu, %zu] for %s",
                import->source.weights_path, tensor->name, dims, role->n_out, role->n_in,
                role->name);
}

bool to_dtype(enum source_dtype from, enum dtype *to) {
    static const struct {
        enum source_dtype from;
        enum dtype to;
    } types[] = {{SOURCE_F32, DTYPE_F32},
                 {SOURCE_F16, DTYPE_F16},
                 {SOURCE_BF16, DTYPE_BF16},
                 {SOURCE_I8, DTYPE_I8},
                 {SOURCE_Q8_0, DTYPE_Q8_0}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].from == from) return *to = types[i].to, true;
    return false;
}

/* What the kernels read in panels: Q4_0 in no other way, Q8_0 not at all. */
static bool panel_type(const struct source_tensor *tensor, enum dtype *type) {
    if (tensor->type == SOURCE_BLOCKS && tensor->ggml_type == DTYPE_Q4_0)
        return *type = DTYPE_Q4_0, true;
    return to_dtype(tensor->type, type) && *type != DTYPE_Q8_0;
}

/* A single panel is written without its outer dimension. */
static bool is_panels(const struct import *import, const struct role *role,
                      const struct source_tensor *tensor) {
    enum dtype type;
    if (import->family != &family_tolka || !panel_type(tensor, &type) ||
        role->kind != ROLE_MATRIX || tensor->rank < 1 || tensor->rank > 2)
        return false;
    if (type == DTYPE_I8 && tensor->n_scales < role->n_out) return false;
    uint64_t panels = tensor->rank == 2 ? tensor->dims[0] : 1;
    return panels == matrix_panels(role->n_out) &&
           tensor->dims[tensor->rank - 1] == matrix_panel_elements(type, role->n_in);
}

/* One for all rows, or one a row; int8 means nothing without them. */
static bool has_scales(const struct source_tensor *tensor) {
    if (!tensor->scale) return tensor->type != SOURCE_I8;
    return tensor->n_scales == 1 || tensor->n_scales == tensor->dims[0];
}

tolka_status import_find(const struct import *import, const struct role *role,
                         struct role_source *found, tolka_error *err) {
    char name[256];
    const struct tensor_rule *rule;
    if (!family_find(import->family, &import->checkpoint, role, name, &rule))
        return fail(err, TOLKA_FORMAT, "%s: no tensor for %s (%s model)",
                    import->source.weights_path, role->name, import->family->name);
    const struct source_tensor *tensor = import_tensor(import, name);
    if (tensor->type == SOURCE_OTHER)
        return fail(err, TOLKA_UNSUPPORTED, "%s: tensor %s is %s, which tolka does not convert",
                    import->source.weights_path, name, tensor->type_name);
    uint64_t parts = rule->n_parts ? rule->n_parts : 1;
    *found = (struct role_source){.tensor = tensor,
                                  .first = rule->part * role->n_out,
                                  .transposed = rule->transposed,
                                  .panels = is_panels(import, role, tensor)};
    if (found->panels) return TOLKA_OK;
    if (role->kind == ROLE_VECTOR)
        return source_elements(tensor) == parts * role->n_out && tensor->rank <= 2 &&
                       (tensor->rank < 2 || tensor->dims[0] == 1)
                   ? TOLKA_OK
                   : wrong_shape(import, role, tensor, err);
    uint64_t rows = parts * role->n_out, columns = role->n_in;
    bool fits = tensor->rank == 2 && tensor->dims[rule->transposed] == rows &&
                tensor->dims[!rule->transposed] == columns;
    if (!fits) return wrong_shape(import, role, tensor, err);
    if (!has_scales(tensor))
        return fail(err, TOLKA_FORMAT, "%s: tensor %s is %s with %zu scales for %llu rows",
                    import->source.weights_path, name, tensor->type_name, tensor->n_scales,
                    (unsigned long long)tensor->dims[0]);
    return TOLKA_OK;
}

static void read_panel_row(const struct role_source *source, const struct role *role, uint64_t r,
                           float *out) {
    struct matrix matrix = {.layout = LAYOUT_PANELS,
                            .n_out = role->n_out,
                            .n_in = role->n_in,
                            .data = source->tensor->data,
                            .scale = source->tensor->scale};
    panel_type(source->tensor, &matrix.type);
    matrix_read_row(&matrix, r, out);
}

static tolka_status read_row(const struct role_source *source, const struct role *role, uint64_t r,
                             float *out, tolka_error *err) {
    if (source->panels) {
        read_panel_row(source, role, r, out);
        return TOLKA_OK;
    }
    if (role->kind != ROLE_VECTOR) {
        source_read_row(source->tensor, source->first + r, source->transposed, out);
        return TOLKA_OK;
    }
    uint64_t n = source_elements(source->tensor);
    if (n == role->n_out) {
        source_read_row(source->tensor, 0, false, out);
        return TOLKA_OK;
    }
    float *whole = malloc(n * sizeof *whole);
    if (!whole) return fail(err, TOLKA_NOMEM, "out of memory");
    source_read_row(source->tensor, 0, false, whole);
    memcpy(out, whole + source->first, role->n_out * sizeof *out);
    free(whole);
    return TOLKA_OK;
}

/* One such weight would make every score that it touches mean nothing. */
tolka_status import_read(const struct role_source *source, const struct role *role, uint64_t r,
                         float *out, tolka_error *err) {
    size_t n = role->kind == ROLE_VECTOR ? role->n_out : role->n_in;
    tolka_status status = read_row(source, role, r, out, err);
    for (size_t i = 0; status == TOLKA_OK && i < n; i++)
        if (!isfinite(out[i]))
            status = fail(err, TOLKA_FORMAT, "tensor %s (%s): row %llu, column %zu is %s",
                          source->tensor->name, role->name, (unsigned long long)r, i,
                          isnan(out[i]) ? "not a number" : "infinite");
    return status;
}
