/* Reading little-endian fields of a mapped file, one after another, never past its end. */
#ifndef CURSOR_H
#define CURSOR_H

#include "models/checkpoint/bytes.h"
#include "models/checkpoint/source.h"

#include <stdio.h>

struct cursor {
    const uint8_t *bytes;
    size_t n_bytes, at;
    bool ok; /* false once anything was missing: later reads give zeros */
};

static inline struct cursor cursor_of(const struct map *map) {
    return (struct cursor){map->bytes, map->n_bytes, 0, true};
}

static inline size_t cursor_left(const struct cursor *cursor) {
    return cursor->ok ? cursor->n_bytes - cursor->at : 0;
}

/* The next n bytes, or NULL. */
static inline const uint8_t *take(struct cursor *cursor, uint64_t n) {
    if (!cursor->ok || n > cursor_left(cursor)) {
        cursor->ok = false;
        return NULL;
    }
    /* An empty file has no bytes to point at. */
    const uint8_t *bytes = cursor->n_bytes ? cursor->bytes + cursor->at : NULL;
    cursor->at += (size_t)n;
    return bytes;
}

static inline uint8_t take_u8(struct cursor *cursor) {
    const uint8_t *bytes = take(cursor, 1);
    return bytes ? bytes[0] : 0;
}
static inline uint16_t take_u16(struct cursor *cursor) {
    const uint8_t *bytes = take(cursor, 2);
    return bytes ? load_u16(bytes) : 0;
}
static inline uint32_t take_u32(struct cursor *cursor) {
    const uint8_t *bytes = take(cursor, 4);
    return bytes ? load_u32(bytes) : 0;
}
static inline uint64_t take_u64(struct cursor *cursor) {
    const uint8_t *bytes = take(cursor, 8);
    return bytes ? load_u64(bytes) : 0;
}

static inline float load_f32(const uint8_t *bytes) {
    union {
        uint32_t bits;
        float value;
    } u = {load_u32(bytes)};
    return u.value;
}

/* May a tensor be called so? */
static inline bool is_tensor_name(const char *name, size_t length) {
    return length > 0 && length <= 256 && is_utf8((const uint8_t *)name, length);
}

/* Strides of a tensor that lies row after row. */
static inline void set_row_major(struct source_tensor *tensor) {
    uint64_t stride = 1;
    for (uint32_t i = tensor->rank; i-- > 0;) {
        tensor->strides[i] = (int64_t)stride;
        stride *= tensor->dims[i];
    }
}

static inline void set_type(struct source_tensor *tensor, enum source_dtype type,
                            const char *name) {
    tensor->type = type;
    snprintf(tensor->type_name, sizeof tensor->type_name, "%.11s", name);
}

#endif
