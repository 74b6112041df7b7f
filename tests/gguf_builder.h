/* Makes the bytes of a GGUF file with metadata and no tensors, in memory. Independent of the
 * program's own writer, and able to write what that would not. */
#ifndef GGUF_BUILDER_H
#define GGUF_BUILDER_H

#include "engine/gguf.h"

struct gguf_builder {
    uint8_t *bytes; /* of the values so far */
    size_t n_bytes;
    uint64_t n_values;
};

void build_string(struct gguf_builder *builder, const char *key, const char *text);
void build_integer(struct gguf_builder *builder, const char *key, enum gguf_type type,
                   int64_t value);
void build_f32(struct gguf_builder *builder, const char *key, float value);
void build_bytes(struct gguf_builder *builder, const char *key, const void *bytes, size_t n);
void build_i32s(struct gguf_builder *builder, const char *key, const int32_t *values, size_t n);
void build_strings(struct gguf_builder *builder, const char *key, const char *const *texts,
                   size_t n);

/* The whole file, aligned to 64; free it. The builder is empty after this. */
uint8_t *build_file(struct gguf_builder *builder, size_t *n_bytes);

#endif
