/* Translations of ids by the scalar kernels, to be compared between machines. Arguments: model files.
 * See run.sh. */
#include "engine/tolka.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_SENTENCES = 6, LONGEST = 24, MAX_LENGTH = 12 };

static void need(tolka_status status, const tolka_error *err) {
    if (status == TOLKA_OK) return;
    printf("%s\n", err->text);
    exit(EXIT_FAILURE);
}

static void print_result(void *user, size_t index, tolka_result *result) {
    size_t n;
    const char *reason;
    if (tolka_result_status(result, &reason) != TOLKA_OK) printf("%zu: %s\n", index, reason);
    for (size_t k = 0; k < tolka_result_count(result); k++) {
        const tolka_token *tokens = tolka_result_tokens(result, k, &n);
        printf("%s %zu.%zu: %.4f ids", (const char *)user, index, k, tolka_result_score(result, k));
        for (size_t i = 0; i < n; i++) printf(" %d", (int)tokens[i].id);
        putchar('\n');
    }
    tolka_result_free(result);
}

static void translate(const tolka_model *model, const tolka_input *inputs, int beam, char *name) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_translator *translator;
    tolka_error err = {TOLKA_OK, ""};
    options.beam = beam;
    options.n_best = beam;
    options.max_length = MAX_LENGTH;
    options.batch = 4;
    options.threads = 2;
    options.isa = "scalar";
    need(tolka_translator_new(&translator, model, &options, &err), &err);
    need(tolka_translate(translator, inputs, N_SENTENCES, print_result, name, &err), &err);
    tolka_translator_free(translator);
}

int main(int argc, char **argv) {
    static const size_t lengths[N_SENTENCES] = {1, 2, 17, 3, 24, 8};
    int32_t ids[N_SENTENCES][LONGEST];
    tolka_input inputs[N_SENTENCES];
    for (size_t i = 0; i < N_SENTENCES; i++) {
        for (size_t k = 0; k < lengths[i]; k++) ids[i][k] = (int32_t)(3 + (i * 131 + k * 37) % 45);
        inputs[i] = (tolka_input)TOLKA_INPUT_INIT;
        inputs[i].ids = ids[i];
        inputs[i].n_ids = lengths[i];
    }
    for (int i = 1; i < argc; i++) {
        tolka_model *model;
        tolka_error err = {TOLKA_OK, ""};
        need(tolka_model_open(&model, argv[i], &err), &err);
        translate(model, inputs, 1, argv[i]);
        translate(model, inputs, 3, argv[i]);
        tolka_model_free(model);
    }
    return EXIT_SUCCESS;
}
