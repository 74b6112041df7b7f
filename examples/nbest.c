/* Prints the three best translations of a text with their scores, and which words belong together.
 *
 *     cc nbest.c $(pkg-config --cflags --libs tolka) -o nbest
 *     ./nbest MODEL FROM TO TEXT
 */
#include <stdio.h>
#include <string.h>
#include <tolka.h>

static void keep(void *user, size_t index, tolka_result *result) {
    (void)index; /* there is one text only */
    *(tolka_result **)user = result;
}

static void print_hypothesis(const tolka_result *result, size_t k) {
    size_t n_links, n_tokens;
    const tolka_link *links = tolka_result_word_alignment(result, k, &n_links);
    const tolka_token *tokens = tolka_result_tokens(result, k, &n_tokens);
    printf("%.4f\t%s\t", (double)tolka_result_score(result, k), tolka_result_text(result, k, NULL));
    for (size_t i = 0; i < n_links; i++)
        printf("%s%u-%u", i ? " " : "", links[i].source, links[i].target);
    printf("\n ");
    for (size_t i = 0; i < n_tokens; i++)
        printf(" %d:%.3f", tokens[i].id, (double)tokens[i].log_prob);
    printf("\n");
}

static int print_all(const tolka_result *result) {
    const char *reason;
    if (tolka_result_status(result, &reason) != TOLKA_OK) {
        fprintf(stderr, "nbest: %s\n", reason);
        return 1;
    }
    for (size_t k = 0; k < tolka_result_count(result); k++) print_hypothesis(result, k);
    return 0;
}

static const char *language(const char *argument) {
    return strcmp(argument, "-") == 0 ? NULL : argument;
}

int main(int argc, char **argv) {
    tolka_error err;
    tolka_model *model = NULL;
    tolka_tokenizer *tokenizer = NULL;
    tolka_translator *translator = NULL;
    tolka_result *result = NULL;
    tolka_options options = TOLKA_OPTIONS_INIT;
    int failed = 1;
    if (argc != 5) return fprintf(stderr, "usage: nbest MODEL FROM TO TEXT\n"), 2;
    options.beam = 4;
    options.n_best = 3;
    options.want_alignments = 1;
    const tolka_text text = {argv[4], strlen(argv[4]), NULL, 0};
    if (tolka_model_open(&model, argv[1], &err) == TOLKA_OK &&
        tolka_tokenizer_new(&tokenizer, model, language(argv[2]), language(argv[3]), &err) ==
            TOLKA_OK &&
        tolka_translator_new(&translator, model, &options, &err) == TOLKA_OK &&
        tolka_translate_texts(translator, tokenizer, &text, 1, keep, &result, &err) == TOLKA_OK)
        failed = print_all(result);
    else
        fprintf(stderr, "nbest: %s\n", err.text);
    tolka_result_free(result);
    tolka_translator_free(translator);
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
    return failed;
}
