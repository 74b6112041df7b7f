/* Alignments: from attention, in results, symmetrized, and beside words aligned by hand. */
#define _POSIX_C_SOURCE 200809L
#include "tests/aer.h"
#include "tests/check_gguf.h"
#include "tests/document.h"
#include "tests/fixture.h"
#include "tests/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect_links(const tolka_link *links, size_t n, const char *expected) {
    char found[512] = "", *at = found;
    ck_assert_uint_lt(n, 60);
    for (size_t i = 0; i < n; i++)
        at += sprintf(at, "%s%u-%u", i ? " " : "", links[i].source, links[i].target);
    ck_assert_str_eq(found, expected);
}

/* ---- soft, beside the reference -------------------------------------------------------------- */

static const char *const folders[] = {"marian", "m2m100", "t5", "bart"};
enum { N_FOLDERS = sizeof folders / sizeof *folders };

static json_t *load_decoding(const char *folder) {
    char path[256];
    snprintf(path, sizeof path, FIXTURES "%s/decoding.json", folder);
    json_t *root = json_load_file(path, 0, NULL);
    ck_assert_ptr_nonnull(root);
    return root;
}

/* transformers' weight of query i and key j: the average of all heads, or head - 1. */
static double expected_weight(const json_t *heads, int head, size_t i, size_t j) {
    double sum = 0;
    size_t n = json_array_size(heads);
    for (size_t h = 0; h < n; h++)
        if (head < 0 || h + 1 == (size_t)head)
            sum +=
                json_number_value(json_array_get(json_array_get(json_array_get(heads, h), i), j));
    return head < 0 ? sum / (double)n : sum;
}

static void check_soft(const tolka_attention *attention, const json_t *cross, int layer, int head,
                       size_t expected_targets) {
    size_t n_layers = json_array_size(cross), n_target, n_source;
    const json_t *heads = json_array_get(cross, layer < 0 ? n_layers - 1 : (size_t)layer - 1);
    float *weights;
    ck_assert_int_eq(
        tolka_soft_alignment(attention, layer, head, &weights, &n_target, &n_source, NULL),
        TOLKA_OK);
    ck_assert_uint_eq(n_target, expected_targets);
    for (size_t i = 0; i < n_target; i++)
        for (size_t j = 0; j < n_source; j++)
            ck_assert_double_eq_tol((double)weights[i * n_source + j],
                                    expected_weight(heads, head, i, j), 1e-5);
    tolka_free(weights);
}

START_TEST(soft_alignments_equal_the_reference) {
    struct fixture fixture = fixture_open(folders[_i], DTYPE_F32);
    tolka_translator *translator = open_translator(fixture.model, NULL);
    json_t *root = load_decoding(folders[_i]), *entry;
    size_t k, n_source, n_inputs, n_checked = 0;
    json_array_foreach(json_object_get(root, "cases"), k, entry) {
        const json_t *expected = json_object_get(entry, "attention");
        if (!expected) continue;
        int32_t *ids = json_id_list(json_object_get(entry, "source_ids"), &n_source);
        int32_t *inputs = json_id_list(json_object_get(expected, "decoder_input_ids"), &n_inputs);
        tolka_input input = {ids, n_source, inputs[0], -1, inputs + 1, n_inputs - 1};
        const json_t *cross = json_object_get(expected, "cross");
        tolka_attention *attention;
        ck_assert_int_eq(tolka_attention_new(&attention, translator, &input, NULL), TOLKA_OK);
        int n_layers = (int)json_array_size(cross);
        for (int layer = -1; layer <= n_layers; layer++)
            for (int head = -1; layer && head <= 2; head++)
                if (head) check_soft(attention, cross, layer, head, n_inputs - 1);
        tolka_attention_free(attention);
        free(ids), free(inputs);
        n_checked++;
    }
    ck_assert_uint_gt(n_checked, 0);
    json_decref(root);
    tolka_translator_free(translator);
    fixture_close(&fixture);
}
END_TEST

/* 0 means the file's layer and head; what does not exist is refused. */
START_TEST(layers_and_heads_are_chosen) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    struct config *config = &fixture.model->model.config;
    config->alignment_layer = 0;
    config->alignment_head = 1;
    tolka_translator *translator = open_translator(fixture.model, NULL);
    tolka_input input = case_input(&fixture, json_array_get(fixture.cases, 1));
    input.target = input.ids;
    input.n_target = input.n_ids;
    tolka_attention *attention;
    ck_assert_int_eq(tolka_attention_new(&attention, translator, &input, NULL), TOLKA_OK);
    float *of_file, *named;
    size_t n_target, n_source;
    ck_assert_int_eq(tolka_soft_alignment(attention, 0, 0, &of_file, &n_target, &n_source, NULL),
                     TOLKA_OK);
    ck_assert_int_eq(tolka_soft_alignment(attention, 1, 2, &named, &n_target, &n_source, NULL),
                     TOLKA_OK);
    ck_assert_mem_eq(of_file, named, n_target * n_source * sizeof *named);
    tolka_free(of_file);
    tolka_free(named);
    tolka_error err = {0};
    int bad[][2] = {{(int)config->decoder_layers + 1, 0},
                    {-2, 0},
                    {0, (int)config->decoder_heads + 1},
                    {0, -2}};
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(tolka_soft_alignment(attention, bad[i][0], bad[i][1], &named, &n_target,
                                              &n_source, &err),
                         TOLKA_ARGUMENT);
        ck_assert_ptr_null(named);
        ck_assert_ptr_nonnull(strstr(err.text, i < 2 ? "alignment layer" : "alignment head"));
    }
    tolka_attention_free(attention);
    free((void *)input.ids);
    tolka_translator_free(translator);
    fixture_close(&fixture);
}
END_TEST

/* ---- hard ------------------------------------------------------------------------------------ */

START_TEST(each_target_has_its_greatest_source) {
    static const float weights[3][4] = {
        {0.1F, 0.2F, 0.3F, 0.4F}, {0.4F, 0.4F, 0.1F, 0.1F}, {0.0F, 0.1F, 0.2F, 0.7F}};
    static const uint8_t not_last[4] = {1, 1, 1, 0}, none[4] = {0}, not_middle[3] = {1, 0, 1};
    tolka_link *links;
    size_t n;
    ck_assert_int_eq(tolka_hard_alignment(*weights, 3, 4, NULL, NULL, &links, &n, NULL), TOLKA_OK);
    expect_links(links, n, "0-1 3-0 3-2"); /* of equal ones the first */
    tolka_free(links);
    tolka_hard_alignment(*weights, 3, 4, not_last, not_middle, &links, &n, NULL);
    expect_links(links, n, "2-0 2-2");
    tolka_free(links);
    tolka_hard_alignment(*weights, 3, 4, none, NULL, &links, &n, NULL);
    expect_links(links, n, "");
    tolka_free(links);
    tolka_hard_alignment(NULL, 0, 0, NULL, NULL, &links, &n, NULL);
    ck_assert_uint_eq(n, 0);
    tolka_free(links);
}
END_TEST

/* ---- in results ------------------------------------------------------------------------------ */

static void expect_same_weights(tolka_translator *translator, const tolka_input *input,
                                const tolka_result *result, size_t k) {
    int32_t target[512];
    size_t n, n_target, n_source, n_rows, n_columns;
    const tolka_token *tokens = tolka_result_tokens(result, k, &n);
    for (size_t i = 0; i < n; i++) target[i] = tokens[i].id;
    tolka_input pair = *input;
    pair.target = target;
    pair.n_target = n;
    tolka_attention *attention;
    float *weights;
    ck_assert_int_eq(tolka_attention_new(&attention, translator, &pair, NULL), TOLKA_OK);
    tolka_soft_alignment(attention, 0, 0, &weights, &n_target, &n_source, NULL);
    const float *found = tolka_result_soft_alignment(result, k, &n_rows, &n_columns);
    ck_assert_uint_eq(n_rows, n);
    ck_assert_uint_eq(n_columns, input->n_ids);
    ck_assert_mem_eq(found, weights, n_rows * n_columns * sizeof *found);
    tolka_free(weights);
    tolka_attention_free(attention);
}

static bool is_special(const struct config *config, const tolka_input *input, int32_t id) {
    return id == config->end_token || id == config->pad_token || id == config->start_token ||
           id == config->forced_first || id == input->forced_first;
}

/* Special tokens have no links; all others have one. */
static void expect_links_of_words(const tolka_result *result, size_t k, const tolka_input *input,
                                  const struct config *config) {
    size_t n, n_links, n_wanted = 0, n_sources = 0;
    const tolka_token *tokens = tolka_result_tokens(result, k, &n);
    const tolka_link *links = tolka_result_alignment(result, k, &n_links);
    for (size_t i = 0; i < n; i++) n_wanted += !is_special(config, input, tokens[i].id);
    for (size_t i = 0; i < input->n_ids; i++)
        n_sources += !is_special(config, input, input->ids[i]);
    ck_assert_uint_eq(n_links, n_sources ? n_wanted : 0);
    for (size_t i = 0; i < n_links; i++) {
        ck_assert(!is_special(config, input, tokens[links[i].target].id));
        ck_assert(!is_special(config, input, input->ids[links[i].source]));
        ck_assert(i == 0 || links[i - 1].source <= links[i].source);
    }
    ck_assert_ptr_null(tolka_result_word_alignment(result, k, &n_links)); /* ids have no words */
    ck_assert_uint_eq(n_links, 0);
}

START_TEST(results_have_the_attention_of_their_tokens) {
    struct fixture fixture = fixture_open(folders[_i], DTYPE_F32);
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = options.n_best = 3;
    options.max_length = 12;
    options.want_alignments = 1;
    tolka_translator *translator = open_translator(fixture.model, &options);
    for (size_t i = 0; i < 4; i++) {
        tolka_input input = case_input(&fixture, json_array_get(fixture.cases, i));
        tolka_result **results = run_inputs(translator, &input, 1, false);
        for (size_t k = 0; k < tolka_result_count(results[0]); k++) {
            expect_same_weights(translator, &input, results[0], k);
            expect_links_of_words(results[0], k, &input, &fixture.model->model.config);
        }
        ck_assert_ptr_null(tolka_result_alignment(results[0], 3, NULL));
        ck_assert_ptr_null(tolka_result_soft_alignment(NULL, 0, NULL, NULL));
        free_results(results, 1);
        free((void *)input.ids);
    }
    tolka_translator_free(translator);
    fixture_close(&fixture);
}
END_TEST

START_TEST(nobody_asked) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    tolka_translator *translator = open_translator(fixture.model, NULL);
    tolka_input input = case_input(&fixture, json_array_get(fixture.cases, 1));
    tolka_result **results = run_inputs(translator, &input, 1, false);
    size_t n = 7, n_source = 7;
    ck_assert_ptr_null(tolka_result_alignment(results[0], 0, &n));
    ck_assert_uint_eq(n, 0);
    ck_assert_ptr_null(tolka_result_soft_alignment(results[0], 0, &n, &n_source));
    ck_assert_uint_eq(n + n_source, 0);
    free_results(results, 1);
    free((void *)input.ids);
    tolka_translator_free(translator);
    fixture_close(&fixture);
}
END_TEST

/* A hypothesis as long as the model can make one has no room for its last token as an input, which
 * decides nothing anyway. */
START_TEST(the_longest_hypothesis_is_aligned) {
    struct fixture fixture = fixture_open("bart", DTYPE_F32);
    const struct config *config = &fixture.model->model.config;
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.want_alignments = 1;
    options.beam = 1;
    options.max_length = TOLKA_MAX_LENGTH;
    tolka_generation generation;
    tolka_model_generation(fixture.model, &generation);
    generation.suppress_tokens = &config->end_token;
    generation.n_suppress_tokens = 1;
    generation.forced_eos_token_id = -1;
    options.generation = &generation;
    ck_assert_uint_gt(config->max_positions, 0);
    tolka_translator *translator = open_translator(fixture.model, &options);
    tolka_input input = case_input(&fixture, json_array_get(fixture.cases, 1));
    tolka_result **results = run_inputs(translator, &input, 1, false);
    const char *why;
    size_t n, n_target;
    ck_assert_msg(tolka_result_status(results[0], &why) == TOLKA_OK, "%s", why);
    tolka_result_tokens(results[0], 0, &n);
    ck_assert_uint_eq(n, config->max_positions);
    ck_assert_ptr_nonnull(tolka_result_soft_alignment(results[0], 0, &n_target, NULL));
    ck_assert_uint_eq(n_target, n);
    free_results(results, 1);
    free((void *)input.ids);
    tolka_translator_free(translator);
    fixture_close(&fixture);
}
END_TEST

static void expect_equal_results(const tolka_result *a, const tolka_result *b) {
    size_t n, m, n_target, n_source;
    const tolka_link *ours = tolka_result_alignment(a, 0, &n);
    const tolka_link *theirs = tolka_result_alignment(b, 0, &m);
    ck_assert_uint_eq(n, m);
    ck_assert_mem_eq(ours, theirs, n * sizeof *ours);
    const float *soft = tolka_result_soft_alignment(a, 0, &n_target, &n_source);
    ck_assert_mem_eq(soft, tolka_result_soft_alignment(b, 0, &n, &m),
                     n_target * n_source * sizeof *soft);
}

/* Translating and then scoring what came gives the same alignments, whatever runs beside it. */
START_TEST(batches_and_threads_change_nothing) {
    enum { N = 12 };
    static const int batches[] = {1, 3, 32}, threads[] = {1, 2, 4};
    struct fixture fixture = fixture_open("m2m100", DTYPE_I8);
    tolka_input inputs[N];
    int32_t targets[N][64];
    size_t n_targets[N];
    tolka_result **first = NULL;
    for (size_t i = 0; i < N; i++)
        inputs[i] = case_input(&fixture, json_array_get(fixture.cases, i));
    for (int round = 0; round < 9; round++) {
        tolka_options options = TOLKA_OPTIONS_INIT;
        options.want_alignments = 1;
        options.beam = 2;
        options.max_length = 30;
        options.batch = batches[round % 3];
        options.threads = threads[round / 3];
        tolka_translator *translator = open_translator(fixture.model, &options);
        bool scoring = round % 2;
        for (size_t i = 0; i < N; i++) {
            inputs[i].target = scoring ? targets[i] : NULL;
            inputs[i].n_target = scoring ? n_targets[i] : 0;
        }
        tolka_result **results = run_inputs(translator, inputs, N, scoring);
        for (size_t i = 0; i < N && !first; i++) {
            const tolka_token *tokens = tolka_result_tokens(results[i], 0, &n_targets[i]);
            for (size_t k = 0; k < n_targets[i]; k++) targets[i][k] = tokens[k].id;
        }
        if (!first) {
            first = results;
        } else {
            for (size_t i = 0; i < N; i++) expect_equal_results(results[i], first[i]);
            free_results(results, N);
        }
        tolka_translator_free(translator);
    }
    free_results(first, N);
    for (size_t i = 0; i < N; i++) free((void *)inputs[i].ids);
    fixture_close(&fixture);
}
END_TEST

/* ---- symmetrization -------------------------------------------------------------------------- */

/* Worked by hand from the published algorithm. The intersection is 0-0 1-1. Growing, word by word
 * of the target, from 1-1: 1-2 brings in target 2, then 2-2 source 2; from 1-2: 2-3 brings in
 * target 3; from 2-2: 3-2 brings in source 3, and 3-3 brings in nothing any more. Then of the
 * forward direction 4-4 and 7-7, but not 0-6, whose source has a link; of the reverse one 5-5, but
 * not 8-7, whose target has one by now. */
START_TEST(a_worked_example) {
    static const tolka_link forward[] = {{0, 0}, {1, 1}, {2, 2}, {3, 2},
                                         {4, 4}, {0, 6}, {3, 3}, {7, 7}};
    static const tolka_link reverse[] = {{0, 0}, {1, 1}, {2, 1}, {3, 2}, {5, 5}, {7, 8}};
    static const char *const expected[] = {"0-0 1-1",
                                           "0-0 0-6 1-1 1-2 2-2 2-3 3-2 3-3 4-4 5-5 7-7 8-7",
                                           "0-0 1-1 1-2 2-2 2-3 3-2 4-4 5-5 7-7"};
    for (int how = 0; how < 3; how++) {
        tolka_link *links;
        size_t n;
        ck_assert_int_eq(
            tolka_symmetrize(forward, 8, reverse, 6, (tolka_symmetry)how, &links, &n, NULL),
            TOLKA_OK);
        expect_links(links, n, expected[how]);
        tolka_free(links);
    }
}
END_TEST

START_TEST(symmetrization_of_little_and_of_nonsense) {
    static const tolka_link one = {4, 2}, turned = {2, 4}, far = {1 << 20, 0};
    tolka_link *links;
    size_t n;
    tolka_error err = {0};
    for (int how = 0; how < 3; how++) {
        tolka_symmetrize(NULL, 0, NULL, 0, (tolka_symmetry)how, &links, &n, NULL);
        expect_links(links, n, "");
        tolka_free(links);
        tolka_symmetrize(&one, 1, &turned, 1, (tolka_symmetry)how, &links, &n, NULL);
        expect_links(links, n, "4-2");
        tolka_free(links);
        tolka_symmetrize(NULL, 0, &turned, 1, (tolka_symmetry)how, &links, &n, NULL);
        expect_links(links, n, how == TOLKA_INTERSECTION ? "" : "4-2");
        tolka_free(links);
    }
    ck_assert_int_eq(tolka_symmetrize(&far, 1, NULL, 0, TOLKA_UNION, &links, &n, &err),
                     TOLKA_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.text, "link 0 is 1048576-0"));
    ck_assert_int_eq(tolka_symmetrize(&one, 1, NULL, 0, (tolka_symmetry)3, &links, &n, &err),
                     TOLKA_ARGUMENT);
}
END_TEST

/* ---- beside words aligned by hand ------------------------------------------------------------ */

/* Half a point above what was measured: other kernels round otherwise, and a link may turn. */
START_TEST(error_rates_of_the_shipped_model) {
    tolka_model *model;
    ck_assert_int_eq(tolka_model_open(&model, SHIPPED_MODEL, NULL), TOLKA_OK);
    struct gold *gold = gold_open(GOLD);
    ck_assert_uint_eq(gold->n, 40);
    struct aer usual = aer_measure(model, gold, 0, 0), best = aer_measure(model, gold, 2, 8);
    ck_assert_double_lt(usual.forward, 0.18);
    ck_assert_double_lt(usual.reverse, 0.16);
    ck_assert_double_lt(usual.joined[TOLKA_GROW_DIAG_FINAL_AND], 0.155);
    ck_assert_double_le(best.forward, usual.forward);
    ck_assert_double_le(best.joined[TOLKA_GROW_DIAG_FINAL_AND],
                        usual.joined[TOLKA_GROW_DIAG_FINAL_AND] + 0.01);
    gold_free(gold);
    tolka_model_free(model);
}
END_TEST

/* The document's table is what make align-figures prints, up to a link or two. */
START_TEST(the_document_has_these_rates) {
    static const char *const columns[] = {"forward", "reverse", "intersection", "union",
                                          "grow-diag-final-and"};
    tolka_model *model;
    ck_assert_int_eq(tolka_model_open(&model, SHIPPED_MODEL, NULL), TOLKA_OK);
    struct gold *gold = gold_open(GOLD);
    struct document *document = document_open("docs/alignment.md");
    struct table *table = document_table(document, "How good they are", 0);
    ck_assert_uint_eq(table->n_rows, 18);
    for (size_t row = 0; row < table->n_rows; row++) {
        const char *head = cell(table, row, "head");
        struct aer aer = aer_measure(model, gold, atoi(cell(table, row, "layer")),
                                     strcmp(head, "average") == 0 ? -1 : atoi(head));
        double found[] = {aer.forward, aer.reverse, aer.joined[0], aer.joined[1], aer.joined[2]};
        for (size_t i = 0; i < 5; i++)
            ck_assert_double_eq_tol(found[i], atof(cell(table, row, columns[i])), 0.02);
    }
    document_free(document);
    gold_free(gold);
    tolka_model_free(model);
}
END_TEST

Suite *alignment_suite(void) {
    Suite *suite = suite_create("alignment");
    TCase *weights = tcase_create("weights"), *links = tcase_create("links");
    TCase *results = tcase_create("results"), *gold = tcase_create("gold");
    tcase_set_timeout(weights, 120);
    tcase_add_loop_test(weights, soft_alignments_equal_the_reference, 0, N_FOLDERS);
    tcase_add_test(weights, layers_and_heads_are_chosen);
    tcase_add_test(links, each_target_has_its_greatest_source);
    tcase_add_test(links, a_worked_example);
    tcase_add_test(links, symmetrization_of_little_and_of_nonsense);
    tcase_set_timeout(results, 120);
    tcase_add_loop_test(results, results_have_the_attention_of_their_tokens, 0, N_FOLDERS);
    tcase_add_test(results, nobody_asked);
    tcase_add_test(results, the_longest_hypothesis_is_aligned);
    tcase_add_test(results, batches_and_threads_change_nothing);
    tcase_set_timeout(gold, 240);
    tcase_add_test(gold, error_rates_of_the_shipped_model);
    tcase_add_test(gold, the_document_has_these_rates);
    suite_add_tcase(suite, weights);
    suite_add_tcase(suite, links);
    suite_add_tcase(suite, results);
    suite_add_tcase(suite, gold);
    suite_add_tcase(suite, alignment_words_case());
    return suite;
}
