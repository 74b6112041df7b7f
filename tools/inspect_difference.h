/* tolka inspect --diff, for people and as JSON. */
#ifndef INSPECT_DIFFERENCE_H
#define INSPECT_DIFFERENCE_H

#include "tools/options.h"

int inspect_difference(const struct options *options);

#endif
