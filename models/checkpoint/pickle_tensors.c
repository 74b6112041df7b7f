#include "models/checkpoint/pickle_tensors.h"

#include "engine/bytes.h"

/* ---- storages -------------------------------------------------------------------------------- */

/* (key, first, count): a part of the storage that was described before it. */
static bool read_part(const struct machine *machine, const struct pickle_value *value,
                      struct pickle_storage *storage) {
    if (value->kind == PICKLE_NONE) return true;
    if (value->kind != PICKLE_TUPLE) return false;
    const struct pickle_container *part = &machine->out->containers[value->index];
    const struct pickle_value *v = part->items;
    if (part->n != 3 || v[1].kind != PICKLE_INTEGER || v[1].integer < 0 ||
        v[2].kind != PICKLE_INTEGER || v[2].integer < 0)
        return false;
    storage->first = (uint64_t)v[1].integer;
    storage->count = (uint64_t)v[2].integer;
    return storage->first <= storage->size && storage->count <= storage->size - storage->first;
}

static tolka_status unknown_storage(const struct machine *machine, const struct pickle_value *value,
                                    tolka_error *err) {
    const struct pickle_object *object = &machine->out->objects[value->index];
    int module = object->module.length < 80 ? (int)object->module.length : 80;
    int class = object->class.length < 80 ? (int)object->class.length : 80;
    return fail(err, TOLKA_UNSUPPORTED,
                "%s: a tensor's numbers are of class %.*s.%.*s, which tolka does not read",
                machine->path, module, object->module.bytes, class, object->class.bytes);
}

static bool describes_storage(const struct pickle_container *id) {
    const struct pickle_value *v = id->items;
    return (id->n == 5 || id->n == 6) && v[0].kind == PICKLE_TEXT &&
           pickle_text_equals(v[0].text, "storage") && v[2].kind == PICKLE_TEXT &&
           v[4].kind == PICKLE_INTEGER && v[4].integer >= 0 &&
           (v[1].kind == PICKLE_OBJECT ||
            (v[1].kind == PICKLE_GLOBAL && v[1].index >= PICKLE_FLOAT_STORAGE));
}

/* ('module', class, file, source) stands for the class of a module that was saved whole. */
static bool describes_class(const struct pickle_container *id) {
    return id->n == 4 && id->items[0].kind == PICKLE_TEXT &&
           pickle_text_equals(id->items[0].text, "module") && id->items[1].kind == PICKLE_OBJECT;
}

tolka_status make_storage(struct machine *machine, tolka_error *err) {
    struct pickle_value tuple;
    tolka_status status = pop_tuple(machine, &tuple, err);
    if (status != TOLKA_OK) return status;
    struct pickle_container id = machine->out->containers[tuple.index];
    const struct pickle_value *v = id.items;
    if (describes_class(&id)) return push(machine, v[1], err);
    if (!describes_storage(&id))
        return malformed(machine, "a persistent id that describes no storage", err);
    if (v[1].kind == PICKLE_OBJECT) return unknown_storage(machine, &v[1], err);
    uint64_t size = (uint64_t)v[4].integer;
    struct pickle_storage storage = {(enum pickle_global)v[1].index, v[2].text, size, 0, size};
    if (id.n == 6 && !read_part(machine, &v[5], &storage))
        return malformed(machine, "a part that is not in its storage", err);
    struct pickle *out = machine->out;
    struct pickle_storage *storages = grow(out->storages, out->n_storages, sizeof *storages);
    if (!storages) return out_of_memory(machine, err);
    out->storages = storages;
    struct pickle_value value = {.kind = PICKLE_STORAGE, .index = (uint32_t)out->n_storages};
    storages[out->n_storages++] = storage;
    return push(machine, value, err);
}

/* ---- tensors --------------------------------------------------------------------------------- */

/* Does the last element still lie in the storage? */
static bool fits(const struct pickle_tensor *tensor, uint64_t count) {
    uint64_t last = tensor->offset, elements;
    if (!product_of(tensor->dims, tensor->rank, &elements) || elements > INT64_MAX) return false;
    if (elements == 0) return tensor->offset <= count;
    for (uint32_t d = 0; d < tensor->rank; d++) {
        uint64_t reach;
        if (!multiply(tensor->dims[d] - 1, (uint64_t)tensor->strides[d], &reach) ||
            __builtin_add_overflow(last, reach, &last))
            return false;
    }
    return last < count;
}

static bool read_shape(const struct machine *machine, const struct pickle_value *size,
                       const struct pickle_value *stride, struct pickle_tensor *tensor) {
    if (size->kind != PICKLE_TUPLE || stride->kind != PICKLE_TUPLE) return false;
    const struct pickle_container *dims = &machine->out->containers[size->index];
    const struct pickle_container *strides = &machine->out->containers[stride->index];
    if (dims->n > 8 || dims->n != strides->n) return false;
    tensor->rank = (uint32_t)dims->n;
    for (size_t d = 0; d < dims->n; d++) {
        const struct pickle_value *a = &dims->items[d], *b = &strides->items[d];
        if (a->kind != PICKLE_INTEGER || a->integer < 0 || b->kind != PICKLE_INTEGER ||
            b->integer < 0)
            return false;
        tensor->dims[d] = (uint64_t)a->integer;
        tensor->strides[d] = b->integer;
    }
    return true;
}

/* (storage, offset, size, stride, requires_grad, hooks[, metadata]) */
static tolka_status rebuild_tensor(struct machine *machine, const struct pickle_container *args,
                                   tolka_error *err) {
    const struct pickle_value *v = args->items;
    struct pickle_tensor tensor = {0};
    if (args->n < 6 || args->n > 7 || v[0].kind != PICKLE_STORAGE || v[1].kind != PICKLE_INTEGER ||
        v[1].integer < 0 || !read_shape(machine, &v[2], &v[3], &tensor))
        return malformed(machine, "a tensor of unknown form", err);
    struct pickle *out = machine->out;
    tensor.storage = v[0].index;
    tensor.offset = (uint64_t)v[1].integer;
    if (!fits(&tensor, out->storages[tensor.storage].count))
        return malformed(machine, "a tensor reaches past the end of its storage", err);
    struct pickle_tensor *tensors = grow(out->tensors, out->n_tensors, sizeof *tensors);
    if (!tensors) return out_of_memory(machine, err);
    out->tensors = tensors;
    struct pickle_value value = {.kind = PICKLE_TENSOR, .index = (uint32_t)out->n_tensors};
    tensors[out->n_tensors++] = tensor;
    return push(machine, value, err);
}

/* ---- calls ------------------------------------------------------------------------------------ */

/* An object of an unknown class, with the arguments that it is made of. */
static tolka_status make_object(struct machine *machine, uint32_t class, struct pickle_value args,
                                tolka_error *err) {
    struct pickle_object object = machine->out->objects[class];
    object.state = args;
    return push_object(machine, object, err);
}

tolka_status reduce(struct machine *machine, tolka_error *err) {
    struct pickle_value tuple, function;
    tolka_status status = pop_tuple(machine, &tuple, err);
    if (status == TOLKA_OK) status = pop(machine, &function, err);
    if (status != TOLKA_OK) return status;
    struct pickle_container args = machine->out->containers[tuple.index];
    if (function.kind == PICKLE_OBJECT) return make_object(machine, function.index, tuple, err);
    if (function.kind == PICKLE_GLOBAL && function.index == PICKLE_ORDERED_DICT && args.n == 0)
        return push_container(machine, PICKLE_DICT, 0, err);
    if (function.kind == PICKLE_GLOBAL && function.index == PICKLE_REBUILD_TENSOR)
        return rebuild_tensor(machine, &args, err);
    if (function.kind == PICKLE_GLOBAL && function.index == PICKLE_REBUILD_PARAMETER &&
        args.n == 3 && args.items[0].kind == PICKLE_TENSOR)
        return push(machine, args.items[0], err);
    return malformed(machine, "a call that no checkpoint makes", err);
}

tolka_status build(struct machine *machine, tolka_error *err) {
    struct pickle_value state;
    tolka_status status = pop(machine, &state, err);
    if (status != TOLKA_OK) return status;
    if (state.kind == PICKLE_MARK)
        return malformed(machine, "a mark where a value was expected", err);
    struct pickle_value top = {.kind = PICKLE_NONE};
    if (machine->depth > 0) top = machine->stack[machine->depth - 1];
    if (top.kind == PICKLE_OBJECT) machine->out->objects[top.index].state = state;
    if (top.kind == PICKLE_OBJECT || top.kind == PICKLE_DICT) return TOLKA_OK;
    return malformed(machine, "attributes for something that is no object", err);
}
