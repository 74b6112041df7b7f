/* model.bin of a CTranslate2 directory, binary versions 2 to 6: one variable after another, then
 * aliases. config.json and the vocabularies stand beside it and are read elsewhere. */
#define _POSIX_C_SOURCE 200809L
#include "engine/cursor.h"
#include "models/checkpoint/containers.h"
#include "models/checkpoint/names.h"
#include "tokenizer/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_RANK = 8,
    OLDEST_VERSION = 2,
    NEWEST_VERSION = 6,
    NEWEST_REVISION = 7,
    MIN_RECORD_BYTES = 2 + 2 + 1 + 1 + 4, /* a name of one letter, rank 0, type, size */
    MIN_ALIAS_BYTES = 2 * (2 + 2),
    MAX_VARIABLES = 1 << 20,
};

static const struct item_type {
    enum source_dtype type;
    const char *name;
    uint8_t width;
} item_types[] = {
    {SOURCE_F32, "float32", 4}, {SOURCE_I8, "int8", 1},     {SOURCE_I16, "int16", 2},
    {SOURCE_I32, "int32", 4},   {SOURCE_F16, "float16", 2}, {SOURCE_BF16, "bfloat16", 2},
};
enum { N_TYPES = sizeof item_types / sizeof *item_types };

struct record {
    const struct item_type *type;
    uint32_t rank;
    uint64_t dims[MAX_RANK];
    uint64_t elements;
    const uint8_t *data;
    const float *scale;
    size_t n_scales;
    int32_t index; /* in the source */
};

/* A name for a record: its own, or an alias. */
struct variable {
    const char *name;   /* ended by a NUL in the file */
    const char *target; /* NULL: not an alias */
    struct record *record;
    bool hidden; /* a scale, which has become part of its weight */
};

struct reader {
    struct source *source;
    const char *path;
    struct cursor cursor;
    uint32_t version;
    struct record *records;
    struct variable *variables; /* records' own names, then aliases; sorted in the end */
    size_t n_records, n_variables;
};

static tolka_status cut_off(const struct reader *reader, const char *where, tolka_error *err) {
    return fail(err, TOLKA_FORMAT,
                "%s: the file is cut off or damaged: its %zu bytes end inside %s", reader->path,
                reader->cursor.n_bytes, where);
}

/* A string with its length, both including a final NUL; NULL if it is not one. */
static const char *take_string(struct cursor *cursor) {
    uint16_t length = take_u16(cursor);
    const uint8_t *bytes = take(cursor, length);
    if (!bytes || length == 0 || bytes[length - 1] != 0) return NULL;
    return utf8_is_clean((const char *)bytes, length - 1u) ? (const char *)bytes : NULL;
}

static tolka_status take_name(struct reader *reader, const char *what, size_t index,
                              const char **name, tolka_error *err) {
    *name = take_string(&reader->cursor);
    if (!reader->cursor.ok) return cut_off(reader, what, err);
    if (!*name || !is_tensor_name(*name, strlen(*name)))
        return fail(err, TOLKA_FORMAT,
                    "%s: %s: the name of entry %zu is not a name of 1 to 256 bytes ended by a NUL",
                    reader->path, what, index);
    return TOLKA_OK;
}

/* ---- header ---------------------------------------------------------------------------------- */

static tolka_status check_spec(const struct reader *reader, const char *spec, tolka_error *err) {
    static const char *const known[] = {"", "TransformerBase", "TransformerBig", "TransformerSpec"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(spec, known[i]) == 0) return TOLKA_OK;
    return fail(err, TOLKA_UNSUPPORTED,
                "%s: a CTranslate2 model of kind %.64s; tolka runs TransformerSpec (encoder and "
                "decoder) only",
                reader->path, spec);
}

static tolka_status read_header(struct reader *reader, tolka_error *err) {
    struct source *source = reader->source;
    reader->version = take_u32(&reader->cursor);
    if (!reader->cursor.ok) return cut_off(reader, "the header", err);
    if (reader->version < OLDEST_VERSION || reader->version > NEWEST_VERSION)
        return fail(err, TOLKA_UNSUPPORTED,
                    "%s: CTranslate2 binary version %u, expected %d to %d; convert the original "
                    "checkpoint",
                    reader->path, reader->version, OLDEST_VERSION, NEWEST_VERSION);
    const char *spec = take_string(&reader->cursor);
    uint32_t revision = take_u32(&reader->cursor);
    if (!reader->cursor.ok) return cut_off(reader, "the header", err);
    if (!spec)
        return fail(err, TOLKA_FORMAT, "%s: not a CTranslate2 model: no name of a specification",
                    reader->path);
    tolka_status status = check_spec(reader, spec, err);
    if (status != TOLKA_OK) return status;
    if (revision > NEWEST_REVISION)
        return fail(err, TOLKA_UNSUPPORTED, "%s: revision %u of %s, expected at most %d",
                    reader->path, revision, spec, NEWEST_REVISION);
    source->spec_name = strdup(spec);
    return source->spec_name ? TOLKA_OK : fail(err, TOLKA_NOMEM, "%s: out of memory", reader->path);
}

static tolka_status take_count(struct reader *reader, const char *what, size_t min_bytes,
                               size_t *count, tolka_error *err) {
    *count = take_u32(&reader->cursor);
    if (!reader->cursor.ok) return cut_off(reader, what, err);
    if (*count > MAX_VARIABLES || *count > cursor_left(&reader->cursor) / min_bytes)
        return fail(err, TOLKA_FORMAT, "%s: says that it has %zu %s, but has only %zu bytes",
                    reader->path, *count, what, reader->cursor.n_bytes);
    return TOLKA_OK;
}

/* ---- variables ------------------------------------------------------------------------------- */

/* Before version 4 a file tells only the size of an item; int32 was not used for weights. */
static const struct item_type *take_type(struct reader *reader, uint8_t *code) {
    *code = take_u8(&reader->cursor);
    if (reader->version >= 4) return *code < N_TYPES ? &item_types[*code] : NULL;
    for (size_t i = 0; i < 3; i++)
        if (item_types[i].width == *code) return &item_types[i];
    return NULL;
}

static tolka_status read_record(struct reader *reader, size_t index, tolka_error *err) {
    struct variable *variable = &reader->variables[index];
    struct record *record = variable->record = &reader->records[index];
    tolka_status status = take_name(reader, "variables", index, &variable->name, err);
    if (status != TOLKA_OK) return status;
    record->rank = take_u8(&reader->cursor);
    if (record->rank > MAX_RANK)
        return fail(err, TOLKA_FORMAT, "%s: variable %s has %u dimensions, expected at most %d",
                    reader->path, variable->name, record->rank, MAX_RANK);
    for (uint32_t i = 0; i < record->rank; i++) record->dims[i] = take_u32(&reader->cursor);
    uint8_t code;
    record->type = take_type(reader, &code);
    uint64_t size = take_u32(&reader->cursor);
    if (!reader->cursor.ok) return cut_off(reader, "variables", err);
    if (!record->type)
        return fail(err, TOLKA_FORMAT,
                    "%s: variable %s has item type %u, which CTranslate2 does "
                    "not have",
                    reader->path, variable->name, code);
    size_t width = record->type->width;
    uint64_t n_bytes;
    if (!product_of(record->dims, record->rank, &record->elements) ||
        !multiply(record->elements, width, &n_bytes) ||
        size != (reader->version >= 4 ? n_bytes : record->elements))
        return fail(err, TOLKA_FORMAT,
                    "%s: variable %s: its shape and its size (%llu) contradict each other",
                    reader->path, variable->name, (unsigned long long)size);
    record->data = take(&reader->cursor, n_bytes);
    if (!record->data)
        return fail(err, TOLKA_FORMAT,
                    "%s: the file is cut off or damaged: its %zu bytes end inside variable %s",
                    reader->path, reader->cursor.n_bytes, variable->name);
    return TOLKA_OK;
}

static tolka_status read_records(struct reader *reader, tolka_error *err) {
    tolka_status status =
        take_count(reader, "variables", MIN_RECORD_BYTES, &reader->n_records, err);
    if (status != TOLKA_OK) return status;
    if (reader->n_records == 0)
        return fail(err, TOLKA_FORMAT, "%s: has no variables", reader->path);
    reader->n_variables = reader->n_records;
    reader->records = calloc(reader->n_records, sizeof *reader->records);
    reader->variables = calloc(reader->n_records, sizeof *reader->variables);
    if (!reader->records || !reader->variables)
        return fail(err, TOLKA_NOMEM, "%s: out of memory", reader->path);
    for (size_t i = 0; i < reader->n_records && status == TOLKA_OK; i++)
        status = read_record(reader, i, err);
    return status;
}

/* ---- names ----------------------------------------------------------------------------------- */

static int compare_variables(const void *a, const void *b) {
    const struct variable *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static tolka_status sort_variables(struct reader *reader, tolka_error *err) {
    struct variable *variables = reader->variables;
    if (reader->n_variables > 0) /* qsort takes no null array */
        qsort(variables, reader->n_variables, sizeof *variables, compare_variables);
    for (size_t i = 1; i < reader->n_variables; i++)
        if (strcmp(variables[i - 1].name, variables[i].name) == 0)
            return fail(err, TOLKA_FORMAT, "%s: there are two variables named %s", reader->path,
                        variables[i].name);
    return TOLKA_OK;
}

static struct variable *find_variable(const struct reader *reader, const char *name) {
    struct variable key = {.name = name};
    return bsearch(&key, reader->variables, reader->n_variables, sizeof key, compare_variables);
}

/* "weight" + "_scale"; NULL if there is none. */
static struct variable *find_companion(const struct reader *reader, const char *name,
                                       const char *suffix) {
    char companion[256 + 16];
    snprintf(companion, sizeof companion, "%s%s", name, suffix);
    return find_variable(reader, companion);
}

/* Aliases are looked up among real variables only, so they cannot form a loop. */
static tolka_status read_aliases(struct reader *reader, tolka_error *err) {
    if (reader->version < 3) return TOLKA_OK;
    size_t count;
    tolka_status status = take_count(reader, "aliases", MIN_ALIAS_BYTES, &count, err);
    if (status != TOLKA_OK || count == 0) return status;
    size_t n = reader->n_records;
    struct variable *grown = realloc(reader->variables, (n + count) * sizeof *grown);
    if (!grown) return fail(err, TOLKA_NOMEM, "%s: out of memory", reader->path);
    reader->variables = grown;
    for (size_t i = 0; i < count; i++) {
        struct variable *alias = &grown[n + i];
        *alias = (struct variable){0};
        status = take_name(reader, "aliases", i, &alias->name, err);
        if (status == TOLKA_OK) status = take_name(reader, "aliases", i, &alias->target, err);
        if (status != TOLKA_OK) return status;
        const struct variable *target = find_variable(reader, alias->target);
        if (!target)
            return fail(err, TOLKA_FORMAT,
                        "%s: alias %s stands for %s, which is not a variable of this file",
                        reader->path, alias->name, alias->target);
        alias->record = target->record;
    }
    reader->n_variables = n + count;
    return sort_variables(reader, err);
}

/* ---- scales ---------------------------------------------------------------------------------- */

static bool is_quantized(const struct record *record) {
    return (record->type->type == SOURCE_I8 || record->type->type == SOURCE_I16) &&
           record->elements > 0;
}

/* The file has q = round(w * scale); what is wanted is w = q * scale. */
static tolka_status invert_scales(struct reader *reader, const struct variable *weight,
                                  const struct variable *stored, tolka_error *err) {
    const struct record *from = stored->record;
    struct record *to = weight->record;
    uint64_t rows = to->rank ? to->dims[0] : 1;
    if (from->type->type != SOURCE_F32 || (from->elements != 1 && from->elements != rows))
        return fail(err, TOLKA_FORMAT,
                    "%s: %s holds %llu values of type %s, expected 1 or %llu of "
                    "float32",
                    reader->path, stored->name, (unsigned long long)from->elements,
                    from->type->name, (unsigned long long)rows);
    float *scale = source_own(reader->source, calloc(from->elements, sizeof *scale));
    if (!scale) return fail(err, TOLKA_NOMEM, "%s: out of memory", reader->path);
    for (uint64_t i = 0; i < from->elements; i++) {
        float divisor = load_f32(from->data + 4 * i);
        scale[i] = 1.0f / divisor;
        if (!(divisor > 0) || !isfinite(divisor) || !isfinite(scale[i]))
            return fail(err, TOLKA_FORMAT, "%s: %s: value %llu is %g, expected more than 0",
                        reader->path, stored->name, (unsigned long long)i, (double)divisor);
    }
    to->scale = scale;
    to->n_scales = (size_t)from->elements;
    return TOLKA_OK;
}

static bool is_weight(const struct variable *variable) {
    size_t length = strlen(variable->name);
    return variable->record->rank >= 2 && length >= 6 &&
           strcmp(variable->name + length - 6, "weight") == 0;
}

static tolka_status find_scale(struct reader *reader, const struct variable *weight,
                               tolka_error *err) {
    if (find_companion(reader, weight->name, "_zero"))
        return fail(err, TOLKA_UNSUPPORTED,
                    "%s: %s has zero points (a kind of quantization that tolka does not read)",
                    reader->path, weight->name);
    struct variable *stored = find_companion(reader, weight->name, "_scale");
    if (stored) {
        stored->hidden = true;
        return weight->target ? TOLKA_OK : invert_scales(reader, weight, stored, err);
    }
    if (!weight->target && is_weight(weight))
        return fail(err, TOLKA_FORMAT, "%s: there is no %s_scale for the %s weight", reader->path,
                    weight->name, weight->record->type->name);
    return TOLKA_OK;
}

static tolka_status find_scales(struct reader *reader, tolka_error *err) {
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < reader->n_variables && status == TOLKA_OK; i++)
        if (is_quantized(reader->variables[i].record))
            status = find_scale(reader, &reader->variables[i], err);
    return status;
}

/* ---- tensors --------------------------------------------------------------------------------- */

static tolka_status add_tensor(struct reader *reader, const struct variable *variable,
                               tolka_error *err) {
    struct record *record = variable->record;
    struct source_tensor *tensor =
        source_add(reader->source, variable->name, strlen(variable->name));
    if (!tensor) return fail(err, TOLKA_NOMEM, "%s: out of memory", reader->path);
    source_set_type(tensor, record->type->type, record->type->name);
    tensor->rank = record->rank;
    memcpy(tensor->dims, record->dims, record->rank * sizeof *record->dims);
    source_set_row_major(tensor);
    tensor->data = record->data;
    tensor->n_bytes = (size_t)record->elements * record->type->width;
    tensor->scale = record->scale;
    tensor->n_scales = record->n_scales;
    tensor->shares = record->index;
    if (record->index < 0) record->index = (int32_t)reader->source->n_tensors - 1;
    return TOLKA_OK;
}

static tolka_status add_tensors(struct reader *reader, tolka_error *err) {
    for (size_t i = 0; i < reader->n_records; i++) reader->records[i].index = -1;
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < reader->n_variables && status == TOLKA_OK; i++)
        if (!reader->variables[i].hidden) status = add_tensor(reader, &reader->variables[i], err);
    return status == TOLKA_OK ? source_sort(reader->source, err) : status;
}

static tolka_status read_all(struct reader *reader, tolka_error *err) {
    tolka_status status = read_header(reader, err);
    if (status == TOLKA_OK) status = read_records(reader, err);
    if (status == TOLKA_OK) status = sort_variables(reader, err);
    if (status == TOLKA_OK) status = read_aliases(reader, err);
    if (status != TOLKA_OK) return status;
    if (cursor_left(&reader->cursor))
        return fail(err, TOLKA_FORMAT, "%s: %zu bytes follow the last entry; the file is damaged",
                    reader->path, cursor_left(&reader->cursor));
    status = find_scales(reader, err);
    return status == TOLKA_OK ? add_tensors(reader, err) : status;
}

tolka_status read_ctranslate2(struct source *source, const char *path, tolka_error *err) {
    struct map map;
    tolka_status status = source_map(source, path, &map, err);
    if (status != TOLKA_OK) return status;
    struct reader reader = {
        .source = source, .path = path, .cursor = cursor_of(map.bytes, map.n_bytes)};
    status = read_all(&reader, err);
    free(reader.records);
    free(reader.variables);
    return status;
}
