#include "tokenizer/languages.h"

#include "tokenizer/language_match.h"
#include "tokenizer/language_names.h"
#include "tokenizer/misspelling.h"
#include "tokenizer/utf8.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_LIST = 300 };

static struct gguf_string text_of(const char *text) {
    return (struct gguf_string){text, strlen(text)};
}

/* How much of what somebody typed is repeated to them. */
static int shown_length(struct gguf_string text) {
    enum { SHOWN = 40 };
    return (int)(text.length <= SHOWN ? text.length : utf8_cut(text.bytes, SHOWN));
}

bool language_is_sound(struct gguf_string token) {
    bool sound = token.length > 0 && token.length < LONGEST_LANGUAGE_NAME;
    for (size_t i = 0; sound && i < token.length; i++)
        sound = token.bytes[i] > ' ' && token.bytes[i] <= '~';
    return sound;
}

/* ---- lists ----------------------------------------------------------------------------------- */

struct list {
    char text[LONGEST_LIST];
    size_t used, n, left;
};

/* "af (Afrikaans), am (Amharic)": bare names, and as many as there is room for. */
static void list_add(struct list *list, struct gguf_string token) {
    enum { KEPT_FOR_REST = 60 };
    char entry[LONGEST_LANGUAGE_NAME + LONGEST_DISPLAY + 8], name[LONGEST_DISPLAY];
    struct gguf_string bare = without_marks(token);
    bool named = list->left == 0 && language_display(token, "en", name);
    int n = snprintf(entry, sizeof entry, "%s%.*s%s%s%s", list->n ? ", " : "", (int)bare.length,
                     bare.bytes, named ? " (" : "", named ? name : "", named ? ")" : "");
    if (list->left > 0 || (size_t)n + KEPT_FOR_REST > LONGEST_LIST - list->used) {
        list->left++;
        return;
    }
    memcpy(list->text + list->used, entry, (size_t)n + 1);
    list->used += (size_t)n;
    list->n++;
}

static const char *list_end(struct list *list) {
    if (list->left > 0)
        snprintf(list->text + list->used, LONGEST_LIST - list->used,
                 " and %zu more: tolka languages FILE", list->left);
    return list->text;
}

static const char *list_all(struct list *list, const struct languages *languages) {
    *list = (struct list){.n = 0};
    for (size_t i = 0; i < languages->n; i++) list_add(list, languages->tokens[i]);
    return list_end(list);
}

static const char *list_rivals(struct list *list, const struct languages *languages,
                               const struct language_match *match, struct gguf_string wanted) {
    *list = (struct list){.n = 0};
    for (size_t i = 0; i < languages->n; i++)
        if (language_is_rival(match, wanted, languages->tokens[i]))
            list_add(list, languages->tokens[i]);
    return list_end(list);
}

tolka_status language_missing(const struct languages *languages, const char *role,
                              tolka_error *err) {
    struct list list;
    return fail(err, TOLKA_ARGUMENT, "%s: a %s is needed: one of %s", languages->model, role,
                list_all(&list, languages));
}

/* ---- search ---------------------------------------------------------------------------------- */

static bool same_letters(struct gguf_string a, struct gguf_string b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

/* What differs in nothing but marks, or (MADLAD-400 has "<2ca>" for Catalan and "<2CA>" for Canada)
 * in case. */
static bool find_spelled(const struct languages *languages, struct gguf_string wanted,
                         size_t *found) {
    struct gguf_string bare = without_marks(wanted);
    for (size_t i = 0; i < languages->n; i++)
        if (same_letters(languages->tokens[i], wanted)) return *found = i, true;
    for (size_t i = 0; i < languages->n; i++)
        if (same_letters(without_marks(languages->tokens[i]), bare)) return *found = i, true;
    return false;
}

static char plain(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '-' ? '_' : c;
}

static bool same_uncased(struct gguf_string a, struct gguf_string b) {
    size_t i = 0;
    while (i < a.length && i < b.length && plain(a.bytes[i]) == plain(b.bytes[i])) i++;
    return i == a.length && i == b.length;
}

/* Regardless of case, if that is one. */
static bool find_uncased(const struct languages *languages, struct gguf_string wanted,
                         size_t *found) {
    struct gguf_string bare = without_marks(wanted);
    size_t n = 0;
    for (size_t i = 0; i < languages->n; i++)
        if (same_uncased(without_marks(languages->tokens[i]), bare) && n++ == 0) *found = i;
    return n == 1;
}

static tolka_status ambiguous(const struct languages *languages, const struct language_match *match,
                              struct gguf_string code, struct gguf_string wanted, const char *role,
                              tolka_error *err) {
    struct list list;
    return fail(err, TOLKA_ARGUMENT, "%s: %s %.*s could mean any of %s", languages->model, role,
                shown_length(wanted), wanted.bytes, list_rivals(&list, languages, match, code));
}

/* The model may have the language in another script. */
static tolka_status absent(const struct languages *languages, struct gguf_string wanted,
                           const char *code, const char *role, tolka_error *err) {
    struct list list;
    char name[LONGEST_DISPLAY];
    struct gguf_string language = text_of(code);
    bool named = language_display(language, "en", name);
    int shown = shown_length(wanted);
    for (int kinship = N_KINSHIPS - 1; kinship >= 0; kinship--) {
        struct language_match other = {.kinship = (enum kinship)kinship, .distance = NO_MATCH};
        list_rivals(&list, languages, &other, language);
        if (list.n > 0)
            return fail(err, TOLKA_ARGUMENT, "%s: %s %.*s: of this language the model has only %s",
                        languages->model, role, shown, wanted.bytes, list.text);
    }
    char guess[LONGEST_DISPLAY];
    if (!named && misspelling(languages, wanted.bytes, guess))
        return fail(err, TOLKA_ARGUMENT,
                    "%s: %s %.*s: the model has no such language; did you mean %s? tolka languages "
                    "FILE lists all",
                    languages->model, role, shown, wanted.bytes, guess);
    return fail(err, TOLKA_ARGUMENT, "%s: %s %.*s: the model has no %s, only %s", languages->model,
                role, shown, wanted.bytes, named ? name : "such language",
                list_all(&list, languages));
}

/* By its name as lists show it: "Serbian (Latin)". */
static bool find_displayed(const struct languages *languages, const char *wanted, size_t *found) {
    size_t n = 0;
    for (size_t i = 0; i < languages->n; i++)
        if (language_is_called(languages->tokens[i], wanted) && n++ == 0) *found = i;
    return n == 1;
}

/* The code that is tried is what a name stands for, or what was typed. */
tolka_status language_find(const struct languages *languages, const char *wanted, const char *role,
                           size_t *found, tolka_error *err) {
    struct gguf_string text = text_of(wanted);
    if (find_spelled(languages, text, found) || find_uncased(languages, text, found))
        return TOLKA_OK;
    char codes[MOST_NAMESAKES][LONGEST_LANGUAGE_NAME];
    bool is_name = language_is_name(text);
    size_t n = is_name ? language_codes(wanted, codes) : 0;
    for (size_t i = 0; i < (n ? n : 1); i++) {
        struct gguf_string code = n ? text_of(codes[i]) : text;
        struct language_match match = language_match(languages, code);
        if (match.n > 1) return ambiguous(languages, &match, code, text, role, err);
        if (match.n == 1) return *found = match.found, TOLKA_OK;
    }
    if (is_name && find_displayed(languages, wanted, found)) return TOLKA_OK;
    return absent(languages, text, n ? codes[0] : wanted, role, err);
}

/* ---- two names ------------------------------------------------------------------------------- */

static bool finds(struct gguf_string wanted, struct gguf_string offered) {
    struct languages one = {.n = 1, .tokens = &offered};
    return language_match(&one, wanted).n == 1;
}

/* The codes that a name can stand for; a code stands for itself. */
static size_t read_codes(struct gguf_string text, char codes[MOST_NAMESAKES][LONGEST_LANGUAGE_NAME],
                         struct gguf_string out[MOST_NAMESAKES]) {
    char name[LONGEST_DISPLAY];
    size_t n = 0;
    if (text.length < sizeof name && language_is_name(text)) {
        memcpy(name, text.bytes, text.length);
        name[text.length] = 0;
        n = language_codes(name, codes);
    }
    for (size_t i = 0; i < n; i++) out[i] = text_of(codes[i]);
    if (n == 0) out[n++] = text;
    return n;
}

bool language_same(struct gguf_string a, struct gguf_string b) {
    char codes[2][MOST_NAMESAKES][LONGEST_LANGUAGE_NAME];
    struct gguf_string first[MOST_NAMESAKES], second[MOST_NAMESAKES];
    if (same_letters(without_marks(a), without_marks(b))) return a.length > 0;
    size_t n = read_codes(a, codes[0], first), m = read_codes(b, codes[1], second);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            if (finds(first[i], second[j]) || finds(second[j], first[i])) return true;
    return false;
}
