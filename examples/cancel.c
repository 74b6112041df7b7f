/* Translates a text many times over, and is stopped from another thread after a while: what is done
 * is kept, and the rest comes back as stopped.
 *
 *     cc cancel.c $(pkg-config --cflags --libs tolka) -pthread -o cancel
 *     ./cancel MODEL FROM TO TEXT
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <tolka.h>

enum { N_TEXTS = 4000, ENOUGH = 3 };

struct counts {
    tolka_translator *translator;
    size_t n_done, n_stopped, n_failed;
    int is_over;
    pthread_mutex_t mutex;
    pthread_cond_t enough;
};

/* Called on the thread that made the call; the other one waits for its sign. */
static void count(void *user, size_t index, tolka_result *result) {
    struct counts *counts = user;
    tolka_status status = tolka_result_status(result, NULL);
    (void)index;
    pthread_mutex_lock(&counts->mutex);
    if (status == TOLKA_OK)
        counts->n_done++;
    else if (status == TOLKA_STOPPED)
        counts->n_stopped++;
    else
        counts->n_failed++;
    if (counts->n_done == ENOUGH) pthread_cond_signal(&counts->enough);
    pthread_mutex_unlock(&counts->mutex);
    tolka_result_free(result);
}

/* tolka_translator_stop is one of the few calls that other threads may make meanwhile. */
static void *stop_soon(void *user) {
    struct counts *counts = user;
    pthread_mutex_lock(&counts->mutex);
    while (counts->n_done < ENOUGH && !counts->is_over)
        pthread_cond_wait(&counts->enough, &counts->mutex);
    pthread_mutex_unlock(&counts->mutex);
    tolka_translator_stop(counts->translator);
    return NULL;
}

static const char *language(const char *argument) {
    return strcmp(argument, "-") == 0 ? NULL : argument;
}

static int translate_and_stop(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                              const char *text, tolka_error *err) {
    static tolka_text texts[N_TEXTS];
    struct counts counts = {.translator = translator,
                            .mutex = PTHREAD_MUTEX_INITIALIZER,
                            .enough = PTHREAD_COND_INITIALIZER};
    pthread_t stopper;
    for (size_t i = 0; i < N_TEXTS; i++) texts[i] = (tolka_text){text, strlen(text), NULL, 0};
    if (pthread_create(&stopper, NULL, stop_soon, &counts) != 0) return 1;
    tolka_status status =
        tolka_translate_texts(translator, tokenizer, texts, N_TEXTS, count, &counts, err);
    pthread_mutex_lock(&counts.mutex);
    counts.is_over = 1; /* the sign may not have been given */
    pthread_cond_signal(&counts.enough);
    pthread_mutex_unlock(&counts.mutex);
    pthread_join(stopper, NULL);
    if (status != TOLKA_OK) fprintf(stderr, "cancel: %s\n", err->text);
    printf("%s\n", counts.n_stopped > 0 ? "stopped on the way" : "done before it was stopped");
    printf("%zu of %d have an answer\n", counts.n_done + counts.n_stopped + counts.n_failed,
           N_TEXTS);
    return status != TOLKA_OK || counts.n_failed > 0;
}

int main(int argc, char **argv) {
    tolka_error err;
    tolka_model *model = NULL;
    tolka_tokenizer *tokenizer = NULL;
    tolka_translator *translator = NULL;
    int failed = 1;
    if (argc != 5) return fprintf(stderr, "usage: cancel MODEL FROM TO TEXT\n"), 2;
    if (tolka_model_open(&model, argv[1], &err) == TOLKA_OK &&
        tolka_tokenizer_new(&tokenizer, model, language(argv[2]), language(argv[3]), &err) ==
            TOLKA_OK &&
        tolka_translator_new(&translator, model, NULL, &err) == TOLKA_OK)
        failed = translate_and_stop(translator, tokenizer, argv[4], &err);
    else
        fprintf(stderr, "cancel: %s\n", err.text);
    tolka_translator_free(translator);
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
    return failed;
}
