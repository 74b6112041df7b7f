/* Words that translations must have: what a list of them may be in a call, a model file and a
 * checkpoint, how far a hypothesis has come with them, and that a shortlist lets them through. What
 * a search finds is compared with transformers in suite decoding. */
#include "engine/progress.h"
#include "engine/shortlist.h"
#include "engine/token_lists.h"
#include "models/generation_lists.h"
#include "tests/fixture.h"
#include "tests/gguf_builder.h"
#include "tests/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int32_t a[] = {5, 7}, b[] = {5, 8, 9}, c[] = {6};
static const tolka_sequence two_ways[] = {{a, 2, 0}, {b, 3, 0}}, alone[] = {{c, 1, 0}};

/* ---- progress -------------------------------------------------------------------------------- */

static const tolka_alternatives words[] = {{two_ways, 2}, {alone, 1}};

static struct progress progress_behind(const tolka_alternatives *list, size_t n, const char *ids) {
    struct progress progress = progress_begin(list, n);
    for (; *ids; ids++) progress_add(&progress, *ids - '0');
    return progress;
}

/* Steps, and whether all words are there, behind tokens of one digit each. */
START_TEST(words_are_counted) {
    static const struct {
        const char *ids;
        size_t steps;
        bool is_complete;
    } cases[] = {
        {"", 0, false},    {"1", 0, false},   {"5", 1, false},    {"58", 2, false},
        {"57", 3, false},  {"589", 3, false}, {"6", 3, false},    {"65", 4, false},
        {"657", 6, true},  {"6571", 6, true}, {"5896", 6, true},  {"651", 3, false},
        {"56", 0, false}, /* what breaks off an attempt begins no other */
        {"566", 3, false}, {"557", 0, false}, {"55576", 6, true}, {"58157", 3, false},
        {"66", 3, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct progress progress = progress_behind(words, 2, cases[i].ids);
        ck_assert_msg(progress_steps(&progress) == cases[i].steps, "%s: %zu steps", cases[i].ids,
                      progress_steps(&progress));
        ck_assert_msg(progress_is_complete(&progress) == cases[i].is_complete, "%s", cases[i].ids);
    }
}
END_TEST

static void expect_next(const char *ids, const char *expected) {
    struct progress progress = progress_behind(words, 2, ids);
    int32_t next[MAX_SEQUENCES];
    char got[16] = "";
    size_t n = progress_next(&progress, next);
    for (size_t i = 0; i < n; i++) snprintf(got + i, sizeof got - i, "%d", next[i]);
    ck_assert_msg(strcmp(got, expected) == 0, "behind %s: %s", ids, got);
}

START_TEST(what_goes_on_with_words) {
    expect_next("", "56");
    expect_next("5", "78");
    expect_next("58", "9");
    expect_next("51", "65"); /* an attempt that failed queues up again */
    expect_next("57", "6");
    expect_next("6", "5");
    expect_next("657", "");
}
END_TEST

/* ---- calls ----------------------------------------------------------------------------------- */

static tolka_status open_with(const tolka_model *model, const tolka_generation *generation,
                              int beam, int alternatives, tolka_error *err) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_translator *translator;
    options.generation = generation;
    options.beam = beam;
    options.alternatives = alternatives;
    tolka_status status = tolka_translator_new(&translator, model, &options, err);
    tolka_translator_free(translator);
    return status;
}

START_TEST(words_need_a_beam) {
    struct fixture fixture = fixture_open("t5", DTYPE_F32);
    tolka_generation plain, sampling, grouped;
    tolka_error err = {0};
    tolka_model_generation(fixture.model, &plain);
    ck_assert_uint_eq(plain.n_force_words, 0);
    plain.force_words = words, plain.n_force_words = 2;
    sampling = grouped = plain;
    sampling.do_sample = 1;
    grouped.num_beam_groups = 2;
    ck_assert_int_eq(tolka_model_default_beam(fixture.model), 1);
    ck_assert_int_eq(open_with(fixture.model, &plain, 0, 0, &err), TOLKA_OK);
    ck_assert_int_eq(open_with(fixture.model, &plain, 2, 0, &err), TOLKA_OK);
    ck_assert_int_eq(open_with(fixture.model, &plain, 1, 0, &err), TOLKA_ARGUMENT);
    ck_assert_msg(strstr(err.text, "do not go with a beam of 1"), "%s", err.text);
    ck_assert_int_eq(open_with(fixture.model, &plain, 0, 1, &err), TOLKA_ARGUMENT);
    ck_assert_msg(strstr(err.text, "do not go with alternatives"), "%s", err.text);
    ck_assert_int_eq(open_with(fixture.model, &sampling, 0, 0, &err), TOLKA_ARGUMENT);
    ck_assert_msg(strstr(err.text, "do not go with samples"), "%s", err.text);
    ck_assert_int_eq(open_with(fixture.model, &grouped, 4, 0, &err), TOLKA_ARGUMENT);
    ck_assert_msg(strstr(err.text, "do not go with groups"), "%s", err.text);
    fixture_close(&fixture);
}
END_TEST

static void refuse(const tolka_model *model, const tolka_alternatives *list, size_t n,
                   const char *says) {
    tolka_generation generation;
    tolka_error err = {0};
    tolka_model_generation(model, &generation);
    generation.force_words = list;
    generation.n_force_words = n;
    ck_assert_msg(open_with(model, &generation, 4, 0, &err) == TOLKA_ARGUMENT, "accepted: %s",
                  says);
    ck_assert_msg(strstr(err.text, "force_words_ids") && strstr(err.text, says), "%s", err.text);
}

START_TEST(lists_that_nothing_could_have) {
    static const int32_t unknown[] = {5, 100000}, negative[] = {-1}, end[] = {5, 1};
    static const tolka_sequence beginning[] = {{a, 2, 0}, {a, 1, 0}},
                                equal[] = {{c, 1, 0}, {c, 1, 0}};
    static const tolka_sequence wrong[] = {
        {unknown, 2, 0}, {negative, 1, 0}, {end, 2, 0}, {a, 0, 0}};
    static const tolka_sequence vast = {a, SIZE_MAX, 0};
    struct fixture fixture = fixture_open("t5", DTYPE_F32);
    tolka_alternatives many[MAX_FORCE_WORDS + 1];
    for (size_t i = 0; i <= MAX_FORCE_WORDS; i++) many[i] = words[1];
    refuse(fixture.model, &(tolka_alternatives){&wrong[0], 1}, 1, "token 100000; the vocabulary");
    refuse(fixture.model, &(tolka_alternatives){&wrong[1], 1}, 1, "token -1");
    refuse(fixture.model, &(tolka_alternatives){&wrong[2], 1}, 1, "the end token, 1");
    refuse(fixture.model, &(tolka_alternatives){&wrong[3], 1}, 1, "an empty phrase");
    refuse(fixture.model, &(tolka_alternatives){&vast, 1}, 1, "more than 1024 tokens");
    refuse(fixture.model, &(tolka_alternatives){alone, 0}, 1, "without alternatives");
    refuse(fixture.model, &(tolka_alternatives){alone, SIZE_MAX}, 1, "too long");
    refuse(fixture.model, &(tolka_alternatives){beginning, 2}, 1, "begins with all of");
    refuse(fixture.model, &(tolka_alternatives){equal, 2}, 1, "begins with all of");
    refuse(fixture.model, many, MAX_FORCE_WORDS + 1, "up to 64 words");
    refuse(fixture.model, many, SIZE_MAX, "too long");
    fixture_close(&fixture);
}
END_TEST

/* ---- model files ----------------------------------------------------------------------------- */

static tolka_status read_list(const int32_t *flat, size_t n, struct config *config,
                              tolka_error *err) {
    static const char *const sizes[] = {"d_model",       "encoder.layers", "decoder.layers",
                                        "encoder.heads", "decoder.heads",  "encoder.ffn",
                                        "decoder.ffn",   "vocab.source",   "vocab.target"};
    struct gguf_builder builder = {0};
    struct gguf gguf;
    char key[80];
    size_t n_bytes;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        snprintf(key, sizeof key, "tolka.%s", sizes[i]);
        build_integer(&builder, key, GGUF_U32, 16);
    }
    build_integer(&builder, "tolka.token.end", GGUF_I32, 0);
    build_i32s(&builder, "tolka.search.force_words", flat, n);
    uint8_t *bytes = build_file(&builder, &n_bytes);
    ck_assert_msg(gguf_parse(&gguf, bytes, n_bytes, "file", err) == TOLKA_OK, "%s", err->text);
    tolka_status status = config_read(config, &gguf, err);
    gguf_free(&gguf);
    free(bytes);
    return status;
}

START_TEST(files_list_words) {
    static const int32_t flat[] = {2, 2, 5, 7, 3, 5, 8, 9, 1, 1, 6};
    struct config config;
    struct generation_lists lists;
    tolka_error err = {0};
    ck_assert_msg(read_list(flat, 11, &config, &err) == TOLKA_OK, "%s", err.text);
    generation_lists_fill(&lists, &config);
    tolka_generation generation = generation_of(&config, &lists);
    ck_assert_uint_eq(generation.n_force_words, 2);
    for (size_t i = 0; i < 2; i++) {
        const tolka_alternatives *word = &generation.force_words[i];
        ck_assert_uint_eq(word->n, words[i].n);
        for (size_t k = 0; k < word->n; k++) {
            ck_assert_uint_eq(word->phrases[k].n, words[i].phrases[k].n);
            ck_assert_mem_eq(word->phrases[k].ids, words[i].phrases[k].ids,
                             word->phrases[k].n * sizeof(int32_t));
        }
    }
}
END_TEST

/* Cut off at each length and with each number changed: a list, or one clear error. */
START_TEST(damaged_files) {
    static const int32_t whole[] = {2, 2, 5, 7, 3, 5, 8, 9, 1, 1, 6};
    static const int32_t values[] = {-2147483647 - 1, -1, 0, 1, 2, 3, 15, 16, 255, 1025,
                                     2147483647};
    struct config config;
    size_t n_refused = 0;
    for (size_t n = 0; n <= 11; n++)
        for (size_t at = 0; at < (n ? n : 1); at++)
            for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
                int32_t flat[11];
                tolka_error err = {0};
                memcpy(flat, whole, sizeof flat);
                flat[at] = values[v];
                if (read_list(flat, n, &config, &err) == TOLKA_OK) continue;
                n_refused++;
                ck_assert_int_eq(err.status, TOLKA_FORMAT);
                ck_assert_msg(strstr(err.text, "force_words") && !strncmp(err.text, "file: ", 6),
                              "%s", err.text);
            }
    ck_assert_uint_gt(n_refused, 500);
}
END_TEST

START_TEST(vast_files) {
    enum { N = MAX_SEQUENCE_IDS + MAX_SEQUENCES + MAX_FORCE_WORDS + 1 };
    int32_t *flat = calloc(N, sizeof *flat);
    struct config config;
    tolka_error err = {0};
    ck_assert_ptr_nonnull(flat);
    ck_assert_int_eq(read_list(flat, N, &config, &err), TOLKA_FORMAT);
    ck_assert_msg(strstr(err.text, "not a list of up to 1344 ids"), "%s", err.text);
    for (size_t i = 0; i < 3 * (MAX_FORCE_WORDS + 1); i++) flat[i] = 1; /* a word too many */
    ck_assert_int_eq(read_list(flat, 3 * MAX_FORCE_WORDS, &config, &err), TOLKA_OK);
    ck_assert_int_eq(read_list(flat, 3 * (MAX_FORCE_WORDS + 1), &config, &err), TOLKA_FORMAT);
    flat[0] = 1, flat[1] = MAX_SEQUENCE_IDS;
    ck_assert_int_eq(read_list(flat, 2 + MAX_SEQUENCE_IDS, &config, &err), TOLKA_FORMAT);
    for (size_t i = 2; i < 2 + MAX_SEQUENCE_IDS; i++) flat[i] = 3;
    ck_assert_int_eq(read_list(flat, 2 + MAX_SEQUENCE_IDS, &config, &err), TOLKA_OK);
    free(flat);
}
END_TEST

/* ---- checkpoints ----------------------------------------------------------------------------- */

static bool no_file(const void *user, const char *names) {
    (void)user, (void)names;
    return false;
}

static tolka_status read_checkpoint(const char *value, struct config *config, tolka_error *err) {
    struct settings *settings;
    char text[512];
    snprintf(text, sizeof text, "{\"force_words_ids\": %s}", value);
    ck_assert(settings_parse(&settings, text, strlen(text), "config.json", err) == TOLKA_OK);
    struct checkpoint checkpoint = {.config = settings, .generation = settings, .file = no_file};
    config_init(config);
    config->target_vocab = 16;
    config->end_token = 0;
    tolka_status status = read_generation_lists(&checkpoint, config, err);
    settings_free(settings);
    return status == TOLKA_OK ? token_lists_check(config, "config.json", err) : status;
}

START_TEST(checkpoints_list_words) {
    static const struct {
        const char *value, *says; /* NULL: nothing */
        uint32_t n_words, n_phrases;
    } cases[] = {
        {"[[5, 7]]", NULL, 1, 1},
        {"[[5, 7], [6]]", NULL, 2, 2},
        {"[[[5, 7], [5, 8, 9]], [6]]", NULL, 2, 3},
        {"[[[5]]]", NULL, 1, 1},
        {"null", NULL, 0, 0},
        {"[]", "no list of words", 0, 0},
        {"7", "no list of words", 0, 0},
        {"[[]]", "lists no tokens", 0, 0},
        {"[[[]]]", "force_words_ids.0", 0, 0},
        {"[[[5], []]]", "force_words_ids.0.1 lists no tokens", 0, 0},
        {"[[\"x\"]]", "force_words_ids.0", 0, 0},
        {"[[5, [6]]]", "force_words_ids.0", 0, 0},
        {"[[16]]", "token 16; the vocabulary has 16", 0, 0},
        {"[[-3]]", "token -3", 0, 0},
        {"[[5, 0]]", "the end token", 0, 0},
        {"[[[5], [5, 7]]]", "begins with all of", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config config;
        tolka_error err = {0};
        tolka_status status = read_checkpoint(cases[i].value, &config, &err);
        if (cases[i].says) {
            ck_assert_msg(status != TOLKA_OK, "accepted: %s", cases[i].value);
            ck_assert_msg(strstr(err.text, cases[i].says) && strstr(err.text, "config.json: "),
                          "%s: %s", cases[i].value, err.text);
            continue;
        }
        ck_assert_msg(status == TOLKA_OK, "%s: %s", cases[i].value, err.text);
        ck_assert_uint_eq(config.force_words.n, cases[i].n_words);
        ck_assert_uint_eq(config.force_words.sequences.n, cases[i].n_phrases);
    }
}
END_TEST

/* ---- shortlists ------------------------------------------------------------------------------ */

static bool has(const int32_t *ids, size_t n, int32_t id) {
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id) return true;
    return false;
}

/* A token that no source word may become comes all the same. */
START_TEST(shortlists_let_words_through) {
    struct convert_options options = {.type = DTYPE_F32,
                                      .vocab = FIXTURES "marian-student/vocab.spm",
                                      .shortlist = FIXTURES "marian-student/lex.s2t.bin"};
    struct fixture fixture = fixture_open_with(
        "marian-student", "marian-student/model.student.intgemm.alphas.bin", &options);
    const struct model *model = &fixture.model->model;
    size_t vocab = model->config.target_vocab, n;
    tolka_input input = case_input(&fixture, json_array_get(fixture.cases, 0));
    int32_t *ids = calloc(vocab, sizeof *ids), outside = (int32_t)vocab - 1;
    uint8_t *seen = calloc(vocab, 1);
    tolka_generation generation;
    ck_assert(ids && seen);
    n = shortlist_candidates(model, input.ids, input.n_ids, NULL, ids, seen);
    while (has(ids, n, outside)) outside--;
    ck_assert_int_gt(outside, 0);
    tolka_model_generation(fixture.model, &generation);
    tolka_sequence phrase = {&outside, 1, 0};
    tolka_alternatives word = {&phrase, 1};
    generation.force_words = &word, generation.n_force_words = 1;
    n = shortlist_candidates(model, input.ids, input.n_ids, &generation, ids, seen);
    ck_assert(has(ids, n, outside));
    tolka_options search = TOLKA_OPTIONS_INIT;
    search.beam = 4, search.generation = &generation;
    tolka_translator *translator = open_translator(fixture.model, &search);
    tolka_result **results = run_inputs(translator, &input, 1, false);
    const tolka_token *tokens = tolka_result_tokens(results[0], 0, &n);
    bool found = false;
    for (size_t i = 0; i < n; i++) found |= tokens[i].id == outside;
    ck_assert(found);
    free_results(results, 1);
    tolka_translator_free(translator);
    free(ids), free(seen), free((void *)input.ids);
    fixture_close(&fixture);
}
END_TEST

Suite *required_suite(void) {
    Suite *suite = suite_create("required");
    TCase *progress = tcase_create("progress"), *lists = tcase_create("lists");
    tcase_add_test(progress, words_are_counted);
    tcase_add_test(progress, what_goes_on_with_words);
    tcase_add_test(lists, words_need_a_beam);
    tcase_add_test(lists, lists_that_nothing_could_have);
    tcase_add_test(lists, files_list_words);
    tcase_add_test(lists, damaged_files);
    tcase_add_test(lists, vast_files);
    tcase_add_test(lists, checkpoints_list_words);
    tcase_add_test(lists, shortlists_let_words_through);
    suite_add_tcase(suite, progress);
    suite_add_tcase(suite, lists);
    return suite;
}
