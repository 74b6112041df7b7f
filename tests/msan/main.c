/* Everything that the engine does with ids, for MemorySanitizer: it ends the program wherever what
 * it does next would depend on memory that nobody has set. Arguments: model files. What is handed
 * out is looked at here, to the last byte. See run.sh. */
#include "engine/kernels/kernels.h"
#include "engine/tolka.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define must_be_set(bytes, n) __msan_check_mem_is_initialized(bytes, n)
#endif
#endif
#ifndef must_be_set
#error "This program is for clang -fsanitize=memory."
#endif

enum { N_SENTENCES = 12, LONGEST = 40, MAX_LENGTH = 12 };

struct scene {
    const char *path;
    tolka_model *model;
    int32_t ids[N_SENTENCES][LONGEST];
    tolka_input inputs[N_SENTENCES];
};

static const struct search {
    int beam, n_best, want_scores, alternatives, want_alignments, groups, do_sample, no_shortlist;
    float coverage;
} searches[] = {
    {.beam = 1, .n_best = 1},
    {.beam = 1, .n_best = 1, .want_scores = 1, .no_shortlist = 1},
    {.beam = 4, .n_best = 4},
    {.beam = 3, .n_best = 1, .want_alignments = 1, .coverage = 0.2f},
    {.beam = 4, .n_best = 2, .groups = 2, .no_shortlist = 1},
    {.beam = 1, .n_best = 3, .do_sample = 1},
    {.beam = 1, .n_best = 3, .alternatives = 1},
};
enum { N_SEARCHES = sizeof searches / sizeof *searches };

static void need(tolka_status status, const char *path, const tolka_error *err) {
    if (status == TOLKA_OK) return;
    fprintf(stderr, "%s: %s\n", path, err->text);
    exit(EXIT_FAILURE);
}

static void make_sentences(struct scene *scene) {
    static const size_t lengths[N_SENTENCES] = {1, 2, 17, 3, 40, 5, 33, 8, 1, 9, 31, 16};
    for (size_t i = 0; i < N_SENTENCES; i++) {
        for (size_t k = 0; k < lengths[i]; k++)
            scene->ids[i][k] = (int32_t)(3 + (i * 131 + k * 37) % 45);
        scene->inputs[i] = (tolka_input)TOLKA_INPUT_INIT;
        scene->inputs[i].ids = scene->ids[i];
        scene->inputs[i].n_ids = lengths[i];
    }
}

static void look_at(void *user, size_t index, tolka_result *result) {
    (void)index;
    size_t n, n_links, rows, columns, *n_tokens = user;
    for (size_t k = 0; k < tolka_result_count(result); k++) {
        float score = tolka_result_score(result, k);
        const tolka_token *tokens = tolka_result_tokens(result, k, &n);
        const tolka_link *links = tolka_result_alignment(result, k, &n_links);
        const float *weights = tolka_result_soft_alignment(result, k, &rows, &columns);
        must_be_set(&score, sizeof score);
        must_be_set(tokens, n * sizeof *tokens);
        if (links) must_be_set(links, n_links * sizeof *links);
        if (weights) must_be_set(weights, rows * columns * sizeof *weights);
        *n_tokens += n;
    }
    tolka_result_free(result);
}

static tolka_translator *make_translator(const struct scene *scene, const char *isa,
                                         const struct search *search, int threads) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_generation generation;
    tolka_translator *translator;
    tolka_error err = {TOLKA_OK, ""};
    tolka_model_generation(scene->model, &generation);
    generation.do_sample = search->do_sample;
    generation.num_beam_groups = search->groups;
    generation.diversity_penalty = search->groups ? 0.5f : 0;
    generation.coverage_penalty = search->coverage;
    options.generation = &generation;
    options.beam = search->beam;
    options.n_best = search->n_best;
    options.want_scores = search->want_scores;
    options.alternatives = search->alternatives;
    options.want_alignments = search->want_alignments;
    options.no_shortlist = search->no_shortlist;
    options.max_length = MAX_LENGTH;
    options.batch = 5;
    options.threads = threads;
    options.isa = isa;
    need(tolka_translator_new(&translator, scene->model, &options, &err), scene->path, &err);
    return translator;
}

/* The products of one sentence are shared out among the threads; batches, one a thread. */
static void translate(const struct scene *scene, tolka_translator *translator, size_t *n_tokens) {
    tolka_error err = {TOLKA_OK, ""};
    need(tolka_translate(translator, scene->inputs, N_SENTENCES, look_at, n_tokens, &err),
         scene->path, &err);
    for (size_t i = 2; i < 5; i++)
        need(tolka_translate(translator, scene->inputs + i, 1, look_at, n_tokens, &err),
             scene->path, &err);
}

static void score(const struct scene *scene, tolka_translator *translator, size_t *n_tokens) {
    tolka_input pairs[N_SENTENCES];
    tolka_error err = {TOLKA_OK, ""};
    for (size_t i = 0; i < N_SENTENCES; i++) {
        pairs[i] = scene->inputs[i];
        pairs[i].target = scene->inputs[N_SENTENCES - 1 - i].ids;
        pairs[i].n_target = scene->inputs[N_SENTENCES - 1 - i].n_ids;
    }
    need(tolka_score(translator, pairs, N_SENTENCES, look_at, n_tokens, &err), scene->path, &err);
}

static void record(const struct scene *scene, tolka_translator *translator) {
    static const tolka_attention_kind kinds[] = {TOLKA_ENCODER_ATTENTION, TOLKA_DECODER_ATTENTION,
                                                 TOLKA_CROSS_ATTENTION};
    tolka_attention *attention;
    tolka_error err = {TOLKA_OK, ""};
    tolka_input pair = scene->inputs[6];
    pair.target = scene->ids[7];
    pair.n_target = 8;
    need(tolka_attention_new(&attention, translator, &pair, &err), scene->path, &err);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t rows, columns;
        const float *weights = tolka_attention_weights(attention, kinds[k], 0, 0, &rows, &columns);
        if (weights) must_be_set(weights, rows * columns * sizeof *weights);
    }
    tolka_attention_free(attention);
}

static void run_level(const struct scene *scene, const char *isa) {
    size_t n_tokens = 0;
    for (size_t i = 0; i < N_SEARCHES; i++) {
        tolka_translator *translator = make_translator(scene, isa, &searches[i], 1 + (int)i % 3);
        translate(scene, translator, &n_tokens);
        if (i == 0) score(scene, translator, &n_tokens);
        if (i == 0) record(scene, translator);
        tolka_translator_free(translator);
    }
    printf("%s, %s: %zu tokens\n", scene->path, isa, n_tokens);
}

static void run_file(const char *path) {
    const struct kernels *levels[MAX_LEVELS + 1];
    struct scene scene = {.path = path};
    tolka_error err = {TOLKA_OK, ""};
    size_t n_levels = kernels_available(levels);
    need(tolka_model_open(&scene.model, path, &err), path, &err);
    make_sentences(&scene);
    for (size_t i = 0; i < n_levels; i++) run_level(&scene, levels[i]->name);
    tolka_model_free(scene.model);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) run_file(argv[i]);
    return EXIT_SUCCESS;
}
