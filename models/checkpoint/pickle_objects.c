#include "models/checkpoint/pickle_objects.h"

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

tolka_status malformed(const struct machine *machine, const char *what, tolka_error *err) {
    return fail(err, TOLKA_FORMAT, "%s: pickle byte %zu: %s", machine->path, machine->at, what);
}

tolka_status out_of_memory(const struct machine *machine, tolka_error *err) {
    return fail(err, TOLKA_NOMEM, "%s: out of memory", machine->path);
}

void *grow(void *array, size_t n, size_t width) {
    if ((n & (n - 1)) != 0) return array;
    return realloc(array, (n ? 2 * n : 1) * width);
}

/* ---- stack and memo -------------------------------------------------------------------------- */

tolka_status push(struct machine *machine, struct pickle_value value, tolka_error *err) {
    if (machine->depth == MAX_STACK)
        return fail(err, TOLKA_FORMAT, "%s: pickle byte %zu: more than %d values on the stack",
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
    if (n > MAX_ITEMS - machine->n_items) return malformed(machine, "too many values", err);
    machine->n_items += n;
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
    if (out->n_containers == MAX_OBJECTS) return malformed(machine, "too many containers", err);
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

tolka_status pop_marked(struct machine *machine, tolka_error *err) {
    size_t n;
    tolka_status status = count_marked(machine, &n, err);
    if (status == TOLKA_OK) machine->depth -= n + 1;
    return status;
}

/* What an object of an unknown class holds besides its state is dropped. */
tolka_status extend(struct machine *machine, enum pickle_kind kind, size_t n, tolka_error *err) {
    tolka_status status = check_top(machine, n, err);
    if (status != TOLKA_OK) return status;
    enum pickle_kind below =
        machine->depth == n ? PICKLE_MARK : machine->stack[machine->depth - n - 1].kind;
    if (below == PICKLE_OBJECT) {
        machine->depth -= n;
        return TOLKA_OK;
    }
    if (below != kind)
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

/* ---- globals and objects --------------------------------------------------------------------- */

tolka_status push_object(struct machine *machine, struct pickle_object object, tolka_error *err) {
    struct pickle *out = machine->out;
    if (out->n_objects == MAX_OBJECTS) return malformed(machine, "too many objects", err);
    struct pickle_object *objects = grow(out->objects, out->n_objects, sizeof *objects);
    if (!objects) return out_of_memory(machine, err);
    out->objects = objects;
    struct pickle_value value = {.kind = PICKLE_OBJECT, .index = (uint32_t)out->n_objects};
    objects[out->n_objects++] = object;
    return push(machine, value, err);
}

tolka_status push_global(struct machine *machine, struct pickle_text module,
                         struct pickle_text name, tolka_error *err) {
    for (uint32_t i = 0; i < PICKLE_GLOBALS; i++)
        if (pickle_text_equals(module, globals[i].module) &&
            pickle_text_equals(name, globals[i].name))
            return push(machine, (struct pickle_value){.kind = PICKLE_GLOBAL, .index = i}, err);
    struct pickle_object class = {module, name, {.kind = PICKLE_NONE}};
    return push_object(machine, class, err);
}

tolka_status pop_tuple(struct machine *machine, struct pickle_value *tuple, tolka_error *err) {
    tolka_status status = pop(machine, tuple, err);
    if (status == TOLKA_OK && tuple->kind != PICKLE_TUPLE)
        return malformed(machine, "expected a tuple", err);
    return status;
}
