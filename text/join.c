#include "text/join.h"

#include "engine/result.h"
#include "text/growing.h"
#include "tokenizer/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what stands between parts --------------------------------------------------------------- */

/* Words that blanks separate: what stands there are bullets, dashes and the like. */
static size_t count_words(const char *text, size_t length) {
    size_t n = 0;
    for (size_t i = 0; i < length; i++)
        n += !memchr(" \t\r\n", text[i], 4) && (i == 0 || memchr(" \t\r\n", text[i - 1], 4));
    return n;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void append_gap(struct growing *out, const tolka_text *text, tolka_span gap) {
    const char *bytes = text->source + gap.start;
    if (gap.length == 0 || utf8_is_clean(bytes, gap.length)) {
        growing_add(out, bytes, gap.length);
        return;
    }
    size_t n;
    char *clean = utf8_clean(bytes, gap.length, ' ', &n);
    out->failed |= !clean;
    if (clean) growing_add(out, clean, n);
    free(clean);
}

/* ---- hypotheses ------------------------------------------------------------------------------ */

/* Hypothesis k of a part, or its last. */
static struct result_hypothesis *hypothesis_of(const struct part *part, size_t k) {
    size_t n = part->result->n_hypotheses;
    return n == 0 ? NULL : &part->result->hypotheses[k < n ? k : n - 1];
}

struct joining {
    const struct parts *parts;
    const tolka_text *text;
    float length_penalty;
};

static bool join_texts(const struct joining *joining, size_t k, struct result_hypothesis *out) {
    const struct parts *parts = joining->parts;
    struct growing text = {0};
    for (size_t i = 0; i <= parts->n; i++) {
        append_gap(&text, joining->text, parts_gap(parts, joining->text, i));
        const struct result_hypothesis *part =
            i < parts->n ? hypothesis_of(&parts->list[i], k) : NULL;
        if (part && part->text) growing_add(&text, part->text, part->text_length);
    }
    growing_char(&text, 0);
    out->text = text.bytes;
    out->text_length = text.n - 1;
    return !text.failed;
}

/* Sums of log-probabilities are added, and divided as the score of so many tokens is. */
static void join_tokens(const struct joining *joining, size_t k, struct result_hypothesis *out) {
    float penalty = joining->length_penalty;
    double sum = 0;
    out->n_tokens = 0;
    for (size_t i = 0; i < joining->parts->n; i++) {
        const struct result_hypothesis *part = hypothesis_of(&joining->parts->list[i], k);
        if (!part) continue;
        memcpy(out->tokens + out->n_tokens, part->tokens, part->n_tokens * sizeof *part->tokens);
        out->n_tokens += part->n_tokens;
        sum += (double)part->score * pow((double)part->n_tokens, (double)penalty);
    }
    out->score =
        out->n_tokens == 0 ? 0 : (float)(sum / pow((double)out->n_tokens, (double)penalty));
}

/* ---- alignments ------------------------------------------------------------------------------ */

/* Where a part begins, in tokens and words of the whole. */
struct place {
    size_t source, target;
    size_t source_words, target_words;
};

static void copy_links(tolka_link *out, const tolka_link *links, size_t n, size_t source,
                       size_t target) {
    for (size_t i = 0; i < n; i++)
        out[i] =
            (tolka_link){links[i].source + (uint32_t)source, links[i].target + (uint32_t)target};
}

static void add_links(struct result_alignment *out, const struct result_hypothesis *part,
                      const struct place *at) {
    const struct result_alignment *links = &part->alignment;
    copy_links(out->links + out->n_links, links->links, links->n_links, at->source, at->target);
    copy_links(out->word_links + out->n_word_links, links->word_links, links->n_word_links,
               at->source_words, at->target_words);
    out->n_links += links->n_links;
    out->n_word_links += links->n_word_links;
}

static bool take_links(const struct joining *joining, size_t k, struct result_alignment *out) {
    size_t n = 1, n_words = 1;
    for (size_t i = 0; i < joining->parts->n; i++) {
        const struct result_hypothesis *part = hypothesis_of(&joining->parts->list[i], k);
        if (!part) continue;
        n += part->alignment.n_links;
        n_words += part->alignment.n_word_links;
    }
    out->links = malloc(n * sizeof *out->links);
    out->word_links = malloc(n_words * sizeof *out->word_links);
    return out->links && out->word_links;
}

static bool is_aligned(const struct parts *parts, size_t k) {
    const struct result_hypothesis *first = parts->n ? hypothesis_of(&parts->list[0], k) : NULL;
    return first && first->alignment.links;
}

static void take_soft(struct result_alignment *out, struct result_hypothesis *only) {
    out->soft = only->alignment.soft;
    out->n_source = only->alignment.n_source;
    only->alignment.soft = NULL;
}

static bool join_alignments(const struct joining *joining, size_t k,
                            struct result_hypothesis *out) {
    const struct parts *parts = joining->parts;
    struct place at = {0, 0, 0, 0};
    if (!is_aligned(parts, k)) return true;
    if (!take_links(joining, k, &out->alignment)) return false;
    for (size_t i = 0; i < parts->n; i++) {
        const struct result_hypothesis *part = hypothesis_of(&parts->list[i], k);
        tolka_span gap = parts_gap(parts, joining->text, i);
        size_t n_words = count_words(joining->text->source + gap.start, gap.length);
        at.source_words += n_words;
        at.target_words += n_words;
        if (!part) continue;
        if (parts->n == 1) take_soft(&out->alignment, hypothesis_of(&parts->list[0], k));
        add_links(&out->alignment, part, &at);
        at.source += parts->list[i].n_ids;
        at.target += part->n_tokens;
        at.source_words += part->alignment.n_source_words;
        at.target_words += part->alignment.n_target_words;
    }
    return true;
}

/* ---- results --------------------------------------------------------------------------------- */

static size_t count_hypotheses(const struct parts *parts, size_t *n_tokens) {
    size_t n = parts->n ? 0 : 1;
    for (size_t i = 0; i < parts->n; i++)
        if (parts->list[i].result->n_hypotheses > n) n = parts->list[i].result->n_hypotheses;
    *n_tokens = 0;
    for (size_t i = 0; i < parts->n; i++)
        for (size_t k = 0; k < n && hypothesis_of(&parts->list[i], k); k++)
            *n_tokens += hypothesis_of(&parts->list[i], k)->n_tokens;
    return n;
}

static bool join_sources(const struct parts *parts, tolka_result *out) {
    for (size_t i = 0; i < parts->n; i++) out->n_source += parts->list[i].n_ids;
    out->source = malloc((out->n_source + 1) * sizeof *out->source);
    for (size_t i = 0, at = 0; out->source && i < parts->n; at += parts->list[i++].n_ids)
        memcpy(out->source + at, parts->list[i].ids, parts->list[i].n_ids * sizeof *out->source);
    return out->source != NULL;
}

static bool join_all(const struct joining *joining, tolka_result *out) {
    tolka_token *tokens = out->n_hypotheses ? out->hypotheses[0].tokens : NULL;
    for (size_t k = 0; k < out->n_hypotheses; k++) {
        struct result_hypothesis *hypothesis = &out->hypotheses[k];
        hypothesis->tokens = tokens;
        join_tokens(joining, k, hypothesis);
        tokens += hypothesis->n_tokens;
        if (!join_texts(joining, k, hypothesis) || !join_alignments(joining, k, hypothesis))
            return false;
    }
    return join_sources(joining->parts, out);
}

/* The parts' results, which are the whole's from now on. */
static bool keep_parts(struct parts *parts, tolka_result *out) {
    if (parts->n < 2) return true;
    out->parts = calloc(parts->n, sizeof *out->parts);
    if (!out->parts) return false;
    out->n_parts = parts->n;
    for (size_t i = 0; i < parts->n; i++) {
        struct part *part = &parts->list[i];
        part->result->source = part->ids;
        part->result->n_source = part->n_ids;
        out->parts[i] = (struct result_part){part->span, part->result};
        part->ids = NULL;
        part->result = NULL;
    }
    return true;
}

/* A part that failed fails the whole; one that was stopped ends it. */
static tolka_result *first_failed(struct parts *parts) {
    for (size_t i = 0; i < parts->n; i++) {
        tolka_result *result = parts->list[i].result;
        if (!result || (result->status != TOLKA_OK && result->status != TOLKA_STOPPED)) {
            parts->list[i].result = NULL;
            return result;
        }
    }
    return NULL;
}

static bool all_there(const struct parts *parts) {
    for (size_t i = 0; i < parts->n; i++)
        if (!parts->list[i].result) return false;
    return true;
}

static void take_status(const struct parts *parts, tolka_result *out) {
    for (size_t i = 0; i < parts->n && !out->warning; i++)
        out->warning = parts->list[i].result->warning;
    for (size_t i = 0; i < parts->n && out->status == TOLKA_OK; i++) {
        if (parts->list[i].result->status == TOLKA_OK) continue;
        out->status = TOLKA_STOPPED;
        out->reason = "stopped by the caller";
    }
}

/* The only part's result, which is all of the text. */
static tolka_result *take_only(struct part *part) {
    tolka_result *result = part->result;
    result->source = part->ids;
    result->n_source = part->n_ids;
    part->ids = NULL;
    part->result = NULL;
    return result;
}

tolka_result *parts_join(struct parts *parts, const tolka_text *text, float length_penalty) {
    struct joining joining = {parts, text, length_penalty};
    size_t n_tokens, n_hypotheses;
    tolka_result *failed = first_failed(parts);
    if (failed || !all_there(parts)) return failed;
    if (parts->n == 1 && parts->list[0].span.length == text->source_length)
        return take_only(&parts->list[0]);
    n_hypotheses = count_hypotheses(parts, &n_tokens);
    tolka_result *result = result_new(n_hypotheses, n_tokens);
    if (!result) return NULL;
    take_status(parts, result);
    if (join_all(&joining, result) && keep_parts(parts, result)) return result;
    tolka_result_free(result);
    return NULL;
}
