/* Files with something wrong in them, for the command: one of a fuzz target's seeds, or a file of a
 * fixture, changed as the targets change them and put where the command expects such a file. */
#ifndef BAD_INPUT_H
#define BAD_INPUT_H

#include "tests/fuzz/fuzz.h"

enum { MOST_ARGUMENTS = 12 };

struct bad_input {
    const char *kind;                      /* the target's name */
    struct blob bytes;                     /* of the file that was changed */
    char *path;                            /* what the command gets: that file, or its folder */
    char *aside, *place;                   /* the file that it stands for meanwhile; or NULL */
    const char *arguments[MOST_ARGUMENTS]; /* of the command, ended by NULL */
};

/* Input `number`, always the same one, written to a folder of this process's own, and what the command
 * shall do with it; `output` is where it may write. */
void bad_input_make(struct bad_input *input, size_t number, const char *output);
/* Takes it away again. */
void bad_input_end(struct bad_input *input);

#endif
