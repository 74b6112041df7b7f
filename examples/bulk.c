/* Translates the lines of standard input, all cores at work, and prints them in order.
 *
 *     cc bulk.c $(pkg-config --cflags --libs tolka) -o bulk
 *     ./bulk MODEL FROM TO < in.txt > out.txt         "-" for a language that the model need not be told
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tolka.h>

enum { BLOCK = 1024 }; /* lines translated together: more of them keep more cores busy */

struct block {
    tolka_text texts[BLOCK];
    tolka_result *results[BLOCK];
    size_t n;
};

/* Results come in any order, on this thread; each belongs to us from then on. */
static void keep(void *user, size_t index, tolka_result *result) {
    struct block *block = user;
    block->results[index] = result;
}

static void read_block(struct block *block, FILE *in) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    block->n = 0;
    while (block->n < BLOCK && (length = getline(&line, &capacity, in)) > 0) {
        if (line[length - 1] == '\n') length--;
        block->texts[block->n++] = (tolka_text){line, (size_t)length, NULL, 0};
        line = NULL; /* it is the block's now */
    }
    free(line);
}

/* A line that cannot be translated has a reason, and does not stop the others. */
static int print_result(const tolka_result *result) {
    const char *reason;
    size_t length;
    if (tolka_result_status(result, &reason) != TOLKA_OK) {
        fprintf(stderr, "bulk: %s\n", reason);
        putchar('\n');
        return 1;
    }
    const char *text = tolka_result_text(result, 0, &length);
    fwrite(text, 1, length, stdout);
    putchar('\n');
    return 0;
}

static int finish_block(struct block *block) {
    int failed = 0;
    for (size_t i = 0; i < block->n; i++) {
        failed |= print_result(block->results[i]);
        tolka_result_free(block->results[i]);
        free((char *)block->texts[i].source);
    }
    return failed;
}

static int translate_lines(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                           struct block *block, tolka_error *err) {
    int failed = 0;
    for (read_block(block, stdin); block->n > 0; read_block(block, stdin)) {
        memset(block->results, 0, sizeof block->results);
        if (tolka_translate_texts(translator, tokenizer, block->texts, block->n, keep, block,
                                  err) != TOLKA_OK) {
            fprintf(stderr, "bulk: %s\n", err->text);
            failed = 1;
        }
        failed |= finish_block(block);
    }
    return failed;
}

static const char *language(const char *argument) {
    return strcmp(argument, "-") == 0 ? NULL : argument;
}

int main(int argc, char **argv) {
    static struct block block;
    tolka_error err;
    tolka_model *model = NULL;
    tolka_tokenizer *tokenizer = NULL;
    tolka_translator *translator = NULL;
    tolka_options options = TOLKA_OPTIONS_INIT;
    int failed = 1;
    if (argc != 4) return fprintf(stderr, "usage: bulk MODEL FROM TO < in.txt\n"), 2;
    options.threads = 0; /* all cores */
    if (tolka_model_open(&model, argv[1], &err) == TOLKA_OK &&
        tolka_tokenizer_new(&tokenizer, model, language(argv[2]), language(argv[3]), &err) ==
            TOLKA_OK &&
        tolka_translator_new(&translator, model, &options, &err) == TOLKA_OK)
        failed = translate_lines(translator, tokenizer, &block, &err);
    else
        fprintf(stderr, "bulk: %s\n", err.text);
    tolka_translator_free(translator);
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
    return failed;
}
