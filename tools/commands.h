/* The subcommands. Each gets parsed options and returns an exit status. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "tools/options.h"

int run_translate(struct options *options);
int run_score(struct options *options);
int run_convert(struct options *options);
int run_inspect(struct options *options);
int run_check(struct options *options);
int run_bench(struct options *options);

#endif
