#include "tests/fuzz/gguf_change.h"

#include "engine/gguf.h"
#include "tests/fuzz/spm_change.h"

#include <stdlib.h>
#include <string.h>

/* ---- taking apart ---------------------------------------------------------------------------- */

/* Where things are: of a value its type (what it says follows), of a tensor its rank. */
struct record {
    size_t at, n, inner;
};

enum { MOST_RECORDS = 1000, COUNTS = 8, HEADER = 24 };
struct parts {
    struct record values[MOST_RECORDS], tensors[MOST_RECORDS];
    size_t n_values, n_tensors;
    size_t end, data; /* of the records, and where the data begin */
    size_t alignment;
};

static const size_t widths[GGUF_TYPES] = {
    [GGUF_U8] = 1,  [GGUF_I8] = 1,   [GGUF_U16] = 2, [GGUF_I16] = 2, [GGUF_U32] = 4, [GGUF_I32] = 4,
    [GGUF_F32] = 4, [GGUF_BOOL] = 1, [GGUF_U64] = 8, [GGUF_I64] = 8, [GGUF_F64] = 8};

/* Moves *at past an integer that is a length, and what it is the length of. */
static bool skip(const struct blob *file, size_t *at, uint64_t each) {
    if (file->n - *at < 8) return false;
    uint64_t n = integer_at(file->bytes + *at, 8);
    *at += 8;
    if (each && n > (file->n - *at) / each) return false;
    *at += (size_t)(n * each);
    return true;
}

static bool skip_strings(const struct blob *file, size_t *at) {
    if (file->n - *at < 8) return false;
    uint64_t n = integer_at(file->bytes + *at, 8);
    *at += 8;
    while (n-- > 0)
        if (!skip(file, at, 1)) return false;
    return true;
}

static bool skip_value(const struct blob *file, size_t *at) {
    if (file->n - *at < 8) return false;
    uint64_t type = integer_at(file->bytes + *at, 4),
             element = integer_at(file->bytes + *at + 4, 4);
    *at += 4;
    if (type == GGUF_STRING) return skip(file, at, 1);
    if (type != GGUF_ARRAY) {
        size_t width = type < GGUF_TYPES ? widths[type] : 0;
        *at += width;
        return width && *at <= file->n;
    }
    *at += 4;
    if (element == GGUF_STRING) return skip_strings(file, at);
    return element < GGUF_TYPES && widths[element] && skip(file, at, widths[element]);
}

static bool skip_tensor(const struct blob *file, size_t *at) {
    if (file->n - *at < 4) return false;
    uint64_t n = 4 + 8 * integer_at(file->bytes + *at, 4) + 12;
    if (n > file->n - *at) return false;
    *at += (size_t)n;
    return true;
}

static bool take(const struct blob *file, size_t *at, struct record *record,
                 bool (*rest)(const struct blob *file, size_t *at)) {
    record->at = *at;
    if (!skip(file, at, 1)) return false;
    record->inner = *at;
    if (!rest(file, at)) return false;
    record->n = *at - record->at;
    return true;
}

static bool take_apart(const struct blob *file, struct parts *parts) {
    static const char key[] = "general.alignment";
    if (file->n < HEADER) return false;
    size_t at = HEADER;
    uint64_t n_tensors = integer_at(file->bytes + COUNTS, 8);
    uint64_t n_values = integer_at(file->bytes + COUNTS + 8, 8);
    *parts = (struct parts){.alignment = 32};
    if (n_tensors > MOST_RECORDS || n_values > MOST_RECORDS) return false;
    while (parts->n_values < n_values) {
        struct record *record = &parts->values[parts->n_values++];
        if (!take(file, &at, record, skip_value)) return false;
        const uint8_t *inner = file->bytes + record->inner;
        if (record->inner - record->at == 8 + sizeof key - 1 &&
            memcmp(file->bytes + record->at + 8, key, sizeof key - 1) == 0)
            parts->alignment = integer_at(inner + 4, 4) & 0xfff;
    }
    while (parts->n_tensors < n_tensors)
        if (!take(file, &at, &parts->tensors[parts->n_tensors++], skip_tensor)) return false;
    parts->end = at;
    if (!parts->alignment) parts->alignment = 1;
    parts->data = (at + parts->alignment - 1) / parts->alignment * parts->alignment;
    return parts->data <= file->n;
}

/* ---- changes --------------------------------------------------------------------------------- */

/* What is in a value behind its type. */
static void change_contents(struct chance *chance, struct blob *file, struct record value) {
    uint8_t *inner = file->bytes + value.inner;
    uint64_t type = integer_at(inner, 4), element = integer_at(inner + 4, 4);
    size_t n = value.at + value.n - value.inner - 4; /* bytes behind the type */
    if (type == GGUF_STRING)
        change_counted(chance, file, value.inner + 12, n - 8, 8, change_blob);
    else if (type != GGUF_ARRAY)
        change_integer(chance, inner + 4, n);
    else if (element == GGUF_U8)
        change_counted(chance, file, value.inner + 16, n - 12, 8, change_spm);
    else if (chance_one_in(chance, 8) || n < 20)
        change_integer(chance, inner + 8, 8); /* how many elements */
    else if (element == GGUF_STRING)
        change_integer(chance, inner + 16 + chance_below(chance, n - 12), 1);
    else
        change_integer(chance, inner + 16 + chance_below(chance, (n - 12) / 4) * 4, 4);
}

static void change_name(struct chance *chance, struct blob *file, struct record record) {
    change_counted(chance, file, record.at + 8, record.inner - record.at - 8, 8, change_blob);
}

static void change_count(struct blob *file, size_t at, int more) {
    file->bytes[at] = (uint8_t)(file->bytes[at] + more);
}

static void change_value(struct chance *chance, struct blob *file, const struct parts *parts) {
    struct record value = parts->values[chance_below(chance, parts->n_values)];
    size_t other = parts->values[chance_below(chance, parts->n_values)].at;
    switch (chance_below(chance, 10)) {
    case 0:
        change_name(chance, file, value);
        break;
    case 1:
        change_integer(chance, file->bytes + value.inner, 4);
        break;
    case 2:
        change_count(file, COUNTS + 8, change_order(chance, file, value.at, value.n, other));
        break;
    default:
        change_contents(chance, file, value);
    }
}

static void change_tensor(struct chance *chance, struct blob *file, const struct parts *parts) {
    struct record tensor = parts->tensors[chance_below(chance, parts->n_tensors)];
    size_t other = parts->tensors[chance_below(chance, parts->n_tensors)].at;
    uint8_t *rank = file->bytes + tensor.inner, *type = file->bytes + tensor.at + tensor.n - 12;
    switch (chance_below(chance, 6)) {
    case 0:
        change_name(chance, file, tensor);
        break;
    case 1:
        change_integer(chance, rank, 4);
        break;
    case 2:
        change_integer(chance, type, 4);
        break;
    case 3:
        change_integer(chance, type + 4, 8); /* where its data are */
        break;
    case 4:
        change_count(file, COUNTS, change_order(chance, file, tensor.at, tensor.n, other));
        break;
    default:
        if (type > rank + 4)
            change_integer(chance, rank + 4 + 8 * chance_below(chance, (size_t)(type - rank) / 8),
                           8);
    }
}

static void change_data(struct chance *chance, struct blob *data) {
    static const uint32_t floats[] = {0x7fc00000, 0x7f800000, 0xff800000,
                                      0x7f7fffff, 1,          0x80000000};
    size_t n = chance_below(chance, 4) ? 1 : 16, at = chance_below(chance, data->n / 4) * 4;
    uint32_t value = floats[chance_below(chance, sizeof floats / sizeof *floats)];
    for (; n > 0 && at + 4 <= data->n; n--, at += 4) memcpy(data->bytes + at, &value, 4);
}

void change_gguf(struct chance *chance, struct blob *file) {
    struct parts *parts = malloc(sizeof *parts);
    must(parts != NULL, "there is memory for the parts of a file");
    if (!take_apart(file, parts) || chance_one_in(chance, 20)) {
        free(parts);
        change_blob(chance, file);
        return;
    }
    struct blob data = {0};
    blob_put(&data, file->bytes + parts->data, file->n - parts->data);
    file->n = parts->end;
    size_t what = chance_below(chance, 20);
    if (what == 0)
        change_integer(chance, file->bytes + 4 + 4 * chance_below(chance, 5), 4);
    else if (what == 1 && data.n)
        change_data(chance, &data);
    else if (what < 6 && parts->n_tensors)
        change_tensor(chance, file, parts);
    else if (parts->n_values)
        change_value(chance, file, parts);
    while (file->n % parts->alignment) blob_put_integer(file, 0, 1);
    blob_put(file, data.bytes, data.n);
    blob_free(&data);
    free(parts);
}
