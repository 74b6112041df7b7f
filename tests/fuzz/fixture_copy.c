#define _XOPEN_SOURCE 700
#include "tests/fuzz/fixture_copy.h"

#include "engine/map.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *const small_fixtures[] = {"vaswani",
                                      "fsmt",
                                      "nllb-tiny",
                                      "t5-v11-tiny",
                                      "t5-umt5-tiny",
                                      "t5-madlad-tiny",
                                      "mbart25-tiny",
                                      "mbart50-tiny",
                                      "ct2-t5",
                                      "marian-native",
                                      "fairseq/args",
                                      "t5-gguf-tiny/candle",
                                      NULL};

char *joined_path(const char *folder, const char *name) {
    char *path = malloc(strlen(folder) + strlen(name) + 2);
    must(path != NULL, "there is memory for a path");
    sprintf(path, "%s/%s", folder, name);
    return path;
}

static void copy(const char *from, const char *to) {
    struct map map;
    struct stat info;
    if (stat(from, &info) != 0 || !S_ISREG(info.st_mode)) return;
    must(map_open(&map, from, NULL) == TOLKA_OK, "a fixture can be read");
    fuzz_write(to, map.bytes, map.n_bytes);
    map_close(&map);
}

/* Marian's has several models, of which one does. */
static bool is_left_out(const char *name) {
    return name[0] == '.' || strcmp(name, "reference.json") == 0 ||
           strcmp(name, "untied.npz") == 0 || strcmp(name, "prenorm-ssru.npz") == 0;
}

char *fixture_copy(size_t i) {
    char place[32];
    snprintf(place, sizeof place, "fixture%zu", i);
    char *folder = fuzz_path(place), *from = joined_path("tests/fixtures", small_fixtures[i]);
    DIR *stream = mkdir(folder, 0700) == 0 ? opendir(from) : NULL;
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        if (is_left_out(entry->d_name)) continue;
        char *file = joined_path(from, entry->d_name), *to = joined_path(folder, entry->d_name);
        copy(file, to);
        free(file), free(to);
    }
    if (stream) closedir(stream);
    free(from);
    return folder;
}
