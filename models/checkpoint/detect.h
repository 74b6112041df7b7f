/* Finding and opening the weights of a checkpoint. */
#ifndef DETECT_H
#define DETECT_H

#include "models/checkpoint/source.h"

/* Opens SOURCE: a directory, the weights file in it, or an archive of either. On failure nothing is
 * left to free. */
tolka_status source_open(struct source *source, const char *path, tolka_error *err);

#endif
