/* Every option of every subcommand, declared once: the parser, --help, the manual page and shell
 * completion are made from the same table. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "engine/tolka.h"

#include <stdbool.h>
#include <stdio.h>

enum command {
    COMMAND_TRANSLATE = 1,
    COMMAND_CONVERT = 2,
    COMMAND_INSPECT = 4,
    COMMAND_SCORE = 8,
    COMMAND_CHECK = 16,
    COMMAND_BENCH = 32,
};

enum { EXIT_DONE = 0, EXIT_INPUT = 1, EXIT_USAGE = 2, EXIT_MODEL = 3 };

struct options {
    const char *model, *from, *to, *input, *output;
    long beam, nbest, max_length, batch;
    double length_penalty;
    const char *stop;    /* --early-stopping */
    const char *threads; /* a number; bench: a list */
    const char *batches; /* bench: a list */
    bool json, ids, quiet, no_shortlist, diff, tensors, help, version, force;
    /* convert */
    const char *type, *config, *family, *shortlist;
    const char *vocab; /* one file, or source,target */
    long rounds;
    char **arguments;
    int n_arguments;
};

struct command_spec {
    enum command command;
    const char *name, *arguments, *summary;
    const char *details; /* a paragraph for --help and the manual */
    int (*run)(struct options *options);
};
extern const struct command_spec command_specs[]; /* ended by a NULL name; commands.c */

/* Parses argv[first..]; prints one line and returns false on a usage error. */
bool options_parse(struct options *options, const struct command_spec *command, int argc,
                   char **argv, int first);
void print_help(FILE *out, const struct command_spec *command);
void print_manual(FILE *out);
void print_completion(FILE *out);

/* A single number of threads. */
bool options_threads(const struct options *options, int *threads);

/* "tolka: message" on stderr; returns `status`. */
int complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
