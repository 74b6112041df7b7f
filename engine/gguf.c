#include "engine/gguf.h"

#include "engine/cursor.h"
#include "engine/file_kind.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_NAME = 256,
    MAX_KEY = 65535,
    MIN_VALUE_BYTES = 8 + 4 + 1,      /* an empty key, a type, one byte */
    MIN_TENSOR_BYTES = 8 + 4 + 4 + 8, /* an empty name, rank, type, offset */
};

/* ---- text and types -------------------------------------------------------------------------- */

static struct gguf_string take_string(struct cursor *cursor) {
    uint64_t length = take_u64(cursor);
    const uint8_t *bytes = take(cursor, length);
    if (!bytes) return (struct gguf_string){"", 0};
    return (struct gguf_string){(const char *)bytes, (size_t)length};
}

static tolka_status cut_off(const struct gguf *gguf, const char *where, tolka_error *err) {
    return fail(err, TOLKA_FORMAT,
                "%s: the file is cut off or damaged: its %zu bytes end inside %s", gguf->name,
                gguf->n_bytes, where);
}

static const struct {
    uint32_t id;
    const char *name;
    uint16_t elements, bytes;
} tensor_types[] = {
    {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},
    {3, "Q4_1", 32, 20},      {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},
    {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 36},      {10, "Q2_K", 256, 84},
    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66},
    {17, "IQ2_XS", 256, 74},  {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},
    {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},  {22, "IQ2_S", 256, 82},
    {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},
    {29, "IQ1_M", 256, 56},   {30, "BF16", 1, 2},       {34, "TQ1_0", 256, 54},
    {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17},    {40, "NVFP4", 64, 36},
    {41, "Q1_0", 128, 18},
};
enum { N_TENSOR_TYPES = sizeof tensor_types / sizeof *tensor_types };

bool gguf_block(uint32_t type, size_t *elements, size_t *bytes) {
    for (size_t i = 0; i < N_TENSOR_TYPES; i++)
        if (tensor_types[i].id == type) {
            *elements = tensor_types[i].elements;
            *bytes = tensor_types[i].bytes;
            return true;
        }
    return false;
}

const char *gguf_tensor_type_name(uint32_t type) {
    for (size_t i = 0; i < N_TENSOR_TYPES; i++)
        if (tensor_types[i].id == type) return tensor_types[i].name;
    return "unknown";
}

static size_t scalar_size(enum gguf_type type) {
    static const uint8_t sizes[GGUF_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return (unsigned)type < GGUF_TYPES ? sizes[type] : 0;
}

/* ---- metadata -------------------------------------------------------------------------------- */

static void skip_strings(struct cursor *cursor, uint64_t count) {
    for (uint64_t i = 0; i < count && cursor->ok; i++) take_string(cursor);
}

static tolka_status parse_array(struct gguf *gguf, struct cursor *cursor, struct gguf_value *value,
                                tolka_error *err) {
    value->element = (enum gguf_type)take_u32(cursor);
    value->count = take_u64(cursor);
    value->data = cursor->bytes + cursor->at;
    size_t size = scalar_size(value->element);
    if (cursor->ok && size == 0 && value->element != GGUF_STRING)
        return fail(err, TOLKA_FORMAT,
                    "%s: key %.*s: an array of type %d, which GGUF does not have", gguf->name,
                    (int)value->key.length, value->key.bytes, (int)value->element);
    if (size) {
        uint64_t left = cursor_left(cursor);
        if (value->count > left / size)
            cursor->ok = false;
        else
            take(cursor, value->count * size);
    } else {
        skip_strings(cursor, value->count);
    }
    value->n_bytes = (size_t)(cursor->bytes + cursor->at - value->data);
    return TOLKA_OK;
}

static tolka_status parse_value(struct gguf *gguf, struct cursor *cursor, struct gguf_value *value,
                                tolka_error *err) {
    value->key = take_string(cursor);
    if (value->key.length > MAX_KEY || memchr(value->key.bytes, 0, value->key.length))
        return fail(err, TOLKA_FORMAT, "%s: a metadata key is not a name", gguf->name);
    uint32_t type = take_u32(cursor);
    if (type >= GGUF_TYPES)
        return fail(err, TOLKA_FORMAT, "%s: key %.*s has type %u, which GGUF does not have",
                    gguf->name, (int)value->key.length, value->key.bytes, type);
    value->type = (enum gguf_type)type;
    if (value->type == GGUF_ARRAY) return parse_array(gguf, cursor, value, err);
    if (value->type == GGUF_STRING) {
        struct gguf_string string = take_string(cursor);
        value->data = (const uint8_t *)string.bytes;
        value->n_bytes = string.length;
        return TOLKA_OK;
    }
    value->n_bytes = scalar_size(value->type);
    value->data = take(cursor, value->n_bytes);
    return TOLKA_OK;
}

static int compare_strings(struct gguf_string a, struct gguf_string b) {
    size_t n = a.length < b.length ? a.length : b.length;
    int order = memcmp(a.bytes, b.bytes, n);
    return order ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_values(const void *a, const void *b) {
    return compare_strings(((const struct gguf_value *)a)->key,
                           ((const struct gguf_value *)b)->key);
}

static int compare_places(const void *a, const void *b) {
    const struct gguf_tensor *x = a, *y = b;
    return (x->data > y->data) - (x->data < y->data);
}

static int compare_tensors(const void *a, const void *b) {
    return compare_strings(((const struct gguf_tensor *)a)->name,
                           ((const struct gguf_tensor *)b)->name);
}

static tolka_status parse_values(struct gguf *gguf, struct cursor *cursor, size_t count,
                                 tolka_error *err) {
    gguf->values = calloc(count ? count : 1, sizeof *gguf->values);
    if (!gguf->values) return fail(err, TOLKA_NOMEM, "%s: out of memory", gguf->name);
    for (size_t i = 0; i < count; i++) {
        tolka_status status = parse_value(gguf, cursor, &gguf->values[i], err);
        if (status != TOLKA_OK) return status;
        if (!cursor->ok) return cut_off(gguf, "the metadata", err);
    }
    gguf->n_values = count;
    qsort(gguf->values, gguf->n_values, sizeof *gguf->values, compare_values);
    for (size_t i = 1; i < gguf->n_values; i++)
        if (compare_values(&gguf->values[i - 1], &gguf->values[i]) == 0)
            return fail(err, TOLKA_FORMAT, "%s: key %.*s appears twice", gguf->name,
                        (int)gguf->values[i].key.length, gguf->values[i].key.bytes);
    return TOLKA_OK;
}

/* ---- tensors --------------------------------------------------------------------------------- */

static tolka_status tensor_bytes(const struct gguf *gguf, struct gguf_tensor *tensor,
                                 tolka_error *err) {
    size_t elements, bytes;
    int length = (int)tensor->name.length;
    const char *name = tensor->name.bytes;
    if (!gguf_block(tensor->type, &elements, &bytes))
        return fail(err, TOLKA_UNSUPPORTED,
                    "%s: tensor %.*s has type %u, which tolka does not know", gguf->name, length,
                    name, tensor->type);
    if (tensor->dims[0] % elements)
        return fail(err, TOLKA_FORMAT, "%s: tensor %.*s has rows of %llu, not a multiple of %zu",
                    gguf->name, length, name, (unsigned long long)tensor->dims[0], elements);
    /* Every tensor must fit the file, so any product past its size is already wrong. */
    uint64_t total = tensor->dims[0] / elements;
    for (int i = 1; i <= 4; i++) {
        uint64_t factor = i < 4 ? tensor->dims[i] : bytes;
        if (factor && total > gguf->n_bytes / factor)
            return fail(err, TOLKA_FORMAT,
                        "%s: tensor %.*s is larger than the file (%zu bytes); the file is cut off "
                        "or damaged",
                        gguf->name, length, name, gguf->n_bytes);
        total *= factor;
    }
    tensor->n_bytes = (size_t)total;
    return TOLKA_OK;
}

static tolka_status parse_tensor(struct gguf *gguf, struct cursor *cursor,
                                 struct gguf_tensor *tensor, uint64_t *offset, tolka_error *err) {
    tensor->name = take_string(cursor);
    tensor->rank = take_u32(cursor);
    if (!cursor->ok) return cut_off(gguf, "the list of tensors", err);
    if (tensor->name.length == 0 || tensor->name.length > MAX_NAME ||
        memchr(tensor->name.bytes, 0, tensor->name.length))
        return fail(err, TOLKA_FORMAT, "%s: a tensor's name is not a name", gguf->name);
    if (tensor->rank > 4)
        return fail(err, TOLKA_FORMAT, "%s: tensor %.*s has %u dimensions, at most 4 are possible",
                    gguf->name, (int)tensor->name.length, tensor->name.bytes, tensor->rank);
    for (uint32_t i = 0; i < 4; i++) tensor->dims[i] = i < tensor->rank ? take_u64(cursor) : 1;
    tensor->type = take_u32(cursor);
    *offset = take_u64(cursor);
    if (!cursor->ok) return cut_off(gguf, "the list of tensors", err);
    return tensor_bytes(gguf, tensor, err);
}

/* No two share bytes or a name; leaves them sorted by name. */
static tolka_status check_tensors_apart(struct gguf *gguf, tolka_error *err) {
    struct gguf_tensor *tensors = gguf->tensors;
    qsort(tensors, gguf->n_tensors, sizeof *tensors, compare_places);
    for (size_t i = 1; i < gguf->n_tensors; i++)
        if ((size_t)(tensors[i].data - tensors[i - 1].data) < tensors[i - 1].n_bytes)
            return fail(err, TOLKA_FORMAT, "%s: tensors %.*s and %.*s overlap", gguf->name,
                        (int)tensors[i - 1].name.length, tensors[i - 1].name.bytes,
                        (int)tensors[i].name.length, tensors[i].name.bytes);
    qsort(tensors, gguf->n_tensors, sizeof *tensors, compare_tensors);
    for (size_t i = 1; i < gguf->n_tensors; i++)
        if (compare_tensors(&tensors[i - 1], &tensors[i]) == 0)
            return fail(err, TOLKA_FORMAT, "%s: tensor %.*s appears twice", gguf->name,
                        (int)tensors[i].name.length, tensors[i].name.bytes);
    return TOLKA_OK;
}

/* Offsets count from `start`, where the data begins. */
static tolka_status place_tensor(const struct gguf *gguf, struct gguf_tensor *tensor,
                                 uint64_t start, uint64_t offset, tolka_error *err) {
    int length = (int)tensor->name.length;
    if (offset % gguf->alignment)
        return fail(err, TOLKA_FORMAT, "%s: tensor %.*s is not aligned to %zu bytes", gguf->name,
                    length, tensor->name.bytes, gguf->alignment);
    if (start > gguf->n_bytes || offset > gguf->n_bytes - start ||
        tensor->n_bytes > gguf->n_bytes - start - offset)
        return fail(err, TOLKA_FORMAT,
                    "%s: the file is cut off: tensor %.*s needs bytes %llu to %llu, the file "
                    "has %zu",
                    gguf->name, length, tensor->name.bytes, (unsigned long long)(start + offset),
                    (unsigned long long)(start + offset + tensor->n_bytes), gguf->n_bytes);
    tensor->data = gguf->bytes + start + offset;
    return TOLKA_OK;
}

/* A tensor waits for its data until the list's end is known. */
static tolka_status parse_tensors(struct gguf *gguf, struct cursor *cursor, size_t count,
                                  tolka_error *err) {
    gguf->tensors = calloc(count ? count : 1, sizeof *gguf->tensors);
    uint64_t *offsets = calloc(count ? count : 1, sizeof *offsets);
    tolka_status status = TOLKA_OK;
    if (!gguf->tensors || !offsets)
        status = fail(err, TOLKA_NOMEM, "%s: out of memory", gguf->name);
    for (size_t i = 0; i < count && status == TOLKA_OK; i++)
        status = parse_tensor(gguf, cursor, &gguf->tensors[i], &offsets[i], err);
    uint64_t start = (cursor->at + gguf->alignment - 1) / gguf->alignment * gguf->alignment;
    for (size_t i = 0; i < count && status == TOLKA_OK; i++)
        status = place_tensor(gguf, &gguf->tensors[i], start, offsets[i], err);
    if (status == TOLKA_OK) {
        gguf->n_tensors = count;
        status = check_tensors_apart(gguf, err);
    }
    free(offsets);
    return status;
}

/* ---- the whole file -------------------------------------------------------------------------- */

static tolka_status parse_alignment(struct gguf *gguf, tolka_error *err) {
    gguf->alignment = 32;
    const struct gguf_value *value = gguf_find(gguf, "general.alignment");
    if (!value) return TOLKA_OK;
    int64_t alignment;
    if (value->type != GGUF_U32 || !gguf_integer(value, &alignment) || alignment < 8 ||
        alignment > 65536 || (alignment & (alignment - 1)))
        return fail(err, TOLKA_FORMAT,
                    "%s: general.alignment must be a power of two from 8 to 65536", gguf->name);
    gguf->alignment = (size_t)alignment;
    return TOLKA_OK;
}

static tolka_status parse_header(struct gguf *gguf, struct cursor *cursor, size_t *n_tensors,
                                 size_t *n_values, tolka_error *err) {
    const uint8_t *magic = take(cursor, 4);
    if (!magic || memcmp(magic, "GGUF", 4) != 0)
        return fail(err, TOLKA_FORMAT, "%s: not a GGUF file, but %s", gguf->name,
                    describe_file(gguf->bytes, gguf->n_bytes));
    uint32_t version = take_u32(cursor);
    if (cursor->ok && (version & 0xffff) == 0)
        return fail(err, TOLKA_UNSUPPORTED, "%s: a big-endian GGUF file", gguf->name);
    if (cursor->ok && (version < 2 || version > 3))
        return fail(err, TOLKA_UNSUPPORTED, "%s: GGUF version %u; tolka reads versions 2 and 3",
                    gguf->name, version);
    uint64_t tensors = take_u64(cursor), values = take_u64(cursor);
    if (!cursor->ok) return cut_off(gguf, "the header", err);
    uint64_t left = cursor_left(cursor);
    if (values > left / MIN_VALUE_BYTES || tensors > left / MIN_TENSOR_BYTES)
        return fail(err, TOLKA_FORMAT,
                    "%s: the header announces %llu keys and %llu tensors, which do not fit %zu "
                    "bytes; the file is cut off or damaged",
                    gguf->name, (unsigned long long)values, (unsigned long long)tensors,
                    gguf->n_bytes);
    *n_tensors = (size_t)tensors;
    *n_values = (size_t)values;
    return TOLKA_OK;
}

tolka_status gguf_parse(struct gguf *gguf, const uint8_t *bytes, size_t n_bytes, const char *name,
                        tolka_error *err) {
    *gguf = (struct gguf){.name = name, .bytes = bytes, .n_bytes = n_bytes};
    if (n_bytes == 0) return fail(err, TOLKA_FORMAT, "%s: an empty file", name);
    struct cursor cursor = cursor_of(bytes, n_bytes);
    size_t n_tensors = 0, n_values = 0;
    tolka_status status = parse_header(gguf, &cursor, &n_tensors, &n_values, err);
    if (status == TOLKA_OK) status = parse_values(gguf, &cursor, n_values, err);
    if (status == TOLKA_OK) status = parse_alignment(gguf, err);
    if (status == TOLKA_OK) status = parse_tensors(gguf, &cursor, n_tensors, err);
    if (status != TOLKA_OK) gguf_free(gguf);
    return status;
}

void gguf_free(struct gguf *gguf) {
    free(gguf->values);
    free(gguf->tensors);
    *gguf = (struct gguf){0};
}

/* ---- look-up --------------------------------------------------------------------------------- */

const struct gguf_value *gguf_find(const struct gguf *gguf, const char *key) {
    struct gguf_value wanted = {.key = {key, strlen(key)}};
    if (gguf->n_values == 0) return NULL; /* bsearch takes no null array */
    return bsearch(&wanted, gguf->values, gguf->n_values, sizeof wanted, compare_values);
}

const struct gguf_tensor *gguf_tensor(const struct gguf *gguf, const char *name) {
    struct gguf_tensor wanted = {.name = {name, strlen(name)}};
    if (gguf->n_tensors == 0) return NULL;
    return bsearch(&wanted, gguf->tensors, gguf->n_tensors, sizeof wanted, compare_tensors);
}

bool gguf_string_equals(struct gguf_string string, const char *text) {
    return compare_strings(string, (struct gguf_string){text, strlen(text)}) == 0;
}

static bool read_integer(enum gguf_type type, const uint8_t *data, int64_t *out) {
    union {
        uint8_t u8;
        int8_t i8;
        uint16_t u16;
        int16_t i16;
        uint32_t u32;
        int32_t i32;
        uint64_t u64;
        int64_t i64;
    } value = {0};
    memcpy(&value, data, scalar_size(type));
    switch (type) {
    case GGUF_BOOL:
    case GGUF_U8:
        *out = value.u8;
        return true;
    case GGUF_I8:
        *out = value.i8;
        return true;
    case GGUF_U16:
        *out = value.u16;
        return true;
    case GGUF_I16:
        *out = value.i16;
        return true;
    case GGUF_U32:
        *out = value.u32;
        return true;
    case GGUF_I32:
        *out = value.i32;
        return true;
    case GGUF_U64:
        *out = (int64_t)value.u64;
        return value.u64 <= INT64_MAX;
    case GGUF_I64:
        *out = value.i64;
        return true;
    default:
        return false;
    }
}

bool gguf_is_integer(enum gguf_type type) {
    return type <= GGUF_I32 || type == GGUF_U64 || type == GGUF_I64;
}

static bool is_whole(enum gguf_type type) {
    return gguf_is_integer(type) || type == GGUF_BOOL;
}

bool gguf_integer(const struct gguf_value *value, int64_t *out) {
    return value && is_whole(value->type) && read_integer(value->type, value->data, out);
}

bool gguf_number(const struct gguf_value *value, double *out) {
    int64_t integer;
    if (!value) return false;
    if (value->type == GGUF_F32) {
        float number;
        memcpy(&number, value->data, sizeof number);
        *out = number;
        return true;
    }
    if (value->type == GGUF_F64) {
        memcpy(out, value->data, sizeof *out);
        return true;
    }
    if (!gguf_integer(value, &integer)) return false;
    *out = (double)integer;
    return true;
}

int64_t gguf_array_integer(const struct gguf_value *array, size_t i) {
    int64_t out = 0;
    if (array->type == GGUF_ARRAY && is_whole(array->element) && i < array->count)
        read_integer(array->element, array->data + i * scalar_size(array->element), &out);
    return out;
}

struct gguf_string gguf_array_string(const struct gguf_value *array, size_t *cursor) {
    struct cursor strings = {array->data, array->n_bytes, *cursor, true};
    struct gguf_string string = take_string(&strings);
    *cursor = strings.at;
    return string;
}
