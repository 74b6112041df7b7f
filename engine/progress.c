#include "engine/progress.h"

#include <string.h>

static size_t longest_phrase(const tolka_alternatives *word) {
    size_t longest = 0;
    for (size_t i = 0; i < word->n; i++)
        if (word->phrases[i].n > longest) longest = word->phrases[i].n;
    return longest;
}

struct progress progress_begin(const tolka_alternatives *words, size_t n) {
    struct progress progress = {.words = words, .n_words = n, .current = -1, .n_pending = n};
    for (size_t i = 0; i < n; i++) {
        size_t longest = longest_phrase(&words[i]);
        if (longest > progress.longest) progress.longest = longest;
        progress.pending[i] = (uint8_t)i;
    }
    return progress;
}

/* ---- one word -------------------------------------------------------------------------------- */

static bool shares(const tolka_sequence *phrase, const tolka_sequence *path, size_t depth) {
    return phrase->n >= depth && memcmp(phrase->ids, path->ids, depth * sizeof *path->ids) == 0;
}

/* The first phrase of a word that goes on with a token behind `depth` tokens of a path; NULL:
 * none. */
static const tolka_sequence *follow(const tolka_alternatives *word, const tolka_sequence *path,
                                    size_t depth, int32_t token) {
    for (size_t i = 0; i < word->n; i++) {
        const tolka_sequence *phrase = &word->phrases[i];
        if (phrase->n > depth && phrase->ids[depth] == token && shares(phrase, path, depth))
            return phrase;
    }
    return NULL;
}

/* Tokens that follow `depth` tokens of a path, each once. */
static size_t next_of_word(const tolka_alternatives *word, const tolka_sequence *path, size_t depth,
                           int32_t *next) {
    size_t n = 0;
    for (size_t i = 0; i < word->n; i++) {
        const tolka_sequence *phrase = &word->phrases[i];
        if (phrase->n > depth && shares(phrase, path, depth) &&
            follow(word, path, depth, phrase->ids[depth]) == phrase)
            next[n++] = phrase->ids[depth];
    }
    return n;
}

/* ---- all words ------------------------------------------------------------------------------- */

/* No phrase is the beginning of another: at the end of one the word is complete. */
static void step(struct progress *progress, int word, const tolka_sequence *path, size_t depth) {
    bool is_complete = depth == path->n;
    progress->n_complete += is_complete;
    progress->current = is_complete ? -1 : word;
    progress->path = path;
    progress->depth = depth;
}

/* The word goes back to the end of the queue. */
static void give_up(struct progress *progress) {
    progress->pending[progress->n_pending++] = (uint8_t)progress->current;
    progress->current = -1;
}

static void begin_word(struct progress *progress, int32_t token) {
    for (size_t i = 0; i < progress->n_pending; i++) {
        const tolka_alternatives *word = &progress->words[progress->pending[i]];
        const tolka_sequence *path = follow(word, word->phrases, 0, token);
        if (!path) continue;
        step(progress, progress->pending[i], path, 1);
        progress->n_pending--;
        memmove(progress->pending + i, progress->pending + i + 1, progress->n_pending - i);
        return;
    }
}

void progress_add(struct progress *progress, int32_t token) {
    if (progress->current < 0) {
        begin_word(progress, token);
        return;
    }
    const tolka_alternatives *word = &progress->words[progress->current];
    const tolka_sequence *path = follow(word, progress->path, progress->depth, token);
    if (path)
        step(progress, progress->current, path, progress->depth + 1);
    else
        give_up(progress);
}

size_t progress_steps(const struct progress *progress) {
    size_t steps = progress->n_complete * progress->longest;
    if (progress->current < 0) return steps;
    size_t longest = longest_phrase(&progress->words[progress->current]);
    return steps + progress->longest - (longest - progress->depth);
}

size_t progress_next(const struct progress *progress, int32_t *next) {
    if (progress->current >= 0)
        return next_of_word(&progress->words[progress->current], progress->path, progress->depth,
                            next);
    size_t n = 0;
    for (size_t i = 0; i < progress->n_pending; i++) {
        const tolka_alternatives *word = &progress->words[progress->pending[i]];
        n += next_of_word(word, word->phrases, 0, next + n);
    }
    return n;
}
