/* T5, mT5, umT5, MADLAD-400: from Hugging Face directories, from llama.cpp's and Candle's GGUF
 * files; and tolka's own files as a source. */
#define _POSIX_C_SOURCE 200809L
#include "engine/kernels/ggml_blocks.h"
#include "models/convert/gguf_writer.h"
#include "models/families.h"
#include "tests/fixture.h"
#include "tests/suites.h"
#include "tests/tokens.h"
#include "tokenizer/ggml_vocab.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double tolerance = 1e-4;

/* ---- the reference's numbers ----------------------------------------------------------------- */

static const char shared_pieces[] = FIXTURES "t5/spiece.model";

static const struct {
    const char *folder, *checkpoint, *vocab;
} families_of_t5[] = {
    {"t5", "t5", NULL},
    {"t5-v11-tiny", "t5-v11-tiny", shared_pieces},
    {"t5-mt5-tiny", "t5-mt5-tiny", shared_pieces},
    {"t5-umt5-tiny", "t5-umt5-tiny", shared_pieces},
    {"t5-rel-tiny", "t5-rel-tiny", shared_pieces}, /* other buckets, epsilon, activation */
    {"t5-madlad-tiny", "t5-madlad-tiny", NULL},
    {"t5-gguf-tiny", "t5-gguf-tiny/llama.gguf", NULL},
    {"t5-gguf-tiny", "t5-gguf-tiny/candle", NULL}, /* no metadata; tokenizer.json alone */
};
enum { N_FAMILIES = sizeof families_of_t5 / sizeof *families_of_t5 };

static struct fixture open_family(size_t i, enum dtype type) {
    struct convert_options options = {.type = type, .vocab = families_of_t5[i].vocab};
    return fixture_open_with(families_of_t5[i].folder, families_of_t5[i].checkpoint, &options);
}

START_TEST(family_gives_the_references) {
    struct fixture fixture = open_family((size_t)_i, DTYPE_F32);
    check_fixture(&fixture, tolerance);
    fixture_close(&fixture);
}
END_TEST

/* The published umT5: an output matrix of its own, and no scale before it. transformers 4 computes
 * that; 5 leaves the key unread. */
START_TEST(untied_umt5_gives_the_references) {
    struct convert_options options = {.type = DTYPE_F32, .vocab = shared_pieces};
    options.import.config = FIXTURES "t5-umt5-untied/config.json";
    struct fixture fixture = fixture_open_with("t5-umt5-untied", "t5-umt5-tiny", &options);
    check_logits(&fixture, NULL, tolerance);
    check_search(&fixture, NULL, "greedy", tolerance);
    check_search(&fixture, NULL, "beam4", tolerance);
    check_nbest(&fixture, NULL, tolerance);
    fixture_close(&fixture);
}
END_TEST

/* Opens a file where it lies. */
static struct fixture open_in_place(const char *folder, const char *path) {
    struct fixture fixture = {.folder = folder};
    char reference[256];
    tolka_error err = {0};
    snprintf(reference, sizeof reference, FIXTURES "%s/reference.json", folder);
    fixture.reference = json_load_file(reference, 0, NULL);
    ck_assert_ptr_nonnull(fixture.reference);
    fixture.cases = json_object_get(fixture.reference, "cases");
    ck_assert_msg(tolka_model_open(&fixture.model, path, &err) == TOLKA_OK, "%s", err.text);
    return fixture;
}

START_TEST(llama_cpp_file_needs_no_conversion) {
    struct fixture fixture = open_in_place("t5-gguf-tiny", FIXTURES "t5-gguf-tiny/llama.gguf");
    check_fixture(&fixture, tolerance);
    fixture_close(&fixture);
}
END_TEST

/* Blocks of all types, each read as it is. */
START_TEST(llama_cpp_blocks_need_no_conversion) {
    static const char *const levels[] = {NULL, "scalar"};
    struct fixture fixture = open_in_place("t5-gguf-blocks", FIXTURES "t5-gguf-blocks/model.gguf");
    check_logits(&fixture, levels[_i], tolerance);
    check_search(&fixture, levels[_i], "greedy", tolerance);
    check_search(&fixture, levels[_i], "beam4", tolerance);
    check_nbest(&fixture, levels[_i], tolerance);
    fixture_close(&fixture);
}
END_TEST

/* ---- tolka's own files as a source ----------------------------------------------------------- */

static void convert_to(const char *input, const char *output, enum dtype type, const char *vocab) {
    struct convert_options options = {.type = type, .vocab = vocab};
    tolka_error err = {0};
    ck_assert_msg(convert(input, output, &options, &err) == TOLKA_OK, "%s", err.text);
}

static char *temporary_file(char *name) {
    int fd = mkstemp(name);
    ck_assert_int_ge(fd, 0);
    close(fd);
    return name;
}

START_TEST(own_file_converts_without_loss) {
    char first[] = "/tmp/tolka-own-XXXXXX", second[] = "/tmp/tolka-own-XXXXXX";
    temporary_file(first);
    temporary_file(second);
    convert_to(FIXTURES "t5-madlad-tiny", first, DTYPE_F32, NULL);
    convert_to(first, second, DTYPE_F32, NULL);
    struct fixture fixture = open_in_place("t5-madlad-tiny", second);
    check_fixture(&fixture, tolerance);
    fixture_close(&fixture);
    unlink(first);
    unlink(second);
}
END_TEST

static struct gguf_tensor tensor_of(const tolka_model *model, const char *name) {
    const struct gguf_tensor *tensor = gguf_tensor(&model->gguf, name);
    ck_assert_ptr_nonnull(tensor);
    return *tensor;
}

static const enum dtype panel_types[] = {DTYPE_I8, DTYPE_Q4_0, DTYPE_BF16, DTYPE_F16};

/* Rounded once, rounded for good: the same bytes come out of the second round. */
START_TEST(own_small_types_stay_as_they_are) {
    enum dtype type = panel_types[_i];
    char first[] = "/tmp/tolka-own-XXXXXX", second[] = "/tmp/tolka-own-XXXXXX";
    temporary_file(first);
    temporary_file(second);
    convert_to(FIXTURES "t5-v11-tiny", first, type, shared_pieces);
    convert_to(first, second, type, NULL);
    tolka_model *a, *b;
    ck_assert_int_eq(tolka_model_open(&a, first, NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_model_open(&b, second, NULL), TOLKA_OK);
    ck_assert_uint_eq(a->gguf.n_tensors, b->gguf.n_tensors);
    for (size_t i = 0; i < a->gguf.n_tensors; i++) {
        struct gguf_tensor x = a->gguf.tensors[i];
        char name[128];
        snprintf(name, sizeof name, "%.*s", (int)x.name.length, x.name.bytes);
        struct gguf_tensor y = tensor_of(b, name);
        ck_assert_msg(x.n_bytes == y.n_bytes && memcmp(x.data, y.data, x.n_bytes) == 0,
                      "tensor %s differs", name);
    }
    struct gguf_string family = {0};
    const struct gguf_value *value = gguf_find(&b->gguf, "tolka.family");
    if (value) family = (struct gguf_string){(const char *)value->data, value->n_bytes};
    ck_assert(gguf_string_equals(family, "t5"));
    tolka_model_free(a);
    tolka_model_free(b);
    unlink(first);
    unlink(second);
}
END_TEST

/* 16 bit scales of 4 bits reach 8 * 65504. */
START_TEST(too_great_for_4_bits) {
    static const float weights[] = {524032, 524033, -1e6f};
    char first[] = "/tmp/tolka-own-XXXXXX", second[] = "/tmp/tolka-own-XXXXXX";
    temporary_file(first);
    temporary_file(second);
    convert_to(FIXTURES "t5-v11-tiny", first, DTYPE_F32, shared_pieces);
    tolka_model *model;
    ck_assert_int_eq(tolka_model_open(&model, first, NULL), TOLKA_OK);
    struct gguf_tensor tensor = tensor_of(model, "dec.blk.1.ffn_up.weight");
    long place = (long)(tensor.data - model->gguf.bytes);
    tolka_model_free(model);
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
        struct convert_options options = {.type = DTYPE_Q4_0};
        tolka_error err = {0};
        FILE *file = fopen(first, "r+b");
        ck_assert_ptr_nonnull(file);
        ck_assert_int_eq(fseek(file, place, SEEK_SET), 0);
        ck_assert_uint_eq(fwrite(&weights[i], sizeof *weights, 1, file), 1);
        ck_assert_int_eq(fclose(file), 0);
        tolka_status expected = i == 0 ? TOLKA_OK : TOLKA_UNSUPPORTED;
        ck_assert_msg(convert(first, second, &options, &err) == expected, "%s", err.text);
        if (i > 0) ck_assert_msg(strstr(err.text, "ffn_up.weight") != NULL, "%s", err.text);
    }
    unlink(first);
    unlink(second);
}
END_TEST

/* A shortlist goes along. */
START_TEST(own_shortlist_is_kept) {
    char first[] = "/tmp/tolka-own-XXXXXX", second[] = "/tmp/tolka-own-XXXXXX";
    temporary_file(first);
    temporary_file(second);
    struct convert_options options = {.type = DTYPE_I8,
                                      .vocab = FIXTURES "marian-student/vocab.spm",
                                      .shortlist = FIXTURES "marian-student/lex.s2t.bin"};
    tolka_error err = {0};
    ck_assert_msg(convert(FIXTURES "marian-student/model.student.npz", first, &options, &err) ==
                      TOLKA_OK,
                  "%s", err.text);
    convert_to(first, second, DTYPE_F32, NULL);
    tolka_model *a, *b;
    ck_assert_int_eq(tolka_model_open(&a, first, NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_model_open(&b, second, NULL), TOLKA_OK);
    const struct shortlist *x = &a->model.shortlist, *y = &b->model.shortlist;
    ck_assert(x->n_ids > 0 && x->n_ids == y->n_ids && x->n_offsets == y->n_offsets);
    ck_assert_uint_eq(x->first, y->first);
    ck_assert_int_eq(memcmp(x->ids, y->ids, x->n_ids * sizeof *x->ids), 0);
    ck_assert_int_eq(memcmp(x->offsets, y->offsets, x->n_offsets * sizeof *x->offsets), 0);
    tolka_model_free(a);
    tolka_model_free(b);
    unlink(first);
    unlink(second);
}
END_TEST

/* ---- sentinels and languages ----------------------------------------------------------------- */

static tolka_tokenizer *tokenizer_for(const struct fixture *fixture, const char *to) {
    tolka_error err = {0};
    tolka_tokenizer *tokenizer;
    ck_assert_msg(tolka_tokenizer_new(&tokenizer, fixture->model, NULL, to, &err) == TOLKA_OK, "%s",
                  err.text);
    return tokenizer;
}

static void expect_ids(const struct fixture *fixture, const char *to, const char *text,
                       const int32_t *expected, size_t n_expected) {
    int32_t ids[64];
    tolka_tokenizer *tokenizer = tokenizer_for(fixture, to);
    size_t n = tokens_of(tokenizer, text, strlen(text), ids, 64);
    ck_assert_msg(n == n_expected, "\"%s\": %zu ids, not %zu", text, n, n_expected);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(ids[i] == expected[i], "\"%s\": id %zu is %d, not %d", text, i, ids[i],
                      expected[i]);
    tolka_tokenizer_free(tokenizer);
}

static const size_t with_sentinels[] = {0, 1, 6, 7};

/* Ids from the T5Tokenizer of transformers 5.23. */
START_TEST(sentinels_stand_anywhere) {
    static const int32_t ids[] = {137, 699, 522, 5, 59, 698, 151, 45, 697, 1};
    static const int32_t alone[] = {699, 1};
    static const int32_t last[] = {600, 1};
    struct fixture fixture = open_family(with_sentinels[_i], DTYPE_F32);
    expect_ids(&fixture, NULL, "The <extra_id_0> walks in <extra_id_1>  park<extra_id_2>", ids, 10);
    expect_ids(&fixture, NULL, "  <extra_id_0> ", alone, 2);
    expect_ids(&fixture, NULL, "<extra_id_99>", last, 2);
    char text[64];
    tolka_tokenizer *tokenizer = tokenizer_for(&fixture, NULL);
    detokenized(tokenizer, ids, 10, text, sizeof text);
    ck_assert_str_eq(text, "The walks in park");
    /* 728 rows, 700 tokens: what is past them shows nothing. */
    static const int32_t filler[] = {137, 710, 727, 1};
    detokenized(tokenizer, filler, 4, text, sizeof text);
    ck_assert_str_eq(text, "The");
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

START_TEST(language_is_written_before_the_text) {
    static const int32_t german[] = {12, 4, 115, 112, 26, 2};
    static const int32_t french[] = {12, 7, 115, 112, 26, 2};
    struct fixture fixture = open_family(5, DTYPE_F32);
    expect_ids(&fixture, "de", "Hello", german, 6);
    expect_ids(&fixture, "German", "Hello", german, 6);
    expect_ids(&fixture, "<2de>", "Hello", german, 6);
    expect_ids(&fixture, "de", "<2fr> Hello", french, 6);
    expect_ids(&fixture, "none", "<2fr> Hello", french, 6);
    expect_ids(&fixture, "none", "Hello", german + 2, 4);
    tolka_tokenizer *tokenizer;
    tolka_error err = {0};
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, fixture.model, NULL, "nl", &err),
                     TOLKA_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.text, "no Dutch, only de (German), en (English), es"));
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, fixture.model, NULL, NULL, &err),
                     TOLKA_ARGUMENT);
    ck_assert_ptr_nonnull(
        strstr(err.text, "target language (to) is needed: one of de (German), en (English), es"));
    fixture_close(&fixture);
}
END_TEST

/* ---- configuration --------------------------------------------------------------------------- */

static const uint64_t table_dims[] = {100, 64};

static bool stub_tensor(const void *user, const char *name, uint32_t *rank, const uint64_t **dims) {
    (void)user;
    *rank = 2;
    *dims = table_dims;
    return strcmp(name, "shared.weight") == 0 ||
           strcmp(name, "decoder.final_layer_norm.weight") == 0;
}

static bool stub_file(const void *user, const char *name) {
    (void)user;
    (void)name;
    return false;
}

static tolka_status configure(const char *json, struct config *config, tolka_error *err) {
    struct settings *settings, *empty;
    struct tokenizer_plan plan;
    ck_assert_int_eq(settings_parse(&settings, json, strlen(json), "config.json", err), TOLKA_OK);
    ck_assert_int_eq(settings_parse(&empty, "{}", 2, "empty.json", err), TOLKA_OK);
    struct checkpoint checkpoint = {.name = "stub",
                                    .config = settings,
                                    .generation = empty,
                                    .tokenizer = empty,
                                    .tensor = stub_tensor,
                                    .file = stub_file};
    tolka_status status = family_t5.configure(&checkpoint, config, &plan, err);
    settings_free(settings);
    settings_free(empty);
    return status;
}

static const struct {
    const char *json;
    bool scaled, gated;
    enum activation activation;
} configurations[] = {
    {"{}", true, false, ACTIVATION_RELU},
    {"{\"model_type\":\"t5\",\"feed_forward_proj\":\"gated-gelu\",\"tie_word_embeddings\":false}",
     false, true, ACTIVATION_GELU_TANH},
    /* saved again by transformers 5 */
    {"{\"model_type\":\"t5\",\"feed_forward_proj\":\"gated-gelu\",\"tie_word_embeddings\":true,"
     "\"scale_decoder_outputs\":false,\"dense_act_fn\":\"gelu_new\"}",
     false, true, ACTIVATION_GELU_TANH},
    {"{\"model_type\":\"t5\",\"tie_word_embeddings\":false,\"scale_decoder_outputs\":true}", true,
     false, ACTIVATION_RELU},
    {"{\"model_type\":\"t5\",\"feed_forward_proj\":\"gelu\"}", true, false, ACTIVATION_GELU_ERF},
    {"{\"model_type\":\"t5\",\"feed_forward_proj\":\"gated-silu\"}", true, true, ACTIVATION_SWISH},
    {"{\"model_type\":\"mt5\",\"tie_word_embeddings\":true}", false, true, ACTIVATION_GELU_TANH},
    {"{\"model_type\":\"umt5\"}", true, true, ACTIVATION_GELU_TANH},
    {"{\"model_type\":\"umt5\",\"tie_word_embeddings\":false}", false, true, ACTIVATION_GELU_TANH},
    {"{\"architectures\":[\"MT5ForConditionalGeneration\"]}", false, true, ACTIVATION_GELU_TANH},
};

START_TEST(keys_mean_what_they_mean_to_the_reference) {
    struct config config;
    tolka_error err = {0};
    ck_assert_msg(configure(configurations[_i].json, &config, &err) == TOLKA_OK, "%s", err.text);
    float scale = configurations[_i].scaled ? 1 / sqrtf((float)config.d_model) : 1;
    ck_assert_float_eq_tol(config.output_scale, scale, 1e-7f);
    ck_assert_int_eq(config.gated_ffn, configurations[_i].gated);
    ck_assert_int_eq(config.activation, configurations[_i].activation);
    ck_assert(config.start_token == 0 && config.end_token == 1 && config.pad_token == 0);
    ck_assert(config.attention_scale == 1 && !config.linear_bias && !config.separate_output);
}
END_TEST

START_TEST(absent_keys_have_their_family_s_values) {
    struct config config;
    tolka_error err = {0};
    ck_assert_int_eq(configure("{\"model_type\":\"t5\"}", &config, &err), TOLKA_OK);
    ck_assert(config.d_model == 512 && config.head_dim == 64 && config.encoder_ffn == 2048);
    ck_assert(config.encoder_layers == 6 && config.decoder_layers == 6);
    ck_assert_uint_eq(config.decoder_heads, 8);
    ck_assert(config.relative_buckets == 32 && config.relative_max_distance == 128);
    ck_assert_int_eq(configure("{\"model_type\":\"mt5\",\"num_layers\":3}", &config, &err),
                     TOLKA_OK);
    ck_assert(config.decoder_ffn == 1024 && config.encoder_heads == 6);
    ck_assert(config.encoder_layers == 3 && config.decoder_layers == 3);
}
END_TEST

START_TEST(strange_activations_are_refused) {
    struct config config;
    tolka_error err = {0};
    ck_assert_int_eq(configure("{\"feed_forward_proj\":\"gated-maxout\"}", &config, &err),
                     TOLKA_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.text, "feed_forward_proj"));
    ck_assert_ptr_nonnull(strstr(err.text, "maxout"));
}
END_TEST

/* ---- tokenizer.ggml.* ------------------------------------------------------------------------ */

struct ggml_case {
    const char *kind;
    const char *const *tokens;
    const float *scores;
    const int32_t *types;
    size_t n_tokens, n_scores, n_types;
};

static const char *const few_tokens[] = {"<pad>", "</s>", "<unk>", "\xe2\x96\x81",
                                         "a",     "<x>",  "[PAD6]"};
static const float few_scores[] = {0, 0, 0, -2, -3, -1000, -10000};
static const int32_t few_types[] = {3, 3, 2, 1, 1, 4, 5};

static tolka_status read_few(const struct ggml_case *few, size_t vocab, struct ggml_vocab *out,
                             tolka_error *err) {
    struct gguf_writer writer = {0};
    struct gguf gguf;
    write_string(&writer, "tokenizer.ggml.model", few->kind);
    write_strings(&writer, "tokenizer.ggml.tokens", few->tokens, few->n_tokens);
    write_f32s(&writer, "tokenizer.ggml.scores", few->scores, few->n_scores);
    write_i32s(&writer, "tokenizer.ggml.token_type", few->types, few->n_types);
    struct buffer header = gguf_header(&writer);
    ck_assert_int_eq(gguf_parse(&gguf, header.bytes, header.n_bytes, "few.gguf", err), TOLKA_OK);
    tolka_status status = ggml_vocab_read(out, &gguf, vocab, err);
    gguf_free(&gguf);
    buffer_free(&header);
    gguf_writer_free(&writer);
    return status;
}

static struct ggml_case good_case(void) {
    return (struct ggml_case){"t5", few_tokens, few_scores, few_types, 7, 7, 7};
}

START_TEST(ggml_tokens_become_pieces) {
    struct ggml_case few = good_case();
    struct ggml_vocab vocab;
    tolka_error err = {0};
    ck_assert_msg(read_few(&few, 7, &vocab, &err) == TOLKA_OK, "%s", err.text);
    ck_assert_uint_eq(vocab.n_pieces, 5);
    ck_assert_uint_eq(vocab.n_added, 1);
    ck_assert_int_eq(vocab.added[0].id, 5);
    ck_assert(vocab.unknown == 2 && vocab.eos == 1 && vocab.bos == -1 && vocab.add_eos);
    ck_assert_uint_eq(vocab.n_languages, 0);
    ggml_vocab_free(&vocab);
}
END_TEST

static void expect_refusal(const struct ggml_case *few, size_t vocab, const char *says) {
    struct ggml_vocab out;
    tolka_error err = {0};
    ck_assert_int_ne(read_few(few, vocab, &out, &err), TOLKA_OK);
    ck_assert_msg(strstr(err.text, "few.gguf") && strstr(err.text, says), "%s", err.text);
}

START_TEST(bad_ggml_vocabularies_are_refused) {
    static const float wild[] = {0, 0, 0, NAN, -3, -1000, -10000};
    static const int32_t odd[] = {3, 3, 2, 9, 1, 4, 5};
    static const int32_t unused[] = {5, 5, 5, 5, 5, 5, 5};
    static const float low[] = {-2000, -2000, -2000, -2000, -2000, -2000, -2000};
    struct ggml_case few = good_case();
    few.kind = "llama";
    expect_refusal(&few, 7, "\"llama\"");
    few = good_case();
    expect_refusal(&few, 6, "7 tokens");
    few.n_scores = 6;
    expect_refusal(&few, 7, "6 scores");
    few = good_case();
    few.n_types = 5;
    expect_refusal(&few, 7, "5 types");
    few = good_case();
    few.scores = wild;
    expect_refusal(&few, 7, "token 3");
    few = good_case();
    few.types = odd;
    expect_refusal(&few, 7, "type 9");
    few = good_case();
    few.types = unused;
    few.scores = low;
    expect_refusal(&few, 7, "no pieces");
    few = good_case();
    few.n_tokens = few.n_scores = few.n_types = 0;
    expect_refusal(&few, 7, "0 tokens");
}
END_TEST

START_TEST(language_tags_are_told_from_text) {
    static const struct {
        const char *text;
        bool is;
    } tags[] = {{"<2de>", true},  {"<2zh_Latn>", true}, {"<2zh-Hans>", true},
                {"<2>", false},   {"<2018>", false},    {"<2 de>", false},
                {"<2de", false},  {"2de>", false},      {"<extra_id_2>", false},
                {"<2CA>", false}, {"<2Latn>", false},   {"<2pt_BR>", true}};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        struct gguf_string text = {tags[i].text, strlen(tags[i].text)};
        ck_assert_msg(is_language_tag(text) == tags[i].is, "%s", tags[i].text);
    }
}
END_TEST

/* ---- block formats: values that gguf-py decodes from the same bytes -------------------------- */

static void check_block(const json_t *entry) {
    const char *hex = json_string_value(json_object_get(entry, "bytes"));
    const json_t *expected = json_object_get(entry, "values");
    uint32_t type = (uint32_t)json_integer_value(json_object_get(entry, "type"));
    size_t elements, size;
    ck_assert(gguf_block(type, &elements, &size) && ggml_can_decode(type));
    ck_assert_str_eq(gguf_tensor_type_name(type),
                     json_string_value(json_object_get(entry, "name")));
    ck_assert_uint_eq(strlen(hex), 2 * size);
    ck_assert_uint_eq(json_array_size(expected), elements);
    uint8_t *bytes = malloc(size); /* no larger: a tool that watches memory sees a look past it */
    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < size; i++) ck_assert_int_eq(sscanf(hex + 2 * i, "%2hhx", &bytes[i]), 1);
    float values[GGML_LONGEST_BLOCK];
    ggml_decode(type, bytes, elements, values);
    for (size_t i = 0; i < elements; i++) {
        double wanted = json_number_value(json_array_get(expected, i));
        ck_assert_msg(fabs((double)values[i] - wanted) <= 1e-6 * fabs(wanted),
                      "%s: %zu: %g, not %g", gguf_tensor_type_name(type), i, (double)values[i],
                      wanted);
    }
    free(bytes);
}

START_TEST(blocks_decode) {
    json_t *types = json_load_file(FIXTURES "ggml-blocks/blocks.json", 0, NULL);
    size_t i, n = 0;
    json_t *entry;
    json_array_foreach(types, i, entry) check_block(entry);
    for (uint32_t type = 0; type < 256; type++) n += ggml_can_decode(type);
    ck_assert_uint_eq(json_array_size(types), n);
    json_decref(types);
}
END_TEST

/* ---- suite ----------------------------------------------------------------------------------- */

Suite *t5_families_suite(void) {
    Suite *suite = suite_create("t5_families");
    TCase *numbers = tcase_create("numbers");
    tcase_set_timeout(numbers, 300);
    tcase_add_loop_test(numbers, family_gives_the_references, 0, N_FAMILIES);
    tcase_add_test(numbers, untied_umt5_gives_the_references);
    tcase_add_test(numbers, llama_cpp_file_needs_no_conversion);
    tcase_add_loop_test(numbers, llama_cpp_blocks_need_no_conversion, 0, 2);
    suite_add_tcase(suite, numbers);
    TCase *own = tcase_create("own");
    tcase_set_timeout(own, 120);
    tcase_add_test(own, own_file_converts_without_loss);
    tcase_add_loop_test(own, own_small_types_stay_as_they_are, 0,
                        sizeof panel_types / sizeof *panel_types);
    tcase_add_test(own, too_great_for_4_bits);
    tcase_add_test(own, own_shortlist_is_kept);
    suite_add_tcase(suite, own);
    TCase *text = tcase_create("text");
    tcase_add_loop_test(text, sentinels_stand_anywhere, 0, 4);
    tcase_add_test(text, language_is_written_before_the_text);
    tcase_add_test(text, ggml_tokens_become_pieces);
    tcase_add_test(text, bad_ggml_vocabularies_are_refused);
    tcase_add_test(text, language_tags_are_told_from_text);
    suite_add_tcase(suite, text);
    TCase *config = tcase_create("config");
    tcase_add_loop_test(config, keys_mean_what_they_mean_to_the_reference, 0,
                        sizeof configurations / sizeof *configurations);
    tcase_add_test(config, absent_keys_have_their_family_s_values);
    tcase_add_test(config, strange_activations_are_refused);
    tcase_add_test(config, blocks_decode);
    suite_add_tcase(suite, config);
    return suite;
}
