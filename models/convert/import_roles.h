/* Where in a checkpoint the roles of its configuration lie. */
#ifndef IMPORT_ROLES_H
#define IMPORT_ROLES_H

#include "engine/kernels/matrix.h"
#include "models/convert/import.h"

/* The tensor of a role, and which part of it. */
struct role_source {
    const struct source_tensor *tensor;
    uint64_t first; /* row (of a matrix) or element (of a vector) where the role begins */
    bool transposed;
    bool panels; /* tolka's own layout (engine/kernels/matrix.h) */
};
/* Fails if there is none, or if its shape is another than the role's. */
tolka_status import_find(const struct import *import, const struct role *role,
                         struct role_source *found, tolka_error *err);
/* Row r of a role's matrix, or its whole vector (row 0), as floats. */
tolka_status import_read(const struct role_source *source, const struct role *role, uint64_t r,
                         float *out, tolka_error *err);

/* The engine's type for numbers that it computes with as they are; false: it does not. */
bool to_dtype(enum source_dtype from, enum dtype *to);

#endif
