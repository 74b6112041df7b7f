#include "text/pipeline.h"

#include "engine/error.h"
#include "engine/result.h"
#include "engine/translator.h"
#include "text/join.h"
#include "text/unknown.h"
#include "tokenizer/tokenize.h"

#include <stdlib.h>

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

static tolka_status check_text(const tolka_text *text, tolka_error *err) {
    if (!text->source && text->source_length > 0)
        return fail(err, TOLKA_ARGUMENT, "the source is NULL, but not its length");
    if (!text->target && text->target_length > 0)
        return fail(err, TOLKA_ARGUMENT, "the target is NULL, but not its length");
    return TOLKA_OK;
}

void pipeline_cut(struct pipeline *pipeline) {
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

tolka_input pipeline_input(const struct pipeline *pipeline, const struct part *part) {
    const tolka_tokenizer *tokenizer = pipeline->cutting.tokenizer;
    return (tolka_input){.ids = part->ids,
                         .n_ids = part->n_ids,
                         .target = part->target,
                         .n_target = part->n_target,
                         .start = tolka_tokenizer_start(tokenizer),
                         .forced_first = tolka_tokenizer_forced_first(tokenizer)};
}

/* ---- after: results get their texts ---------------------------------------------------------- */

/* Targets that are scored show what the vocabulary makes of them. */
static tolka_unknown unknown_of(const struct pipeline *pipeline) {
    if (pipeline->cutting.scores) return TOLKA_UNKNOWN_MARK;
    return translator_options(pipeline->translator)->unknown;
}

bool pipeline_copies(const struct pipeline *pipeline, const tolka_result *result) {
    if (unknown_of(pipeline) != TOLKA_UNKNOWN_COPY) return false;
    for (size_t k = 0; k < result->n_hypotheses; k++)
        if (has_unknown(pipeline->cutting.tokenizer, &result->hypotheses[k])) return true;
    return false;
}

static tolka_status show_hypothesis(const struct unknown_source *source,
                                    const struct pipeline *pipeline,
                                    struct result_hypothesis *hypothesis, tolka_error *err) {
    const struct masked *masked = source->part->masked;
    tolka_status status = unknown_show(source, hypothesis, err);
    if (status == TOLKA_OK && masked)
        status = masked_restore(masked, source->text->source, &hypothesis->text,
                                &hypothesis->text_length, err);
    if (status != TOLKA_OK) return status;
    return align_text(&pipeline->roles, source->input.ids, hypothesis, err);
}

tolka_result *pipeline_show(const struct pipeline *pipeline, const struct item *item,
                            const struct part *part, tolka_result *result) {
    size_t i = (size_t)(item - pipeline->items);
    struct unknown_source source = {.translator = pipeline->translator,
                                    .tokenizer = pipeline->cutting.tokenizer,
                                    .text = &pipeline->texts[i],
                                    .n_tags = item->parts.n_tags,
                                    .part = part,
                                    .input = pipeline_input(pipeline, part),
                                    .how = unknown_of(pipeline)};
    tolka_error err;
    tolka_status status = TOLKA_OK;
    if (!result) return NULL;
    for (size_t k = 0; k < result->n_hypotheses && status == TOLKA_OK; k++)
        status = show_hypothesis(&source, pipeline, &result->hypotheses[k], &err);
    if (status == TOLKA_OK) return result;
    tolka_result_free(result);
    return result_failed(&err);
}

tolka_result *pipeline_join(struct pipeline *pipeline, size_t i) {
    struct item *item = &pipeline->items[i];
    float penalty = translator_options(pipeline->translator)->length_penalty;
    tolka_result *result =
        item->failed ? item->failed : parts_join(&item->parts, &pipeline->texts[i], penalty);
    parts_free(&item->parts);
    return result;
}

void pipeline_finish(struct pipeline *pipeline, size_t i) {
    tolka_result *result = pipeline_join(pipeline, i);
    translator_call_begins(pipeline->translator);
    pipeline->done(pipeline->user, i, result);
    translator_call_ends(pipeline->translator);
}

/* ---- the whole ------------------------------------------------------------------------------- */

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

/* Samples are as they are drawn, alternatives as they begin, and who wants longer translations than
 * the model's gets what there is. */
static bool is_plain(const tolka_options *options) {
    const tolka_generation *settings = options->generation;
    return !options->alternatives && !settings->do_sample && settings->min_length == 0 &&
           settings->min_new_tokens == 0 && settings->min_length_ratio == 0;
}

static bool has_guards(const struct pipeline *pipeline) {
    const tolka_options *options = translator_options(pipeline->translator);
    return !options->no_guards && !pipeline->cutting.scores && is_plain(options) &&
           tokenizer_reads_sentences(pipeline->cutting.tokenizer);
}

/* Alignments and ids that somebody begins with are of what the text says. */
static bool masks(const struct pipeline *pipeline) {
    return pipeline->has_guards && !translator_options(pipeline->translator)->want_alignments;
}

tolka_status pipeline_begin(struct pipeline *pipeline, tolka_error *err) {
    tolka_status status = cutting_begin(&pipeline->cutting, err);
    pipeline->has_guards = has_guards(pipeline);
    pipeline->items = calloc(pipeline->n, sizeof *pipeline->items);
    if (status == TOLKA_OK && !pipeline->items)
        status = fail(err, TOLKA_NOMEM, "out of memory for %zu texts", pipeline->n);
    if (status == TOLKA_OK && translator_options(pipeline->translator)->want_alignments)
        status = text_roles_list(&pipeline->roles, pipeline->cutting.tokenizer, err);
    if (status != TOLKA_OK || pipeline->cutting.scores || !splits(pipeline)) return status;
    pipeline->cutting.masks = masks(pipeline);
    pipeline->cutting.max_source =
        translator_max_source(pipeline->translator, pipeline->cutting.n_special);
    return sentence_finder_for(&pipeline->finder, pipeline->cutting.tokenizer, err);
}

void pipeline_end(struct pipeline *pipeline) {
    for (size_t i = 0; pipeline->items && i < pipeline->n; i++) {
        parts_free(&pipeline->items[i].parts);
        free(pipeline->items[i].sentences);
    }
    free(pipeline->items);
    free(pipeline->inputs);
    free(pipeline->origins);
    free(pipeline->open);
    sentence_finder_free(pipeline->finder);
    text_roles_free(&pipeline->roles);
}
