#define _POSIX_C_SOURCE 200809L
#include "tools/bench_run.h"

#include "tools/complain.h"
#include "tools/session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- opening --------------------------------------------------------------------------------- */

static bool is_english(const char *language) {
    return tolka_same_language(language, "en");
}

/* The built-in sentences are English and may become anything: where the user has no wish and the
 * file no default, that is the first language of the model that is not English. */
static void choose_languages(struct bench_run *run) {
    const struct options *options = run->plan->options;
    run->from = options->from;
    run->bench.to = options->to;
    if (options->input || tolka_model_languages(run->model, &run->languages, NULL) != TOLKA_OK)
        return;
    const tolka_languages *languages = run->languages;
    for (size_t i = 0; i < languages->n; i++) {
        const char *name = languages->names[i];
        if (is_english(name) && !run->from && !languages->default_from) run->from = "en";
        if (!is_english(name) && !run->bench.to && !languages->default_to) run->bench.to = name;
    }
}

int bench_open_tokenizer(const struct bench_run *run, tolka_tokenizer **tokenizer,
                         const tolka_model *model) {
    tolka_error err;
    tolka_status status = tolka_tokenizer_new(tokenizer, model, run->from, run->bench.to, &err);
    if (status == TOLKA_OK) return EXIT_DONE;
    return complain(status == TOLKA_ARGUMENT ? EXIT_USAGE : EXIT_MODEL, "%s", err.text);
}

int bench_open_translator(const struct bench_run *run, tolka_translator **translator,
                          const tolka_model *model, int threads, int batch) {
    tolka_error err;
    tolka_options decoding = run->decoding;
    decoding.threads = threads;
    decoding.batch = batch;
    tolka_status status = tolka_translator_new(translator, model, &decoding, &err);
    if (status == TOLKA_OK) return EXIT_DONE;
    return complain(status == TOLKA_ARGUMENT ? EXIT_USAGE : EXIT_MODEL, "%s", err.text);
}

static int open_file(struct bench_run *run, const char *named) {
    struct options options = *run->plan->options;
    if (named) options.model = named;
    /* --threads and --batch are lists here, which decoding_options would refuse. */
    options.threads = options.batches = NULL;
    options.json = false; /* would ask for scores too */
    if (!decoding_options(&options, &run->decoding)) return EXIT_USAGE;
    return open_model(&run->file, &options, &run->model);
}

static int count_text(struct bench *bench, const struct bench_plan *plan) {
    bench->text_name = plan->text_name;
    bench->text_sentences = plan->n_lines;
    for (size_t i = 0; i < plan->n_lines; i++) bench->text_words += bench_words(&plan->lines[i]);
    bench->cells = calloc(bench_cells(plan), sizeof *bench->cells);
    return bench->cells ? EXIT_DONE : complain(EXIT_MODEL, "out of memory");
}

int bench_run_open(struct bench_run *run, const struct bench_plan *plan, const char *named) {
    *run = (struct bench_run){.plan = plan};
    int status = open_file(run, named);
    if (status == EXIT_DONE) status = count_text(&run->bench, plan);
    if (status != EXIT_DONE) return status;
    choose_languages(run);
    struct stat info;
    struct bench *bench = &run->bench;
    bench->model_path = run->file.path;
    if (stat(run->file.path, &info) == 0) bench->model_bytes = (size_t)info.st_size;
    bench->rounds = plan->rounds;
    bench->machine = plan->machine;
    bench->beam = run->decoding.beam ? run->decoding.beam : tolka_model_default_beam(run->model);
    return bench_open_tokenizer(run, &run->tokenizer, run->model);
}

void bench_run_close(struct bench_run *run) {
    tolka_tokenizer_free(run->tokenizer);
    tolka_model_free(run->model);
    model_file_close(&run->file);
    tolka_free(run->languages);
    free(run->bench.cells);
}

/* ---- measuring ------------------------------------------------------------------------------- */

tolka_stats bench_stats_since(const tolka_translator *translator, const tolka_stats *before) {
    tolka_stats now;
    tolka_translator_stats(translator, &now);
    now.source_tokens -= before->source_tokens;
    now.target_tokens -= before->target_tokens;
    now.sentences -= before->sentences;
    now.decoder_steps -= before->decoder_steps;
    now.candidates -= before->candidates;
    now.encoder_seconds -= before->encoder_seconds;
    now.decoder_seconds -= before->decoder_seconds;
    return now;
}

size_t bench_turn(size_t i, size_t n, int round) {
    return round % 2 ? n - 1 - i : i;
}
