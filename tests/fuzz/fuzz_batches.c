/* Batches: a sentence has the same translation, bit for bit, alone, among others, with any number of
 * workers, and by a translator that has worked before. The first byte picks the model, the second how
 * tokens are chosen; the rest are ids, with 255 between sentences. */
#include "tests/fuzz/fuzz_targets.h"

#include "engine/tolka.h"

#include <stdlib.h>
#include <string.h>

static const char *const models[] = {"words", "panels", "relative", "ssru"};
enum {
    N_MODELS = sizeof models / sizeof *models,
    MOST_SENTENCES = 12,
    LONGEST = 24,
    BETWEEN = 255
};

/* Opened once: it is what sentences are given to that changes. */
static const tolka_model *open_model(size_t i) {
    static tolka_model *opened[N_MODELS];
    char path[100] = "tests/fuzz/corpus/model/";
    strcat(strcat(path, models[i]), ".gguf");
    if (!opened[i]) must(tolka_model_open(&opened[i], path, NULL) == TOLKA_OK, "seeds are models");
    return opened[i];
}

struct sentences {
    int32_t ids[MOST_SENTENCES][LONGEST];
    tolka_input inputs[MOST_SENTENCES];
    size_t n;
};

static void read_sentences(struct sentences *sentences, const uint8_t *bytes, size_t n) {
    *sentences = (struct sentences){.n = 0};
    for (size_t at = 0; at < n && sentences->n < MOST_SENTENCES; at++) {
        size_t length = 0, i = sentences->n++;
        for (; at < n && bytes[at] != BETWEEN; at++)
            if (length < LONGEST) sentences->ids[i][length++] = bytes[at] % 8;
        sentences->inputs[i] = (tolka_input)TOLKA_INPUT_INIT;
        sentences->inputs[i].ids = sentences->ids[i];
        sentences->inputs[i].n_ids = length;
    }
}

static void keep(void *user, size_t index, tolka_result *result) {
    tolka_result **results = user;
    must(result && !results[index], "every sentence has one result");
    results[index] = result;
}

/* Status, tokens and scores of all sentences. */
static void put_results(struct blob *said, tolka_result **results, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const char *reason = NULL;
        blob_put_integer(said, tolka_result_status(results[i], &reason), 1);
        for (size_t k = 0; k < tolka_result_count(results[i]); k++) {
            size_t n_tokens;
            const tolka_token *tokens = tolka_result_tokens(results[i], k, &n_tokens);
            float score = tolka_result_score(results[i], k);
            blob_put(said, tokens, n_tokens * sizeof *tokens);
            blob_put(said, &score, sizeof score);
        }
        tolka_result_free(results[i]);
    }
}

static void translate(tolka_translator *translator, const struct sentences *sentences,
                      struct blob *said) {
    tolka_result *results[MOST_SENTENCES] = {NULL};
    must(tolka_translate(translator, sentences->inputs, sentences->n, keep, results, NULL) ==
             TOLKA_OK,
         "there is memory for a few sentences");
    put_results(said, results, sentences->n);
}

static tolka_options options_of(uint8_t choice, tolka_generation *generation) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.max_length = 10;
    options.want_scores = 1;
    options.beam = 1 + choice % 4;
    options.n_best = options.beam;
    options.no_shortlist = choice >> 2 & 1;
    generation->do_sample = choice >> 3 & 1;
    generation->seed = choice;
    if (generation->do_sample) options.beam = 1;
    generation->no_repeat_ngram_size = choice >> 4 & 3;
    generation->repetition_penalty = choice >> 6 & 1 ? 1.3f : 1;
    if (!generation->do_sample && options.beam == 4 && choice >> 7)
        generation->num_beam_groups = 2, generation->diversity_penalty = 0.5f;
    options.generation = generation;
    return options;
}

static tolka_translator *translator_of(const tolka_model *model, tolka_options options, int batch,
                                       int threads) {
    tolka_translator *translator;
    options.batch = batch;
    options.threads = threads;
    must(tolka_translator_new(&translator, model, &options, NULL) == TOLKA_OK,
         "seeds can be translated with");
    return translator;
}

static void run(const uint8_t *bytes, size_t n) {
    struct sentences sentences;
    tolka_generation generation = {.size = sizeof generation};
    if (n < 3) return;
    const tolka_model *model = open_model(bytes[0] % N_MODELS);
    tolka_model_generation(model, &generation);
    tolka_options options = options_of(bytes[1], &generation);
    read_sentences(&sentences, bytes + 2, n - 2);
    tolka_translator *alone = translator_of(model, options, 1, 1);
    tolka_translator *together = translator_of(model, options, MOST_SENTENCES, 1);
    tolka_translator *threads = translator_of(model, options, 3, 2);
    struct blob expected = {0};
    translate(alone, &sentences, &expected);
    tolka_translator *const others[] = {together, threads, together, alone};
    for (size_t i = 0; i < 4; i++) {
        struct blob said = {0};
        translate(others[i], &sentences, &said);
        must(said.n == expected.n &&
                 (said.n == 0 || memcmp(said.bytes, expected.bytes, said.n) == 0),
             "batches change no bit");
        blob_free(&said);
    }
    blob_free(&expected);
    tolka_translator_free(alone), tolka_translator_free(together), tolka_translator_free(threads);
}

const struct fuzz_target fuzz_batches = {"batches", run, NULL, 300, false};
