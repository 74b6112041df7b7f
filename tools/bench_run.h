/* One model on its way through `tolka bench`. */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include "tools/bench_plan.h"
#include "tools/model_file.h"

struct bench_run {
    const struct bench_plan *plan;
    struct bench bench;
    struct model_file file;
    tolka_model *model;
    tolka_tokenizer *tokenizer;
    tolka_options decoding;
    const char *from;
    tolka_languages *languages;
};
enum { BENCH_MODELS = 2 };

/* `named`: the model; NULL: what options or the environment say. Complains and returns an exit
 * status other than 0 on failure; closed in either case. */
int bench_run_open(struct bench_run *run, const struct bench_plan *plan, const char *named);
void bench_run_close(struct bench_run *run);

int bench_open_tokenizer(const struct bench_run *run, tolka_tokenizer **tokenizer,
                         const tolka_model *model);
int bench_open_translator(const struct bench_run *run, tolka_translator **translator,
                          const tolka_model *model, int threads, int batch);
tolka_stats bench_stats_since(const tolka_translator *translator, const tolka_stats *before);

/* Which of n runs is the i-th in this round: there and back, so that a machine that grows slower
 * slows no model more than another. */
size_t bench_turn(size_t i, size_t n, int round);

#endif
