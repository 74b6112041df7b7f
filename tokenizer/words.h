/* Texts that are tokens already, with blanks between them: for models whose tokenizer is somebody
 * else's business (transliteration by characters, pieces made beforehand). */
#ifndef WORDS_H
#define WORDS_H

#include "engine/gguf.h"

struct words {
    size_t n;
    struct gguf_string *tokens; /* by id, in the map */
    uint32_t *sorted;           /* ids in the order of their tokens' bytes */
};

/* `vocab` is a string array of the model file, which outlives *words. */
tolka_status words_init(struct words *words, const struct gguf_value *vocab, const char *model,
                        tolka_error *err);
void words_free(struct words *words);

/* The id of a token, or -1; of equal ones the smallest. */
int32_t words_find(const struct words *words, struct gguf_string token);

/* Calls put(user, id, begin, end) for every word of a text; -1 stands for an unknown one. */
void words_encode(const struct words *words, const char *text, size_t length,
                  void (*put)(void *user, int32_t id, size_t begin, size_t end), void *user);

#endif
