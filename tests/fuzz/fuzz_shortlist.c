/* Marian's lexical shortlists: six numbers, the second of which sums up all behind it, offsets, ids. */
#include "tests/fuzz/fuzz_targets.h"

#include "models/checkpoint/lexical_shortlist.h"

#include <stdlib.h>
#include <string.h>

enum { VOCABULARY = 8, SUM = 8, SUMMED = 16, HEADER = 48 };

static void check(const struct lexical_shortlist *list) {
    must(list->first >= 1 && list->first <= VOCABULARY, "there are always candidates");
    for (uint32_t i = 0; i + 1 < list->n_offsets; i++)
        must(list->offsets[i] <= list->offsets[i + 1] && list->offsets[i + 1] <= list->n_ids,
             "lists lie behind one another");
    for (uint32_t i = 0; i < list->n_ids; i++)
        must(list->ids[i] < VOCABULARY, "ids are of the vocabulary");
}

static void run(const uint8_t *bytes, size_t n) {
    struct lexical_shortlist list = {0};
    tolka_error err = {TOLKA_OK, ""};
    char *path = fuzz_path("lex.bin");
    fuzz_write(path, bytes, n);
    if (shortlist_read(&list, path, VOCABULARY, VOCABULARY, &err) == TOLKA_OK)
        check(&list);
    else
        must(strstr(err.text, path) != NULL, "an error names the file");
    shortlist_free(&list);
    fuzz_remove(path);
    free(path);
}

/* As Marian sums them up. */
static void mend_sum(struct blob *file) {
    uint64_t sum = 0;
    for (size_t at = SUMMED; file->n - at >= 8; at += 8)
        sum ^= integer_at(file->bytes + at, 8) + 0x9e3779b9 + (sum << 6) + (sum >> 2);
    for (size_t i = 0; i < 8; i++) file->bytes[SUM + i] = (uint8_t)(sum >> 8 * i);
}

static void change(struct chance *chance, struct blob *file) {
    if (file->n <= HEADER || chance_one_in(chance, 8)) {
        change_blob(chance, file);
        return;
    }
    size_t n_offsets = (size_t)integer_at(file->bytes + 32, 8) % 64, n_words = 4 + n_offsets;
    if (chance_one_in(chance, 3) || SUMMED + 8 * n_words + 4 > file->n)
        change_integer(chance, file->bytes + SUMMED + 4 * chance_below(chance, (file->n - 16) / 4),
                       4);
    else
        change_integer(chance, file->bytes + SUMMED + 8 * chance_below(chance, n_words), 8);
    if (!chance_one_in(chance, 20)) mend_sum(file);
}

const struct fuzz_target fuzz_shortlist = {"shortlist", run, change, 1 << 12, false};
