/* A language's canonical code, as CLDR has it. */
#ifndef CANONICAL_H
#define CANONICAL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "he" for "iw", "zh_Hans" for "cmn_Hans", "fa_AF" for "prs". Empty if it does not fit. */
void canonical_locale(const char *locale, char *out, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
