#define _POSIX_C_SOURCE 200809L
#include "tools/file_name_note.h"

#include "tools/complain.h"

#include <string.h>
#include <sys/stat.h>

void note_file_name(const struct options *options) {
    struct stat found;
    if (options->quiet || options->ids || options->n_arguments != 1) return;
    const char *name = options->arguments[0];
    if (strpbrk(name, " \t\n") || stat(name, &found) != 0 || !S_ISREG(found.st_mode)) return;
    complain(EXIT_DONE, "note: %s is translated as a text; -i %s translates the file of that name",
             name, name);
}
