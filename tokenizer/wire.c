#include "tokenizer/wire.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading --------------------------------------------------------------------------------- */

static bool take_varint(struct wire_span *left, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64 && left->n > 0; shift += 7) {
        uint8_t byte = *left->bytes++;
        left->n--;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return shift < 63 || byte < 2; /* the tenth byte has one bit left */
    }
    return false;
}

static bool take_fixed(struct wire_span *left, size_t n, uint64_t *value) {
    *value = 0;
    if (left->n < n) return false;
    for (size_t i = 0; i < n; i++) *value |= (uint64_t)left->bytes[i] << (8 * i);
    left->bytes += n;
    left->n -= n;
    return true;
}

static bool take_bytes(struct wire_span *left, struct wire_span *contents) {
    uint64_t n;
    if (!take_varint(left, &n) || n > left->n) return false;
    *contents = (struct wire_span){left->bytes, (size_t)n};
    left->bytes += n;
    left->n -= (size_t)n;
    return true;
}

bool wire_take(struct wire_span *left, struct wire_field *field) {
    uint64_t tag;
    if (!take_varint(left, &tag) || tag > UINT32_MAX || tag >> 3 == 0) return false;
    *field = (struct wire_field){.number = (uint32_t)(tag >> 3), .type = (enum wire_type)(tag & 7)};
    switch (field->type) {
    case WIRE_VARINT:
        return take_varint(left, &field->value);
    case WIRE_64:
        return take_fixed(left, 8, &field->value);
    case WIRE_32:
        return take_fixed(left, 4, &field->value);
    case WIRE_BYTES:
        return take_bytes(left, &field->contents);
    }
    return false; /* groups: no SentencePiece model has any */
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put(struct wire_writer *writer, const void *bytes, size_t n) {
    if (writer->failed || n == 0) return;
    if (n > writer->capacity - writer->n) {
        size_t needed = writer->n + n, capacity = writer->capacity * 2 + 256;
        if (capacity < needed) capacity = needed;
        uint8_t *larger = needed < n ? NULL : realloc(writer->bytes, capacity);
        if (!larger) {
            writer->failed = true;
            return;
        }
        writer->bytes = larger;
        writer->capacity = capacity;
    }
    memcpy(writer->bytes + writer->n, bytes, n);
    writer->n += n;
}

static void put_varint(struct wire_writer *writer, uint64_t value) {
    uint8_t bytes[10];
    size_t n = 0;
    do {
        bytes[n++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value);
    put(writer, bytes, n);
}

static void put_tag(struct wire_writer *writer, uint32_t field, enum wire_type type) {
    put_varint(writer, (uint64_t)field << 3 | type);
}

void wire_put_integer(struct wire_writer *writer, uint32_t field, int64_t value) {
    put_tag(writer, field, WIRE_VARINT);
    put_varint(writer, (uint64_t)value);
}

void wire_put_float(struct wire_writer *writer, uint32_t field, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint8_t bytes[4] = {(uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16),
                        (uint8_t)(bits >> 24)};
    put_tag(writer, field, WIRE_32);
    put(writer, bytes, sizeof bytes);
}

void wire_put_bytes(struct wire_writer *writer, uint32_t field, const void *bytes, size_t n) {
    put_tag(writer, field, WIRE_BYTES);
    put_varint(writer, n);
    put(writer, bytes, n);
}

void wire_put_message(struct wire_writer *outer, uint32_t field, struct wire_writer *inner) {
    if (inner->failed) outer->failed = true;
    wire_put_bytes(outer, field, inner->bytes, inner->n);
    free(inner->bytes);
    *inner = (struct wire_writer){0};
}
