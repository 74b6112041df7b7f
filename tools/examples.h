/* Examples of every command, for --help and the manual page. */
#ifndef EXAMPLES_H
#define EXAMPLES_H

#include "tools/options.h"

struct example {
    enum command command;
    const char *line, *says;
};
extern const struct example examples[]; /* ended by a NULL line */

#endif
