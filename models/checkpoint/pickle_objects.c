#include "models/checkpoint/pickle_objects.h"

#include "engine/bytes.h"

#include <stdlib.h>
#include <string.h>

static const struct global_entry {
    const char *module, *name;
} globals[PICKLE_GLOBALS] = {
    [PICKLE_ORDERED_DICT] = {"collections", "OrderedDict"},
    [PICKLE_REBUILD_TENSOR] = {"torch._utils", "_rebuild_tensor_v2"},
    [PICKLE_REBUILD_PARAMETER] = {"torch._utils", "_rebuild_parameter"},
    [PICKLE_FLOAT_STORAGE] = {"torch", "FloatStorage"},
    [PICKLE_HALF_STORAGE] = {"torch", "HalfStorage"},
    [PICKLE_BFLOAT16_STORAGE] = {"torch", "BFloat16Storage"},
    [PICKLE_DOUBLE_STORAGE] = {"torch", "DoubleStorage"},
    [PICKLE_LONG_STORAGE] = {"torch", "LongStorage"},
    [PICKLE_INT_STORAGE] = {"torch", "IntStorage"},
    [PICKLE_SHORT_STORAGE] = {"torch", "ShortStorage"},
    [PICKLE_CHAR_STORAGE] = {"torch", "CharStorage"},
    [PICKLE_BYTE_STORAGE] = {"torch", "ByteStorage"},
    [PICKLE_BOOL_STORAGE] = {"torch", "BoolStorage"},
    [PICKLE_UNTYPED_STORAGE] = {"torch.storage", "UntypedStorage"},
};

static tolka_status malformed(const struct machine *machine, const char *what, tolka_error *err) {
    return fail(err, TOLKA_FORMAT, "%s: data.pkl byte %zu: %s", machine->path, machine->at, what);
}

static tolka_status out_of_memory(const struct machine *machine, tolka_error *err) {
    return fail(err, TOLKA_NOMEM, "%s: out of memory", machine->path);
}

/* Makes room for one more element; capacities double, so `n` a power of two (or 0) means full. */
static void *grow(void *array, size_t n, size_t width) {
    if ((n & (n - 1)) != 0) return array;
    return realloc(array, (n ? 2 * n : 1) * width);
}

static bool text_equals(struct pickle_text text, const char *expected) {
    return text.length == strlen(expected) && memcmp(text.bytes, expected, text.length) == 0;
}

/* ---- stack and memo -------------------------------------------------------------------------- */

tolka_status push(struct machine *machine, struct pickle_value value, tolka_error *err) {
    if (machine->depth == MAX_STACK)
        return fail(err, TOLKA_FORMAT, "%s: data.pkl byte %zu: more than %d values on the stack",
                    machine->path, machine->at, MAX_STACK);
    machine->stack[machine->depth++] = value;
    return TOLKA_OK;
}

tolka_status pop(struct machine *machine, struct pickle_value *value, tolka_error *err) {
    *value = (struct pickle_value){.kind = PICKLE_NONE};
    if (machine->depth == 0) return malformed(machine, "the stack is empty", err);
    *value = machine->stack[--machine->depth];
    return TOLKA_OK;
}

tolka_status memoize(struct machine *machine, uint64_t key, tolka_error *err) {
    if (machine->depth == 0) return malformed(machine, "nothing to remember", err);
    if (key >= MAX_MEMO) return malformed(machine, "a memo key out of range", err);
    if (key >= machine->memo_capacity) {
        size_t capacity = machine->memo_capacity ? machine->memo_capacity : 256;
        while (capacity <= key) capacity *= 2;
        struct pickle_value *memo = realloc(machine->memo, capacity * sizeof *memo);
        if (!memo) return out_of_memory(machine, err);
        for (size_t i = machine->memo_capacity; i < capacity; i++)
            memo[i] = (struct pickle_value){.kind = PICKLE_MARK};
        machine->memo = memo;
        machine->memo_capacity = capacity;
    }
    machine->memo[key] = machine->stack[machine->depth - 1];
    if (key >= machine->n_memo) machine->n_memo = (size_t)key + 1;
    return TOLKA_OK;
}

/* How many values lie above the topmost mark. */
static tolka_status count_marked(const struct machine *machine, size_t *n, tolka_error *err) {
    for (*n = 0; *n < machine->depth; ++*n)
        if (machine->stack[machine->depth - 1 - *n].kind == PICKLE_MARK) return TOLKA_OK;
    return malformed(machine, "a mark is missing", err);
}

/* Removes the mark below the top n values. */
static void remove_mark(struct machine *machine, size_t n) {
    struct pickle_value *mark = &machine->stack[machine->depth - n - 1];
    memmove(mark, mark + 1, n * sizeof *mark);
    machine->depth--;
}

/* ---- containers ------------------------------------------------------------------------------ */

static tolka_status append(struct machine *machine, struct pickle_container *container,
                           const struct pickle_value *values, size_t n, tolka_error *err) {
    if (n > container->capacity - container->n) {
        size_t capacity =
            container->n + n > 2 * container->capacity ? container->n + n : 2 * container->capacity;
        struct pickle_value *items = realloc(container->items, capacity * sizeof *items);
        if (!items) return out_of_memory(machine, err);
        container->items = items;
        container->capacity = capacity;
    }
    if (n > 0) memcpy(container->items + container->n, values, n * sizeof *values);
    container->n += n;
    return TOLKA_OK;
}

/* The top n values, which must be there and hold no mark. */
static tolka_status check_top(const struct machine *machine, size_t n, tolka_error *err) {
    if (machine->depth < n) return malformed(machine, "the stack is too short", err);
    for (size_t i = 1; i <= n; i++)
        if (machine->stack[machine->depth - i].kind == PICKLE_MARK)
            return malformed(machine, "a mark where a value was expected", err);
    return TOLKA_OK;
}

tolka_status push_container(struct machine *machine, enum pickle_kind kind, size_t n,
                            tolka_error *err) {
    struct pickle *out = machine->out;
    tolka_status status = check_top(machine, n, err);
    if (status != TOLKA_OK) return status;
    struct pickle_container *containers =
        grow(out->containers, out->n_containers, sizeof *containers);
    if (!containers) return out_of_memory(machine, err);
    out->containers = containers;
    struct pickle_value value = {.kind = kind, .index = (uint32_t)out->n_containers};
    struct pickle_container *container = &containers[out->n_containers++];
    *container = (struct pickle_container){0};
    status = append(machine, container, machine->stack + machine->depth - n, n, err);
    if (status != TOLKA_OK) return status;
    machine->depth -= n;
    return push(machine, value, err);
}

tolka_status push_marked_tuple(struct machine *machine, tolka_error *err) {
    size_t n;
    tolka_status status = count_marked(machine, &n, err);
    if (status != TOLKA_OK) return status;
    remove_mark(machine, n);
    return push_container(machine, PICKLE_TUPLE, n, err);
}

tolka_status extend(struct machine *machine, enum pickle_kind kind, size_t n, tolka_error *err) {
    tolka_status status = check_top(machine, n, err);
    if (status != TOLKA_OK) return status;
    if (machine->depth == n || machine->stack[machine->depth - n - 1].kind != kind)
        return malformed(machine, "items for something that is no dict or list", err);
    if (kind == PICKLE_DICT && n % 2 != 0) return malformed(machine, "a key without a value", err);
    struct pickle_container *container =
        &machine->out->containers[machine->stack[machine->depth - n - 1].index];
    status = append(machine, container, machine->stack + machine->depth - n, n, err);
    machine->depth -= n;
    return status;
}

tolka_status extend_marked(struct machine *machine, enum pickle_kind kind, tolka_error *err) {
    size_t n;
    tolka_status status = count_marked(machine, &n, err);
    if (status != TOLKA_OK) return status;
    remove_mark(machine, n);
    return extend(machine, kind, n, err);
}

/* ---- globals and storages -------------------------------------------------------------------- */

tolka_status push_global(struct machine *machine, struct pickle_text module,
                         struct pickle_text name, tolka_error *err) {
    for (uint32_t i = 0; i < PICKLE_GLOBALS; i++)
        if (text_equals(module, globals[i].module) && text_equals(name, globals[i].name))
            return push(machine, (struct pickle_value){.kind = PICKLE_GLOBAL, .index = i}, err);
    int module_length = module.length < 80 ? (int)module.length : 80;
    int name_length = name.length < 80 ? (int)name.length : 80;
    return fail(err, TOLKA_UNSUPPORTED,
                "%s: data.pkl asks for %.*s.%.*s, which is no part of a state dict; save the state "
                "dict alone, or as safetensors",
                machine->path, module_length, module.bytes, name_length, name.bytes);
}

/* The items of a tuple on the stack's top, which is popped. */
static tolka_status pop_tuple(struct machine *machine, struct pickle_container *tuple,
                              tolka_error *err) {
    struct pickle_value value;
    tolka_status status = pop(machine, &value, err);
    if (status != TOLKA_OK) return status;
    if (value.kind != PICKLE_TUPLE) return malformed(machine, "expected a tuple", err);
    *tuple = machine->out->containers[value.index];
    return TOLKA_OK;
}

tolka_status make_storage(struct machine *machine, tolka_error *err) {
    struct pickle_container id = {0};
    tolka_status status = pop_tuple(machine, &id, err);
    if (status != TOLKA_OK) return status;
    const struct pickle_value *v = id.items;
    if (id.n != 5 || v[0].kind != PICKLE_TEXT || !text_equals(v[0].text, "storage") ||
        v[1].kind != PICKLE_GLOBAL || v[1].index < PICKLE_FLOAT_STORAGE ||
        v[2].kind != PICKLE_TEXT || v[4].kind != PICKLE_INTEGER || v[4].integer < 0)
        return malformed(machine, "a persistent id that describes no storage", err);
    struct pickle *out = machine->out;
    struct pickle_storage *storages = grow(out->storages, out->n_storages, sizeof *storages);
    if (!storages) return out_of_memory(machine, err);
    out->storages = storages;
    struct pickle_value value = {.kind = PICKLE_STORAGE, .index = (uint32_t)out->n_storages};
    storages[out->n_storages++] =
        (struct pickle_storage){(enum pickle_global)v[1].index, v[2].text, (uint64_t)v[4].integer};
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

tolka_status reduce(struct machine *machine, tolka_error *err) {
    struct pickle_container args = {0};
    struct pickle_value function;
    tolka_status status = pop_tuple(machine, &args, err);
    if (status == TOLKA_OK) status = pop(machine, &function, err);
    if (status != TOLKA_OK) return status;
    if (function.kind == PICKLE_GLOBAL && function.index == PICKLE_ORDERED_DICT && args.n == 0)
        return push_container(machine, PICKLE_DICT, 0, err);
    if (function.kind == PICKLE_GLOBAL && function.index == PICKLE_REBUILD_TENSOR)
        return rebuild_tensor(machine, &args, err);
    if (function.kind == PICKLE_GLOBAL && function.index == PICKLE_REBUILD_PARAMETER &&
        args.n == 3 && args.items[0].kind == PICKLE_TENSOR)
        return push(machine, args.items[0], err);
    return malformed(machine, "a call that no state dict makes", err);
}

tolka_status build(struct machine *machine, tolka_error *err) {
    struct pickle_value state;
    tolka_status status = pop(machine, &state, err);
    if (status != TOLKA_OK) return status;
    if (machine->depth == 0 || machine->stack[machine->depth - 1].kind != PICKLE_DICT)
        return malformed(machine, "attributes for something that is no dict", err);
    return TOLKA_OK;
}
