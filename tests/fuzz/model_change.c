#include "tests/fuzz/model_change.h"

#include "engine/gguf.h"
#include "engine/roles.h"
#include "models/convert/config_meta.h"
#include "models/convert/gguf_writer.h"
#include "models/convert/pack.h"
#include "tests/fuzz/gguf_change.h"

#include <stdlib.h>
#include <string.h>

/* ---- settings -------------------------------------------------------------------------------- */

static size_t count_names(const char *const *names) {
    size_t n = 0;
    while (names[n]) n++;
    return n;
}

/* Sizes stay small: files shall fit into an input, and run at once. */
static void change_field(struct chance *chance, struct config *config,
                         const struct config_field *field) {
    void *at = (char *)config + field->offset;
    double part = (double)chance_below(chance, 1000) / 999;
    int64_t number = (int64_t)chance_below(chance, chance_one_in(chance, 3) ? 40 : 5);
    if (field->type == FIELD_BOOL) {
        *(bool *)at = !*(bool *)at;
    } else if (field->type == FIELD_ENUM) {
        *(unsigned *)at = (unsigned)chance_below(chance, count_names(field->names));
    } else if (field->type == FIELD_F32) {
        double most = chance_one_in(chance, 2) && field->max > 2 ? 2 : field->max;
        *(float *)at = (float)(field->min + part * (most - field->min));
    } else {
        if (number > (int64_t)field->max) number = (int64_t)field->max;
        *(int32_t *)at = (int32_t)(number < (int64_t)field->min ? field->min : (double)number);
    }
}

static void change_config(struct chance *chance, struct config *config) {
    size_t n_fields = 0;
    while (config_fields[n_fields].key) n_fields++;
    do change_field(chance, config, &config_fields[chance_below(chance, n_fields)]);
    while (chance_one_in(chance, 2));
    if (config->position_kind == POSITION_RELATIVE && config->relative_buckets == 0)
        config->relative_buckets = 4, config->relative_max_distance = 20;
    if (config->position_kind == POSITION_LEARNED && config->max_positions == 0)
        config->max_positions = 12;
}

/* ---- tensors --------------------------------------------------------------------------------- */

struct maker {
    struct chance *chance;
    struct gguf_writer writer;
    struct blob data;
    enum dtype type; /* of matrices */
    enum layout layout;
    bool wild; /* some weights are no numbers, or enormous */
};

static float make_float(struct maker *maker) {
    static const float wild[] = {1e38f, -1e30f, 1e-40f, -0.0f};
    if (maker->wild && chance_one_in(maker->chance, 50))
        return wild[chance_below(maker->chance, 4)];
    return (float)chance_below(maker->chance, 2001) / 1000 - 1;
}

static void pad(struct maker *maker) {
    while (maker->data.n % GGUF_WRITE_ALIGNMENT) blob_put_integer(&maker->data, 0, 1);
}

static void make_floats(struct maker *maker, const char *name, size_t n_out, size_t n_in) {
    write_tensor_info(&maker->writer, name, DTYPE_F32, n_in, n_out, n_in * n_out * 4);
    for (size_t i = 0; i < n_in * n_out; i++)
        blob_put(&maker->data, &(float){make_float(maker)}, 4);
    pad(maker);
}

static void make_companion(struct maker *maker, const struct role *role, const char *what,
                           uint32_t type, const void *bytes, size_t n) {
    char name[80];
    if (!role_companion(role->name, what, name, sizeof name)) return;
    write_tensor_info(&maker->writer, name, type, n, 1, n * 4);
    blob_put(&maker->data, bytes, n * 4);
    pad(maker);
}

/* Panels, 16 outputs at a time, as a conversion makes them. */
static void make_panels(struct maker *maker, const struct role *role) {
    size_t n_panels = matrix_panels(role->n_out), n = PANEL_OUTPUTS * role->n_in;
    size_t n_bytes = packed_bytes(maker->type, PANEL_OUTPUTS, role->n_in);
    float *rows = calloc(n, sizeof *rows), *scale = calloc(n_panels, 16 * sizeof *scale);
    int32_t *sum = calloc(n_panels, 16 * sizeof *sum);
    uint8_t *panel = malloc(n_bytes);
    must(rows && scale && sum && panel, "there is memory for a matrix");
    write_tensor_info(&maker->writer, role->name, maker->type,
                      matrix_panel_elements(maker->type, role->n_in), n_panels, n_panels * n_bytes);
    for (size_t p = 0; p < n_panels; p++) {
        size_t left = role->n_out - 16 * p, n_rows = left < 16 ? left : 16;
        for (size_t i = 0; i < n_rows * role->n_in; i++) rows[i] = make_float(maker);
        pack_panel(maker->type, rows, n_rows, role->n_in, NULL, panel, scale + 16 * p,
                   sum + 16 * p);
        blob_put(&maker->data, panel, n_bytes);
    }
    pad(maker);
    if (maker->type == DTYPE_I8) {
        make_companion(maker, role, "scale", DTYPE_F32, scale, 16 * n_panels);
        make_companion(maker, role, "sum", DTYPE_I32, sum, 16 * n_panels);
    }
    free(rows), free(scale), free(sum), free(panel);
}

/* Rows of any type, of bytes that mean anything. */
static void make_rows(struct maker *maker, const struct role *role) {
    size_t n_row = matrix_row_bytes(maker->type, role->n_in);
    write_tensor_info(&maker->writer, role->name, maker->type, role->n_in, role->n_out,
                      n_row * role->n_out);
    for (size_t i = 0; i < n_row * role->n_out; i++)
        blob_put_integer(&maker->data, chance_bits(maker->chance) & 0x3f, 1);
    pad(maker);
    if (maker->type != DTYPE_I8) return;
    float *scale = calloc(role->n_out, sizeof *scale);
    must(scale != NULL, "there is memory for scales");
    for (size_t i = 0; i < role->n_out; i++) scale[i] = make_float(maker) / 64;
    make_companion(maker, role, "scale", DTYPE_F32, scale, role->n_out);
    free(scale);
}

enum { LONGEST_MODEL = 1 << 18 };

static tolka_status make_tensor(void *user, const struct role *role, tolka_error *err) {
    struct maker *maker = user;
    (void)err;
    if (role->n_out * role->n_in > LONGEST_MODEL || maker->data.n > LONGEST_MODEL)
        return TOLKA_UNSUPPORTED;
    if (role->kind == ROLE_VECTOR)
        make_floats(maker, role->name, 1, role->n_out);
    else if (role->kind == ROLE_TABLE)
        make_floats(maker, role->name, role->n_out, role->n_in);
    else if (maker->layout == LAYOUT_PANELS)
        make_panels(maker, role);
    else
        make_rows(maker, role);
    return TOLKA_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* What is no setting, and no part of a shortlist. */
static bool is_kept(const struct gguf_value *value) {
    static const char *const kept[] = {"tolka.tokenizer.", "tolka.check.", "general.name"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        size_t n = strlen(kept[i]);
        if (value->key.length >= n && memcmp(value->key.bytes, kept[i], n) == 0) return true;
    }
    return false;
}

static bool make_file(struct chance *chance, const struct gguf *from, struct blob *file) {
    static const enum dtype types[] = {DTYPE_F32,  DTYPE_F16,  DTYPE_BF16,   DTYPE_I8,
                                       DTYPE_Q8_0, DTYPE_Q5_1, DTYPE_IQ4_NL, DTYPE_MXFP4};
    struct maker maker = {.chance = chance, .wild = chance_one_in(chance, 4)};
    struct config config;
    if (config_read(&config, from, NULL) != TOLKA_OK) return false;
    change_config(chance, &config);
    maker.type = types[chance_below(chance, config.d_model % 32 ? 4 : 8)];
    maker.layout =
        dtype_width(maker.type) == 0 || chance_one_in(chance, 3) ? LAYOUT_ROWS : LAYOUT_PANELS;
    write_string(&maker.writer, "general.architecture", "tolka");
    write_u32(&maker.writer, "general.alignment", GGUF_WRITE_ALIGNMENT);
    for (size_t i = 0; i < from->n_values; i++)
        if (is_kept(&from->values[i])) write_value(&maker.writer, &from->values[i]);
    write_config(&maker.writer, &config);
    bool ok = config_check(&config, "", NULL) == TOLKA_OK &&
              for_each_role(&config, make_tensor, &maker, NULL) == TOLKA_OK;
    struct buffer header = gguf_header(&maker.writer);
    file->n = ok ? 0 : file->n;
    if (ok) blob_put(file, header.bytes, header.n_bytes);
    if (ok) blob_put(file, maker.data.bytes, maker.data.n);
    buffer_free(&header);
    gguf_writer_free(&maker.writer);
    blob_free(&maker.data);
    return ok;
}

void change_model(struct chance *chance, struct blob *file) {
    struct gguf gguf;
    bool made = false;
    struct blob copy = {0};
    blob_put(&copy, file->bytes, file->n);
    if (chance_one_in(chance, 3) && gguf_parse(&gguf, copy.bytes, copy.n, "", NULL) == TOLKA_OK) {
        for (int i = 0; i < 5 && !made; i++) made = make_file(chance, &gguf, file);
        gguf_free(&gguf);
    }
    if (!made) change_gguf(chance, file);
    blob_free(&copy);
}
