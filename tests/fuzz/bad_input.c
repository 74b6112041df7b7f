#define _XOPEN_SOURCE 700
#include "tests/fuzz/bad_input.h"

#include "engine/map.h"
#include "tests/fuzz/checkpoint_read.h"
#include "tests/fuzz/fixture_copy.h"
#include "tests/fuzz/named_text.h"
#include "tests/fuzz/settings_change.h"
#include "tests/fuzz/spm_change.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STUDENT "tests/fixtures/marian-student/"

/* ---- what to do with it ---------------------------------------------------------------------- */

static const char in[] = "@", out[] = "%"; /* stand for the input's path, and the output's */

static const char *const with_checkpoint[][MOST_ARGUMENTS] = {
    {"convert", in, "-o", out},
    {"convert", in, "-o", out, "--type", "f32"},
    {"convert", in, "-o", out, "--type", "q4"},
    {"inspect", "--tensors", in},
    {"inspect", "--diff", in, in},
    {"translate", "-m", in, "a b c"},
    {NULL},
};
static const char *const with_model[][MOST_ARGUMENTS] = {
    {"translate", "-m", in, "a b c"},
    {"translate", "-m", in, "--beam", "3", "--json", "a b"},
    {"inspect", "--tensors", in},
    {"check", in},
    {"languages", in},
    {"convert", in, "-o", out},
    {"attention", "-m", in, "a b", "-o", out},
    {"score", "-m", in, "-i", "/dev/null"},
    {NULL},
};
static const char *const with_shortlist[][MOST_ARGUMENTS] = {
    {"convert", STUDENT "model.student.intgemm.alphas.bin", "--vocab", STUDENT "vocab.spm",
     "--shortlist", in, "-o", out},
    {NULL},
};
static const char *const with_document[][MOST_ARGUMENTS] = {
    {"translate", "-m", "tests/fuzz/corpus/model/words.gguf", "-i", in, "-o", out},
    {NULL},
};

static void choose_arguments(struct bad_input *input, struct chance *chance, const char *output,
                             const char *const (*all)[MOST_ARGUMENTS]) {
    size_t n = 0;
    while (all[n][0]) n++;
    memcpy(input->arguments, all[chance_below(chance, n)], sizeof input->arguments);
    for (const char **argument = input->arguments; *argument; argument++)
        *argument = *argument == in ? input->path : *argument == out ? output : *argument;
}

/* ---- seeds ----------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One of the folder's files, whose order is always the same. The caller frees it. */
static char *choose_file(struct chance *chance, const char *folder,
                         bool (*wanted)(const char *name)) {
    char *names[64];
    size_t n = 0;
    DIR *stream = opendir(folder);
    must(stream != NULL, "a folder is there");
    for (struct dirent *entry; (entry = readdir(stream));)
        if (n < 64 && entry->d_name[0] != '.' && (!wanted || wanted(entry->d_name)))
            names[n++] = joined_path(folder, entry->d_name);
    closedir(stream);
    if (n == 0) return NULL;
    qsort(names, n, sizeof *names, compare_names);
    size_t chosen = chance_below(chance, n);
    for (size_t i = 0; i < n; i++)
        if (i != chosen) free(names[i]);
    return names[chosen];
}

static void put_file(struct blob *blob, const char *path) {
    struct map map;
    must(map_open(&map, path, NULL) == TOLKA_OK, "a seed can be read");
    blob_put(blob, map.bytes, map.n_bytes);
    map_close(&map);
}

static void change(struct bad_input *input, struct chance *chance,
                   void (*change_once)(struct chance *chance, struct blob *blob)) {
    do change_once(chance, &input->bytes);
    while (chance_one_in(chance, 2));
}

static void change_seed(struct bad_input *input, struct chance *chance) {
    char *folder = joined_path("tests/fuzz/corpus", input->kind);
    char *seed = choose_file(chance, folder, NULL);
    must(seed != NULL, "a target has seeds");
    put_file(&input->bytes, seed);
    change(input, chance, fuzz_target_named(input->kind)->change);
    free(seed), free(folder);
}

/* ---- where it is put ------------------------------------------------------------------------- */

static void put_weights(struct bad_input *input, struct chance *chance, const char *name) {
    change_seed(input, chance);
    input->path = checkpoint_place(name);
    fuzz_write(input->path, input->bytes.bytes, input->bytes.n);
}

static bool is_vocabulary(const char *name) {
    return strstr(name, ".model") || strstr(name, ".spm");
}

static bool is_settings(const char *name) {
    return strstr(name, ".json") || strstr(name, ".yml") || strstr(name, ".txt") ||
           is_vocabulary(name);
}

/* A file of a fixture: its settings, its vocabulary. */
static void put_settings(struct bad_input *input, struct chance *chance) {
    size_t n = 0;
    while (small_fixtures[n]) n++;
    input->path = fixture_copy(chance_below(chance, n));
    input->place = choose_file(chance, input->path, is_settings);
    if (!input->place) input->place = joined_path(input->path, "config.json");
    input->aside = fuzz_path("aside");
    if (is_vocabulary(input->place)) {
        put_file(&input->bytes, input->place);
        change(input, chance, change_spm);
    } else {
        struct named_text text;
        blob_put_text(&input->bytes, strrchr(input->place, '/') + 1);
        blob_put_text(&input->bytes, "\n");
        if (access(input->place, F_OK) == 0) put_file(&input->bytes, input->place);
        change(input, chance, change_settings);
        if (named_text(&text, input->bytes.bytes, input->bytes.n))
            blob_replace(&input->bytes, 0, input->bytes.n - text.n, NULL, 0);
    }
    if (rename(input->place, input->aside) != 0) free(input->aside), input->aside = NULL;
    fuzz_write(input->place, input->bytes.bytes, input->bytes.n);
}

static void put_shortlist(struct bad_input *input, struct chance *chance) {
    put_file(&input->bytes, STUDENT "lex.s2t.bin");
    change(input, chance, fuzz_target_named("shortlist")->change);
    input->path = fuzz_path("lex.bin");
    fuzz_write(input->path, input->bytes.bytes, input->bytes.n);
}

static void put_document(struct bad_input *input, struct chance *chance) {
    static const char *const endings[][2] = {{"markdown", "document.md"}, {"html", "document.html"},
                                             {"srt", "document.srt"},     {"vtt", "document.vtt"},
                                             {"po", "document.po"},       {"man", "document.1"}};
    struct named_text text;
    const char *name = "document.txt";
    change_seed(input, chance);
    if (named_text(&text, input->bytes.bytes, input->bytes.n)) {
        for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
            if (strcmp(text.name, endings[i][0]) == 0) name = endings[i][1];
        blob_replace(&input->bytes, 0, input->bytes.n - text.n, NULL, 0);
    }
    input->path = fuzz_path(name);
    fuzz_write(input->path, input->bytes.bytes, input->bytes.n);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Weights are most of what there is. */
static const struct {
    const char *kind, *name;
} kinds[] = {
    {"model", "model.gguf"},
    {"settings", NULL},
    {"safetensors", "model.safetensors"},
    {"gguf_source", "model.gguf"},
    {"pytorch", "pytorch_model.bin"},
    {"model", "model.gguf"},
    {"settings", NULL},
    {"pytorch_legacy", "pytorch_model.bin"},
    {"npz", "model.npz"},
    {"marian_bin", "model.bin"},
    {"ctranslate2", "model.bin"},
    {"archive", "archive"},
    {"shortlist", NULL},
    {"settings", NULL},
    {"document", NULL},
};

void bad_input_make(struct bad_input *input, size_t number, const char *output) {
    struct chance chance = {number, change_plainly};
    size_t k = number % (sizeof kinds / sizeof *kinds);
    *input = (struct bad_input){.kind = kinds[k].kind};
    const char *const(*arguments)[MOST_ARGUMENTS] = with_checkpoint;
    if (strcmp(input->kind, "settings") == 0) {
        put_settings(input, &chance);
    } else if (strcmp(input->kind, "shortlist") == 0) {
        put_shortlist(input, &chance);
        arguments = with_shortlist;
    } else if (strcmp(input->kind, "document") == 0) {
        put_document(input, &chance);
        arguments = with_document;
    } else {
        put_weights(input, &chance, kinds[k].name);
        if (strcmp(input->kind, "model") == 0) arguments = with_model;
    }
    choose_arguments(input, &chance, output, arguments);
}

void bad_input_end(struct bad_input *input) {
    if (input->place) {
        unlink(input->place);
        must(!input->aside || rename(input->aside, input->place) == 0, "a file is put back");
    } else {
        unlink(input->path);
    }
    free(input->path), free(input->place), free(input->aside);
    blob_free(&input->bytes);
}
