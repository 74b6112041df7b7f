/* Reading little-endian fields of a mapped file, one after another, never past its end. */
#ifndef CURSOR_H
#define CURSOR_H

#include "engine/bytes.h"

struct cursor {
    const uint8_t *bytes;
    size_t n_bytes, at;
    bool ok; /* false once anything was missing: later reads give zeros */
};

static inline struct cursor cursor_of(const uint8_t *bytes, size_t n_bytes) {
    return (struct cursor){bytes, n_bytes, 0, true};
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

#endif
