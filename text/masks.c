#include "text/masks.h"

#include "engine/error.h"
#include "text/growing.h"
#include "text/marks.h"
#include "text/protected_spans.h"
#include "text/stand_ins.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static tolka_status no_memory(tolka_error *err) {
    return fail(err, TOLKA_NOMEM, "out of memory for the addresses of a sentence");
}

/* ---- finding them ---------------------------------------------------------------------------- */

static bool find_masks(const char *bytes, size_t n, size_t first, struct growing *out) {
    for (size_t at = 0, length; at < n && !out->failed; at += length ? length : 1) {
        length = protected_length(bytes, n, at);
        struct mask *mask = length ? growing_item(out, sizeof *mask) : NULL;
        if (mask) mask->span = (tolka_span){first + at, length};
    }
    return !out->failed;
}

static void choose_words(struct masked *masked, const char *bytes, size_t n, size_t first) {
    struct stand_ins used = {0, 0};
    masked->has_words = true;
    for (size_t i = 0; i < masked->n; i++) {
        struct mask *mask = &masked->masks[i];
        size_t begin = mask->span.start - first, end = begin + mask->span.length;
        bool is_number = protected_is_number(bytes + begin, mask->span.length);
        if (!stand_in_is_glued(bytes, n, begin, end))
            mask->word = next_stand_in(&used, is_number, bytes, n);
        masked->has_words = masked->has_words && mask->word;
    }
}

/* ---- what the model sees --------------------------------------------------------------------- */

static bool show(struct masked *masked, const char *text, tolka_span span) {
    struct growing shown = {0};
    size_t at = span.start, end = span.start + span.length;
    for (size_t i = 0; i <= masked->n; i++) {
        const struct mask *mask = i < masked->n ? &masked->masks[i] : NULL;
        size_t n = (mask ? mask->span.start : end) - at;
        masked->has_letters = masked->has_letters || has_letters(text + at, n);
        growing_add(&shown, text + at, n);
        if (mask && mask->word) growing_string(&shown, mask->word);
        if (mask) at = mask->span.start + mask->span.length;
    }
    growing_char(&shown, 0);
    masked->text = shown.bytes;
    masked->length = shown.n > 0 ? shown.n - 1 : 0;
    return !shown.failed;
}

tolka_status mask_span(const char *text, tolka_span span, struct masked **out, tolka_error *err) {
    struct growing masks = {0};
    *out = NULL;
    bool found = find_masks(text + span.start, span.length, span.start, &masks);
    if (found && masks.n == 0) return TOLKA_OK;
    struct masked *masked = found ? calloc(1, sizeof *masked) : NULL;
    if (!masked) {
        growing_free(&masks);
        return no_memory(err);
    }
    masked->masks = (struct mask *)(void *)masks.bytes;
    masked->n = masks.n / sizeof *masked->masks;
    choose_words(masked, text + span.start, span.length, span.start);
    *out = masked;
    if (show(masked, text, span)) return TOLKA_OK;
    masked_free(masked);
    *out = NULL;
    return no_memory(err);
}

void masked_free(struct masked *masked) {
    if (!masked) return;
    free(masked->masks);
    free(masked->text);
    free(masked);
}

/* ---- what they stand for --------------------------------------------------------------------- */

static size_t place_of(const struct mask *mask, const char *translation, size_t length) {
    return find_stand_in(translation, length, mask->word, strlen(mask->word));
}

size_t masked_lost(const struct masked *masked, const char *translation, size_t length) {
    size_t n = 0;
    for (size_t i = 0; i < masked->n; i++)
        n += place_of(&masked->masks[i], translation, length) == SIZE_MAX;
    return n;
}

/* The stand-in that comes first behind byte `from`; NULL: there is none. */
static const struct mask *next_mask(const struct masked *masked, const char *translation,
                                    size_t length, size_t from, size_t *at) {
    const struct mask *first = NULL;
    for (size_t i = 0; i < masked->n; i++) {
        size_t place = place_of(&masked->masks[i], translation, length);
        if (place == SIZE_MAX || place < from || (first && place > *at)) continue;
        first = &masked->masks[i];
        *at = place;
    }
    return first;
}

tolka_status masked_restore(const struct masked *masked, const char *text, char **translation,
                            size_t *length, tolka_error *err) {
    struct growing out = {0};
    const struct mask *mask;
    size_t from = 0, at = 0;
    while ((mask = next_mask(masked, *translation, *length, from, &at))) {
        growing_add(&out, *translation + from, at - from);
        growing_add(&out, text + mask->span.start, mask->span.length);
        from = at + strlen(mask->word);
    }
    growing_add(&out, *translation + from, *length - from);
    growing_char(&out, 0);
    if (out.failed) {
        growing_free(&out);
        return no_memory(err);
    }
    free(*translation);
    *translation = out.bytes;
    *length = out.n - 1;
    return TOLKA_OK;
}
