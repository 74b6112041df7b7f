/* What a file is: every kind has an example that is called by its name, whoever asks, and goes to
 * the reader that can do something with it. */
#define _POSIX_C_SOURCE 200809L
#include "engine/file_kind.h"
#include "models/checkpoint/containers.h"
#include "tests/check_gguf.h"
#include "tests/import_files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct example {
    enum file_kind kind;
    const char *bytes;
    size_t n;
    const char *says;      /* part of the phrase */
    const char *container; /* NULL: no reader takes it */
};

/* Its signature stands behind the header of the first file. */
static const char tar[262] = {'f', 'o', 'l', 'd', 'e', 'r', '/', [257] = 'u', 's', 't', 'a', 'r'};

static const struct example examples[] = {
    {FILE_EMPTY, "", 0, "empty file", NULL},
    {FILE_UNKNOWN, "\1\2\3\4\5\6\7\0", 8, "unknown to tolka", NULL},
    {FILE_GGUF, "GGUF\3\0\0\0", 8, "GGUF", "GGUF"},
    {FILE_GGUF_BIG_ENDIAN, "FUGG\0\0\0\3", 8, "big-endian GGUF", NULL},
    {FILE_GGML, "lmgg\1\0\0\0", 8, "GGML", NULL},
    {FILE_GGML, "tjgg\1\0\0\0", 8, "GGML", NULL},
    {FILE_SAFETENSORS, "\x40\0\0\0\0\0\0\0{\"a\":{}}", 16, "safetensors", "safetensors"},
    {FILE_SAFETENSORS, "\x40\0\0\0\0\0\0\0\n{\"a\":{}}", 17, "safetensors", "safetensors"},
    {FILE_SAFETENSORS_INDEX, "{\"weight_map\": {\"a\": \"1.safetensors\"}}", 38,
     "index of safetensors", "safetensors shards"},
    {FILE_PYTORCH, "PK\3\4\24\0\0\0", 8, "zip archive", "PyTorch zip"},
    {FILE_PYTORCH_INDEX, "\n  {\"weight_map\": {\"a\": \"1.bin\"}}", 33, "index of PyTorch",
     "PyTorch shards"},
    {FILE_PYTORCH_OLD, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15,
     "PyTorch checkpoint of before 1.6", "PyTorch before 1.6"},
    {FILE_PICKLE, "\x80\x02}q\0.", 6, "pickle", "PyTorch before 1.6"},
    {FILE_PICKLE, "\x80\x03}q\0.", 6, "pickle", "PyTorch before 1.6"},
    {FILE_PICKLE, "\x80\x04\x95.", 4, "pickle", "PyTorch before 1.6"},
    {FILE_PICKLE, "\x80\x05\x95.", 4, "pickle", "PyTorch before 1.6"},
    {FILE_NPZ, "PK\3\4\24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0a.npy", 35,
     "zip archive", "Marian npz"},
    {FILE_MARIAN_BIN, "\1\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0", 16, "Marian .bin", "Marian bin"},
    {FILE_CTRANSLATE2, "\6\0\0\0\20\0TransformerSpec\0\7\0\0\0", 26, "CTranslate2", "CTranslate2"},
    {FILE_CTRANSLATE2, "\3\0\0\0\1\0\0\1\0\0\0\0", 12, "CTranslate2", "CTranslate2"},
    {FILE_CTRANSLATE2, "\1\0\0\0\5\0\0\0\4\0abc\0", 14, "CTranslate2", "CTranslate2"},
    {FILE_HDF5, "\x89HDF\r\n\x1a\n", 8, "HDF5", NULL},
    {FILE_NPY, "\x93NUMPY\1\0", 8, "numpy array", NULL},
    {FILE_SENTENCEPIECE, "\n\x0e\n\5<unk>\x15\0\0\0\0\x18\2", 16, "SentencePiece", NULL},
    {FILE_LFS_POINTER, "version https://git-lfs.github.com/spec/v1\noid sha256:ab\n", 56,
     "Git LFS pointer", NULL},
    {FILE_GZIP, "\x1f\x8b\x08\0", 4, "gzip", NULL},
    {FILE_XZ, "\3757zXZ\0", 6, "xz file", NULL},
    {FILE_ZSTD, "\x28\xb5\x2f\xfd\0", 5, "zstd", NULL},
    {FILE_BZIP2, "BZh91AY", 7, "bzip2", NULL},
    {FILE_TAR, tar, sizeof tar, "tar archive", NULL},
    {FILE_HTML, "<!DOCTYPE html><html>", 21, "HTML page", NULL},
    {FILE_HTML, "<!doctype html>", 15, "HTML page", NULL},
    {FILE_HTML, "<html><head>", 12, "HTML page", NULL},
    {FILE_PROGRAM, "\177ELF\2\1\1", 7, "a program", NULL},
    {FILE_PDF, "%PDF-1.7", 8, "PDF", NULL},
    {FILE_JSON, "{\"model_type\": \"marian\"}", 24, "JSON", NULL},
    {FILE_TEXT, "Hello there.\n", 13, "a text file", NULL},
};
enum { N_EXAMPLES = sizeof examples / sizeof *examples };

START_TEST(every_kind_has_an_example) {
    for (int kind = 0; kind < N_FILE_KINDS; kind++) {
        size_t i = 0;
        while (i < N_EXAMPLES && (int)examples[i].kind != kind) i++;
        ck_assert_msg(i < N_EXAMPLES, "kind %d (%s)", kind, file_kind_phrase(kind));
        ck_assert_ptr_nonnull(file_kind_phrase(kind));
    }
}
END_TEST

START_TEST(kinds_are_told_by_their_bytes) {
    const struct example *example = &examples[_i];
    const uint8_t *bytes = (const uint8_t *)example->bytes;
    ck_assert_int_eq(file_kind_of(bytes, example->n), example->kind);
    const char *phrase = describe_file(bytes, example->n);
    ck_assert_str_eq(phrase, file_kind_phrase(example->kind));
    ck_assert_msg(strstr(phrase, example->says), "\"%s\" is not \"%s\"", phrase, example->says);
}
END_TEST

/* Copies of every length, so that a tool that watches memory sees a look past the end. */
START_TEST(no_kind_is_told_past_the_end) {
    const struct example *example = &examples[_i];
    for (size_t n = 0; n <= example->n; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, example->bytes, n);
        ck_assert_int_lt(file_kind_of(copy, n), N_FILE_KINDS);
        free(copy);
    }
}
END_TEST

/* Whoever wants a model file calls it by the name that the chooser of readers gives it. */
START_TEST(messages_and_readers_agree) {
    const struct example *example = &examples[_i];
    const struct container *container;
    struct gguf gguf;
    tolka_error err = {0};
    const char *path = temporary("file"), *phrase = file_kind_phrase(example->kind);
    write_file(path, example->bytes, example->n);
    tolka_status status = container_of(path, &container, &err);
    if (example->container) {
        ck_assert_msg(status == TOLKA_OK, "%s", err.text);
        ck_assert_str_eq(container->kind_name, example->container);
    } else {
        ck_assert_int_eq(status, TOLKA_FORMAT);
        ck_assert_ptr_null(container);
        ck_assert_msg(strstr(err.text, path) && strstr(err.text, phrase), "%s", err.text);
    }
    unlink(path);
    const uint8_t *bytes = (const uint8_t *)example->bytes;
    ck_assert_int_ne(gguf_parse(&gguf, bytes, example->n, "file", &err), TOLKA_OK);
    if (example->kind != FILE_GGUF) ck_assert_msg(strstr(err.text, phrase), "%s", err.text);
}
END_TEST

TCase *gguf_kinds_case(void) {
    TCase *kinds = tcase_create("kinds");
    tcase_add_test(kinds, every_kind_has_an_example);
    tcase_add_loop_test(kinds, kinds_are_told_by_their_bytes, 0, N_EXAMPLES);
    tcase_add_loop_test(kinds, no_kind_is_told_past_the_end, 0, N_EXAMPLES);
    tcase_add_loop_test(kinds, messages_and_readers_agree, 0, N_EXAMPLES);
    return kinds;
}
