#include "models/convert/gguf_writer.h"

#include <stdlib.h>
#include <string.h>

void buffer_add(struct buffer *buffer, const void *bytes, size_t n) {
    if (buffer->failed || n == 0) return;
    if (n > buffer->capacity - buffer->n_bytes) {
        size_t capacity = buffer->capacity * 2 + n + 1024;
        uint8_t *grown = realloc(buffer->bytes, capacity);
        if (!grown) {
            buffer->failed = true;
            return;
        }
        buffer->bytes = grown;
        buffer->capacity = capacity;
    }
    memcpy(buffer->bytes + buffer->n_bytes, bytes, n);
    buffer->n_bytes += n;
}

void buffer_free(struct buffer *buffer) {
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}

static void add_u32(struct buffer *buffer, uint32_t value) {
    buffer_add(buffer, &value, sizeof value);
}

static void add_u64(struct buffer *buffer, uint64_t value) {
    buffer_add(buffer, &value, sizeof value);
}

static void add_bytes(struct buffer *buffer, const void *bytes, size_t n) {
    add_u64(buffer, n);
    buffer_add(buffer, bytes, n);
}

static void add_string(struct buffer *buffer, const char *text) {
    add_bytes(buffer, text, strlen(text));
}

static void add_key(struct gguf_writer *writer, const char *key, enum gguf_type type) {
    add_string(&writer->values, key);
    add_u32(&writer->values, (uint32_t)type);
    writer->n_values++;
}

static void add_array(struct gguf_writer *writer, const char *key, enum gguf_type element,
                      size_t n) {
    add_key(writer, key, GGUF_ARRAY);
    add_u32(&writer->values, (uint32_t)element);
    add_u64(&writer->values, n);
}

void write_u32(struct gguf_writer *writer, const char *key, uint32_t value) {
    add_key(writer, key, GGUF_U32);
    add_u32(&writer->values, value);
}

void write_i32(struct gguf_writer *writer, const char *key, int32_t value) {
    add_key(writer, key, GGUF_I32);
    buffer_add(&writer->values, &value, sizeof value);
}

void write_f32(struct gguf_writer *writer, const char *key, float value) {
    add_key(writer, key, GGUF_F32);
    buffer_add(&writer->values, &value, sizeof value);
}

void write_bool(struct gguf_writer *writer, const char *key, bool value) {
    uint8_t byte = value;
    add_key(writer, key, GGUF_BOOL);
    buffer_add(&writer->values, &byte, 1);
}

void write_string(struct gguf_writer *writer, const char *key, const char *value) {
    add_key(writer, key, GGUF_STRING);
    add_string(&writer->values, value);
}

void write_bytes(struct gguf_writer *writer, const char *key, const uint8_t *bytes, size_t n) {
    add_array(writer, key, GGUF_U8, n);
    buffer_add(&writer->values, bytes, n);
}

void write_i32s(struct gguf_writer *writer, const char *key, const int32_t *values, size_t n) {
    add_array(writer, key, GGUF_I32, n);
    buffer_add(&writer->values, values, n * sizeof *values);
}

void write_f32s(struct gguf_writer *writer, const char *key, const float *values, size_t n) {
    add_array(writer, key, GGUF_F32, n);
    buffer_add(&writer->values, values, n * sizeof *values);
}

void write_strings(struct gguf_writer *writer, const char *key, const char *const *values,
                   size_t n) {
    add_array(writer, key, GGUF_STRING, n);
    for (size_t i = 0; i < n; i++) add_string(&writer->values, values[i]);
}

void write_mapped_strings(struct gguf_writer *writer, const char *key,
                          const struct gguf_string *values, size_t n) {
    add_array(writer, key, GGUF_STRING, n);
    for (size_t i = 0; i < n; i++) add_bytes(&writer->values, values[i].bytes, values[i].length);
}

void write_value(struct gguf_writer *writer, const struct gguf_value *value) {
    struct buffer *values = &writer->values;
    add_bytes(values, value->key.bytes, value->key.length);
    add_u32(values, (uint32_t)value->type);
    if (value->type == GGUF_ARRAY) {
        add_u32(values, (uint32_t)value->element);
        add_u64(values, value->count);
    } else if (value->type == GGUF_STRING) {
        add_u64(values, value->n_bytes);
    }
    buffer_add(values, value->data, value->n_bytes);
    writer->n_values++;
}

void write_tensor_info(struct gguf_writer *writer, const char *name, uint32_t type, uint64_t inner,
                       uint64_t outer, uint64_t n_bytes) {
    uint32_t rank = outer == 1 ? 1 : 2;
    add_string(&writer->tensors, name);
    add_u32(&writer->tensors, rank);
    add_u64(&writer->tensors, inner);
    if (rank == 2) add_u64(&writer->tensors, outer);
    add_u32(&writer->tensors, type);
    add_u64(&writer->tensors, writer->data_bytes);
    writer->n_tensors++;
    writer->data_bytes +=
        (n_bytes + GGUF_WRITE_ALIGNMENT - 1) / GGUF_WRITE_ALIGNMENT * GGUF_WRITE_ALIGNMENT;
}

struct buffer gguf_header(const struct gguf_writer *writer) {
    static const uint8_t zeros[GGUF_WRITE_ALIGNMENT];
    struct buffer header = {.failed = writer->values.failed || writer->tensors.failed};
    buffer_add(&header, "GGUF", 4);
    add_u32(&header, 3);
    add_u64(&header, writer->n_tensors);
    add_u64(&header, writer->n_values);
    buffer_add(&header, writer->values.bytes, writer->values.n_bytes);
    buffer_add(&header, writer->tensors.bytes, writer->tensors.n_bytes);
    size_t past = header.n_bytes % GGUF_WRITE_ALIGNMENT;
    if (past) buffer_add(&header, zeros, GGUF_WRITE_ALIGNMENT - past);
    return header;
}

void gguf_writer_free(struct gguf_writer *writer) {
    buffer_free(&writer->values);
    buffer_free(&writer->tensors);
    *writer = (struct gguf_writer){0};
}
