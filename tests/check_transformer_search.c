/* The search examples of docs/transformer.md: a table of probabilities made a model, the length
 * penalty, and a softmax that comes in chunks. */
#include "tests/check_transformer.h"

#include "engine/encoder.h"
#include "engine/worker.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- a model without layers ------------------------------------------------------------------ */

/* Tokens are rows of the identity, and the output layer has a column of log-probabilities for each:
 * the next token depends on the last one alone. */
enum { N_WORDS = 6, END = 0, START = 5 };

static const char *const rows_after[N_WORDS] = {[1] = "after Guten",
                                                [2] = "after Schönen",
                                                [3] = "after Tag",
                                                [4] = "after Morgen",
                                                [START] = "after <s>"};

struct toy {
    struct model model;
    float identity[N_WORDS * N_WORDS], output[N_WORDS * N_WORDS];
};

static struct matrix square(const float *data) {
    return (struct matrix){.type = DTYPE_F32, .n_out = N_WORDS, .n_in = N_WORDS, .data = data};
}

/* Nothing leads to the start token. */
static void fill_output(struct toy *toy, struct example *example) {
    const double impossible = -100;
    for (size_t i = 0; i < N_WORDS * N_WORDS; i++) toy->output[i] = (float)impossible;
    for (size_t last = 0; last < N_WORDS; last++) {
        if (!rows_after[last]) continue;
        const float *row = given_floats(example, rows_after[last], START);
        for (size_t next = 0; next < START; next++)
            toy->output[next * N_WORDS + last] = logf(row[next]);
    }
}

static void toy_make(struct toy *toy, struct example *example) {
    *toy = (struct toy){.model = {.source_table = square(toy->identity),
                                  .target_table = square(toy->identity),
                                  .output = {.w = square(toy->output)}}};
    struct config *config = &toy->model.config;
    config_init(config);
    config->d_model = config->source_vocab = config->target_vocab = N_WORDS;
    config->encoder_heads = config->decoder_heads = 1;
    config->embedding_scale = 1;
    config->position_kind = POSITION_NONE;
    config->start_token = START;
    config->end_token = END;
    config->beam_rules = BEAM_HUGGINGFACE;
    for (size_t i = 0; i < N_WORDS; i++) toy->identity[i * N_WORDS + i] = 1;
    fill_output(toy, example);
}

/* Every token may come, and only logits matter. */
static const struct generation unrestrained = {
    .settings = {.forced_bos_token_id = -1, .forced_eos_token_id = -1}};

/* ---- greedy and beam ------------------------------------------------------------------------- */

/* A worker that is about to search for the translation of token 1. */
static void begin(struct worker *worker, const struct toy *toy, const struct kernels *kernels,
                  const tolka_input *input, const struct search_options *options) {
    enum { LIMIT = 8 };
    struct batch_shape shape = {.n_sentences = 1,
                                .n_tokens = 1,
                                .longest = 1,
                                .n_key_floats = memory_key_floats(&toy->model.config, 1),
                                .n_slots = (size_t)options->beam,
                                .n_steps = LIMIT,
                                .beam = (size_t)options->beam};
    struct source_rows source = {.ids = input->ids, .n = 1};
    *worker = (struct worker){.takes_more = false};
    worker_init(worker, &toy->model, kernels);
    ck_assert(worker_reserve(worker, &shape));
    search_begin(&worker->search, &toy->model.config, options);
    source.place = search_place(&worker->search, input, 0, LIMIT);
    worker->transformer.memory.places[0] = (struct source_place){.n_keys = 1};
    encode_sources(&worker->transformer, &source, 1);
}

/* Probabilities, last tokens and nodes of the hypotheses that go on. */
static void expect_live(struct example *example, const struct sentence_search *sentence,
                        size_t step) {
    char key[64];
    size_t n_nodes = step + 1;
    float sums[2];
    int32_t tokens[2], nodes[16];
    for (size_t k = 0; k < sentence->n_live; k++) {
        sums[k] = expf(sentence->live[k].sum);
        tokens[k] = sentence->live[k].token;
        memcpy(nodes + k * n_nodes, sentence->live[k].nodes, n_nodes * sizeof *nodes);
    }
    snprintf(key, sizeof key, "beam 2, probabilities after step %zu", step);
    expect_floats(example, key, sums, sentence->n_live);
    snprintf(key, sizeof key, "beam 2, last tokens after step %zu", step);
    expect_ids(example, key, tokens, sentence->n_live);
    snprintf(key, sizeof key, "beam 2, nodes after step %zu", step);
    expect_ids(example, key, nodes, sentence->n_live * n_nodes);
}

static void expect_hypothesis(struct example *example, const char *key, const tolka_result *result,
                              size_t k) {
    char name[64];
    int32_t ids[8];
    float logs[8];
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(result, k, &n);
    for (size_t i = 0; i < n && i < 8; i++) ids[i] = tokens[i].id, logs[i] = tokens[i].log_prob;
    expect_ids(example, key, ids, n);
    snprintf(name, sizeof name, "%s, log-probabilities", key);
    expect_floats(example, name, logs, n);
    snprintf(name, sizeof name, "%s, score", key);
    expect_number(example, name, (double)tolka_result_score(result, k));
}

static tolka_result *search(struct example *example, const struct toy *toy,
                            const struct kernels *kernels, int beam) {
    static const int32_t source[] = {1};
    tolka_input input = TOLKA_INPUT_INIT;
    struct search_options options = {
        .beam = beam, .n_best = beam, .want_scores = true, .generation = &unrestrained};
    struct worker worker;
    input.ids = source, input.n_ids = 1;
    begin(&worker, toy, kernels, &input, &options);
    for (size_t step = 1; worker.search.n_active > 0; step++) {
        search_step(&worker.search, &worker.transformer, &worker.output);
        if (beam > 1 && step <= 2) expect_live(example, &worker.search.sentences[0], step);
    }
    tolka_result *result = hypotheses_result(&worker.search.sentences[0], (size_t)beam);
    worker_free(&worker);
    return result;
}

static void work_toy(struct example *example, const struct kernels *kernels) {
    struct toy toy;
    toy_make(&toy, example);
    tolka_result *greedy = search(example, &toy, kernels, 1);
    tolka_result *beam = search(example, &toy, kernels, 2);
    expect_hypothesis(example, "greedy", greedy, 0);
    expect_hypothesis(example, "beam 2, best", beam, 0);
    expect_hypothesis(example, "beam 2, second", beam, 1);
    tolka_result_free(greedy);
    tolka_result_free(beam);
}

START_TEST(search_example) {
    work_out("search", work_toy);
}
END_TEST

START_TEST(length_penalty_example) {
    struct example *example = example_open("length penalty");
    const struct numbers *sums = given(example, "sums"), *alphas = given(example, "alphas");
    const float *lengths = given_floats(example, "lengths", sums->n);
    for (size_t a = 0; a < alphas->n; a++) {
        char key[32];
        float scores[4];
        for (size_t i = 0; i < sums->n; i++)
            scores[i] = length_normalized(sums->at[i], (uint32_t)lengths[i], alphas->at[a]);
        snprintf(key, sizeof key, "scores, alpha %g", (double)alphas->at[a]);
        expect_floats(example, key, scores, sums->n);
    }
    example_close(example);
}
END_TEST

/* ---- a softmax in chunks --------------------------------------------------------------------- */

enum { N_OUTPUTS = LOGITS_CHUNK + 8 };

/* Logits are the biases of an output layer whose input is 0; what is not given is -inf. */
static void set_logits(struct example *example, float *logits) {
    const struct numbers *first = given(example, "chunk 1"), *second = given(example, "chunk 2");
    for (size_t i = 0; i < N_OUTPUTS; i++) logits[i] = -INFINITY;
    memcpy(logits, first->at, first->n * sizeof *logits);
    memcpy(logits + LOGITS_CHUNK, second->at, second->n * sizeof *logits);
}

/* What the first n_outputs logits come to. */
static struct choice choose(struct room *room, const float *logits, size_t n_outputs) {
    static const float weights[N_OUTPUTS], zero = 0;
    struct decoder_row row = {.position = 1};
    struct wanted wanted = {.sum = true, .generation = &unrestrained};
    struct model model = {.config = room->config};
    struct output output = {.model = &model, .products = &room->products};
    struct choice choice;
    model.output = (struct linear){
        .w = {.type = DTYPE_F32, .n_out = n_outputs, .n_in = 1, .data = weights}, .bias = logits};
    output_take(&output, 1, ROWS_NONE, &room->arena);
    output_choices(&output, &zero, (struct decoder_rows){&row, 1}, &wanted, &choice);
    return choice;
}

static void work_chunks(struct example *example, const struct kernels *kernels) {
    struct room room;
    float logits[N_OUTPUTS];
    room_open(&room, kernels, 1, 1);
    set_logits(example, logits);
    struct choice first = choose(&room, logits, LOGITS_CHUNK);
    struct choice both = choose(&room, logits, N_OUTPUTS);
    expect_number(example, "max after chunk 1", (double)first.max);
    expect_number(example, "sum after chunk 1", (double)first.sum_exp);
    expect_number(example, "max after chunk 2", (double)both.max);
    expect_number(example, "factor", (double)expf(first.max - both.max));
    expect_number(example, "sum after chunk 2", (double)both.sum_exp);
    expect_number(example, "best", both.best);
    expect_number(example, "log-probability", (double)choice_log_prob(&both, both.best_logit));
    room_close(&room);
}

START_TEST(chunks_example) {
    work_out("chunks", work_chunks);
}
END_TEST

TCase *transformer_search_case(void) {
    TCase *search = tcase_create("search");
    tcase_add_test(search, search_example);
    tcase_add_test(search, length_penalty_example);
    tcase_add_test(search, chunks_example);
    return search;
}
