#include "models/convert/import_shown.h"

#include "models/convert/beside.h"
#include "models/convert/say.h"

#include <stdlib.h>
#include <string.h>

/* Some uploads hold the model without its output layer, which is called "model" elsewhere:
 * "encoder.layers.0..." for "model.encoder.layers.0...". */
const struct source_tensor *import_tensor(const struct import *import, const char *name) {
    static const char prefix[] = "model.";
    const struct source_tensor *tensor = source_find(&import->source, name);
    if (tensor || strncmp(name, prefix, sizeof prefix - 1) != 0) return tensor;
    return source_find(&import->source, name + sizeof prefix - 1);
}

static bool show_tensor(const void *user, const char *name, uint32_t *rank, const uint64_t **dims) {
    const struct import *import = user;
    const struct source_tensor *tensor = import_tensor(import, name);
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
    const struct source_tensor *x = import_tensor(import, a);
    const struct source_tensor *y = import_tensor(import, b);
    if (!x || !y || x->rank != 2 || y->rank != 2 || x->dims[0] != y->dims[0] ||
        x->dims[1] != y->dims[1])
        return false;
    return x->data == y->data || read_rows_equal(x, y);
}

static bool show_row(const void *user, const char *name, uint64_t row, size_t n, float *out) {
    const struct import *import = user;
    const struct source_tensor *tensor = import_tensor(import, name);
    if (!tensor || tensor->rank > 2) return false;
    uint64_t rows = tensor->rank == 2 ? tensor->dims[0] : 1;
    uint64_t columns = tensor->rank == 0 ? 1 : tensor->dims[tensor->rank - 1];
    if (row >= rows || columns != n) return false;
    source_read_row(tensor, row, false, out);
    return true;
}

static const char *show_type(const void *user, const char *name) {
    const struct import *import = user;
    const struct source_tensor *tensor = import_tensor(import, name);
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

void import_show(struct import *import) {
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
                                             .warn = import_warn,
                                             .user = import};
    if (import->source.settings == SETTINGS_GGUF) import->checkpoint.gguf = &import->source.gguf;
}
