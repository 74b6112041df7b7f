#define _POSIX_C_SOURCE 200809L
#include "models/convert/beside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Some uploads hold the model without its output layer, which is called "model" elsewhere:
 * "encoder.layers.0..." for "model.encoder.layers.0...". */
static const struct source_tensor *find_tensor(const struct import *import, const char *name) {
    static const char prefix[] = "model.";
    const struct source_tensor *tensor = source_find(&import->source, name);
    if (tensor || strncmp(name, prefix, sizeof prefix - 1) != 0) return tensor;
    return source_find(&import->source, name + sizeof prefix - 1);
}

/* ---- what a family is shown ------------------------------------------------------------------ */

static bool show_tensor(const void *user, const char *name, uint32_t *rank, const uint64_t **dims) {
    const struct import *import = user;
    const struct source_tensor *tensor = find_tensor(import, name);
    if (!tensor) return false;
    *rank = tensor->rank;
    *dims = tensor->dims;
    return true;
}

static bool read_rows_equal(const struct source_tensor *a, const struct source_tensor *b) {
    uint64_t n = a->dims[1];
    float *row_a = malloc(n * sizeof *row_a), *row_b = malloc(n * sizeof *row_b);
    bool equal = row_a && row_b;
    for (uint64_t r = 0; equal && r < a->dims[0]; r++) {
        source_read_row(a, r, false, row_a);
        source_read_row(b, r, false, row_b);
        equal = memcmp(row_a, row_b, n * sizeof *row_a) == 0;
    }
    free(row_a);
    free(row_b);
    return equal;
}

static bool show_same(const void *user, const char *a, const char *b) {
    const struct import *import = user;
    const struct source_tensor *x = find_tensor(import, a);
    const struct source_tensor *y = find_tensor(import, b);
    if (!x || !y || x->rank != 2 || y->rank != 2 || x->dims[0] != y->dims[0] ||
        x->dims[1] != y->dims[1])
        return false;
    return x->data == y->data || read_rows_equal(x, y);
}

static bool show_row(const void *user, const char *name, uint64_t row, size_t n, float *out) {
    const struct import *import = user;
    const struct source_tensor *tensor = find_tensor(import, name);
    if (!tensor || tensor->rank > 2) return false;
    uint64_t rows = tensor->rank == 2 ? tensor->dims[0] : 1;
    uint64_t columns = tensor->rank == 0 ? 1 : tensor->dims[tensor->rank - 1];
    if (row >= rows || columns != n) return false;
    source_read_row(tensor, row, false, out);
    return true;
}

static const char *show_type(const void *user, const char *name) {
    const struct import *import = user;
    const struct source_tensor *tensor = find_tensor(import, name);
    return tensor ? tensor->type_name : "";
}

static bool show_file(const void *user, const char *names) {
    char *path = import_file(user, names);
    free(path);
    return path != NULL;
}

/* Vocabularies are read when they are first asked for, so this changes the import it is shown. */
static int32_t show_token(const void *user, const char *vocabulary, const char *token) {
    return import_token((struct import *)user, vocabulary, token);
}

static void __attribute__((format(printf, 2, 3)))
show_warning(const void *user, const char *format, ...) {
    const struct import *import = user;
    if (import->options.quiet) return;
    va_list args;
    va_start(args, format);
    fputs("tolka: warning: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

/* ---- settings and family --------------------------------------------------------------------- */

static tolka_status open_beside(const struct import *import, const char *name, bool required,
                                struct settings **out, tolka_error *err) {
    char *path = import_path(import, name);
    if (!path) return fail(err, TOLKA_NOMEM, "out of memory");
    tolka_status status = settings_open(out, path, required, err);
    free(path);
    return status;
}

/* "general.architecture"; NULL: a file with weights alone. */
static const struct gguf_value *gguf_architecture(const struct source *source) {
    const struct gguf_value *value = gguf_find(&source->gguf, "general.architecture");
    return value && value->type == GGUF_STRING ? value : NULL;
}

static tolka_status open_yaml(struct settings **out, const char *path, tolka_error *err) {
    struct map map;
    tolka_status status = map_open(&map, path, err);
    if (status != TOLKA_OK) return status;
    status = settings_parse_yaml(out, (const char *)map.bytes, map.n_bytes, path, err);
    map_close(&map);
    return status;
}

/* Marian keeps the model's settings in the weights; how to search with it is said by the file that
 * marian-decoder is called with. */
static tolka_status open_marian_settings(struct import *import, tolka_error *err) {
    static const char usual[] = "decoder.yml|*decoder.yml|config.yml";
    const struct source *source = &import->source;
    const char *yml = source->model_yml ? source->model_yml : "";
    char *path =
        import->options.config ? strdup(import->options.config) : import_file(import, usual);
    tolka_status status =
        settings_parse_yaml(&import->config_json, yml, strlen(yml), source->weights_path, err);
    if (status == TOLKA_OK)
        status = path ? open_yaml(&import->generation_json, path, err)
                      : settings_parse(&import->generation_json, "{}", 2, "decoder.yml", err);
    if (status == TOLKA_OK)
        status = settings_parse(&import->tokenizer_json, "{}", 2, "tokenizer_config.json", err);
    free(path);
    return status;
}

static tolka_status open_settings(struct import *import, tolka_error *err) {
    const struct source *source = &import->source;
    bool hugging = source->kind == SOURCE_SAFETENSORS || source->kind == SOURCE_PYTORCH ||
                   (source->kind == SOURCE_GGUF && !gguf_architecture(source));
    tolka_status status;
    if (source->kind == SOURCE_NPZ || source->kind == SOURCE_MARIAN_BIN)
        return open_marian_settings(import, err);
    if (import->options.config)
        status = settings_open(&import->config_json, import->options.config, true, err);
    else
        status = open_beside(import, "config.json", hugging, &import->config_json, err);
    if (status == TOLKA_OK)
        status =
            open_beside(import, "generation_config.json", false, &import->generation_json, err);
    if (status == TOLKA_OK)
        status = open_beside(import, "tokenizer_config.json", false, &import->tokenizer_json, err);
    return status;
}

static const struct family *family_by_name(const char *name) {
    for (size_t i = 0; families[i]; i++)
        if (strcmp(families[i]->name, name) == 0) return families[i];
    return NULL;
}

static const struct family *family_by_type(const char *model_type) {
    for (size_t i = 0; families[i]; i++)
        for (const char *const *type = families[i]->model_types; *type; type++)
            if (strcmp(*type, model_type) == 0) return families[i];
    return NULL;
}

/* Files that carry all that there is to know. */
static tolka_status choose_by_architecture(struct import *import, const struct gguf_value *value,
                                           tolka_error *err) {
    struct gguf_string name = {(const char *)value->data, value->n_bytes};
    if (gguf_string_equals(name, "t5")) import->family = &family_t5_gguf;
    if (gguf_string_equals(name, "tolka")) import->family = &family_tolka;
    if (import->family) return TOLKA_OK;
    return fail(err, TOLKA_UNSUPPORTED,
                "%s: a GGUF file of architecture \"%.*s\"; tolka runs encoder-decoder models "
                "(\"tolka\", \"t5\")",
                import->source.weights_path, (int)(name.length < 40 ? name.length : 40),
                name.bytes);
}

static tolka_status choose_family(struct import *import, tolka_error *err) {
    const char *path = import->source.weights_path;
    if (import->options.family) {
        import->family = family_by_name(import->options.family);
        if (!import->family)
            return fail(err, TOLKA_ARGUMENT, "no family is called \"%s\"", import->options.family);
        return TOLKA_OK;
    }
    const struct gguf_value *architecture = gguf_architecture(&import->source);
    if (architecture) return choose_by_architecture(import, architecture, err);
    const char *type = NULL;
    switch (import->source.kind) {
    case SOURCE_NPZ:
    case SOURCE_MARIAN_BIN:
        type = "marian-native";
        break;
    case SOURCE_CTRANSLATE2:
        type = "ctranslate2";
        break;
    case SOURCE_GGUF:
    case SOURCE_SAFETENSORS:
    case SOURCE_PYTORCH: {
        tolka_status status = settings_string(import->config_json, "model_type", NULL, &type, err);
        if (status == TOLKA_OK && !type)
            status = settings_string(import->config_json, "architectures.0", NULL, &type, err);
        if (status != TOLKA_OK) return status;
    }
    }
    import->family = type ? family_by_type(type) : NULL;
    if (import->family) return TOLKA_OK;
    if (!type)
        return fail(err, TOLKA_FORMAT,
                    "%s: the config.json beside it has no model_type; --family "
                    "names the family",
                    path);
    return fail(err, TOLKA_UNSUPPORTED, "%s: tolka has no family for model_type \"%s\"", path,
                type);
}

static void show_checkpoint(struct import *import) {
    import->checkpoint = (struct checkpoint){.name = import->source.weights_path,
                                             .config = import->config_json,
                                             .generation = import->generation_json,
                                             .tokenizer = import->tokenizer_json,
                                             .tensor = show_tensor,
                                             .same = show_same,
                                             .row = show_row,
                                             .type = show_type,
                                             .file = show_file,
                                             .token = show_token,
                                             .spec = import->source.spec_name,
                                             .warn = show_warning,
                                             .user = import};
    if (import->source.kind == SOURCE_GGUF) import->checkpoint.gguf = &import->source.gguf;
}

static tolka_status check_role(void *user, const struct role *role, tolka_error *err) {
    struct role_source found;
    return import_find(user, role, &found, err);
}

tolka_status import_open(struct import *import, const char *path,
                         const struct import_options *options, tolka_error *err) {
    *import = (struct import){.options = *options};
    tolka_status status = source_open(&import->source, path, err);
    if (status != TOLKA_OK) return status;
    status = open_settings(import, err);
    if (status == TOLKA_OK) status = choose_family(import, err);
    show_checkpoint(import);
    if (status == TOLKA_OK)
        status =
            import->family->configure(&import->checkpoint, &import->config, &import->plan, err);
    if (status == TOLKA_OK)
        status = config_check(&import->config, import->source.weights_path, err);
    if (status == TOLKA_OK) status = for_each_role(&import->config, check_role, import, err);
    if (status != TOLKA_OK) import_close(import);
    return status;
}

void import_close(struct import *import) {
    for (size_t i = 0; i < import->n_owned; i++) free(import->owned[i]);
    free(import->owned);
    import_close_vocabularies(import);
    settings_free(import->config_json);
    settings_free(import->generation_json);
    settings_free(import->tokenizer_json);
    source_close(&import->source);
    *import = (struct import){0};
}

/* ---- roles in the source --------------------------------------------------------------------- */

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

static bool to_dtype(enum source_dtype from, enum dtype *to) {
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

static bool is_panels(const struct import *import, const struct role *role,
                      const struct source_tensor *tensor) {
    enum dtype type;
    if (import->family != &family_tolka || !to_dtype(tensor->type, &type) || type == DTYPE_Q8_0 ||
        role->kind != ROLE_MATRIX || tensor->rank != 2)
        return false;
    if (type == DTYPE_I8 && tensor->n_scales < role->n_out) return false;
    uint64_t inner = matrix_tiles(type, role->n_in) * (TILE_BYTES / dtype_width(type));
    return tensor->dims[0] == matrix_panels(role->n_out) && tensor->dims[1] == inner;
}

tolka_status import_find(const struct import *import, const struct role *role,
                         struct role_source *found, tolka_error *err) {
    char name[256];
    const struct tensor_rule *rule;
    if (!family_find(import->family, &import->checkpoint, role, name, &rule))
        return fail(err, TOLKA_FORMAT, "%s: no tensor for %s (%s model)",
                    import->source.weights_path, role->name, import->family->name);
    const struct source_tensor *tensor = find_tensor(import, name);
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
    if (import->family == &family_tolka && tensor->type == SOURCE_I8 &&
        tensor->n_scales != tensor->dims[0])
        return fail(err, TOLKA_FORMAT, "%s: tensor %s is int8 with %zu scales for %llu rows",
                    import->source.weights_path, name, tensor->n_scales,
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
    to_dtype(source->tensor->type, &matrix.type);
    matrix_read_row(&matrix, r, out);
}

tolka_status import_read(const struct role_source *source, const struct role *role, uint64_t r,
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

/* ---- a model over the source ----------------------------------------------------------------- */

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
