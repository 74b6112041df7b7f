/* Marian's own binary checkpoints, version 1: headers, names and shapes of all items, then their
 * bytes. Both forks' files are read: marian-dev's, and the one that Bergamot and Firefox use. */
#define _POSIX_C_SOURCE 200809L
#include "engine/cursor.h"
#include "models/checkpoint/containers.h"
#include "models/checkpoint/names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 4 * 8, MAX_RANK = 8 };

struct item_type {
    uint64_t code;
    enum source_dtype type;
    const char *name;
    bool quantized; /* one multiplier follows the elements */
};

/* The two forks number intgemm types differently, in files of the same version. */
static const struct item_type item_types[] = {
    {0x101, SOURCE_I8, "int8", false},      {0x102, SOURCE_I16, "int16", false},
    {0x104, SOURCE_I32, "int32", false},    {0x108, SOURCE_I64, "int64", false},
    {0x201, SOURCE_U8, "uint8", false},     {0x402, SOURCE_F16, "float16", false},
    {0x404, SOURCE_F32, "float32", false},  {0x408, SOURCE_F64, "float64", false},
    {0x4101, SOURCE_I8, "intgemm8", true},  {0x4102, SOURCE_I16, "intgemm16", true},
    {0x10001, SOURCE_I8, "intgemm8", true}, {0x10002, SOURCE_I16, "intgemm16", true},
    {0x202, SOURCE_OTHER, "uint16", false}, {0x204, SOURCE_OTHER, "uint32", false},
    {0x208, SOURCE_OTHER, "uint64", false},
};

/* Weights in the order of one kernel on one processor: the numbers cannot be told from the bytes.
 */
static const struct {
    uint64_t code;
    const char *name;
} packed_types[] = {
    {0x18001, "intgemm8, packed for SSSE3"},   {0x11001, "intgemm8, packed for AVX2"},
    {0x12001, "intgemm8, packed for AVX512"},  {0x13001, "intgemm8, packed for AVX512-VNNI"},
    {0x18002, "intgemm16, packed for SSE2"},   {0x11002, "intgemm16, packed for AVX2"},
    {0x12002, "intgemm16, packed for AVX512"}, {0x0802, "fbgemm 16 bit, packed"},
    {0x1801, "fbgemm 8 bit, packed"},          {0x2801, "fbgemm 8 bit, packed"},
};

struct item {
    const char *name;
    size_t name_length;
    const struct item_type *type;
    uint32_t rank;
    uint64_t dims[MAX_RANK];
    uint64_t elements;
    const uint8_t *data;
    uint64_t n_bytes; /* with the multiplier and padding */
};

struct reader {
    struct source *source;
    const char *path;
    struct cursor cursor;
    size_t n_items;
    struct item *items;
    float *scales; /* one an item */
};

static bool starts_with(const struct item *item, const char *text) {
    return item->name_length >= strlen(text) && memcmp(item->name, text, strlen(text)) == 0;
}

static size_t item_width(const struct item_type *type) {
    return type->code & 0xff; /* the low byte of every code */
}

static tolka_status cut_off(const struct reader *reader, const char *where, tolka_error *err) {
    return fail(err, TOLKA_FORMAT,
                "%s: the file is cut off or damaged: its %zu bytes end inside %s", reader->path,
                reader->cursor.n_bytes, where);
}

/* ---- headers --------------------------------------------------------------------------------- */

static tolka_status find_type(const struct reader *reader, struct item *item, uint64_t code,
                              tolka_error *err) {
    for (size_t i = 0; i < sizeof item_types / sizeof *item_types; i++)
        if (item_types[i].code == code) item->type = &item_types[i];
    if (item->type) return TOLKA_OK;
    for (size_t i = 0; i < sizeof packed_types / sizeof *packed_types; i++)
        if (packed_types[i].code == code)
            return fail(err, TOLKA_UNSUPPORTED,
                        "%s: item %s holds %s: an order that only that kernel can read; convert "
                        "the float32 or the plain intgemm8 file of this model",
                        reader->path, item->name, packed_types[i].name);
    return fail(err, TOLKA_FORMAT, "%s: item %s has type 0x%llx, which no Marian file has",
                reader->path, item->name, (unsigned long long)code);
}

/* Names stand behind all headers, so headers are walked again with the names known. */
static tolka_status read_name(struct reader *reader, struct item *item, uint64_t length,
                              size_t index, tolka_error *err) {
    const uint8_t *name = take(&reader->cursor, length);
    if (!name) return cut_off(reader, "the names", err);
    if (length == 0 || name[length - 1] != 0 ||
        !is_tensor_name((const char *)name, (size_t)length - 1))
        return fail(err, TOLKA_FORMAT,
                    "%s: the name of item %zu (%llu bytes) is not a name of 1 to 256 bytes ended "
                    "by a NUL",
                    reader->path, index, (unsigned long long)length);
    item->name = (const char *)name;
    item->name_length = (size_t)length - 1;
    return TOLKA_OK;
}

static tolka_status read_shape(struct reader *reader, struct item *item, uint64_t rank,
                               tolka_error *err) {
    if (rank > MAX_RANK)
        return fail(err, TOLKA_FORMAT, "%s: item %s has %llu dimensions, expected at most %d",
                    reader->path, item->name, (unsigned long long)rank, MAX_RANK);
    item->rank = (uint32_t)rank;
    for (uint32_t i = 0; i < item->rank; i++) {
        int32_t dim = (int32_t)take_u32(&reader->cursor);
        if (!reader->cursor.ok) return cut_off(reader, "the shapes", err);
        if (dim <= 0)
            return fail(err, TOLKA_FORMAT, "%s: item %s: dimension %u is %d, expected at least 1",
                        reader->path, item->name, i, dim);
        item->dims[i] = (uint64_t)dim;
    }
    if (!product_of(item->dims, item->rank, &item->elements))
        return fail(err, TOLKA_FORMAT, "%s: item %s is larger than any memory", reader->path,
                    item->name);
    return TOLKA_OK;
}

static tolka_status read_data(struct reader *reader, struct item *item, uint64_t n_bytes,
                              tolka_error *err) {
    uint64_t min_bytes;
    if (!multiply(item->elements, item_width(item->type), &min_bytes) || min_bytes > SIZE_MAX - 4 ||
        min_bytes + (item->type->quantized ? 4 : 0) > n_bytes)
        return fail(err, TOLKA_FORMAT,
                    "%s: item %s: its %llu elements (%s) do not fit in %llu bytes", reader->path,
                    item->name, (unsigned long long)item->elements, item->type->name,
                    (unsigned long long)n_bytes);
    item->n_bytes = n_bytes;
    item->data = take(&reader->cursor, n_bytes);
    if (!item->data)
        return fail(err, TOLKA_FORMAT,
                    "%s: the file is cut off or damaged: its %zu bytes end inside item %s",
                    reader->path, reader->cursor.n_bytes, item->name);
    return TOLKA_OK;
}

static tolka_status read_items(struct reader *reader, const uint8_t *headers, tolka_error *err) {
    tolka_status status = TOLKA_OK;
    struct item *items = reader->items;
    size_t n = reader->n_items;
    for (size_t i = 0; i < n && status == TOLKA_OK; i++)
        status = read_name(reader, &items[i], load_u64(headers + i * HEADER_BYTES), i, err);
    for (size_t i = 0; i < n && status == TOLKA_OK; i++) {
        const uint8_t *header = headers + i * HEADER_BYTES;
        status = find_type(reader, &items[i], load_u64(header + 8), err);
        if (status == TOLKA_OK) status = read_shape(reader, &items[i], load_u64(header + 16), err);
    }
    if (status != TOLKA_OK) return status;
    if (!take(&reader->cursor, take_u64(&reader->cursor)))
        return cut_off(reader, "the padding before the first item", err);
    for (size_t i = 0; i < n && status == TOLKA_OK; i++)
        status = read_data(reader, &items[i], load_u64(headers + i * HEADER_BYTES + 24), err);
    return status;
}

/* ---- items to tensors ------------------------------------------------------------------------ */

static tolka_status read_multiplier(const struct reader *reader, const struct item *item,
                                    float *scale, tolka_error *err) {
    float multiplier = load_f32(item->data + item->elements * item_width(item->type));
    *scale = 1.0f / multiplier;
    if (!(multiplier > 0) || !isfinite(multiplier) || !isfinite(*scale))
        return fail(err, TOLKA_FORMAT, "%s: item %s: its multiplier is %g, expected more than 0",
                    reader->path, item->name, (double)multiplier);
    return TOLKA_OK;
}

/* Quantized matrices lie transposed under the header of the float matrix; tables of embeddings
 * (and what is named after them) do not. */
static tolka_status place_quantized(const struct reader *reader, const struct item *item,
                                    struct source_tensor *tensor, float *scale, tolka_error *err) {
    tolka_status status = read_multiplier(reader, item, scale, err);
    if (status != TOLKA_OK) return status;
    tensor->scale = scale;
    tensor->n_scales = 1;
    if (strstr(item->name, "Wemb")) return TOLKA_OK;
    if (ends_with(item->name, "_Wt"))
        return fail(err, TOLKA_UNSUPPORTED,
                    "%s: item %s is an output matrix in %s, which Marian writes garbled; convert "
                    "the float32 file of this model",
                    reader->path, item->name, item->type->name);
    if (item->rank != 2)
        return fail(err, TOLKA_FORMAT, "%s: item %s (%s) has %u dimensions, expected 2",
                    reader->path, item->name, item->type->name, item->rank);
    tensor->strides[0] = 1;
    tensor->strides[1] = (int64_t)tensor->dims[0];
    return TOLKA_OK;
}

static tolka_status add_tensor(struct reader *reader, const struct item *item, float *scale,
                               tolka_error *err) {
    struct source_tensor *tensor = source_add(reader->source, item->name, item->name_length);
    if (!tensor) return fail(err, TOLKA_NOMEM, "%s: out of memory", reader->path);
    source_set_type(tensor, item->type->type, item->type->name);
    tensor->rank = item->rank;
    memcpy(tensor->dims, item->dims, item->rank * sizeof *item->dims);
    source_set_row_major(tensor);
    tensor->data = item->data;
    tensor->n_bytes = (size_t)item->elements * item_width(item->type);
    return item->type->quantized ? place_quantized(reader, item, tensor, scale, err) : TOLKA_OK;
}

/* The YAML text; padded with NULs or not, as the fork likes. */
static tolka_status keep_model_yml(struct reader *reader, const struct item *item,
                                   tolka_error *err) {
    struct source *source = reader->source;
    if (item->type->type != SOURCE_I8 || source->model_yml)
        return fail(err, TOLKA_FORMAT, "%s: expected one item %s of type int8, found %s",
                    reader->path, item->name, source->model_yml ? "two" : item->type->name);
    source->model_yml = strndup((const char *)item->data, (size_t)item->elements);
    return source->model_yml ? TOLKA_OK : fail(err, TOLKA_NOMEM, "%s: out of memory", reader->path);
}

/* ---- activation multipliers ------------------------------------------------------------------ */

static const char alpha_suffix[] = "_QuantMultA";

/* An alpha is stored as a float, or quantized like the table in whose name it is: q / multiplier
 * gives it back. */
static tolka_status read_alpha(const struct reader *reader, const struct item *item, float *alpha,
                               tolka_error *err) {
    if (item->type->type == SOURCE_F32) {
        *alpha = load_f32(item->data);
    } else if (item->type->type == SOURCE_I8 && item->type->quantized) {
        float scale;
        tolka_status status = read_multiplier(reader, item, &scale, err);
        if (status != TOLKA_OK) return status;
        *alpha = (float)(int8_t)item->data[0] * scale;
    } else {
        return fail(err, TOLKA_FORMAT, "%s: item %s has type %s, expected float32 or intgemm8",
                    reader->path, item->name, item->type->name);
    }
    if (!(*alpha > 0) || !isfinite(*alpha))
        return fail(err, TOLKA_FORMAT, "%s: item %s is %g, expected more than 0", reader->path,
                    item->name, (double)*alpha);
    return TOLKA_OK;
}

static struct source_tensor *find_tensor(const struct reader *reader, const char *name) {
    return (struct source_tensor *)source_find(reader->source, name);
}

/* "none" stands for the output product, whose matrix is a table: the one of both languages, or the
 * target's. */
static struct source_tensor *find_weight(const struct reader *reader, const struct item *item) {
    if (starts_with(item, "none_")) {
        struct source_tensor *table = find_tensor(reader, "Wemb");
        return table ? table : find_tensor(reader, "decoder_Wemb");
    }
    char name[257];
    size_t length = item->name_length - strlen(alpha_suffix);
    memcpy(name, item->name, length);
    name[length] = '\0';
    return find_tensor(reader, name);
}

static tolka_status place_alphas(struct reader *reader, bool output, tolka_error *err) {
    for (size_t i = 0; i < reader->n_items; i++) {
        const struct item *item = &reader->items[i];
        if (!ends_with(item->name, alpha_suffix) || starts_with(item, "none_") != output) continue;
        float alpha = 0;
        tolka_status status = read_alpha(reader, item, &alpha, err);
        if (status != TOLKA_OK) return status;
        struct source_tensor *weight = find_weight(reader, item);
        /* With a float weight the product is a float one. */
        if (weight && weight->scale) weight->input_multiplier = alpha;
    }
    return TOLKA_OK;
}

/* ---- the file -------------------------------------------------------------------------------- */

static tolka_status add_tensors(struct reader *reader, tolka_error *err) {
    for (size_t i = 0; i < reader->n_items; i++) {
        const struct item *item = &reader->items[i];
        if (ends_with(item->name, alpha_suffix)) continue;
        tolka_status status = strcmp(item->name, "special:model.yml") == 0
                                  ? keep_model_yml(reader, item, err)
                                  : add_tensor(reader, item, &reader->scales[i], err);
        if (status != TOLKA_OK) return status;
    }
    tolka_status status = source_sort(reader->source, err);
    if (status == TOLKA_OK) status = place_alphas(reader, false, err);
    /* Later, because the output's alpha is the better one where both are there. */
    if (status == TOLKA_OK) status = place_alphas(reader, true, err);
    return status;
}

static tolka_status read_preamble(struct reader *reader, uint64_t *count, tolka_error *err) {
    uint64_t version = take_u64(&reader->cursor);
    *count = take_u64(&reader->cursor);
    if (!reader->cursor.ok) return cut_off(reader, "the header", err);
    if (version == 2)
        return fail(err, TOLKA_UNSUPPORTED,
                    "%s: an encrypted Marian file (version 2), which tolka cannot read",
                    reader->path);
    if (version != 1)
        return fail(err, TOLKA_FORMAT, "%s: not a Marian .bin file: version %llu, expected 1",
                    reader->path, (unsigned long long)version);
    if (*count == 0 || *count > cursor_left(&reader->cursor) / HEADER_BYTES)
        return fail(err, TOLKA_FORMAT, "%s: says that it has %llu items, but has only %zu bytes",
                    reader->path, (unsigned long long)*count, reader->cursor.n_bytes);
    return TOLKA_OK;
}

tolka_status read_marian_bin(struct source *source, const char *path, tolka_error *err) {
    struct map map;
    tolka_status status = source_map(source, path, &map, err);
    if (status != TOLKA_OK) return status;
    struct reader reader = {
        .source = source, .path = path, .cursor = cursor_of(map.bytes, map.n_bytes)};
    uint64_t count;
    status = read_preamble(&reader, &count, err);
    if (status != TOLKA_OK) return status;
    reader.n_items = (size_t)count;
    reader.items = calloc(reader.n_items, sizeof *reader.items);
    reader.scales = source_own(source, calloc(reader.n_items, sizeof *reader.scales));
    if (!reader.items || !reader.scales) {
        free(reader.items);
        return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    }
    const uint8_t *headers = take(&reader.cursor, count * HEADER_BYTES);
    status = read_items(&reader, headers, err);
    if (status == TOLKA_OK) status = add_tensors(&reader, err);
    free(reader.items);
    return status;
}
