/* Writes GGUF v3 files: metadata first, then tensors one after another as they are produced. */
#ifndef GGUF_WRITER_H
#define GGUF_WRITER_H

#include "engine/gguf.h"

struct buffer {
    uint8_t *bytes;
    size_t n_bytes, capacity;
    bool failed; /* out of memory once: stays so */
};
void buffer_add(struct buffer *buffer, const void *bytes, size_t n);
void buffer_free(struct buffer *buffer);

struct gguf_writer {
    struct buffer values, tensors;
    uint64_t n_values, n_tensors;
    uint64_t data_bytes; /* of all announced tensors, padded */
};

enum { GGUF_WRITE_ALIGNMENT = 64 };

void write_u32(struct gguf_writer *writer, const char *key, uint32_t value);
void write_i32(struct gguf_writer *writer, const char *key, int32_t value);
void write_f32(struct gguf_writer *writer, const char *key, float value);
void write_bool(struct gguf_writer *writer, const char *key, bool value);
void write_string(struct gguf_writer *writer, const char *key, const char *value);
void write_bytes(struct gguf_writer *writer, const char *key, const uint8_t *bytes, size_t n);
void write_i32s(struct gguf_writer *writer, const char *key, const int32_t *values, size_t n);
void write_f32s(struct gguf_writer *writer, const char *key, const float *values, size_t n);
void write_strings(struct gguf_writer *writer, const char *key, const char *const *values,
                   size_t n);

/* The same for strings that lie in another file's map. */
void write_mapped_strings(struct gguf_writer *writer, const char *key,
                          const struct gguf_string *values, size_t n);
/* A value of another file, key and all. */
void write_value(struct gguf_writer *writer, const struct gguf_value *value);

/* Announces the next tensor: dims[0] is contiguous. */
void write_tensor_info(struct gguf_writer *writer, const char *name, uint32_t type, uint64_t inner,
                       uint64_t outer, uint64_t n_bytes);

/* Header, metadata and tensor infos, padded to where the data starts. The caller frees the
 * buffer; failed is set when out of memory. */
struct buffer gguf_header(const struct gguf_writer *writer);
void gguf_writer_free(struct gguf_writer *writer);

#endif
