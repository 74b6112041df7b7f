/* How far a number may be from the one that it stands for, by the type that it is stored in. */
#ifndef ROUNDING_H
#define ROUNDING_H

#include "models/convert/import_roles.h"

/* |stored - meant| <= relative * |stored| + absolute */
struct rounding {
    double relative, absolute;
};

/* Of row r of a role's matrix (or its vector), whose numbers are at most `largest`. */
struct rounding rounding_of(const struct role_source *source, uint64_t r, double largest);

#endif
