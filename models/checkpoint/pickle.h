/* The part of Python's pickle format that a PyTorch state dict is made of, read as data: nothing is
 * imported, called or set; whatever is not on the short list in pickle.c is an error. */
#ifndef PICKLE_H
#define PICKLE_H

#include "engine/error.h"

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

struct pickle_value {
    enum pickle_kind kind;
    uint32_t index; /* containers, storages and tensors: in the tables below; a global: which */
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
    uint64_t count;         /* elements */
};

struct pickle_tensor {
    uint32_t storage;
    uint64_t offset; /* in elements, as are strides */
    uint32_t rank;
    uint64_t dims[8];
    int64_t strides[8];
};

struct pickle {
    struct pickle_value root;
    size_t n_containers, n_storages, n_tensors;
    struct pickle_container *containers;
    struct pickle_storage *storages;
    struct pickle_tensor *tensors;
};

/* The bytes must outlive the pickle. On failure nothing is left to free. */
tolka_status pickle_read(struct pickle *pickle, const uint8_t *bytes, size_t n_bytes,
                         const char *path, tolka_error *err);
void pickle_free(struct pickle *pickle);

#endif
