/* Files as the converter writes them, beside the document: every key of theirs with its type, every
 * tensor with its place, type and dimensions; and of what is documented, all is in one of them. */
#define _POSIX_C_SOURCE 200809L
#include "tests/check_format.h"

#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct coverage {
    struct document *document;
    bool used[MAX_TABLES][MAX_ROWS];
};

/* ---- keys ------------------------------------------------------------------------------------ */

/* "tolka.check.N.source" for "tolka.check.12.source". */
static bool matches(const char *documented, struct gguf_string key) {
    size_t i = 0;
    for (; *documented && i < key.length; documented++) {
        if (*documented == 'N' && key.bytes[i] >= '0' && key.bytes[i] <= '9')
            while (i < key.length && key.bytes[i] >= '0' && key.bytes[i] <= '9') i++;
        else if (*documented != key.bytes[i++])
            return false;
    }
    return !*documented && i == key.length;
}

static const char *type_of(const struct gguf_value *value) {
    bool array = value->type == GGUF_ARRAY;
    switch (array ? value->element : value->type) {
    case GGUF_U8:
        return array ? "u8 array" : "u8";
    case GGUF_U32:
        return array ? "u32 array" : "u32";
    case GGUF_I32:
        return array ? "i32 array" : "i32";
    case GGUF_F32:
        return array ? "f32 array" : "f32";
    case GGUF_BOOL:
        return array ? "bool array" : "bool";
    case GGUF_STRING:
        return array ? "string array" : "string";
    default:
        return "a type that tolka does not write";
    }
}

static void check_key(struct coverage *coverage, const struct gguf_value *value) {
    int length = (int)value->key.length;
    for (size_t t = 0; t < coverage->document->n_tables; t++) {
        const struct table *table = &coverage->document->tables[t];
        if (!has_column(table, "key")) continue;
        for (size_t row = 0; row < table->n_rows; row++) {
            if (!matches(cell(table, row, "key"), value->key)) continue;
            ck_assert_msg(strcmp(cell(table, row, "type"), type_of(value)) == 0,
                          "%.*s is %s in the document, %s in a file", length, value->key.bytes,
                          cell(table, row, "type"), type_of(value));
            coverage->used[t][row] = true;
            return;
        }
    }
    ck_abort_msg("key %.*s is not documented", length, value->key.bytes);
}

/* ---- tensors --------------------------------------------------------------------------------- */

/* A file's tensors in the order of their data, and how far they were looked at. */
struct walk {
    struct coverage *coverage;
    const struct gguf *gguf;
    const struct gguf_tensor **tensors;
    size_t at;
};

static int by_place(const void *a, const void *b) {
    const struct gguf_tensor *x = *(const struct gguf_tensor *const *)a,
                             *y = *(const struct gguf_tensor *const *)b;
    return (x->data > y->data) - (x->data < y->data);
}

static void expect_next(struct walk *walk, const char *name, const char *type, size_t inner,
                        size_t outer) {
    ck_assert_msg(walk->at < walk->gguf->n_tensors, "%s is not in a file", name);
    const struct gguf_tensor *tensor = walk->tensors[walk->at++];
    ck_assert_msg(gguf_string_equals(tensor->name, name), "%.*s is where %s should be",
                  (int)tensor->name.length, tensor->name.bytes, name);
    ck_assert_msg(strcmp(gguf_tensor_type_name(tensor->type), type) == 0, "%s is %s, not %s", name,
                  gguf_tensor_type_name(tensor->type), type);
    ck_assert_msg(tensor->dims[0] == inner && tensor->dims[1] == outer && tensor->dims[2] == 1 &&
                      tensor->rank == (outer == 1 ? 1 : 2),
                  "%s is [%llu, %llu], not [%zu, %zu]", name, (unsigned long long)tensor->dims[0],
                  (unsigned long long)tensor->dims[1], inner, outer);
    if (walk->at < 2) return;
    const struct gguf_tensor *before = walk->tensors[walk->at - 2];
    ck_assert_msg(tensor->data == before->data + (before->n_bytes + 63) / 64 * 64,
                  "%s does not follow the tensor before it", name);
}

static size_t documented_size(const struct table *table, const char *type, const char *column) {
    for (size_t row = 0; row < table->n_rows; row++)
        if (strcmp(cell(table, row, "type"), type) == 0)
            return strtoul(cell(table, row, column), NULL, 10);
    ck_abort_msg("type %s is not documented", type);
    return 0;
}

/* "output" for "output.weight", and what the companion adds to it. */
static void companion_of(const struct planned *tensor, const char *ending, char name[80]) {
    const char *dot = strrchr(tensor->name, '.');
    snprintf(name, 80, "%.*s%s", (int)(dot - tensor->name), tensor->name, ending);
}

static void expect_companions(struct walk *walk, const struct planned *tensor) {
    struct table *table = document_table(walk->coverage->document, "Companions", 0);
    size_t t = (size_t)(table - walk->coverage->document->tables);
    for (size_t row = 0; row < table->n_rows; row++) {
        char name[80];
        companion_of(tensor, cell(table, row, "ending"), name);
        bool optional = strcmp(cell(table, row, "required"), "no") == 0;
        if (optional && !gguf_tensor(walk->gguf, name)) continue;
        bool padded = strcmp(cell(table, row, "length"), "n") == 0;
        size_t n =
            padded ? (tensor->n_out + 15) / 16 * 16 : strtoul(cell(table, row, "length"), NULL, 10);
        expect_next(walk, name, cell(table, row, "type"), n, 1);
        walk->coverage->used[t][row] = true;
    }
}

static void expect_tensor(struct walk *walk, const struct planned *tensor, const char *type) {
    const struct table *types = document_table(walk->coverage->document, "Number types", 0);
    if (strcmp(tensor->kind, "vector") == 0) {
        expect_next(walk, tensor->name, "F32", tensor->n_out, 1);
    } else if (strcmp(tensor->kind, "table") == 0) {
        expect_next(walk, tensor->name, "F32", tensor->n_in, tensor->n_out);
    } else {
        size_t g = documented_size(types, type, "g");
        size_t inner = g ? (tensor->n_in + g - 1) / g * 64 / documented_size(types, type, "bytes")
                         : (tensor->n_in + 63) / 64 * 1024;
        expect_next(walk, tensor->name, type, inner, (tensor->n_out + 15) / 16);
        if (strcmp(type, "I8") == 0) expect_companions(walk, tensor);
    }
}

static void expect_shortlist(struct walk *walk) {
    struct table *table = document_table(walk->coverage->document, "Shortlist", 1);
    size_t t = (size_t)(table - walk->coverage->document->tables);
    for (size_t row = 0; row < table->n_rows; row++) {
        const char *name = cell(table, row, "tensor");
        const struct gguf_tensor *tensor = gguf_tensor(walk->gguf, name);
        if (!tensor) continue;
        expect_next(walk, name, cell(table, row, "type"), (size_t)tensor->dims[0], 1);
        walk->coverage->used[t][row] = true;
    }
}

static void check_tensors(struct coverage *coverage, const tolka_model *model, const char *type) {
    const struct gguf *gguf = &model->gguf;
    struct walk walk = {.coverage = coverage, .gguf = gguf};
    walk.tensors = calloc(gguf->n_tensors, sizeof(const struct gguf_tensor *));
    ck_assert_ptr_nonnull(walk.tensors);
    for (size_t i = 0; i < gguf->n_tensors; i++) walk.tensors[i] = &gguf->tensors[i];
    qsort(walk.tensors, gguf->n_tensors, sizeof *walk.tensors, by_place);
    struct plan plan;
    struct table *table = document_table(coverage->document, "Tensors", 0);
    plan_tensors(&plan, table, &model->model.config, NULL);
    for (size_t i = 0; i < plan.n; i++) expect_tensor(&walk, &plan.tensors[i], type);
    expect_shortlist(&walk);
    if (walk.at < gguf->n_tensors)
        ck_abort_msg("tensor %.*s is not documented", (int)walk.tensors[walk.at]->name.length,
                     walk.tensors[walk.at]->name.bytes);
    free(walk.tensors);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void check_file(struct coverage *coverage, struct fixture fixture, const char *type) {
    for (size_t i = 0; i < fixture.model->gguf.n_values; i++)
        check_key(coverage, &fixture.model->gguf.values[i]);
    check_tensors(coverage, fixture.model, type);
    fixture_close(&fixture);
}

static struct fixture open_student(void) {
    struct convert_options options = {.type = DTYPE_I8,
                                      .vocab = FIXTURES "marian-student/vocab.spm",
                                      .shortlist = FIXTURES "marian-student/lex.s2t.bin"};
    return fixture_open_with("marian-student", "marian-student/model.student.intgemm.alphas.bin",
                             &options);
}

/* With lists of tokens, which a config.json asks for that has no generation_config.json beside
 * it. */
static struct fixture open_with_lists(void) {
    char path[] = "/tmp/tolka-lists-XXXXXX";
    struct convert_options options = {.type = DTYPE_F16, .import.config = path};
    json_t *config = json_load_file(FIXTURES "mbart25-tiny/config.json", 0, NULL);
    json_t *lists = json_loads("{\"suppress_tokens\": [7], \"begin_suppress_tokens\": [8, 9],"
                               " \"sequence_bias\": [[[5, 6], -2.5]], \"bad_words_ids\": [[5, 7]],"
                               " \"force_words_ids\": [[5, 8], [[9], [10, 11]]]}",
                               0, NULL);
    int fd = mkstemp(path);
    ck_assert(config && lists && fd >= 0);
    json_object_update(config, lists);
    ck_assert_int_eq(json_dumpfd(config, fd, 0), 0);
    close(fd);
    struct fixture fixture = fixture_open_with("mbart25-tiny", "mbart25-tiny", &options);
    unlink(path);
    json_decref(config), json_decref(lists);
    return fixture;
}

/* Keys, companions and the shortlist; each configuration's tensors have a test of their own. */
static void expect_all_used(const struct coverage *coverage) {
    for (size_t t = 0; t < coverage->document->n_tables; t++) {
        const struct table *table = &coverage->document->tables[t];
        bool wanted = has_column(table, "key") || strcmp(table->heading, "Companions") == 0 ||
                      (strcmp(table->heading, "Shortlist") == 0 && has_column(table, "tensor"));
        for (size_t row = 0; wanted && row < table->n_rows; row++)
            ck_assert_msg(coverage->used[t][row], "no file has %s", table->cells[row][0]);
    }
}

START_TEST(converted_files) {
    static const struct {
        const char *folder;
        enum dtype type;
        const char *name;
    } files[] = {
        {"marian", DTYPE_I8, "I8"},     {"t5", DTYPE_F32, "F32"},
        {"bart", DTYPE_BF16, "BF16"},   {"ct2-aren-transliteration", DTYPE_I8, "I8"},
        {"marian", DTYPE_Q4_0, "Q4_0"},
    };
    struct coverage coverage = {.document = document_open(FORMAT_DOCUMENT)};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        check_file(&coverage, fixture_open(files[i].folder, files[i].type), files[i].name);
    check_file(&coverage, open_with_lists(), "F16");
    check_file(&coverage, open_student(), "I8");
    expect_all_used(&coverage);
    document_free(coverage.document);
}
END_TEST

TCase *format_files_case(void) {
    TCase *files = tcase_create("files");
    tcase_set_timeout(files, 120);
    tcase_add_test(files, converted_files);
    return files;
}
