/* Settings of all families: a file of a fixture is another one, the others stay, and the checkpoint
 * is converted. The first line says which: "nllb-tiny/config.json". */
#define _XOPEN_SOURCE 700
#include "tests/fuzz/checkpoint_read.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/named_text.h"
#include "tests/fuzz/settings_change.h"

#include "engine/map.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Small enough to be converted often. */
static const char *const fixtures[] = {"vaswani",       "fsmt",         "nllb-tiny",
                                       "t5-v11-tiny",   "t5-umt5-tiny", "t5-madlad-tiny",
                                       "mbart25-tiny",  "mbart50-tiny", "ct2-t5",
                                       "marian-native", "fairseq/args", "t5-gguf-tiny/candle"};

static char *joined(const char *folder, const char *name) {
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

/* The fixture's files in a folder of ours, once. Marian's has several models, of which one does. */
static void copy_fixture(const char *fixture, const char *folder) {
    char *from = joined("tests/fixtures", fixture);
    DIR *stream = mkdir(folder, 0700) == 0 ? opendir(from) : NULL;
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "reference.json") == 0 ||
            strcmp(entry->d_name, "untied.npz") == 0 ||
            strcmp(entry->d_name, "prenorm-ssru.npz") == 0)
            continue;
        char *file = joined(from, entry->d_name), *to = joined(folder, entry->d_name);
        copy(file, to);
        free(file), free(to);
    }
    if (stream) closedir(stream);
    free(from);
}

/* With the other file in its place. */
static void convert_with(const char *folder, const char *name, const struct named_text *text) {
    char *path = joined(folder, name), *aside = joined(folder, "aside");
    bool was_there = rename(path, aside) == 0;
    fuzz_write(path, text->bytes, text->n);
    convert_checkpoint(folder, text->n);
    if (was_there)
        must(rename(aside, path) == 0, "a file is put back");
    else
        unlink(path);
    free(path), free(aside);
}

static void run(const uint8_t *bytes, size_t n) {
    struct named_text text;
    char *slash;
    if (!named_text(&text, bytes, n) || !(slash = strrchr(text.name, '/'))) return;
    *slash = 0;
    if (!slash[1] || slash[1] == '.') return;
    for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
        if (strcmp(fixtures[i], text.name) != 0) continue;
        char place[32];
        snprintf(place, sizeof place, "fixture%zu", i);
        char *folder = fuzz_path(place);
        copy_fixture(text.name, folder);
        convert_with(folder, slash + 1, &text);
        free(folder);
    }
}

const struct fuzz_target fuzz_settings = {"settings", run, change_settings, 1 << 13, false};
