/* A GGUF file of any architecture, seen as a list of tensors. */
#include "../../engine/gguf.h"
#include "cursor.h"

/* Ids are ggml's. Types that are not here can be listed, but not read. */
static enum source_dtype dtype_of(uint32_t ggml_type) {
    switch (ggml_type) {
    case 0:
        return SOURCE_F32;
    case 1:
        return SOURCE_F16;
    case 8:
        return SOURCE_Q8_0;
    case 24:
        return SOURCE_I8;
    case 25:
        return SOURCE_I16;
    case 26:
        return SOURCE_I32;
    case 27:
        return SOURCE_I64;
    case 28:
        return SOURCE_F64;
    case 30:
        return SOURCE_BF16;
    default:
        return SOURCE_OTHER;
    }
}

static tolka_status add_tensor(struct source *source, const struct gguf_tensor *from,
                               const char *path, tolka_error *err) {
    /* The numbers of one tensor may be none, but its strides are products all the same. */
    uint64_t elements;
    if (!product_of(from->dims, from->rank, &elements) || elements > INT64_MAX)
        return fail(err, TOLKA_FORMAT, "%s: tensor %.*s is larger than any memory", path,
                    (int)from->name.length, from->name.bytes);
    struct source_tensor *tensor = source_add(source, from->name.bytes, from->name.length);
    if (!tensor) return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    set_type(tensor, dtype_of(from->type), gguf_tensor_type_name(from->type));
    tensor->rank = from->rank;
    for (uint32_t i = 0; i < from->rank; i++) tensor->dims[i] = from->dims[from->rank - 1 - i];
    set_row_major(tensor);
    tensor->data = from->data;
    tensor->n_bytes = from->n_bytes;
    return TOLKA_OK;
}

tolka_status read_gguf_source(struct source *source, const char *path, tolka_error *err) {
    struct map map;
    tolka_status status = source_map(source, path, &map, err);
    if (status != TOLKA_OK) return status;
    struct gguf gguf;
    status = gguf_parse(&gguf, map.bytes, map.n_bytes, path, err);
    if (status != TOLKA_OK) return status;
    for (size_t i = 0; i < gguf.n_tensors && status == TOLKA_OK; i++)
        status = add_tensor(source, &gguf.tensors[i], path, err);
    gguf_free(&gguf);
    return status == TOLKA_OK ? source_sort(source, err) : status;
}
