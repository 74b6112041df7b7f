/* Arguments that begin like options and are text: "-5 degrees", "- and then". getopt would take
 * them for options, so it sees something else while it works. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stdbool.h>

struct held_texts {
    char *places; /* [argc] empty strings, which no option is */
    char **texts; /* [argc] the argument that a place stands for; NULL: none */
};

/* Puts places where is_text says so, from argv[first] on; false if memory is short. */
bool hold_texts(struct held_texts *held, int argc, char **argv, int first,
                bool (*is_text)(void *user, const char *argument), void *user);
/* What getopt found: an argument as it was. */
char *held_text(const struct held_texts *held, char *argument, int argc);
/* Puts the texts back, wherever getopt has moved them. */
void release_texts(struct held_texts *held, int argc, char **argv);

#endif
