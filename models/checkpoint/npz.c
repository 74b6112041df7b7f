/* Marian's .npz: a zip archive of NAME.npy arrays. */
#include "engine/bytes.h"
#include "models/checkpoint/archive.h"
#include "models/checkpoint/containers.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 256, MAX_RANK = 8, MAX_HEADER = 4096, NPY_PREFIX = 10 };

static const struct npy_type {
    const char *descr;
    enum source_dtype type;
    uint32_t width;
} npy_types[] = {
    {"<f4", SOURCE_F32, 4},   {"<f2", SOURCE_F16, 2},   {"<f8", SOURCE_F64, 8},
    {"|i1", SOURCE_I8, 1},    {"<i2", SOURCE_I16, 2},   {"<i4", SOURCE_I32, 4},
    {"<i8", SOURCE_I64, 8},   {"|u1", SOURCE_U8, 1},    {"<u2", SOURCE_OTHER, 2},
    {"<u4", SOURCE_OTHER, 4}, {"<u8", SOURCE_OTHER, 8}, {"|b1", SOURCE_OTHER, 1},
    {"<i1", SOURCE_I8, 1},    {"<u1", SOURCE_U8, 1},
};

/* ---- the header: a Python dict literal ------------------------------------------------------- */

/* What is left of it. It is parsed as the three entries that numpy writes, in any order. */
struct literal {
    const char *at, *end;
};

static void skip_blanks(struct literal *literal) {
    while (literal->at < literal->end && strchr(" \t\n\r", *literal->at) && *literal->at)
        literal->at++;
}

static bool accept(struct literal *literal, const char *token) {
    size_t length = strlen(token);
    skip_blanks(literal);
    if ((size_t)(literal->end - literal->at) < length || memcmp(literal->at, token, length) != 0)
        return false;
    literal->at += length;
    return true;
}

/* A quoted text without escapes. */
static bool parse_text(struct literal *literal, char *text, size_t capacity) {
    skip_blanks(literal);
    if (literal->at == literal->end || (*literal->at != '\'' && *literal->at != '"')) return false;
    char quote = *literal->at++;
    const char *end = memchr(literal->at, quote, (size_t)(literal->end - literal->at));
    if (!end || (size_t)(end - literal->at) >= capacity) return false;
    size_t length = (size_t)(end - literal->at);
    memcpy(text, literal->at, length);
    text[length] = '\0';
    literal->at = end + 1;
    return strlen(text) == length;
}

static bool parse_count(struct literal *literal, uint64_t *count) {
    skip_blanks(literal);
    const char *start = literal->at;
    for (*count = 0; literal->at < literal->end; literal->at++) {
        char c = *literal->at;
        if (c < '0' || c > '9') break;
        if (*count > (UINT64_MAX - 9) / 10) return false;
        *count = *count * 10 + (uint64_t)(c - '0');
    }
    return literal->at > start;
}

/* (3, 4), (3,) or () */
static bool parse_shape(struct literal *literal, struct source_tensor *tensor) {
    tensor->rank = 0;
    if (!accept(literal, "(")) return false;
    while (!accept(literal, ")")) {
        if (tensor->rank == MAX_RANK || !parse_count(literal, &tensor->dims[tensor->rank++]))
            return false;
        if (accept(literal, ",")) continue;
        return accept(literal, ")");
    }
    return true;
}

struct npy_header {
    bool has_descr, has_order, has_shape, fortran;
    char descr[12];
};

static bool parse_entry(struct literal *literal, struct npy_header *header,
                        struct source_tensor *tensor) {
    char key[24];
    if (!parse_text(literal, key, sizeof key) || !accept(literal, ":")) return false;
    if (strcmp(key, "descr") == 0 && !header->has_descr) {
        header->has_descr = true;
        return parse_text(literal, header->descr, sizeof header->descr);
    }
    if (strcmp(key, "fortran_order") == 0 && !header->has_order) {
        header->has_order = true;
        header->fortran = accept(literal, "True");
        return header->fortran || accept(literal, "False");
    }
    if (strcmp(key, "shape") == 0 && !header->has_shape) {
        header->has_shape = true;
        return parse_shape(literal, tensor);
    }
    return false;
}

static bool parse_header(struct literal literal, struct npy_header *header,
                         struct source_tensor *tensor) {
    if (!accept(&literal, "{")) return false;
    while (!accept(&literal, "}")) {
        if (!parse_entry(&literal, header, tensor)) return false;
        if (accept(&literal, ",")) continue;
        if (!accept(&literal, "}")) return false;
        break;
    }
    skip_blanks(&literal);
    return literal.at == literal.end && header->has_descr && header->has_order && header->has_shape;
}

/* ---- arrays ---------------------------------------------------------------------------------- */

/* Splits an .npy file into header and data; false if it is none. */
static bool split_npy(const uint8_t *bytes, size_t n_bytes, struct literal *literal,
                      size_t *data_at) {
    if (n_bytes < NPY_PREFIX || memcmp(bytes, "\x93NUMPY", 6) != 0 || bytes[6] < 1 || bytes[6] > 3)
        return false;
    size_t prefix = bytes[6] == 1 ? NPY_PREFIX : NPY_PREFIX + 2;
    if (n_bytes < prefix) return false;
    size_t length = bytes[6] == 1 ? load_u16(bytes + 8) : load_u32(bytes + 8);
    if (length > MAX_HEADER || length > n_bytes - prefix) return false;
    *literal =
        (struct literal){(const char *)bytes + prefix, (const char *)bytes + prefix + length};
    *data_at = prefix + length;
    return true;
}

static tolka_status read_type(struct source_tensor *tensor, const struct npy_header *header,
                              size_t n_bytes, const char *path, tolka_error *err) {
    const struct npy_type *type = NULL;
    for (size_t i = 0; i < sizeof npy_types / sizeof *npy_types && !type; i++)
        if (strcmp(npy_types[i].descr, header->descr) == 0) type = &npy_types[i];
    if (!type)
        return fail(err, TOLKA_UNSUPPORTED, "%s: %s has elements of type '%s'", path, tensor->name,
                    header->descr);
    if (header->fortran)
        return fail(err, TOLKA_UNSUPPORTED, "%s: %s is stored in Fortran order", path,
                    tensor->name);
    uint64_t elements, needed;
    if (!product_of(tensor->dims, tensor->rank, &elements) || elements > INT64_MAX ||
        !multiply(elements, type->width, &needed) || needed != n_bytes)
        return fail(err, TOLKA_FORMAT, "%s: %s has %zu bytes of data, which its shape contradicts",
                    path, tensor->name, n_bytes);
    source_set_type(tensor, type->type, type->descr);
    tensor->n_bytes = n_bytes;
    return TOLKA_OK;
}

static tolka_status read_array(struct source_tensor *tensor, const uint8_t *bytes, size_t n_bytes,
                               const char *path, tolka_error *err) {
    struct literal literal;
    struct npy_header header = {0};
    size_t data_at;
    if (!split_npy(bytes, n_bytes, &literal, &data_at) || !parse_header(literal, &header, tensor))
        return fail(err, TOLKA_FORMAT, "%s: %s is not a numpy array: damaged header", path,
                    tensor->name);
    tensor->data = bytes + data_at;
    return read_type(tensor, &header, n_bytes - data_at, path, err);
}

/* The settings stand in an array of bytes, padded with NULs. */
static tolka_status take_settings(struct source *source, const char *path, tolka_error *err) {
    struct source_tensor *tensor = &source->tensors[source->n_tensors - 1];
    if (tensor->type != SOURCE_I8 && tensor->type != SOURCE_U8)
        return fail(err, TOLKA_FORMAT, "%s: special:model.yml is not an array of bytes", path);
    source->model_yml = calloc(tensor->n_bytes + 1, 1);
    if (!source->model_yml) return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    if (tensor->n_bytes) memcpy(source->model_yml, tensor->data, tensor->n_bytes);
    free(tensor->name);
    source->n_tensors--;
    return TOLKA_OK;
}

/* What the optimizer remembers is no part of the model. */
static bool is_optimizer_state(const char *name) {
    static const char *const prefixes[] = {"adam_", "sgd_", "adagrad_", "exp_smoothing"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) return true;
    return false;
}

static tolka_status read_entry(struct source *source, struct archive *archive,
                               const struct archive_entry *entry, tolka_error *err) {
    size_t length = strlen(entry->name);
    if (length <= 4 || length > MAX_NAME + 4 || strcmp(entry->name + length - 4, ".npy") != 0)
        return fail(err, TOLKA_FORMAT, "%s: entry %s; expected NAME.npy", archive->path,
                    entry->name);
    if (is_optimizer_state(entry->name)) return TOLKA_OK;
    const uint8_t *bytes;
    tolka_status status = archive_read(archive, entry, source, &bytes, err);
    if (status != TOLKA_OK) return status;
    struct source_tensor *tensor = source_add(source, entry->name, length - 4);
    if (!tensor) return fail(err, TOLKA_NOMEM, "%s: out of memory for its tensors", archive->path);
    status = read_array(tensor, bytes, (size_t)entry->size, archive->path, err);
    if (status == TOLKA_OK && strcmp(tensor->name, "special:model.yml") == 0)
        status = take_settings(source, archive->path, err);
    return status;
}

tolka_status read_npz(struct source *source, const char *path, tolka_error *err) {
    struct map map;
    struct archive archive;
    tolka_status status = source_map(source, path, &map, err);
    if (status == TOLKA_OK) status = archive_open(&archive, &map, path, err);
    if (status != TOLKA_OK) return status;
    for (size_t i = 0; i < archive.n && status == TOLKA_OK; i++)
        status = read_entry(source, &archive, &archive.entries[i], err);
    archive_close(&archive);
    return status == TOLKA_OK ? source_sort(source, err) : status;
}
