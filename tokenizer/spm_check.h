/* Makes sure that SentencePiece may read a serialized model. */
#ifndef SPM_CHECK_H
#define SPM_CHECK_H

#include "tokenizer/spm.h"

/* Decoding needs no search trie, and building that is five sixths of the time to load. */
enum spm_use { SPM_ENCODE_DECODE, SPM_DECODE };

/* Checks a serialized model for everything that SentencePiece 0.1.97 takes on trust, and writes what
 * it says anew to *out (free it), without what the library does not need. `why` is a phrase. */
enum spm_status spm_check(const uint8_t *bytes, size_t n_bytes, enum spm_use use, uint8_t **out,
                          size_t *n_out, char why[SPM_WHY]);

#endif
