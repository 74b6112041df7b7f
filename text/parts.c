#include "text/parts.h"

#include "engine/error.h"
#include "text/clauses.h"
#include "text/marks.h"
#include "tokenizer/tokenize.h"

#include <stdlib.h>
#include <string.h>

/* A text of so many bytes for each token that a part may have is too long for sure, and not worth
 * tokenizing. */
enum { BYTES_PER_TOKEN = 64 };

/* ---- targets --------------------------------------------------------------------------------- */

/* A target that is scored begins with the token that its translation would be forced to. */
static tolka_status tokenize_target(const tolka_tokenizer *tokenizer, const tolka_text *text,
                                    struct part *out, tolka_error *err) {
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
                                    struct part *out, tolka_error *err) {
    if (text->target_length == 0) return TOLKA_OK;
    tolka_status status = tolka_tokenize_target(tokenizer, text->target, text->target_length,
                                                &out->target, &out->n_target, err);
    size_t n = status == TOLKA_OK ? out->n_target : 0;
    if (n > 0 && out->target[n - 1] == tokenizer->eos) out->n_target--;
    return status;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static struct part *add_part(struct parts *parts) {
    if (parts->n == parts->capacity) {
        size_t capacity = 2 * parts->capacity + 1;
        struct part *list = realloc(parts->list, capacity * sizeof *list);
        if (!list) return NULL;
        parts->list = list;
        parts->capacity = capacity;
    }
    parts->list[parts->n] = (struct part){.n_ids = 0};
    return &parts->list[parts->n++];
}

static void part_clear(struct part *part) {
    masked_free(part->masked);
    free(part->ids);
    free(part->target);
    tolka_result_free(part->result);
}

void parts_drop(struct parts *parts, size_t n) {
    while (parts->n > n) part_clear(&parts->list[--parts->n]);
}

void parts_free(struct parts *parts) {
    parts_drop(parts, 0);
    free(parts->list);
    *parts = (struct parts){.n = 0};
}

tolka_span parts_gap(const struct parts *parts, const tolka_text *text, size_t i) {
    const tolka_span *before = i > 0 ? &parts->list[i - 1].span : NULL;
    size_t start = before ? before->start + before->length : parts->n_tags;
    size_t end = i < parts->n ? parts->list[i].span.start : text->source_length;
    return (tolka_span){start, end > start ? end - start : 0};
}

struct cutter {
    const struct cutting *cutting;
    const tolka_text *text;
    struct parts *parts;
    bool masks;
};

static size_t tags_before(size_t n_tags, tolka_span span) {
    return span.start < n_tags ? 0 : n_tags;
}

char *part_text(const tolka_text *text, size_t n_tags, tolka_span span, const struct masked *masked,
                size_t *length) {
    const char *own = masked ? masked->text : text->source + span.start;
    size_t n = masked ? masked->length : span.length;
    n_tags = tags_before(n_tags, span);
    char *tagged = malloc(n_tags + n + 1);
    if (!tagged) return NULL;
    memcpy(tagged, text->source, n_tags);
    memcpy(tagged + n_tags, own, n);
    *length = n_tags + n;
    return tagged;
}

/* A part's ids: of the text's tags (">>deu<< "), which every part needs, and its own text. */
static tolka_status tokenize_span(const struct cutter *cutter, tolka_span span,
                                  const struct masked *masked, int32_t **ids, size_t *n,
                                  tolka_error *err) {
    const char *source = cutter->text->source;
    const tolka_tokenizer *tokenizer = cutter->cutting->tokenizer;
    size_t n_tags = cutter->parts->n_tags, length;
    if (tags_before(n_tags, span) == 0 && !masked)
        return tolka_tokenize(tokenizer, source + span.start, span.length, ids, n, err);
    char *tagged = part_text(cutter->text, n_tags, span, masked, &length);
    if (!tagged) return fail(err, TOLKA_NOMEM, "out of memory for a sentence");
    tolka_status status = tolka_tokenize(tokenizer, tagged, length, ids, n, err);
    free(tagged);
    return status;
}

static bool is_too_long(const struct cutter *cutter, size_t n, size_t per_token) {
    return cutter->cutting->max_source > 0 && n / per_token > cutter->cutting->max_source;
}

/* Takes what the new part has; `new_part` has the span, what it masks, and its ids. */
static tolka_status keep_part(const struct cutter *cutter, struct part *new_part,
                              tolka_error *err) {
    struct part *part = add_part(cutter->parts);
    if (!part) return fail(err, TOLKA_NOMEM, "out of memory for a sentence");
    *part = *new_part;
    *new_part = (struct part){.n_ids = 0};
    return TOLKA_OK;
}

/* Where a span of n bytes or tokens has to be cut; 0: nowhere, as it fits or has no place for it. */
static size_t place_to_cut(const struct cutter *cutter, tolka_span span, size_t n,
                           size_t per_token) {
    if (!is_too_long(cutter, n, per_token)) return 0;
    return clause_cut(cutter->text->source + span.start, span.length);
}

/* Adds the part, unless it has to be cut: *cut says where, or is 0. */
static tolka_status try_part(const struct cutter *cutter, struct part *part, size_t *cut,
                             tolka_error *err) {
    size_t n_special = cutter->cutting->n_special;
    tolka_status status =
        tokenize_span(cutter, part->span, part->masked, &part->ids, &part->n_ids, err);
    if (status != TOLKA_OK || part->n_ids <= n_special) return status;
    *cut = place_to_cut(cutter, part->span, part->n_ids - n_special, 1);
    return *cut > 0 ? TOLKA_OK : keep_part(cutter, part, err);
}

static tolka_span without_blanks(const char *text, tolka_span span) {
    size_t before = blanks_before(text + span.start, span.length);
    span.start += before;
    span.length -= before;
    span.length -= blanks_behind(text + span.start, span.length);
    return span;
}

static tolka_status cut_span(const struct cutter *cutter, tolka_span span, tolka_error *err);

/* What stands between addresses, without the marks that end what stood before it. */
static tolka_status cut_between(const struct cutter *cutter, size_t start, size_t end,
                                tolka_error *err) {
    const char *source = cutter->text->source;
    struct cutter unmasked = *cutter;
    unmasked.masks = false;
    while (start < end && source[start] && strchr(".,;:!?)", source[start])) start++;
    tolka_span span = without_blanks(source, (tolka_span){start, end - start});
    return has_letters(source + span.start, span.length) ? cut_span(&unmasked, span, err)
                                                         : TOLKA_OK;
}

static tolka_status cut_around(const struct cutter *cutter, tolka_span span,
                               const struct masked *masked, tolka_error *err) {
    size_t at = span.start;
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < masked->n && status == TOLKA_OK; i++) {
        tolka_span address = masked->masks[i].span;
        status = cut_between(cutter, at, address.start, err);
        at = address.start + address.length;
    }
    return status == TOLKA_OK ? cut_between(cutter, at, span.start + span.length, err) : status;
}

/* Each cut leaves at most three quarters of what can be cut further, so this is not deep. */
static tolka_status cut_at(const struct cutter *cutter, tolka_span span, size_t at,
                           tolka_error *err) {
    const char *source = cutter->text->source;
    tolka_span first = {span.start, at}, second = {span.start + at, span.length - at};
    tolka_status status = cut_span(cutter, without_blanks(source, first), err);
    return status == TOLKA_OK ? cut_span(cutter, without_blanks(source, second), err) : status;
}

/* A part of addresses alone is none. */
static tolka_status cut_span(const struct cutter *cutter, tolka_span span, tolka_error *err) {
    struct part part = {.span = span};
    size_t cut = place_to_cut(cutter, span, span.length, BYTES_PER_TOKEN);
    tolka_status status = TOLKA_OK;
    if (cut == 0 && cutter->masks)
        status = mask_span(cutter->text->source, span, &part.masked, err);
    bool is_shown = !part.masked || (part.masked->has_letters && part.masked->has_words);
    if (status == TOLKA_OK && !is_shown)
        status = cut_around(cutter, span, part.masked, err);
    else if (status == TOLKA_OK && cut == 0)
        status = try_part(cutter, &part, &cut, err);
    part_clear(&part);
    return status == TOLKA_OK && cut > 0 ? cut_at(cutter, span, cut, err) : status;
}

/* ---- a text ---------------------------------------------------------------------------------- */

tolka_status cutting_begin(struct cutting *cutting, tolka_error *err) {
    int32_t *ids;
    tolka_status status = tolka_tokenize(cutting->tokenizer, "", 0, &ids, &cutting->n_special, err);
    free(ids);
    return status;
}

/* A prefix is the first part's; what is scored is the only one's. */
static tolka_status add_target(const struct cutter *cutter, tolka_error *err) {
    struct parts *parts = cutter->parts;
    const struct cutting *cutting = cutter->cutting;
    if (parts->n == 0) return TOLKA_OK;
    if (!cutting->scores)
        return tokenize_prefix(cutting->tokenizer, cutter->text, parts->list, err);
    tolka_status status = tokenize_target(cutting->tokenizer, cutter->text, parts->list, err);
    if (status == TOLKA_OK && parts->list->n_target == 0) parts_free(parts);
    return status;
}

tolka_status parts_cut_again(struct parts *out, const struct cutting *cutting,
                             const tolka_text *text, size_t n_tags, tolka_span span,
                             tolka_error *err) {
    struct cutter cutter = {cutting, text, out, cutting->masks};
    *out = (struct parts){.n_tags = n_tags};
    return cut_span(&cutter, span, err);
}

tolka_status parts_cut_around(struct parts *out, const struct cutting *cutting,
                              const tolka_text *text, size_t n_tags, const struct part *part,
                              tolka_error *err) {
    struct cutter cutter = {cutting, text, out, false};
    *out = (struct parts){.n_tags = n_tags};
    return cut_around(&cutter, part->span, part->masked, err);
}

tolka_status parts_replace(struct parts *parts, size_t i, struct parts *by, tolka_error *err) {
    size_t n = parts->n - 1 + by->n;
    struct part *list = malloc((n + 1) * sizeof *list);
    if (!list) return fail(err, TOLKA_NOMEM, "out of memory for the clauses of a sentence");
    memcpy(list, parts->list, i * sizeof *list);
    memcpy(list + i, by->list, by->n * sizeof *list);
    memcpy(list + i + by->n, parts->list + i + 1, (parts->n - i - 1) * sizeof *list);
    part_clear(&parts->list[i]);
    free(parts->list);
    free(by->list);
    *by = (struct parts){.n = 0};
    parts->list = list;
    parts->n = n;
    parts->capacity = n + 1;
    return TOLKA_OK;
}

tolka_status parts_cut(struct parts *out, const struct cutting *cutting, const tolka_text *text,
                       const tolka_span *sentences, size_t n_sentences, tolka_error *err) {
    /* Who begins a translation knows what the model is shown. */
    struct cutter cutter = {cutting, text, out, cutting->masks && text->target_length == 0};
    tolka_span whole = {0, text->source_length};
    tolka_status status = TOLKA_OK;
    *out = (struct parts){.n = 0};
    if (sentences)
        out->n_tags = tokenizer_tags(cutting->tokenizer, text->source, text->source_length);
    for (size_t i = 0; status == TOLKA_OK && i < (sentences ? n_sentences : 1); i++)
        status = cut_span(&cutter, sentences ? sentences[i] : whole, err);
    return status == TOLKA_OK ? add_target(&cutter, err) : status;
}
