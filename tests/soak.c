#define _XOPEN_SOURCE 700
#include "tests/soak.h"

#include "engine/clock.h"
#include "engine/tolka.h"
#include "tests/fuzz/fuzz.h"
#include "tests/suites.h"

#include <pthread.h>
#include <string.h>

enum { N_TEXTS = 5, N_BEAMS = 2, MOST_SOAKERS = 64, ACTS_A_ROUND = 4 };
static const char *const texts[N_TEXTS] = {
    "The weather is nice today.",
    "Good morning.",
    "I saw her at the station. Where did you put the keys?",
    "He read the book; she wrote a letter to her friend in the next town.",
    "",
};
static const int beams[N_BEAMS] = {1, 3};

struct soaker {
    struct shared *shared;
    struct chance chance;
    struct soak_counts counts;
    size_t beam; /* index */
    /* Held while the translator is made or freed, and by others while they use it. */
    pthread_mutex_t mutex;
    tolka_translator *translator;
};

struct shared {
    const tolka_model *model;
    tolka_tokenizer *tokenizer;
    char *expected[N_TEXTS][N_BEAMS];
    double end;
    size_t rounds;
    size_t n;
    struct soaker soakers[MOST_SOAKERS];
};

/* ---- what others do meanwhile ---------------------------------------------------------------- */

/* Asks somebody's translator what it does, and sometimes stops it. */
static void interfere(struct soaker *soaker) {
    struct shared *shared = soaker->shared;
    struct soaker *other = &shared->soakers[chance_below(&soaker->chance, shared->n)];
    tolka_stats stats;
    pthread_mutex_lock(&other->mutex);
    if (other->translator) {
        tolka_translator_stats(other->translator, &stats);
        must(tolka_translator_threads(other->translator) > 0, "a translator has threads");
        if (chance_one_in(&soaker->chance, 3)) tolka_translator_stop(other->translator);
    }
    pthread_mutex_unlock(&other->mutex);
}

/* In a callback: what would make the translator work is refused, the rest is answered. */
static void call_back(struct soaker *soaker) {
    tolka_error err = {TOLKA_OK, ""};
    char *translation = NULL;
    tolka_stats stats;
    must(tolka_translate_text(soaker->translator, soaker->shared->tokenizer, texts[0], &translation,
                              &err) == TOLKA_ARGUMENT &&
             !translation && strstr(err.text, "callback"),
         "a callback cannot use the translator that calls it");
    tolka_translator_stats(soaker->translator, &stats);
    must(tolka_translator_isa(soaker->translator) != NULL, "a callback may ask");
    soaker->counts.refused++;
    if (chance_one_in(&soaker->chance, 4)) interfere(soaker);
    if (chance_one_in(&soaker->chance, 16)) tolka_translator_stop(soaker->translator);
}

/* ---- what a soaker does ---------------------------------------------------------------------- */

static void check_text(struct soaker *soaker, size_t i, tolka_status status, const char *text) {
    must(status == TOLKA_OK || status == TOLKA_STOPPED, "a text is translated, or stopped");
    if (status == TOLKA_STOPPED) {
        soaker->counts.stopped++;
        return;
    }
    must(text && strcmp(text, soaker->shared->expected[i][soaker->beam]) == 0,
         "a translation is what a translator alone says");
    soaker->counts.whole++;
}

static void translate_text(struct soaker *soaker) {
    size_t i = chance_below(&soaker->chance, N_TEXTS);
    char *translation = NULL;
    tolka_status status = tolka_translate_text(soaker->translator, soaker->shared->tokenizer,
                                               texts[i], &translation, NULL);
    check_text(soaker, i, status, translation);
    tolka_free(translation);
}

static void take_text(void *user, size_t i, tolka_result *result) {
    struct soaker *soaker = user;
    check_text(soaker, i, tolka_result_status(result, NULL), tolka_result_text(result, 0, NULL));
    tolka_result_free(result);
    call_back(soaker);
}

static tolka_text text_of(size_t i) {
    return (tolka_text){texts[i], strlen(texts[i]), NULL, 0};
}

static void translate_texts(struct soaker *soaker) {
    tolka_text all[N_TEXTS];
    for (size_t i = 0; i < N_TEXTS; i++) all[i] = text_of(i);
    must(tolka_translate_texts(soaker->translator, soaker->shared->tokenizer, all, N_TEXTS,
                               take_text, soaker, NULL) == TOLKA_OK,
         "texts are translated");
}

struct streaming {
    struct soaker *soaker;
    struct blob text;
    size_t wanted; /* pieces */
};

static int take_piece(void *user, const char *text, size_t length) {
    struct streaming *streaming = user;
    blob_put(&streaming->text, text, length);
    call_back(streaming->soaker);
    return streaming->wanted-- == 0;
}

/* What has come is how the translation begins, unless guards would have had it mended. */
static void stream_text(struct soaker *soaker) {
    size_t i = chance_below(&soaker->chance, N_TEXTS);
    struct streaming streaming = {soaker, {0}, chance_below(&soaker->chance, 20)};
    const char *expected = soaker->shared->expected[i][soaker->beam];
    tolka_text text = text_of(i);
    tolka_result *result = NULL;
    must(tolka_stream_text(soaker->translator, soaker->shared->tokenizer, &text, take_piece,
                           &streaming, &result, NULL) == TOLKA_OK,
         "a text is streamed");
    must(streaming.text.n <= strlen(expected) &&
             (streaming.text.n == 0 ||
              memcmp(streaming.text.bytes, expected, streaming.text.n) == 0),
         "a stream is how the translation begins");
    soaker->counts.streams += tolka_result_status(result, NULL) == TOLKA_OK;
    tolka_result_free(result);
    blob_free(&streaming.text);
}

static int see_progress(void *user, size_t n_done, size_t n_texts) {
    must(n_done <= n_texts, "progress has an end");
    call_back(user);
    return 0;
}

static void translate_document(struct soaker *soaker) {
    static const char html[] = "<p>Good <b>morning</b>.</p>\n<p>The weather is nice today.</p>\n";
    tolka_document *document = NULL;
    must(tolka_document_new(&document, "html", html, sizeof html - 1, NULL) == TOLKA_OK,
         "a document is one");
    tolka_status status = tolka_translate_document(soaker->translator, soaker->shared->tokenizer,
                                                   document, see_progress, soaker, NULL);
    must(status == TOLKA_OK || status == TOLKA_STOPPED, "a document is translated, or stopped");
    soaker->counts.documents += status == TOLKA_OK;
    tolka_document_free(document);
}

static void take_score(void *user, size_t index, tolka_result *result) {
    struct soaker *soaker = user;
    (void)index;
    soaker->counts.scored += tolka_result_status(result, NULL) == TOLKA_OK;
    tolka_result_free(result);
    call_back(soaker);
}

static void score(struct soaker *soaker) {
    const tolka_text pair = {texts[0], strlen(texts[0]), "Das Wetter ist schön.", 22};
    must(tolka_score_texts(soaker->translator, soaker->shared->tokenizer, &pair, 1, take_score,
                           soaker, NULL) == TOLKA_OK,
         "a pair is scored");
}

static void look(struct soaker *soaker) {
    const tolka_tokenizer *tokenizer = soaker->shared->tokenizer;
    tolka_input input = TOLKA_INPUT_INIT;
    int32_t *ids = NULL;
    tolka_attention *attention = NULL;
    must(tolka_tokenize(tokenizer, texts[1], strlen(texts[1]), &ids, &input.n_ids, NULL) ==
             TOLKA_OK,
         "a text has tokens");
    input.ids = input.target = ids;
    input.n_target = 1;
    must(tolka_attention_new(&attention, soaker->translator, &input, NULL) == TOLKA_OK,
         "there is something to look at");
    tolka_attention_free(attention);
    tolka_free(ids);
    soaker->counts.attention++;
}

/* A model of one's own, beside the shared one. */
static void open_another(struct soaker *soaker) {
    tolka_model *model = NULL;
    tolka_tokenizer *tokenizer = NULL;
    must(tolka_model_open(&model, SHIPPED_MODEL, NULL) == TOLKA_OK &&
             tolka_tokenizer_new(&tokenizer, model, NULL, "fr", NULL) == TOLKA_OK,
         "a model opens");
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
    soaker->counts.models++;
}

static void (*const acts[])(struct soaker *soaker) = {
    translate_text, translate_texts,    translate_texts, stream_text, stream_text, score,
    look,           translate_document, interfere,       open_another};

/* ---- a soaker's life ------------------------------------------------------------------------- */

/* One line at a time, from whichever thread. */
static void hear(void *user, tolka_log_level level, const char *line) {
    (void)level;
    must(line[0] && !strchr(line, '\n'), "the log has lines");
    ++*(size_t *)user;
}

static tolka_translator *new_translator(const struct shared *shared, size_t beam, int threads,
                                        size_t *n_lines) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_translator *translator = NULL;
    options.beam = beams[beam];
    options.threads = threads;
    options.batch = threads + 1;
    options.log = hear;
    options.log_user = n_lines;
    must(tolka_translator_new(&translator, shared->model, &options, NULL) == TOLKA_OK,
         "a translator is made");
    return translator;
}

/* Others see the translator only while it is whole. */
static void show(struct soaker *soaker, tolka_translator *translator) {
    pthread_mutex_lock(&soaker->mutex);
    soaker->translator = translator;
    pthread_mutex_unlock(&soaker->mutex);
}

static void live_once(struct soaker *soaker) {
    soaker->beam = chance_below(&soaker->chance, N_BEAMS);
    int threads = 1 + (int)chance_below(&soaker->chance, 3);
    tolka_translator *translator =
        new_translator(soaker->shared, soaker->beam, threads, &soaker->counts.lines);
    show(soaker, translator);
    for (int i = 0; i < ACTS_A_ROUND; i++)
        acts[chance_below(&soaker->chance, sizeof acts / sizeof *acts)](soaker);
    show(soaker, NULL);
    tolka_translator_free(translator);
    soaker->counts.translators++;
}

static void *live(void *argument) {
    struct soaker *soaker = argument;
    const struct shared *shared = soaker->shared;
    while (soaker->counts.translators < shared->rounds || seconds() < shared->end)
        live_once(soaker);
    return NULL;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void find_expected(struct shared *shared) {
    size_t n_lines = 0;
    for (size_t beam = 0; beam < N_BEAMS; beam++)
        for (size_t i = 0; i < N_TEXTS; i++) {
            tolka_translator *translator = new_translator(shared, beam, 1, &n_lines);
            must(tolka_translate_text(translator, shared->tokenizer, texts[i],
                                      &shared->expected[i][beam], NULL) == TOLKA_OK,
                 "a translator alone says something");
            tolka_translator_free(translator);
        }
}

static void run_all(struct shared *shared) {
    pthread_t threads[MOST_SOAKERS];
    for (size_t i = 0; i < shared->n; i++) {
        struct soaker *soaker = &shared->soakers[i];
        soaker->shared = shared;
        soaker->chance = (struct chance){i + 1, change_plainly};
        must(pthread_mutex_init(&soaker->mutex, NULL) == 0, "there are mutexes");
    }
    for (size_t i = 0; i < shared->n; i++)
        must(pthread_create(&threads[i], NULL, live, &shared->soakers[i]) == 0,
             "there are threads");
    for (size_t i = 0; i < shared->n; i++) pthread_join(threads[i], NULL);
    for (size_t i = 0; i < shared->n; i++) pthread_mutex_destroy(&shared->soakers[i].mutex);
}

static struct soak_counts sum_up(const struct shared *shared) {
    struct soak_counts sum = {0};
    for (size_t i = 0; i < shared->n; i++) {
        const struct soak_counts *counts = &shared->soakers[i].counts;
        sum.translators += counts->translators, sum.models += counts->models;
        sum.whole += counts->whole, sum.stopped += counts->stopped;
        sum.refused += counts->refused, sum.streams += counts->streams;
        sum.documents += counts->documents, sum.scored += counts->scored;
        sum.attention += counts->attention, sum.lines += counts->lines;
    }
    return sum;
}

struct soak_counts soak(int n_threads, double duration, size_t rounds) {
    tolka_model *model = NULL;
    static struct shared shared;
    must(n_threads > 0 && n_threads <= MOST_SOAKERS, "there is a number of threads");
    must(tolka_model_open(&model, SHIPPED_MODEL, NULL) == TOLKA_OK, "a model opens");
    shared = (struct shared){.model = model, .n = (size_t)n_threads, .rounds = rounds};
    must(tolka_tokenizer_new(&shared.tokenizer, model, NULL, "de", NULL) == TOLKA_OK,
         "a tokenizer is made");
    find_expected(&shared);
    shared.end = seconds() + duration;
    run_all(&shared);
    for (size_t i = 0; i < N_TEXTS; i++)
        for (size_t beam = 0; beam < N_BEAMS; beam++) tolka_free(shared.expected[i][beam]);
    tolka_tokenizer_free(shared.tokenizer);
    tolka_model_free(model);
    return sum_up(&shared);
}
