/* The pipeline from text to ids to text, which everything that has text goes through:
 * tolka_translate_texts, tolka_score_texts, tolka_translate_text. */
#include "text/texts.h"

#include "engine/error.h"
#include "engine/result.h"
#include "engine/translator.h"
#include "tokenizer/text_alignment.h"
#include "tokenizer/tokenizer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---- before: texts become inputs ------------------------------------------------------------- */

struct prepared {
    int32_t *ids, *target;
    size_t n_ids, n_target;
    tolka_result *failed; /* why there are no ids */
};

struct pipeline {
    const tolka_tokenizer *tokenizer;
    const tolka_text *texts;
    size_t n;
    bool scores;
    size_t n_empty; /* ids of an empty text: none of them stands for a word */
    struct prepared *prepared;
    tolka_input *inputs;     /* those that are to be translated */
    size_t *indices;         /* their texts */
    struct text_roles roles; /* empty unless alignments are wanted */
    tolka_done done;
    void *user;
};

/* A target that is scored begins with the token that its translation would be forced to. */
static tolka_status tokenize_target(const tolka_tokenizer *tokenizer, const tolka_text *text,
                                    struct prepared *out, tolka_error *err) {
    int32_t forced = tolka_tokenizer_forced_first(tokenizer), *ids;
    size_t n;
    tolka_status status = tolka_tokenize_target(tokenizer, text->target, text->target_length,
                                                &out->target, &out->n_target, err);
    if (status != TOLKA_OK || forced < 0) return status;
    n = out->n_target;
    ids = realloc(out->target, (n + 1) * sizeof *ids);
    if (!ids) return fail(err, TOLKA_NOMEM, "out of memory");
    memmove(ids + 1, ids, n * sizeof *ids);
    ids[0] = forced;
    out->target = ids;
    out->n_target = n + 1;
    return TOLKA_OK;
}

/* A target without its end. */
static tolka_status tokenize_prefix(const tolka_tokenizer *tokenizer, const tolka_text *text,
                                    struct prepared *out, tolka_error *err) {
    tolka_status status = tolka_tokenize_target(tokenizer, text->target, text->target_length,
                                                &out->target, &out->n_target, err);
    size_t n = status == TOLKA_OK ? out->n_target : 0;
    if (n > 0 && out->target[n - 1] == tokenizer->eos) out->n_target--;
    return status;
}

static void prepare(void *user, size_t i) {
    struct pipeline *pipeline = user;
    struct prepared *prepared = &pipeline->prepared[i];
    const tolka_text *text = &pipeline->texts[i];
    tolka_error err;
    tolka_status status = tolka_tokenize(pipeline->tokenizer, text->source, text->source_length,
                                         &prepared->ids, &prepared->n_ids, &err);
    if (status == TOLKA_OK && pipeline->scores)
        status = tokenize_target(pipeline->tokenizer, text, prepared, &err);
    else if (status == TOLKA_OK && text->target_length > 0)
        status = tokenize_prefix(pipeline->tokenizer, text, prepared, &err);
    if (status == TOLKA_OK) return;
    prepared->failed = result_failed(&err);
    free(prepared->ids);
    prepared->ids = NULL;
}

static bool is_empty(const struct pipeline *pipeline, const struct prepared *prepared) {
    return prepared->n_ids <= pipeline->n_empty || (pipeline->scores && prepared->n_target == 0);
}

/* ---- after: results get their texts ---------------------------------------------------------- */

static tolka_status show_hypothesis(const struct pipeline *pipeline,
                                    const struct prepared *prepared,
                                    struct result_hypothesis *hypothesis, tolka_error *err) {
    int32_t *ids = hypothesis_ids(hypothesis);
    if (!ids) return fail(err, TOLKA_NOMEM, "out of memory for a translation");
    tolka_status status = tolka_detokenize(pipeline->tokenizer, ids, hypothesis->n_tokens,
                                           &hypothesis->text, &hypothesis->text_length, err);
    free(ids);
    if (status != TOLKA_OK) return status;
    return align_text(&pipeline->roles, prepared->ids, hypothesis, err);
}

/* The result with texts and source ids; another one if there is no memory for them. */
static tolka_result *show(const struct pipeline *pipeline, tolka_result *result,
                          struct prepared *prepared) {
    tolka_error err;
    tolka_status status = TOLKA_OK;
    if (!result) return NULL;
    for (size_t k = 0; k < result->n_hypotheses && status == TOLKA_OK; k++)
        status = show_hypothesis(pipeline, prepared, &result->hypotheses[k], &err);
    if (status != TOLKA_OK) {
        tolka_result_free(result);
        return result_failed(&err);
    }
    result->source = prepared->ids;
    result->n_source = prepared->n_ids;
    prepared->ids = NULL;
    return result;
}

static void take_result(void *user, size_t index, tolka_result *result) {
    struct pipeline *pipeline = user;
    size_t i = pipeline->indices[index];
    pipeline->done(pipeline->user, i, show(pipeline, result, &pipeline->prepared[i]));
}

/* The translation of nothing: one hypothesis without tokens. */
static tolka_result *empty_result(void) {
    tolka_result *result = result_new(1, 0);
    if (!result) return NULL;
    result->hypotheses[0].text = calloc(1, 1);
    if (result->hypotheses[0].text) return result;
    tolka_result_free(result);
    return NULL;
}

/* ---- the pipeline ---------------------------------------------------------------------------- */

static tolka_input input_of(const struct pipeline *pipeline, const struct prepared *prepared) {
    return (tolka_input){.ids = prepared->ids,
                         .n_ids = prepared->n_ids,
                         .target = prepared->target,
                         .n_target = prepared->n_target,
                         .start = tolka_tokenizer_start(pipeline->tokenizer),
                         .forced_first = tolka_tokenizer_forced_first(pipeline->tokenizer)};
}

/* Texts that need no model have their results at once; returns how many do. */
static size_t collect_inputs(struct pipeline *pipeline) {
    size_t n_inputs = 0;
    for (size_t i = 0; i < pipeline->n; i++) {
        struct prepared *prepared = &pipeline->prepared[i];
        if (!prepared->ids) {
            pipeline->done(pipeline->user, i, prepared->failed);
        } else if (is_empty(pipeline, prepared)) {
            pipeline->done(pipeline->user, i, empty_result());
        } else {
            pipeline->indices[n_inputs] = i;
            pipeline->inputs[n_inputs++] = input_of(pipeline, prepared);
        }
    }
    return n_inputs;
}

static tolka_status count_empty(struct pipeline *pipeline, tolka_error *err) {
    int32_t *ids;
    tolka_status status = tolka_tokenize(pipeline->tokenizer, "", 0, &ids, &pipeline->n_empty, err);
    free(ids);
    return status;
}

static tolka_status allocate(struct pipeline *pipeline, tolka_error *err) {
    size_t n = pipeline->n;
    pipeline->prepared = calloc(n, sizeof *pipeline->prepared);
    pipeline->inputs = calloc(n, sizeof *pipeline->inputs);
    pipeline->indices = calloc(n, sizeof *pipeline->indices);
    if (pipeline->prepared && pipeline->inputs && pipeline->indices) return TOLKA_OK;
    return fail(err, TOLKA_NOMEM, "out of memory for %zu texts", n);
}

static void release(struct pipeline *pipeline) {
    for (size_t i = 0; pipeline->prepared && i < pipeline->n; i++) {
        free(pipeline->prepared[i].ids);
        free(pipeline->prepared[i].target);
    }
    free(pipeline->prepared);
    free(pipeline->inputs);
    free(pipeline->indices);
    text_roles_free(&pipeline->roles);
}

static tolka_status run(tolka_translator *translator, struct pipeline *pipeline, tolka_error *err) {
    if (pipeline->n == 0) return TOLKA_OK;
    tolka_status status = count_empty(pipeline, err);
    if (status == TOLKA_OK) status = allocate(pipeline, err);
    if (status == TOLKA_OK && translator_aligns(translator))
        status = text_roles_list(&pipeline->roles, pipeline->tokenizer, err);
    if (status == TOLKA_OK) {
        translator_share(translator, pipeline->n, prepare, pipeline);
        size_t n_inputs = collect_inputs(pipeline);
        status = (pipeline->scores ? tolka_score : tolka_translate)(
            translator, pipeline->inputs, n_inputs, take_result, pipeline, err);
    }
    release(pipeline);
    return status;
}

tolka_status tolka_translate_texts(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                                   const tolka_text *texts, size_t n, tolka_done done, void *user,
                                   tolka_error *err) {
    struct pipeline pipeline = {
        .tokenizer = tokenizer, .texts = texts, .n = n, .done = done, .user = user};
    return run(translator, &pipeline, err);
}

tolka_status tolka_score_texts(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                               const tolka_text *texts, size_t n, tolka_done done, void *user,
                               tolka_error *err) {
    struct pipeline pipeline = {
        .tokenizer = tokenizer, .texts = texts, .n = n, .scores = true, .done = done, .user = user};
    return run(translator, &pipeline, err);
}

/* ---- one text, piece by piece ---------------------------------------------------------------- */

static tolka_status stream_prepared(tolka_translator *translator, const struct pipeline *pipeline,
                                    tolka_emit_tokens emit, void *user, tolka_result **out,
                                    tolka_error *err) {
    struct prepared *prepared = &pipeline->prepared[0];
    tolka_input input = input_of(pipeline, prepared);
    *out = NULL;
    if (!prepared->ids) {
        *out = prepared->failed;
    } else if (is_empty(pipeline, prepared)) {
        *out = empty_result();
    } else {
        tolka_status status = tolka_stream(translator, &input, emit, user, out, err);
        if (status != TOLKA_OK) return status;
        *out = show(pipeline, *out, prepared);
    }
    return *out ? TOLKA_OK : fail(err, TOLKA_NOMEM, "out of memory");
}

tolka_status texts_stream(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                          const tolka_text *text, tolka_emit_tokens emit, void *user,
                          tolka_result **out, tolka_error *err) {
    struct prepared prepared = {.n_ids = 0};
    struct pipeline pipeline = {
        .tokenizer = tokenizer, .texts = text, .n = 1, .prepared = &prepared};
    *out = NULL;
    tolka_status status = count_empty(&pipeline, err);
    if (status != TOLKA_OK) return status;
    prepare(&pipeline, 0);
    status = stream_prepared(translator, &pipeline, emit, user, out, err);
    free(prepared.ids);
    free(prepared.target);
    return status;
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
    tolka_text one = {.source = text, .source_length = strlen(text)};
    tolka_result *result = NULL;
    *translation = NULL;
    tolka_status status =
        tolka_translate_texts(translator, tokenizer, &one, 1, keep_result, &result, err);
    if (status == TOLKA_OK) status = copy_text(result, translation, err);
    tolka_result_free(result);
    return status;
}
