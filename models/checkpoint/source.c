/* The list of tensors that every reader fills, and access to their numbers. */
#include "models/checkpoint/source.h"

#include "engine/bytes.h"
#include "engine/kernels/ggml_blocks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_TENSORS = 1 << 20,
    STRIDES_UNSET = -1, /* what source_add leaves in strides[0], until source_sort */
};

/* ---- what lives as long as the source -------------------------------------------------------- */

/* Room for one more: capacities are powers of two, so a count that is one means the array is full.
 */
static void *grow(void *array, size_t n, size_t width) {
    if ((n & (n - 1)) != 0) return array;
    size_t capacity = n == 0 ? 1 : 2 * n;
    return capacity > SIZE_MAX / width ? NULL : realloc(array, capacity * width);
}

void *source_own(struct source *source, void *memory) {
    if (!memory) return NULL;
    void **owned = grow(source->owned, source->n_owned, sizeof *owned);
    if (!owned) {
        free(memory);
        return NULL;
    }
    source->owned = owned;
    owned[source->n_owned++] = memory;
    return memory;
}

tolka_status source_map(struct source *source, const char *path, struct map *map,
                        tolka_error *err) {
    *map = (struct map){0};
    struct map *maps = grow(source->maps, source->n_maps, sizeof *maps);
    if (!maps) return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    source->maps = maps;
    tolka_status status = map_open(map, path, err);
    if (status == TOLKA_OK) maps[source->n_maps++] = *map;
    return status;
}

void source_close(struct source *source) {
    for (size_t i = 0; i < source->n_tensors; i++) free(source->tensors[i].name);
    free(source->tensors);
    for (size_t i = 0; i < source->n_owned; i++) free(source->owned[i]);
    free(source->owned);
    for (size_t i = 0; i < source->n_maps; i++) map_close(&source->maps[i]);
    free(source->maps);
    gguf_free(&source->gguf);
    free(source->directory);
    free(source->weights_path);
    free(source->left_aside);
    scratch_free(source->scratch);
    free(source->model_yml);
    free(source->spec_name);
    free(source->pickled_settings);
    *source = (struct source){0};
}

/* ---- the list -------------------------------------------------------------------------------- */

struct source_tensor *source_add(struct source *source, const char *name, size_t name_length) {
    if (source->n_tensors == MAX_TENSORS) return NULL;
    if (source->n_tensors == source->capacity) {
        size_t capacity = source->capacity ? 2 * source->capacity : 64;
        struct source_tensor *tensors = realloc(source->tensors, capacity * sizeof *tensors);
        if (!tensors) return NULL;
        source->tensors = tensors;
        source->capacity = capacity;
    }
    char *copy = malloc(name_length + 1);
    if (!copy) return NULL;
    memcpy(copy, name, name_length);
    copy[name_length] = '\0';
    struct source_tensor *tensor = &source->tensors[source->n_tensors++];
    *tensor = (struct source_tensor){.name = copy, .shares = -1, .strides = {STRIDES_UNSET}};
    return tensor;
}

void source_set_type(struct source_tensor *tensor, enum source_dtype type, const char *name) {
    tensor->type = type;
    snprintf(tensor->type_name, sizeof tensor->type_name, "%.11s", name);
}

void source_set_row_major(struct source_tensor *tensor) {
    uint64_t stride = 1;
    for (uint32_t d = tensor->rank; d-- > 0;) {
        tensor->strides[d] = (int64_t)stride;
        stride *= tensor->dims[d];
    }
}

static size_t element_width(enum source_dtype type) {
    switch (type) {
    case SOURCE_F64:
    case SOURCE_I64:
        return 8;
    case SOURCE_F32:
    case SOURCE_I32:
        return 4;
    case SOURCE_F16:
    case SOURCE_BF16:
    case SOURCE_I16:
        return 2;
    default:
        return 1;
    }
}

/* The one place that sizes tensors, whatever container they come from: afterwards the product of
 * dims, and that times the width of a number, fit. A view may show one stored number many times
 * (a stride of 0): no weight does, and it would let a few bytes become any number of rows. */
static tolka_status check_size(const struct source_tensor *tensor, const char *path,
                               tolka_error *err) {
    uint64_t elements, most = tensor->n_bytes;
    bool in_blocks = tensor->type == SOURCE_OTHER || tensor->type == SOURCE_BLOCKS;
    if (in_blocks && !multiply(most, 8, &most)) most = UINT64_MAX; /* a bit each, at least */
    if (!in_blocks) most /= element_width(tensor->type);
    if (product_of(tensor->dims, tensor->rank, &elements) && elements <= INT64_MAX / 8 &&
        elements <= most)
        return TOLKA_OK;
    return fail(err, TOLKA_FORMAT, "%s: tensor %s has more numbers than its %zu bytes hold", path,
                tensor->name, tensor->n_bytes);
}

static tolka_status check_tensors(const struct source *source, const char *path, tolka_error *err) {
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < source->n_tensors && status == TOLKA_OK; i++)
        status = check_size(&source->tensors[i], path, err);
    return status;
}

struct sort_entry {
    struct source_tensor tensor;
    int32_t storage; /* the same for all tensors that share memory */
};

static int compare_entries(const void *a, const void *b) {
    const struct sort_entry *left = a, *right = b;
    return strcmp(left->tensor.name, right->tensor.name);
}

/* `shares` holds positions, which sorting changes: afterwards the first of each group in the new
 * order is the one that the others refer to. */
static void renumber_shares(struct source *source, struct sort_entry *entries, int32_t *first) {
    for (size_t i = 0; i < source->n_tensors; i++) first[i] = -1;
    for (size_t i = 0; i < source->n_tensors; i++) {
        int32_t storage = entries[i].storage;
        entries[i].tensor.shares = first[storage];
        if (first[storage] < 0) first[storage] = (int32_t)i;
        source->tensors[i] = entries[i].tensor;
    }
}

tolka_status source_sort(struct source *source, tolka_error *err) {
    size_t n = source->n_tensors;
    const char *path = source->weights_path ? source->weights_path : "checkpoint";
    tolka_status status = check_tensors(source, path, err);
    if (n == 0 || status != TOLKA_OK) return status;
    struct sort_entry *entries = calloc(n, sizeof *entries);
    int32_t *first = calloc(n, sizeof *first);
    if (!entries || !first) {
        free(entries);
        free(first);
        return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    }
    for (size_t i = 0; i < n; i++) {
        int32_t shares = source->tensors[i].shares;
        if (source->tensors[i].strides[0] == STRIDES_UNSET)
            source_set_row_major(&source->tensors[i]);
        entries[i].tensor = source->tensors[i];
        /* An earlier tensor's group is known by now. */
        entries[i].storage =
            shares >= 0 && (size_t)shares < i ? entries[shares].storage : (int32_t)i;
    }
    qsort(entries, n, sizeof *entries, compare_entries);
    renumber_shares(source, entries, first);
    free(entries);
    free(first);
    for (size_t i = 1; i < n; i++)
        if (strcmp(source->tensors[i - 1].name, source->tensors[i].name) == 0)
            return fail(err, TOLKA_FORMAT, "%s: there are two tensors named %s", path,
                        source->tensors[i].name);
    return TOLKA_OK;
}

const struct source_tensor *source_find(const struct source *source, const char *name) {
    size_t low = 0, high = source->n_tensors;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(source->tensors[middle].name, name);
        if (order == 0) return &source->tensors[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* ---- numbers --------------------------------------------------------------------------------- */

uint64_t source_elements(const struct source_tensor *tensor) {
    uint64_t elements = 1;
    for (uint32_t d = 0; d < tensor->rank; d++) elements *= tensor->dims[d];
    return elements;
}

bool source_is_contiguous(const struct source_tensor *tensor) {
    if (source_elements(tensor) == 0) return true;
    int64_t expected = 1;
    for (uint32_t d = tensor->rank; d-- > 0;) {
        if (tensor->dims[d] != 1 && tensor->strides[d] != expected) return false;
        expected *= (int64_t)tensor->dims[d];
    }
    return true;
}

static double load_integer(enum source_dtype type, const uint8_t *p) {
    switch (type) {
    case SOURCE_I8:
        return (int8_t)p[0];
    case SOURCE_U8:
        return p[0];
    case SOURCE_I16:
        return (int16_t)load_u16(p);
    case SOURCE_I32:
        return (int32_t)load_u32(p);
    default:
        return (double)(int64_t)load_u64(p);
    }
}

static float load_double(const uint8_t *p) {
    union {
        uint64_t bits;
        double value;
    } u = {load_u64(p)};
    return (float)u.value;
}

static float load_block_element(const uint8_t *blocks, size_t at) {
    const uint8_t *block = blocks + at / 32 * 34;
    return half_to_float(load_u16(block)) * (float)(int8_t)block[2 + at % 32];
}

/* Rows start with a block, but a column may be asked for, too. */
static void read_blocks(const struct source_tensor *tensor, int64_t at, int64_t step, uint64_t n,
                        float *out) {
    float block[GGML_LONGEST_BLOCK];
    size_t length = 1, bytes = 0, decoded = SIZE_MAX;
    gguf_block(tensor->ggml_type, &length, &bytes);
    for (uint64_t i = 0; i < n; i++, at += step) {
        size_t index = (size_t)at / length;
        if (index != decoded)
            ggml_decode(tensor->ggml_type, tensor->data + index * bytes, length, block);
        decoded = index;
        out[i] = block[(size_t)at % length];
    }
}

/* Elements at, at + step, at + 2 step ... as floats, without scales. */
static void read_elements(const struct source_tensor *tensor, int64_t at, int64_t step, uint64_t n,
                          float *out) {
    enum source_dtype type = tensor->type;
    if (type == SOURCE_Q8_0) {
        for (uint64_t i = 0; i < n; i++, at += step)
            out[i] = load_block_element(tensor->data, (size_t)at);
        return;
    }
    if (type == SOURCE_BLOCKS) {
        read_blocks(tensor, at, step, n, out);
        return;
    }
    int64_t width = (int64_t)element_width(type);
    if (type == SOURCE_F32 && step == 1) {
        memcpy(out, tensor->data + at * width, (size_t)n * sizeof *out);
        return;
    }
    for (uint64_t i = 0; i < n; i++, at += step) {
        const uint8_t *p = tensor->data + at * width;
        switch (type) {
        case SOURCE_F32:
            memcpy(&out[i], p, sizeof *out);
            break;
        case SOURCE_F16:
            out[i] = half_to_float(load_u16(p));
            break;
        case SOURCE_BF16:
            out[i] = bf16_to_float(load_u16(p));
            break;
        case SOURCE_F64:
            out[i] = load_double(p);
            break;
        case SOURCE_OTHER:
            out[i] = 0;
            break;
        default:
            out[i] = (float)load_integer(type, p);
            break;
        }
    }
}

/* Where row `row` starts: all dimensions but the last, taken as one. */
static int64_t row_start(const struct source_tensor *tensor, uint64_t row) {
    int64_t at = 0;
    for (uint32_t d = tensor->rank - 1; d-- > 0;) {
        at += (int64_t)(row % tensor->dims[d]) * tensor->strides[d];
        row /= tensor->dims[d];
    }
    return at;
}

void source_read_row(const struct source_tensor *tensor, uint64_t row, bool transposed,
                     float *out) {
    uint32_t rank = tensor->rank;
    if (source_elements(tensor) == 0) return;
    const float *scale = tensor->scale;
    if (rank == 2 && transposed) {
        uint64_t n = tensor->dims[0];
        read_elements(tensor, (int64_t)row * tensor->strides[1], tensor->strides[0], n, out);
        for (uint64_t i = 0; scale && i < n; i++) out[i] *= scale[tensor->n_scales == n ? i : 0];
        return;
    }
    uint64_t n = rank == 0 ? 1 : tensor->dims[rank - 1];
    read_elements(tensor, rank < 2 ? 0 : row_start(tensor, row),
                  rank == 0 ? 1 : tensor->strides[rank - 1], n, out);
    if (!scale) return;
    bool per_element = rank == 1 && tensor->n_scales == n;
    bool per_row = rank >= 2 && tensor->n_scales == tensor->dims[0];
    if (per_row) row /= source_elements(tensor) / n / tensor->dims[0];
    for (uint64_t i = 0; i < n; i++) out[i] *= scale[per_element ? i : per_row ? row : 0];
}
