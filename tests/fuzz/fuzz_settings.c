/* Settings of all families: a file of a fixture is another one, the others stay, and the checkpoint
 * is converted. The first line says which: "nllb-tiny/config.json". */
#include "tests/fuzz/checkpoint_read.h"
#include "tests/fuzz/fixture_copy.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/named_text.h"
#include "tests/fuzz/settings_change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* With the other file in its place. */
static void convert_with(const char *folder, const char *name, const struct named_text *text) {
    char *path = joined_path(folder, name), *aside = joined_path(folder, "aside");
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
    for (size_t i = 0; small_fixtures[i]; i++) {
        if (strcmp(small_fixtures[i], text.name) != 0) continue;
        char *folder = fixture_copy(i);
        convert_with(folder, slash + 1, &text);
        free(folder);
    }
}

const struct fuzz_target fuzz_settings = {"settings", run, change_settings, 1 << 13, false};
