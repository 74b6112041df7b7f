/* Protocol buffers as SentencePiece models need them: fields one after another, read strictly (each
 * byte has one meaning for every reader) and written in the shortest form. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* ---- reading --------------------------------------------------------------------------------- */

struct wire_span {
    const uint8_t *bytes;
    size_t n;
};

struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t value;            /* WIRE_VARINT, WIRE_64, WIRE_32 */
    struct wire_span contents; /* WIRE_BYTES */
};

/* Takes the field at the beginning of `left`. False: there is none, or one that readers differ
 * about, such as a tag of more than 32 bits. */
bool wire_take(struct wire_span *left, struct wire_field *field);

/* ---- writing --------------------------------------------------------------------------------- */

struct wire_writer {
    uint8_t *bytes; /* the caller frees them */
    size_t n, capacity;
    bool failed; /* out of memory once: stays so */
};

/* A negative number takes ten bytes: int32 fields are sign-extended. */
void wire_put_integer(struct wire_writer *writer, uint32_t field, int64_t value);
void wire_put_float(struct wire_writer *writer, uint32_t field, float value);
void wire_put_bytes(struct wire_writer *writer, uint32_t field, const void *bytes, size_t n);
/* A message inside `outer`; `inner` is spent. */
void wire_put_message(struct wire_writer *outer, uint32_t field, struct wire_writer *inner);

#endif
