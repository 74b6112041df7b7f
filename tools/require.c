#include "tools/require.h"

#include "tools/complain.h"
#include "tools/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PHRASES = 256 }; /* as many as the engine takes */

bool is_requirement(const struct setting *setting) {
    return strcmp(setting->option, "require") == 0;
}

bool requires_words(const struct options *options) {
    for (int i = 0; i < options->n_settings; i++)
        if (is_requirement(&options->settings[i])) return true;
    return false;
}

/* The alternatives of one --require. */
struct word {
    const tolka_tokenizer *tokenizer; /* NULL: they are ids */
    size_t n;
    tolka_sequence phrases[MAX_PHRASES];
};

static bool refuse(const char *text, size_t length, const char *why) {
    complain(EXIT_USAGE, "--require: \"%.*s\" %s", length > 60 ? 60 : (int)length, text, why);
    return false;
}

/* ---- phrases --------------------------------------------------------------------------------- */

static bool begins_with(const tolka_sequence *phrase, const tolka_sequence *other) {
    return other->n <= phrase->n &&
           memcmp(phrase->ids, other->ids, other->n * sizeof *other->ids) == 0;
}

/* Whatever has the longer one of two phrases has the other, with which it begins: that one is
 * enough. Takes the ids. */
static bool add_phrase(struct word *word, int32_t *ids, size_t n) {
    tolka_sequence phrase = {ids, n, 0};
    size_t kept = 0;
    for (size_t i = 0; i < word->n; i++)
        if (begins_with(&phrase, &word->phrases[i])) {
            free(ids);
            return true;
        }
    for (size_t i = 0; i < word->n; i++)
        if (begins_with(&word->phrases[i], &phrase))
            free((void *)word->phrases[i].ids);
        else
            word->phrases[kept++] = word->phrases[i];
    word->n = kept;
    if (word->n == MAX_PHRASES) {
        free(ids);
        return complain(EXIT_USAGE, "--require: more than %d alternatives", MAX_PHRASES), false;
    }
    word->phrases[word->n++] = phrase;
    return true;
}

/* Leaves out what is no part of the text: the end, a language. Returns how many are left. */
static size_t leave_out_special(const tolka_pieces *pieces, int32_t *ids, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!pieces->special[pieces->word[i]]) ids[kept++] = ids[i];
    return kept;
}

static bool add_text(struct word *word, const char *text, size_t length) {
    tolka_error err;
    tolka_pieces *pieces = NULL;
    int32_t *ids;
    size_t n;
    tolka_status status = tolka_tokenize_target(word->tokenizer, text, length, &ids, &n, &err);
    if (status == TOLKA_OK) status = tolka_token_pieces(word->tokenizer, ids, n, 1, &pieces, &err);
    if (status != TOLKA_OK) {
        tolka_free(ids);
        return complain(EXIT_USAGE, "--require: %s", err.text), false;
    }
    n = leave_out_special(pieces, ids, n);
    tolka_free(pieces);
    if (n > 0) return add_phrase(word, ids, n);
    tolka_free(ids);
    return refuse(text, length, "has no words");
}

static bool add_ids(struct word *word, const char *text, size_t length) {
    int32_t *ids = NULL;
    size_t n = 0;
    if (parse_ids(text, length, &ids, &n) && n > 0) return add_phrase(word, ids, n);
    free(ids);
    return refuse(text, length, "is not a list of token ids");
}

/* ---- words ----------------------------------------------------------------------------------- */

/* Some vocabularies have a word in two forms, for the beginning of a text and behind a blank; for
 * the others both are the same tokens. */
static bool add_alternative(struct word *word, const char *text, size_t length) {
    if (!word->tokenizer) return add_ids(word, text, length);
    char *behind_blank = malloc(length + 2);
    if (!behind_blank) return complain(EXIT_MODEL, "out of memory"), false;
    behind_blank[0] = ' ';
    memcpy(behind_blank + 1, text, length);
    bool ok = add_text(word, text, length) && add_text(word, behind_blank, length + 1);
    free(behind_blank);
    return ok;
}

static bool add_alternatives(struct word *word, const char *text) {
    bool ok = true;
    for (size_t n; ok; text += n + 1) {
        n = strcspn(text, "|");
        ok = add_alternative(word, text, n);
        if (!text[n]) break;
    }
    return ok;
}

static bool add_word(struct generation_set *set, const tolka_tokenizer *tokenizer,
                     const char *text) {
    struct word word = {.tokenizer = tokenizer};
    bool ok = add_alternatives(&word, text);
    if (ok && !generation_set_require(set, word.phrases, word.n))
        ok = (complain(EXIT_MODEL, "out of memory"), false);
    for (size_t i = 0; i < word.n; i++) free((void *)word.phrases[i].ids);
    return ok;
}

bool require_words(struct generation_set *set, const tolka_tokenizer *tokenizer,
                   const struct options *options) {
    for (int i = 0; i < options->n_settings; i++)
        if (is_requirement(&options->settings[i]) &&
            !add_word(set, options->ids ? NULL : tokenizer, options->settings[i].value))
            return false;
    return true;
}

/* ---- what has come --------------------------------------------------------------------------- */

static bool stands_at(const tolka_sequence *phrase, const tolka_token *tokens) {
    for (size_t i = 0; i < phrase->n; i++)
        if (tokens[i].id != phrase->ids[i]) return false;
    return true;
}

static bool has_phrase(const tolka_sequence *phrase, const tolka_token *tokens, size_t n) {
    for (size_t i = 0; i + phrase->n <= n; i++)
        if (stands_at(phrase, tokens + i)) return true;
    return false;
}

static bool has_word(const tolka_alternatives *word, const tolka_token *tokens, size_t n) {
    for (size_t i = 0; i < word->n; i++)
        if (has_phrase(&word->phrases[i], tokens, n)) return true;
    return false;
}

bool lacks_words(const struct generation_set *set, const tolka_token *tokens, size_t n) {
    for (size_t i = 0; i < set->generation.n_force_words; i++)
        if (!has_word(&set->generation.force_words[i], tokens, n)) return true;
    return false;
}
