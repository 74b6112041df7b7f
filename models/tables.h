/* Embedding tables and the output matrix. */
#ifndef TABLES_H
#define TABLES_H

#include "engine/config.h"
#include "models/shown.h"

struct table_names {
    const char *encoder, *decoder, *shared, *head;
};
/* Sizes of the vocabularies, and what is tied to what, from the tensors that are there. */
tolka_status read_tables(const struct checkpoint *checkpoint, const struct table_names *names,
                         struct config *config, tolka_error *err);

#endif
