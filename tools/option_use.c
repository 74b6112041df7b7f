#include "tools/option_use.h"

#include <string.h>

enum { ANY = ~0 };

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

/* Commands may take options of the same name that mean something else. */
static const struct option_use {
    unsigned commands;
    const char *name;
    enum option_group group;
    const char *values;
} uses[] = {
    {ANY, "model", GROUP_MODEL, COMPLETE_MODELS},
    {ANY, "to", GROUP_MODEL, COMPLETE_LANGUAGES},
    {ANY, "from", GROUP_MODEL, COMPLETE_LANGUAGES},
    {ANY, "input", GROUP_FILES, COMPLETE_FILES},
    {ANY, "output", GROUP_FILES, COMPLETE_FILES},
    {COMMAND_TRANSLATE, "format", GROUP_FILES, "lines text markdown html srt vtt po"},
    {COMMAND_ATTENTION, "format", GROUP_FILES, "html svg json text"},
    {ANY, "force", GROUP_FILES, NULL},
    {ANY, "plot", GROUP_FILES, COMPLETE_FILES},
    {ANY, "target", GROUP_FILES, NULL},
    {ANY, "pieces", GROUP_FILES, NULL},
    {ANY, "json", GROUP_FILES, NULL},
    {ANY, "ids", GROUP_FILES, NULL},
    {ANY, "split", GROUP_FILES, NULL},
    {ANY, "no-split", GROUP_FILES, NULL},
    {COMMAND_TRANSLATE, "max-source", GROUP_FILES, NULL},
    {COMMAND_CONVERT, "max-source", GROUP_CHECKPOINT, NULL},
    {ANY, "diff", GROUP_FILES, NULL},
    {ANY, "tensors", GROUP_FILES, NULL},
    {ANY, "per-token", GROUP_FILES, NULL},
    {ANY, "unknown", GROUP_FILES, "copy drop mark"},
    {ANY, "beam", GROUP_SEARCH, NULL},
    {ANY, "nbest", GROUP_SEARCH, NULL},
    {ANY, "length-penalty", GROUP_SEARCH, NULL},
    {ANY, "normalize", GROUP_SEARCH, NULL},
    {ANY, "early-stopping", GROUP_SEARCH, "heuristic full never"},
    {ANY, "max-length", GROUP_SEARCH, NULL},
    {ANY, "prefix", GROUP_SEARCH, NULL},
    {ANY, "prefix-column", GROUP_SEARCH, NULL},
    {ANY, "alternatives", GROUP_SEARCH, NULL},
    {ANY, "no-repeat-ngram", GROUP_SEARCH, NULL},
    {ANY, "repetition-penalty", GROUP_SEARCH, NULL},
    {ANY, "min-new-tokens", GROUP_SEARCH, NULL},
    {ANY, "max-new-tokens", GROUP_SEARCH, NULL},
    {ANY, "require", GROUP_SEARCH, NULL},
    {ANY, "no-guards", GROUP_SEARCH, NULL},
    {ANY, "set", GROUP_SEARCH, NULL},
    {ANY, "no-shortlist", GROUP_SEARCH, NULL},
    {ANY, "sample", GROUP_SAMPLING, NULL},
    {ANY, "temperature", GROUP_SAMPLING, NULL},
    {ANY, "top-k", GROUP_SAMPLING, NULL},
    {ANY, "top-p", GROUP_SAMPLING, NULL},
    {ANY, "min-p", GROUP_SAMPLING, NULL},
    {ANY, "seed", GROUP_SAMPLING, NULL},
    {ANY, "alignments", GROUP_ALIGNMENT, NULL},
    {ANY, "soft-alignments", GROUP_ALIGNMENT, NULL},
    {ANY, "align-layer", GROUP_ALIGNMENT, NULL},
    {ANY, "align-head", GROUP_ALIGNMENT, NULL},
    {ANY, "symmetrize", GROUP_ALIGNMENT, "intersection union grow-diag-final-and"},
    {ANY, "reverse-model", GROUP_ALIGNMENT, COMPLETE_MODELS},
    {ANY, "reverse-to", GROUP_ALIGNMENT, COMPLETE_LANGUAGES},
    {ANY, "reverse-from", GROUP_ALIGNMENT, COMPLETE_LANGUAGES},
    {ANY, "type", GROUP_CHECKPOINT, "f32 f16 bf16 int8 q4"},
    {ANY, "config", GROUP_CHECKPOINT, COMPLETE_FILES},
    {ANY, "vocab", GROUP_CHECKPOINT, COMPLETE_FILES},
    {ANY, "shortlist", GROUP_CHECKPOINT, COMPLETE_FILES},
    {ANY, "family", GROUP_CHECKPOINT,
     "bart ctranslate2 m2m100 marian marian-native mbart t5 t5-gguf tolka vaswani"},
    {ANY, "batch", GROUP_SPEED, NULL},
    {ANY, "threads", GROUP_SPEED, NULL},
    {ANY, "max-memory", GROUP_SPEED, NULL},
    {ANY, "rounds", GROUP_SPEED, NULL},
};

static const struct option_use *find(const struct option_spec *spec) {
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if ((uses[i].commands & spec->commands) && strcmp(uses[i].name, spec->name) == 0)
            return &uses[i];
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
