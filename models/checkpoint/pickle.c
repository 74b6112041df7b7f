#include "models/checkpoint/pickle.h"

#include "models/checkpoint/pickle_objects.h"
#include "models/checkpoint/pickle_tensors.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Of the opcodes, those that a checkpoint needs. */
enum opcode {
    OP_MARK = '(',
    OP_EMPTY_TUPLE = ')',
    OP_STOP = '.',
    OP_POP = '0',
    OP_POP_MARK = '1',
    OP_BINBYTES = 'B',
    OP_SHORT_BINBYTES = 'C',
    OP_BINFLOAT = 'G',
    OP_BININT = 'J',
    OP_BININT1 = 'K',
    OP_BININT2 = 'M',
    OP_NONE = 'N',
    OP_BINPERSID = 'Q',
    OP_REDUCE = 'R',
    OP_BINSTRING = 'T',
    OP_SHORT_BINSTRING = 'U',
    OP_BINUNICODE = 'X',
    OP_EMPTY_LIST = ']',
    OP_APPEND = 'a',
    OP_BUILD = 'b',
    OP_GLOBAL = 'c',
    OP_APPENDS = 'e',
    OP_BINGET = 'h',
    OP_LONG_BINGET = 'j',
    OP_BINPUT = 'q',
    OP_LONG_BINPUT = 'r',
    OP_SETITEM = 's',
    OP_TUPLE = 't',
    OP_SETITEMS = 'u',
    OP_EMPTY_DICT = '}',
    OP_PROTO = 0x80,
    OP_NEWOBJ = 0x81,
    OP_TUPLE1 = 0x85,
    OP_TUPLE2 = 0x86,
    OP_TUPLE3 = 0x87,
    OP_NEWTRUE = 0x88,
    OP_NEWFALSE = 0x89,
    OP_LONG1 = 0x8a,
    OP_SHORT_BINUNICODE = 0x8c,
    OP_EMPTY_SET = 0x8f,
    OP_ADDITEMS = 0x90,
    OP_FROZENSET = 0x91,
    OP_STACK_GLOBAL = 0x93,
    OP_MEMOIZE = 0x94,
    OP_FRAME = 0x95,
};

enum { MAX_PICKLE_BYTES = 1 << 26 };

/* ---- bytes ----------------------------------------------------------------------------------- */

static tolka_status take(struct machine *machine, uint64_t n, const uint8_t **bytes,
                         tolka_error *err) {
    *bytes = NULL;
    if (n > machine->n_bytes - machine->at)
        return fail(err, TOLKA_FORMAT, "%s: the pickle is cut off at byte %zu", machine->path,
                    machine->at);
    *bytes = machine->bytes + machine->at;
    machine->at += (size_t)n;
    return TOLKA_OK;
}

/* A little-endian number of `width` bytes. */
static tolka_status take_number(struct machine *machine, unsigned width, uint64_t *number,
                                tolka_error *err) {
    const uint8_t *p;
    *number = 0;
    tolka_status status = take(machine, width, &p, err);
    for (unsigned i = 0; status == TOLKA_OK && i < width; i++) *number |= (uint64_t)p[i] << (8 * i);
    return status;
}

static tolka_status take_line(struct machine *machine, struct pickle_text *line, tolka_error *err) {
    const uint8_t *start = machine->bytes + machine->at;
    const uint8_t *end = memchr(start, '\n', machine->n_bytes - machine->at);
    if (!end)
        return fail(err, TOLKA_FORMAT, "%s: the pickle is cut off at byte %zu", machine->path,
                    machine->at);
    *line = (struct pickle_text){(const char *)start, (size_t)(end - start)};
    machine->at += line->length + 1;
    return TOLKA_OK;
}

/* ---- values that stand in the pickle --------------------------------------------------------- */

static tolka_status push_integer(struct machine *machine, unsigned width, bool is_signed,
                                 tolka_error *err) {
    uint64_t number;
    tolka_status status = take_number(machine, width, &number, err);
    if (status != TOLKA_OK) return status;
    if (is_signed && width > 0 && width < 8 && number >> (8 * width - 1))
        number |= UINT64_MAX << (8 * width);
    struct pickle_value value = {.kind = PICKLE_INTEGER, .integer = (int64_t)number};
    return push(machine, value, err);
}

static tolka_status push_long(struct machine *machine, tolka_error *err) {
    uint64_t width;
    tolka_status status = take_number(machine, 1, &width, err);
    if (status != TOLKA_OK) return status;
    if (width > 8)
        return fail(err, TOLKA_UNSUPPORTED, "%s: the pickle holds an integer of %u bytes",
                    machine->path, (unsigned)width);
    return push_integer(machine, (unsigned)width, true, err);
}

static tolka_status push_text(struct machine *machine, unsigned width, tolka_error *err) {
    uint64_t length;
    const uint8_t *bytes;
    tolka_status status = take_number(machine, width, &length, err);
    if (status == TOLKA_OK) status = take(machine, length, &bytes, err);
    if (status != TOLKA_OK) return status;
    struct pickle_value value = {.kind = PICKLE_TEXT,
                                 .text = {(const char *)bytes, (size_t)length}};
    return push(machine, value, err);
}

/* The one big-endian field there is. */
static tolka_status push_float(struct machine *machine, tolka_error *err) {
    const uint8_t *p;
    tolka_status status = take(machine, 8, &p, err);
    if (status != TOLKA_OK) return status;
    union {
        uint64_t bits;
        double real;
    } u = {0};
    for (int i = 0; i < 8; i++) u.bits = u.bits << 8 | p[i];
    return push(machine, (struct pickle_value){.kind = PICKLE_FLOAT, .real = u.real}, err);
}

static tolka_status push_constant(struct machine *machine, enum pickle_kind kind, int64_t integer,
                                  tolka_error *err) {
    return push(machine, (struct pickle_value){.kind = kind, .integer = integer}, err);
}

/* ---- the memo -------------------------------------------------------------------------------- */

static tolka_status get(struct machine *machine, unsigned width, tolka_error *err) {
    uint64_t key;
    tolka_status status = take_number(machine, width, &key, err);
    if (status != TOLKA_OK) return status;
    if (key >= machine->n_memo || machine->memo[key].kind == PICKLE_MARK)
        return fail(err, TOLKA_FORMAT, "%s: pickle byte %zu: memo %llu was never stored",
                    machine->path, machine->at, (unsigned long long)key);
    return push(machine, machine->memo[key], err);
}

static tolka_status put(struct machine *machine, unsigned width, tolka_error *err) {
    uint64_t key;
    tolka_status status = take_number(machine, width, &key, err);
    return status == TOLKA_OK ? memoize(machine, key, err) : status;
}

/* ---- globals --------------------------------------------------------------------------------- */

static tolka_status read_global(struct machine *machine, tolka_error *err) {
    struct pickle_text module, name;
    tolka_status status = take_line(machine, &module, err);
    if (status == TOLKA_OK) status = take_line(machine, &name, err);
    return status == TOLKA_OK ? push_global(machine, module, name, err) : status;
}

static tolka_status read_stack_global(struct machine *machine, tolka_error *err) {
    struct pickle_value name, module;
    tolka_status status = pop(machine, &name, err);
    if (status == TOLKA_OK) status = pop(machine, &module, err);
    if (status != TOLKA_OK) return status;
    if (name.kind != PICKLE_TEXT || module.kind != PICKLE_TEXT)
        return fail(err, TOLKA_FORMAT, "%s: pickle byte %zu: a global without a name",
                    machine->path, machine->at);
    return push_global(machine, module.text, name.text, err);
}

/* ---- opcodes --------------------------------------------------------------------------------- */

static tolka_status check_protocol(struct machine *machine, tolka_error *err) {
    uint64_t protocol;
    tolka_status status = take_number(machine, 1, &protocol, err);
    if (status == TOLKA_OK && (protocol < 2 || protocol > 5))
        return fail(err, TOLKA_UNSUPPORTED,
                    "%s: the pickle has pickle protocol %u; expected 2 to 5", machine->path,
                    (unsigned)protocol);
    return status;
}

static tolka_status unknown_opcode(const struct machine *machine, int op, tolka_error *err) {
    return fail(err, TOLKA_UNSUPPORTED,
                "%s: pickle byte %zu: pickle opcode 0x%02x, which no checkpoint needs; save the "
                "state dict alone, or as safetensors",
                machine->path, machine->at - 1, (unsigned)op);
}

static tolka_status run_structure(struct machine *machine, int op, tolka_error *err) {
    uint64_t ignored;
    struct pickle_value dropped;
    switch (op) {
    case OP_PROTO:
        return check_protocol(machine, err);
    case OP_FRAME:
        return take_number(machine, 8, &ignored, err);
    case OP_POP:
        return pop(machine, &dropped, err);
    case OP_POP_MARK:
        return pop_marked(machine, err);
    case OP_MARK:
        return push_constant(machine, PICKLE_MARK, 0, err);
    case OP_EMPTY_DICT:
        return push_container(machine, PICKLE_DICT, 0, err);
    case OP_EMPTY_LIST:
    case OP_EMPTY_SET:
        return push_container(machine, PICKLE_LIST, 0, err);
    case OP_EMPTY_TUPLE:
        return push_container(machine, PICKLE_TUPLE, 0, err);
    case OP_TUPLE1:
        return push_container(machine, PICKLE_TUPLE, 1, err);
    case OP_TUPLE2:
        return push_container(machine, PICKLE_TUPLE, 2, err);
    case OP_TUPLE3:
        return push_container(machine, PICKLE_TUPLE, 3, err);
    case OP_TUPLE:
    case OP_FROZENSET:
        return push_marked_tuple(machine, err);
    case OP_SETITEM:
        return extend(machine, PICKLE_DICT, 2, err);
    case OP_APPEND:
        return extend(machine, PICKLE_LIST, 1, err);
    case OP_SETITEMS:
        return extend_marked(machine, PICKLE_DICT, err);
    case OP_APPENDS:
    case OP_ADDITEMS:
        return extend_marked(machine, PICKLE_LIST, err);
    case OP_GLOBAL:
        return read_global(machine, err);
    case OP_STACK_GLOBAL:
        return read_stack_global(machine, err);
    case OP_BINPERSID:
        return make_storage(machine, err);
    case OP_NEWOBJ:
    case OP_REDUCE:
        return reduce(machine, err);
    case OP_BUILD:
        return build(machine, err);
    default:
        return unknown_opcode(machine, op, err);
    }
}

static tolka_status run(struct machine *machine, int op, tolka_error *err) {
    switch (op) {
    case OP_NONE:
        return push_constant(machine, PICKLE_NONE, 0, err);
    case OP_NEWTRUE:
        return push_constant(machine, PICKLE_BOOLEAN, 1, err);
    case OP_NEWFALSE:
        return push_constant(machine, PICKLE_BOOLEAN, 0, err);
    case OP_BININT:
        return push_integer(machine, 4, true, err);
    case OP_BININT1:
        return push_integer(machine, 1, false, err);
    case OP_BININT2:
        return push_integer(machine, 2, false, err);
    case OP_LONG1:
        return push_long(machine, err);
    case OP_BINFLOAT:
        return push_float(machine, err);
    case OP_BINUNICODE:
    case OP_BINSTRING:
    case OP_BINBYTES:
        return push_text(machine, 4, err);
    case OP_SHORT_BINUNICODE:
    case OP_SHORT_BINSTRING:
    case OP_SHORT_BINBYTES:
        return push_text(machine, 1, err);
    case OP_BINGET:
        return get(machine, 1, err);
    case OP_LONG_BINGET:
        return get(machine, 4, err);
    case OP_BINPUT:
        return put(machine, 1, err);
    case OP_LONG_BINPUT:
        return put(machine, 4, err);
    case OP_MEMOIZE:
        return memoize(machine, machine->n_memo, err);
    default:
        return run_structure(machine, op, err);
    }
}

static tolka_status run_all(struct machine *machine, tolka_error *err) {
    for (;;) {
        const uint8_t *op;
        tolka_status status = take(machine, 1, &op, err);
        if (status != TOLKA_OK) return status;
        if (*op == OP_STOP) break;
        status = run(machine, *op, err);
        if (status != TOLKA_OK) return status;
    }
    tolka_status status = pop(machine, &machine->out->root, err);
    if (status == TOLKA_OK && machine->depth != 0)
        return fail(err, TOLKA_FORMAT, "%s: the pickle leaves %zu values over", machine->path,
                    machine->depth);
    return status;
}

tolka_status pickle_read_first(struct pickle *pickle, const uint8_t *bytes, size_t n_bytes,
                               const char *path, size_t *end, tolka_error *err) {
    *pickle = (struct pickle){.n_containers = 0};
    *end = 0;
    struct machine machine = {.path = path,
                              .bytes = bytes,
                              .n_bytes = n_bytes < MAX_PICKLE_BYTES ? n_bytes : MAX_PICKLE_BYTES,
                              .out = pickle};
    machine.stack = malloc(MAX_STACK * sizeof *machine.stack);
    tolka_status status =
        machine.stack ? run_all(&machine, err) : fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    *end = machine.at;
    free(machine.stack);
    free(machine.memo);
    if (status != TOLKA_OK) pickle_free(pickle);
    return status;
}

tolka_status pickle_read(struct pickle *pickle, const uint8_t *bytes, size_t n_bytes,
                         const char *path, tolka_error *err) {
    size_t end;
    if (n_bytes > MAX_PICKLE_BYTES)
        return fail(err, TOLKA_FORMAT, "%s: the pickle has %zu bytes; at most %d are read", path,
                    n_bytes, MAX_PICKLE_BYTES);
    tolka_status status = pickle_read_first(pickle, bytes, n_bytes, path, &end, err);
    if (status != TOLKA_OK || end == n_bytes) return status;
    pickle_free(pickle);
    return fail(err, TOLKA_FORMAT, "%s: the pickle ends at byte %zu of %zu", path, end, n_bytes);
}

void pickle_free(struct pickle *pickle) {
    for (size_t i = 0; i < pickle->n_containers; i++) free(pickle->containers[i].items);
    free(pickle->containers);
    free(pickle->storages);
    free(pickle->tensors);
    free(pickle->objects);
    *pickle = (struct pickle){.n_containers = 0};
}

/* ---- look-up --------------------------------------------------------------------------------- */

const struct pickle_value *pickle_get(const struct pickle *pickle, const struct pickle_value *from,
                                      const char *key) {
    if (from->kind == PICKLE_OBJECT) from = &pickle->objects[from->index].state;
    if (from->kind != PICKLE_DICT) return NULL;
    const struct pickle_container *dict = &pickle->containers[from->index];
    for (size_t i = 0; i + 1 < dict->n; i += 2)
        if (dict->items[i].kind == PICKLE_TEXT && pickle_text_equals(dict->items[i].text, key))
            return &dict->items[i + 1];
    return NULL;
}
