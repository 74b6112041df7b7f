/* The pipeline from text to ids to text, which everything that has text goes through:
 * tolka_translate_texts, tolka_score_texts, tolka_translate_text. */
#include "text/texts.h"

#include "engine/error.h"
#include "engine/result.h"
#include "engine/translator.h"
#include "text/join.h"
#include "text/parts.h"
#include "tokenizer/text_alignment.h"
#include "tokenizer/tokenize.h"

#include <stdlib.h>
#include <string.h>

/* A text on its way. */
struct item {
    tolka_span *sentences; /* NULL: it is not split */
    size_t n_sentences;
    struct parts parts;
    size_t n_waiting;     /* parts without a result */
    tolka_result *failed; /* why there are no ids */
};

/* Which part of which text an input is. */
struct origin {
    size_t item, part;
};

struct pipeline {
    tolka_translator *translator;
    struct cutting cutting;
    const tolka_text *texts;
    struct item *items; /* [n] */
    size_t n;
    struct sentence_finder *finder; /* NULL: texts are not split */
    struct text_roles roles;        /* empty unless alignments are wanted */
    tolka_input *inputs;
    struct origin *origins; /* [n_inputs] */
    tolka_done done;
    void *user;
};

/* ---- before: texts become inputs ------------------------------------------------------------- */

static void fail_item(struct item *item, const tolka_error *err) {
    item->failed = result_failed(err);
    parts_free(&item->parts);
}

/* A finder serves one thread, so this is not shared out; it is fast. */
static tolka_status find_sentences(struct pipeline *pipeline, struct item *item,
                                   const tolka_text *text, tolka_error *err) {
    if (!pipeline->finder) return TOLKA_OK;
    size_t n_tags = tokenizer_tags(pipeline->cutting.tokenizer, text->source, text->source_length);
    tolka_status status =
        sentences_find(pipeline->finder, text->source + n_tags, text->source_length - n_tags,
                       &item->sentences, &item->n_sentences, err);
    for (size_t i = 0; i < item->n_sentences; i++) item->sentences[i].start += n_tags;
    return status;
}

static void cut_item(void *user, size_t i) {
    struct pipeline *pipeline = user;
    struct item *item = &pipeline->items[i];
    tolka_error err;
    if (item->failed) return;
    if (parts_cut(&item->parts, &pipeline->cutting, &pipeline->texts[i], item->sentences,
                  item->n_sentences, &err) != TOLKA_OK)
        fail_item(item, &err);
}

static tolka_input input_of(const struct pipeline *pipeline, const struct part *part) {
    const tolka_tokenizer *tokenizer = pipeline->cutting.tokenizer;
    return (tolka_input){.ids = part->ids,
                         .n_ids = part->n_ids,
                         .target = part->target,
                         .n_target = part->n_target,
                         .start = tolka_tokenizer_start(tokenizer),
                         .forced_first = tolka_tokenizer_forced_first(tokenizer)};
}

static tolka_status add_inputs(struct pipeline *pipeline, size_t *n_inputs, tolka_error *err) {
    size_t n = 0;
    for (size_t i = 0; i < pipeline->n; i++) n += pipeline->items[i].parts.n;
    pipeline->inputs = calloc(n + 1, sizeof *pipeline->inputs);
    pipeline->origins = calloc(n + 1, sizeof *pipeline->origins);
    if (!pipeline->inputs || !pipeline->origins)
        return fail(err, TOLKA_NOMEM, "out of memory for %zu sentences", n);
    *n_inputs = 0;
    for (size_t i = 0; i < pipeline->n; i++) {
        struct parts *parts = &pipeline->items[i].parts;
        for (size_t k = 0; k < parts->n; k++) {
            pipeline->origins[*n_inputs] = (struct origin){i, k};
            pipeline->inputs[(*n_inputs)++] = input_of(pipeline, &parts->list[k]);
        }
        pipeline->items[i].n_waiting = parts->n;
    }
    return TOLKA_OK;
}

/* ---- after: results get their texts ---------------------------------------------------------- */

static tolka_status show_hypothesis(const struct pipeline *pipeline, const struct part *part,
                                    struct result_hypothesis *hypothesis, tolka_error *err) {
    int32_t *ids = hypothesis_ids(hypothesis);
    if (!ids) return fail(err, TOLKA_NOMEM, "out of memory for a translation");
    tolka_status status = tolka_detokenize(pipeline->cutting.tokenizer, ids, hypothesis->n_tokens,
                                           &hypothesis->text, &hypothesis->text_length, err);
    free(ids);
    return status == TOLKA_OK ? align_text(&pipeline->roles, part->ids, hypothesis, err) : status;
}

/* The result with texts; another one if there is no memory for them. */
static tolka_result *show(const struct pipeline *pipeline, tolka_result *result,
                          const struct part *part) {
    tolka_error err;
    tolka_status status = TOLKA_OK;
    if (!result) return NULL;
    for (size_t k = 0; k < result->n_hypotheses && status == TOLKA_OK; k++)
        status = show_hypothesis(pipeline, part, &result->hypotheses[k], &err);
    if (status == TOLKA_OK) return result;
    tolka_result_free(result);
    return result_failed(&err);
}

static tolka_result *join_item(struct pipeline *pipeline, size_t i) {
    struct item *item = &pipeline->items[i];
    float penalty = translator_options(pipeline->translator)->length_penalty;
    tolka_result *result =
        item->failed ? item->failed : parts_join(&item->parts, &pipeline->texts[i], penalty);
    parts_free(&item->parts);
    return result;
}

static void finish_item(struct pipeline *pipeline, size_t i) {
    pipeline->done(pipeline->user, i, join_item(pipeline, i));
}

static void take_result(void *user, size_t index, tolka_result *result) {
    struct pipeline *pipeline = user;
    struct origin origin = pipeline->origins[index];
    struct item *item = &pipeline->items[origin.item];
    struct part *part = &item->parts.list[origin.part];
    part->result = show(pipeline, result, part);
    if (--item->n_waiting == 0) finish_item(pipeline, origin.item);
}

/* ---- the pipeline ---------------------------------------------------------------------------- */

static bool splits(const struct pipeline *pipeline) {
    switch (translator_options(pipeline->translator)->split) {
    case TOLKA_SPLIT_ALWAYS:
        return true;
    case TOLKA_SPLIT_NEVER:
        return false;
    case TOLKA_SPLIT_DEFAULT:
        break;
    }
    return tokenizer_reads_sentences(pipeline->cutting.tokenizer);
}

static tolka_status begin(struct pipeline *pipeline, tolka_error *err) {
    tolka_status status = cutting_begin(&pipeline->cutting, err);
    pipeline->items = calloc(pipeline->n, sizeof *pipeline->items);
    if (status == TOLKA_OK && !pipeline->items)
        status = fail(err, TOLKA_NOMEM, "out of memory for %zu texts", pipeline->n);
    if (status == TOLKA_OK && translator_options(pipeline->translator)->want_alignments)
        status = text_roles_list(&pipeline->roles, pipeline->cutting.tokenizer, err);
    if (status != TOLKA_OK || pipeline->cutting.scores || !splits(pipeline)) return status;
    pipeline->cutting.max_source =
        translator_max_source(pipeline->translator, pipeline->cutting.n_special);
    return sentence_finder_for(&pipeline->finder, pipeline->cutting.tokenizer, err);
}

static void end(struct pipeline *pipeline) {
    for (size_t i = 0; pipeline->items && i < pipeline->n; i++) {
        parts_free(&pipeline->items[i].parts);
        free(pipeline->items[i].sentences);
    }
    free(pipeline->items);
    free(pipeline->inputs);
    free(pipeline->origins);
    sentence_finder_free(pipeline->finder);
    text_roles_free(&pipeline->roles);
}

static tolka_status check_text(const tolka_text *text, tolka_error *err) {
    if (!text->source && text->source_length > 0)
        return fail(err, TOLKA_ARGUMENT, "the source is NULL, but not its length");
    if (!text->target && text->target_length > 0)
        return fail(err, TOLKA_ARGUMENT, "the target is NULL, but not its length");
    return TOLKA_OK;
}

static void cut_all(struct pipeline *pipeline) {
    tolka_error err;
    for (size_t i = 0; i < pipeline->n; i++) {
        const tolka_text *text = &pipeline->texts[i];
        struct item *item = &pipeline->items[i];
        if (check_text(text, &err) != TOLKA_OK ||
            find_sentences(pipeline, item, text, &err) != TOLKA_OK)
            fail_item(item, &err);
    }
    translator_share(pipeline->translator, pipeline->n, cut_item, pipeline);
}

static tolka_status translate_all(struct pipeline *pipeline, tolka_error *err) {
    size_t n_inputs = 0;
    cut_all(pipeline);
    tolka_status status = add_inputs(pipeline, &n_inputs, err);
    if (status != TOLKA_OK) return status;
    for (size_t i = 0; i < pipeline->n; i++)
        if (pipeline->items[i].n_waiting == 0) finish_item(pipeline, i);
    return (pipeline->cutting.scores ? tolka_score : tolka_translate)(
        pipeline->translator, pipeline->inputs, n_inputs, take_result, pipeline, err);
}

static tolka_status run(struct pipeline *pipeline, tolka_error *err) {
    if (pipeline->n == 0) return TOLKA_OK;
    translator_enter(pipeline->translator);
    tolka_status status = begin(pipeline, err);
    if (status == TOLKA_OK) status = translate_all(pipeline, err);
    end(pipeline);
    translator_leave(pipeline->translator);
    return status;
}

tolka_status tolka_translate_texts(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                                   const tolka_text *texts, size_t n, tolka_done done, void *user,
                                   tolka_error *err) {
    tolka_status status = need_arguments(err, __func__,
                                         (const struct argument[]){{"translator", translator},
                                                                   {"tokenizer", tokenizer},
                                                                   {"texts", texts || n == 0},
                                                                   {"done", done},
                                                                   {NULL, false}});
    if (status != TOLKA_OK) return status;
    struct pipeline pipeline = {.translator = translator,
                                .cutting.tokenizer = tokenizer,
                                .texts = texts,
                                .n = n,
                                .done = done,
                                .user = user};
    return run(&pipeline, err);
}

tolka_status tolka_score_texts(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                               const tolka_text *texts, size_t n, tolka_done done, void *user,
                               tolka_error *err) {
    tolka_status status = need_arguments(err, __func__,
                                         (const struct argument[]){{"translator", translator},
                                                                   {"tokenizer", tokenizer},
                                                                   {"texts", texts || n == 0},
                                                                   {"done", done},
                                                                   {NULL, false}});
    if (status != TOLKA_OK) return status;
    struct pipeline pipeline = {.translator = translator,
                                .cutting = {.tokenizer = tokenizer, .scores = true},
                                .texts = texts,
                                .n = n,
                                .done = done,
                                .user = user};
    return run(&pipeline, err);
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

static tolka_status stream_part(const struct pipeline *pipeline, struct part *part,
                                const struct text_listener *listener, tolka_error *err) {
    tolka_input input = input_of(pipeline, part);
    tolka_result *result;
    tolka_status status =
        tolka_stream(pipeline->translator, &input, listener->tokens, listener->user, &result, err);
    if (status == TOLKA_OK) part->result = show(pipeline, result, part);
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
        struct part *part = &parts->list[n];
        /* A result needs a part, so the first one is translated all the same. */
        if (!tell_gap(pipeline, n, listener) && n > 0) break;
        n++;
        status = stream_part(pipeline, part, listener, err);
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
    tolka_status status = begin(&pipeline, err);
    if (status == TOLKA_OK) {
        cut_all(&pipeline);
        status = stream_parts(&pipeline, &pipeline.items[0].parts, listener, err);
    }
    if (status == TOLKA_OK) *out = join_item(&pipeline, 0);
    end(&pipeline);
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
