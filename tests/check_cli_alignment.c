/* tolka --alignments and tolka score --symmetrize, as text and as JSON. */
#define _POSIX_C_SOURCE 200809L
#include "tests/check_cli.h"

#include <stdlib.h>
#include <string.h>

static void expect_output(char *found, const char *expected) {
    ck_assert_str_eq(found, expected);
    free(found);
}

START_TEST(alignments_as_text) {
    static const char book[] = "I have already read this book.";
    expect_output(output_of(NULL, "--to", "de", "--alignments", book),
                  "Ich habe dieses Buch schon gelesen. ||| 0-0 2-4 3-1 3-5 4-2 5-3\n");
    /* A line in is a line out, even one of nothing. */
    expect_output(output_of("\nGood morning.\n", "--to", "de", "--alignments"),
                  " ||| \nGuten Morgen. ||| 0-0 1-0 1-1\n");
    char *list = output_of(NULL, "--to", "de", "--alignments", "-b", "2", "-n", "2", book);
    ck_assert_uint_eq(count_lines(list, strlen(list)), 2);
    ck_assert_ptr_nonnull(strstr(strchr(list, '\n'), " ||| 0-0 "));
    free(list);
}
END_TEST

/* Another layer and head give another alignment; without --alignments they change nothing. */
START_TEST(layer_and_head) {
    static const char text[] = "I have already read this book.";
    char *usual = output_of(NULL, "--to", "de", "--alignments", text);
    char *said = output_of(NULL, "--to", "de", "--alignments", "--align-layer", "2", "--align-head",
                           "-1", text);
    char *first = output_of(NULL, "--to", "de", "--alignments", "--align-layer", "1", text);
    char *head = output_of(NULL, "--to", "de", "--alignments", "--align-head", "3", text);
    ck_assert_str_eq(usual, said);
    ck_assert_str_ne(usual, first);
    ck_assert_str_ne(usual, head);
    expect_output(output_of(NULL, "--to", "de", "--align-layer", "1", text),
                  "Ich habe dieses Buch schon gelesen.\n");
    free(usual), free(said), free(first), free(head);
    struct ran ran = run(NULL, "--to", "de", "--alignments", "--align-layer", "3", text);
    check_refusal(&ran, 2, "alignment layer is 3|1 to 2");
    ran = run(NULL, "--to", "de", "--alignments", "--align-head", "9", text);
    check_refusal(&ran, 2, "alignment head is 9|1 to 8");
}
END_TEST

static void expect_pairs(const json_t *object, const char *key, const char *expected) {
    char *found = json_dumps(json_object_get(object, key), JSON_COMPACT);
    ck_assert_str_eq(found, expected);
    free(found);
}

static void expect_sums_of_one(const json_t *rows, size_t n_rows, size_t n_columns) {
    ck_assert_uint_eq(json_array_size(rows), n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        const json_t *row = json_array_get(rows, i);
        double sum = 0;
        ck_assert_uint_eq(json_array_size(row), n_columns);
        for (size_t j = 0; j < n_columns; j++) sum += json_number_value(json_array_get(row, j));
        ck_assert_double_eq_tol(sum, 1, 1e-5);
    }
}

START_TEST(alignments_as_json) {
    static const char text[] = "Good morning.";
    char *plain = output_of(NULL, "--to", "de", "--json", text);
    char *hard = output_of(NULL, "--to", "de", "--json", "--alignments", text);
    char *soft = output_of(NULL, "--to", "de", "--json", "-n", "2", "--soft-alignments", text);
    ck_assert_ptr_null(strstr(plain, "alignment"));
    ck_assert_ptr_null(strstr(hard, "soft"));
    json_t *object = json_line(hard, 0), *more = json_line(soft, 0);
    /* >>deu<< Good morning . </s>, Gut en Morgen . </s> */
    expect_pairs(object, "alignment", "[[1,0],[2,1],[2,2],[3,3]]");
    expect_pairs(object, "word_alignment", "[[0,0],[1,0],[1,1]]");
    expect_pairs(more, "alignment", "[[1,0],[2,1],[2,2],[3,3]]");
    expect_sums_of_one(json_object_get(more, "soft_alignment"), 5, 5);
    const json_t *second = json_array_get(json_object_get(more, "hypotheses"), 1);
    expect_sums_of_one(json_object_get(second, "soft_alignment"),
                       json_array_size(json_object_get(second, "target_ids")), 5);
    json_decref(object), json_decref(more);
    free(plain), free(hard), free(soft);
}
END_TEST

/* Ids have no words: pairs are of tokens. */
START_TEST(alignments_of_ids) {
    char *text = output_of(NULL, "--to", "de", "--json", "Good morning.");
    json_t *object = json_line(text, 0);
    char ids[128] = "";
    size_t i;
    json_t *id;
    json_array_foreach(json_object_get(object, "source_ids"), i, id)
        sprintf(ids + strlen(ids), "%d ", (int)json_integer_value(id));
    char *plain = output_of(ids, "--ids", "--alignments");
    ck_assert_ptr_nonnull(strstr(plain, " ||| "));
    ck_assert_ptr_nonnull(strstr(plain, "3-3\n"));
    char *json = output_of(ids, "--ids", "--alignments", "--json");
    ck_assert_ptr_null(strstr(json, "word_alignment"));
    json_decref(object);
    free(text), free(plain), free(json);
}
END_TEST

/* ---- score ----------------------------------------------------------------------------------- */

static const char pairs[] = "I have already read this book.\tIch habe dieses Buch schon gelesen.\n"
                            "She can't live without him.\tSie kann ohne ihn nicht leben.\n";

/* What stands behind the score of line i. */
static void expect_links(const char *output, size_t i, const char *expected) {
    for (; i > 0; i--) output = strchr(output, '\n') + 1;
    const char *links = strstr(output, " ||| ");
    ck_assert_ptr_nonnull(links);
    char *line = strndup(links + 5, strcspn(links + 5, "\n"));
    ck_assert_str_eq(line, expected);
    free(line);
}

START_TEST(given_pairs) {
    char *scores = output_of(pairs, "score", "--to", "de");
    char *aligned = output_of(pairs, "score", "--to", "de", "--alignments");
    ck_assert_ptr_null(strstr(scores, "|||"));
    ck_assert_uint_eq(strcspn(scores, "\n"), strcspn(aligned, " "));
    ck_assert_int_eq(strncmp(scores, aligned, strcspn(scores, "\n")), 0);
    expect_links(aligned, 0, "0-0 2-4 3-1 3-5 4-2 5-3");
    free(scores), free(aligned);
}
END_TEST

/* Of a line that cannot be scored nothing is aligned either. */
START_TEST(a_pair_of_nothing) {
    struct ran ran = run("\t\n", "score", "--to", "de", "--alignments");
    ck_assert_int_eq(ran.status, 1);
    ck_assert_str_eq(ran.out, "error: nothing to score\n");
    ran_free(&ran);
}
END_TEST

/* Links have their signs behind digits, scores behind nothing. */
static size_t count_links(const char *output) {
    size_t n = 0;
    for (size_t i = 1; output[0] && output[i]; i++)
        n += output[i] == '-' && output[i - 1] >= '0' && output[i - 1] <= '9';
    return n;
}

START_TEST(both_directions) {
    char *one = output_of(pairs, "score", "--to", "de", "--symmetrize", "intersection",
                          "--reverse-to", "en");
    char *other = output_of(pairs, "score", "--to", "de", "--symmetrize", "grow-diag-final-and",
                            "--from", "en");
    char *all = output_of(pairs, "score", "--to", "de", "--symmetrize", "union", "--reverse-model",
                          SHIPPED_MODEL, "--reverse-to", "en");
    expect_links(one, 0, "0-0 3-5 4-2 5-3");
    ck_assert_uint_lt(count_links(one), count_links(all));
    ck_assert_uint_le(count_links(one), count_links(other));
    ck_assert_uint_le(count_links(other), count_links(all));
    char *json = output_of(pairs, "score", "--to", "de", "--symmetrize", "intersection",
                           "--reverse-to", "en", "--json");
    json_t *object = json_line(json, 0);
    expect_pairs(object, "word_alignment", "[[0,0],[3,5],[4,2],[5,3]]");
    json_decref(object);
    free(one), free(other), free(all), free(json);
}
END_TEST

START_TEST(wrong_usage) {
    struct ran ran = run(pairs, "score", "--to", "de", "--symmetrize", "union");
    check_refusal(&ran, 2, "--symmetrize|--reverse-to");
    ran = run(pairs, "score", "--to", "de", "--symmetrize", "both", "--reverse-to", "en");
    check_refusal(&ran, 2, "--symmetrize is \"both\"|grow-diag-final-and");
    ran = run(pairs, "score", "--to", "de", "--reverse-to", "en");
    check_refusal(&ran, 2, "other direction|--symmetrize");
    ran = run(pairs, "score", "--to", "de", "--symmetrize", "union", "--reverse-to", "Klingon");
    check_refusal(&ran, 2, "the other direction|Klingon");
    ran = run(pairs, "score", "--ids", "--symmetrize", "union", "--reverse-to", "en");
    check_refusal(&ran, 2, "--ids|words");
    ran = run(pairs, "score", "--to", "de", "--symmetrize", "union", "--reverse-model", "/none");
    check_refusal(&ran, 3, "the other direction|/none");
}
END_TEST

/* What came before stays as it was, and neighbours and threads are no business of an alignment. */
START_TEST(neighbours_and_threads_change_nothing) {
    static const char text[] = "Good morning.\nThe weather is nice today.\n\nI saw her.\n"
                               "I have already read this book.\nThe train is late again.\n";
    static const char *const batches[] = {"1", "3", "100"}, *const threads[] = {"1", "2", "5"};
    char *first = output_of(text, "--to", "fr", "--json", "--soft-alignments");
    for (size_t i = 0; i < 9; i++)
        expect_output(output_of(text, "--to", "fr", "--json", "--soft-alignments", "-B",
                                batches[i % 3], "-j", threads[i / 3]),
                      first);
    free(first);
}
END_TEST

TCase *cli_alignment_case(void) {
    TCase *alignment = tcase_create("alignment");
    tcase_set_timeout(alignment, 120);
    tcase_add_test(alignment, alignments_as_text);
    tcase_add_test(alignment, layer_and_head);
    tcase_add_test(alignment, alignments_as_json);
    tcase_add_test(alignment, alignments_of_ids);
    tcase_add_test(alignment, given_pairs);
    tcase_add_test(alignment, a_pair_of_nothing);
    tcase_add_test(alignment, both_directions);
    tcase_add_test(alignment, wrong_usage);
    tcase_add_test(alignment, neighbours_and_threads_change_nothing);
    return alignment;
}
