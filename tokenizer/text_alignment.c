#include "tokenizer/text_alignment.h"

#include "engine/alignment.h"

#include <stdlib.h>

tolka_status text_roles_list(struct text_roles *roles, const tolka_tokenizer *tokenizer,
                             tolka_error *err) {
    if (token_roles_list(&roles->source, tokenizer, true) &&
        token_roles_list(&roles->target, tokenizer, false))
        return TOLKA_OK;
    return fail(err, TOLKA_NOMEM, "out of memory for where words begin");
}

void text_roles_free(struct text_roles *roles) {
    token_roles_free(&roles->source);
    token_roles_free(&roles->target);
}

/* ---- one hypothesis -------------------------------------------------------------------------- */

/* Of each token of a side: its word (-1: none), and whether it has one, and speaks for it. */
struct numbered {
    int32_t *words;
    uint8_t *counts, *speaks;
    size_t n_words;
};

static bool numbered_new(struct numbered *out, const struct token_roles *roles, const int32_t *ids,
                         size_t n) {
    out->words = malloc((n + 1) * sizeof *out->words);
    out->counts = malloc(2 * n + 1);
    if (!out->words || !out->counts) return false;
    out->speaks = out->counts + n;
    out->n_words = number_words(roles, ids, n, out->words);
    find_speakers(roles, ids, out->words, n, out->speaks);
    for (size_t i = 0; i < n; i++) out->counts[i] = out->words[i] >= 0;
    return true;
}

static void numbered_free(struct numbered *numbered) {
    free(numbered->words);
    free(numbered->counts);
}

static bool number_target(struct numbered *out, const struct token_roles *roles,
                          const struct result_hypothesis *hypothesis) {
    int32_t *ids = hypothesis_ids(hypothesis);
    bool ok = ids && numbered_new(out, roles, ids, hypothesis->n_tokens);
    free(ids);
    return ok;
}

/* Two words belong together if tokens that speak for them do. */
static tolka_status link_words(const struct numbered *source, const struct numbered *target,
                               struct result_alignment *alignment, tolka_error *err) {
    tolka_link *links = malloc((alignment->n_links + 1) * sizeof *links);
    size_t n = 0;
    if (!links) return fail(err, TOLKA_NOMEM, "out of memory for an alignment of words");
    for (size_t i = 0; i < alignment->n_links; i++) {
        tolka_link link = alignment->links[i];
        if (source->speaks[link.source] && target->speaks[link.target])
            links[n++] = (tolka_link){(uint32_t)source->words[link.source],
                                      (uint32_t)target->words[link.target]};
    }
    alignment->word_links = links;
    alignment->n_source_words = source->n_words;
    alignment->n_target_words = target->n_words;
    alignment->n_word_links = alignment_sort(links, n);
    return TOLKA_OK;
}

static tolka_status link_both(const struct numbered *source, const struct numbered *target,
                              struct result_hypothesis *hypothesis, tolka_error *err) {
    struct result_alignment *alignment = &hypothesis->alignment;
    free(alignment->links);
    tolka_status status = tolka_hard_alignment(alignment->soft, hypothesis->n_tokens,
                                               alignment->n_source, source->counts, target->counts,
                                               &alignment->links, &alignment->n_links, err);
    return status == TOLKA_OK ? link_words(source, target, alignment, err) : status;
}

tolka_status align_text(const struct text_roles *roles, const int32_t *source,
                        struct result_hypothesis *hypothesis, tolka_error *err) {
    struct numbered ours = {0}, theirs = {0};
    tolka_status status;
    if (!hypothesis->alignment.soft) return TOLKA_OK;
    if (numbered_new(&ours, &roles->source, source, hypothesis->alignment.n_source) &&
        number_target(&theirs, &roles->target, hypothesis))
        status = link_both(&ours, &theirs, hypothesis, err);
    else
        status = fail(err, TOLKA_NOMEM, "out of memory for an alignment of words");
    numbered_free(&ours);
    numbered_free(&theirs);
    return status;
}
