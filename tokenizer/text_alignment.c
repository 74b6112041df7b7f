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

/* The words of source and target tokens side by side, and which of the tokens have one. */
struct numbered {
    int32_t *ids, *source, *target;
    uint8_t *source_counts, *target_counts;
};

static bool numbered_new(struct numbered *numbered, size_t n_source, size_t n_target) {
    numbered->ids = malloc((n_source + 2 * n_target) * sizeof *numbered->ids);
    numbered->source_counts = malloc(n_source + n_target);
    if (!numbered->ids || !numbered->source_counts) return false;
    numbered->source = numbered->ids + n_target;
    numbered->target = numbered->source + n_source;
    numbered->target_counts = numbered->source_counts + n_source;
    return true;
}

static void numbered_free(struct numbered *numbered) {
    free(numbered->ids);
    free(numbered->source_counts);
}

static void number_both(struct numbered *numbered, const struct text_roles *roles,
                        const int32_t *source, const struct result_hypothesis *hypothesis) {
    size_t n_source = hypothesis->alignment.n_source, n_target = hypothesis->n_tokens;
    for (size_t i = 0; i < n_target; i++) numbered->ids[i] = hypothesis->tokens[i].id;
    number_words(&roles->source, source, n_source, numbered->source);
    number_words(&roles->target, numbered->ids, n_target, numbered->target);
    for (size_t i = 0; i < n_source; i++) numbered->source_counts[i] = numbered->source[i] >= 0;
    for (size_t i = 0; i < n_target; i++) numbered->target_counts[i] = numbered->target[i] >= 0;
}

static tolka_status link_tokens(const struct numbered *numbered, size_t n_target,
                                struct result_alignment *alignment, tolka_error *err) {
    free(alignment->links);
    return tolka_hard_alignment(alignment->soft, n_target, alignment->n_source,
                                numbered->source_counts, numbered->target_counts,
                                &alignment->links, &alignment->n_links, err);
}

/* Two words belong together if any of their tokens do. */
static tolka_status link_words(const struct numbered *numbered, struct result_alignment *alignment,
                               tolka_error *err) {
    size_t n = alignment->n_links;
    tolka_link *links = malloc((n + 1) * sizeof *links);
    if (!links) return fail(err, TOLKA_NOMEM, "out of memory for an alignment of words");
    for (size_t i = 0; i < n; i++)
        links[i] = (tolka_link){(uint32_t)numbered->source[alignment->links[i].source],
                                (uint32_t)numbered->target[alignment->links[i].target]};
    alignment->word_links = links;
    alignment->n_word_links = alignment_sort(links, n);
    return TOLKA_OK;
}

tolka_status align_text(const struct text_roles *roles, const int32_t *source,
                        struct result_hypothesis *hypothesis, tolka_error *err) {
    struct result_alignment *alignment = &hypothesis->alignment;
    struct numbered numbered = {0};
    tolka_status status = TOLKA_OK;
    if (!alignment->soft) return TOLKA_OK;
    if (numbered_new(&numbered, alignment->n_source, hypothesis->n_tokens)) {
        number_both(&numbered, roles, source, hypothesis);
        status = link_tokens(&numbered, hypothesis->n_tokens, alignment, err);
        if (status == TOLKA_OK) status = link_words(&numbered, alignment, err);
    } else {
        status = fail(err, TOLKA_NOMEM, "out of memory for an alignment of words");
    }
    numbered_free(&numbered);
    return status;
}
