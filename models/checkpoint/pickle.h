/* The part of Python's pickle format that PyTorch checkpoints are made of, read as data: nothing is
 * imported, called or set. Of classes, those that make tensors are understood; an object of any
 * other is its class's name and the state that it was saved with. */
#ifndef PICKLE_H
#define PICKLE_H

#include "engine/error.h"

#include <stdbool.h>
#include <string.h>

enum pickle_kind {
    PICKLE_NONE,
    PICKLE_BOOLEAN,
    PICKLE_INTEGER,
    PICKLE_FLOAT,
    PICKLE_TEXT,
    PICKLE_TUPLE,
    PICKLE_LIST,
    PICKLE_DICT,
    PICKLE_GLOBAL,
    PICKLE_STORAGE,
    PICKLE_TENSOR,
    PICKLE_OBJECT,
    PICKLE_MARK,
};

/* Storage classes of torch follow PICKLE_FLOAT_STORAGE in the order of PyTorch's own names. */
enum pickle_global {
    PICKLE_ORDERED_DICT,
    PICKLE_REBUILD_TENSOR,
    PICKLE_REBUILD_PARAMETER,
    PICKLE_FLOAT_STORAGE,
    PICKLE_HALF_STORAGE,
    PICKLE_BFLOAT16_STORAGE,
    PICKLE_DOUBLE_STORAGE,
    PICKLE_LONG_STORAGE,
    PICKLE_INT_STORAGE,
    PICKLE_SHORT_STORAGE,
    PICKLE_CHAR_STORAGE,
    PICKLE_BYTE_STORAGE,
    PICKLE_BOOL_STORAGE,
    PICKLE_UNTYPED_STORAGE,
    PICKLE_GLOBALS,
};

struct pickle_text {
    const char *bytes; /* in the pickle: not terminated */
    size_t length;
};

static inline bool pickle_text_equals(struct pickle_text text, const char *expected) {
    return text.length == strlen(expected) && memcmp(text.bytes, expected, text.length) == 0;
}

struct pickle_value {
    enum pickle_kind kind;
    uint32_t index; /* in the tables below; a global: which */
    union {
        int64_t integer; /* and booleans */
        double real;
        struct pickle_text text;
    };
};

/* Tuples, lists, and dicts (key, value, key, value ...). */
struct pickle_container {
    size_t n, capacity;
    struct pickle_value *items;
};

struct pickle_storage {
    enum pickle_global class;
    struct pickle_text key; /* of the archive's entry */
    uint64_t size;          /* elements of the entry */
    uint64_t first, count;  /* elements of it that are this storage: in files of before 0.4 a
                               storage may be a part of another */
};

struct pickle_tensor {
    uint32_t storage;
    uint64_t offset; /* in elements, as are strides */
    uint32_t rank;
    uint64_t dims[8];
    int64_t strides[8];
};

/* A class that is not known, or what was made of it. */
struct pickle_object {
    struct pickle_text module, class;
    struct pickle_value state; /* arguments of its making, or its attributes, usually a dict */
};

struct pickle {
    struct pickle_value root;
    size_t n_containers, n_storages, n_tensors, n_objects;
    struct pickle_container *containers;
    struct pickle_storage *storages;
    struct pickle_tensor *tensors;
    struct pickle_object *objects;
};

/* The bytes must outlive the pickle. On failure nothing is left to free. */
tolka_status pickle_read(struct pickle *pickle, const uint8_t *bytes, size_t n_bytes,
                         const char *path, tolka_error *err);
/* The same for a pickle that other things follow: it ends at byte *end. */
tolka_status pickle_read_first(struct pickle *pickle, const uint8_t *bytes, size_t n_bytes,
                               const char *path, size_t *end, tolka_error *err);
void pickle_free(struct pickle *pickle);

/* The value of a text key in a dict, or in the attributes of an object; NULL: none. */
const struct pickle_value *pickle_get(const struct pickle *pickle, const struct pickle_value *from,
                                      const char *key);

#endif
