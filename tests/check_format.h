/* What the files of the format suite share: docs/format.md, and the tensors that it asks for. */
#ifndef CHECK_FORMAT_H
#define CHECK_FORMAT_H

#include "engine/model.h"
#include "tests/document.h"
#include "tests/suites.h"

#define FORMAT_DOCUMENT "docs/format.md"

enum { MAX_PLANNED = 1024 };

struct planned {
    char name[64];
    const char *kind; /* "matrix", "table", "vector" */
    size_t n_out, n_in;
};

struct plan {
    size_t n;
    struct planned tensors[MAX_PLANNED];
};

/* The tensors of a configuration as the document has them, in its order. Marks the rows of the
 * table that were used, unless `used` is NULL. */
void plan_tensors(struct plan *plan, const struct table *table, const struct config *config,
                  bool *used);

TCase *format_tensors_case(void); /* check_format_tensors.c */
TCase *format_layout_case(void);  /* check_format_layout.c */
TCase *format_files_case(void);   /* check_format_files.c */

#endif
