/* What a checkpoint says about its licence. */
#ifndef LICENSE_H
#define LICENSE_H

#include "models/convert/import.h"

/* general.license of a GGUF file, or "license" (for "other", "license_name") in the YAML that
 * begins the README.md beside other weights: "cc-by-4.0". NULL: neither says one. The caller frees
 * it. */
tolka_status license_of(const struct source *source, char **license, tolka_error *err);

#endif
