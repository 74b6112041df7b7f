/* CTranslate2's directories, against what CTranslate2 computes. */
#include "tests/check_families_native.h"
#include "tests/tokens.h"

#include "models/checkpoint/vocabulary_read.h"
#include "tools/generation_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const ct2_folders[] = {"ct2-marian-float32",
                                          "ct2-marian-int8",
                                          "ct2-t5",
                                          "ct2-aren-transliteration",
                                          "ct2-aren-transliteration-i8",
                                          "ct2-aren-transliteration-i16"};
enum { N_CT2 = sizeof ct2_folders / sizeof *ct2_folders };

struct sides {
    struct vocabulary source, target;
};

static void open_words(struct vocabulary *vocabulary, const char *folder, const char *side) {
    static const char *const ends[] = {".json", ".txt"};
    tolka_error err = {0};
    for (size_t i = 0; i < 4; i++) {
        char path[256];
        snprintf(path, sizeof path, FIXTURES "%s/%s_vocabulary%s", folder, i < 2 ? side : "shared",
                 ends[i % 2]);
        if (access(path, R_OK) != 0) continue;
        ck_assert_msg(vocabulary_open(vocabulary, path, &err) == TOLKA_OK, "%s", err.text);
        return;
    }
    ck_abort_msg("%s: no vocabulary", folder);
}

static int32_t word_id(const struct vocabulary *vocabulary, const json_t *token) {
    int32_t id = vocabulary_find(vocabulary, json_string_value(token));
    return id < 0 ? (int32_t)vocabulary->n : id; /* <unk>, behind the others */
}

static tolka_input word_input(const struct vocabulary *vocabulary, const json_t *tokens) {
    tolka_input input = TOLKA_INPUT_INIT;
    int32_t *ids = calloc(json_array_size(tokens) + 1, sizeof *ids);
    ck_assert_ptr_nonnull(ids);
    for (; input.n_ids < json_array_size(tokens); input.n_ids++)
        ids[input.n_ids] = word_id(vocabulary, json_array_get(tokens, input.n_ids));
    input.ids = ids;
    return input;
}

/* CTranslate2's tokens end before the end token. */
static void check_words(const struct fixture *fixture, const struct vocabulary *vocabulary,
                        const char *name, const tolka_result *result, size_t k,
                        const json_t *expected, double tolerance) {
    const json_t *tokens = json_object_get(expected, "tokens");
    const json_t *score = json_object_get(expected, "score");
    size_t n;
    const tolka_token *found = tolka_result_tokens(result, k, &n);
    if (n && found[n - 1].id == fixture->model->model.config.end_token) n--;
    ck_assert_msg(n == json_array_size(tokens), "%s: %zu tokens, not %zu", name, n,
                  json_array_size(tokens));
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(found[i].id == word_id(vocabulary, json_array_get(tokens, i)),
                      "%s: token %zu is %d", name, i, found[i].id);
    if (json_is_number(score))
        ck_assert_msg(fabs((double)tolka_result_score(result, k) - json_number_value(score)) <=
                          tolerance,
                      "%s: score", name);
}

static tolka_options ct2_options(int beam, int n_best) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = beam;
    options.n_best = n_best;
    options.max_length = 39;
    options.length_penalty = 1;
    options.want_scores = 1;
    return options;
}

/* The library answers an empty source, and one of the end token alone, without its model. */
static bool is_empty_source(const json_t *tokens) {
    return json_array_size(tokens) == 0 ||
           (json_array_size(tokens) == 1 &&
            strcmp(json_string_value(json_array_get(tokens, 0)), "</s>") == 0);
}

static void check_section(const struct fixture *fixture, const struct sides *sides,
                          const json_t *section, double tolerance) {
    static const char *const searches[] = {"greedy", "beam4"};
    for (int s = 0; s < 2; s++) {
        tolka_options options = ct2_options(s ? 4 : 1, 1);
        tolka_translator *translator = open_translator(fixture->model, &options);
        size_t k;
        json_t *entry;
        json_array_foreach(json_object_get(section, "cases"), k, entry) {
            const json_t *tokens = json_object_get(entry, "source_tokens");
            if (is_empty_source(tokens) || json_is_false(json_object_get(entry, "stable")))
                continue;
            tolka_input input = word_input(&sides->source, tokens);
            tolka_result **results = run_inputs(translator, &input, 1, false);
            check_words(fixture, &sides->target, json_string_value(json_object_get(entry, "name")),
                        results[0], 0, json_object_get(entry, searches[s]), tolerance);
            free_results(results, 1);
            free((void *)input.ids);
        }
        tolka_translator_free(translator);
    }
}

static void check_n_best(const struct fixture *fixture, const struct sides *sides,
                         const json_t *section) {
    const json_t *list = look_up(section, "nbest", "hypotheses"), *wanted = NULL;
    const char *name = json_string_value(look_up(section, "nbest", "case"));
    size_t k;
    json_t *entry;
    if (!name) return;
    json_array_foreach(json_object_get(section, "cases"), k,
                       entry) if (strcmp(json_string_value(json_object_get(entry, "name")), name) ==
                                  0) wanted = json_object_get(entry, "source_tokens");
    tolka_options options = ct2_options(4, (int)json_array_size(list));
    tolka_translator *translator = open_translator(fixture->model, &options);
    tolka_input input = word_input(&sides->source, wanted);
    tolka_result **results = run_inputs(translator, &input, 1, false);
    for (size_t i = 0; i < json_array_size(list); i++)
        check_words(fixture, &sides->target, name, results[0], i, json_array_get(list, i), 1e-4);
    free_results(results, 1);
    free((void *)input.ids);
    tolka_translator_free(translator);
}

static void check_scored(const struct fixture *fixture, const struct sides *sides,
                         const json_t *section) {
    tolka_options options = ct2_options(1, 1);
    tolka_translator *translator = open_translator(fixture->model, &options);
    size_t k, n;
    json_t *entry;
    json_array_foreach(json_object_get(section, "cases"), k, entry) {
        const json_t *scored = json_object_get(entry, "scored_target");
        if (!scored || is_empty_source(json_object_get(entry, "source_tokens"))) continue;
        const json_t *log_probs = json_object_get(scored, "log_probs");
        tolka_input input = word_input(&sides->source, json_object_get(entry, "source_tokens"));
        tolka_input target = word_input(&sides->target, json_object_get(scored, "tokens"));
        int32_t ids[256];
        memcpy(ids, target.ids, target.n_ids * sizeof *ids);
        ids[target.n_ids] = fixture->model->model.config.end_token;
        input.target = ids;
        input.n_target = json_array_size(log_probs);
        tolka_result **results = run_inputs(translator, &input, 1, true);
        const tolka_token *tokens = tolka_result_tokens(results[0], 0, &n);
        for (size_t i = 0; i < n; i++)
            ck_assert_double_eq_tol((double)tokens[i].log_prob,
                                    json_number_value(json_array_get(log_probs, i)), 1e-4);
        free_results(results, 1);
        free((void *)input.ids);
        free((void *)target.ids);
    }
    tolka_translator_free(translator);
}

/* ---- coverage -------------------------------------------------------------------------------- */

static tolka_translator *covering_translator(const struct fixture *fixture,
                                             const json_t *settings) {
    tolka_options options = ct2_options(1, 1);
    struct generation_set set;
    const char *key;
    json_t *value;
    char why[SET_WHY];
    generation_set_init(&set, fixture->model, &options);
    json_object_foreach((json_t *)settings, key, value)
        ck_assert_msg(generation_set_json(&set, key, value, why), "%s", why);
    options.generation = &set.generation;
    tolka_translator *translator = open_translator(fixture->model, &options);
    generation_set_free(&set);
    return translator;
}

static void check_coverage(const struct fixture *fixture, const struct sides *sides,
                           const json_t *entry, const json_t *run) {
    const char *name = json_string_value(json_object_get(entry, "name"));
    const json_t *list = json_object_get(run, "hypotheses");
    tolka_translator *translator = covering_translator(fixture, json_object_get(run, "settings"));
    tolka_input input = word_input(&sides->source, json_object_get(entry, "source_tokens"));
    tolka_result **results = run_inputs(translator, &input, 1, false);
    ck_assert_uint_eq(tolka_result_count(results[0]), json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++)
        check_words(fixture, &sides->target, name, results[0], i, json_array_get(list, i), 1e-4);
    free_results(results, 1);
    free((void *)input.ids);
    tolka_translator_free(translator);
}

START_TEST(coverage_counts_as_in_ctranslate2) {
    static const char *const folders[] = {"ct2-marian-float32", "ct2-t5"};
    struct fixture fixture = fixture_open(folders[_i], DTYPE_F32);
    struct sides sides = {0};
    char path[256];
    size_t i, k;
    json_t *entry, *run;
    snprintf(path, sizeof path, FIXTURES "%s/coverage.json", folders[_i]);
    json_t *root = json_load_file(path, 0, NULL);
    ck_assert_ptr_nonnull(root);
    open_words(&sides.source, folders[_i], "source");
    open_words(&sides.target, folders[_i], "target");
    json_array_foreach(json_object_get(root, "cases"), i, entry)
        json_array_foreach(json_object_get(entry, "runs"), k, run)
            check_coverage(&fixture, &sides, entry, run);
    json_decref(root);
    vocabulary_free(&sides.source);
    vocabulary_free(&sides.target);
    fixture_close(&fixture);
}
END_TEST

/* ---- all the rest ---------------------------------------------------------------------------- */

START_TEST(ctranslate2_in_float32) {
    struct fixture fixture = fixture_open(ct2_folders[_i], DTYPE_F32);
    const json_t *section = look_up(fixture.reference, "computed_with", "float32");
    struct sides sides = {0};
    open_words(&sides.source, ct2_folders[_i], "source");
    open_words(&sides.target, ct2_folders[_i], "target");
    check_section(&fixture, &sides, section, 1e-4);
    check_n_best(&fixture, &sides, section);
    check_scored(&fixture, &sides, section);
    vocabulary_free(&sides.source);
    vocabulary_free(&sides.target);
    fixture_close(&fixture);
}
END_TEST

/* Int8 weights keep their scales, activations are rounded a row at a time: CTranslate2's rule. */
START_TEST(ctranslate2_in_int8) {
    static const char *const folders[] = {"ct2-marian-int8", "ct2-aren-transliteration-i8"};
    struct fixture fixture = fixture_open(folders[_i], DTYPE_I8);
    const json_t *section = look_up(fixture.reference, "computed_with", "int8_float32");
    const json_t *tolerance = look_up(section, "tolerance", "score");
    struct sides sides = {0};
    open_words(&sides.source, folders[_i], "source");
    open_words(&sides.target, folders[_i], "target");
    check_section(&fixture, &sides, section, json_number_value(tolerance));
    vocabulary_free(&sides.source);
    vocabulary_free(&sides.target);
    fixture_close(&fixture);
}
END_TEST

/* ---- texts that are tokens ------------------------------------------------------------------- */

static void transliterate(const struct fixture *fixture, const char *source, const char *expected) {
    tolka_error err = {0};
    tolka_tokenizer *tokenizer;
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_translator *translator = open_translator(fixture->model, &options);
    ck_assert_msg(tolka_tokenizer_new(&tokenizer, fixture->model, NULL, NULL, &err) == TOLKA_OK,
                  "%s", err.text);
    int32_t ids[64];
    char text[256];
    tolka_input input = TOLKA_INPUT_INIT;
    input.ids = ids;
    input.n_ids = tokens_of(tokenizer, source, strlen(source), ids, 64);
    ck_assert_uint_gt(input.n_ids, 0);
    tolka_result **results = run_inputs(translator, &input, 1, false);
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(results[0], 0, &n);
    for (size_t i = 0; i < n; i++) ids[i] = tokens[i].id;
    detokenized(tokenizer, ids, n, text, sizeof text);
    ck_assert_str_eq(text, expected);
    free_results(results, 1);
    tolka_tokenizer_free(tokenizer);
    tolka_translator_free(translator);
}

/* tests.tsv: source, prefix of the target, translation, ... Prefixes are not tolka's. */
static void run_table(const struct fixture *fixture) {
    char path[256], line[512];
    snprintf(path, sizeof path, FIXTURES "%s/tests.tsv", fixture->folder);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    int n = 0;
    while (fgets(line, sizeof line, file)) {
        char *prefix = strchr(line, '\t');
        if (line[0] == '#' || line[0] == '\t' || !prefix || prefix[1] != '\t') continue;
        *prefix = 0;
        char *target = prefix + 2;
        target[strcspn(target, "\t")] = 0;
        transliterate(fixture, line, target);
        n++;
    }
    fclose(file);
    ck_assert_int_ge(n, 2);
}

START_TEST(transliteration) {
    static const enum dtype types[] = {DTYPE_F32, DTYPE_I8, DTYPE_BF16};
    struct fixture fixture = fixture_open(ct2_folders[3 + _i % 3], types[_i / 3]);
    run_table(&fixture);
    fixture_close(&fixture);
}
END_TEST

/* Each side has its own id of <unk>, and a text may have any blanks. */
START_TEST(words_on_both_sides) {
    struct fixture fixture = fixture_open("ct2-aren-transliteration", DTYPE_F32);
    tolka_error err;
    tolka_tokenizer *tokenizer;
    ck_assert(tolka_tokenizer_new(&tokenizer, fixture.model, NULL, "none", &err) == TOLKA_OK);
    static const char text[] = "  m  Q\ta ";
    int32_t ids[8];
    char shown[64];
    ck_assert_uint_eq(target_tokens_of(tokenizer, text, strlen(text), ids, 8), 4);
    ck_assert_int_eq(ids[1], 42);
    ck_assert_int_eq(ids[3], 2);
    detokenized(tokenizer, ids, 4, shown, sizeof shown);
    ck_assert_str_eq(shown, "m <unk> a");
    ck_assert_uint_eq(tokens_of(tokenizer, text, strlen(text), ids, 8), 3);
    ck_assert_int_eq(ids[0], 50);
    ck_assert_uint_eq(tokens_of(tokenizer, " ", 1, ids, 8), 0);
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

/* The original SentencePiece models make a CTranslate2 directory take text. */
START_TEST(ctranslate2_with_sentencepiece) {
    struct convert_options convert = {
        .type = DTYPE_F32, .vocab = FIXTURES "marian/source.spm," FIXTURES "marian/target.spm"};
    struct fixture fixture =
        fixture_open_with("ct2-marian-float32", "ct2-marian-float32", &convert);
    struct vocabulary words = {0};
    tolka_error err;
    tolka_tokenizer *tokenizer;
    open_words(&words, "ct2-marian-float32", "source");
    ck_assert(tolka_tokenizer_new(&tokenizer, fixture.model, NULL, "none", &err) == TOLKA_OK);
    json_t *marian = json_load_file(FIXTURES "marian/reference.json", 0, NULL), *entry;
    size_t k, n;
    json_array_foreach(json_object_get(marian, "cases"), k, entry) {
        const char *text = json_string_value(json_object_get(entry, "text"));
        const json_t *said = json_object_get(entry, "source_ids_by_sentencepiece");
        if (!json_is_string(said)) continue;
        int32_t *wanted = json_id_list(json_object_get(entry, "source_ids"), &n), ids[512];
        ck_assert_uint_eq(tokens_of(tokenizer, text, strlen(text), ids, 512), n);
        ck_assert_mem_eq(ids, wanted, n * sizeof *ids);
        free(wanted);
    }
    json_decref(marian);
    vocabulary_free(&words);
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

/* A T5 without SentencePiece model names no languages: its words are taken all the same. */
START_TEST(t5_takes_words) {
    struct fixture fixture = fixture_open("ct2-t5", DTYPE_F32);
    tolka_tokenizer *tokenizer;
    tolka_error err;
    ck_assert_msg(tolka_tokenizer_new(&tokenizer, fixture.model, NULL, NULL, &err) == TOLKA_OK,
                  "%s", err.text);
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

/* ---- multilingual models --------------------------------------------------------------------- */

/* Which model it was shows in the vocabulary alone: where languages stand, and how they are spelled. */
static const struct {
    const char *folder, *pieces;
} multilingual[] = {
    {"ct2-multilingual/nllb", FIXTURES "nllb-tiny/sentencepiece.bpe.model"},
    {"ct2-multilingual/m2m100", FIXTURES "m2m100/sentencepiece.bpe.model"},
    {"ct2-multilingual/mbart25", FIXTURES "mbart25-tiny/sentencepiece.bpe.model"},
    {"ct2-multilingual/mbart50", FIXTURES "mbart50-tiny/sentencepiece.bpe.model"},
};
enum { N_MULTILINGUAL = sizeof multilingual / sizeof *multilingual };

/* Its text, as the original tokenizer reads it. */
static void check_source_ids(const struct fixture *fixture, const json_t *entry) {
    const char *text = json_string_value(json_object_get(entry, "text"));
    tolka_tokenizer *tokenizer = case_tokenizer(fixture, entry);
    size_t n;
    int32_t *wanted = json_id_list(json_object_get(entry, "source_ids"), &n), ids[512];
    ck_assert_uint_eq(tokens_of(tokenizer, text, strlen(text), ids, 512), n);
    ck_assert_mem_eq(ids, wanted, n * sizeof *ids);
    free(wanted);
    tolka_tokenizer_free(tokenizer);
}

START_TEST(multilingual_models_equal_ctranslate2) {
    const char *folder = multilingual[_i].folder;
    struct convert_options convert = {.type = DTYPE_F32, .vocab = multilingual[_i].pieces};
    struct fixture fixture = fixture_open_with(folder, folder, &convert);
    size_t k;
    json_t *entry;
    json_array_foreach(fixture.cases, k, entry) check_source_ids(&fixture, entry);
    check_search(&fixture, NULL, "greedy", 1e-4);
    check_search(&fixture, NULL, "beam4", 1e-4);
    fixture_close(&fixture);
}
END_TEST

/* ---- all of it ------------------------------------------------------------------------------- */

void add_ctranslate2_tests(Suite *suite) {
    TCase *ct2 = tcase_create("ctranslate2");
    tcase_set_timeout(ct2, 120);
    tcase_add_loop_test(ct2, ctranslate2_in_float32, 0, N_CT2);
    tcase_add_loop_test(ct2, coverage_counts_as_in_ctranslate2, 0, 2);
    tcase_add_loop_test(ct2, ctranslate2_in_int8, 0, 2);
    tcase_add_loop_test(ct2, transliteration, 0, 9);
    tcase_add_test(ct2, words_on_both_sides);
    tcase_add_test(ct2, t5_takes_words);
    tcase_add_test(ct2, ctranslate2_with_sentencepiece);
    tcase_add_loop_test(ct2, multilingual_models_equal_ctranslate2, 0, N_MULTILINGUAL);
    suite_add_tcase(suite, ct2);
}
