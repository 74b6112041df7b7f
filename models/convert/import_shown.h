/* An import as a family is shown it. */
#ifndef IMPORT_SHOWN_H
#define IMPORT_SHOWN_H

#include "models/convert/import.h"

/* A tensor by the name that a family gives it; NULL: there is none. */
const struct source_tensor *import_tensor(const struct import *import, const char *name);

/* Fills import->checkpoint. */
void import_show(struct import *import);

#endif
