/* Reader of GGUF files, version 2 and 3 (docs/format.md). Everything is checked before it is
 * handed out: no offset, count or length that a caller sees can lead outside the map. */
#ifndef GGUF_H
#define GGUF_H

#include "engine/error.h"

#include <stdbool.h>

enum gguf_type {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
    GGUF_TYPES,
};

/* Bytes in the map: not terminated. */
struct gguf_string {
    const char *bytes;
    size_t length;
};

struct gguf_value {
    struct gguf_string key;
    enum gguf_type type;
    enum gguf_type element; /* of an array */
    uint64_t count;         /* of an array's elements */
    const uint8_t *data;    /* unaligned; a string: its bytes; an array: its first element */
    size_t n_bytes;         /* of data */
};

struct gguf_tensor {
    struct gguf_string name;
    uint32_t type; /* a ggml type that gguf_block knows */
    uint32_t rank;
    uint64_t dims[4]; /* dims[0] is contiguous; those past rank are 1 */
    const uint8_t *data;
    size_t n_bytes;
};

struct gguf {
    const char *name; /* for messages; borrowed */
    const uint8_t *bytes;
    size_t n_bytes;
    size_t alignment;
    size_t n_values, n_tensors;
    struct gguf_value *values;   /* sorted by key */
    struct gguf_tensor *tensors; /* sorted by name */
};

/* Parses bytes that outlive *gguf. Given something else than GGUF, the error says what it is. */
tolka_status gguf_parse(struct gguf *gguf, const uint8_t *bytes, size_t n_bytes, const char *name,
                        tolka_error *err);
void gguf_free(struct gguf *gguf);

const struct gguf_value *gguf_find(const struct gguf *gguf, const char *key); /* or NULL */
const struct gguf_tensor *gguf_tensor(const struct gguf *gguf, const char *name);

/* Elements and bytes of a block of a ggml type; false if the type is unknown. */
bool gguf_block(uint32_t type, size_t *elements, size_t *bytes);
const char *gguf_tensor_type_name(uint32_t type);

bool gguf_string_equals(struct gguf_string string, const char *text);
bool gguf_is_integer(enum gguf_type type); /* bool is none */
/* Any integer or bool as int64; any number as double. False if it is something else. */
bool gguf_integer(const struct gguf_value *value, int64_t *out);
bool gguf_number(const struct gguf_value *value, double *out);
/* Element i of an array of integers; of strings (`cursor` starts at 0 and walks along). */
int64_t gguf_array_integer(const struct gguf_value *array, size_t i);
struct gguf_string gguf_array_string(const struct gguf_value *array, size_t *cursor);

#endif
