#include "tools/bench_load.h"

#include "tools/complain.h"

/* One round's times, each by itself. */
struct times {
    double model, tokenizer, translator, first_sentence;
};

static void keep(struct bench_load *load, const struct times *times) {
    load->model.values[load->model.n++] = times->model;
    load->tokenizer.values[load->tokenizer.n++] = times->tokenizer;
    load->translator.values[load->translator.n++] = times->translator;
    load->ready.values[load->ready.n++] = times->model + times->tokenizer + times->translator;
    load->first_sentence.values[load->first_sentence.n++] = times->first_sentence;
}

/* Everything that a program does until it has its first translation: from a file that the system
 * has in its cache, but that this process has not touched. */
static int load_once(const struct bench_run *run, struct times *times) {
    tolka_error err;
    tolka_model *model = NULL;
    tolka_tokenizer *tokenizer = NULL;
    tolka_translator *translator = NULL;
    char *translation = NULL;
    double at[5] = {seconds_now()};
    int status = EXIT_DONE;
    if (tolka_model_open(&model, run->file.path, &err) != TOLKA_OK)
        status = complain(EXIT_MODEL, "%s", err.text);
    at[1] = seconds_now();
    if (status == EXIT_DONE) status = bench_open_tokenizer(run, &tokenizer, model);
    at[2] = seconds_now();
    if (status == EXIT_DONE) status = bench_open_translator(run, &translator, model, 1, 1);
    at[3] = seconds_now();
    if (status == EXIT_DONE &&
        tolka_translate_text(translator, tokenizer, run->plan->lines[0].bytes, &translation,
                             &err) != TOLKA_OK)
        status = complain(EXIT_INPUT, "the first sentence: %s", err.text);
    at[4] = seconds_now();
    *times = (struct times){at[1] - at[0], at[2] - at[1], at[3] - at[2], at[4] - at[3]};
    tolka_free(translation);
    tolka_translator_free(translator);
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
    return status;
}

int bench_measure_load(struct bench_run *runs, size_t n) {
    bench_progress(runs->plan, "loading");
    for (int round = 0; round <= runs->plan->rounds; round++)
        for (size_t i = 0; i < n; i++) {
            struct bench_run *run = &runs[bench_turn(i, n, round)];
            struct times times;
            int status = load_once(run, &times);
            if (status != EXIT_DONE) return status;
            /* Round 0 warms the system's file cache. */
            if (round) keep(&run->bench.load, &times);
        }
    return EXIT_DONE;
}
