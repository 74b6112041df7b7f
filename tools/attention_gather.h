/* Translates a text and gathers what its translation looks at, to be drawn. */
#ifndef ATTENTION_GATHER_H
#define ATTENTION_GATHER_H

#include "tools/attention_data.h"
#include "tools/session.h"

struct gathered {
    struct looked looked;
    tolka_result *result;
    char *source_text, *target_text;
    int32_t *target_ids;
    tolka_pieces *source, *target;
    tolka_attention *attention;
};

/* The translation is the model's own or that of --target. Complains and returns an exit status
 * other than 0 on failure; to be freed in any case. */
int gather(struct gathered *gathered, const struct options *options, const struct session *session,
           const char *text);
void gathered_free(struct gathered *gathered);

#endif
