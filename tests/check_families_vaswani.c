/* The transformer of the paper, against PyTorch's, transformers' and fairseq's. */
#include "tests/check_families_native.h"

#include <stdlib.h>

enum { LENGTH_LIMIT = 39 };

static tolka_options reference_options(void) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = 1;
    options.max_length = LENGTH_LIMIT;
    options.length_penalty = 1;
    return options;
}

/* fairseq's models in Hugging Face's layout: sinusoids in halves from position 2, two tables.
 */
START_TEST(fsmt_equals_transformers) {
    struct fixture fixture = fixture_open("fsmt", DTYPE_F32);
    tolka_options options = reference_options();
    size_t n = json_array_size(fixture.cases);
    ck_assert_uint_eq(count_equal(&fixture, &options, "greedy", NULL), n);
    options.beam = 4;
    ck_assert_uint_eq(count_equal(&fixture, &options, "beam4", NULL), n);
    fixture_close(&fixture);
}
END_TEST

/* PyTorch's nn.Transformer with interleaved sinusoids: queries, keys and values in one matrix, a
 * norm at each end, an output layer with a bias. */
START_TEST(interleaved_transformer_equals_pytorch) {
    struct fixture fixture = fixture_open("vaswani", DTYPE_F32);
    ck_assert_int_eq(fixture.model->model.config.sinusoid_order, SINUSOID_INTERLEAVED);
    tolka_options options = reference_options();
    ck_assert_uint_eq(count_equal(&fixture, &options, "greedy", NULL),
                      json_array_size(fixture.cases));
    tolka_translator *translator = open_translator(fixture.model, &options);
    size_t k, n;
    json_t *entry;
    json_array_foreach(fixture.cases, k, entry) {
        tolka_input input = case_input(&fixture, entry);
        int32_t *target = json_id_list(look_up(entry, "forced", "ids"), &input.n_target);
        const json_t *log_probs = look_up(entry, "forced", "log_probs");
        input.target = target;
        tolka_result **results = run_inputs(translator, &input, 1, true);
        const tolka_token *tokens = tolka_result_tokens(results[0], 0, &n);
        ck_assert_uint_eq(n, json_array_size(log_probs));
        for (size_t i = 0; i < n; i++)
            ck_assert_double_eq_tol((double)tokens[i].log_prob,
                                    json_number_value(json_array_get(log_probs, i)), 1e-4);
        free_results(results, 1);
        free((void *)input.ids);
        free(target);
    }
    tolka_translator_free(translator);
    fixture_close(&fixture);
}
END_TEST

/* ---- fairseq's own checkpoints --------------------------------------------------------------- */

static const char *const fairseq_folders[] = {"fairseq/args", "fairseq/cfg", "fairseq/many"};

START_TEST(checkpoints_of_fairseq_equal_fairseq) {
    struct fixture fixture = fixture_open(fairseq_folders[_i], DTYPE_F32);
    check_fixture(&fixture, 1e-4);
    fixture_close(&fixture);
}
END_TEST

/* Without a generation_config.json beside it, what fairseq-generate does by itself. */
START_TEST(fairseq_searches_by_its_own_defaults) {
    struct fixture fixture = fixture_open(fairseq_folders[_i], DTYPE_F32);
    const struct config *config = &fixture.model->model.config;
    ck_assert_uint_eq(config->beam, 5);
    ck_assert_uint_eq(config->max_length, 201);
    ck_assert_int_eq(config->beam_rules, BEAM_CTRANSLATE2);
    ck_assert_int_eq(config->forced_last, 2);
    fixture_close(&fixture);
}
END_TEST

void add_vaswani_tests(Suite *suite) {
    TCase *vaswani = tcase_create("vaswani");
    tcase_add_test(vaswani, fsmt_equals_transformers);
    tcase_add_test(vaswani, interleaved_transformer_equals_pytorch);
    suite_add_tcase(suite, vaswani);

    TCase *fairseq = tcase_create("fairseq");
    tcase_add_loop_test(fairseq, checkpoints_of_fairseq_equal_fairseq, 0, 3);
    tcase_add_loop_test(fairseq, fairseq_searches_by_its_own_defaults, 0, 3);
    suite_add_tcase(suite, fairseq);
}
