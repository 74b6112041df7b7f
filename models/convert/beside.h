/* Files that stand beside a checkpoint's weights. */
#ifndef BESIDE_H
#define BESIDE_H

#include "models/convert/import.h"

/* None of these can say that memory ran out: a file then seems not to be there. Whoever has called them
 * hands its status to this in the end, which makes TOLKA_NOMEM of it if that was so. */
tolka_status import_was_searched(const struct import *import, tolka_status status,
                                 tolka_error *err);

/* Path of a file beside the weights; the caller frees it. NULL: out of memory. */
char *import_path(const struct import *import, const char *name);

/* The first that exists of alternatives "a|b"; "lex*.bin" stands for the only file of such a name,
 * and "@" for what the weights are called after the model, "ende" in model.ende.intgemm.bin. NULL:
 * none. The caller frees the path. */
char *import_file(const struct import *import, const char *alternatives);

/* Marian's lexical shortlist beside the weights; NULL: none. The caller frees it. */
char *import_shortlist(const struct import *import);

/* Id of a token in a vocabulary (alternatives as above); -1: not there. Each vocabulary is read
 * once; one that cannot be read is warned of. */
int32_t import_token(struct import *import, const char *alternatives, const char *token);
void import_close_vocabularies(struct import *import);

#endif
