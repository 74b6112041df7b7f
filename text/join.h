/* The translation of a text from those of its parts. */
#ifndef JOIN_H
#define JOIN_H

#include "text/parts.h"

/* Takes over the parts' results and source ids (all parts have results; one that is NULL had no
 * memory). What stands around the parts is copied. NULL: no memory. */
tolka_result *parts_join(struct parts *parts, const tolka_text *text, float length_penalty);

#endif
