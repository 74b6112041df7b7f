/* Memory that runs out while checkpoints are read and converted: each allocation of our own may be the
 * one that fails, and all after it (libraries get theirs). What follows is a refusal that says so, and
 * no file. */
#define _POSIX_C_SOURCE 200809L
#include "models/checkpoint/lexical_shortlist.h"
#include "models/checkpoint/settings.h"
#include "models/checkpoint/vocabulary_read.h"
#include "models/convert/conversion.h"
#include "tests/allocations.h"
#include "tests/import_files.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

TCase *import_memory_case(void);

#define FIXTURES "tests/fixtures/"
#define STUDENT FIXTURES "marian-student/"

/* Is this what should come of a call, of whose allocations the n-th failed, or none did? */
static void check_outcome(const char *what, long n, bool failed, tolka_status status,
                          const tolka_error *err) {
    if (!failed)
        ck_assert_msg(status == TOLKA_OK, "%s: %s", what, err->text);
    else
        ck_assert_msg(status == TOLKA_NOMEM && strstr(err->text, "memory"),
                      "%s, allocation %ld: %d \"%s\"", what, n, status, err->text);
}

/* ---- readers --------------------------------------------------------------------------------- */

static const char *const checkpoints[] = {
    FIXTURES "marian",                          /* safetensors */
    FIXTURES "marian-bin",                      /* PyTorch */
    FIXTURES "pytorch-legacy/views4.bin",       /* before 1.6 */
    FIXTURES "fairseq/cfg",                     /* with pickled settings */
    STUDENT "model.student.npz",                /* Marian */
    STUDENT "model.student.intgemm.alphas.bin", /* with multipliers */
    FIXTURES "ct2-marian-int8",                 /* with aliases and scales */
    FIXTURES "gguf-types/Q5_1.gguf",            /* of blocks */
    "models/pretrained/tolka-en-de-fr.gguf",    /* with scales */
};
enum { N_CHECKPOINTS = sizeof checkpoints / sizeof *checkpoints };

START_TEST(reading_says_that_memory_ran_out) {
    const char *path = checkpoints[_i];
    bool failed = true;
    for (long n = 1; failed; n++) {
        struct source source;
        tolka_error err = {0};
        allocations_fail_from(n);
        tolka_status status = source_open(&source, path, &err);
        failed = allocations_failed();
        allocations_fail_from(0);
        check_outcome(path, n, failed, status, &err);
        if (status == TOLKA_OK) source_close(&source);
    }
}
END_TEST

START_TEST(so_do_shortlists) {
    bool failed = true;
    for (long n = 1; failed; n++) {
        struct lexical_shortlist shortlist;
        tolka_error err = {0};
        allocations_fail_from(n);
        tolka_status status = shortlist_read(&shortlist, STUDENT "lex.s2t.bin", 1000, 1000, &err);
        failed = allocations_failed();
        allocations_fail_from(0);
        check_outcome("shortlist", n, failed, status, &err);
        if (status == TOLKA_OK) shortlist_free(&shortlist);
    }
}
END_TEST

START_TEST(so_do_settings) {
    bool failed = true;
    for (long n = 1; failed; n++) {
        struct settings *settings;
        tolka_error err = {0};
        allocations_fail_from(n);
        tolka_status status = settings_open(&settings, FIXTURES "marian/config.json", true, &err);
        failed = allocations_failed();
        allocations_fail_from(0);
        check_outcome("settings", n, failed, status, &err);
        settings_free(settings);
    }
}
END_TEST

/* As JSON, of a few tokens as YAML, as lines, and as fairseq has it. */
static const char *const vocabularies[] = {FIXTURES
                                           "ct2-aren-transliteration/source_vocabulary.txt",
                                           FIXTURES "fairseq/args/dict.de.txt", NULL};

START_TEST(so_do_vocabularies) {
    char yaml[256];
    snprintf(yaml, sizeof yaml, "%s", temporary("vocab.yml"));
    write_text(yaml, "\"</s>\": 0\n\"<unk>\": 1\na: 2\n");
    const char *path = vocabularies[_i] ? vocabularies[_i] : yaml;
    bool failed = true;
    for (long n = 1; failed; n++) {
        struct vocabulary vocabulary;
        tolka_error err = {0};
        allocations_fail_from(n);
        tolka_status status = vocabulary_open(&vocabulary, path, &err);
        failed = allocations_failed();
        allocations_fail_from(0);
        check_outcome(path, n, failed, status, &err);
        if (status == TOLKA_OK) vocabulary_free(&vocabulary);
    }
    unlink(yaml);
}
END_TEST

/* ---- conversion ------------------------------------------------------------------------------ */

static const struct {
    const char *checkpoint, *vocab, *shortlist;
} conversions[] = {
    {FIXTURES "marian", NULL, NULL},
    {STUDENT "model.student.npz", STUDENT "vocab.spm", STUDENT "lex.s2t.bin"},
    {FIXTURES "bart", NULL, NULL},
    {FIXTURES "m2m100", NULL, NULL},
    {FIXTURES "mbart50-tiny", NULL, NULL},
    {FIXTURES "t5", NULL, NULL},
    {FIXTURES "t5-gguf-tiny/llama.gguf", NULL, NULL},
    {FIXTURES "t5-gguf-tiny/candle", NULL, NULL},
    {FIXTURES "fairseq/many", NULL, NULL},
    {FIXTURES "ct2-t5", NULL, NULL},
    {FIXTURES "fsmt", NULL, NULL},
};
enum { N_CONVERSIONS = sizeof conversions / sizeof *conversions };

/* Every allocation up to the hundredth, then some. */
static long next(long n) {
    return n < 100 ? n + 1 : n + n / 11;
}

START_TEST(so_do_conversions) {
    char output[256];
    snprintf(output, sizeof output, "%s", temporary("model.gguf"));
    struct convert_options options = {
        .type = DTYPE_I8, .vocab = conversions[_i].vocab, .shortlist = conversions[_i].shortlist};
    bool failed = true;
    for (long n = 1; failed; n = next(n)) {
        tolka_error err = {0};
        allocations_fail_from(n);
        tolka_status status = convert(conversions[_i].checkpoint, output, &options, &err);
        failed = allocations_failed();
        allocations_fail_from(0);
        check_outcome(conversions[_i].checkpoint, n, failed, status, &err);
        ck_assert_int_eq(access(output, F_OK), failed ? -1 : 0);
    }
    unlink(output);
}
END_TEST

TCase *import_memory_case(void) {
    TCase *tcase = tcase_create("memory");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, reading_says_that_memory_ran_out, 0, N_CHECKPOINTS);
    tcase_add_test(tcase, so_do_shortlists);
    tcase_add_test(tcase, so_do_settings);
    tcase_add_loop_test(tcase, so_do_vocabularies, 0, 3);
    tcase_add_loop_test(tcase, so_do_conversions, 0, N_CONVERSIONS);
    return tcase;
}
