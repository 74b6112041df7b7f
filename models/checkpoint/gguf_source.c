/* A GGUF file of any architecture, seen as a list of tensors. */
#include "engine/bytes.h"
#include "engine/kernels/ggml_blocks.h"
#include "engine/roles.h"
#include "models/checkpoint/containers.h"

#include <stdlib.h>
#include <string.h>

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
        return ggml_can_decode(ggml_type) ? SOURCE_BLOCKS : SOURCE_OTHER;
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
    source_set_type(tensor, dtype_of(from->type), gguf_tensor_type_name(from->type));
    tensor->ggml_type = from->type;
    tensor->rank = from->rank;
    for (uint32_t i = 0; i < from->rank; i++) tensor->dims[i] = from->dims[from->rank - 1 - i];
    source_set_row_major(tensor);
    tensor->data = from->data;
    tensor->n_bytes = from->n_bytes;
    return TOLKA_OK;
}

/* tolka's own int8: "enc.blk.0.attn_q.weight" has floats "enc.blk.0.attn_q.scale", and perhaps one
 * float "enc.blk.0.attn_q.input_multiplier". NULL: there are none. */
static const struct gguf_tensor *companion(const struct gguf *gguf, const char *name,
                                           const char *what) {
    char called[300];
    if (!role_companion(name, what, called, sizeof called)) return NULL;
    const struct gguf_tensor *found = gguf_tensor(gguf, called);
    return found && found->type == 0 && found->rank == 1 && found->dims[0] > 0 ? found : NULL;
}

static tolka_status add_scales(struct source *source, struct source_tensor *tensor,
                               tolka_error *err) {
    const struct gguf_tensor *scale = companion(&source->gguf, tensor->name, "scale");
    const struct gguf_tensor *input = companion(&source->gguf, tensor->name, "input_multiplier");
    if (tensor->type != SOURCE_I8 || !scale) return TOLKA_OK;
    float *copy = source_own(source, malloc(scale->n_bytes));
    if (!copy) return fail(err, TOLKA_NOMEM, "%s: out of memory", source->weights_path);
    memcpy(copy, scale->data, scale->n_bytes);
    tensor->scale = copy;
    tensor->n_scales = (size_t)scale->dims[0];
    if (input) tensor->input_multiplier = load_f32(input->data);
    return TOLKA_OK;
}

tolka_status read_gguf_source(struct source *source, const char *path, tolka_error *err) {
    struct map map;
    tolka_status status = source_map(source, path, &map, err);
    if (status != TOLKA_OK) return status;
    status = gguf_parse(&source->gguf, map.bytes, map.n_bytes, path, err);
    if (status != TOLKA_OK) return status;
    for (size_t i = 0; i < source->gguf.n_tensors && status == TOLKA_OK; i++)
        status = add_tensor(source, &source->gguf.tensors[i], path, err);
    for (size_t i = 0; i < source->n_tensors && status == TOLKA_OK; i++)
        status = add_scales(source, &source->tensors[i], err);
    return status == TOLKA_OK ? source_sort(source, err) : status;
}
