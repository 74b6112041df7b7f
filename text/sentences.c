/* Sentences by ICU's rules (Unicode's UAX 29), which know each language's abbreviations (CLDR's
 * suppressions: no sentence ends behind "Dr."). */
#include "text/sentences.h"

#include "engine/error.h"
#include "text/abbreviations.h"
#include "text/marks.h"
#include "tokenizer/icu_memory.h"
#include "tokenizer/locale_name.h"
#include "tokenizer/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>

struct sentence_finder {
    size_t n;
    UBreakIterator *iterators[MOST_LANGUAGES]; /* one for each language that the text may be in */
    int32_t at[MOST_LANGUAGES];                /* where each of them is */
    bool has_ordinals;                         /* has one of them numbers like "3."? */
    UText *text;                               /* opened anew for each text */
};

/* ---- languages' rules ------------------------------------------------------------------------ */

/* The code of two letters of a language as models write it: "__de__", "deu_Latn", ">>deu<<"; empty:
 * ICU knows none. */
static void code_of(const char *language, char code[LONGEST_SUBTAG]) {
    char name[LONGEST_LANGUAGE] = "";
    size_t start = strspn(language, "<>_"), n = strcspn(language + start, "<>_-");
    snprintf(name, sizeof name, "%.*s", (int)n, language + start);
    locale_language(name, code);
}

static bool add_language(struct sentence_finder *finder, const char *language) {
    char code[LONGEST_SUBTAG], locale[LONGEST_SUBTAG + 16];
    UErrorCode status = U_ZERO_ERROR;
    code_of(language, code);
    snprintf(locale, sizeof locale, "%s@ss=standard", code);
    finder->iterators[finder->n] = ubrk_open(UBRK_SENTENCE, locale, NULL, 0, &status);
    finder->n += finder->iterators[finder->n] != NULL;
    finder->has_ordinals |= language_has_ordinals(code);
    return !U_FAILURE(status);
}

tolka_status sentence_finder_new(struct sentence_finder **out, const char *const *languages,
                                 size_t n, tolka_error *err) {
    struct sentence_finder *finder = calloc(1, sizeof *finder);
    bool ok = finder && icu_has_memory() && (n > 0 || add_language(finder, ""));
    for (size_t i = 0; ok && i < n && i < MOST_LANGUAGES; i++)
        ok = add_language(finder, languages[i]);
    *out = ok ? finder : NULL;
    if (ok) return TOLKA_OK;
    sentence_finder_free(finder);
    return fail(err, TOLKA_NOMEM, "out of memory for the rules of sentences");
}

void sentence_finder_free(struct sentence_finder *finder) {
    if (!finder) return;
    while (finder->n > 0) ubrk_close(finder->iterators[--finder->n]);
    utext_close(finder->text);
    free(finder);
}

/* Where the source's language is not known it may be any but the target's; a model with many
 * languages most often translates from English. */
tolka_status sentence_finder_for(struct sentence_finder **out, const tolka_tokenizer *tokenizer,
                                 tolka_error *err) {
    char names[MOST_LANGUAGES][LONGEST_LANGUAGE];
    const char *list[MOST_LANGUAGES] = {"en"};
    const struct languages *languages = &tokenizer->languages;
    size_t n = 0;
    if (tokenizer->source_language[0]) {
        list[0] = tokenizer->source_language;
        return sentence_finder_new(out, list, 1, err);
    }
    for (size_t i = 0; languages->n <= MOST_LANGUAGES && i < languages->n; i++) {
        if (languages->ids[i] == tokenizer->to) continue;
        snprintf(names[n], sizeof names[n], "%.*s",
                 (int)(languages->tokens[i].length % LONGEST_LANGUAGE), languages->tokens[i].bytes);
        list[n] = names[n];
        n++;
    }
    return sentence_finder_new(out, list, n > 0 ? n : 1, err);
}

/* ---- sentences ------------------------------------------------------------------------------- */

struct found {
    tolka_span *spans;
    size_t n, capacity;
};

static bool add_span(struct found *found, size_t start, size_t end) {
    if (found->n == found->capacity) {
        size_t capacity = 2 * found->capacity + 4;
        tolka_span *spans = realloc(found->spans, capacity * sizeof *spans);
        if (!spans) return false;
        found->spans = spans;
        found->capacity = capacity;
    }
    found->spans[found->n++] = (tolka_span){start, end - start};
    return true;
}

/* Adds text[start, end) without the blanks around it and the bullets before it, if there is
 * something to translate. */
static bool add_sentence(struct found *found, const char *text, size_t start, size_t end) {
    bool begins_line = start == 0 || text[start - 1] == '\n' || text[start - 1] == '\r';
    start += blanks_before(text + start, end - start);
    for (size_t n; (n = bullet_length(text + start, end - start, begins_line)) > 0;) start += n;
    end -= blanks_behind(text + start, end - start);
    return !has_letters(text + start, end - start) || add_span(found, start, end);
}

/* Does a lower-case letter follow on the same line? ("Where?" she asked.) */
static bool goes_on(const char *text, size_t length, size_t at) {
    uint32_t c = 0;
    if (at < length) utf8_decode(text + at, length - at, &c);
    return u_islower((UChar32)c) && text[at - 1] != '\n' && text[at - 1] != '\r';
}

/* Is this a place to part a text? ICU also finds sentences in "really?no" and "a.b/?q=1". */
static bool parts(const struct sentence_finder *finder, const char *text, size_t length,
                  size_t at) {
    if (at == length || ends_without_blank(text, at)) return true;
    if (goes_on(text, length, at) || (finder->has_ordinals && ends_with_ordinal(text, at)))
        return false;
    return blanks_behind(text, at) > 0 && !ends_with_abbreviation(text, at);
}

/* The next place where all languages part sentences; false: there is none. */
static bool next_boundary(struct sentence_finder *finder, size_t *boundary) {
    int32_t farthest = finder->at[0] = ubrk_next(finder->iterators[0]);
    for (size_t i = 0, n_equal = 0; farthest != UBRK_DONE && n_equal < finder->n;
         i = (i + 1) % finder->n) {
        while (finder->at[i] != UBRK_DONE && finder->at[i] < farthest)
            finder->at[i] = ubrk_next(finder->iterators[i]);
        n_equal = finder->at[i] == farthest ? n_equal + 1 : 1;
        farthest = finder->at[i];
    }
    *boundary = (size_t)farthest;
    return farthest != UBRK_DONE;
}

static bool find_all(struct sentence_finder *finder, const char *text, size_t length,
                     struct found *found) {
    size_t start = 0, end;
    for (size_t i = 0; i < finder->n; i++) finder->at[i] = ubrk_first(finder->iterators[i]);
    while (next_boundary(finder, &end)) {
        if (!parts(finder, text, length, end)) continue;
        if (!add_sentence(found, text, start, end)) return false;
        start = end;
    }
    return start == length || add_sentence(found, text, start, length);
}

tolka_status sentences_find(struct sentence_finder *finder, const char *text, size_t length,
                            tolka_span **spans, size_t *n, tolka_error *err) {
    struct found found = {NULL, 0, 0};
    UErrorCode status = U_ZERO_ERROR;
    *spans = NULL;
    *n = 0;
    if (length > INT32_MAX)
        return fail(err, TOLKA_INPUT, "a text of %zu bytes is too long", length);
    finder->text = utext_openUTF8(finder->text, text, (int64_t)length, &status);
    for (size_t i = 0; i < finder->n; i++)
        ubrk_setUText(finder->iterators[i], finder->text, &status);
    if (U_FAILURE(status) || !find_all(finder, text, length, &found) ||
        !(found.spans = found.spans ? found.spans : malloc(sizeof *found.spans))) {
        free(found.spans);
        return fail(err, TOLKA_NOMEM, "out of memory for the sentences of a text");
    }
    *spans = found.spans;
    *n = found.n;
    return TOLKA_OK;
}

tolka_status tolka_split_text(const char *text, size_t length, const char *language,
                              tolka_span **sentences, size_t *n, tolka_error *err) {
    struct sentence_finder *finder;
    if (sentences) *sentences = NULL;
    if (n) *n = 0;
    tolka_status status = need_arguments(
        err, __func__,
        (const struct argument[]){
            {"text", text || length == 0}, {"sentences", sentences}, {"n", n}, {NULL, false}});
    if (status != TOLKA_OK) return status;
    status = sentence_finder_new(&finder, &language, language ? 1 : 0, err);
    if (status != TOLKA_OK) return status;
    status = sentences_find(finder, text, length, sentences, n, err);
    sentence_finder_free(finder);
    return status;
}
