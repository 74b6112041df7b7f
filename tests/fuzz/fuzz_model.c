/* A model file: opened, described, asked for its languages, given texts and ids, within limits that
 * depend on the file's length. */
#define _XOPEN_SOURCE 700
#include "tests/fuzz/fuzz_targets.h"

#include "engine/open.h"
#include "engine/tolka.h"
#include "models/convert/references_check.h"
#include "tests/fuzz/model_change.h"

#include <stdlib.h>
#include <string.h>

static const char text[] = "\xe2\x96\x81"
                           "a w3 w4 >>deu<< ab. \xef\xbc\xa1 caf\xc3\xa9 <2de> a bc, d.";

static void free_result(void *user, size_t index, tolka_result *result) {
    (void)user, (void)index;
    tolka_result_free(result);
}

/* How tokens are chosen follows from the length, so that a change of a byte is nothing but that. */
static tolka_options tight(size_t n, tolka_generation *generation) {
    static const char *const isa[] = {NULL, "scalar", "avx2"};
    static const int32_t ids[] = {3, 4};
    static const tolka_sequence phrases[] = {{ids, 1, 0}, {ids + 1, 1, 0}};
    static const tolka_alternatives words[] = {{phrases, 2}};
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.max_length = 6;
    options.batch = 1 + n % 2;
    options.beam = (int)(n >> 1) % 4;
    options.n_best = options.beam > 1 ? 2 : 1;
    options.want_scores = n >> 3 & 1;
    options.no_shortlist = n >> 4 & 1;
    options.want_alignments = n >> 5 & 1;
    options.isa = isa[n % 3];
    options.max_memory = 64 << 20;
    if (n >> 7 & 1) generation->force_words = words, generation->n_force_words = 1;
    options.alternatives = n >> 8 & 1 && !generation->n_force_words;
    options.generation = generation;
    return options;
}

static void give_ids(tolka_translator *translator) {
    static const int32_t ids[] = {1, 2, 3, 4, 5, 6, 7, 1}, target[] = {3, 4, 1};
    tolka_input inputs[3];
    tolka_attention *attention = NULL;
    for (size_t i = 0; i < 3; i++) {
        inputs[i] = (tolka_input)TOLKA_INPUT_INIT;
        inputs[i].ids = ids + i * i;
        inputs[i].n_ids = 8 - i * i;
        inputs[i].target = i == 1 ? target : NULL;
        inputs[i].n_target = i == 1 ? 3 : 0;
    }
    tolka_translate(translator, inputs, 3, free_result, NULL, NULL);
    tolka_score(translator, inputs + 1, 1, free_result, NULL, NULL);
    tolka_attention_new(&attention, translator, inputs + 1, NULL);
    tolka_attention_free(attention);
}

/* Tokens of a text are tokens of the model, with pieces, and there is a text for them. */
static void tokenize(const tolka_model *model, const tolka_tokenizer *tokenizer) {
    char *back = NULL;
    int32_t *ids = NULL;
    size_t n = 0, length;
    tolka_pieces *pieces = NULL;
    if (tolka_tokenize(tokenizer, text, sizeof text - 1, &ids, &n, NULL) == TOLKA_OK)
        for (size_t i = 0; i < n; i++)
            must(ids[i] >= 0 && (uint32_t)ids[i] < model->model.config.source_vocab,
                 "tokens are of the vocabulary");
    if (tolka_token_pieces(tokenizer, ids, n, 0, &pieces, NULL) == TOLKA_OK)
        must(pieces->n == n, "every token has a piece");
    tolka_free(pieces);
    tolka_free(ids);
    if (tolka_tokenize_target(tokenizer, text, sizeof text - 1, &ids, &n, NULL) == TOLKA_OK &&
        tolka_detokenize(tokenizer, ids, n, &back, &length, NULL) == TOLKA_OK)
        must(back[length] == 0, "a text ends with a NUL");
    tolka_free(ids);
    tolka_free(back);
}

static int count_text(void *user, const char *piece, size_t length) {
    (void)piece;
    *(size_t *)user += length;
    return 0;
}

/* The same text, whole and piece by piece. */
static void give_text(const tolka_tokenizer *tokenizer, tolka_translator *translator) {
    const tolka_text pair = {text, sizeof text - 1, "a b.", 4};
    const tolka_text alone = {text, sizeof text - 1, NULL, 0};
    char *translation = NULL;
    tolka_result *result = NULL;
    size_t n = 0;
    tolka_translate_text(translator, tokenizer, text, &translation, NULL);
    tolka_free(translation);
    tolka_score_texts(translator, tokenizer, &pair, 1, free_result, NULL, NULL);
    tolka_stream_text(translator, tokenizer, &alone, count_text, &n, &result, NULL);
    tolka_result_free(result);
}

static const char *language_of(const tolka_languages *languages, size_t n) {
    size_t index;
    if (!languages || languages->n == 0) return NULL;
    const char *name = languages->names[n % languages->n];
    char *tag = tolka_language_tag(name), *called = tolka_language_name(name, "en");
    tolka_find_language(languages, tag ? tag : "de", &index, NULL);
    tolka_free(tag);
    tolka_free(called);
    return name;
}

static void use(const tolka_model *model, size_t n) {
    tolka_tokenizer *tokenizer = NULL;
    tolka_translator *translator = NULL;
    tolka_languages *languages = NULL;
    struct verdict verdict;
    tolka_generation generation = {.size = sizeof generation};
    tolka_model_generation(model, &generation);
    tolka_options options = tight(n, &generation);
    tolka_cost cost;
    tolka_model_cost(model, &cost);
    tolka_model_languages(model, &languages, NULL);
    const char *to = language_of(languages, n);
    tolka_tokenizer_new(&tokenizer, model, NULL, n >> 6 & 1 ? to : NULL, NULL);
    if (tolka_translator_new(&translator, model, &options, NULL) == TOLKA_OK) give_ids(translator);
    if (tokenizer) tokenize(model, tokenizer);
    if (tokenizer && translator) give_text(tokenizer, translator);
    check_references(model, &options, &verdict, NULL);
    tolka_free(languages);
    tolka_translator_free(translator);
    tolka_tokenizer_free(tokenizer);
}

static void run(const uint8_t *bytes, size_t n) {
    tolka_model *model;
    tolka_error err = {TOLKA_OK, ""};
    uint8_t *copy = NULL;
    must(posix_memalign((void **)&copy, 64, n + 1) == 0, "there is memory for a file");
    if (n) memcpy(copy, bytes, n);
    if (tolka_model_open_memory(&model, copy, n, "model", &err) == TOLKA_OK)
        use(model, n);
    else
        must(err.status != TOLKA_OK && strstr(err.text, "model"), "an error names the file");
    tolka_model_free(err.status == TOLKA_OK ? model : NULL);
    free(copy);
}

const struct fuzz_target fuzz_model = {"model", run, change_model, 1 << 17, false};
