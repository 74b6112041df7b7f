/* The arguments of a command by the table of options. */
#ifndef COMMAND_LINE_H
#define COMMAND_LINE_H

#include "tools/options.h"

/* Parses argv[first..] as the options of a command; prints one line and returns false on a usage
 * error. `name` is the command's, for messages. */
bool options_parse(struct options *options, enum command command, const char *name, int argc,
                   char **argv, int first);

#endif
