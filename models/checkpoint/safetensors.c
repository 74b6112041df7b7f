/* safetensors: a length, a JSON header that says where each tensor lies, the tensors. */
#include "engine/bytes.h"
#include "engine/file_kind.h"
#include "models/checkpoint/containers.h"
#include "models/checkpoint/index.h"
#include "models/checkpoint/json_text.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_HEADER = 100000000, MAX_RANK = 8, MAX_NAME = 256 };

static const struct dtype_entry {
    const char *name;
    enum source_dtype type;
    uint32_t bits;
} dtypes[] = {
    {"F32", SOURCE_F32, 32},
    {"F16", SOURCE_F16, 16},
    {"BF16", SOURCE_BF16, 16},
    {"F64", SOURCE_F64, 64},
    {"I8", SOURCE_I8, 8},
    {"I16", SOURCE_I16, 16},
    {"I32", SOURCE_I32, 32},
    {"I64", SOURCE_I64, 64},
    {"U8", SOURCE_U8, 8},
    {"U16", SOURCE_OTHER, 16},
    {"U32", SOURCE_OTHER, 32},
    {"U64", SOURCE_OTHER, 64},
    {"BOOL", SOURCE_OTHER, 8},
    {"C64", SOURCE_OTHER, 64},
    {"F8_E4M3", SOURCE_OTHER, 8},
    {"F8_E5M2", SOURCE_OTHER, 8},
    {"F8_E8M0", SOURCE_OTHER, 8},
    {"F8_E4M3FNUZ", SOURCE_OTHER, 8},
    {"F8_E5M2FNUZ", SOURCE_OTHER, 8},
    {"F6_E2M3", SOURCE_OTHER, 6},
    {"F6_E3M2", SOURCE_OTHER, 6},
    {"F4", SOURCE_OTHER, 4},
};

/* Where the tensors of one file lie. */
struct payload {
    const char *path;
    const uint8_t *bytes;
    uint64_t n_bytes;
};

struct span {
    uint64_t begin, end;
    const char *name;
};

static const struct dtype_entry *find_dtype(const char *name) {
    for (size_t i = 0; name && i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(dtypes[i].name, name) == 0) return &dtypes[i];
    return NULL;
}

static bool read_count(const json_t *value, uint64_t *out) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

static tolka_status read_shape(struct source_tensor *tensor, const json_t *shape, const char *path,
                               tolka_error *err) {
    if (!json_is_array(shape))
        return fail(err, TOLKA_FORMAT, "%s: tensor %s has no shape", path, tensor->name);
    size_t rank = json_array_size(shape);
    if (rank > MAX_RANK)
        return fail(err, TOLKA_FORMAT, "%s: tensor %s has %zu dimensions; at most %d are read",
                    path, tensor->name, rank, MAX_RANK);
    tensor->rank = (uint32_t)rank;
    for (size_t d = 0; d < rank; d++)
        if (!read_count(json_array_get(shape, d), &tensor->dims[d]))
            return fail(err, TOLKA_FORMAT, "%s: tensor %s: dimension %zu is not a count", path,
                        tensor->name, d);
    return TOLKA_OK;
}

static tolka_status read_offsets(struct source_tensor *tensor, const json_t *offsets,
                                 const struct payload *payload, struct span *span,
                                 tolka_error *err) {
    if (json_array_size(offsets) != 2 || !read_count(json_array_get(offsets, 0), &span->begin) ||
        !read_count(json_array_get(offsets, 1), &span->end))
        return fail(err, TOLKA_FORMAT, "%s: tensor %s: data_offsets are not two counts",
                    payload->path, tensor->name);
    if (span->begin > span->end || span->end > payload->n_bytes)
        return fail(err, TOLKA_FORMAT,
                    "%s: tensor %s lies at bytes %llu to %llu of %llu; the file is cut off or "
                    "damaged",
                    payload->path, tensor->name, (unsigned long long)span->begin,
                    (unsigned long long)span->end, (unsigned long long)payload->n_bytes);
    tensor->data = payload->bytes + span->begin;
    tensor->n_bytes = (size_t)(span->end - span->begin);
    return TOLKA_OK;
}

static tolka_status check_size(const struct source_tensor *tensor, uint32_t bits, const char *path,
                               tolka_error *err) {
    uint64_t elements, n_bits;
    if (!product_of(tensor->dims, tensor->rank, &elements) || elements > INT64_MAX ||
        !multiply(elements, bits, &n_bits))
        return fail(err, TOLKA_FORMAT, "%s: tensor %s: the product of its dimensions overflows",
                    path, tensor->name);
    if (n_bits % 8 != 0 || n_bits / 8 != tensor->n_bytes)
        return fail(err, TOLKA_FORMAT, "%s: tensor %s has %zu bytes; %llu elements of %s need %llu",
                    path, tensor->name, tensor->n_bytes, (unsigned long long)elements,
                    tensor->type_name, (unsigned long long)(n_bits / 8));
    return TOLKA_OK;
}

static tolka_status read_tensor(struct source *source, const char *name, const json_t *entry,
                                const struct payload *payload, struct span *span,
                                tolka_error *err) {
    size_t length = strlen(name);
    if (length == 0 || length > MAX_NAME)
        return fail(err, TOLKA_FORMAT, "%s: a tensor name of %zu bytes; expected 1 to %d",
                    payload->path, length, MAX_NAME);
    const char *type_name = json_string_value(json_object_get(entry, "dtype"));
    const struct dtype_entry *dtype = find_dtype(type_name);
    if (!dtype)
        return fail(err, TOLKA_FORMAT, "%s: tensor %s has the unknown type %.20s", payload->path,
                    name, type_name ? type_name : "(none)");
    struct source_tensor *tensor = source_add(source, name, length);
    if (!tensor) return fail(err, TOLKA_NOMEM, "%s: out of memory for its tensors", payload->path);
    source_set_type(tensor, dtype->type, dtype->name);
    tolka_status status = read_shape(tensor, json_object_get(entry, "shape"), payload->path, err);
    if (status == TOLKA_OK)
        status = read_offsets(tensor, json_object_get(entry, "data_offsets"), payload, span, err);
    if (status == TOLKA_OK) status = check_size(tensor, dtype->bits, payload->path, err);
    span->name = name;
    return status;
}

static tolka_status check_metadata(const json_t *metadata, const char *path, tolka_error *err) {
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return fail(err, TOLKA_FORMAT, "%s: __metadata__ is not an object", path);
    json_object_foreach((json_t *)metadata, key, value) if (!json_is_string(value)) return fail(
        err, TOLKA_FORMAT, "%s: __metadata__: %.100s is not a string", path, key);
    return TOLKA_OK;
}

static int compare_spans(const void *a, const void *b) {
    const struct span *left = a, *right = b;
    if (left->begin != right->begin) return left->begin < right->begin ? -1 : 1;
    return left->end < right->end ? -1 : left->end > right->end;
}

/* The format leaves no gap: whatever lies between tensors hides something. */
static tolka_status check_spans(struct span *spans, size_t n, const struct payload *payload,
                                tolka_error *err) {
    uint64_t at = 0;
    qsort(spans, n, sizeof *spans, compare_spans);
    for (size_t i = 0; i < n; i++) {
        if (spans[i].begin != at)
            return fail(err, TOLKA_FORMAT,
                        "%s: tensor %s starts at byte %llu, where %llu was expected: the tensors "
                        "overlap or leave a gap",
                        payload->path, spans[i].name, (unsigned long long)spans[i].begin,
                        (unsigned long long)at);
        at = spans[i].end;
    }
    if (at != payload->n_bytes)
        return fail(err, TOLKA_FORMAT, "%s: the tensors end at byte %llu of %llu", payload->path,
                    (unsigned long long)at, (unsigned long long)payload->n_bytes);
    return TOLKA_OK;
}

static tolka_status read_header(struct source *source, json_t *header,
                                const struct payload *payload, tolka_error *err) {
    struct span *spans = calloc(json_object_size(header) + 1, sizeof *spans);
    if (!spans) return fail(err, TOLKA_NOMEM, "%s: out of memory", payload->path);
    tolka_status status = TOLKA_OK;
    size_t n = 0;
    const char *name;
    json_t *entry;
    json_object_foreach(header, name, entry) {
        if (strcmp(name, "__metadata__") == 0)
            status = check_metadata(entry, payload->path, err);
        else
            status = read_tensor(source, name, entry, payload, &spans[n++], err);
        if (status != TOLKA_OK) break;
    }
    if (status == TOLKA_OK) status = check_spans(spans, n, payload, err);
    free(spans);
    return status;
}

static tolka_status load_file(struct source *source, const char *path, tolka_error *err) {
    struct map map;
    tolka_status status = source_map(source, path, &map, err);
    if (status != TOLKA_OK) return status;
    uint64_t length = map.n_bytes >= 8 ? load_u64(map.bytes) : 0;
    if (length == 0 || length > MAX_HEADER)
        return fail(err, TOLKA_FORMAT, "%s: not a safetensors file: %s", path,
                    describe_file(map.bytes, map.n_bytes));
    if (length > map.n_bytes - 8)
        return fail(err, TOLKA_FORMAT,
                    "%s: a header of %llu bytes in a file of %zu; the file is cut off or damaged",
                    path, (unsigned long long)length, map.n_bytes);
    json_error_t problem;
    json_t *header =
        json_read((const char *)map.bytes + 8, (size_t)length, JSON_REJECT_DUPLICATES, &problem);
    struct payload payload = {path, map.bytes + 8 + length, map.n_bytes - 8 - length};
    if (!header)
        status = fail(err, TOLKA_FORMAT, "%s: the header is not JSON: %s", path, problem.text);
    else if (!json_is_object(header))
        status = fail(err, TOLKA_FORMAT, "%s: the header is not a JSON object", path);
    else
        status = read_header(source, header, &payload, err);
    json_decref(header);
    return status;
}

tolka_status read_safetensors(struct source *source, const char *path, tolka_error *err) {
    tolka_status status = load_file(source, path, err);
    return status == TOLKA_OK ? source_sort(source, err) : status;
}

tolka_status read_safetensors_index(struct source *source, const char *path, tolka_error *err) {
    return read_index(source, path, load_file, err);
}
