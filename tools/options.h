/* Every option of every subcommand, declared once: the parser (command_line.c) and --help, the
 * manual page and shell completion (help.c) are made from the same table. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "engine/tolka.h"

#include <stdbool.h>
#include <stddef.h>

/* A setting of the search, as --set or an option of its own gives it. */
struct setting {
    const char *option; /* for messages */
    const char *key;    /* NULL: `value` is key=value */
    const char *value;  /* JSON */
};
enum { MAX_SETTINGS = 64 };

enum command {
    COMMAND_TRANSLATE = 1,
    COMMAND_CONVERT = 2,
    COMMAND_INSPECT = 4,
    COMMAND_SCORE = 8,
    COMMAND_CHECK = 16,
    COMMAND_BENCH = 32,
    COMMAND_ATTENTION = 64,
    COMMAND_LANGUAGES = 128,
    COMMAND_CACHE = 256,
};

struct options {
    const char *model, *from, *to, *input, *output;
    long beam, nbest, max_length, max_source;
    double length_penalty;
    const char *unknown; /* --unknown */
    const char *stop;    /* --early-stopping */
    const char *threads; /* a number; bench: a list */
    const char *batches; /* bench: a list */
    const char *max_memory;
    bool json, ids, quiet, verbose, no_shortlist, split, no_split, no_guards, diff, tensors, help, version;
    /* alignments */
    bool alignments, soft_alignments;
    long align_layer, align_head;
    const char *symmetrize, *reverse_model, *reverse_from, *reverse_to;
    /* convert */
    const char *type, *config, *family, *shortlist;
    const char *vocab; /* one file, or source,target */
    long rounds;
    const char *plot;
    /* how tokens are chosen */
    struct setting settings[MAX_SETTINGS];
    int n_settings;
    const char *prefix;
    bool prefix_column, normalize, per_token;
    long alternatives;
    /* attention */
    const char *format, *target;
    bool pieces, force;
    bool clear; /* cache */
    char **arguments;
    int n_arguments;
};

/* Has an option asked for alignments? */
static inline bool shows_alignments(const struct options *options) {
    return options->alignments || options->soft_alignments || options->symmetrize;
}

enum value { VALUE_FLAG, VALUE_TEXT, VALUE_LONG, VALUE_DOUBLE, VALUE_SETTING };

struct option_spec {
    const char *name;
    char letter; /* 0: none */
    enum value value;
    const char *argument; /* NULL: a flag */
    const char *help;
    unsigned commands;
    size_t offset;
    double min, max;
};
enum { MAX_OPTIONS = 128 };
extern const struct option_spec option_specs[]; /* ended by a NULL name */

/* Sets one option, by its entry or long name; text NULL for a flag. False after a complaint. */
bool option_apply(struct options *options, const struct option_spec *spec, const char *text);
bool options_set(struct options *options, enum command command, const char *name, const char *text);

/* The arguments as one text, with blanks between them; the caller frees it. NULL: no memory. */
char *join_arguments(const struct options *options);

#endif
