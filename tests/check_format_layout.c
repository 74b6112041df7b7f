/* The document's bytes: its types beside the reader's, and its worked examples made again by the
 * code that writes files and read by the code that reads weights. */
#include "tests/check_format.h"

#include "models/convert/gguf_writer.h"
#include "models/convert/pack.h"
#include "tests/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_EXAMPLE = 640 };

static size_t number_in(const struct table *table, size_t row, const char *column) {
    return strtoul(cell(table, row, column), NULL, 10);
}

/* ---- types of values ------------------------------------------------------------------------- */

static const char *const value_names[GGUF_TYPES] = {
    "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"};

/* Bytes of a value as the reader takes them. */
static size_t value_bytes(uint32_t type) {
    struct buffer file = {0};
    const uint32_t version = 3, zeros[8] = {0};
    const uint64_t counts[] = {0, 1}, length = 1;
    struct gguf gguf;
    tolka_error err = {0};
    buffer_add(&file, "GGUF", 4);
    buffer_add(&file, &version, 4);
    buffer_add(&file, counts, 16);
    buffer_add(&file, &length, 8);
    buffer_add(&file, "k", 1);
    buffer_add(&file, &type, 4);
    buffer_add(&file, zeros, sizeof zeros);
    tolka_status status = gguf_parse(&gguf, file.bytes, file.n_bytes, "value", &err);
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
    size_t n = gguf.values[0].n_bytes;
    gguf_free(&gguf);
    buffer_free(&file);
    return n;
}

START_TEST(types_of_values) {
    struct document *document = document_open(FORMAT_DOCUMENT);
    const struct table *table = document_table(document, "Container", 1);
    ck_assert_uint_eq(table->n_rows, GGUF_TYPES);
    for (uint32_t type = 0; type < GGUF_TYPES; type++) {
        ck_assert_str_eq(cell(table, type, "value"), value_names[type]);
        ck_assert_uint_eq(number_in(table, type, "id"), type);
        if (type != GGUF_STRING && type != GGUF_ARRAY)
            ck_assert_uint_eq(number_in(table, type, "bytes"), value_bytes(type));
    }
    document_free(document);
}
END_TEST

/* ---- types of tensors ------------------------------------------------------------------------ */

static void check_type(const struct table *table, size_t row) {
    const char *name = cell(table, row, "type"), *panels = cell(table, row, "panels");
    uint32_t id = (uint32_t)number_in(table, row, "id");
    size_t elements, bytes, width = dtype_width((enum dtype)id);
    ck_assert_str_eq(name, gguf_tensor_type_name(id));
    ck_assert(gguf_block(id, &elements, &bytes));
    ck_assert_msg(number_in(table, row, "block") == elements, "%s: block", name);
    ck_assert_msg(number_in(table, row, "bytes") == bytes, "%s: bytes", name);
    bool packs = id == DTYPE_Q4_0 || (width && strcmp(cell(table, row, "rows"), "yes") == 0);
    ck_assert_msg(packs == (strcmp(panels, "yes") == 0), "%s: panels", name);
    if (!packs || id == DTYPE_Q4_0) return;
    size_t group = number_in(table, row, "g");
    ck_assert_msg(group == 4 / width, "%s: g", name);
    ck_assert_msg(matrix_tiles((enum dtype)id, 3 * group + 1) == 4, "%s: tiles", name);
}

static bool is_weight_type(const struct table *table, uint32_t type) {
    for (size_t row = 0; row < table->n_rows; row++)
        if (number_in(table, row, "id") == type)
            return strcmp(cell(table, row, "rows"), "yes") == 0 ||
                   strcmp(cell(table, row, "panels"), "yes") == 0;
    return false;
}

/* Whether the engine can read a matrix of a type: of any other it says that it cannot. */
static bool engine_reads(tolka_model *model, uint32_t type) {
    struct gguf_tensor *tensor = (struct gguf_tensor *)gguf_tensor(&model->gguf, "output.weight");
    if (!tensor) tensor = (struct gguf_tensor *)gguf_tensor(&model->gguf, "token_embd.weight");
    struct model bound;
    tolka_error err = {0};
    uint32_t before = tensor->type;
    tensor->type = type;
    tolka_status status = model_bind_gguf(&bound, &model->model.config, &model->gguf, &err);
    tensor->type = before;
    if (status == TOLKA_OK) model_unbind(&bound);
    return status != TOLKA_UNSUPPORTED;
}

START_TEST(types_of_tensors) {
    struct document *document = document_open(FORMAT_DOCUMENT);
    const struct table *table = document_table(document, "Number types", 0);
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    for (size_t row = 0; row < table->n_rows; row++) check_type(table, row);
    for (uint32_t type = 0; type < 40; type++)
        ck_assert_msg(is_weight_type(table, type) == engine_reads(fixture.model, type),
                      "type %u (%s) is %sread", type, gguf_tensor_type_name(type),
                      is_weight_type(table, type) ? "not " : "");
    fixture_close(&fixture);
    document_free(document);
}
END_TEST

/* ---- worked examples ------------------------------------------------------------------------- */

static void compare_bytes(const struct block *block, const void *expected, size_t n) {
    unsigned char found[MAX_EXAMPLE];
    const unsigned char *bytes = expected;
    size_t n_found = block_bytes(block, found, sizeof found);
    ck_assert_msg(n_found == n, "%s: %zu bytes instead of %zu", block->heading, n_found, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(found[i] == bytes[i], "%s: byte %zx is %02x in the document, %02x in code",
                      block->heading, i, found[i], bytes[i]);
}

struct example {
    const char *name;
    enum dtype type;
    size_t n_out, n_in;
    float weights[64], scale[32];
    int32_t sum[32];
    uint8_t panels[MAX_EXAMPLE];
};

static void pack(struct example *example) {
    for (size_t o = 0; o < example->n_out; o += PANEL_OUTPUTS) {
        size_t rest = example->n_out - o;
        pack_panel(example->type, example->weights + o * example->n_in,
                   rest < PANEL_OUTPUTS ? rest : PANEL_OUTPUTS, example->n_in, NULL,
                   example->panels + packed_bytes(example->type, o, example->n_in),
                   example->scale + o, example->sum + o);
    }
}

/* "Example: I8, 3 x 5, dims = [128]" */
static void heading_of(const struct example *example, char heading[80]) {
    size_t panels = matrix_panels(example->n_out);
    int n =
        snprintf(heading, 80, "Example: %s, %zu x %zu, dims = [%zu", example->name, example->n_out,
                 example->n_in, matrix_panel_elements(example->type, example->n_in));
    if (panels > 1) n += snprintf(heading + n, 80 - (size_t)n, ", %zu", panels);
    snprintf(heading + n, 80 - (size_t)n, "]");
}

/* Reads the document's bytes by its own rule, and by the engine's. */
static void check_reading(const struct document *document, const struct example *example,
                          const char *heading, const struct table *types) {
    unsigned char bytes[MAX_EXAMPLE];
    float row[64];
    block_bytes(document_block(document, heading, 1), bytes, sizeof bytes);
    struct matrix matrix = {.type = example->type,
                            .layout = LAYOUT_PANELS,
                            .n_out = example->n_out,
                            .n_in = example->n_in,
                            .data = bytes,
                            .scale = example->scale,
                            .row_sum = example->sum};
    size_t t = 0;
    while (strcmp(cell(types, t, "type"), example->name) != 0) t++;
    size_t g = number_in(types, t, "g"), width = number_in(types, t, "bytes");
    size_t tiles = (example->n_in + g - 1) / g;
    for (size_t o = 0; o < example->n_out; o++) {
        matrix_read_row(&matrix, o, row);
        for (size_t i = 0; i < example->n_in; i++) {
            double allowed = example->type == DTYPE_I8 ? (double)example->scale[o] / 2 : 0;
            double off = fabs((double)row[i] - (double)example->weights[o * example->n_in + i]);
            ck_assert_msg(off <= allowed, "%s: w[%zu][%zu] is read as %g", heading, o, i,
                          (double)row[i]);
            size_t at = ((o / 16) * tiles + i / g) * 64 + (o % 16) * 4 + (i % g) * width;
            ck_assert_msg(memcmp(bytes + at, example->panels + at, width) == 0,
                          "%s: w[%zu][%zu] is not at byte %zu", heading, o, i, at);
        }
    }
}

/* The document's own rule for Q4_0, over its own bytes. */
static void check_halves(const struct document *document, const struct example *example,
                         const char *heading) {
    unsigned char bytes[MAX_EXAMPLE];
    float row[64];
    block_bytes(document_block(document, heading, 1), bytes, sizeof bytes);
    struct matrix matrix = {.type = DTYPE_Q4_0,
                            .layout = LAYOUT_PANELS,
                            .n_out = example->n_out,
                            .n_in = example->n_in,
                            .data = bytes};
    for (size_t o = 0; o < example->n_out; o++) {
        matrix_read_row(&matrix, o, row);
        for (size_t i = 0; i < example->n_in; i++) {
            const unsigned char *step = bytes + i / 64 * 576;
            uint16_t half;
            memcpy(&half, step + i % 64 / 32 * 32 + o * 2, 2);
            int byte = step[64 + i % 64 / 8 * 64 + o * 4 + i % 4];
            float w = (float)((i % 8 < 4 ? byte % 16 : byte / 16) - 8) * half_to_float(half);
            ck_assert_msg(row[i] == w, "%s: w[%zu][%zu] is read as %g", heading, o, i,
                          (double)row[i]);
            ck_assert_msg(w == example->weights[o * example->n_in + i], "%s: w[%zu][%zu] is %g",
                          heading, o, i, (double)w);
        }
    }
}

static void check_example(struct document *document, struct example *example) {
    char heading[80];
    heading_of(example, heading);
    size_t n = block_numbers(document_block(document, heading, 0), example->weights, 64);
    ck_assert_msg(n == example->n_out * example->n_in, "%s: %zu weights", heading, n);
    pack(example);
    compare_bytes(document_block(document, heading, 1), example->panels,
                  packed_bytes(example->type, example->n_out, example->n_in));
    if (example->type == DTYPE_Q4_0)
        check_halves(document, example, heading);
    else
        check_reading(document, example, heading, document_table(document, "Number types", 0));
    if (example->type != DTYPE_I8) return;
    size_t padded = matrix_panels(example->n_out) * PANEL_OUTPUTS;
    compare_bytes(document_block(document, heading, 2), example->scale, padded * sizeof(float));
    compare_bytes(document_block(document, heading, 3), example->sum, padded * sizeof(int32_t));
}

START_TEST(worked_panels) {
    struct example examples[] = {
        {.name = "I8", .type = DTYPE_I8, .n_out = 3, .n_in = 5},
        {.name = "BF16", .type = DTYPE_BF16, .n_out = 2, .n_in = 3},
        {.name = "F32", .type = DTYPE_F32, .n_out = 17, .n_in = 1},
        {.name = "Q4_0", .type = DTYPE_Q4_0, .n_out = 1, .n_in = 40},
    };
    struct document *document = document_open(FORMAT_DOCUMENT);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        check_example(document, &examples[i]);
    document_free(document);
}
END_TEST

START_TEST(worked_file) {
    static const float data[GGUF_WRITE_ALIGNMENT / sizeof(float)] = {1, -2, 0.5f};
    struct document *document = document_open(FORMAT_DOCUMENT);
    struct gguf_writer writer = {0};
    write_string(&writer, "general.architecture", "tolka");
    write_u32(&writer, "general.alignment", GGUF_WRITE_ALIGNMENT);
    write_tensor_info(&writer, "output.bias", DTYPE_F32, 3, 1, 3 * sizeof(float));
    struct buffer file = gguf_header(&writer);
    buffer_add(&file, data, sizeof data);
    compare_bytes(document_block(document, "Example: a file", 0), file.bytes, file.n_bytes);
    struct gguf gguf;
    tolka_error err = {0};
    ck_assert_int_eq(gguf_parse(&gguf, file.bytes, file.n_bytes, "example", &err), TOLKA_OK);
    ck_assert_ptr_nonnull(gguf_tensor(&gguf, "output.bias"));
    gguf_free(&gguf);
    buffer_free(&file);
    gguf_writer_free(&writer);
    document_free(document);
}
END_TEST

TCase *format_layout_case(void) {
    TCase *layout = tcase_create("layout");
    tcase_set_timeout(layout, 120);
    tcase_add_test(layout, types_of_values);
    tcase_add_test(layout, types_of_tensors);
    tcase_add_test(layout, worked_panels);
    tcase_add_test(layout, worked_file);
    return layout;
}
