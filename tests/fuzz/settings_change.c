#include "tests/fuzz/settings_change.h"

#include "tests/fuzz/json_change.h"
#include "tests/fuzz/named_text.h"
#include "tests/fuzz/yaml_words.h"

#include <string.h>

static void change_file(struct chance *chance, const char *name, struct blob *text) {
    if (strstr(name, ".json"))
        change_json(chance, text);
    else
        change_text(chance, text, yaml_words);
}

void change_settings(struct chance *chance, struct blob *input) {
    change_named(chance, input, change_file);
}
