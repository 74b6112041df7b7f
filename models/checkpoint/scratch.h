/* A private directory for what a checkpoint has to be unpacked into. It goes when it is closed, or
 * when the program is interrupted. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "engine/error.h"

struct scratch;

/* A new directory in $TMPDIR or /tmp that nobody else can enter; *out is NULL on failure. */
tolka_status scratch_new(struct scratch **out, tolka_error *err);
const char *scratch_path(const struct scratch *scratch);
/* Removes it with all that is in it. NULL is accepted. */
void scratch_free(struct scratch *scratch);

#endif
