/* Vocabularies in all their files: every token is found again. */
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/named_text.h"
#include "tests/fuzz/settings_change.h"

#include "models/checkpoint/vocabulary_read.h"

#include <stdlib.h>
#include <string.h>

static void look_up(const struct vocabulary *vocabulary) {
    size_t n_tokens = 0;
    for (size_t i = 0; i < vocabulary->n; i++) {
        if (!vocabulary->tokens[i]) continue;
        n_tokens++;
        int32_t id = vocabulary_find(vocabulary, vocabulary->tokens[i]);
        must(id >= 0 && (size_t)id <= i &&
                 strcmp(vocabulary->tokens[id], vocabulary->tokens[i]) == 0,
             "a token is found by its text");
    }
    must(n_tokens == vocabulary->n_tokens, "tokens are counted");
}

static void check(tolka_status status, const tolka_error *err, const char *path,
                  struct vocabulary *vocabulary) {
    if (status != TOLKA_OK) {
        must(err->status == status && strstr(err->text, path), "an error names the file");
        return;
    }
    look_up(vocabulary);
    vocabulary_free(vocabulary);
}

static void run(const uint8_t *bytes, size_t n) {
    struct named_text text;
    struct vocabulary vocabulary = {0};
    tolka_error err = {TOLKA_OK, ""};
    if (!named_text(&text, bytes, n) || !text.name[0] ||
        text.name[strspn(text.name, "abcdefghijklmnopqrstuvwxyz_.")] || text.name[0] == '.')
        return;
    char *path = fuzz_path(text.name);
    fuzz_write(path, text.bytes, text.n);
    check(vocabulary_open(&vocabulary, path, &err), &err, path, &vocabulary);
    check(special_tokens_open(&vocabulary, path, &err), &err, path, &vocabulary);
    check(merges_open(&vocabulary, path, &err), &err, path, &vocabulary);
    vocabulary = (struct vocabulary){0};
    tolka_status status = vocabulary_add_file(&vocabulary, path, &err);
    if (status == TOLKA_OK) status = vocabulary_index(&vocabulary, path, &err);
    if (status != TOLKA_OK) vocabulary_free(&vocabulary);
    check(status, &err, path, &vocabulary);
    fuzz_remove(path);
    free(path);
}

const struct fuzz_target fuzz_vocabulary = {"vocabulary", run, change_settings, 1 << 13, false};
