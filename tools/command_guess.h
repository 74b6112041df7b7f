/* Text may stand where a command may: is a first word a slip of the hand, or the begin of a
 * sentence? */
#ifndef COMMAND_GUESS_H
#define COMMAND_GUESS_H

#include "tools/commands.h"

/* The command of this name; NULL: none. */
const struct command_spec *find_command(const char *name);
/* The command whose name is nearly this; NULL: none. */
const struct command_spec *near_command(const char *name);

/* The command that argv[1], which is no command's name, was probably meant to be: a file follows
 * it, or an option that translate does not have, or nothing at all, if somebody can be asked. NULL:
 * it is text. */
const struct command_spec *meant_command(int argc, char **argv, bool may_ask);

/* Is argv[1], a command's name, the begin of a sentence ("check the door", "convert to metric")?
 * Words follow that name no file, and an option that only translate has. */
bool is_sentence(const struct command_spec *command, int argc, char **argv);

#endif
