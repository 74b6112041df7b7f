/* Translates a text, tells on stderr what is done, and how much memory was searched in: a log, and an
 * allocator that counts.
 *
 *     cc hooks.c $(pkg-config --cflags --libs tolka) -o hooks
 *     ./hooks MODEL FROM TO TEXT
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tolka.h>

/* ---- the log: lines come from any thread, one at a time ---------------------------------------- */

static void print_line(void *user, tolka_log_level level, const char *line) {
    static const char *const names[] = {"", "warning", "info", "detail"};
    (void)user;
    fprintf(stderr, "%s: %s\n", names[level], line);
}

/* ---- the allocator: several threads may ask at a time ------------------------------------------ */

struct counted {
    atomic_size_t held, most;
};

static void *take(void *user, size_t n_bytes) {
    struct counted *counted = user;
    void *memory = malloc(n_bytes);
    if (!memory) return NULL;
    size_t held = atomic_fetch_add(&counted->held, n_bytes) + n_bytes;
    size_t most = atomic_load(&counted->most);
    while (held > most && !atomic_compare_exchange_weak(&counted->most, &most, held)) {
    }
    return memory;
}

static void give_back(void *user, void *memory, size_t n_bytes) {
    struct counted *counted = user;
    atomic_fetch_sub(&counted->held, n_bytes);
    free(memory);
}

/* ---- the program ------------------------------------------------------------------------------- */

static const char *language(const char *argument) {
    return strcmp(argument, "-") == 0 ? NULL : argument;
}

int main(int argc, char **argv) {
    tolka_error err;
    tolka_model *model = NULL;
    tolka_tokenizer *tokenizer = NULL;
    tolka_translator *translator = NULL;
    char *translation = NULL;
    struct counted counted = {0};
    const tolka_allocator allocator = {take, give_back, &counted};
    tolka_options options = TOLKA_OPTIONS_INIT;
    if (argc != 5) return fprintf(stderr, "usage: hooks MODEL FROM TO TEXT\n"), 2;
    options.log = print_line;
    options.allocator = &allocator;
    if (tolka_model_open(&model, argv[1], &err) == TOLKA_OK &&
        tolka_tokenizer_new(&tokenizer, model, language(argv[2]), language(argv[3]), &err) ==
            TOLKA_OK &&
        tolka_translator_new(&translator, model, &options, &err) == TOLKA_OK &&
        tolka_translate_text(translator, tokenizer, argv[4], &translation, &err) == TOLKA_OK)
        puts(translation);
    else
        fprintf(stderr, "hooks: %s\n", err.text);
    int failed = translation == NULL;
    tolka_free(translation);
    tolka_translator_free(translator);
    fprintf(stderr, "room for %.1f MB at most, %zu bytes left\n",
            (double)atomic_load(&counted.most) / 1e6, atomic_load(&counted.held));
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
    return failed;
}
