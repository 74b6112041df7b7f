#include "engine/force_words.h"

#include <stdlib.h>
#include <string.h>

size_t force_words_phrases(const tolka_alternatives *words, size_t n) {
    size_t n_phrases = 0;
    for (size_t i = 0; i < n; i++) n_phrases += words[i].n;
    return n_phrases;
}

static size_t count_ids(const tolka_alternatives *words, size_t n) {
    size_t n_ids = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < words[i].n; k++) n_ids += words[i].phrases[k].n;
    return n_ids;
}

/* ---- checks ---------------------------------------------------------------------------------- */

struct check {
    const struct config *config;
    tolka_status wrong;
    const char *name;
    tolka_error *err;
};

static tolka_status check_counts(const struct check *check, const tolka_alternatives *words,
                                 size_t n) {
    size_t n_phrases = 0, n_ids = 0;
    if (!words && n > 0) return fail(check->err, check->wrong, "%s: the list is NULL", check->name);
    /* Added up with a look at the limit each time: sums of what a caller says could overflow. */
    for (size_t i = 0; i < n && n <= MAX_FORCE_WORDS && n_phrases <= MAX_SEQUENCES; i++) {
        if (!words[i].phrases && words[i].n > 0)
            return fail(check->err, check->wrong, "%s: a list of phrases is NULL", check->name);
        n_phrases += words[i].n <= MAX_SEQUENCES ? words[i].n : MAX_SEQUENCES + 1;
        for (size_t k = 0; n_phrases <= MAX_SEQUENCES && k < words[i].n; k++)
            if (words[i].phrases[k].n > MAX_SEQUENCE_IDS - n_ids)
                return fail(check->err, check->wrong, "%s has more than %d tokens", check->name,
                            MAX_SEQUENCE_IDS);
            else
                n_ids += words[i].phrases[k].n;
    }
    if (n <= MAX_FORCE_WORDS && n_phrases <= MAX_SEQUENCES) return TOLKA_OK;
    return fail(check->err, check->wrong,
                "%s is too long; expected up to %d words, with up to %d "
                "alternatives in all",
                check->name, MAX_FORCE_WORDS, MAX_SEQUENCES);
}

static tolka_status check_phrase(const struct check *check, const tolka_sequence *phrase) {
    const struct config *config = check->config;
    if (phrase->n == 0)
        return fail(check->err, check->wrong, "%s has an empty phrase", check->name);
    if (!phrase->ids)
        return fail(check->err, check->wrong, "%s: a list of ids is NULL", check->name);
    for (size_t i = 0; i < phrase->n; i++) {
        if (phrase->ids[i] < 0 || (uint32_t)phrase->ids[i] >= config->target_vocab)
            return fail(check->err, check->wrong, "%s has token %d; the vocabulary has %u",
                        check->name, phrase->ids[i], config->target_vocab);
        if (phrase->ids[i] == config->end_token)
            return fail(check->err, check->wrong,
                        "%s has the end token, %d, behind which nothing comes", check->name,
                        phrase->ids[i]);
    }
    return TOLKA_OK;
}

static bool begins_with(const tolka_sequence *phrase, const tolka_sequence *other) {
    return other->n <= phrase->n &&
           memcmp(phrase->ids, other->ids, other->n * sizeof *other->ids) == 0;
}

/* Of two alternatives of which one begins with the other, the longer one could never be told to be
 * meant. */
static tolka_status check_apart(const struct check *check, const tolka_alternatives *word) {
    for (size_t i = 0; i < word->n; i++)
        for (size_t k = 0; k < word->n; k++)
            if (i != k && begins_with(&word->phrases[i], &word->phrases[k]))
                return fail(check->err, check->wrong,
                            "%s: alternative %zu of a word begins with all of "
                            "alternative %zu",
                            check->name, i + 1, k + 1);
    return TOLKA_OK;
}

static tolka_status check_word(const struct check *check, const tolka_alternatives *word) {
    tolka_status status = TOLKA_OK;
    if (word->n == 0)
        return fail(check->err, check->wrong, "%s has a word without alternatives", check->name);
    for (size_t k = 0; k < word->n && status == TOLKA_OK; k++)
        status = check_phrase(check, &word->phrases[k]);
    return status == TOLKA_OK ? check_apart(check, word) : status;
}

tolka_status force_words_check(const tolka_alternatives *words, size_t n,
                               const struct config *config, tolka_status wrong, const char *name,
                               tolka_error *err) {
    struct check check = {config, wrong, name, err};
    tolka_status status = check_counts(&check, words, n);
    for (size_t i = 0; i < n && status == TOLKA_OK; i++) status = check_word(&check, &words[i]);
    return status;
}

/* ---- copies ---------------------------------------------------------------------------------- */

tolka_alternatives *force_words_copy(const tolka_alternatives *words, size_t n) {
    size_t n_phrases = force_words_phrases(words, n), n_ids = count_ids(words, n);
    tolka_alternatives *copy =
        malloc(n * sizeof *copy + n_phrases * sizeof(tolka_sequence) + n_ids * sizeof(int32_t) + 1);
    if (!copy) return NULL;
    tolka_sequence *phrase = (tolka_sequence *)(copy + n);
    int32_t *ids = (int32_t *)(phrase + n_phrases);
    for (size_t i = 0; i < n; i++) {
        copy[i] = (tolka_alternatives){phrase, words[i].n};
        for (size_t k = 0; k < words[i].n; k++, phrase++) {
            const tolka_sequence *from = &words[i].phrases[k];
            *phrase = (tolka_sequence){memcpy(ids, from->ids, from->n * sizeof *ids), from->n, 0};
            ids += from->n;
        }
    }
    return copy;
}
