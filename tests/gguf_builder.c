#include "tests/gguf_builder.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static void put(struct gguf_builder *builder, const void *bytes, size_t n) {
    builder->bytes = realloc(builder->bytes, builder->n_bytes + n + 1);
    ck_assert_ptr_nonnull(builder->bytes);
    if (n > 0) memcpy(builder->bytes + builder->n_bytes, bytes, n);
    builder->n_bytes += n;
}

static void put_u32(struct gguf_builder *builder, uint32_t value) {
    put(builder, &value, sizeof value);
}

static void put_u64(struct gguf_builder *builder, uint64_t value) {
    put(builder, &value, sizeof value);
}

static void put_text(struct gguf_builder *builder, const char *text) {
    put_u64(builder, strlen(text));
    put(builder, text, strlen(text));
}

static void put_key(struct gguf_builder *builder, const char *key, enum gguf_type type) {
    put_text(builder, key);
    put_u32(builder, type);
    builder->n_values++;
}

static void put_array(struct gguf_builder *builder, const char *key, enum gguf_type element,
                      size_t n) {
    put_key(builder, key, GGUF_ARRAY);
    put_u32(builder, element);
    put_u64(builder, n);
}

void build_string(struct gguf_builder *builder, const char *key, const char *text) {
    put_key(builder, key, GGUF_STRING);
    put_text(builder, text);
}

void build_integer(struct gguf_builder *builder, const char *key, enum gguf_type type,
                   int64_t value) {
    static const size_t widths[GGUF_TYPES] = {
        [GGUF_U8] = 1,  [GGUF_I8] = 1,   [GGUF_U16] = 2, [GGUF_I16] = 2, [GGUF_U32] = 4,
        [GGUF_I32] = 4, [GGUF_BOOL] = 1, [GGUF_U64] = 8, [GGUF_I64] = 8};
    put_key(builder, key, type);
    put(builder, &value, widths[type]); /* little-endian, as the file */
}

void build_f32(struct gguf_builder *builder, const char *key, float value) {
    put_key(builder, key, GGUF_F32);
    put(builder, &value, sizeof value);
}

void build_bytes(struct gguf_builder *builder, const char *key, const void *bytes, size_t n) {
    put_array(builder, key, GGUF_U8, n);
    put(builder, bytes, n);
}

void build_i32s(struct gguf_builder *builder, const char *key, const int32_t *values, size_t n) {
    put_array(builder, key, GGUF_I32, n);
    put(builder, values, n * sizeof *values);
}

void build_strings(struct gguf_builder *builder, const char *key, const char *const *texts,
                   size_t n) {
    put_array(builder, key, GGUF_STRING, n);
    for (size_t i = 0; i < n; i++) put_text(builder, texts[i]);
}

uint8_t *build_file(struct gguf_builder *builder, size_t *n_bytes) {
    struct gguf_builder header = {0};
    put(&header, "GGUF", 4);
    put_u32(&header, 3);
    put_u64(&header, 0);
    put_u64(&header, builder->n_values);
    *n_bytes = header.n_bytes + builder->n_bytes;
    uint8_t *file = aligned_alloc(64, (*n_bytes + 63) / 64 * 64);
    ck_assert_ptr_nonnull(file);
    memset(file, 0, (*n_bytes + 63) / 64 * 64);
    memcpy(file, header.bytes, header.n_bytes);
    if (builder->n_bytes > 0) memcpy(file + header.n_bytes, builder->bytes, builder->n_bytes);
    free(header.bytes);
    free(builder->bytes);
    *builder = (struct gguf_builder){0};
    return file;
}
