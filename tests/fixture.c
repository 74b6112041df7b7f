#define _POSIX_C_SOURCE 200809L
#include "tests/fixture.h"
#include "tests/tokens.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- opening --------------------------------------------------------------------------------- */

static json_t *load_reference(const char *folder) {
    char path[512];
    snprintf(path, sizeof path, FIXTURES "%s/reference.json", folder);
    if (access(path, R_OK) != 0) return NULL;
    json_error_t error;
    /* Byte-level tokens can spell out a NUL. */
    json_t *reference = json_load_file(path, JSON_ALLOW_NUL, &error);
    ck_assert_msg(reference, "%s: line %d: %s", path, error.line, error.text);
    return reference;
}

struct fixture fixture_open_with(const char *folder, const char *checkpoint,
                                 const struct convert_options *options) {
    struct fixture fixture = {.folder = folder, .reference = load_reference(folder)};
    fixture.cases = json_object_get(fixture.reference, "cases");
    char input[512], output[] = "/tmp/tolka-fixture-XXXXXX";
    snprintf(input, sizeof input, FIXTURES "%s", checkpoint);
    int fd = mkstemp(output);
    ck_assert_int_ge(fd, 0);
    close(fd);
    tolka_error err = {0};
    tolka_status status = convert(input, output, options, &err);
    if (status == TOLKA_OK) status = tolka_model_open(&fixture.model, output, &err);
    unlink(output); /* the map stays */
    ck_assert_msg(status == TOLKA_OK, "%s: %s", checkpoint, err.text);
    return fixture;
}

struct fixture fixture_open(const char *folder, enum dtype type) {
    struct convert_options options = {.type = type};
    return fixture_open_with(folder, folder, &options);
}

void fixture_close(struct fixture *fixture) {
    tolka_model_free(fixture->model);
    json_decref(fixture->reference);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static const json_t *get(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    ck_assert_msg(value, "the reference has no \"%s\"", key);
    return value;
}

static double number(const json_t *value) {
    ck_assert(json_is_number(value));
    return json_number_value(value);
}

static const char *name_of(const json_t *entry) {
    return json_string_value(get(entry, "name"));
}

int32_t *json_id_list(const json_t *list, size_t *n) {
    *n = json_array_size(list);
    int32_t *ids = calloc(*n + 1, sizeof *ids);
    ck_assert_ptr_nonnull(ids);
    for (size_t i = 0; i < *n; i++) ids[i] = (int32_t)json_integer_value(json_array_get(list, i));
    return ids;
}

tolka_tokenizer *case_tokenizer(const struct fixture *fixture, const json_t *entry) {
    tolka_error err = {0};
    tolka_tokenizer *tokenizer;
    const char *from = json_string_value(json_object_get(entry, "source_language"));
    const char *to = json_string_value(json_object_get(entry, "target_language"));
    tolka_status status =
        tolka_tokenizer_new(&tokenizer, fixture->model, from, to ? to : "none", &err);
    ck_assert_msg(status == TOLKA_OK, "%s: %s", fixture->folder, err.text);
    return tokenizer;
}

tolka_input case_input(const struct fixture *fixture, const json_t *entry) {
    tolka_input input = TOLKA_INPUT_INIT;
    input.ids = json_id_list(get(entry, "source_ids"), &input.n_ids);
    if (!json_object_get(entry, "target_language")) return input;
    tolka_tokenizer *tokenizer = case_tokenizer(fixture, entry);
    input.start = tolka_tokenizer_start(tokenizer);
    input.forced_first = tolka_tokenizer_forced_first(tokenizer);
    tolka_tokenizer_free(tokenizer);
    return input;
}

/* ---- running --------------------------------------------------------------------------------- */

void for_each_level(void (*visit)(void *user, const char *isa), void *user) {
    const struct kernels *levels[MAX_LEVELS + 1];
    size_t n = kernels_available(levels);
    for (size_t i = 0; i < n; i++) visit(user, levels[i]->name);
}

tolka_translator *open_translator(const tolka_model *model, const tolka_options *options) {
    tolka_error err = {0};
    tolka_translator *translator;
    ck_assert_msg(tolka_translator_new(&translator, model, options, &err) == TOLKA_OK, "%s",
                  err.text);
    return translator;
}

static void keep_result(void *user, size_t index, tolka_result *result) {
    tolka_result **results = user;
    results[index] = result;
}

tolka_result **run_inputs(tolka_translator *translator, const tolka_input *inputs, size_t n,
                          bool scoring) {
    tolka_result **results = calloc(n + 1, sizeof *results);
    ck_assert_ptr_nonnull(results);
    tolka_error err = {0};
    tolka_status status = (scoring ? tolka_score : tolka_translate)(translator, inputs, n,
                                                                    keep_result, results, &err);
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
    return results;
}

void free_results(tolka_result **results, size_t n) {
    for (size_t i = 0; i < n; i++) tolka_result_free(results[i]);
    free(results);
}

void encode_one(struct worker *worker, const struct model *model, const char *isa,
                const int32_t *ids, size_t n_ids, size_t n_steps) {
    const struct kernels *kernels = kernels_select(isa);
    ck_assert_msg(kernels, "no instruction set %s", isa);
    *worker = (struct worker){.takes_more = false};
    worker_init(worker, model, kernels);
    struct batch_shape shape = {.n_sentences = 1,
                                .n_tokens = n_ids,
                                .longest = n_ids,
                                .n_key_floats = memory_key_floats(&model->config, n_ids),
                                .n_slots = 1,
                                .n_steps = n_steps,
                                .beam = 1};
    ck_assert(worker_reserve(worker, &shape));
    worker->transformer.memory.places[0] = (struct source_place){.n_keys = 0};
    struct source_rows source = {.ids = ids, .n = n_ids};
    encode_sources(&worker->transformer, &source, 1);
}

float *decode_all(struct worker *worker, const int32_t *inputs, size_t n_inputs) {
    struct transformer *transformer = &worker->transformer;
    const struct model *model = transformer->model;
    const struct config *config = &model->config;
    float *logits = calloc(n_inputs * config->target_vocab, sizeof *logits);
    int32_t *nodes = calloc(n_inputs, sizeof *nodes);
    ck_assert(logits && nodes);
    for (size_t i = 0; i < n_inputs; i++) {
        nodes[i] = (int32_t)i; /* one slot: a node a position */
        struct decoder_row row = {.token = inputs[i], .position = (uint32_t)i, .nodes = nodes};
        decode_step(transformer, (struct decoder_rows){&row, 1});
        struct operand x =
            operand_begin(&transformer->products, transformer->activations.x, 1, config->d_model);
        struct epilogue plain = {0};
        linear(&transformer->products, &x, &model->output, plain, logits + i * config->target_vocab,
               config->target_vocab);
    }
    free(nodes);
    return logits;
}

/* ---- encoder --------------------------------------------------------------------------------- */

static void check_row(const char *name, const char *what, const json_t *expected, const float *x,
                      double tolerance) {
    for (size_t i = 0; i < json_array_size(expected); i++) {
        double want = number(json_array_get(expected, i));
        ck_assert_msg(fabs(x[i] - want) <= tolerance, "%s: %s, value %zu is %.7g, not %.7g", name,
                      what, i, (double)x[i], want);
    }
}

static void check_means(const char *name, const json_t *expected, const float *x, size_t n,
                        double tolerance) {
    double sum = 0, absolute = 0;
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
        absolute += fabs(x[i]);
    }
    double mean = number(get(expected, "mean")), mean_abs = number(get(expected, "mean_abs"));
    ck_assert_msg(fabs(sum / (double)n - mean) <= tolerance, "%s: encoder mean is %.7g, not %.7g",
                  name, sum / (double)n, mean);
    ck_assert_msg(fabs(absolute / (double)n - mean_abs) <= tolerance,
                  "%s: encoder mean of absolute values is %.7g, not %.7g", name,
                  absolute / (double)n, mean_abs);
}

void check_encoder(const struct fixture *fixture, const char *isa, double tolerance) {
    size_t k, d = fixture->model->model.config.d_model;
    json_t *entry;
    json_array_foreach(fixture->cases, k, entry) {
        const json_t *expected = get(entry, "encoder");
        size_t n;
        int32_t *ids = json_id_list(get(entry, "source_ids"), &n);
        struct worker worker;
        encode_one(&worker, &fixture->model->model, isa, ids, n, 1);
        check_means(name_of(entry), expected, worker.transformer.activations.x, n * d, tolerance);
        check_row(name_of(entry), "first position", get(expected, "first_position"),
                  worker.transformer.activations.x, tolerance);
        check_row(name_of(entry), "last position", get(expected, "last_position"),
                  worker.transformer.activations.x + (n - 1) * d, tolerance);
        worker_free(&worker);
        free(ids);
    }
}

/* ---- logits ---------------------------------------------------------------------------------- */

static double log_sum_exp(const float *logits, size_t n) {
    double max = logits[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        if (logits[i] > max) max = logits[i];
    for (size_t i = 0; i < n; i++) sum += exp(logits[i] - max);
    return max + log(sum);
}

static void check_top(const char *name, const json_t *expected, const float *logits, size_t vocab,
                      double tolerance) {
    const json_t *top = get(expected, "top");
    size_t n = json_array_size(top), n_greater = 0;
    double least = INFINITY;
    for (size_t i = 0; i < n; i++) {
        const json_t *pair = json_array_get(top, i);
        size_t id = (size_t)json_integer_value(json_array_get(pair, 0));
        double want = number(json_array_get(pair, 1));
        ck_assert_uint_lt(id, vocab);
        ck_assert_msg(fabs(logits[id] - want) <= tolerance, "%s: logit %zu is %.7g, not %.7g", name,
                      id, (double)logits[id], want);
        if (want < least) least = want;
    }
    for (size_t i = 0; i < vocab; i++) n_greater += logits[i] > least + tolerance;
    ck_assert_msg(n_greater <= n, "%s: %zu logits are greater than the %zu-th", name, n_greater, n);
    double sum = log_sum_exp(logits, vocab), want = number(get(expected, "logsumexp"));
    ck_assert_msg(fabs(sum - want) <= tolerance, "%s: logsumexp is %.7g, not %.7g", name, sum,
                  want);
}

static void check_step(struct worker *worker, const json_t *entry, const char *step,
                       double tolerance) {
    const json_t *expected = json_object_get(entry, step);
    if (!expected) return;
    size_t n, vocab = worker->transformer.model->config.target_vocab;
    char name[128];
    snprintf(name, sizeof name, "%s, %s", name_of(entry), step);
    int32_t *inputs = json_id_list(get(expected, "decoder_input_ids"), &n);
    float *logits = decode_all(worker, inputs, n);
    check_top(name, expected, logits + (n - 1) * vocab, vocab, tolerance);
    const json_t *sums = json_object_get(expected, "logsumexp_each_position");
    for (size_t i = 0; i < json_array_size(sums); i++) {
        double sum = log_sum_exp(logits + i * vocab, vocab);
        double want = number(json_array_get(sums, i));
        ck_assert_msg(fabs(sum - want) <= tolerance, "%s: logsumexp at %zu is %.7g, not %.7g", name,
                      i, sum, want);
    }
    free(logits);
    free(inputs);
}

static size_t steps_of(const json_t *entry) {
    const json_t *forced = json_object_get(entry, "forced_step");
    return json_array_size(json_object_get(forced, "decoder_input_ids")) + 2;
}

void check_logits(const struct fixture *fixture, const char *isa, double tolerance) {
    size_t k, n;
    json_t *entry;
    json_array_foreach(fixture->cases, k, entry) {
        int32_t *ids = json_id_list(get(entry, "source_ids"), &n);
        struct worker worker;
        encode_one(&worker, &fixture->model->model, isa, ids, n, steps_of(entry));
        check_step(&worker, entry, "first_step", tolerance);
        check_step(&worker, entry, "first_free_step", tolerance);
        check_step(&worker, entry, "forced_step", tolerance);
        worker_free(&worker);
        free(ids);
    }
}

/* The score of every forced token, from raw logits: a suppressed token weighs in there, too. */
static void check_forced_case(const struct fixture *fixture, tolka_translator *translator,
                              const char *isa, const json_t *entry, double tolerance) {
    const json_t *forced = get(entry, "forced_step");
    size_t n, n_tokens, vocab = fixture->model->model.config.target_vocab;
    int32_t *ids = json_id_list(get(forced, "decoder_input_ids"), &n);
    tolka_input input = case_input(fixture, entry);
    input.target = ids + 1;
    input.n_target = n - 1;
    tolka_result **results = run_inputs(translator, &input, 1, true);
    const tolka_token *tokens = tolka_result_tokens(results[0], 0, &n_tokens);
    ck_assert_uint_eq(n_tokens, n - 1);
    struct worker worker;
    encode_one(&worker, &fixture->model->model, isa, input.ids, input.n_ids, n);
    float *logits = decode_all(&worker, ids, n);
    int32_t forced_first =
        input.forced_first >= 0 ? input.forced_first : fixture->model->model.config.forced_first;
    for (size_t i = 0; i + 1 < n; i++) {
        double sum = number(json_array_get(get(forced, "logsumexp_each_position"), i));
        double want = logits[i * vocab + (size_t)ids[i + 1]] - sum;
        if (i == 0 && ids[1] == forced_first) want = 0;
        ck_assert_int_eq(tokens[i].id, ids[i + 1]);
        ck_assert_msg(fabs(tokens[i].log_prob - want) <= tolerance,
                      "%s: token %zu scores %.7g, not %.7g", name_of(entry), i,
                      (double)tokens[i].log_prob, want);
    }
    free(logits);
    worker_free(&worker);
    free_results(results, 1);
    free((void *)input.ids);
    free(ids);
}

void check_forced_scores(const struct fixture *fixture, const char *isa, double tolerance) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.isa = isa;
    tolka_translator *translator = open_translator(fixture->model, &options);
    size_t k;
    json_t *entry;
    json_array_foreach(fixture->cases, k, entry)
        check_forced_case(fixture, translator, isa, entry, tolerance);
    tolka_translator_free(translator);
}

/* ---- search ---------------------------------------------------------------------------------- */

static size_t write_ids(char *text, size_t capacity, const tolka_token *tokens, size_t n) {
    size_t length = 0;
    *text = 0;
    for (size_t i = 0; i < n && length + 16 < capacity; i++)
        length += (size_t)snprintf(text + length, capacity - length, " %d", tokens[i].id);
    return length;
}

/* Hypothesis k against {"ids": start and generated tokens, "score": if any}. */
static void check_hypothesis(const char *name, const tolka_result *result, size_t k,
                             const json_t *expected, double tolerance) {
    const char *why;
    ck_assert_msg(tolka_result_status(result, &why) == TOLKA_OK, "%s: %s", name, why);
    size_t n, n_ids;
    const tolka_token *tokens = tolka_result_tokens(result, k, &n);
    int32_t *ids = json_id_list(get(expected, "ids"), &n_ids);
    bool equal = n == n_ids - 1;
    for (size_t i = 0; equal && i < n; i++) equal = tokens[i].id == ids[i + 1];
    if (!equal) {
        char text[1024], *want = json_dumps(get(expected, "ids"), 0);
        write_ids(text, sizeof text, tokens, n);
        ck_abort_msg("%s: hypothesis %zu is%s, not %s", name, k + 1, text, want);
    }
    free(ids);
    const json_t *score = json_object_get(expected, "score");
    double found = tolka_result_score(result, k);
    if (score)
        ck_assert_msg(fabs(found - number(score)) <= tolerance, "%s: score is %.7g, not %.7g", name,
                      found, number(score));
}

static tolka_options reference_options(const char *isa, const char *search) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.isa = isa;
    options.beam = strcmp(search, "greedy") == 0 ? 1 : 4;
    options.max_length = LENGTH_IN_REFERENCES;
    options.length_penalty = 1;
    return options;
}

void check_search(const struct fixture *fixture, const char *isa, const char *search,
                  double tolerance) {
    tolka_options options = reference_options(isa, search);
    tolka_translator *translator = open_translator(fixture->model, &options);
    size_t k, n = json_array_size(fixture->cases);
    tolka_input *inputs = calloc(n, sizeof *inputs);
    ck_assert_ptr_nonnull(inputs);
    json_t *entry;
    json_array_foreach(fixture->cases, k, entry) inputs[k] = case_input(fixture, entry);
    tolka_result **results = run_inputs(translator, inputs, n, false);
    json_array_foreach(fixture->cases, k, entry) {
        char name[128];
        snprintf(name, sizeof name, "%s, %s, %s", isa, search, name_of(entry));
        check_hypothesis(name, results[k], 0, get(entry, search), tolerance);
        free((void *)inputs[k].ids);
    }
    free_results(results, n);
    free(inputs);
    tolka_translator_free(translator);
}

static const json_t *find_case(const struct fixture *fixture, const char *name) {
    for (size_t k = 0; k < json_array_size(fixture->cases); k++) {
        const json_t *entry = json_array_get(fixture->cases, k);
        if (strcmp(name_of(entry), name) == 0) return entry;
    }
    ck_abort_msg("no case is called %s", name);
    return NULL;
}

void check_nbest(const struct fixture *fixture, const char *isa, double tolerance) {
    const json_t *nbest = get(fixture->reference, "nbest");
    const json_t *hypotheses = get(nbest, "hypotheses");
    size_t k;
    json_t *expected;
    tolka_options options = reference_options(isa, "beam4");
    options.n_best = (int)json_array_size(hypotheses);
    tolka_translator *translator = open_translator(fixture->model, &options);
    const json_t *entry = find_case(fixture, json_string_value(get(nbest, "case")));
    tolka_input input = case_input(fixture, entry);
    tolka_result **results = run_inputs(translator, &input, 1, false);
    ck_assert_uint_eq(tolka_result_count(results[0]), json_array_size(hypotheses));
    json_array_foreach(hypotheses, k, expected)
        check_hypothesis("n-best", results[0], k, expected, tolerance);
    free_results(results, 1);
    free((void *)input.ids);
    tolka_translator_free(translator);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void check_encoded(const tolka_tokenizer *tokenizer, const json_t *entry) {
    const json_t *library = json_object_get(entry, "source_ids_by_sentencepiece");
    const json_t *expected = json_is_array(library) ? library : get(entry, "source_ids");
    const json_t *text = get(entry, "text");
    int32_t ids[512];
    size_t n = tokens_of(tokenizer, json_string_value(text), json_string_length(text), ids, 512);
    ck_assert_msg(n == json_array_size(expected), "%s: %zu source ids, not %zu", name_of(entry), n,
                  json_array_size(expected));
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(ids[i] == json_integer_value(json_array_get(expected, i)),
                      "%s: source id %zu is %d, not %d", name_of(entry), i, ids[i],
                      (int)json_integer_value(json_array_get(expected, i)));
}

static bool equal_but_for_blanks_before(const char *a, size_t n_a, const char *b, size_t n_b) {
    for (; n_a > 0 && *a == ' '; a++) n_a--;
    for (; n_b > 0 && *b == ' '; b++) n_b--;
    return n_a == n_b && memcmp(a, b, n_a) == 0;
}

static void check_decoded(const tolka_tokenizer *tokenizer, const json_t *entry,
                          const char *search) {
    const json_t *generated = get(entry, search);
    const json_t *text = json_object_get(generated, "text_by_sentencepiece");
    if (!text) text = get(generated, "text");
    size_t n;
    int32_t *ids = json_id_list(get(generated, "ids"), &n);
    char found[4096];
    size_t length = detokenized(tokenizer, ids + 1, n - 1, found, sizeof found);
    ck_assert_uint_lt(length, sizeof found);
    /* Whether the blank before a first word shows is a habit of each tokenizer class. */
    const char *expected = json_string_value(text);
    ck_assert_msg(equal_but_for_blanks_before(found, length, expected, json_string_length(text)),
                  "%s: %s is \"%s\", not \"%s\"", name_of(entry), search, found, expected);
    free(ids);
}

void check_texts(const struct fixture *fixture) {
    size_t k;
    json_t *entry;
    json_array_foreach(fixture->cases, k, entry) {
        tolka_tokenizer *tokenizer = case_tokenizer(fixture, entry);
        check_encoded(tokenizer, entry);
        check_decoded(tokenizer, entry, "greedy");
        check_decoded(tokenizer, entry, "beam4");
        tolka_tokenizer_free(tokenizer);
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

struct checked {
    const struct fixture *fixture;
    double tolerance;
};

static void check_level(void *user, const char *isa) {
    const struct checked *checked = user;
    check_encoder(checked->fixture, isa, checked->tolerance);
    check_logits(checked->fixture, isa, checked->tolerance);
    check_forced_scores(checked->fixture, isa, checked->tolerance);
    check_search(checked->fixture, isa, "greedy", checked->tolerance);
    check_search(checked->fixture, isa, "beam4", checked->tolerance);
    check_nbest(checked->fixture, isa, checked->tolerance);
}

void check_fixture(const struct fixture *fixture, double tolerance) {
    struct checked checked = {fixture, tolerance};
    check_texts(fixture);
    for_each_level(check_level, &checked);
}
