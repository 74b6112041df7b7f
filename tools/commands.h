/* The subcommands. Each gets parsed options and returns an exit status; each has a file of its own,
 * and a row in commands.c. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "tools/complain.h"
#include "tools/options.h"

struct command_spec {
    enum command command;
    const char *name, *arguments, *summary;
    const char *details; /* a paragraph for --help and the manual */
    int (*run)(struct options *options);
};
extern const struct command_spec command_specs[]; /* ended by a NULL name */

int run_translate(struct options *options);
int run_score(struct options *options);
int run_convert(struct options *options);
int run_inspect(struct options *options);
int run_languages(struct options *options);
int run_attention(struct options *options);
int run_check(struct options *options);
int run_bench(struct options *options);
int run_cache(struct options *options);

#endif
