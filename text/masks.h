/* Addresses, placeholders and paths in a text: the model is shown stand-ins for them. */
#ifndef MASKS_H
#define MASKS_H

#include "engine/tolka.h"

#include <stdbool.h>

struct mask {
    tolka_span span;  /* what comes out as it is */
    const char *word; /* its stand-in; NULL: there is none for it */
};

/* A span of a text, as the model sees it. */
struct masked {
    struct mask *masks; /* [n], in their order */
    size_t n;
    char *text;
    size_t length;
    bool has_letters; /* besides what is masked */
    bool has_words;   /* there is a stand-in for each */
};

/* *out is NULL if the span has nothing to be masked. The caller calls masked_free. */
tolka_status mask_span(const char *text, tolka_span span, struct masked **out, tolka_error *err);
void masked_free(struct masked *masked);

/* How many stand-ins are not in a translation exactly once. */
size_t masked_lost(const struct masked *masked, const char *translation, size_t length);

/* Puts back what the stand-ins stand for, of a text that malloc made. */
tolka_status masked_restore(const struct masked *masked, const char *text, char **translation,
                            size_t *length, tolka_error *err);

#endif
