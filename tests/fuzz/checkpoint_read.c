#define _XOPEN_SOURCE 700
#include "tests/fuzz/checkpoint_read.h"

#include "models/checkpoint/detect.h"
#include "models/convert/conversion.h"
#include "models/convert/describe.h"
#include "models/convert/difference.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the seeds that corpus/seeds.py makes: width 4, 2 heads, hidden layer 8, 8 tokens, a layer each. */
static const struct {
    const char *name, *text;
} beside[] = {
    {"config.json",
     "{\"model_type\":\"marian\",\"d_model\":4,\"encoder_layers\":1,\"decoder_layers\":1,"
     "\"encoder_attention_heads\":2,\"decoder_attention_heads\":2,\"encoder_ffn_dim\":8,"
     "\"decoder_ffn_dim\":8,\"eos_token_id\":1,\"pad_token_id\":0,\"decoder_start_token_id\":0,"
     "\"forced_eos_token_id\":1}"},
    {"source_vocabulary.txt", "<s>\n</s>\n<unk>\na\nb\nc\nd\ne\n"},
    {"target_vocabulary.txt", "<s>\n</s>\n<unk>\na\nb\nc\nd\ne\n"},
    {"vocab.yml", "\"</s>\": 0\n\"<unk>\": 1\na: 2\nb: 3\nc: 4\nd: 5\ne: 6\nf: 7\n"},
};

/* The path of a file that stands beside them. */
static char *path_of(const char *name) {
    char inner[100];
    snprintf(inner, sizeof inner, "checkpoint/%s", name);
    return fuzz_path(inner);
}

static void write_beside(void) {
    char *directory = fuzz_path("checkpoint");
    if (mkdir(directory, 0700) == 0) {
        for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
            char *path = path_of(beside[i].name);
            fuzz_write(path, beside[i].text, strlen(beside[i].text));
            free(path);
        }
    }
    free(directory);
}

char *checkpoint_place(const char *name) {
    write_beside();
    return path_of(name);
}

static void check_error(tolka_status status, const tolka_error *err) {
    must(err->status == status, "an error has the call's status");
    must(err->text[0] && !strchr(err->text, '\n'), "an error is one line");
}

enum { MOST_NUMBERS = 20000 };

static void read_tensor(const struct source_tensor *tensor) {
    uint64_t n = source_elements(tensor);
    uint64_t columns = tensor->rank ? tensor->dims[tensor->rank - 1] : 1;
    if (n == 0 || n > MOST_NUMBERS || tensor->type == SOURCE_OTHER) return;
    uint64_t rows = n / columns;
    float *row = malloc((rows > columns ? rows : columns) * sizeof *row);
    must(row != NULL, "there is memory for a row");
    for (uint64_t r = 0; r < rows; r++) source_read_row(tensor, r, false, row);
    for (uint64_t c = 0; tensor->rank == 2 && c < columns; c++)
        source_read_row(tensor, c, true, row);
    free(row);
}

static void read_tensors(const char *path) {
    struct source source;
    tolka_error err = {TOLKA_OK, ""};
    tolka_status status = source_open(&source, path, &err);
    if (status != TOLKA_OK) {
        check_error(status, &err);
        return;
    }
    for (size_t i = 0; i < source.n_tensors; i++) read_tensor(&source.tensors[i]);
    source_close(&source);
}

/* What inspect shows. */
static void describe_checkpoint(const char *path) {
    static const struct import_options options = {.config = NULL};
    tolka_error err = {TOLKA_OK, ""};
    json_t *description = NULL;
    tolka_status status = describe(&description, path, &options, true, &err);
    if (status != TOLKA_OK) check_error(status, &err);
    json_decref(description);
}

/* Numbers may be none, and then they differ from themselves. */
static void see_difference(void *user, const struct difference *difference) {
    (void)user;
    must(difference->kind == DIFFERENCE_NONE || difference->kind == DIFFERENCE_VALUES ||
             difference->kind == DIFFERENCE_TYPE,
         "a checkpoint differs from itself in no shape");
}

static void see_left_out(void *user, int side, const char *name) {
    (void)user, (void)side;
    must(name != NULL, "a tensor has a name");
}

static void compare_with_itself(const char *path) {
    static const struct import_options options = {.config = NULL};
    tolka_error err = {TOLKA_OK, ""};
    struct comparison comparison = {.paths = {path, path},
                                    .options = &options,
                                    .visit = see_difference,
                                    .left_out = see_left_out};
    tolka_status status = compare_files(&comparison, &err);
    if (status != TOLKA_OK) check_error(status, &err);
}

void convert_checkpoint(const char *path, size_t choice) {
    static const enum dtype types[] = {DTYPE_I8, DTYPE_F32, DTYPE_BF16, DTYPE_F16};
    struct convert_options options = {.type = types[choice % 4]};
    tolka_error err = {TOLKA_OK, ""};
    char *output = fuzz_path("output.gguf");
    tolka_status status = convert(path, output, &options, &err);
    tolka_model *model = NULL;
    if (status != TOLKA_OK) {
        check_error(status, &err);
        must(access(output, F_OK) != 0, "what cannot be converted leaves no file");
    } else {
        must(tolka_model_open(&model, output, NULL) == TOLKA_OK, "what was converted opens");
        tolka_model_free(model);
        unlink(output);
    }
    free(output);
}

void read_checkpoint(const uint8_t *bytes, size_t n, const char *name) {
    char *path = checkpoint_place(name);
    fuzz_write(path, bytes, n);
    read_tensors(path);
    convert_checkpoint(path, n);
    (n % 2 ? describe_checkpoint : compare_with_itself)(path);
    unlink(path);
    free(path);
}
