#include "text/unknown.h"

#include "engine/translator.h"
#include "text/marks.h"
#include "tokenizer/detokenize.h"
#include "tokenizer/tokenize.h"
#include "tokenizer/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

bool has_unknown(const tolka_tokenizer *tokenizer, const struct result_hypothesis *hypothesis) {
    for (size_t i = 0; i < hypothesis->n_tokens; i++)
        if (tokenizer_is_unknown(tokenizer, hypothesis->tokens[i].id)) return true;
    return false;
}

/* ---- what can be copied ---------------------------------------------------------------------- */

/* A stretch of the source, of tokens [first, end). */
struct stretch {
    size_t first, end;
    tolka_span span; /* of the text */
    bool is_used;
};

struct copying {
    char *text; /* clean: tags and the part */
    size_t length;
    int32_t *ids; /* [n] */
    tolka_span *spans;
    size_t n;
    struct stretch *stretches; /* [n_stretches] */
    size_t n_stretches;
    float *own_weights;
    const float *weights; /* [n_target][n] */
};

static void copying_free(struct copying *copying) {
    free(copying->text);
    free(copying->ids);
    free(copying->spans);
    free(copying->stretches);
    free(copying->own_weights);
}

static tolka_status read_source(struct copying *copying, const struct unknown_source *source,
                                tolka_error *err) {
    size_t length;
    char *text =
        part_text(source->text, source->n_tags, source->part->span, source->part->masked, &length);
    copying->text = text ? utf8_clean(text, length, ' ', &copying->length) : NULL;
    free(text);
    if (!copying->text) return fail(err, TOLKA_NOMEM, "out of memory for a sentence");
    return tokenizer_spans(source->tokenizer, copying->text, copying->length, &copying->ids,
                           &copying->spans, &copying->n, err);
}

/* Neighbours that the vocabulary cannot spell are copied together, but words one by one. */
static bool continues_last(const struct copying *copying, const tolka_tokenizer *tokenizer,
                           size_t i) {
    if (copying->n_stretches == 0 || tokenizer->kind == PIECES_WORDS) return false;
    const struct stretch *last = &copying->stretches[copying->n_stretches - 1];
    return last->end == i && last->span.start + last->span.length == copying->spans[i].start;
}

static void list_unknown(struct copying *copying, const tolka_tokenizer *tokenizer) {
    for (size_t i = 0; i < copying->n; i++) {
        if (copying->ids[i] != tokenizer->unknown || copying->spans[i].length == 0) continue;
        if (continues_last(copying, tokenizer, i)) {
            struct stretch *last = &copying->stretches[copying->n_stretches - 1];
            last->end = i + 1;
            last->span.length += copying->spans[i].length;
        } else {
            copying->stretches[copying->n_stretches++] =
                (struct stretch){i, i + 1, copying->spans[i], false};
        }
    }
}

/* A piece may begin or end with the blank beside it. */
static tolka_span trimmed(const char *text, tolka_span span, bool marks, uint32_t *c) {
    for (size_t n; span.length > 0; span.start += n, span.length -= n) {
        n = utf8_decode(text + span.start, span.length, c);
        if (!u_isUWhiteSpace((UChar32)*c) && !(marks && u_ispunct((UChar32)*c))) break;
    }
    for (size_t n; span.length > 0; span.length -= n) {
        n = last_character(text + span.start, span.length, c);
        if (!u_isUWhiteSpace((UChar32)*c) && !(marks && u_ispunct((UChar32)*c))) break;
    }
    return span;
}

/* The words that blanks separate, without the marks around them. */
static void list_words(struct copying *copying) {
    uint32_t c;
    struct stretch *word = NULL;
    for (size_t i = 0; i < copying->n; i++) {
        tolka_span span = trimmed(copying->text, copying->spans[i], false, &c);
        if (span.length == 0) continue;
        bool joined = word &&
                      !blanks_before(copying->text + word->span.start + word->span.length,
                                     span.start - word->span.start - word->span.length) &&
                      span.start == word->span.start + word->span.length;
        if (!joined) {
            word = &copying->stretches[copying->n_stretches++];
            *word = (struct stretch){i, i, span, false};
        }
        word->end = i + 1;
        word->span.length = span.start + span.length - word->span.start;
    }
    for (size_t k = 0; k < copying->n_stretches; k++)
        copying->stretches[k].span = trimmed(copying->text, copying->stretches[k].span, true, &c);
}

static tolka_status list_stretches(struct copying *copying, const struct unknown_source *source,
                                   tolka_error *err) {
    copying->stretches = calloc(copying->n + 1, sizeof *copying->stretches);
    if (!copying->stretches) return fail(err, TOLKA_NOMEM, "out of memory for a sentence");
    list_unknown(copying, source->tokenizer);
    for (size_t k = 0; k < copying->n_stretches; k++) {
        uint32_t c;
        struct stretch *stretch = &copying->stretches[k];
        stretch->span = trimmed(copying->text, stretch->span, false, &c);
    }
    bool has_words = source->tokenizer->kind == PIECES_WORDS;
    if (copying->n_stretches == 0 && has_words) list_words(copying);
    return TOLKA_OK;
}

/* ---- where attention was --------------------------------------------------------------------- */

static tolka_status find_weights(struct copying *copying, const struct unknown_source *source,
                                 const struct result_hypothesis *hypothesis, tolka_error *err) {
    copying->weights = hypothesis->alignment.soft;
    if (copying->weights) return TOLKA_OK;
    int32_t *ids = hypothesis_ids(hypothesis);
    if (!ids) return fail(err, TOLKA_NOMEM, "out of memory for an alignment");
    tolka_input pair = source->input;
    pair.target = ids;
    pair.n_target = hypothesis->n_tokens;
    tolka_status status = translator_align(source->translator, &pair, &copying->own_weights, err);
    copying->weights = copying->own_weights;
    free(ids);
    return status;
}

static float weight_of(const float *row, const struct stretch *stretch) {
    float sum = 0;
    for (size_t j = stretch->first; j < stretch->end; j++) sum += row[j];
    return sum;
}

static struct stretch *most_attended(struct copying *copying, size_t i, bool unused) {
    const float *row = copying->weights + i * copying->n;
    struct stretch *best = NULL;
    for (size_t k = 0; k < copying->n_stretches; k++) {
        struct stretch *stretch = &copying->stretches[k];
        if (unused && stretch->is_used) continue;
        if (!best || weight_of(row, stretch) > weight_of(row, best)) best = stretch;
    }
    return best;
}

/* Of several unknown tokens in a row that look at the same, the first stands for all of it. */
static struct stretch *choose(struct copying *copying, size_t i, bool behind_another) {
    struct stretch *best = most_attended(copying, i, false);
    if (!best || !best->is_used) return best;
    return behind_another ? NULL : most_attended(copying, i, true);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool is_blank_at(const struct copying *copying, size_t at) {
    return blanks_before(copying->text + at, copying->length - at) > 0;
}

static struct shown_instead instead_of(const struct copying *copying,
                                       const struct stretch *stretch) {
    tolka_span span = stretch->span;
    return (struct shown_instead){copying->text + span.start, span.length,
                                  span.start == 0 || blanks_behind(copying->text, span.start) > 0,
                                  is_blank_at(copying, span.start + span.length)};
}

/* `copying` NULL: unknown tokens show nothing. */
static void replace(struct copying *copying, const tolka_tokenizer *tokenizer,
                    const struct result_hypothesis *hypothesis, struct shown_instead *instead) {
    bool behind_another = false;
    for (size_t i = 0; i < hypothesis->n_tokens; i++) {
        bool is_unknown = tokenizer_is_unknown(tokenizer, hypothesis->tokens[i].id);
        struct stretch *stretch = is_unknown && copying ? choose(copying, i, behind_another) : NULL;
        if (is_unknown) instead[i] = (struct shown_instead){"", 0, false, false};
        if (stretch) {
            instead[i] = instead_of(copying, stretch);
            stretch->is_used = true;
        }
        behind_another = is_unknown;
    }
}

static tolka_status replace_copying(const struct unknown_source *source,
                                    const struct result_hypothesis *hypothesis,
                                    struct shown_instead *instead, struct copying *copying,
                                    tolka_error *err) {
    tolka_status status = read_source(copying, source, err);
    if (status == TOLKA_OK) status = list_stretches(copying, source, err);
    if (status == TOLKA_OK) status = find_weights(copying, source, hypothesis, err);
    if (status == TOLKA_OK) replace(copying, source->tokenizer, hypothesis, instead);
    return status;
}

static tolka_status show_replaced(const struct unknown_source *source,
                                  struct result_hypothesis *hypothesis, const int32_t *ids,
                                  struct shown_instead *instead, tolka_error *err) {
    struct copying copying = {.text = NULL};
    tolka_status status = TOLKA_OK;
    if (source->how == TOLKA_UNKNOWN_COPY)
        status = replace_copying(source, hypothesis, instead, &copying, err);
    else
        replace(NULL, source->tokenizer, hypothesis, instead);
    if (status == TOLKA_OK)
        status = tokenizer_show(source->tokenizer, ids, hypothesis->n_tokens, instead,
                                &hypothesis->text, &hypothesis->text_length, err);
    copying_free(&copying);
    return status;
}

tolka_status unknown_show(const struct unknown_source *source, struct result_hypothesis *hypothesis,
                          tolka_error *err) {
    bool replaces = source->how != TOLKA_UNKNOWN_MARK && has_unknown(source->tokenizer, hypothesis);
    size_t n = hypothesis->n_tokens;
    int32_t *ids = hypothesis_ids(hypothesis);
    struct shown_instead *instead = replaces ? calloc(n, sizeof *instead) : NULL;
    tolka_status status;
    if (!ids || (replaces && !instead))
        status = fail(err, TOLKA_NOMEM, "out of memory for a translation");
    else if (replaces)
        status = show_replaced(source, hypothesis, ids, instead, err);
    else
        status = tolka_detokenize(source->tokenizer, ids, n, &hypothesis->text,
                                  &hypothesis->text_length, err);
    free(ids);
    free(instead);
    return status;
}
