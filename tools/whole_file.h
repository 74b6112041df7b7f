/* A file for the user (a page, a picture) that is written in one go: it is whole or not there. */
#ifndef WHOLE_FILE_H
#define WHOLE_FILE_H

#include <stdbool.h>
#include <stdio.h>

/* Could it be written? One that is there already is replaced if `force` says so. Complains and
 * returns an exit status other than 0 if not. */
int check_whole_file(const char *path, bool force);
/* The same when it comes to it. */
int write_whole_file(const char *path, bool force, void (*write)(FILE *out, const void *user),
                     const void *user);

#endif
