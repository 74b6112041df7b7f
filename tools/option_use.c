#include "tools/option_use.h"

#include <string.h>

const char *const option_group_names[OPTION_GROUPS] = {
    [GROUP_MODEL] = "model and languages",
    [GROUP_FILES] = "input and output",
    [GROUP_SEARCH] = "how words are chosen",
    [GROUP_SAMPLING] = "sampling",
    [GROUP_ALIGNMENT] = "alignments",
    [GROUP_CHECKPOINT] = "the checkpoint",
    [GROUP_SPEED] = "speed",
    [GROUP_OTHER] = "other options",
};

static const struct option_use {
    const char *name;
    enum option_group group;
    const char *values;
} uses[] = {
    {"model", GROUP_MODEL, COMPLETE_MODELS},
    {"to", GROUP_MODEL, COMPLETE_LANGUAGES},
    {"from", GROUP_MODEL, COMPLETE_LANGUAGES},
    {"input", GROUP_FILES, COMPLETE_FILES},
    {"output", GROUP_FILES, COMPLETE_FILES},
    {"format", GROUP_FILES, "html svg json text"},
    {"force", GROUP_FILES, NULL},
    {"target", GROUP_FILES, NULL},
    {"pieces", GROUP_FILES, NULL},
    {"json", GROUP_FILES, NULL},
    {"ids", GROUP_FILES, NULL},
    {"diff", GROUP_FILES, NULL},
    {"tensors", GROUP_FILES, NULL},
    {"per-token", GROUP_FILES, NULL},
    {"beam", GROUP_SEARCH, NULL},
    {"nbest", GROUP_SEARCH, NULL},
    {"length-penalty", GROUP_SEARCH, NULL},
    {"normalize", GROUP_SEARCH, NULL},
    {"early-stopping", GROUP_SEARCH, "heuristic full never"},
    {"max-length", GROUP_SEARCH, NULL},
    {"prefix", GROUP_SEARCH, NULL},
    {"prefix-column", GROUP_SEARCH, NULL},
    {"alternatives", GROUP_SEARCH, NULL},
    {"no-repeat-ngram", GROUP_SEARCH, NULL},
    {"repetition-penalty", GROUP_SEARCH, NULL},
    {"min-new-tokens", GROUP_SEARCH, NULL},
    {"max-new-tokens", GROUP_SEARCH, NULL},
    {"set", GROUP_SEARCH, NULL},
    {"no-shortlist", GROUP_SEARCH, NULL},
    {"sample", GROUP_SAMPLING, NULL},
    {"temperature", GROUP_SAMPLING, NULL},
    {"top-k", GROUP_SAMPLING, NULL},
    {"top-p", GROUP_SAMPLING, NULL},
    {"min-p", GROUP_SAMPLING, NULL},
    {"seed", GROUP_SAMPLING, NULL},
    {"alignments", GROUP_ALIGNMENT, NULL},
    {"soft-alignments", GROUP_ALIGNMENT, NULL},
    {"align-layer", GROUP_ALIGNMENT, NULL},
    {"align-head", GROUP_ALIGNMENT, NULL},
    {"symmetrize", GROUP_ALIGNMENT, "intersection union grow-diag-final-and"},
    {"reverse-model", GROUP_ALIGNMENT, COMPLETE_MODELS},
    {"reverse-to", GROUP_ALIGNMENT, COMPLETE_LANGUAGES},
    {"reverse-from", GROUP_ALIGNMENT, COMPLETE_LANGUAGES},
    {"type", GROUP_CHECKPOINT, "f32 f16 bf16 int8"},
    {"config", GROUP_CHECKPOINT, COMPLETE_FILES},
    {"vocab", GROUP_CHECKPOINT, COMPLETE_FILES},
    {"shortlist", GROUP_CHECKPOINT, COMPLETE_FILES},
    {"family", GROUP_CHECKPOINT,
     "bart ctranslate2 m2m100 marian marian-native mbart t5 t5-gguf tolka vaswani"},
    {"batch", GROUP_SPEED, NULL},
    {"threads", GROUP_SPEED, NULL},
    {"rounds", GROUP_SPEED, NULL},
};

static const struct option_use *find(const struct option_spec *spec) {
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if (strcmp(uses[i].name, spec->name) == 0) return &uses[i];
    return NULL;
}

enum option_group option_group(const struct option_spec *spec) {
    const struct option_use *use = find(spec);
    return use ? use->group : GROUP_OTHER;
}

const char *option_values(const struct option_spec *spec) {
    const struct option_use *use = find(spec);
    if (use) return use->values;
    return spec->argument && strcmp(spec->argument, "FILE") == 0 ? COMPLETE_FILES : NULL;
}

const char *argument_values(const struct command_spec *command) {
    const char *arguments = command->arguments;
    if (command->command == COMMAND_CHECK) return COMPLETE_MODELS;
    return strstr(arguments, "FILE") || strstr(arguments, "CHECKPOINT") ? COMPLETE_FILES : NULL;
}

bool next_word(const char **text, const char **word, int *length) {
    *word = *text + strspn(*text, " ");
    *length = (int)strcspn(*word, " ");
    *text = *word + *length;
    return *length > 0;
}
