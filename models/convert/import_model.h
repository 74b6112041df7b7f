/* A checkpoint that can be run as it is. */
#ifndef IMPORT_MODEL_H
#define IMPORT_MODEL_H

#include "engine/model.h"
#include "models/convert/import.h"

/* Binds a model to the source itself: nothing that can be used in place is copied. The model lives
 * as long as the import. */
tolka_status import_bind(struct import *import, struct model *model, tolka_error *err);

#endif
