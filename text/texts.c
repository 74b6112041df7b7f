/* The pipeline from text to ids to text, which everything that has text goes through:
 * tolka_translate_texts, tolka_score_texts, tolka_translate_text. */
#include "text/texts.h"

#include "engine/error.h"
#include "engine/result.h"
#include "engine/translator.h"
#include "text/mend.h"
#include "text/pipeline.h"

#include <stdlib.h>
#include <string.h>

/* ---- texts become inputs, and results texts -------------------------------------------------- */

static tolka_status add_inputs(struct pipeline *pipeline, size_t *n_inputs, tolka_error *err) {
    size_t n = 0;
    for (size_t i = 0; i < pipeline->n; i++) n += pipeline->items[i].parts.n;
    pipeline->inputs = calloc(n + 1, sizeof *pipeline->inputs);
    pipeline->origins = calloc(n + 1, sizeof *pipeline->origins);
    pipeline->open = calloc(n + 1, sizeof *pipeline->open);
    if (!pipeline->inputs || !pipeline->origins || !pipeline->open)
        return fail(err, TOLKA_NOMEM, "out of memory for %zu sentences", n);
    *n_inputs = 0;
    for (size_t i = 0; i < pipeline->n; i++) {
        struct parts *parts = &pipeline->items[i].parts;
        for (size_t k = 0; k < parts->n; k++) {
            pipeline->origins[*n_inputs] = (struct origin){i, k};
            pipeline->inputs[(*n_inputs)++] = pipeline_input(pipeline, &parts->list[k]);
        }
        pipeline->items[i].n_waiting = parts->n;
    }
    return TOLKA_OK;
}

static void take_result(void *user, size_t index, tolka_result *result) {
    struct pipeline *pipeline = user;
    struct origin origin = pipeline->origins[index];
    struct item *item = &pipeline->items[origin.item];
    struct part *part = &item->parts.list[origin.part];
    if (result && needs_second_look(pipeline, part, result)) {
        part->result = result;
        pipeline->open[pipeline->n_open++] = (struct open_part){.item = item, .part = origin.part};
        return;
    }
    part->result = pipeline_show(pipeline, item, part, result);
    if (--item->n_waiting == 0) pipeline_finish(pipeline, origin.item);
}

/* ---- the pipeline ---------------------------------------------------------------------------- */

static tolka_status translate_all(struct pipeline *pipeline, tolka_error *err) {
    size_t n_inputs = 0;
    pipeline_cut(pipeline);
    tolka_status status = add_inputs(pipeline, &n_inputs, err);
    if (status != TOLKA_OK) return status;
    for (size_t i = 0; i < pipeline->n; i++)
        if (pipeline->items[i].n_waiting == 0) pipeline_finish(pipeline, i);
    status = (pipeline->cutting.scores ? tolka_score : tolka_translate)(
        pipeline->translator, pipeline->inputs, n_inputs, take_result, pipeline, err);
    if (status == TOLKA_OK) second_look(pipeline);
    return status;
}

static tolka_status run(struct pipeline *pipeline, tolka_error *err) {
    if (pipeline->n == 0) return TOLKA_OK;
    translator_enter(pipeline->translator);
    tolka_status status = pipeline_begin(pipeline, err);
    if (status == TOLKA_OK) status = translate_all(pipeline, err);
    pipeline_end(pipeline);
    translator_leave(pipeline->translator);
    return status;
}

/* What both public calls do; `call` is the name of the one. */
static tolka_status run_call(const char *call, struct pipeline *pipeline, tolka_error *err) {
    tolka_status status =
        need_arguments(err, call,
                       (const struct argument[]){{"translator", pipeline->translator},
                                                 {"tokenizer", pipeline->cutting.tokenizer},
                                                 {"texts", pipeline->texts || pipeline->n == 0},
                                                 {"done", pipeline->done},
                                                 {NULL, false}});
    if (status == TOLKA_OK) status = translator_check_idle(pipeline->translator, call, err);
    return status == TOLKA_OK ? run(pipeline, err) : status;
}

tolka_status tolka_translate_texts(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                                   const tolka_text *texts, size_t n, tolka_done done, void *user,
                                   tolka_error *err) {
    struct pipeline pipeline = {.translator = translator,
                                .cutting.tokenizer = tokenizer,
                                .texts = texts,
                                .n = n,
                                .done = done,
                                .user = user};
    return run_call(__func__, &pipeline, err);
}

tolka_status tolka_score_texts(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                               const tolka_text *texts, size_t n, tolka_done done, void *user,
                               tolka_error *err) {
    struct pipeline pipeline = {.translator = translator,
                                .cutting = {.tokenizer = tokenizer, .scores = true},
                                .texts = texts,
                                .n = n,
                                .done = done,
                                .user = user};
    return run_call(__func__, &pipeline, err);
}

/* ---- one text, piece by piece ---------------------------------------------------------------- */

/* Hands out what is copied before part i. False: no more is wanted. */
static bool tell_gap(const struct pipeline *pipeline, size_t i,
                     const struct text_listener *listener) {
    const tolka_text *text = &pipeline->texts[0];
    tolka_span gap = parts_gap(&pipeline->items[0].parts, text, i);
    size_t length;
    if (gap.length == 0) return true;
    char *clean = tolka_repair_text(text->source + gap.start, gap.length, &length);
    bool goes_on = clean && listener->gap(listener->user, clean, length) == 0;
    free(clean);
    return goes_on;
}

/* Stand-ins are nobody's to see. */
static int keep_silent(void *user, const tolka_token *tokens, size_t n) {
    (void)user, (void)tokens, (void)n;
    return 0;
}

static tolka_status stream_part(const struct pipeline *pipeline, struct part *part,
                                const struct text_listener *listener, tolka_error *err) {
    tolka_input input = pipeline_input(pipeline, part);
    tolka_result *result;
    tolka_status status =
        tolka_stream(pipeline->translator, &input, part->masked ? keep_silent : listener->tokens,
                     listener->user, &result, err);
    if (status != TOLKA_OK) return status;
    status = judge_streamed(pipeline, part, result, err);
    if (status == TOLKA_OK)
        part->result = pipeline_show(pipeline, pipeline->items, part, result);
    else
        tolka_result_free(result);
    return status;
}

/* A part with stand-ins is translated before anything of it is told: if it loses one, what stands
 * around its addresses becomes parts of their own. */
static tolka_status settle_masked(const struct pipeline *pipeline, struct parts *parts, size_t n,
                                  const struct text_listener *listener, tolka_error *err) {
    struct part *part = &parts->list[n];
    if (!part->masked) return TOLKA_OK;
    tolka_status status = stream_part(pipeline, part, listener, err);
    if (status != TOLKA_OK || part->fault.kind != FAULT_LOST) return status;
    struct parts around;
    status =
        parts_cut_around(&around, &pipeline->cutting, pipeline->texts, parts->n_tags, part, err);
    if (status == TOLKA_OK && around.n > 0) status = parts_replace(parts, n, &around, err);
    parts_free(&around);
    return status;
}

/* What is left of a text is a part of it, even if the last of its parts is whole. */
static void mark_stopped(tolka_result *last) {
    last->status = TOLKA_STOPPED;
    last->reason = "stopped by the caller";
}

/* Parts behind the one that was stopped are left out. */
static tolka_status stream_parts(const struct pipeline *pipeline, struct parts *parts,
                                 const struct text_listener *listener, tolka_error *err) {
    tolka_status status = TOLKA_OK;
    bool goes_on = true;
    size_t n = 0;
    while (status == TOLKA_OK && goes_on && n < parts->n) {
        status = settle_masked(pipeline, parts, n, listener, err);
        if (status != TOLKA_OK) return status;
        struct part *part = &parts->list[n];
        /* A result needs a part, so the first one is translated all the same. */
        if (!tell_gap(pipeline, n, listener) && n > 0) break;
        n++;
        if (!part->result) status = stream_part(pipeline, part, listener, err);
        goes_on = status == TOLKA_OK && tolka_result_status(part->result, NULL) == TOLKA_OK &&
                  listener->part(listener->user, part->result) == 0;
    }
    if (n == parts->n && goes_on) tell_gap(pipeline, n, listener);
    if (n < parts->n && tolka_result_status(parts->list[n - 1].result, NULL) == TOLKA_OK)
        mark_stopped(parts->list[n - 1].result);
    parts_drop(parts, n);
    return status;
}

tolka_status texts_stream(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                          const tolka_text *text, const struct text_listener *listener,
                          tolka_result **out, tolka_error *err) {
    struct pipeline pipeline = {
        .translator = translator, .cutting.tokenizer = tokenizer, .texts = text, .n = 1};
    *out = NULL;
    translator_enter(translator);
    tolka_status status = pipeline_begin(&pipeline, err);
    if (status == TOLKA_OK) {
        pipeline_cut(&pipeline);
        status = stream_parts(&pipeline, &pipeline.items[0].parts, listener, err);
    }
    if (status == TOLKA_OK) *out = pipeline_join(&pipeline, 0);
    pipeline_end(&pipeline);
    translator_leave(translator);
    if (status != TOLKA_OK) return status;
    return *out ? TOLKA_OK : fail(err, TOLKA_NOMEM, "out of memory");
}

/* ---- one text -------------------------------------------------------------------------------- */

static void keep_result(void *user, size_t index, tolka_result *result) {
    (void)index;
    *(tolka_result **)user = result;
}

/* A string of one's own, in which a NUL (from a byte piece) does not end the text too soon. */
static tolka_status copy_text(const tolka_result *result, char **out, tolka_error *err) {
    size_t length;
    const char *reason, *text = tolka_result_text(result, 0, &length);
    tolka_status status = tolka_result_status(result, &reason);
    if (status != TOLKA_OK) return fail(err, status, "%s", reason);
    *out = malloc(length + 1);
    if (!*out) return fail(err, TOLKA_NOMEM, "out of memory for a translation");
    for (size_t i = 0; i < length; i++) (*out)[i] = text[i] ? text[i] : ' ';
    (*out)[length] = 0;
    return TOLKA_OK;
}

tolka_status tolka_translate_text(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                                  const char *text, char **translation, tolka_error *err) {
    if (translation) *translation = NULL;
    tolka_status status = need_arguments(err, __func__,
                                         (const struct argument[]){{"translator", translator},
                                                                   {"tokenizer", tokenizer},
                                                                   {"text", text},
                                                                   {"translation", translation},
                                                                   {NULL, false}});
    if (status != TOLKA_OK) return status;
    tolka_text one = {.source = text, .source_length = strlen(text)};
    tolka_result *result = NULL;
    status = tolka_translate_texts(translator, tokenizer, &one, 1, keep_result, &result, err);
    if (status == TOLKA_OK) status = copy_text(result, translation, err);
    tolka_result_free(result);
    return status;
}
