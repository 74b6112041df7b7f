/* Prints a translation as it comes, and stops it behind a number of words.
 *
 *     cc stream.c $(pkg-config --cflags --libs tolka) -o stream
 *     ./stream MODEL FROM TO TEXT [WORDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tolka.h>

struct printing {
    long n_words, limit; /* limit 0: none */
};

/* Called with whole characters. Not 0: no more is wanted. */
static int print_piece(void *user, const char *text, size_t length) {
    struct printing *printing = user;
    fwrite(text, 1, length, stdout);
    fflush(stdout);
    for (size_t i = 0; i < length; i++) printing->n_words += text[i] == ' ';
    return printing->limit > 0 && printing->n_words >= printing->limit;
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
    int failed = 0;
    if (argc < 5) return fprintf(stderr, "usage: stream MODEL FROM TO TEXT [WORDS]\n"), 2;
    struct printing printing = {0, argc > 5 ? atol(argv[5]) : 0};
    const tolka_text text = {argv[4], strlen(argv[4]), NULL, 0};
    if (tolka_model_open(&model, argv[1], &err) == TOLKA_OK &&
        tolka_tokenizer_new(&tokenizer, model, language(argv[2]), language(argv[3]), &err) ==
            TOLKA_OK &&
        tolka_translator_new(&translator, model, NULL, &err) == TOLKA_OK &&
        tolka_stream_text(translator, tokenizer, &text, print_piece, &printing, &result, &err) ==
            TOLKA_OK) {
        const char *reason;
        tolka_status status = tolka_result_status(result, &reason);
        if (status == TOLKA_STOPPED)
            printf(" ...\n");
        else if (status == TOLKA_OK)
            printf("\n");
        else
            failed = fprintf(stderr, "stream: %s\n", reason) != 0;
    } else {
        failed = fprintf(stderr, "stream: %s\n", err.text) != 0;
    }
    tolka_result_free(result);
    tolka_translator_free(translator);
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
    return failed;
}
