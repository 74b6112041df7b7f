#include "engine/result.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct tolka_result *result_new(size_t n_hypotheses, size_t n_tokens) {
    size_t hypotheses = n_hypotheses * sizeof(struct result_hypothesis);
    struct tolka_result *result =
        calloc(1, sizeof *result + hypotheses + n_tokens * sizeof(tolka_token));
    if (!result) return NULL;
    result->n_hypotheses = n_hypotheses;
    result->reason = "";
    result->hypotheses = (struct result_hypothesis *)(result + 1);
    tolka_token *tokens = (tolka_token *)(result->hypotheses + n_hypotheses);
    for (size_t k = 0; k < n_hypotheses; k++) result->hypotheses[k].tokens = tokens;
    return result;
}

struct tolka_result *result_failed(const tolka_error *err) {
    size_t length = strlen(err->text);
    struct tolka_result *result = calloc(1, sizeof *result + length + 1);
    if (!result) return NULL;
    result->status = err->status;
    result->reason = memcpy(result + 1, err->text, length);
    return result;
}

int32_t *hypothesis_ids(const struct result_hypothesis *hypothesis) {
    int32_t *ids = malloc((hypothesis->n_tokens + 1) * sizeof *ids);
    for (size_t i = 0; ids && i < hypothesis->n_tokens; i++) ids[i] = hypothesis->tokens[i].id;
    return ids;
}

tolka_status tolka_result_status(const tolka_result *result, const char **reason) {
    if (reason) *reason = result ? result->reason : "out of memory";
    return result ? result->status : TOLKA_NOMEM;
}

size_t tolka_result_count(const tolka_result *result) {
    return result ? result->n_hypotheses : 0;
}

const tolka_token *tolka_result_tokens(const tolka_result *result, size_t k, size_t *n) {
    bool there = result && k < result->n_hypotheses;
    if (n) *n = there ? result->hypotheses[k].n_tokens : 0;
    return there ? result->hypotheses[k].tokens : NULL;
}

float tolka_result_score(const tolka_result *result, size_t k) {
    return result && k < result->n_hypotheses ? result->hypotheses[k].score : NAN;
}

const char *tolka_result_text(const tolka_result *result, size_t k, size_t *length) {
    bool there = result && k < result->n_hypotheses && result->hypotheses[k].text;
    if (length) *length = there ? result->hypotheses[k].text_length : 0;
    return there ? result->hypotheses[k].text : NULL;
}

const char *tolka_result_warning(const tolka_result *result) {
    return result ? result->warning : NULL;
}

const int32_t *tolka_result_source(const tolka_result *result, size_t *n) {
    if (n) *n = result ? result->n_source : 0;
    return result ? result->source : NULL;
}

size_t tolka_result_parts(const tolka_result *result) {
    return result ? result->n_parts : 0;
}

const tolka_result *tolka_result_part(const tolka_result *result, size_t i, tolka_span *source) {
    bool there = result && i < result->n_parts;
    if (source) *source = there ? result->parts[i].source : (tolka_span){0, 0};
    return there ? result->parts[i].result : NULL;
}

/* ---- alignments ------------------------------------------------------------------------------ */

static struct result_alignment alignment_at(const tolka_result *result, size_t k) {
    bool there = result && k < result->n_hypotheses;
    return there ? result->hypotheses[k].alignment : (struct result_alignment){0};
}

const tolka_link *tolka_result_alignment(const tolka_result *result, size_t k, size_t *n) {
    struct result_alignment alignment = alignment_at(result, k);
    if (n) *n = alignment.n_links;
    return alignment.links;
}

const tolka_link *tolka_result_word_alignment(const tolka_result *result, size_t k, size_t *n) {
    struct result_alignment alignment = alignment_at(result, k);
    if (n) *n = alignment.n_word_links;
    return alignment.word_links;
}

const float *tolka_result_soft_alignment(const tolka_result *result, size_t k, size_t *n_target,
                                         size_t *n_source) {
    struct result_alignment alignment = alignment_at(result, k);
    if (n_target) *n_target = alignment.soft ? result->hypotheses[k].n_tokens : 0;
    if (n_source) *n_source = alignment.n_source;
    return alignment.soft;
}

/* ---- freeing --------------------------------------------------------------------------------- */

static void free_hypothesis(struct result_hypothesis *hypothesis) {
    free(hypothesis->text);
    free(hypothesis->alignment.soft);
    free(hypothesis->alignment.links);
    free(hypothesis->alignment.word_links);
}

void tolka_result_free(tolka_result *result) {
    if (!result) return;
    for (size_t k = 0; k < result->n_hypotheses; k++) free_hypothesis(&result->hypotheses[k]);
    for (size_t i = 0; i < result->n_parts; i++) tolka_result_free(result->parts[i].result);
    free(result->parts);
    free(result->source);
    free(result);
}

void tolka_free(void *memory) {
    free(memory);
}
