/* Readers of safetensors, PyTorch and npz checkpoints on files that other programs wrote, and the
 * list of tensors they all fill. Expected numbers were read from the same files with numpy. */
#define _DEFAULT_SOURCE
#include "tests/import_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *import_suite(void);
TCase *import_hostile_case(void);  /* check_import_hostile.c */
TCase *import_pickle_case(void);   /* check_import_pickle.c */
TCase *import_settings_case(void); /* check_settings.c */
TCase *import_memory_case(void);   /* check_import_memory.c */
TCase *import_packages_case(void); /* check_import_packages.c */
TCase *import_unread_case(void);   /* check_unread.c */

#define FIXTURES "tests/fixtures/"

static void open_or_fail(struct source *source, const char *path) {
    tolka_error err = {0};
    ck_assert_msg(source_open(source, path, &err) == TOLKA_OK, "%s", err.text);
}

static float element(const struct source *source, const char *name, uint64_t row, uint64_t column) {
    const struct source_tensor *tensor = source_find(source, name);
    ck_assert_msg(tensor, "no tensor %s", name);
    uint64_t n = tensor->dims[tensor->rank - 1];
    ck_assert_uint_lt(column, n);
    float *out = malloc(n * sizeof *out);
    ck_assert_ptr_nonnull(out);
    source_read_row(tensor, row, false, out);
    float value = out[column];
    free(out);
    return value;
}

static double sum(const struct source *source, const char *name) {
    const struct source_tensor *tensor = source_find(source, name);
    ck_assert_msg(tensor, "no tensor %s", name);
    uint64_t n = tensor->dims[tensor->rank - 1];
    float *row = malloc(n * sizeof *row);
    ck_assert_ptr_nonnull(row);
    double total = 0;
    for (uint64_t r = 0; r < source_elements(tensor) / n; r++) {
        source_read_row(tensor, r, false, row);
        for (uint64_t i = 0; i < n; i++) total += row[i];
    }
    free(row);
    return total;
}

/* ---- what other programs wrote --------------------------------------------------------------- */

START_TEST(safetensors_numbers) {
    struct source source;
    open_or_fail(&source, FIXTURES "marian");
    ck_assert_str_eq(source.kind_name, "safetensors");
    ck_assert_str_eq(source.directory, FIXTURES "marian");
    ck_assert_str_eq(source.weights_path, FIXTURES "marian/model.safetensors");
    ck_assert_uint_eq(source.n_tensors, 86);
    ck_assert_float_eq(element(&source, "model.shared.weight", 5, 7), -0.028827736f);
    ck_assert_float_eq(element(&source, "model.encoder.layers.1.fc1.weight", 100, 3), 0.038390946f);
    ck_assert_float_eq(element(&source, "model.decoder.layers.0.self_attn_layer_norm.bias", 0, 63),
                       -0.104488336f);
    ck_assert_double_eq_tol(sum(&source, "model.shared.weight"), -9.58390196606615, 1e-9);
    ck_assert_double_eq_tol(sum(&source, "final_logits_bias"), -4.444861322204815, 1e-9);
    ck_assert_ptr_null(source_find(&source, "model.shared"));
    source_close(&source);
}
END_TEST

START_TEST(pytorch_equals_safetensors) {
    struct source a, b;
    open_or_fail(&a, FIXTURES "marian");
    open_or_fail(&b, FIXTURES "marian-bin/pytorch_model.bin");
    ck_assert_str_eq(b.kind_name, "PyTorch zip");
    ck_assert_str_eq(b.directory, FIXTURES "marian-bin");
    for (size_t i = 0; i < a.n_tensors; i++) {
        const struct source_tensor *tensor = source_find(&b, a.tensors[i].name);
        ck_assert_msg(tensor, "no tensor %s", a.tensors[i].name);
        ck_assert_uint_eq(tensor->n_bytes, a.tensors[i].n_bytes);
        ck_assert_int_eq(memcmp(tensor->data, a.tensors[i].data, tensor->n_bytes), 0);
    }
    source_close(&a);
    source_close(&b);
}
END_TEST

START_TEST(pytorch_tied_tensors_are_shared) {
    struct source source;
    open_or_fail(&source, FIXTURES "marian-bin");
    static const char *const tied[] = {"lm_head.weight", "model.decoder.embed_tokens.weight",
                                       "model.encoder.embed_tokens.weight", "model.shared.weight"};
    const struct source_tensor *first = source_find(&source, tied[0]);
    ck_assert_ptr_nonnull(first);
    ck_assert_int_eq(first->shares, -1);
    for (size_t i = 1; i < 4; i++) {
        const struct source_tensor *tensor = source_find(&source, tied[i]);
        ck_assert_ptr_nonnull(tensor);
        ck_assert_ptr_eq(&source.tensors[tensor->shares], first);
    }
    ck_assert_int_eq(source_find(&source, "final_logits_bias")->shares, -1);
    source_close(&source);
}
END_TEST

START_TEST(npz_numbers) {
    struct source source;
    open_or_fail(&source, FIXTURES "marian-student/model.student.npz");
    ck_assert_str_eq(source.kind_name, "Marian npz");
    ck_assert_uint_eq(source.n_tensors, 76);
    ck_assert_float_eq(element(&source, "Wemb", 17, 5), -0.0751001313f);
    ck_assert_float_eq(element(&source, "encoder_l2_ffn_W1", 3, 190), -0.036323864f);
    ck_assert_float_eq(element(&source, "decoder_l1_rnn_bf", 0, 9), 0.5586515666f);
    ck_assert_double_eq_tol(sum(&source, "Wemb"), -101.73912095287267, 1e-9);
    ck_assert_ptr_nonnull(source.model_yml);
    ck_assert_ptr_nonnull(strstr(source.model_yml, "dim-emb: 64"));
    float column[64];
    source_read_row(source_find(&source, "encoder_l2_ffn_W1"), 190, true, column);
    ck_assert_float_eq(column[3], -0.036323864f);
    source_close(&source);
}
END_TEST

/* ---- rows of every type ---------------------------------------------------------------------- */

struct type_case {
    enum source_dtype type;
    size_t width;
    uint8_t bytes[16]; /* 1, -2 */
};

static const struct type_case type_cases[] = {
    {SOURCE_F32, 4, {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}},
    {SOURCE_F16, 2, {0, 0x3c, 0, 0xc0}},
    {SOURCE_BF16, 2, {0x80, 0x3f, 0, 0xc0}},
    {SOURCE_F64, 8, {0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}},
    {SOURCE_I8, 1, {1, 0xfe}},
    {SOURCE_I16, 2, {1, 0, 0xfe, 0xff}},
    {SOURCE_I32, 4, {1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff}},
    {SOURCE_I64, 8, {1, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
};

START_TEST(rows_of_every_type) {
    const struct type_case *c = &type_cases[_i];
    uint8_t bytes[64]; /* odd addresses: nothing promises alignment */
    const float scales[2] = {0.5f, 4};
    for (size_t i = 0; i < 3; i++) memcpy(bytes + 1 + i * 2 * c->width, c->bytes, 2 * c->width);
    struct source_tensor tensor = {
        .type = c->type, .rank = 2, .dims = {2, 3}, .strides = {3, 1}, .data = bytes + 1};
    float row[3];
    source_read_row(&tensor, 1, false, row);
    ck_assert(row[0] == -2 && row[1] == 1 && row[2] == -2);
    source_read_row(&tensor, 0, true, row);
    ck_assert(row[0] == 1 && row[1] == -2);
    tensor.scale = scales;
    tensor.n_scales = 2;
    source_read_row(&tensor, 1, false, row);
    ck_assert(row[0] == -8 && row[1] == 4 && row[2] == -8);
    source_read_row(&tensor, 1, true, row);
    ck_assert(row[0] == -1 && row[1] == 4);
    tensor.n_scales = 1;
    source_read_row(&tensor, 1, false, row);
    ck_assert(row[0] == -1 && row[1] == 0.5f && row[2] == -1);
}
END_TEST

START_TEST(rows_of_blocks) {
    uint8_t blocks[4 * 34];
    for (int b = 0; b < 4; b++) {
        blocks[34 * b] = 0;
        blocks[34 * b + 1] = b == 2 ? 0x40 : 0x3c; /* scales 2 and 1 */
        for (int i = 0; i < 32; i++) blocks[34 * b + 2 + i] = (uint8_t)(i - 16);
    }
    struct source_tensor tensor = {
        .type = SOURCE_Q8_0, .rank = 2, .dims = {2, 64}, .strides = {64, 1}, .data = blocks};
    float row[64];
    source_read_row(&tensor, 1, false, row);
    ck_assert(row[0] == -32 && row[31] == 30 && row[32] == -16 && row[63] == 15);
    source_read_row(&tensor, 31, true, row);
    ck_assert(row[0] == 15 && row[1] == 30);
}
END_TEST

START_TEST(sorting_keeps_ties_and_refuses_doubles) {
    struct source source = {0};
    static const char *const names[] = {"c", "a", "d", "b"};
    for (int i = 0; i < 4; i++) {
        struct source_tensor *tensor = source_add(&source, names[i], 1);
        tensor->rank = 2;
        tensor->dims[0] = 3;
        tensor->dims[1] = 5;
        tensor->n_bytes = 60;
        tensor->shares = i == 0 ? -1 : i - 1; /* a chain: one storage */
    }
    source.tensors[2].shares = -1;
    source.tensors[3].shares = 0; /* b and a with c; d alone */
    ck_assert_int_eq(source_sort(&source, NULL), TOLKA_OK);
    ck_assert_int_eq(source_find(&source, "a")->shares, -1);
    ck_assert_int_eq(source_find(&source, "b")->shares, 0);
    ck_assert_int_eq(source_find(&source, "c")->shares, 0);
    ck_assert_int_eq(source_find(&source, "d")->shares, -1);
    ck_assert(source_is_contiguous(source_find(&source, "d")));
    ck_assert_int_eq(source_find(&source, "d")->strides[0], 5);
    source_add(&source, "b", 1)->n_bytes = 4;
    tolka_error err;
    ck_assert_int_eq(source_sort(&source, &err), TOLKA_FORMAT);
    ck_assert_ptr_nonnull(strstr(err.text, "two tensors named b"));
    source_close(&source);
}
END_TEST

/* ---- directories and shards ------------------------------------------------------------------ */

#define ONE_TENSOR "{\"%s\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"

static void write_shard(const char *name, const char *tensor) {
    char header[200];
    snprintf(header, sizeof header, ONE_TENSOR, tensor);
    struct built built = safetensors_of(header, 8);
    write_file(temporary(name), built.bytes, built.n);
    built_free(&built);
}

static void expect_open(const char *path, tolka_status status, const char *says) {
    struct source source;
    tolka_error err = {0};
    tolka_status got = source_open(&source, path, &err);
    ck_assert_msg(got == status, "%s", err.text);
    if (got == TOLKA_OK)
        source_close(&source);
    else
        ck_assert_msg(strstr(err.text, says), "%s", err.text);
}

START_TEST(shards) {
    ck_assert_int_eq(mkdir(temporary("shards"), 0700), 0);
    write_shard("shards/a.safetensors", "x");
    write_shard("shards/b.safetensors", "y");
    const char *index = "shards/model.safetensors.index.json";
    write_text(temporary(index), "{\"metadata\":{\"total_size\":16},\"weight_map\":"
                                 "{\"x\":\"a.safetensors\",\"y\":\"b.safetensors\"}}");
    struct source source;
    open_or_fail(&source, temporary("shards"));
    ck_assert_uint_eq(source.n_tensors, 2);
    ck_assert_uint_eq(source.n_maps, 2);
    source_close(&source);

    write_text(temporary(index),
               "{\"weight_map\":{\"x\":\"a.safetensors\",\"z\":\"b.safetensors\"}}");
    expect_open(temporary("shards"), TOLKA_FORMAT, "tensor z is not in b.safetensors");
    write_text(temporary(index), "{\"weight_map\":{\"x\":\"../shards/a.safetensors\"}}");
    expect_open(temporary("shards"), TOLKA_FORMAT, "not the plain name of a file");
    write_text(temporary(index), "{\"weight_map\":{\"x\":\"c.safetensors\"}}");
    expect_open(temporary("shards"), TOLKA_IO, "c.safetensors");
    write_shard("shards/b.safetensors", "x");
    write_text(temporary(index),
               "{\"weight_map\":{\"x\":\"a.safetensors\",\"y\":\"b.safetensors\"}}");
    expect_open(temporary("shards"), TOLKA_FORMAT, "two tensors named x");
    unlink(temporary(index));
    expect_open(temporary("shards"), TOLKA_ARGUMENT,
                "2 checkpoints (a.safetensors, b.safetensors); name the one you want");
    unlink(temporary("shards/a.safetensors"));
    expect_open(temporary("shards"), TOLKA_OK, "");
    unlink(temporary("shards/b.safetensors"));
    expect_open(temporary("shards"), TOLKA_FORMAT, "no weights here");
    write_text(temporary("shards/model.safetensors"),
               "version https://git-lfs.github.com/spec/v1\n");
    expect_open(temporary("shards"), TOLKA_FORMAT, "Git LFS");
    unlink(temporary("shards/model.safetensors"));
    rmdir(temporary("shards"));
}
END_TEST

START_TEST(wrong_things) {
    expect_open(FIXTURES "nowhere", TOLKA_IO, "No such file");
    expect_open(FIXTURES "marian/config.json", TOLKA_FORMAT, "JSON");
    expect_open(FIXTURES "tokenizer", TOLKA_FORMAT, "no weights here");
}
END_TEST

Suite *import_suite(void) {
    Suite *suite = suite_create("import");
    TCase *readers = tcase_create("readers");
    tcase_add_test(readers, safetensors_numbers);
    tcase_add_test(readers, pytorch_equals_safetensors);
    tcase_add_test(readers, pytorch_tied_tensors_are_shared);
    tcase_add_test(readers, npz_numbers);
    tcase_add_loop_test(readers, rows_of_every_type, 0, sizeof type_cases / sizeof *type_cases);
    tcase_add_test(readers, rows_of_blocks);
    tcase_add_test(readers, sorting_keeps_ties_and_refuses_doubles);
    tcase_add_test(readers, shards);
    tcase_add_test(readers, wrong_things);
    suite_add_tcase(suite, readers);
    suite_add_tcase(suite, import_hostile_case());
    suite_add_tcase(suite, import_pickle_case());
    suite_add_tcase(suite, import_settings_case());
    suite_add_tcase(suite, import_unread_case());
    suite_add_tcase(suite, import_memory_case());
    suite_add_tcase(suite, import_packages_case());
    return suite;
}
