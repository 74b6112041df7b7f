/* Readers of Marian .bin, CTranslate2, GGUF and lexical shortlists on files that other programs
 * wrote. Expected numbers were read from the same files (and from the .npz) with numpy. */
#include "models/checkpoint/detect.h"
#include "models/checkpoint/lexical_shortlist.h"
#include "models/checkpoint/settings.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *import_native_suite(void);
TCase *import_damage_case(void); /* check_import_damage.c */

#define STUDENT "tests/fixtures/marian-student/"

static void open_source(struct source *source, const char *path) {
    tolka_error err = {0};
    tolka_status status = source_open(source, path, &err);
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
}

static const struct source_tensor *find(const struct source *source, const char *name) {
    const struct source_tensor *tensor = source_find(source, name);
    ck_assert_msg(tensor != NULL, "no tensor %s", name);
    return tensor;
}

/* Every value of a matrix or vector, row after row; the caller's to free. */
static float *read_all(const struct source_tensor *tensor, bool transposed) {
    uint64_t n = source_elements(tensor);
    uint64_t columns = tensor->rank == 0 ? 1 : tensor->dims[transposed ? 0 : tensor->rank - 1];
    float *values = malloc(n * sizeof *values);
    ck_assert_ptr_nonnull(values);
    for (uint64_t row = 0; row < n / columns; row++)
        source_read_row(tensor, row, transposed, values + row * columns);
    return values;
}

static double sum_of(const float *values, uint64_t n, bool absolute) {
    double sum = 0;
    for (uint64_t i = 0; i < n; i++) sum += absolute ? fabs((double)values[i]) : (double)values[i];
    return sum;
}

struct expected {
    const char *name;
    uint64_t rows, columns;
    float first, last;
    double sum, sum_of_magnitudes;
};

static void check_numbers(const struct source *source, const struct expected *expected) {
    const struct source_tensor *tensor = find(source, expected->name);
    ck_assert_uint_eq(tensor->rank, 2);
    ck_assert_uint_eq(tensor->dims[0], expected->rows);
    ck_assert_uint_eq(tensor->dims[1], expected->columns);
    uint64_t n = expected->rows * expected->columns;
    float *values = read_all(tensor, false);
    ck_assert_float_eq_tol(values[0], expected->first, 1e-7f);
    ck_assert_float_eq_tol(values[n - 1], expected->last, 1e-7f);
    ck_assert_double_eq_tol(sum_of(values, n, false), expected->sum, 1e-4);
    ck_assert_double_eq_tol(sum_of(values, n, true), expected->sum_of_magnitudes, 1e-3);
    free(values);
}

/* ---- Marian ---------------------------------------------------------------------------------- */

START_TEST(marian_float_has_the_numbers_of_the_npz) {
    static const struct expected expected[] = {
        {"Wemb", 1000, 64, -0.158090129f, -0.106059544f, -101.73912095287267, 10728.122619029684},
        {"encoder_l1_self_Wq", 64, 64, 0.0714807659f, -0.0148381619f, -4.082817490403613,
         384.1798357473035},
        {"decoder_l1_ffn_W1", 64, 192, 0.104654446f, -0.182408065f, 8.74818747754398,
         1327.6046435998178},
        {"decoder_ff_logit_out_b", 1, 1000, 0.279528767f, -0.10492979f, -614.8286569913034,
         665.369474320265},
    };
    struct source source;
    open_source(&source, STUDENT "model.student.bin");
    ck_assert_str_eq(source.kind_name, "Marian bin");
    ck_assert_uint_eq(source.n_tensors, 76); /* 77 items, one of which is the YAML text */
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        check_numbers(&source, &expected[i]);
    ck_assert(source_is_contiguous(find(&source, "encoder_l1_self_Wq")));
    source_close(&source);
}
END_TEST

static void check_settings(const struct source *source) {
    struct settings *settings;
    tolka_error err = {0};
    ck_assert_ptr_nonnull(source->model_yml);
    tolka_status status = settings_parse_yaml(&settings, source->model_yml,
                                              strlen(source->model_yml), "model.yml", &err);
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
    int64_t heads, vocabularies[2];
    size_t n;
    const char *cell;
    ck_assert_int_eq(settings_integer(settings, "transformer-heads", 0, &heads, &err), TOLKA_OK);
    ck_assert_int_eq(heads, 8);
    ck_assert_int_eq(settings_integers(settings, "dim-vocabs", vocabularies, 2, &n, &err),
                     TOLKA_OK);
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(vocabularies[1], 1000);
    ck_assert_int_eq(settings_string(settings, "dec-cell", "", &cell, &err), TOLKA_OK);
    ck_assert_str_eq(cell, "ssru");
    settings_free(settings);
}

START_TEST(marian_settings_come_with_all_three_flavours) {
    static const char *const files[] = {
        STUDENT "model.student.bin",
        STUDENT "model.student.intgemm.alphas.bin",
        STUDENT "model.student.marian-intgemm8.bin",
    };
    for (size_t i = 0; i < 3; i++) {
        struct source source;
        open_source(&source, files[i]);
        check_settings(&source);
        source_close(&source);
    }
}
END_TEST

/* How far dequantized values are from the float ones, in steps of the quantization. */
static float largest_error(const struct source_tensor *quantized, const struct source_tensor *exact,
                           bool transposed) {
    float *a = read_all(quantized, transposed), *b = read_all(exact, transposed), largest = 0;
    for (uint64_t i = 0; i < source_elements(exact); i++) {
        uint64_t row = quantized->n_scales == 1 ? 0 : i / quantized->dims[1];
        largest = fmaxf(largest, fabsf(a[i] - b[i]) / quantized->scale[row]);
    }
    free(a);
    free(b);
    return largest;
}

/* Whatever was read transposed or scaled wrongly is off by more than half a step. */
static void check_near(const struct source_tensor *quantized, const struct source_tensor *exact) {
    ck_assert_uint_eq(quantized->rank, exact->rank);
    ck_assert_uint_eq(quantized->dims[0], exact->dims[0]);
    ck_assert_uint_eq(quantized->dims[1], exact->dims[1]);
    for (int transposed = 0; transposed < 2; transposed++)
        ck_assert_float_le(largest_error(quantized, exact, transposed), 0.5001f);
}

static size_t check_quantized(const struct source *quantized, const struct source *exact) {
    size_t n = 0;
    ck_assert_uint_eq(quantized->n_tensors, exact->n_tensors);
    for (size_t i = 0; i < quantized->n_tensors; i++) {
        const struct source_tensor *tensor = &quantized->tensors[i];
        if (tensor->scale == NULL) continue;
        ck_assert_int_eq(tensor->type, SOURCE_I8);
        check_near(tensor, find(exact, tensor->name));
        n++;
    }
    return n;
}

START_TEST(marian_int8_of_both_forks_is_near_the_float_weights) {
    struct source exact, bergamot, marian;
    open_source(&exact, STUDENT "model.student.bin");
    open_source(&bergamot, STUDENT "model.student.intgemm.alphas.bin");
    open_source(&marian, STUDENT "model.student.marian-intgemm8.bin");
    ck_assert_uint_eq(check_quantized(&bergamot, &exact), 29);
    ck_assert_uint_eq(check_quantized(&marian, &exact), 28); /* its Wemb is float32 */
    ck_assert_int_eq(find(&marian, "Wemb")->type, SOURCE_F32);
    source_close(&exact);
    source_close(&bergamot);
    source_close(&marian);
}
END_TEST

START_TEST(marian_int8_keeps_the_logical_shape_by_strides) {
    struct source source;
    open_source(&source, STUDENT "model.student.intgemm.alphas.bin");
    const struct source_tensor *w1 = find(&source, "decoder_l1_ffn_W1");
    ck_assert_uint_eq(w1->dims[0], 64);
    ck_assert_uint_eq(w1->dims[1], 192);
    ck_assert_int_eq(w1->strides[0], 1);
    ck_assert_int_eq(w1->strides[1], 64);
    ck_assert_uint_eq(w1->n_bytes, 64 * 192);
    ck_assert_uint_eq(w1->n_scales, 1);
    ck_assert_float_eq_tol(1 / w1->scale[0], 239.713882f, 1e-3f);
    ck_assert_str_eq(w1->type_name, "intgemm8");
    ck_assert_int_eq((int8_t)w1->data[0], 25);
    ck_assert_int_eq((int8_t)w1->data[64], -5); /* [0, 1] */
    ck_assert(source_is_contiguous(find(&source, "Wemb")));
    source_close(&source);
}
END_TEST

START_TEST(marian_alphas_belong_to_their_weights) {
    struct source source;
    open_source(&source, STUDENT "model.student.intgemm.alphas.bin");
    for (size_t i = 0; i < source.n_tensors; i++) {
        const struct source_tensor *tensor = &source.tensors[i];
        ck_assert_ptr_null(strstr(tensor->name, "QuantMultA"));
        ck_assert((tensor->input_multiplier > 0) == (tensor->scale != NULL));
    }
    /* none_QuantMultA; Wemb_QuantMultA would be 15.7133282 */
    ck_assert(find(&source, "Wemb")->input_multiplier == 15.7133274f);
    ck_assert(find(&source, "encoder_l1_self_Wq")->input_multiplier == 20.1484623f);
    ck_assert(find(&source, "decoder_l1_rnn_Wf")->input_multiplier == 21.3475552f);
    source_close(&source);

    open_source(&source, STUDENT "model.student.marian-intgemm8.bin");
    for (size_t i = 0; i < source.n_tensors; i++)
        ck_assert(source.tensors[i].input_multiplier == 0);
    source_close(&source);
}
END_TEST

/* ---- CTranslate2 ----------------------------------------------------------------------------- */

static const char EMBEDDINGS[] = "decoder/embeddings/weight";
static const char FEED_FORWARD[] = "encoder/layer_0/ffn/linear_0/weight";
static const char CROSS[] = "decoder/layer_0/attention/linear_1/weight";

static const struct {
    const char *directory, *spec;
    size_t n_tensors;
    struct expected tensors[3];
} ctranslate2_files[] = {
    {"ct2-aren-transliteration",
     "TransformerBase",
     200,
     {{EMBEDDINGS, 43, 32, 0.151345968f, -0.148646012f, -56.56152170500718, 262.11931299057323},
      {FEED_FORWARD, 128, 32, -0.227883071f, 0.00452209031f, 9.797371452456446, 427.79355883873313},
      {CROSS, 64, 32, 0.251622736f, -0.0981216505f, -17.72173080183711, 269.0152955730082}}},
    {"ct2-aren-transliteration-i8",
     "TransformerBase",
     200,
     {{EMBEDDINGS, 43, 32, 0.151239004f, -0.146652818f, -56.151710867564105, 259.1124625395652},
      {FEED_FORWARD, 128, 32, -0.226730614f, 0.00311080466f, 9.549505106282409, 421.9578373871967},
      {CROSS, 64, 32, 0.251325192f, -0.0969695211f, -17.522720035260395, 266.0495525393573}}},
    {"ct2-aren-transliteration-i16",
     "TransformerBase",
     200,
     {{EMBEDDINGS, 43, 32, 0.151f, -0.148f, -56.476, 261.444},
      {FEED_FORWARD, 128, 32, -0.227f, 0.004f, 9.688, 425.75},
      {CROSS, 64, 32, 0.251f, -0.098f, -17.67, 268.002}}},
    {"ct2-marian-float32",
     "TransformerSpec",
     86,
     {{EMBEDDINGS, 762, 64, 0.205101997f, -0.0393053703f, -9.58390196606615, 4870.275139163322},
      {FEED_FORWARD, 128, 64, 0.365276217f, -0.0653887168f, 16.02992028214794, 2029.7840471917152},
      {CROSS, 128, 64, 0.250496775f, -0.0316532478f, 10.011907461324228, 969.339727822668}}},
    {"ct2-marian-int8",
     "TransformerSpec",
     86,
     {{EMBEDDINGS, 762, 64, 0.203377688f, -0.0399074542f, -9.421715716258959, 4870.1418124570155},
      {FEED_FORWARD, 128, 64, 0.364949529f, -0.0631837755f, 16.09420199511628, 2029.4695690930498},
      {CROSS, 128, 64, 0.25070832f, -0.0302023302f, 10.161560998045854, 969.4055735896313}}},
};

static void open_fixture(struct source *source, const char *directory) {
    char path[200];
    snprintf(path, sizeof path, "tests/fixtures/%s", directory);
    open_source(source, path);
}

START_TEST(ctranslate2_has_the_numbers_of_the_file) {
    struct source source;
    open_fixture(&source, ctranslate2_files[_i].directory);
    ck_assert_str_eq(source.kind_name, "CTranslate2");
    ck_assert_str_eq(source.spec_name, ctranslate2_files[_i].spec);
    ck_assert_uint_eq(source.n_tensors, ctranslate2_files[_i].n_tensors);
    for (size_t i = 0; i < 3; i++) check_numbers(&source, &ctranslate2_files[_i].tensors[i]);
    source_close(&source);
}
END_TEST

/* Older converters cut quantized values off instead of rounding them: up to a whole step. */
START_TEST(ctranslate2_quantized_is_near_float) {
    static const char *const pairs[][2] = {
        {"ct2-aren-transliteration", "ct2-aren-transliteration-i8"},
        {"ct2-aren-transliteration", "ct2-aren-transliteration-i16"},
        {"ct2-marian-float32", "ct2-marian-int8"},
    };
    struct source exact, quantized;
    open_fixture(&exact, pairs[_i][0]);
    open_fixture(&quantized, pairs[_i][1]);
    float steps = _i == 2 ? 0.5001f : 1.0001f;
    size_t n = 0;
    for (size_t i = 0; i < quantized.n_tensors; i++) {
        const struct source_tensor *tensor = &quantized.tensors[i];
        if (!tensor->scale) continue;
        ck_assert_uint_eq(tensor->n_scales, tensor->type == SOURCE_I8 ? tensor->dims[0] : 1);
        ck_assert_float_le(largest_error(tensor, find(&exact, tensor->name), false), steps);
        n++;
    }
    ck_assert_uint_eq(n, _i == 2 ? 25 : 69); /* aliases included */
    source_close(&exact);
    source_close(&quantized);
}
END_TEST

START_TEST(ctranslate2_aliases_share_storage_and_scales) {
    struct source source;
    open_fixture(&source, "ct2-marian-int8");
    const struct source_tensor *table = find(&source, EMBEDDINGS);
    const struct source_tensor *output = find(&source, "decoder/projection/weight");
    ck_assert_ptr_eq(output->data, table->data);
    ck_assert_ptr_eq(output->scale, table->scale);
    ck_assert_uint_eq(output->n_scales, 762);
    ck_assert_int_eq(output->shares, table - source.tensors);
    ck_assert_int_eq(table->shares, -1);
    ck_assert_ptr_null(source_find(&source, "decoder/embeddings/weight_scale"));
    const struct source_tensor *positions = find(&source, "encoder/position_encodings/encodings");
    ck_assert_ptr_eq(positions->data, find(&source, "decoder/position_encodings/encodings")->data);
    source_close(&source);
}
END_TEST

START_TEST(ctranslate2_scalars_have_rank_0) {
    struct source source;
    open_fixture(&source, "ct2-marian-float32");
    float value;
    const struct source_tensor *heads = find(&source, "decoder/num_heads");
    ck_assert_uint_eq(heads->rank, 0);
    ck_assert_int_eq(heads->type, SOURCE_I16);
    source_read_row(heads, 0, false, &value);
    ck_assert(value == 4);
    source_read_row(find(&source, "encoder/scale_embeddings"), 0, false, &value);
    ck_assert(value == 8);
    source_read_row(find(&source, "decoder/alignment_layer"), 0, false, &value);
    ck_assert(value == -1);
    source_close(&source);
}
END_TEST

/* ---- shortlist ------------------------------------------------------------------------------- */

START_TEST(shortlist_has_the_lists_of_the_file) {
    struct lexical_shortlist shortlist;
    tolka_error err = {0};
    tolka_status status = shortlist_read(&shortlist, STUDENT "lex.s2t.bin", 1000, 1000, &err);
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
    ck_assert_uint_eq(shortlist.first, 64);
    ck_assert_uint_eq(shortlist.n_offsets, 1001);
    ck_assert_uint_eq(shortlist.n_ids, 16852);
    ck_assert_uint_eq(shortlist.offsets[2], 25);
    ck_assert_uint_eq(shortlist.offsets[999], 16820);
    ck_assert_uint_eq(shortlist.ids[4], 10);
    uint64_t sum = 0;
    for (size_t i = 0; i < shortlist.n_ids; i++) sum += shortlist.ids[i];
    ck_assert_uint_eq(sum, 4938966);
    shortlist_free(&shortlist);
}
END_TEST

START_TEST(shortlist_of_another_vocabulary_is_refused) {
    static const uint32_t sizes[][2] = {{999, 1000}, {1002, 1000}, {1000, 999}};
    for (size_t i = 0; i < 3; i++) {
        struct lexical_shortlist shortlist;
        tolka_error err = {0};
        ck_assert_int_eq(
            shortlist_read(&shortlist, STUDENT "lex.s2t.bin", sizes[i][0], sizes[i][1], &err),
            TOLKA_FORMAT);
        ck_assert_ptr_nonnull(strstr(err.text, "vocabulary"));
        ck_assert_ptr_null(shortlist.ids);
    }
}
END_TEST

Suite *import_native_suite(void) {
    Suite *suite = suite_create("import: native containers");
    TCase *marian = tcase_create("Marian .bin");
    tcase_add_test(marian, marian_float_has_the_numbers_of_the_npz);
    tcase_add_test(marian, marian_settings_come_with_all_three_flavours);
    tcase_add_test(marian, marian_int8_of_both_forks_is_near_the_float_weights);
    tcase_add_test(marian, marian_int8_keeps_the_logical_shape_by_strides);
    tcase_add_test(marian, marian_alphas_belong_to_their_weights);
    suite_add_tcase(suite, marian);
    TCase *ctranslate2 = tcase_create("CTranslate2");
    tcase_add_loop_test(ctranslate2, ctranslate2_has_the_numbers_of_the_file, 0,
                        sizeof ctranslate2_files / sizeof *ctranslate2_files);
    tcase_add_loop_test(ctranslate2, ctranslate2_quantized_is_near_float, 0, 3);
    tcase_add_test(ctranslate2, ctranslate2_aliases_share_storage_and_scales);
    tcase_add_test(ctranslate2, ctranslate2_scalars_have_rank_0);
    suite_add_tcase(suite, ctranslate2);
    TCase *shortlist = tcase_create("shortlist");
    tcase_add_test(shortlist, shortlist_has_the_lists_of_the_file);
    tcase_add_test(shortlist, shortlist_of_another_vocabulary_is_refused);
    suite_add_tcase(suite, shortlist);
    suite_add_tcase(suite, import_damage_case());
    return suite;
}
