#include "text/mend.h"

#include "engine/error.h"
#include "engine/result.h"
#include "engine/translator.h"
#include "tokenizer/tokenize.h"

#include <stdlib.h>

/* Of the second search, where the caller has not said it himself. */
enum { BLOCKED_NGRAM = 3, LEAST_BEAM = 4, MOST_TIMES_AS_LONG = 4, FEWEST_CLAUSE_TOKENS = 8 };

/* No other fault is as bad as an address that is lost. */
enum { BAD_AS_LOST = 1 << 16 };

/* ---- what is wrong with a result ------------------------------------------------------------- */

/* Did nobody ask for shorter translations than the model's? */
static bool has_long_room(const struct pipeline *pipeline) {
    const tolka_options *options = translator_options(pipeline->translator);
    const tolka_generation *settings = options->generation;
    return options->max_length >= translator_default_length(pipeline->translator) &&
           settings->max_new_tokens == 0 && settings->max_length_ratio == 0;
}

/* Where a source has text: ids [first, end). */
static void find_text(const struct pipeline *pipeline, const struct part *part, size_t *first,
                      size_t *end) {
    const tolka_tokenizer *tokenizer = pipeline->cutting.tokenizer;
    *first = 0;
    *end = part->n_ids;
    while (*first < *end && tokenizer_is_special(tokenizer, part->ids[*first])) ++*first;
    while (*end > *first && tokenizer_is_special(tokenizer, part->ids[*end - 1])) --*end;
}

static struct pair_ids pair_of(const struct pipeline *pipeline, const struct part *part,
                               const struct result_hypothesis *hypothesis, const int32_t *target) {
    size_t first, end, n = hypothesis->n_tokens;
    int32_t forced = tolka_tokenizer_forced_first(pipeline->cutting.tokenizer);
    bool ended = n > 0 && target[n - 1] == translator_end_token(pipeline->translator);
    bool begins_forced = n > 0 && forced >= 0 && target[0] == forced;
    find_text(pipeline, part, &first, &end);
    if (ended) n--;
    if (begins_forced && n > 0) n--;
    return (struct pair_ids){.source = part->ids + first,
                             .n_source = end - first,
                             .target = target + begins_forced,
                             .n_target = n,
                             .ended = ended,
                             .long_room = has_long_room(pipeline)};
}

static bool is_guarded(const struct pipeline *pipeline, const struct part *part,
                       const tolka_result *result) {
    return pipeline->has_guards && part->n_target == 0 && result->status == TOLKA_OK &&
           result->n_hypotheses > 0;
}

/* Stand-ins for addresses are in none of the hypotheses twice, and missing in none. */
static tolka_status find_lost(const struct pipeline *pipeline, const struct part *part,
                              const tolka_result *result, size_t *n_lost, tolka_error *err) {
    tolka_status status = TOLKA_OK;
    *n_lost = 0;
    for (size_t k = 0; part->masked && k < result->n_hypotheses && status == TOLKA_OK; k++) {
        const struct result_hypothesis *hypothesis = &result->hypotheses[k];
        int32_t *ids = hypothesis_ids(hypothesis);
        char *text = NULL;
        size_t length;
        status = ids ? tolka_detokenize(pipeline->cutting.tokenizer, ids, hypothesis->n_tokens,
                                        &text, &length, err)
                     : fail(err, TOLKA_NOMEM, "out of memory for a translation");
        if (status == TOLKA_OK) *n_lost += masked_lost(part->masked, text, length);
        free(text);
        free(ids);
    }
    return status;
}

bool needs_second_look(const struct pipeline *pipeline, const struct part *part,
                       const tolka_result *result) {
    if (result->status == TOLKA_OK && pipeline_copies(pipeline, result)) return true;
    if (!is_guarded(pipeline, part, result)) return false;
    int32_t *ids = hypothesis_ids(&result->hypotheses[0]);
    if (!ids) return true; /* and then there may be memory, or it is said that there is none */
    struct pair_ids pair = pair_of(pipeline, part, &result->hypotheses[0], ids);
    bool is_suspect = fault_of_ids(&pair).kind != FAULT_NONE || looks_short(&pair);
    size_t n_lost;
    free(ids);
    return is_suspect || find_lost(pipeline, part, result, &n_lost, NULL) != TOLKA_OK || n_lost > 0;
}

static tolka_status weigh(const struct pipeline *pipeline, const struct part *part,
                          const struct result_hypothesis *hypothesis, const int32_t *target,
                          struct fault *fault, tolka_error *err) {
    float *own = NULL;
    const float *weights = hypothesis->alignment.soft;
    size_t first, end;
    tolka_input input = pipeline_input(pipeline, part);
    input.target = target;
    input.n_target = hypothesis->n_tokens;
    tolka_status status = TOLKA_OK;
    if (!weights) status = translator_align(pipeline->translator, &input, &own, err);
    find_text(pipeline, part, &first, &end);
    if (status == TOLKA_OK)
        *fault = fault_of_attention(weights ? weights : own, hypothesis->n_tokens, part->n_ids,
                                    first, end);
    free(own);
    return status;
}

static tolka_status judge(const struct pipeline *pipeline, const struct part *part,
                          const tolka_result *result, struct fault *fault, tolka_error *err) {
    *fault = (struct fault){FAULT_NONE, 0};
    if (!is_guarded(pipeline, part, result)) return TOLKA_OK;
    const struct result_hypothesis *best = &result->hypotheses[0];
    int32_t *ids = hypothesis_ids(best);
    if (!ids) return fail(err, TOLKA_NOMEM, "out of memory for a translation");
    struct pair_ids pair = pair_of(pipeline, part, best, ids);
    size_t n_lost;
    tolka_status status = find_lost(pipeline, part, result, &n_lost, err);
    *fault = fault_of_ids(&pair);
    if (n_lost > 0) *fault = (struct fault){FAULT_LOST, BAD_AS_LOST * n_lost};
    if (status == TOLKA_OK && fault->kind == FAULT_NONE && looks_short(&pair))
        status = weigh(pipeline, part, best, ids, fault, err);
    free(ids);
    return status;
}

tolka_status judge_streamed(const struct pipeline *pipeline, struct part *part,
                            tolka_result *result, tolka_error *err) {
    tolka_status status = judge(pipeline, part, result, &part->fault, err);
    if (status == TOLKA_OK) result->warning = fault_text(part->fault.kind);
    return status;
}

/* ---- searching again ------------------------------------------------------------------------- */

/* A part and its other result. */
struct attempt {
    struct part *part;
    tolka_result *result;
};

static void set_carefully(tolka_options *options, tolka_generation *generation) {
    *generation = *options->generation;
    if (generation->no_repeat_ngram_size == 0) generation->no_repeat_ngram_size = BLOCKED_NGRAM;
    if (generation->max_length_ratio == 0) generation->max_length_ratio = MOST_TIMES_AS_LONG;
    if (options->beam == 1) generation->num_beam_groups = 0;
    int beam = 2 * options->beam;
    if (beam < LEAST_BEAM) beam = LEAST_BEAM;
    if (beam <= TOLKA_MAX_BEAM) options->beam = beam;
    options->generation = generation;
}

static void take_attempt(void *user, size_t index, tolka_result *result) {
    struct attempt *attempts = user;
    attempts[index].result = result;
}

/* All attempts have results afterwards, of whatever status. */
static tolka_status search_again(const struct pipeline *pipeline, struct attempt *attempts,
                                 size_t n, tolka_error *err) {
    tolka_options options = *translator_options(pipeline->translator);
    tolka_generation generation;
    tolka_input *inputs = calloc(n + 1, sizeof *inputs);
    if (!inputs) return fail(err, TOLKA_NOMEM, "out of memory for %zu sentences", n);
    for (size_t i = 0; i < n; i++) inputs[i] = pipeline_input(pipeline, attempts[i].part);
    set_carefully(&options, &generation);
    tolka_status status = translator_search_again(pipeline->translator, &options, inputs, n,
                                                  take_attempt, attempts, err);
    free(inputs);
    for (size_t i = 0; i < n && status == TOLKA_OK; i++)
        if (!attempts[i].result) status = fail(err, TOLKA_NOMEM, "out of memory");
    return status;
}

/* ---- open parts ------------------------------------------------------------------------------ */

struct mending {
    struct pipeline *pipeline;
    struct open_part *open; /* [n], in the order of texts and parts */
    size_t n;
    struct attempt *attempts; /* [n_attempts] */
    size_t n_attempts;
};

static struct part *part_of(const struct open_part *open) {
    return &open->item->parts.list[open->part];
}

static bool is_bad(const struct open_part *open) {
    const struct part *part = part_of(open);
    return part->fault.kind != FAULT_NONE;
}

static tolka_status judge_open(const struct mending *mending, tolka_error *err) {
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < mending->n && status == TOLKA_OK; i++) {
        struct part *part = part_of(&mending->open[i]);
        status = judge(mending->pipeline, part, part->result, &part->fault, err);
    }
    return status;
}

static tolka_status make_attempts(struct mending *mending, size_t n, tolka_error *err) {
    mending->n_attempts = 0;
    mending->attempts = calloc(n + 1, sizeof *mending->attempts);
    return mending->attempts ? TOLKA_OK : fail(err, TOLKA_NOMEM, "out of memory");
}

static void free_attempts(struct mending *mending) {
    for (size_t i = 0; i < mending->n_attempts; i++) tolka_result_free(mending->attempts[i].result);
    free(mending->attempts);
    mending->attempts = NULL;
    mending->n_attempts = 0;
}

static void add_attempt(struct mending *mending, struct part *part) {
    mending->attempts[mending->n_attempts++].part = part;
}

/* The other result, if there is less wrong with it. */
static tolka_status take_better(const struct pipeline *pipeline, struct attempt *attempt,
                                tolka_error *err) {
    struct part *part = attempt->part;
    struct fault fault;
    if (attempt->result->status == TOLKA_STOPPED) return TOLKA_OK;
    if (attempt->result->status == TOLKA_NOMEM)
        return fail(err, TOLKA_NOMEM, "%s", attempt->result->reason);
    tolka_status status = judge(pipeline, part, attempt->result, &fault, err);
    if (status != TOLKA_OK || attempt->result->status != TOLKA_OK) return status;
    if (part->result && fault.n_bad >= part->fault.n_bad) return TOLKA_OK;
    tolka_result_free(part->result);
    part->result = attempt->result;
    part->fault = fault;
    attempt->result = NULL;
    return TOLKA_OK;
}

static void say_attempts(const struct mending *mending, const char *what) {
    if (mending->n_attempts == 0) return;
    log_say(translator_log(mending->pipeline->translator), TOLKA_LOG_INFO,
            "searching again, more carefully: %zu %s, of %zu sentences", mending->n_attempts, what,
            mending->n);
}

static tolka_status run_attempts(struct mending *mending, const char *what, tolka_error *err) {
    say_attempts(mending, what);
    tolka_status status =
        search_again(mending->pipeline, mending->attempts, mending->n_attempts, err);
    for (size_t i = 0; i < mending->n_attempts && status == TOLKA_OK; i++)
        status = take_better(mending->pipeline, &mending->attempts[i], err);
    return status;
}

/* First as they are. */
static tolka_status mend_whole(struct mending *mending, tolka_error *err) {
    tolka_status status = make_attempts(mending, mending->n, err);
    if (status != TOLKA_OK) return status;
    for (size_t i = 0; i < mending->n; i++)
        if (is_bad(&mending->open[i])) add_attempt(mending, part_of(&mending->open[i]));
    status = run_attempts(mending, "that look wrong", err);
    free_attempts(mending);
    return status;
}

/* ---- clause by clause ------------------------------------------------------------------------ */

static tolka_status cut_open(const struct pipeline *pipeline, struct open_part *open,
                             tolka_error *err) {
    const tolka_text *text = &pipeline->texts[open->item - pipeline->items];
    const struct part *part = part_of(open);
    struct cutting cutting = pipeline->cutting;
    size_t n = part->n_ids - cutting.n_special;
    if (part->fault.kind == FAULT_LOST)
        return parts_cut_around(&open->clauses, &cutting, text, open->item->parts.n_tags, part,
                                err);
    if (cutting.max_source == 0 || n < 2 * FEWEST_CLAUSE_TOKENS) return TOLKA_OK;
    cutting.max_source = (n + 1) / 2;
    return parts_cut_again(&open->clauses, &cutting, text, open->item->parts.n_tags, part->span,
                           err);
}

static tolka_status cut_bad(struct mending *mending, size_t *n_clauses, tolka_error *err) {
    tolka_status status = TOLKA_OK;
    *n_clauses = 0;
    for (size_t i = 0; i < mending->n && status == TOLKA_OK; i++) {
        struct open_part *open = &mending->open[i];
        if (is_bad(open)) status = cut_open(mending->pipeline, open, err);
        *n_clauses += open->clauses.n;
    }
    return status;
}

/* Clauses that are no better than the whole are forgotten. */
static void choose_clauses(struct open_part *open) {
    size_t n_bad = 0;
    bool all_there = open->clauses.n > (part_of(open)->fault.kind == FAULT_LOST ? 0 : 1);
    for (size_t i = 0; i < open->clauses.n; i++) {
        n_bad += open->clauses.list[i].fault.n_bad;
        all_there = all_there && open->clauses.list[i].result;
    }
    if (!all_there || n_bad >= part_of(open)->fault.n_bad) parts_free(&open->clauses);
}

static tolka_status mend_clauses(struct mending *mending, tolka_error *err) {
    size_t n;
    tolka_status status = cut_bad(mending, &n, err);
    if (status == TOLKA_OK) status = make_attempts(mending, n, err);
    if (status != TOLKA_OK) return status;
    for (size_t i = 0; i < mending->n; i++)
        for (size_t k = 0; k < mending->open[i].clauses.n; k++)
            add_attempt(mending, &mending->open[i].clauses.list[k]);
    status = run_attempts(mending, "clauses of those that still do", err);
    free_attempts(mending);
    for (size_t i = 0; i < mending->n; i++) choose_clauses(&mending->open[i]);
    return status;
}

static tolka_status mend(struct mending *mending, tolka_error *err) {
    tolka_status status = judge_open(mending, err);
    if (status == TOLKA_OK) status = mend_whole(mending, err);
    return status == TOLKA_OK ? mend_clauses(mending, err) : status;
}

/* ---- closing --------------------------------------------------------------------------------- */

static void fail_part(struct part *part, const tolka_error *err) {
    tolka_result_free(part->result);
    part->result = result_failed(err);
}

/* What is still bad when somebody wants no more has not been mended. */
static void show_part(const struct mending *mending, const struct open_part *open,
                      struct part *part) {
    tolka_result *result = part->result;
    if (result && part->fault.kind != FAULT_NONE) {
        result->warning = fault_text(part->fault.kind);
        if (translator_stopped(mending->pipeline->translator)) {
            result->status = TOLKA_STOPPED;
            result->reason = "stopped by the caller";
        }
    }
    part->result = pipeline_show(mending->pipeline, open->item, part, result);
}

static void close_part(const struct mending *mending, struct open_part *open) {
    tolka_error err;
    if (open->clauses.n == 0) {
        show_part(mending, open, part_of(open));
        return;
    }
    for (size_t i = 0; i < open->clauses.n; i++) show_part(mending, open, &open->clauses.list[i]);
    if (parts_replace(&open->item->parts, open->part, &open->clauses, &err) != TOLKA_OK)
        fail_part(part_of(open), &err);
}

/* From the last on, as places of parts behind one that becomes several change. */
static void close_all(struct mending *mending, tolka_status status, const tolka_error *err) {
    for (size_t i = mending->n; i-- > 0;) {
        struct open_part *open = &mending->open[i];
        if (status == TOLKA_OK)
            close_part(mending, open);
        else
            fail_part(part_of(open), err);
        parts_free(&open->clauses);
    }
}

static int compare_open(const void *a, const void *b) {
    const struct open_part *x = a, *y = b;
    if (x->item != y->item) return x->item < y->item ? -1 : 1;
    return (x->part > y->part) - (x->part < y->part);
}

static void finish_all(struct pipeline *pipeline) {
    for (size_t i = 0; i < pipeline->n_open; i++) {
        struct item *item = pipeline->open[i].item;
        if (--item->n_waiting == 0) pipeline_finish(pipeline, (size_t)(item - pipeline->items));
    }
}

void second_look(struct pipeline *pipeline) {
    struct mending mending = {.pipeline = pipeline, .open = pipeline->open, .n = pipeline->n_open};
    tolka_error err;
    tolka_status status = TOLKA_OK;
    if (mending.n == 0) return;
    qsort(mending.open, mending.n, sizeof *mending.open, compare_open);
    if (pipeline->has_guards) status = mend(&mending, &err);
    close_all(&mending, status, &err);
    finish_all(pipeline);
}
